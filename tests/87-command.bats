#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The command armhf-binfmt-prepare, installed as make install does it, and the completions.
# shellcheck disable=SC2030,SC2031 # each test is a process of its own

load lib/host.bash

function setup_file() {
	declare -gx PREFIX="${BATS_FILE_TMPDIR}/prefix"
	make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" \
		DESTDIR= PREFIX="${PREFIX}" install
	declare -gx COMMAND="${PREFIX}/bin/armhf-binfmt-prepare"
}

# completed LINE: what the words of the line, the last of them unfinished, are completed to; in one line.
function completed() {
	(
		# shellcheck source=scripts/completions/armhf-binfmt-prepare
		source "${PREFIX}/share/bash-completion/completions/${1%% *}"
		mapfile -t COMP_WORDS <<< "${1// /$'\n'}"
		COMP_CWORD="$((${#COMP_WORDS[@]} - 1))"
		_armhf_binfmt_prepare "${COMP_WORDS[0]}" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		echo "${COMPREPLY[*]}"
	)
}

@test "command: success prints the message and the warnings, failure the message on standard error; the status is the builtin's" {
	private_host
	# both COMMAND...: in ${stdout}, ${stderr} and ${status}.
	function both() {
		status=0
		"$@" > "${HOST_OUTPUT}.out" 2> "${HOST_OUTPUT}.err" || status="${?}"
		stdout="$(< "${HOST_OUTPUT}.out")"
		stderr="$(< "${HOST_OUTPUT}.err")"
	}
	prepare
	declare message="${ARMHF_BINFMT_MESSAGE}"
	both "${COMMAND}"
	expect status 1 stdout "" stderr "armhf-binfmt-prepare: ${message}"

	host_add_emulator
	both "${COMMAND}" -p native
	expect status 0 stderr "" stdout "armhf runs through /usr/bin/qemu-arm-static, for which *"
	host_register_armhf second
	both "${COMMAND}"
	expect status 0 stderr "" stdout "armhf runs through *"$'\n'"warning: several entries claim armhf: qemu-arm, second"

	both "${COMMAND}" -p unheard
	expect status 2 stdout "" stderr "armhf-binfmt-prepare: unheard: invalid policy: *usage:*"
}

@test "command: options are passed on: -n changes nothing, -r undoes, -v explains, an operand is refused" {
	private_host
	host_add_emulator
	before="$(host_state)"
	"${COMMAND}" -n
	[[ "$(host_state)" == "${before}" ]]
	[[ "$("${COMMAND}" -vt 20)" == "machine: "*"step: "*"create-descriptor"*"result: "* ]]
	[[ "$(host_entry qemu-arm)" == enabled* ]]
	"${COMMAND}" -r "unregister:qemu-arm remove-descriptor"
	refute host_entry qemu-arm
	status=0
	stdout="$("${COMMAND}" -n operand 2> /dev/null)" || status="${?}"
	expect status 2 stdout ""
}

# bats test_tags=slow
@test "command: --json has every variable of the outcome, equal to what the builtin sets" {
	requires jq command -v jq
	private_host
	host_add_emulator
	host_register_armhf 'first one'
	sleep 0.02
	host_register_armhf third
	prepare -n -p emulated
	"${COMMAND}" --json -v -n -p emulated > "${HOST_OUTPUT}.json" 2> "${HOST_OUTPUT}.err"
	[[ "$(< "${HOST_OUTPUT}.err")" == "machine: "* ]]
	jq -e '.tier == 3' "${HOST_OUTPUT}.json"
	for name in mode reason message native align entry interpreter flags; do
		declare -n variable="ARMHF_BINFMT_${name^^}"
		[[ "$(jq -r ".${name} | strings" "${HOST_OUTPUT}.json")" == "${variable}" ]]
	done
	jq -e '.warning == ["several entries claim armhf: first\\x20one, third"] and .actions == [] and .undo == [] and .blocked == [] and length == 13' "${HOST_OUTPUT}.json"
	host_switch third -1
	host_switch 'first one' -1
	"${COMMAND}" --json | jq -e '.actions == ["create-descriptor", "register:qemu-arm"] and (.undo[0] | startswith("unregister:qemu-arm@")) and .undo[1:] == ["remove-descriptor"] and .warning == []'
	host_switch qemu-arm -1
	rm "${DESCRIPTOR}" /usr/bin/qemu-arm-static
	status=0
	stdout="$("${COMMAND}" --json 2> /dev/null)" || status="${?}"
	expect status 1
	jq -e '.reason == "emulator-missing" and .mode == "none"' <<< "${stdout}"
	status=0
	stdout="$("${COMMAND}" --json -p unheard 2> /dev/null)" || status="${?}"
	expect status 2 stdout ""
}

@test "command: --json needs no jq, quotes what JSON quotes, and lists what -c says is blocked" {
	requires jq command -v jq
	private_host
	host_add_emulator
	name='a"b\c'
	host_register_armhf "${name}"
	printf '\x7fELF\x01\x01\x01' > "${BATS_TEST_TMPDIR}/broken"
	mkdir "${BATS_TEST_TMPDIR}/path"
	ln -s "$(type -P bash)" "${BATS_TEST_TMPDIR}/path"
	status=0
	PATH="${BATS_TEST_TMPDIR}/path" "${COMMAND}" --json -c "${BATS_TEST_TMPDIR}/broken" > "${HOST_OUTPUT}.json" 2> /dev/null || status="${?}"
	expect status 1
	jq -e '.entry == "a\"b\\x5cc" and .reason == "programs-blocked" and (.blocked | length == 1) and (.blocked[0] | contains("broken: "))' "${HOST_OUTPUT}.json"
}

@test "command: -k and -x are refused: what it holds would end with it" {
	for options in "-k who" -x "-nk who"; do
		# shellcheck disable=SC2086
		run -2 --separate-stderr "${COMMAND}" ${options}
		[[ -z "${output}" && "${stderr}" == "armhf-binfmt-prepare: -"[kx]" is for the builtin in a shell"* ]]
	done
}

@test "command: Ctrl-C during a slow probe ends it at once" {
	private_host
	printf '#!/bin/sh\n: > /run/probing\nexec sleep 60\n' > /usr/bin/slow
	chmod 0755 /usr/bin/slow
	mount -t tmpfs none /run
	host_register_armhf qemu-arm '' /usr/bin/slow
	for json in "" --json; do
		rm -f /run/probing
		env --default-signal=INT setsid "${COMMAND}" ${json} > "${HOST_OUTPUT}.out" 2> "${HOST_OUTPUT}.err" &
		while [[ ! -e /run/probing ]] && kill -0 "${!}"; do
			sleep 0.1
		done
		start="${SECONDS}"
		kill -INT -- "-${!}"
		status=0
		wait "${!}" || status="${?}"
		expect status 130
		((SECONDS - start < 5))
	done
}

@test "command: -A is refused, and says what there is instead" {
	run -2 --separate-stderr "${COMMAND}" -n -A outcome
	[ -z "${output}" ]
	# shellcheck disable=SC2154 # run sets it
	[[ "${stderr}" == *"--json"* ]]
}

@test "command: --version is the builtin's, --help has its manual" {
	[ "$("${COMMAND}" --version)" = "armhf-binfmt-prepare $(sed -n 's/^VERSION := //p' "${TOP}/Makefile")" ]
	[[ "$("${COMMAND}" --help)" == "usage: armhf-binfmt-prepare [--json]"*"-p policy"*"descriptor-created"* ]]
}

@test "command: without the object it says what is missing and what to do" {
	mv "${PREFIX}/lib/bash/armhf_binfmt_prepare.so"{,.away}
	run -1 --separate-stderr "${COMMAND}" -n
	mv "${PREFIX}/lib/bash/armhf_binfmt_prepare.so"{.away,}
	[ -z "${output}" ]
	[[ "${stderr}" == "armhf-binfmt-prepare: cannot load the builtin: "*"${PREFIX}/lib/bash/armhf_binfmt_prepare.so"*"make install" ]]
}

@test "command: from the tree it takes the object that make built there" {
	declare tree="${BATS_TEST_TMPDIR}/tree"
	mkdir -p "${tree}/scripts" "${tree}/build"
	cp "${TOP}/scripts/armhf-binfmt-prepare" "${tree}/scripts"
	run ! "${tree}/scripts/armhf-binfmt-prepare" --version
	cp "${BUILD}/armhf_binfmt_prepare.so" "${tree}/build"
	cd /
	"${tree}/scripts/armhf-binfmt-prepare" --version
}

@test "completion: options, policies and arrays, for the command and for the builtin" {
	[ "$(completed 'armhf-binfmt-prepare ')" = "-n -v -p -t -c -r --json --help --version" ]
	[ "$(completed 'armhf-binfmt-prepare --j')" = --json ]
	[ "$(completed 'armhf-binfmt-prepare -p ')" = "registered native emulated" ]
	[ "$(completed 'armhf-binfmt-prepare -np n')" = native ]
	[ "$(completed 'armhf-binfmt-prepare --help -')" = "-n -v -p -t -c -r --json --help --version" ]
	[ "$(completed 'armhf-binfmt-prepare -t ')" = "" ]
	[ "$(completed 'armhf_binfmt_prepare -')" = "-n -v -p -t -c -r -k -x -A --help" ]
	[ "$(completed 'armhf_binfmt_prepare -nA BASH_VERSI')" = BASH_VERSINFO ]
}

@test "completion: bash-completion finds it under both names, and bash itself uses it" {
	declare name
	for name in armhf-binfmt-prepare armhf_binfmt_prepare; do
		# shellcheck disable=SC2016
		run -0 bash -c 'source "${1}" && complete -p "${2}"' bash "${PREFIX}/share/bash-completion/completions/${name}" "${name}"
		[ "${output}" = "complete -F _armhf_binfmt_prepare ${name}" ]
	done
}
