#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The extension with a real tree of Armbian's build framework, in ${ARMBIAN_TREE}, on a private host that says that it is arm64:
# everything up to the end of the framework's prepare_host, by its own code. make check-armbian calls it. The tree is copied.

load ../lib/host.bash

function setup_file() {
	declare -gx ARMBIAN="${BATS_FILE_TMPDIR}/tree" checksum
	mkdir "${ARMBIAN}"
	cp -r "${ARMBIAN_TREE}"/{lib,extensions,config,compile.sh,VERSION} "${ARMBIAN}"
	"${TOP}/scripts/armbian/install" "${ARMBIAN}" > /dev/null
	mv "${ARMBIAN}/compile.sh" "${ARMBIAN}/framework.sh"
	cp "${TOP}/tests/armbian/real.bash" "${ARMBIAN}/compile.sh"
	# The object that is tested, where the extension looks for one that it has built.
	mkdir -p "${ARMBIAN}/cache/tools/armhf-binfmt"
	checksum="$(< "${ARMBIAN}/userpatches/extensions/armhf-binfmt/source/checksum")"
	cp "${BUILD}/armhf_binfmt_prepare.so" \
		"${ARMBIAN}/cache/tools/armhf-binfmt/${checksum}-bookworm-${BASH_VERSION%%(*}-${BASH_VERSINFO[5]}.so"
}

function setup() {
	requires_emulation
	private_host
	test_limit 900
	# shellcheck source=tests/armbian/builds.bash
	source "${TOP}/tests/armbian/builds.bash"
	host_add_emulator
	host_add_binfmt_support
}

# The framework says that it runs, and its arch-test has been asked.
function prepared() {
	[ -e "${builds}/${1}.prepared" ]
	build_screen "${1}" | grep -q "^This host runs armhf programs \[ tier [0-9], emulated by "
	build_screen "${1}" | grep -q "^checking \[ arch-test for 'armhf' \]$"
	run ! grep -rE "arm 32-bit emulation on arm64|qemu-arm enabled" "${builds}/${1}.screen"
}

@test "config-dump-json: is the same with the extension and without it, but for its name" {
	test_limit 3600
	# dump [PARAMETER...]: in CI the framework writes lines for it between.
	function dump() {
		(cd "${ARMBIAN}" && env -u CI bash framework.sh config-dump-json BOARD=bananapi BRANCH=current RELEASE=bookworm BUILD_MINIMAL=yes \
			CONFIG_DEFS_ONLY=yes SHOW_LOG=no "$@" 2> /dev/null) | jq -S .
	}
	declare before without
	before="$(host_state)"
	without="$(dump)"
	[ -n "${without}" ]
	diff <(echo "${without}") <(dump ENABLE_EXTENSIONS=armhf-binfmt | grep -v armhf-binfmt)
	[ "$(host_state)" = "${before}" ]
}

@test "states: nothing, enabled, disabled with a descriptor, enabled with a descriptor" {
	# state NAME
	function state() {
		build "${1}"
		expect status 0
		prepared "${1}"
		[ "$(build_entries)" = "qemu-arm enabled" ]
		[ -z "$(build_held)" ]
	}
	state nothing
	rm "${DESCRIPTOR}"
	state enabled
	host_descriptor
	state enabled-descriptor
	host_switch qemu-arm 0
	state disabled-descriptor
}

@test "ends: success, error, exit_with_error, INT, TERM, HUP and KILL leave nothing behind, and a next build runs" {
	host_register_armhf qemu-arm F
	declare signal
	build error STEP='run_host_command_logged false'
	[ "${status}" != 0 ]
	build why STEP='exit_with_error why'
	expect status 43
	for signal in INT TERM HUP KILL; do
		build_start "${signal}"
		build_end "${signal}" "${signal}"
		[ "${status}" != 0 ]
		[[ "${signal}" != KILL ]] || build_orphan_end KILL
		[ "$(build_entries)" = "qemu-arm enabled" ]
		[ -z "$(build_held)" ]
	done
	build next
	expect status 0
	prepared next
}

@test "many: five builds at once" {
	declare name
	for name in 1 2 3 4 5; do
		build_launch "${name}" STEP=
	done
	for name in 1 2 3 4 5; do
		build_wait "${name}"
		expect status 0
		prepared "${name}"
	done
	[ "$(build_entries)" = "qemu-arm enabled" ]
}

@test "others: nothing is done for another target, and offline as well as online" {
	build offline OFFLINE_WORK=yes
	expect status 0
	prepared offline
	host_switch qemu-arm -1
	rm "${DESCRIPTOR}"
	build amd64 HOSTARCH=amd64
	expect status 0
	prepared amd64
	host_switch qemu-arm 0
	build riscv64 ARCH=riscv64 SHOW_DEBUG=yes
	build_screen riscv64 | grep -q 'armhf-binfmt has nothing to do \[ target riscv64 on host arm64 \]'
	[ "$(host_entry qemu-arm | head -n 1)" = disabled ]
}
