# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What a scenario in a guest is made of: known states to start from, one call of the builtin, and everything that a
# person would look at afterwards. Sourced by the scenarios and by the shells that they start.

shopt -s extglob nullglob
declare -r table=/proc/sys/fs/binfmt_misc
declare -r descriptor=/usr/share/binfmts/qemu-arm
declare -r record=/var/lib/binfmts/qemu-arm
declare -r arm='\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
declare -r mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
declare emulator=/usr/bin/qemu-arm
if [[ "${USERLAND}" == bookworm ]]; then
	emulator=/usr/bin/qemu-arm-static
fi
# The descriptor as the scenario placed it; a shell that a scenario starts has it from the environment.
declare placed="${placed-absent}"
declare -a hidden=()

enable -f /test/armhf_binfmt_prepare.so armhf_binfmt_prepare

# ---- saying ----

# Every line of the record is marked: the rest of the console belongs to the kernel.
function say() {
	printf '@@ %s\n' "${1}"
}

function say_field() {
	declare line
	if [[ -z "${2}" ]]; then
		say "${1}"
		return 0
	fi
	while IFS= read -r line; do
		printf '@@ %-12s%s\n' "${1}" "${line}"
	done <<< "${2}"
}

# ---- known states ----

# scenario NAME CLAIM: begin one, from the state of a host on which nothing was ever set up.
function scenario() {
	reset
	say "## ${1}: ${2}"
}

function reset() {
	declare file
	for file in "${hidden[@]}"; do
		mv -f "${file}.hidden" "${file}"
	done
	hidden=()
	[[ -e "${table}/status" ]] || mount -t binfmt_misc binfmt_misc "${table}"
	for file in "${table}"/*; do
		case "${file##*/}" in
		register | status) ;;
		*) echo -1 > "${file}" ;;
		esac
	done
	echo 1 > "${table}/status"
	for file in /usr/share/binfmts/* /var/lib/binfmts/*; do
		rm "${file}"
	done
	export placed=absent
}

# hide FILE: until the next scenario.
function hide() {
	mv "${1}" "${1}.hidden"
	hidden+=("${1}")
}

# replace FILE PROGRAM: the file is another program, until the next scenario.
function replace() {
	hide "${1}"
	cp "${2}" "${1}"
}

# register [NAME [INTERPRETER [FLAGS [MAGIC [MASK]]]]]: as an administrator would, by default for armhf and like Debian's qemu-arm.conf.
function register() {
	printf '%s' ":${1:-qemu-arm}:M:0:${4:-${arm}}:${5-${mask}}:${2:-${emulator}}:${3-POF}" > "${table}/register"
}

# disable NAME: switch an entry off.
function disable() {
	echo 0 > "${table}/${1}"
}

# place INTERPRETER [LINE...]: a descriptor as a package would bring it, with more lines or none.
function place() {
	printf '%s\n' 'package qemu-user' "interpreter ${1}" "magic ${arm}" 'offset 0' "mask ${mask}" 'credentials yes' 'fix_binary yes' 'preserve yes' \
		"${@:2}" > "${descriptor}"
	placed="$(identity)"
	export placed
}

# What must not change about an existing descriptor.
function identity() {
	if [[ -e "${descriptor}" ]]; then
		stat -c '%i %y %z %a %u' "${descriptor}"
		sha256sum "${descriptor}"
	else
		echo absent
	fi
}

# ---- observing ----

# call [ARGUMENT...]: run the builtin in this shell, and say what it returned, set and printed. What is empty is left out.
function call() {
	declare status=0 shown="" name printed output="/tmp/output.${BASHPID}"
	unset "${!ARMHF_BINFMT_@}"
	for name in "${@}"; do
		[[ "${name}" != *' '* ]] || name="'${name}'"
		shown+=" ${name}"
	done
	say "\$ armhf_binfmt_prepare${shown}"
	armhf_binfmt_prepare "${@}" > "${output}" 2>&1 || status="${?}"
	say_field status "${status}"
	for name in TIER MODE REASON MESSAGE WARNING NATIVE ALIGN ENTRY INTERPRETER FLAGS ACTIONS UNDO; do
		declare -n value="ARMHF_BINFMT_${name}"
		[[ -v value && -z "${value}" ]] || say_field "${name}" "${value-unset}"
	done
	# bash says where the call stands, which is nobody's business.
	printed="$(< "${output}")"
	printed="${printed/#*: line +([0-9]): /}"
	case "${printed}" in
	"") ;;
	"armhf_binfmt_prepare: ${ARMHF_BINFMT_MESSAGE}") say_field printed 'the message' ;;
	*) say_field printed "${printed}" ;;
	esac
}

# Say the host's state, without the builtin's help: the table, the descriptor, and who executes an armhf program now.
function state() {
	declare file now hash
	declare -a lines=()
	if [[ -e "${table}/status" ]]; then
		say_field table "$(< "${table}/status")"
		for file in "${table}"/*; do
			case "${file##*/}" in
			register | status) ;;
			*)
				mapfile -t lines < "${file}"
				printf -v now '%s | ' "${lines[@]}"
				say_field entry "${file##*/}: ${now% | }"
				;;
			esac
		done
	else
		say_field table 'not mounted'
	fi
	now="$(identity)"
	hash="${now##*$'\n'}"
	hash="${hash%% *}"
	if [[ "${now}" == absent ]]; then
		say_field descriptor absent
	elif [[ "${now}" == "${placed}" ]]; then
		say_field descriptor "untouched, sha256 ${hash}"
	elif [[ "${placed}" == absent ]]; then
		say_field descriptor "new, mode $(stat -c '%a, owner %u' "${descriptor}"), sha256 ${hash}"
	else
		say_field descriptor "CHANGED, sha256 ${hash}"
	fi
	[[ ! -e "${record}" ]] || say_field imported yes
	now="$(/test/guest who /armhf/sid /bin/bash -c read 2>&1)"
	case "${now}" in
	/armhf/*/bash) say_field 'armhf by' 'the kernel' ;;
	*) say_field 'armhf by' "${now}" ;;
	esac
}

# prepare [ARGUMENT...]: call it, and look.
function prepare() {
	call "${@}"
	state
}

# take_back: carry out the undo steps of the call before, and look.
function take_back() {
	if [[ -n "${ARMHF_BINFMT_UNDO}" ]]; then
		prepare -r "${ARMHF_BINFMT_UNDO}"
	fi
}

# Say which programs of real armhf root file systems run now.
function roots() {
	declare release results
	for release in bookworm sid; do
		results="bash fails"
		if chroot "/armhf/${release}" /bin/bash -c : 2> /dev/null; then
			results="bash runs"
		fi
		if chroot "/armhf/${release}" /bin/ls / > /dev/null 2>&1; then
			results+=", ls runs"
		else
			results+=", ls fails"
		fi
		say_field "${release}" "${results}"
	done
}

# inside CODE [COMMAND...]: run code that uses these functions in a shell of its own, which the command starts.
function inside() {
	"${@:2}" bash -c "source /test/guest.bash; ${1}" || say "that shell ended with ${?}"
}

# container MOUNTS COMMAND...: run a command like Docker does by default, in a mount namespace without the privilege to mount.
function container() {
	unshare --mount bash -c "${1}; exec setpriv --bounding-set -sys_admin \"\${@}\"" "${@}"
}
