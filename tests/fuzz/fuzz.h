/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuzz: what the fuzzing targets share: claims, and entries made from any bytes. A target is one
 * file here, which libFuzzer calls with one input after the other; tests/fuzz/fuzz says how.
 */
#ifndef ARMHF_FUZZ_H
#define ARMHF_FUZZ_H

#include "entry.h"
#include "fault.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerInitialize(int *argc, char ***argv);

/* The first bits of an entry's input, beside four that pick its flags. */
#define FUZZ_MASKED      0x10
#define FUZZ_OFFSET_HIGH 0x20
#define FUZZ_SIZE_HIGH   0x40

/* What is left of an input. */
struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

/* The claim holds for this input, or the run ends here and libFuzzer keeps the input. */
static inline void
fuzz_claim(bool holds, const char *claim, const char *why)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s: %s\n", claim, why);
	abort();
}

/* The next byte, 0 behind the end. */
static inline uint8_t
fuzz_byte(struct fuzz_input *input)
{
	if (input->left == 0)
		return 0;
	input->left--;
	return *input->at++;
}

/* Bytes up to a NUL, the end of the input or the end of text, which ends in NUL. */
static inline void
fuzz_text(struct fuzz_input *input, char *text, size_t size)
{
	size_t used = 0;

	while (used < size - 1 && (text[used] = (char)fuzz_byte(input)) != '\0')
		used++;
	text[used] = '\0';
}

/*
 * Any entry that code can make by hand, wrong ones among them. An input is a byte each of bits, offset and
 * size, then name, interpreter and extension, each ended by NUL, then magic and mask.
 */
static inline void
fuzz_entry(struct fuzz_input *input, struct entry *entry)
{
	/* P, O, C and F as bits; as the kernel prints them, C with O. */
	static const char *const flags[] = {"", "P", "O", "PO", "OC", "POC", "OC", "POC", "F", "PF",
		"OF", "POF", "OCF", "POCF", "OCF", "POCF"};
	unsigned int bits = fuzz_byte(input);

	*entry = (struct entry){.state = ENTRY_ENABLED};
	strcpy(entry->flags, flags[bits & 0xf]);
	entry->masked = bits & FUZZ_MASKED;
	entry->offset = fuzz_byte(input) + (bits & FUZZ_OFFSET_HIGH ? 256U : 0);
	entry->size = fuzz_byte(input) + (bits & FUZZ_SIZE_HIGH ? 256U : 0);
	fuzz_text(input, entry->name, sizeof(entry->name));
	fuzz_text(input, entry->interpreter, sizeof(entry->interpreter));
	fuzz_text(input, entry->extension, sizeof(entry->extension));
	for (unsigned int i = 0; i < entry->size && i < ENTRY_HEAD_SIZE; i++)
		entry->magic[i] = fuzz_byte(input);
	/* Without a mask its bytes must not count: zeros would match everything. */
	for (unsigned int i = 0; entry->masked && i < entry->size && i < ENTRY_HEAD_SIZE; i++)
		entry->mask[i] = fuzz_byte(input);
}

#endif
