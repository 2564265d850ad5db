#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The Armbian extension in a stand-in of the framework (tests/armbian), with the real builtin and a real table. amd64 runs no
# armhf natively, so nothing is held here but by hand; builds that hold are in the guests of make check-hosts.

# shellcheck disable=SC2030,SC2031,SC2046,SC2153 # each test is a process of its own; words
load lib/host.bash

function setup_file() {
	declare -gx ARMBIAN="${BATS_FILE_TMPDIR}/tree"
	tree_make "${ARMBIAN}"
	# The object that is tested, where the extension looks for one that it has built.
	mkdir -p "${ARMBIAN}/cache/tools/armhf-binfmt"
	cp "${BUILD}/armhf_binfmt_prepare.so" "$(object_of "${ARMBIAN}")"
}

function setup() {
	requires_emulation
	private_host
	# shellcheck source=tests/armbian/builds.bash
	source "${TOP}/tests/armbian/builds.bash"
}

# A tree of the framework with the extension.
function tree_make() {
	cp -r "${TOP}/tests/armbian/framework" "${1}"
	"${TOP}/scripts/armbian/install" "${1}" > /dev/null
}

function object_of() {
	declare checksum
	checksum="$(< "${1}/userpatches/extensions/armhf-binfmt/source/checksum")"
	echo "${1}/cache/tools/armhf-binfmt/${checksum}-unknown-${BASH_VERSION%%(*}-${BASH_VERSINFO[5]}.so"
}

# screen NAME LINE...: exactly these lines were shown before the build began, if it did.
function screen() {
	diff <(printf '%s\n' "${@:2}") <(sed '/^info: Building$/,$d' "${builds}/${1}.screen")
}

# runs TIER REASON [INTERPRETER]: the line that tells it.
function runs() {
	echo "info: This host runs armhf programs [ tier ${1}, emulated by ${3:-/usr/bin/qemu-arm-static} (${2}) ]"
}

# Somebody holds armhf native: as the builtin of another shell does it, on a host that runs armhf natively.
function somebody_holds() {
	host_register ":armhf-held:E::armhf-binfmt-held::${1}:"
	host_switch armhf-held 0
	# F_OFD_SETLK of a write lock on the first byte, until its standard input ends.
	# shellcheck disable=SC2016
	exec {holder}> >(perl -e 'open(my $register, ">", $ARGV[0]) or die;
		my $lock = pack("s s x![q] q q l x![q]", 1, 0, 0, 1, 0);
		fcntl($register, 37, $lock) or die; <STDIN>' "${TABLE}/register")
	build_wait_for grep -q 'OFDLCK  *ADVISORY  *WRITE' /proc/locks
}

# bats test_tags=unsanitized
@test "source: defines functions and nothing else, also with CONFIG_DEFS_ONLY" {
	declare before
	# shellcheck disable=SC2016
	run -0 bash -euc 'before="$(compgen -v | sort)"
		source "${1}"
		source "${1}"
		diff <(echo "${before}") <(compgen -v | grep -vxE "before|PIPESTATUS" | sort)' bash \
		"${ARMBIAN}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh"
	[ -z "${output}" ]
	run ! grep -vE '^([#	}]|function [a-z0-9_]+\(\) \{$|$)' "${ARMBIAN}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh"
	before="$(host_state)"
	build only CONFIG_DEFS_ONLY=yes
	expect status 0
	[ ! -s "${builds}/only.screen" ]
	[ "$(host_state)" = "${before}" ]
}

# bats test_tags=slow
@test "verdict: one info line; debug lines on request; nothing else anywhere, and arch-test agrees" {
	host_add_emulator
	# shellcheck disable=SC2016
	declare -a test=("ARCH_TEST=${HOST_ARMHF:-true}")
	build fresh SHOW_DEBUG=yes "${test[@]}"
	expect status 0
	screen fresh "debug: armhf [ native not-arm64, align all, flags POC, done: create-descriptor register:qemu-arm ]" \
		"$(runs 4 descriptor-created)" "debug: checking [ arch-test for 'armhf' ]"
	build again "${test[@]}"
	screen again "$(runs 1 descriptor-current)"
	host_switch qemu-arm 0
	build disabled "${test[@]}"
	screen disabled "$(runs 1 descriptor-enabled)"
	rm "${DESCRIPTOR}"
	build trusted "${test[@]}"
	screen trusted "$(runs 2 entry-trusted)"
	[ -z "$(build_held)" ]
}

# bats test_tags=slow,once
@test "ways: v26.05 and main, every host architecture, with and without installed dependencies" {
	host_add_emulator
	host_register_armhf qemu-arm F
	host_descriptor
	declare generation arch
	for generation in v26.05 main; do
		for arch in arm64 amd64 riscv64; do
			host_switch qemu-arm 0
			build way GENERATION="${generation}" HOSTARCH="${arch}"
			expect status 0
			screen way "$(runs 1 descriptor-enabled)"
			run ! grep own: "${builds}/way.log"
			grep -E "^dependencies: ? ?bash-builtins$" "${builds}/way.log"
		done
	done
	# The function alone: main comes to it always, v26.05 where something is missing.
	host_switch qemu-arm 0
	build offline OFFLINE_WORK=yes
	screen offline "$(runs 1 descriptor-enabled)"
	host_switch qemu-arm -1
	build offline OFFLINE_WORK=yes GENERATION=v26.05
	screen offline "$(runs 1 descriptor-registered)"
}

@test "ways: nothing is observed or changed for other targets, native builds, and builds that run no foreign programs" {
	host_register_armhf qemu-arm '' /usr/bin/missing
	declare before
	before="$(host_state)"
	build other ARCH=riscv64 SHOW_DEBUG=yes
	screen other "debug: armhf-binfmt has nothing to do [ target riscv64 on host arm64 ]"
	expect status 0
	build native HOSTARCH=armhf
	expect status 0
	build kernel NEEDS_BINFMT=no
	expect status 0
	[ "$(host_state)" = "${before}" ]
}

@test "container: no argument, no warning; the package is in the image, and the table is shared" {
	host_add_emulator
	host_register_armhf qemu-arm F
	host_switch qemu-arm 0
	build inside DOCKER=yes
	expect status 0
	screen inside "$(runs 2 entry-enabled)"
	grep -qx 'dependencies: bash-builtins' "${builds}/inside.log"
	grep -qx 'docker: ' "${builds}/inside.log"
	[ "$(build_entries)" = "qemu-arm enabled" ]
}

@test "failure: ends the build with the builtin's sentence, told once" {
	prepare -n -p native
	build armhf
	expect status 43
	screen armhf "err: error! [ Cannot run armhf programs on this host: ${ARMHF_BINFMT_MESSAGE} ]"
	run ! grep -F "${ARMHF_BINFMT_MESSAGE}" "${builds}/armhf.log"
	build policy ARMHF_BINFMT_POLICY=fast
	expect status 43
	screen policy "err: error! [ Cannot run armhf programs on this host: invalid: ARMHF_BINFMT_POLICY=fast or ARMHF_BINFMT_TIMEOUT=10 ]"
	build timeout ARMHF_BINFMT_TIMEOUT=soon
	expect status 43
	screen timeout "err: error! [ Cannot run armhf programs on this host: invalid: ARMHF_BINFMT_POLICY=native or ARMHF_BINFMT_TIMEOUT=soon ]"
}

@test "parameters: policy, timeout, and the name of the holder reach the builtin" {
	# A builtin's arguments are seen nowhere else: a function of its name is called before it.
	# shellcheck disable=SC2016
	declare spy='function armhf_binfmt_prepare() { echo "called: ${*}" >&2; return 130; }'
	declare extension="${builds}/spy.sh"
	{ cat "${ARMBIAN}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh" && echo "${spy}"; } > "${extension}"
	sed -i 's|2> /dev/null \|\| status=|\|\| status=|' "${extension}"
	mkdir -p "${builds}/source"
	cp "${ARMBIAN}/userpatches/extensions/armhf-binfmt/source/checksum" "${builds}/source"
	# called PARAMETER...: what the builtin was called with.
	function called() {
		build spied EXTENSION="${extension}" "$@"
		expect status 130
		sed -n '1s/^called: //p' "${builds}/spied.screen"
	}
	[ "$(called)" = "-p native -t 10 -k spied bullseye armhf -A outcome" ]
	[ "$(called PREFER_NATIVE_ARMHF=no)" = "-p emulated -t 10 -k spied bullseye armhf -A outcome" ]
	[ "$(called PREFER_NATIVE_ARMHF=true ARMHF_BINFMT_TIMEOUT=60 RELEASE=sid)" = "-p emulated -t 60 -k spied sid armhf -A outcome" ]
	[ "$(called PREFER_NATIVE_ARMHF=no ARMHF_BINFMT_POLICY=registered)" = "-p registered -t 10 -k spied bullseye armhf -A outcome" ]
}

# bats test_tags=slow,once
@test "object: is built once, also by five builds at once, and again for other sources or where it does not load" {
	declare name object inode
	test_limit 600
	export CFLAGS=-O0
	ARMBIAN="${BATS_TEST_TMPDIR}/tree"
	tree_make "${ARMBIAN}"
	object="$(object_of "${ARMBIAN}")"
	host_add_emulator
	for name in 1 2 3 4 5; do
		build_launch "${name}" STEP=
	done
	for name in 1 2 3 4 5; do
		build_wait "${name}"
		expect status 0
	done
	grep -qxF "info: Building the armhf-binfmt builtin [ bash ${BASH_VERSION%%(*} of an unknown release for ${BASH_VERSINFO[5]} ]" "${builds}/1.screen"
	[ "$(find "${ARMBIAN}/cache" -type f)" = "${object}" ]
	inode="$(stat -c %i "${object}")"
	build again
	screen again "$(runs 1 descriptor-current)"
	[ "$(stat -c %i "${object}")" = "${inode}" ]
	echo 'not an object' > "${object}"
	build broken
	expect status 0
	grep -q '^info: Building' "${builds}/broken.screen"
	build again
	screen again "$(runs 1 descriptor-current)"
	echo 0123456789abcdef > "${ARMBIAN}/userpatches/extensions/armhf-binfmt/source/checksum"
	build other
	grep -q '^info: Building the armhf-binfmt builtin ' "${builds}/other.screen"
	[ "$(find "${ARMBIAN}/cache" -type f | wc -l)" = 2 ]
}

# bats test_tags=slow
@test "object: a build that fails ends the framework's with the compiler's words, or its own function is asked for" {
	export CFLAGS=-O0
	ARMBIAN="${BATS_TEST_TMPDIR}/tree"
	tree_make "${ARMBIAN}"
	declare sources="${ARMBIAN}/userpatches/extensions/armhf-binfmt/source"
	echo '#error no such luck' >> "${sources}/builtin/armhf_binfmt_prepare.c"
	build broken
	expect status 43
	grep -q '^err: error! \[ Cannot build armhf-binfmt for bash ' "${builds}/broken.screen"
	grep -q 'no such luck' "${builds}/broken.screen"
	run ! grep Building$ "${builds}/broken.screen"
	build fallback ARMHF_BINFMT_FALLBACK=yes
	expect status 0
	grep -q "^warn: Using the framework's own function, for armhf-binfmt cannot be built \[" "${builds}/fallback.screen"
	grep -qx "own: armhf" "${builds}/fallback.log"
	build fallback ARMHF_BINFMT_FALLBACK=yes OFFLINE_WORK=yes
	grep -qx "own: armhf" "${builds}/fallback.log"
	rm -r "${sources}"
	build bare
	expect status 43
	[ -z "$(find "${ARMBIAN}/cache" -type f)" ]
}

@test "held: a build that would enable an entry fails and names the holder; one after the holder's death releases" {
	host_add_emulator
	host_register_armhf qemu-arm F
	host_switch qemu-arm 0
	somebody_holds "helios4 trixie armhf"
	declare before
	before="$(build_entries)"
	build refused PREFER_NATIVE_ARMHF=no
	expect status 43
	grep -q '^err: error! \[ Cannot run armhf programs on this host: .*helios4 trixie armhf' "${builds}/refused.screen"
	[ "$(build_entries)" = "${before}" ]
	exec {holder}>&-
	wait "${!}" 2> /dev/null || true
	build next PREFER_NATIVE_ARMHF=no
	expect status 0
	[ "$(build_entries)" = "qemu-arm enabled" ]
}

# What no amd64 host can show is told of outcomes that are written down here.
# shellcheck disable=SC2317 # called by the extension
function told() {
	function display_alert() { [[ "${3}" == debug ]] || echo "${3}: ${1}${2:+ [ ${2} ]}"; }
	function exit_with_error() {
		echo "error: ${*}"
		exit 43
	}
	function add_cleanup_handler() { :; }
	function armhf_binfmt_prepare() {
		declare assignment
		outcome=([tier]=3 [mode]=native [reason]=native [align]=all)
		for assignment in "${given[@]}"; do
			outcome["${assignment%%=*}"]="${assignment#*=}"
		done
	}
	declare -a given=("$@")
	# shellcheck source=scripts/armbian/armhf-binfmt.sh
	source "${TOP}/scripts/armbian/armhf-binfmt.sh"
	armhf_binfmt_run
}

@test "verdict: an interpreter that is not in the chroot is a warn line; escapes stay text" {
	declare ARCH=armhf RELEASE=bullseye
	run -0 told
	[ "${output}" = "info: This host runs armhf programs [ tier 3, native (native) ]" ]
	run -0 told mode=emulated entry=other 'interpreter=/usr/bin/the\x5carm'
	[ "${lines[1]}" = 'warn: /usr/bin/the\\x5carm is not copied into the chroot [ its entry other lacks the flag F ]' ]
	run -0 told mode=emulated entry=other 'interpreter=/usr/bin/the\x5carm' flags=POCF
	[ "${#lines[@]}" = 1 ]
	run -0 told mode=emulated entry=other interpreter=/usr/bin/qemu-arm $'warning=one\ntwo'
	[ "${lines[*]:0:2}" = "warn: armhf on this host [ one ] warn: armhf on this host [ two ]" ]
	[ "${#lines[@]}" = 3 ]
}

# bats test_tags=slow
@test "release: on large pages a build of bookworm or trixie ends, one of the others goes on" {
	declare ARCH=armhf RELEASE align
	run -0 diff -u <(
		for align in all 64k 4k none; do
			echo "${align}:$(for RELEASE in bullseye bookworm trixie forky sid noble ""; do
				told align="${align}" | sed -n '2s/\(.\).*/ \1/p;$!b;1s/.*/ -/p' | tr -d '\n'
			done)"
		done
	) - <<- 'TABLE'
		all: - - - - - - -
		64k: - e e - - - -
		4k: e e e e e e e
		none: e e e e e e e
	TABLE
	RELEASE=trixie
	run -43 told align=64k
	[[ "${output}" == *$'\n'"error: armhf programs of trixie do not run on this kernel: "*"kernel8.img"* ]]
	[[ "${output}" != *bookworm* ]]
}

# The hook of the framework that comes when the root file system is there; 64k is what a kernel with large pages gives.
# shellcheck disable=SC2317 # called by the extension
function root_is_there() {
	function exit_with_error() {
		echo "error: ${*}"
		exit 43
	}
	# shellcheck source=scripts/armbian/armhf-binfmt.sh
	source "${TOP}/scripts/armbian/armhf-binfmt.sh"
	armhf_binfmt_align="${1}"
	post_post_debootstrap_tweaks__armhf_binfmt
}

@test "root file system: where the kernel cannot map all programs, each is looked at; one that would not run ends the build" {
	declare SDCARD="${BATS_TEST_TMPDIR}/root" # read by the extension
	mkdir -p "${SDCARD}/bin"
	host_add_emulator
	host_register_armhf qemu-arm F
	run -0 root_is_there 64k
	[ -z "${output}" ]
	# A program whose ld.so is not in this root.
	requires "binutils-arm-linux-gnueabihf" command -v arm-linux-gnueabihf-ld
	printf '.arch armv7-a\n.eabi_attribute Tag_ABI_VFP_args, 1\n.text\n.globl _start\n_start: bkpt\n' |
		arm-linux-gnueabihf-as -mfloat-abi=hard -mfpu=vfpv3 -o "${BATS_TEST_TMPDIR}/object" -
	arm-linux-gnueabihf-ld -pie --dynamic-linker /lib/ld-linux-armhf.so.3 -o "${SDCARD}/bin/dynamic" "${BATS_TEST_TMPDIR}/object"
	run -43 root_is_there 64k
	[[ "${output}" == "error: armhf programs of the root file system do not run on this kernel: "*"/bin/dynamic"*ld-linux-armhf.so.3* ]]
	run -0 root_is_there all
	[ -z "${output}" ]
}

@test "interrupt: SIGINT and SIGTERM during a slow probe end the build at once, and leave everything as it was" {
	printf '#!/bin/sh\n: > %s/probing\nexec sleep 60\n' "${builds}" > /usr/bin/slow
	chmod 0755 /usr/bin/slow
	host_register_armhf qemu-arm '' /usr/bin/slow
	declare signal before start
	before="$(build_entries)"
	for signal in INT TERM; do
		rm -f "${builds}/probing"
		build_launch slow
		build_wait_for test -e "${builds}/probing"
		start="${SECONDS}"
		build_end slow "${signal}"
		expect status "$((128 + $(kill -l "${signal}")))"
		((SECONDS - start < 10))
		run ! grep Building "${builds}/slow.screen"
		[ "$(build_entries)" = "${before}" ]
		build_wait_for build_gone slow
	done
}

@test "install-armbian: copies one directory, needs no compiler, and replaces what an earlier version copied" {
	declare tree="${BATS_TEST_TMPDIR}/build tree" copied
	copied="${tree}/userpatches/extensions/armhf-binfmt"
	cp -r "${TOP}/tests/armbian/framework" "${tree}"
	mkdir -p "${copied}/source/builtin"
	: > "${copied}/source/builtin/old.c"
	make -s -C "${TOP}" BUILD="${BATS_TEST_TMPDIR}/none" CC=false ARMBIAN="${tree}" install-armbian
	diff <(cd "${TOP}" && printf '%s\n' armhf-binfmt.sh source/{Makefile,checksum} $(printf 'source/%s\n' builtin/*.[cS] include/*.h) | sort) \
		<(find "${copied}" -type f -printf '%P\n' | sort)
	[ "$(find "${tree}/userpatches" -type f ! -perm 0644 ! -name checksum)" = "" ]
	cmp "${copied}/armhf-binfmt.sh" "${TOP}/scripts/armbian/armhf-binfmt.sh"
	[ ! -e "${BATS_TEST_TMPDIR}/none/armhf_binfmt_prepare.so" ]
}

@test "install-armbian: a directory that is not a build tree, or too old, or none, is refused and nothing is copied" {
	declare tree="${BATS_TEST_TMPDIR}/tree"
	# refused DIRECTORY WHY: a pattern.
	function refused() {
		run ! "${TOP}/scripts/armbian/install" "${1}"
		# shellcheck disable=SC2053 # a pattern
		[[ "${output}" == "install-armbian: "${2} ]]
		[ -z "$(find "${BATS_TEST_TMPDIR}" -path '*userpatches*')" ]
	}
	refused "" "say where *ARMBIAN=*"
	refused "${tree}" "${tree} is not a tree of Armbian's build framework: *"
	cp -r "${TOP}/tests/armbian/framework" "${tree}"
	rm "${tree}/compile.sh"
	refused "${tree}" "${tree} is not a tree of Armbian's build framework: *"
	echo '#' > "${tree}/compile.sh"
	: > "${tree}/lib/functions/rootfs/qemu-static.sh"
	refused "${tree}" "${tree} has no function *: update the framework; nothing was copied*"
}
