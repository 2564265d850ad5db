# SPDX-License-Identifier: GPL-3.0-or-later
# guest.bash: what an arm64 host of tests/hosts runs, where the kernel itself can run armhf: this worker's part of the
# native scenarios, in three modes. Tells violations and summaries on the console. /test/orders says NUMBER OF SECONDS FULL AT
# SCENARIO... of this boot, - for nothing. (For the other scenarios tests/lib/inside makes the host.)
# shellcheck shell=bash
# shellcheck disable=SC2034 # for the worker
TABLE="/proc/sys/fs/binfmt_misc"
DESCRIPTOR="/usr/share/binfmts/qemu-arm"
INSTALLED="/test/armhf_binfmt_prepare.so"
ARMHF_MAGIC='\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00'
ARMHF_MASK='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
export TOP=/test BUILD=/test BATS_TEST_TMPDIR=/tmp

function host_die() {
	echo "@@ violation guest: ${mode}: ${1}"
	exit 97
}

function host_switch() {
	printf '%s' "${2}" > "${TABLE}/${1}"
}

function host_register_armhf() {
	printf '%s' ":${1}:M:0:${ARMHF_MAGIC}:${ARMHF_MASK}:/test/interpreter:${2}" > "${TABLE}/register"
}

function host_descriptor_text() {
	printf 'interpreter %s\n' "${1}"
}

function armhf_runs() {
	[[ "$(/usr/lib/arch-test/armhf 2>&1)" == ok ]]
}

read -r number of seconds FULL AT names < /test/orders
export FULL="${FULL#-}" AT="${AT#-}"
AT="${AT//+/ }"
if ((${#} == 0)); then
	for part in errors:5 kills:3 signals:2; do
		bash "${BASH_SOURCE[0]}" "${part%:*}" "$((seconds * ${part#*:} / 10))" 2>&1 | sed '/^@@/!s/^/# /'
		sed 's/^/@@ violation /' "/tmp/${part%:*}.${number}/violations"
		sed "s/^/@@ done ${part%:*}-/" "/tmp/${part%:*}.${number}/done"
	done
	exit 0
fi
enable -f "${INSTALLED}" armhf_binfmt_prepare
# shellcheck disable=SC2086 # several scenarios
set -- "${1}" "${number}" "${of}" "${2}" ${names}
# shellcheck source=tests/faults/worker
source "${TOP}/tests/faults/worker"
