/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A step's token, as -r takes it from anybody: what is taken has a name that an entry can have, and
 * printed and read again is the same step.
 */
#include "fuzz.h"
#include "words.h"

#define TOKEN_SIZE (4 * NAME_MAX + 64)

/* How many bytes the name in a token stands for. */
static size_t
name_length(const char *token, size_t size)
{
	const char *colon = memchr(token, ':', size);
	const char *end = token + size;
	size_t length = 0;

	for (const char *at = colon ? colon + 1 : end; at < end; at += *at == '\\' ? 4 : 1)
		length++;
	return length;
}

/* Returns the length of the token. */
static size_t
step_print(const struct step *step, char token[TOKEN_SIZE])
{
	FILE *file = fmemopen(token, TOKEN_SIZE, "w");
	long length;

	if (file == NULL)
		abort();
	words_step_print(file, step);
	length = ftell(file);
	fclose(file);
	return (size_t)length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step step;
	struct step again;
	char token[TOKEN_SIZE];
	size_t length;

	memset(&step, 'x', sizeof(step));
	if (!words_step_parse(&step, (const char *)data, size))
		return 0;
	fuzz_claim(step.kind < STEP_COUNT && memchr(step.name, '\0', sizeof(step.name)),
		"a step has a kind and a name", "it has not");
	fuzz_claim(
		strlen(step.name) + (step.printed ? 9 : 0) == name_length((const char *)data, size),
		"a name is whole", step.name);
	length = step_print(&step, token);
	fuzz_claim(strcspn(token, " \t\n") == length, "a token is one word", token);
	fuzz_claim((strchr(token, ':') != NULL) == (step.name[0] != '\0')
			&& (step.name[0] == '\0' || entry_name_valid(step.name)),
		"where a token has a name, it is an entry's", token);
	fuzz_claim(words_step_parse(&again, token, length) && again.kind == step.kind
			&& again.printed == step.printed && again.print == step.print
			&& strcmp(again.name, step.name) == 0,
		"a step that is printed reads back", token);
	return 0;
}
