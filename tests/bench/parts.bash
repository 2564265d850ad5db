# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the guest works on, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

bench_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${bench_directory}/../hosts/lib.bash"
hosts_recipes="${bench_directory}/parts.bash"
cache_ingredients[part_workload]="packages_extract"

# A root with what an armhf dpkg needs, and the packages that it installs.
function part_workload() {
	declare directory="${1}" release="${2}"
	packages_extract "${release}" armhf "${directory}/root" dpkg tar dash coreutils
	hosts_download "${release}" armhf "${directory}/install" hostname netbase libgdbm6
}
