#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Would a program, or a root directory, run here: program_test asks about small files that it makes, program_say about these.

# bats file_tags=sanitized
load lib/host.bash

SAY="${BUILD:?}/tests/program_say"

# program FILE [INTERPRETER]: a real program of the ARM linker, aligned to 64 KiB, which needs libnone.so.
function program() {
	declare arm=arm-linux-gnueabihf work="${BATS_TEST_TMPDIR}"
	requires "binutils-arm-linux-gnueabihf" command -v "${arm}-ld"
	# The attribute makes it hard float.
	printf '.arch armv7-a\n.eabi_attribute Tag_ABI_VFP_args, 1\n.text\n.globl _start\n_start: bkpt\n.data\n.word 1\n' | "${arm}-as" -mfloat-abi=hard -mfpu=vfpv3 -o "${work}/object" -
	"${arm}-ld" -shared -soname libnone.so -o "${work}/libnone.so" "${work}/object"
	mkdir -p "${1%/*}"
	"${arm}-ld" -pie -z max-page-size=0x10000 --no-as-needed --dynamic-linker "${2:-/lib/ld-linux-armhf.so.3}" -o "${1}" "${work}/object" "${work}/libnone.so"
}

# says TEXT [OPTION...] PATH: a line of what is said.
function says() {
	declare said
	said="$("${SAY}" "${@:2}" 2> "${BATS_TEST_TMPDIR}/usage")"
	grep -qxF -e "${1}" <<< "${said}" || {
		echo "${said}"
		return 1
	}
}

# bats test_tags=slow,once
@test "program: roots of small files, malformed ones, loops, and names" {
	"${BUILD}/tests/program_test"
}

# bats test_tags=slow
@test "program: the same on a kernel without openat2" {
	"${BUILD}/tests/program_test" old
}

# bats test_tags=unsanitized,slow
@test "program: the same with a stack of 64 KiB" {
	ulimit -s 64
	"${BUILD}/tests/program_test"
}

@test "program: what a real linker makes" {
	declare root="${BATS_TEST_TMPDIR}/root"
	program "${root}/bin/a"
	says "root: 1 programs, 0 libraries, 1 blocked, 0 plugins, 0 unread" "${root}"
	says "/bin/a: its interpreter /lib/ld-linux-armhf.so.3 is missing" "${root}"
	mkdir "${root}/lib"
	cp "${BATS_TEST_TMPDIR}/libnone.so" "${root}/lib/ld-linux-armhf.so.3"
	chmod +x "${root}/lib/ld-linux-armhf.so.3"
	cp "${BATS_TEST_TMPDIR}/libnone.so" "${root}/lib"
	says "root: 1 programs, 2 libraries, 0 blocked, 0 plugins, 0 unread" "${root}"
}

@test "program: emulated with pages of 64 KiB, a real library whose data is in a page behind its file => it is named" {
	declare root="${BATS_TEST_TMPDIR}/root" object="${BATS_TEST_TMPDIR}/bss" arm=arm-linux-gnueabihf bss
	declare -a emulated=(-i /usr/bin/qemu-arm -F -a all -p)
	program "${root}/bin/a"
	mkdir "${root}/lib"
	"${arm}-ld" -shared -z max-page-size=0x10000 -soname ld-linux-armhf.so.3 -o "${root}/lib/ld-linux-armhf.so.3" "${BATS_TEST_TMPDIR}/object"
	# The first ends in the page that has its data, the second behind it.
	for bss in 0x8000 0x10000; do
		printf '.eabi_attribute Tag_ABI_VFP_args, 1\n.data\n.word 1\n.bss\n.space %s\n' "${bss}" | "${arm}-as" -mfloat-abi=hard -mfpu=vfpv3 -o "${object}" -
		"${arm}-ld" -shared -z max-page-size=0x10000 -soname libnone.so -o "${root}/lib/libnone.so" "${object}"
		says "root: 1 programs, 2 libraries, 0 blocked, 0 plugins, 0 unread" "${emulated[@]}" 4096 "${root}"
		says "root: 1 programs, 2 libraries, 0 blocked, 0 plugins, 0 unread" -p 65536 -a 64k "${root}"
		((bss == 0x10000)) || says "root: 1 programs, 2 libraries, 0 blocked, 0 plugins, 0 unread" "${emulated[@]}" 65536 "${root}"
	done
	says "/bin/a: segment 2 of /lib/libnone.so cannot be mapped with pages of 64 KiB" "${emulated[@]}" 65536 "${root}"
}

# elf MACHINE CLASS: the first bytes of a program, as \xHH.
function elf() {
	printf '%s' "\\x7f\\x45\\x4c\\x46\\x0${2}\\x01\\x01" "\\x00"{,,,,,,,,} "\\x02\\x00\\x${1}\\x00"
}

@test "program: of another machine => its machine, and the entry that takes it" {
	private_host
	host_add_emulator
	host_register_armhf qemu-arm F
	declare file="${BATS_TEST_TMPDIR}/program" for="it is for RISC-V, 64 bits, little-endian"
	printf '%b' "$(elf f3 2)" > "${file}"
	truncate -s 1000 "${file}"
	chmod +x "${file}"
	prepare_fails -c "${file}"
	expect REASON programs-blocked MODE emulated MESSAGE "${file}: ${for}; take the armhf build of it"
	host_register ":other:M::$(elf 3e 2)::/bin/true:"
	host_register ":old:M::$(elf f3 2)::/bin/true:"
	# Of two that were registered in one clock tick either may be asked.
	sleep 0.02
	host_register ":new one:M::$(elf f3 2)::/bin/true:"
	prepare_fails -c "${file}"
	expect MESSAGE "${file}: ${for}; the entry new?x20one takes it; take the armhf build of it" BLOCKED "${file}: ${for}; the entry new?x20one takes it"
	host_switch "new one" 0
	prepare_fails -n -c "${file}"
	expect MESSAGE "${file}: ${for}; the entry old takes it; *"
	# The interpreter of a script, and what is no program at all.
	printf '#!%s\n' "${file}" > "${file}.script"
	chmod +x "${file}.script"
	prepare_fails -c "${file}.script"
	expect MESSAGE "${file}.script: its interpreter ${file} is for RISC-V, *; the entry old takes it; *"
	echo MZ > "${file}"
	host_register ":exe:M::MZ::/bin/true:"
	prepare_fails -c "${file}"
	expect MESSAGE "${file}: it is neither an ELF file nor a script; the entry exe takes it; *"
	# Where the global status is off, none is in effect.
	echo 0 > "${TABLE}/status"
	prepare -n -c "${file}"
	[[ "${ARMHF_BINFMT_BLOCKED}" == "${file}: it is neither an ELF file nor a script" ]]
}

@test "program: other file systems and what is not readable are left out" {
	declare root="${BATS_TEST_TMPDIR}/root"
	program "${root}/bin/a"
	mkdir -p "${root}/mnt" "${root}/closed" "${root}/open"
	cp "${root}/bin/a" "${root}/closed/b"
	cp "${root}/bin/a" "${root}/open/c"
	chmod 0111 "${root}/open/c"
	chmod 0 "${root}/closed"
	chmod 0755 "${BATS_TEST_TMPDIR}" "${root}"
	# shellcheck disable=SC2016 # expanded by that shell
	says "root: 1 programs, 0 libraries, 1 blocked, 0 plugins, 2 unread" \
		-l 10 "${root}" < /dev/null || [[ "${EUID}" == 0 ]]
	# shellcheck disable=SC2016 # expanded by that shell
	run -0 unshare --user --map-root-user --mount bash -c 'mount -t tmpfs none "${1}/mnt" && cp "${1}/bin/a" "${1}/mnt/d" && "${0}" "${1}"' "${SAY}" "${root}"
	[[ "${output}" != *mnt/d* && "${output}" == *bin/a* ]]
}

# bats test_tags=slow,once
@test "program: files that shrink while they are read" {
	declare root="${BATS_TEST_TMPDIR}/root" writer i
	program "${root}/bin/a"
	cp "${root}/bin/a" "${BATS_TEST_TMPDIR}/whole"
	while :; do
		truncate -s "$((RANDOM % 700))" "${root}/bin/a"
		cat "${BATS_TEST_TMPDIR}/whole" > "${root}/bin/a"
	done 3>&- &
	writer="${!}"
	for ((i = 0; i < 200; i++)); do
		"${SAY}" "${root}" &> "${BATS_TEST_TMPDIR}/said" || break
	done
	kill "${writer}"
	wait "${writer}" || true
	((i == 200))
}

# bats test_tags=slow,once
@test "program: 100,000 files below 16 MB, and a tree deeper than any path" {
	declare root="${BATS_TEST_TMPDIR}/root" directory i took memory name
	program "${root}/bin/a"
	for directory in "${root}"/{0..99}; do
		mkdir "${directory}"
		(cd "${directory}" && seq -f "${directory##*/}-%g" 1000 | xargs touch)
	done
	says "root: 1 programs, 0 libraries, 1 blocked, 0 plugins, 0 unread" "${root}"
	read -r took _ memory _ < "${BATS_TEST_TMPDIR}/usage"
	echo "${took} ms, ${memory} KiB"
	# The time is for a machine with much else to do.
	((took < 20000 && memory < 16384))

	printf -v name '%0200d' 0
	cd "${root}"
	for ((i = 0; i < 30; i++)); do
		mkdir "${name}"
		cd -P "${name}" 2> /dev/null || cd "./${name}"
	done
	says "root: 1 programs, 0 libraries, 1 blocked, 0 plugins, 1 unread" "${root}"
}
