/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line that registers an entry, against the kernel that runs this: what entry_format writes is
 * taken, reads back as the same entry, and is printed as unit/entry_text.h has it.
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

/* The kernel's text is that of this entry in this state. */
static void
text_check(const struct entry *entry, enum entry_state state)
{
	struct entry back = {.state = ENTRY_UNTESTED};
	char printed[ENTRY_TEXT_MAX];
	char text[ENTRY_TEXT_MAX];
	const char *why = NULL;
	size_t length = table_read(entry->name, text);

	fuzz_claim(entry_parse(&back, text, length, &why) == 0, "the kernel's text is known",
		why ? why : "");
	fuzz_claim(back.print == entry_print(entry), "its fingerprint was told before", text);
	fuzz_claim(back.state == state && entry_same(entry, &back),
		"what is registered reads back as the same", text);
	fuzz_claim(entry_text(&back, printed) == length && memcmp(printed, text, length) == 0,
		"the kernel prints it as we do", text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	char line[ENTRY_LINE_MAX + 1];
	const char *why = NULL;
	struct entry entry;
	int length;

	fuzz_entry(&input, &entry);
	/* The kernel opens it at once. */
	if (entry_has(&entry, 'F'))
		strcpy(entry.interpreter, "/bin/sh");
	length = entry_format(&entry, "", line, &why);
	if (length < 0) {
		fuzz_claim(why != NULL, "a refused entry has a reason", "none");
		return 0;
	}
	fuzz_claim(length <= ENTRY_LINE_MAX && strlen(line) == (size_t)length,
		"a line has its length", line);
	fuzz_claim(table_register(line, (size_t)length), line, strerror(errno));
	text_check(&entry, ENTRY_ENABLED);
	fuzz_claim(table_switch(entry.name, "0"), "it can be disabled", line);
	text_check(&entry, ENTRY_DISABLED);
	fuzz_claim(table_switch(entry.name, "-1"), "it can be removed", line);
	return 0;
}
