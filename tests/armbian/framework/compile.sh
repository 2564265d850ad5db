#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# compile.sh NAME=VALUE...: a stand-in for Armbian's build framework, with all that an extension meets of it: when it is
# sourced and called, umask, where output goes, errexit, traps, clean-up handlers, the launch in a container. The parameters
# are the build's; of its own it has
#  EXTENSION   the file to source, if it is not in userpatches
#  LOG         the log
#  STEP        code to run as the build, in this shell
#  GENERATION  v26.05: the function is called only where an entry or a descriptor is missing; main, the default: always
#  DOCKER      yes: build in namespaces of its own, as in a container
#  ARCH_TEST   what says whether programs of ARCH run
set -e -o errtrace

SRC="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"

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

# A hook is all functions of its name and "__".
function call_extension_method() {
	declare hook
	for hook in $(compgen -A function "${1}__"); do
		"${hook}"
	done
}

# Installs nothing: the packages are told in the log.
function prepare_host_dependencies() {
	if [[ "${GENERATION:-main}" == "v26.05" ]]; then
		declare -g EXTRA_BUILD_DEPS=""
	else
		declare -g -a EXTRA_BUILD_DEPS=()
	fi
	call_extension_method add_host_dependencies
	# In v26.05 it is one string.
	# shellcheck disable=SC2128
	if [[ "${GENERATION:-main}" == "v26.05" ]]; then
		echo "dependencies: ${EXTRA_BUILD_DEPS}"
	else
		echo "dependencies: ${EXTRA_BUILD_DEPS[*]}"
	fi
}

function prepare_host() {
	if [[ "${OFFLINE_WORK:-}" != "yes" ]]; then
		prepare_host_dependencies
		call_extension_method host_dependencies_ready
	fi
	prepare_host_binfmt_qemu
}

# Extensions with host dependencies are sourced to make the image; then all runs in there. Processes, mounts and /run are
# the container's own; the table is the host's.
function docker_cli_launch() {
	declare parameter
	declare -a parameters=() DOCKER_EXTRA_ARGS=()
	source_extension
	do_with_logging prepare_host_dependencies
	call_extension_method host_pre_docker_launch
	echo "docker: ${DOCKER_EXTRA_ARGS[*]}" >> "${LOG}"
	for parameter in "$@"; do
		[[ "${parameter}" == DOCKER=* ]] || parameters+=("${parameter}")
	done
	# shellcheck disable=SC2016 # expanded there
	exec unshare --mount --pid --fork --kill-child bash -c '
		mount -t proc proc /proc
		mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
		mount -t tmpfs none /run
		exec bash "$@"' bash "${SRC}/compile.sh" "${parameters[@]}"
}

function source_extension() {
	# shellcheck source=/dev/null
	source "${EXTENSION:-"${SRC}/userpatches/extensions/armhf-binfmt/armhf-binfmt.sh"}"
}

declare -g -a cleanup_handlers=()
# The framework's libraries come before the extensions.
# shellcheck source=tests/armbian/framework/lib/functions/rootfs/qemu-static.sh
source "${SRC}/lib/functions/rootfs/qemu-static.sh"
for parameter in "$@"; do
	declare -g "${parameter}"
done
if [[ "${DOCKER:-}" == "yes" ]]; then
	docker_cli_launch "$@"
fi
for signal in ERR EXIT INT TERM; do
	# shellcheck disable=SC2064
	trap "trap_handler ${signal} \"\${?}\" >> '${LOG}'" "${signal}"
done

source_extension
if [[ "${CONFIG_DEFS_ONLY:-}" == "yes" ]]; then
	declare -p ARCH BOARD RELEASE
	exit 0
fi
umask 002
do_with_logging prepare_host
display_alert "Building" "" "info"
eval "${STEP:-}"
display_alert "Built" "" "info"
