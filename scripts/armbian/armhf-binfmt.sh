#!/usr/bin/env bash
#
# SPDX-License-Identifier: GPL-2.0-or-later
# @description Runs armhf programs natively on build hosts that can, and through `qemu-arm` on those that cannot, found out by executing armhf code; what is disabled in `binfmt_misc` for that is enabled again when the last build that needs it ends.
#
# The bash builtin armhf_binfmt_prepare does the work; it is built here, from the sources beside this file, for the bash that
# runs the build. Parameters, on the command line or in the configuration:
#  PREFER_NATIVE_ARMHF: yes (the default) runs armhf natively where that is possible, anything else always emulates it.
#  ARMHF_BINFMT_POLICY: native, emulated or registered, instead of the above; see "help armhf_binfmt_prepare".
#  ARMHF_BINFMT_TIMEOUT: the longest that one trial of armhf code may take, in seconds (10).
#  ARMHF_BINFMT_FALLBACK: yes uses the framework's own function where the builtin cannot be built or loaded.

# The package that the builtin is built with, besides the toolchain. A string before June 2026, an array since.
function add_host_dependencies__armhf_binfmt() {
	if [[ -v EXTRA_BUILD_DEPS && "${EXTRA_BUILD_DEPS@a}" != *a* ]]; then
		EXTRA_BUILD_DEPS+=" bash-builtins"
	else
		EXTRA_BUILD_DEPS+=("bash-builtins")
	fi
}

# Before the framework looks for qemu-arm itself, on build hosts of any architecture.
function host_dependencies_ready__armhf_binfmt() {
	armhf_binfmt_once
}

# The framework's own function, for arm64 build hosts. Where nothing is installed (OFFLINE_WORK), the hook above is not called.
function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() {
	armhf_binfmt_once
	if [[ "${armhf_binfmt_state}" == "fallback" ]]; then
		# shellcheck source=/dev/null
		source "${SRC}/lib/functions/rootfs/qemu-static.sh"
		prepare_host_binfmt_qemu_cross_arm64_host_armhf_target
	fi
}

# Both print what they are given with "echo -e", and names in it may have escapes.
function armhf_binfmt_alert() {
	display_alert "${1//\\/\\\\}" "${2//\\/\\\\}" "${3}"
}

function armhf_binfmt_error() {
	exit_with_error "${1//\\/\\\\}:" "${2//\\/\\\\}"
}

# Prepare this host, once in a build, if the build runs armhf programs that are not the host's own.
function armhf_binfmt_once() {
	[[ -z "${armhf_binfmt_state:-}" ]] || return 0
	declare -g armhf_binfmt_state="done"
	if [[ "${CONFIG_DEFS_ONLY:-}" == "yes" || "${NEEDS_BINFMT:-}" != "yes" ]]; then
		return 0
	fi
	if [[ "${ARCH:-}" != "armhf" || "${HOSTARCH:-}" == "armhf" ]]; then
		display_alert "armhf-binfmt has nothing to do" "target ${ARCH:-unknown} on host ${HOSTARCH:-unknown}" "debug"
		return 0
	fi
	armhf_binfmt_load
	if [[ "${armhf_binfmt_state}" == "done" ]]; then
		armhf_binfmt_run
	fi
}

# Load the builtin. Build it before, where there is none for this bash, C library and architecture, or it does not load.
function armhf_binfmt_load() {
	declare name="armhf_binfmt_prepare" sources="${BASH_SOURCE[0]%/*}/source" cache="${SRC}/cache/tools/armhf-binfmt"
	declare checksum="" object build what why
	{ read -r checksum _ < "${sources}/checksum"; } 2> /dev/null || true
	what="bash ${BASH_VERSION%%(*} of ${HOSTRELEASE:-"an unknown release"} for ${BASH_VERSINFO[5]}"
	object="${cache}/${checksum}-${HOSTRELEASE:-unknown}-${BASH_VERSION%%(*}-${BASH_VERSINFO[5]}.so"
	if [[ -n "${checksum}" && -f "${object}" ]] && enable -f "${object}" "${name}" 2> /dev/null; then
		return 0
	fi

	display_alert "Building the armhf-binfmt builtin" "${what}" "info"
	build="$(mktemp -d)"
	# Builds at once share the cache: the object appears there whole.
	if {
		mkdir -p "${cache}" && make -C "${sources}" BUILD="${build}" && cp "${build}/${name}.so" "${object}.${BASHPID}" &&
			mv "${object}.${BASHPID}" "${object}" && enable -f "${object}" "${name}"
	} < /dev/null > "${build}/log" 2>&1; then
		rm -rf "${build}"
		return 0
	fi
	why="$(tail -n 5 "${build}/log")"
	rm -rf "${build}"
	if [[ "${ARMHF_BINFMT_FALLBACK:-}" == "yes" ]]; then
		armhf_binfmt_alert "Using the framework's own function, for armhf-binfmt cannot be built" "${why}" "warn"
		declare -g armhf_binfmt_state="fallback"
		return 0
	fi
	armhf_binfmt_error "Cannot build armhf-binfmt for ${what} with gcc, make, pkg-config, bash-builtins" \
		"${why}; ARMHF_BINFMT_FALLBACK=yes does without it"
}

# Call the builtin. It holds the entries that it disables for this build; when the last holder ends, they are enabled again.
function armhf_binfmt_run() {
	declare policy="emulated" who interpreter warning
	declare -i status=0
	declare -A outcome=()
	if [[ "${PREFER_NATIVE_ARMHF:-"yes"}" == "yes" ]]; then
		policy="native"
	fi
	policy="${ARMHF_BINFMT_POLICY:-"${policy}"}"
	who="${BOARD:-unknown} ${RELEASE:-unknown} ${ARCH}"
	armhf_binfmt_prepare -p "${policy}" -t "${ARMHF_BINFMT_TIMEOUT:-10}" -k "${who:0:100}" -A outcome 2> /dev/null || status="${?}"
	if [[ "${outcome[mode]:-}" == "native" ]]; then
		add_cleanup_handler armhf_binfmt_release
	fi
	if ((status > 128)); then
		return "${status}" # interrupted: the build ends as after any other command
	fi
	armhf_binfmt_alert "armhf" "native ${outcome[native]:-untested}, align ${outcome[align]:-none}, flags ${outcome[flags]:-none}, done: ${outcome[actions]:-nothing}" "debug"
	while read -r warning; do
		[[ -z "${warning}" ]] || armhf_binfmt_alert "armhf on this host" "${warning}" "warn"
	done <<< "${outcome[warning]:-}"
	if ((status != 0)); then
		armhf_binfmt_error "Cannot run armhf programs on this host" "${outcome[message]:-"invalid: ARMHF_BINFMT_POLICY=${policy} or ARMHF_BINFMT_TIMEOUT=${ARMHF_BINFMT_TIMEOUT:-10}"}"
	fi
	interpreter="${outcome[interpreter]}"
	armhf_binfmt_alert "This host runs armhf programs" "tier ${outcome[tier]}, ${outcome[mode]}${interpreter:+" by ${interpreter}"} (${outcome[reason]})" "info"

	# The framework copies these two; any other must be held open by the kernel, or be in the chroot already.
	if [[ -n "${interpreter}" && "${outcome[flags]}" != *F* && ! "${interpreter}" =~ ^/usr/bin/qemu-arm(-static)?$ ]]; then
		armhf_binfmt_alert "${interpreter} is not copied into the chroot" "its entry ${outcome[entry]} lacks the flag F" "warn"
	fi
	declare -g armhf_binfmt_align="${outcome[align]}"
	case "${armhf_binfmt_align}:${RELEASE:-"unknown"}" in
	64k:bookworm | 64k:trixie | 4k:* | none:*)
		armhf_binfmt_error "armhf programs of ${RELEASE:-unknown} do not run on this kernel" \
			"its pages are too large; boot one with 4 KiB pages (Raspberry Pi 5: kernel=kernel8.img in config.txt)"
		;;
	esac
}

# The root file system is there. Where the kernel cannot map all programs, look at each of them.
function post_post_debootstrap_tweaks__armhf_binfmt() {
	declare -A outcome=()
	if [[ "${armhf_binfmt_align:-"all"}" != "all" ]] && ! armhf_binfmt_prepare -n -c "${SDCARD}" -A outcome 2> /dev/null; then
		armhf_binfmt_error "armhf programs of the root file system do not run on this kernel" "${outcome[message]:-}"
	fi
}

# A clean-up handler: it may run at any time.
function armhf_binfmt_release() {
	declare -A outcome=()
	if ! armhf_binfmt_prepare -x -A outcome 2> /dev/null || [[ -n "${outcome[warning]:-}" ]]; then
		armhf_binfmt_alert "Releasing armhf" "${outcome[warning]:-"${outcome[message]:-}"}" "warn"
	fi
}
