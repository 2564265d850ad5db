#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Symptom, cause, remedy: each is provoked, and the message names the cause that was seen and a cure for it, no other. Then
# the places in which a builtin must work whatever the limits, and variables that must execute nothing.
# shellcheck disable=SC2016,SC2034,SC2030,SC2031,SC2154 # other shells and the builtin; each test is a process of its own

# bats file_tags=sanitized
load lib/host.bash

INTERPRETER="/usr/bin/interpreter"

function setup() {
	private_host
}

# interpreter [LINE...]: a script of these lines as the interpreter of an entry qemu-arm without flags.
function interpreter() {
	printf '%s\n' "#!/bin/sh" "$@" > "${INTERPRETER}"
	chmod 0755 "${INTERPRETER}"
	[[ -e "${TABLE}/qemu-arm" ]] || host_register_armhf qemu-arm "" "${INTERPRETER}"
}

# message CAUSE REMEDY [OPTION...]: a call that fails, changes nothing, and says just that.
function message() {
	declare cause="${1}" remedy="${2}"
	shift 2
	prepare_fails "$@"
	expect MESSAGE "*: ${cause}; ${remedy}"
}

# limited COMMAND OPTION...: a call in a new shell behind this command, as "ulimit -n 12".
function limited() {
	declare limit="${1}"
	shift
	prepare_in bash -c "${limit}"' && exec "$@"' bash -- "$@"
}

# ---- the kernel refuses to execute it ----

@test "ENOEXEC, no entry in effect: nobody runs it, and an emulator is to be registered" {
	prepare -v
	expect status 1 REASON emulator-missing MESSAGE "*no emulator for armhf is installed*; install qemu-user-static*" \
		stdout "*armhf: *Exec format error (neither the kernel nor an entry of binfmt_misc runs it)*"
	host_add_emulator
	prepare
	expect status 0 REASON descriptor-created
}

@test "ENOEXEC through an entry: a script with flag O or C, another machine's program, one that runs through an entry" {
	host_add_emulator
	remedy="name an ELF program of this machine as interpreter"
	cause="armhf is claimed by qemu-arm and does not run through ${INTERPRETER}: executing armhf failed: Exec format error (the interpreter is a script or a program of another machine, or one that itself runs through an entry)"
	interpreter 'exec /usr/bin/qemu-arm-static "$@"'
	# A script as such is no mistake.
	prepare
	expect status 0 REASON entry-trusted
	for flags in O C; do
		host_switch qemu-arm -1
		host_register_armhf qemu-arm "${flags}" "${INTERPRETER}"
		message "${cause}" "${remedy}"
		message "${cause}" "${remedy}" -n
	done
	# e_machine is none that there is.
	printf '\xfe\xfe' | dd of="${INTERPRETER}" bs=1 seek=18 conv=notrunc 2> /dev/null
	cp /usr/bin/true "${INTERPRETER}"
	printf '\xfe\xfe' | dd of="${INTERPRETER}" bs=1 seek=18 conv=notrunc 2> /dev/null
	message "${cause}" "${remedy}"
	host_register ':fake:M::FAKE::/bin/sh:'
	echo FAKE > "${INTERPRETER}"
	message "${cause}" "${remedy}"
}

@test "a script in a descriptor with credentials => named without a trial, by the dry run as by the call" {
	host_add_emulator
	interpreter 'exec /usr/bin/qemu-arm-static "$@"'
	host_switch qemu-arm -1
	host_descriptor "${INTERPRETER}"
	for options in -n ""; do
		# shellcheck disable=SC2086
		message "it is a script, which an entry with flag O or C cannot use" "name an ELF program of this machine as interpreter" ${options}
		expect REASON descriptor-failed ACTIONS ""
	done
}

@test "ENOENT on a file that exists: the interpreter is missing here, or its loader" {
	remedy="reinstall the emulator; in a chroot copy it in, or register it with flag F"
	host_register_armhf
	message "*No such file or directory (the interpreter does not exist here, or is a dynamic program whose own loader does not)" "${remedy}"
	host_switch qemu-arm -1
	requires "a C compiler" command -v gcc
	printf 'int main(void) { return 0; }' | gcc -x c -Wl,--dynamic-linker=/nowhere/ld.so -o "${INTERPRETER}" -
	host_register_armhf qemu-arm "" "${INTERPRETER}"
	message "*No such file or directory (the interpreter does not exist here, or is a dynamic program whose own loader does not)" "${remedy}"
}

@test "EACCES: the interpreter may not be executed" {
	install -m 0644 "${HOST_EMULATOR}" "${INTERPRETER}"
	host_register_armhf qemu-arm "" "${INTERPRETER}"
	message "*Permission denied (the interpreter may not be executed)" "make the interpreter executable (chmod +x)"
	chmod +x "${INTERPRETER}"
	prepare
	expect status 0
}

@test "ELOOP: the interpreter is an armhf program itself" {
	install -m 0755 "${HOST_ARMHF}" "${INTERPRETER}"
	host_register_armhf qemu-arm "" "${INTERPRETER}"
	message "*Too many levels of symbolic links (the interpreter is itself caught by an entry: it is an armhf program, or an entry takes this machine's programs)" \
		"name a program of this machine that no entry takes as interpreter"
}

@test "ELOOP: an entry that takes this machine's own programs is named, and nothing is registered beside it" {
	host_add_emulator
	# While it is in effect no program can be started on this host: nothing but this shell may run.
	host_register ':loose:M::\x7fELF::/usr/bin/qemu-arm-static:'
	for policy in registered emulated native; do
		prepare -p "${policy}"
		printf 0 > "${TABLE}/loose"
		expect status 1 REASON entry-broken ENTRY loose ACTIONS "" \
			MESSAGE "${TABLE}/loose: *the entry loose takes this machine's own programs too; *; disable that entry ('echo 0' into its file in ${TABLE})"
		printf 1 > "${TABLE}/loose"
	done
	printf 0 > "${TABLE}/loose"
	prepare
	expect status 0 REASON descriptor-created
}

@test "a descriptor or a disabled entry that takes this machine's own programs is never put into effect" {
	host_add_emulator
	why="it takes this machine's own programs as well, and would break every exec"
	printf '%s\n' "package qemu-user-static" "interpreter ${EMULATOR}" 'magic \x7fELF' > "${DESCRIPTOR}"
	for options in -n ""; do
		# shellcheck disable=SC2086
		message "${why}" "correct or remove the descriptor*" ${options}
		expect REASON descriptor-failed ACTIONS ""
	done
	rm "${DESCRIPTOR}"
	host_switch status 0
	host_register ":qemu-arm:M::\\x7fELF::${EMULATOR}:"
	printf 0 > "${TABLE}/qemu-arm"
	host_switch status 1
	for options in -n ""; do
		# shellcheck disable=SC2086
		message "${why}" "*" -p emulated ${options}
		expect REASON entry-broken ACTIONS ""
	done
}

# ---- it ran, and did not deliver ----

@test "status: disabled, it is not enabled over an entry that takes this machine's own programs; the dry run says so" {
	host_add_emulator
	host_switch status 0
	host_register ":loose:M:0:\\x7fELF::${EMULATOR}:"
	for options in "" "-p emulated"; do
		# shellcheck disable=SC2086 # words
		prepare -n ${options}
		expect status 1 REASON registration-failed TIER 4 MESSAGE "${TABLE}/status: *loose takes this machine's own programs*" ACTIONS ""
		# shellcheck disable=SC2086
		prepare_fails ${options}
		expect REASON registration-failed TIER 4 MESSAGE "${TABLE}/status: *loose takes this machine's own programs*" ACTIONS ""
	done
	host_descriptor
	prepare -n
	expect status 1 REASON descriptor-failed TIER 1 ACTIONS ""
	prepare_fails
	expect REASON descriptor-failed TIER 1 MESSAGE "${TABLE}/status: *" ACTIONS ""
}

@test "the arguments are shifted: flag P with an interpreter that does not know of it" {
	host_add_emulator
	interpreter 'exec /usr/bin/qemu-arm-static "$@"'
	host_switch qemu-arm -1
	host_register_armhf qemu-arm P "${INTERPRETER}"
	message "*its arguments did not arrive as they were sent: the entry has flag P, which this emulator (qemu before 6.0) or this kernel (before 5.12) does not understand)" \
		"register the emulator without flag P (preserve no)"
	host_switch qemu-arm -1
	host_register_armhf qemu-arm "" "${INTERPRETER}"
	prepare
	expect status 0
}

@test "an emulator whose name expects flag P and an entry without it => not the advice to remove that flag" {
	requires "an emulator to which its name tells flag P" emulator_reads_name
	host_add_emulator /usr/bin/arm-binfmt-P
	host_register_armhf qemu-arm "" /usr/bin/arm-binfmt-P
	prepare_fails
	expect MESSAGE "*by its name the interpreter expects flag P, which the entry lacks); register it with flag P (preserve yes)"
	host_switch qemu-arm -1
	host_register_armhf qemu-arm P /usr/bin/arm-binfmt-P
	prepare
	expect status 0
}

@test "SIGILL, SIGSEGV, SIGSYS and others of the interpreter: no cure that cures something else" {
	for signal in ILL SEGV SYS TRAP ABRT KILL; do
		interpreter "kill -${signal} \$\$"
		prepare_fails
		expect REASON entry-broken MESSAGE "${TABLE}/qemu-arm: *the armhf probe was killed by signal $(kill -l "${signal}")*"
		case "${signal}" in
		ILL) expect MESSAGE "* \(SIGILL) (the emulator lacks an instruction of ARMv7); repair its interpreter*" ;;
		SYS | TRAP) expect MESSAGE "* \(SIG${signal}) (a seccomp filter refuses a system call); change the seccomp profile of this container" ;;
		SEGV) # On larger pages it would be "boot a kernel with 4 KiB pages".
			requires "pages of 4 KiB" [ "$(getconf PAGESIZE)" = 4096 ]
			expect MESSAGE "* \(SIGSEGV) (the interpreter crashed); repair its interpreter*"
			;;
		*) expect MESSAGE "* \(the interpreter crashed); repair its interpreter*" ;;
		esac
		[[ "${ARMHF_BINFMT_MESSAGE}" != *"-p emulated"* ]]
	done
}

@test "an exit status: of a seccomp filter, of a program that is no emulator" {
	interpreter "exit 159"
	message "*exited with 159 (a seccomp filter refuses a system call)" "change the seccomp profile of this container"
	for status in 0 1 42 48 127; do
		interpreter "exit ${status}"
		message "*exited with ${status} (the interpreter is not a working emulator)" "repair its interpreter, or remove the entry ('echo -1 > ${TABLE}/qemu-arm') and run this again"
	done
}

# bats test_tags=slow,once
@test "a deadline: it may only be slow" {
	interpreter "exec sleep 10"
	prepare_fails -t 1
	expect REASON probe-timeout MESSAGE "*did not end within 1 s (it may only be slow); give it longer with -t, or repair the interpreter"
}

@test "a relative interpreter depends on the caller's directory" {
	host_add_emulator
	host_register_armhf qemu-arm "" bin/qemu-arm-static
	cd /usr
	prepare
	expect status 1 MESSAGE "${TABLE}/qemu-arm: *"
	# The probe runs in /: there it works, and is no proof.
	host_switch qemu-arm -1
	host_register_armhf qemu-arm "" usr/bin/qemu-arm-static
	message "*its interpreter is a relative path, which depends on the caller's directory" "register it with an absolute path"
	host_descriptor usr/bin/qemu-arm-static
	host_switch qemu-arm -1
	prepare_fails
	expect REASON descriptor-invalid MESSAGE "${DESCRIPTOR}:2: *"
}

@test "the first line of the emulator's own words is in the message, escaped, with no other guess" {
	interpreter 'echo >&2' 'printf "unable to\\treserve\\033[1m \\303\\274\\n" >&2' 'echo second >&2' 'exit 1'
	prepare_fails
	expect MESSAGE "*exited with 1, and said: *"
	[[ "${ARMHF_BINFMT_MESSAGE}" != *second* && "${ARMHF_BINFMT_MESSAGE}" != *"not a working emulator"* ]]
	LC_ALL=C
	[[ "${ARMHF_BINFMT_MESSAGE}" != *[^[:print:]]* ]]
	interpreter 'head -c 100000 /dev/zero | tr "\\0" x >&2' 'exit 1'
	prepare_fails
	expect MESSAGE "*and said: xxx*"
	((${#ARMHF_BINFMT_MESSAGE} < 700))
}

# bats test_tags=unsanitized
@test "qemu itself under ulimit -v: its own words, by the entry and run directly" {
	host_add_emulator
	host_register_armhf
	limited "ulimit -v 400000"
	expect status 1 REASON entry-broken MESSAGE "*, and said: *; cure what it says: a limit of this process (ulimit -v*"
	host_switch qemu-arm -1
	limited "ulimit -v 400000"
	expect status 1 REASON registration-failed ACTIONS "*register:qemu-arm*unregister:qemu-arm*" \
		MESSAGE "*, and said: *; cure what it says: a limit of this process (ulimit -v*"
	[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]
}

# ---- registering ----

@test "EINVAL on register: a flag that this kernel does not know" {
	requires "a kernel before 7.3" [ "$(uname -r | sort -V - <(echo 7.2.999) | tail -n 1)" = 7.2.999 ]
	host_add_emulator
	mkdir -p /usr/lib/binfmt.d
	for file in /usr/lib/binfmt.d/*; do [[ ! -e "${file}" ]] || rm "${file}"; done
	echo ":qemu-arm:M:0:${ARMHF_MAGIC}:${ARMHF_MASK}:${EMULATOR}:OT" > /usr/lib/binfmt.d/qemu-arm.conf
	message "cannot write to it: Invalid argument" "find the flag or escape that this kernel does not know"
	expect REASON descriptor-failed
}

@test "no directory /proc/sys/fs/binfmt_misc: another kernel or a whole /proc, and never the advice to mount it" {
	host_add_emulator
	for options in -n ""; do
		# shellcheck disable=SC2086
		prepare_in unshare --mount bash -c 'mount -t tmpfs none /proc/sys && exec "$@"' bash -- ${options}
		expect status 1 REASON binfmt-unavailable ACTIONS "" \
			MESSAGE "${TABLE}: *no CONFIG_BINFMT_MISC, or /proc shows no /proc/sys (subset=pid)*; boot a kernel that has it, or mount /proc whole"
		[[ "${ARMHF_BINFMT_MESSAGE}" != *modprobe* && "${ARMHF_BINFMT_MESSAGE}" != *"mount -t"* ]]
	done
	[[ ! -e "${DESCRIPTOR}" ]]
}

@test "EROFS: /usr => registered without a descriptor; the table => which it is, and nobody is told to be root" {
	host_add_emulator
	mount -o remount,bind,ro /usr
	prepare
	expect status 0 REASON entry-registered MODE emulated ACTIONS register:qemu-arm \
		WARNING "/usr/share*: *Read-only file system; without a descriptor the registration does not outlast a reboot: *mount it writable*"
	[[ "${ARMHF_BINFMT_WARNING}" != *"as root"* ]]
	prepare -r "${ARMHF_BINFMT_UNDO}"
	mount -o remount,bind,rw /usr
	for options in -n ""; do
		# shellcheck disable=SC2086
		prepare_in unshare --mount bash -c 'mount -o remount,bind,ro "${0}" && exec "$@"' "${TABLE}" -- ${options}
		expect status 1 REASON not-permitted ACTIONS "" WARNING "" \
			MESSAGE "${TABLE}/register: cannot open it for writing: Read-only file system; that is on a file system that is mounted read-only: mount it writable, in Docker with --privileged"
	done
}

@test "EACCES: an ordinary user => as root" {
	requires_root
	host_add_emulator
	prepare_in as_nobody --
	expect status 1 REASON not-permitted MESSAGE "*: Permission denied; run this as root, in a container with --privileged or on its host"
	host_register_armhf
	prepare_in as_nobody --
	expect status 0 REASON entry-trusted
}

@test "modes: /usr/share that everybody can write to => registered without a descriptor, and how to make it last" {
	host_add_emulator
	chmod 0777 /usr/share
	prepare
	expect status 0 REASON entry-registered MODE emulated ACTIONS register:qemu-arm \
		WARNING "/usr/share: everybody can write to it (mode 0777); without a descriptor the registration does not outlast a reboot: chmod go-w /usr/share"
	# Found in effect, it is no descriptor's.
	prepare
	expect status 0 REASON entry-trusted
	chmod 0755 /usr/share
	host_switch qemu-arm -1
	chmod 0777 "${EMULATOR}"
	message "everybody can write to it (mode 0777)" "chmod go-w ${EMULATOR}"
	message "everybody can write to it (mode 0777)" "chmod go-w ${EMULATOR}" -n
}

@test "modes: a descriptor that everybody can write to beside what runs armhf => a warning" {
	host_add_emulator
	host_descriptor
	chmod 0777 "${DESCRIPTOR}"
	message "everybody can write to it (mode 0777)" "chmod go-w ${DESCRIPTOR}"
	host_register_armhf other
	prepare
	expect status 0 REASON other-entry WARNING "${DESCRIPTOR}: everybody can write to it (mode 0777); this descriptor is not used"
}

# ---- what the shell lacks ----

@test "no /proc, no /dev/null: they are to be mounted" {
	host_add_emulator
	for options in -n ""; do
		# shellcheck disable=SC2086
		prepare_in unshare --mount bash -c 'mount -t tmpfs none /proc && exec "$@"' bash -- ${options}
		expect status 1 MESSAGE "/proc: it is not mounted*; mount -t proc proc /proc"
		# shellcheck disable=SC2086
		prepare_in unshare --mount bash -c 'mount -t tmpfs none /dev && exec "$@"' bash -- ${options}
		expect status 1 REASON probe-failed MESSAGE "armhf: no armhf program could be started (/dev/null): No such file or directory; make /dev/null here (mknod -m 666 /dev/null c 1 3), or mount /dev"
	done
}

# bats test_tags=slow
@test "EMFILE: the limit of open files is named, whatever could not be opened" {
	host_add_emulator
	failures=0
	for ((limit = 10; limit < 26; limit++)); do
		limited "ulimit -n ${limit}"
		((status != 126)) || continue # not even loaded
		((status != 0)) || continue
		expect status 1 MESSAGE "*Too many open files*; raise this shell's limit of open files (ulimit -n)" UNDO ""
		[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]
		((++failures))
	done
	((failures > 0 && status == 0))
}

@test "EAGAIN: the limit of processes is named" {
	requires_root
	host_add_emulator
	prepare_in as_nobody bash -c 'ulimit -u 0 && exec "$@"' bash --
	expect status 1 REASON probe-failed MESSAGE "armhf: no armhf program could be started (fork): Resource temporarily unavailable; raise this shell's limit of processes (ulimit -u)"
}

# bats test_tags=unsanitized,slow,once
@test "no memory: no variable of the call before stays, and the message has a remedy" {
	host_add_emulator
	host_register_armhf
	cat > "${HOST_OUTPUT}.sh" <<- 'SCRIPT'
		enable -f "${1}" armhf_binfmt_prepare
		armhf_binfmt_prepare
		for name in "${!ARMHF_BINFMT_@}"; do
			printf -v "${name}" old
		done
		while read -r name size _; do
			[[ "${name}" != VmSize: ]] || break
		done < /proc/self/status
		ulimit -v "$((size + ${2}))"
		armhf_binfmt_prepare 2> /dev/null
		status="${?}"
		for name in "${!ARMHF_BINFMT_@}"; do
			[[ "${!name}" != old ]] || echo "${name} stayed"
		done
		echo "status ${status} ${ARMHF_BINFMT_REASON}: ${ARMHF_BINFMT_MESSAGE}"
	SCRIPT
	failures=0
	for ((more = 0; more <= 1200; more += 40)); do
		output="$(bash "${HOST_OUTPUT}.sh" "${INSTALLED}" "${more}" 2>&1)" || :
		# bash itself ends a shell that cannot have a variable.
		[[ "${output}" != *"cannot allocate"* ]] || continue
		[[ "${output}" == "status "* ]]
		[[ "${output}" != "status 1 "* ]] || ((++failures))
		[[ "${output}" == "status 0 entry-trusted: "* || "${output}" == "status 1 "*"; "* ]]
	done
	echo "${failures} without memory"
	((failures > 0))
}

# ---- the shell's own limits and places ----

@test "limits: ulimit -f 0, -n and in earnest => no SIGXFSZ, and the limit is named" {
	host_add_emulator
	# what OPTION...: the outcome, through a pipe: no file can be written to.
	function what() {
		bash -c 'enable -f "${0}" armhf_binfmt_prepare; ulimit -f 0; armhf_binfmt_prepare "$@" 2>&1
			echo "${?} ${ARMHF_BINFMT_REASON} [${ARMHF_BINFMT_ACTIONS}]"' "${INSTALLED}" "$@" | cat
	}
	for options in -n -v; do
		result="$(what "${options}")"
		echo "${result}"
		[[ "${result}" == *"armhf: no armhf program could be started (ulimit -f): File too large; raise this shell's limit of file sizes (ulimit -f)"$'\n'"1 probe-failed []" ]]
	done
	[[ ! -e "${DESCRIPTOR}" ]]
}

# bats test_tags=unsanitized
@test "limits: a stack of 64 KiB, whatever is done" {
	host_add_emulator
	host_add_binfmt_support
	for ((i = 0; i < 200; i++)); do
		host_register ":other${i}:E::other${i}::/bin/true:"
	done
	limited "ulimit -s 64" -nv
	expect status 0 REASON descriptor-created
	limited "ulimit -s 64" -v
	expect status 0 REASON descriptor-created
	limited "ulimit -s 64" -c /usr/bin/qemu-arm-static
	expect status 1 REASON programs-blocked
	limited "ulimit -s 64" -r "${ARMHF_BINFMT_UNDO}"
	expect status 0
	echo nonsense > "${DESCRIPTOR}"
	limited "ulimit -s 64" -v
	expect status 0 REASON entry-trusted WARNING "${DESCRIPTOR}:1: *"
}

@test "places: under linux32, and in a shell whose children are in another pid namespace" {
	requires_root
	host_add_emulator
	prepare
	expect status 0
	prepare_in setarch linux32 -- -v
	expect status 0 REASON descriptor-current stdout "machine:     $(
		[[ "$(uname -m)" == aarch64 ]] || echo "not "
	)arm64, *"
	unshare --pid --fork sleep 60 &
	sleeper="${!}"
	inner=""
	for ((i = 0; i < 500; i++)); do
		# The line has no end.
		read -r inner < "/proc/${sleeper}/task/${sleeper}/children" || :
		[[ -z "${inner}" ]] || break
		sleep 0.01
	done
	[[ -n "${inner}" ]]
	for options in "" -v -n; do
		# shellcheck disable=SC2086
		prepare_in nsenter --pid="/proc/${sleeper}/ns/pid_for_children" --no-fork -- ${options}
		expect status 0 REASON descriptor-current stderr ""
	done
	kill -s KILL "${inner}"
	wait "${sleeper}" || :
}

# ---- variables ----

@test "variables: one that an assignment hides is refused for what is behind it, and no entry's name is executed" {
	host_add_emulator
	ran="${HOST_OUTPUT}.ran"
	# In a name no slash: a command that makes a file where the shell stands.
	cd "${BATS_TEST_TMPDIR}"
	host_register_armhf 'a[$(id>ran)]'
	before="$(host_state)"
	# hidden WHY ATTRIBUTE NAME
	function hidden() {
		status=0
		eval "${3}= armhf_binfmt_prepare" 2> "${HOST_OUTPUT}.err" || status="${?}"
		[[ "${status} $(< "${HOST_OUTPUT}.err")" == "2 "*"armhf_binfmt_prepare: ${3}: cannot assign the outcome to this variable: ${1}" ]]
	}
	# in_function WHY ATTRIBUTE NAME: a local of the function.
	function in_function() {
		local "${2}" "${3}"
		hidden "$@"
		# In a function below, it is what is assigned to as well.
		hidden "$@"
	}
	for name in ENTRY MESSAGE TIER BLOCKED; do
		name="ARMHF_BINFMT_${name}"
		for attribute in "-i:it has the integer attribute" "-u:it has an attribute that changes letters" "-a:it is an array" "-A:it is an array" "-n:it is a nameref"; do
			in_function "${attribute#*:}" "${attribute%%:*}" "${name}"
			declare -g "${attribute%%:*}" "${name}"
			hidden "${attribute#*:}" "${attribute%%:*}" "${name}"
			unset -n "${name}"
			unset "${name}"
		done
		[[ -z "${!ARMHF_BINFMT_@}" ]]
	done
	# The elements of an array.
	declare -Ai numbers
	prepare -A numbers
	expect status 2 stderr "*: numbers: cannot assign the outcome to this variable: it has the integer attribute"
	[[ "$(host_state)" == "${before}" && ! -e ran && -z "${ran:+$(find . -name ran)}" ]]
	# A plain one in front of the command is no harm.
	ARMHF_BINFMT_ENTRY=mine armhf_binfmt_prepare
	expect ENTRY 'a\[$(id>ran)\]' REASON other-entry
	[[ ! -e ran ]]
}

@test "-r: a carriage return or another byte that lists never hold is wrong usage" {
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	before="$(host_state)"
	for steps in $'enable:qemu-arm\r' $'enable:qemu-arm\r\n' $'enable:qemu-arm\xc3\xbc' 'enable:qemu@arm' 'enable:qemu-arm@123'; do
		prepare -r "${steps}"
		expect status 2 stderr "*: invalid undo step"$'\n'"*usage: *"
	done
	[[ "$(host_state)" == "${before}" ]]
	prepare -r $'enable:qemu-arm\n'
	expect status 0 ACTIONS enable:qemu-arm
}

# bats test_tags=slow
@test "several entries: all are named, forty of them, and disabled ones take no room" {
	host_add_emulator
	for ((i = 10; i < 50; i++)); do
		host_register_armhf "claims${i}"
		host_register_armhf "away${i}"
		host_switch "away${i}" 0
	done
	prepare
	expect status 0 REASON other-entry
	for ((i = 10; i < 50; i++)); do
		expect WARNING "several entries claim armhf:*claims${i}*"
	done
	[[ "${ARMHF_BINFMT_WARNING}" != *away* && "${ARMHF_BINFMT_WARNING}" != *" more"* ]]
	rm "${EMULATOR}"
	host_register_armhf
	prepare_fails
	for ((i = 10; i < 50; i++)); do
		expect REASON entry-broken MESSAGE "*armhf is claimed by *claims${i}*"
	done
}

# Without a test here, for this machine cannot show it:
# - what a kernel does with armhf natively: SIGILL, SIGSEGV and exit 127 on larger pages, SIGSYS, SIGTRAP (tests/hosts);
# - ENOSPC on register, the limit of pinned interpreters: Linux 7.3 (tests/hosts);
# - ENODEV on mount: a kernel without the module (tests/hosts);
# - EEXIST on register: the name is taken between two system calls (67-race.bats, tests/faults);
# - MemoryDenyWriteExecute and vm.mmap_min_addr: qemu's words for them come the same way as those for ulimit -v.
