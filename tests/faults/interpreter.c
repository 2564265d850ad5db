/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interpreter: what the entries of the native scenarios have for qemu-arm, which would take half a second of an
 * emulated host for each program. Whatever it is to run, it gives what the probe and arch-test's program give.
 */
#include <unistd.h>

int
main(void)
{
	return write(STDOUT_FILENO, "ok\n", 3) == 3 ? 42 : 1;
}
