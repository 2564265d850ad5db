#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every reason, step and value that the source knows is documented, and expected by some test; and no test expects
# another.
# shellcheck disable=SC2317 # called by bats

load lib/host.bash

# Reasons that only an arm64 kernel that runs armhf itself can give: expected on the hosts that tests/hosts boots.
NATIVE="native native-blocked entry-held"

function setup() {
	bash -c 'enable -f "${0}" armhf_binfmt_prepare && help armhf_binfmt_prepare' "${BUILD}/armhf_binfmt_prepare.so" > "${BATS_TEST_TMPDIR}/help"
	grep -q '[a-z]' "${BATS_TEST_TMPDIR}/help"
}

# rows MACRO FILE: the tokens of a table of the source.
function rows() {
	sed -n "/^#define ${1}(ROW)/,/[^\\\\]\$/s/^\tROW([A-Z_]*, \"\([^\"]*\)\".*/\1/p" "${TOP}/include/${2}" |
		grep . | sort
}

# words HEADING: the words of this paragraph of the help text.
function words() {
	sed -n "/^ *${1}:\$/,/^ *\$/p" "${BATS_TEST_TMPDIR}/help" | tail -n +2 | grep -oE '[a-z]+(-[a-z]+)*'
}

@test "reasons: each is documented" {
	rows WORDS_REASONS words.h > "${BATS_TEST_TMPDIR}/known"
	(($(wc -l < "${BATS_TEST_TMPDIR}/known") > 20))
	diff "${BATS_TEST_TMPDIR}/known" <(words Reasons | grep -vx -e success -e failure | sort)
}

@test "reasons: each is expected by a test here, or by the hosts" {
	declare reason
	for reason in ${NATIVE}; do
		grep -qrE "REASON=${reason}( |\$)" "${TOP}/tests/hosts/golden" || {
			echo "no host gives ${reason}"
			return 1
		}
	done
	# shellcheck disable=SC2086 # words
	diff <(rows WORDS_REASONS words.h) \
		<(grep -hoE '\bREASON [a-z]+(-[a-z]+)*' "${TOP}"/tests/*.bats | sed 's/REASON //' | printf '%s\n' ${NATIVE} "$(cat)" | sort -u)
}

# each_is_known HELP TEST: what the lines of "known" come to, in the help and in a test, as patterns in which @ stands for a line.
function each_is_known() {
	declare token wrong=0
	(($(wc -l < "${BATS_TEST_TMPDIR}/known") > 10))
	while read -r token; do
		grep -qE -e "${1//@/${token}}" "${BATS_TEST_TMPDIR}/help" || {
			echo "the help does not name ${token}"
			wrong=1
		}
		grep -qrE -e "${2//@/${token}}" "${TOP}"/tests/*.bats "${TOP}/tests/hosts/golden" || {
			echo "no test expects ${token}"
			wrong=1
		}
	done < "${BATS_TEST_TMPDIR}/known"
	return "${wrong}"
}

@test "steps: each is documented, and expected by a test" {
	rows WORDS_STEPS words.h > "${BATS_TEST_TMPDIR}/known"
	each_is_known '\<@' '(^|[^a-z-])@'
}

@test "values: each is documented, and expected by a test" {
	rows REPORT_VALUES report.h | tr '[:lower:]' '[:upper:]' > "${BATS_TEST_TMPDIR}/known"
	each_is_known '\<ARMHF_BINFMT_@\>' '\<@\>'
}
