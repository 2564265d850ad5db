# SPDX-License-Identifier: GPL-3.0-or-later
# Distribution packages: installed for building and testing, or only unpacked into a cache.
# The emulator and binfmt-support are never installed for tests: their scripts would mount
# binfmt_misc and register formats on the machine.
# shellcheck shell=bash

# Install those of the named packages that are missing.
function packages_install() {
	declare name
	declare -a missing=()
	for name in "$@"; do
		[[ "$(dpkg-query -W -f '${db:Status-Status}' "${name}" 2> /dev/null)" == installed ]] || missing+=("${name}")
	done
	((${#missing[@]} > 0)) || return 0
	echo "Installing ${missing[*]}" >&2
	packages_as_root apt-get -q update >&2 || echo "apt-get update failed: going on with the lists that are here" >&2
	packages_as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}" >&2
}

function packages_as_root() {
	if ((EUID == 0)); then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		echo "cannot run as root, for there is no sudo: ${*}" >&2
		return 1
	fi
}

# Where the packages of this release and architecture are unpacked.
function packages_cache() {
	declare ID="" VERSION_ID="" VERSION_CODENAME=""
	# shellcheck source=/dev/null
	source /etc/os-release
	printf '%s\n' "${XDG_CACHE_HOME:-${HOME}/.cache}/armhf-binfmt/packages/${ID}-${VERSION_ID:-${VERSION_CODENAME}}-$(dpkg --print-architecture)"
}

# packages_unpack NAME MEMBER...: these members (tar's patterns, "./usr/...") of this release's package NAME, below
# the cache's folder NAME. The folder appears whole or not at all; what is there stays.
function packages_unpack() {
	declare name="${1}" cache
	shift
	cache="$(packages_cache)"
	[[ ! -d "${cache}/${name}" ]] || return 0
	echo "Downloading the package ${name} (once, into ${cache})" >&2
	mkdir -p "${cache}" || return 1
	# A subshell, for its EXIT trap removes the temporary folder on every way out.
	(
		temporary="$(mktemp -d "${cache}/.${name}.XXXXXX")" || exit 1
		trap 'rm -rf "${temporary}"' EXIT
		trap 'exit 1' HUP INT TERM
		mkdir "${temporary}/tree" && chmod 0755 "${temporary}/tree" && cd "${temporary}" || exit 1
		packages_download "${name}" || exit 1
		dpkg-deb --fsys-tarfile ./*.deb | tar -x -C tree --no-same-owner --wildcards "$@" || exit 1
		# Another process may have been faster: its folder holds the same.
		mv -T tree "${cache}/${name}" 2> /dev/null || [[ -d "${cache}/${name}" ]]
	)
}

# Download a package into the current folder; where the lists are old or missing, after renewing them.
function packages_download() {
	declare -a download=(apt-get -qq -o APT::Sandbox::User=root download "${1}")
	"${download[@]}" 2> /dev/null && return
	packages_as_root apt-get -q update >&2
	"${download[@]}" >&2
}

# Unpack what the tests use of other packages.
function packages_prepare() {
	packages_emulator > /dev/null || return 1
	packages_unpack binfmt-support ./usr/sbin/update-binfmts || return 1
	packages_unpack libpipeline1 './usr/lib/*/libpipeline.so.*' || return 1
	# Up to 0.21 its programs are in /usr/lib, later in /usr/libexec.
	packages_unpack arch-test ./usr/bin './usr/lib*/arch-test' || return 1
	packages_unpack libc6-armhf-cross './usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3' './usr/arm-linux-gnueabihf/lib/libc.so.6'
}

# The path of arch-test's armhf program, which prints "ok".
function packages_armhf() {
	declare file
	for file in "$(packages_cache)"/arch-test/usr/lib{exec,}/arch-test/armhf; do
		[[ ! -x "${file}" ]] || { printf '%s\n' "${file}" && return 0; }
	done
	echo "the package arch-test holds no program for armhf" >&2
	return 1
}

# The path of the statically linked emulator, unpacked. qemu-user-static holds it up to bookworm and
# noble; later that package only depends on qemu-user, which holds it under the other name.
function packages_emulator() {
	declare cache name file
	cache="$(packages_cache)"
	for name in cached qemu-user-static qemu-user; do
		case "${name}" in
		qemu-user-static) packages_unpack "${name}" ./usr/bin/qemu-arm-static || continue ;;
		qemu-user) packages_unpack "${name}" ./usr/bin/qemu-arm || continue ;;
		esac
		for file in "${cache}"/{qemu-user-static/usr/bin/qemu-arm-static,qemu-user/usr/bin/qemu-arm}; do
			[[ -f "${file}" && ! -L "${file}" ]] || continue
			printf '%s\n' "${file}"
			return 0
		done
	done
	echo "no package of this release holds qemu-arm" >&2
	return 1
}
