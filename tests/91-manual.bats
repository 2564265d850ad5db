#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual pages: well formed, and complete, against the code. The help has tests of its own (70-shell.bats).

load lib/host.bash

function setup_file() {
	declare -gx PREFIX="${BATS_FILE_TMPDIR}/prefix"
	make -s -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" DESTDIR= PREFIX="${PREFIX}" install
	declare -gx BUILTIN="${PREFIX}/share/man/man7/armhf_binfmt_prepare.7" COMMAND="${PREFIX}/share/man/man1/armhf-binfmt-prepare.1"
}

# items PAGE SECTION MACRO: what the lists of this section explain, without arguments, a line each, sorted.
function items() {
	awk -v section="${2}" -v macro="${3}" '
		/^\.Sh / { inside = ($0 == ".Sh " section) }
		inside && $1 == ".It" && $2 == macro {
			$1 = $2 = ""
			sub(/^ */, "")
			sub(/ : Ns.*/, ":")
			sub(/ Ar .*/, "")
			sub(/^Fl /, "--")
			print
		}' "${1}" | sort
}

# same LIST LIST: neither is empty, and they are equal.
function same() {
	[ -n "${1}" ]
	diff -u <(printf '%s\n' "${1}") <(printf '%s\n' "${2}")
}

@test "manual: mandoc finds nothing wrong, and nothing is left to be filled in" {
	requires mandoc command -v mandoc
	for page in "${BUILTIN}" "${COMMAND}"; do
		# Which other pages are installed is not the pages' matter.
		run mandoc -T lint "${page}"
		run ! grep -v -e 'referenced manual not found' -e 'outdated mandoc.db' -e '^$' <<< "${output}"
		run ! grep '@[A-Z]' "${page}"
	done
	mandoc -T utf8 "${BUILTIN}" | grep -q "${PREFIX}/lib/bash/armhf_binfmt_prepare.so"
	mandoc -T utf8 "${COMMAND}" | grep -q "version $(sed -n 's/^VERSION := //p' "${TOP}/Makefile")"
}

@test "manual: it is of the day of the release" {
	date="$(sed -n '1s/.*(\(.*\))$/\1/p' "${TOP}/CHANGELOG")"
	[ "$(grep -h '^\.Dd' "${BUILTIN}" "${COMMAND}" | sort -u)" = ".Dd $(date -d "${date}" '+%B %-d, %Y')" ]
}

@test "manual: every option of the builtin is there, and no other" {
	declare letters
	letters="$(sed -n 's/.*internal_getopt(list, "\(.*\)").*/\1/p' "${TOP}/builtin/armhf_binfmt_prepare.c" | tr -d : | grep -o . | sort)"
	same "${letters}" "$(items "${BUILTIN}" DESCRIPTION Fl)"
}

@test "manual: every option of the command is there, and those that it refuses are named" {
	declare letters
	letters="$(items "${BUILTIN}" DESCRIPTION Fl | grep -v '[Akx]')"
	same "$(printf '%s\n' "${letters}" --help --json --version | sort)" "$(items "${COMMAND}" DESCRIPTION Fl)"
	same "$(items "${COMMAND}" DESCRIPTION Fl)" "$(
		"${PREFIX}/bin/armhf-binfmt-prepare" --help | sed -n 's/^  -\([a-z]\|-[a-z]*\) .*/\1/p; $ a -help\n-version' | sed 's/^-/--/' | sort
	)"
	for option in A k x; do
		run -2 "${PREFIX}/bin/armhf-binfmt-prepare" -n "-${option}" argument
	done
}

@test "manual: every variable is there" {
	same "$(source_rows REPORT_VALUES | sed 's/.*/ARMHF_BINFMT_\U&/')" "$(items "${BUILTIN}" VARIABLES Ev)"
}

@test "manual: every reason is there" {
	same "$(source_rows WORDS_REASONS)" "$(items "${BUILTIN}" REASONS Cm)"
}

@test "manual: every step is there" {
	same "$(source_rows WORDS_STEPS)" "$(items "${BUILTIN}" STEPS Cm)"
}

@test "manual: every value of NATIVE is there" {
	same "$(sed -n '/^words_native(/,/^}/ s/.*case .*return "\(.*\)";/\1/p' "${TOP}/builtin/words.c" | sort)" \
		"$(items "${BUILTIN}" 'VALUES OF NATIVE' Cm)"
}

@test "manual: every policy is there" {
	same "$(sed -n 's/.*\[POLICY_[A-Z]*\] = "\(.*\)",/\1/p' "${TOP}/builtin/words.c" | sort)" "$(items "${BUILTIN}" POLICIES Cm)"
}

# examples PAGE: its examples, as a script.
function examples() {
	awk '/^\.Sh / { inside = /EXAMPLES/ } inside && /^\.Bd/ { code = 1; next } /^\.Ed/ { code = 0 } inside && code' "${1}"
}

@test "manual: its examples do what they say" {
	private_host
	host_add_emulator
	before="$(host_kept)"
	examples "${BUILTIN}" > "${BATS_TEST_TMPDIR}/builtin"
	run -0 bash -eu "${BATS_TEST_TMPDIR}/builtin"
	[[ "${output}" == "armhf: emulated"$'\n'*"result: "* ]]
	[[ "$(host_kept)" == "${before}" ]]
	examples "${COMMAND}" > "${BATS_TEST_TMPDIR}/command"
	PATH="${PREFIX}/bin:${PATH}" run -0 bash -eu "${BATS_TEST_TMPDIR}/command"
	[[ "${output}" == "{"*"descriptor-created"*"}"*"undo: "*"every step is done"* ]]
	[[ "$(host_kept)" == "${before}" ]]
}
