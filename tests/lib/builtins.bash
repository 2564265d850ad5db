# SPDX-License-Identifier: GPL-3.0-or-later
# tests/suite gives this to bats as BASH_ENV. Make builtins of mkdir and rm, which bats and private.bash call in each test: to start a
# process takes longer than either. Without the package bash-builtins the programs are used. The builtin mkdir -m obeys the umask, the
# program does not. tests/lib/host.bash gives the tests the caller's BASH_ENV again.
# shellcheck shell=bash
# shellcheck source=/dev/null
[[ -z "${HOST_BASH_ENV:-}" ]] || source "${HOST_BASH_ENV}"
for loadable in mkdir rm; do
	enable -f "/usr/lib/bash/${loadable}" "${loadable}" 2> /dev/null || :
done
unset loadable
