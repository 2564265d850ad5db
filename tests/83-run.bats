#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/run: what it leaves behind, what it installs, what it says of chroots.

load lib/host.bash

# A copy of the tree without what was built, so that scripts/run builds; the compiler need not take its time.
function setup_file() {
	export COPY="${BATS_FILE_TMPDIR}/tree" CFLAGS=-O0
	mkdir "${COPY}"
	cp -a "${TOP}"/{Makefile,CHANGELOG,builtin,include,scripts,tests} "${COPY}"
}

function setup() {
	private_host
	unset BUILD
	# It notes what it was asked for, and installs nothing.
	printf '%s\n' '#!/bin/sh' "echo \"\$*\" >> '${BATS_TEST_TMPDIR}/noted'" > /usr/bin/apt-get.new
	chmod 0755 /usr/bin/apt-get.new
	mv /usr/bin/apt-get.new /usr/bin/apt-get
}

# run_it OPTION...: the copy's scripts/run, and what it gave.
function run_it() {
	status=0
	"${COPY}/scripts/run" "$@" > "${BATS_TEST_TMPDIR}/out" 2> "${BATS_TEST_TMPDIR}/err" || status="${?}"
	# shellcheck disable=SC2034 # for expect
	stdout="$(< "${BATS_TEST_TMPDIR}/out")" stderr="$(< "${BATS_TEST_TMPDIR}/err")"
}

# bats test_tags=slow,once
@test "run: as root in the tree of another user => nothing is left in it, nor in the directory for temporary files" {
	requires_root
	host_add_emulator
	chown -R 65534:65534 "${COPY}"
	find "${COPY}" | sort > "${BATS_TEST_TMPDIR}/before"
	mkdir "${BATS_TEST_TMPDIR}/tmp"
	TMPDIR="${BATS_TEST_TMPDIR}/tmp" run_it
	chown -R 0:0 "${COPY}"
	expect status 0
	armhf_runs
	diff "${BATS_TEST_TMPDIR}/before" <(find "${COPY}" | sort)
	[[ -z "$(ls -A "${BATS_TEST_TMPDIR}/tmp")" ]]
}

# bats test_tags=slow,once
@test "run: as root in the tree of another user who has built it => that object is used" {
	requires_root
	host_add_emulator
	make -s -C "${COPY}"
	chown -R 65534:65534 "${COPY}"
	mkdir "${BATS_TEST_TMPDIR}/tmp"
	# Where nothing can be built, it is not built.
	chmod a-x /usr/bin/gcc
	TMPDIR="${BATS_TEST_TMPDIR}/tmp" run_it -n
	chown -R 0:0 "${COPY}"
	rm -rf "${COPY}/build"
	expect status 0 stdout "*result: *"
}

# bats test_tags=slow,once
@test "run: without sudo, as root => it works" {
	host_add_emulator
	rm -f /usr/bin/sudo
	run_it
	expect status 0
	armhf_runs
}

# bats test_tags=slow
@test "run: -n where the builtin cannot be built => what is missing, and nothing is installed" {
	export DPKG_ADMINDIR="${BATS_TEST_TMPDIR}/dpkg"
	mkdir -p "${DPKG_ADMINDIR}"/{info,updates}
	awk 'BEGIN { RS = ""; ORS = "\n\n" } !/^Package: bash-builtins\n/' /var/lib/dpkg/status > "${DPKG_ADMINDIR}/status"
	rm -rf "${COPY}/build"
	# As if the package were not there.
	mount -t tmpfs none /usr/include/bash
	run_it -n
	[[ "${status}" != 0 ]]
	expect stderr "*run: -n installs nothing, and to build the builtin these packages are missing: bash-builtins"
	[[ ! -e "${BATS_TEST_TMPDIR}/noted" ]]
}

# bats test_tags=slow,once
@test "run: an entry without flag F => it says that chroots need a copy, and the command makes one" {
	host_add_emulator
	run_it
	expect status 0 stdout "*"$'\n'"This does not reach into a chroot (no flag F). For each: install -D *"
	command="${stdout##*For each: }"
	mkdir "${BATS_TEST_TMPDIR}/chroot"
	bash -c "${command/CHROOT/"${BATS_TEST_TMPDIR}/chroot"}"
	cmp "${HOST_EMULATOR}" "${BATS_TEST_TMPDIR}/chroot/${EMULATOR}"
	run_it -A outcome
	expect status 0 stdout "*does not reach into a chroot*"
	for option in -n "-r unimport"; do
		# shellcheck disable=SC2086
		run_it ${option}
		[[ "${stdout}" != *"does not reach"* ]]
	done
}

# bats test_tags=slow,once
@test "run: an entry with flag F => nothing is said of chroots" {
	host_add_emulator
	host_register_armhf qemu-arm F
	run_it
	expect status 0
	[[ "${stdout}" != *chroot* ]]
}

@test "run: a hold is refused, for it would end with the script" {
	host_add_emulator
	before="$(host_state)"
	for option in "-k who" -x; do
		# shellcheck disable=SC2086
		run_it ${option}
		expect status 2 stderr "run: -[kx] is for the builtin in a shell*"
	done
	[[ "$(host_state)" == "${before}" ]]
}
