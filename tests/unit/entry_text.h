/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry_text: an entry as fs/binfmt_misc.c prints it, written a second time from there: a text that entry_parse takes
 * and knows in full must be the same text again.
 */
#ifndef ARMHF_ENTRY_TEXT_H
#define ARMHF_ENTRY_TEXT_H

#include "entry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Returns the length of the text. */
static inline size_t
entry_text(const struct entry *entry, char text[ENTRY_TEXT_MAX])
{
	FILE *file = fmemopen(text, ENTRY_TEXT_MAX, "w");
	long length;

	if (file == NULL)
		abort();
	fprintf(file, "%s\n", entry->state == ENTRY_ENABLED ? "enabled" : "disabled");
	fprintf(file, "interpreter %s\n", entry->interpreter);
	fprintf(file, "flags: %s\n", entry->flags);
	if (entry->extension[0] != '\0') {
		fprintf(file, "extension .%s\n", entry->extension);
	} else {
		fprintf(file, "offset %u\nmagic ", entry->offset);
		for (unsigned int i = 0; i < entry->size; i++)
			fprintf(file, "%02x", entry->magic[i]);
		if (entry->masked) {
			fprintf(file, "\nmask ");
			for (unsigned int i = 0; i < entry->size; i++)
				fprintf(file, "%02x", entry->mask[i]);
		}
		fprintf(file, "\n");
	}
	length = ftell(file);
	fclose(file);
	return (size_t)length;
}

/* True if both stand for the same registration. */
static inline bool
entry_same(const struct entry *a, const struct entry *b)
{
	if (strcmp(a->interpreter, b->interpreter) != 0 || strcmp(a->flags, b->flags) != 0
		|| strcmp(a->extension, b->extension) != 0)
		return false;
	/* With an extension no magic counts. */
	return a->extension[0] != '\0'
		|| (a->offset == b->offset && a->size == b->size && a->masked == b->masked
			&& memcmp(a->magic, b->magic, a->size) == 0
			&& (!a->masked || memcmp(a->mask, b->mask, a->size) == 0));
}

/* True if nothing is said of the entry but name and state. */
static inline bool
entry_is_blank(const struct entry *entry)
{
	return entry->interpreter[0] == '\0' && entry->flags[0] == '\0'
		&& entry->extension[0] == '\0' && entry->offset == 0 && entry->size == 0
		&& !entry->masked && !entry->strange && !entry->handler;
}

#endif
