#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# README and CONTRIBUTING: their commands do what they say, their quotes are right, what they name is there.
# shellcheck disable=SC2016 # another shell expands it

# bats file_tags=documentation
load lib/host.bash

# One copy of the tree for all tests: their commands build, format and install in it, without optimization, which takes time. The
# files readme.1, readme.2 ... and contributing.1 ... hold the commands of each ```sh block.
function setup_file() {
	declare page
	for page in readme contributing; do
		"${page}" | awk -v file="${BATS_FILE_TMPDIR}/${page}" '
			/^```sh$/ { number++; inside = 1; next }
			/^```$/ { inside = 0 }
			inside { print > (file "." number) }'
	done
	export COPY="${BATS_FILE_TMPDIR}/tree" CFLAGS=-O0
	mkdir "${COPY}"
	cp -a "${TOP}"/{Makefile,CHANGELOG,LICENSE,README.md,builtin,include,scripts,tests,.ci,.github,.clang-format,.editorconfig} "${COPY}"
}

# The README without the section that has tests of its own (85-armbian.bats).
function readme() {
	sed '/^<!-- armbian begin -->$/,/^<!-- armbian end -->$/d' "${TOP}/README.md"
}

function contributing() {
	cat "${TOP}/.github/CONTRIBUTING.md"
}

# readme_host: a private host, in the copy, which is built, with the emulator installed and sudo as it is for root. ${BATS_TEST_TMPDIR}
# holds the blocks.
function readme_host() {
	private_host
	cp "${BATS_FILE_TMPDIR}"/*.? "${BATS_TEST_TMPDIR}"
	host_add_emulator
	enable -d armhf_binfmt_prepare
	mount -t tmpfs none /usr/local
	# The machine's files are not an ordinary user's to write to, in the upper layer either.
	printf '#!/bin/sh\nexec "$@"\n' > /usr/bin/sudo.new
	chmod 0755 /usr/bin/sudo.new
	mv /usr/bin/sudo.new /usr/bin/sudo
	cd "${COPY}" || return
	unset BUILD MAKEFLAGS MAKEOVERRIDES MAKELEVEL WERROR TESTS FILTER TAGS
	make -s
}

# run_block PAGE.NUMBER: as a person runs it, but ending at what fails; in ${output} what it printed.
function run_block() {
	status=0
	output="$(bash -euo pipefail "${BATS_TEST_TMPDIR}/${1}" 2>&1)" || status="${?}"
	printf '%s\n' "${output}"
	((status == 0))
}

@test "readme: all its blocks of commands are known here" {
	# Of the README five to run, and an output.
	[ "$(readme | grep -c '^```sh$')" = 5 ]
	[ "$(readme | grep -c '^```')" = 12 ]
	[ "$(contributing | grep -c '^```sh$')" = 2 ]
	[ "$(contributing | grep -c '^```')" = 4 ]
}

@test "readme: it is short" {
	[ "$(wc -l < "${TOP}/README.md")" -lt 200 ]
}

# bats test_tags=slow
@test "readme: three commands build, explain and prepare, and the output is the one quoted" {
	requires "an amd64 machine, of which the quote is" [ "$(uname -m)" = x86_64 ]
	readme_host
	run_block readme.1
	readme | awk '/^```text$/ { inside = 1; next } /^```$/ { inside = 0 } inside' > "${BATS_TEST_TMPDIR}/quote"
	[[ -s "${BATS_TEST_TMPDIR}/quote" ]]
	diff -u "${BATS_TEST_TMPDIR}/quote" <(sed -n '/^machine:/,/^result:/p' <<< "${output}")
	[[ "${output##*$'\n'}" == "undo: armhf-binfmt-prepare -r "* ]]
	armhf_runs
}

# bats test_tags=slow
@test "readme: scripts/run prepares the host and explains" {
	readme_host
	sed -i '/check/d' "${BATS_TEST_TMPDIR}/contributing.1"
	run_block contributing.1
	[[ "${output}" == *"result:      emulated (descriptor-created): "* ]]
	armhf_runs
	host_entry qemu-arm > /dev/null
}

# The tests are this suite; what is tried here is that the command goes through all stages. The tools are there,
# or the suite would not run, so nothing is installed.
# bats test_tags=slow,once
@test "readme: scripts/check runs every stage and says how many passed" {
	readme_host
	sed -i '/scripts\/run/d' "${BATS_TEST_TMPDIR}/contributing.1"
	mkdir "${BATS_TEST_TMPDIR}/bin"
	for command in make apt-get; do
		printf '#!/bin/sh\necho "%s $*" >> "%s"\n' "${command}" "${BATS_TEST_TMPDIR}/called" > "${BATS_TEST_TMPDIR}/bin/${command}"
		chmod 0755 "${BATS_TEST_TMPDIR}/bin/${command}"
	done
	PATH="${BATS_TEST_TMPDIR}/bin:${PATH}"
	run_block contributing.1
	for stage in lint all check check-faults fuzz check-sanitize check-bash check-releases check-hosts check-packages; do
		grep -qE "^make .*\<${stage}\>" "${BATS_TEST_TMPDIR}/called"
	done
	[[ "${output##*$'\n'}" =~ ^[0-9]+" passed, 0 failed, 0 skipped"$ ]]
}

# bats test_tags=slow
@test "readme: make install, and the script that uses it" {
	readme_host
	run_block readme.2
	[[ -e /usr/local/lib/bash/armhf_binfmt_prepare.so ]]
	export CHROOT="${BATS_TEST_TMPDIR}/chroot"
	before="$(host_kept)"
	run_block readme.3
	[[ "${output}" == "armhf is emulated here (descriptor-created). " ]]
	cmp "${HOST_EMULATOR}" "${CHROOT}/usr/bin/qemu-arm-static"
	# The last command undoes it.
	refute armhf_runs
	[[ ! -e "${DESCRIPTOR}" && ! -e "${TABLE}/qemu-arm" ]]

	# And what it says where there is no emulator.
	rm /usr/bin/qemu-arm-static
	mkdir -p /usr/share/binfmts
	run_block readme.3
	[[ "${output}" == *"armhf_binfmt_prepare: "*"install qemu-user-static"*"no armhf: emulator-missing"* ]]
	[[ "$(host_kept)" == "${before}" ]]
}

# bats test_tags=slow
@test "readme: a dry run into an array changes nothing" {
	readme_host
	run_block readme.2
	before="$(host_state)"
	run_block readme.4
	[[ "${output}" == "tier 4, none, steps: create-descriptor" ]]
	[[ "$(host_state)" == "${before}" ]]
}

# bats test_tags=slow
@test "readme: a descriptor that was changed is registered with its flags" {
	readme_host
	enable -f "${INSTALLED}" armhf_binfmt_prepare
	prepare
	expect status 0 REASON descriptor-created FLAGS "*C*"
	run_block readme.5
	[[ "${output}" == *"tier:        1: "*"result:      emulated (descriptor-registered): "* ]]
	[[ "$(host_entry qemu-arm)" == *$'\nflags: P\n'* ]]
	[[ "$(< "${DESCRIPTOR}")" == *$'\ncredentials no\n'* ]]
	armhf_runs
}

# bats test_tags=slow,once
@test "readme: the commands for those who work on it" {
	requires "a compiler for arm64" command -v aarch64-linux-gnu-gcc
	requires "clang-format" command -v clang-format
	requires "shfmt" command -v shfmt
	requires "binutils for armhf" command -v arm-linux-gnueabihf-as
	cp "${BATS_FILE_TMPDIR}/contributing.2" "${BATS_TEST_TMPDIR}/commands"
	cd "${COPY}"
	declare directory
	directory="$(pkg-config --define-variable=prefix=/usr --variable=loadablesdir bash)"
	# What make install leaves is seen before it is removed again.
	sed -i "s|^make uninstall|[[ -f image${directory}/armhf_binfmt_prepare.so ]] \&\& &|" "${BATS_TEST_TMPDIR}/commands"
	grep -q ' && make uninstall' "${BATS_TEST_TMPDIR}/commands"
	# A terminal's environment, for this is bats within bats and make within make.
	env -i CFLAGS="${CFLAGS}" HOME="${HOME}" XDG_CACHE_HOME="${XDG_CACHE_HOME:-${HOME}/.cache}" PATH="/usr/local/bin:$(getconf PATH):/usr/sbin:/sbin" \
		bash -euo pipefail "${BATS_TEST_TMPDIR}/commands" 3>&-
	# The probe assembles to the same bytes.
	cmp include/probe_image.h "${TOP}/include/probe_image.h"
	[ ! -e build ]
	[ ! -e "image${directory}/armhf_binfmt_prepare.so" ]
}

# none_but WHAT NAMES KNOWN: NAMES has lines, and each is a line of KNOWN.
function none_but() {
	echo "${1}:"
	[[ -n "${2}" ]]
	[[ -z "$(comm -23 <(sort -u <<< "${2}") <(sort -u <<< "${3}") | tee /dev/stderr)" ]]
}

@test "readme: every path, link, make target, reason and variable in it exists" {
	declare text name
	cd "${TOP}"
	text="$(readme && contributing)"
	for name in $(grep -oE '(\(|`)(builtin|tests|scripts|include|\.github)/[A-Za-z0-9_./-]*' <<< "${text}" | tr -d '(`'); do
		echo "${name}"
		[ -e "${name}" ]
	done
	none_but "targets of make" "$(grep -oE '(^|`)make [a-z-]+' <<< "${text}" | cut -d ' ' -f 2)" "$(grep -ohE '^[a-z-]+:' Makefile tests/Makefile | tr -d :)"
	# shellcheck disable=SC2016 # Markdown's backquotes
	none_but reasons "$(readme | sed -n '/^## Troubleshooting/,/^## /p' | grep -oE '^\| `[a-z-]+`(, `[a-z-]+`)*' | grep -oE '[a-z]+-[a-z-]+')" \
		"$(grep -oE ', "[a-z-]+",' include/words.h | tr -d ', "')"
	# The variables that it sends people to.
	none_but variables "$(grep -oE 'ARMHF_BINFMT_[A-Z]+' <<< "${text}")" "$(sed -n 's/^\.It Ev //p' scripts/man/armhf_binfmt_prepare.7)"
}

# bats test_tags=slow
@test "readme: the table of hosts is what check-hosts --table makes of the golden files" {
	# Which kernels were booted last is known where they were.
	function rows() {
		sed -n '/^| arm64 host |/,/^$/p' | grep '^|' | cut -d '|' -f 2,4-
	}
	diff <(readme | rows) <("${TOP}/tests/hosts/check-hosts" --table | rows)
}
