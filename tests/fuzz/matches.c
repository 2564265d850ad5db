/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which programs an entry takes, against two references that look at nothing but bytes: the
 * rule of binfmt-misc.rst, and every other value of the bytes that make a program armhf.
 */
#include "fuzz.h"

/* What the heads of all armhf programs and libraries have in common; this one is ET_DYN. */
static const unsigned char armhf[] = {0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0,
	0x28, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 5, 0x34, 0, 0x20};

static bool
reference_matches(const struct entry *entry, const unsigned char *head)
{
	bool same = entry->size > 0;

	for (unsigned int i = 0; i < ENTRY_HEAD_SIZE; i++) {
		unsigned int at = i - entry->offset;
		unsigned int mask = entry->masked ? entry->mask[at % ENTRY_HEAD_SIZE] : 255;

		if (i >= entry->offset && at < entry->size)
			same = same && (head[i] & mask) == (entry->magic[at] & mask);
	}
	return same;
}

/* True if, beside armhf, the entry takes a program that differs in one byte of class or machine. */
static bool
reference_is_loose(const struct entry *entry, unsigned char *head)
{
	static const unsigned int places[] = {4, 18, 19};
	bool loose = false;

	for (unsigned int kind = 0; kind < 4; kind++) {
		head[16] = kind & 1 ? 3 : 2;
		head[7] = kind & 2 ? 3 : 0;
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
			unsigned char kept = head[places[i]];
			bool taken = reference_matches(entry, head);

			for (unsigned int change = 1; taken && change < 256; change++) {
				head[places[i]] = (unsigned char)(kept ^ change);
				loose = loose || reference_matches(entry, head);
			}
			head[places[i]] = kept;
		}
	}
	return loose;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	unsigned char head[ENTRY_HEAD_SIZE] = {0};
	struct entry entry;
	unsigned int kinds = 0;
	bool taken;

	fuzz_entry(&input, &entry);
	/* entry.c's callers have entries from its parsers alone: within the head, extension or magic. */
	if (entry.extension[0] != '\0')
		entry.size = 0;
	if (entry.size > ENTRY_HEAD_SIZE || entry.offset > ENTRY_HEAD_SIZE - entry.size)
		return 0;

	memcpy(head, armhf, sizeof(armhf));
	for (unsigned int kind = 0; kind < 4; kind++) {
		head[16] = kind & 1 ? 3 : 2;
		head[7] = kind & 2 ? 3 : 0;
		taken = reference_matches(&entry, head);
		fuzz_claim(entry_matches(&entry, head) == taken, "matches a real program",
			taken ? "not taken" : "taken");
		kinds |= taken && !entry_has(&entry, 'L') ? 1U << kind : 0;
	}
	fuzz_claim(entry_takes_armhf(&entry) == kinds, "takes kinds of armhf", "others");
	taken = reference_is_loose(&entry, head);
	/* A byte that is half masked out is loose as well. */
	fuzz_claim(!taken || entry_loose(&entry) != NULL, "is loose", "no");
	fuzz_claim(taken || kinds == 0 || entry_loose(&entry) == NULL, "is not loose", "yes");

	/* A program made for the entry, and what the rest of the input changes in it. */
	memcpy(head + entry.offset, entry.magic, entry.size);
	for (unsigned int i = 0; i < ENTRY_HEAD_SIZE; i++)
		head[i] ^= fuzz_byte(&input);
	taken = reference_matches(&entry, head);
	fuzz_claim(entry_matches(&entry, head) == taken, "matches as the reference does",
		taken ? "not taken" : "taken");
	return 0;
}
