#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The Armbian extension in a stand-in framework (tests/armbian), with the real builtin and a real table. amd64 runs no armhf
# natively, so here the builds themselves switch an entry off and sign on for it as the extension does after the builtin;
# the builtin does it on the arm64 hosts of make check-hosts.

load lib/host.bash

function setup_file() {
	declare -gx TREE="${BATS_FILE_TMPDIR}/tree"
	framework_tree "${TREE}"
	"${TOP}/scripts/armbian/install" "${BUILD}/armhf_binfmt_prepare.so" "${TREE}" > /dev/null
	declare -gx ARMBIAN_EXTENSION="${TREE}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh"
	declare -gx ARMBIAN_FRAMEWORK="${TOP}/tests/armbian/framework.bash"
}

# The little of the framework's tree that make install-armbian looks for.
function framework_tree() {
	mkdir -p "${1}/lib/functions/rootfs"
	echo '#' > "${1}/compile.sh"
	grep '^function prepare_host_binfmt' "${TOP}/tests/armbian/framework.bash" > "${1}/lib/functions/rootfs/qemu-static.sh"
}

# armbian: a private host, with a /run of its own, builds, and what these tests ask of them.
function armbian() {
	private_host
	mount -t tmpfs -o mode=0755 none /run
	# shellcheck source=tests/armbian/builds.bash
	source "${TOP}/tests/armbian/builds.bash"
	# Within logging, as in the framework: what keeps its descriptors makes it wait for ever.
	sign_on="$(declare -f sign_on); do_with_logging sign_on"
}

# screen NAME LINE...: exactly these lines were shown before the build began, if it did.
function screen() {
	declare seen wanted
	wanted="$(printf '%s\n' "${@:2}")"
	seen="$(sed '/^info: Building/,$d' "${builds}/${1}.screen")"
	[[ "${seen}" == "${wanted}" ]] || {
		diff <(echo "${wanted}") <(echo "${seen}") >&2
		return 1
	}
}

# What the extension does about a call of the builtin that switched this entry off, if it was on.
function sign_on() {
	declare line name
	# shellcheck disable=SC2034 # the extension reads it
	declare -A live=() outcome=([mode]=native [undo]="")
	armhf_binfmt_lock
	armhf_binfmt_sweep
	printf -v name '%b' "${1}"
	read -r line < "/proc/sys/fs/binfmt_misc/${name}"
	if [[ "${line}" == enabled ]]; then
		echo 0 > "/proc/sys/fs/binfmt_misc/${name}"
		outcome[undo]="enable:${1}"
	fi
	add_cleanup_handler armhf_binfmt_leave
	armhf_binfmt_write_record
	armhf_binfmt_hold_record
	armhf_binfmt_unlock
}

# A host where qemu-arm serves, and a second entry is there to be switched off.
function two_entries() {
	host_add_emulator
	host_register_armhf old F
	host_register_armhf qemu-arm F
}

# left_as_found NAME: nothing is left of this build, nor any record: entries as they were, no process.
function left_as_found() {
	[[ "$(build_entries)" == "${found}" && -z "$(build_records)" ]]
	build_wait_for build_gone "${1}"
}

@test "source: defines functions and nothing else, twice as well, and none that is a hook" {
	armbian
	before="$(host_state)"
	enable -d armhf_binfmt_prepare
	function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() { echo own; }
	# shellcheck source=scripts/armbian/armhf-binfmt.sh
	source "${ARMBIAN_EXTENSION}"
	# shellcheck source=scripts/armbian/armhf-binfmt.sh
	source "${ARMBIAN_EXTENSION}"
	[[ "$(armhf_binfmt_framework_function)" == own ]]
	[[ "$(declare -f prepare_host_binfmt_qemu_cross_arm64_host_armhf_target)" == *armhf_binfmt_join* ]]
	refute type armhf_binfmt_prepare 2> /dev/null
	[[ "$(compgen -A function armhf_binfmt)" != *__* ]]
	[[ "$(host_state)" == "${before}" && -z "$(ls -A /run)" ]]
}

@test "source: a framework without the function is told so" {
	# shellcheck disable=SC2016
	run -0 bash -c 'function display_alert() { echo "${3}: ${1}"; }; source "${1}"' bash "${ARMBIAN_EXTENSION}"
	[ "${output}" = "warn: This framework has no function that armhf-binfmt could replace" ]
}

@test "verdict: one info line with tier, mode, interpreter and reason; debug lines on request; nothing else anywhere" {
	armbian
	host_add_emulator
	build fresh SHOW_DEBUG=yes
	screen fresh "debug: armhf facts [ native not-arm64, align all, entry qemu-arm, flags POC ]" \
		"debug: armhf steps [ done: create-descriptor register:qemu-arm; to undo: unregister:qemu-arm remove-descriptor ]" \
		"info: This host runs armhf programs [ tier 4, emulated by /usr/bin/qemu-arm-static (descriptor-created) ]"
	expect status 0
	[[ "$(< "${builds}/fresh.log")" == "trap: EXIT 0" ]]
	build again
	screen again "info: This host runs armhf programs [ tier 1, emulated by /usr/bin/qemu-arm-static (descriptor-current) ]"
	host_switch qemu-arm 0
	build disabled
	screen disabled "info: This host runs armhf programs [ tier 1, emulated by /usr/bin/qemu-arm-static (descriptor-enabled) ]"
	host_switch qemu-arm -1
	build registered
	screen registered "info: This host runs armhf programs [ tier 1, emulated by /usr/bin/qemu-arm-static (descriptor-registered) ]"
	rm "${DESCRIPTOR}"
	build trusted
	screen trusted "info: This host runs armhf programs [ tier 2, emulated by /usr/bin/qemu-arm-static (entry-trusted) ]"
	host_switch qemu-arm 0
	build enabled
	screen enabled "info: This host runs armhf programs [ tier 2, emulated by /usr/bin/qemu-arm-static (entry-enabled) ]"
	[[ -z "$(build_records)" ]]
}

@test "verdict: every warning of the builtin is a warn line" {
	armbian
	two_entries
	host_register ":loose:M:0:\x7fELF\x01::/usr/bin/qemu-arm-static:F"
	prepare -n -p native
	mapfile -t warnings <<< "${ARMHF_BINFMT_WARNING}"
	[[ "${#warnings[@]}" == 2 ]]
	build several
	screen several "warn: armhf on this host [ ${warnings[0]} ]" "warn: armhf on this host [ ${warnings[1]} ]" \
		"info: This host runs armhf programs [ tier 2, emulated by /usr/bin/qemu-arm-static (entry-trusted) ]"
}

@test "verdict: an interpreter that the framework does not copy, without the flag F, is a warn line; escapes stay text" {
	armbian
	host_add_emulator '/usr/bin/the\arm 7'
	host_register_armhf other '' '/usr/bin/the\arm 7'
	build elsewhere
	screen elsewhere 'info: This host runs armhf programs [ tier 3, emulated by /usr/bin/the\x5carm\x207 (other-entry) ]' \
		'warn: /usr/bin/the\x5carm\x207 is not copied into the chroot [ its entry other lacks the flag F, so armhf programs may not run in there ]'
	host_switch other -1
	host_register_armhf other F '/usr/bin/the\arm 7'
	build pinned
	screen pinned 'info: This host runs armhf programs [ tier 3, emulated by /usr/bin/the\x5carm\x207 (other-entry) ]'
	host_add_emulator /usr/bin/qemu-arm
	host_switch other -1
	host_register_armhf other '' /usr/bin/qemu-arm
	build copied
	screen copied 'info: This host runs armhf programs [ tier 3, emulated by /usr/bin/qemu-arm (other-entry) ]'
	host_switch other -1
	host_add_emulator '/usr/bin/the\arm 7'
	host_register_armhf qemu-arm '' '/usr/bin/the\arm 7'
	rm '/usr/bin/the\arm 7'
	build broken
	expect status 43
	grep -qF 'the\x5carm\x207' "${builds}/broken.screen"
}

@test "verdict: a failure ends a build of armhf with the builtin's message, and any other hears of it and goes on" {
	armbian
	prepare -n -p native
	build armhf
	expect status 43
	screen armhf "err: error! [ Cannot run armhf programs on this host: ${ARMHF_BINFMT_MESSAGE} ]"
	grep -qF "armhf_binfmt_prepare: ${ARMHF_BINFMT_MESSAGE}" "${builds}/armhf.log"
	refute grep 'Building' "${builds}/armhf.screen"
	build other ARCH=amd64
	expect status 0
	screen other "warn: Cannot run armhf programs on this host [ ${ARMHF_BINFMT_MESSAGE} ]"
	grep -q 'Built' "${builds}/other.screen"
}

# What no amd64 host can show is told of outcomes that are written down here.
# shellcheck disable=SC2016,SC2034
outcomes='
	function display_alert() { [[ "${3}" == debug ]] || echo "${3}: ${1}${2:+ [ ${2} ]}"; }
	function exit_with_error() { echo "error: ${*}"; exit 43; }
	function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() { :; }
	source "${ARMBIAN_EXTENSION}"
	declare -A outcome=([tier]=3 [mode]=native [reason]=native [align]=all [interpreter]="" [entry]="" [flags]="" [native]=yes
		[actions]="" [undo]="" [warning]="" [message]="")
	ARCH=armhf RELEASE=bookworm
'

@test "verdict: native is an info line, native-blocked a warn line" {
	eval "${outcomes}"
	run -0 armhf_binfmt_report 0
	[ "${output}" = "info: This host runs armhf programs [ tier 3, native (native) ]" ]
	outcome+=([mode]=emulated [reason]=native-blocked [interpreter]=/usr/bin/qemu-arm [entry]=loose [flags]=F [warning]="armhf stays emulated")
	run -0 armhf_binfmt_report 0
	[ "${output}" = "warn: armhf on this host [ armhf stays emulated ]
warn: This host runs armhf programs [ tier 3, emulated by /usr/bin/qemu-arm (native-blocked) ]" ]
}

@test "release: what an alignment means for a release: nothing, a warning, or the end of the build" {
	eval "${outcomes}"
	declare level
	# The level of the line after the verdict, or none.
	# shellcheck disable=SC2034 # the extension reads them
	function verdict() {
		outcome[align]="${1}" ARCH="${2}" RELEASE="${3}"
		level="$(armhf_binfmt_report 0 | sed -n '2s/:.*//p')"
		echo "${1} ${2} ${3:-(none)}: ${level:-fine}"
	}
	declare align release
	run -0 diff -u <(
		for align in all 64k 4k none; do
			for release in bullseye bookworm trixie forky sid noble ""; do
				verdict "${align}" armhf "${release}"
			done
			verdict "${align}" amd64 bookworm
		done
	) - <<- 'TABLE'
		all armhf bullseye: fine
		all armhf bookworm: fine
		all armhf trixie: fine
		all armhf forky: fine
		all armhf sid: fine
		all armhf noble: fine
		all armhf (none): fine
		all amd64 bookworm: fine
		64k armhf bullseye: fine
		64k armhf bookworm: error
		64k armhf trixie: fine
		64k armhf forky: fine
		64k armhf sid: fine
		64k armhf noble: warn
		64k armhf (none): warn
		64k amd64 bookworm: warn
		4k armhf bullseye: error
		4k armhf bookworm: error
		4k armhf trixie: error
		4k armhf forky: error
		4k armhf sid: error
		4k armhf noble: error
		4k armhf (none): error
		4k amd64 bookworm: warn
		none armhf bullseye: error
		none armhf bookworm: error
		none armhf trixie: error
		none armhf forky: error
		none armhf sid: error
		none armhf noble: error
		none armhf (none): error
		none amd64 bookworm: warn
	TABLE
	outcome[align]=64k
	ARCH=armhf RELEASE=bookworm run -43 armhf_binfmt_report 0
	[[ "${output}" == *$'\n'"error: armhf programs of bookworm do not run on this kernel: "*"4 KiB"*"kernel8.img"* ]]
}

@test "policy: what the parameters choose" {
	armbian
	# The kernel is asked under "native" only, and a disabled entry is an error under "registered" only.
	function chosen() {
		build chosen SHOW_DEBUG=yes "$@"
		sed -n 's/^debug: armhf facts \[ native \([a-z0-9-]*\),.*/\1/p' "${builds}/chosen.screen"
	}
	two_entries
	[[ "$(chosen)" == not-arm64 ]]
	[[ "$(chosen PREFER_NATIVE_ARMHF=)" == not-arm64 ]]
	[[ "$(chosen PREFER_NATIVE_ARMHF=yes)" == not-arm64 ]]
	[[ "$(chosen PREFER_NATIVE_ARMHF=no)" == untested ]]
	[[ "$(chosen PREFER_NATIVE_ARMHF=true)" == untested ]]
	[[ "$(chosen PREFER_NATIVE_ARMHF=no ARMHF_BINFMT_POLICY=native)" == not-arm64 ]]
	[[ "$(chosen ARMHF_BINFMT_POLICY=emulated)" == untested ]]
	host_switch qemu-arm 0
	host_switch old 0
	build registered ARMHF_BINFMT_POLICY=registered
	expect status 43
	grep -q 'qemu-arm: somebody switched this entry off' "${builds}/registered.screen"
	build emulated PREFER_NATIVE_ARMHF=no
	expect status 0
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
}

@test "policy: an unknown one ends the build of any target, and nothing was done" {
	armbian
	host_add_emulator
	before="$(host_state)"
	for arch in armhf amd64; do
		build unheard ARCH="${arch}" ARMHF_BINFMT_POLICY='x y'
		expect status 43
		screen unheard "err: error! [ Unknown ARMHF_BINFMT_POLICY 'x y': it is native, emulated or registered ]"
	done
	[[ "$(host_state)" == "${before}" && ! -e /run/armhf-binfmt ]]
}

@test "fallback: where the object does not load, one warn line says why, and the framework's own function does it" {
	armbian
	host_add_emulator
	before="$(host_state)"
	cp -r "${ARMBIAN_EXTENSION%/*}" "${builds}/extension"
	ARMBIAN_EXTENSION="${builds}/extension/armhf-binfmt.sh"
	object="${builds}/extension/armhf_binfmt_prepare.so"
	# falls_back WHY: a pattern.
	function falls_back() {
		build other
		expect status 0
		[[ "$(wc -l < "${builds}/other.screen")" == 4 ]]
		[[ "$(< "${builds}/other.screen")" == "warn: armhf-binfmt does not load, using the framework's own function [ cannot open shared object "*${1}*" ]
info: The framework's own function [ armhf ]"* ]]
		[[ "$(< "${builds}/other.log")" == $'own: armhf\ntrap: EXIT 0' ]]
	}
	# Of another machine: byte 18 of the header is the architecture.
	printf '\xf7' | dd of="${object}" bs=1 seek=18 conv=notrunc status=none
	falls_back "${object}"
	echo 'not an object' > "${object}"
	falls_back "file too short"
	rm "${object}"
	falls_back "No such file"
	# Built for a newer C library, and for a bash that has a function more.
	sed 's/GLIBC_2\.28/GLIBC_9.99/g' "${BUILD}/armhf_binfmt_prepare.so" > "${object}"
	falls_back "version \`GLIBC_9.99' not found"
	sed 's/builtin_error/builtin_other/g' "${BUILD}/armhf_binfmt_prepare.so" > "${object}"
	falls_back "undefined symbol: builtin_other"
	[[ "$(host_state)" == "${before}" && ! -e /run/armhf-binfmt ]]
}

@test "leave: the entry is on again after success, failure, exit_with_error, SIGINT, SIGTERM and SIGHUP" {
	armbian
	two_entries
	found="$(build_entries)"
	build_start success STEP="${sign_on} old; ${build_until_end}"
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
	[[ "$(build_records)" == "success (bookworm armhf), process ${build_pids[success]} on ${HOSTNAME}, since "*"
enable:old interpreter /usr/bin/qemu-arm-static\\nflags: F\\noffset 0\\nmagic 7f454c46"* ]]
	[[ "$(stat -c '%a %u %F' /run/armhf-binfmt)" == "700 0 directory" ]]
	[[ "$(build_processes success)" == *sleep* ]]
	build_end success
	expect status 0
	left_as_found success
	grep -q '^info: Switched on again \[ old, which was switched off for success ' "${builds}/success.screen"

	build failure STEP="${sign_on} old; run_host_command_logged false"
	expect status 1
	left_as_found failure
	build error STEP="${sign_on} old; exit_with_error why"
	expect status 43
	left_as_found error
	for signal in INT TERM HUP; do
		build_start "${signal}" STEP="${sign_on} old; ${build_until_end}"
		[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
		build_end "${signal}" "${signal}"
		expect status "$((128 + $(kill -l "${signal}")))"
		left_as_found "${signal}"
	done
}

@test "leave: what a build registered or switched on stays, binfmt_misc itself and a descriptor too" {
	armbian
	host_add_emulator
	build registers
	expect status 0
	[[ "$(build_entries)" == "qemu-arm enabled" && -e "${DESCRIPTOR}" ]]
	host_switch qemu-arm 0
	build enables
	expect status 0
	[[ "$(build_entries)" == "qemu-arm enabled" ]]
	echo 0 > "${TABLE}/status"
	build switches-on
	expect status 0
	[[ "$(build_entries)" == "qemu-arm enabled" && "$(< "${TABLE}/status")" == enabled && -z "$(build_records)" ]]
}

@test "leave: after SIGKILL the next build puts it back, though programs of the killed one still run" {
	armbian
	two_entries
	found="$(build_entries)"
	build_start killed STEP="${sign_on} old; ${build_until_end}"
	build_end killed KILL
	expect status 137
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
	# A program that it started runs, and what kept the lock does not.
	function lock_gone() { [[ "$(build_processes killed)" == bash ]]; }
	build_wait_for lock_gone
	build next
	expect status 0
	[[ "$(build_entries)" == "${found}" && -z "$(build_records)" ]]
	[[ "$(head -n 1 "${builds}/next.screen")" == "info: Switched on again [ old, which was switched off for killed (bookworm armhf), process "* ]]
	build_orphan_end killed
}

@test "leave: after SIGKILL a build that ends puts it back as well" {
	armbian
	two_entries
	host_register_armhf older F
	found="$(build_entries)"
	build_start other STEP="${sign_on} older; ${build_until_end}"
	build_start killed STEP="${sign_on} old; ${build_until_end}"
	build_end killed KILL
	build_orphan_end killed
	[[ "$(build_entries)" == $'old disabled\nolder disabled\nqemu-arm enabled' ]]
	build_end other
	left_as_found other
}

@test "leave: killed between the record and the end of joining, the next build puts it back" {
	armbian
	two_entries
	found="$(build_entries)"
	build killed STEP="${sign_on/armhf_binfmt_hold_record/kill -KILL \"\${BASHPID\}\"} old"
	expect status 137
	[[ -n "$(build_records)" && "$(build_entries)" != "${found}" ]]
	build next
	expect status 0
	left_as_found next
}

@test "overlap: two builds hold the same entry, and the last to end puts it back, in both orders and when it is killed" {
	armbian
	two_entries
	found="$(build_entries)"
	for order in "first second" "second first"; do
		build_start first STEP="${sign_on} old; ${build_until_end}"
		build_start second STEP="${sign_on} old; ${build_until_end}"
		[[ "$(build_records | grep -c '^enable:old ')" == 2 ]]
		build_end "${order% *}"
		expect status 0
		[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
		[[ "$(build_records | grep -c '^enable:old ')" == 1 ]]
		build_end "${order#* }"
		expect status 0
		left_as_found first
		left_as_found second
	done
	build_start first STEP="${sign_on} old; ${build_until_end}"
	build_start second STEP="${sign_on} old; ${build_until_end}"
	build_end first KILL
	build_orphan_end first
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
	build_end second INT
	left_as_found second
}

@test "overlap: a build that would switch on what a live one holds off ends, naming that; one of another target goes on" {
	armbian
	two_entries
	host_switch old -1
	found="$(build_entries)"
	build_start holder STEP="${sign_on} qemu-arm; ${build_until_end}"
	for policy in native emulated registered; do
		build "${policy}" ARMHF_BINFMT_POLICY="${policy}"
		expect status 43
		[[ "$(< "${builds}/${policy}.screen")" == "err: error! [ Cannot run armhf programs on this host: the entry qemu-arm must stay switched off for another build, of holder (bookworm armhf), process ${build_pids[holder]} on ${HOSTNAME}, since "*"; wait until "* ]]
	done
	host_descriptor
	build descriptor
	expect status 43
	rm "${DESCRIPTOR}"
	build other ARCH=amd64
	expect status 0
	[[ "$(< "${builds}/other.screen")" == "warn: Cannot run armhf programs on this host [ the entry qemu-arm must stay switched off for another build, of holder "* ]]
	[[ "$(build_entries)" == "qemu-arm disabled" ]]
	build_end holder
	left_as_found holder
	build emulated PREFER_NATIVE_ARMHF=no
	expect status 0
	host_switch qemu-arm -1

	# One that would be made anew takes armhf from the holder as well.
	host_register_armhf old F
	build_start holder STEP="${sign_on} old; ${build_until_end}"
	before="$(host_state)"
	build anew
	expect status 43
	[[ "$(< "${builds}/anew.screen")" == "err: error! [ Cannot run armhf programs on this host: the entry qemu-arm must stay switched off for another build, of holder "* ]]
	[[ "$(host_state)" == "${before}" ]]
	build_end holder
	expect status 0
	[[ "$(build_entries)" == "old enabled" ]]
}

@test "overlap: a build waits while another joins or leaves" {
	armbian
	two_entries
	mkdir -m 0700 /run/armhf-binfmt
	exec {folder}< /run/armhf-binfmt
	flock --exclusive "${folder}"
	build_launch waiting {folder}<&-
	sleep 1
	refute build_begun waiting
	flock --unlock "${folder}"
	build_wait_for build_begun waiting
	build_end waiting
	expect status 0

	flock --exclusive "${folder}"
	function waits() { [[ "$(build_processes waiting)" == *flock* ]]; }
	for arch in armhf amd64; do
		build_launch waiting ARCH="${arch}" {folder}<&-
		build_wait_for waits
		build_end waiting INT
		expect status 130
		refute grep Building "${builds}/waiting.screen"
	done
}

@test "restore: only the entry that was switched off: not one that took its name, that is gone, or that a person switched on" {
	armbian
	two_entries
	# meanwhile CODE: what somebody does during a build that holds the entry off; its last lines are shown.
	function meanwhile() {
		build_start build STEP="${sign_on} old; ${build_until_end}"
		eval "${1}"
		now="$(host_state)"
		build_end build
		[[ "$(host_state)" == "${now}" && -z "$(build_records)" ]]
		# shellcheck disable=SC2034 # for expect
		shown="$(sed '1,/^info: Built/d' "${builds}/build.screen")"
	}
	host_add_emulator /usr/bin/another
	meanwhile 'host_switch old -1; host_register_armhf old F /usr/bin/another; host_switch old 0'
	expect shown 'warn: Leaving old alone \[ it is not the entry that was switched off for build (bookworm armhf), *'
	host_switch old -1
	host_register_armhf old F
	meanwhile 'host_switch old -1; host_register ":old:M:0:\x7fELF\x01\x01\x01:\xff\xff\xff\xff\xff\xff\xff:/usr/bin/qemu-arm-static:F"; host_switch old 0'
	expect shown 'warn: Leaving old alone *'
	host_switch old -1
	host_register_armhf old F
	meanwhile 'host_switch old -1'
	expect shown 'warn: Leaving old alone *'
	host_register_armhf old F
	meanwhile 'host_switch old 1'
	expect shown ''
}

@test "restore: a name with blanks, newlines and backslashes, an interpreter with blanks and backslashes" {
	armbian
	two_entries
	host_add_emulator '/usr/bin/c \d'
	# In one write: the shell's own would end at the newline.
	printf '%s' ":a \\n"$'\n'"b:M:0:${ARMHF_MAGIC}:${ARMHF_MASK}:/usr/bin/c \\d:F" > /run/line
	cat /run/line > "${TABLE}/register"
	found="$(build_entries)"
	for end in "" KILL; do
		build_start strange STEP="${sign_on} 'a\\x20\\x5cn\\x0ab'; ${build_until_end}"
		[[ "$(build_entries)" == "${found/enabled/disabled}" && "$(build_records | wc -l)" == 2 ]]
		build_end strange ${end}
	done
	build_orphan_end strange
	build next
	left_as_found next
	grep -qF 'info: Switched on again [ a\x20\x5cn\x0ab, which' "${builds}/next.screen"
}

@test "restore: what cannot be switched on is told, and kept for the next build" {
	armbian
	two_entries
	found="$(build_entries)"
	build_start stuck STEP="${sign_on} old; ${build_until_end}"
	mount --bind -o ro "${TABLE}" "${TABLE}"
	mount -o remount,bind,ro "${TABLE}"
	build_end stuck
	expect status 0
	grep -q '^warn: Cannot switch on old again \[ .*Read-only' "${builds}/stuck.screen"
	[[ "$(build_records)" == "stuck "* ]]
	umount "${TABLE}"
	build next
	left_as_found next
}

@test "folder: records that are links or another user's are left alone" {
	armbian
	two_entries
	build_start first STEP="${sign_on} old; ${build_until_end}"
	cp /run/armhf-binfmt/build.* /run/forged
	build_end first
	host_switch old 0
	cp /run/forged /run/linked
	ln -s /run/linked /run/armhf-binfmt/build.link
	mkfifo /run/armhf-binfmt/build.fifo
	mkdir /run/armhf-binfmt/build.folder
	if ((EUID == 0)) && chown 65534 /run/forged 2> /dev/null; then
		cp -p /run/forged /run/armhf-binfmt/build.foreign
	fi
	before="$(ls -lA /run/armhf-binfmt)"
	build second
	expect status 0
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' && "$(ls -lA /run/armhf-binfmt)" == "${before}" ]]
}

@test "folder: one that is a link or a file is refused, one that others can read is closed to them" {
	armbian
	two_entries
	mkdir /run/elsewhere
	ln -s /run/elsewhere /run/armhf-binfmt
	build linked
	expect status 43
	screen linked "err: error! [ Cannot run armhf programs on this host: /run/armhf-binfmt cannot be used: it must be a folder of root's; remove what is there ]"
	rm /run/armhf-binfmt
	: > /run/armhf-binfmt
	build file ARCH=amd64
	expect status 0
	screen file "warn: Cannot run armhf programs on this host [ /run/armhf-binfmt cannot be used: it must be a folder of root's; remove what is there ]"
	rm /run/armhf-binfmt
	mkdir -m 0755 /run/armhf-binfmt
	build open
	expect status 0
	[[ "$(stat -c %a /run/armhf-binfmt)" == 700 ]]
}

@test "container: one warn line, unless the folder is shared" {
	armbian
	two_entries
	host_switch old -1
	build alone ARMBIAN_RUNNING_IN_CONTAINER=yes
	expect status 0
	screen alone "warn: Other containers do not see what this build does to binfmt_misc [ share /run/armhf-binfmt with them: DOCKER_EXTRA_ARGS=-v/run/armhf-binfmt:/run/armhf-binfmt ]" \
		"info: This host runs armhf programs [ tier 2, emulated by /usr/bin/qemu-arm-static (entry-trusted) ]"
	mount --bind /run/armhf-binfmt /run/armhf-binfmt
	build shared ARMBIAN_RUNNING_IN_CONTAINER=yes
	screen shared "info: This host runs armhf programs [ tier 2, emulated by /usr/bin/qemu-arm-static (entry-trusted) ]"
}

@test "container: two that share the folder share what they hold, though neither sees the other's processes" {
	armbian
	two_entries
	found="$(build_entries)"
	mkdir /run/armhf-binfmt
	cat > /run/container <<- 'CONTAINER'
		mount -t proc proc /proc
		mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
		exec bash "${ARMBIAN_FRAMEWORK_INSIDE}" "$@" ARMBIAN_RUNNING_IN_CONTAINER=yes
	CONTAINER
	echo 'exec unshare --mount --pid --fork --kill-child bash /run/container "$@"' > /run/launch
	mount --bind /run/armhf-binfmt /run/armhf-binfmt
	ARMBIAN_FRAMEWORK_INSIDE="${ARMBIAN_FRAMEWORK}" ARMBIAN_FRAMEWORK=/run/launch
	export ARMBIAN_FRAMEWORK_INSIDE
	build_start first STEP="${sign_on} old; ${build_until_end}"
	build_start second STEP="${sign_on} old; ${build_until_end}"
	build_start third STEP="${sign_on} old; ${build_until_end}"
	[[ "$(build_records | grep -c ', process 1 on ')" == 3 ]]
	build_end first
	build_end second KILL
	[[ "$(build_entries)" == $'old disabled\nqemu-arm enabled' ]]
	build_end third
	left_as_found third
}

@test "interrupt: SIGINT and SIGTERM during a slow probe end the build of any target at once" {
	armbian
	function slow() {
		rm -f /usr/bin/slow
		printf '#!/bin/sh\n: > /run/probing\nexec sleep 60\n' > /usr/bin/slow
		chmod 0755 /usr/bin/slow
	}
	slow
	host_register_armhf qemu-arm '' /usr/bin/slow
	found="$(build_entries)"
	for arch in armhf amd64; do
		for signal in INT TERM; do
			rm -f /run/probing
			build_launch slow ARCH="${arch}"
			build_wait_for test -e /run/probing
			start="${SECONDS}"
			build_end slow "${signal}"
			expect status "$((128 + $(kill -l "${signal}")))"
			((SECONDS - start < 5))
			refute grep Building "${builds}/slow.screen"
			left_as_found slow
		done
	done

	# While it puts back what a killed build left, and the builtin looks who runs armhf now.
	host_switch qemu-arm -1
	rm /usr/bin/slow
	host_add_emulator /usr/bin/slow
	host_register_armhf old '' /usr/bin/slow
	build killed STEP="${sign_on/armhf_binfmt_hold_record/kill -KILL \"\${BASHPID\}\"} old"
	[[ "$(build_entries)" == "old disabled" ]]
	slow
	rm -f /run/probing
	build_launch next ARCH=amd64
	build_wait_for test -e /run/probing
	build_end next INT
	expect status 130
	[[ "$(< "${builds}/next.screen")" == "warn: Cannot switch on old again [ interrupted by signal 2"*"]" ]]
	[[ "$(wc -l < "${builds}/next.screen")" == 1 ]]
}

@test "install-armbian: copies the extension and the object, both readable by all, into userpatches" {
	declare tree="${BATS_TEST_TMPDIR}/build tree" folder
	framework_tree "${tree}"
	make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" \
		ARMBIAN="${tree}" install-armbian
	folder="${tree}/userpatches/extensions/armhf-binfmt"
	[ "$(cd "${tree}/userpatches" && find . -type f -printf '%m %p\n' | sort)" = "644 ./extensions/armhf-binfmt/armhf-binfmt.sh
644 ./extensions/armhf-binfmt/armhf_binfmt_prepare.so" ]
	cmp "${folder}/armhf-binfmt.sh" "${TOP}/scripts/armbian/armhf-binfmt.sh"
	cmp "${folder}/armhf_binfmt_prepare.so" "${BUILD}/armhf_binfmt_prepare.so"
}

@test "install-armbian: a folder that is not a build tree, or too old, or none, is refused and nothing is copied" {
	declare tree="${BATS_TEST_TMPDIR}/tree"
	# refused FOLDER WHY: a pattern.
	function refused() {
		run ! make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" \
			ARMBIAN="${1}" install-armbian
		# shellcheck disable=SC2053 # a pattern
		[[ "${output}" == "install-armbian: "${2} ]]
		[ -z "$(find "${BATS_TEST_TMPDIR}" -path '*userpatches*')" ]
	}
	refused "" "say where *ARMBIAN=*"
	refused "${tree}" "${tree} is not a tree of Armbian's build framework: *"
	mkdir "${tree}"
	refused "${tree}" "${tree} is not a tree of Armbian's build framework: *"
	framework_tree "${tree}"
	rm "${tree}/compile.sh"
	refused "${tree}" "${tree} is not a tree of Armbian's build framework: *"
	echo '#' > "${tree}/compile.sh"
	: > "${tree}/lib/functions/rootfs/qemu-static.sh"
	refused "${tree}" "${tree} has no function *: update the framework; nothing was copied*"
}

@test "readme: its commands copy the extension and give the framework what it needs" {
	declare tree="${BATS_TEST_TMPDIR}/tree"
	framework_tree "${tree}"
	# The framework's way to take parameters: the value begins after the last "=".
	cat > "${tree}/compile.sh" <<- 'EOT'
		for argument in "$@"; do
			echo "${argument%%=*}: ${argument##*=}"
		done
	EOT
	chmod 755 "${tree}/compile.sh"
	# block NUMBER: the section's commands, for this tree.
	function block() {
		sed -n '/^<!-- armbian begin -->/,/^<!-- armbian end -->/p' "${TOP}/README.md" |
			awk -v wanted="${1}" '/^```sh$/ { inside = (++number == wanted); next } /^```$/ { inside = 0 } inside' |
			sed "s|/path/to/build|${tree}|"
	}
	cd "${TOP}"
	# In a folder of its own: it builds, and the object under test may have been built in another way.
	run -0 env BUILD="${BATS_TEST_TMPDIR}/build" bash -euc "$(block 1)"
	[[ "${output}" == *"ENABLE_EXTENSIONS: armhf-binfmt" ]]
	[ -f "${tree}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh" ]
	cd "${tree}"
	run -0 bash -euc "$(block 2)"
	[[ "${output}" == *$'\n'"ENABLE_EXTENSIONS: armhf-binfmt"$'\n'"DOCKER_EXTRA_ARGS: -v/run/armhf-binfmt:/run/armhf-binfmt" ]]
	[ -z "$(block 3)" ]
}
