#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# framework.bash NAME=VALUE...: a stand-in for Armbian's build framework, with all that an extension meets of it: when it is
# sourced, where output goes, errexit, traps, clean-up handlers. The parameters are the build's; of its own it has
# EXTENSION (file to source), LOG (file), and STEP (code to run as the build, in this shell).
set -e -o errtrace

# Of messages that are shown, one a line: level: message [ detail ].
function display_alert() {
	if [[ "${3}" == "debug" && "${SHOW_DEBUG:-}" != "yes" ]]; then
		return 0
	fi
	echo -e "${3}: ${1}${2:+ [ ${2} ]}" >&2
}

function exit_with_error() {
	display_alert "error!" "${1} ${2}" "err"
	exit 43
}

# In a shell of its own, where loaded builtins are not known.
function run_host_command_logged() {
	/usr/bin/env bash -e -o pipefail -c "$*" 2>&1
}

function armbian_is_running_in_container() {
	[[ "${ARMBIAN_RUNNING_IN_CONTAINER:-}" == "yes" ]]
}

function add_cleanup_handler() {
	if [[ $# -ne 1 || -z "${1}" ]]; then
		exit_with_error "add_cleanup_handler" "takes one name"
	fi
	cleanup_handlers=("${1}" "${cleanup_handlers[@]}")
}

# Ctrl-C gives INT, then ERR, then EXIT; only the last does something.
function trap_handler() {
	declare handler
	echo "trap: ${1} ${2}"
	if [[ "${1}" == "EXIT" ]]; then
		for handler in "${cleanup_handlers[@]}"; do
			eval "${handler}" || display_alert "Cleanup handler failed" "${handler}" "err"
		done
	fi
}

# Standard output goes to the log, standard error to the screen. A process that keeps descriptor 13 makes this wait for ever.
function do_with_logging() {
	declare tee
	exec 13> >(exec tee -a "${LOG}" > /dev/null)
	tee="${!}"
	"$@" >&13
	exec 13>&-
	wait "${tee}"
}

function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() {
	display_alert "The framework's own function" "${ARCH}" "info"
	cat <<- HEREDOC
		own: ${ARCH}
	HEREDOC
}

function enable_extension() {
	# shellcheck source=/dev/null
	source "${EXTENSION}"
}

declare -g -a cleanup_handlers=()
for parameter in "$@"; do
	declare -g "${parameter}"
done
for signal in ERR EXIT INT TERM; do
	# shellcheck disable=SC2064
	trap "trap_handler ${signal} \"\${?}\" >> '${LOG}'" "${signal}"
done

# shellcheck disable=SC2034 # the extension reads it
CURRENT_LOGFILE="${LOG}"
enable_extension
do_with_logging prepare_host_binfmt_qemu_cross_arm64_host_armhf_target
display_alert "Building" "" "info"
eval "${STEP:-}"
display_alert "Built" "" "info"
