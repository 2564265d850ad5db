# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Real arm64 hosts on an amd64 machine: what each is made of, fetched from Debian once, and booted by
# qemu-system-aarch64. Sourced by check-hosts and by whatever else needs a host; it decides nothing about results.

shopt -s extglob
hosts_directory="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
# shellcheck source=scripts/lib/packages.bash
source "${hosts_directory}/../../scripts/lib/packages.bash"
hosts_cache="${cache_top}/hosts"
# Where the functions are that make parts: a file that sources this one may have more.
hosts_recipes="${hosts_directory}/lib.bash"
cache_ingredients[part_userland]="packages_extract hosts_cpio"
cache_ingredients[part_armhf]="packages_extract hosts_cpio"
cache_ingredients[part_emulators]="hosts_cpio"
cache_ingredients[part_kernel]="hosts_cpio"
cache_ingredients[part_built_kernel]="hosts_cpio $(echo "${hosts_directory}"/kernels/*)"

# name | set | kernel | userland | machine | kernel's command line | what it stands for
function hosts_table() {
	cat <<- 'TABLE'
		compat            | default | bookworm cloud-arm64     | bookworm | virt -cpu cortex-a72          |                   | 4 KiB pages, AArch32: Ampere Altra, RK3399, Raspberry Pi 4
		compat-trixie     | all     | trixie cloud-arm64       | trixie   | virt -cpu cortex-a72          |                   | the same, with a newer kernel
		compat-sid        | all     | sid cloud-arm64          | trixie   | virt -cpu cortex-a72          |                   | the same, with Debian's newest kernel
		next              | default | experimental cloud-arm64 | trixie   | virt -cpu cortex-a72          |                   | the same, with the next kernel
		no-aarch32        | default | bookworm cloud-arm64     | bookworm | virt,gic-version=3 -cpu a64fx |                   | 4 KiB pages, no AArch32: Apple Silicon, A64FX
		no-aarch32-trixie | all     | trixie cloud-arm64       | trixie   | virt,gic-version=3 -cpu a64fx |                   | the same, with a newer kernel
		next-no-aarch32   | default | experimental cloud-arm64 | trixie   | virt,gic-version=3 -cpu a64fx |                   | the same, with the next kernel
		pages-16k         | default | trixie arm64-16k         | trixie   | virt -cpu cortex-a76          |                   | 16 KiB pages, AArch32: Raspberry Pi 5's default kernel
		apple-16k         | default | trixie arm64-16k         | trixie   | virt -cpu cortex-a76          | arm64.no32bit_el0 | 16 KiB pages, no AArch32: Asahi
		pages-64k         | all     | built pages-64k          | trixie   | virt -cpu cortex-a72          |                   | 64 KiB pages, AArch32: a kernel built so
		no-compat         | all     | built no-compat          | trixie   | virt -cpu cortex-a72          |                   | AArch32, but a kernel without CONFIG_COMPAT
	TABLE
}

# hosts_field NAME FIELD: a field of the table, counted from 1. Fails for an unknown name.
function hosts_field() {
	declare -a fields=()
	while IFS='|' read -r -a fields; do
		fields=("${fields[@]/#*( )/}")
		fields=("${fields[@]/%*( )/}")
		if [[ "${fields[0]}" == "${1}" ]]; then
			echo "${fields[${2} - 1]}"
			return 0
		fi
	done < <(hosts_table)
	return 1
}

# hosts_names [SET]: the names of the default set, or of all.
function hosts_names() {
	declare name set
	while IFS='| ' read -r name set _; do
		if [[ "${1:-all}" == all || "${set}" == "${1}" ]]; then
			echo "${name}"
		fi
	done < <(hosts_table)
}

function hosts_die() {
	echo "tests/hosts: ${*}" >&2
	exit 1
}

# ---- parts: made once, kept in the cache ----

# hosts_part NAME FUNCTION [ARGUMENT...]: make a part unless the cache has it, and set ${cache_path}.
function hosts_part() {
	cache_part "${hosts_cache}" "${1}" "${hosts_recipes}" "${@:2}" || hosts_die "${1} is missing"
}

# hosts_apt RELEASE ARCHITECTURE COMMAND...: run an apt command on a private root of that release.
function hosts_apt() {
	declare root="${hosts_cache}/apt/${1}-${2}" release="${1}" architecture="${2}"
	shift 2
	if [[ -z "$(find "${root}/updated" -mmin -360 2> /dev/null)" ]]; then
		mkdir -p "${root}"/{lists/partial,archives/partial,parts}
		: > "${root}/status"
		packages_source "${release}" > "${root}/sources.list"
		cat > "${root}/apt.conf" <<- CONF
			#clear APT::Update::Post-Invoke;
			#clear APT::Update::Post-Invoke-Success;
			#clear DPkg::Post-Invoke;
			APT::Architecture "${architecture}";
			APT::Architectures { "${architecture}"; };
			APT::Sandbox::User "root";
			Acquire::Languages "none";
			Acquire::Retries "3";
			Dir::Etc::sourcelist "${root}/sources.list";
			Dir::Etc::sourceparts "${root}/parts";
			Dir::Etc::preferencesparts "${root}/parts";
			Dir::Etc::preferences "${root}/preferences";
			Dir::State "${root}";
			Dir::State::lists "${root}/lists";
			Dir::State::status "${root}/status";
			Dir::Cache "${root}";
		CONF
		echo "# package index of ${release} ${architecture}" >&2
		APT_CONFIG="${root}/apt.conf" apt-get -qq update >&2
		: > "${root}/updated"
	fi
	APT_CONFIG="${root}/apt.conf" "${@}"
}

# hosts_download RELEASE ARCHITECTURE DIRECTORY PACKAGE...: apt checks each file against the signed index.
function hosts_download() {
	declare release="${1}" architecture="${2}" directory="${3}"
	shift 3
	mkdir -p "${directory}"
	(cd "${directory}" && hosts_apt "${release}" "${architecture}" apt-get -qq download "${@}")
}

# hosts_cpio ROOT ARCHIVE: an initramfs archive of everything in ROOT, owned by root.
function hosts_cpio() {
	(cd "${1}" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc -R 0:0 --reproducible) > "${2}"
}

# Packages' programs of an arm64 host, without the emulator.
function part_userland() {
	declare directory="${1}" release="${2}"
	packages_extract "${release}" arm64 "${directory}/root" bash coreutils mount util-linux kmod grep sed binfmt-support libc6-armhf-cross arch-test
	hosts_cpio "${directory}/root" "${directory}/cpio"
	rm -rf "${directory}/root"
}

# The two emulators, at /emulators/RELEASE: a host has the one of its userland, a scenario may take the other.
function part_emulators() {
	declare directory="${1}" release
	hosts_download bookworm arm64 "${directory}/bookworm" qemu-user-static
	hosts_download trixie arm64 "${directory}/trixie" qemu-user
	mkdir -p "${directory}"/root/emulators/{bookworm,trixie}
	dpkg-deb --fsys-tarfile "${directory}"/bookworm/*.deb | tar -xO ./usr/bin/qemu-arm-static > "${directory}/root/emulators/bookworm/qemu-arm-static"
	dpkg-deb --fsys-tarfile "${directory}"/trixie/*.deb | tar -xO ./usr/bin/qemu-arm > "${directory}/root/emulators/trixie/qemu-arm"
	chmod 755 "${directory}"/root/emulators/*/*
	hosts_cpio "${directory}/root" "${directory}/cpio"
	for release in bookworm trixie; do
		# shellcheck disable=SC2016
		dpkg-deb --showformat 'qemu ${Version}\n' --show "${directory}/${release}"/*.deb | sed 's/[0-9]*://; s/+.*//' > "${directory}/version"
		rm -rf "${directory:?}/${release}"
		mv "${directory}/version" "${directory}/${release}"
	done
	rm -rf "${directory}/root"
}

# A small real armhf root file system, at /armhf/RELEASE.
function part_armhf() {
	declare directory="${1}" release="${2}" root
	root="${directory}/root/armhf/${release}"
	mkdir -p "${root%/*}"
	packages_extract "${release}" armhf "${root}" bash coreutils
	find "${root}"/usr/{bin,sbin,libexec} ! -type d ! -name bash ! -name ls ! -name true -delete
	hosts_cpio "${directory}/root" "${directory}/cpio"
	rm -rf "${directory}/root"
}

# hosts_kernel RELEASE FLAVOUR: the package that the newest kernel of a release is called, or nothing.
function hosts_kernel() {
	hosts_apt "${1}" arm64 apt-cache depends "linux-image-${2}" 2> /dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p' || :
}

# A kernel of Debian, and binfmt_misc as a module.
function part_kernel() {
	declare directory="${1}" release="${2}" flavour="${3}" image version package
	declare -a parts=()
	image="$(hosts_kernel "${release}" "${flavour}")"
	if [[ -z "${image}" && "${release}" == experimental ]]; then
		echo "# experimental has no kernel newer than sid's: that is taken" >&2
		release=sid
		image="$(hosts_kernel "${release}" "${flavour}")"
	fi
	[[ -n "${image}" ]]
	# Newer kernels come in several packages, and not in /boot.
	mapfile -t parts < <(hosts_apt "${release}" arm64 apt-cache depends "${image}" | sed -n 's/^ *Depends: \(linux-\(base\|binary\|modules\)-[0-9].*\)$/\1/p')
	hosts_download "${release}" arm64 "${directory}/packages" "${image}" "${parts[@]}"
	for package in "${directory}"/packages/*.deb; do
		dpkg-deb --fsys-tarfile "${package}" | tar -x -C "${directory}" --no-same-owner --exclude './usr/share' --exclude './usr/lib/linux-image-*' --transform 's:^\./usr/lib/:./lib/:'
	done
	rm -rf "${directory}/packages"
	find "${directory}" -name 'vmlinuz*' -type f -exec mv {} "${directory}/Image" \; -quit
	find "${directory}/lib/modules" -type f ! -name 'binfmt_misc.ko*' ! -name 'modules.*' -delete
	find "${directory}/lib/modules" -type d -empty -delete
	[[ -f "${directory}/Image" && -n "$(find "${directory}/lib/modules" -name 'binfmt_misc.ko*')" ]]
	version="$(cd "${directory}/lib/modules" && echo *)"
	depmod -b "${directory}" "${version}"
	mkdir -p "${directory}/root/usr"
	mv "${directory}/lib" "${directory}/root/usr/lib"
	hosts_cpio "${directory}/root" "${directory}/cpio"
	echo "${version}" > "${directory}/version"
	rm -rf "${directory:?}"/{root,boot,usr}
}

# A kernel that no distribution ships, of Debian's source, so that it stays comparable: kernels/common.config and the file of its name.
function part_built_kernel() {
	declare directory="${1}" name="${2}" configs="${hosts_directory}/kernels" source option
	hosts_download trixie arm64 "${directory}/packages" linux-source-6.12
	dpkg-deb --fsys-tarfile "${directory}"/packages/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | tar -xJ -C "${directory}"
	rm -rf "${directory}/packages"
	source="$(echo "${directory}"/linux-source-*)"
	declare -a build=(nice make -s -C "${source}" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	"${build[@]}" tinyconfig
	"${source}/scripts/kconfig/merge_config.sh" -m -O "${source}" "${source}/.config" "${configs}/common.config" "${configs}/${name}.config" > /dev/null
	"${build[@]}" olddefconfig
	# What its dependencies forbid is left out silently.
	while IFS= read -r option; do
		if [[ "${option}" == '# '* ]] && grep -q "^${option:2:-11}=" "${source}/.config" || { [[ "${option}" != '#'* ]] && ! grep -qxF "${option}" "${source}/.config"; }; then
			echo "the configuration does not have: ${option}" >&2
			return 1
		fi
	done < "${configs}/${name}.config"
	"${build[@]}" -j "$(nproc)" Image
	mv "${source}/arch/arm64/boot/Image" "${directory}/Image"
	"${build[@]}" kernelrelease > "${directory}/version"
	mkdir "${directory}/root"
	hosts_cpio "${directory}/root" "${directory}/cpio"
	rm -rf "${source}" "${directory}/root"
}

# hosts_get PART: a part by its name; a kernel by what the table says.
function hosts_get() {
	case "${1}" in
	userland-*) hosts_part "${1}" part_userland "${1#*-}" ;;
	armhf-*) hosts_part "${1}" part_armhf "${1#*-}" ;;
	emulators) hosts_part "${1}" part_emulators ;;
	'built '*) hosts_part "kernel-${1#* }" part_built_kernel "${1#* }" ;;
	*) hosts_part "kernel-${1/ /-}" part_kernel "${1% *}" "${1#* }" ;;
	esac
}

# hosts_parts NAME: the parts that a host is made of, its kernel first.
function hosts_parts() {
	hosts_field "${1}" 3
	printf '%s\n' "userland-$(hosts_field "${1}" 4)" emulators armhf-bookworm armhf-sid
}

# hosts_get_all NAME: make all parts of a host that the cache does not have.
function hosts_get_all() {
	declare part
	while read -r part; do
		hosts_get "${part}" < /dev/null
	done < <(hosts_parts "${1}")
}

# hosts_versions NAME: the kernel's release, and the emulator's, a line each.
function hosts_versions() {
	hosts_get "$(hosts_field "${1}" 3)"
	cat "${cache_path}/version"
	hosts_get emulators
	cat "${cache_path}/$(hosts_field "${1}" 4)"
}

# hosts_guest FILE: build what scenarios in guests need beside Debian's programs (guest.c).
function hosts_guest() {
	aarch64-linux-gnu-gcc -D_GNU_SOURCE= -O2 -Wall -Wextra -static -s -o "${1}" "${hosts_directory}/guest.c"
}

# ---- booting ----

# For the command line of every kernel. The second line makes a guest twice as fast. Without it the kernel changes its page tables at
# each system call, and qemu then drops its own copy of them; and qemu translates a program again for each address that it is mapped to.
hosts_append="console=ttyAMA0 quiet loglevel=1 panic=-1 \
	kpti=off mitigations=off norandmaps"

# hosts_boot NAME CONSOLE SECONDS PLACE=FILE...: boot a host with files or directories put at these places in it. init runs
# the one at /test/main by bash, with HOST and USERLAND in the environment; /test/guest is needed. What the host says goes to the file CONSOLE.
# Fails when the host did not end by itself in that time, or not in order.
function hosts_boot() (
	declare name="${1}" console="${2}" limit="${3}" kernel="" machine append userland part file status=0 work
	shift 3
	userland="$(hosts_field "${name}" 4)" || hosts_die "no host is called ${name}"
	machine="$(hosts_field "${name}" 5)"
	append="$(hosts_field "${name}" 6)"
	work="$(mktemp -d)"
	trap 'rm -rf "${work}"' EXIT
	for file in "${@}" "/init=${hosts_directory}/init"; do
		mkdir -p "$(dirname "${work}/root/${file%%=*}")"
		cp -r "${file#*=}" "${work}/root/${file%%=*}"
	done
	hosts_cpio "${work}/root" "${work}/cpio"
	while read -r part; do
		hosts_get "${part}" < /dev/null
		cat "${cache_path}/cpio"
		kernel="${kernel:-${cache_path}/Image}"
	done < <(hosts_parts "${name}") > "${work}/initrd"
	cat "${work}/cpio" >> "${work}/initrd"
	# shellcheck disable=SC2086
	timeout --foreground --kill-after=5 "${limit}" qemu-system-aarch64 -M ${machine} -m 512 -nic none -no-reboot -display none -monitor none -serial stdio \
		-kernel "${kernel}" -initrd "${work}/initrd" \
		-append "${hosts_append} HOST=${name} USERLAND=${userland} ${append}" < /dev/null > "${console}" 2>&1 || status="${?}"
	if ((status == 124 || status == 137)); then
		echo "the host was stopped after ${limit} s" >> "${console}"
	fi
	exit "${status}"
)
