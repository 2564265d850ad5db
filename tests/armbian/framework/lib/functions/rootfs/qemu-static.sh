#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The stand-in's way to the function that the extension replaces. It does nothing itself but say that it was called.

function prepare_host_binfmt_qemu() {
	declare wanted_arch
	if [[ "${NEEDS_BINFMT:-no}" != "yes" ]]; then
		return 0
	fi
	if [[ "${ARCH}" != "${HOSTARCH}" ]]; then
		for wanted_arch in arm aarch64 x86_64 riscv64 loongarch64; do
			prepare_host_binfmt_qemu_cross "${wanted_arch}"
		done
	fi
	if [[ -n "${ARCH_TEST:-}" ]]; then
		display_alert "checking" "arch-test for '${ARCH}'" "debug"
		run_host_command_logged "${ARCH_TEST}" "${ARCH}"
	fi
}

# Whether a pair other than arm64 and armhf is prepared is not the extension's business.
function prepare_host_binfmt_qemu_cross() {
	if [[ "${HOSTARCH}" != "arm64" || "${1}" != "arm" ]]; then
		return 0
	fi
	if [[ "${GENERATION:-main}" != "v26.05" || ! -e /proc/sys/fs/binfmt_misc/qemu-arm || ! -e /usr/share/binfmts/qemu-arm ]]; then
		prepare_host_binfmt_qemu_cross_arm64_host_armhf_target
	fi
}

function prepare_host_binfmt_qemu_cross_arm64_host_armhf_target() {
	display_alert "The framework's own function" "${ARCH}" "info"
	cat <<- HEREDOC
		own: ${ARCH}
	HEREDOC
}
