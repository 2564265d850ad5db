/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan: the four tiers and the three policies, in the order of "How it decides" in README.md. It
 * looks at nothing itself and remembers nothing: what it needs it asks for.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan.h"

static const struct {
	const char *name;
	bool success;
} plan_reasons[PLAN_REASON_COUNT] = {
	[PLAN_REASON_NONE] = {"", false},
	[PLAN_REASON_DESCRIPTOR_REGISTERED] = {"descriptor-registered", true},
	[PLAN_REASON_DESCRIPTOR_ENABLED] = {"descriptor-enabled", true},
	[PLAN_REASON_DESCRIPTOR_CURRENT] = {"descriptor-current", true},
	[PLAN_REASON_DESCRIPTOR_RELOADED] = {"descriptor-reloaded", true},
	[PLAN_REASON_DESCRIPTOR_CREATED] = {"descriptor-created", true},
	[PLAN_REASON_ENTRY_TRUSTED] = {"entry-trusted", true},
	[PLAN_REASON_ENTRY_ENABLED] = {"entry-enabled", true},
	[PLAN_REASON_OTHER_ENTRY] = {"other-entry", true},
	[PLAN_REASON_NATIVE] = {"native", true},
	[PLAN_REASON_NATIVE_BLOCKED] = {"native-blocked", true},
	[PLAN_REASON_UNDO_DONE] = {"undo-done", true},
	[PLAN_REASON_DESCRIPTOR_INVALID] = {"descriptor-invalid", false},
	[PLAN_REASON_DESCRIPTOR_FAILED] = {"descriptor-failed", false},
	[PLAN_REASON_ENTRY_DISABLED] = {"entry-disabled", false},
	[PLAN_REASON_ENTRY_BROKEN] = {"entry-broken", false},
	[PLAN_REASON_EMULATOR_MISSING] = {"emulator-missing", false},
	[PLAN_REASON_REGISTRATION_FAILED] = {"registration-failed", false},
	[PLAN_REASON_BINFMT_UNAVAILABLE] = {"binfmt-unavailable", false},
	[PLAN_REASON_BINFMT_OFF] = {"binfmt-off", false},
	[PLAN_REASON_BINFMT_BUSY] = {"binfmt-busy", false},
	[PLAN_REASON_NOT_PERMITTED] = {"not-permitted", false},
	[PLAN_REASON_PROBE_TIMEOUT] = {"probe-timeout", false},
	[PLAN_REASON_PROBE_FAILED] = {"probe-failed", false},
	[PLAN_REASON_UNDO_FAILED] = {"undo-failed", false},
	[PLAN_REASON_INTERRUPTED] = {"interrupted", false},
	[PLAN_REASON_SYSTEM_ERROR] = {"system-error", false},
};

static const char *const plan_policies[] = {
	[PLAN_POLICY_REGISTERED] = "registered",
	[PLAN_POLICY_NATIVE] = "native",
	[PLAN_POLICY_EMULATED] = "emulated",
};

static const char *const plan_natives[] = {
	[HOST_NATIVE_UNTESTED] = "untested",
	[HOST_NATIVE_YES] = "yes",
	[HOST_NATIVE_PAGE_SIZE] = "page-size",
	[HOST_NATIVE_NO_AARCH32] = "no-aarch32",
	[HOST_NATIVE_NO_COMPAT] = "no-compat",
	[HOST_NATIVE_CPU] = "cpu",
	[HOST_NATIVE_SECCOMP] = "seccomp",
	[HOST_NATIVE_SHADOWED] = "shadowed",
	[HOST_NATIVE_UNKNOWN] = "unknown",
	[HOST_NATIVE_NOT_ARM64] = "not-arm64",
};

/* A token that ends in a colon is followed by an entry's name. */
static const char *const plan_step_tokens[PLAN_STEP_KIND_COUNT] = {
	[PLAN_STEP_MOUNT] = "mount",
	[PLAN_STEP_STATUS_ON] = "status-on",
	[PLAN_STEP_STATUS_OFF] = "status-off",
	[PLAN_STEP_ENABLE] = "enable:",
	[PLAN_STEP_DISABLE] = "disable:",
	[PLAN_STEP_REGISTER] = "register:",
	[PLAN_STEP_UNREGISTER] = "unregister:",
	[PLAN_STEP_CREATE_DESCRIPTOR] = "create-descriptor",
	[PLAN_STEP_REMOVE_DESCRIPTOR] = "remove-descriptor",
	[PLAN_STEP_IMPORT] = "import",
	[PLAN_STEP_UNIMPORT] = "unimport",
};

/* How the entry qemu-arm counts, its own switch and the global one taken together. */
enum plan_own {
	PLAN_OWN_ABSENT,
	PLAN_OWN_DISABLED,
	PLAN_OWN_ENABLED,
};

bool
plan_in_effect(const struct host *host, enum entry_state state)
{
	return host->status == HOST_SWITCH_ON && (state == ENTRY_ENABLED || state == ENTRY_UNKNOWN);
}

const struct entry *
plan_entry(const struct host *host, int tier)
{
	return tier == 4 ? &host->made : &host->described;
}

const struct entry *
plan_serving_entry(const struct host *host)
{
	if (host->table != HOST_TABLE_MOUNTED || host->status != HOST_SWITCH_ON)
		return NULL;
	if (host->own.state == ENTRY_ENABLED && entry_claims_armhf(&host->own))
		return &host->own;
	if (host->first.state == ENTRY_ENABLED)
		return &host->first;
	return host->own.state == ENTRY_UNKNOWN ? &host->own : NULL;
}

const struct entry *
plan_catching_entry(const struct host *host)
{
	const struct entry *entry = plan_serving_entry(host);

	if (entry != NULL && host->newest.state == ENTRY_ENABLED
		&& (entry != &host->own || host->own_older))
		return &host->newest;
	return entry;
}

static enum plan_own
plan_own(const struct host *host)
{
	if (host->own.state == ENTRY_ABSENT)
		return PLAN_OWN_ABSENT;
	return plan_in_effect(host, host->own.state) ? PLAN_OWN_ENABLED : PLAN_OWN_DISABLED;
}

static bool
plan_claimed(const struct host *host)
{
	if (host->table != HOST_TABLE_MOUNTED || host->status != HOST_SWITCH_ON)
		return false;
	for (unsigned int i = 0; i < host->claimer_count; i++)
		if (host->claimers[i].enabled)
			return true;
	return host->claimer_more > 0;
}

/* Every claimer in effect may be switched off without harm to other programs. */
static bool
plan_claimers_switchable(const struct host *host)
{
	if (!plan_claimed(host) || host->claimer_more > 0)
		return false;
	for (unsigned int i = 0; i < host->claimer_count; i++)
		if (host->claimers[i].enabled && host->claimers[i].loose)
			return false;
	return true;
}

static bool
plan_native_able(const struct host *host)
{
	return host->native == HOST_NATIVE_YES || host->native == HOST_NATIVE_PAGE_SIZE;
}

static bool
plan_caught(const struct host *host)
{
	return host->serving == HOST_SERVING_ENTRY || host->serving == HOST_SERVING_BROKEN;
}

/* No probe could be started, or the table that is shown is not the one in force: an enabled
 * claimer is listed and caught nothing. A change of it would prove nothing. */
static bool
plan_unprovable(const struct host *host)
{
	return host->serving == HOST_SERVING_UNKNOWN || (plan_claimed(host) && !plan_caught(host));
}

/* Is this fact still to be looked at? Then the plan is to ask for it. */
static bool
plan_ask(struct plan *plan, const struct host *host, enum host_fact fact)
{
	bool known = true;

	switch (fact) {
	case HOST_FACT_NONE: break;
	case HOST_FACT_TABLE: known = host->table != HOST_TABLE_UNTESTED; break;
	case HOST_FACT_DESCRIPTOR: known = host->descriptor != HOST_DESCRIPTOR_UNTESTED; break;
	case HOST_FACT_SERVING: known = host->serving != HOST_SERVING_UNTESTED; break;
	case HOST_FACT_NATIVE: known = host->native != HOST_NATIVE_UNTESTED; break;
	case HOST_FACT_LOADER: known = host->loader != HOST_LOADER_UNTESTED; break;
	case HOST_FACT_FIT: known = host->fit != HOST_FIT_UNTESTED; break;
	case HOST_FACT_EMULATOR: known = host->emulator != HOST_EMULATOR_UNTESTED; break;
	case HOST_FACT_IMPORTER: known = host->importer != HOST_IMPORTER_UNTESTED; break;
	}
	if (known)
		return false;
	plan->kind = PLAN_KIND_ASK;
	plan->ask = fact;
	return true;
}

static void
plan_back(struct plan *plan, enum plan_stage next)
{
	plan->kind = PLAN_KIND_BACK;
	plan->next = next;
}

static void
plan_done(struct plan *plan, int tier, enum plan_reason reason)
{
	plan->kind = PLAN_KIND_DONE;
	plan->tier = tier;
	plan->reason = reason;
}

/* A tier's own failure, unless what was seen on the way ranks before it. */
static void
plan_fail(struct plan *plan, const struct host *host, int tier, enum plan_reason reason)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (host->serving == HOST_SERVING_UNKNOWN)
		reason = PLAN_REASON_PROBE_FAILED;
	else if (plan_unprovable(host))
		reason = PLAN_REASON_BINFMT_UNAVAILABLE;
	else if (host->proof.end == PROBE_TIMEOUT)
		reason = PLAN_REASON_PROBE_TIMEOUT;
	plan_done(plan, tier, reason);
}

static void
plan_steps(struct plan *plan, int tier, enum plan_reason reason, enum plan_stage next)
{
	plan->kind = PLAN_KIND_STEPS;
	plan->tier = tier;
	plan->reason = reason;
	plan->next = next;
}

static void
plan_step(struct plan *plan, enum plan_step_kind kind, const char *name)
{
	struct plan_step *step = &plan->steps[plan->step_count++];

	step->kind = kind;
	snprintf(step->name, sizeof(step->name), "%s", name);
}

/* What every change of an entry needs first: with status off nothing is routed. */
static void
plan_step_status(struct plan *plan, const struct host *host)
{
	if (host->status == HOST_SWITCH_OFF)
		plan_step(plan, PLAN_STEP_STATUS_ON, "");
}

/* Switch the entry on, or the status, or both. */
static void
plan_enable(struct plan *plan, const struct host *host, int tier, enum plan_reason reason)
{
	plan_steps(plan, tier, reason, PLAN_STAGE_ENABLED);
	plan_step_status(plan, host);
	if (host->own.state == ENTRY_DISABLED)
		plan_step(plan, PLAN_STEP_ENABLE, HOST_ENTRY_NAME);
}

/* Does armhf run as this policy wants it from an entry of its own? */
static bool
plan_proved(const struct host *host, enum plan_policy policy)
{
	return host->serving == HOST_SERVING_ENTRY
		|| (host->serving == HOST_SERVING_KERNEL && policy == PLAN_POLICY_REGISTERED);
}

/* Put the descriptor's entry in the place of one that does not run armhf. */
static void
plan_replace(struct plan *plan, const struct host *host)
{
	/* An entry that could not be understood is never written to. */
	if (host->own.state == ENTRY_UNKNOWN || plan_unprovable(host)) {
		plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_FAILED);
		return;
	}
	if (plan_ask(plan, host, HOST_FACT_FIT))
		return;
	if (host->fit == HOST_FIT_NO) {
		plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_FAILED);
		return;
	}
	plan_steps(plan, 1, PLAN_REASON_DESCRIPTOR_RELOADED, PLAN_STAGE_REPLACED);
	plan_step(plan, PLAN_STEP_UNREGISTER, HOST_ENTRY_NAME);
	plan_step(plan, PLAN_STEP_REGISTER, HOST_ENTRY_NAME);
}

/* Tier 1: a valid descriptor is brought into the kernel. */
static void
plan_tier1(struct plan *plan, const struct host *host, enum plan_policy policy,
	const struct plan_past *past)
{
	enum plan_reason reason = PLAN_REASON_DESCRIPTOR_CURRENT;

	switch (past->stage) {
	case PLAN_STAGE_ENABLED: reason = PLAN_REASON_DESCRIPTOR_ENABLED; break;
	case PLAN_STAGE_REGISTERED: reason = PLAN_REASON_DESCRIPTOR_REGISTERED; break;
	case PLAN_STAGE_REPLACED: reason = PLAN_REASON_DESCRIPTOR_RELOADED; break;
	default:
		if (plan_own(host) == PLAN_OWN_DISABLED) {
			plan_enable(plan, host, 1, PLAN_REASON_DESCRIPTOR_ENABLED);
			return;
		}
		if (plan_own(host) == PLAN_OWN_ABSENT) {
			if (plan_ask(plan, host, HOST_FACT_FIT))
				return;
			if (host->fit == HOST_FIT_NO) {
				plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_FAILED);
				return;
			}
			plan_steps(
				plan, 1, PLAN_REASON_DESCRIPTOR_REGISTERED, PLAN_STAGE_REGISTERED);
			plan_step_status(plan, host);
			plan_step(plan, PLAN_STEP_REGISTER, HOST_ENTRY_NAME);
			return;
		}
		break;
	}
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (plan_proved(host, policy))
		plan_done(plan, 1, reason);
	else if (reason == PLAN_REASON_DESCRIPTOR_REGISTERED
		|| reason == PLAN_REASON_DESCRIPTOR_RELOADED)
		plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_FAILED);
	else
		plan_replace(plan, host);
}

/* Tier 4: a descriptor is made by hand. */
static void
plan_tier4(struct plan *plan, const struct host *host)
{
	if (plan_ask(plan, host, HOST_FACT_EMULATOR))
		return;
	if (host->emulator == HOST_EMULATOR_ABSENT) {
		plan_fail(plan, host, 4, PLAN_REASON_EMULATOR_MISSING);
		return;
	}
	if (host->emulator == HOST_EMULATOR_UNSAFE) {
		plan_fail(plan, host, 4, PLAN_REASON_REGISTRATION_FAILED);
		return;
	}
	plan_steps(plan, 4, PLAN_REASON_DESCRIPTOR_CREATED, PLAN_STAGE_CREATED);
	plan_step_status(plan, host);
	plan_step(plan, PLAN_STEP_CREATE_DESCRIPTOR, "");
	plan_step(plan, PLAN_STEP_REGISTER, HOST_ENTRY_NAME);
}

/* Tier 4, after its steps: the proof, and what makes it last over a reboot. */
static void
plan_tier4_proof(struct plan *plan, const struct host *host, const struct plan_past *past)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (host->serving != HOST_SERVING_ENTRY) {
		plan_fail(plan, host, 4, PLAN_REASON_REGISTRATION_FAILED);
		return;
	}
	if (past->stage == PLAN_STAGE_CREATED) {
		if (plan_ask(plan, host, HOST_FACT_IMPORTER))
			return;
		if (host->importer == HOST_IMPORTER_FOUND) {
			plan_steps(plan, 4, PLAN_REASON_DESCRIPTOR_CREATED, PLAN_STAGE_IMPORTED);
			plan_step(plan, PLAN_STEP_IMPORT, "");
			return;
		}
	}
	plan_done(plan, 4, PLAN_REASON_DESCRIPTOR_CREATED);
}

/* Was something not to be read for lack of privilege? */
static bool
plan_forbidden(const struct fault *fault)
{
	return fault->error == EACCES || fault->error == EPERM;
}

/* A descriptor that is none, or cannot be read. False: there is a valid one, or none at all. */
static bool
plan_descriptor_bad(struct plan *plan, const struct host *host)
{
	if (host->descriptor == HOST_DESCRIPTOR_UNREADABLE) {
		if (plan_ask(plan, host, HOST_FACT_SERVING))
			return true;
		if (plan_forbidden(&host->descriptor_fault))
			plan_done(plan, 1, PLAN_REASON_NOT_PERMITTED);
		else
			plan_fail(plan, host, 1, PLAN_REASON_SYSTEM_ERROR);
		return true;
	}
	if (host->descriptor != HOST_DESCRIPTOR_INVALID
		&& host->descriptor != HOST_DESCRIPTOR_UNSAFE)
		return false;
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return true;
	if (host->serving != HOST_SERVING_ENTRY)
		plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_INVALID);
	else if (host->table != HOST_TABLE_MOUNTED)
		plan_done(plan, 3, PLAN_REASON_OTHER_ENTRY);
	else if (plan_own(host) == PLAN_OWN_ENABLED)
		plan_done(plan, 2, PLAN_REASON_ENTRY_TRUSTED);
	else
		plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_INVALID);
	return true;
}

/* The kernel runs it, ld.so included: nothing is set up. False: it does not. */
static bool
plan_native_kernel(struct plan *plan, const struct host *host)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return true;
	if (host->serving != HOST_SERVING_KERNEL)
		return false;
	if (plan_ask(plan, host, HOST_FACT_LOADER))
		return true;
	if (host->loader == HOST_LOADER_FAILS)
		return false;
	plan_done(plan, 3, PLAN_REASON_NATIVE);
	return true;
}

/* Policy registered, without an entry qemu-arm: what runs armhf already is left alone. False: nothing does. */
static bool
plan_left_alone(struct plan *plan, const struct host *host)
{
	if (plan_native_kernel(plan, host))
		return true;
	if (host->serving == HOST_SERVING_ENTRY) {
		plan_done(plan, 3, PLAN_REASON_OTHER_ENTRY);
		return true;
	}
	if (host->serving != HOST_SERVING_BROKEN)
		return false;
	if (plan_ask(plan, host, HOST_FACT_NATIVE))
		return true;
	if (!plan_native_able(host))
		return false;
	plan_fail(plan, host, 3, PLAN_REASON_ENTRY_BROKEN);
	return true;
}

/* binfmt_misc is not mounted, and mounting it is what is tried last. */
static void
plan_unmounted(struct plan *plan, const struct host *host, enum plan_policy policy)
{
	int tier = host->descriptor == HOST_DESCRIPTOR_VALID ? 1 : 4;

	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (host->serving == HOST_SERVING_ENTRY) {
		plan_done(
			plan, 3, PLAN_REASON_OTHER_ENTRY); /* the table is elsewhere: a container */
		return;
	}
	if (tier == 4 && policy == PLAN_POLICY_REGISTERED && plan_left_alone(plan, host))
		return;
	if (host->serving == HOST_SERVING_UNKNOWN) {
		plan_done(plan, tier == 1 ? 1 : 0, PLAN_REASON_PROBE_FAILED);
		return;
	}
	if (tier == 1) {
		if (plan_ask(plan, host, HOST_FACT_FIT))
			return;
		if (host->fit == HOST_FIT_NO) {
			plan_fail(plan, host, 1, PLAN_REASON_DESCRIPTOR_FAILED);
			return;
		}
	} else {
		plan_tier4(plan, host);
		if (plan->kind != PLAN_KIND_STEPS)
			return;
		plan->step_count = 0; /* these come when the table is there */
	}
	if (host->table == HOST_TABLE_AUTOFS) {
		/* Nothing is mounted over it. While armhf runs that is no failure. */
		if (!plan_native_kernel(plan, host))
			plan_done(plan, tier, PLAN_REASON_BINFMT_UNAVAILABLE);
		return;
	}
	plan_steps(plan, tier,
		tier == 1 ? PLAN_REASON_DESCRIPTOR_REGISTERED : PLAN_REASON_DESCRIPTOR_CREATED,
		PLAN_STAGE_NOTHING);
	plan_step(plan, PLAN_STEP_MOUNT, "");
}

/* Policy registered, where there is no descriptor. */
static void
plan_registered(struct plan *plan, const struct host *host)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	switch (plan_own(host)) {
	case PLAN_OWN_ENABLED:
		if (host->serving == HOST_SERVING_KERNEL || host->serving == HOST_SERVING_ENTRY)
			plan_done(plan, 2, PLAN_REASON_ENTRY_TRUSTED);
		else
			plan_fail(plan, host, 2, PLAN_REASON_ENTRY_BROKEN);
		return;
	case PLAN_OWN_DISABLED: plan_fail(plan, host, 2, PLAN_REASON_ENTRY_DISABLED); return;
	case PLAN_OWN_ABSENT: break;
	}
	if (plan_left_alone(plan, host))
		return;
	if (plan_unprovable(host))
		plan_fail(plan, host, 0, PLAN_REASON_REGISTRATION_FAILED);
	else
		plan_tier4(plan, host);
}

/* Policy emulated, where there is no descriptor. */
static void
plan_emulated(struct plan *plan, const struct host *host, const struct plan_past *past)
{
	bool enabled = past->stage == PLAN_STAGE_ENABLED;

	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (host->serving == HOST_SERVING_ENTRY) {
		if (plan_own(host) == PLAN_OWN_ENABLED)
			plan_done(plan, 2,
				enabled ? PLAN_REASON_ENTRY_ENABLED : PLAN_REASON_ENTRY_TRUSTED);
		else
			plan_done(plan, 3, PLAN_REASON_OTHER_ENTRY);
	} else if (plan_own(host) == PLAN_OWN_ENABLED) {
		plan_fail(plan, host, 2, PLAN_REASON_ENTRY_BROKEN);
	} else if (plan_unprovable(host)) {
		plan_fail(plan, host, 0, PLAN_REASON_REGISTRATION_FAILED);
	} else if (plan_own(host) == PLAN_OWN_DISABLED) {
		plan_enable(plan, host, 2, PLAN_REASON_ENTRY_ENABLED);
	} else {
		plan_tier4(plan, host);
	}
}

/* What only policy native does. False: this host is not native, emulate. */
static bool
plan_native(struct plan *plan, const struct host *host, const struct plan_past *past)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return true;
	if (plan_native_kernel(plan, host))
		return true;
	if (past->stage == PLAN_STAGE_UNPROVED || past->stage == PLAN_STAGE_KEPT) {
		if (host->serving == HOST_SERVING_ENTRY)
			plan_done(plan, 3, PLAN_REASON_NATIVE_BLOCKED);
		else if (host->serving == HOST_SERVING_BROKEN && past->stage == PLAN_STAGE_KEPT)
			plan_done(plan, 3, PLAN_REASON_NOT_PERMITTED);
		else
			return false;
		return true;
	}
	if (past->stage == PLAN_STAGE_SWITCHED_OFF) {
		plan_back(plan, PLAN_STAGE_UNPROVED);
		return true;
	}
	if (!plan_caught(host))
		return false;
	if (plan_ask(plan, host, HOST_FACT_NATIVE))
		return true;
	if (!plan_native_able(host))
		return false;
	if (host->table == HOST_TABLE_ABSENT && host->serving == HOST_SERVING_BROKEN) {
		/* Only with the table there can the entry be switched off. */
		plan_steps(plan, 3, PLAN_REASON_NATIVE, PLAN_STAGE_NOTHING);
		plan_step(plan, PLAN_STEP_MOUNT, "");
		return true;
	}
	if (host->table != HOST_TABLE_MOUNTED)
		return false;
	if (!plan_claimers_switchable(host)) {
		if (host->serving != HOST_SERVING_ENTRY)
			return false;
		plan_done(plan, 3, PLAN_REASON_NATIVE_BLOCKED);
		return true;
	}
	plan_steps(plan, 3, PLAN_REASON_NATIVE, PLAN_STAGE_SWITCHED_OFF);
	for (unsigned int i = 0; i < host->claimer_count; i++)
		if (host->claimers[i].enabled)
			plan_step(plan, PLAN_STEP_DISABLE, host->claimers[i].name);
	return true;
}

/* A change was refused, or impossible. While armhf runs that is no failure. */
static void
plan_refused(struct plan *plan, const struct host *host, const struct plan_past *past)
{
	if (plan_ask(plan, host, HOST_FACT_SERVING))
		return;
	if (plan_native_kernel(plan, host))
		return;
	if (host->serving != HOST_SERVING_ENTRY)
		plan_done(plan, past->tier, past->reason);
	else if (host->table == HOST_TABLE_MOUNTED && plan_own(host) == PLAN_OWN_ENABLED)
		plan_done(plan, 2, PLAN_REASON_ENTRY_TRUSTED);
	else
		plan_done(plan, 3, PLAN_REASON_OTHER_ENTRY);
}

static bool
plan_changed(enum plan_stage stage)
{
	switch (stage) {
	case PLAN_STAGE_ENABLED:
	case PLAN_STAGE_REGISTERED:
	case PLAN_STAGE_REPLACED:
	case PLAN_STAGE_CREATED:
	case PLAN_STAGE_IMPORTED: return true;
	default: return false;
	}
}

/* The table cannot be read, or is gone again. */
static void
plan_no_table(struct plan *plan, const struct host *host, enum plan_policy policy,
	const struct plan_past *past)
{
	/* Whatever the table holds: what the kernel executes nothing catches. */
	if (policy == PLAN_POLICY_NATIVE && !plan_changed(past->stage)
		&& plan_native_kernel(plan, host))
		return;
	if (!plan_ask(plan, host, HOST_FACT_SERVING))
		plan_done(plan, past->stage == PLAN_STAGE_NOTHING ? 0 : past->tier,
			plan_forbidden(&host->table_fault) ? PLAN_REASON_NOT_PERMITTED
							   : PLAN_REASON_BINFMT_UNAVAILABLE);
}

void
plan_decide(struct plan *plan, const struct host *host, enum plan_policy policy,
	const struct plan_past *past)
{
	/* The array of steps is large and written only as far as step_count says. */
	plan->kind = PLAN_KIND_ASK;
	plan->ask = HOST_FACT_NONE;
	plan->next = PLAN_STAGE_NOTHING;
	plan->reason = PLAN_REASON_NONE;
	plan->tier = 0;
	plan->step_count = 0;

	if (plan_ask(plan, host, HOST_FACT_TABLE))
		return;
	if (past->stage == PLAN_STAGE_REFUSED) {
		plan_refused(plan, host, past);
		return;
	}
	if (past->stage == PLAN_STAGE_FAILED) {
		if (!plan_ask(plan, host, HOST_FACT_SERVING))
			plan_done(plan, past->tier, past->reason);
		return;
	}
	if (host->table == HOST_TABLE_UNREADABLE
		|| (host->table != HOST_TABLE_MOUNTED && plan_changed(past->stage))) {
		plan_no_table(plan, host, policy, past);
		return;
	}
	if (plan_changed(past->stage) && plan_own(host) != PLAN_OWN_ENABLED) {
		plan_back(plan, PLAN_STAGE_NOTHING); /* somebody else took it away again */
		return;
	}
	if (past->stage == PLAN_STAGE_CREATED || past->stage == PLAN_STAGE_IMPORTED) {
		plan_tier4_proof(plan, host, past);
		return;
	}
	if (policy == PLAN_POLICY_NATIVE && !plan_changed(past->stage)
		&& plan_native(plan, host, past))
		return;
	if (plan_ask(plan, host, HOST_FACT_DESCRIPTOR) || plan_descriptor_bad(plan, host))
		return;
	if (host->table != HOST_TABLE_MOUNTED)
		plan_unmounted(plan, host, policy);
	else if (host->descriptor == HOST_DESCRIPTOR_VALID)
		plan_tier1(plan, host, policy, past);
	else if (policy == PLAN_POLICY_REGISTERED)
		plan_registered(plan, host);
	else
		plan_emulated(plan, host, past);
}

/* The failure of a step that nothing else ranks before. */
static enum plan_reason
plan_step_reason(int tier, enum plan_step_kind failed)
{
	if (failed == PLAN_STEP_MOUNT)
		return PLAN_REASON_BINFMT_UNAVAILABLE;
	switch (tier) {
	case 1: return PLAN_REASON_DESCRIPTOR_FAILED;
	case 2: return PLAN_REASON_ENTRY_BROKEN;
	case 4: return PLAN_REASON_REGISTRATION_FAILED;
	default: return PLAN_REASON_SYSTEM_ERROR;
	}
}

void
plan_after(struct plan_past *past, const struct plan *plan, enum plan_step_kind failed,
	enum plan_outcome outcome)
{
	bool off = plan->next == PLAN_STAGE_SWITCHED_OFF;

	past->tier = plan->tier;
	past->reason = PLAN_REASON_NONE;
	past->stage = PLAN_STAGE_FAILED;
	switch (outcome) {
	case PLAN_OUTCOME_DONE: past->stage = plan->next; break;
	case PLAN_OUTCOME_RACED: past->stage = PLAN_STAGE_NOTHING; break;
	case PLAN_OUTCOME_REFUSED:
		past->stage = off ? PLAN_STAGE_KEPT : PLAN_STAGE_REFUSED;
		past->reason = PLAN_REASON_NOT_PERMITTED;
		break;
	case PLAN_OUTCOME_IMPOSSIBLE:
		past->stage = off ? PLAN_STAGE_UNPROVED : PLAN_STAGE_REFUSED;
		past->reason = PLAN_REASON_BINFMT_UNAVAILABLE;
		break;
	case PLAN_OUTCOME_OVERRULED:
	case PLAN_OUTCOME_FAILED:
		if (off)
			past->stage = PLAN_STAGE_UNPROVED;
		past->reason = outcome == PLAN_OUTCOME_OVERRULED && failed == PLAN_STEP_STATUS_ON
			? PLAN_REASON_BINFMT_OFF
			: plan_step_reason(plan->tier, failed);
		break;
	case PLAN_OUTCOME_BUSY: past->reason = PLAN_REASON_BINFMT_BUSY; break;
	case PLAN_OUTCOME_INTERRUPTED: past->reason = PLAN_REASON_INTERRUPTED; break;
	}
}

bool
plan_reason_success(enum plan_reason reason)
{
	return plan_reasons[reason].success;
}

const char *
plan_reason_name(enum plan_reason reason)
{
	return plan_reasons[reason].name;
}

const char *
plan_policy_name(enum plan_policy policy)
{
	return plan_policies[policy];
}

const char *
plan_native_name(enum host_native native)
{
	return plan_natives[native];
}

bool
plan_policy_find(enum plan_policy *policy, const char *name)
{
	for (size_t i = 0; i < sizeof(plan_policies) / sizeof(plan_policies[0]); i++) {
		if (strcmp(plan_policies[i], name) == 0) {
			*policy = (enum plan_policy)i;
			return true;
		}
	}
	return false;
}

size_t
plan_step_print(const struct plan_step *step, char *text, size_t size)
{
	char name[4 * NAME_MAX + 1];

	fault_escape(name, sizeof(name), step->name);
	return (size_t)snprintf(text, size, "%s%s", plan_step_tokens[step->kind], name);
}

static int
plan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The inverse of fault_escape: false for a bad escape, a NUL, or more than a name holds. */
static bool
plan_name_parse(char name[NAME_MAX + 1], const char *text, size_t length)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '\\') {
			int high, low;

			if (length - i < 4 || text[i + 1] != 'x')
				return false;
			high = plan_hex(text[i + 2]);
			low = plan_hex(text[i + 3]);
			if (high < 0 || low < 0)
				return false;
			c = (char)(high << 4 | low);
			i += 3;
		}
		if (c == '\0' || used == NAME_MAX)
			return false;
		name[used++] = c;
	}
	name[used] = '\0';
	return entry_name_valid(name);
}

bool
plan_step_parse(struct plan_step *step, const char *token, size_t length)
{
	for (size_t i = 0; i < PLAN_STEP_KIND_COUNT; i++) {
		const char *word = plan_step_tokens[i];
		size_t size = strlen(word);
		bool named = word[size - 1] == ':';

		if (length < size || memcmp(token, word, size) != 0 || (!named && length != size))
			continue;
		step->kind = (enum plan_step_kind)i;
		step->name[0] = '\0';
		return !named || plan_name_parse(step->name, token + size, length - size);
	}
	return false;
}
