#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# -r: the undo list of an earlier call, in whole or in part, in another shell, later, and on a host that has changed.
# shellcheck disable=SC1003 # the backslashes are meant

# bats file_tags=sanitized
load lib/host.bash

function setup() {
	requires_emulation
	private_host
}

@test "undo: undoes what a call did, in another shell as well; a second time there is nothing to do" {
	host_add_emulator
	rmdir /usr/share/binfmts
	before="$(host_kept)"
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	prepare_in env -- -r "${undo}"
	expect status 0 REASON undo-done TIER 0 MODE none ENTRY "" INTERPRETER "" FLAGS "" ACTIONS "unregister:qemu-arm remove-descriptor remove-directory" \
		UNDO "" WARNING ""
	[[ ! -e "${DESCRIPTOR%/*}" ]]
	unchanged "${before}" "$(host_kept)"
	prepare -r "${undo}"
	expect status 0 REASON undo-done ACTIONS "" UNDO ""
	unchanged "${before}" "$(host_kept)"
}

@test "undo: each call's list takes the host back through the states it came from" {
	host_add_emulator
	host_add_binfmt_support
	host_switch status 0
	declare -a states=() lists=()
	states+=("$(host_kept)")
	prepare
	expect status 0 ACTIONS "create-descriptor status-on register:qemu-arm import" UNDO "unimport unregister:qemu-arm@???????? status-off remove-descriptor"
	lists+=("${ARMHF_BINFMT_UNDO}")
	host_switch qemu-arm 0
	states+=("$(host_kept)")
	prepare
	expect status 0 REASON descriptor-enabled UNDO "disable:qemu-arm@????????"
	lists+=("${ARMHF_BINFMT_UNDO}")
	for i in 1 0; do
		prepare -r "${lists[i]}"
		expect status 0 REASON undo-done UNDO ""
		unchanged "${states[i]}" "$(host_kept)"
	done
}

@test "undo: -n says what would be done and does nothing" {
	host_add_emulator
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	before="$(host_state)"
	prepare -n -r "${undo}"
	expect status 0 REASON undo-done ACTIONS "unregister:qemu-arm remove-descriptor" UNDO "" MODE emulated
	unchanged "${before}" "$(host_state)"
}

@test "undo: some of the steps, in any order, with blanks and newlines between them" {
	host_add_emulator
	prepare
	prepare -r $'  remove-descriptor\n'
	expect status 0 REASON undo-done ACTIONS remove-descriptor MODE emulated ENTRY qemu-arm INTERPRETER /usr/bin/qemu-arm-static FLAGS POC
	[[ ! -e "${DESCRIPTOR}" ]]
	armhf_runs
	prepare -r $'status-off\tremove-descriptor \n unregister:qemu-arm'
	expect status 0 REASON undo-done ACTIONS "status-off unregister:qemu-arm" MODE none
	[[ "$(host_entry status)" == disabled && "$(ls "${TABLE}")" == $'register\nstatus' ]]
	prepare -r ""
	expect status 0 REASON undo-done ACTIONS "" MODE none
}

@test "undo: status-off writes 0, whatever other entries are in the table" {
	host_add_emulator
	host_descriptor
	host_switch status 0
	prepare
	expect status 0 ACTIONS "status-on register:qemu-arm" UNDO "unregister:qemu-arm@???????? status-off"
	undo="${ARMHF_BINFMT_UNDO}"
	host_register ":jar:E::jar::/usr/bin/true:"
	prepare -r "${undo}"
	expect status 0 REASON undo-done ACTIONS "unregister:qemu-arm status-off" UNDO "" WARNING ""
	[[ "$(host_entry status)" == disabled ]]
	refute host_entry qemu-arm
	host_entry jar
}

@test "undo: the list of an earlier call leaves somebody else's qemu-arm alone, and says so; as a person types it it is meant" {
	host_add_emulator
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	[[ "${undo}" =~ ^unregister:qemu-arm@[0-9a-f]{8}\ remove-descriptor$ ]]
	host_switch qemu-arm -1
	host_register_armhf qemu-arm F
	before="$(host_entry qemu-arm)"
	for option in -n ""; do
		# shellcheck disable=SC2086
		prepare ${option} -r "${undo}"
		expect status 0 REASON undo-done ACTIONS remove-descriptor UNDO "" WARNING "${TABLE}/qemu-arm: *another entry*"
		[[ "$(host_entry qemu-arm)" == "${before}" ]]
	done
	[[ ! -e "${DESCRIPTOR}" ]]
	# Enabled or disabled, it is the same entry.
	host_switch qemu-arm 0
	prepare -p emulated
	expect status 0 REASON entry-enabled UNDO "disable:qemu-arm@????????"
	enabled="${ARMHF_BINFMT_UNDO}"
	host_switch qemu-arm -1
	host_register_armhf qemu-arm OC
	prepare -r "${enabled}"
	expect status 0 ACTIONS "" WARNING "${TABLE}/qemu-arm: *another entry*"
	[[ "$(host_entry qemu-arm)" == enabled* ]]
	host_switch qemu-arm -1
	host_register_armhf qemu-arm F
	prepare -r "${enabled}"
	expect status 0 ACTIONS disable:qemu-arm WARNING ""
	[[ "$(host_entry qemu-arm)" == disabled* ]]
	prepare -r unregister:qemu-arm
	expect status 0 ACTIONS unregister:qemu-arm WARNING ""
	refute host_entry qemu-arm
}

@test "undo: a directory that the call made is removed again if nothing else is in it; one that was there stays" {
	host_add_emulator
	prepare
	expect status 0 ACTIONS "create-descriptor register:qemu-arm" UNDO "unregister:qemu-arm@???????? remove-descriptor"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	expect status 0
	[[ -d "${DESCRIPTOR%/*}" && -z "$(ls -A "${DESCRIPTOR%/*}")" ]]
	rmdir "${DESCRIPTOR%/*}"
	prepare
	expect status 0 ACTIONS "make-directory create-descriptor register:qemu-arm" UNDO "unregister:qemu-arm@???????? remove-descriptor remove-directory"
	touch "${DESCRIPTOR%/*}/jar"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	expect status 0 ACTIONS "unregister:qemu-arm remove-descriptor" UNDO ""
	[[ "$(ls -A "${DESCRIPTOR%/*}")" == jar ]]
	rm "${DESCRIPTOR%/*}/jar"
	prepare -n -r remove-directory
	expect status 0 ACTIONS remove-directory
	[[ -d "${DESCRIPTOR%/*}" ]]
	prepare -r remove-directory
	expect status 0 ACTIONS remove-directory
	[[ ! -e "${DESCRIPTOR%/*}" ]]
	prepare -r remove-directory
	expect status 0 ACTIONS ""
}

@test "undo: more than 40 steps that cannot be done => all are left, in their order" {
	requires_strace
	declare list=""
	for ((i = 10; i < 70; i++)); do
		host_register ":entry${i}:M::magic${i}::/usr/bin/true:"
		list+=" unregister:entry${i}"
	done
	before="$(host_state)"
	mount --bind "${TABLE}" "${TABLE}"
	mount -o remount,bind,ro "${TABLE}"
	prepare -r "${list}"
	expect status 1 REASON undo-failed ACTIONS "" UNDO "${list# }"
	umount "${TABLE}"
	unchanged "${before}" "$(host_state)"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	expect status 0 UNDO "" ACTIONS "${list# }"
	[[ "$(ls "${TABLE}")" == $'register\nstatus' ]]
}

@test "undo: entries are enabled and disabled by their escaped names; one that is gone or already so is done" {
	host_register_armhf 'a b\' "" /usr/bin/true
	host_register_armhf c "" /usr/bin/true
	host_switch c 0
	prepare -r 'disable:a\x20b\x5c enable:c'
	expect status 0 REASON undo-done ACTIONS 'disable:a\\x20b\\x5c enable:c'
	[[ "$(host_entry 'a b\')" == disabled* && "$(host_entry c)" == enabled* ]]
	prepare -r 'disable:a\x20b\x5c enable:c disable:none unregister:none'
	expect status 0 REASON undo-done ACTIONS ""
	prepare -r 'unregister:a\x20b\x5c'
	expect status 0 ACTIONS 'unregister:a\\x20b\\x5c'
	refute host_entry 'a b\'
}

@test "undo: a descriptor that is not one of ours, or not any more, is not removed => said so, the rest done" {
	host_add_emulator
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	echo "# mine" >> "${DESCRIPTOR}"
	sum="$(sha256sum "${DESCRIPTOR}")"
	for option in -n ""; do
		# shellcheck disable=SC2086
		prepare ${option} -r "${undo}"
		expect status 0 REASON undo-done TIER 0 ACTIONS unregister:qemu-arm UNDO "" WARNING "${DESCRIPTOR}: *stays*"
	done
	[[ "$(sha256sum "${DESCRIPTOR}")" == "${sum}" ]]
	refute host_entry qemu-arm
	for make in "mkdir" "ln -s /usr/bin/true" "touch"; do
		rm -rf "${DESCRIPTOR}"
		${make} "${DESCRIPTOR}"
		prepare -r remove-descriptor
		expect status 0 REASON undo-done UNDO "" ACTIONS "" WARNING "${DESCRIPTOR}: *stays*"
		[[ -e "${DESCRIPTOR}" ]]
	done
}

@test "undo: refused, or without effect => undo-failed, and the list holds what is left" {
	requires_strace
	host_add_emulator
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	before="$(host_kept)"
	mount --bind "${TABLE}" "${TABLE}"
	mount -o remount,bind,ro "${TABLE}"
	prepare -r "${undo}"
	expect status 1 REASON undo-failed MODE emulated MESSAGE "${TABLE}/register: *Read-only*" UNDO "${undo}" ACTIONS ""
	umount "${TABLE}"
	if ((EUID == 0)) && setpriv --reuid=65534 true 2> /dev/null; then
		prepare_in as_nobody -- -r "${undo}"
		expect status 1 REASON undo-failed MODE emulated MESSAGE "${TABLE}/register: *Permission denied*" UNDO "${undo}" ACTIONS ""
	fi
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=write:retval=2 -- -r unregister:qemu-arm
	expect status 1 REASON undo-failed MODE emulated MESSAGE "${TABLE}/qemu-arm: *" UNDO unregister:qemu-arm ACTIONS ""
	unchanged "${before}" "$(host_kept)"
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=write:error=EIO -- -r "${undo}"
	expect status 1 REASON undo-failed MODE emulated UNDO "unregister:qemu-arm@????????" ACTIONS remove-descriptor
	prepare -r "${ARMHF_BINFMT_UNDO}"
	expect status 0
}

@test "undo: not mounted => undo-failed for what is in the table, the rest done" {
	host_add_emulator
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	mount --bind "${TABLE}" /mnt
	umount "${TABLE}"
	prepare -r "${undo}"
	expect status 1 REASON undo-failed MODE emulated MESSAGE "${TABLE}: *not mounted*" UNDO "unregister:qemu-arm@????????" ACTIONS remove-descriptor
	[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/status" ]]
}

@test "undo: an unknown entry is neither enabled nor disabled" {
	printf '%s' "|odd|M|0|${ARMHF_MAGIC}|${ARMHF_MASK}|/none"$'\n'"flags: |" > "${BATS_TEST_TMPDIR}/line"
	cat "${BATS_TEST_TMPDIR}/line" > "${TABLE}/register"
	before="$(host_state)"
	prepare -r disable:odd
	expect status 1 REASON undo-failed UNDO disable:odd ACTIONS ""
	unchanged "${before}" "$(host_state)"
}

@test "undo: unimport takes the record and binfmt-support's entry; without a record it is done; a failure is told" {
	host_add_emulator
	host_add_binfmt_support
	before="$(host_kept)"
	prepare
	undo="${ARMHF_BINFMT_UNDO}"
	expect UNDO "unimport unregister:qemu-arm@???????? remove-descriptor"
	mount --bind /var/lib/binfmts /var/lib/binfmts
	mount -o remount,bind,ro /var/lib/binfmts
	prepare -r unimport
	expect status 1 REASON undo-failed UNDO unimport MESSAGE "*update-binfmts*"
	umount /var/lib/binfmts
	prepare -r "${undo}"
	expect status 0 REASON undo-done UNDO ""
	unchanged "${before}" "$(host_kept)"
	refute update-binfmts --display qemu-arm
	prepare -r "${undo}"
	expect status 0 ACTIONS ""
}

@test "undo: what is no undo step, or no entry's name => usage and status 2, nothing observed or changed" {
	host_add_emulator
	prepare
	before="$(host_state)"
	for steps in nonsense mount import create-descriptor register:qemu-arm unregister: unregister disable:status enable:register disable:. disable:.. \
		disable:a/b 'disable:\x2f' 'disable:\x00' 'disable:\xg0' 'disable:\' 'unregister:qemu-arm x' status-off: "disable:$(printf '%0256d' 0)" $'enable:qemu-arm\r' \
		remove-directory: hold:armhf-held; do
		prepare -r "${steps}"
		expect status 2 stderr "*usage*"
		[[ ! -v ARMHF_BINFMT_REASON ]]
	done
	for options in "-p native" "-t 5"; do
		# shellcheck disable=SC2086
		prepare ${options} -r unregister:qemu-arm
		expect status 2 stderr "*usage*"
	done
	unchanged "${before}" "$(host_state)"
}

@test "release: -x without a hold reads, changes and executes nothing: MODE is empty, and -v names no mode" {
	requires_strace
	host_add_emulator
	prepare
	before="$(host_state)"
	prepare_in strace -f -o "${BATS_TEST_TMPDIR}/calls" -e trace=process,openat -- -x
	expect status 0 REASON undo-done TIER 0 MODE "" NATIVE untested ALIGN "" ENTRY "" ACTIONS "" UNDO ""
	refute grep -E '\<(v?fork|clone3?|execveat)\(' "${BATS_TEST_TMPDIR}/calls"
	refute grep binfmt_misc "${BATS_TEST_TMPDIR}/calls"
	prepare -xv
	expect status 0 MODE "" stdout "*"$'\n'"result:      (undo-done): every step is done, or was no longer needed"
	refute grep -E '^(armhf|native):' "${HOST_OUTPUT}.out"
	unchanged "${before}" "$(host_state)"
}
