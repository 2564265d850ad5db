# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# States of a host to measure from, on the private host and in the guest. Needs tests/lib/scenes.bash.

function state_fresh() {
	host_empty_table
	rm -f "${DESCRIPTOR}" "${RECORD}"
}

function state_enabled() {
	state_fresh
	host_register_armhf
}

function state_descriptor() {
	state_fresh
	host_descriptor
}

function state_current() {
	state_descriptor
	host_register_armhf qemu-arm CP
}

function state_disabled() {
	state_current
	host_switch qemu-arm 0
}

function state_same() {
	return 0
}
