# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2153
# Measurements on a private host (tests/lib/enter): against the shell way, against the
# limit, as shell and table grow, loading, system calls. Leaves figures in ${OUTPUT}: samples (case, side, microseconds) and
# facts (name, value).

set -eu -o pipefail
# shellcheck source=tests/lib/private.bash
source "${TOP}/tests/lib/private.bash"
# shellcheck source=SCRIPTDIR/measure.bash
source "${TOP}/tests/bench/measure.bash"
# shellcheck source=SCRIPTDIR/reference.bash
source "${TOP}/tests/bench/reference.bash"
# shellcheck source=SCRIPTDIR/states.bash
source "${TOP}/tests/bench/states.bash"
# shellcheck source=SCRIPTDIR/armbian.bash
source "${TOP}/tests/bench/armbian.bash"
LC_ALL=C

function sample() {
	printf '%s\t%s\t%s\n' "$@" >> "${OUTPUT}/samples"
}

function fact() {
	printf '%s\t%s\n' "$@" >> "${OUTPUT}/facts"
}

# ---- states to start from; the others are in states.bash ----

# An interpreter that does nothing: what is left of a call is what the builtin and the kernel do.
function state_nothing() {
	state_fresh
	host_register_armhf qemu-arm "" /usr/bin/nothing
}

# ---- 1 and 2: against the shell way and against the limit ----

function bench_shell() {
	versus "enabled, proved" state_enabled armhf_binfmt_prepare -- reference_prepare
	versus "descriptor, registered" state_descriptor armhf_binfmt_prepare -- reference_prepare
	versus "descriptor, enabled" state_disabled armhf_binfmt_prepare -- reference_prepare
	versus "fresh, tier 4, with import" state_fresh armhf_binfmt_prepare -- reference_prepare
}

# answer COMMAND: what limit says that it took.
function answer() {
	echo "${1}" >&"${LIMIT[1]}"
	read -r -u "${LIMIT[0]}" took
}

# limit CASE RESET SIDE=COMMAND...: a command of limit, or a call of the builtin where it is one, interleaved.
function limit() {
	declare name="${1}" reset="${2}" round pair took
	shift 2
	"${reset}"
	for ((round = 0; round <= ROUNDS; round++)); do
		for pair in "$@"; do
			# shellcheck disable=SC2086 # the options of the call
			case "${pair#*=}" in
			exec | probe | read) answer "${pair#*=}" ;;
			*) measure ${pair#*=} ;;
			esac
			((round == 0)) || sample "${name}" "${pair%%=*}" "${took}"
		done
	done
}

function bench_limit() {
	coproc LIMIT { exec "${BUILD}/bench/limit" "${TABLE}" "${TABLE}/status" "${TABLE}/qemu-arm" "${DESCRIPTOR}"; }
	limit "proved, against one bare exec of qemu-arm" state_enabled builtin=armhf_binfmt_prepare other=exec
	limit "proved with -n, against the same" state_enabled builtin="armhf_binfmt_prepare -n" other=exec
	limit "an interpreter that does nothing" state_nothing builtin=armhf_binfmt_prepare probe=probe exec=exec read=read
	eval "exec ${LIMIT[1]}>&-"
}

# ---- 3: as the shell grows ----

# heap: the megabytes of data that this shell has, in ${megabytes}.
function heap() {
	declare name value
	while read -r name value _; do
		[[ "${name}" != VmData: ]] || megabytes="$((value / 1024))"
	done < /proc/self/status
}

# grow MEGABYTES: variables and functions until the heap has that size.
function grow() {
	declare megabytes number=0 text
	printf -v text '%*s' 9900 ""
	while heap && ((megabytes < ${1})); do
		for ((number += 100; number % 100 != 99; number++)); do
			declare -g "grown_${1}_${number}=${text}"
		done
		eval "function grown_${1}_${number}() { echo '${text}'; }"
	done
}

function bench_heap() {
	declare megabytes
	for megabytes in 3 100 500; do
		grow "${megabytes}"
		versus "megabytes of heap: ${megabytes}" state_enabled armhf_binfmt_prepare -- reference_prepare
	done
}

# ---- 4: as the table grows ----

function bench_table() {
	declare count have=1 took round
	for count in 1 10 100 1000; do
		state_nothing
		for ((have = 1; have < count; have++)); do
			host_register ":format-${have}:E::format${have}::/usr/bin/nothing:"
		done
		for ((round = 0; round <= ROUNDS; round++)); do
			measure armhf_binfmt_prepare
			((round == 0)) || sample "entries in the table: ${count}" builtin "${took}"
		done
		count_calls "entries in the table: ${count}" state_same
	done
	state_fresh
}

# ---- 5: loading ----

function bench_load() {
	declare round took stripped="${OUTPUT}/stripped.so"
	state_enabled
	for ((round = 0; round < ROUNDS; round++)); do
		enable -d armhf_binfmt_prepare
		measure enable -f "${INSTALLED}" armhf_binfmt_prepare
		sample "enable -f" builtin "${took}"
		measure armhf_binfmt_prepare
		sample "first call, proved" builtin "${took}"
		measure armhf_binfmt_prepare
		sample "second call, proved" builtin "${took}"
	done
	strip -o "${stripped}" "${INSTALLED}"
	fact "bytes of the object, stripped" "$(stat -c %s "${stripped}")"
	fact "relocations" "$(readelf --wide --relocs "${stripped}" | grep -c ' R_')"
	fact "symbols that it needs" "$(nm --dynamic --undefined-only "${stripped}" | wc -l)"
	rm "${stripped}"
}

# ---- 6: system calls and execs ----

# count_calls CASE RESET [OPTION...]: of a call in a new shell, between two marks.
function count_calls() {
	declare name="${1}" trace="${OUTPUT}/trace" counts
	"${2}"
	shift 2
	# shellcheck disable=SC2016
	strace --quiet=all --follow-forks --output="${trace}" bash -c 'enable -f "${0}" armhf_binfmt_prepare
		[[ ! -e /mark ]]
		armhf_binfmt_prepare "$@"
		[[ ! -e /mark ]]' "${INSTALLED}" "$@"
	# The shell is the first process. Of a child only what it does up to its exec is ours: the rest is the interpreter's.
	counts="$(awk '
		NR == 1 { shell = $1 }
		/"\/mark"/ { inside = !inside; next }
		!inside || /^[0-9]+ +(---|\+\+\+|<\.\.\.)/ { next }
		$1 == shell { calls++; next }
		gone[$1] { next }
		{ child++ }
		/ execve(at)?\(/ && /( = 0|<unfinished \.\.\.>)$/ { execs++; gone[$1] = 1 }
		END { print calls + 0, child + 0, execs + 0 }' "${trace}")"
	fact "system calls of the shell, in children before exec, and execs: ${name}" "${counts// /, }"
	rm "${trace}"
}

function bench_calls() {
	count_calls "enabled, proved" state_enabled
	count_calls "enabled, proved, -n" state_enabled -n
	count_calls "descriptor, current" state_current
	count_calls "descriptor, registered" state_descriptor
	count_calls "descriptor, enabled" state_disabled
	count_calls "fresh, tier 4, with import" state_fresh
}

# ---- 7: the programs of a root, against the tools that print what the check reads of each file ----

declare -a readelf=(readelf --wide --file-header --program-headers --dynamic)

# readelf_one ROOT: one process for all that may be a program or a library.
function readelf_one() {
	find "${1}" -xdev -type f \( -perm /111 -o -name '*.so*' \) -exec "${readelf[@]}" {} + &> /dev/null || :
}

# readelf_each ROOT: one for each.
function readelf_each() {
	find "${1}" -xdev -type f \( -perm /111 -o -name '*.so*' \) -exec "${readelf[@]}" {} \; &> /dev/null || :
}

function bench_programs() {
	declare root files said used took
	host_empty_table
	host_register_armhf qemu-arm F
	for files in 6000 100000; do
		root="ROOT_${files}"
		root="${!root}"
		{ said="$("${BUILD}/tests/program_say" "${root}" 2>&3)"; } 3> "${OUTPUT}/used"
		used="$(< "${OUTPUT}/used")"
		fact "a root of ${files} files: what it has" "${said%%, 0 blocked*}"
		fact "a root of ${files} files: memory of the process" "${used#*, }"
		versus "-c, a root of ${files} files, against find and one readelf" state_same armhf_binfmt_prepare -c "${root}" -- readelf_one "${root}"
		count_calls "-c, a root of ${files} files" state_same -c "${root}"
	done
	root="${ROOT_6000}"
	measure readelf_each "${root}"
	fact "a root of 6000 files: find and a readelf for each program and library, us" "${took}"
}

# ---- 8: Armbian's extension against the framework's own function ----

function bench_armbian() {
	host_add_loader
	builds_make "${TOP}/scripts/armbian/armhf-binfmt.sh" "${INSTALLED}"
	builds_measure emulated
}

function main() {
	declare part helpers="${HOST_ARMHF%/*}"
	host_make
	host_add_emulator
	host_add_binfmt_support
	mkdir -p "${helpers#"${HOST_PACKAGES}/arch-test"}"
	cp "${helpers}"/* "${helpers#"${HOST_PACKAGES}/arch-test"}"
	cp "${HOST_PACKAGES}/arch-test/usr/bin/arch-test" /usr/bin
	cp "${BUILD}/bench/nothing" /usr/bin/nothing
	for part in "$@"; do
		"bench_${part}"
	done
}

main "$@"
