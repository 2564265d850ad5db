#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The embedded program, and the child that runs it: tests/unit/probe_test.c asks on private hosts.
# Each of its calls also fails when the process was changed: descriptors, children, signal masks and
# dispositions, umask, working directory, personality.
# shellcheck disable=SC2016,SC2030,SC2031,SC2053,SC2054 # other shells expand; WITH is of each test; patterns; lists of signals

# bats file_tags=sanitized
load lib/host.bash

# ANSWER=N stands in an interpreter for what the program itself would do: answer with N as the token says.
ANSWER='for token; do :; done; exit "$(printf "%d" "'"'"'$(printf "%s" "${token}" | cut -c "$((ANSWER - 41))")")"'

function setup() {
	private_host
	PROBE="${BUILD:?}/tests/probe_test"
	# Stop signals as in a shell at work: a background process has some of them ignored.
	WITH=(env --default-signal=HUP,INT,QUIT,TERM)
	SLEEP="sleep 60.${BASHPID}"
}

# answers ANSWER [ARGUMENT...]: probe_test with these arguments must answer so.
function answers() {
	declare expected="${1}" answer
	shift
	answer="$("${WITH[@]}" "${PROBE}" "$@" 2> "${BATS_TEST_TMPDIR}/errors")" || {
		cat "${BATS_TEST_TMPDIR}/errors"
		echo "${answer}"
		return 1
	} >&2
	[[ "${answer}" == ${expected} ]] || {
		echo "$*: '${answer}', expected '${expected}'" >&2
		return 1
	}
}

# within MS COMMAND...: the command must succeed in this time: generous, for a busy machine, and
# less than what it would take to come to the deadline of 10 s or to the end of SLEEP.
function within() {
	declare start="${EPOCHREALTIME/./}" took
	"${@:2}" || return
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	((took <= ${1})) || {
		echo "${*:2}: took ${took} ms" >&2
		return 1
	}
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
}

# bats test_tags=slow,once
@test "probe: qemu-arm with any flags => by the entry, 42; the odd program sees what is behind it" {
	host_add_emulator
	odd="$("${PROBE}" odd)"
	for flags in "" P O C F PO PC PF OF CF OC POC POF PCF OCF POCF; do
		host_register_armhf qemu-arm "${flags}"
		answers "entry exited 42, delivered" plain
		answers "${odd}" odd
		host_switch qemu-arm -1
	done
}

# bats test_tags=slow
@test "probe: an interpreter run directly answers as through its entry" {
	host_add_emulator
	answers "exited 42, delivered" through /usr/bin/qemu-arm-static
	answers "exited 42, delivered" through /usr/bin/qemu-arm-static preserve
	if emulator_reads_name; then
		cp /usr/bin/qemu-arm-static /usr/bin/arm-binfmt-P
		answers "exited 42, delivered" through /usr/bin/arm-binfmt-P preserve
		answers "exited 48" through /usr/bin/arm-binfmt-P
	fi
	# As qemu 11.1, which does not look at its name.
	printf '%s\n' '#!/bin/sh' 'exec /usr/bin/qemu-arm-static "$@"' > /usr/bin/newer-binfmt-P
	chmod 0755 /usr/bin/newer-binfmt-P
	answers "exited 42, delivered" through /usr/bin/newer-binfmt-P preserve
	answers "exited 42, delivered" through /usr/bin/newer-binfmt-P
	answers "refused: No such file or directory" through /usr/bin/none
	answers "refused: Permission denied" through /etc/passwd
	answers "refused: Permission denied" through /usr/bin
	answers "exited status 0" through /bin/true
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: the interpreter gets what the kernel would give it, with and without P" {
	cp "${PROBE}" /usr/bin/surroundings
	host_register_armhf plain "" /usr/bin/surroundings
	answers "entry exited 42, delivered" plain
	answers "exited 42, delivered" through /usr/bin/surroundings
	host_switch plain -1
	host_register_armhf preserving P /usr/bin/surroundings
	answers "entry exited 43, delivered" plain
	answers "exited 42, delivered" through /usr/bin/surroundings preserve
	ln -s surroundings /usr/bin/surroundings-binfmt-P
	answers "exited 42, delivered" through /usr/bin/surroundings-binfmt-P
	answers "exited 43, delivered" through /usr/bin/surroundings-binfmt-P preserve
}

@test "probe: an interpreter that cannot be executed => refused by the entry, with errno" {
	host_register_armhf qemu-arm "" /usr/bin/none
	answers "entry refused: No such file or directory" plain
	mkdir /usr/bin/none
	answers "entry refused: Permission denied" plain
	rmdir /usr/bin/none
	printf '#!/bin/true\n' > /usr/bin/none
	answers "entry refused: Permission denied" plain
	chmod 0755 /usr/bin/none
	answers "entry exited status 0" plain
	printf 'not a program' > /usr/bin/none
	answers "entry refused: Exec format error" plain
	printf '#!/usr/bin/none/at/all\n' > /usr/bin/none
	answers "entry refused: Not a directory" plain
}

@test "probe: the interpreter is gone, but pinned by F => by the entry, 42" {
	host_add_emulator
	host_register_armhf qemu-arm F
	rm /usr/bin/qemu-arm-static
	answers "entry exited 42, delivered" plain
}

@test "probe: a loose mask catches even the odd program: ENOENT; one that skips version or padding alone does not" {
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
}

@test "probe: an interpreter that exits or crashes => its status or signal, not delivered" {
	interpreter exits <<< 'exit 3'
	answers "entry exited status 3" plain
	interpreter says <<< 'exit 31'
	answers "entry exited status 31" plain
	interpreter crashes <<< 'kill -s SEGV $$'
	answers "entry killed: Segmentation fault" plain
	interpreter alarms <<< 'kill -s ALRM $$'
	answers "entry killed: Alarm clock" plain
	interpreter maps <<< "ANSWER=45; ${ANSWER}"
	answers "entry exited 45, delivered" plain
	interpreter complains <<< "ANSWER=46; ${ANSWER}"
	answers "entry exited 46" plain
}

# bats test_tags=slow,once
@test "probe: a program that always exits with the same status is no emulator, least of all with 42 to 48" {
	for status in 42 43 44 45 46 47 48 0 1 32 64 78 100 101 124 125 126 127 128 159 255; do
		interpreter "always${status}" <<< "exit ${status}"
		answers "entry exited status ${status}" -r 10 plain
	done
	answers "exited status 42" -r 50 through /usr/bin/always42
}

# bats test_tags=slow
@test "probe: the token is another one each time, and says what the program must exit with" {
	interpreter tells <<< 'for token; do :; done; echo "${token}" >> '"${BATS_TEST_TMPDIR}/tokens; ANSWER=42; ${ANSWER}"
	answers "entry exited 42, delivered" -r 40 plain
	(("$(sort -u "${BATS_TEST_TMPDIR}/tokens" | wc -l)" > 10))
	[[ "$(grep -cE '^[]!-)1-?O-[\\^-c]{7}$' "${BATS_TEST_TMPDIR}/tokens")" == 40 ]]
}

# bats test_tags=slow
@test "probe: arguments that do not arrive as they were sent => 48; argv[0] is free" {
	host_add_emulator
	real=/usr/bin/qemu-arm-static
	interpreter passes <<< "exec ${real} -0 another \"\${@}\""
	answers "entry exited 42, delivered" plain
	interpreter splits <<< "exec ${real} \${@}"
	answers "entry exited 48" plain
	interpreter loses <<< "exec ${real} \"\${1}\""
	answers "entry exited 48" plain
	interpreter adds <<< "exec ${real} \"\${@}\" more"
	answers "entry exited 48" plain
	interpreter shifts <<< "exec ${real} \"\${1}\" armhf-probe \"\${2}\" \"\${3}\""
	answers "entry exited 48" plain
	interpreter changes <<< "exec ${real} \"\${1}\" \"\${2}\" ABCDEFG"
	answers "entry exited 48" plain
	interpreter replaces <<< "exec ${real} \"\${1}\" another \"\${3}\""
	answers "entry exited 48" plain
	interpreter swaps <<< "exec ${real} \"\${1}\" \"\${3}\" \"\${2}\""
	answers "entry exited 48" plain
}

@test "probe: flag P with an emulator that is older than it => 48, and without P 42" {
	requires "qemu 5.2, of Debian bullseye" emulator_before_preserve
	OLD="$(emulator_before_preserve)"
	install -m 0755 "${OLD}" /usr/bin/qemu-arm-static
	host_register_armhf qemu-arm P
	answers "entry exited 48" plain
	host_switch qemu-arm -1
	host_register_armhf qemu-arm
	answers "entry exited 42, delivered" plain
	answers "exited 42, delivered" through /usr/bin/qemu-arm-static preserve
}

# bats test_tags=unsanitized,slow,once
@test "probe: what the emulator says of itself is its first line, whatever else it writes" {
	interpreter says <<< 'echo "cannot run: no memory" >&2; echo more >&2; exit 1'
	answers "entry exited status 1, said 'cannot run: no memory'" plain
	answers "exited status 1, said 'cannot run: no memory'" through /usr/bin/says
	answers "exited status 1, said 'cannot run: no memory'" command /usr/bin/says
	interpreter begins <<< 'printf "no newline" >&2; exit 1'
	answers "entry exited status 1, said 'no newline'" plain
	interpreter waits <<< 'printf "\n\nfirst " >&2; sleep 0.2; echo half >&2; exit 1'
	answers "entry exited status 1, said 'first half'" plain
	interpreter dies <<< 'echo "last words" >&2; kill -s SEGV $$'
	answers "entry killed: Segmentation fault, said 'last words'" plain
	interpreter hangs <<< "echo waiting >&2; ${SLEEP}"
	answers "entry timeout, said 'waiting'" -s 1 plain
	# qemu 10 and later write this about every file that has no name.
	interpreter resolves <<< 'echo "Could not resolve /dev/fd/3" >&2; echo "but this" >&2; exit 1'
	answers "entry exited status 1, said 'but this'" plain
	interpreter resolves2 <<< 'printf "Could not resolve /proc/self/fd/0" >&2; exit 1'
	answers "entry exited status 1" plain
	host_add_emulator
	host_switch resolves2 0
	host_register_armhf real
	ulimit -S -v 200000
	answers "entry exited status 1, said 'qemu-arm-static: *'" plain
}

# bats test_tags=unsanitized,slow,once
@test "probe: however much, long or strange it is that an emulator writes, it is cut and holds up nobody" {
	line="$(printf '%0200d' 7)"
	interpreter long <<< "echo ${line}8 >&2; exit 1"
	answers "entry exited status 1, said '${line}'" plain
	# More than a pipe holds, in one line and in many.
	interpreter much <<< "head -c 1000000 /dev/zero | tr '\\0' x >&2; ANSWER=42; ${ANSWER}"
	within 5000 answers "entry exited 42, delivered, said '$(printf '%0200d' 0 | tr 0 x)'" plain
	interpreter many <<< "yes no | head -c 1000000 >&2; ANSWER=42; ${ANSWER}"
	within 5000 answers "entry exited 42, delivered, said 'no'" plain
	interpreter endless <<< 'exec yes no >&2'
	within 5000 answers "entry timeout, said 'no'" -s 1 plain
	interpreter zeros <<< 'printf "a\000b\377\n" >&2; exit 1'
	answers "entry exited status 1, said 'ab"$'\377'"'" plain
	interpreter closes <<< "exec 2>&-; sleep 0.2; ANSWER=42; ${ANSWER}"
	answers "entry exited 42, delivered" plain
	# In a session of its own: it outlives the probe, with standard error open, and may write on.
	left="${BATS_TEST_TMPDIR}/left"
	interpreter leaves <<< "setsid sh -c ': > ${left}; exec ${SLEEP}' & until [ -e ${left} ]; do :; done; ANSWER=42; ${ANSWER}"
	within 5000 answers "entry exited 42, delivered" plain
	interpreter floods <<< "setsid sh -c 'while :; do echo; done' >&2 & ANSWER=42; ${ANSWER}"
	within 5000 answers "entry exited 42, delivered" plain
	# It has left, and may be about to run.
	until pkill -f -x "${SLEEP}"; do sleep 0.01; done
}

@test "probe: traced, the registers tell an interpreter of this machine from the kernel" {
	requires_emulation
	answers "nobody refused: Exec format error" traced
	host_add_emulator
	for flags in "" P F POCF; do
		host_register_armhf qemu-arm "${flags}"
		answers "entry exited 42, delivered" traced
		host_switch qemu-arm -1
	done
	interpreter exits <<< 'exit 3'
	answers "entry exited status 3" traced
	interpreter crashes <<< 'echo "last words" >&2; kill -s SEGV $$'
	answers "entry killed: Segmentation fault, said 'last words'" traced
	host_register_armhf none "" /usr/bin/none
	answers "refused: No such file or directory" traced
}

# bats test_tags=slow,once
@test "probe: traced or alone, every rule of a child holds: deadline, interruption, its group, background children" {
	host_add_emulator
	host_register_armhf
	answers "entry exited 42, delivered" -b -r 50 traced
	alone="$("${PROBE}" alone)"
	answers "${alone}" -b -r 50 alone
	for closed in 0 2 012; do
		answers "entry exited 42, delivered" -c "${closed}" traced
		answers "${alone}" -c "${closed}" alone
	done
	interpreter hangs <<< "${SLEEP} & ${SLEEP}"
	within 5000 answers "entry timeout" -s 1 traced
	within 5000 answers "entry interrupted: Terminated" -k 15:100 traced
	within 5000 answers "*interrupted: Terminated" -k 15:0 traced
	within 5000 answers "*interrupted: Terminated" -k 15:0 alone
	within 5000 answers "entry timeout" -i -s 1 traced
	gone "${SLEEP}"
	interpreter waits <<< "exec ${SLEEP}"
	"${PROBE}" -s 60 traced &
	until pgrep -f "^${SLEEP}\$" > /dev/null; do sleep 0.01; done
	kill -s KILL "${!}"
	wait "${!}" || true
	gone "${SLEEP}"
}

@test "probe: alone, no entry is in effect, and the table outside stays as it is" {
	alone="$("${PROBE}" alone)"
	[[ "${alone}" == "nobody refused: Exec format error" || "${alone}" == "kernel exited 4"[2-5]", delivered" ]]
	host_add_emulator
	host_register_armhf qemu-arm F
	host_register ":loose:M:0:\x7fELF\x01::/usr/bin/qemu-arm-static:"
	before="$(
		host_state
		cat /proc/self/mountinfo
	)"
	answers "${alone}" -r 20 alone
	[[ "$(
		host_state
		cat /proc/self/mountinfo
	)" == "${before}" ]]
}

@test "probe: evidence that is refused is no evidence: a tracer, no user namespace, no mount" {
	requires strace command -v strace
	host_add_emulator
	host_register_armhf
	WITH+=(strace -f -o /dev/null)
	answers "not started: ptrace: Operation not permitted" traced
	WITH+=(-e inject=unshare:error=ENOSPC)
	answers "not started: a user namespace: No space left on device" alone
	WITH[-1]=inject=mount:error=EPERM
	answers "not started: /proc/sys/fs/binfmt_misc: Operation not permitted" alone
	WITH=(env)
	# The limit is that of the host which all tests share.
	limit="$(< /proc/sys/user/max_user_namespaces)"
	echo 0 > /proc/sys/user/max_user_namespaces
	answers "not started: a user namespace: No space left on device" alone || status="${?}"
	echo "${limit}" > /proc/sys/user/max_user_namespaces
	((${status:-0} == 0))
}

@test "probe: without execveat the program is executed by its path: by somebody, 42; nobody, ENOEXEC" {
	requires strace command -v strace
	WITH+=(strace -f -o /dev/null -e inject=execveat:error=ENOSYS)
	kernel="$("${PROBE}" plain)"
	[[ "${kernel}" == nobody* ]] || kernel="somebody ${kernel#* }"
	answers "${kernel}" plain
	host_register_armhf qemu-arm
	answers "somebody refused: No such file or directory" plain
	host_add_emulator
	answers "somebody exited 42, delivered" plain
	answers "refused: Function not implemented" odd
	alone="$("${PROBE}" alone)"
	answers "${alone}" alone
}

# bats test_tags=slow
@test "probe: waitid that fails leaves nobody behind" {
	requires strace command -v strace
	interpreter hangs <<< "${SLEEP} & ${SLEEP}"
	WITH+=(strace -f -o /dev/null -e inject=waitid:error=EPERM)
	for question in plain "through /usr/bin/hangs" "command /usr/bin/hangs"; do
		# shellcheck disable=SC2086 # a question is words
		within 5000 answers "not started: waitid: Operation not permitted" ${question}
		gone "${SLEEP}"
	done
	WITH[-1]=inject=waitid:error=EPERM:when=2+
	within 5000 answers "not started: waitid: Operation not permitted" -s 1 plain
	gone "${SLEEP}"
}

@test "probe: a shell whose children are in another pid namespace gets the same answers" {
	host_add_emulator
	host_register_armhf
	WITH+=(unshare --pid)
	answers "entry exited 42, delivered" plain
	WITH=(env)
	# shellcheck disable=SC2086 # a command and its argument
	unshare --pid --fork --kill-child ${SLEEP} 3>&- &
	until init="$(pgrep -f "^${SLEEP}\$")"; do sleep 0.01; done
	WITH+=(nsenter "--pid=/proc/${init}/ns/pid" --no-fork)
	answers "entry exited 42, delivered" -r 3 plain
	answers "entry exited 42, delivered" traced
	answers "exited status 0" command /bin/true
	kill -s KILL "${!}"
}

@test "probe: ulimit -f 0 ends nobody: the limit is raised where it may be, else named; it is kept" {
	host_add_emulator
	host_register_armhf
	answer="$(
		ulimit -S -f 0
		"${PROBE}" -r 3 plain | cat
	)"
	[[ "${answer}" == "entry exited 42, delivered" ]]
	answer="$(
		ulimit -f 0
		"${PROBE}" plain | cat
	)"
	[[ "${answer}" == "not started: ulimit -f: File too large" ]]
}

# bats test_tags=unsanitized,slow
@test "probe: a stack of 64 KiB is enough, and no function takes more than 4 KiB of it" {
	"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE= -O2 -I "${TOP}/include" -fstack-usage -c -o "${BATS_TEST_TMPDIR}/probe.o" "${TOP}/builtin/probe.c"
	awk -F '\t' '$2 > 4096 || $3 ~ /dynamic$/ { print; wrong = 1 } END { exit wrong || NR < 20 }' "${BATS_TEST_TMPDIR}/probe.su"
	host_add_emulator
	host_register_armhf
	alone="$("${PROBE}" alone)"
	ulimit -s 64
	answers "entry exited 42, delivered" plain
	answers "entry exited 42, delivered" traced
	answers "${alone}" alone
}

# bats test_tags=slow,once
@test "probe: an interpreter that hangs => timeout at the deadline, with its children killed" {
	interpreter hangs <<< "${SLEEP} & ${SLEEP}"
	within 5000 answers "entry timeout" -s 1 plain
	gone "${SLEEP}"
	within 5000 answers "timeout" -s 1 through /usr/bin/hangs
	within 5000 answers "timeout" -s 1 command /usr/bin/hangs
	gone "${SLEEP}"
}

@test "probe: what a child leaves in its process group is killed when it ends" {
	interpreter leaves <<< "${SLEEP} & ANSWER=42; ${ANSWER}"
	answers "entry exited 42, delivered" plain
	gone "${SLEEP}"
}

# bats test_tags=slow
@test "probe: a stop signal kills the child at once and reaches the shell afterwards" {
	interpreter hangs <<< "${SLEEP} & ${SLEEP}"
	for signal in 1:Hangup 2:Interrupt 3:Quit 15:Terminated; do
		within 5000 answers "entry interrupted: ${signal#*:}" -k "${signal%:*}:100" plain
		within 5000 answers "*interrupted: ${signal#*:}" -k "${signal%:*}:0" plain
	done
	within 5000 answers "interrupted: Terminated" -k 15:100 command /usr/bin/hangs
	gone "${SLEEP}"
}

# bats test_tags=slow,once
@test "probe: a stop signal that the shell ignores or blocks, and any other, stops nothing" {
	interpreter waits <<< "sleep 0.3; ANSWER=42; ${ANSWER}"
	answers "entry exited 42, delivered" -n -k 15:100 plain
	for signal in INT TERM; do
		WITH=(env "--ignore-signal=${signal}")
		answers "entry exited 42, delivered" -k "$(kill -l "${signal}"):100" plain
		WITH=(env "--block-signal=${signal}")
		answers "entry exited 42, delivered" -k "$(kill -l "${signal}"):100" plain
	done
	WITH=(env)
	answers "entry exited 42, delivered" -k "$(kill -l USR1):100" plain
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized
@test "probe: the child is set apart from a shell with every setting turned against it" {
	cp "${PROBE}" /usr/bin/surroundings
	host_register_armhf qemu-arm "" /usr/bin/surroundings
	WITH=(env --ignore-signal=HUP,INT,QUIT,PIPE,ALRM,USR1,TERM,TSTP,TTIN,TTOU,RTMIN --block-signal PATH="${PATH}" QEMU_CPU=none LD_PRELOAD=/none)
	ulimit -c unlimited
	umask 0777
	cd /usr/share
	exec 7< /etc/passwd 33< /etc/passwd 999< /etc/passwd
	answers "entry exited 42, delivered" plain
	answers "exited 42, delivered" through /usr/bin/surroundings
	answers "exited status 42" command /usr/bin/surroundings
	WITH+=(strace -f -o /dev/null -e inject=close_range:error=ENOSYS)
	answers "entry exited 42, delivered" plain
	WITH[-1]=inject=close_range:error=EINVAL
	answers "exited status 42" command /usr/bin/surroundings
}

@test "probe: QEMU_CPU, LD_PRELOAD and their like change nothing" {
	host_add_emulator
	host_register_armhf
	WITH=(env QEMU_CPU=none QEMU_LD_PREFIX=/none QEMU_RESERVED_VA=1 LD_PRELOAD=/none LD_LIBRARY_PATH=/none)
	answers "entry exited 42, delivered" plain
	# They would: the emulator takes the first one seriously.
	[[ "$(QEMU_CPU=none qemu-arm-static /bin/true 2>&1)" == *"unable to find CPU model"* ]]
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized,slow
@test "probe: with standard descriptors closed the answers are the same" {
	host_add_emulator
	host_register_armhf
	cp "${PROBE}" /usr/bin/surroundings
	for closed in 0 1 2 01 02 12 012; do
		answers "entry exited 42, delivered" -c "${closed}" plain
		answers "exited 42, delivered" -c "${closed}" through /usr/bin/surroundings
		answers "exited status 42" -c "${closed}" command /usr/bin/surroundings
		answers "exited status 0" -c "${closed}" lookup /etc
	done
}

# bats test_tags=slow,once
@test "probe: without pidfd, signalfd or both => the same answers, and as prompt" {
	requires strace command -v strace
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
}

# Its interpreter is a shell that looks at all it is given, the sanitizers' library included.
# bats test_tags=unsanitized,slow
@test "probe: without memfd, or with one that is not executable => an unnamed temporary file, and the same answers" {
	requires strace command -v strace
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
}

@test "probe: without memfd the file is in the first directory that allows exec; in none => not started, with memfd's errno" {
	requires strace command -v strace
	WITH+=(strace -f -o "${BATS_TEST_TMPDIR}/calls" -e trace=memfd_create,openat -e inject=memfd_create:error=EPERM)
	kernel="$("${PROBE}" plain)"
	for directory in /tmp /var/tmp /run /dev/shm; do
		mount --bind "${directory}" "${directory}"
		mount -o remount,bind,noexec "${directory}"
	done
	# The tree may be below /root.
	cp "${PROBE}" /usr/bin/probe_test
	PROBE=/usr/bin/probe_test
	mount -t tmpfs none /root
	answers "${kernel}" plain
	grep '"/root".*O_TMPFILE' "${BATS_TEST_TMPDIR}/calls"
	mount -o remount,noexec /root
	answers "not started: memfd: Operation not permitted" plain
	answers "not started: memfd: Operation not permitted" odd
	answers "not started: memfd: Operation not permitted" through /bin/true
	umount /run
	answers "${kernel}" plain
}

@test "probe: vm.memfd_noexec of every level => the same answers" {
	requires "vm.memfd_noexec (Linux 6.3 and later)" [ -e /proc/sys/vm/memfd_noexec ]
	host_add_emulator
	host_register_armhf
	for level in 1 2; do
		# The setting is the process namespace's.
		answer="$(unshare --pid --fork --mount-proc bash -euc 'echo "${1}" > /proc/sys/vm/memfd_noexec; "${2}" plain; "${2}" odd' \
			bash "${level}" "${PROBE}")"
		[[ "${answer}" == "entry exited 42, delivered"$'\n'"$("${PROBE}" odd)" ]]
	done
	[[ "$(cat /proc/sys/vm/memfd_noexec)" == 0 ]]
}

# bats test_tags=slow,once
@test "probe: what is not known is not guessed: exec refused, no child, no /proc => not started, way unknown" {
	requires strace command -v strace
	host_add_emulator
	host_register_armhf
	WITH+=(strace -f -o /dev/null -e inject=none)
	for lost in execveat:error=EACCES execveat:error=EPERM execveat:error=ENOMEM; do
		WITH[-1]="inject=${lost}"
		answers "not started: execveat: *" plain
		answers "refused: *" odd
	done
	for lost in pipe2:error=EMFILE=pipe '?vfork,?clone:error=EAGAIN=fork' setsid:error=EPERM=setsid prctl:error=EPERM=prctl chdir:error=EACCES=/; do
		WITH[-1]="inject=${lost%=*}"
		for question in plain odd traced alone "command /bin/true"; do
			# shellcheck disable=SC2086 # a question is words
			answers "not started: ${lost##*=}: *" ${question}
		done
		answers unknown personality
	done
	# The second of the two pipes.
	WITH[-1]="inject=pipe2:error=EMFILE:when=2"
	answers "not started: pipe: Too many open files" plain
	# Without /proc the entry has no path to the program.
	WITH[-1]="inject=?access,?faccessat:error=ENOENT"
	answers "not started: /proc/self/fd/0: No such file or directory" plain
	WITH=(env)
	umount /dev/null 2> /dev/null || true
	mount -t tmpfs none /dev
	answers "not started: /dev/null: No such file or directory" plain
}

# bats test_tags=unsanitized,slow
@test "probe: SIGCHLD ignored, so that nobody can reap => an error, no hang" {
	host_add_emulator
	host_register_armhf
	answers "not started: waitid: No child processes" -i plain
	answers "not started: waitid: No child processes" -i command /bin/true
	interpreter hangs <<< "${SLEEP}"
	within 5000 answers "entry timeout" -i -s 1 plain
	gone "${SLEEP}"
}

# bats test_tags=slow,once
@test "probe: a shell with background children and a handler that reaps all => every answer arrives, every child too" {
	host_add_emulator
	host_register_armhf
	answers "entry exited 42, delivered" -b -r 100 plain
	answers "exited status 0" -b -r 100 lookup /etc
	answers "exited status 0" -b -r 100 command /bin/true
}

@test "probe: kill -9 of the shell takes the child along" {
	interpreter hangs <<< "exec ${SLEEP}"
	for question in plain "command /usr/bin/hangs"; do
		# shellcheck disable=SC2086 # a question is words
		"${PROBE}" -s 60 ${question} &
		until pgrep -f "^${SLEEP}\$" > /dev/null; do sleep 0.01; done
		kill -s KILL "${!}"
		wait "${!}" || true
		gone "${SLEEP}"
	done
}

@test "probe: a command gets its arguments and environment, and its status comes back" {
	answers "exited status 0" command /bin/true
	answers "exited status 7" command /bin/sh -c 'exit "${1}"' sh 7
	answers "exited status 5" command NAME=5 /bin/sh -c 'exit "${NAME}"'
	answers "refused: No such file or directory" command /usr/bin/none
	answers "refused: Permission denied" command /etc/passwd
}

@test "probe: a look-up finds, does not find, and says why" {
	answers "exited status 0" lookup /etc/passwd
	answers "exited status 1: No such file or directory" lookup /none
	answers "exited status 1: Not a directory" lookup /etc/passwd/none
	ln -s loop /usr/bin/loop
	answers "exited status 1: Too many levels of symbolic links" lookup /usr/bin/loop/none
}

# bats test_tags=slow,once
@test "probe: a file system that hangs holds neither a look-up nor an interpreter beyond the deadline" {
	requires /dev/fuse [ -w /dev/fuse ]
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
}

@test "probe: the personality answer is what setarch and uname say" {
	case "$(setarch linux32 uname -m 2> /dev/null)" in
	"") expected=refused ;;
	aarch64) expected=64bit ;;
	armv8l) expected=32bit ;;
	*) expected=unknown ;;
	esac
	answers "${expected}" personality
}

# valgrind and the sanitizers do not run together.
# bats test_tags=unsanitized,slow,once
@test "probe: valgrind finds nothing" {
	requires valgrind command -v valgrind
	host_add_emulator
	host_register_armhf
	WITH+=(valgrind -q --error-exitcode=9 --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=definite,indirect,possible)
	answers "entry exited 42, delivered" plain
	# It replaces execveat of a descriptor by execve of a name, which this file has not.
	answers "refused: No such file or directory" odd
	answers "exited 42, delivered" through /usr/bin/qemu-arm-static preserve
	answers "exited status 0" command /bin/true
	answers "exited status 1: No such file or directory" lookup /none
	interpreter hangs <<< "${SLEEP}"
	answers "entry timeout" -s 1 plain
	answers "*interrupted: Terminated" -k 15:100 plain
}

# It does this by itself.
# bats test_tags=unsanitized,slow,once
@test "probe: the sanitizers find nothing" {
	declare -a build=("${CC:-cc}" -std=gnu11 -D_GNU_SOURCE= -g -O1 -fsanitize=address -fsanitize=undefined -fno-sanitize-recover=all -I "${TOP}/include")
	printf 'int main(void) { return 0; }\n' > "${BATS_TEST_TMPDIR}/none.c"
	requires "the sanitizers' libraries" "${build[@]}" -o "${BATS_TEST_TMPDIR}/none" "${BATS_TEST_TMPDIR}/none.c"
	"${build[@]}" -o "${BATS_TEST_TMPDIR}/sanitized" "${TOP}"/builtin/{probe,stop,text}.c "${TOP}/tests/unit/probe_test.c"
	host_add_emulator
	host_register_armhf
	odd="$("${PROBE}" odd)"
	PROBE="${BATS_TEST_TMPDIR}/sanitized"
	answers "entry exited 42, delivered" plain
	answers "entry exited 42, delivered" traced
	answers "${odd}" odd
	answers "nobody refused: Exec format error" alone
	answers "exited 42, delivered" -c 012 through /usr/bin/qemu-arm-static preserve
	answers "exited status 0" -b -r 50 command /bin/true
	answers "exited status 1: No such file or directory" lookup /none
	interpreter hangs <<< "${SLEEP}"
	answers "entry timeout" -s 1 plain
	answers "entry interrupted: Terminated" -k 15:100 plain
}
