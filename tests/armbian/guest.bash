# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2317,SC2329 # called through claim
# Builds of a real tree of Armbian's framework on a real arm64 host, as its /test/main: every state, every end, two in both orders and
# five at once. Says TAP without numbers, marked.

PATH=/usr/sbin:/usr/bin:/sbin:/bin
# shellcheck source=tests/lib/scenes.bash
source /test/scenes.bash
# shellcheck disable=SC2034 # builds.bash reads it
ARMBIAN=/test/tree
# shellcheck source=tests/armbian/builds.bash
source /test/builds.bash
declare -i failures=0
declare mode=emulated working="qemu-arm enabled"
# While a build runs that has armhf native, the entry is disabled.
[[ "${HOST}" != compat* ]] || mode=native working="qemu-arm disabled"

# claim TEXT COMMAND...: one line, and below it what went wrong.
function claim() {
	declare result=ok
	"${@:2}" > /tmp/claim 2>&1 || result="not ok" failures+=1
	echo "@@ ${result} - ${HOST}: ${1}"
	[[ "${result}" == ok ]] || sed 's/^/@@ # /' /tmp/claim
}

# is WANTED IS: they are the same text.
function is() {
	[[ "${2}" == "${1}" ]] || {
		echo "it is '${2}', and not '${1}'"
		return 1
	}
}

# prepared NAME: the framework says in which mode armhf runs, and went on to the end of its own preparations.
function prepared() {
	if [[ ! -e "${builds}/${1}.prepared" ]] || ! build_screen "${1}" | grep -q "^This host runs armhf programs \[ tier [0-9], ${mode}" ||
		! build_screen "${1}" | grep -q "^checking \[ arch-test for 'armhf' \]$"; then
		build_screen "${1}"
		return 1
	fi
}

# Every entry that is not the framework's for another architecture, in one line.
function entries() {
	build_entries | grep -Ev '^(armhf-held|qemu-(x86_64|riscv64|loongarch64))' | tr '\n' ';'
}

# begin ENTRY: a host without a descriptor, with an entry that is enabled, disabled, or none.
function begin() {
	host_empty_table
	rm -f "${DESCRIPTOR}" "${RECORD}"
	[[ "${1}" == none ]] || host_register_armhf qemu-arm F
	[[ "${1}" != disabled ]] || host_switch qemu-arm 0
}

# state ENTRY DESCRIPTOR WANTED: a whole build from there, after which the table is as wanted.
function state() {
	begin "${1}"
	[[ "${2}" == none ]] || host_descriptor
	build state && is 0 "${status}" && prepared state && is "${3}" "$(entries)" && is "" "$(build_held)"
}

# The table when all have ended.
function after() {
	is "qemu-arm enabled;" "$(entries)" && is "" "$(build_held)"
}

# ends END: of a build that is at work.
function ends() {
	begin enabled
	case "${1}" in
	success) build_start end && during && build_end end && is 0 "${status}" ;;
	failure) build end STEP='run_host_command_logged false' && [[ "${status}" != 0 ]] ;;
	exit_with_error) build end STEP='exit_with_error why' && is 43 "${status}" ;;
	KILL) build_start end && during && build_end end KILL && build_orphan_end end && build next && is 0 "${status}" && prepared next ;;
	*) build_start end && during && build_end end "${1}" && [[ "${status}" != 0 ]] ;;
	esac && after
}

function during() {
	is "${working};" "$(entries)"
}

function two() {
	begin enabled
	build_start alpha && build_start beta && during && build_end "${1}" && is 0 "${status}" && during &&
		build_end "${2}" && is 0 "${status}" && after
}

function five() {
	declare name
	begin enabled
	for name in 1 2 3 4 5; do
		build_launch "${name}" STEP=
	done
	for name in 1 2 3 4 5; do
		build_wait "${name}"
		is 0 "${status}" && prepared "${name}" || return
	done
	after
}

mount -t binfmt_misc binfmt_misc "${TABLE}"
declare made="qemu-arm enabled;" off="qemu-arm disabled;"
[[ "${mode}" == emulated ]] || made=""
claim "nothing is registered" state none none "${made}"
claim "the entry is enabled" state enabled none "qemu-arm enabled;"
claim "the entry is enabled, with a descriptor" state enabled descriptor "qemu-arm enabled;"
[[ "${mode}" == native ]] || off="qemu-arm enabled;"
claim "the entry is disabled, with a descriptor" state disabled descriptor "${off}"
for end in success failure exit_with_error INT TERM HUP KILL; do
	claim "a build ends by ${end}" ends "${end}"
done
claim "two builds, the first ends first" two alpha beta
claim "two builds, the first ends last" two beta alpha
claim "five builds at once" five
exit "$((failures > 0))"
