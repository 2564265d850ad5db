#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Several shells at once, others who change the same things meanwhile, the lock, and shells that are killed.
# shellcheck disable=SC2016,SC2153 # another shell expands it

load lib/host.bash

function setup() {
	requires_emulation
	private_host
}

# at_once COUNT [OPTION...]: that many shells; their outcomes in ${outcomes[@]}, "status MODE ACTIONS".
function at_once() {
	declare i start="${BATS_TEST_TMPDIR}/start" count="${1}"
	declare -a shells=()
	shift
	# All wait for this lock, which is given to all together.
	exec {barrier}> "${start}"
	flock "${barrier}"
	for ((i = 0; i < count; i++)); do
		bash -c 'enable -f "${1}" armhf_binfmt_prepare
			flock -s "${2}" true
			status=0
			armhf_binfmt_prepare "${@:4}" 2> /dev/null || status="${?}"
			echo "${status} ${ARMHF_BINFMT_MODE} ${ARMHF_BINFMT_ACTIONS}" > "${3}"' \
			bash "${INSTALLED}" "${start}" "${BATS_TEST_TMPDIR}/outcome.${i}" "$@" {barrier}>&- &
		shells+=("${!}")
	done
	sleep 0.1
	exec {barrier}>&-
	wait "${shells[@]}"
	mapfile -t outcomes < <(cat "${BATS_TEST_TMPDIR}"/outcome.*)
	rm "${BATS_TEST_TMPDIR}"/outcome.*
	((${#outcomes[@]} == count))
}

# all_agree "STATUS MODE" [STEP]: so all of the outcomes begin, and exactly one took that step.
function all_agree() {
	declare outcome takers=0
	for outcome in "${outcomes[@]}"; do
		[[ "${outcome}" == "${1} "* ]] || { printf '%s\n' "${outcomes[@]}" >&2 && return 1; }
		[[ -z "${2:-}" || " ${outcome} " != *" ${2} "* ]] || takers="$((takers + 1))"
	done
	[[ -z "${2:-}" ]] || ((takers == 1)) || { printf '%s\n' "${outcomes[@]}" >&2 && return 1; }
}

# watch: until stopped, nobody may see a second name beside the descriptor, or half of one.
function watch() {
	declare name text whole
	whole="$(host_descriptor_text)"
	while [[ ! -e "${BATS_TEST_TMPDIR}/stop" ]]; do
		for name in /usr/share/binfmts/* /usr/share/binfmts/.[!.]*; do
			[[ -e "${name}" ]] || continue
			text="$(cat "${name}" 2> /dev/null)" || continue
			[[ "${name}" == "${DESCRIPTOR}" && "${text}" == "${whole}" ]] || {
				printf 'seen: %s: %s\n' "${name}" "${text}" >&2
				return 1
			}
		done
	done
}

# bats test_tags=slow,once
@test "race: 8 and 16 shells at once, nothing there => the same status and mode, one registration, one whole descriptor" {
	host_add_emulator
	watch &
	watcher="${!}"
	for count in 8 16; do
		at_once "${count}"
		all_agree "0 emulated" register:qemu-arm
		all_agree "0 emulated" create-descriptor
		diff "${DESCRIPTOR}" <(host_descriptor_text)
		[[ "$(ls "${TABLE}" /usr/share/binfmts)" == "${TABLE}:"$'\nqemu-arm\nregister\nstatus\n\n/usr/share/binfmts:\nqemu-arm' ]]
		armhf_runs
		at_once "${count}"
		[[ "$(printf '%s\n' "${outcomes[@]}" | sort -u)" == "0 emulated " ]]
		prepare -r "unregister:qemu-arm remove-descriptor"
		expect status 0
	done
	touch "${BATS_TEST_TMPDIR}/stop"
	wait "${watcher}"
}

# bats test_tags=slow,once
@test "race: 8 shells at once from every other starting state => as one shell alone" {
	host_add_emulator
	host_descriptor
	at_once 8
	all_agree "0 emulated" register:qemu-arm
	host_switch qemu-arm 0
	at_once 8
	all_agree "0 emulated" enable:qemu-arm
	host_switch status 0
	at_once 8
	all_agree "0 emulated" status-on
	host_switch qemu-arm -1
	host_register_armhf qemu-arm "" /usr/bin/false
	at_once 8
	all_agree "0 emulated" register:qemu-arm
	rm "${DESCRIPTOR}"
	host_switch qemu-arm 0
	at_once 8
	all_agree "1 none"
	[[ "$(host_entry qemu-arm)" == disabled* ]]
	at_once 8 -p emulated
	all_agree "0 emulated" enable:qemu-arm
	host_switch qemu-arm -1
	host_descriptor /usr/bin/false
	at_once 8
	all_agree "1 none"
	[[ "$(ls "${TABLE}")" == $'register\nstatus' ]]
	rm "${DESCRIPTOR}"
	umount "${TABLE}"
	# The machine's own may be mounted further below.
	mounts="$(findmnt -n -t binfmt_misc "${TABLE}" | wc -l || :)"
	at_once 8
	all_agree "0 emulated" register:qemu-arm
	[[ "$(findmnt -n -t binfmt_misc "${TABLE}" | wc -l)" == "$((mounts + 1))" ]]
}

@test "race: 8 shells at once with binfmt-support => one import, and its record" {
	host_add_emulator
	host_add_binfmt_support
	at_once 8
	all_agree "0 emulated" import
	[[ "$(update-binfmts --display qemu-arm)" == *"qemu-arm (enabled):"* ]]
}

@test "race: 8 shells that undo the same => all succeed, each step is taken once" {
	host_add_emulator
	prepare
	at_once 8 -r "${ARMHF_BINFMT_UNDO}"
	all_agree "0 none" unregister:qemu-arm
	all_agree "0 none" remove-descriptor
}

@test "race: a second shell waits until the first has done everything" {
	requires_strace
	host_add_emulator
	calls="${BATS_TEST_TMPDIR}/calls"
	{
		prepare_in strace -o "${calls}" -e trace=openat,renameat2 -e inject=renameat2:delay_enter=500000 --
		expect status 0 REASON descriptor-created
	} &
	until grep -q O_EXCL "${calls}" 2> /dev/null; do sleep 0.01; done
	prepare
	expect status 0 REASON descriptor-current ACTIONS ""
	wait "${!}"
}

@test "race: another process holds the lock => waited for, then everything is looked at again" {
	host_add_emulator
	exec {lock}> "${TABLE}/register"
	flock "${lock}"
	{
		prepare_in env --
		expect status 0 REASON other-entry ENTRY other ACTIONS ""
	} {lock}>&- &
	waiting="${!}"
	sleep 0.5
	kill -0 "${waiting}"
	[[ ! -e "${DESCRIPTOR}" && "$(ls "${TABLE}")" == $'register\nstatus' ]]
	# Meanwhile its holder has set armhf up in another way.
	host_register_armhf other
	exec {lock}>&-
	wait "${waiting}"
	[[ ! -e "${DESCRIPTOR}" && "$(ls "${TABLE}")" == $'other\nregister\nstatus' ]]
}

@test "race: an ordinary user may lock the directory, status and entries, and holds nobody up" {
	requires_root
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	# That shell ends when this one closes the pipe, or dies.
	exec {user}> >(as_nobody bash -c 'exec 5< "${0}" 6< "${0}/status" 7< "${0}/qemu-arm" && flock 5 && flock 6 && flock 7 && echo && read -r' "${TABLE}" > >(read -r && touch "${BATS_TEST_TMPDIR}/locked"))
	until [[ -e "${BATS_TEST_TMPDIR}/locked" ]]; do sleep 0.01; done
	SECONDS=0
	prepare -p emulated
	expect status 0 REASON entry-enabled
	((SECONDS < 5))
	exec {user}>&-
}

# bats test_tags=slow,once
@test "race: a descriptor that appears at the last moment is not touched => tier 1 with it" {
	requires_strace
	host_add_emulator
	host_add_emulator /usr/libexec/arm
	temporary=/usr/share/.armhf-binfmt-descriptor
	# shellcheck disable=SC2054 # strace takes commas
	delayed=(strace -o "${BATS_TEST_TMPDIR}/calls" -P "${DESCRIPTOR%/*}" -P "${temporary}" -e trace=openat,renameat2 -e "inject=renameat2:delay_enter=1000000")
	{
		prepare_in "${delayed[@]}" --
		expect status 0 REASON descriptor-registered TIER 1 INTERPRETER /usr/libexec/arm ACTIONS register:qemu-arm
	} &
	until grep -q "O_EXCL" "${BATS_TEST_TMPDIR}/calls" 2> /dev/null; do sleep 0.01; done
	host_descriptor /usr/libexec/arm
	descriptor="$(stat -c '%i %y %z' "${DESCRIPTOR}")"
	wait "${!}"
	grep -q "renameat2.*EEXIST" "${BATS_TEST_TMPDIR}/calls"
	[[ "$(stat -c '%i %y %z' "${DESCRIPTOR}")" == "${descriptor}" && ! -e "${temporary}" ]]
	[[ "$(ls "${DESCRIPTOR%/*}")" == qemu-arm && "$(host_entry qemu-arm)" == *"interpreter /usr/libexec/arm"* ]]
}

@test "race: an entry that somebody registers at the last moment is theirs => trusted, our descriptor removed" {
	requires_strace
	host_add_emulator
	strace=(strace -o "${BATS_TEST_TMPDIR}/calls" -P "${TABLE}/register" -e trace=write -e inject=write:delay_enter=500000)
	{
		until [[ -e "${DESCRIPTOR}" ]]; do sleep 0.01; done
		host_register_armhf qemu-arm F
	} &
	prepare_in "${strace[@]}" --
	wait "${!}"
	grep -q 'EEXIST' "${BATS_TEST_TMPDIR}/calls"
	expect status 0 REASON entry-trusted TIER 2 FLAGS F ACTIONS "create-descriptor remove-descriptor" UNDO ""
	[[ ! -e "${DESCRIPTOR}" ]]
}

@test "race: somebody else's descriptor each time that it is looked at => binfmt-busy after a bounded number of attempts" {
	requires_strace
	host_add_emulator
	before="$(host_kept)"
	prepare_in strace -o "${BATS_TEST_TMPDIR}/calls" -e trace=renameat2 -e inject=renameat2:error=EEXIST --
	expect status 1 REASON binfmt-busy TIER 4 MODE none ACTIONS "" UNDO ""
	(($(grep -c INJECTED "${BATS_TEST_TMPDIR}/calls") <= 9))
	unchanged "${before}" "$(host_kept)"
}

# bats test_tags=slow,once
@test "race: entries that come and go while they are looked at => never a crash or a hang, and right in the end" {
	host_add_emulator
	while [[ ! -e "${BATS_TEST_TMPDIR}/stop" ]]; do
		host_register_armhf qemu-arm
		host_register_armhf other "" /usr/bin/false
		host_switch qemu-arm -1
		host_switch other -1
	done 2> /dev/null &
	for ((i = 0; i < 40; i++)); do
		prepare -t 2 -p "$( ((i % 2)) && echo emulated || echo registered)"
		[[ "${status}" == [01] ]]
	done
	touch "${BATS_TEST_TMPDIR}/stop"
	wait "${!}" || true
	for name in qemu-arm other; do
		[[ ! -e "${TABLE}/${name}" ]] || host_switch "${name}" -1
	done
	prepare
	expect status 0 MODE emulated
	armhf_runs
}

# bats test_tags=slow,once
@test "race: killed at any moment => no half descriptor, no second name, and the next call ends with status 0" {
	host_add_emulator
	watch &
	watcher="${!}"
	# Nothing can ever be read from this: a sleep without a process, which may take longer than the call.
	exec {never}<> <(:)
	kills=0
	for ((i = 0; i < 24; i++)); do
		host_descriptor_text > /usr/share/packaged
		case "$((i % 4))" in
		1) mv /usr/share/packaged "${DESCRIPTOR}" ;;
		2) host_switch status 0 ;;
		3) mv /usr/share/packaged "${DESCRIPTOR}" && host_register_armhf qemu-arm "" /usr/bin/false ;;
		esac
		bash -c 'enable -f "${0}" armhf_binfmt_prepare && echo > "${1}" && armhf_binfmt_prepare && echo > "${2}"' \
			"${INSTALLED}" "${BATS_TEST_TMPDIR}/begun" "${BATS_TEST_TMPDIR}/ended" 2> /dev/null &
		until [[ -e "${BATS_TEST_TMPDIR}/begun" ]]; do :; done
		read -r -t "0.0$((RANDOM % 3))$((RANDOM % 10))" -u "${never}" || true
		kill -s KILL "${!}" 2> /dev/null || true
		wait "${!}" 2> /dev/null || true
		[[ -e "${BATS_TEST_TMPDIR}/ended" ]] || kills="$((kills + 1))"
		rm -f "${BATS_TEST_TMPDIR}"/{begun,ended}
		prepare
		expect status 0 MODE emulated ENTRY qemu-arm
		armhf_runs
		host_switch qemu-arm -1
		rm -f "${DESCRIPTOR}"
		host_switch status 1
	done
	touch "${BATS_TEST_TMPDIR}/stop"
	wait "${watcher}"
	echo "${kills} of ${i} were killed before their end" >&2
	((kills > 5))
}

# bats test_tags=slow,once
@test "race: the lock cannot be acquired for 60 seconds => binfmt-busy, nothing changed" {
	host_add_emulator
	prepare
	host_switch qemu-arm 0
	before="$(host_state)"
	exec {lock}> "${TABLE}/register"
	flock "${lock}"
	{
		prepare_in env -- -r unregister:qemu-arm
		expect status 1 REASON binfmt-busy UNDO unregister:qemu-arm ACTIONS ""
	} &
	SECONDS=0
	prepare -t 1
	expect status 1 REASON binfmt-busy TIER 1 MODE none MESSAGE "${TABLE}/register: *60*fuser*" ACTIONS "" UNDO ""
	((SECONDS >= 60 && SECONDS < 75))
	wait "${!}"
	unchanged "${before}" "$(host_state)"
	exec {lock}>&-
	prepare
	expect status 0
}
