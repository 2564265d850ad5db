/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A step's token, as -r takes it from anybody: what is taken has a name that an entry can have, and
 * printed and read again is the same step.
 */
#include "fuzz.h"
#include "plan.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_step step;
	struct plan_step again;
	char token[4 * NAME_MAX + 64];
	size_t length;

	memset(&step, 'x', sizeof(step));
	if (!plan_step_parse(&step, (const char *)data, size))
		return 0;
	fuzz_claim(step.kind < PLAN_STEP_KIND_COUNT && memchr(step.name, '\0', sizeof(step.name)),
		"a step has a kind and a name", "it has not");
	fuzz_claim(strlen(step.name) == name_length((const char *)data, size), "a name is whole",
		step.name);
	length = plan_step_print(&step, token, sizeof(token));
	fuzz_claim(length < sizeof(token) && strlen(token) == length
			&& strcspn(token, " \t\n") == length,
		"a token is one word", token);
	fuzz_claim((strchr(token, ':') != NULL) == (step.name[0] != '\0')
			&& (step.name[0] == '\0' || entry_name_valid(step.name)),
		"where a token has a name, it is an entry's", token);
	fuzz_claim(plan_step_parse(&again, token, length) && again.kind == step.kind
			&& strcmp(again.name, step.name) == 0,
		"a step that is printed reads back", token);
	return 0;
}
