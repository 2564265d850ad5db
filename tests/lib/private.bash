# SPDX-License-Identifier: GPL-3.0-or-later
# A private host, for what runs under tests/lib/enter.
#
# The host: an empty binfmt_misc of its own, an empty /usr/share/binfmts and binfmt.d, no emulator, no binfmt-support, no armhf
# loader. /usr and /var/lib can be written to, and all is gone at the end; the rest is the machine's.
# shellcheck shell=bash disable=SC2034 # read by the scripts

# shellcheck source=tests/lib/scenes.bash
source "${BASH_SOURCE[0]%/*}/scenes.bash"

function host_die() {
	echo "no private host: ${1}" >&2
	exit 97
}

# host_make: a new host, whatever was mounted and registered on the one before; its builtin is loaded.
function host_make() {
	[[ -n "${HOST_PRIVATE:-}" && ! /proc/self/ns/mnt -ef /proc/1/ns/mnt ]] || host_die "run this by tests/lib/enter"
	host_unmount
	host_empty_table
	host_mount
	HOST_OUTPUT="${BATS_TEST_TMPDIR:-${TMPDIR:-/tmp}}/outcome.$$"
	enable -f "${INSTALLED}" armhf_binfmt_prepare
}

# Unmount what was mounted since tests/lib/enter, the newest first; lazily, for the shell runs from /usr.
function host_unmount() {
	declare id point _
	declare -a points=()
	while read -r id _ _ _ point _; do
		[[ "${HOST_PRIVATE}" == *" ${id}:${point} "* ]] || {
			printf -v point '%b' "${point//\\/\\0}"
			points=("${point}" "${points[@]}")
		}
	done < /proc/self/mountinfo
	# What hung below another has gone with it.
	((${#points[@]} == 0)) || umount -l "${points[@]}" 2> /dev/null || :
}

# Every directory that a test may write to is in the upper layer from the start, for an ordinary user cannot
# copy up what belongs to root outside.
function host_mount() {
	declare layer="/mnt" directory
	umask 022
	[[ -e "${layer}/.private" ]] || host_die "${layer} is the machine's"
	rm -rf "${layer:?}"/*
	declare -a directories=("${layer}/work.usr" "${layer}/work.lib" "${layer}/var/lib/binfmts")
	for directory in /usr/{bin,sbin,lib/bash,lib/binfmt.d,libexec,share/binfmts,arm-linux-gnueabihf/lib} /usr/lib/*-linux-gnu; do
		[[ -L "${directory}" ]] || directories+=("${layer}${directory}")
	done
	mkdir -p "${directories[@]}"
	mount --all --fstab "${BASH_SOURCE[0]%/*}/private.fstab"
	rm -rf /usr/share/binfmts/* /usr/lib/binfmt.d/* /var/lib/binfmts/* "${EMULATOR}" /usr/bin/qemu-arm /usr/sbin/update-binfmts "${LOADER}"
	cp "${BUILD}/armhf_binfmt_prepare.so" "${INSTALLED}"
}

# host_report: what a person needs to see of a test that failed.
function host_report() {
	declare name
	for name in status stdout stderr "${!ARMHF_BINFMT_@}"; do
		[[ ! -v "${name}" ]] || printf '%s=%q\n' "${name}" "${!name}"
	done
	[[ ! -d "${TABLE}" ]] || host_state 2>&1 | sed 's/^/| /'
}
