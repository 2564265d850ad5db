# SPDX-License-Identifier: GPL-3.0-or-later
# guest.bash: what an arm64 host of tests/hosts runs, where the kernel itself can run armhf: this worker's part of the
# native scenarios, in three modes. Tells violations and summaries on the console. /test/orders says NUMBER OF SECONDS FULL AT
# SCENARIO... of this boot, - for nothing. (The other scenarios run on private hosts.)
# shellcheck shell=bash
# shellcheck disable=SC2034 # for the worker
export TOP=/test BUILD=/test BATS_TEST_TMPDIR=/tmp
armhf=(/usr/lib*/arch-test/armhf)
INSTALLED="/test/armhf_binfmt_prepare.so" HOST_ARMHF="${armhf[0]}"
# shellcheck source=tests/lib/scenes.bash
source "${TOP}/tests/lib/scenes.bash"
EMULATOR="/test/interpreter"

function host_die() {
	echo "@@ violation guest: ${mode}: ${1}"
	exit 97
}

read -r number of seconds FULL AT names < /test/orders
export FULL="${FULL#-}" AT="${AT#-}"
AT="${AT//+/ }"
if ((${#} == 0)); then
	for part in errors:5 kills:3 signals:2; do
		mkdir "/tmp/${part%:*}.${number}"
		ln -s /dev/console "/tmp/${part%:*}.${number}/progress"
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
