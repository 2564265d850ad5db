/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_table: print the decision as a table that a person can read beside "How it decides" in README.md. It starts with
 * nothing known and nothing done; where the decision asks for a fact it takes every value in turn, and where
 * it changes something it goes on from everything that may come of that.
 */
#include "plan_facts.h"

#include <stdlib.h>

#define STATES_MAX 128
#define LINES_MAX  8192

/* The policy, and what the call has come to: each has a section, or shares it with those alike. */
struct state {
	enum plan_policy policy;
	struct plan_past past;
	char *text;
};

/* The values of each facet, as bits, that lead to one verdict. */
struct line {
	unsigned int values[FACET_COUNT];
	const char *verdict;
};

static struct state states[STATES_MAX];
static unsigned int state_count;
static struct line lines[LINES_MAX];
static unsigned int line_count;

static void
give_up(const char *why)
{
	fprintf(stderr, "plan_table: %s\n", why);
	exit(1);
}

/* A stream into memory; what is written to it is kept until the program ends. */
static FILE *
text_open(char **text)
{
	static size_t size;
	FILE *file = open_memstream(text, &size);

	if (!file)
		give_up("no memory");
	return file;
}

/* A step went wrong: what this stage says of it is why. */
static bool
stage_is_wrong(enum plan_stage stage)
{
	return stage == PLAN_STAGE_REFUSED || stage == PLAN_STAGE_FAILED;
}

static void
state_add(enum plan_policy policy, struct plan_past past)
{
	if (!stage_is_wrong(past.stage))
		past.reason = PLAN_REASON_NONE;
	if (past.stage == PLAN_STAGE_NOTHING)
		past.tier = 0;
	for (unsigned int i = 0; i < state_count; i++)
		if (states[i].policy == policy && states[i].past.stage == past.stage
			&& states[i].past.reason == past.reason && states[i].past.tier == past.tier)
			return;
	if (state_count == STATES_MAX)
		give_up("too many states");
	states[state_count++] = (struct state){.policy = policy, .past = past};
}

/* Everything that may come of the plan. */
static void
state_follow(const struct state *state, const struct plan *plan)
{
	struct plan_past after = state->past;

	switch (plan->kind) {
	case PLAN_KIND_ASK: break;
	case PLAN_KIND_STEPS:
		for (unsigned int i = 0; i < plan->step_count; i++)
			for (unsigned int outcome = 0; outcome <= PLAN_OUTCOME_INTERRUPTED;
				outcome++) {
				plan_after(&after, plan, plan->steps[i].kind, outcome);
				state_add(state->policy, after);
			}
		break;
	case PLAN_KIND_BACK:
		after.stage = plan->next;
		state_add(state->policy, after);
		break;
	case PLAN_KIND_DONE:
		/* A failure is told under the lock, which may not be had in time. */
		if (!plan_reason_success(plan->reason)) {
			plan_after(&after, plan, PLAN_STEP_KIND_COUNT, PLAN_OUTCOME_BUSY);
			state_add(state->policy, after);
		}
		break;
	}
}

static void
verdict_steps(FILE *file, const struct plan *plan)
{
	char token[NAME_MAX * 4 + 32];

	for (unsigned int i = 0; i < plan->step_count; i++) {
		plan_step_print(&plan->steps[i], token, sizeof(token));
		fprintf(file, "%s ", token);
	}
}

/* The section whose lines this one need not repeat: at last native comes down to emulated, and a later stage to none. */
static bool
state_repeats(const struct state *state, struct state *other)
{
	*other = (struct state){.policy = state->policy};
	if (state->policy == PLAN_POLICY_NATIVE)
		other->policy = PLAN_POLICY_EMULATED;
	return !stage_is_wrong(state->past.stage)
		&& (state->policy != other->policy || state->past.stage != other->past.stage);
}

static const char *
verdict(const struct state *state, const struct host *host, const struct plan *plan)
{
	static struct plan there;
	struct state other;
	char *text;
	FILE *file = text_open(&text);

	if (state_repeats(state, &other)) {
		plan_decide(&there, host, other.policy, &other.past);
		if (plan_same(plan, &there)) {
			fprintf(file, "as %s/nothing", plan_policy_name(other.policy));
			fclose(file);
			return text;
		}
	}
	switch (plan->kind) {
	case PLAN_KIND_ASK: break;
	case PLAN_KIND_STEPS:
		verdict_steps(file, plan);
		fprintf(file, "(tier %d) -> %s", plan->tier, stage_names[plan->next]);
		break;
	case PLAN_KIND_BACK: fprintf(file, "put back -> %s", stage_names[plan->next]); break;
	case PLAN_KIND_DONE:
		if (stage_is_wrong(state->past.stage) && plan->reason == state->past.reason
			&& plan->tier == state->past.tier)
			fprintf(file, "1 as said above");
		else
			fprintf(file, "%d %s (tier %d)", !plan_reason_success(plan->reason),
				plan_reason_name(plan->reason), plan->tier);
		break;
	}
	fclose(file);
	return text;
}

static unsigned int
facet_all(enum facet facet)
{
	return (1U << facets[facet].told) - 1;
}

/* From the first on, make one line of two that differ in the values of this facet alone. */
static bool
lines_join(unsigned int first, enum facet facet)
{
	bool joined = false;

	for (unsigned int i = first; i < line_count; i++)
		for (unsigned int j = i + 1; j < line_count; j++) {
			struct line wide = lines[j];

			wide.values[facet] = lines[i].values[facet];
			if (memcmp(wide.values, lines[i].values, sizeof(wide.values)) != 0
				|| strcmp(wide.verdict, lines[i].verdict) != 0)
				continue;
			lines[i].values[facet] |= lines[j].values[facet];
			memmove(&lines[j], &lines[j + 1], (--line_count - j) * sizeof(*lines));
			j--;
			joined = true;
		}
	return joined;
}

/* Follow the decision from these values to its verdicts: a line for each. */
static void
walk(const struct state *state, struct host *host, unsigned int values[FACET_COUNT]);

static void
walk_facet(const struct state *state, struct host *host, unsigned int values[FACET_COUNT],
	enum facet facet)
{
	unsigned int all = values[facet];
	unsigned int first = line_count;

	for (unsigned int i = 0; i < facets[facet].told; i++) {
		enum facet next;

		values[facet] = 1U << i;
		facet_set(host, facet, i);
		next = facet_next(host, facet);
		if (next == FACET_COUNT)
			walk(state, host, values);
		else
			walk_facet(state, host, values, next);
	}
	values[facet] = all;
	lines_join(first, facet);
}

static void
walk(const struct state *state, struct host *host, unsigned int values[FACET_COUNT])
{
	static struct plan plan;
	struct line *line;

	plan_decide(&plan, host, state->policy, &state->past);
	if (plan.kind == PLAN_KIND_ASK) {
		enum host_fact fact = plan.ask;

		if (fact_known(host, fact))
			give_up("a fact is asked for that is known");
		walk_facet(state, host, values, facet_of(fact));
		fact_forget(host, fact);
		return;
	}
	state_follow(state, &plan);
	if (line_count == LINES_MAX)
		give_up("too many lines");
	line = &lines[line_count++];
	memcpy(line->values, values, sizeof(line->values));
	line->verdict = verdict(state, host, &plan);
}

/* The values by name, or, where that is shorter, those that are missing. */
static void
values_print(FILE *file, enum facet facet, unsigned int values)
{
	unsigned int count = facets[facet].told;
	unsigned int set = 0;
	const char *between = "=";

	for (unsigned int i = 0; i < count; i++)
		set += values >> i & 1;
	if (set > count - set) {
		values = ~values;
		between = "!=";
	}
	fputs(facets[facet].name, file);
	for (unsigned int i = 0; i < count; i++) {
		if (!(values >> i & 1))
			continue;
		fprintf(file, "%s%s", between, facets[facet].values[i]);
		between = "|";
	}
	fputc(' ', file);
}

static void
lines_print(FILE *file)
{
	for (unsigned int i = 0; i < line_count; i++) {
		for (unsigned int facet = 0; facet < FACET_COUNT; facet++)
			if (lines[i].values[facet] != facet_all(facet))
				values_print(file, facet, lines[i].values[facet]);
		fprintf(file, "=> %s\n", lines[i].verdict);
	}
}

static void
state_write(struct state *state)
{
	static struct host host;
	unsigned int values[FACET_COUNT];
	FILE *file = text_open(&state->text);
	bool joined;

	for (unsigned int facet = 0; facet < FACET_COUNT; facet++)
		values[facet] = facet_all(facet);
	line_count = 0;
	walk(state, &host, values);
	do {
		joined = false;
		for (unsigned int facet = FACET_COUNT; facet-- > 0;)
			joined |= lines_join(0, facet);
	} while (joined);
	lines_print(file);
	fclose(file);
}

/* Whose section this is: every state with these lines. */
static void
states_print(const char *text)
{
	enum plan_policy policy = PLAN_POLICY_REGISTERED;
	enum plan_stage stage = PLAN_STAGE_COUNT;

	for (unsigned int i = 0; i < state_count; i++) {
		const struct plan_past *past = &states[i].past;

		if (strcmp(states[i].text, text) != 0)
			continue;
		if (past->stage != stage || states[i].policy != policy)
			printf("\n## %s/%s", plan_policy_name(states[i].policy),
				stage_names[past->stage]);
		policy = states[i].policy;
		stage = past->stage;
		if (past->reason)
			printf(" %s(%d)", plan_reason_name(past->reason), past->tier);
		else if (past->tier)
			printf("(%d)", past->tier);
	}
	printf("\n%s", text);
}

static int
state_compare(const void *a, const void *b)
{
	const struct state *left = a, *right = b;

	if (left->past.stage != right->past.stage)
		return (int)left->past.stage - (int)right->past.stage;
	if (left->policy != right->policy)
		return (int)left->policy - (int)right->policy;
	if (left->past.reason != right->past.reason)
		return (int)left->past.reason - (int)right->past.reason;
	return left->past.tier - right->past.tier;
}

static const char introduction[] =
	"# The decision, to be read beside README.md's \"How it decides\". Printed by build/tests/plan_table.\n"
	"#\n"
	"# A section is for a policy and what the call has come to so far: nothing, the change of its own that stands,\n"
	"# or what was put back (unproved, kept, refused, failed: with why). In parentheses the tier it was in.\n"
	"#\n"
	"# A line is: facts => verdict. What is not named there does not matter; every case is on one line alone.\n"
	"#   table       the errno of reading it, not mounted, an autofs, or mounted with status and entries:\n"
	"#   own         the entry qemu-arm; idle: enabled, and takes no armhf; unknown: it cannot be understood\n"
	"#   others      entries by other names that take armhf: disabled, one, a loose one, or one beyond those that are kept\n"
	"#   descriptor  /usr/share/binfmts/qemu-arm, or the errno of reading it\n"
	"#   serving     who runs armhf: the kernel, an entry, an entry that fails, nobody; unknown: no probe starts\n"
	"#   native, loader, fit (may the descriptor's entry be registered), emulator, importer (update-binfmts)\n"
	"#\n"
	"# A verdict is: status, reason and tier; or steps, their tier, and what the call has come to with them;\n"
	"# or that what stands is put back; or the other section that says it.\n";

int
main(void)
{
	fputs(introduction, stdout);
	for (unsigned int policy = PLAN_POLICY_REGISTERED; policy <= PLAN_POLICY_EMULATED; policy++)
		state_add(policy, (struct plan_past){.stage = PLAN_STAGE_NOTHING});
	for (unsigned int i = 0; i < state_count; i++)
		state_write(&states[i]);
	qsort(states, state_count, sizeof(states[0]), state_compare);
	for (unsigned int i = 0; i < state_count; i++) {
		unsigned int first = 0;

		while (strcmp(states[first].text, states[i].text) != 0)
			first++;
		if (first == i)
			states_print(states[i].text);
	}
	return fflush(stdout) != 0;
}
