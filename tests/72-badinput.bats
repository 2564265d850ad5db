#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input: on the command line, in the outcome variables, in place of the descriptor, as interpreter. Never a hang, never
# a crash, nothing half done, and a message that names what is wrong.
# shellcheck disable=SC1003,SC2016,SC2030,SC2031,SC2034,SC2154 # other shells and the builtin; each test is a process of its own

# bats file_tags=sanitized
load lib/host.bash

function setup() {
	private_host
}

# A host on which a call that is carried out would change something.
function bad_host() {
	host_add_emulator
	before="$(host_state)"
}

# wrong STDERR [OPTION...]: status 2, the first line of standard error is this pattern, and nothing was done.
function wrong() {
	declare want="${1}"
	shift
	prepare "$@"
	expect status 2 stdout "" stderr "*: line +([0-9]): armhf_binfmt_prepare: ${want}"
	[[ -z "${!ARMHF_BINFMT_@}" ]]
}

# wrong_usage STDERR [OPTION...]: and the usage behind it.
function wrong_usage() {
	declare want="${1}"
	shift
	wrong "${want}"$'\n'"armhf_binfmt_prepare: usage: armhf_binfmt_prepare \[-nv] *" "$@"
}

# nothing_done: to be called last.
function nothing_done() {
	[[ "$(host_state)" == "${before}" ]]
}

@test "usage: unknown options, missing arguments and operands => usage, status 2" {
	bad_host
	wrong_usage "-X: invalid option" -X
	wrong_usage "-X: invalid option" -nvX
	wrong_usage "--: invalid option" --policy=native
	wrong_usage "-N: invalid option" -N
	for option in p t k c A r; do
		wrong_usage "-${option}: option requires an argument" "-${option}"
		wrong_usage "-${option}: option requires an argument" "-nv${option}"
	done
	wrong_usage "too many arguments" operand
	wrong_usage "too many arguments" -n operand
	wrong_usage "too many arguments" -- -n
	wrong_usage "too many arguments" -
	wrong_usage "too many arguments" ""
	wrong_usage "too many arguments" +n
	wrong_usage "too many arguments" -p native second -v
	nothing_done
}

@test "usage: -p takes the three policies, spelled as they are" {
	bad_host
	for policy in "" Native nativ natives " native" "native " registered,native -- -n $'native\n' "$(printf '%65536s' x)"; do
		wrong_usage "${policy}: invalid policy: registered, native or emulated" -p "${policy}"
	done
	nothing_done
}

@test "usage: -t takes decimal numbers of seconds from 1 to 600" {
	bad_host
	for seconds in "" 0 00 601 1000 -1 +5 " 5" "5 " 1x x1 0x10 1.5 1e2 $'5\n' ٣ '$((5))' '5;' 4294967297 18446744073709551617 \
		99999999999999999999999999999999 "$(printf '%065536d' 5)x" --; do
		wrong_usage "${seconds}: invalid timeout specification: 1 to 600 seconds" -t "${seconds}"
	done
	nothing_done
	for seconds in 1 600 010 007; do
		prepare -n -t "${seconds}"
		expect status 0
	done
}

@test "usage: -r takes undo steps with names that an entry can have" {
	bad_host
	long="$(printf 'x%.0s' {1..256})"
	for step in nothing mount import register: register: Register:a status-ON status-on: status-off:x unregister unregister: enable \
		enable: disable: enable:. enable:.. disable:a/b unregister:/ enable:status enable:register disable:status unregister:register \
		'enable:a\x2fb' 'enable:\x2e' 'enable:\x2e\x2e' 'enable:stat\x75s' 'enable:a\x00' 'enable:\x' 'enable:\x1' 'enable:\xg0' \
		'enable:a\b' 'enable:a\' "enable:${long}" $'enable:qemu-arm\r' $'enable:a\x7f' $'enable:\xc3\xbc' enable:@01234567 remove-descriptor:x create-descriptor unimport:x undo -n :a "enable :a"; do
		wrong_usage "*: invalid undo step" -r "${step}"
		# Among others that are none of these, and nothing is done of them either.
		wrong_usage "*: invalid undo step" -r "remove-descriptor ${step} status-off"
	done
	nothing_done
	# What they may be called.
	long="${long%x}"
	prepare -r " unregister:a"$'\t'"enable:${long}"$'\n'"disable:a\\x20b\\x5c\\xff unimport remove-descriptor "
	expect status 0 REASON undo-done ACTIONS "" UNDO ""
	prepare -r ""
	expect status 0 REASON undo-done ACTIONS "" UNDO "" TIER 0
}

@test "usage: -r and -x go neither with each other nor with -p, -t, -k or -c" {
	bad_host
	for first in "-r remove-descriptor" -x; do
		for second in "-p native" "-t 10" "-k who" "-c /"; do
			# shellcheck disable=SC2086
			wrong_usage "-r and -x cannot be used with each other or with -p, -t, -k or -c" ${first} ${second}
			# shellcheck disable=SC2086
			wrong_usage "-r and -x cannot be used with each other or with -p, -t, -k or -c" -n ${second} ${first}
		done
	done
	wrong_usage "-r and -x cannot be used with each other or with -p, -t, -k or -c" -x -r ""
	wrong_usage "-r and -x cannot be used with each other or with -p, -t, -k or -c" -r "" -p native
	wrong_usage "-r and -x cannot be used with each other or with -p, -t, -k or -c" -xr remove-descriptor -v
	nothing_done
}

@test "usage: -k takes a text of 1 to 100 bytes, whatever they are" {
	bad_host
	long="$(printf 'x%.0s' {1..101})"
	umlauts="$(printf 'ü%.0s' {1..51})"
	for who in "" "${long}" "${umlauts}" "${long}${long}"; do
		wrong_usage "-k: invalid name of a holder: 1 to 100 bytes" -k "${who}"
	done
	nothing_done
	for who in "${long%x}" "${umlauts%ü}" " " $'two\nlines' $'\r' 'a:b\x' -n; do
		prepare -nk "${who}" -p native
		expect status 0 REASON descriptor-created
	done
	nothing_done
}

@test "variables: -A takes the name of a variable" {
	bad_host
	for name in "" 1a a-b "a b" 'a[0]' 'a[$(touch '"${HOST_OUTPUT}.ran"')]' é a. '$a' a=b -n @ '*'; do
		wrong "\`${name//\[/\\[}': not a valid identifier" -A "${name}"
	done
	nothing_done
	[[ ! -e "${HOST_OUTPUT}.ran" ]]
}

# bats test_tags=slow,once
@test "variables: readonly, integer, nameref, case attributes, arrays => each of the thirteen is refused, no command is run" {
	bad_host
	ran="${HOST_OUTPUT}.ran"
	# refused WHY DECLARE-OPTIONS [VALUE]: a local of this kind is refused and stays as it is.
	function refused() {
		declare name="${1}" why="${2}" kept status=0
		shift 2
		local "$@"
		kept="$(declare -p "${name}" 2>&1)"
		armhf_binfmt_prepare > "${HOST_OUTPUT}.out" 2> "${HOST_OUTPUT}.err" || status="${?}"
		[[ "${status} $(< "${HOST_OUTPUT}.err")" == "2 "*": line "+([0-9])": armhf_binfmt_prepare: ${name}: cannot assign the outcome to this variable: ${why}" ]]
		[[ "$(declare -p "${name}" 2>&1)" == "${kept}" && ! -s "${HOST_OUTPUT}.out" ]]
	}
	elements=()
	for name in TIER MODE REASON MESSAGE WARNING NATIVE ALIGN ENTRY INTERPRETER FLAGS ACTIONS UNDO BLOCKED; do
		name="ARMHF_BINFMT_${name}"
		refused "${name}" "readonly variable" -r "${name}=kept"
		refused "${name}" "readonly variable" -r "${name}"
		refused "${name}" "it has the integer attribute" -i "${name}=7"
		refused "${name}" "it has the integer attribute" -i "${name}"
		refused "${name}" "it has an attribute that changes letters" -u "${name}=kept"
		refused "${name}" "it has an attribute that changes letters" -l "${name}"
		refused "${name}" "it has an attribute that changes letters" -c "${name}"
		refused "${name}" "it is an array" -a "${name}=(kept)"
		refused "${name}" "it is an array" -a "${name}"
		refused "${name}" "it is an array" -A "${name}"
		refused "${name}" "it is a nameref" -n "${name}=other"
		refused "${name}" "it is a nameref" -n "${name}"
		refused "${name}" "it is a nameref" -n "${name}=elements[\$(touch ${ran})]"
	done
	[[ ! -e "${ran}" && ! -v other && "${#elements[@]}" == 0 ]]
	nothing_done
	# With -A the scalar variables do not matter.
	function apart() {
		local -r ARMHF_BINFMT_MODE=kept
		armhf_binfmt_prepare -n -A outcome
		[[ "${ARMHF_BINFMT_MODE} ${outcome[mode]}" == "kept none" ]]
	}
	apart
}

# bats test_tags=slow
@test "variables: -A refuses what is no plain associative array, the shell's own among them" {
	bad_host
	ran="${HOST_OUTPUT}.ran"
	# refused NAME WHY
	function refused() {
		declare kept
		kept="$(declare -p "${1}" 2>&1)"
		wrong "${1}: cannot assign the outcome to this variable: ${2}" -A "${1}"
		[[ "$(declare -p "${1}" 2>&1)" == "${kept}" || "${1}" == @(RANDOM|SECONDS|EPOCH*|LINENO|BASH_COMMAND|BASHPID|SRANDOM) ]]
	}
	scalar=kept
	indexed=(kept)
	declare -Ai integer=([kept]=1)
	declare -Ar constant=([kept]=1)
	declare -Au upper
	declare -Al lower
	declare -Ac capital
	declare -A plain
	declare -n reference=plain
	declare -n dangling=nothing
	declare -n executing="indexed[\$(touch ${ran})]"
	refused scalar "it is not an associative array (declare -A)"
	refused indexed "it is not an associative array (declare -A)"
	refused integer "it has the integer attribute"
	refused constant "readonly variable"
	for name in upper lower capital; do
		refused "${name}" "it has an attribute that changes letters"
	done
	for name in reference dangling executing; do
		refused "${name}" "it is a nameref"
	done
	for name in BASH_CMDS BASH_ALIASES; do
		hash -p /bin/true kept
		alias kept=true
		refused "${name}" "it is one of the shell's own"
		unalias kept
	done
	for name in RANDOM SRANDOM SECONDS EPOCHREALTIME LINENO BASHPID BASH_COMMAND FUNCNAME GROUPS DIRSTACK PIPESTATUS BASH_VERSINFO UID SHELLOPTS; do
		refused "${name}" "*"
	done
	[[ ! -e "${ran}" && ! -v nothing && "${indexed[*]}" == kept && "$(declare -p plain)" == "declare -A plain" ]]
	hash -r
	nothing_done
}

@test "variables: exported, traced and unset ones are taken, as is one of an outer function" {
	bad_host
	declare -x ARMHF_BINFMT_MODE=old
	declare -t ARMHF_BINFMT_TIER
	function outer() {
		local ARMHF_BINFMT_REASON
		inner
		[[ "${ARMHF_BINFMT_REASON}" == descriptor-created ]]
	}
	function inner() {
		armhf_binfmt_prepare -n
	}
	outer
	[[ "${ARMHF_BINFMT_MODE} ${ARMHF_BINFMT_TIER}" == "none 4" && ! -v ARMHF_BINFMT_REASON ]]
}

@test "wrong usage and variables: nothing is observed: no file of the host is opened, nothing executed" {
	requires_strace
	bad_host
	cat > "${HOST_OUTPUT}.sh" <<- 'SCRIPT'
		enable -f "${1}" armhf_binfmt_prepare
		declare -r ARMHF_BINFMT_UNDO
		declare -a indexed
		: < /marker-begin
		for arguments in "" -X "-k" "-x -c /" "-p no" "-t 0" "-r no" "-r status-off -t 1" "-A 1" "-A indexed" "-A BASH_CMDS" operand --help; do
			armhf_binfmt_prepare ${arguments}
		done
		: < /marker-between
		armhf_binfmt_prepare -n -A good
		: < /marker-end
	SCRIPT
	strace -f -s 1000 -o "${HOST_OUTPUT}.trace" bash "${HOST_OUTPUT}.sh" "${INSTALLED}" &> /dev/null || :
	function calls() {
		sed -n "/open.*marker-${1}/,/open.*marker-${2}/p" "${HOST_OUTPUT}.trace" | sed '1d;$d' | sed -E 's/^[0-9]+ +//'
	}
	calls begin between > "${HOST_OUTPUT}.wrong"
	calls between end > "${HOST_OUTPUT}.good"
	suspects='binfmt|qemu|^(v?fork|clone|clone3|execve|execveat|memfd_create|mount|flock|statx|uname|personality)\('
	# The trace would show it.
	grep -qE 'openat.*binfmt_misc' "${HOST_OUTPUT}.good"
	grep -qE '^memfd_create' "${HOST_OUTPUT}.good"
	grep -E "${suspects}" "${HOST_OUTPUT}.wrong" | grep -vE '^write\(' > "${HOST_OUTPUT}.seen" || :
	diff /dev/null "${HOST_OUTPUT}.seen"
	# The calls did happen.
	[[ "$(grep -c 'write(2, .*armhf_binfmt_prepare: ' "${HOST_OUTPUT}.wrong")" -ge 10 ]]
	nothing_done
}

# invalid WHY [REMEDY]: the descriptor as it is now is named with this reason, in no time, by every policy, and nothing
# is done; where an entry qemu-arm runs armhf it is a warning.
function invalid() {
	declare before policy remedy="${2:-correct or remove that file, or reinstall the package that owns it}"
	before="$(host_state)"
	SECONDS=0
	for policy in registered emulated native; do
		prepare -p "${policy}"
		expect status 1 REASON descriptor-invalid TIER 1 MODE none MESSAGE "*${1}*; ${remedy}" ACTIONS ""
	done
	host_register_armhf
	prepare
	expect status 0 REASON entry-trusted TIER 2 WARNING "*${1}*; this descriptor is not used" stderr ""
	host_switch qemu-arm -1
	[[ "$(host_state)" == "${before}" ]]
	# A call that waited would take 10 seconds, and there are four.
	((SECONDS <= 30))
}

# bats test_tags=slow
@test "descriptor: one of bad text => descriptor-invalid with file, line and reason" {
	export REFUSED="${BATS_TEST_DIRNAME}/data/descriptors.refused"
	host_add_emulator
	count=0
	while IFS= read -r line; do
		[[ "${line}" != *.conf:* ]] || continue # of binfmt.d
		cp "${REFUSED%.refused}/${line%%: *}" "${DESCRIPTOR}"
		why="${line#*: line *: }"
		line="${line%": ${why}"}"
		prepare
		expect status 1 REASON descriptor-invalid MESSAGE "${DESCRIPTOR}:${line#* line }: ${why//\\/\\\\}; correct or remove *"
		((++count))
	done < "${REFUSED}"
	((count >= 30))
}

# bats test_tags=slow
@test "descriptor: too long, in one line or in many, or full of NUL => named" {
	host_add_emulator
	{
		printf 'interpreter /'
		head -c 1048576 /dev/zero | tr '\0' x
		echo
	} > "${DESCRIPTOR}"
	invalid ":*longer than 64 KiB"
	{
		host_descriptor_text
		head -c 65537 /dev/zero | tr '\0' '\n'
	} > "${DESCRIPTOR}"
	invalid ":*longer than 64 KiB"
	truncate -s 16M "${DESCRIPTOR}"
	invalid ":*longer than 64 KiB"
	head -c 1000 /dev/zero > "${DESCRIPTOR}"
	invalid ":1: it holds a NUL byte"
	head -c 20000 /dev/urandom | tr -d '\0\n' > "${DESCRIPTOR}"
	invalid ":1: "
}

# bats test_tags=slow,once
@test "descriptor: a FIFO, directory, device, socket, dangling or cyclic link in its place => named, no hang" {
	host_add_emulator
	mkfifo "${DESCRIPTOR}"
	invalid "not a regular file"
	rm "${DESCRIPTOR}"
	mkdir "${DESCRIPTOR}"
	invalid "not a regular file"
	rmdir "${DESCRIPTOR}"
	for target in /dev/null /dev/zero /dev/tty /dev/ptmx /usr/share "${HOST_OUTPUT}.fifo"; do
		[[ "${target}" != *.fifo ]] || mkfifo "${target}"
		ln -s "${target}" "${DESCRIPTOR}"
		invalid ""
		rm "${DESCRIPTOR}"
	done
	ln -s nothing "${DESCRIPTOR}"
	invalid "No such file or directory"
	ln -snf qemu-arm "${DESCRIPTOR}"
	invalid "Too many levels of symbolic links"
	ln -snf /usr/bin/qemu-arm-static/file "${DESCRIPTOR}"
	invalid "Not a directory"
	rm "${DESCRIPTOR}"
	touch "${DESCRIPTOR}"
	mount --bind /dev/null "${DESCRIPTOR}"
	invalid "not a regular file"
	umount "${DESCRIPTOR}"
}

# bats test_tags=slow
@test "descriptor: one that others than root could have written => unsafe, named as invalid" {
	host_add_emulator
	host_descriptor
	for mode in 0646 0666 4662 0777; do
		chmod "${mode}" "${DESCRIPTOR}"
		invalid "${DESCRIPTOR}: everybody can write to it (mode ${mode})" "chmod go-w ${DESCRIPTOR}"
	done
	chmod 0644 "${DESCRIPTOR}"
	for mode in 0757 1777; do
		chmod "${mode}" /usr/share/binfmts
		invalid "/usr/share/binfmts: everybody can write to it (mode ${mode})" "chmod go-w /usr/share/binfmts"
	done
	chmod 0755 /usr/share/binfmts
	# Behind a link: the file and every directory on the way count.
	install -d -m 0777 /usr/share/open
	cp "${DESCRIPTOR}" /usr/share/open/file
	ln -sf /usr/share/open/file "${DESCRIPTOR}"
	invalid "/usr/share/open: everybody can write to it (mode 0777)" "chmod go-w /usr/share/open"
	rm "${DESCRIPTOR}"
	host_descriptor
	prepare
	expect status 0 REASON descriptor-registered
}

@test "descriptor: a group of root's may write to it and its directory, as umask 002 leaves them; another may not" {
	host_add_emulator
	host_descriptor
	chmod 0664 "${DESCRIPTOR}"
	chmod 0775 /usr/share/binfmts
	prepare
	expect status 0 REASON descriptor-registered
	if [[ "${EUID}" == 0 ]] && chgrp 1000 "${DESCRIPTOR}" 2> /dev/null; then
		host_switch qemu-arm -1
		invalid "${DESCRIPTOR}: group 1000 can write to it (mode 0664)" "chmod go-w ${DESCRIPTOR}"
	fi
}

@test "descriptor: another owner than root => unsafe, named as invalid" {
	requires_root
	host_add_emulator
	host_descriptor
	chown 1000 "${DESCRIPTOR}"
	invalid "${DESCRIPTOR}: it is owned by uid 1000, not by root" "chown root ${DESCRIPTOR}"
	chown 0 "${DESCRIPTOR}"
	chown 1000 /usr/share/binfmts
	invalid "/usr/share/binfmts: it is owned by uid 1000, not by root" "chown root /usr/share/binfmts"
}

@test "descriptor: a link to a good one elsewhere is followed, and unreadable is not the same as absent" {
	host_add_emulator
	host_descriptor_text > /usr/share/binfmts/another
	ln -s another "${DESCRIPTOR}"
	prepare
	expect status 0 REASON descriptor-registered TIER 1
}

@test "descriptor: not to be read for lack of privilege => not-permitted" {
	requires_root
	host_add_emulator
	host_descriptor
	chmod 0600 "${DESCRIPTOR}"
	prepare_in as_nobody --
	expect status 1 REASON not-permitted MESSAGE "${DESCRIPTOR}: cannot open it: Permission denied; run this as root*"
}

# bats test_tags=slow,once
@test "interpreter: missing, a directory, not executable, without its loader, exiting, hanging, crashing => named by what happens" {
	requires "a C compiler" command -v gcc
	interpreter="/usr/bin/interpreter"
	host_register_armhf qemu-arm "" "${interpreter}"
	before="$(host_entry qemu-arm)"
	# broken WHY: the entry is reported, with its interpreter and this, and stays.
	function broken() {
		prepare -t 1
		expect status 1 REASON "${2:-entry-broken}" MODE none ENTRY qemu-arm INTERPRETER "${interpreter}" MESSAGE "*${interpreter}*${1}*; *" ACTIONS ""
		[[ "$(host_entry qemu-arm)" == "${before}" ]]
		rm -rf "${interpreter}"
	}
	broken "No such file or directory"
	mkdir "${interpreter}"
	broken "Permission denied"
	install -m 0644 "${HOST_EMULATOR}" "${interpreter}"
	broken "Permission denied"
	echo nonsense > "${interpreter}"
	chmod 0755 "${interpreter}"
	broken "Exec format error"
	printf 'int main(void) { return 0; }' | gcc -x c -Wl,--dynamic-linker=/nowhere/ld.so -o "${interpreter}" -
	broken "No such file or directory*loader"
	ln -s interpreter "${interpreter}"
	broken "Too many levels of symbolic links"
	for program in true false; do
		install -m 0755 "/usr/bin/${program}" "${interpreter}"
		broken "exited with [01]"
	done
	install -m 0755 "${BUILD}/tests/crash" "${interpreter}"
	broken "killed by signal 6 (SIGABRT)"
	install -m 0755 "${BUILD}/tests/hang" "${interpreter}"
	broken "did not end within 1 s" probe-timeout
}
