/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_laws: every combination of facts, policy and stage, against what README.md promises. Follows the decision
 * from nothing known, as it asks; where it has its answer, all that it did not ask for takes every value, and the
 * answer must stay. So each combination comes up once, and each must obey the laws.
 */
#include "plan_facts.h"
#include "tap.h"

/* One combination and what was decided for it. */
struct world {
	enum plan_policy policy;
	struct plan_past past;
	const struct host *host;
	const struct plan *plan;
};

struct law {
	const char *claim;
	bool (*holds)(const struct world *world);
	unsigned long broken;
};

/* What the laws are about, said anew, not taken from the decision. */

static bool
is_success(enum plan_reason reason)
{
	return reason > PLAN_REASON_NONE && reason < PLAN_REASON_DESCRIPTOR_INVALID;
}

static bool
is_mounted(const struct host *host)
{
	return host->table == HOST_TABLE_MOUNTED;
}

static bool
is_forbidden(const struct fault *fault)
{
	return fault->error == EACCES || fault->error == EPERM;
}

static bool
is_caught(const struct host *host)
{
	return host->serving == HOST_SERVING_ENTRY || host->serving == HOST_SERVING_BROKEN;
}

static bool
is_native(const struct host *host)
{
	return host->serving == HOST_SERVING_KERNEL && host->loader != HOST_LOADER_FAILS;
}

static bool
is_timeout(const struct host *host)
{
	return (host->serving == HOST_SERVING_BROKEN || host->serving == HOST_SERVING_NOBODY)
		&& host->proof.end == PROBE_TIMEOUT;
}

static bool
is_descriptor_bad(const struct host *host)
{
	return host->descriptor != HOST_DESCRIPTOR_VALID
		&& host->descriptor != HOST_DESCRIPTOR_ABSENT;
}

/* The entry qemu-arm counts as enabled. */
static bool
is_own_enabled(const struct host *host)
{
	return is_mounted(host) && host->status == HOST_SWITCH_ON
		&& (host->own.state == ENTRY_ENABLED || host->own.state == ENTRY_UNKNOWN);
}

static bool
is_own_disabled(const struct host *host)
{
	return is_mounted(host) && host->own.state != ENTRY_ABSENT && !is_own_enabled(host);
}

/* An enabled claimer is listed and catches nothing: the table that is shown is not the one in force. */
static bool
is_missed(const struct host *host)
{
	bool claimed = host->claimer_more > 0;

	for (unsigned int i = 0; i < host->claimer_count; i++)
		claimed |= host->claimers[i].enabled;
	return is_mounted(host) && host->status == HOST_SWITCH_ON && claimed && !is_caught(host)
		&& host->serving != HOST_SERVING_UNKNOWN;
}

/* Something went wrong, and what stood is put back: the verdict is all that is left. */
static bool
is_over(const struct world *world)
{
	return world->past.stage == PLAN_STAGE_REFUSED || world->past.stage == PLAN_STAGE_FAILED;
}

/* A change of this call stands. */
static bool
is_standing(const struct world *world)
{
	switch (world->past.stage) {
	case PLAN_STAGE_ENABLED:
	case PLAN_STAGE_REGISTERED:
	case PLAN_STAGE_REPLACED:
	case PLAN_STAGE_CREATED:
	case PLAN_STAGE_IMPORTED: return true;
	default: return false;
	}
}

static bool
is_tier4_stage(const struct world *world)
{
	return world->past.stage == PLAN_STAGE_CREATED || world->past.stage == PLAN_STAGE_IMPORTED;
}

/* Where the step is in the plan, or -1. */
static int
step_at(const struct plan *plan, enum plan_step_kind kind)
{
	for (unsigned int i = 0; i < plan->step_count; i++)
		if (plan->steps[i].kind == kind)
			return (int)i;
	return -1;
}

static bool
has_step(const struct world *world, enum plan_step_kind kind)
{
	return step_at(world->plan, kind) >= 0;
}

/* Of every decision. */

static bool
law_answer(const struct world *world)
{
	return world->plan->kind == PLAN_KIND_STEPS || world->plan->kind == PLAN_KIND_BACK
		|| world->plan->kind == PLAN_KIND_DONE;
}

static bool
law_native_first(const struct world *world)
{
	return !(world->policy == PLAN_POLICY_NATIVE && world->past.stage == PLAN_STAGE_NOTHING
		       && world->host->table != HOST_TABLE_UNREADABLE && is_native(world->host))
		|| (world->plan->kind == PLAN_KIND_DONE
			&& world->plan->reason == PLAN_REASON_NATIVE);
}

static bool
law_descriptor_first(const struct world *world)
{
	return !(world->policy != PLAN_POLICY_NATIVE && is_mounted(world->host)
		       && world->host->descriptor == HOST_DESCRIPTOR_VALID && !is_over(world)
		       && !is_tier4_stage(world))
		|| world->plan->kind == PLAN_KIND_BACK || world->plan->tier == 1;
}

static bool
law_descriptor_bad(const struct world *world)
{
	return !(world->policy != PLAN_POLICY_NATIVE && is_descriptor_bad(world->host)
		       && world->past.stage == PLAN_STAGE_NOTHING)
		|| (world->plan->kind == PLAN_KIND_DONE
			&& (!is_success(world->plan->reason)
				|| (world->host->serving == HOST_SERVING_ENTRY
					&& world->host->descriptor != HOST_DESCRIPTOR_UNREADABLE)));
}

static bool
law_disabled_stays(const struct world *world)
{
	return !(world->policy == PLAN_POLICY_REGISTERED && is_own_disabled(world->host)
		       && world->host->descriptor != HOST_DESCRIPTOR_VALID
		       && world->past.stage == PLAN_STAGE_NOTHING)
		|| (world->plan->kind == PLAN_KIND_DONE && !is_success(world->plan->reason));
}

static bool
law_over(const struct world *world)
{
	return !is_over(world) || world->plan->kind == PLAN_KIND_DONE;
}

static bool
law_taken_away(const struct world *world)
{
	return !(is_standing(world) && is_mounted(world->host) && !is_own_enabled(world->host))
		|| world->plan->kind == PLAN_KIND_BACK;
}

static bool
law_back(const struct world *world)
{
	if (world->plan->kind != PLAN_KIND_BACK)
		return true;
	if (world->past.stage == PLAN_STAGE_SWITCHED_OFF)
		return world->plan->next == PLAN_STAGE_UNPROVED && !is_native(world->host);
	return world->plan->next == PLAN_STAGE_NOTHING && is_standing(world)
		&& !is_own_enabled(world->host);
}

/* Of verdicts. */

static bool
law_runs(const struct world *world)
{
	return !is_success(world->plan->reason) || world->host->serving == HOST_SERVING_KERNEL
		|| world->host->serving == HOST_SERVING_ENTRY;
}

static bool
law_native(const struct world *world)
{
	return world->plan->reason != PLAN_REASON_NATIVE || is_native(world->host);
}

static bool
law_entry(const struct world *world)
{
	switch (world->plan->reason) {
	case PLAN_REASON_DESCRIPTOR_CREATED:
	case PLAN_REASON_ENTRY_ENABLED:
	case PLAN_REASON_OTHER_ENTRY:
	case PLAN_REASON_NATIVE_BLOCKED: return world->host->serving == HOST_SERVING_ENTRY;
	default: return true;
	}
}

static bool
law_emulated(const struct world *world)
{
	return world->policy == PLAN_POLICY_REGISTERED || !is_success(world->plan->reason)
		|| world->host->serving == HOST_SERVING_ENTRY
		|| world->plan->reason == PLAN_REASON_NATIVE;
}

static bool
law_emulated_native(const struct world *world)
{
	return world->policy != PLAN_POLICY_EMULATED || world->plan->reason != PLAN_REASON_NATIVE
		|| world->past.stage == PLAN_STAGE_REFUSED
		|| world->host->table == HOST_TABLE_AUTOFS;
}

static bool
law_tier(const struct world *world)
{
	int tier = world->plan->tier;

	if (is_over(world) && !is_success(world->plan->reason))
		return tier == world->past.tier;
	switch (world->plan->reason) {
	case PLAN_REASON_DESCRIPTOR_REGISTERED:
	case PLAN_REASON_DESCRIPTOR_ENABLED:
	case PLAN_REASON_DESCRIPTOR_CURRENT:
	case PLAN_REASON_DESCRIPTOR_RELOADED:
	case PLAN_REASON_DESCRIPTOR_INVALID:
	case PLAN_REASON_DESCRIPTOR_FAILED:
	case PLAN_REASON_SYSTEM_ERROR: return tier == 1;
	case PLAN_REASON_ENTRY_TRUSTED:
	case PLAN_REASON_ENTRY_ENABLED:
	case PLAN_REASON_ENTRY_DISABLED: return tier == 2;
	case PLAN_REASON_ENTRY_BROKEN: return tier == 2 || tier == 3;
	case PLAN_REASON_OTHER_ENTRY:
	case PLAN_REASON_NATIVE:
	case PLAN_REASON_NATIVE_BLOCKED: return tier == 3;
	case PLAN_REASON_DESCRIPTOR_CREATED:
	case PLAN_REASON_EMULATOR_MISSING:
	case PLAN_REASON_REGISTRATION_FAILED: return tier == 4;
	case PLAN_REASON_BINFMT_UNAVAILABLE:
	case PLAN_REASON_NOT_PERMITTED:
	case PLAN_REASON_PROBE_TIMEOUT:
	case PLAN_REASON_PROBE_FAILED: return tier >= 0 && tier <= 4;
	default: return false;
	}
}

/* The order in which failures are named. */
static bool
law_rank(const struct world *world)
{
	const struct host *host = world->host;
	enum plan_reason reason = world->plan->reason;

	if (is_success(reason) || is_over(world) || reason == PLAN_REASON_NOT_PERMITTED)
		return true;
	if (reason == PLAN_REASON_BINFMT_UNAVAILABLE)
		return is_missed(host) || !is_mounted(host);
	if (is_missed(host))
		return false;
	if ((reason == PLAN_REASON_PROBE_FAILED) != (host->serving == HOST_SERVING_UNKNOWN))
		return false;
	return (reason == PLAN_REASON_PROBE_TIMEOUT) == is_timeout(host);
}

static bool
law_not_permitted(const struct world *world)
{
	const struct host *host = world->host;

	return world->plan->reason != PLAN_REASON_NOT_PERMITTED || is_over(world)
		|| (host->table == HOST_TABLE_UNREADABLE && is_forbidden(&host->table_fault))
		|| (host->descriptor == HOST_DESCRIPTOR_UNREADABLE
			&& is_forbidden(&host->descriptor_fault))
		|| world->past.stage == PLAN_STAGE_KEPT;
}

static bool
law_unreadable(const struct world *world)
{
	return world->host->table != HOST_TABLE_UNREADABLE
		|| world->past.stage == PLAN_STAGE_REFUSED || !is_success(world->plan->reason)
		|| (world->policy == PLAN_POLICY_NATIVE && is_native(world->host));
}

static bool
law_refused(const struct world *world)
{
	bool runs = world->host->serving == HOST_SERVING_ENTRY || is_native(world->host);

	return world->past.stage != PLAN_STAGE_REFUSED
		|| (runs ? is_success(world->plan->reason)
			 : world->plan->reason == world->past.reason);
}

static bool
law_failed(const struct world *world)
{
	return world->past.stage != PLAN_STAGE_FAILED || world->plan->reason == world->past.reason;
}

static bool
law_blocked(const struct world *world)
{
	return world->plan->reason != PLAN_REASON_NATIVE_BLOCKED
		|| (world->policy == PLAN_POLICY_NATIVE
			&& (world->host->native == HOST_NATIVE_YES
				|| world->host->native == HOST_NATIVE_PAGE_SIZE
				|| world->past.stage != PLAN_STAGE_NOTHING));
}

/* Of steps. */

static bool
law_count(const struct world *world)
{
	return world->plan->step_count > 0 && world->plan->step_count <= COUNT(world->plan->steps)
		&& is_success(world->plan->reason);
}

static bool
law_not_undoing(const struct world *world)
{
	return !has_step(world, PLAN_STEP_STATUS_OFF)
		&& !has_step(world, PLAN_STEP_REMOVE_DESCRIPTOR)
		&& !has_step(world, PLAN_STEP_UNIMPORT);
}

static bool
law_table(const struct world *world)
{
	return is_mounted(world->host) ? !has_step(world, PLAN_STEP_MOUNT)
				       : world->host->table == HOST_TABLE_ABSENT
			&& world->plan->step_count == 1 && has_step(world, PLAN_STEP_MOUNT);
}

static bool
law_mount(const struct world *world)
{
	const struct host *host = world->host;

	if (!has_step(world, PLAN_STEP_MOUNT))
		return true;
	if (host->serving == HOST_SERVING_ENTRY || host->serving == HOST_SERVING_UNKNOWN
		|| world->plan->next != PLAN_STAGE_NOTHING)
		return false;
	if (world->plan->tier == 3)
		return world->policy == PLAN_POLICY_NATIVE && host->serving == HOST_SERVING_BROKEN
			&& (host->native == HOST_NATIVE_YES
				|| host->native == HOST_NATIVE_PAGE_SIZE);
	if (host->descriptor == HOST_DESCRIPTOR_VALID)
		return world->plan->tier == 1 && host->fit == HOST_FIT_YES;
	return world->plan->tier == 4 && host->descriptor == HOST_DESCRIPTOR_ABSENT
		&& host->emulator == HOST_EMULATOR_FOUND
		&& (!is_native(host) || world->policy == PLAN_POLICY_EMULATED
			|| world->past.stage != PLAN_STAGE_NOTHING);
}

static bool
law_names(const struct world *world)
{
	for (unsigned int i = 0; i < world->plan->step_count; i++) {
		const struct plan_step *step = &world->plan->steps[i];

		switch (step->kind) {
		case PLAN_STEP_ENABLE:
		case PLAN_STEP_REGISTER:
		case PLAN_STEP_UNREGISTER:
			if (strcmp(step->name, HOST_ENTRY_NAME) != 0
				|| world->host->own.state == ENTRY_UNKNOWN)
				return false;
			break;
		case PLAN_STEP_DISABLE: break;
		default:
			if (step->name[0] != '\0')
				return false;
		}
	}
	return true;
}

static bool
law_disable(const struct world *world)
{
	const struct host *host = world->host;
	const struct plan *plan = world->plan;
	unsigned int at = 0;

	if (!has_step(world, PLAN_STEP_DISABLE))
		return true;
	if (world->policy != PLAN_POLICY_NATIVE || world->past.stage != PLAN_STAGE_NOTHING
		|| host->claimer_more > 0 || host->status != HOST_SWITCH_ON || !is_caught(host)
		|| (host->native != HOST_NATIVE_YES && host->native != HOST_NATIVE_PAGE_SIZE)
		|| plan->next != PLAN_STAGE_SWITCHED_OFF || plan->reason != PLAN_REASON_NATIVE
		|| plan->tier != 3)
		return false;
	for (unsigned int i = 0; i < host->claimer_count; i++) {
		if (!host->claimers[i].enabled)
			continue;
		if (host->claimers[i].loose || at == plan->step_count
			|| plan->steps[at].kind != PLAN_STEP_DISABLE
			|| strcmp(plan->steps[at].name, host->claimers[i].name) != 0)
			return false;
		at++;
	}
	return at == plan->step_count;
}

static bool
law_status(const struct world *world)
{
	return step_at(world->plan, PLAN_STEP_STATUS_ON)
		== (world->host->status == HOST_SWITCH_OFF ? 0 : -1);
}

static bool
law_enable(const struct world *world)
{
	return !has_step(world, PLAN_STEP_ENABLE)
		|| (world->host->own.state == ENTRY_DISABLED
			&& world->plan->next == PLAN_STAGE_ENABLED
			&& (world->policy != PLAN_POLICY_REGISTERED
				|| world->host->descriptor == HOST_DESCRIPTOR_VALID));
}

static bool
law_register(const struct world *world)
{
	const struct plan *plan = world->plan;
	int at = step_at(plan, PLAN_STEP_REGISTER);
	bool replaces = at > 0 && plan->steps[at - 1].kind == PLAN_STEP_UNREGISTER;
	bool created = at > 0 && plan->steps[at - 1].kind == PLAN_STEP_CREATE_DESCRIPTOR;

	if (at < 0)
		return true;
	if (!replaces && world->host->own.state != ENTRY_ABSENT)
		return false;
	if (plan->tier == 4)
		return created;
	return plan->tier == 1 && !created && world->host->descriptor == HOST_DESCRIPTOR_VALID
		&& world->host->fit == HOST_FIT_YES;
}

static bool
law_unregister(const struct world *world)
{
	const struct host *host = world->host;
	const struct plan *plan = world->plan;
	int at = step_at(plan, PLAN_STEP_UNREGISTER);

	if (at < 0)
		return true;
	return plan->step_count == (unsigned int)at + 2
		&& plan->steps[at + 1].kind == PLAN_STEP_REGISTER
		&& plan->next == PLAN_STAGE_REPLACED && is_own_enabled(host)
		&& (host->serving == HOST_SERVING_BROKEN || host->serving == HOST_SERVING_NOBODY
			|| (host->serving == HOST_SERVING_KERNEL
				&& world->policy != PLAN_POLICY_REGISTERED));
}

static bool
law_create(const struct world *world)
{
	const struct host *host = world->host;
	const struct plan *plan = world->plan;
	int at = step_at(plan, PLAN_STEP_CREATE_DESCRIPTOR);

	if (at < 0)
		return true;
	return plan->step_count == (unsigned int)at + 2
		&& plan->steps[at + 1].kind == PLAN_STEP_REGISTER
		&& plan->next == PLAN_STAGE_CREATED && host->descriptor == HOST_DESCRIPTOR_ABSENT
		&& host->own.state == ENTRY_ABSENT && host->emulator == HOST_EMULATOR_FOUND;
}

static bool
law_import(const struct world *world)
{
	return !has_step(world, PLAN_STEP_IMPORT)
		|| (world->past.stage == PLAN_STAGE_CREATED && world->plan->step_count == 1
			&& world->plan->next == PLAN_STAGE_IMPORTED
			&& world->host->serving == HOST_SERVING_ENTRY
			&& world->host->importer == HOST_IMPORTER_FOUND);
}

static bool
law_once(const struct world *world)
{
	if (!is_standing(world)
		&& (world->policy != PLAN_POLICY_NATIVE
			|| world->past.stage != PLAN_STAGE_SWITCHED_OFF))
		return true;
	return (world->past.stage == PLAN_STAGE_ENABLED && has_step(world, PLAN_STEP_UNREGISTER))
		|| (world->past.stage == PLAN_STAGE_CREATED && has_step(world, PLAN_STEP_IMPORT));
}

static bool
law_provable(const struct world *world)
{
	return (world->host->serving != HOST_SERVING_UNKNOWN && !is_missed(world->host))
		|| (world->plan->tier == 1 && !has_step(world, PLAN_STEP_UNREGISTER));
}

static bool
law_runs_already(const struct world *world)
{
	const struct host *host = world->host;
	bool wanted = host->serving == HOST_SERVING_ENTRY
		|| (world->policy != PLAN_POLICY_EMULATED && is_native(host));

	/* A descriptor is brought in all the same; policy native may try for more, and at last emulates. */
	return !wanted || host->descriptor == HOST_DESCRIPTOR_VALID
		|| world->plan->next == PLAN_STAGE_IMPORTED || world->policy == PLAN_POLICY_NATIVE;
}

/* Of questions: the host is as it is known by then. */

static bool
law_ask_table(const struct world *world)
{
	return (world->plan->ask == HOST_FACT_TABLE) == (world->host->table == HOST_TABLE_UNTESTED);
}

static bool
law_ask_native(const struct world *world)
{
	const struct host *host = world->host;

	if (world->plan->ask != HOST_FACT_NATIVE)
		return true;
	if (world->policy == PLAN_POLICY_REGISTERED)
		return host->serving == HOST_SERVING_BROKEN
			&& host->descriptor == HOST_DESCRIPTOR_ABSENT
			&& (!is_mounted(host) || host->own.state == ENTRY_ABSENT);
	return world->policy == PLAN_POLICY_NATIVE && is_caught(host);
}

static bool
law_ask_loader(const struct world *world)
{
	return world->plan->ask != HOST_FACT_LOADER
		|| (world->host->serving == HOST_SERVING_KERNEL
			&& (world->policy != PLAN_POLICY_EMULATED || is_over(world)
				|| world->host->table == HOST_TABLE_AUTOFS));
}

static bool
law_ask_rest(const struct world *world)
{
	switch (world->plan->ask) {
	case HOST_FACT_FIT: return world->host->descriptor == HOST_DESCRIPTOR_VALID;
	case HOST_FACT_EMULATOR: return world->host->descriptor == HOST_DESCRIPTOR_ABSENT;
	case HOST_FACT_IMPORTER:
		return world->past.stage == PLAN_STAGE_CREATED
			&& world->host->serving == HOST_SERVING_ENTRY;
	default: return world->plan->ask != HOST_FACT_NONE;
	}
}

static struct law any_laws[] = {
	{"any: the answer is steps, back or a verdict, and no question", law_answer, 0},
	{"any: native, and the policy wants that: native", law_native_first, 0},
	{"any: a valid descriptor is tier 1", law_descriptor_first, 0},
	{"any: a bad descriptor changes nothing, and only an entry that runs armhf makes up for it",
		law_descriptor_bad, 0},
	{"any: registered leaves a disabled entry alone, and fails", law_disabled_stays, 0},
	{"any: what was refused or failed is not tried again", law_over, 0},
	{"any: what stood and was taken away by others starts again", law_taken_away, 0},
	{"any: back only then, or where switching off did not help", law_back, 0},
};

static struct law verdict_laws[] = {
	{"verdict: success only where armhf runs", law_runs, 0},
	{"verdict: native only where the kernel runs armhf and its loader does not fail",
		law_native, 0},
	{"verdict: what speaks of an entry needs one that runs armhf", law_entry, 0},
	{"verdict: but for native, only policy registered is content with the kernel", law_emulated,
		0},
	{"verdict: emulated says native only where its change was refused or impossible",
		law_emulated_native, 0},
	{"verdict: each reason in its tier", law_tier, 0},
	{"verdict: of several failures the one that ranks first", law_rank, 0},
	{"verdict: not-permitted only where something was", law_not_permitted, 0},
	{"verdict: no success beside a table that cannot be read, but native's own", law_unreadable,
		0},
	{"verdict: a change that is refused is no failure where armhf runs, else it is why",
		law_refused, 0},
	{"verdict: a step that failed is why", law_failed, 0},
	{"verdict: native-blocked only where native was to be had", law_blocked, 0},
};

static struct law step_laws[] = {
	{"steps: one or more, no more than fit, for a success", law_count, 0},
	{"steps: none that undoes", law_not_undoing, 0},
	{"steps: not mounted: mount alone; none with an autofs or an unreadable table", law_table,
		0},
	{"steps: mount only where armhf does not run as wanted and all else is there", law_mount,
		0},
	{"steps: only to qemu-arm, never where it is unknown", law_names, 0},
	{"steps: disable only by policy native, all claimers in effect, none loose", law_disable,
		0},
	{"steps: status-on first where status is off, else never", law_status, 0},
	{"steps: enable what is disabled, by policy registered only with a descriptor", law_enable,
		0},
	{"steps: register where none stands, a fit descriptor's or what tier 4 makes", law_register,
		0},
	{"steps: unregister only to register anew what does not run armhf", law_unregister, 0},
	{"steps: create-descriptor only where there is none, an emulator, and no entry", law_create,
		0},
	{"steps: import only what tier 4 made and proved", law_import, 0},
	{"steps: nothing is done twice", law_once, 0},
	{"steps: none but tier 1's first where nothing could be proved", law_provable, 0},
	{"steps: none where armhf runs as wanted", law_runs_already, 0},
};

static struct law ask_laws[] = {
	{"ask: the table first, and once", law_ask_table, 0},
	{"ask: native for policy native, or where registered's entry is broken", law_ask_native, 0},
	{"ask: the loader only where the kernel runs armhf, by emulated only if nothing can be set up",
		law_ask_loader, 0},
	{"ask: only what can matter", law_ask_rest, 0},
};

/* What the decision is told as it asks, and all of it; the latter with rubbish in all that is no fact. */
static struct host asked;
static struct host whole;
static unsigned int values[FACET_COUNT];
static unsigned long combinations;
static unsigned long strays;
static unsigned long repeats;

static void
world_print(const struct world *world)
{
	printf("# %s/%s %s(%d):", plan_policy_name(world->policy), stage_names[world->past.stage],
		plan_reason_name(world->past.reason), world->past.tier);
	for (unsigned int facet = 0; facet < FACET_COUNT; facet++)
		if (values[facet] < facet_count(facet))
			printf(" %s=%s", facets[facet].name, facets[facet].values[values[facet]]);
	printf(" => kind %d, ask %d, %s (tier %d), %u steps\n", world->plan->kind, world->plan->ask,
		plan_reason_name(world->plan->reason), world->plan->tier, world->plan->step_count);
}

static void
laws_try(struct law *laws, size_t count, const struct world *world)
{
	for (size_t i = 0; i < count; i++) {
		if (laws[i].holds(world))
			continue;
		if (laws[i].broken++ > 0)
			continue;
		printf("# %s: broken by\n", laws[i].claim);
		world_print(world);
	}
}

static void
world_try(enum plan_policy policy, const struct plan_past *past, const struct plan *expected)
{
	static struct plan plan;
	const struct world world = {policy, *past, &whole, &plan};

	combinations++;
	plan_decide(&plan, &whole, policy, past);
	if (!plan_same(&plan, expected) && strays++ == 0) {
		printf("# what was not asked for changes the answer:\n");
		world_print(&world);
	}
	laws_try(any_laws, COUNT(any_laws), &world);
	if (plan.kind == PLAN_KIND_DONE)
		laws_try(verdict_laws, COUNT(verdict_laws), &world);
	if (plan.kind == PLAN_KIND_STEPS)
		laws_try(step_laws, COUNT(step_laws), &world);
}

/* Every value of all that was not asked for, from this fact on. */
static void
facts_complete(enum plan_policy policy, const struct plan_past *past, const struct plan *expected,
	enum host_fact fact)
{
	enum facet facet;

	while (fact <= HOST_FACT_IMPORTER && fact_known(&asked, fact))
		fact++;
	if (fact > HOST_FACT_IMPORTER) {
		world_try(policy, past, expected);
		return;
	}
	facet = facet_of(fact);
	for (values[facet] = 0; values[facet] < facet_count(facet); values[facet]++) {
		facet_set(&whole, facet, values[facet]);
		facts_complete(policy, past, expected, fact + 1);
	}
}

static void
facts_walk(enum plan_policy policy, const struct plan_past *past);

static void
facet_walk(enum plan_policy policy, const struct plan_past *past, enum facet facet)
{
	for (values[facet] = 0; values[facet] < facet_count(facet); values[facet]++) {
		enum facet next;

		facet_set(&asked, facet, values[facet]);
		facet_set(&whole, facet, values[facet]);
		next = facet_next(&asked, facet);
		if (next == FACET_COUNT)
			facts_walk(policy, past);
		else
			facet_walk(policy, past, next);
	}
}

static void
facts_walk(enum plan_policy policy, const struct plan_past *past)
{
	struct plan plan;
	const struct world world = {policy, *past, &asked, &plan};

	plan_decide(&plan, &asked, policy, past);
	if (plan.kind != PLAN_KIND_ASK) {
		facts_complete(policy, past, &plan, HOST_FACT_NONE);
		return;
	}
	laws_try(ask_laws, COUNT(ask_laws), &world);
	if (fact_known(&asked, plan.ask)) {
		repeats++;
		return;
	}
	facet_walk(policy, past, facet_of(plan.ask));
	fact_forget(&asked, plan.ask);
}

/* How many values all facts have together. */
static unsigned long
facts_count(void)
{
	/* A mounted table has those below it beside its own. */
	unsigned long count = facet_count(FACET_TABLE) - 1
		+ (unsigned long)facet_count(FACET_STATUS) * facet_count(FACET_OWN)
			* facet_count(FACET_OTHERS);

	for (unsigned int facet = FACET_DESCRIPTOR; facet < FACET_COUNT; facet++)
		count *= facet_count(facet);
	return count;
}

static void
laws_tell(const struct law *laws, size_t count)
{
	for (size_t i = 0; i < count; i++)
		tap_ok(laws[i].broken == 0, "%s", laws[i].claim);
}

int
main(void)
{
	/* Where a stage says no reason, this one must not matter. */
	static const struct plan_past pasts[] = {
		{PLAN_STAGE_NOTHING, PLAN_REASON_INTERRUPTED, 2},
		{PLAN_STAGE_ENABLED, PLAN_REASON_INTERRUPTED, 2},
		{PLAN_STAGE_REGISTERED, PLAN_REASON_INTERRUPTED, 1},
		{PLAN_STAGE_REPLACED, PLAN_REASON_INTERRUPTED, 1},
		{PLAN_STAGE_CREATED, PLAN_REASON_INTERRUPTED, 4},
		{PLAN_STAGE_IMPORTED, PLAN_REASON_INTERRUPTED, 4},
		{PLAN_STAGE_SWITCHED_OFF, PLAN_REASON_INTERRUPTED, 3},
		{PLAN_STAGE_UNPROVED, PLAN_REASON_INTERRUPTED, 3},
		{PLAN_STAGE_KEPT, PLAN_REASON_INTERRUPTED, 3},
		{PLAN_STAGE_REFUSED, PLAN_REASON_NOT_PERMITTED, 1},
		{PLAN_STAGE_REFUSED, PLAN_REASON_BINFMT_UNAVAILABLE, 4},
		{PLAN_STAGE_FAILED, PLAN_REASON_BINFMT_BUSY, 0},
		{PLAN_STAGE_FAILED, PLAN_REASON_ENTRY_BROKEN, 2},
	};
	int status;

	memset(&whole, 0x5a, sizeof(whole));
	for (unsigned int policy = PLAN_POLICY_REGISTERED; policy <= PLAN_POLICY_EMULATED; policy++)
		for (size_t i = 0; i < COUNT(pasts); i++)
			facts_walk(policy, &pasts[i]);
	laws_tell(any_laws, COUNT(any_laws));
	laws_tell(verdict_laws, COUNT(verdict_laws));
	laws_tell(step_laws, COUNT(step_laws));
	laws_tell(ask_laws, COUNT(ask_laws));
	tap_ok(repeats == 0, "ask: never what is known");
	tap_ok(strays == 0, "any: what was not asked for does not matter");
	tap_ok(combinations == 3 * COUNT(pasts) * facts_count(),
		"any: every combination came up once");
	status = tap_end();
	printf("%lu combinations\n", combinations);
	return status;
}
