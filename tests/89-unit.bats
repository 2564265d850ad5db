#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The systemd unit, as far as it can be tried without systemd running: that is for a guest.

load lib/host.bash

function setup_file() {
	declare -gx PREFIX="${BATS_FILE_TMPDIR}/prefix"
	make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" DESTDIR= PREFIX="${PREFIX}" install
	declare -gx UNIT="${PREFIX}/lib/systemd/system/armhf-binfmt-prepare.service"
}

@test "unit: systemd finds nothing wrong in it" {
	requires systemd-analyze command -v systemd-analyze
	run -0 systemd-analyze verify --man=no "${UNIT}"
	[ -z "${output}" ]
}

@test "unit: it is installed, and not enabled" {
	[ -f "${UNIT}" ]
	[ -z "$(find "${PREFIX}" -path "*.wants/*")" ]
}

@test "unit: its command takes the options of its configuration, and prepares the host" {
	private_host
	host_add_emulator
	host_register_armhf
	host_switch qemu-arm 0
	# Without options the entry stays disabled.
	command="$(sed -n 's/^ExecStart=//p' "${UNIT}")"
	[[ "${command}" == "${PREFIX}/bin/armhf-binfmt-prepare \$OPTIONS" ]]
	status=0
	OPTIONS="" bash -c "${command}" || status="${?}"
	expect status 1
	refute armhf_runs
	# shellcheck source=scripts/debian/armhf-binfmt-prepare.default
	source "${TOP}/scripts/debian/armhf-binfmt-prepare.default"
	[[ -z "${OPTIONS}" ]]
	OPTIONS="-p emulated" bash -c "${command}"
	armhf_runs
}
