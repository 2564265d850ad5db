/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser of an entry's text: what it knows in full, printed as the kernel prints, is the same entry
 * again, with the same fingerprint; what it refuses leaves nothing but the name.
 */
#include "fuzz.h"
#include "../unit/entry_text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry entry = {.name = "x"}, again = {.name = "x"};
	char printed[ENTRY_TEXT_MAX * 2];
	char line[ENTRY_LINE_MAX + 1];
	const char *why = NULL;
	size_t length;

	if (entry_parse(&entry, (const char *)data, size, &why) != 0) {
		fuzz_claim(why && entry.state == ENTRY_UNKNOWN && entry_is_blank(&entry)
				&& strcmp(entry.name, "x") == 0,
			"a refused text leaves nothing", why ? why : "no reason");
		return 0;
	}
	fuzz_claim(entry.state == ENTRY_ENABLED || entry.state == ENTRY_DISABLED,
		"a text that is taken has a state", "neither enabled nor disabled");
	/* One byte more would still be within the structure: no sanitizer would see it. */
	fuzz_claim(memchr(entry.interpreter, 0, sizeof(entry.interpreter)) != NULL
			&& memchr(entry.extension, 0, sizeof(entry.extension)) != NULL,
		"what is taken ends within its field", "a field without its end");
	fuzz_claim((entry_loose(&entry) == NULL) || entry_takes_armhf(&entry) != 0,
		"a loose entry takes armhf", entry.interpreter);
	fuzz_claim(entry.size <= ENTRY_HEAD_SIZE && entry.offset <= ENTRY_HEAD_SIZE - entry.size,
		"a magic is within the head", "beyond");
	if (entry.strange || entry.handler || (entry.size == 0 && entry.extension[0] == '\0')) {
		fuzz_claim(entry_format(&entry, "", line, &why) == -1,
			"what is not known in full is not registered again", line);
		return 0;
	}
	length = entry_text(&entry, printed);
	fuzz_claim(entry_parse(&again, printed, length, &why) == 0 && entry_same(&entry, &again)
			&& entry.state == again.state,
		"what is known in full reads back as the same", printed);
	fuzz_claim(entry_print(&entry) == again.print,
		"the fingerprint before registering is the one behind it", printed);
	if (length == size && memcmp(printed, data, size) == 0)
		fuzz_claim(
			entry.print == again.print, "the same text, the same fingerprint", printed);
	/* Only the length, an odd extension, or that no byte is left between the fields, can be against it. */
	if (entry_format(&entry, "", line, &why) < 0)
		fuzz_claim(size > ENTRY_LINE_MAX / 4 || strstr(why, "delimiters")
				|| strchr(entry.extension, '/'),
			"an entry that is known can be registered again", why);
	return 0;
}
