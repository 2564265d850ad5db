/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide_table: print the decision as a table that a person can read beside the contract. Each policy is
 * decided for every value of each fact that it asks for, and of all that may come of its changes.
 */
#include "call.h"
#include "decide.h"
#include "descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum facet {
	TABLE,
	STATUS,
	OWN,
	OTHERS,
	NEWEST, /* of two that could serve */
	DESCRIPTOR,
	SERVING,
	NATIVE,
	LOADER,
	FIT,
	EMULATOR,
	DIRECT,
	IMPORTER,
	CREATE, /* what comes of writing the descriptor */
	CHANGE, /* what comes of the first change of the table */
	THEN,   /* serving after it */
	LAST,   /* serving after another one */
	FACET_COUNT,
};

static const struct {
	const char *name;
	const char *values[8];
} facets[FACET_COUNT] = {
	[TABLE] = {"table", {"mounted", "absent", "autofs", "impossible", "EACCES", "EIO"}},
	[STATUS] = {"status", {"on", "off"}},
	[OWN] = {"own", {"absent", "disabled", "unfit", "enabled", "pinned", "unknown", "every"}},
	[OTHERS] = {"others", {"none", "one", "loose", "all"}},
	[NEWEST] = {"newest", {"own", "other"}},
	[DESCRIPTOR] = {"descriptor", {"absent", "valid", "invalid", "EACCES"}},
	[SERVING] = {"serving", {"kernel", "entry", "broken", "slow", "nobody", "unknown"}},
	[NATIVE] = {"native", {"yes", "no"}},
	[LOADER] = {"loader", {"runs", "fails"}},
	[FIT] = {"fit", {"yes", "no"}},
	[EMULATOR] = {"emulator", {"found", "absent", "unsafe"}},
	[DIRECT] = {"direct", {"runs", "fails"}},
	[IMPORTER] = {"importer", {"found", "absent"}},
	[CREATE] = {"create", {"done", "failed"}},
	[CHANGE] = {"change", {"done", "refused"}},
	[THEN] = {"then", {"kernel", "entry", "broken", "slow", "nobody", "shifted"}},
	[LAST] = {"last", {"kernel", "entry", "broken"}},
};

enum serves { KERNEL, ENTRY, BROKEN, SLOW, NOBODY, UNKNOWN, SHIFTED = UNKNOWN };

#define LINES_MAX 40000

struct line {
	unsigned char values[FACET_COUNT]; /* bits */
	const char *verdict;
};

static struct line lines[LINES_MAX];
static unsigned int line_count;

/* The path that is followed: which facets were asked for, in order, and with which value. */
static enum facet asked[64];
static int value[FACET_COUNT]; /* -1: not asked */
static unsigned int depth;

static struct call call;
static struct host_claimer claimers[2];
static unsigned int changes; /* of the table */
static bool stands;          /* one of them does: this one */
static enum change standing;
static char verdict_text[512];
static bool in_tier4; /* its section is printed, once for all that come to it */

static unsigned int
value_count(enum facet facet)
{
	unsigned int count = 0;

	while (count < COUNT(facets[facet].values) && facets[facet].values[count] != NULL)
		count++;
	return count;
}

/* Where nothing could serve, nothing does; and after a change the serving that it could lead to. */
static bool
is_possible(enum facet facet, int is)
{
	static const int tier4[] = {[TABLE] = 0,
		[STATUS] = 0,
		[OWN] = 0,
		[OTHERS] = 0,
		[NEWEST] = 0,
		[DESCRIPTOR] = 0,
		[SERVING] = NOBODY};
	bool enabled = value[TABLE] > 0 || value[OTHERS] > 0
		|| (value[OWN] >= 3 && value[OWN] <= 5);

	if (in_tier4 && facet < COUNT(tier4))
		return is == tier4[facet];
	if (facet == SERVING && value[TABLE] == 0 && (!enabled || value[STATUS] == 1))
		return is == KERNEL || is == NOBODY || is == UNKNOWN;
	if (facet == THEN && standing == CHANGE_DISABLE)
		return is == KERNEL || is == NOBODY;
	if (facet == THEN)
		return is == ENTRY || is == BROKEN || is == SLOW
			|| (is == SHIFTED && value[DESCRIPTOR] == 0 && standing == CHANGE_REGISTER);
	if (facet == LAST)
		return is != KERNEL;
	return true;
}

static int
ask(enum facet facet)
{
	if (value[facet] < 0) {
		value[facet] = 0;
		while (!is_possible(facet, value[facet]))
			value[facet]++;
		asked[depth++] = facet;
	}
	return value[facet];
}

static void
say(const char *word)
{
	size_t used = strlen(verdict_text);

	snprintf(verdict_text + used, sizeof(verdict_text) - used, "%s ", word);
}

/* ---- what the facets are as facts ---- */

static void
serving_set(struct host *host, enum serves is, bool shifts)
{
	static const enum host_serving servings[] = {HOST_SERVING_KERNEL, HOST_SERVING_ENTRY,
		HOST_SERVING_BROKEN, HOST_SERVING_BROKEN, HOST_SERVING_NOBODY,
		HOST_SERVING_UNKNOWN};
	struct probe_result *proof = &host->proof;

	*proof = (struct probe_result){.end = PROBE_REFUSED, .error = ENOEXEC};
	if (is == KERNEL || is == ENTRY)
		*proof = (struct probe_result){
			.end = PROBE_EXITED, .answered = true, .value = PROBE_MAPS_ALL};
	if (is == SLOW)
		proof->end = PROBE_TIMEOUT;
	host->serving = servings[is];
	if (is == UNKNOWN && shifts) {
		host->serving = HOST_SERVING_BROKEN;
		*proof = (struct probe_result){
			.end = PROBE_EXITED, .answered = true, .value = PROBE_ARGUMENTS};
	}
	if (is == KERNEL)
		host->native = HOST_NATIVE_YES;
	if (is == NOBODY)
		host->native = HOST_NATIVE_NO_AARCH32;
}

static void
claimer_add(struct host *host, const char *name, bool enabled, const char *loose)
{
	struct host_claimer *claimer = &claimers[host->claimer_count++];

	*claimer = (struct host_claimer){.enabled = enabled, .takes = ENTRY_ALL, .loose = loose};
	strcpy(claimer->name, name);
}

static void
table_set(struct host *host)
{
	static const enum entry_state states[] = {ENTRY_ABSENT, ENTRY_DISABLED, ENTRY_DISABLED,
		ENTRY_ENABLED, ENTRY_ENABLED, ENTRY_UNKNOWN, ENTRY_DISABLED};
	static const enum host_table tables[] = {HOST_TABLE_MOUNTED, HOST_TABLE_ABSENT,
		HOST_TABLE_AUTOFS, HOST_TABLE_IMPOSSIBLE, HOST_TABLE_UNREADABLE,
		HOST_TABLE_UNREADABLE};
	bool ours = stands && standing != CHANGE_DISABLE, enabled = !stands || ours;
	int own, others;

	host->table = tables[ask(TABLE)];
	host->own.state = ENTRY_ABSENT;
	host->claimers = claimers;
	host->claimer_count = 0;
	fault_set(&host->table_fault,
		value[TABLE] == 4           ? EACCES
			: value[TABLE] == 5 ? EIO
					    : 0,
		"table", "why");
	if (host->table != HOST_TABLE_MOUNTED)
		return;
	host->on = ask(STATUS) == 0 || ours;
	own = ask(OWN);
	others = ask(OTHERS);
	descriptor_entry(&host->own, HOST_ENTRY_NAME, HOST_EMULATOR_STATIC, true);
	host->own.state = ours ? ENTRY_ENABLED : states[own];
	host->own_again = own != 4;
	host->own_may_serve = own != 2 && own < 5;
	if (own == 6 && !ours)
		host->own.size = 4;
	if (own != 0 && own != 5)
		claimer_add(host, HOST_ENTRY_NAME,
			ours || (enabled && host->own.state == ENTRY_ENABLED), NULL);
	else if (ours)
		claimer_add(host, HOST_ENTRY_NAME, true, NULL);
	if (others != 0)
		claimer_add(host, "zz", enabled, others >= 2 ? "why" : NULL);
	if (others == 3)
		strcpy(host->breaks, "zz");
	host->newest.state = ENTRY_UNTESTED;
	if (host->on && host_claimed(host, ENTRY_ALL) > 0) {
		bool both = host_claimed(host, ENTRY_ALL) == 2;
		bool registered = ours && standing != CHANGE_ENABLE;
		bool is_own = both ? registered || ask(NEWEST) == 0
				   : claimers[0].enabled && claimers[0].name[0] == 'q';

		host->newest.state = ENTRY_ENABLED;
		strcpy(host->newest.name, is_own ? HOST_ENTRY_NAME : "zz");
	}
}

int
probe_answer(const struct probe_result *result)
{
	return result->answered ? result->value : 0;
}

bool
probe_delivered(const struct probe_result *result)
{
	return probe_answer(result) == PROBE_MAPS_ALL;
}

bool
is_over(const struct call *one)
{
	return one->state != CALL_GOES_ON;
}

const struct host *
look(struct call *one, enum host_fact fact)
{
	static const enum host_descriptor descriptors[] = {HOST_DESCRIPTOR_ABSENT,
		HOST_DESCRIPTOR_VALID, HOST_DESCRIPTOR_INVALID, HOST_DESCRIPTOR_UNREADABLE};
	static const enum host_answer emulators[] = {HOST_YES, HOST_NO, HOST_UNSAFE};
	struct host *host = &one->host;

	if (is_over(one) || host_knows(host, fact))
		return host;
	switch (fact) {
	case HOST_FACT_TABLE: table_set(host); break;
	case HOST_FACT_DESCRIPTOR:
		if (one->policy == POLICY_NATIVE) {
			/* In the end native comes down to emulated. */
			say("as emulated");
			one->state = CALL_OVER;
			break;
		}
		host->descriptor = descriptors[ask(DESCRIPTOR)];
		fault_set(
			&host->descriptor_fault, value[DESCRIPTOR] == 3 ? EACCES : 0, "it", "why");
		break;
	case HOST_FACT_SERVING:
		look(one, HOST_FACT_TABLE);
		if (!stands)
			serving_set(host, (enum serves)ask(SERVING), false);
		else
			serving_set(host, (enum serves)ask(changes > 1 ? LAST : THEN), true);
		break;
	case HOST_FACT_NATIVE:
		host->native = ask(NATIVE) == 0 ? HOST_NATIVE_YES : HOST_NATIVE_NO_AARCH32;
		break;
	case HOST_FACT_LOADER: host->loader = ask(LOADER) == 0 ? HOST_YES : HOST_NO; break;
	case HOST_FACT_FIT: host->fit = ask(FIT) == 0 ? HOST_YES : HOST_NO; break;
	case HOST_FACT_EMULATOR:
		if (host->table == HOST_TABLE_MOUNTED && !in_tier4) {
			say("tier 4");
			one->state = CALL_OVER;
			break;
		}
		host->emulator = emulators[ask(EMULATOR)];
		break;
	case HOST_FACT_IMPORTER: host->importer = ask(IMPORTER) == 0 ? HOST_YES : HOST_NO; break;
	case HOST_FACT_DIRECT:
		host->direct = ask(DIRECT) == 0 ? HOST_YES : HOST_NO;
		host->direct_result = (struct probe_result){.end = PROBE_REFUSED, .error = ENOEXEC};
		break;
	}
	return host;
}

/* The claimers are not on the heap here. */
static void
forget(struct call *one)
{
	one->host.claimers = NULL;
	host_forget(&one->host);
}

enum outcome
attempt(struct call *one, enum change change, int tier, enum reason reason)
{
	static const char *const names[] = {
		"mount", "enable", "register", "replace", "create", "import", "disable"};
	bool first = changes == 0 && change != CHANGE_CREATE && change != CHANGE_IMPORT;

	(void)tier;
	(void)reason;
	if (is_over(one))
		return OUTCOME_INTERRUPTED;
	if (change == CHANGE_CREATE && ask(CREATE) == 1) {
		say("(create)");
		fault_set(&one->steps.fault, 0, "descriptor", "why");
		return OUTCOME_FAILED;
	}
	if (first && ask(CHANGE) == 1) {
		snprintf(verdict_text + strlen(verdict_text),
			sizeof(verdict_text) - strlen(verdict_text), "(%s) ", names[change]);
		fault_set(&one->steps.fault, EPERM, "change", "why");
		if (value[CREATE] == 0)
			say("undo");
		return OUTCOME_REFUSED;
	}
	say(names[change]);
	if (change == CHANGE_IMPORT)
		return OUTCOME_DONE;
	if (change != CHANGE_CREATE) {
		changes++;
		stands = true;
		standing = change;
	}
	forget(one);
	return OUTCOME_DONE;
}

bool
change(struct call *one, enum change what, int tier, enum reason reason)
{
	if (attempt(one, what, tier, reason) == OUTCOME_REFUSED)
		decide_refused(one, tier, REASON_NOT_PERMITTED);
	else
		look(one, HOST_FACT_TABLE);
	return !is_over(one);
}

void
undo(struct call *one)
{
	if (is_over(one) || !stands)
		return;
	say("undo");
	stands = false;
	forget(one);
}

bool
acquire(struct call *one)
{
	return !is_over(one);
}

void
begin_again(struct call *one)
{
	if (is_over(one))
		return;
	say("again");
	one->state = CALL_AGAIN;
}

void
verdict(struct call *one, int tier, enum reason reason, const struct fault *fault)
{
	size_t used;

	(void)fault;
	if (is_over(one))
		return;
	if (!words_success(reason))
		undo(one);
	used = strlen(verdict_text);
	snprintf(verdict_text + used, sizeof(verdict_text) - used, "%d %s (tier %d)",
		!words_success(reason), words_reason(reason), tier);
	one->state = CALL_OVER;
}

/* ---- the table ---- */

static void
follow(enum policy policy)
{
	forget(&call);
	free(call.notes);
	memset(&call, 0, sizeof(call));
	call.policy = policy;
	call.seconds = CALL_SECONDS;
	changes = 0;
	stands = false;
	verdict_text[0] = '\0';
	decide(&call);
}

/* The next path: the last facet that has another value takes it. False: there is none. */
static bool
path_next(void)
{
	while (depth > 0) {
		enum facet facet = asked[depth - 1];

		while (++value[facet] < (int)value_count(facet))
			if (is_possible(facet, value[facet]))
				return true;
		value[facet] = -1;
		depth--;
	}
	return false;
}

static const char *
verdict_keep(void)
{
	static const char *kept[256];
	static unsigned int count;

	for (unsigned int i = 0; i < count; i++)
		if (strcmp(kept[i], verdict_text) == 0)
			return kept[i];
	if (count == COUNT(kept) || (kept[count] = strdup(verdict_text)) == NULL)
		exit(2);
	return kept[count++];
}

static void
line_add(void)
{
	struct line *line = &lines[line_count++];
	if (line_count == LINES_MAX)
		exit(2);
	for (unsigned int i = 0; i < FACET_COUNT; i++)
		line->values[i] = (unsigned char)(value[i] < 0 ? (1U << value_count(i)) - 1
							       : 1U << value[i]);
	line->verdict = verdict_keep();
}

/* Make one line of two that differ in the values of this facet alone. */
static bool
lines_join(enum facet facet)
{
	bool joined = false;

	for (unsigned int i = 0; i < line_count; i++)
		for (unsigned int j = i + 1; j < line_count; j++) {
			struct line wide = lines[j];

			if (wide.verdict != lines[i].verdict)
				continue;
			wide.values[facet] = lines[i].values[facet];
			if (memcmp(wide.values, lines[i].values, sizeof(wide.values)) != 0)
				continue;
			lines[i].values[facet] |= lines[j].values[facet];
			memmove(&lines[j], &lines[j + 1], (--line_count - j) * sizeof(*lines));
			j--;
			joined = true;
		}
	return joined;
}

/* The values that the facet could take beside the others of the line: those that are not there say nothing. */
static unsigned int
values_possible(const struct line *line, enum facet facet)
{
	unsigned int all = (1U << value_count(facet)) - 1;

	if (facet == SERVING && line->values[TABLE] == 1
		&& (line->values[STATUS] == 2
			|| (line->values[OTHERS] == 1 && (line->values[OWN] & 0x38) == 0)))
		return 1U << KERNEL | 1U << NOBODY | 1U << UNKNOWN;
	if (facet == THEN)
		all &= ~(1U << KERNEL | 1U << NOBODY | (in_tier4 ? 0 : 1U << SHIFTED));
	return facet == LAST ? 1U << ENTRY | 1U << BROKEN : all;
}

/* The values by name, or, where that is shorter, those that are missing. */
static void
values_print(const struct line *line, enum facet facet)
{
	unsigned int values = line->values[facet], possible = values_possible(line, facet), set = 0,
		     all = 0;
	const char *between = "=";

	if ((values & possible) == possible)
		return;
	for (unsigned int i = 0; i < value_count(facet); i++) {
		set += values >> i & 1;
		all += possible >> i & 1;
	}
	if (set > 1 && set > all - set && (values & ~possible) == 0) {
		values = possible & ~values;
		between = "!=";
	}
	fputs(facets[facet].name, stdout);
	for (unsigned int i = 0; i < value_count(facet); i++) {
		if (!(values >> i & 1))
			continue;
		printf("%s%s", between, facets[facet].values[i]);
		between = "|";
	}
	putchar(' ');
}

static void
section_print(enum policy policy)
{
	bool joined;

	if (in_tier4)
		printf("\n## tier 4\n");
	else
		printf("\n## -p %s\n", words_policy(policy));
	line_count = depth = 0;
	for (unsigned int i = 0; i < FACET_COUNT; i++)
		value[i] = -1;
	do {
		follow(policy);
		line_add();
	} while (path_next());
	do {
		joined = false;
		for (unsigned int facet = FACET_COUNT; facet-- > 0;)
			joined |= lines_join(facet);
	} while (joined);
	for (unsigned int i = 0; i < line_count; i++) {
		for (unsigned int facet = in_tier4 ? NATIVE : 0; facet < FACET_COUNT; facet++)
			values_print(&lines[i], facet);
		printf("=> %s\n", lines[i].verdict);
	}
}

static const char introduction[] =
	"# The decision, policy by policy, to be read beside the manual. Printed by build/tests/decide_table.\n"
	"#\n"
	"# A line is: facts => changes verdict. A fact that is not named does not matter; every case is on one line.\n"
	"#   table       mounted, absent, an autofs, impossible (no such directory), or the errno of reading it\n"
	"#   own         the entry qemu-arm; unfit: disabled, and may not be enabled; pinned: enabled, and could not be\n"
	"#               registered again; unknown: its text is not understood; every: disabled, and takes this machine's programs\n"
	"#   others      an enabled entry of another name: one, a loose one, or one that takes this machine's programs\n"
	"#   newest      of both, the one that the kernel asks first\n"
	"#   serving     who runs armhf: the kernel, an entry, an entry that fails or is slow, nobody; unknown: no probe\n"
	"#   fit         may the descriptor's entry be registered; direct: its interpreter, or the emulator, runs the probe\n"
	"#   create, change   what comes of writing the descriptor, and of the first change of the table\n"
	"#   then, last  serving after the first change, and after the second; shifted: its arguments do not arrive\n"
	"#\n"
	"# A change in parentheses fails. Undo: all that was done is undone. Again: the call begins again from the facts.\n"
	"# With status off, status-on is a part of each change of an entry.\n";

int
main(void)
{
	fputs(introduction, stdout);
	section_print(POLICY_REGISTERED);
	section_print(POLICY_EMULATED);
	section_print(POLICY_NATIVE);
	in_tier4 = true;
	section_print(POLICY_REGISTERED);
	return fflush(stdout) != 0;
}
