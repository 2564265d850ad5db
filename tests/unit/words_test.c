/* SPDX-License-Identifier: GPL-3.0-or-later */
/* words_test: the tokens that scripts read and give back, and which entry serves. */
#include "descriptor.h"
#include "steps.h"
#include "tap.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *
printed(const struct step *step)
{
	static char text[4 * NAME_MAX + 64];
	FILE *file = fmemopen(text, sizeof(text), "w");

	if (file == NULL)
		abort();
	words_step_print(file, step);
	fclose(file);
	return text;
}

/* Prints as this token, and is parsed from it. */
static bool
round_trip(const struct step *step, const char *token)
{
	struct step parsed;

	memset(&parsed, 'x', sizeof(parsed));
	return strcmp(printed(step), token) == 0 && words_step_parse(&parsed, token, strlen(token))
		&& parsed.kind == step->kind && strcmp(parsed.name, step->name) == 0
		&& parsed.printed == step->printed && parsed.print == step->print;
}

static void
test_steps(void)
{
	static const char *const tokens[] = {
#define ROW(constant, token, deed) token,
		WORDS_STEPS(ROW)
#undef ROW
	};
	struct step step = {.kind = STEP_ENABLE, .name = "a b\\"};
	char token[4 * NAME_MAX + 32];
	unsigned int wrong = 0;

	tap_ok(round_trip(&step, "enable:a\\x20b\\x5c"), "step: a blank and a backslash in a name");
	strcpy(step.name, "a@b");
	tap_ok(round_trip(&step, "enable:a\\x40b"), "step: the sign of a fingerprint in a name");
	step.printed = true;
	step.print = 0x0badcafe;
	tap_ok(round_trip(&step, "enable:a\\x40b@0badcafe"), "step: a fingerprint");
	strcpy(step.name, "disable:x");
	step.print = 0;
	tap_ok(round_trip(&step, "enable:disable:x@00000000"),
		"step: a name that looks like a token");

	for (unsigned int kind = 0; kind < STEP_COUNT; kind++) {
		bool named = tokens[kind][strlen(tokens[kind]) - 1] == ':';

		step = (struct step){.kind = kind};
		strcpy(step.name, named ? "qemu-arm" : "");
		snprintf(token, sizeof(token), "%s%s", tokens[kind], step.name);
		tap_ok(round_trip(&step, token), "step: %s, there and back", token);
		tap_ok(words_step_deed(kind)[0] != '\0', "step: %s has words", token);
		/* A release finishes what another call began: it is not undone. */
		tap_ok(kind == STEP_HOLD || steps_inverse(steps_inverse(kind)) == kind,
			"step: %s: undone twice it is itself", token);
		tap_ok(kind == STEP_HOLD || kind == STEP_RELEASE || kind == STEP_MOUNT
				|| steps_undoes(kind) || steps_undoes(steps_inverse(kind)),
			"step: %s undoes something, or can be undone", token);
	}

	step = (struct step){.kind = STEP_ENABLE};
	for (unsigned int i = 1; i < 256; i++) {
		if (i == '/' || i == '.' || i == '@')
			continue;
		step.name[0] = (char)i;
		strcpy(token, "enable:");
		text_escape(token + strlen(token), 5, step.name);
		wrong += !round_trip(&step, token);
	}
	tap_ok(wrong == 0, "step: every byte in a name, %u wrong", wrong);

	step.kind = STEP_UNREGISTER;
	memset(step.name, '\n', NAME_MAX);
	strcpy(token, "unregister:");
	text_escape(token + strlen(token), 4 * NAME_MAX + 1, step.name);
	tap_ok(round_trip(&step, token), "step: the longest name there is");
}

static bool
parses(const char *token, size_t length)
{
	struct step step;

	return words_step_parse(&step, token, length);
}

static void
test_refused(void)
{
	static const char *const tokens[] = {"", "moun", "mountx", "Mount", "mount:", "mount:x",
		" mount", "mount ", "status-on:qemu-arm", "status-off@00000000", "enable",
		"enable:", "enable:.", "enable:..", "enable:register", "enable:status",
		"enable:a/b", "enable:a\\x2fb", "enable:\\x00", "enable:a\\x00b", "enable:\\",
		"enable:\\x", "enable:\\x4", "enable:\\x4g", "enable:\\xg4", "enable:\\y41",
		"enable:\\\\", "Enable:a", "enable:a b", "enable:a\tb", "replace:a", "unmount"};
	char token[4 * NAME_MAX] = "enable:";
	struct step step;
	struct {
		struct step step;
		char behind[sizeof(token)];
	} guarded;
	unsigned int wrong = 0;

	for (size_t i = 0; i < COUNT(tokens); i++)
		tap_ok(!parses(tokens[i], strlen(tokens[i])), "refused: \"%s\"", tokens[i]);
	tap_ok(!parses("enable:a\0b", 10), "refused: a NUL in the name");
	tap_ok(!parses("enable:a\nb", 10), "refused: a newline in the name");
	tap_ok(!parses("enable:\\x41", 10), "refused: an escape that is cut off");
	tap_ok(!parses("mount", 4) && parses("mount enable:a", 5)
			&& words_step_parse(&step, "enable:ab", 8) && strcmp(step.name, "a") == 0,
		"step: a token is as long as it is said to be");
	tap_ok(words_step_parse(&step, "enable:\\x4A\\x4a", 15) && strcmp(step.name, "JJ") == 0,
		"step: digits of either case in an escape");
	tap_ok(!words_step_parse(&step, "enable:a@1234567", 16),
		"step: seven digits are no fingerprint");
	tap_ok(!words_step_parse(&step, "enable:a@0123456g", 17),
		"step: eight letters are no fingerprint");

	memset(token + strlen(token), 'a', NAME_MAX);
	tap_ok(parses(token, strlen(token)), "step: a name of 255 bytes");
	for (size_t length = strlen(token) + 1; length < sizeof(token); length++) {
		bool refused;

		token[length - 1] = 'a';
		memset(&guarded, 0, sizeof(guarded));
		refused = !words_step_parse(&guarded.step, token, length);
		for (size_t i = 0; i < sizeof(guarded.behind); i++)
			refused &= guarded.behind[i] == '\0';
		wrong += !refused;
	}
	tap_ok(wrong == 0, "refused: longer names, and nothing is written behind, %u wrong", wrong);
}

static void
test_names(void)
{
	static const char *const policies[] = {"registered", "native", "emulated"};
	static const int answers[] = {
		PROBE_MAPS_ALL, PROBE_MAPS_64K, PROBE_MAPS_4K, PROBE_MAPS_NONE};
	static const char *const aligns[] = {"all", "64k", "4k", "none"};
	enum policy policy;

	for (enum reason reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		const char *name = words_reason(reason);

		tap_ok(name[0] != '\0'
				&& strspn(name, "abcdefghijklmnopqrstuvwxyz-") == strlen(name),
			"names: reason %s is one word", name);
		tap_ok(words_success(reason) || words_reason_text(reason)[0] != '\0',
			"names: reason %s has a remedy where it is a failure", name);
		for (enum reason other = reason + 1; other < REASON_COUNT; other++)
			if (strcmp(name, words_reason(other)) == 0)
				tap_ok(false, "names: reason %s is there once", name);
	}
	for (unsigned int i = 0; i < COUNT(policies); i++)
		tap_ok(strcmp(words_policy(i), policies[i]) == 0
				&& words_policy_find(&policy, policies[i]) && policy == i,
			"names: policy %s", policies[i]);
	tap_ok(!words_policy_find(&policy, "") && !words_policy_find(&policy, "Native")
			&& !words_policy_find(&policy, "native ")
			&& !words_policy_find(&policy, "nativ"),
		"names: no other policy");
	for (enum host_native native = HOST_NATIVE_UNTESTED; native <= HOST_NATIVE_NOT_ARM64;
		native++)
		tap_ok(words_native(native)[0] != '\0' && words_native_explain(native)[0] != '\0',
			"names: native %s", words_native(native));
	for (size_t i = 0; i < COUNT(answers); i++)
		tap_ok(strcmp(words_align(answers[i]), aligns[i]) == 0
				&& (words_align_warning(answers[i]) == NULL) == (i == 0),
			"names: align %s, with a warning unless it is all", aligns[i]);
	tap_ok(words_align(0)[0] == '\0' && words_align_warning(0) == NULL,
		"names: no answer, no align");
}

/* The first cause that fits, with the remedy that cures it. */
static void
test_symptoms(void)
{
	static const struct {
		struct probe_result result;
		const char *why, *remedy; /* a piece of each; NULL: none */
	} rows[] = {
		{{.end = PROBE_REFUSED, .error = ENOEXEC, .way = PROBE_BY_NOBODY},
			"neither the kernel", "install"},
		{{.end = PROBE_REFUSED, .error = ENOEXEC, .way = PROBE_BY_ENTRY}, "script",
			"ELF program"},
		{{.end = PROBE_REFUSED, .error = ENOENT, .way = PROBE_BY_ENTRY}, "does not exist",
			"reinstall"},
		{{.end = PROBE_EXITED, .answered = true, .value = PROBE_ARGUMENTS}, "arguments",
			"preserve no"},
		{{.end = PROBE_EXITED, .value = 1, .said = "no memory"}, "and said: no memory",
			"what it says"},
		{{.end = PROBE_EXITED, .value = 1}, "not a working emulator", NULL},
		/* An exit status is no answer. */
		{{.end = PROBE_EXITED, .value = PROBE_ARGUMENTS}, "not a working emulator", NULL},
		{{.end = PROBE_KILLED, .value = 11, .way = PROBE_BY_ENTRY}, "crashed", NULL},
		{{.end = PROBE_KILLED, .value = 4, .way = PROBE_BY_KERNEL}, "lacks 32-bit ARM",
			"emulator"},
		{{.end = PROBE_KILLED, .value = 4, .way = PROBE_BY_ENTRY}, "emulator lacks", NULL},
		{{.end = PROBE_KILLED, .value = 31}, "seccomp", "profile"},
		{{.end = PROBE_TIMEOUT}, "within 7 s", "-t"},
		{{.end = PROBE_NOT_STARTED, .error = ENOENT, .object = "/proc/self/fd/0"},
			"started", "mount -t proc"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fault fault;

		words_symptom(&fault, "x", &rows[i].result, NULL, 4096, 7);
		tap_ok(strcmp(fault.object, "x") == 0 && strstr(fault.why, rows[i].why) != NULL
				&& (rows[i].remedy == NULL ? fault.remedy == NULL
							   : fault.remedy != NULL
							&& strstr(fault.remedy, rows[i].remedy)),
			"symptom: %s (%s)", fault.why,
			fault.remedy ? fault.remedy : "the reason's remedy");
	}
}

static void
test_host(void)
{
	struct host_claimer claimers[2] = {{.name = "other", .enabled = true, .takes = ENTRY_EXEC},
		{.name = "qemu-arm", .enabled = false, .takes = ENTRY_ALL, .loose = "why"}};
	struct host host = {.table = HOST_TABLE_MOUNTED,
		.on = true,
		.claimers = claimers,
		.claimer_count = 2,
		.own = {.state = ENTRY_DISABLED}};

	tap_ok(host_claimed(&host, ENTRY_ALL) == 1 && host_claimed(&host, ENTRY_DYN) == 0,
		"host: enabled claimers of a kind");
	tap_ok(host_loose(&host) == NULL, "host: a loose entry that is disabled harms nobody");
	claimers[1].enabled = true;
	tap_ok(host_loose(&host) == &claimers[1], "host: a loose one");
	tap_ok(host_in_effect(&host, ENTRY_ENABLED) && host_in_effect(&host, ENTRY_UNKNOWN)
			&& !host_in_effect(&host, ENTRY_DISABLED)
			&& !host_in_effect(&host, ENTRY_ABSENT),
		"host: in effect: enabled, and what is unknown");
	host.on = false;
	tap_ok(host_claimed(&host, ENTRY_ALL) == 0 && host_loose(&host) == NULL
			&& !host_in_effect(&host, ENTRY_ENABLED),
		"host: nothing is in effect with status off");
	host.on = true;
	tap_ok(!host_own_serves(&host), "host: nobody serves");
	host.own.state = ENTRY_UNKNOWN;
	tap_ok(host_own_serves(&host), "host: what is unknown may serve");
	host.newest = (struct entry){.state = ENTRY_ENABLED, .name = "other"};
	tap_ok(!host_own_serves(&host), "host: a newer one serves");
	strcpy(host.rival, "qemu-arm");
	tap_ok(host_own_serves(&host), "host: of two that are equally new either may");
	strcpy(host.newest.name, "qemu-arm");
	strcpy(host.rival, "");
	tap_ok(host_own_serves(&host), "host: qemu-arm serves");
}

int
main(void)
{
	test_steps();
	test_refused();
	test_names();
	test_symptoms();
	test_host();
	return tap_end();
}
