#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every reason that the manual promises is one that some test sees, and no test expects another.

load lib/host.bash

# What only an arm64 kernel that runs armhf itself can give: expected on the hosts that tests/hosts boots.
NATIVE="native native-blocked"

function setup() {
	bash -c 'enable -f "${0}" armhf_binfmt_prepare && help armhf_binfmt_prepare' "${BUILD}/armhf_binfmt_prepare.so" > "${BATS_TEST_TMPDIR}/help"
	# The words of the paragraph "Reasons", without the two that head its lines.
	sed -n '/^ *Reasons:$/,/^ *$/p' "${BATS_TEST_TMPDIR}/help" | tail -n +2 | grep -oE '[a-z]+(-[a-z]+)*' | grep -vx -e success -e failure | sort > "${BATS_TEST_TMPDIR}/promised"
	grep -hoE '\bREASON [a-z]+(-[a-z]+)*' "${TOP}"/tests/*.bats | sed 's/REASON //' | sort -u > "${BATS_TEST_TMPDIR}/expected"
	grep -q '[a-z]' "${BATS_TEST_TMPDIR}/promised"
}

@test "reasons: each is expected by a test here, or by the hosts" {
	declare reason
	for reason in ${NATIVE}; do
		grep -qrE "^REASON +${reason}\$" "${TOP}/tests/hosts/golden" || {
			echo "no host gives ${reason}"
			return 1
		}
	done
	# shellcheck disable=SC2086 # words
	diff "${BATS_TEST_TMPDIR}/promised" <(printf '%s\n' ${NATIVE} | sort -u - "${BATS_TEST_TMPDIR}/expected")
}
