# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, by BASH_ENV (tests/suite): what it and private.bash start a process for in each test is a builtin, where the package bash-builtins
# is there; but mkdir -m obeys the umask then. A process takes longer than what these do. tests/lib/host.bash takes this file out of the environment again.
# shellcheck shell=bash
# shellcheck source=/dev/null
[[ -z "${HOST_BASH_ENV:-}" ]] || source "${HOST_BASH_ENV}"
for loadable in mkdir rm; do
	enable -f "/usr/lib/bash/${loadable}" "${loadable}" 2> /dev/null || :
done
unset loadable

# bats asks for the time at the beginning and at the end of a test.
function date() {
	if [[ "${*}" == +%s%N ]]; then
		echo "${EPOCHREALTIME/[.,]/}000"
	else
		command date "$@"
	fi
}
