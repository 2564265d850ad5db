/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The parser of a descriptor: what it takes, written again, reads back as the same entry; what it refuses
 * is refused with a line of the file and leaves nothing. Lines that end in CR, and a line
 * of an unknown key, change nothing.
 */
#include "descriptor.h"
#include "fuzz.h"
#include "../unit/entry_text.h"

#define TEXT_MAX (2UL * DESCRIPTOR_TEXT_MAX)

static void
bytes_print(FILE *file, const char *key, const unsigned char *bytes, unsigned int size)
{
	fprintf(file, "%s ", key);
	for (unsigned int i = 0; i < size; i++)
		fprintf(file, "\\x%02x", bytes[i]);
	fprintf(file, "\n");
}

/* The plainest descriptor of this entry. Returns its length. */
static size_t
descriptor_print(const struct entry *entry, char text[TEXT_MAX])
{
	FILE *file = fmemopen(text, TEXT_MAX, "w");
	long length;

	if (file == NULL)
		abort();
	fprintf(file, "interpreter %s\noffset %u\n", entry->interpreter, entry->offset);
	bytes_print(file, "magic", entry->magic, entry->size);
	if (entry->masked)
		bytes_print(file, "mask", entry->mask, entry->size);
	fprintf(file, "credentials %s\n", entry_has(entry, 'C') ? "yes" : "no");
	fprintf(file, "preserve %s\n", entry_has(entry, 'P') ? "yes" : "no");
	fprintf(file, "fix_binary %s\n", entry_has(entry, 'F') ? "yes" : "no");
	length = ftell(file);
	fclose(file);
	return (size_t)length;
}

/* Text with CR before each newline and a line of an unknown key in front. Returns its length. */
static size_t
descriptor_decorate(const char *data, size_t size, char text[TEXT_MAX])
{
	static const char unknown[] = "# magic\r\n";
	size_t length = sizeof(unknown) - 1;

	memcpy(text, unknown, length);
	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			text[length++] = '\r';
		text[length++] = data[i];
	}
	return length;
}

static int
line_count(const char *data, size_t size)
{
	int lines = size == 0 || data[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[TEXT_MAX];
	struct entry entry = {.name = "x", .state = ENTRY_DISABLED};
	struct entry again = {.name = "x", .state = ENTRY_DISABLED};
	const char *other = NULL;
	const char *why = NULL;
	int fault = descriptor_parse(&entry, (const char *)data, size, &why);
	size_t length;

	fuzz_claim(strcmp(entry.name, "x") == 0 && entry.state == ENTRY_DISABLED,
		"name and state are kept", entry.name);
	if (size < DESCRIPTOR_TEXT_MAX / 4) {
		length = descriptor_decorate((const char *)data, size, text);
		fuzz_claim(descriptor_parse(&again, text, length, &other)
					== (fault && (size > 0 || fault > 1) ? fault + (size > 0)
									     : fault)
				&& entry_same(&entry, &again)
				&& (!fault || strcmp(why, other) == 0),
			"CR at the ends and an unknown key change nothing",
			other ? other : "taken");
	}
	if (fault) {
		fuzz_claim(fault > 0 && fault <= line_count((const char *)data, size) && why
				&& entry_is_blank(&entry),
			"a refused descriptor has a line and a reason, and leaves nothing",
			why ? why : "no reason");
		return 0;
	}
	fuzz_claim(entry.interpreter[0] == '/' && entry.extension[0] == '\0' && entry.size > 0
			&& entry.size + entry.offset <= ENTRY_HEAD_SIZE,
		"what is taken has an interpreter and a magic in the head", entry.interpreter);
	length = descriptor_print(&entry, text);
	fuzz_claim(descriptor_parse(&again, text, length, &why) == 0 && entry_same(&entry, &again),
		"a descriptor that is taken reads back as the same", text);
	return 0;
}
