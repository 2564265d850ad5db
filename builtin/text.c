/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * text: digits, numbers and escapes, defined for any bytes. Asks no locale.
 */
#include "text.h"

#include <string.h>

static size_t
escape(char *to, size_t size, const char *text, bool sentence)
{
	static const char digits[] = "0123456789abcdef";
	size_t whole = 0, used = 0;

	for (const char *from = text; *from != '\0'; from++) {
		unsigned char byte = (unsigned char)*from;
		char escaped[] = {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
		bool plain = byte > ' ' && byte < 0x7f && (sentence || byte != '\\');
		const char *piece = plain ? from : escaped;
		size_t length = plain ? 1 : sizeof(escaped);

		if (sentence && (byte == ' ' || byte == '\t')) {
			piece = " ";
			length = 1;
		}
		/* Once a piece did not fit no later one is taken: the copy has no gap. */
		if (used == whole && used + length < size) {
			memcpy(to + used, piece, length);
			used += length;
		}
		whole += length;
	}
	if (size > 0)
		to[used] = '\0';
	return whole;
}

size_t
text_escape(char *to, size_t size, const char *text)
{
	return escape(to, size, text, false);
}

size_t
text_escape_line(char *to, size_t size, const char *text)
{
	return escape(to, size, text, true);
}

bool
text_ends(const char *text, const char *end)
{
	size_t length = strlen(text), wanted = strlen(end);

	return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

int
text_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

bool
text_unescape(char *to, size_t size, const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c <= ' ' || c > '~')
			return false;
		if (c == '\\') {
			int high, low;

			if (length - i < 4 || text[i + 1] != 'x')
				return false;
			high = text_digit(text[i + 2]);
			low = text_digit(text[i + 3]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 3;
		}
		if (c == '\0' || used + 1 >= size)
			return false;
		to[used++] = c;
	}
	if (size == 0)
		return false;
	to[used] = '\0';
	return true;
}

bool
text_number(const char *text, size_t length, unsigned long most, unsigned long *number)
{
	unsigned long value = 0;

	if (length == 0)
		return false;
	for (size_t i = 0; i < length; i++) {
		unsigned long digit = (unsigned long)(text[i] - '0');

		if (text[i] < '0' || text[i] > '9' || digit > most || value > (most - digit) / 10)
			return false;
		value = 10 * value + digit;
	}
	*number = value;
	return true;
}
