#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/run, on a private host. The only stand-in is apt-get: there is nothing to install into but the host's
# /usr, so it puts the emulator's own file there, as the package would.

load lib/host.bash

function setup() {
	private_host
}

# run_on_host: a stand-in for apt-get that notes what it was asked for. It is renamed into
# place, for an ordinary user may not write to the machine's file.
function run_on_host() {
	noted="${BATS_TEST_TMPDIR}/noted"
	touch "${noted}"
	printf '%s\n' '#!/bin/bash' "echo \"\$*\" >> '${noted}'" \
		"[[ \"\$*\" != *' install '*qemu-user-static ]] || install -m 0755 '${HOST_EMULATOR}' /usr/bin/qemu-arm-static" > /usr/bin/apt-get.new
	chmod 0755 /usr/bin/apt-get.new
	mv /usr/bin/apt-get.new /usr/bin/apt-get
	# What dpkg knows, without the emulators, which may be installed on the machine.
	export DPKG_ADMINDIR="${BATS_TEST_TMPDIR}/dpkg"
	mkdir -p "${DPKG_ADMINDIR}"/{info,updates}
	awk 'BEGIN { RS = ""; ORS = "\n\n" } !/^Package: qemu-user/' /var/lib/dpkg/status > "${DPKG_ADMINDIR}/status"
}

# run_it OPTION...: scripts/run, and what it gave.
function run_it() {
	status=0
	"${TOP}/scripts/run" "$@" > "${BATS_TEST_TMPDIR}/out" 2> "${BATS_TEST_TMPDIR}/err" || status="${?}"
	# shellcheck disable=SC2034 # for expect
	stdout="$(< "${BATS_TEST_TMPDIR}/out")" stderr="$(< "${BATS_TEST_TMPDIR}/err")"
}

@test "run: no emulator => it is installed, saying so, and armhf runs" {
	run_on_host
	run_it
	expect status 0 stdout "*No emulator is installed*"
	grep -q 'install qemu-user-static$' "${noted}"
	armhf_runs
}

@test "run: an emulator is there => nothing is installed, and armhf runs" {
	run_on_host
	host_add_emulator
	run_it
	expect status 0
	[[ ! -s "${noted}" ]]
	armhf_runs
}

@test "run: -n, alone or among others => nothing is installed or changed, the builtin's status" {
	run_on_host
	before="$(host_state)"
	for options in -n -vn "-t 5 -n"; do
		# shellcheck disable=SC2086
		run_it ${options}
		expect status 1
	done
	[[ ! -s "${noted}" ]]
	[[ "$(host_state)" == "${before}" ]]
	refute armhf_runs
}

# bats test_tags=slow
@test "run: the outcome in an array => the emulator is installed all the same" {
	run_on_host
	run_it -A outcome
	expect status 0
	armhf_runs
}

@test "run: the package brings no emulator => status 1, after trying once" {
	run_on_host
	sed -i 's/install -m/: install -m/' /usr/bin/apt-get
	run_it
	expect status 1
	[[ "$(grep -c 'install qemu' "${noted}")" == 1 ]]
}

@test "run: a wrong option => the builtin's usage and status 2" {
	run_on_host
	run_it -X
	expect status 2 stderr "*usage*"
	[[ ! -s "${noted}" ]]
}

@test "run: the caller's PATH does not matter" {
	run_on_host
	mkdir "${BATS_TEST_TMPDIR}/bin"
	printf '#!/bin/sh\nexit 9\n' > "${BATS_TEST_TMPDIR}/bin/make"
	chmod 0755 "${BATS_TEST_TMPDIR}/bin/make"
	host_add_emulator
	PATH="${BATS_TEST_TMPDIR}/bin:${PATH}"
	run_it
	expect status 0
}
