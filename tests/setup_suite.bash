# SPDX-License-Identifier: GPL-3.0-or-later
# Once before all tests: the packages they use, unpacked, and whether this kernel has private tables.
# shellcheck shell=bash

function setup_suite() {
	declare top="${BATS_TEST_DIRNAME:?}/.." why
	export BUILD="${BUILD:-${top}/build}"
	# shellcheck source=scripts/lib/packages.bash
	source "${top}/scripts/lib/packages.bash"
	packages_prepare 2> >(sed 's/^/# /' >&3) || return 1
	HOST_PACKAGES="$(packages_cache)"
	HOST_EMULATOR="$(packages_emulator)"
	HOST_PRIVATE=yes
	why="$(unshare --user --map-root-user --mount mount -t binfmt_misc none /proc/sys/fs/binfmt_misc 2>&1)" || {
		echo "# no private binfmt_misc: ${why}" >&3
		HOST_PRIVATE=no
	}
	export HOST_PACKAGES HOST_EMULATOR HOST_PRIVATE
}
