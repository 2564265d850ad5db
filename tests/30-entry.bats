#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# An entry: the kernel's text, the line that registers it, and the programs it takes; first by themselves, then
# against the kernel that is running.

# bats file_tags=sanitized
load lib/host

@test "entry: what texts, lines and headers mean, and every change of a text that kernels print" {
	"${BUILD}/tests/entry_test" "${BATS_TEST_DIRNAME}"/data/entries/*
}

@test "entry: this kernel takes our lines, prints what we parse, and matches as we do" {
	private_host
	"${BUILD}/tests/entry_kernel"
}
