# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The userland of a release that the tests of check-bash run in.

# shellcheck source=tests/hosts/lib.bash
source "${BASH_SOURCE[0]%/*}/../hosts/lib.bash"
cache_ingredients[userland_fill]="packages_extract"

# userland_fill DIRECTORY RELEASE ARCHITECTURE: a root file system of the release's packages, unpacked and not configured.
function userland_fill() {
	declare root="${1}/root" release="${2}" architecture="${3}" name unpacked
	packages_extract "${release}" "${architecture}" "${root}" base-files base-passwd bash coreutils dash diffutils dpkg findutils gawk grep \
		hostname libc-bin libpipeline1 mount procps sed strace tar util-linux
	# The tests' own tool is the same everywhere: older releases have one that is too old.
	hosts_download bookworm "${architecture}" "${1}/bats" bats
	dpkg-deb --extract "${1}"/bats/*.deb "${1}/bats/root"
	cp -a "${1}/bats/root/usr/." "${root}/usr"
	rm -rf "${1}/bats"
	# What the packages' scripts would do.
	echo 'root:x:0:0:root:/root:/bin/bash' > "${root}/etc/passwd"
	echo 'root:x:0:' > "${root}/etc/group"
	[[ -e "${root}/usr/bin/sh" ]] || ln -s dash "${root}/usr/bin/sh"
	ln -sf gawk "${root}/usr/bin/awk"
	# Where the tests look for unpacked packages in there; those for all releases are added by test-in-root.
	unpacked="${root}/cache/armhf-binfmt/packages/$(
		# shellcheck source=/dev/null
		source "${root}/etc/os-release"
		echo "${ID}-${VERSION_ID:-${VERSION_CODENAME}}-${architecture}"
	)"
	mkdir -p "${unpacked}" "${root}"/{tree,objects,packages,proc,dev,tmp,mnt,usr/share/binfmts}
	hosts_download "${release}" "${architecture}" "${1}/support" binfmt-support libpipeline1
	for name in binfmt-support libpipeline1; do
		mkdir "${unpacked}/${name}"
		dpkg-deb --fsys-tarfile "${1}/support/${name}"_*.deb | tar -x -C "${unpacked}/${name}" --no-same-owner
	done
	rm -rf "${1}/support"
	for name in arch-test libc6-armhf-cross qemu-user-static qemu-user; do
		ln -s "/packages/${name}" "${unpacked}/${name}"
	done
}
