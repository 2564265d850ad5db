# SPDX-License-Identifier: GPL-3.0-or-later
# Distribution packages: installed for building and testing, or only unpacked into a cache.
# The emulator and binfmt-support are never installed for tests: their scripts would mount
# binfmt_misc and register formats on the machine.
# shellcheck shell=bash

packages_file="${BASH_SOURCE[0]}"
# shellcheck source=scripts/lib/cache.bash
source "${BASH_SOURCE[0]%/*}/cache.bash"

# packages_of TARGET...: the packages that these targets of make need. What is the machine's own compiler on arm64 is left out.
function packages_of() {
	declare target name own
	own="$(dpkg --print-architecture)"
	for target in "${@}"; do
		for name in $(packages_list "${target}"); do
			[[ "${own} ${name}" =~ ^arm64\ .*(aarch64|arm64-cross) ]] || echo "${name}"
		done
	done | sort -u
}

function packages_list() {
	case "${1}" in
	all) echo gcc libc6-dev make pkgconf bash-builtins ;;
	check) echo bats binutils-arm-linux-gnueabihf bsdutils gcc-aarch64-linux-gnu git jq libc6-dev-arm64-cross mandoc procps strace ;;
	lint) echo clang-format clang-tidy cppcheck devscripts shellcheck shfmt ;;
	# libFuzzer is in a package of the release that clang stands for, known once that is installed.
	fuzz) echo clang && { ! command -v clang > /dev/null || echo "libclang-rt-$(clang -dumpversion | cut -d . -f 1)-dev"; } ;;
	check-sanitize) echo valgrind ;;
	coverage) echo gcovr ;;
	check-model) echo spin ;;
	# The object for the guests is built here as well.
	check-hosts) echo cpio debian-archive-keyring gcc-aarch64-linux-gnu kmod libc6-dev-arm64-cross mmdebstrap qemu-system-arm util-linux xz-utils zstd ;;
	# Two kernels are built.
	check-hosts-all) packages_list check-hosts && echo bc bison flex libelf-dev libssl-dev make ;;
	check-bash) packages_list check-releases ;;
	check-releases) echo debian-archive-keyring git mmdebstrap ;;
	check-packages) packages_list check-hosts && packages_list deb && echo faketime git lintian ;;
	check-release) packages_list check-releases ;;
	release) echo debian-archive-keyring dpkg-dev mmdebstrap ;;
	deb) echo bash-builtins bats binutils-arm-linux-gnueabihf build-essential debhelper dpkg-dev ;;
	*) return 1 ;;
	esac
}

# packages_need TARGET: fail where packages are missing that it needs, and say in one line which.
function packages_need() {
	declare -a missing=()
	command -v dpkg-query > /dev/null || return 0
	mapfile -t missing < <(packages_of "${1}")
	mapfile -t missing < <(packages_missing "${missing[@]}")
	((${#missing[@]} == 0)) || {
		echo "make ${1/%-all/ HOSTS=all} needs more packages: apt-get install ${missing[*]}" >&2
		return 1
	}
}

# packages_missing NAME...: those that are not installed.
function packages_missing() {
	declare name
	for name in "$@"; do
		[[ "$(dpkg-query -W -f '${db:Status-Status}' "${name}" 2> /dev/null)" == installed* ]] || echo "${name}"
	done
}

# Install those of the named packages that are missing.
function packages_install() {
	declare -a missing=()
	mapfile -t missing < <(packages_missing "$@")
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
	printf '%s\n' "${cache_top}/packages/${ID}-${VERSION_ID:-${VERSION_CODENAME}}-$(dpkg --print-architecture)"
}

# packages_unpack NAME MEMBER...: these members (tar's patterns, "./usr/...") of this release's package NAME, below
# the cache's directory NAME. What is there stays.
function packages_unpack() {
	declare path
	path="$(packages_cache)/${1}"
	[[ ! -d "${path}" ]] || return 0
	echo "Downloading the package ${1} (once, into ${path%/*})" >&2
	cache_make "${path}" "${packages_file}" packages_fill "$@"
}

# packages_fill DIRECTORY NAME MEMBER...
function packages_fill() {
	declare directory="${1}" name="${2}" archives
	shift 2
	archives="$(mktemp -d)"
	(
		trap 'rm -rf "${archives}"' EXIT
		cd "${archives}" || exit
		packages_download "${name}"
		dpkg-deb --fsys-tarfile ./*.deb | tar -x -C "${directory}" --no-same-owner --wildcards "$@"
	)
	# arch-test 0.22 moved its programs.
	if [[ -d "${directory}/usr/libexec/arch-test" ]]; then
		mkdir -p "${directory}/usr/lib"
		ln -s ../libexec/arch-test "${directory}/usr/lib/arch-test"
	fi
}

# Download a package into the current directory; where the lists are old or missing, after renewing them.
function packages_download() {
	declare -a download=(apt-get -qq -o APT::Sandbox::User=root download "${1}")
	"${download[@]}" 2> /dev/null && return
	packages_as_root apt-get -q update >&2
	"${download[@]}" >&2
}

# The Debian mirror of this machine: the one that its own apt is configured with.
function packages_mirror() {
	declare mirror="${DEBIAN_MIRROR:-}"
	if [[ -z "${mirror}" ]]; then
		# shellcheck disable=SC2016
		mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)"
	fi
	[[ -n "${mirror}" ]] || {
		echo "no Debian mirror in this machine's apt sources: set DEBIAN_MIRROR to the address of one" >&2
		return 1
	}
	echo "${mirror}"
}

# The sources of a release, for mmdebstrap and for an apt of one's own; the key is Debian's.
function packages_source() {
	declare mirror
	mirror="$(packages_mirror)" || return 1
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror} ${1} main"
}

# The options by which another apt fetches as the machine's does: through its proxy, and from a frozen mirror if it may.
function packages_fetching() {
	apt-config dump Acquire::Check-Valid-Until Acquire::Check-Date Acquire::http Acquire::https
}

# packages_extract RELEASE ARCHITECTURE ROOT PACKAGE...: unpack the packages and all that they depend on into the new directory ROOT,
# of any architecture: none of their programs is run. What no test reads is left out. Only root's files get their owners.
function packages_extract() {
	declare release="${1}" architecture="${2}" root="${3}" packages mode=root source pattern
	declare -a options=()
	shift 3
	packages="${*}"
	source="$(packages_source "${release}")"
	((EUID == 0)) || mode=fakeroot
	for pattern in /usr/share/ /usr/include/ '/usr/lib/*/perl*/' '/usr/*gconv/' /usr/lib/systemd/ /etc/systemd/ /lib/systemd/; do
		options+=(--dpkgopt="path-exclude=${pattern}*")
	done
	# Releases before trixie have /bin and the like in their packages.
	[[ "${release}" == @(trixie|sid|experimental) ]] || options+=(--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr)
	# It runs Python once a package: the distribution's.
	PATH=/usr/sbin:/usr/bin:/sbin:/bin mmdebstrap --quiet --variant=extract --mode="${mode}" --format=directory --architectures="${architecture}" \
		--aptopt="$(packages_fetching)" "${options[@]}" --include="${packages// /,}" "${release}" "${root}" "${source}" >&2
	rm -rf "${root:?}"/{dev,var/lib/apt,var/lib/dpkg,var/cache}/*
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

# Unpack it, and tell the scripts that this one starts where it is: HOST_PACKAGES, HOST_EMULATOR and HOST_ARMHF.
function packages_export() {
	[[ -z "${HOST_PACKAGES:-}" ]] || return 0
	packages_prepare || return 1
	HOST_EMULATOR="$(packages_emulator)"
	HOST_ARMHF="$(packages_armhf)"
	HOST_PACKAGES="$(packages_cache)"
	export HOST_PACKAGES HOST_EMULATOR HOST_ARMHF
}
