#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The command's own words, its JSON without jq, what it refuses, and the completion of steps and paths.
# shellcheck disable=SC2030,SC2031 # each test is a process of its own

load lib/host.bash

function setup_file() {
	declare -gx PREFIX="${BATS_FILE_TMPDIR}/prefix"
	make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" DESTDIR= PREFIX="${PREFIX}" install
	declare -gx COMMAND="${PREFIX}/bin/armhf-binfmt-prepare"
}

# command OPTION...: run it; what it gave is in ${stdout}, ${stderr} and ${status}.
function command_run() {
	status=0
	"${COMMAND}" "$@" > "${BATS_TEST_TMPDIR}/out" 2> "${BATS_TEST_TMPDIR}/err" || status="${?}"
	# shellcheck disable=SC2034 # for expect
	stdout="$(< "${BATS_TEST_TMPDIR}/out")" stderr="$(< "${BATS_TEST_TMPDIR}/err")"
}

# completed WORD...: what the last of these words is completed to, a line each.
function completed() {
	(
		# shellcheck source=scripts/completions/armhf-binfmt-prepare
		source "${PREFIX}/share/bash-completion/completions/${1}"
		COMP_WORDS=("$@") COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
		COMP_CWORD="$(($# - 1))"
		_armhf_binfmt_prepare "${1}" "${!#}" "${*: -2:1}"
		printf '%s\n' "${COMPREPLY[@]}"
	)
}

@test "command: errors are in its own name, with its own usage and without a line number" {
	private_host
	command_run
	expect status 1 stdout "" stderr "armhf-binfmt-prepare: /usr/bin/qemu-arm-static: *; install qemu-user-static*"
	for wrong in "-p unheard" "-t 0" "-c" "-r unheard" "-n operand" "--unheard" "-Z"; do
		# shellcheck disable=SC2086 # an option and its argument
		LC_ALL=C.UTF-8 command_run ${wrong}
		expect status 2 stdout "" stderr "armhf-binfmt-prepare: *"$'\n'"usage: armhf-binfmt-prepare [[]--json]*"
		[[ "${stderr}" != *armhf_binfmt_prepare* && "${stderr}" != *": line "* ]]
	done
}

@test "command: a hold is refused, for it would end with the command, and nothing is done" {
	private_host
	host_add_emulator
	before="$(host_state)"
	for hold in "-k build" -nkbuild -x; do
		# shellcheck disable=SC2086
		command_run ${hold}
		expect status 2 stdout "" stderr "*is for the builtin in a shell*"
	done
	[[ "$(host_state)" == "${before}" ]]
}

@test "command: it prints how to undo what it did, and that undoes it" {
	private_host
	host_add_emulator
	before="$(host_kept)"
	command_run -n
	expect status 0 stdout "*; the first steps would be: *"
	[[ "${stdout}" != *"undo: "* ]]
	command_run
	expect status 0 stdout "*"$'\n'"undo: armhf-binfmt-prepare -r 'unregister:qemu-arm@????????*'"
	undo="${stdout##*undo: }"
	PATH="${PREFIX}/bin:${PATH}" bash -c "${undo}"
	[[ "$(host_kept)" == "${before}" ]]
	refute armhf_runs
}

@test "command: --json needs no jq, is JSON, has numbers as numbers and lists as lists" {
	requires jq command -v jq
	private_host
	host_add_emulator
	mkdir "${BATS_TEST_TMPDIR}/empty"
	PATH="${BATS_TEST_TMPDIR}/empty" command_run --json
	expect status 0 stderr ""
	jq -e '.tier == 4 and .mode == "emulated" and .reason == "descriptor-created" and .blocked == [] and .warning == []' <<< "${stdout}"
	jq -e '(.undo | length) >= 2 and (.undo[0] | startswith("unregister:qemu-arm@")) and (.actions | index("create-descriptor")) != null' <<< "${stdout}"
	# One key for each variable of the builtin.
	prepare -n
	[[ "$("${COMMAND}" --json -n | jq -r 'keys[] | ascii_upcase')" == "$(printf '%s\n' "${!ARMHF_BINFMT_@}" | sed 's/^ARMHF_BINFMT_//' | sort)" ]]
}

@test "command: --json quotes every byte" {
	requires jq command -v jq
	# The function alone: an outcome holds no such bytes.
	sed -n '/^function json_/,/^}/p' "${COMMAND}" > "${BATS_TEST_TMPDIR}/functions"
	# shellcheck disable=SC2016 # another shell expands it
	bash -c 'LC_ALL=C
		source "${1}"
		for ((byte = 1; byte < 256; byte++)); do
			printf -v code "\\\\x%02x" "${byte}"
			printf -v text "a%bb" "${code}"
			json_string "${text}"
			echo
		done' bash "${BATS_TEST_TMPDIR}/functions" > "${BATS_TEST_TMPDIR}/strings"
	jq -es 'length == 255 and ([.[] | explode | .[1]] == [range(1; 256)])' "${BATS_TEST_TMPDIR}/strings"
}

@test "command: -c names what is blocked, as text and as a list" {
	requires jq command -v jq
	private_host
	host_add_emulator
	host_register_armhf qemu-arm F
	# A dynamic program; its loader is not here.
	program="${BATS_TEST_TMPDIR}/program"
	install -m 0755 "${HOST_PACKAGES}/libc6-armhf-cross/usr/arm-linux-gnueabihf/lib/libc.so.6" "${program}"
	command_run -c "${program}"
	expect status 1 stdout "blocked: ${program}: its interpreter *" stderr "armhf-binfmt-prepare: ${program}: its interpreter *"
	"${COMMAND}" --json -c "${program}" 2> /dev/null > "${BATS_TEST_TMPDIR}/json" || :
	jq -e '.reason == "programs-blocked" and .mode == "emulated" and (.blocked | length) == 1' "${BATS_TEST_TMPDIR}/json"
	# Of several lines each has the word in front, and each is an element of the list.
	# shellcheck disable=SC2016 # another shell expands it
	sed -n '/^function json_/,/^}/p; /^function print_lines/,/^}/p' "${COMMAND}" > "${BATS_TEST_TMPDIR}/functions"
	# shellcheck source=/dev/null
	source "${BATS_TEST_TMPDIR}/functions"
	[[ "$(print_lines blocked $'one: a\ntwo: b')" == $'blocked: one: a\nblocked: two: b' ]]
	[[ "$(json_list $'one: a\ntwo: b' $'\n')" == '["one: a", "two: b"]' ]]
}

@test "command: --help fits on a screen" {
	[ "$("${COMMAND}" --help | wc -l)" -le 24 ]
	[ "$("${COMMAND}" --help | wc -L)" -le 80 ]
}

@test "completion: -r knows the entries and the steps that undo, all of which the builtin takes" {
	private_host
	host_register_armhf first
	host_register_armhf second
	[[ "$(completed armhf-binfmt-prepare -r unr)" == $'unregister:first\nunregister:second' ]]
	# As bash divides the words.
	[[ "$(completed armhf-binfmt-prepare -r disable :)" == $'first\nsecond' ]]
	[[ "$(completed armhf-binfmt-prepare -r disable : s)" == second ]]
	[[ "$(completed armhf_binfmt_prepare -nr '"unregister:first rem')" == $'unregister:first remove-directory\nunregister:first remove-descriptor' ]]
	mapfile -t steps < <(completed armhf-binfmt-prepare -r "")
	((${#steps[@]} == 4 + 2 * 3))
	prepare -n -r "${steps[*]}"
	expect status 0
}

@test "completion: -c knows files and directories" {
	mkdir -p "${BATS_TEST_TMPDIR}/tree/root"
	touch "${BATS_TEST_TMPDIR}/tree/program"
	[[ "$(completed armhf-binfmt-prepare -c "${BATS_TEST_TMPDIR}/tree/" | sort)" == "${BATS_TEST_TMPDIR}/tree/program"$'\n'"${BATS_TEST_TMPDIR}/tree/root" ]]
	[[ "$(completed armhf-binfmt-prepare -vc "${BATS_TEST_TMPDIR}/tree/r")" == "${BATS_TEST_TMPDIR}/tree/root" ]]
}

@test "completion: the holds are the builtin's alone" {
	[[ "$(completed armhf_binfmt_prepare -)" == *-k*-x* ]]
	[[ "$(completed armhf-binfmt-prepare -)" != *-k* ]]
}

@test "command: the undo recipe of the manual works with binfmt-support, without it, and where the descriptor is the distribution's" {
	private_host
	recipe="$(sed -n 's/^armhf-binfmt-prepare -r "\(.*\)"$/\1/p' "${PREFIX}/share/man/man1/armhf-binfmt-prepare.1")"
	[[ -n "${recipe}" ]]
	host_add_emulator
	command_run
	expect status 0
	command_run -r "${recipe}"
	expect status 0 stderr ""
	[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]

	host_add_binfmt_support
	command_run
	expect status 0
	[[ -e "${RECORD}" ]]
	command_run -r "${recipe}"
	expect status 0 stderr ""
	[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" && ! -e "${RECORD}" ]]

	# Its bytes are others than tier 4's: the file stays.
	host_descriptor
	sed -i 's/^fix_binary no/fix_binary yes/' "${DESCRIPTOR}"
	command_run
	expect status 0
	command_run -r "${recipe}"
	expect status 0 stderr ""
	[[ -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]
}
