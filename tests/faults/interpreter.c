/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * interpreter: what the entries of the native scenarios have for qemu-arm, which would take half a second of an
 * emulated host for each program. It gives what arch-test's program gives, or, where the arguments are the probe's, the
 * answer 42 as the token, the last of them, says (include/probe.h).
 */
#include <unistd.h>

int
main(int argc, char **argv)
{
	if (argc > 3)
		return argv[argc - 1][0];
	return write(STDOUT_FILENO, "ok\n", 3) == 3 ? 0 : 1;
}
