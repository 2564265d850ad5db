#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The object as such: what it exports and needs, that it loads, and the walls between the files.

load lib/host.bash

# A build of its own, whatever the build under test was made with.
function make_alone() {
	env -u CC -u CFLAGS -u CPPFLAGS -u LDFLAGS -u BUILD -u WERROR make --no-print-directory "$@"
}

function exported() {
	nm --dynamic --defined-only --format=just-symbols "${1}"
}

# The newest version of glibc that the object asks for.
function glibc_floor() {
	objdump -T "${1}" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1
}

# bats test_tags=slow
@test "load: the object loads as a builtin and unloads, again and again" {
	private_host
	for ((i = 0; i < 100; i++)); do
		enable -d armhf_binfmt_prepare
		refute type -t armhf_binfmt_prepare
		enable -f "${INSTALLED}" armhf_binfmt_prepare
		enable -f "${INSTALLED}" armhf_binfmt_prepare
		[[ "$(type -t armhf_binfmt_prepare)" == builtin ]]
	done
}

@test "load: help shows the synopsis and the manual" {
	private_host
	[[ "$(help -s armhf_binfmt_prepare)" == "armhf_binfmt_prepare: armhf_binfmt_prepare [-nv]"* ]]
	(($(help armhf_binfmt_prepare | wc -l) > 20))
}

@test "load: two symbols are exported, the builtin and what enable -d calls" {
	[ "$(exported "${BUILD}/armhf_binfmt_prepare.so" | sort)" = $'armhf_binfmt_prepare_builtin_unload\narmhf_binfmt_prepare_struct' ]
}

@test "load: no glibc newer than 2.28 is needed" {
	declare newest
	newest="$(glibc_floor "${BUILD}/armhf_binfmt_prepare.so")"
	echo "newest: ${newest}"
	[ "$(printf '%s\n' "${newest}" GLIBC_2.28 | sort -V | tail -n 1)" = GLIBC_2.28 ]
}

@test "load: a missing symbol fails in enable -f, not at the call" {
	readelf --dynamic --wide "${BUILD}/armhf_binfmt_prepare.so" | grep -q 'BIND_NOW'
}

@test "load: no executable stack, and relocations are read-only" {
	declare headers
	headers="$(readelf --program-headers --wide "${BUILD}/armhf_binfmt_prepare.so")"
	[[ "${headers}" =~ GNU_STACK[^$'\n']*" RW " ]]
	[[ "${headers}" == *GNU_RELRO* ]]
}

# bats test_tags=slow,once
@test "walls: every header can be included alone, and twice" {
	declare header
	for header in "${TOP}"/include/*.h; do
		echo "${header}"
		printf '#include "%s"\n' "${header##*/}" "${header##*/}" |
			gcc -std=gnu11 -D_GNU_SOURCE= -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "${TOP}/include" -x c -
	done
}

# bats test_tags=slow,once
@test "walls: only armhf_binfmt_prepare.c sees bash's headers" {
	declare file headers
	headers="$(pkg-config --variable=headersdir bash)"
	gcc -M -std=gnu11 -DHAVE_CONFIG_H -DSHELL -DARMHF_BINFMT_VERSION='""' -DARMHF_BINFMT_OBJECT='""' -I "${TOP}/include" -I "${headers}" \
		-I "${headers}/include" -I "${headers}/builtins" "${TOP}/builtin/armhf_binfmt_prepare.c" | grep -qF "${headers}/"
	for file in "${TOP}"/builtin/*.c; do
		[[ "${file}" != */armhf_binfmt_prepare.c ]] || continue
		echo "${file}"
		# Without a header the file would not compile; with <bash/...> it would.
		run ! grep -F "${headers}/" <(gcc -M -std=gnu11 -D_GNU_SOURCE= -I "${TOP}/include" "${file}")
	done
}

# bats test_tags=slow,once
@test "build: the arm64 object cross-builds without a warning" {
	requires "a compiler for arm64" command -v aarch64-linux-gnu-gcc
	make_alone -C "${TOP}" CROSS_COMPILE=aarch64-linux-gnu- BUILD="${BATS_TEST_TMPDIR}/arm64" WERROR=1
	declare object="${BATS_TEST_TMPDIR}/arm64/armhf_binfmt_prepare.so"
	readelf --file-header "${object}" | grep -q 'Machine: *AArch64'
	[ "$(aarch64-linux-gnu-nm --dynamic --defined-only --format=just-symbols "${object}" | sort)" = "$(exported "${BUILD}/armhf_binfmt_prepare.so" | sort)" ]
	declare newest
	newest="$(aarch64-linux-gnu-objdump -T "${object}" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)"
	echo "newest: ${newest}"
	[ "$(printf '%s\n' "${newest}" GLIBC_2.28 | sort -V | tail -n 1)" = GLIBC_2.28 ]
}

# bats test_tags=slow,once
@test "build: a changed header rebuilds what uses it and nothing else, changed flags everything" {
	declare tree="${BATS_TEST_TMPDIR}/tree"
	mkdir "${tree}"
	cp -r "${TOP}/Makefile" "${TOP}/builtin" "${TOP}/include" "${tree}"
	make_alone -C "${tree}" CFLAGS=-O0
	make_alone -C "${tree}" CFLAGS=-O0 --question
	touch -d '+2 seconds' "${tree}/include/probe_image.h"
	[ "$(make_alone -C "${tree}" CFLAGS=-O0 --dry-run | grep -o 'builtin/[a-z_]*\.c')" = builtin/probe.c ]
	[ "$(make_alone -C "${tree}" --dry-run CFLAGS=-O1 | grep -c 'builtin/[a-z_]*\.c')" = "$(find "${tree}/builtin" -name '*.c' | wc -l)" ]
}

# bats test_tags=slow
@test "build: install and uninstall keep to DESTDIR and PREFIX, and bash finds the object there" {
	declare destination="${BATS_TEST_TMPDIR}/destination"
	declare file="${destination}/opt/lib/bash/armhf_binfmt_prepare.so"
	make_alone -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" DESTDIR="${destination}" PREFIX=/opt install
	# The extension brings the sources of the object along.
	diff -r "${TOP}/builtin" "${destination}/opt/share/armhf-binfmt/source/builtin" | refute grep -v '\.svg$'
	[ "$(cd "${destination}/opt" && find . -path ./share/armhf-binfmt/source -prune -o ! -type d -print | sort)" = "$(printf './%s\n' bin/armhf-binfmt-prepare lib/bash/armhf_binfmt_prepare.so \
		lib/systemd/system/armhf-binfmt-prepare.service share/armhf-binfmt/{armhf-binfmt.sh,install-armbian} share/bash-completion/completions/armhf{-binfmt-prepare,_binfmt_prepare} \
		share/man/man1/armhf-binfmt-prepare.1 share/man/man7/armhf_binfmt_prepare.7)" ]
	grep -q '^enable .*/opt/lib/bash/armhf_binfmt_prepare\.so' "${destination}"/opt/share/man/man[17]/*
	[ "$(stat -c %a "${file}")" = 644 ]
	BASH_LOADABLES_PATH="${file%/*}" bash -c 'enable -f armhf_binfmt_prepare.so armhf_binfmt_prepare'
	make_alone -C "${TOP}" DESTDIR="${destination}" PREFIX=/opt uninstall
	[ -z "$(find "${destination}" ! -type d)" ]
}

@test "build: a version that CHANGELOG does not begin with is not packaged" {
	declare target
	for target in dist deb; do
		run ! make_alone -C "${TOP}" BUILD="${BUILD}" -o "${BUILD}/armhf_binfmt_prepare.so" DESTDIR="${BATS_TEST_TMPDIR}/none" VERSION=0.0.1 "${target}"
		[[ "${output}" == *"CHANGELOG"*"0.0.1"* ]]
	done
}

@test "build: without bash's headers make says which package has them" {
	run ! make_alone -C "${TOP}" BUILD="${BATS_TEST_TMPDIR}/none" PKG_CONFIG=false
	[[ "${output}" == *bash-builtins* ]]
}

@test "tests: what makes the host refuses to run on the machine itself" {
	HOST_OUTSIDE="$(stat -L -c %d /proc/sys/fs/binfmt_misc) $(stat -L -c %i /proc/self/ns/mnt)" \
		run -97 bash "${TOP}/tests/lib/inside" true
	[[ "${output}" == "no private host: "* ]]
	HOST_PRIVATE="" run -97 host_make
	[[ "${output}" == "no private host: "* ]]
}

@test "tests: a test on a private host has no child, and no signal blocked or ignored" {
	private_host
	host_children
	[[ -z "${children}" ]]
	# As a child sees it: the shell itself blocks signals while it starts one. (In a process substitution bash 5.3 ignores
	# two.) make leaves 32 and 33 ignored, glibc's own.
	cat /proc/self/status > "${HOST_OUTPUT}"
	while read -r name mask; do
		[[ "${name}" != Sig@(Blk|Ign): ]] || (((0x${mask} & ~0x180000000) == 0))
	done < "${HOST_OUTPUT}"
}

@test "tests: what is expected and does not hold fails, and is named" {
	run -1 expect no_such_name 1
	[ "${output}" = "no_such_name is not set, expected '1'" ]
	run -1 refute true
}

@test "tests: a host is empty, whatever was done to the one before" {
	private_host
	host_kept > "${BATS_TEST_TMPDIR}/before"
	declare mounts
	mounts="$(findmnt -r -n -o TARGET,FSTYPE | sort)"
	host_add_emulator
	host_descriptor
	host_register_armhf
	host_register_armhf .hidden
	host_switch status 0
	mount -t tmpfs none /mnt
	mount --bind "${TABLE}" /mnt
	umount "${TABLE}"
	host_make
	diff "${BATS_TEST_TMPDIR}/before" <(host_kept)
	[[ ! -e "${EMULATOR}" && "$(findmnt -r -n -o TARGET,FSTYPE | sort)" == "${mounts}" ]]
}

@test "tests: a new host removes nothing from a /mnt of somebody else" {
	private_host
	mount -t tmpfs none /mnt
	touch /mnt/kept
	run -97 host_mount
	[[ "${output}" == "no private host: /mnt is the machine's" && -e /mnt/kept ]]
}

# bats test_tags=slow
@test "tests: a FILTER that no test matches is an error" {
	FILTER="no such test" TAGS="" run -1 "${TOP}/tests/suite" "${TOP}/tests/30-entry.bats"
	[[ "${output}" == *"no test has such a name and tags: FILTER=no such test TAGS="* ]]
}
