# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154 # what the guest has set
# Builds of the stand-in framework on a real arm64 host: what the extension says, and that the host is found again as it
# was. Sourced by tests/hosts/scenarios.bash in a guest, whose functions it uses.

ARMBIAN=/test/armbian/framework
ARMBIAN_EXTENSION=/test/extension/armhf-binfmt.sh
# shellcheck source=tests/armbian/builds.bash
source /test/armbian/builds.bash

# There is no compiler here: the object is where the extension looks for one that it has built.
mkdir -p /test/extension/source "${ARMBIAN}/cache/tools/armhf-binfmt"
echo guest > /test/extension/source/checksum
ln -sf /test/extension/armhf_binfmt_prepare.so \
	"${ARMBIAN}/cache/tools/armhf-binfmt/guest-unknown-${BASH_VERSION%%(*}-${BASH_VERSINFO[5]}.so"

# Say what a build showed, up to its step, or after that: how grave, and what; of the detail only what runs armhf.
function say_screen() {
	declare line
	while IFS= read -r line; do
		[[ "${line}" == *'[ tier '* ]] || line="${line%% \[*}"
		say_field "${1}" "${line}"
	done < "${builds}/${1}.screen"
}

function say_entries() {
	say_field "${1}" "$(build_entries)"
	say_field held "$(build_held)"
}

# ended NAME [SIGNAL]: end it so, and say what is there then.
function ended() {
	build_end "$@"
	say "${1} ended${2:+ by SIG${2}}, status ${status}"
	say_entries afterwards
}

function builds_that_share() {
	scenario armbian-build 'a build with the default parameters, an entry is registered'
	host_register_armhf qemu-arm POF
	say_entries before
	build_start alpha SHOW_DEBUG=yes
	say_entries during
	ended alpha
	say_screen alpha

	scenario armbian-ends 'a build fails, is interrupted, is killed; another follows'
	host_register_armhf qemu-arm POF
	build failing STEP='run_host_command_logged false'
	say "failing ended, status ${status}"
	say_entries afterwards
	for signal in INT TERM; do
		build_start alpha
		ended alpha "${signal}"
	done
	build_start alpha
	ended alpha KILL
	build_orphan_end alpha
	build next PREFER_NATIVE_ARMHF=no
	say_screen next
	say_entries afterwards

	scenario armbian-overlap 'two builds at once, the first to begin ends first, then last'
	host_register_armhf qemu-arm POF
	for order in 'alpha beta' 'beta alpha'; do
		build_start alpha
		build_start beta
		say_entries during
		ended "${order% *}"
		ended "${order#* }"
	done

	scenario armbian-containers 'two builds in containers, of two generations of the framework'
	host_register_armhf qemu-arm POF
	build_start alpha DOCKER=yes GENERATION=v26.05
	build_start beta DOCKER=yes
	say_entries during
	ended alpha
	ended beta KILL
	build_orphan_end beta
	build next PREFER_NATIVE_ARMHF=no
	say_entries afterwards

	scenario armbian-disputed 'during a build with native armhf, one that wants it emulated'
	host_register_armhf qemu-arm POF
	build_start alpha
	build beta PREFER_NATIVE_ARMHF=no
	say "beta ended, status ${status}"
	say_screen beta
	build gamma PREFER_NATIVE_ARMHF=no ARCH=riscv64
	say "gamma ended, status ${status}"
	say_screen gamma
	ended alpha
}

function builds_that_disable() {
	scenario armbian-joining 'a build is killed while it disables the entry and proves that armhf runs natively'
	host_register_armhf qemu-arm POF
	hide "${LOADER}"
	printf '#!/bin/bash\n: > /tmp/proving\nsleep 60\n' > "${LOADER}"
	chmod 755 "${LOADER}"
	build_launch alpha
	build_wait_for test -e /tmp/proving
	ended alpha KILL
	rm /tmp/proving "${LOADER}"
	build next
	say_screen next
	say_entries afterwards

	scenario armbian-blocked 'an entry that also claims other programs stands in the way'
	host_register ":loose:M:0:\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00::${EMULATOR}:F"
	build alpha
	say_screen alpha
}

if [[ "${HOST}" != pages-16k ]]; then
	builds_that_share
	if [[ "${native}" == yes ]]; then
		builds_that_disable
	fi
fi

scenario armbian-releases 'what the kernel means for a release'
for release in bookworm trixie sid noble; do
	build "${release}" RELEASE="${release}"
	say_screen "${release}"
done
build other RELEASE=bookworm ARCH=riscv64
say_screen other
