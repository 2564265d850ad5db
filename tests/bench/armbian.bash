# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash disable=SC2034 # the extension reads them
# A build with the extension, from the call until its clean-up handler has run, and one with the framework's own function. Sourced on
# the private host and in the guest, after measure.bash, reference.bash and states.bash.

# What the extension needs of the framework.
BOARD=bench RELEASE=bullseye ARCH=armhf HOSTARCH=arm64 NEEDS_BINFMT=yes
function display_alert() { :; }

function exit_with_error() {
	echo "${*}" >&2
	exit 43
}

function add_cleanup_handler() {
	build_cleanup="${1}"
}

# builds_make EXTENSION OBJECT: the extension, with the object where it looks for one that it has built.
function builds_make() {
	SRC="$(mktemp -d)"
	mkdir -p "${SRC}/source" "${SRC}/cache/tools/armhf-binfmt"
	cp "${1}" "${SRC}"
	echo bench > "${SRC}/source/checksum"
	cp "${2}" "${SRC}/cache/tools/armhf-binfmt/bench-unknown-${BASH_VERSION%%(*}-${BASH_VERSINFO[5]}.so"
	# shellcheck source=scripts/armbian/armhf-binfmt.sh
	source "${SRC}/armhf-binfmt.sh"
}

function build_with_extension() {
	armhf_binfmt_state="" build_cleanup=""
	armhf_binfmt_once
	[[ -z "${build_cleanup}" ]] || "${build_cleanup}"
}

# Of a build that begins: its shell has not loaded the builtin.
function build_reset() {
	"state_${state}"
	enable -d armhf_binfmt_prepare 2> /dev/null || :
}

# The processes that were started so far, in ${started}: the number of the last one.
function builds_started() {
	read -r _ _ _ _ started < /proc/loadavg
}

# builds_measure MODE: both, from each state.
function builds_measure() {
	declare state started before command
	for state in fresh enabled disabled current; do
		versus "Armbian's extension, ${1}: ${state}" build_reset build_with_extension -- reference_framework
		[[ "${1}" == native ]] || continue
		# Nothing else starts processes in the guest.
		for command in build_with_extension reference_framework; do
			build_reset
			builds_started
			before="${started}"
			"${command}"
			builds_started
			fact "processes, ${1}: ${state}: ${command//_/ }" "$((started - before))"
		done
	done
}
