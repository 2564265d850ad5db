# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The parts of a scenario in a guest: known states to start from, one call of the builtin, and everything that a
# person would look at afterwards. Sourced by the scenarios and by the shells that they start.

shopt -s extglob nullglob
INSTALLED=/test/armhf_binfmt_prepare.so
# shellcheck source=tests/lib/scenes.bash
source /test/scenes.bash
[[ "${USERLAND}" == bookworm ]] || EMULATOR=/usr/bin/qemu-arm
# The descriptor as the scenario placed it; a shell that a scenario starts has it from the environment.
declare placed="${placed-absent}"
declare -a hidden=()

enable -f "${INSTALLED}" armhf_binfmt_prepare

# ---- saying ----

# Every line of the record is marked: the rest of the console belongs to the kernel. What differs from host to host, or with
# the emulator, but not in its meaning, has a name instead.
function say() {
	declare text="${1//"${EMULATOR}"/EMULATOR}"
	text="${text//offset 0 | magic "${ARMHF_MAGIC//\\x/}" | mask "${ARMHF_MASK//\\x/}"/armhf}"
	[[ "${text}" != '= armhf-held.'* ]] || text="${text/interpreter +([0-9a-f])/interpreter ID}"
	printf '@@ %s\n' "${text//@+([0-9a-f])/@ID}"
}

function say_field() {
	declare line
	if [[ -z "${2}" ]]; then
		say "${1}"
		return 0
	fi
	while IFS= read -r line; do
		say "${1} ${line}"
	done <<< "${2}"
}

# group NAME: what follows is kept in golden/NAME.txt.
function group() {
	say "# ${1}"
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
	host_empty_table
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

# packaged [INTERPRETER [LINE...]]: a descriptor as a package would bring it, with more lines or none.
function packaged() {
	host_descriptor "${@}"
	placed="$(identity)"
	export placed
}

# What must not change about an existing descriptor.
function identity() {
	if [[ -e "${DESCRIPTOR}" ]]; then
		stat -c '%i %y %z %a %u' "${DESCRIPTOR}"
		sha256sum "${DESCRIPTOR}"
	else
		echo absent
	fi
}

# ---- observing ----

# call [ARGUMENT...]: run the builtin in this shell, and say what it returned and set. What is empty is left out, and so are the
# texts for people, which have tests of their own: of the warnings only the number is said.
function call() {
	declare status=0 shown="" name line printed output="/tmp/output.${BASHPID}"
	declare -a warnings=()
	unset "${!ARMHF_BINFMT_@}"
	for name in "${@}"; do
		[[ "${name}" != *' '* ]] || name="'${name}'"
		shown+=" ${name}"
	done
	say "\$ armhf_binfmt_prepare${shown}"
	armhf_binfmt_prepare "${@}" > "${output}" 2>&1 || status="${?}"
	line="${status}"
	mapfile -t warnings <<< "${ARMHF_BINFMT_WARNING-}"
	[[ -z "${ARMHF_BINFMT_WARNING-}" ]] || line+=" WARNING=${#warnings[@]}"
	for name in TIER MODE REASON NATIVE ALIGN; do
		call_field "${name}"
	done
	say "${line}"
	line=""
	for name in ENTRY INTERPRETER FLAGS; do
		call_field "${name}"
	done
	[[ -z "${line}" ]] || say " ${line}"
	for name in ACTIONS UNDO BLOCKED; do
		line=""
		call_field "${name}"
		[[ -z "${line}" ]] || say_field " " "${line# }"
	done
	# A failure is one line, the message. bash says where the call stands, which is nobody's business.
	printed="$(< "${output}")"
	printed="${printed/#*: line +([0-9]): /}"
	if ((status == 1)) && [[ "${printed}" == "armhf_binfmt_prepare: ${ARMHF_BINFMT_MESSAGE-}" ]]; then
		printed=""
	fi
	[[ -z "${printed}" ]] || say_field "  printed" "${printed}"
}

# call_field NAME: add a variable to ${line}, if it has a value.
function call_field() {
	declare -n value="ARMHF_BINFMT_${1}"
	[[ -z "${value-}" ]] || line+=" ${1}=${value}"
}

# Say the host's state, without the builtin's help: the table, the descriptor, and who executes an armhf program now.
function state() {
	declare file now said=""
	declare -a lines=() entries=()
	if [[ -e "${TABLE}/status" ]]; then
		said="table $(< "${TABLE}/status")"
		for file in "${TABLE}"/*; do
			case "${file##*/}" in
			register | status) ;;
			*)
				mapfile -t lines < "${file}"
				printf -v now '%s | ' "${lines[@]}"
				entries+=("${file##*/}: ${now% | }")
				;;
			esac
		done
	else
		said='table not mounted'
	fi
	now="$(identity)"
	if [[ "${now}" == absent ]]; then
		said+=', descriptor absent'
	elif [[ "${now}" == "${placed}" ]]; then
		said+=', descriptor untouched'
	elif [[ "${placed}" == absent ]]; then
		said+=", descriptor new ($(stat -c '%a, owner %u' "${DESCRIPTOR}"), $(descriptor_kind))"
	else
		said+=', descriptor CHANGED'
	fi
	[[ ! -e "${RECORD}" ]] || said+=' and imported'
	now="$(/test/guest who /armhf/sid /bin/bash -c read 2>&1)"
	case "${now}" in
	/armhf/*/bash) now='an interpreter that does not show' ;;
	esac
	say "= ${said}; armhf by ${now}"
	for now in "${entries[@]}"; do
		say "= ${now}"
	done
}

# The text of a descriptor that was written: the framework's, with its flags.
function descriptor_kind() {
	declare -a lines=()
	mapfile -t lines < "${DESCRIPTOR}"
	if [[ "${lines[*]:0:5}" == "package qemu-user-static interpreter ${EMULATOR} magic ${ARMHF_MAGIC} offset 0 mask ${ARMHF_MASK}" ]]; then
		declare IFS=,
		echo "the framework's, ${lines[*]:5}"
	else
		echo "another text: $(sha256sum < "${DESCRIPTOR}")"
	fi
}

# show [ARGUMENT...]: call it, and look.
function show() {
	call "${@}"
	state
}

# undo: carry out the undo steps of the call before, and look.
function undo() {
	if [[ -n "${ARMHF_BINFMT_UNDO}" ]]; then
		show -r "${ARMHF_BINFMT_UNDO}"
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
