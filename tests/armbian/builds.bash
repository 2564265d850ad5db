# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Builds of the stand-in framework with the real extension and the real builtin, one after the other or at once. Sourced on
# a private host and in arm64 guests, so it needs no more than bash, coreutils and util-linux.
# Before: ${ARMBIAN} is a copy of the stand-in's tree, whose cache is written to; ${ARMBIAN_EXTENSION}, if it is set, is the
# extension's file.

builds="$(mktemp -d)"
declare -gA build_pids=()

# The step of a build that ends when the test says so: it runs a program, as builds do, which says that it has begun. Before
# that a signal may come to the shell alone, which waits for the program.
# shellcheck disable=SC2016 # expanded in the build
declare -gr build_until_end='run_host_command_logged ": > \"${LOG%.log}.begun\"; read -r _ < \"${LOG%.log}.end\""'
# Nothing can ever be read from this: a sleep without a process, which counts in an emulated guest.
exec {build_never}<> <(:)

# build_launch NAME [PARAMETER=VALUE...]: begin a build of armhf bullseye, in a process group of its own as in a terminal.
# Its screen and log are ${builds}/NAME.screen and NAME.log.
function build_launch() {
	declare name="${1}"
	shift
	rm -f "${builds}/${name}".*
	mkfifo "${builds}/${name}.end"
	: > "${builds}/${name}.screen"
	env --default-signal=HUP,INT,QUIT,TERM setsid bash "${ARMBIAN}/compile.sh" "LOG=${builds}/${name}.log" NEEDS_BINFMT=yes \
		HOSTARCH=arm64 ${ARMBIAN_EXTENSION:+"EXTENSION=${ARMBIAN_EXTENSION}"} \
		BOARD="${name}" ARCH=armhf RELEASE=bullseye STEP="${build_until_end}" "$@" \
		< /dev/null 2> "${builds}/${name}.screen" {build_never}<&- &
	build_pids["${name}"]="${!}"
}

# The same, and wait until it runs that program, or has ended.
function build_start() {
	build_launch "$@"
	build_wait_for build_begun "${1}"
}

# Its log tells the end: bash may take a child for alive that it has not waited for.
function build_begun() {
	declare -a lines=()
	[[ ! -e "${builds}/${1}.log" ]] || mapfile -t lines < "${builds}/${1}.log"
	[[ -e "${builds}/${1}.begun" || " ${lines[*]}" == *" trap: EXIT "* ]]
}

# build_end NAME [SIGNAL]: let it end, or send that to its process group, as a terminal does; KILL is sent to its shell
# alone, so that what it runs lives on. Sets ${status}.
function build_end() {
	declare pid="${build_pids["${1}"]}"
	case "${2:-}" in
	"") build_release build_wait "${1}" ;;
	KILL) kill -KILL "${pid}" && build_wait "${1}" ;;
	*) kill "-${2}" -- "-${pid}" && build_wait "${1}" ;;
	esac
}

# End what a killed build left behind.
function build_orphan_end() {
	build_release build_wait_for build_gone "${1}"
}

# build_release COMMAND... NAME: let the build's step end, and keep that open until the command has seen it: it may not
# have come to reading it yet, or never will.
function build_release() {
	declare end
	exec {end}<> "${builds}/${*: -1}.end"
	echo >&"${end}"
	"$@"
	exec {end}>&-
}

# shellcheck disable=SC2034 # read by the tests
function build_wait() {
	status=0
	wait "${build_pids["${1}"]}" 2> /dev/null || status="${?}"
}

function build_gone() {
	[[ -z "$(build_processes "${1}")" ]]
}

# build NAME [PARAMETER=VALUE...]: a whole build, with nothing to do once it is prepared. Sets ${status}.
function build() {
	build_launch "${1}" STEP= "${@:2}"
	build_wait "${1}"
}

# Wait until a command succeeds, for a minute.
function build_wait_for() {
	declare -i i
	for ((i = 0; i < 600; i++)); do
		if "$@"; then
			return 0
		fi
		read -r -t 0.1 -u "${build_never}" || true
	done
	echo "waited in vain for: ${*}" >&2
	return 1
}

# build_processes NAME: the programs of this build that run, its own shell included.
function build_processes() {
	declare line
	declare -a fields
	for line in /proc/[0-9]*/stat; do
		{ read -r line < "${line}"; } 2> /dev/null || continue
		# state, parent, process group, session
		read -r -a fields <<< "${line##*) }"
		if [[ "${fields[0]}" != Z && "${fields[3]}" == "${build_pids["${1}"]}" ]]; then
			line="${line#*(}"
			echo "${line%)*}"
		fi
	done
}

# build_screen NAME: its screen, without colours and pictures.
function build_screen() {
	sed 's/\x1b\[[0-9;]*m//g; s/^\[[^]]*\] //' "${builds}/${1}.screen"
}

# Every entry, and whether it is enabled.
function build_entries() {
	declare file line
	for file in /proc/sys/fs/binfmt_misc/*; do
		if [[ "${file##*/}" != register && "${file##*/}" != status ]]; then
			read -r line < "${file}"
			echo "${file##*/} ${line}"
		fi
	done
}

# What is held: markers, with what they say.
function build_held() {
	declare file line
	for file in /proc/sys/fs/binfmt_misc/armhf-held*; do
		if [[ -e "${file}" ]]; then
			{ read -r _ && read -r line; } < "${file}"
			echo "${file##*/} ${line#interpreter }"
		fi
	done
}
