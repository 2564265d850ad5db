#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A shell that lives long. (tests/70-shell.bats has some hundred calls of every kind, and a thousand loadings.)

load lib/host.bash

# The sanitizers keep what is freed: the memory is not flat.
# bats test_tags=unsanitized,slow,once
@test "lifetime: 100,000 calls in one shell, of which 10,000 run the probe, take no memory and no descriptor" {
	private_host
	test_limit 900
	# calls COUNT: of each ten one observes the host and runs the probe in a child; the rest is refused, each in
	# another place.
	function calls() {
		declare i
		for ((i = 0; i < ${1}; i += 10)); do
			armhf_binfmt_prepare -n
			armhf_binfmt_prepare -x
			armhf_binfmt_prepare -p none
			armhf_binfmt_prepare -t 601
			armhf_binfmt_prepare operand
			armhf_binfmt_prepare -A 1
			armhf_binfmt_prepare -A string
			armhf_binfmt_prepare -r "enable:a disable:b unregister:c remove-descriptor mount"
			armhf_binfmt_prepare -r unregister:a -t 1
			armhf_binfmt_prepare -nv -A outcome -p
		done 2> /dev/null
	}
	set +eE
	# shellcheck disable=SC2034 # an argument
	string=text
	fds=(/proc/$$/fd/*)
	host_memory
	calls 2000
	host_memory
	# shellcheck disable=SC2154 # host_memory sets it
	before="${used}"
	calls 98000
	host_memory
	echo "${before} KiB and ${used} KiB"
	set -eE
	[[ "${ARMHF_BINFMT_REASON}" == undo-done ]]
	((before > 500 && used - before <= 128))
	now=(/proc/$$/fd/*)
	[[ "${now[*]}" == "${fds[*]}" ]]
	host_children
	[[ -z "${children}" && -z "$(jobs)" ]]
}
