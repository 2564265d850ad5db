# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# The roots whose programs are started, made once by hosts_part (tests/hosts/lib.bash, which also says what a part is).

programs_folder="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=tests/hosts/lib.bash
source "${programs_folder}/../hosts/lib.bash"
hosts_recipes="${programs_folder}/parts.bash"

# A whole root takes more memory than other guests' files.
hosts_boot_text="$(declare -f hosts_boot)"
[[ "${hosts_boot_text}" == *'-m 512 '* ]] || hosts_die "hosts_boot gives its guests another amount of memory than tests/programs/parts.bash expects"
eval "${hosts_boot_text/-m 512 /-m 1024 }"

# A minbase set of a release, unpacked and not configured: no armhf code runs on the builder.
cache_ingredients[part_minbase]="packages_extract"
function part_minbase() {
	declare directory="${1}" release="${2}"
	packages_extract "${release}" armhf "${directory}/root" '?or(?essential,?priority(required),?exact-name(apt))'
	# What is neither a program nor a library would only fill the guest's memory.
	find "${directory}/root/usr" -type f ! -perm /111 ! -name '*.so*' -delete
}

# programs_root RELEASE: make sure of it, and set programs_path.
function programs_root() {
	hosts_part "minbase-${1}" part_minbase "${1}"
	# shellcheck disable=SC2034,SC2154 # for the caller; of hosts_part
	programs_path="${cache_path}/root"
}
