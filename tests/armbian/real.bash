#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# NAME=VALUE...: a build by the libraries of a real tree of Armbian's framework, in place of its compile.sh: from the start to
# the end of its prepare_host, and its own end. It takes what the stand-in's compile.sh takes. No package is installed, nothing
# outside of the tree and the table is written; the host is of the architecture HOSTARCH, whatever it is.
set -e -o errtrace -o errexit

SRC="$(dirname "$(realpath "${BASH_SOURCE[0]}")")"
cd "${SRC}"

# Programs that change the machine do nothing, and those that tell its architecture tell the other.
function stub() {
	printf '#!/bin/sh\n%s\n' "${2}" > "${stubs}/${1}"
	chmod 755 "${stubs}/${1}"
}

for parameter in "$@"; do
	declare -g "${parameter}"
done
stubs="${LOG%.log}.bin"
mkdir -p "${stubs}"
declare -A machines=([arm64]=aarch64 [amd64]=x86_64)
stub arch "echo ${machines["${HOSTARCH}"]:-"${HOSTARCH}"}"
stub dpkg "echo ${HOSTARCH}"
stub dpkg-architecture "[ \"\${2}\" = ${HOSTARCH} ]"
for program in debconf-set-selections update-ccache-symlinks modprobe ntpdate apt-get; do
	stub "${program}" "cat > /dev/null"
done
stub arch-test "exec ${ARCH_TEST:-true} \"\$@\""
export PATH="${stubs}:${PATH}"

# shellcheck source=/dev/null
source "${SRC}/lib/single.sh"
# shellcheck disable=SC2034 # the libraries read them
{
	DEST="${SRC}/output" USERPATCHES_PATH="${SRC}/userpatches" LOGDIR="${LOG%.log}.logs" WORKDIR="${LOG%.log}.work"
	EXTENSION_MANAGER_TMP_DIR="${LOG%.log}.extensions" OFFLINE_WORK="${OFFLINE_WORK:-no}" SHOW_DEBUG="${SHOW_DEBUG:-no}"
	SYNC_CLOCK=no MANAGE_ACNG=no HOSTRELEASE="${HOSTRELEASE:-bookworm}" ENABLE_EXTENSIONS="${ENABLE_EXTENSIONS-armhf-binfmt}"
	ARMBIAN_LOG_CLI_ID=build tool_color="" ANSI_COLOR="${ANSI_COLOR:-}"
}
export TMPDIR="${WORKDIR}"
mkdir -p "${DEST}" "${LOGDIR}" "${WORKDIR}" "${SRC}/patch"
logging_init
traps_init
# Which packages there are is not looked at, none is installed, and pip has its own ways.
function install_host_side_packages() { printf 'dependency: %s\n' "$@"; }
function obtain_complete_artifact() { :; }
function armbian_is_running_in_container() { return 1; }
umask 002

initialize_extension_manager
prepare_host
display_alert "Building" "" "info"
: > "${LOG%.log}.prepared"
eval "${STEP:-}"
