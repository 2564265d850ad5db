/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * call: carries out the verbs of the decision. Holds the lock, bounds the rounds, undoes what a failure
 * must not leave; knows no tier and no policy.
 */
#include "call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "decide.h"
#include "descriptor.h"
#include "descriptor_file.h"
#include "explain.h"
#include "observe.h"
#include "path.h"

#define RESTARTS_MAX 8
#define WAIT_MIN     60 /* seconds for the lock, or three times a probe's, the longer */

bool
is_over(const struct call *call)
{
	return call->state != CALL_GOES_ON;
}

static void
interrupted(struct call *call, int stopped)
{
	if (call->verb == CALL_DECIDES)
		undo(call);
	call->state = CALL_OVER;
	call->stopped = stopped;
	call->reason = REASON_INTERRUPTED;
}

const struct host *
look(struct call *call, enum host_fact fact)
{
	struct host *host = &call->host;
	int stopped;

	/* Whether a transparent entry is there decides how the probe's end is read. */
	if (fact == HOST_FACT_SERVING)
		look(call, HOST_FACT_TABLE);
	if (is_over(call) || host_knows(host, fact))
		return host;
	stopped = observe_fact(host, fact, &call->binfmt, &call->limits);
	if (stopped != 0) {
		interrupted(call, stopped);
		return host;
	}
	if (fact == HOST_FACT_EMULATOR && host->emulator == HOST_YES && call->plain) {
		char interpreter[ENTRY_INTERPRETER_MAX + 1];

		memcpy(interpreter, host->made.interpreter, sizeof(interpreter));
		descriptor_entry(&host->made, HOST_ENTRY_NAME, interpreter, false);
	}
	explain_fact(call, fact);
	call->native_told = call->native_told || fact == HOST_FACT_NATIVE;
	return host;
}

void
begin_again(struct call *call)
{
	if (is_over(call))
		return;
	call->state = CALL_AGAIN;
	call->restarts++;
	host_forget(&call->host);
}

void
undo(struct call *call)
{
	struct steps *steps = &call->steps;
	unsigned int from = steps->done.count;

	if (is_over(call) || call->dry || steps->undo.count == 0)
		return;
	if (steps_undo(steps) > 0)
		fault_note(&steps->notes, "%s: could not be undone: %s", steps->fault.object,
			steps->fault.why);
	explain_steps(call, from);
	host_forget(&call->host);
}

static int
lock_seconds(const struct call *call)
{
	return 3 * call->seconds > WAIT_MIN ? 3 * call->seconds : WAIT_MIN;
}

/*
 * Before a change, and before a verdict of failure: acquire the lock and look again. False: it was
 * acquired just now, so that the call begins again, or it could not be acquired.
 */
static bool
settled(struct call *call)
{
	if (call->dry || call->binfmt.table < 0 || call->binfmt.lock >= 0)
		return true;
	if (call->locked != OUTCOME_DONE)
		return false;
	call->locked = binfmt_lock(
		&call->binfmt, call->limits.stop, lock_seconds(call), &call->steps.fault);
	if (call->locked == OUTCOME_INTERRUPTED) {
		interrupted(call, stop_pending(call->limits.stop));
	} else if (call->locked == OUTCOME_DONE) {
		call->state = CALL_AGAIN;
		host_forget(&call->host);
		explain_again(call, "the lock is acquired");
	}
	return false;
}

/*
 * Leave out of the undo list what a success keeps: nothing can bring a replaced entry back later, so
 * nothing removes its successor; and a hold restores by itself what it disabled.
 */
static void
undo_filter(struct call *call)
{
	struct step_list *undo = &call->steps.undo;
	bool replaced = call->steps.replaced.state != ENTRY_UNTESTED;
	bool holds = call->who != NULL && call->host.serving == HOST_SERVING_KERNEL;
	unsigned int kept = 0;

	for (unsigned int i = 0; i < undo->count; i++) {
		const struct step *step = &undo->steps[i];
		bool of_hold = step->kind == STEP_RELEASE || step->kind == STEP_ENABLE;

		if ((replaced && strcmp(step->name, HOST_ENTRY_NAME) == 0) || (holds && of_hold))
			continue;
		undo->steps[kept++] = *step;
	}
	undo->count = kept;
}

void
verdict(struct call *call, int tier, enum reason reason, const struct fault *fault)
{
	bool success = words_success(reason);

	if (is_over(call))
		return;
	call->fault = fault != NULL ? *fault : call->steps.fault;
	if (!success && reason != REASON_BINFMT_BUSY && !settled(call)) {
		if (is_over(call))
			return;
		/* A failure that needs no change is told without the lock where it is refused. */
		if (call->locked == OUTCOME_BUSY) {
			call->fault = call->steps.fault;
			reason = REASON_BINFMT_BUSY;
		}
	}
	explain_tier(call, tier);
	if (success) {
		undo_filter(call);
	} else {
		undo(call);
		look(call, HOST_FACT_TABLE);
		look(call, HOST_FACT_SERVING);
	}
	if (is_over(call))
		return;
	call->reason = reason;
	call->tier = tier;
	call->state = CALL_OVER;
}

/* ---- changes ---- */

static bool
plan_step(struct step_list *plan, enum step_kind kind, const char *name)
{
	struct step step = {.kind = kind};

	memcpy(step.name, name, strlen(name) + 1);
	return steps_add(plan, &step);
}

/* The steps of a hold, or of the release of all that is held. */
static bool
plan_hold(const struct call *call, enum change change, struct step_list *plan)
{
	const struct host *host = &call->host;
	bool good = true;

	if (change == CHANGE_HOLD) {
		if (call->hold->fd < 0 || !host->announced)
			good = plan_step(plan, STEP_HOLD, HOLD_MARKER);
		for (unsigned int i = 0; good && host->on && i < host->claimer_count; i++)
			if (host->claimers[i].enabled)
				good = plan_step(plan, STEP_HOLD, host->claimers[i].name);
		return good;
	}
	for (unsigned int i = 0; good && i < host->marker_count; i++)
		good = plan_step(plan, STEP_RELEASE, host->markers[i].name);
	if (good && host->announced) {
		good = plan_step(plan, STEP_RELEASE, HOLD_MARKER);
		if (good)
			plan->steps[plan->count - 1].printed = true;
	}
	return good;
}

/* The steps of a change, by the facts. False: no memory. */
static bool
plan_steps(const struct call *call, enum change change, struct step_list *plan)
{
	const struct host *host = &call->host;
	const char *own = HOST_ENTRY_NAME;
	bool good = true;

	switch (change) {
	case CHANGE_MOUNT: return plan_step(plan, STEP_MOUNT, "");
	case CHANGE_IMPORT: return plan_step(plan, STEP_IMPORT, "");
	case CHANGE_HOLD:
	case CHANGE_RELEASE: return plan_hold(call, change, plan);
	case CHANGE_CREATE:
		if (!path_exists(HOST_DESCRIPTOR_DIR))
			good = plan_step(plan, STEP_MAKE_DIRECTORY, "");
		return good && plan_step(plan, STEP_CREATE_DESCRIPTOR, "");
	case CHANGE_DISABLE:
		for (unsigned int i = 0; good && i < host->claimer_count; i++)
			if (host->claimers[i].enabled)
				good = plan_step(plan, STEP_DISABLE, host->claimers[i].name);
		return good;
	case CHANGE_ENABLE:
	case CHANGE_REGISTER:
	case CHANGE_REPLACE: break;
	}
	/* With status off no entry is in effect. */
	if (!host->on)
		good = plan_step(plan, STEP_STATUS_ON, "");
	if (change == CHANGE_ENABLE)
		return good
			&& (host->own.state != ENTRY_DISABLED || plan_step(plan, STEP_ENABLE, own));
	if (change == CHANGE_REPLACE)
		good = good && plan_step(plan, STEP_UNREGISTER, own);
	return good && plan_step(plan, STEP_REGISTER, own);
}

/* True for a change that puts an entry into effect, or prepares that. */
static bool
puts_into_effect(enum change change)
{
	switch (change) {
	case CHANGE_ENABLE:
	case CHANGE_REGISTER:
	case CHANGE_REPLACE:
	case CHANGE_CREATE: return true;
	case CHANGE_MOUNT:
	case CHANGE_IMPORT:
	case CHANGE_DISABLE:
	case CHANGE_HOLD:
	case CHANGE_RELEASE: break;
	}
	return false;
}

/* Tell, without a try, if this change would be refused or break every exec of the machine. */
static enum outcome
plan_judge(struct call *call, enum change change)
{
	const struct host *host = &call->host;
	struct fault *fault = &call->steps.fault;
	enum outcome outcome;

	/* A descriptor is created for what is then registered. */
	if (puts_into_effect(change) && !host->on && host->breaks[0] != '\0') {
		fault_set(fault, 0, BINFMT_PATH "/status",
			"it is not enabled, for the entry %s takes this machine's own programs "
			"and would break every exec",
			host->breaks);
		fault->remedy =
			"disable or remove that entry first ('echo -1' into its file in " BINFMT_PATH
			")";
		return OUTCOME_FAILED;
	}
	if (!call->dry)
		return OUTCOME_DONE;
	switch (change) {
	case CHANGE_CREATE:
		outcome = binfmt_writable(&call->binfmt, fault);
		return outcome == OUTCOME_DONE ? descriptor_file_possible(fault) : outcome;
	case CHANGE_MOUNT:
	case CHANGE_IMPORT: return OUTCOME_DONE;
	case CHANGE_ENABLE:
	case CHANGE_REGISTER:
	case CHANGE_REPLACE:
	case CHANGE_DISABLE:
	case CHANGE_HOLD:
	case CHANGE_RELEASE: return binfmt_writable(&call->binfmt, fault);
	}
	return OUTCOME_DONE;
}

/*
 * Run the interpreter that would serve with the status on and our own entry enabled: that of the newest.
 * False: it fails, and call->cause says how. *shadowed: it is not that of our own.
 */
__attribute__((noinline)) static bool
heir_run(struct call *call, struct probe_result *result, bool *shadowed)
{
	const struct host_claimer *newest = host_heir(&call->host);
	struct entry heir = call->host.own;

	*shadowed = newest != NULL && strcmp(newest->name, HOST_ENTRY_NAME) != 0;
	if (*shadowed) {
		binfmt_read(&call->binfmt, newest->name, &heir, NULL);
		/* What others can replace is not run. */
		if (!observe_may_serve(&heir, heir.name, entry_has(&heir, 'F'), &call->cause))
			return false;
	}
	probe_run_through(result, heir.interpreter, entry_has(&heir, 'P'), &call->limits);
	words_symptom(
		&call->cause, heir.interpreter, result, &heir, call->host.page_size, call->seconds);
	return probe_delivered(result);
}

/*
 * Vouch for the interpreter that a change would put into effect, by running it on the probe. *tier and
 * *reason are those of the success to expect.
 */
static bool
vouch(struct call *call, enum change change, int *tier, enum reason *reason)
{
	const struct host *host = &call->host;
	struct probe_result result = {.end = PROBE_REFUSED};
	enum reason failure = *tier == 1 ? REASON_DESCRIPTOR_FAILED
		: *tier == 2             ? REASON_ENTRY_BROKEN
					 : REASON_REGISTRATION_FAILED;
	bool enables = change == CHANGE_ENABLE || change == CHANGE_RELEASE;
	bool shadowed = false;

	if (change == CHANGE_MOUNT || change == CHANGE_DISABLE || change == CHANGE_HOLD)
		return true; /* the decision has run the probe that proves it */
	if (change == CHANGE_RELEASE && host->own.state != ENTRY_DISABLED)
		return true;
	if (enables && heir_run(call, &result, &shadowed)) {
		if (shadowed && *tier == 2) {
			*tier = 3;
			*reason = REASON_OTHER_ENTRY;
		}
		return true;
	}
	/* What tier 1 enables in vain it replaces, unless it may only be slow. */
	if (!enables
		|| (*tier == 1 && result.end != PROBE_INTERRUPTED && result.end != PROBE_TIMEOUT
			&& host->own_again && look(call, HOST_FACT_FIT)->fit == HOST_YES)) {
		if (change == CHANGE_ENABLE)
			*reason = REASON_DESCRIPTOR_RELOADED;
		if (look(call, HOST_FACT_DIRECT)->direct == HOST_YES)
			return true;
		const struct entry *entry = *tier == 1 ? &host->described : &host->made;

		result = host->direct_result;
		words_symptom(&call->cause, entry->interpreter, &result, entry, host->page_size,
			call->seconds);
	}
	if (result.end == PROBE_INTERRUPTED) {
		interrupted(call, result.value);
		return false;
	}
	if (result.end == PROBE_TIMEOUT)
		failure = REASON_PROBE_TIMEOUT;
	if (result.end == PROBE_NOT_STARTED)
		failure = REASON_PROBE_FAILED;
	verdict(call, *tier, failure, &call->cause);
	return false;
}

/* End a dry run at its first change: the steps, and the steps that would undo them. */
static void
rehearse(struct call *call, enum change change, const struct step_list *plan,
	const struct entry *entry, int tier, enum reason reason)
{
	struct steps *steps = &call->steps;

	if (!vouch(call, change, &tier, &reason))
		return;
	for (unsigned int i = 0; i < plan->count; i++) {
		struct step step = plan->steps[i], back = step;

		back.kind = steps_inverse(step.kind);
		back.printed = true;
		back.print = step.kind == STEP_REGISTER ? entry_print(entry) : call->host.own.print;
		for (unsigned int at = 0; at < call->host.claimer_count; at++)
			if (step.kind == STEP_DISABLE
				&& strcmp(call->host.claimers[at].name, step.name) == 0)
				back.print = call->host.claimers[at].print;
		if (step.kind == STEP_UNREGISTER)
			steps->replaced = call->host.own;
		step.printed = false;
		steps_add(&steps->done, &step);
		if (back.kind != step.kind && step.kind != STEP_HOLD)
			steps_add(&steps->undo, &back);
	}
	if (change == CHANGE_MOUNT && path_in_userns())
		fault_note(&call->notes,
			BINFMT_PATH ": it would be mounted in a user namespace, where it hides the "
				    "entries of the host for as long as the namespace lasts");
	explain_steps(call, 0);
	verdict(call, tier, reason, NULL);
}

/* The import changes nothing that was proved, if the entry is still the same. */
static bool
entry_stands(const struct call *call)
{
	struct entry now;

	binfmt_read(&call->binfmt, HOST_ENTRY_NAME, &now, NULL);
	return now.state == ENTRY_ENABLED && call->host.own.state == ENTRY_ENABLED
		&& now.print == call->host.own.print;
}

/* True if this hold disables an entry, and does not only announce who holds. */
static bool
disables(const struct step_list *plan)
{
	return plan->count > 1
		|| (plan->count == 1 && strcmp(plan->steps[0].name, HOLD_MARKER) != 0);
}

static enum outcome
carry_out(struct call *call, enum change change, const struct step_list *plan,
	const struct entry *entry)
{
	unsigned int from = call->steps.done.count;
	enum outcome outcome = OUTCOME_DONE;

	for (unsigned int i = 0; outcome == OUTCOME_DONE && i < plan->count; i++) {
		const struct step *step = &plan->steps[i];
		bool registers = step->kind == STEP_REGISTER
			|| step->kind == STEP_CREATE_DESCRIPTOR;

		call->failed = step->kind;
		outcome = steps_do(&call->steps, step, registers ? entry : NULL);
	}
	explain_steps(call, from);
	if (change == CHANGE_HOLD && !disables(plan))
		return outcome; /* what was proved stands */
	if (change != CHANGE_IMPORT || !entry_stands(call))
		host_forget(&call->host);
	return outcome;
}

/* Undo an attempt that failed; steps.fault stays that of the attempt. */
static void
attempt_undo(struct call *call, enum outcome outcome)
{
	if (outcome == OUTCOME_INTERRUPTED) {
		interrupted(call, stop_pending(call->limits.stop));
		return;
	}
	call->cause = call->steps.fault;
	undo(call);
	call->steps.fault = call->cause;
	if (outcome == OUTCOME_BUSY)
		verdict(call, call->tier, REASON_BINFMT_BUSY, &call->steps.fault);
	if (outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN) {
		explain_again(call, "somebody else was faster");
		begin_again(call);
	}
}

bool
acquire(struct call *call)
{
	if (!is_over(call))
		settled(call);
	return !is_over(call);
}

enum outcome
attempt(struct call *call, enum change change, int tier, enum reason reason)
{
	struct step_list plan = {.count = 0};
	const struct entry *entry = NULL;
	enum outcome outcome;

	if (is_over(call))
		return OUTCOME_INTERRUPTED;
	call->tier = tier;
	if (!settled(call)) {
		if (call->locked == OUTCOME_BUSY)
			verdict(call, tier, REASON_BINFMT_BUSY, &call->steps.fault);
		return is_over(call) ? OUTCOME_INTERRUPTED : call->locked;
	}
	/* An attempt before may have made these unknown. */
	look(call, HOST_FACT_TABLE);
	if (tier == 1)
		entry = &look(call, HOST_FACT_DESCRIPTOR)->described;
	if (tier == 4)
		entry = &look(call, HOST_FACT_EMULATOR)->made;
	/* Of a table that is gone or cannot be read no step is planned. */
	if (!is_over(call) && change != CHANGE_MOUNT && call->host.table != HOST_TABLE_MOUNTED)
		decide_no_table(call, tier);
	if (is_over(call))
		return OUTCOME_INTERRUPTED;
	explain_tier(call, tier);
	call->failed = STEP_COUNT;
	if (call->host.held && puts_into_effect(change)) {
		fault_set(&call->steps.fault, 0, BINFMT_PATH "/" HOLD_MARKER,
			"armhf is to stay native for %s", call->host.who);
		verdict(call, tier, REASON_ENTRY_HELD, &call->steps.fault);
		return OUTCOME_INTERRUPTED;
	}
	outcome = plan_judge(call, change);
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (!plan_steps(call, change, &plan)) {
		free(plan.steps);
		fault_errno(&call->steps.fault, ENOMEM, "armhf_binfmt_prepare", "plan its steps");
		return OUTCOME_FAILED;
	}
	if (call->dry) {
		rehearse(call, change, &plan, entry, tier, reason);
		outcome = OUTCOME_INTERRUPTED;
	} else {
		outcome = carry_out(call, change, &plan, entry);
		if (outcome != OUTCOME_DONE)
			attempt_undo(call, outcome);
	}
	free(plan.steps);
	return outcome;
}

/* The failure of a step that nothing else ranks before. */
static enum reason
step_reason(const struct call *call, int tier, enum outcome outcome)
{
	if (outcome == OUTCOME_OVERRULED && call->failed == STEP_STATUS_ON)
		return REASON_BINFMT_OFF;
	if (call->failed == STEP_MOUNT)
		return REASON_BINFMT_UNAVAILABLE;
	if (call->steps.fault.error == ENOMEM)
		return REASON_SYSTEM_ERROR;
	switch (tier) {
	case 1: return REASON_DESCRIPTOR_FAILED;
	case 2: return REASON_ENTRY_BROKEN;
	case 4: return REASON_REGISTRATION_FAILED;
	default: return REASON_SYSTEM_ERROR;
	}
}

bool
change(struct call *call, enum change change, int tier, enum reason reason)
{
	enum outcome outcome = attempt(call, change, tier, reason);

	if (is_over(call))
		return false;
	switch (outcome) {
	case OUTCOME_DONE: break;
	case OUTCOME_REFUSED: decide_refused(call, tier, REASON_NOT_PERMITTED); return false;
	case OUTCOME_IMPOSSIBLE:
		decide_refused(call, tier, REASON_BINFMT_UNAVAILABLE);
		return false;
	default:
		verdict(call, tier, step_reason(call, tier, outcome), &call->steps.fault);
		return false;
	}
	look(call, HOST_FACT_TABLE);
	if (call->host.table != HOST_TABLE_MOUNTED) {
		decide_no_table(call, tier);
	} else if (change != CHANGE_MOUNT && change != CHANGE_HOLD
		&& !host_in_effect(&call->host, call->host.own.state)) {
		undo(call);
		explain_again(call, "somebody else undid it");
		begin_again(call);
	}
	return !is_over(call);
}

/* ---- the call ---- */

static void
call_begin(struct call *call, const struct stop *stop)
{
	call->limits.stop = stop;
	call->limits.seconds = call->seconds;
	call->binfmt = BINFMT_NONE;
	call->steps.binfmt = &call->binfmt;
	call->steps.closed = &call->host.table_fault;
	call->steps.limits = &call->limits;
	call->steps.hold = call->hold;
	call->steps.who = call->who;
	observe_machine(&call->host);
	explain_begin(call);
}

/* For the explanation alone, observe if the kernel could run armhf itself. */
static void
call_end(struct call *call)
{
	const enum host_native native = call->host.native;

	if (call->explain != NULL && call->stopped == 0 && !call->native_told) {
		if (native == HOST_NATIVE_UNTESTED)
			observe_fact(&call->host, HOST_FACT_NATIVE, &call->binfmt, &call->limits);
		explain_fact(call, HOST_FACT_NATIVE);
	}
	call->host.native = native;
	binfmt_close(&call->binfmt);
}

/* -c: tell if the program, or those of a root directory, would run here as armhf runs now. */
static void
programs_check(struct call *call)
{
	struct host *host = &call->host;
	bool emulated = host->serving == HOST_SERVING_ENTRY;
	const struct program_host how = {
		.runs = emulated || host->serving == HOST_SERVING_KERNEL,
		.entry = emulated && host->newest.state == ENTRY_ENABLED ? &host->newest : NULL,
		.align = (enum probe_status)probe_answer(&host->proof),
		.page_size = host->page_size,
		.stop = call->limits.stop,
		.binfmt = host->table == HOST_TABLE_MOUNTED && host->on ? &call->binfmt : NULL,
	};
	struct program_report *report = &call->programs;
	bool good = words_success(call->reason);
	int result = program_check(call->check, &how, CALL_BLOCKED_MAX, report);

	if (result != 0 && report->fault.error == EINTR) {
		call->stopped = stop_pending(call->limits.stop);
		call->reason = REASON_INTERRUPTED;
		return;
	}
	if (report->plugins > 0)
		fault_note(&call->notes,
			"%s: %u libraries that no program needs by name cannot be mapped",
			call->check, report->plugins);
	if (report->unread > 0)
		fault_note(&call->notes, "%s: %u files or directories could not be opened",
			call->check, report->unread);
	if (result == 0 && report->blocked == 0)
		return;
	if (!good) {
		/* That armhf does not run at all comes first. */
		fault_note(&call->notes, "%s: %s", report->fault.object, report->fault.why);
		return;
	}
	call->reason = result != 0 && report->fault.error == ENOMEM ? REASON_SYSTEM_ERROR
								    : REASON_PROGRAMS_BLOCKED;
	call->fault = report->fault;
	if (result != 0)
		return;
	if (report->root) {
		fault_set(&call->fault, 0, call->check,
			"%u of %u programs would not run; the first is %s: %.400s; the remedy for %u "
			"of them",
			report->blocked, report->programs, report->fault.object, report->fault.why,
			report->cause_count);
	}
	call->fault.remedy = report->remedy;
}

void
call_run(struct call *call, const struct stop *stop)
{
	call_begin(call, stop);
	do {
		free(call->notes);
		call->notes = NULL;
		call->state = CALL_GOES_ON;
		if (call->restarts <= RESTARTS_MAX) {
			decide(call);
			continue;
		}
		look(call, HOST_FACT_TABLE);
		look(call, HOST_FACT_SERVING);
		fault_set(&call->cause, 0, BINFMT_PATH,
			"somebody else changed it each time that it was looked at (%u times)",
			call->restarts);
		verdict(call, call->tier, REASON_BINFMT_BUSY, &call->cause);
	} while (call->state == CALL_AGAIN);
	if (call->check != NULL && call->stopped == 0)
		programs_check(call);
	call_end(call);
}

/* Where the given steps change something: acquire the lock, carry them out. */
static void
undo_locked(struct call *call)
{
	struct steps *steps = &call->steps;
	struct step_list given = {.count = 0};
	enum outcome outcome = OUTCOME_DONE;
	unsigned int needed, left;
	bool good = true, held = false;

	for (unsigned int i = 0; i < steps->undo.count; i++)
		good = good && steps_add(&given, &steps->undo.steps[i]);
	if (!good) {
		fault_errno(&steps->fault, ENOMEM, "armhf_binfmt_prepare", "copy the steps");
		call->reason = REASON_UNDO_FAILED;
		free(given.steps);
		return;
	}
	steps->dry = true;
	left = steps_undo(steps);
	needed = steps->done.count;
	for (unsigned int i = 0; i < needed; i++)
		held = held || (call->host.held && steps->done.steps[i].kind == STEP_ENABLE);
	if (held) {
		fault_set(&steps->fault, 0, BINFMT_PATH "/" HOLD_MARKER,
			"armhf is to stay native for %s, so nothing is enabled", call->host.who);
		steps->done.count = 0;
		left = given.count;
		outcome = OUTCOME_FAILED;
		free(steps->undo.steps);
		steps->undo = given;
		given = (struct step_list){.count = 0};
	} else if (!call->dry && needed > 0) {
		steps->dry = false;
		steps->done.count = 0;
		free(steps->notes);
		steps->notes = NULL;
		free(steps->undo.steps);
		steps->undo = given;
		given = (struct step_list){.count = 0};
		if (call->binfmt.table >= 0)
			outcome = binfmt_lock(&call->binfmt, call->limits.stop, lock_seconds(call),
				&steps->fault);
		if (outcome == OUTCOME_DONE)
			left = steps_undo(steps);
	}
	free(given.steps);
	explain_steps(call, 0);
	call->reason = outcome == OUTCOME_BUSY        ? REASON_BINFMT_BUSY
		: outcome != OUTCOME_DONE || left > 0 ? REASON_UNDO_FAILED
						      : REASON_UNDO_DONE;
	if (outcome == OUTCOME_INTERRUPTED)
		call->stopped = stop_pending(call->limits.stop);
}

/* Unlock this shell's byte, and where it was the last restore. Interrupted, it holds as before. */
static void
release_locked(struct call *call)
{
	struct steps *steps = &call->steps;
	struct step_list plan = {.count = 0};
	enum outcome outcome = OUTCOME_DONE;
	bool held;

	if (!call->dry && call->binfmt.table >= 0)
		outcome = binfmt_lock(
			&call->binfmt, call->limits.stop, lock_seconds(call), &steps->fault);
	if (outcome == OUTCOME_INTERRUPTED) {
		call->stopped = stop_pending(call->limits.stop);
		return;
	}
	/* Without the lock of the table as well: the next call does the rest. */
	if (!call->dry && hold_unlock(call->hold, &steps->fault) != OUTCOME_DONE)
		outcome = OUTCOME_FAILED;
	if (call->binfmt.lock >= 0) {
		host_forget(&call->host);
		look(call, HOST_FACT_TABLE);
	}
	held = call->host.held;
	if (outcome == OUTCOME_DONE && call->host.table == HOST_TABLE_UNREADABLE) {
		steps->fault = call->host.table_fault;
		outcome = OUTCOME_FAILED;
	} else if (call->dry && held) {
		outcome = hold_others(call->hold, &held, &steps->fault);
	}
	if (outcome == OUTCOME_DONE && call->host.table == HOST_TABLE_MOUNTED && !held
		&& !plan_hold(call, CHANGE_RELEASE, &plan))
		outcome = fault_errno(
			&steps->fault, ENOMEM, "armhf_binfmt_prepare", "plan its steps");
	for (unsigned int i = 0; outcome == OUTCOME_DONE && i < plan.count; i++) {
		struct step told = plan.steps[i];

		told.printed = false;
		if (call->dry)
			steps_add(&steps->done, &told);
		else
			outcome = steps_do(steps, &plan.steps[i], NULL);
		if (outcome == OUTCOME_GONE)
			outcome = OUTCOME_DONE;
	}
	free(plan.steps);
	explain_steps(call, 0);
	if (outcome == OUTCOME_DONE)
		return;
	call->reason = outcome == OUTCOME_BUSY ? REASON_BINFMT_BUSY : REASON_UNDO_FAILED;
	if (steps->fault.remedy == NULL && call->reason == REASON_UNDO_FAILED)
		steps->fault.remedy = "mend that";
	if (!call->dry)
		fault_note(&call->notes, BINFMT_PATH ": %s",
			call->hold->fd >= 0 ? "this shell still holds"
					    : "the next call enables the entries that no shell "
					      "holds any more");
}

void
call_release(struct call *call, const struct stop *stop)
{
	call->verb = CALL_RELEASES;
	call->reason = REASON_UNDO_DONE;
	call_begin(call, stop);
	if (call->hold->fd < 0)
		return;
	look(call, HOST_FACT_TABLE);
	if (call->stopped == 0)
		release_locked(call);
	call->fault = call->steps.fault;
	if (call->stopped != 0)
		call->reason = REASON_INTERRUPTED;
	/* Its warnings are those of the release alone. */
	host_forget(&call->host);
	binfmt_close(&call->binfmt);
}

void
call_undo(struct call *call, const struct stop *stop)
{
	call->verb = CALL_UNDOES;
	call_begin(call, stop);
	look(call, HOST_FACT_TABLE);
	if (call->stopped == 0)
		undo_locked(call);
	call->fault = call->steps.fault;
	/* The facts as they are afterwards. */
	host_forget(&call->host);
	look(call, HOST_FACT_TABLE);
	look(call, HOST_FACT_SERVING);
	if (call->stopped != 0)
		call->reason = REASON_INTERRUPTED;
	call_end(call);
}

int
call_status(const struct call *call)
{
	if (call->stopped != 0)
		return 128 + call->stopped;
	return words_success(call->reason) ? 0 : 1;
}

void
call_free(struct call *call)
{
	host_forget(&call->host);
	steps_free(&call->steps);
	program_release(&call->programs);
	free(call->notes);
	free(call);
}
