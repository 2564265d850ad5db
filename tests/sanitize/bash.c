/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * bash: first in PATH, the machine's bash with PRELOAD, the sanitizers' libraries, in it: an object that is
 * built with them loads into no other. A shell script would drop the functions that bats exports.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	(void)argc;
	if (setenv("LD_PRELOAD", PRELOAD, 1) == 0)
		execv("/bin/bash", argv);
	perror("/bin/bash");
	return 126;
}
