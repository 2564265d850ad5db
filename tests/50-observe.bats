#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The facts about a host: the table, odd entries, the descriptor as a file, surroundings that must not fool it, and
# that looking changes nothing.
# shellcheck disable=SC2016 # another shell expands it

# bats file_tags=sanitized
load lib/host.bash

function setup() {
	requires_emulation
	private_host
}

# bats test_tags=slow,once
@test "observe: -n, and a call with nothing to do, open nothing for writing but their own files, and take no lock" {
	requires_strace
	calls="${BATS_TEST_TMPDIR}/calls"
	writers="?creat,?mkdir,mkdirat,?rmdir,?unlink,unlinkat,?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,?mknod,mknodat"
	writers+=",?chmod,fchmod,fchmodat,?chown,fchown,fchownat,?utimes,utimensat,truncate,ftruncate,setxattr,fsetxattr"
	# looks STATUS REASON OPTION...: what would change anything is none of its system calls, nor of its children's.
	function looks() {
		declare before
		before="$(host_state)"
		prepare_in strace -f -o "${calls}" -e signal=none -e trace="?open,openat,memfd_create,flock,mount,umount2,${writers}" -- "${@:3}"
		expect status "${1}" REASON "${2}"
		grep -q memfd_create "${calls}"
		# The loader of this object and all before it are the shell's own.
		if sed '1,/armhf_binfmt_prepare.so/d; /memfd_create/d; /"\/dev\/null"/d; / +++ /d' "${calls}" | grep -Ev 'open(at)?\(.*O_RDONLY|O_PATH'; then
			return 1
		fi
		unchanged "${before}" "$(host_state)"
	}
	looks 1 emulator-missing -n
	host_add_emulator
	host_add_binfmt_support
	looks 0 descriptor-created -n
	looks 0 descriptor-created -n -v
	host_register_armhf qemu-arm "" /usr/bin/false
	looks 1 entry-broken -n
	host_descriptor
	looks 0 descriptor-reloaded -n
	host_switch qemu-arm -1
	looks 0 descriptor-registered -n -p native
	host_register_armhf
	looks 0 descriptor-current
	looks 0 descriptor-current -p native
	host_switch status 0
	looks 0 descriptor-enabled -n
	host_switch status 1
	rm "${DESCRIPTOR}"
	looks 0 entry-trusted
	looks 0 entry-trusted -p emulated -v
	host_switch qemu-arm -1
	host_register_armhf other
	looks 0 other-entry
	# The check itself sees a writer.
	host_switch other -1
	refute looks 0 descriptor-created 2> /dev/null
}

@test "observe: reading the descriptor leaves all its times alone" {
	host_add_emulator
	host_descriptor
	touch -a -d 2001-01-01 "${DESCRIPTOR}"
	touch -m -d 2002-02-02 "${DESCRIPTOR}"
	before="$(stat -c '%i %x %y %z' "${DESCRIPTOR}")"
	for option in -n "" "-p emulated" -v; do
		# shellcheck disable=SC2086
		prepare ${option}
		expect status 0 TIER 1
		[[ "$(stat -c '%i %x %y %z' "${DESCRIPTOR}")" == "${before}" ]]
	done
	# It would show.
	cat "${DESCRIPTOR}" > /dev/null
	[[ "$(stat -c '%i %x %y %z' "${DESCRIPTOR}")" != "${before}" ]]
}

@test "observe: in the descriptor's place a directory, FIFO, socket, device, dead or circular link, a huge line => invalid at once" {
	host_add_emulator
	place() {
		rm -rf "${DESCRIPTOR}"
		"$@"
		declare start="${SECONDS}"
		prepare
		expect status 1 REASON descriptor-invalid TIER 1 MODE none MESSAGE "${DESCRIPTOR}*: *" ACTIONS ""
		((SECONDS - start < 5))
		[[ "$(ls "${TABLE}")" == $'register\nstatus' ]]
	}
	place mkdir "${DESCRIPTOR}"
	place mkfifo "${DESCRIPTOR}"
	place ln -s none "${DESCRIPTOR}"
	place ln -s qemu-arm "${DESCRIPTOR}"
	place ln -s /usr/bin/true/none "${DESCRIPTOR}"
	place ln -s /dev/zero "${DESCRIPTOR}"
	place ln -s /dev/null "${DESCRIPTOR}"
	place touch "${DESCRIPTOR}"
	place eval 'head -c 1048576 /dev/zero | tr "\0" a > "${DESCRIPTOR}"'
	place eval '{ host_descriptor_text; head -c 65536 /dev/zero | tr "\0" "\n"; } > "${DESCRIPTOR}"'
	place cp /usr/bin/true "${DESCRIPTOR}"
	# A writer at the other end of the FIFO gets nothing either.
	rm -f "${DESCRIPTOR}"
	mkfifo "${DESCRIPTOR}"
	exec {fifo}<> "${DESCRIPTOR}"
	host_descriptor_text >&"${fifo}"
	prepare
	expect status 1 REASON descriptor-invalid
	exec {fifo}>&-
}

# bats test_tags=slow
@test "observe: a descriptor that somebody else than root could have written => reported as invalid; by a link, what it leads to counts" {
	host_add_emulator
	# refused_at PATH: naming that component.
	refused_at() {
		prepare_fails
		expect REASON descriptor-invalid TIER 1 MODE none MESSAGE "*${1}: *" ACTIONS ""
	}
	for mode in 0666 0646 0642; do
		host_descriptor
		chmod "${mode}" "${DESCRIPTOR}"
		refused_at "${DESCRIPTOR}"
	done
	chmod 0644 "${DESCRIPTOR}"
	for mode in 0777 0757 1777; do
		chmod "${mode}" /usr/share/binfmts
		refused_at /usr/share/binfmts
	done
	chmod 0755 /usr/share/binfmts
	install -d -m 0777 /usr/share/open
	mv "${DESCRIPTOR}" /usr/share/open
	ln -s ../open/qemu-arm "${DESCRIPTOR}"
	refused_at '/usr/share/*open'
	chmod 0755 /usr/share/open
	chmod 0666 /usr/share/open/qemu-arm
	refused_at '*'
	chmod 0644 /usr/share/open/qemu-arm
	if chown 1000 /usr/share/open/qemu-arm 2> /dev/null; then
		refused_at '*'
		chown 0 /usr/share/open/qemu-arm
	fi
	if chgrp 1000 /usr/share/open/qemu-arm 2> /dev/null; then
		chmod 0664 /usr/share/open/qemu-arm
		refused_at '*'
		chgrp 0 /usr/share/open/qemu-arm
	fi
	# The framework's own function writes it with umask 002, and root's group is root.
	chmod 0664 /usr/share/open/qemu-arm
	chmod 0775 /usr/share/open
	prepare
	expect status 0 REASON descriptor-registered
	[[ "$(readlink "${DESCRIPTOR}")" == ../open/qemu-arm ]]
	host_switch qemu-arm -1
	rm "${DESCRIPTOR}"
	host_descriptor
	chmod 0664 "${DESCRIPTOR}"
	prepare
	expect status 0 REASON descriptor-registered WARNING ""
	[[ "$(stat -c %a "${DESCRIPTOR}")" == 664 ]]
}

@test "observe: a descriptor that cannot be read => system-error with errno, nothing changed; armhf may run all the same" {
	host_add_emulator
	touch "${DESCRIPTOR}"
	# A regular file of root's, at whose beginning there is nothing to read.
	sleep 60 &
	mount --bind "/proc/${!}/mem" "${DESCRIPTOR}"
	prepare
	expect status 1 REASON system-error TIER 1 MODE none MESSAGE "${DESCRIPTOR}: cannot read it: Input/output error; *" ACTIONS ""
	host_register_armhf
	prepare
	expect status 0 REASON entry-trusted TIER 2 MODE emulated ENTRY qemu-arm WARNING "${DESCRIPTOR}: *Input/output error*"
	kill "${!}"
}

# bats test_tags=slow
@test "observe: an entry whose interpreter forges lines is named, and never written to nor replaced" {
	host_add_emulator
	# A delimiter that is not in the forgery; cat writes it at once, which bash's printf would not.
	function forge() {
		printf '%s' "|${1}|M|0|${ARMHF_MAGIC}|${ARMHF_MASK}|${2}|" > "${BATS_TEST_TMPDIR}/line"
		cat "${BATS_TEST_TMPDIR}/line" > "${TABLE}/register"
	}
	declare -a forgeries=(
		$'/none\nflags: '
		$'/usr/bin/qemu-arm-static\nflags: \noffset 0\nmagic 7f'
		$'/none\ndisabled'
		$'/none\n'
	)
	for forgery in "${forgeries[@]}"; do
		forge qemu-arm "${forgery}"
		before="$(host_state)"
		for policy in registered native emulated; do
			prepare -p "${policy}"
			expect status 1 REASON entry-broken TIER 2 ENTRY qemu-arm ACTIONS "" MESSAGE "${TABLE}/qemu-arm: *"
		done
		[[ "$(host_state)" == "${before}" ]]
		host_descriptor
		before="$(host_state)"
		prepare
		expect status 1 REASON descriptor-failed TIER 1 ENTRY qemu-arm ACTIONS "" MESSAGE "${TABLE}/qemu-arm: *@(registered again|a line twice)*"
		[[ "$(host_state)" == "${before}" ]]
		rm "${DESCRIPTOR}"
		host_switch qemu-arm -1
		# Of another name: no obstacle.
		forge other "${forgery}"
		prepare -n
		expect status 0 REASON descriptor-created
		host_switch other -1
	done
	# Where the forged path is a program that runs armhf, execution decides.
	mkdir $'/usr/libexec/a\nflags: P'
	host_add_emulator $'/usr/libexec/a\nflags: P/arm'
	forge qemu-arm $'/usr/libexec/a\nflags: P/arm'
	armhf_runs
	prepare
	expect status 0 REASON entry-trusted MODE emulated ENTRY qemu-arm
}

@test "observe: an entry of which half can be read is unknown too" {
	requires_strace
	host_add_emulator
	host_register_armhf
	host_descriptor
	# The kernel's text is cut off after its first line.
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=read:retval=8 --
	expect status 0 REASON descriptor-current WARNING "*${TABLE}/qemu-arm: *"
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=read:error=EIO --
	expect status 0 REASON descriptor-current WARNING "*${TABLE}/qemu-arm: *Input/output error*"
	# It was opened, so it is there.
	prepare_in strace -o /dev/null -P "${TABLE}/qemu-arm" -e inject=read:error=ENOENT --
	expect status 0 REASON descriptor-current WARNING "*${TABLE}/qemu-arm: *No such file*" ACTIONS ""
}

@test "observe: a marker of a hold that cannot be read => no part of the hold is released" {
	requires_strace
	host_add_emulator
	host_register_armhf qemu-arm F
	host_held qemu-arm "somebody"
	before="$(host_kept)"
	for marker in armhf-held armhf-held.qemu-arm; do
		prepare_in strace -o /dev/null -P "${TABLE}/${marker}" -e inject=read:error=EIO --
		expect status 1 REASON binfmt-unavailable MESSAGE "${TABLE}/${marker}: *Input/output error*" ACTIONS ""
		unchanged "${before}" "$(host_kept)"
	done
	prepare
	expect status 0 REASON entry-trusted ACTIONS "release:qemu-arm release:armhf-held"
}

# bats test_tags=unsanitized,slow
@test "observe: the table or its status cannot be read => binfmt-unavailable, not-permitted for lack of privilege; a warning where armhf runs" {
	requires_strace
	host_add_emulator
	before="$(host_kept)"
	prepare_in strace -o /dev/null -P "${TABLE}/status" -e inject=read:error=EIO --
	expect status 1 REASON binfmt-unavailable TIER 0 MODE none MESSAGE "${TABLE}/status: *Input/output error*" ACTIONS ""
	prepare_in strace -o /dev/null -P "${TABLE}/status" -e inject=read:retval=3 --
	expect status 1 REASON binfmt-unavailable TIER 0 MODE none MESSAGE "${TABLE}/status: *"
	prepare_in strace -o /dev/null -P "${TABLE}" -e inject=getdents64:error=EACCES --
	expect status 1 REASON not-permitted TIER 0 MODE none MESSAGE "${TABLE}: *Permission denied*" ACTIONS ""
	host_register_armhf
	for policy in registered native emulated; do
		prepare_in strace -o /dev/null -P "${TABLE}" -e inject=getdents64:error=EACCES -- -p "${policy}"
		expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY "" WARNING "${TABLE}: *Permission denied*"
	done
	host_switch qemu-arm -1
	unchanged "${before}" "$(host_kept)"
}

# bats test_tags=slow
@test "observe: names with blanks, newlines, backslashes and escape characters are entries, and escaped in the values" {
	host_add_emulator
	for name in 'a b' $'a\nb' 'a\b' $'a\e[31mb' '*' '$(touch x)' '-n' $'\xc3\xa4'; do
		printf '%s' "|${name}|M|0|${ARMHF_MAGIC}|${ARMHF_MASK}|/usr/bin/qemu-arm-static|" > "${BATS_TEST_TMPDIR}/line"
		cat "${BATS_TEST_TMPDIR}/line" > "${TABLE}/register"
		prepare
		expect status 0 REASON other-entry MODE emulated
		[[ "$(printf '%b' "${ARMHF_BINFMT_ENTRY}")" == "${name}" && "${ARMHF_BINFMT_ENTRY}" != *[!!-~]* ]]
		printf '%s' -1 > "${TABLE}/${name}"
	done
	printf '%s' "|odd|M|0|${ARMHF_MAGIC}|${ARMHF_MASK}|/usr/libexec/a b\\c|" > "${BATS_TEST_TMPDIR}/line"
	host_add_emulator '/usr/libexec/a b\c'
	cat "${BATS_TEST_TMPDIR}/line" > "${TABLE}/register"
	prepare
	expect status 0 REASON other-entry INTERPRETER '/usr/libexec/a\\x20b\\x5cc'
}

@test "observe: several claimers are named; ENTRY is the newest; a loose one is told" {
	host_add_emulator
	for name in zebra armv7l-linux mule; do
		host_register_armhf "${name}"
	done
	prepare
	expect status 0 REASON other-entry ENTRY mule WARNING "several entries claim armhf: armv7l-linux, mule, zebra"
	host_switch mule 0
	prepare
	expect status 0 ENTRY armv7l-linux WARNING "several entries claim armhf: armv7l-linux, zebra"
	host_switch armv7l-linux -1
	host_switch mule 1
	host_register_armhf
	prepare
	expect status 0 REASON entry-trusted ENTRY qemu-arm WARNING "several entries claim armhf: mule, qemu-arm, zebra"
	# Its own, shadowed by a newer one.
	host_switch mule -1
	host_register_armhf mule
	prepare
	expect status 0 REASON other-entry TIER 3 ENTRY mule WARNING "*${TABLE}/qemu-arm: *shadowed*mule*"
	for name in zebra mule qemu-arm; do
		host_switch "${name}" -1
	done
	# Every 32-bit ELF file: what registering with raw bytes comes to.
	host_register ":every:M::\x7f\x45\x4c\x46\x01::/usr/bin/qemu-arm-static:"
	prepare
	expect status 0 REASON other-entry ENTRY every WARNING "every: *loose*"
	# Others' entries are not claimers.
	host_switch every -1
	host_register ":i386:M::\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/false:"
	host_register ":elf:E::elf::/usr/bin/false:"
	prepare -n
	expect status 0 REASON descriptor-created WARNING ""
}

# bats test_tags=slow,once
@test "observe: a table of 1000 entries, and 40 that claim armhf" {
	host_add_emulator
	for ((i = 0; i < 960; i++)); do
		host_register ":entry${i}:M::magic${i}::/usr/bin/true:"
	done
	prepare
	expect status 0 REASON descriptor-created
	prepare -r "${ARMHF_BINFMT_UNDO}"
	for ((i = 10; i < 50; i++)); do
		host_register_armhf "claimer${i}"
	done
	prepare
	expect status 0 REASON other-entry MODE emulated ENTRY claimer49 WARNING "several entries claim armhf: claimer10, *, claimer42, *, claimer49"
	# Disabled ones take no room: the one that is enabled is named, whichever it is.
	host_register_armhf zebra "" /usr/bin/false
	for ((i = 10; i < 50; i++)); do
		host_switch "claimer${i}" 0
	done
	host_switch claimer49 1
	host_register_armhf qemu-arm "" /usr/bin/false
	prepare_fails
	expect REASON entry-broken MESSAGE "*claimed by claimer49, qemu-arm, zebra and*" WARNING "*several entries claim armhf: claimer49, qemu-arm, zebra"
	for name in claimer49 qemu-arm zebra; do
		host_switch "${name}" -1
	done
	prepare
	expect status 0 REASON descriptor-created WARNING ""
}

# bats test_tags=slow
@test "observe: the table that is shown is not the one in force => binfmt-unavailable, nothing written to it" {
	host_add_emulator
	host_register_armhf
	before="$(host_kept)"
	# Having mounted one, a user namespace keeps its own empty table; unmounted, it shows the ancestor's.
	nested=(unshare --user --map-root-user --mount bash -c 'mount -t binfmt_misc none "${0}" && umount "${0}" && exec "$@"' "${TABLE}")
	refute "${nested[@]}" "${HOST_ARMHF}" 2> /dev/null
	for policy in registered native emulated; do
		prepare_in "${nested[@]}" -- -p "${policy}"
		expect status 1 REASON binfmt-unavailable MODE none MESSAGE "${TABLE}: *enabled entry*not the one in force*" ENTRY qemu-arm ACTIONS "" UNDO ""
		prepare_in "${nested[@]}" -- -n -p "${policy}"
		expect status 1 REASON binfmt-unavailable MODE none ACTIONS ""
	done
	host_switch qemu-arm -1
	host_register_armhf other
	before="$(host_kept)"
	prepare_in "${nested[@]}" --
	expect status 1 REASON binfmt-unavailable MODE none MESSAGE "${TABLE}: *enabled entry*not the one in force*"
	unchanged "${before}" "$(host_kept)"
}

@test "observe: a container without a table of its own sees that armhf runs" {
	host_add_emulator
	host_register_armhf
	prepare_in unshare --user --map-root-user --mount bash -c 'mount -t tmpfs none "${0}" && exec "$@"' "${TABLE}" --
	expect status 0 REASON other-entry TIER 3 MODE emulated ENTRY "" ACTIONS "" WARNING ""
	# The ancestor's table in sight.
	prepare_in unshare --user --map-root-user --mount --
	expect status 0 REASON entry-trusted TIER 2 MODE emulated ENTRY qemu-arm
}

@test "observe: QEMU_CPU, LD_PRELOAD and their like in the environment change nothing" {
	host_add_emulator
	host_add_binfmt_support
	fooled=(env QEMU_CPU=none QEMU_RESERVED_VA=1 LD_PRELOAD=/none LD_LIBRARY_PATH=/none BASH_ENV=/none TMPDIR=/none HOME=/none)
	prepare_in "${fooled[@]}" -- -n
	expect status 0 REASON descriptor-created MODE none WARNING ""
	prepare_in "${fooled[@]}" --
	expect status 0 REASON descriptor-created MODE emulated WARNING "" ACTIONS "* import"
	prepare_in "${fooled[@]}" --
	expect status 0 REASON descriptor-current MODE emulated
	# They would.
	armhf_runs
	QEMU_CPU=none refute armhf_runs 2> /dev/null
}

@test "observe: no probe can be started => probe-failed, naming errno; nothing changed" {
	requires_strace
	host_add_emulator
	before="$(host_kept)"
	for fault in '?vfork,?clone:error=EAGAIN' pipe2:error=EMFILE; do
		prepare_in strace -o /dev/null -e "inject=${fault}" --
		expect status 1 REASON probe-failed TIER "[04]" MODE none ACTIONS "" UNDO ""
		prepare_in strace -o /dev/null -e "inject=${fault}" -- -n
		expect status 1 REASON probe-failed MODE none ACTIONS ""
		host_descriptor
		prepare_in strace -o /dev/null -e "inject=${fault}" --
		expect status 1 REASON probe-failed TIER 1 MODE none UNDO ""
		rm "${DESCRIPTOR}"
		unchanged "${before}" "$(host_kept)"
	done
}
