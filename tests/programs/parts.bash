# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The roots whose programs are started, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

programs_folder="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${programs_folder}/../hosts/lib.bash"
hosts_recipes="${programs_folder}/parts.bash"

# A minbase set of a release, unpacked and not configured: no armhf code runs on the builder. ROOT has its files, cpio them at /programs,
# paths its programs.
function part_minbase() {
	declare folder="${1}" release="${2}"
	mkdir -p "${folder}/packages/partial"
	hosts_apt "${release}" armhf apt-get -qq --yes --download-only -o Dir::Cache::archives="${folder}/packages" \
		install '?essential' '?priority(required)' apt
	hosts_unpack "${folder}/packages" "${folder}/root/programs"
	rm -rf "${folder}/root/programs/usr/share" "${folder}/root/programs/var"
	hosts_cpio "${folder}/root" "${folder}/cpio"
}

# A library or program has no other dependencies than what its release has, so each root is checked and started as a whole.
function programs_root() {
	hosts_part "minbase-${1}" part_minbase "${1}"
}
