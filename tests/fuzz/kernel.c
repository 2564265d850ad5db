/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any line, as others may have registered it: whatever the kernel that runs this takes and prints, the parser of texts
 * knows, but for what a newline forges; and what it knows can be registered again, to the same text.
 */
#include "fuzz.h"
#include "table.h"
#include "../unit/entry_text.h"

int
/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer has declared it */
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	table_make();
	return 0;
}

/* The name in a line that the kernel has taken: what is between the first two delimiters. */
static void
name_read(char name[NAME_MAX + 1], const uint8_t *line, size_t size)
{
	const uint8_t *end = size > 0 ? memchr(line + 1, line[0], size - 1) : NULL;
	size_t length = end ? (size_t)(end - line) - 1 : 0;

	fuzz_claim(length > 0 && length <= NAME_MAX, "what the kernel takes has a name", "none");
	memcpy(name, line + 1, length);
	name[length] = '\0';
}

/* The entry can be registered from what was read of it, and is printed alike then. */
static void
put_back(const struct entry *entry, const char *text, size_t length)
{
	char line[ENTRY_LINE_MAX + 1];
	char again[ENTRY_TEXT_MAX];
	const char *why = NULL;
	int size = entry_format(entry, "", line, &why);

	/* \xHH throughout is longer than what was registered. */
	if (size < 0) {
		fuzz_claim(strstr(why, "longer") || strstr(why, "delimiters")
				|| strchr(entry->name, '\n'),
			text, why);
		return;
	}
	fuzz_claim(table_register(line, (size_t)size), line, strerror(errno));
	fuzz_claim(table_read(entry->name, again) == length && memcmp(again, text, length) == 0,
		"what is registered again is printed as before", again);
	fuzz_claim(table_switch(entry->name, "-1"), "it can be removed", line);
}

/* An extension that does not fit into struct entry makes an entry strange. */
static bool
extension_is_long(const char *text)
{
	const char *line = strstr(text, "\nextension .");

	return line
		&& strcspn(line + strlen("\nextension ."), "\n")
		>= sizeof(((struct entry *)NULL)->extension);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[ENTRY_TEXT_MAX];
	struct entry entry = {.state = ENTRY_UNTESTED};
	const char *why = NULL;
	size_t length;

	if (!table_register(data, size))
		return 0;
	name_read(entry.name, data, size);
	length = table_read(entry.name, text);
	fuzz_claim(length > 0, "what is registered can be read", entry.name);
	fuzz_claim(table_switch(entry.name, "-1"), "it can be removed", entry.name);
	if (entry_parse(&entry, text, length, &why) != 0)
		/* A line may end in one. */
		fuzz_claim(memchr(data, '\n', size - 1) != NULL, text, why);
	else if (entry.strange || entry.handler)
		fuzz_claim(memchr(data, '\n', size - 1) != NULL || extension_is_long(text), text,
			"strange");
	else
		put_back(&entry, text, length);
	return 0;
}
