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

	for (unsigned int type = 2; type <= 3; type++) {
		head[16] = (unsigned char)type;
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
	bool claims;

	fuzz_entry(&input, &entry);
	/* entry.c's callers have entries from its parsers alone: within the head, extension or magic. */
	if (entry.extension[0] != '\0')
		entry.size = 0;
	if (entry.size > ENTRY_HEAD_SIZE || entry.offset > ENTRY_HEAD_SIZE - entry.size)
		return 0;

	memcpy(head, armhf, sizeof(armhf));
	claims = reference_matches(&entry, head);
	fuzz_claim(entry_matches(&entry, head) == claims, "matches a real program",
		claims ? "not taken" : "taken");
	head[16] = 2;
	claims = claims || reference_matches(&entry, head);
	fuzz_claim(entry_claims_armhf(&entry) == claims, "claims armhf", claims ? "no" : "yes");
	claims = reference_is_loose(&entry, head);
	fuzz_claim(entry_is_loose(&entry) == claims, "is loose", claims ? "no" : "yes");

	/* A program made for the entry, and what the rest of the input changes in it. */
	memcpy(head + entry.offset, entry.magic, entry.size);
	for (unsigned int i = 0; i < ENTRY_HEAD_SIZE; i++)
		head[i] ^= fuzz_byte(&input);
	claims = reference_matches(&entry, head);
	fuzz_claim(entry_matches(&entry, head) == claims, "matches as the reference does",
		claims ? "not taken" : "taken");
	return 0;
}
