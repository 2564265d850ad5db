# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Trials of an installed package, in a chroot and in a guest. Sourced there; the directory of this file holds the
# package as package.deb and its version in the file version.

test="${BASH_SOURCE[0]%/*}"
name=armhf-binfmt-prepare object=/usr/lib/bash/armhf_binfmt_prepare.so

# claim TEXT COMMAND...: one line of TAP without its number, and what the command printed where it failed.
function claim() {
	declare text="${1}" output
	shift
	if output="$("$@" 2>&1)"; then
		echo "ok - ${text}"
	else
		echo "not ok - ${text}"
		printf '#   %s\n' "${output//$'\n'/$'\n'#   }"
	fi
}

# refuse TEXT COMMAND...: the command must fail.
function refuse() {
	! "$@" || {
		echo "succeeded, and should not: ${*}"
		return 1
	}
}

# Every file, but for what dpkg, apt and the kernel write about themselves.
function files() {
	find / -xdev \( -path /tmp -o -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /var/log -o -path /var/cache \
		-o -path /var/lib/apt -o -path /test \) -prune -o ! -path '/var/lib/dpkg/*' -type d -printf '%y %m %U:%G %p\n' -o ! -type d \
		! -regex '/var/lib/dpkg/\(available\|status\|diversions\|statoverride\|lock\|triggers/\).*' -printf '%y %m %U:%G %s %T@ %p %l\n' | sort
}

# Nothing is left: the files are those of before, and dpkg does not know the package.
function nothing_left() {
	diff "${1}" <(files) && ! dpkg -s "${name}"
}

function installed() {
	declare path missing=0
	[[ "$(dpkg-query -W -f '${db:Status-Status} ${Version}' "${name}")" == "installed $(< "${test}/version")" ]] || return 1
	dpkg --audit
	[[ -z "$(dpkg --audit)" && -z "$(dpkg --verify "${name}")" ]] || return 1
	for path in /usr/bin/armhf-binfmt-prepare "${object}" /usr/share/bash-completion/completions/{armhf-binfmt-prepare,armhf_binfmt_prepare} \
		/usr/share/man/man1/armhf-binfmt-prepare.1.gz /usr/share/man/man7/armhf_binfmt_prepare.7.gz /usr/share/armhf-binfmt/armhf-binfmt.sh \
		/usr/share/doc/armhf-binfmt-prepare/{README.md.gz,builtin/overview.svg,README.Debian}; do
		[[ -s "${path}" ]] || {
			echo "${path} is missing"
			missing=1
		}
	done
	return "${missing}"
}

function command_version() {
	declare said
	said="$(armhf-binfmt-prepare --version)"
	echo "${said}"
	[[ "${said}" == "armhf-binfmt-prepare $(< "${test}/version")" ]] || return 1
	said="$(bash -c 'enable -f "${0}" armhf_binfmt_prepare && help armhf_binfmt_prepare' "${object}")"
	echo "${said}"
	[[ "${said}" == *"enable -f ${object} "*"Version $(< "${test}/version")"* ]]
}

# builtin_in_shell [COMMAND]: a new shell finds the builtin in BASH_LOADABLES_PATH, calls it dry, and runs the command.
function builtin_in_shell() {
	(cd / && bash -euc "enable -f armhf_binfmt_prepare.so armhf_binfmt_prepare; armhf_binfmt_prepare -n; ${1:-:}")
}

# manual PAGE: it is of this version, and names the installed files. (tests/91-manual.bats knows all that it must have.)
function manual() {
	declare text
	text="$(gzip -dc "/usr/share/man/man${1##*.}/${1}.gz")" || return 1
	echo "${text}"
	[[ "${text}" == *"${object}"* && "${text}" != *@[A-Z]*@* ]]
}

# The extension and the object get into a tree of the framework.
function extension() {
	declare tree="${test}/armbian" copied
	mkdir -p "${tree}/lib/functions"
	: > "${tree}/compile.sh"
	echo 'function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() { :; }' > "${tree}/lib/functions/qemu.sh"
	/usr/share/armhf-binfmt/install-armbian "${tree}" || return 1
	copied="${tree}/userpatches/extensions/armhf-binfmt"
	[[ -s "${copied}/source/checksum" ]] && cmp "${copied}/armhf-binfmt.sh" /usr/share/armhf-binfmt/armhf-binfmt.sh
}
