#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Measurements for which an arm64 host must run armhf natively: the native case, and an image build's
# own work, natively and emulated. Runs in the guest, as its /test/main.
set -eu -o pipefail
# Addresses are random, as on real hosts.
echo 2 > /proc/sys/kernel/randomize_va_space

# shellcheck source=/dev/null
source /test/rounds.bash
# shellcheck source=SCRIPTDIR/measure.bash
source /test/measure.bash
# shellcheck source=SCRIPTDIR/reference.bash
source /test/reference.bash
# shellcheck source=tests/lib/scenes.bash
source /test/scenes.bash
# shellcheck source=SCRIPTDIR/states.bash
source /test/states.bash
# shellcheck source=SCRIPTDIR/armbian.bash
source /test/armbian.bash
declare -r root=/armhf/bookworm

function sample() {
	echo "@@ sample ${1}|${2}|${3}"
}

function fact() {
	echo "@@ fact ${1}|${2}"
}

# work: dpkg of the root, armhf itself, unpacks and configures the packages, from nothing.
function work() {
	chroot "${root}" /usr/bin/dpkg --log=/dev/null --force-all --install "${packages[@]#"${root}"}" > /tmp/work.log 2>&1
}

function work_reset() {
	rm -rf "${root}/var/lib/dpkg"
	mkdir -p "${root}"/var/lib/dpkg/{info,updates,triggers,parts} "${root}"/{tmp,etc,dev,proc}
	: > "${root}/var/lib/dpkg/status"
	: > "${root}/var/lib/dpkg/available"
}

# workload MODE SIDE: the work, and an armhf true, when armhf runs in that mode.
function workload() {
	declare mode="${1}" side="${2}" round took
	[[ "${ARMHF_BINFMT_MODE}" == "${mode}" ]]
	for ((round = 0; round <= ROUNDS / 3; round++)); do
		work_reset
		measure work || { cat /tmp/work.log && return 1; }
		((round == 0)) || sample "dpkg installs ${#packages[@]} armhf packages, native against emulated" "${side}" "${took}"
		measure chroot "${root}" /usr/bin/true
		((round == 0)) || sample "armhf true, native against emulated" "${side}" "${took}"
	done
}

enable -f /test/armhf_binfmt_prepare.so armhf_binfmt_prepare
mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
cp -a /test/workload/root/. "${root}"
mkdir "${root}/packages"
cp /test/workload/install/*.deb "${root}/packages"
declare -a packages=("${root}"/packages/*.deb)
mknod -m 666 "${root}/dev/null" c 1 3 || true

armhf_binfmt_prepare
[[ "${ARMHF_BINFMT_REASON}" == native ]]
versus "native, in the guest" state_same armhf_binfmt_prepare -- reference_prepare
workload native builtin
armhf_binfmt_prepare -p emulated
workload emulated other
armhf_binfmt_prepare -p native
[[ "${ARMHF_BINFMT_MODE}" == native ]]
builds_make /test/armhf-binfmt.sh /test/armhf_binfmt_prepare.so
builds_measure native
