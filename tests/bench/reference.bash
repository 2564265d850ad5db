# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What the builtin and Armbian's extension are measured against.

# reference_descriptor INTERPRETER: written as the framework does.
function reference_descriptor() {
	cat > /usr/share/binfmts/qemu-arm <<- END
		package qemu-user-static
		interpreter ${1}
		magic \x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00
		offset 0
		mask \xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff
		credentials yes
		fix_binary no
		preserve yes
	END
}

# The shell way that the builtin is measured against: the four tiers with the framework's own tools (update-binfmts,
# arch-test, head, redirections) and a proof by execution at the end. It checks nothing that the framework does not
# check: no owners, no lock, nothing read back, nothing undone.

function reference_prepare() {
	declare entry="/proc/sys/fs/binfmt_misc/qemu-arm" descriptor="/usr/share/binfmts/qemu-arm"
	declare interpreter="/usr/bin/qemu-arm-static"
	if [[ -e "${descriptor}" ]]; then # tier 1
		if [[ ! -e "${entry}" ]]; then
			update-binfmts --import qemu-arm || return 1
		elif [[ "$(head -n 1 "${entry}")" != enabled ]]; then
			echo 1 > "${entry}" || return 1
		fi
	elif [[ -e "${entry}" ]]; then # tier 2
		[[ "$(head -n 1 "${entry}")" == enabled ]] || return 1
	elif arch-test armhf > /dev/null 2>&1; then # tier 3
		return 0
	else # tier 4
		[[ -x "${interpreter}" ]] || interpreter="/usr/bin/qemu-arm"
		[[ -x "${interpreter}" ]] || return 1
		reference_descriptor "${interpreter}" || return 1
		update-binfmts --import qemu-arm || return 1
	fi
	arch-test armhf > /dev/null 2>&1
}

# What Armbian's framework has done itself since August 2026: armhf is tried with the entry disabled, and left so where it runs; else the
# entry is trusted if arch-test runs, enabled, imported, or made.
function reference_framework() {
	declare entry="/proc/sys/fs/binfmt_misc/qemu-arm" descriptor="/usr/share/binfmts/qemu-arm" was=disabled
	declare loader="/usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3"
	[[ ! -e "${entry}" ]] || was="$(head -n 1 "${entry}")"
	if [[ -x "${loader}" ]]; then
		[[ "${was}" == disabled ]] || echo 0 > "${entry}"
		! "${loader}" --help > /dev/null 2>&1 || return 0
		[[ "${was}" == disabled ]] || echo 1 > "${entry}"
	fi
	[[ "${was}" == disabled ]] || ! arch-test arm > /dev/null 2>&1 || return 0
	if [[ ! -e "${descriptor}" && ! -e "${entry}" ]]; then
		reference_descriptor /usr/bin/qemu-arm-static
	fi
	if [[ -e "${descriptor}" ]]; then
		# In shells of their own, as run_host_command_logged does.
		/usr/bin/env bash -e -o pipefail -c "update-binfmts --import qemu-arm" > /dev/null 2>&1
		/usr/bin/env bash -e -o pipefail -c "update-binfmts --enable qemu-arm" > /dev/null 2>&1
	fi
	echo 1 > "${entry}"
	[[ "$(head -n 1 "${entry}")" == enabled ]] && arch-test arm > /dev/null 2>&1
}
