# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The part of a guest that runs the framework, made once by hosts_part; tests/hosts/lib.bash explains parts.

armbian_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${armbian_directory}/../hosts/lib.bash"
hosts_recipes="${armbian_directory}/parts.bash"
cache_ingredients[part_armbian]="packages_extract"

# A guest lacks these for the framework.
function part_armbian() {
	packages_extract "${2}" arm64 "${1}/root" findutils mawk
	ln -sf bash "${1}/root/usr/bin/sh"
	ln -sf mawk "${1}/root/usr/bin/awk"
}
