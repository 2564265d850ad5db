/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide_laws [COUNT [FIRST]]: run the decision on so many random worlds, from this number on, and
 * see that what must hold in all of them does. A world is made of its number alone: "decide_laws 1 N"
 * repeats one, with what was done in it.
 */
#include "decide_world.h"

#define WORLDS 150000UL /* by default */
#define STEPS  160

static unsigned long number; /* of the world */
static bool verbose;
static unsigned long random_state;

/* A number below limit. */
static unsigned int
below(unsigned int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 33) % limit;
}

static void
random_start(unsigned long seed)
{
	/* Close seeds, far states: the mixer of splitmix64. */
	seed += 0x9e3779b97f4a7c15UL;
	seed = (seed ^ seed >> 30) * 0xbf58476d1ce4e5b9UL;
	seed = (seed ^ seed >> 27) * 0x94d049bb133111ebUL;
	random_state = (seed ^ seed >> 31) | 1;
}

/* ---- worlds ---- */

static struct form
random_form(enum program program)
{
	unsigned int kind = below(12);

	return (struct form){(unsigned char)(kind < KIND_COUNT ? kind : KIND_ALL),
		(unsigned char)program, (unsigned char)below(2)};
}

static void
random_world(void)
{
	static const enum host_table tables[] = {HOST_TABLE_MOUNTED, HOST_TABLE_MOUNTED,
		HOST_TABLE_MOUNTED, HOST_TABLE_MOUNTED, HOST_TABLE_MOUNTED, HOST_TABLE_ABSENT,
		HOST_TABLE_ABSENT, HOST_TABLE_AUTOFS, HOST_TABLE_IMPOSSIBLE, HOST_TABLE_UNREADABLE};
	static const enum host_descriptor descriptors[] = {HOST_DESCRIPTOR_ABSENT,
		HOST_DESCRIPTOR_ABSENT, HOST_DESCRIPTOR_ABSENT, HOST_DESCRIPTOR_VALID,
		HOST_DESCRIPTOR_VALID, HOST_DESCRIPTOR_VALID, HOST_DESCRIPTOR_INVALID,
		HOST_DESCRIPTOR_UNSAFE, HOST_DESCRIPTOR_UNREADABLE};
	static const int errors[] = {EACCES, EPERM, EIO};

	memset(&world, 0, sizeof(world));
	world.table = tables[below(COUNT(tables))];
	world.error = errors[below(COUNT(errors))];
	world.userns = below(4) == 0;
	world.elsewhere = below(16) == 0;
	world.hidden = below(2);
	world.hidden_form = random_form(PROGRAM_OTHER);
	world.on = below(5) > 0;
	for (int i = 0; i < SLOT_COUNT; i++) {
		struct slot *slot = &world.slots[i];

		slot->state = (unsigned char)(ENTRY_ABSENT + below(3));
		if (i != SLOT_OWN && below(2))
			slot->state = ENTRY_ABSENT;
		if (below(20) == 0)
			slot->state = ENTRY_UNKNOWN;
		slot->form = random_form(i == SLOT_OWN ? PROGRAM_FOUND : PROGRAM_OTHER);
		if (slot->state == ENTRY_UNKNOWN && slot->form.kind == KIND_OWN)
			slot->form.kind = KIND_ALL; /* nobody could know */
		slot->again = below(5) > 0;
		slot->safe = below(5) > 0;
	}
	world.clock = SLOT_COUNT;
	for (unsigned int i = 0, first = below(SLOT_COUNT); i < SLOT_COUNT; i++)
		world.slots[i].age = (first + i) % SLOT_COUNT;
	world.descriptor = descriptors[below(COUNT(descriptors))];
	world.described = random_form(PROGRAM_DESCRIBED);
	world.described_safe = below(8) > 0;
	world.directory = world.descriptor != HOST_DESCRIPTOR_ABSENT || below(2);
	world.emulator = below(8) == 0 ? HOST_UNSAFE : below(6) == 0 ? HOST_NO : HOST_YES;
	for (int i = 0; i < PROGRAM_COUNT; i++)
		world.answers[i] = below(2) ? ANSWER_RUNS : (enum answer)below(ANSWER_COUNT);
	world.native = below(2) ? HOST_NATIVE_YES : (enum host_native)(HOST_NATIVE_YES + below(8));
	if (world.native == HOST_NATIVE_SHADOWED)
		world.native = HOST_NATIVE_NO_AARCH32;
	world.loader = below(5) > 0;
	world.startable = below(20) > 0;
	world.importer = below(2);
	world.imports = below(4) > 0;
}

/* How many of these are not DONE grows with the number of troubles wanted. */
static void
random_trouble(void)
{
	static const enum outcome locks[] = {OUTCOME_BUSY, OUTCOME_REFUSED, OUTCOME_FAILED};
	static const enum outcome ends[] = {
		OUTCOME_REFUSED, OUTCOME_IMPOSSIBLE, OUTCOME_OVERRULED, OUTCOME_FAILED};

	memset(&trouble, 0, sizeof(trouble));
	if (below(6) == 0)
		trouble.lock = locks[below(COUNT(locks))];
	if (below(2))
		for (int i = 0; i < STEP_COUNT; i++)
			if (below(6) == 0)
				trouble.steps[i] = (unsigned char)ends[below(COUNT(ends))];
	trouble.leaves = below(2);
	trouble.undo = below(4) == 0;
	if (below(4) == 0)
		trouble.stop_at = 1 + below(24);
	if (below(2)) {
		trouble.meddle_at = 1 + below(20);
		trouble.meddle_every = below(2) ? 0 : 1 + below(6);
		trouble.meddle = (enum meddle)below(MEDDLE_COUNT);
		trouble.meddle_form = random_form(PROGRAM_OTHER);
	}
}

/* ---- one call ---- */

/* What a call came to. */
struct result {
	enum reason reason;
	int tier, status;
	unsigned int done_count, undo_count;
	unsigned char done[STEPS][2], undo[STEPS][2]; /* kind, and the entry it is about */
	char object[64], why[128];
	struct world world;
	struct seen seen;
};

static void
list_copy(unsigned char to[STEPS][2], unsigned int *count, const struct step_list *from)
{
	law(from->count <= STEPS, "a call takes few steps");
	*count = from->count;
	for (unsigned int i = 0; i < from->count; i++) {
		to[i][0] = (unsigned char)from->steps[i].kind;
		for (to[i][1] = 0; to[i][1] < SLOT_COUNT; to[i][1]++)
			if (strcmp(from->steps[i].name, slot_names[to[i][1]]) == 0)
				break;
	}
}

static void
list_show(const char *key, const struct step_list *list)
{
	printf("# %s:", key);
	for (unsigned int i = 0; i < list->count; i++) {
		putchar(' ');
		words_step_print(stdout, &list->steps[i]);
	}
	putchar('\n');
}

static void
slot_show(const char *name, enum entry_state state, struct form form)
{
	static const char *const states[] = {
		"untested", "absent", "disabled", "enabled", "unknown"};
	static const char *const kinds[] = {"all", "exec", "dyn", "loose", "own", "none"};
	static const char *const answers[] = {"runs", "breaks", "slow", "shifts"};

	printf(" %s=%s(%s,%s%s)", name, states[state], kinds[form.kind],
		answers[world.answers[form.program]], form.preserve ? ",P" : "");
}

static void
world_show(void)
{
	printf("# world: table=%d%s%s on=%d", world.table, world.userns ? "(userns)" : "",
		world.elsewhere ? "(elsewhere)" : "", world.on);
	for (int i = 0; i < SLOT_COUNT; i++) {
		slot_show(slot_names[i], world.slots[i].state, world.slots[i].form);
		printf("%s%s", world.slots[i].again ? "" : "!again",
			world.slots[i].safe ? "" : "!safe");
	}
	if (world.hidden)
		slot_show("hidden", ENTRY_ENABLED, world.hidden_form);
	printf(" descriptor=%d", world.descriptor);
	slot_show("described", ENTRY_ABSENT, world.described);
	printf("%s emulator=%d", world.described_safe ? "" : "!safe", world.emulator);
	slot_show("made", ENTRY_ABSENT, (struct form){KIND_ALL, PROGRAM_MADE, 1});
	printf(" native=%s%s%s importer=%d\n", words_native(world.native),
		world.loader ? "" : " !loader", world.startable ? "" : " !startable",
		world.importer);
}

static void
trouble_show(void)
{
	printf("# trouble: lock=%d stop_at=%u meddle=%d at %u every %u leaves=%d undo=%d steps=",
		trouble.lock, trouble.stop_at, trouble.meddle, trouble.meddle_at,
		trouble.meddle_every, trouble.leaves, trouble.undo);
	for (int i = 0; i < STEP_COUNT; i++)
		printf("%d", trouble.steps[i]);
	printf("\n");
}

static void
call_show(void)
{
	printf("# call: %s%s: %s (tier %d) %s: %s\n", words_policy(call.policy),
		call.dry ? " -n" : "", words_reason(call.reason), call.tier, call.fault.object,
		call.fault.why);
	list_show("done", &call.steps.done);
	list_show("undo", &call.steps.undo);
	printf("# notes: %s | %s\n", call.notes ? call.notes : "",
		call.steps.notes ? call.steps.notes : "");
}

static void
broken(const char *claim)
{
	printf("not ok - world %lu: %s\n", number, claim);
	trouble_show();
	call_show();
	world_show();
	exit(1);
}

static void
call_reset(void)
{
	host_forget(&call.host);
	steps_free(&call.steps);
	free(call.notes);
	memset(&call, 0, sizeof(call));
	call.seconds = CALL_SECONDS;
}

static void
run(struct result *result, const struct world *start, enum policy policy, bool dry)
{
	static const struct stop stop = {.fd = -1};

	call_reset();
	world = *start;
	memset(&seen, 0, sizeof(seen));
	memset(&found, 0, sizeof(found));
	seen.broken = is_broken();
	call.policy = policy;
	call.dry = dry;
	if (verbose) {
		trouble_show();
		world_show();
	}
	call_run(&call, &stop);
	if (verbose)
		call_show();
	result->reason = call.reason;
	result->tier = call.tier;
	result->status = call_status(&call);
	list_copy(result->done, &result->done_count, &call.steps.done);
	list_copy(result->undo, &result->undo_count, &call.steps.undo);
	snprintf(result->object, sizeof(result->object), "%.60s", call.fault.object);
	snprintf(result->why, sizeof(result->why), "%.120s", call.fault.why);
	result->world = world;
	result->seen = seen;
}

/* ---- laws ---- */

static bool
world_same(const struct world *a, const struct world *b)
{
	for (int i = 0; i < SLOT_COUNT; i++) {
		const struct slot *one = &a->slots[i], *other = &b->slots[i];

		if (one->state != other->state
			|| (one->state != ENTRY_ABSENT
				&& (!form_same(one->form, other->form)
					|| one->again != other->again)))
			return false;
	}
	return a->on == b->on && a->descriptor == b->descriptor && a->directory == b->directory
		&& a->recorded == b->recorded;
}

/* The world as a mount leaves it, which is not undone. */
static void
world_mounted(struct world *start)
{
	start->table = HOST_TABLE_MOUNTED;
	start->elsewhere = false;
	if (!start->userns)
		return;
	for (int i = 0; i < SLOT_COUNT; i++)
		start->slots[i].state = ENTRY_ABSENT;
	start->on = true;
}

/* Between two of one step there is the one that undoes it. */
static bool
is_repeated(const struct result *result)
{
	for (unsigned int i = 0; i < result->done_count; i++) {
		bool undone = false;

		for (unsigned int j = i + 1; j < result->done_count; j++) {
			if (result->done[j][1] != result->done[i][1])
				continue;
			if (result->done[j][0] == result->done[i][0] && !undone)
				return true;
			undone = undone || result->done[j][0] == steps_inverse(result->done[i][0]);
		}
	}
	return false;
}

/* A success is what the world says. */
static void
success_check(const struct result *result)
{
	struct probe_result proof;
	enum host_serving now = world_serving(&proof);

	law(call.dry || result->seen.meddled || result->seen.proved,
		"what was changed was proved afterwards");
	if (!result->seen.proved || (call.dry && result->done_count > 0))
		return;
	if (result->reason == REASON_NATIVE)
		law(now == HOST_SERVING_KERNEL && world.loader, "native: the kernel runs it");
	else
		law(now == HOST_SERVING_ENTRY
				|| (now == HOST_SERVING_KERNEL && call.policy == POLICY_REGISTERED
					&& result->reason != REASON_OTHER_ENTRY
					&& result->reason != REASON_NATIVE_BLOCKED),
			"a success is one: armhf runs, as the policy wants it");
	law(result->done_count > 0 || result->seen.step_failed || result->seen.meddled
			|| trouble.lock != OUTCOME_DONE || result->seen.locks == 0,
		"with nothing to do no lock is taken");
}

static void
failure_check(const struct result *result, const struct world *start)
{
	bool is_symptom = strstr(call.fault.why, "armhf") != NULL, understood = !start->elsewhere;
	struct world before = *start;

	if (result->seen.mounted)
		world_mounted(&before);
	law(result->reason != REASON_NONE, "a failure has a reason");
	law(result->status > 128 || (call.fault.object[0] != '\0' && call.fault.why[0] != '\0'),
		"a failure has an object and a cause");
	if (result->seen.meddled)
		return;
	for (int i = 0; i < SLOT_COUNT; i++)
		understood = understood && start->slots[i].state != ENTRY_UNKNOWN;
	if (understood && strncmp(call.fault.object, "/i/", 3) == 0 && is_symptom)
		law(result->seen.executed & 1U << (call.fault.object[3] - '0'),
			"an interpreter that did not run is not blamed");
	if (!result->seen.undo_failed)
		law(result->undo_count == 0, "a failure leaves nothing to be undone");
	law(result->undo_count > 0 || world_same(&before, &result->world),
		"after a failure everything is as it was");
}

/* What a call gives to be undone brings back what was. */
static void
undo_check(const struct result *result, const struct world *start)
{
	static const struct stop stop = {.fd = -1};
	struct world before = *start;
	struct step_list undo = call.steps.undo;

	if (result->seen.mounted)
		world_mounted(&before);
	call.steps.undo = (struct step_list){.count = 0};
	call_reset();
	memset(&trouble, 0, sizeof(trouble));
	memset(&seen, 0, sizeof(seen));
	seen.direct = seen.broken = true;
	call.steps.undo = undo;
	call_undo(&call, &stop);
	law(call.reason == REASON_UNDO_DONE && call_status(&call) == 0, "a success can be undone");
	law(result->seen.replaced || result->seen.undo_failed || world_same(&before, &world),
		"undone, everything is as it was");
}

static void
call_check(const struct result *result, const struct world *start)
{
	law(result->tier >= 0 && result->tier <= 4, "a tier is one");
	law(call.restarts <= 9, "a call begins again at most 8 times");
	law(result->seen.locks <= 1, "the lock is asked for once");
	law(call.binfmt.table < 0 && call.binfmt.lock < 0, "the table is closed");
	law((result->status > 128) == (result->reason == REASON_INTERRUPTED)
			&& (result->status <= 128 || result->seen.stopped),
		"interrupted is a call that a signal stopped");
	law(result->seen.meddled || result->seen.step_failed || !is_repeated(result),
		"nothing is done twice");
	law(call.notes == NULL || (call.notes[0] != ':' && strstr(call.notes, "\n:") == NULL),
		"a warning has an object");
	if (result->status == 0)
		success_check(result);
	else
		failure_check(result, start);
}

static bool
result_same(const struct result *a, const struct result *b)
{
	return a->reason == b->reason && a->tier == b->tier && a->status == b->status
		&& a->done_count == b->done_count && a->undo_count == b->undo_count
		&& memcmp(a->done, b->done, a->done_count * sizeof(a->done[0])) == 0
		&& memcmp(a->undo, b->undo, a->undo_count * sizeof(a->undo[0])) == 0
		&& strcmp(a->object, b->object) == 0 && strcmp(a->why, b->why) == 0;
}

/* Change all that was not asked. */
static void
world_blur(struct world *start, const struct seen *asked)
{
	if (!(asked->asked & 1U << HOST_FACT_DESCRIPTOR)) {
		start->descriptor = HOST_DESCRIPTOR_ABSENT + below(5);
		start->described = random_form(PROGRAM_DESCRIBED);
		start->directory = true;
	}
	if (!(asked->asked & 1U << HOST_FACT_FIT))
		start->described_safe = !start->described_safe;
	if (!(asked->asked & 1U << HOST_FACT_EMULATOR))
		start->emulator = HOST_NO + below(3);
	if (!(asked->asked & 1U << HOST_FACT_IMPORTER))
		start->importer = !start->importer;
	if (!(asked->asked & 1U << HOST_FACT_LOADER))
		start->loader = !start->loader;
	if (!asked->kernel)
		start->native = HOST_NATIVE_YES + below(6);
	for (unsigned int i = 0; i < PROGRAM_COUNT; i++)
		if (!(asked->executed & 1U << i))
			start->answers[i] = (enum answer)below(ANSWER_COUNT);
}

/*
 * Some failures show in a trial alone: an emulator that does not understand flag P, a table that is
 * not the one in force, entries that a mount shows or hides, that come into effect with the status or
 * are newer than the one to be enabled, a loader that is asked where the kernel serves alone.
 */
static bool
is_hidden(const struct world *start)
{
	for (int i = 0; i < PROGRAM_COUNT; i++)
		if (start->answers[i] == ANSWER_SHIFTS)
			return true;
	for (int i = 0; i < SLOT_COUNT; i++)
		if (start->slots[i].state == ENTRY_UNKNOWN
			|| (start->table == HOST_TABLE_ABSENT
				&& start->slots[i].state != ENTRY_ABSENT)
			|| (i != SLOT_OWN && start->slots[i].state == ENTRY_ENABLED
				&& (!start->on
					|| (start->slots[SLOT_OWN].state == ENTRY_DISABLED
						&& start->slots[i].age
							> start->slots[SLOT_OWN].age))))
			return true;
	if (start->table == HOST_TABLE_ABSENT && start->userns && start->hidden)
		return true;
	return !start->loader || (start->table == HOST_TABLE_MOUNTED && start->elsewhere);
}

/* -n against the real run that follows. */
static void
dry_check(const struct result *dry, const struct result *real, const struct world *start)
{
	if (verbose)
		printf("# -n: %d %s (tier %d), %u steps\n", dry->status, words_reason(dry->reason),
			dry->tier, dry->done_count);
	law(world_same(start, &dry->world) && start->table == dry->world.table,
		"-n changes nothing");
	law(dry->done_count <= real->done_count
			&& memcmp(dry->done, real->done, dry->done_count * sizeof(dry->done[0]))
				== 0,
		"-n names the steps that come first");
	law(dry->status == 0 || dry->done_count == 0,
		"-n names no steps where it expects a failure");
	if (dry->done_count == 0 && dry->status == 0)
		law(real->done_count == 0, "-n names steps where there are some");
	if (!is_hidden(start))
		law(dry->status == real->status && dry->reason == real->reason
				&& dry->tier == real->tier,
			"-n says what the call ends with");
}

int
main(int argc, char **argv)
{
	static struct result result, other;
	static struct world start;
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : WORLDS;
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1, runs = 0;
	unsigned long statuses[3] = {0}, steps = 0;

	forms_make();
	verbose = count == 1;
	for (number = first; number < first + count; number++) {
		enum policy policy;

		random_start(number);
		random_world();
		start = world;
		policy = (enum policy)below(3);

		/* With all that can go wrong. */
		random_trouble();
		poison = 1 + below(1 << 20);
		run(&result, &start, policy, below(8) == 0);
		call_check(&result, &start);
		statuses[result.status == 0 ? 0 : result.status == 1 ? 1 : 2]++;
		steps += result.done_count;
		if (result.status == 0 && !result.seen.meddled && !call.dry
			&& result.undo_count > 0)
			undo_check(&result, &start);

		/* With nothing, and as -n. */
		memset(&trouble, 0, sizeof(trouble));
		run(&other, &start, policy, true);
		call_check(&other, &start);
		run(&result, &start, policy, false);
		call_check(&result, &start);
		dry_check(&other, &result, &start);

		/* And with other values of what it did not ask. */
		world_blur(&start, &result.seen);
		poison = 1 + below(1 << 20);
		run(&other, &start, policy, false);
		law(result_same(&result, &other), "what is not asked does not matter");
		runs += 4;
	}
	printf("ok - worlds %lu to %lu, %lu calls: %lu successes, %lu failures, %lu interruptions with "
	       "trouble; %lu steps\n",
		first, first + count - 1, runs, statuses[0], statuses[1], statuses[2], steps);
	return 0;
}
