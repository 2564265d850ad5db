# SPDX-License-Identifier: GPL-3.0-or-later
# The parts of scenes, on every kind of host: an entry, a descriptor, an emulator, binfmt-support, a loader, a call
# and what is expected of it. Private hosts (private.bash), guests, fault injection and benchmark source it.
#
# From whoever sources it: HOST_PACKAGES, unpacked packages; HOST_EMULATOR, the static qemu-arm; HOST_ARMHF, a static
# armhf program that prints "ok"; INSTALLED, the object; HOST_OUTPUT, a prefix for files that may be written.
# shellcheck shell=bash disable=SC2034,SC2120 # read by the scripts; arguments are optional

TABLE="/proc/sys/fs/binfmt_misc"
DESCRIPTOR="/usr/share/binfmts/qemu-arm"
RECORD="/var/lib/binfmts/qemu-arm"
EMULATOR="/usr/bin/qemu-arm-static"
LOADER="/usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3"
INSTALLED="${INSTALLED:-/usr/lib/bash/armhf_binfmt_prepare.so}"
# The bytes of the framework's descriptor.
ARMHF_MAGIC='\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
ARMHF_MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'

# ---- files ----

# host_add_emulator [PATH]: the real qemu-arm, at /usr/bin/qemu-arm-static or at PATH.
function host_add_emulator() {
	install -D -m 0755 "${HOST_EMULATOR}" "${1:-${EMULATOR}}"
}

# The real update-binfmts.
function host_add_binfmt_support() {
	declare file
	install -m 0755 "${HOST_PACKAGES}/binfmt-support/usr/sbin/update-binfmts" /usr/sbin/update-binfmts
	for file in "${HOST_PACKAGES}"/libpipeline1/usr/lib/*/libpipeline.so.*; do
		[[ -e "${file#"${HOST_PACKAGES}/libpipeline1"}" ]] || cp -d "${file}" "${file#"${HOST_PACKAGES}/libpipeline1"}"
	done
}

# The real armhf ld.so and libc.so.6, where Debian's cross packages have them.
function host_add_loader() {
	install -m 0755 "${HOST_PACKAGES}"/libc6-armhf-cross/usr/arm-linux-gnueabihf/lib/* "${LOADER%/*}"
}

# host_descriptor [INTERPRETER [LINE...]]: the descriptor that the framework writes, and more lines.
function host_descriptor() {
	host_descriptor_text "$@" > "${DESCRIPTOR}"
}

function host_descriptor_text() {
	printf '%s\n' "package qemu-user-static" "interpreter ${1:-${EMULATOR}}" "magic ${ARMHF_MAGIC}" \
		"offset 0" "mask ${ARMHF_MASK}" "credentials yes" "fix_binary no" "preserve yes" "${@:2}"
}

# ---- the table ----

# host_register LINE: write it to the kernel's register file, in one write.
function host_register() {
	printf '%s' "${1}" > "${TABLE}/register"
}

# host_register_armhf [NAME [FLAGS [INTERPRETER]]]: an entry that claims armhf. The next one is newer by a clock tick.
function host_register_armhf() {
	declare -i end
	host_register ":${1:-qemu-arm}:M:0:${ARMHF_MAGIC}:${ARMHF_MASK}:${3:-${EMULATOR}}:${2:-}" || return
	end="${EPOCHREALTIME/[.,]/} + 10000"
	while ((${EPOCHREALTIME/[.,]/} < end)); do :; done
}

# host_entry NAME: what the kernel prints for it; nothing, and status 1, where it is absent.
function host_entry() {
	[[ -e "${TABLE}/${1}" ]] && cat "${TABLE}/${1}"
}

# host_switch NAME 0|1|-1: write to an entry, or to "status".
function host_switch() {
	printf '%s' "${2}" > "${TABLE}/${1}"
}

# host_print NAME: an entry's fingerprint, FNV-1a over all that the kernel prints behind the first line, into ${print}.
function host_print() {
	declare LC_ALL=C line byte
	declare -i i
	print=2166136261
	while IFS= read -r line; do
		line+=$'\n'
		for ((i = 0; i < ${#line}; i++)); do
			printf -v byte '%d' "'${line:i:1}"
			((print = ((print ^ (byte & 255)) * 16777619) & 0xffffffff))
		done
	done < <(tail -n +2 "${TABLE}/${1}")
	printf -v print '%08x' "${print}"
}

# host_held NAME WHO: the entry is disabled, with the markers of a shell that held it and is dead.
function host_held() {
	declare print
	host_print "${1}"
	host_register ":armhf-held:E::armhf-binfmt-held::${2}:"
	host_switch armhf-held 0
	host_register ":armhf-held.${1}:E::armhf-binfmt-held::${print}:"
	host_switch "armhf-held.${1}" 0
	host_switch "${1}" 0
}

# An empty table that is enabled, mounted where it was not.
function host_empty_table() {
	declare file
	[[ -e "${TABLE}/status" ]] || mount -t binfmt_misc none "${TABLE}"
	for file in "${TABLE}"/* "${TABLE}"/.[!.]*; do
		[[ "${file}" == */@(register|status) || ! -e "${file}" ]] || printf '%s' -1 > "${file}"
	done
	host_switch status 1
}

# ---- the call ----

# prepare [OPTION...]: call the builtin in this shell and keep what it gave in ${status}, ${stdout} and ${stderr}.
function prepare() {
	# shellcheck disable=SC2086
	unset ${!ARMHF_BINFMT_@}
	status=0
	armhf_binfmt_prepare "$@" > "${HOST_OUTPUT}.out" 2> "${HOST_OUTPUT}.err" || status="${?}"
	prepare_output
}

# As "$(< FILE)", for which bash starts a process.
function prepare_output() {
	declare name
	for name in stdout stderr; do
		IFS= read -r -d '' "${name?}" < "${HOST_OUTPUT}.${name#std}" || :
		while [[ "${!name}" == *$'\n' ]]; do
			printf -v "${name}" '%s' "${!name%$'\n'}"
		done
	done
}

# prepare_fails [OPTION...]: a call that fails: it says so in one line, and leaves everything as it was.
function prepare_fails() {
	declare before
	before="$(host_kept)"
	prepare "$@"
	expect status 1 stderr "*armhf_binfmt_prepare: ${ARMHF_BINFMT_MESSAGE//\\/\\\\}" MESSAGE "?*: ?*; ?*" UNDO "" stdout ""
	[[ "${stderr}" != *$'\n'* ]]
	unchanged "${before}" "$(host_kept)"
}

# prepare_in COMMAND... -- [OPTION...]: as prepare, but in a new shell that COMMAND (strace, as_nobody, unshare) runs.
# shellcheck disable=SC2016 # expanded by that shell
function prepare_in() {
	declare -a command=()
	while [[ "${1}" != -- ]]; do
		command+=("${1}")
		shift
	done
	shift
	# shellcheck disable=SC2086
	unset ${!ARMHF_BINFMT_@}
	status=0
	"${command[@]}" bash -c 'enable -f "${0}" armhf_binfmt_prepare || exit 126
		status=0
		armhf_binfmt_prepare "$@" 9>&- || status="${?}"
		for name in "${!ARMHF_BINFMT_@}"; do printf "%s=%q\n" "${name}" "${!name}"; done >&9
		exit "${status}"' "${INSTALLED}" "$@" > "${HOST_OUTPUT}.out" 2> "${HOST_OUTPUT}.err" 9> "${HOST_OUTPUT}.set" || status="${?}"
	# shellcheck source=/dev/null
	source "${HOST_OUTPUT}.set"
	prepare_output
}

# expect NAME VALUE...: pairs, all of which must hold. A name is status, stdout, stderr, or an outcome variable
# without its prefix; a value is a pattern, as in case.
function expect() {
	declare name wrong=0
	while (($# > 0)); do
		name="${1}"
		[[ "${name}" != [A-Z]* ]] || name="ARMHF_BINFMT_${name}"
		# shellcheck disable=SC2053 # a pattern
		if [[ ! -v "${name}" || "${!name}" != ${2} ]]; then
			echo "${name} is $([[ ! -v "${name}" ]] && echo 'not set' || echo "'${!name}'"), expected '${2}'" >&2
			wrong=1
		fi
		shift 2
	done
	return "${wrong}"
}

# refute COMMAND...: fail if it succeeds ("! COMMAND" alone would not end the script).
function refute() {
	if "$@"; then
		echo "succeeded, and should not: ${*}" >&2
		return 1
	fi
}

# ---- the state ----

# The visible state of the table, the descriptor and binfmt-support's records: equal before and after a
# call that changed nothing.
function host_state() {
	declare file text
	declare -a found=()
	for file in "${TABLE}"/* /{usr/share,var/lib}/binfmts /{usr/share,var/lib}/binfmts/{*,.[!.]*}; do
		[[ "${file}" != */register && (-e "${file}" || -L "${file}") ]] || continue
		text=""
		[[ ! -f "${file}" || -L "${file}" ]] || IFS= read -r -d '' -n 8192 text < "${file}" || :
		printf '%s: %s\n' "${file}" "${text%$'\n'}"
		[[ "${file}" == "${TABLE}"/* || ("${1:-}" == kept && -d "${file}") ]] || found+=("${file}")
	done
	((${#found[@]} == 0)) || stat -c '%N %F %i %a %u %s %y %z' "${found[@]}"
}

# The same without the times, size and inode of directories: equal before and after a call that undid what it did.
function host_kept() {
	host_state kept
}

# unchanged BEFORE NOW: two texts are the same, or how they differ.
function unchanged() {
	[[ "${1}" == "${2}" ]] || diff <(echo "${1}") <(echo "${2}")
}

# True if an armhf program runs here: one of two that have nothing to do with the builtin: arch-test's static one and, with
# "dynamic" and host_add_loader, glibc's, which ld.so must map.
function armhf_runs() {
	case "${1:-static}" in
	static) [[ "$("${HOST_ARMHF}" 2>&1)" == ok ]] ;;
	dynamic) [[ "$("${LOADER}" "${LOADER%/*}/libc.so.6" 2>&1)" == "GNU C Library"* ]] ;;
	esac
}

# Run a command as an ordinary user. The test must say: requires "root, for a second user" [ "${EUID}" = 0 ].
function as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# Put the numbers of this shell's children into ${children}. Without a substitution: for that bash 5.1 starts one.
function host_children() {
	children=""
	read -r children < "/proc/$$/task/$$/children" || :
}

# The memory that this shell has mapped and uses (VmRSS is only an estimate), in KiB, in ${used}.
function host_memory() {
	declare file name value
	used=0
	for file in status smaps_rollup; do
		while read -r name value _; do
			[[ "${name}" != Anonymous: && "${name}" != VmData: ]] || ((used += value))
		done < "/proc/$$/${file}"
	done
}
