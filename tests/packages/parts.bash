# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the packages are tried in, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

packages_folder="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${packages_folder}/../hosts/lib.bash"
hosts_recipes="${packages_folder}/parts.bash"
hosts_ingredients[part_chroot]="${packages_folder}/inside"

# The root file system of a release, with its emulator; up to bookworm the package of the plain name holds dynamic programs.
function part_chroot() {
	declare emulator=qemu-user
	[[ "${2}" != bookworm ]] || emulator=qemu-user-static
	"${packages_folder}/../lib/enter" "${packages_folder}/inside" make "${2}" "$(hosts_mirror)" "${emulator}" "${1}/root"
}

# What a guest lacks for dpkg: programs, and records of the packages that ours depends on.
function part_dpkg() {
	hosts_download "${2}" arm64 "${1}/packages" dpkg tar gzip diffutils findutils libc-bin libbz2-1.0 liblzma5 libmd0 libzstd1 zlib1g \
		libacl1 libselinux1 libpcre2-8-0
	hosts_unpack "${1}/packages" "${1}/root"
	ln -s bash "${1}/root/usr/bin/sh"
	mkdir -p "${1}/root/var/lib/dpkg"/{info,updates,triggers,parts}
	hosts_apt "${2}" arm64 apt-cache show --no-all-versions bash libc6 |
		sed -n 's/^Package: .*/&\nStatus: install ok installed/p; /^\(Version\|Architecture\|Multi-Arch\|Maintainer\|Description\):/p; /^$/p' \
			> "${1}/root/var/lib/dpkg/status"
	echo 1 > "${1}/root/var/lib/dpkg/info/format"
	touch "${1}"/root/var/lib/dpkg/info/{bash,libc6:arm64}.{list,md5sums}
}
