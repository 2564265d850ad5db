/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tap: the results of a test program on standard output, one claim a line, in the
 * Test Anything Protocol.
 */
#ifndef ARMHF_TAP_H
#define ARMHF_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tap_count;
static unsigned int tap_failures;

/* Report a claim (a printf format) and whether it holds, which is returned. */
static inline bool __attribute__((format(printf, 2, 3))) tap_ok(bool holds, const char *claim, ...)
{
	va_list arguments;

	printf("%s %u - ", holds ? "ok" : "not ok", ++tap_count);
	va_start(arguments, claim);
	vprintf(claim, arguments);
	va_end(arguments);
	putchar('\n');
	tap_failures += !holds;
	return holds;
}

/* The plan, and the exit status: 0 if there were claims and all hold. */
static inline int
tap_end(void)
{
	printf("1..%u\n", tap_count);
	return tap_count == 0 || tap_failures > 0 || fflush(stdout) != 0;
}

#endif
