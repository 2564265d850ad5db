/* SPDX-License-Identifier: GPL-3.0-or-later */
/* crash: ends by a signal: an interpreter for the tests. */
#include <stdlib.h>

int
main(void)
{
	abort();
}
