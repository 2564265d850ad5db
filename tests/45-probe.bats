#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The embedded program, and the child that runs it: tests/unit/probe_test.c asks on private hosts.
# Each of its calls also fails when the process was changed: descriptors, children, signal masks and
# dispositions, umask, working directory, personality.
# shellcheck disable=SC2016 # what is quoted runs on the private host

load lib/host.bash

# probe_host << 'EOF': as host, for scripts that use the functions below.
function probe_host() {
	PROBE="${BUILD:?}/tests/probe_test" host < <(
		cat <<- 'FUNCTIONS'
			# answers ANSWER [ARGUMENT...]: probe_test with these arguments must answer so.
			function answers() {
				declare expected="${1}" answer
				shift
				answer="$("${WITH[@]}" "${PROBE}" "$@" 2> "${BATS_TEST_TMPDIR}/errors")" || { cat "${BATS_TEST_TMPDIR}/errors"; echo "${answer}"; return 1; } >&2
				[[ "${answer}" == ${expected} ]] || { echo "$*: '${answer}', expected '${expected}'" >&2; return 1; }
			}

			# within MS COMMAND...: the command must succeed in this time: generous, for a busy machine, and
			# less than what it would take to come to the deadline of 10 s or to the end of SLEEP.
			function within() {
				declare start="${EPOCHREALTIME/./}" took
				"${@:2}" || return
				took=$(((${EPOCHREALTIME/./} - start) / 1000))
				((took <= ${1})) || { echo "${*:2}: took ${took} ms" >&2; return 1; }
			}

			# gone TEXT: soon no process has this command line.
			function gone() {
				declare i
				for ((i = 0; i < 100; i++)); do
					pgrep -f "^${1}\$" > /dev/null || return 0
					sleep 0.01
				done
				echo "still there: $(pgrep -af "^${1}\$")" >&2
				return 1
			}

			# interpreter NAME: make standard input the interpreter of an entry for armhf.
			function interpreter() {
				printf '#!/bin/sh\n%s\n' "$(cat)" > "/usr/bin/${1}"
				chmod 0755 "/usr/bin/${1}"
				host_register_armhf "${1}" "" "/usr/bin/${1}"
			}

			# Stop signals as in a shell at work: a background process has some of them ignored.
			WITH=(env --default-signal=HUP,INT,QUIT,TERM)
			SLEEP="sleep 60.${BASHPID}"
		FUNCTIONS
		cat
	)
}

@test "probe: the committed header is what probe.S assembles to" {
	requires "binutils-arm-linux-gnueabihf" command -v arm-linux-gnueabihf-as
	"${TOP}/scripts/probe-image" "${BATS_TEST_TMPDIR}/header"
	diff -u "${TOP}/include/probe_image.h" "${BATS_TEST_TMPDIR}/header"
}

@test "probe: a failure to assemble leaves the header as it was" {
	requires "binutils-arm-linux-gnueabihf" command -v arm-linux-gnueabihf-as
	cp -R "${TOP}/scripts" "${BATS_TEST_TMPDIR}"
	mkdir "${BATS_TEST_TMPDIR}"/{builtin,include}
	printf 'no such instruction\n' > "${BATS_TEST_TMPDIR}/builtin/probe.S"
	printf 'kept\n' > "${BATS_TEST_TMPDIR}/include/probe_image.h"
	run ! "${BATS_TEST_TMPDIR}/scripts/probe-image"
	[[ "$(cat "${BATS_TEST_TMPDIR}/include/probe_image.h")" == kept ]]
}

@test "probe: no entry, a disabled one, status off => the same as the kernel alone" {
	probe_host <<- 'EOF'
		kernel="$("${PROBE}" plain)"
		[[ "${kernel}" == "nobody refused: Exec format error" || "${kernel}" == "kernel exited 4"[2-5]", delivered" ]]
		odd="$("${PROBE}" odd)"
		[[ "${kernel#* }" == "${odd}" ]]
		host_add_emulator
		host_register_armhf
		host_switch qemu-arm 0
		answers "${kernel}" plain
		host_switch qemu-arm 1
		answers "entry exited 42, delivered" plain
		host_switch status 0
		answers "${kernel}" plain
	EOF
}

@test "probe: qemu-arm with any flags => by the entry, 42; the odd program sees what is behind it" {
	probe_host <<- 'EOF'
		host_add_emulator
		odd="$("${PROBE}" odd)"
		for flags in "" P O C F PO PC PF OF CF OC POC POF PCF OCF POCF; do
			host_register_armhf qemu-arm "${flags}"
			answers "entry exited 42, delivered" plain
			answers "${odd}" odd
			host_switch qemu-arm -1
		done
	EOF
}

@test "probe: an interpreter run directly answers as through its entry" {
	probe_host <<- 'EOF'
		host_add_emulator
		answers "exited 42, delivered" through /usr/bin/qemu-arm-static
		answers "exited 42, delivered" through /usr/bin/qemu-arm-static preserve
		answers "refused: No such file or directory" through /usr/bin/none
		answers "refused: Permission denied" through /etc/passwd
		answers "refused: Permission denied" through /usr/bin
		answers "exited 0" through /bin/true
	EOF
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: the interpreter gets what the kernel would give it, with and without P" {
	probe_host <<- 'EOF'
		cp "${PROBE}" /usr/bin/surroundings
		host_register_armhf plain "" /usr/bin/surroundings
		answers "entry exited 42, delivered" plain
		answers "exited 42, delivered" through /usr/bin/surroundings
		host_switch plain -1
		host_register_armhf preserving P /usr/bin/surroundings
		answers "entry exited 43, delivered" plain
		answers "exited 43, delivered" through /usr/bin/surroundings preserve
	EOF
}

@test "probe: an interpreter that cannot be executed => refused by the entry, with errno" {
	probe_host <<- 'EOF'
		host_register_armhf qemu-arm "" /usr/bin/none
		answers "entry refused: No such file or directory" plain
		mkdir /usr/bin/none
		answers "entry refused: Permission denied" plain
		rmdir /usr/bin/none
		printf '#!/bin/true\n' > /usr/bin/none
		answers "entry refused: Permission denied" plain
		chmod 0755 /usr/bin/none
		answers "entry exited 0" plain
		printf 'not a program' > /usr/bin/none
		answers "entry refused: Exec format error" plain
		printf '#!/usr/bin/none/at/all\n' > /usr/bin/none
		answers "entry refused: Not a directory" plain
	EOF
}

@test "probe: the interpreter is gone, but pinned by F => by the entry, 42" {
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf qemu-arm F
		rm /usr/bin/qemu-arm-static
		answers "entry exited 42, delivered" plain
	EOF
}

@test "probe: a loose mask catches even the odd program: ENOENT; one that skips version or padding alone does not" {
	probe_host <<- 'EOF'
		host_add_emulator
		odd="$("${PROBE}" odd)"
		host_register ":padding:M:0:${ARMHF_MAGIC}:\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff:/usr/bin/qemu-arm-static:"
		answers "entry exited 42, delivered" plain
		answers "${odd}" odd
		host_switch padding -1
		host_register ":version:M:0:${ARMHF_MAGIC}:\xff\xff\xff\xff\xff\xff\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:/usr/bin/qemu-arm-static:"
		answers "entry exited 42, delivered" plain
		answers "${odd}" odd
		host_register ":loose:M:0:${ARMHF_MAGIC}:\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xfe\xff\xff\xff:/usr/bin/qemu-arm-static:"
		answers "entry exited 42, delivered" plain
		answers "refused: No such file or directory" odd
	EOF
}

@test "probe: an interpreter that exits or crashes => its status or signal, not delivered" {
	probe_host <<- 'EOF'
		interpreter exits <<< 'exit 3'
		answers "entry exited 3" plain
		interpreter says <<< 'exit 41'
		answers "entry exited 41" plain
		interpreter crashes <<< 'kill -s SEGV $$'
		answers "entry killed: Segmentation fault" plain
		interpreter alarms <<< 'kill -s ALRM $$'
		answers "entry killed: Alarm clock" plain
		interpreter fakes <<< 'exit 45'
		answers "entry exited 45, delivered" plain
		interpreter complains <<< 'exit 46'
		answers "entry exited 46" plain
	EOF
}

@test "probe: an interpreter that hangs => timeout at the deadline, with its children killed" {
	probe_host <<- 'EOF'
		interpreter hangs <<< "${SLEEP} & ${SLEEP}"
		within 5000 answers "entry timeout" -s 1 plain
		gone "${SLEEP}"
		within 5000 answers "timeout" -s 1 through /usr/bin/hangs
		within 5000 answers "timeout" -s 1 command /usr/bin/hangs
		gone "${SLEEP}"
	EOF
}

@test "probe: what a child leaves in its process group is killed when it ends" {
	probe_host <<- 'EOF'
		interpreter leaves <<< "${SLEEP} & exit 42"
		answers "entry exited 42, delivered" plain
		gone "${SLEEP}"
	EOF
}

@test "probe: a stop signal kills the child at once and reaches the shell afterwards" {
	probe_host <<- 'EOF'
		interpreter hangs <<< "${SLEEP} & ${SLEEP}"
		for signal in 1:Hangup 2:Interrupt 3:Quit 15:Terminated; do
			within 5000 answers "entry interrupted: ${signal#*:}" -k "${signal%:*}:100" plain
			within 5000 answers "*interrupted: ${signal#*:}" -k "${signal%:*}:0" plain
		done
		within 5000 answers "interrupted: Terminated" -k 15:100 command /usr/bin/hangs
		gone "${SLEEP}"
	EOF
}

@test "probe: a stop signal that the shell ignores or blocks, and any other, stops nothing" {
	probe_host <<- 'EOF'
		interpreter waits <<< 'sleep 0.3; exit 42'
		answers "entry exited 42, delivered" -n -k 15:100 plain
		for signal in INT TERM; do
			WITH=(env "--ignore-signal=${signal}")
			answers "entry exited 42, delivered" -k "$(kill -l "${signal}"):100" plain
			WITH=(env "--block-signal=${signal}")
			answers "entry exited 42, delivered" -k "$(kill -l "${signal}"):100" plain
		done
		WITH=(env)
		answers "entry exited 42, delivered" -k "$(kill -l USR1):100" plain
	EOF
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: the child is set apart from a shell with every setting turned against it" {
	probe_host <<- 'EOF'
		cp "${PROBE}" /usr/bin/surroundings
		host_register_armhf qemu-arm "" /usr/bin/surroundings
		WITH=(env --ignore-signal=HUP,INT,QUIT,PIPE,ALRM,USR1,TERM,TSTP,TTIN,TTOU,RTMIN --block-signal PATH="${PATH}" QEMU_CPU=none LD_PRELOAD=/none)
		ulimit -c unlimited
		umask 0777
		cd /usr/share
		exec 7< /etc/passwd 33< /etc/passwd 999< /etc/passwd
		answers "entry exited 42, delivered" plain
		answers "exited 42, delivered" through /usr/bin/surroundings
		answers "exited 42, delivered" command /usr/bin/surroundings
		WITH+=(strace -f -o /dev/null -e inject=close_range:error=ENOSYS)
		answers "entry exited 42, delivered" plain
		WITH[-1]=inject=close_range:error=EINVAL
		answers "exited 42, delivered" command /usr/bin/surroundings
	EOF
}

@test "probe: QEMU_CPU, LD_PRELOAD and their like change nothing" {
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		WITH=(env QEMU_CPU=none QEMU_LD_PREFIX=/none QEMU_RESERVED_VA=1 LD_PRELOAD=/none LD_LIBRARY_PATH=/none)
		answers "entry exited 42, delivered" plain
		# They would: the emulator takes the first one seriously.
		[[ "$(QEMU_CPU=none qemu-arm-static /bin/true 2>&1)" == *"unable to find CPU model"* ]]
	EOF
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: with standard descriptors closed the answers are the same" {
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		cp "${PROBE}" /usr/bin/surroundings
		for closed in 0 1 2 01 02 12 012; do
			answers "entry exited 42, delivered" -c "${closed}" plain
			answers "exited 42, delivered" -c "${closed}" through /usr/bin/surroundings
			answers "exited 42, delivered" -c "${closed}" command /usr/bin/surroundings
			answers "exited 0" -c "${closed}" lookup /etc
		done
	EOF
}

@test "probe: without pidfd, signalfd or both => the same answers, and as prompt" {
	requires strace command -v strace
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		WITH+=(strace -f -o /dev/null -e inject=none)
		for lost in inject=pidfd_open:error=ENOSYS inject=signalfd4:error=EMFILE inject=pidfd_open,signalfd4:error=ENOSYS; do
			WITH[-1]="${lost}"
			declare -a no_descriptor=()
			[[ "${lost}" != *signalfd4* ]] || no_descriptor=(-e)
			within 5000 answers "entry exited 42, delivered" "${no_descriptor[@]}" plain
		done
		interpreter hangs <<< "${SLEEP}"
		WITH=(env --default-signal=INT)
		within 5000 answers "entry interrupted: Interrupt" -e -k 2:100 plain
		within 5000 answers "entry timeout" -e -s 1 plain
		WITH+=(strace -f -o /dev/null -e inject=pidfd_open:error=ENOSYS)
		within 5000 answers "entry interrupted: Interrupt" -k 2:100 plain
		within 5000 answers "entry interrupted: Interrupt" -e -k 2:100 plain
		within 5000 answers "entry timeout" -s 1 plain
		gone "${SLEEP}"
	EOF
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: without memfd, or with one that is not executable => an unnamed temporary file, and the same answers" {
	requires strace command -v strace
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		odd="$("${PROBE}" odd)"
		cp "${PROBE}" /usr/bin/surroundings
		WITH+=(strace -f -o /dev/null -e inject=memfd_create:error=EACCES)
		umask 0777
		for closed in "" 0 012; do
			answers "entry exited 42, delivered" -c "${closed}" plain
			answers "${odd}" -c "${closed}" odd
			answers "exited 42, delivered" -c "${closed}" through /usr/bin/surroundings
		done
	EOF
}

@test "probe: without memfd the file is in the first folder that allows exec; in none => not started, with memfd's errno" {
	requires strace command -v strace
	probe_host <<- 'EOF'
		WITH+=(strace -f -o "${BATS_TEST_TMPDIR}/calls" -e trace=memfd_create,openat -e inject=memfd_create:error=EPERM)
		kernel="$("${PROBE}" plain)"
		for folder in /tmp /var/tmp /run /dev/shm; do
			mount --bind "${folder}" "${folder}"
			mount -o remount,bind,noexec "${folder}"
		done
		mount -t tmpfs none /root
		cp "${PROBE}" /usr/bin/probe_test
		PROBE=/usr/bin/probe_test
		answers "${kernel}" plain
		grep '"/root".*O_TMPFILE' "${BATS_TEST_TMPDIR}/calls"
		mount -o remount,noexec /root
		answers "not started: Operation not permitted" plain
		answers "not started: Operation not permitted" odd
		answers "not started: Operation not permitted" through /bin/true
		umount /run
		answers "${kernel}" plain
	EOF
}

@test "probe: vm.memfd_noexec of every level => the same answers" {
	requires "vm.memfd_noexec (Linux 6.3 and later)" [ -e /proc/sys/vm/memfd_noexec ]
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		for level in 1 2; do
			# The setting is the process namespace's.
			answer="$(unshare --pid --fork --mount-proc bash -euc 'echo "${1}" > /proc/sys/vm/memfd_noexec; "${2}" plain; "${2}" odd' \
				bash "${level}" "${PROBE}")"
			[[ "${answer}" == "entry exited 42, delivered"$'\n'"$("${PROBE}" odd)" ]]
		done
		[[ "$(cat /proc/sys/vm/memfd_noexec)" == 0 ]]
	EOF
}

@test "probe: what is not known is not guessed: exec refused, no child, no /proc => not started, way unknown" {
	requires strace command -v strace
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		WITH+=(strace -f -o /dev/null -e inject=none)
		for lost in execveat:error=EACCES execveat:error=EPERM execveat:error=ENOMEM execveat:error=ENOSYS; do
			WITH[-1]="inject=${lost}"
			answers "not started: *" plain
			answers "refused: *" odd
		done
		for lost in pipe2:error=EMFILE '?vfork,?clone:error=EAGAIN' setsid:error=EPERM prctl:error=EPERM chdir:error=EACCES; do
			WITH[-1]="inject=${lost}"
			answers "not started: *" plain
			answers "not started: *" odd
			answers "not started: *" command /bin/true
			answers unknown personality
		done
		# Without /proc the entry has no path to the program.
		WITH[-1]="inject=?access,?faccessat:error=ENOENT"
		answers "not started: No such file or directory" plain
	EOF
}

@test "probe: SIGCHLD ignored, so that nobody can reap => an error, no hang" {
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		answers "not started: No child processes" -i plain
		answers "not started: No child processes" -i command /bin/true
		interpreter hangs <<< "${SLEEP}"
		within 5000 answers "entry timeout" -i -s 1 plain
		gone "${SLEEP}"
	EOF
}

@test "probe: a shell with background children and a handler that reaps all => every answer arrives, every child too" {
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		answers "entry exited 42, delivered" -b -r 100 plain
		answers "exited 0" -b -r 100 lookup /etc
		answers "exited 0" -b -r 100 command /bin/true
	EOF
}

@test "probe: kill -9 of the shell takes the child along" {
	probe_host <<- 'EOF'
		interpreter hangs <<< "exec ${SLEEP}"
		for question in plain "command /usr/bin/hangs"; do
			# shellcheck disable=SC2086 # a question is words
			"${PROBE}" -s 60 ${question} &
			until pgrep -f "^${SLEEP}\$" > /dev/null; do sleep 0.01; done
			kill -s KILL "${!}"
			wait "${!}" || true
			gone "${SLEEP}"
		done
	EOF
}

@test "probe: a command gets its arguments and environment, and its status comes back" {
	probe_host <<- 'EOF'
		answers "exited 0" command /bin/true
		answers "exited 7" command /bin/sh -c 'exit "${1}"' sh 7
		answers "exited 5" command NAME=5 /bin/sh -c 'exit "${NAME}"'
		answers "refused: No such file or directory" command /usr/bin/none
		answers "refused: Permission denied" command /etc/passwd
	EOF
}

@test "probe: a look-up finds, does not find, and says why" {
	probe_host <<- 'EOF'
		answers "exited 0" lookup /etc/passwd
		answers "exited 1: No such file or directory" lookup /none
		answers "exited 1: Not a directory" lookup /etc/passwd/none
		ln -s loop /usr/bin/loop
		answers "exited 1: Too many levels of symbolic links" lookup /usr/bin/loop/none
	EOF
}

@test "probe: a file system that hangs holds neither a look-up nor an interpreter beyond the deadline" {
	requires /dev/fuse [ -w /dev/fuse ]
	probe_host <<- 'EOF'
		# Mounted, and nobody answers while this shell, alone, holds the other end.
		exec 9<> /dev/fuse
		mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 none /mnt
		within 5000 answers "timeout" -s 1 lookup /mnt/none 9<&-
		within 5000 answers "interrupted: Terminated" -k 15:100 lookup /mnt/none 9<&-
		# At once: before the child is in a process group of its own.
		within 5000 answers "interrupted: Terminated" -k 15:0 lookup /mnt/none 9<&-
		within 5000 answers "timeout" -s 1 command /mnt/none 9<&-
		host_register_armhf hangs "" /mnt/none
		within 5000 answers "entry timeout" -s 1 plain 9<&-
		exec 9<&-
	EOF
}

@test "probe: the personality answer is what setarch and uname say" {
	probe_host <<- 'EOF'
		case "$(setarch linux32 uname -m 2> /dev/null)" in
			"") expected=refused ;;
			aarch64) expected=64bit ;;
			armv8l) expected=32bit ;;
			*) expected=unknown ;;
		esac
		answers "${expected}" personality
	EOF
}

# valgrind and the sanitizers do not run together.
# bats test_tags=unsanitized
@test "probe: valgrind finds nothing" {
	requires valgrind command -v valgrind
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		WITH+=(valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=definite,indirect,possible)
		answers "entry exited 42, delivered" plain
		# It replaces execveat of a descriptor by execve of a name, which this file has not.
		answers "refused: No such file or directory" odd
		answers "exited 42, delivered" through /usr/bin/qemu-arm-static preserve
		answers "exited 0" command /bin/true
		answers "exited 1: No such file or directory" lookup /none
		interpreter hangs <<< "${SLEEP}"
		answers "entry timeout" -s 1 plain
		answers "entry interrupted: Terminated" -k 15:100 plain
	EOF
}

# It does this by itself.
# bats test_tags=unsanitized
@test "probe: the sanitizers find nothing" {
	declare -a build=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE= -g -O1 -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -I "${TOP}/include")
	printf 'int main(void) { return 0; }\n' > "${BATS_TEST_TMPDIR}/none.c"
	requires "the sanitizers' libraries" "${build[@]}" -o "${BATS_TEST_TMPDIR}/none" "${BATS_TEST_TMPDIR}/none.c"
	"${build[@]}" -o "${BATS_TEST_TMPDIR}/sanitized" "${TOP}"/builtin/{probe,stop}.c "${TOP}/tests/unit/probe_test.c"
	probe_host <<- 'EOF'
		host_add_emulator
		host_register_armhf
		odd="$("${PROBE}" odd)"
		PROBE="${BATS_TEST_TMPDIR}/sanitized"
		answers "entry exited 42, delivered" plain
		answers "${odd}" odd
		answers "exited 42, delivered" -c 012 through /usr/bin/qemu-arm-static preserve
		answers "exited 0" -b -r 50 command /bin/true
		answers "exited 1: No such file or directory" lookup /none
		interpreter hangs <<< "${SLEEP}"
		answers "entry timeout" -s 1 plain
		answers "entry interrupted: Terminated" -k 15:100 plain
	EOF
}
