# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Real arm64 hosts on an amd64 machine: what each is made of, fetched from Debian once, and booted by
# qemu-system-aarch64. Sourced by run and by whoever else needs a host; it decides nothing about results.

shopt -s extglob
hosts_folder="$(cd "${BASH_SOURCE[0]%/*}" && pwd)"
declare -r hosts_cache="${XDG_CACHE_HOME:-${HOME}/.cache}/armhf-binfmt/hosts"
# Where the functions are that make parts: a file that sources this one may have more.
hosts_recipes="${hosts_folder}/lib.bash"
# Files that what a function makes depends on.
declare -A hosts_ingredients=([part_no_compat]="${hosts_folder}/nocompat.config")

# The packages that the functions below need on a Debian machine.
function hosts_packages() {
	echo qemu-system-arm cpio xz-utils zstd kmod debian-archive-keyring util-linux \
		gcc-aarch64-linux-gnu libc6-dev-arm64-cross
}

# What no-compat needs besides, for its kernel.
function hosts_kernel_packages() {
	echo make flex bison bc libssl-dev libelf-dev
}

# name | set | kernel | userland | machine | kernel's command line | what it stands for
function hosts_table() {
	cat <<- 'TABLE'
		compat            | default | bookworm cloud-arm64 | bookworm | virt -cpu cortex-a72               |                       | 4 KiB pages, AArch32 CPU: Ampere, RK3399, most arm64 hosts
		compat-trixie     | default | trixie cloud-arm64   | trixie   | virt -cpu cortex-a72               |                       | the same, with a newer kernel
		compat-sid        | all     | sid cloud-arm64      | trixie   | virt -cpu cortex-a72               |                       | the same, with Debian's newest kernel
		no-aarch32        | default | bookworm cloud-arm64 | bookworm | virt,gic-version=3 -cpu a64fx      |                       | 64-bit-only CPU: Apple Silicon, newer server cores
		no-aarch32-trixie | default | trixie cloud-arm64   | trixie   | virt,gic-version=3 -cpu a64fx      |                       | the same, with a newer kernel
		pages-16k         | default | trixie arm64-16k     | trixie   | virt -cpu cortex-a76               |                       | 16 KiB pages: Raspberry Pi 5's default kernel
		apple-16k         | default | trixie arm64-16k     | trixie   | virt -cpu cortex-a76               | arm64.no32bit_el0     | 16 KiB pages, 64-bit-only CPU: Asahi
		no-compat         | all     | no-compat            | trixie   | virt -cpu cortex-a72               |                       | a kernel built without CONFIG_COMPAT
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

# hosts_part NAME FUNCTION [ARGUMENT...]: make a part unless the cache has it, and set hosts_part_path. The folder's name
# carries a hash of the recipe, so that a changed recipe is a new part; it appears whole or not at all.
function hosts_part() {
	declare name="${1}" recipe="${2}" key started lock new
	shift 2
	key="$({ hosts_recipe "${recipe}" && echo "${@}"; } | sha256sum)"
	hosts_part_path="${hosts_cache}/${name}-${key:0:12}"
	[[ -d "${hosts_part_path}" ]] && return 0

	mkdir -p "${hosts_cache}"
	exec {lock}> "${hosts_cache}/lock"
	flock "${lock}"
	if [[ ! -d "${hosts_part_path}" ]]; then
		started="${SECONDS}"
		echo "# ${name}: being made" >&2
		rm -rf "${hosts_cache}/.${name}".??????
		new="$(mktemp -d "${hosts_cache}/.${name}.XXXXXX")"
		# A shell of its own: errexit would not hold in a function that is called from a condition.
		# shellcheck disable=SC2016
		if ! (umask 022 && bash -euo pipefail -O inherit_errexit -c 'source "${0}" && "${@}"' \
			"${hosts_recipes}" "${recipe}" "${new}" "${@}"); then
			rm -rf "${new}"
			hosts_die "${name} could not be made"
		fi
		chmod 755 "${new}"
		rm -rf "${hosts_cache}/${name}"-????????????
		mv -T "${new}" "${hosts_part_path}"
		echo "# ${name}: $(du -sh "${hosts_part_path}" | cut -f 1), $((SECONDS - started)) s" >&2
	fi
	exec {lock}>&-
}

# The text that a part's content depends on: its function, and what unpacks, checks and packs for it.
function hosts_recipe() {
	declare -f "${1}" hosts_unpack hosts_cpio
	if [[ -n "${hosts_ingredients[${1}]:-}" ]]; then
		cat "${hosts_ingredients[${1}]}"
	fi
}

# The Debian mirror of this machine and the key it is trusted by: the one that its own apt is configured with.
function hosts_mirror() {
	declare mirror="${DEBIAN_MIRROR:-}"
	if [[ -z "${mirror}" ]]; then
		# shellcheck disable=SC2016
		mirror="$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' | head -n 1)"
	fi
	[[ -n "${mirror}" ]] || hosts_die "no Debian mirror in this machine's apt sources: set DEBIAN_MIRROR to the address of one"
	echo "${mirror}"
}

# hosts_apt RELEASE ARCHITECTURE COMMAND...: run an apt command on a private root of that release. armhf has roots of its
# own: one broken index spoils a whole root.
function hosts_apt() {
	declare root="${hosts_cache}/apt/${1}-${2}" release="${1}" architecture="${2}" mirror keyring
	shift 2
	if [[ -z "$(find "${root}/updated" -mmin -360 2> /dev/null)" ]]; then
		mirror="$(hosts_mirror)"
		keyring=/usr/share/keyrings/debian-archive-keyring.gpg
		mkdir -p "${root}"/{lists/partial,archives/partial,parts}
		: > "${root}/status"
		echo "deb [arch=${architecture} signed-by=${keyring}] ${mirror} ${release} main" > "${root}/sources.list"
		cat > "${root}/apt.conf" <<- CONF
			#clear APT::Update::Post-Invoke;
			#clear APT::Update::Post-Invoke-Success;
			#clear DPkg::Post-Invoke;
			APT::Architecture "${architecture}";
			APT::Architectures { "${architecture}"; };
			APT::Sandbox::User "root";
			APT::Install-Recommends "false";
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

# hosts_download RELEASE ARCHITECTURE FOLDER PACKAGE...: apt checks each file against the signed index.
function hosts_download() {
	declare release="${1}" architecture="${2}" folder="${3}"
	shift 3
	mkdir -p "${folder}"
	(cd "${folder}" && hosts_apt "${release}" "${architecture}" apt-get -qq download "${@}")
	echo "# ${#} packages of ${release} ${architecture}, $(du -sh "${folder}" | cut -f 1)" >&2
}

# hosts_unpack FOLDER-OF-PACKAGES ROOT: unpack all packages into a merged-/usr root, without what no guest reads.
function hosts_unpack() {
	declare packages="${1}" root="${2}" package link
	mkdir -p "${root}"/usr/{bin,sbin,lib}
	for link in bin sbin lib; do
		ln -s "usr/${link}" "${root}/${link}"
	done
	for package in "${packages}"/*.deb; do
		dpkg-deb --fsys-tarfile "${package}" | tar -x -C "${root}" --keep-directory-symlink --no-same-owner
	done
	rm -rf "${packages}" "${root}"/usr/share/{doc,doc-base,man,locale,info,lintian,bug,bash-completion,perl5,zsh,gdb} \
		"${root}"/usr/{,arm-linux-gnueabihf/}lib/{,aarch64-linux-gnu/,arm-linux-gnueabihf/}gconv \
		"${root}"/var/cache "${root}"/{etc,lib,usr/lib}/systemd "${root}"/usr/lib/aarch64-linux-gnu/perl*
}

# hosts_check_libraries ROOT: fail if a program that guests use lacks a library: a later package may need one more.
function hosts_check_libraries() {
	declare root="${1}" program library missing=0
	for program in bash cat chroot cp grep ln ls mkdir mkfifo modprobe mount mv rm sed setarch setpriv sha256sum sleep sort stat umount uniq \
		unshare update-binfmts yes; do
		while read -r library; do
			if [[ -z "$(find "${root}/usr/lib" -name "${library}" -print -quit)" ]]; then
				echo "${program} needs ${library}, which no package of the list brings" >&2
				missing=1
			fi
		done < <(aarch64-linux-gnu-readelf -d "$(find -L "${root}"/usr/{bin,sbin} -name "${program}" -print -quit)" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
	done
	return "${missing}"
}

# hosts_cpio ROOT ARCHIVE: an initramfs archive of everything in ROOT, owned by root.
function hosts_cpio() {
	(cd "${1}" && find . -print0 | LC_ALL=C sort -z | cpio --quiet --null -o -H newc -R 0:0 --reproducible) > "${2}"
}

# Packages' programs of an arm64 host, without the emulator.
function part_userland() {
	declare folder="${1}" release="${2}"
	declare -a packages=(bash coreutils libc6 libgcc-s1 libtinfo6 libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10 mount util-linux
		libmount1 libblkid1 libsmartcols1 libuuid1 libcap-ng0 kmod libkmod2 libzstd1 liblzma5 grep sed binfmt-support
		libpipeline1 libc6-armhf-cross arch-test)
	case "${release}" in
	bookworm) packages+=(libssl3) ;;
	*) packages+=(libssl3t64 zlib1g libcap2) ;;
	esac
	hosts_download "${release}" arm64 "${folder}/packages" "${packages[@]}"
	hosts_unpack "${folder}/packages" "${folder}/root"
	hosts_check_libraries "${folder}/root"
	hosts_cpio "${folder}/root" "${folder}/cpio"
	rm -rf "${folder}/root"
}

# The two emulators, at /emulators/RELEASE: a host has the one of its userland, a scenario may take the other.
function part_emulators() {
	declare folder="${1}" release
	hosts_download bookworm arm64 "${folder}/bookworm" qemu-user-static
	hosts_download trixie arm64 "${folder}/trixie" qemu-user
	mkdir -p "${folder}"/root/emulators/{bookworm,trixie}
	dpkg-deb --fsys-tarfile "${folder}"/bookworm/*.deb | tar -xO ./usr/bin/qemu-arm-static > "${folder}/root/emulators/bookworm/qemu-arm-static"
	dpkg-deb --fsys-tarfile "${folder}"/trixie/*.deb | tar -xO ./usr/bin/qemu-arm > "${folder}/root/emulators/trixie/qemu-arm"
	chmod 755 "${folder}"/root/emulators/*/*
	hosts_cpio "${folder}/root" "${folder}/cpio"
	for release in bookworm trixie; do
		# shellcheck disable=SC2016
		dpkg-deb --showformat 'qemu ${Version}\n' --show "${folder}/${release}"/*.deb | sed 's/[0-9]*://; s/+.*//' > "${folder}/version"
		rm -rf "${folder:?}/${release}"
		mv "${folder}/version" "${folder}/${release}"
	done
	rm -rf "${folder}/root"
}

# A small real armhf root file system, at /armhf/RELEASE.
function part_armhf() {
	declare folder="${1}" release="${2}"
	hosts_download "${release}" armhf "${folder}/packages" bash coreutils libc6 libtinfo6 libselinux1 libpcre2-8-0 libcap2 libgmp10
	mkdir -p "${folder}/root/armhf"
	hosts_unpack "${folder}/packages" "${folder}/root/armhf/${release}"
	find "${folder}/root/armhf/${release}"/usr/{bin,sbin,libexec} ! -type d ! -name bash ! -name ls ! -name true -delete
	hosts_cpio "${folder}/root" "${folder}/cpio"
	rm -rf "${folder}/root"
}

# A kernel of Debian, and binfmt_misc as a module.
function part_kernel() {
	declare folder="${1}" release="${2}" flavour="${3}" image version package
	declare -a parts=()
	image="$(hosts_apt "${release}" arm64 apt-cache depends "linux-image-${flavour}" | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)$/\1/p')"
	[[ -n "${image}" ]]
	# Newer kernels come in several packages, and not in /boot.
	mapfile -t parts < <(hosts_apt "${release}" arm64 apt-cache depends "${image}" | sed -n 's/^ *Depends: \(linux-\(base\|binary\|modules\)-[0-9].*\)$/\1/p')
	hosts_download "${release}" arm64 "${folder}/packages" "${image}" "${parts[@]}"
	for package in "${folder}"/packages/*.deb; do
		dpkg-deb --fsys-tarfile "${package}" | tar -x -C "${folder}" --no-same-owner --exclude './usr/share' --exclude './usr/lib/linux-image-*' --transform 's:^\./usr/lib/:./lib/:'
	done
	rm -rf "${folder}/packages"
	find "${folder}" -name 'vmlinuz*' -type f -exec mv {} "${folder}/Image" \; -quit
	find "${folder}/lib/modules" -type f ! -name 'binfmt_misc.ko*' ! -name 'modules.*' -delete
	find "${folder}/lib/modules" -type d -empty -delete
	[[ -f "${folder}/Image" && -n "$(find "${folder}/lib/modules" -name 'binfmt_misc.ko*')" ]]
	version="$(cd "${folder}/lib/modules" && echo *)"
	depmod -b "${folder}" "${version}"
	mkdir -p "${folder}/root/usr"
	mv "${folder}/lib" "${folder}/root/usr/lib"
	hosts_cpio "${folder}/root" "${folder}/cpio"
	echo "${version}" > "${folder}/version"
	rm -rf "${folder:?}"/{root,boot,usr}
}

# A kernel without COMPAT, which no distribution ships. Debian's source of it, so that it stays comparable.
function part_no_compat() {
	declare folder="${1}" source
	hosts_download trixie arm64 "${folder}/packages" linux-source-6.12
	dpkg-deb --fsys-tarfile "${folder}"/packages/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | tar -xJ -C "${folder}"
	rm -rf "${folder}/packages"
	source="$(echo "${folder}"/linux-source-*)"
	declare -a build=(nice make -s -C "${source}" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
	"${build[@]}" tinyconfig
	"${source}/scripts/kconfig/merge_config.sh" -m -O "${source}" "${source}/.config" "${hosts_folder}/nocompat.config" > /dev/null
	"${build[@]}" olddefconfig
	if grep -q '^CONFIG_COMPAT=y' "${source}/.config"; then
		echo "the configuration has CONFIG_COMPAT" >&2
		return 1
	fi
	"${build[@]}" -j "$(nproc)" Image
	mv "${source}/arch/arm64/boot/Image" "${folder}/Image"
	"${build[@]}" kernelrelease > "${folder}/version"
	mkdir "${folder}/root"
	hosts_cpio "${folder}/root" "${folder}/cpio"
	rm -rf "${source}" "${folder}/root"
}

# hosts_get PART: a part by its name; a kernel by what the table says.
function hosts_get() {
	case "${1}" in
	userland-*) hosts_part "${1}" part_userland "${1#*-}" ;;
	armhf-*) hosts_part "${1}" part_armhf "${1#*-}" ;;
	emulators) hosts_part "${1}" part_emulators ;;
	no-compat) hosts_part "${1}" part_no_compat ;;
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
	cat "${hosts_part_path}/version"
	hosts_get emulators
	cat "${hosts_part_path}/$(hosts_field "${1}" 4)"
}

# hosts_guest FILE: build what scenarios in guests need beside Debian's programs (guest.c).
function hosts_guest() {
	aarch64-linux-gnu-gcc -D_GNU_SOURCE= -O2 -Wall -Wextra -static -s -o "${1}" "${hosts_folder}/guest.c"
}

# ---- booting ----

# hosts_boot NAME CONSOLE SECONDS PLACE=FILE...: boot a host with files or folders put at these places in it. init runs
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
	for file in "${@}" "/init=${hosts_folder}/init"; do
		mkdir -p "$(dirname "${work}/root/${file%%=*}")"
		cp -r "${file#*=}" "${work}/root/${file%%=*}"
	done
	hosts_cpio "${work}/root" "${work}/cpio"
	while read -r part; do
		hosts_get "${part}" < /dev/null
		cat "${hosts_part_path}/cpio"
		kernel="${kernel:-${hosts_part_path}/Image}"
	done < <(hosts_parts "${name}") > "${work}/initrd"
	cat "${work}/cpio" >> "${work}/initrd"
	# shellcheck disable=SC2086
	timeout --foreground --kill-after=5 "${limit}" qemu-system-aarch64 -M ${machine} -m 512 -nic none -no-reboot -display none -monitor none -serial stdio \
		-kernel "${kernel}" -initrd "${work}/initrd" \
		-append "console=ttyAMA0 quiet loglevel=1 panic=-1 HOST=${name} USERLAND=${userland} ${append}" < /dev/null > "${console}" 2>&1 || status="${?}"
	if ((status == 124 || status == 137)); then
		echo "the host was stopped after ${limit} s" >> "${console}"
	fi
	exit "${status}"
)
