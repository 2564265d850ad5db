/* SPDX-License-Identifier: GPL-3.0-or-later */
/* plan_test: the tokens that scripts read and give back, what comes of a step, and which entry serves. */
#include "descriptor.h"
#include "plan_facts.h"
#include "tap.h"

static const char *const plain_tokens[PLAN_STEP_KIND_COUNT] = {
	[PLAN_STEP_MOUNT] = "mount",
	[PLAN_STEP_STATUS_ON] = "status-on",
	[PLAN_STEP_STATUS_OFF] = "status-off",
	[PLAN_STEP_ENABLE] = "enable:qemu-arm",
	[PLAN_STEP_DISABLE] = "disable:qemu-arm",
	[PLAN_STEP_REGISTER] = "register:qemu-arm",
	[PLAN_STEP_UNREGISTER] = "unregister:qemu-arm",
	[PLAN_STEP_CREATE_DESCRIPTOR] = "create-descriptor",
	[PLAN_STEP_REMOVE_DESCRIPTOR] = "remove-descriptor",
	[PLAN_STEP_IMPORT] = "import",
	[PLAN_STEP_UNIMPORT] = "unimport",
};

/* Prints as this token, in its own size and cut off, and is parsed from it. */
static bool
round_trip(enum plan_step_kind kind, const char *name, const char *token)
{
	struct plan_step step = {.kind = kind};
	struct plan_step parsed;
	char text[4 * NAME_MAX + 32];
	char cut[6];
	size_t length = strlen(token);

	snprintf(step.name, sizeof(step.name), "%s", name);
	memset(&parsed, 'x', sizeof(parsed));
	return plan_step_print(&step, text, sizeof(text)) == length && strcmp(text, token) == 0
		&& plan_step_print(&step, cut, sizeof(cut)) == length
		&& strncmp(cut, token, sizeof(cut) - 1) == 0 && cut[sizeof(cut) - 1] == '\0'
		&& plan_step_parse(&parsed, token, length) && parsed.kind == kind
		&& strcmp(parsed.name, name) == 0;
}

static void
test_steps(void)
{
	char name[NAME_MAX + 1] = "";
	char token[4 * NAME_MAX + 32];
	char byte[2] = "";
	unsigned int wrong = 0;

	for (unsigned int kind = 0; kind < PLAN_STEP_KIND_COUNT; kind++)
		tap_ok(round_trip(kind, strchr(plain_tokens[kind], ':') ? "qemu-arm" : "",
			       plain_tokens[kind]),
			"step: %s, there and back", plain_tokens[kind]);
	tap_ok(round_trip(PLAN_STEP_ENABLE, "a b\\", "enable:a\\x20b\\x5c"),
		"step: a blank and a backslash in a name");
	tap_ok(round_trip(PLAN_STEP_DISABLE, "enable:x", "disable:enable:x"),
		"step: a name that looks like a token");

	for (unsigned int i = 1; i < 256; i++) {
		if (i == '/' || i == '.')
			continue;
		byte[0] = (char)i;
		strcpy(token, "enable:");
		fault_escape(token + strlen(token), 5, byte);
		wrong += !round_trip(PLAN_STEP_ENABLE, byte, token);
	}
	tap_ok(wrong == 0, "step: every byte in a name, %u wrong", wrong);

	memset(name, '\n', NAME_MAX);
	strcpy(token, "unregister:");
	fault_escape(token + strlen(token), 4 * NAME_MAX + 1, name);
	tap_ok(round_trip(PLAN_STEP_UNREGISTER, name, token), "step: the longest name there is");
}

static bool
parses(const char *token, size_t length)
{
	struct plan_step step;

	return plan_step_parse(&step, token, length);
}

static void
test_refused(void)
{
	static const char *const tokens[] = {"", "moun", "mountx", "Mount", "mount:", "mount:x",
		" mount", "mount ", "status-on:qemu-arm", "enable", "enable:", "enable:.",
		"enable:..", "enable:register", "enable:status", "enable:a/b", "enable:a\\x2fb",
		"enable:\\x00", "enable:a\\x00b", "enable:\\", "enable:\\x", "enable:\\x4",
		"enable:\\x4g", "enable:\\xg4", "enable:\\y41", "enable:\\\\", "Enable:a",
		"replace:a", "unmount"};
	char token[4 * NAME_MAX] = "enable:";
	struct plan_step step;
	struct {
		struct plan_step step;
		char behind[sizeof(token)];
	} guarded;
	unsigned int wrong = 0;

	for (size_t i = 0; i < COUNT(tokens); i++)
		tap_ok(!parses(tokens[i], strlen(tokens[i])), "refused: \"%s\"", tokens[i]);
	tap_ok(!parses("enable:a\0b", 10), "refused: a NUL in the name");
	tap_ok(!parses("enable:\\x41", 10), "refused: an escape that is cut off");
	tap_ok(!parses("mount", 4) && parses("mount enable:a", 5)
			&& plan_step_parse(&step, "enable:ab", 8) && strcmp(step.name, "a") == 0,
		"step: a token is as long as it is said to be");
	tap_ok(plan_step_parse(&step, "enable:\\x4A\\x4a", 15) && strcmp(step.name, "JJ") == 0,
		"step: digits of either case in an escape");

	memset(token + strlen(token), 'a', NAME_MAX);
	tap_ok(parses(token, strlen(token)), "step: a name of 255 bytes");
	for (size_t length = strlen(token) + 1; length < sizeof(token); length++) {
		bool refused;

		token[length - 1] = 'a';
		memset(&guarded, 0, sizeof(guarded));
		refused = !plan_step_parse(&guarded.step, token, length);
		for (size_t i = 0; i < sizeof(guarded.behind); i++)
			refused &= guarded.behind[i] == '\0';
		wrong += !refused;
	}
	tap_ok(wrong == 0, "refused: longer names, and nothing is written behind, %u wrong", wrong);
}

static void
test_names(void)
{
	static const struct {
		enum plan_reason reason;
		const char *name;
		bool success;
	} reasons[] = {
		{PLAN_REASON_NONE, "", false},
		{PLAN_REASON_DESCRIPTOR_REGISTERED, "descriptor-registered", true},
		{PLAN_REASON_DESCRIPTOR_ENABLED, "descriptor-enabled", true},
		{PLAN_REASON_DESCRIPTOR_CURRENT, "descriptor-current", true},
		{PLAN_REASON_DESCRIPTOR_RELOADED, "descriptor-reloaded", true},
		{PLAN_REASON_DESCRIPTOR_CREATED, "descriptor-created", true},
		{PLAN_REASON_ENTRY_TRUSTED, "entry-trusted", true},
		{PLAN_REASON_ENTRY_ENABLED, "entry-enabled", true},
		{PLAN_REASON_OTHER_ENTRY, "other-entry", true},
		{PLAN_REASON_NATIVE, "native", true},
		{PLAN_REASON_NATIVE_BLOCKED, "native-blocked", true},
		{PLAN_REASON_UNDO_DONE, "undo-done", true},
		{PLAN_REASON_DESCRIPTOR_INVALID, "descriptor-invalid", false},
		{PLAN_REASON_DESCRIPTOR_FAILED, "descriptor-failed", false},
		{PLAN_REASON_ENTRY_DISABLED, "entry-disabled", false},
		{PLAN_REASON_ENTRY_BROKEN, "entry-broken", false},
		{PLAN_REASON_EMULATOR_MISSING, "emulator-missing", false},
		{PLAN_REASON_REGISTRATION_FAILED, "registration-failed", false},
		{PLAN_REASON_BINFMT_UNAVAILABLE, "binfmt-unavailable", false},
		{PLAN_REASON_BINFMT_OFF, "binfmt-off", false},
		{PLAN_REASON_BINFMT_BUSY, "binfmt-busy", false},
		{PLAN_REASON_NOT_PERMITTED, "not-permitted", false},
		{PLAN_REASON_PROBE_TIMEOUT, "probe-timeout", false},
		{PLAN_REASON_PROBE_FAILED, "probe-failed", false},
		{PLAN_REASON_UNDO_FAILED, "undo-failed", false},
		{PLAN_REASON_INTERRUPTED, "interrupted", false},
		{PLAN_REASON_SYSTEM_ERROR, "system-error", false},
	};
	static const char *const policies[] = {"registered", "native", "emulated"};
	enum plan_policy policy;

	tap_ok(COUNT(reasons) == PLAN_REASON_COUNT, "names: every reason is here");
	for (size_t i = 0; i < COUNT(reasons); i++)
		tap_ok(strcmp(plan_reason_name(reasons[i].reason), reasons[i].name) == 0
				&& plan_reason_success(reasons[i].reason) == reasons[i].success,
			"names: reason %s", reasons[i].name);
	for (unsigned int i = 0; i < COUNT(policies); i++)
		tap_ok(strcmp(plan_policy_name(i), policies[i]) == 0
				&& plan_policy_find(&policy, policies[i]) && policy == i,
			"names: policy %s", policies[i]);
	tap_ok(!plan_policy_find(&policy, "") && !plan_policy_find(&policy, "Native")
			&& !plan_policy_find(&policy, "native ")
			&& !plan_policy_find(&policy, "nativ"),
		"names: no other policy");
	tap_ok(strcmp(plan_native_name(HOST_NATIVE_UNTESTED), "untested") == 0,
		"names: native untested");
	for (unsigned int i = 0; i < facet_count(FACET_NATIVE); i++)
		tap_ok(strcmp(plan_native_name(HOST_NATIVE_YES + i), facets[FACET_NATIVE].values[i])
				== 0,
			"names: native %s", facets[FACET_NATIVE].values[i]);
}

static void
test_after(void)
{
	static const struct {
		int tier;
		enum plan_stage next;
		enum plan_step_kind failed; /* or that there is no step: the lock */
		enum plan_outcome outcome;
		enum plan_stage stage;
		enum plan_reason reason;
	} rows[] = {
		{1, PLAN_STAGE_REGISTERED, PLAN_STEP_REGISTER, PLAN_OUTCOME_DONE,
			PLAN_STAGE_REGISTERED, PLAN_REASON_NONE},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_DONE,
			PLAN_STAGE_SWITCHED_OFF, PLAN_REASON_NONE},
		{1, PLAN_STAGE_NOTHING, PLAN_STEP_MOUNT, PLAN_OUTCOME_DONE, PLAN_STAGE_NOTHING,
			PLAN_REASON_NONE},

		{4, PLAN_STAGE_CREATED, PLAN_STEP_CREATE_DESCRIPTOR, PLAN_OUTCOME_RACED,
			PLAN_STAGE_NOTHING, PLAN_REASON_NONE},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_RACED,
			PLAN_STAGE_NOTHING, PLAN_REASON_NONE},

		{1, PLAN_STAGE_ENABLED, PLAN_STEP_ENABLE, PLAN_OUTCOME_REFUSED, PLAN_STAGE_REFUSED,
			PLAN_REASON_NOT_PERMITTED},
		{4, PLAN_STAGE_CREATED, PLAN_STEP_KIND_COUNT, PLAN_OUTCOME_REFUSED,
			PLAN_STAGE_REFUSED, PLAN_REASON_NOT_PERMITTED},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_KIND_COUNT, PLAN_OUTCOME_REFUSED,
			PLAN_STAGE_KEPT, PLAN_REASON_NOT_PERMITTED},
		{4, PLAN_STAGE_NOTHING, PLAN_STEP_MOUNT, PLAN_OUTCOME_IMPOSSIBLE,
			PLAN_STAGE_REFUSED, PLAN_REASON_BINFMT_UNAVAILABLE},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_IMPOSSIBLE,
			PLAN_STAGE_UNPROVED, PLAN_REASON_BINFMT_UNAVAILABLE},

		{2, PLAN_STAGE_ENABLED, PLAN_STEP_STATUS_ON, PLAN_OUTCOME_OVERRULED,
			PLAN_STAGE_FAILED, PLAN_REASON_BINFMT_OFF},
		{2, PLAN_STAGE_ENABLED, PLAN_STEP_STATUS_ON, PLAN_OUTCOME_FAILED, PLAN_STAGE_FAILED,
			PLAN_REASON_ENTRY_BROKEN},
		{2, PLAN_STAGE_ENABLED, PLAN_STEP_ENABLE, PLAN_OUTCOME_OVERRULED, PLAN_STAGE_FAILED,
			PLAN_REASON_ENTRY_BROKEN},
		{1, PLAN_STAGE_REPLACED, PLAN_STEP_UNREGISTER, PLAN_OUTCOME_FAILED,
			PLAN_STAGE_FAILED, PLAN_REASON_DESCRIPTOR_FAILED},
		{1, PLAN_STAGE_REPLACED, PLAN_STEP_REGISTER, PLAN_OUTCOME_OVERRULED,
			PLAN_STAGE_FAILED, PLAN_REASON_DESCRIPTOR_FAILED},
		{4, PLAN_STAGE_CREATED, PLAN_STEP_REGISTER, PLAN_OUTCOME_FAILED, PLAN_STAGE_FAILED,
			PLAN_REASON_REGISTRATION_FAILED},
		{4, PLAN_STAGE_NOTHING, PLAN_STEP_MOUNT, PLAN_OUTCOME_FAILED, PLAN_STAGE_FAILED,
			PLAN_REASON_BINFMT_UNAVAILABLE},
		{1, PLAN_STAGE_NOTHING, PLAN_STEP_MOUNT, PLAN_OUTCOME_OVERRULED, PLAN_STAGE_FAILED,
			PLAN_REASON_BINFMT_UNAVAILABLE},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_FAILED,
			PLAN_STAGE_UNPROVED, PLAN_REASON_SYSTEM_ERROR},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_OVERRULED,
			PLAN_STAGE_UNPROVED, PLAN_REASON_SYSTEM_ERROR},

		{1, PLAN_STAGE_ENABLED, PLAN_STEP_KIND_COUNT, PLAN_OUTCOME_BUSY, PLAN_STAGE_FAILED,
			PLAN_REASON_BINFMT_BUSY},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_KIND_COUNT, PLAN_OUTCOME_BUSY,
			PLAN_STAGE_FAILED, PLAN_REASON_BINFMT_BUSY},
		{3, PLAN_STAGE_SWITCHED_OFF, PLAN_STEP_DISABLE, PLAN_OUTCOME_INTERRUPTED,
			PLAN_STAGE_FAILED, PLAN_REASON_INTERRUPTED},
		{4, PLAN_STAGE_IMPORTED, PLAN_STEP_IMPORT, PLAN_OUTCOME_INTERRUPTED,
			PLAN_STAGE_FAILED, PLAN_REASON_INTERRUPTED},
	};
	static const char *const outcomes[] = {
		[PLAN_OUTCOME_DONE] = "done",
		[PLAN_OUTCOME_RACED] = "raced",
		[PLAN_OUTCOME_REFUSED] = "refused",
		[PLAN_OUTCOME_IMPOSSIBLE] = "impossible",
		[PLAN_OUTCOME_OVERRULED] = "overruled",
		[PLAN_OUTCOME_FAILED] = "failed",
		[PLAN_OUTCOME_BUSY] = "busy",
		[PLAN_OUTCOME_INTERRUPTED] = "interrupted",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct plan_past past = {PLAN_STAGE_KEPT, PLAN_REASON_UNDO_FAILED, 7};
		struct plan plan = {
			.kind = PLAN_KIND_STEPS, .tier = rows[i].tier, .next = rows[i].next};

		plan_after(&past, &plan, rows[i].failed, rows[i].outcome);
		tap_ok(past.stage == rows[i].stage && past.reason == rows[i].reason
				&& past.tier == rows[i].tier,
			"after: tier %d, to be %s, %s %s => %s %s", rows[i].tier,
			stage_names[rows[i].next],
			rows[i].failed == PLAN_STEP_KIND_COUNT ? "the lock"
							       : plain_tokens[rows[i].failed],
			outcomes[rows[i].outcome], stage_names[rows[i].stage],
			plan_reason_name(rows[i].reason));
	}
}

static void
test_entries(void)
{
	static struct host host;

	host.table = HOST_TABLE_MOUNTED;
	host.status = HOST_SWITCH_ON;
	host.own.state = ENTRY_ABSENT;
	tap_ok(plan_serving_entry(&host) == NULL, "serves: nobody");
	host.own.state = ENTRY_UNKNOWN;
	tap_ok(plan_serving_entry(&host) == &host.own,
		"serves: qemu-arm, where it is unknown and nobody else is there");
	descriptor_entry(&host.first, "arm", "/usr/bin/qemu-arm-static");
	host.first.state = ENTRY_ENABLED;
	tap_ok(plan_serving_entry(&host) == &host.first, "serves: another rather than the unknown");
	host.own.state = ENTRY_ENABLED;
	tap_ok(plan_serving_entry(&host) == &host.first,
		"serves: another, where qemu-arm takes no armhf");
	descriptor_entry(&host.own, HOST_ENTRY_NAME, "/usr/bin/qemu-arm-static");
	host.own.state = ENTRY_DISABLED;
	tap_ok(plan_serving_entry(&host) == &host.first,
		"serves: another, where qemu-arm is disabled");
	host.own.state = ENTRY_ENABLED;
	tap_ok(plan_serving_entry(&host) == &host.own, "serves: of several qemu-arm");
	tap_ok(plan_in_effect(&host, ENTRY_ENABLED) && plan_in_effect(&host, ENTRY_UNKNOWN)
			&& !plan_in_effect(&host, ENTRY_DISABLED)
			&& !plan_in_effect(&host, ENTRY_ABSENT),
		"in effect: enabled, and what is unknown");
	host.status = HOST_SWITCH_OFF;
	tap_ok(plan_serving_entry(&host) == NULL && !plan_in_effect(&host, ENTRY_ENABLED)
			&& !plan_in_effect(&host, ENTRY_UNKNOWN),
		"in effect: nothing with status off");
	host.status = HOST_SWITCH_ON;
	host.table = HOST_TABLE_ABSENT;
	tap_ok(plan_serving_entry(&host) == NULL, "serves: nobody is known without a table");
	tap_ok(plan_entry(&host, 1) == &host.described && plan_entry(&host, 4) == &host.made,
		"registers: tier 1 the descriptor's, tier 4 its own");
}

int
main(void)
{
	test_steps();
	test_refused();
	test_names();
	test_after();
	test_entries();
	return tap_end();
}
