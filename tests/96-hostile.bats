#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Others who can write where root reads, a hostile environment, and a host that refuses. Single bad
# descriptors, variables and interpreters are in 60-steps, 72-badinput and 50-observe; here is what they are for.
# shellcheck disable=SC2016,SC2030,SC2031 # other shells; each test is a process of its own

# bats file_tags=sanitized
load lib/host.bash

function setup() {
	private_host
}

# A directory and a program that belong to somebody else, and would tell if they were executed.
function evil() {
	MARK="${BATS_TEST_TMPDIR}/executed"
	EVIL="/usr/lib/bash/evil"
	mkdir -p "${EVIL}"
	printf '#!/bin/sh\necho "$0 $*" >> %s\n' "${MARK}" > "${EVIL}/program"
	chmod 0755 "${EVIL}/program"
}

# another COMMAND...: run it as an ordinary user. In a namespace nobody's number stands for the root of outside.
function another() {
	setpriv --reuid=1000 --regid=1000 --clear-groups "$@"
}

function not_executed() {
	[[ ! -e "${MARK}" ]] || {
		echo "executed: $(cat "${MARK}")" >&2
		return 1
	}
}

# bats test_tags=slow
@test "hostile: a descriptor, a directory or a program that others can write => refused by name, nothing registered, nothing executed" {
	requires_root
	evil
	host_add_emulator
	host_add_emulator "${EVIL}/qemu"
	# What is wrong, the command that makes it so, the command that mends it, and what is named.
	while IFS='|' read -r make mend named; do
		host_descriptor "${EVIL}/qemu"
		eval "${make}"
		before="$(host_state)"
		for options in "" "-p native" "-p emulated" -n; do
			# shellcheck disable=SC2086
			prepare ${options}
			expect status 1 REASON "descriptor-@(invalid|failed)" MESSAGE "*${named}: *" ACTIONS "" UNDO ""
		done
		unchanged "${before}" "$(host_state)"
		[[ "$(ls "${TABLE}")" == $'register\nstatus' ]]
		eval "${mend}"
		rm "${DESCRIPTOR}"
	done <<- TABLE
		chmod 0666 ${DESCRIPTOR}|:|${DESCRIPTOR}
		chgrp 1000 ${DESCRIPTOR}; chmod 0664 ${DESCRIPTOR}|:|${DESCRIPTOR}
		chown 1000 ${DESCRIPTOR}|:|${DESCRIPTOR}
		chmod 0777 ${DESCRIPTOR%/*}|chmod 0755 ${DESCRIPTOR%/*}|${DESCRIPTOR%/*}
		chown 1000 ${DESCRIPTOR%/*}|chown 0 ${DESCRIPTOR%/*}|${DESCRIPTOR%/*}
		chmod 0757 ${EVIL}/qemu|chmod 0755 ${EVIL}/qemu|${EVIL}/qemu
		chown 1000 ${EVIL}/qemu|chown 0 ${EVIL}/qemu|${EVIL}/qemu
		chmod 0777 ${EVIL}|chmod 0755 ${EVIL}|${EVIL}
		chown 1000 ${EVIL}|chown 0 ${EVIL}|${EVIL}
	TABLE
	host_descriptor "${EVIL}/qemu"
	prepare
	expect status 0 REASON descriptor-registered INTERPRETER "${EVIL}/qemu"
}

# bats test_tags=slow,once
@test "hostile: links that another user swaps all the time => never followed, neither for the descriptor nor for the interpreter" {
	requires_root
	evil
	host_add_emulator
	theirs="/usr/lib/bash/theirs"
	install -d -o 1000 "${theirs}"
	host_descriptor_text "${EVIL}/program" > "${EVIL}/descriptor"
	host_descriptor_text > "${EVIL}/good"
	# The user's directory is world-readable, its links lead now to root's own good file, now to the evil one.
	# Not through the function: that would be a shell between, and killing it would leave the loop behind for ever.
	(exec setpriv --reuid=1000 --regid=1000 --clear-groups --pdeathsig KILL bash -c 'while :; do
			for target in good descriptor program; do
				ln -sfn "${1}/${target}" "${2}/new.${target}" && mv -T "${2}/new.${target}" "${2}/link"
			done
		done' bash "${EVIL}" "${theirs}") &
	swapper="${!}"
	until [[ -L "${theirs}/link" ]]; do :; done
	ln -s "${theirs}/link" "${DESCRIPTOR}"
	for ((i = 0; i < 300; i++)); do
		prepare
		expect status 1 REASON descriptor-invalid ACTIONS ""
	done
	rm "${DESCRIPTOR}"
	host_descriptor "${theirs}/link"
	for ((i = 0; i < 300; i++)); do
		prepare
		expect status 1 REASON descriptor-failed ACTIONS ""
	done
	[[ "$(ls "${TABLE}")" == $'register\nstatus' ]]
	not_executed
	kill "${swapper}"
}

@test "hostile: the directory of the descriptors is a link into another user's => nothing is written there" {
	requires_root
	host_add_emulator
	theirs="/usr/lib/bash/theirs"
	install -d -o 1000 "${theirs}"
	rmdir "${DESCRIPTOR%/*}"
	ln -s "${theirs}" "${DESCRIPTOR%/*}"
	prepare
	expect status 0 REASON entry-registered ACTIONS register:qemu-arm WARNING "*${theirs}: *uid 1000*reboot*"
	[[ -z "$(ls -A "${theirs}")" ]]
	prepare -r "${ARMHF_BINFMT_UNDO}"
	[[ -z "$(ls -A "${theirs}")" && "$(ls "${TABLE}")" == $'register\nstatus' ]]
	# Through root's own directories a link is as good as any.
	rm "${DESCRIPTOR%/*}"
	mkdir /usr/libexec/formats
	ln -s /usr/libexec/formats "${DESCRIPTOR%/*}"
	prepare
	expect status 0 REASON descriptor-created
	[[ -f /usr/libexec/formats/qemu-arm ]]
}

@test "hostile: PATH, IFS, BASH_ENV, ENV, TMPDIR, locale and functions named like everything => the same outcome, none of them used" {
	evil
	host_add_emulator
	host_add_binfmt_support
	for name in qemu-arm-static qemu-arm update-binfmts mount modprobe arch-test uname sh bash env cat; do
		cp "${EVIL}/program" "${EVIL}/${name}"
	done
	printf 'echo BASH_ENV >> %s\n' "${MARK}" > "${EVIL}/env.sh"
	prepare
	expect status 0 REASON descriptor-created WARNING ""
	outcome="$(declare -p "${!ARMHF_BINFMT_@}")"
	state="$(host_state | grep -v 'binfmts')"
	prepare -r "${ARMHF_BINFMT_UNDO}"
	expect status 0
	# In a shell of its own that has all of it, and marks whatever is called.
	env -i HOME=/nonexistent PATH="${EVIL}:." IFS=$'/:a\n' BASH_ENV="${EVIL}/env.sh" ENV="${EVIL}/env.sh" TMPDIR="${EVIL}" CDPATH="${EVIL}" \
		LC_ALL=tr_TR.UTF-8 LANGUAGE=tr GLOBIGNORE='*' OPTIND=7 OPTERR=0 \
		"$(command -v bash)" --norc -p -c 'MARK="${2}"
			for name in mount modprobe update-binfmts qemu-arm-static uname arch-test probe_run steps_do decide \
				malloc open read write printf echo test [ command set unset trap kill wait; do
				eval "function ${name} { : > \"\${MARK}\"; }"
				export -f "${name}"
			done
			enable -f "${1}" armhf_binfmt_prepare || exit 126
			armhf_binfmt_prepare
			status="${?}"
			declare -p "${!ARMHF_BINFMT_@}" > "${3}"
			exit "${status}"' bash "${INSTALLED}" "${MARK}" "${BATS_TEST_TMPDIR}/outcome"
	not_executed
	diff <(echo "${outcome}") "${BATS_TEST_TMPDIR}/outcome"
	unchanged "${state}" "$(host_state | grep -v 'binfmts')"
}

@test "hostile: an interpreter that is a shell script gets neither BASH_ENV nor an exported function" {
	evil
	host_add_emulator
	printf 'echo BASH_ENV >> %s\n' "${MARK}" > "${EVIL}/env.sh"
	printf '#!/bin/bash\n[[ "$(env | grep -cv "^\\(PWD\\|SHLVL\\|_\\|OLDPWD\\)=")" == 0 ]] || exit 1\nexec /usr/bin/qemu-arm-static "$@"\n' > "${EVIL}/interpreter"
	chmod 0755 "${EVIL}/interpreter"
	host_register_armhf qemu-arm "" "${EVIL}/interpreter"
	# shellcheck disable=SC2317 # if it was called
	function exec() { echo function >> "${MARK}"; }
	export -f exec
	export BASH_ENV="${EVIL}/env.sh" ENV="${EVIL}/env.sh" LD_PRELOAD="" LD_LIBRARY_PATH="${EVIL}"
	prepare
	unset -f exec
	expect status 0 REASON entry-trusted
	not_executed
}

# bats test_tags=slow
@test "hostile: a seccomp filter that refuses what can be done without => the same outcome" {
	host_add_emulator
	for filter in memfd_create:38 memfd_create:1 memfd_create:13 pidfd_open:38 pidfd_open:1 statx:38 close_range:38 close_range:1 signalfd4:38 signalfd4:1 execveat:38 \
		"memfd_create:38 pidfd_open:38 close_range:38 signalfd4:38"; do
		# shellcheck disable=SC2086
		prepare_in "${BUILD}/tests/refuse" ${filter} --
		expect status 0 REASON descriptor-created MODE emulated ALIGN all WARNING ""
		armhf_runs
		prepare -r "${ARMHF_BINFMT_UNDO}"
		expect status 0
	done
}

# bats test_tags=slow
@test "hostile: a seccomp filter that refuses what is needed => an error that names it, nothing changed" {
	host_add_emulator
	before="$(host_kept)"
	# The calls, with ENOSYS (38) or EPERM (1), the reason and what the message says.
	while IFS='|' read -r filter reason message; do
		# shellcheck disable=SC2086
		prepare_in "${BUILD}/tests/refuse" ${filter} --
		expect status 1 REASON "${reason}" MODE none MESSAGE "${message}" ACTIONS "" UNDO ""
		unchanged "${before}" "$(host_kept)"
	done <<- 'TABLE'
		execveat:1|probe-failed|*could be started*: Operation not permitted; *
		flock:1|not-permitted|/proc/sys/fs/binfmt_misc/register: cannot lock it: Operation not permitted; *
		flock:38|registration-failed|/proc/sys/fs/binfmt_misc/register: cannot lock it: Function not implemented; *
		statx:1|not-permitted|*: cannot look at it: Operation not permitted; *
	TABLE
}

# The program that loads the sanitizers into a shell is in /tmp, which is hidden here.
# bats test_tags=unsanitized
@test "hostile: vm.memfd_noexec=2, and no directory but one that allows exec => the same outcome" {
	requires "vm.memfd_noexec (Linux 6.3 and later)" [ -e /proc/sys/vm/memfd_noexec ]
	# The setting belongs to root outside.
	requires_root
	host_add_emulator
	# The setting is the process namespace's, of which /proc is mounted over the machine's, and the table on that.
	prepare_in unshare --pid --fork --mount-proc bash -ec 'for directory in /tmp /var/tmp /run; do
			mount -t tmpfs -o noexec none "${directory}"
		done
		echo 2 > /proc/sys/vm/memfd_noexec
		mount -t binfmt_misc none "${0}"
		exec "$@"' "${TABLE}" --
	expect status 0 REASON descriptor-created MODE emulated
}

# bats test_tags=unsanitized
@test "hostile: no /dev/fd, no /dev/shm, no /tmp => the same outcome" {
	host_add_emulator
	prepare_in unshare --mount bash -c 'mount -t tmpfs none /mnt && touch /mnt/null && mount --bind /dev/null /mnt/null && mount --rbind /mnt /dev &&
		mount -t tmpfs -o ro none /tmp && [[ ! -e /dev/fd && ! -e /dev/shm ]] && exec "$@"' bash --
	expect status 0 REASON descriptor-created MODE emulated
}

@test "hostile: no process can be started (RLIMIT_NPROC) => probe-failed with errno, nothing changed" {
	requires_root
	host_add_emulator
	host_descriptor
	chmod 0755 "${BATS_TEST_TMPDIR}"
	before="$(host_state)"
	prepare_in another bash -c 'ulimit -u 1; exec "$@"' bash -- -n
	expect status 1 REASON probe-failed MODE none MESSAGE "*: no armhf program could be started (*): Resource temporarily unavailable; *ulimit -u*" UNDO ""
	unchanged "${before}" "$(host_state)"
}

# bats test_tags=slow
@test "hostile: no descriptor is left (RLIMIT_NOFILE), from none to enough => the outcome or EMFILE, never anything between" {
	host_add_emulator
	host_add_binfmt_support
	before="$(host_kept)"
	declare -i failed=0 passed=0
	for ((limit = 3; limit < 24; limit++)); do
		# Those that the shell has open stay open; how many it may open from now on is what the limit says.
		unset status "${!ARMHF_BINFMT_@}"
		status=0
		(
			exec 2> /dev/null
			ulimit -Sn "${limit}"
			armhf_binfmt_prepare || status="${?}"
			ulimit -Sn 256
			for name in "${!ARMHF_BINFMT_@}"; do printf '%s=%q\n' "${name}" "${!name}"; done > "${HOST_OUTPUT}.set"
			exit "${status}"
		) || status="${?}"
		# shellcheck source=/dev/null
		source "${HOST_OUTPUT}.set"
		if ((status == 0)); then
			armhf_runs
			passed+=1
			prepare -r "${ARMHF_BINFMT_UNDO}"
			expect status 0
		else
			expect status 1 MESSAGE "*Too many open files*" UNDO ""
			failed+=1
		fi
		unchanged "${before}" "$(host_kept)"
	done
	((failed > 2 && passed > 2))
}

@test "hostile: a disk or its inodes full while the descriptor is made => the entry alone, ENOSPC is told, nothing of it is left" {
	host_add_emulator
	host_add_binfmt_support
	for full in size=4k nr_inodes=3; do
		# The temporary file is on that of /usr/share.
		mount -t tmpfs -o "${full},mode=0755" none /usr/share
		mkdir "${DESCRIPTOR%/*}"
		head -c 4096 /dev/zero > "${DESCRIPTOR%/*}/filler"
		before="$(host_kept)"
		prepare
		expect status 0 REASON entry-registered ACTIONS register:qemu-arm WARNING "${DESCRIPTOR}: *No space left on device; *reboot: free space or inodes *"
		[[ "$(ls -A /usr/share)" == binfmts ]]
		prepare -r "${ARMHF_BINFMT_UNDO}"
		unchanged "${before}" "$(host_kept)"
		umount -l /usr/share
	done
	prepare
	expect status 0 REASON descriptor-created
}
