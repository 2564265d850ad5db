# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The last qemu-arm that does not know of flag P, of Debian bullseye, as one more part of tests/hosts/lib.bash.

parts_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${parts_directory}/../hosts/lib.bash"
hosts_recipes="${parts_directory}/qemu-5.2.bash"

function part_qemu_before_preserve() {
	declare directory="${1}"
	hosts_download bullseye "$(dpkg --print-architecture)" "${directory}/packages" qemu-user-static
	dpkg-deb --fsys-tarfile "${directory}"/packages/*.deb | tar -xO ./usr/bin/qemu-arm-static > "${directory}/qemu-arm-static"
	chmod 755 "${directory}/qemu-arm-static"
	rm -rf "${directory}/packages"
}
