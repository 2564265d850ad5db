# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# How a time is taken: by the shell's own clock around one call, with no fork in the timed part. Sourced on the private
# host and in the guest. Needs ROUNDS, and a function sample CASE SIDE MICROSECONDS that keeps the figure.

# measure COMMAND...: the microseconds that it took, in ${took}. It must succeed.
function measure() {
	declare begin end
	begin="${EPOCHREALTIME}"
	"$@" || return
	end="${EPOCHREALTIME}"
	took="$((${end/[.,]/} - ${begin/[.,]/}))"
}

# versus CASE RESET COMMAND -- COMMAND: measure the two, A B A B ..., each from the state that RESET makes, after
# one of each that does not count.
function versus() {
	declare name="${1}" reset="${2}" round took
	declare -a builtin_command=() other_command=()
	shift 2
	while [[ "${1}" != -- ]]; do
		builtin_command+=("${1}")
		shift
	done
	shift
	other_command=("$@")
	for ((round = 0; round <= ROUNDS; round++)); do
		"${reset}"
		measure "${builtin_command[@]}"
		((round == 0)) || sample "${name}" builtin "${took}"
		"${reset}"
		measure "${other_command[@]}"
		((round == 0)) || sample "${name}" other "${took}"
	done
}
