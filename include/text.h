/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: digits, numbers and escapes. Pure: reads and writes nothing but its arguments.
 */
#ifndef ARMHF_TEXT_H
#define ARMHF_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copy text as outcome variables carry names and paths: blanks, backslashes and bytes that are not
 * printable ASCII become \xHH. The copy is cut at the last whole character that fits into size and
 * always ends in NUL. Returns the length that the whole copy would have.
 */
size_t
text_escape(char *to, size_t size, const char *text);

/* The same for a sentence of another program: blanks stay, and a tab becomes one. */
size_t
text_escape_line(char *to, size_t size, const char *text);

/*
 * Undo text_escape on length bytes into to, of size bytes. False for a raw byte that text_escape
 * never writes, a bad escape, a NUL, or a result that does not fit.
 */
bool
text_unescape(char *to, size_t size, const char *text, size_t length);

/* True if text ends with end. */
bool
text_ends(const char *text, const char *end);

/* The value of a hexadecimal digit, or -1. */
int
text_digit(char digit);

/* Read a decimal number from length bytes into *number. False if it is not one, or above most. */
bool
text_number(const char *text, size_t length, unsigned long most, unsigned long *number);

#endif
