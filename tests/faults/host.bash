# SPDX-License-Identifier: GPL-3.0-or-later
# For scripts on a private host (tests/lib/enter) and in a guest: the scenarios, what there is to see before and after a call, and
# calls under the tracer. Each happens thousands of times, so nothing forks that need not.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the scripts share these variables

# A guest is a whole host, and guest.bash has told what is there.
if [[ -n "${HOST_PRIVATE:-}" ]]; then
	# shellcheck source=tests/lib/private.bash
	source "${TOP}/tests/lib/private.bash"
	host_make
fi
DIRECTORY="${DESCRIPTOR%/*}"
TEMPORARY="/usr/share/.armhf-binfmt-descriptor"
NO_EMULATOR="/usr/bin/no-emulator" # a program that does not run armhf

# A scenario is a function that makes its host and may set the call's ${options} and the ${expected} status.
declare -a SCENARIOS=(register enable reload reload-fails create create-fails create-directory unlasting import undo undo-import
	mount mount-create status status-fails emulated release)
# What the shell had better not start processes for.
declare -a LOADABLES=(rm rmdir mkdir unlink stat)
[[ "$(uname -m)" != aarch64 ]] || LOADABLES=()

shopt -s extglob

function scenario_register() {
	host_descriptor
}

function scenario_enable() {
	host_descriptor
	host_register_armhf qemu-arm OC
	host_switch qemu-arm 0
}

function scenario_reload() {
	host_descriptor
	host_register_armhf qemu-arm P "${NO_EMULATOR}"
}

# The entry is replaced, the new one does not work either, the old one is registered again and disabled.
function scenario_reload-fails() {
	expected=1
	host_descriptor "${NO_EMULATOR}"
	host_register_armhf qemu-arm "" "${NO_EMULATOR}"
	host_switch qemu-arm 0
}

function scenario_create() { :; }

# What stands at the emulator's path does not work.
function scenario_create-fails() {
	expected=1
}

function scenario_create-directory() {
	rm -f "${DIRECTORY}/other"
	rmdir "${DIRECTORY}"
}

# Others may write to the directory: the entry is registered without a descriptor.
function scenario_unlasting() {
	chmod 0777 "${DIRECTORY}"
}

# With update-binfmts.
function scenario_import() { :; }

function scenario_undo() {
	armhf_binfmt_prepare
	options=(-r "${ARMHF_BINFMT_UNDO}")
}

function scenario_undo-import() {
	scenario_undo
}

function scenario_mount() {
	host_descriptor
	umount "${TABLE}"
}

function scenario_mount-create() {
	umount "${TABLE}"
}

function scenario_status() {
	host_descriptor
	host_register_armhf qemu-arm OC
	host_switch status 0
}

# The status is enabled, what is then done fails, and the status is disabled again.
function scenario_status-fails() {
	expected=1
	host_descriptor "${NO_EMULATOR}"
	host_switch status 0
}

function scenario_emulated() {
	options=(-p emulated)
	host_register_armhf qemu-arm F
	host_switch qemu-arm 0
}

# A shell that held armhf native is dead: what it held is enabled again.
function scenario_release() {
	host_register_armhf qemu-arm F
	host_held qemu-arm "a dead shell"
}

# The entry that claims armhf is disabled.
function scenario_native() {
	options=(-p native)
	host_register_armhf qemu-arm POF
}

function scenario_native-two() {
	scenario_native
	host_register_armhf other P
}

# It is, the loader does not run natively, and it is enabled again.
function scenario_native-fails() {
	scenario_native
}

function scenario_native-undo() {
	scenario_native
	armhf_binfmt_prepare -p native
	options=(-r "${ARMHF_BINFMT_UNDO}")
}

# The entries are held disabled.
function scenario_native-hold() {
	scenario_native-two
	options=(-p native -k "faults")
}

# This shell stops to hold them.
function scenario_native-release() {
	armhf_binfmt_prepare -x
	scenario_native-hold
	armhf_binfmt_prepare "${options[@]}"
	options=(-x)
}

# scenario_prepare: what the scenario's files need, once for all its runs.
function scenario_prepare() {
	declare emulator="${HOST_EMULATOR:-}" loader="${LOADER}"
	# The one before may have changed it.
	[[ ! -d "${DIRECTORY}" ]] || chmod 0755 "${DIRECTORY}"
	if [[ "${scenario}" == native* ]]; then
		[[ -e "${loader}.real" ]] || cp "${loader}" "${loader}.real"
		cp "${loader}.real" "${loader}"
		[[ "${scenario}" != native-fails ]] || cp /bin/false "${loader}"
		return
	fi
	case "${scenario}" in *import) host_add_binfmt_support ;; *) command rm -f /usr/sbin/update-binfmts ;; esac
	[[ "${scenario}" != create-fails ]] || emulator="/bin/false"
	install -m 0755 "${emulator}" "${EMULATOR}"
	install -m 0755 /bin/false "${NO_EMULATOR}"
}

# scenario_reset: an empty host, then what the scenario has on it.
function scenario_reset() {
	declare file
	options=() expected=0
	host_empty_table
	[[ -d "${DIRECTORY}" ]] || mkdir "${DIRECTORY}"
	for file in "${DIRECTORY}"/* "${RECORD}" "${TEMPORARY}"; do
		[[ "${file}" == "${DIRECTORY}/other" || (! -e "${file}" && ! -L "${file}") ]] || rm -f "${file}"
	done
	printf 'package other\n' > "${DIRECTORY}/other"
	"scenario_${scenario}"
}

# look: what a call may change, into ${seen}, and which file the descriptor is into ${identity}. An empty table that
# is enabled looks as if it was not mounted: a mount is not undone.
function look() {
	declare file text
	declare -A facts=()
	seen=""
	for file in "${TABLE}"/*; do
		[[ "${file}" != "${TABLE}/register" ]] || continue
		text=""
		IFS= read -r -d '' text < "${file}"
		seen+="${file##*/}: ${text}"$'\n'
	done
	[[ "${seen}" != $'status: enabled\n\n' ]] || seen=""
	[[ -d "${DIRECTORY}" ]] || seen+="no directory"$'\n'
	for file in "${DIRECTORY}"/* "${RECORD}" "${TEMPORARY}"; do
		[[ -e "${file}" || -L "${file}" ]] || continue
		text=""
		IFS= read -r -d '' text < "${file}"
		seen+="${file}: ${text}"$'\n'
	done
	identity=""
	[[ ! -e "${DESCRIPTOR}" ]] || { stat -A facts -L "${DESCRIPTOR}" && identity="${facts[inode]} ${facts[mtime]} ${facts[ctime]} ${facts[perms]}"; }
}

# manners: what else a call must leave as it was, into ${manner}: descriptors, children, signals, umask.
function manners() {
	declare line
	declare -a lines=() open=(/proc/self/fd/*)
	manner=""
	# A hold is one descriptor.
	[[ "${scenario}" == native-@(hold|release) ]] || manner="descriptors ${open[*]##*/}"$'\n'
	read -r line < "/proc/self/task/${BASHPID}/children" || line=""
	manner+="children ${line}"$'\n'
	mapfile -t lines < /proc/self/status
	for line in "${lines[@]}"; do
		[[ "${line}" != @(SigBlk|SigIgn|SigCgt|Umask|NoNewPrivs|Seccomp):* ]] || manner+="${line}"$'\n'
	done
}

# wrong WHAT: this run broke a rule.
function wrong() {
	printf '%s: %s: %s\n' "${scenario}" "${position}" "${1}" >&"${violations}"
}

# judge_shell: the shell is as it was.
function judge_shell() {
	declare before="${manner}"
	manners
	[[ "${manner}" == "${before}" ]] || wrong "the shell was changed, from ${before@Q} to ${manner@Q}"
}

# judge_host: the status is the truth, and nothing is half done.
function judge_host() {
	declare before="${seen}" file="${identity}"
	look
	[[ -z "${file}" || "${options[0]:-}" == -r || "${identity}" == "${file}" ]] ||
		wrong "the descriptor was touched: ${file}, now ${identity}"
	case "${status}" in
	0) judge_success ;;
	1 | 130 | 143) judge_failure ;;
	*) wrong "status ${status}" ;;
	esac
}

function judge_success() {
	[[ "${ARMHF_BINFMT_REASON}" == @(descriptor-@(registered|enabled|current|reloaded|created)|entry-@(registered|trusted|enabled)|other-entry|native?(-blocked)|undo-done) ]] ||
		wrong "status 0 and reason ${ARMHF_BINFMT_REASON}"
	[[ "${ARMHF_BINFMT_REASON}" != native-blocked || "${seen}" == "${before}" ]] || wrong "native-blocked, and there is ${seen@Q}"
	[[ "${seen}" == "${after}" || -n "${ARMHF_BINFMT_WARNING}" || "${ARMHF_BINFMT_REASON}" != "${reason}" ]] || believed ||
		wrong "status 0 (${ARMHF_BINFMT_REASON}), no warning, and it is not as it should be: ${seen@Q}"
	[[ "${ARMHF_BINFMT_REASON}" != undo-done ]] || return 0
	armhf_runs || wrong "status 0 (${ARMHF_BINFMT_REASON}) and armhf does not run: ${seen@Q}"
	# What it says would undo its changes does.
	case "${scenario} ${ARMHF_BINFMT_REASON}" in
	*" descriptor-reloaded") ;;
	native-hold*)
		armhf_binfmt_prepare -x || wrong "-x failed: ${ARMHF_BINFMT_MESSAGE}"
		look
		[[ "${seen}" == "${before}" ]] || believed || wrong "after -x there is ${seen@Q}, before there was ${before@Q}"
		;;
	register* | unlasting* | enable* | create* | import* | emulated* | native*)
		armhf_binfmt_prepare -r "${ARMHF_BINFMT_UNDO}" || wrong "-r '${ARMHF_BINFMT_UNDO}' failed: ${ARMHF_BINFMT_MESSAGE}"
		look
		[[ "${seen}" == "${before}" ]] || believed || wrong "after -r there is ${seen@Q}, before there was ${before@Q}"
		;;
	esac
}

function judge_failure() {
	[[ "${ARMHF_BINFMT_MESSAGE}" == @([!\ :]*": "*"; "*|"interrupted by signal "*) && "${ARMHF_BINFMT_MESSAGE}" != *$'\n'* ]] ||
		wrong "the message names no object, reason or remedy: ${ARMHF_BINFMT_MESSAGE@Q}"
	# The injected error is the cause of the failure; but a child that cannot write it cannot tell.
	[[ "${mode} ${expected} ${status}" != "errors 0 1" || "${ARMHF_BINFMT_MESSAGE}${ARMHF_BINFMT_WARNING}" == *"${strerror[${position##*:}]}"* ||
		"${position}" == at:[1-9]*:write:* ]] || believed || answered ||
		wrong "the message does not say why: ${ARMHF_BINFMT_MESSAGE} ${ARMHF_BINFMT_WARNING}"
	if [[ "${options[0]:-}" == -r ]]; then
		[[ -n "${ARMHF_BINFMT_UNDO}" || "${seen}" == "${after}" ]] || wrong "status ${status}, nothing left to undo, and there is ${seen@Q}"
		armhf_binfmt_prepare -r "${ARMHF_BINFMT_UNDO}" || wrong "-r '${ARMHF_BINFMT_UNDO}' failed again: ${ARMHF_BINFMT_MESSAGE}"
		look
		[[ "${seen}" == "${after}" ]] || wrong "after -r again there is ${seen@Q}"
	elif [[ "${options[0]:-}" == -x ]]; then
		[[ "${seen}" == "${after}" || "${ARMHF_BINFMT_WARNING}" == *"/binfmt_misc: "@("the next call enables the entries that no shell holds any more"|"this shell still holds") ||
			"${ARMHF_BINFMT_MESSAGE}" == "interrupted by signal "*": this shell still holds; run this again" ]] ||
			wrong "the release failed, and it does not say what stays: ${ARMHF_BINFMT_MESSAGE} ${ARMHF_BINFMT_WARNING}"
		armhf_binfmt_prepare -x
		armhf_binfmt_prepare || wrong "the next call failed: ${ARMHF_BINFMT_MESSAGE}"
		look
		[[ "${seen}" == "${after}" ]] || wrong "after the next call there is ${seen@Q}"
	elif [[ "${scenario}" == release && "${seen}" == "${after}" ]]; then
		: # a release is finished, whatever comes of the rest
	elif [[ "${seen}" != "${before}" || -n "${ARMHF_BINFMT_UNDO}" ]]; then
		[[ "${ARMHF_BINFMT_WARNING}" == *"could not be "@(undone|released)": "* ]] || believed ||
			wrong "status ${status}, UNDO '${ARMHF_BINFMT_UNDO}', and there is ${seen@Q}, before there was ${before@Q}; ${ARMHF_BINFMT_MESSAGE}"
	fi
}

# believed: the kernel was made to say that something was not there, or somebody else's link or directory, and that is not undone.
function believed() {
	[[ "${position}/" == *:@(@(statx|openat|access|faccessat|faccessat2):*:ENOENT|openat:*:ELOOP|read:*:EISDIR)/* ]]
}

# answered: this errno is no failure but an answer (nobody runs such a program, it is there already, it is gone); what is
# told is what is then found to be otherwise.
function answered() {
	[[ "${position}/" == *:@(execveat:*:ENOEXEC|mkdir:*:EEXIST|unlink:*:ENOENT)/* ]]
}

function traced_call() {
	exec > /dev/null 2> "${WORK}/stderr"
	trapped=""
	# shellcheck disable=SC2086 # several signals
	[[ -z "${traps}" ]] || trap 'trapped+=x' ${traps}
	manners
	[[ -e "/.inject/begin/${1}" ]] || exit 99
	status=0
	armhf_binfmt_prepare "${options[@]}" || status="${?}"
	[[ -e /.inject/end ]]
	"${judge}"
	exit 0
}

# traced ORDER: reset the host and make the scenario's call in a subshell, which the tracer follows; ${judge} then
# judges in that subshell. Sets ${died} to the subshell's status and ${fired} to 1 if the order was carried out.
function traced() {
	declare left
	scenario_reset > /dev/null 2>&1
	look
	died=0
	# The shell would say of each that it was killed.
	{ (traced_call "${1}") || died="${?}"; } 2> /dev/null
	[[ -e /.inject/report ]] || host_die "the tracer is gone"
	read -r fired left _ < "${WORK}/report"
	((fired == 0)) || fired=1
	((left == 0)) || wrong "${left} processes were left behind"
	((runs += 1))
	((runs % 20 > 0)) || echo "20 runs more: ${scenario}" >> "${WORK}/progress"
}
