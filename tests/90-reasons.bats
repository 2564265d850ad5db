#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every reason, step and value that the source knows is expected by some test; and no test expects another.
# shellcheck disable=SC2317 # called by bats

load lib/host.bash

# Reasons that only an arm64 kernel that runs armhf itself can give: expected on the hosts that tests/hosts boots.
NATIVE="native native-blocked entry-held"

@test "reasons: each is expected by a test here, or by the hosts" {
	declare reason
	for reason in ${NATIVE}; do
		grep -qrE "REASON=${reason}( |\$)" "${TOP}/tests/hosts/golden" || {
			echo "no host gives ${reason}"
			return 1
		}
	done
	# shellcheck disable=SC2086 # words
	diff <(source_rows WORDS_REASONS) \
		<(grep -hoE '\bREASON [a-z]+(-[a-z]+)*' "${TOP}"/tests/*.bats | sed 's/REASON //' | printf '%s\n' ${NATIVE} "$(cat)" | sort -u)
}

# each_is_expected PATTERN: fail unless a test or a host expects each line of the input. PATTERN is an extended regular expression in
# which @ stands for the line.
function each_is_expected() {
	declare token
	declare -i count=0 wrong=0
	while read -r token; do
		count+=1
		grep -qrE -e "${1//@/${token}}" "${TOP}"/tests/*.bats "${TOP}/tests/hosts/golden" || {
			echo "no test expects ${token}"
			wrong=1
		}
	done
	((count > 10 && wrong == 0))
}

@test "steps: each is expected by a test" {
	each_is_expected '(^|[^a-z-])@' < <(source_rows WORDS_STEPS)
}

@test "values: each is expected by a test" {
	each_is_expected '\<@\>' < <(source_rows REPORT_VALUES | tr '[:lower:]' '[:upper:]')
}
