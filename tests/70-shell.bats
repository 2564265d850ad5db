#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The manners of a builtin: its options, its variables, what it prints, and that it leaves the shell as it was.
# shellcheck disable=SC2016,SC2153,SC2030,SC2031,SC2154 # other shells and the builtin; each test is a process of its own

# bats file_tags=sanitized
load lib/host.bash

# The help, as bash itself prints it, on any host.
function setup_file() {
	bash -c 'enable -f "${0}" armhf_binfmt_prepare && help armhf_binfmt_prepare' "${BUILD}/armhf_binfmt_prepare.so" > "${BATS_FILE_TMPDIR}/help"
}

# help_section TITLE: the lines of the help below TITLE, up to the next empty one.
function help_section() {
	sed -n "/^    ${1}/,/^ *\$/p" "${BATS_FILE_TMPDIR}/help" | sed '1d;$d'
}

# source_function NAME: the tokens that the function of words.c returns.
function source_function() {
	sed -n "/^${1}(/,/^}/p" "${TOP}/builtin/words.c" | grep -o '"[a-z0-9-]*"' | tr -d '"'
}

# same WHAT FILE FILE
function same() {
	echo "${1}:"
	diff -u "${2}" "${3}"
}

@test "options: alone, bundled, in any order, with -- => one meaning" {
	private_host
	host_add_emulator
	before="$(host_state)"
	for options in "-n -p emulated -t 5" "-np emulated -t 5" "-npemulated -t5" "-t5 -p emulated -n" "-nt5 -pemulated --" \
		"-n -p registered -p emulated -t 600 -t 1"; do
		# shellcheck disable=SC2086
		prepare ${options}
		expect status 0 stdout "" stderr "" REASON descriptor-created ACTIONS create-descriptor
	done
	for options in -nv -vn "-n -v" "-vp emulated -n" "-nvAoutcome" "-nvA outcome --"; do
		# shellcheck disable=SC2086
		prepare ${options}
		expect status 0 stdout "machine: *result: *" stderr ""
	done
	[[ "${outcome[reason]}" == descriptor-created ]]
	[[ "$(host_state)" == "${before}" ]]
}

@test "options: of one that is given twice the last counts" {
	private_host
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	prepare -n -p emulated -p registered
	expect status 1 REASON entry-disabled
	prepare -n -p registered -p emulated
	expect status 0 REASON entry-enabled
	prepare -n -A first -A second
	[[ ! -v first && "${second[reason]}" == entry-disabled ]]
}

# bats test_tags=slow,once
@test "options: the default policy is registered, the default deadline 10 seconds" {
	private_host
	install -m 0755 "${BUILD}/tests/hang" /usr/bin/qemu-arm-static
	host_register_armhf
	SECONDS=0
	prepare -nv
	expect status 1 REASON probe-timeout MESSAGE "*within 10 s*" stdout "*policy: *registered*"
	((SECONDS >= 10 && SECONDS <= 12))
}

@test "options: --help shows the help, and nothing is done" {
	private_host
	host_add_emulator
	before="$(host_state)"
	prepare --help
	expect status 2 stderr ""
	[[ "${stdout}" == "$(help armhf_binfmt_prepare)" ]]
	[[ -z "${!ARMHF_BINFMT_@}" && "$(host_state)" == "${before}" ]]
}

@test "help: every option of the synopsis, and no other, is explained" {
	declare option letters synopsis
	letters="$(sed -n 's/.*internal_getopt(list, "\(.*\)").*/\1/p' "${TOP}/builtin/armhf_binfmt_prepare.c" | tr -d : | grep -o . | sort)"
	read -r synopsis < "${BATS_FILE_TMPDIR}/help"
	[ "${letters}" = "$(help_section Options | grep -o '^ *-[a-zA-Z] ' | tr -d ' -' | sort)" ]
	for option in ${letters}; do
		[[ "${synopsis}" =~ "-"[a-z]*"${option}" ]]
	done
}

@test "help: every variable, reason, step, policy and value of NATIVE and ALIGN, and no other" {
	cd "${BATS_TEST_TMPDIR}"
	source_rows REPORT_VALUES | tr '[:lower:]' '[:upper:]' > want
	help_section Variables | grep -o 'ARMHF_BINFMT_[A-Z]*  ' | sed 's/ARMHF_BINFMT_//; s/ //g' | sort > told
	same variables want told

	source_rows WORDS_REASONS > want
	help_section Reasons | sed 's/^ *\(success\|failure\)//' | grep -o '[a-z-]*' | sort > told
	same reasons want told

	sed -n '/ policies\[\] = {/,/^};/p' "${TOP}/builtin/words.c" | grep -o '"[a-z]*"' | tr -d '"' | sort > want
	help_section Policies | sed -n 's/^      \([a-z][a-z]*\) .*/\1/p' | sort > told
	same policies want told

	source_rows WORDS_STEPS | tr -d : | sort > want
	help_section Steps | tr -d ' \n' | sed 's/:NAME//g; s/,/\n/g' | sort > told
	same steps want told

	source_function words_native | sort -u > want
	help_section Variables | sed -n '/_NATIVE /,/_ALIGN /p' | sed '$d' | tr -d '\n' | tr -s ' ' |
		sed 's/.*itself: //; s/([^)]*)//; s/ //g; s/,/\n/g' | sort > told
	same "values of NATIVE" want told

	sed -n '/^} aligns\[\] = {/,/^};/p' "${TOP}/builtin/words.c" | grep -o '"\(all\|64k\|4k\|none\)"' | tr -d '"' | sort -u > want
	help_section Variables | sed -n '/_ALIGN /,/_ENTRY /p' | grep -ow 'all\|64k\|4k\|none' | sort -u > told
	same "values of ALIGN" want told
}

@test "help: every status, an example and the version, in lines that fit a terminal" {
	declare status
	for status in 0 1 2 128+n; do
		help_section "Exit Status" | grep -qE "^ {6}${status/+/\\+} +[a-z]"
	done
	help_section Example | grep -q '^ *enable -f .*/armhf_binfmt_prepare.so armhf_binfmt_prepare$'
	bash -n <(help_section Example)
	grep -q "^    Version $(sed -n 's/^VERSION := //p' "${TOP}/Makefile")\$" "${BATS_FILE_TMPDIR}/help"
	# The synopsis is bash's to break.
	run ! grep -nE '^.{81}' <(tail -n +2 "${BATS_FILE_TMPDIR}/help")
}

@test "variables: all thirteen are set on success and on failure, none on status 2" {
	private_host
	names="ACTIONS ALIGN BLOCKED ENTRY FLAGS INTERPRETER MESSAGE MODE NATIVE REASON TIER UNDO WARNING"
	read -ra all <<< "${names}"
	prepare
	expect status 1
	[[ "${!ARMHF_BINFMT_@}" == "${all[*]/#/ARMHF_BINFMT_}" ]]
	expect TIER 4 MODE none REASON emulator-missing WARNING "" ALIGN "" ENTRY "" INTERPRETER "" FLAGS "" ACTIONS "" UNDO "" BLOCKED ""
	host_add_emulator
	prepare
	expect status 0
	[[ "${!ARMHF_BINFMT_@}" == "${all[*]/#/ARMHF_BINFMT_}" ]]
	expect TIER 4 MODE emulated REASON descriptor-created WARNING "" ALIGN all ENTRY qemu-arm \
		INTERPRETER /usr/bin/qemu-arm-static FLAGS POC ACTIONS "create-descriptor register:qemu-arm" \
		UNDO "unregister:qemu-arm@???????? remove-descriptor" BLOCKED ""
	prepare -X
	expect status 2
	[[ -z "${!ARMHF_BINFMT_@}" ]]
}

@test "variables: declare, local, export and set -a hold as for read" {
	private_host
	host_add_emulator
	function with_local() {
		local ARMHF_BINFMT_MODE ARMHF_BINFMT_TIER=before
		armhf_binfmt_prepare -n
		[[ "${ARMHF_BINFMT_MODE} ${ARMHF_BINFMT_TIER}" == "none 4" ]]
		inner
	}
	# Its caller's locals are what it sets.
	function inner() {
		armhf_binfmt_prepare -n -p native
		[[ "${ARMHF_BINFMT_TIER}" == 4 ]]
	}
	ARMHF_BINFMT_MODE=outer
	with_local
	[[ "${ARMHF_BINFMT_MODE}" == outer && ! -v ARMHF_BINFMT_TIER ]]
	# Not declared: global.
	[[ "${ARMHF_BINFMT_REASON}" == descriptor-created ]]

	declare -x ARMHF_BINFMT_NATIVE
	armhf_binfmt_prepare -n
	[[ "$(printenv ARMHF_BINFMT_NATIVE)" == "${ARMHF_BINFMT_NATIVE:?}" ]]
	refute printenv ARMHF_BINFMT_REASON
	unset ARMHF_BINFMT_REASON
	set -a
	armhf_binfmt_prepare -n
	set +a
	[[ "$(printenv ARMHF_BINFMT_REASON)" == descriptor-created ]]
	declare -t ARMHF_BINFMT_MODE
	armhf_binfmt_prepare -n
	[[ "$(declare -p ARMHF_BINFMT_MODE)" == 'declare -tx ARMHF_BINFMT_MODE="none"' ]]
}

@test "variables: -A fills an array, declared or not, global or local, and keeps its other keys" {
	private_host
	host_add_emulator
	armhf_binfmt_prepare -n -A undeclared
	[[ "$(declare -p undeclared)" == "declare -A "* ]]
	[[ "$(printf '%s\n' "${!undeclared[@]}" | sort | tr '\n' ' ')" == "actions align blocked entry flags interpreter message mode native reason tier undo warning " ]]
	[[ "${undeclared[mode]} ${undeclared[tier]} ${undeclared[undo]}" == "none 4 remove-descriptor" ]]
	[[ -z "${!ARMHF_BINFMT_@}" ]]

	declare -A declared=([mine]=kept [mode]=old)
	armhf_binfmt_prepare -n -A declared
	[[ "${declared[mine]} ${declared[mode]} ${#declared[@]}" == "kept none 14" ]]
	declare -A unset_yet
	armhf_binfmt_prepare -n -A unset_yet
	[[ "${unset_yet[tier]}" == 4 ]]
	declare -Ax exported
	armhf_binfmt_prepare -n -A exported
	[[ "$(declare -p exported)" == "declare -Ax "* ]]

	function with_local() {
		local -A declared
		armhf_binfmt_prepare -n -A declared
		[[ "${declared[mode]} ${#declared[@]}" == "none 13" ]]
		armhf_binfmt_prepare -n -A from_function
		inner
		[[ "${declared[tier]} ${#declared[@]}" == "4 1" ]]
	}
	function inner() {
		declared=([tier]=0)
		armhf_binfmt_prepare -n -A declared
		declared=([tier]="${declared[tier]}")
	}
	with_local
	[[ "${declared[mine]} ${#declared[@]}" == "kept 14" && "${from_function[tier]}" == 4 ]]
	# Two arrays, so that a script may hold a dry run beside the real one.
	armhf_binfmt_prepare -A real
	[[ "${real[actions]}" == "${declared[actions]} register:qemu-arm" ]]
	unset real declared
	[[ ! -v real && ! -v declared ]]
}

@test "variables: bytes of names and paths that are blank, not printable or a backslash are \\xHH" {
	private_host
	interpreter=$'/usr/bin/q e\\m\xc3\xbc'
	host_add_emulator "${interpreter}"
	name=$'a b\\c\xff'
	host_register_armhf "${name}" "" "${interpreter}"
	prepare
	expect status 0 REASON other-entry ENTRY 'a\\x20b\\x5cc\\xff' INTERPRETER '/usr/bin/q\\x20e\\x5cm\\xc3\\xbc' \
		MESSAGE '*/usr/bin/q\\x20e\\x5cm\\xc3\\xbc*'
	prepare -v
	expect stdout '*a\\x20b\\x5cc\\xff*/usr/bin/q\\x20e\\x5cm\\xc3\\xbc*'
	# And back again.
	prepare -r "disable:${ARMHF_BINFMT_ENTRY}"
	expect status 0 ACTIONS 'disable:a\\x20b\\x5cc\\xff' MODE none
	[[ "$(host_entry "${name}")" == disabled* ]]
}

@test "output: nothing on success, whatever the tier" {
	private_host
	host_add_emulator
	prepare
	expect status 0 REASON descriptor-created stdout "" stderr ""
	prepare
	expect status 0 REASON descriptor-current stdout "" stderr ""
	host_register_armhf another
	prepare
	expect status 0 WARNING "several entries*" stdout "" stderr ""
	prepare -r "unregister:qemu-arm remove-descriptor"
	expect status 0 REASON undo-done stdout "" stderr ""
	prepare
	expect status 0 REASON other-entry stdout "" stderr ""
}

@test "output: on failure one line on standard error, in bash's form, with what failed, why and the remedy" {
	private_host
	# failed REASON OBJECT WHY REMEDY
	function failed() {
		expect status 1 stdout "" REASON "${1}" MESSAGE "${2}*${3}*; ${4}*" stderr "*: line +([0-9]): armhf_binfmt_prepare: ${ARMHF_BINFMT_MESSAGE//\\/\\\\}"
		[[ "${stderr}" != *$'\n'* ]]
	}
	shopt -s extglob
	prepare
	failed emulator-missing "/usr/bin/qemu-arm-static: " "neither this nor /usr/bin/qemu-arm is there" "install qemu-user-static"
	echo nonsense > "${DESCRIPTOR}"
	prepare
	failed descriptor-invalid "${DESCRIPTOR}:1: " interpreter "correct or remove"
	host_descriptor /usr/bin/missing
	prepare
	failed descriptor-failed "/usr/bin/missing: " "No such file" "correct or remove the descriptor"
	rm "${DESCRIPTOR}"
	host_register_armhf
	prepare
	failed entry-broken "${TABLE}/qemu-arm: " "by qemu-arm and does not run through /usr/bin/qemu-arm-static: *No such file" "reinstall the emulator"
	host_switch qemu-arm 0
	prepare
	failed entry-disabled "${TABLE}/qemu-arm: " "somebody disabled this entry" "*echo 1 > ${TABLE}/qemu-arm*-p emulated"
	host_switch qemu-arm 1
	host_switch status 0
	prepare
	failed entry-disabled "${TABLE}/status: " "disabled as a whole" "*echo 1 > ${TABLE}/status*-p emulated"
	host_switch status 1
	host_switch qemu-arm -1
	: > /usr/bin/qemu-arm-static
	chmod 0755 /usr/bin/qemu-arm-static
	prepare
	failed registration-failed "/usr/bin/qemu-arm-static: " "Exec format error" "name an ELF program"
}

@test "explanation: facts, tier and why, steps, warnings and result, each on a line of its own" {
	private_host
	function labels() {
		cut -d : -f 1 <<< "${stdout}" | uniq | tr '\n' ' '
	}
	host_add_emulator
	prepare -v
	# Facts that were looked at again, under the lock and after a step, are told again.
	[[ "$(labels)" == "machine policy binfmt_misc descriptor armhf emulator again binfmt_misc descriptor armhf emulator tier step \
binfmt_misc emulator step binfmt_misc armhf importer native undo result " ]]
	# The machine's own ability is told in words, and differs from machine to machine.
	diff -u - <(grep -Ev '^(machine|native):' <<< "${stdout}" | awk '!seen[$0]++') <<- TEXT
		policy:      registered
		binfmt_misc: mounted, enabled, 0 entries; qemu-arm is absent
		descriptor:  /usr/share/binfmts/qemu-arm: absent, and no line in binfmt.d
		armhf:       does not run: executing armhf failed: Exec format error (neither the kernel nor an entry of binfmt_misc runs it)
		emulator:    /usr/bin/qemu-arm-static
		again:       the lock is acquired
		tier:        4: there is neither a descriptor nor anything that runs armhf, so one is made
		step:        create-descriptor (/usr/share/binfmts/qemu-arm written)
		step:        register:qemu-arm (entry registered)
		binfmt_misc: mounted, enabled, 1 entry; qemu-arm is enabled; for armhf: qemu-arm
		armhf:       runs, through the entry qemu-arm
		importer:    binfmt-support is not installed
		undo:        ${ARMHF_BINFMT_UNDO}
		result:      emulated (descriptor-created): ${ARMHF_BINFMT_MESSAGE}
	TEXT
	grep -qE '^machine:     (not )?arm64, pages of [0-9]+ KiB$' <<< "${stdout}"
	grep -qE '^native:      (yes,|no:|in part:|cannot be told:) ?[a-z]' <<< "${stdout}"

	rm "${DESCRIPTOR}"
	sleep 0.02
	host_register_armhf another
	prepare -v
	[[ "$(labels)" == "machine policy binfmt_misc descriptor armhf tier native warning result " ]]
	expect stdout "*for armhf: another, qemu-arm*armhf:       runs, through the entry another*tier:        3: *" WARNING "several entries*shadowed*"
	# Each warning is a line of its own.
	diff -u <(echo "${ARMHF_BINFMT_WARNING}") <(sed -n 's/^warning: *//p' <<< "${stdout}")
	prepare -v -r "disable:another"
	[[ "$(labels)" == "machine "*" step "*" result " ]]
	prepare -nv -r "enable:another"
	expect stdout "*step:        enable:another (entry enabled), not carried out*"

	# What comes behind a mount is not known before it.
	umount "${TABLE}"
	prepare -nv
	expect ACTIONS mount UNDO "" stdout "*binfmt_misc: not mounted*step:        mount (binfmt_misc mounted), not carried out*"
	[[ "$(grep -c '^step:' <<< "${stdout}")" == 1 ]]
}

@test "explanation: a failure says what was tried and undone" {
	private_host
	install -m 0755 /usr/bin/false /usr/bin/qemu-arm-static
	prepare -v
	expect status 1 REASON registration-failed
	steps="$(sed -n 's/^step: *\([^ ]*\) .*/\1/p' <<< "${stdout}" | tr '\n' ' ')"
	[[ "${steps}" == "create-descriptor register:qemu-arm unregister:qemu-arm remove-descriptor " ]]
	[[ "${steps% }" == "${ARMHF_BINFMT_ACTIONS}" ]]
	expect stdout "*result:      none (registration-failed): ${ARMHF_BINFMT_MESSAGE}" MESSAGE "*exited with 1*"
}

# bats test_tags=slow
@test "explanation: status, variables and steps are the same without it" {
	private_host
	function outcome() {
		prepare "$@"
		declare -p status "${!ARMHF_BINFMT_@}" | grep -v HOST
	}
	# both OPTION...: with and without -v, in a subshell whose changes are undone.
	function both() {
		diff -u <(outcome "$@") <(outcome -v "$@")
	}
	both -n
	host_add_emulator
	both -n
	both -np native
	host_register_armhf
	both
	both -p native
	both -p emulated
	host_switch qemu-arm 0
	both
	both -np emulated
	umount "${TABLE}"
	both -n
}

@test "output: standard output closed or full under -v => reported, status and work stay" {
	private_host
	host_add_emulator
	status=0
	armhf_binfmt_prepare -v >&- 2> "${HOST_OUTPUT}" || status="${?}"
	expect status 0 REASON descriptor-created
	[[ "$(< "${HOST_OUTPUT}")" == *"armhf_binfmt_prepare: write error: Bad file descriptor" ]]
	armhf_runs
	armhf_binfmt_prepare -v > /dev/full 2> "${HOST_OUTPUT}" || status="${?}"
	expect status 0 REASON descriptor-current
	[[ "$(< "${HOST_OUTPUT}")" == *"armhf_binfmt_prepare: write error: No space left on device" ]]
	# The next that writes is not told of it.
	[[ "$(armhf_binfmt_prepare -v)" == "machine: "*"result: "* ]]
	echo fine > "${HOST_OUTPUT}"
	[[ "$(< "${HOST_OUTPUT}")" == fine ]]

	# A reader that has gone.
	trap '' PIPE
	{ armhf_binfmt_prepare -v 2> "${HOST_OUTPUT}" || echo "status ${?}" >> "${HOST_OUTPUT}"; } | :
	trap - PIPE
	[[ "$(< "${HOST_OUTPUT}")" != *status* ]]
}

@test "output: standard error closed => status and variables stay" {
	private_host
	status=0
	armhf_binfmt_prepare 2>&- || status="${?}"
	expect status 1 REASON emulator-missing
	status=0
	armhf_binfmt_prepare 2> /dev/full || status="${?}"
	expect status 1 REASON emulator-missing
}

@test "descriptors: 0, 1 and 2 closed => the same outcome, and no text in a file or the table" {
	private_host
	host_add_emulator
	host_descriptor_text > "${HOST_OUTPUT}.want"
	prepare
	table="$(host_entry qemu-arm)"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	for closed in "0<&-" "1>&-" "2>&-" "0<&- 1>&-" "0<&- 2>&-" "1>&- 2>&-" "0<&- 1>&- 2>&-"; do
		status=0
		eval "armhf_binfmt_prepare -v ${closed}" 2> /dev/null > /dev/null || status="${?}"
		expect status 0 REASON descriptor-created ALIGN all
		cmp "${HOST_OUTPUT}.want" "${DESCRIPTOR}"
		[[ "$(host_entry qemu-arm)" == "${table}" ]]
		eval "armhf_binfmt_prepare -r '${ARMHF_BINFMT_UNDO}' ${closed}" 2> /dev/null
		[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]
	done
}

# The same script with another builtin that succeeds or fails must leave the same trace.
@test "traps: ERR, EXIT, DEBUG, RETURN, set -e -E -u -T and pipefail behave as for any other builtin" {
	private_host
	host_add_emulator
	host_register_armhf
	cat > "${HOST_OUTPUT}.sh" <<- 'SCRIPT'
		enable -f "${INSTALLED}" armhf_binfmt_prepare
		declare -a good=(${1}) bad=(${2})
		function note() {
			printf '%s: line %s status %s depth %s\n' "${1}" "${2}" "${3}" "${#FUNCNAME[@]}"
		}
		trap 'note EXIT "${LINENO}" "${?}"' EXIT
		trap 'note ERR "${LINENO}" "${?}"' ERR
		trap 'note RETURN "${LINENO}" "${?}"' RETURN
		set -T
		trap '[[ "${FUNCNAME[0]:-}" == note ]] || printf "DEBUG: line %s\n" "${LINENO}"' DEBUG
		function call() {
			"$@" 2> /dev/null
			printf 'after %s\n' "${?}"
		}
		set -uEo pipefail
		call "${good[@]}"
		call "${bad[@]}"
		"${bad[@]}" 2> /dev/null | cat || printf 'pipe %s\n' "${PIPESTATUS[*]}"
		! "${bad[@]}" 2> /dev/null
		if "${bad[@]}" 2> /dev/null; then printf 'no\n'; fi
		while "${bad[@]}" 2> /dev/null; do printf 'no\n'; done
		"${good[@]}" && "${bad[@]}" 2> /dev/null || printf 'or\n'
		text="$("${bad[@]}" 2>&1)" || printf 'substitution %s %s\n' "${?}" "${#text}" > /dev/null
		("${bad[@]}" 2> /dev/null; printf 'subshell %s\n' "${?}")
		{ "${bad[@]}"; } 2> /dev/null || :
		eval '"${bad[@]}"' 2> /dev/null || :
		set -e
		call "${good[@]}"
		function exits() {
			"${bad[@]}" 2> /dev/null
			printf 'not reached\n'
		}
		exits
	SCRIPT
	# trace GOOD BAD
	function trace() {
		INSTALLED="${INSTALLED}" bash "${HOST_OUTPUT}.sh" "$@" && return 1
		echo "exit ${?}"
	}
	trace "armhf_binfmt_prepare" "armhf_binfmt_prepare -A BASH_ALIASES" > "${HOST_OUTPUT}.ours"
	trace "true" "cd -Z" > "${HOST_OUTPUT}.theirs"
	diff -u "${HOST_OUTPUT}.theirs" "${HOST_OUTPUT}.ours"
	grep -q '^ERR: ' "${HOST_OUTPUT}.ours"
	grep -q '^exit 2$' "${HOST_OUTPUT}.ours"
	host_switch qemu-arm 0
	trace "true" "armhf_binfmt_prepare" > "${HOST_OUTPUT}.ours"
	trace "true" "false" > "${HOST_OUTPUT}.theirs"
	diff -u "${HOST_OUTPUT}.theirs" "${HOST_OUTPUT}.ours"
	grep -q '^exit 1$' "${HOST_OUTPUT}.ours"
}

@test "shell: in subshells, substitutions, pipelines, loops, functions and background jobs" {
	private_host
	host_add_emulator
	[[ "$(armhf_binfmt_prepare -n && echo "${ARMHF_BINFMT_REASON}")" == descriptor-created ]]
	(armhf_binfmt_prepare -n && [[ "${ARMHF_BINFMT_REASON}" == descriptor-created ]])
	[[ -z "${!ARMHF_BINFMT_@}" ]]
	armhf_binfmt_prepare -nv | grep -q '^result: '
	armhf_binfmt_prepare -n < /dev/null | cat
	coproc armhf_binfmt_prepare -nv
	mapfile -t lines <&"${COPROC[0]}"
	[[ "${lines[-1]}" == result:* ]]
	printf '%s\n' one two | while read -r line; do
		# It reads nothing of what the loop reads.
		armhf_binfmt_prepare -n
		echo "${line}"
	done > "${HOST_OUTPUT}"
	[[ "$(< "${HOST_OUTPUT}")" == $'one\ntwo' ]]
	armhf_binfmt_prepare -n &
	wait "${!}"
	armhf_binfmt_prepare -n -t 0 2> /dev/null &
	status=0
	wait "${!}" || status="${?}"
	expect status 2
	exec {fd}< <(armhf_binfmt_prepare -nv)
	mapfile -t lines <&"${fd}"
	exec {fd}<&-
	[[ "${lines[-1]}" == result:* ]]
}

@test "shell: POSIX mode and a restricted shell" {
	private_host
	host_add_emulator
	set -o posix
	prepare -n
	expect status 0 REASON descriptor-created
	# It is no special builtin: an error does not end the shell.
	prepare -X
	expect status 2
	set +o posix
	POSIXLY_CORRECT=1 bash -c 'enable -f "${0}" armhf_binfmt_prepare && armhf_binfmt_prepare -n' "${INSTALLED}"
	bash -c 'enable -f "${0}" armhf_binfmt_prepare; set -r; armhf_binfmt_prepare -nA out && [[ "${out[tier]}" == 4 ]]' "${INSTALLED}"
}

@test "shell: a function of the same name wins, and builtin and command reach the builtin" {
	private_host
	host_add_emulator
	function armhf_binfmt_prepare() {
		echo "wrapped"
		builtin armhf_binfmt_prepare "$@"
	}
	[[ "$(armhf_binfmt_prepare -n)" == wrapped ]]
	[[ -z "$(command armhf_binfmt_prepare -n)" ]]
	unset -f armhf_binfmt_prepare
	[[ -z "$(armhf_binfmt_prepare -n)" ]]
}

@test "shell: descriptors, directory, umask, signals, personality, limits, options and traps are left as they were" {
	private_host
	install -m 0755 /usr/bin/false /usr/bin/broken
	# shell_state: all of it that /proc and bash tell.
	function shell_state() {
		declare line
		for line in "/proc/$$/fd"/*; do
			[[ ! -e "${line}" ]] || printf '%s\n' "${line}"
		done
		while read -r line; do
			[[ "${line}" != @(State|Threads|CapEff|Umask|Seccomp|NoNewPrivs|CoreDumping|Uid|Gid|Groups|SigPnd|SigBlk|SigIgn|SigCgt|ShdPnd)* ]] || printf '%s\n' "${line}"
		done < "/proc/$$/status"
		host_children
		printf '%s\n' "$(< "/proc/$$/personality")" "$(< "/proc/$$/limits")" "${children}" \
			"$(< "/proc/$$/oom_score_adj")" "$(< "/proc/$$/coredump_filter")" "$(< "/proc/$$/timerslack_ns")"
		umask
		pwd
		trap -p
		set +o
		shopt -p || :
		jobs -l
		declare -p IFS PATH OPTIND OPTERR BASHOPTS SHELLOPTS
		declare -F
		alias
		hash -l || :
	}
	shopt -s extglob
	unset BASHPID
	umask 027
	cd /tmp
	trap 'echo usr1' USR1
	trap '' USR2 TTOU
	trap 'echo int' INT
	trap '' QUIT
	shell_state > /dev/null
	# call STATUS [OPTION...]
	function call() {
		declare want="${1}"
		shift
		shell_state > "${HOST_OUTPUT}.before"
		status=0
		armhf_binfmt_prepare "$@" > /dev/null 2>&1 || status="${?}"
		shell_state > "${HOST_OUTPUT}.after"
		expect status "${want}"
		diff -u "${HOST_OUTPUT}.before" "${HOST_OUTPUT}.after"
	}
	call 1
	call 2 -X
	call 0 -x
	host_add_emulator
	call 0 -nv
	call 0
	call 0 -v -p native
	call 0 -r "unregister:qemu-arm remove-descriptor"
	host_register_armhf qemu-arm "" /usr/bin/broken
	call 1
	host_switch qemu-arm 0
	call 1 -p emulated -t 1
	mkdir -p /usr/share/binfmts
	host_descriptor
	call 0
	umount "${TABLE}"
	call 0
}

# The sanitizers keep what is freed: the memory is not flat.
# bats test_tags=unsanitized,slow,once
@test "shell: 300 calls leave the same descriptors, children and memory" {
	private_host
	host_add_emulator
	host_register_armhf
	# calls COUNT: the ways through the builtin, success and failure.
	function calls() {
		declare i
		for ((i = 0; i < ${1}; i += 5)); do
			armhf_binfmt_prepare
			armhf_binfmt_prepare -A array
			armhf_binfmt_prepare -nv -p emulated > /dev/null
			armhf_binfmt_prepare -r unregister:none
			armhf_binfmt_prepare -p nothing 2> /dev/null || :
		done
	}
	fds=(/proc/$$/fd/*)
	host_memory
	calls 200
	host_memory
	before="${used}"
	calls 300
	host_memory
	echo "grown by $((used - before)) KiB"
	# The heap grows by steps until it has its shape (tests/95-lifetime.bats has 98,000 calls).
	((before > 500 && used - before <= 192))
	now=(/proc/$$/fd/*)
	[[ "${now[*]}" == "${fds[*]}" ]]
	host_children
	[[ -z "${children}" && -z "$(jobs)" ]]
}

# bats test_tags=slow,once
@test "jobs: background jobs keep their statuses, with and without job control" {
	private_host
	host_add_emulator
	host_register_armhf
	trap - ERR
	for monitor in +m -m; do
		set "${monitor}"
		for ((round = 0; round < 15; round++)); do
			pids=()
			# They end before, during and after the call.
			for pause in 0 0.002 0.005 0.01 0.02; do
				(
					sleep "${pause}"
					exit "$((round + ${#pids[@]}))"
				) &
				pids+=("${!}")
			done
			armhf_binfmt_prepare
			for i in "${!pids[@]}"; do
				status=0
				wait "${pids[i]}" || status="${?}"
				expect status "$((round + i))"
			done
		done
	done 2> "${HOST_OUTPUT}"
	host_children
	[[ -z "${children}" && -z "$(jobs)" ]]
}

@test "jobs: a job that is stopped stays stopped, and wait -n finds what ended during the call" {
	private_host
	host_add_emulator
	host_register_armhf
	set -m
	sleep 100 &
	stopped="${!}"
	kill -STOP "${stopped}"
	(exit 7) &
	armhf_binfmt_prepare
	status=0
	wait "${!}" || status="${?}"
	expect status 7
	until [[ "$(jobs -s)" == *Stopped*sleep* ]]; do
		armhf_binfmt_prepare
	done
	kill -KILL "${stopped}"
	wait "${stopped}" || :
}

# bats test_tags=slow
@test "jobs: no CHLD trap runs for the builtin's own children" {
	private_host
	host_add_emulator
	ran=0
	trap '((++ran))' CHLD
	for ((i = 0; i < 20; i++)); do
		armhf_binfmt_prepare -n
	done
	((ran == 0))
	/bin/true
	((ran == 1))
}

@test "jobs: SIGCHLD blocked or ignored by the parent changes nothing" {
	private_host
	host_add_emulator
	script='enable -f "${0}" armhf_binfmt_prepare && armhf_binfmt_prepare -n && [[ "${ARMHF_BINFMT_REASON}" == descriptor-created ]]'
	(
		trap '' CHLD
		exec bash -c "${script}" "${INSTALLED}"
	)
	env --block-signal=CHLD bash -c "${script}" "${INSTALLED}"
	env --ignore-signal=CHLD bash -c "${script}" "${INSTALLED}"
	env --block-signal bash -c "${script}" "${INSTALLED}"
}

# bats test_tags=slow,once
@test "loading: 1000 times, with calls between, neither grows nor keeps the object" {
	private_host
	host_add_emulator
	function mapped() {
		declare line
		count=0
		while read -r line; do
			[[ "${line}" != *armhf_binfmt_prepare.so* ]] || ((++count))
		done < "/proc/$$/maps"
	}
	mapped
	loaded="${count}"
	((loaded > 0))
	for ((i = 0; i < 1000; i++)); do
		((i % 20)) || armhf_binfmt_prepare -n
		enable -d armhf_binfmt_prepare
		enable -f "${INSTALLED}" armhf_binfmt_prepare
	done
	mapped
	((count == loaded))
	enable -d armhf_binfmt_prepare
	mapped
	((count == 0))
}

# bats test_tags=slow
@test "loading: unloaded and loaded again from a trap, a function and while jobs run" {
	private_host
	host_add_emulator
	function reload() {
		enable -d armhf_binfmt_prepare
		enable -f "${INSTALLED}" armhf_binfmt_prepare
	}
	trap reload USR1
	for ((i = 0; i < 10; i++)); do
		armhf_binfmt_prepare -nv > /dev/null &
		kill -USR1 "$$"
		armhf_binfmt_prepare -n
		wait "${!}"
	done
	enable -n armhf_binfmt_prepare
	refute armhf_binfmt_prepare -n 2> /dev/null
	enable armhf_binfmt_prepare
	armhf_binfmt_prepare -n
	enable -d armhf_binfmt_prepare
	status=0
	armhf_binfmt_prepare -n 2> /dev/null || status="${?}"
	expect status 127
}

@test "loading: an object that does not load leaves the shell to go on" {
	private_host
	enable -d armhf_binfmt_prepare
	echo "no object" > /usr/lib/bash/text.so
	refute enable -f /usr/lib/bash/text.so armhf_binfmt_prepare 2> /dev/null
	refute enable -f /usr/lib/bash/none.so armhf_binfmt_prepare 2> /dev/null
	enable -f "${INSTALLED}" armhf_binfmt_prepare
}
