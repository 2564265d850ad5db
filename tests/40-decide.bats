#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The decision: a table of it that people can read, the laws that hold in every world, the tokens that it
# speaks in, and the files that make no system call.

# bats file_tags=sanitized
load lib/host

# The pure files may call these: the C library's work on memory and strings, each other, and the verbs of call.h.
PURE="decide descriptor entry explain fault host report text words"
LIBC="abs calloc fclose fflush fprintf fputc fputs free fwrite malloc memchr memcmp memcpy memmove memset open_memstream putc
	realloc snprintf sprintf strchr strcmp strcpy strdup strerror strlen strncmp strrchr strsep strspn strstr vasprintf vfprintf
	vsnprintf"
VERBS="acquire attempt begin_again call_status change is_over look undo verdict"

@test "decide: every case is decided as in the table" {
	run --separate-stderr -0 "${BUILD}/tests/decide_table"
	diff -u "${BATS_TEST_DIRNAME}/data/decide.golden" - <<< "${output}"
}

# bats test_tags=slow,once
@test "decide: the laws hold in every world" {
	run -0 "${BUILD}/tests/decide_laws"
	[[ "${lines[-1]}" =~ ^ok\ -\ worlds\ 1\ to\ [1-9][0-9]*,\ [1-9][0-9]*\ calls:\ [1-9] ]]
	echo "# ${lines[-1]}" >&3
}

@test "words: tokens of steps there and back, reasons, symptoms, which entry serves" {
	"${BUILD}/tests/words_test"
}

# bats test_tags=slow,once
@test "pure: decide, descriptor, entry, explain, fault, host, report, text and words make no system call" {
	requires "nm (binutils)" command -v nm
	# The compiler's own: stack protector, fortified functions, sanitizers and counters of coverage; the probe's two questions.
	declare wrong=0 allowed file symbol
	allowed=" ${LIBC//[$'\n\t']/ } ${VERBS} probe_answer probe_delivered __ehdr_start "
	for file in ${PURE}; do
		allowed+="$(nm --defined-only -P "${BUILD}/${file}.o" | awk '$2 ~ /[A-Z]/ { printf "%s ", $1 }')"
	done
	for file in ${PURE}; do
		while read -r symbol _; do
			case "${symbol}" in
			__stack_chk_* | _GLOBAL_OFFSET_TABLE_ | __asan_* | __ubsan_* | __gcov_* | __isoc*) continue ;;
			__*_chk)
				symbol="${symbol#__}"
				symbol="${symbol%_chk}"
				;;
			esac
			[[ "${allowed}" == *" ${symbol} "* ]] || {
				echo "${file}.o needs ${symbol}"
				wrong=1
			}
		done < <(nm --undefined-only -P "${BUILD}/${file}.o")
	done
	return "${wrong}"
}
