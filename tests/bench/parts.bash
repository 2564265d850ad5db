# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The files that the guest works on, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

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

# A root of so many files: a minbase set, that root, once for each 25,000, and files of 200 bytes, of which four in a hundred are executable.
function part_root() {
	declare directory="${1}/root" minbase="${2}" files="${3}" copy count=0 more
	cp -a "${minbase}" "${directory}"
	mkdir "${directory}/opt" "${directory}/srv"
	for ((copy = 1; copy < files / 25000; copy++)); do
		cp -a "${minbase}" "${directory}/opt/${copy}"
	done
	count="$(find "${directory}" -type f | wc -l)"
	for (( ; count < files; count += 100)); do
		more="${directory}/srv/$((count / 10000))/${count}"
		mkdir -p "${more}"
		head -c 20000 /dev/zero | tr '\0' x | split --bytes=200 - "${more}/file"
		chmod +x "${more}"/*a
	done
}
