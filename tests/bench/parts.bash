# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the guest works on, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

bench_folder="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${bench_folder}/../hosts/lib.bash"
hosts_recipes="${bench_folder}/parts.bash"

# A root with what an armhf dpkg needs, and the packages that it installs.
function part_workload() {
	declare folder="${1}" release="${2}"
	hosts_download "${release}" armhf "${folder}/needed" dpkg tar zlib1g liblzma5 libmd0 libbz2-1.0 libzstd1 libacl1 dash coreutils
	hosts_unpack "${folder}/needed" "${folder}/root"
	hosts_download "${release}" armhf "${folder}/install" hostname netbase libgdbm6
}
