# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the packages are tried in, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

packages_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${packages_directory}/../hosts/lib.bash"
hosts_recipes="${packages_directory}/parts.bash"
cache_ingredients[part_dpkg]="packages_extract"

# What a guest lacks for dpkg: programs, and records of the packages that ours depends on.
function part_dpkg() {
	packages_extract "${2}" arm64 "${1}/root" dpkg tar gzip diffutils findutils libc-bin
	ln -sf bash "${1}/root/usr/bin/sh"
	mkdir -p "${1}/root/var/lib/dpkg"/{info,updates,triggers,parts}
	hosts_apt "${2}" arm64 apt-cache show --no-all-versions bash libc6 |
		sed -n 's/^Package: .*/&\nStatus: install ok installed/p; /^\(Version\|Architecture\|Multi-Arch\|Maintainer\|Description\):/p; /^$/p' \
			> "${1}/root/var/lib/dpkg/status"
	echo 1 > "${1}/root/var/lib/dpkg/info/format"
	touch "${1}"/root/var/lib/dpkg/info/{bash,libc6:arm64}.{list,md5sums}
}

# systemd of a release, which other guests do without.
cache_ingredients[part_systemd]="packages_extract hosts_download"
function part_systemd() {
	packages_extract "${2}" arm64 "${1}/root" systemd findutils
	hosts_download "${2}" arm64 "${1}/packages" systemd
	# Its own units, which packages_extract leaves out.
	dpkg-deb --fsys-tarfile "${1}"/packages/systemd_*.deb |
		tar -x -C "${1}/root" --no-same-owner --keep-directory-symlink --wildcards './lib/systemd*' './usr/lib/*' './etc/*'
	rm -rf "${1}/packages"
	echo 'root:x:0:0:root:/root:/bin/bash' > "${1}/root/etc/passwd"
	echo 'root:x:0:' > "${1}/root/etc/group"
	# Without one it would be a first boot, which asks questions.
	echo 0123456789abcdef0123456789abcdef > "${1}/root/etc/machine-id"
	hosts_cpio "${1}/root" "${1}/cpio"
	rm -rf "${1}/root"
}
