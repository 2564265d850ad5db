/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser of an entry's text: what it takes is, printed as the kernel prints, the same text
 * again; what it refuses leaves nothing but the name.
 */
#include "fuzz.h"
#include "../unit/entry_print.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry entry = {.name = "x"};
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
	length = entry_print(&entry, printed);
	fuzz_claim(length == size && memcmp(printed, data, size) == 0,
		"a text that is taken is one that a kernel prints", printed);
	fuzz_claim(!entry_is_loose(&entry) || entry_claims_armhf(&entry),
		"a loose entry claims armhf", printed);
	/* Only the length, or that no byte is left between the fields, can stand against that. */
	if (entry_format(&entry, line, &why) < 0)
		fuzz_claim(size > ENTRY_LINE_MAX / 4 || strstr(why, "delimiters"),
			"an entry that is known can be registered again", why);
	return 0;
}
