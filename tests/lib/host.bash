# SPDX-License-Identifier: GPL-3.0-or-later
# For the bats files: what a test needs, and a private host to run it on.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
TOP="$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)"
export TOP
# What the make that runs the tests was given is not for those that they run.
unset MAKEFLAGS MAKEOVERRIDES MAKELEVEL

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
	requires "a machine that does not run armhf natively (tests/hosts has the others)" [ "$(uname -m)" != aarch64 ]
}

# host [ARGUMENT...] << 'EOF': run this bash script on a private host (tests/lib/inside says what is there)
# and fail with it. HOST_TIMEOUT is the longest that it may take, in seconds.
function host() {
	declare script="${BATS_TEST_TMPDIR:?}/script" status=0
	requires "a kernel with private binfmt_misc tables (Linux 6.7 and later) and user namespaces" [ "${HOST_PRIVATE}" = yes ]
	cat > "${script}"
	# Descriptor 3 is bats's own: a process left behind would make it wait for ever.
	timeout --kill-after=5 "${HOST_TIMEOUT:-120}" "${TOP}/tests/lib/enter" "${script}" "$@" 3>&- || status="${?}"
	((status != 124)) || echo "killed after ${HOST_TIMEOUT:-120} seconds" >&2
	return "${status}"
}
