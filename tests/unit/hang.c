/* SPDX-License-Identifier: GPL-3.0-or-later */
/* hang: never ends, and takes no processor time: an interpreter for the tests. */
#include <unistd.h>

int
main(void)
{
	for (;;)
		pause();
}
