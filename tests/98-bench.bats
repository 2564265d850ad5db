#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The benchmark works: one round of what needs no guest. What it measures is judged by no test.

load lib/host.bash

# bats test_tags=slow,once
@test "bench: one round measures every case, and none is empty" {
	requires "a kernel with private binfmt_misc tables (Linux 6.7 and later)" [ -n "${HOST_PRIVATE:-}" ]
	requires_strace
	requires_root
	declare name
	# A copy of what was built: the results are not left among it.
	cp -r "${BUILD}" "${BATS_TEST_TMPDIR}/build"
	run -0 env ROUNDS=1 make -s -C "${TOP}" BUILD="${BATS_TEST_TMPDIR}/build" \
		PARTS="shell limit load calls armbian" bench
	declare table="${BATS_TEST_TMPDIR}/build/bench/bench.tsv"
	[ "$(head -n 1 "${table}" | cut -f 1-5)" = $'case\tbuiltin_us\tother_us\tratio\truns' ]
	for name in "enabled, proved" "descriptor, registered" "descriptor, enabled" "fresh, tier 4, with import" \
		"proved, against one bare exec of qemu-arm" "proved with -n, against the same" \
		"Armbian's extension, emulated: "{fresh,enabled,disabled,current}; do
		echo "${name}"
		grep -qE "^${name}"$'\t[1-9][0-9.]*\t[1-9][0-9.]*\t[0-9.]+\t1\t' "${table}"
	done
	grep -qE $'^enable -f\t[1-9]' "${table}"
	# An exec where an entry serves and nothing is changed.
	grep -qE $'execs: enabled, proved\t[1-9][0-9]*, [1-9][0-9]*, 1$' "${BATS_TEST_TMPDIR}/build/bench/facts"
}
