#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The descriptor's text: read as update-binfmts and the kernel read it, and refused where it must be.
# (The owner of the file, and other things in its place, are no matter of its text.)
#
# data/descriptors: good-* are one entry to update-binfmts and to us, loose-* only we take, strict-* only it takes,
# bad-* nobody takes.
# data/binfmt.d: files of binfmt.d(5), those of Debian, Fedora and Arch among them; good-* come to the entry that the
# kernel registers, bad-* to none.

# bats file_tags=sanitized
load lib/host

function setup_file() {
	export TEXTS="${BATS_TEST_DIRNAME}/data/descriptors" LINES_OF="${BATS_TEST_DIRNAME}/data/binfmt.d"
}

# import FILE...: have update-binfmts import each descriptor, and register what we read in it; compare the two
# entries as the kernel prints them.
function import() {
	declare file line ours theirs wrong=0
	private_host
	host_add_binfmt_support
	# The flag F needs an interpreter that is there.
	install -D -m 0755 /usr/bin/true /usr/libexec/qemu-binfmt/arm-binfmt-P
	for file in "$@"; do
		rm -f /var/lib/binfmts/qemu-arm
		cp "${file}" "${DESCRIPTOR}"
		# Its status says nothing: it hides that nothing was registered.
		update-binfmts --import qemu-arm &> /dev/null || true
		theirs=""
		if [[ -e "${TABLE}/qemu-arm" ]]; then
			theirs="$(host_entry qemu-arm)"
			host_switch qemu-arm -1
		fi
		ours=""
		if line="$("${BUILD}/tests/descriptor_line" "${file}")"; then
			host_register "${line#*: }"
			ours="$(host_entry qemu-arm)"
			host_switch qemu-arm -1
		fi
		case "${file##*/}" in
		good-*) [[ -n "${ours}" && "${ours}" == "${theirs}" ]] ;;
		loose-*) [[ -n "${ours}" && -z "${theirs}" ]] ;;
		strict-*) [[ -z "${ours}" && -n "${theirs}" ]] ;;
		bad-*) [[ -z "${ours}" && -z "${theirs}" ]] ;;
		esac || {
			printf '%s\nupdate-binfmts: %s\nours: %s\n\n' "${file##*/}" "${theirs:-nothing}" "${ours:-nothing}" >&2
			wrong=1
		}
	done
	((wrong == 0))
}

@test "descriptor: what tier 4 writes, odd sizes, and every change of a byte" {
	"${BUILD}/tests/descriptor_test" "${TEXTS}"/*
}

@test "descriptor: an invalid one is named with line and reason" {
	run -1 "${BUILD}/tests/descriptor_line" "${TEXTS}"/{bad,strict}-* "${LINES_OF}"/bad-*
	diff -u "${BATS_TEST_DIRNAME}/data/descriptors.refused" - <<< "${output}"
}

# bats test_tags=slow,once
@test "descriptor: good ones come to the entry that update-binfmts registers" {
	import "${TEXTS}"/good-*
}

@test "descriptor: loose ones come to an entry, and update-binfmts does not take them" {
	import "${TEXTS}"/loose-*
}

# bats test_tags=slow
@test "descriptor: strict ones are refused, and update-binfmts takes them" {
	import "${TEXTS}"/strict-*
}

# bats test_tags=slow,once
@test "descriptor: bad ones are refused, and update-binfmts does not take them either" {
	import "${TEXTS}"/bad-*
}

@test "descriptor: lines of binfmt.d come to the entry that the kernel makes of them" {
	private_host
	install -m 0755 /usr/bin/true /usr/bin/qemu-arm
	install -m 0755 /usr/bin/true /usr/bin/qemu-arm-static
	for file in "${LINES_OF}"/good-*; do
		host_register "$(sed -n 's/^ *\(.qemu-arm[^a-z0-9].*[^ ]\) *$/\1/p' "${file}")"
		theirs="$(host_entry qemu-arm)"
		host_switch qemu-arm -1
		line="$("${BUILD}/tests/descriptor_line" "${file}")"
		host_register "${line#*: }"
		diff <(echo "${theirs}") <(host_entry qemu-arm)
		host_switch qemu-arm -1
	done
}
