# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# On a real arm64 host: says how armhf runs, and starts the programs of /test/paths in /programs. Marked lines are the record.

declare -r table=/proc/sys/fs/binfmt_misc
emulator=/usr/bin/qemu-arm
[[ "${USERLAND}" != bookworm ]] || emulator=/usr/bin/qemu-arm-static

mount -t binfmt_misc binfmt_misc "${table}"
if [[ -e /test/emulated ]]; then
	printf '%s' ":qemu-arm:M:0:\x7f\x45\x4c\x46\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x28\x00:" \
		"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff:${emulator}:F" > "${table}/register"
fi
enable -f /test/armhf_binfmt_prepare.so armhf_binfmt_prepare
armhf_binfmt_prepare -n 2> /dev/null
echo "@@ mode ${ARMHF_BINFMT_MODE}"
echo "@@ align ${ARMHF_BINFMT_ALIGN}"
/test/start /programs < /test/paths
