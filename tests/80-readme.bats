#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# README and CONTRIBUTING: their commands do what they say, their quotes are right, what they name is there.
# shellcheck disable=SC2016 # another shell expands it

# bats file_tags=documentation
load lib/host.bash

# One copy of the tree for all: the commands build, format and install in it. The compiler need not take its time.
function setup_file() {
	export COPY="${BATS_FILE_TMPDIR}/tree" CFLAGS=-O0
	mkdir "${COPY}"
	cp -a "${TOP}"/{Makefile,CHANGELOG,LICENSE,README.md,builtin,include,scripts,tests,.ci,.github,.clang-format,.editorconfig} "${COPY}"
	clean_make all programs
}

# make in the copy, without what the build under test was called with.
function clean_make() {
	env -u BUILD -u WERROR -u TESTS -u FILTER -u TAGS make -s -C "${COPY}" "$@"
}

# The README without the section that has tests of its own (85-armbian.bats).
function readme() {
	sed '/^<!-- armbian begin -->$/,/^<!-- armbian end -->$/d' "${TOP}/README.md"
}

function contributing() {
	cat "${TOP}/.github/CONTRIBUTING.md"
}

# block PAGE NUMBER: the commands of a ```sh block of readme or contributing.
function block() {
	"${1}" | awk -v wanted="${2}" '/^```sh$/ { inside = (++number == wanted); next } /^```$/ { inside = 0 } inside'
}

# readme_host: a private host, in the copy, with the emulator installed and sudo as it is for root. It
# finds the blocks in readme.1, readme.2 ... and contributing.1 ...
function readme_host() {
	declare number
	private_host
	for ((number = 1; number <= 5; number++)); do
		block readme "${number}" > "${BATS_TEST_TMPDIR}/readme.${number}"
		block contributing "${number}" > "${BATS_TEST_TMPDIR}/contributing.${number}"
	done
	host_add_emulator
	enable -d armhf_binfmt_prepare
	mount -t tmpfs none /usr/local
	# The machine's files are not an ordinary user's to write to, in the upper layer either.
	printf '#!/bin/sh\nexec "$@"\n' > /usr/bin/sudo.new
	chmod 0755 /usr/bin/sudo.new
	mv /usr/bin/sudo.new /usr/bin/sudo
	cd "${COPY}" || return
	unset BUILD MAKEFLAGS MAKEOVERRIDES MAKELEVEL WERROR TESTS FILTER TAGS
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
# bats test_tags=slow
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
	for stage in lint all check check-faults fuzz check-sanitize check-bash check-releases check-hosts check-packages check-repro; do
		grep -qE "^make .*\<${stage}\>" "${BATS_TEST_TMPDIR}/called"
	done
	[[ "${output##*$'\n'}" =~ ^[0-9]+" passed, 0 failed, 0 skipped"$ ]]
}

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

@test "readme: a dry run into an array changes nothing" {
	readme_host
	run_block readme.2
	before="$(host_state)"
	run_block readme.4
	[[ "${output}" == "tier 4, none, steps: create-descriptor" ]]
	[[ "$(host_state)" == "${before}" ]]
}

@test "readme: a descriptor that was changed is registered with its flags" {
	readme_host
	make -s
	enable -f "${INSTALLED}" armhf_binfmt_prepare
	prepare
	expect status 0 REASON descriptor-created FLAGS "*C*"
	run_block readme.5
	[[ "${output}" == *"tier:        1: "*"result:      emulated (descriptor-registered): "* ]]
	[[ "$(host_entry qemu-arm)" == *$'\nflags: P\n'* ]]
	[[ "$(< "${DESCRIPTOR}")" == *$'\ncredentials no\n'* ]]
	armhf_runs
}

# bats test_tags=slow
@test "readme: the commands for those who work on it" {
	requires "a compiler for arm64" command -v aarch64-linux-gnu-gcc
	requires "clang-format" command -v clang-format
	requires "shfmt" command -v shfmt
	requires "binutils for armhf" command -v arm-linux-gnueabihf-as
	block contributing 2 > "${BATS_TEST_TMPDIR}/commands"
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

@test "readme: every path, link, make target and reason in it exists" {
	declare name
	cd "${TOP}"
	while read -r name; do
		echo "${name}"
		[ -e "${name}" ]
	done < <(grep -oE '(\(|`)(builtin|tests|scripts|include|\.github)/[A-Za-z0-9_./-]*' <(readme && contributing) | tr -d '(`' | sort -u)
	while read -r name; do
		echo "make ${name}"
		grep -q "^${name}:" Makefile tests/Makefile
	done < <(grep -oE '(^|`)make [a-z-]+' <(readme && contributing) | cut -d ' ' -f 2 | sort -u)
	# shellcheck disable=SC2016 # Markdown's backquotes
	while read -r name; do
		echo "reason ${name}"
		grep -q ", \"${name}\"," include/words.h
	done < <(readme | sed -n '/^## Troubleshooting/,/^## /p' | grep -oE '^\| `[a-z-]+`(, `[a-z-]+`)*' | grep -oE '[a-z]+-[a-z-]+' | sort -u)
	# The variables and files that it sends people to.
	while read -r name; do
		echo "variable ${name}"
		grep -q "^\.It Ev ${name}\$" scripts/man/armhf_binfmt_prepare.7
	done < <(grep -ohE 'ARMHF_BINFMT_[A-Z]+' <(readme && contributing) | sort -u)
}

@test "readme: the table of hosts is what check-hosts --table makes of the golden files" {
	# Which kernels were booted last is known where they were.
	function rows() {
		sed -n '/^| arm64 host |/,/^$/p' | grep '^|' | cut -d '|' -f 2,4-
	}
	diff <(readme | rows) <("${TOP}/tests/hosts/check-hosts" --table | rows)
}
