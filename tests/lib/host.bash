# SPDX-License-Identifier: GPL-3.0-or-later
# For the bats files: what a test needs, and an empty host for each. tests/suite runs them on a private host.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
TOP="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
export TOP
# What the tests run sees neither the settings of make nor BASH_ENV as bats has it.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL
[[ -z "${BATS_TEST_NAME:-}" ]] || BASH_ENV="${HOST_BASH_ENV:-}"
# shellcheck source=tests/lib/private.bash
source "${BASH_SOURCE[0]%/*}/private.bash"

# The last qemu that does not know of flag P, unpacked once: its path.
function emulator_before_preserve() {
	bash -euo pipefail -O inherit_errexit -c 'source "${1}" && hosts_part qemu-5.2 part_qemu_before_preserve &&
		echo "${cache_path}/qemu-arm-static"' bash "${TOP}/tests/lib/qemu-5.2.bash" 3>&-
}

# requires WHAT COMMAND...: skip this test where COMMAND fails, naming WHAT it would need. In CI
# nothing may be missing, and the test fails.
function requires() {
	declare what="${1}"
	shift
	! "$@" &> /dev/null || return 0
	[[ "${CI:-}" == true ]] || skip "needs ${what}"
	echo "this needs ${what}, and in CI nothing is skipped" >&2
	return 1
}

# For a file's setup: where the kernel runs armhf itself, what its tests set up decides nothing.
function requires_emulation() {
	requires "a machine that does not run armhf natively (tests/hosts has the others)" [ "${HOSTTYPE}" != aarch64 ]
}

# source_rows TABLE: the first text of each row of a table of include/, sorted: the tokens of reasons, steps and values.
function source_rows() {
	sed -n "/^#define ${1}(ROW)/,/[^\\\\]\$/s/^\tROW([A-Z_]*, \"\([^\"]\+\)\".*/\1/p" "${TOP}"/include/*.h | sort
}

# Everybody is root on a private host.
function requires_root() {
	requires "root, for a second user" second_user
}

function second_user() {
	declare -a map=()
	read -ra map < /proc/self/uid_map
	((map[2] > 1))
}

# Debian's qemu expects what flag P makes of the arguments where its name ends so; up to version 10.
function emulator_reads_name() {
	grep -q -e -binfmt-P "${HOST_EMULATOR}"
}

function requires_strace() {
	requires strace command -v strace
}

# For a file's setup: an empty host, the builtin loaded, and the state in which scripts of the framework run.
function private_host() {
	requires "tests/suite, a kernel with private binfmt_misc tables (Linux 6.7 and later) and user namespaces" [ -n "${HOST_PRIVATE:-}" ]
	set -o pipefail
	# bats looks at each line of the test, and not at those of functions that it calls: that takes half of the time.
	set +T
	test_limit 120
	host_make
}

# test_limit SECONDS: how long this test may take; tests/suite kills it then.
function test_limit() {
	[[ -z "${HOST_RUNNING:-}" ]] || echo "${$} ${1}" > "${HOST_RUNNING}"
}

# The outcome that a failed test saw is shown; processes that it left are ended, or bats would wait for them; and its host goes,
# for the next test may be one that needs none.
function teardown() {
	[[ -n "${HOST_OUTPUT:-}" ]] || return 0
	[[ -n "${BATS_TEST_COMPLETED:-}" ]] || host_report
	host_children
	# shellcheck disable=SC2086,SC2154 # several
	[[ -z "${children}" ]] || kill -s KILL ${children} 2> /dev/null || :
	host_unmount
}
