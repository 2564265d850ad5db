# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Minimal systems of Debian releases, made by mmdebstrap once and kept in the cache, and commands that run in a copy of one. All
# of that is on a private host (tests/lib/enter): nothing in a system can reach the machine's binfmt_misc.

systems_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=scripts/lib/packages.bash
source "${systems_directory}/../../scripts/lib/packages.bash"
cache_ingredients[system_fill]="${systems_directory}/private-root"

# systems_get NAME RELEASE PACKAGE...: make the system NAME, with apt, the essential packages and these, unless the cache has it,
# and put its root into ${system_root}.
function systems_get() {
	declare name="${1}"
	if ((EUID != 0)); then
		echo "only root can give a system's files to many users: call it by sudo" >&2
		return 1
	fi
	shift
	# A directory for each release: parts of one are made one after the other.
	cache_part "${cache_top}/systems/${1}" "${name}" "${systems_directory}/systems.bash" system_fill "${@}" || return 1
	# shellcheck disable=SC2034 # for those that source this
	system_root="${cache_path}/root"
}

function system_fill() {
	"${systems_directory}/../lib/enter" "${systems_directory}/private-root" make "${1}/root" "${2}" "$(packages_source "${2}")" "$(packages_fetching)" \
		"${@:3}" >&2
}

# systems_run ROOT [PLACE=DIRECTORY...] COMMAND...: run a command in a copy of a system, which is gone at the end, with these
# directories of the machine at their places.
function systems_run() {
	"${systems_directory}/../lib/enter" "${systems_directory}/private-root" run "${@}"
}
