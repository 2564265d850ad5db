#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The decision: a table of it that people can read, laws over every combination of facts, and the
# tokens that it speaks in.

load lib/host

@test "plan: every case is decided as in the table" {
	run --separate-stderr -0 "${BUILD}/tests/plan_table"
	diff -u "${BATS_TEST_DIRNAME}/data/plan.golden" - <<< "${output}"
}

@test "plan: every combination of facts, policy and stage obeys the laws" {
	run -0 "${BUILD}/tests/plan_laws"
	[[ "${lines[-1]}" =~ ^[1-9][0-9]*\ combinations$ ]]
	echo "# ${lines[-1]}" >&3
}

@test "plan: tokens of steps there and back, names, what comes of a step, which entry serves" {
	run -0 "${BUILD}/tests/plan_test"
}
