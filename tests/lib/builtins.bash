# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, by BASH_ENV (tests/suite): makes builtins of programs that bats and private.bash start in each test, if the package
# bash-builtins is installed, because to start a process takes longer than what these programs do. The builtin mkdir -m obeys the
# umask. tests/lib/host.bash takes this file out of the environment of the tests.
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
