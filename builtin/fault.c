/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: words for what failed, on what, and why. Writes into the caller's struct
 * and prints nothing.
 */
#include "fault.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Graphic ASCII but for the backslash, which begins an escape. Not isgraph: that asks the locale. */
static bool
is_plain(unsigned char byte)
{
	return byte > ' ' && byte < 0x7f && byte != '\\';
}

unsigned long
fault_escape(char *to, unsigned long size, const char *text)
{
	static const char digits[] = "0123456789abcdef";
	unsigned long whole = 0;
	unsigned long used = 0;

	for (const char *from = text; *from; from++) {
		unsigned char byte = (unsigned char)*from;
		char escaped[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
		const char *piece = is_plain(byte) ? from : escaped;
		unsigned long length = is_plain(byte) ? 1 : sizeof(escaped);

		/* Once a piece did not fit no later one is taken: the copy has no gap. */
		if (used == whole && used + length < size) {
			memcpy(to + used, piece, length);
			used += length;
		}
		whole += length;
	}
	if (size)
		to[used] = '\0';
	return whole;
}

void
fault_set(struct fault *fault, int error, const char *object, const char *format, ...)
{
	va_list arguments;
	int written;

	if (!fault)
		return;
	fault->error = error;
	fault_escape(fault->object, sizeof(fault->object), object);

	va_start(arguments, format);
	written = vsnprintf(fault->why, sizeof(fault->why), format, arguments);
	va_end(arguments);
	if (error && written >= 0 && (size_t)written < sizeof(fault->why))
		snprintf(fault->why + written, sizeof(fault->why) - (size_t)written, ": %s",
			strerror(error));
}
