# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Systems in which the packages are tried, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

packages_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${packages_directory}/../hosts/lib.bash"
hosts_recipes="${packages_directory}/parts.bash"
cache_ingredients[part_dpkg]="packages_extract"

# A guest lacks these for dpkg: programs, and records of the packages that ours depends on.
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
		tar -x -C "${1}/root" --no-same-owner --keep-directory-symlink --wildcards './*lib/*' './etc/*'
	rm -rf "${1}/packages"
	echo 'root:x:0:0:root:/root:/bin/bash' > "${1}/root/etc/passwd"
	echo 'root:x:0:' > "${1}/root/etc/group"
	# Leave only the units of its journal and of binfmt_misc: those of disks, consoles and users take most of a boot.
	rm -rf "${1}/root/usr/lib/systemd/system-generators"
	find "${1}/root/usr/lib/systemd/system" -path '*.wants/*' -type l ! -name '*binfmt*' ! -name '*journald*' -delete
	# Without one it would be a first boot, which asks questions.
	echo 0123456789abcdef0123456789abcdef > "${1}/root/etc/machine-id"
	hosts_cpio "${1}/root" "${1}/cpio"
	rm -rf "${1}/root"
}

# part_autofs DIRECTORY RELEASE FLAVOUR: autofs, by which systemd mounts binfmt_misc on demand, beside binfmt_misc: the kernel's other part
# has that module alone.
cache_ingredients[part_autofs]="hosts_kernel hosts_download"
function part_autofs() {
	declare directory="${1}" release="${2}" image package version
	declare -a packages=()
	image="$(hosts_kernel "${release}" "${3}")"
	mapfile -t packages < <(hosts_apt "${release}" arm64 apt-cache depends "${image}" | sed -n 's/^ *Depends: \(linux-modules-[0-9].*\)$/\1/p')
	hosts_download "${release}" arm64 "${directory}/packages" "${image}" "${packages[@]}"
	mkdir -p "${directory}/root/lib"
	for package in "${directory}"/packages/*.deb; do
		dpkg-deb --fsys-tarfile "${package}" | tar -x -C "${directory}/root" --no-same-owner --wildcards --transform 's:^\./usr/lib/:./lib/:' \
			'*/autofs*.ko*' '*/binfmt_misc.ko*' '*/modules.*' || :
	done
	version="$(cd "${directory}/root/lib/modules" && echo *)"
	[[ -n "$(find "${directory}/root" -name 'autofs*.ko*')" ]]
	depmod -b "${directory}/root" "${version}"
	mkdir "${directory}/root/usr"
	mv "${directory}/root/lib" "${directory}/root/usr/lib"
	hosts_cpio "${directory}/root" "${directory}/cpio"
	rm -rf "${directory:?}"/{root,packages}
}

# bash of a release and what it needs, and their versions.
cache_ingredients[part_bash]="hosts_download"
function part_bash() {
	declare name
	mkdir -p "${1}"/root/usr/{bin,lib,lib64}
	ln -s usr/{bin,lib,lib64} "${1}/root"
	for name in bash libc6 libtinfo6; do
		hosts_download "${2}" "${3}" "${1}/${name}.d" "${name}"
		dpkg-deb --fsys-tarfile "${1}/${name}.d"/*.deb | tar -x -C "${1}/root" --no-same-owner --keep-directory-symlink --exclude './usr/share' --exclude '*/gconv'
		dpkg-deb --field "${1}/${name}.d"/*.deb Version > "${1}/${name}"
		rm -rf "${1}/${name}.d"
	done
}

# The program that runs another architecture's.
cache_ingredients[part_emulator]="hosts_download"
function part_emulator() {
	declare machine="${2/arm64/aarch64}"
	hosts_download bookworm "$(dpkg --print-architecture)" "${1}/packages" qemu-user-static
	dpkg-deb --fsys-tarfile "${1}"/packages/*.deb | tar -xO "./usr/bin/qemu-${machine/amd64/x86_64}-static" > "${1}/emulator"
	chmod 0755 "${1}/emulator"
	rm -rf "${1}/packages"
}
