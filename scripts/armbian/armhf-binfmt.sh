#!/usr/bin/env bash
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# @description Runs armhf programs on arm64 build hosts natively where the host can and through `qemu-arm` where it cannot, found out by executing armhf code; what that switches off in `binfmt_misc` is put back when the build ends.
#
# The bash builtin armhf_binfmt_prepare, in the object beside this file, does the work. This extension calls it in place of
# the framework's own function, tells the outcome, and knows what it means for the target.
#
# Parameters, on the command line or in the configuration:
#  PREFER_NATIVE_ARMHF: yes (the default) runs armhf natively where that is possible, anything else always emulates it.
#  ARMHF_BINFMT_POLICY: native, emulated or registered, instead of the above; see "help armhf_binfmt_prepare".

declare -g armhf_binfmt_folder="/run/armhf-binfmt" # one record for each build that holds entries switched off
declare -g armhf_binfmt_record=""                  # this build's, if it has one
declare -g armhf_binfmt_lock=""                    # descriptor of the locked folder

# Keep the framework's own function, to fall back on. Only once: when this is sourced again, the name is that of the function below.
if [[ "$(type -t prepare_host_binfmt_qemu_cross_arm64_host_armhf_target || true)" != "function" ]]; then
	display_alert "This framework has no function that armhf-binfmt could replace" "the extension does nothing" "warn"
elif [[ "$(type -t armhf_binfmt_framework_function || true)" != "function" ]]; then
	eval "function armhf_binfmt_framework_function $(declare -f prepare_host_binfmt_qemu_cross_arm64_host_armhf_target | tail -n +2)"
fi

# The framework calls this on every cross build of an arm64 host, whatever the target is.
function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() {
	declare policy="emulated" object="${BASH_SOURCE[0]%/*}/armhf_binfmt_prepare.so" why
	declare -i status=0
	declare -A outcome=()

	if [[ "${PREFER_NATIVE_ARMHF:-"yes"}" == "yes" ]]; then
		policy="native"
	fi
	policy="${ARMHF_BINFMT_POLICY:-"${policy}"}"
	if [[ ! "${policy}" =~ ^(registered|native|emulated)$ ]]; then
		armhf_binfmt_error "Unknown ARMHF_BINFMT_POLICY '${policy}'" "it is native, emulated or registered"
	fi

	why="$(enable -f "${object}" armhf_binfmt_prepare 2>&1 || true)"
	if [[ -n "${why}" ]]; then
		armhf_binfmt_alert "armhf-binfmt does not load, using the framework's own function" "${why##*enable: }" "warn"
		armhf_binfmt_framework_function
		return 0
	fi
	enable -f "${object}" armhf_binfmt_prepare

	if armbian_is_running_in_container && ! mountpoint -q "${armhf_binfmt_folder}"; then
		armhf_binfmt_alert "Other containers do not see what this build does to binfmt_misc" \
			"share ${armhf_binfmt_folder} with them: DOCKER_EXTRA_ARGS=-v${armhf_binfmt_folder}:${armhf_binfmt_folder}" "warn"
	fi

	armhf_binfmt_join "${policy}" || status="${?}"
	armhf_binfmt_unlock
	if ((status > 128)); then
		return "${status}" # interrupted: the build ends as after any other command
	fi
	armhf_binfmt_report "${status}"
	return 0
}

# Both print what they are given with "echo -e", and names in it may have escapes.
function armhf_binfmt_alert() {
	display_alert "${1//\\/\\\\}" "${2//\\/\\\\}" "${3}"
}

function armhf_binfmt_error() {
	exit_with_error "${1//\\/\\\\}:" "${2//\\/\\\\}"
}

# End the build if it needs armhf; any other only hears of it.
function armhf_binfmt_fail() {
	if [[ "${ARCH}" == "armhf" ]]; then
		armhf_binfmt_error "${1}" "${2}"
	fi
	armhf_binfmt_alert "${1}" "${2}" "warn"
}

# Tell the ${outcome} of a call that returned STATUS, and what it means for this target.
function armhf_binfmt_report() {
	declare interpreter="${outcome[interpreter]:-}" level="info" warning
	declare pages="boot a kernel with 4 KiB pages (Raspberry Pi 5: kernel=kernel8.img in config.txt)"

	if [[ -n "${outcome[reason]:-}" ]]; then
		armhf_binfmt_alert "armhf facts" \
			"native ${outcome[native]}, align ${outcome[align]:-none}, entry ${outcome[entry]:-none}, flags ${outcome[flags]:-none}" "debug"
		armhf_binfmt_alert "armhf steps" "done: ${outcome[actions]:-none}; to undo: ${outcome[undo]:-none}" "debug"
	fi
	while read -r warning; do
		if [[ -n "${warning}" ]]; then
			armhf_binfmt_alert "armhf on this host" "${warning}" "warn"
		fi
	done <<< "${outcome[warning]:-}"

	if ((${1} != 0)); then
		armhf_binfmt_fail "Cannot run armhf programs on this host" "${outcome[message]:-"status ${1}, see the log"}"
		return 0
	fi

	if [[ "${outcome[reason]}" == "native-blocked" ]]; then
		level="warn"
	fi
	armhf_binfmt_alert "This host runs armhf programs" \
		"tier ${outcome[tier]}, ${outcome[mode]}${interpreter:+" by ${interpreter}"} (${outcome[reason]})" "${level}"

	# The framework copies these two; any other must be held open by the kernel, or be in the chroot already.
	if [[ -n "${interpreter}" && "${outcome[flags]}" != *F* && "${interpreter}" != "/usr/bin/qemu-arm" &&
		"${interpreter}" != "/usr/bin/qemu-arm-static" ]]; then
		armhf_binfmt_alert "${interpreter} is not copied into the chroot" \
			"its entry ${outcome[entry]} lacks the flag F, so armhf programs may not run in there" "warn"
	fi

	case "${outcome[align]}:${RELEASE:-"unknown"}" in
	all:* | 64k:bullseye | 64k:trixie | 64k:forky | 64k:sid) ;;
	64k:bookworm | 4k:* | none:*)
		armhf_binfmt_fail "armhf programs of ${RELEASE:-"any release"} do not run on this kernel" \
			"it maps only programs aligned to: ${outcome[align]}; ${pages}"
		;;
	*)
		armhf_binfmt_alert "armhf programs of ${RELEASE:-"this release"} may not run on this kernel" \
			"it maps only programs aligned to: ${outcome[align]}, which was not tried with them; if they fail, ${pages}" "warn"
		;;
	esac
}

# Carry out POLICY and sign on for what that switches off. Leaves the folder locked, sets the caller's ${outcome}.
function armhf_binfmt_join() {
	declare policy="${1}"
	declare -i status=0
	declare -A live=()

	armhf_binfmt_lock || return
	armhf_binfmt_sweep || return
	armhf_binfmt_call -n -p "${policy}" -A outcome || status="${?}"
	if ((status > 128)); then
		return "${status}"
	fi
	armhf_binfmt_undisputed || return

	add_cleanup_handler armhf_binfmt_leave
	armhf_binfmt_write_record || return
	status=0
	armhf_binfmt_call -p "${policy}" -A outcome || status="${?}"
	armhf_binfmt_write_record || return
	armhf_binfmt_hold_record || return
	return "${status}"
}

# Call the builtin. What it says of a failure goes to the log's file: Ctrl-C ends the pipe that standard output may be too.
function armhf_binfmt_call() {
	declare log="/dev/null"
	if [[ -f "${CURRENT_LOGFILE:-}" ]]; then
		log="${CURRENT_LOGFILE}"
	fi
	builtin armhf_binfmt_prepare "$@" 2>> "${log}"
}

# Would the planned ${outcome} take armhf from live builds that run it natively? They need every entry for it switched off.
function armhf_binfmt_undisputed() {
	declare step line entry=""

	for step in ${outcome[actions]:-}; do
		if [[ "${step}" == "enable:"* || "${step}" == "register:"* ]]; then
			entry="${step#*:}"
		fi
	done
	for line in "${!live[@]}"; do
		if [[ "${outcome[reason]:-}" == "entry-disabled" && "${line%% *}" == "enable:${outcome[entry]}" ]]; then
			entry="${outcome[entry]}"
		fi
		if [[ -n "${entry}" ]]; then
			outcome=([message]="the entry ${entry} must stay switched off for another build, of ${live["${line}"]}; wait until that has ended, or give both the same PREFER_NATIVE_ARMHF")
			return 1
		fi
	done
}

# Put back what this build switched off. A clean-up handler: it may run at any time, while joining too.
function armhf_binfmt_leave() {
	declare -A live=() outcome=()
	if [[ -n "${armhf_binfmt_record}" ]]; then
		if armhf_binfmt_lock; then
			armhf_binfmt_sweep "${armhf_binfmt_record}"
		else
			armhf_binfmt_alert "Not putting back what was switched off, the next build will" "${outcome[message]}" "warn"
		fi
	fi
	armhf_binfmt_unlock
	return 0
}

# Put back what builds that are gone hold switched off, and the leaving one of RECORD, except what live builds rely on.
# Sets the caller's ${live}: what those hold switched off, and who they are. Fails only if interrupted.
function armhf_binfmt_sweep() {
	declare leaving="${1:-}" record line
	declare -i status
	declare -a gone=() lines=()

	live=()
	for record in "${armhf_binfmt_folder}"/build.*; do
		if [[ ! -f "${record}" || -L "${record}" || ! -O "${record}" ]]; then
			continue
		fi
		if [[ "${record}" == "${leaving}" ]] || flock --exclusive --nonblock "${record}" true; then
			gone+=("${record}")
			continue
		fi
		mapfile -t lines < "${record}"
		for line in "${lines[@]:1}"; do
			live["${line}"]="${lines[0]}"
		done
	done
	for record in "${gone[@]}"; do
		status=0
		armhf_binfmt_restore "${record}" || status="${?}"
		if ((status == 0)); then
			rm -f "${record}"
		elif ((status > 128)); then
			return "${status}"
		fi
	done
}

# Fails if something could not be put back, with the status of that: the record is then kept for the next build.
function armhf_binfmt_restore() {
	declare line step identity
	declare -i status failed=0
	declare -a lines=()
	declare -A result=()

	mapfile -t lines < "${1}"
	for line in "${lines[@]:1}"; do
		step="${line%% *}"
		if [[ -n "${live["${line}"]:-}" ]]; then
			armhf_binfmt_alert "Leaving ${step#*:} switched off" "for ${live["${line}"]}" "debug"
			continue
		fi
		armhf_binfmt_identify "${step}"
		if [[ "${identity}" != "${line#* }" ]]; then
			armhf_binfmt_alert "Leaving ${step#*:} alone" "it is not the entry that was switched off for ${lines[0]}" "warn"
			continue
		fi
		status=0
		armhf_binfmt_call -r "${step}" -A result || status="${?}"
		if ((status != 0)); then
			armhf_binfmt_alert "Cannot switch on ${step#*:} again" "${result[message]:-}" "warn"
			failed="$((status > failed ? status : failed))"
		elif [[ -n "${result[actions]}" ]]; then
			armhf_binfmt_alert "Switched on again" "${step#*:}, which was switched off for ${lines[0]}" "info"
		fi
	done
	return "${failed}"
}

# Sets the caller's ${identity} to one line with all that the kernel says of the entry of STEP, except whether it is enabled.
function armhf_binfmt_identify() {
	declare name
	printf -v name '%b' "${1#*:}"
	identity=""
	if [[ -r "/proc/sys/fs/binfmt_misc/${name}" ]]; then
		identity="$(< "/proc/sys/fs/binfmt_misc/${name}")"
		identity="${identity#*$'\n'}"
		identity="${identity//\\/\\\\}"
		identity="${identity//$'\n'/\\n}"
	fi
}

# Write down what the ${outcome} holds switched off: what its undo steps would switch on and, for armhf to stay native, what
# other builds hold switched off as well. The record before is removed once the new one is safe.
function armhf_binfmt_write_record() {
	declare step line identity record="" build
	declare -A holds=()

	for step in ${outcome[undo]:-}; do
		if [[ "${step}" == "enable:"* ]]; then
			armhf_binfmt_identify "${step}"
			holds["${step} ${identity}"]=yes
		fi
	done
	if [[ "${outcome[mode]:-}" == "native" ]]; then
		for line in "${!live[@]}"; do
			holds["${line}"]=yes
		done
	fi

	if ((${#holds[@]} > 0)); then
		printf -v build '%s (%s %s), process %d on %s, since %(%F %T)T' \
			"${BOARD:-"unknown board"}" "${RELEASE:-}" "${ARCH}" "${$}" "${HOSTNAME}" -1
		if ! record="$(mktemp "${armhf_binfmt_folder}/build.XXXXXXXXXX")" ||
			! printf '%s\n' "${build}" "${!holds[@]}" > "${record}" || ! sync "${record}"; then
			outcome=([message]="cannot write a record in ${armhf_binfmt_folder}; make room there")
			return 1
		fi
	fi
	if [[ -n "${armhf_binfmt_record}" ]]; then
		rm -f "${armhf_binfmt_record}"
	fi
	armhf_binfmt_record="${record}"
}

# Keep a shared lock on the record for as long as this shell lives. Not on a descriptor of its own: all programs of the build
# would inherit it, and one that outlives the build would keep the lock. A process holds it that dies with this shell.
function armhf_binfmt_hold_record() {
	declare descriptor inherited
	declare -i shell="${BASHPID}"
	if [[ -z "${armhf_binfmt_record}" ]]; then
		return 0
	fi
	exec {descriptor}< "${armhf_binfmt_record}"
	if ! flock --shared --nonblock "${descriptor}"; then
		outcome=([message]="cannot lock ${armhf_binfmt_record}")
		exec {descriptor}<&-
		return 1
	fi
	(
		cd /
		trap '' HUP TERM
		for inherited in /proc/self/fd/*; do
			inherited="${inherited##*/}"
			if ((inherited > 2)); then
				exec {inherited}<&-
			fi
		done
		# A shell that was killed before the kernel knew is not the parent any more.
		# shellcheck disable=SC2016
		exec setpriv --pdeathsig KILL bash -c '((PPID == ${1})) && exec sleep infinity' bash "${shell}"
	) <&"${descriptor}" &> /dev/null &
	disown "${!}"
	exec {descriptor}<&-
}

# Lock the folder for a join or a leave, unless that is done already.
function armhf_binfmt_lock() {
	declare -i status=0
	declare -r seconds=300
	if [[ -n "${armhf_binfmt_lock}" ]]; then
		return 0
	fi
	if [[ ! -e "${armhf_binfmt_folder}" ]]; then
		mkdir -m 0700 "${armhf_binfmt_folder}" 2>&1 || true
	fi
	if [[ ! -d "${armhf_binfmt_folder}" || -L "${armhf_binfmt_folder}" || ! -O "${armhf_binfmt_folder}" ]]; then
		outcome=([message]="${armhf_binfmt_folder} cannot be used: it must be a folder of root's; remove what is there")
		return 1
	fi
	# Docker makes the folder with mode 0755 where it is mounted from.
	chmod 0700 "${armhf_binfmt_folder}" 2>&1 || true
	exec {armhf_binfmt_lock}< "${armhf_binfmt_folder}"
	flock --exclusive --timeout "${seconds}" "${armhf_binfmt_lock}" || status="${?}"
	if ((status != 0)); then
		armhf_binfmt_unlock
		outcome=([message]="cannot lock ${armhf_binfmt_folder} within ${seconds} seconds; find the build that holds it: fuser ${armhf_binfmt_folder}")
	fi
	return "${status}"
}

function armhf_binfmt_unlock() {
	if [[ -n "${armhf_binfmt_lock}" ]]; then
		exec {armhf_binfmt_lock}<&-
		armhf_binfmt_lock=""
	fi
}
