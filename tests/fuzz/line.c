/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A file of binfmt.d: what is taken of it is an entry that the line of entry_format registers, and that
 * line, read as a file, is the same entry again; what is refused has a line of the file and a reason.
 */
#include "descriptor.h"
#include "fuzz.h"
#include "../unit/entry_text.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry entry = {.name = "qemu-arm", .state = ENTRY_DISABLED};
	struct entry again = {.name = "qemu-arm", .state = ENTRY_DISABLED};
	char line[ENTRY_LINE_MAX + 1];
	const char *why = NULL;
	int fault = descriptor_parse_line(&entry, (const char *)data, size, &why), lines = 1,
	    length;

	fuzz_claim(strcmp(entry.name, "qemu-arm") == 0 && entry.state == ENTRY_DISABLED,
		"name and state are kept", entry.name);
	if (fault != 0) {
		for (size_t i = 0; i < size; i++)
			lines += data[i] == '\n';
		fuzz_claim(fault == -1 || (fault > 0 && fault <= lines && why != NULL),
			"a refused line has a number and a reason", why ? why : "no reason");
		fuzz_claim(
			entry_is_blank(&entry), "a refused line leaves nothing", entry.interpreter);
		return 0;
	}
	fuzz_claim(entry.interpreter[0] == '/' && !strpbrk(entry.interpreter, " \t\n")
			&& entry.extension[0] == '\0' && entry.size > 0
			&& entry.size + entry.offset <= ENTRY_HEAD_SIZE && !entry.strange,
		"what is taken has an interpreter and a magic in the head", entry.interpreter);
	length = entry_format(&entry, "", line, &why);
	if (length < 0) {
		fuzz_claim(strstr(why, "longer") || strstr(why, "delimiters"),
			"a line registers it", why);
		return 0;
	}
	/* A delimiter that begins a comment, or is a blank, cannot begin a line of a file. */
	if (line[0] == ';' || line[0] == '#' || line[0] == ' ' || line[0] == '\t')
		return 0;
	fuzz_claim(descriptor_parse_line(&again, line, (size_t)length, &why) == 0
			&& entry_same(&entry, &again),
		"a line that is taken reads back as the same", line);
	return 0;
}
