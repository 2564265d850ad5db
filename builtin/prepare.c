/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prepare: goes round observe, decide, apply until there is a verdict. Holds the lock and
 * bounds the rounds; knows no tier and no policy.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe.h"
#include "prepare.h"

#define PREPARE_RESTARTS_MAX 8
#define PREPARE_WAIT_MIN     60 /* seconds for the lock, or three times a probe's, the longer */

static void
prepare_begin(struct prepare *prepare, const struct stop *stop)
{
	prepare->limits.stop = stop;
	prepare->limits.seconds = prepare->seconds;
	prepare->binfmt = BINFMT_NONE;
	prepare->apply.binfmt = &prepare->binfmt;
	prepare->apply.limits = &prepare->limits;
	prepare->apply.rehearse = prepare->rehearse;
}

static enum binfmt_result
prepare_lock(struct prepare *prepare)
{
	int seconds = 3 * prepare->seconds;

	return binfmt_lock(&prepare->binfmt, prepare->limits.stop,
		seconds > PREPARE_WAIT_MIN ? seconds : PREPARE_WAIT_MIN, &prepare->apply.fault);
}

static void
prepare_interrupted(struct prepare *prepare, int stopped)
{
	prepare->stopped = stopped;
	prepare->reason = PLAN_REASON_INTERRUPTED;
	prepare->judged = prepare->host;
	apply_back(&prepare->apply);
}

/* Who would serve, once the rehearsed steps were taken? Returns a signal, or 0. */
static int
prepare_imagine(struct prepare *prepare)
{
	struct host *host = &prepare->host;
	const struct entry *entry = plan_catching_entry(host);
	struct probe_result *proof = &host->proof;

	if (entry != NULL) {
		probe_run_through(proof, entry->interpreter, (entry->flags & ENTRY_PRESERVE) != 0,
			&prepare->limits);
		if (proof->end == PROBE_INTERRUPTED)
			return proof->value;
		proof->way = PROBE_BY_ENTRY;
		host->serving = probe_delivered(proof)    ? HOST_SERVING_ENTRY
			: proof->end == PROBE_NOT_STARTED ? HOST_SERVING_UNKNOWN
							  : HOST_SERVING_BROKEN;
		return 0;
	}
	if (host->odd.end == PROBE_NOT_STARTED) {
		int stopped = observe_fact(
			host, HOST_FACT_NATIVE, &prepare->binfmt, &prepare->limits);

		if (stopped != 0)
			return stopped;
	}
	*proof = host->odd;
	proof->way = PROBE_BY_KERNEL;
	host->serving = probe_delivered(proof) ? HOST_SERVING_KERNEL : HOST_SERVING_NOBODY;
	/* An entry is in effect as yet, so the loader cannot be asked natively. */
	host->loader = HOST_LOADER_ABSENT;
	return 0;
}

/* Look at what the decision asks for; after rehearsed steps the host cannot tell who would serve. */
static int
prepare_look(struct prepare *prepare, enum host_fact fact)
{
	if (prepare->rehearse && prepare->apply.standing_count + prepare->apply.action_count > 0
		&& fact == HOST_FACT_SERVING)
		return prepare_imagine(prepare);
	return observe_fact(&prepare->host, fact, &prepare->binfmt, &prepare->limits);
}

/* Take the plan's steps, or rehearse them. */
static enum plan_outcome
prepare_steps(struct prepare *prepare, const struct plan *plan, enum plan_step_kind *failed)
{
	enum plan_outcome outcome;

	if (!prepare->rehearse) {
		outcome = apply_steps(&prepare->apply, plan, &prepare->host, failed);
		/* The import changes nothing that was proved, if the entry is still the same. */
		if (plan->next != PLAN_STAGE_IMPORTED || !apply_entry_stands(&prepare->apply))
			observe_forget(&prepare->host);
		return outcome;
	}
	outcome = apply_rehearse(&prepare->apply, plan, &prepare->host, failed);
	if (plan->next != PLAN_STAGE_IMPORTED) {
		prepare->host.serving = HOST_SERVING_UNTESTED;
		prepare->host.loader = HOST_LOADER_UNTESTED;
	}
	return outcome;
}

/* Undo all that stands, and look again who serves. Returns a signal, or 0. */
static int
prepare_back(struct prepare *prepare)
{
	bool changed = prepare->apply.action_count > 0;
	int stopped = 0;

	if (prepare->rehearse) {
		bool replaced = apply_rehearse_back(&prepare->apply, &prepare->before);

		if (changed)
			prepare->host = prepare->before;
		if (replaced)
			return prepare_imagine(prepare);
	} else {
		apply_back(&prepare->apply);
	}
	if (!changed)
		return 0;
	if (!prepare->rehearse) {
		observe_forget(&prepare->host);
		stopped = observe_fact(
			&prepare->host, HOST_FACT_TABLE, &prepare->binfmt, &prepare->limits);
	}
	if (stopped == 0 && prepare->host.serving == HOST_SERVING_UNTESTED)
		stopped = observe_fact(
			&prepare->host, HOST_FACT_SERVING, &prepare->binfmt, &prepare->limits);
	return stopped;
}

static enum plan_outcome
prepare_lock_outcome(enum binfmt_result result)
{
	switch (result) {
	case BINFMT_REFUSED: return PLAN_OUTCOME_REFUSED;
	case BINFMT_BUSY: return PLAN_OUTCOME_BUSY;
	default: return PLAN_OUTCOME_FAILED;
	}
}

/*
 * Before a change, and before a verdict of failure: take the lock and look again. True:
 * it was taken just now, or the call is over; false: go on with the plan.
 */
static bool
prepare_settle(struct prepare *prepare, const struct plan *plan, struct plan_past *past)
{
	enum binfmt_result result;

	if (prepare->rehearse || prepare->binfmt.table < 0 || prepare->binfmt.lock >= 0)
		return false;
	result = prepare_lock(prepare);
	if (result == BINFMT_INTERRUPTED) {
		prepare_interrupted(prepare, stop_pending(prepare->limits.stop));
		return true;
	}
	if (result == BINFMT_DONE) {
		observe_forget(&prepare->host);
		return true;
	}
	/* A failure that needs no change is told without the lock where it is not to be had. */
	if (plan->kind != PLAN_KIND_STEPS && result != BINFMT_BUSY)
		return false;
	plan_after(past, plan, PLAN_STEP_KIND_COUNT, prepare_lock_outcome(result));
	return true;
}

/* For the explanation alone: could the kernel run armhf itself? The outcome does not show it. */
static void
prepare_explain(struct prepare *prepare)
{
	const enum host_native native = prepare->host.native;
	const struct probe_result odd = prepare->host.odd;

	if (prepare->explain && prepare->stopped == 0 && native == HOST_NATIVE_UNTESTED)
		observe_fact(&prepare->host, HOST_FACT_NATIVE, &prepare->binfmt, &prepare->limits);
	prepare->explained = prepare->host.native;
	prepare->host.native = native;
	prepare->host.odd = odd;
}

/* The verdict stands: take back what a failure must not leave. */
static void
prepare_verdict(struct prepare *prepare, const struct plan *plan, const struct plan_past *past)
{
	int stopped;

	prepare->reason = plan->reason;
	prepare->tier = plan->tier;
	prepare->faulted = past->stage == PLAN_STAGE_FAILED || past->stage == PLAN_STAGE_REFUSED;
	prepare->judged = prepare->host;
	if (plan_reason_success(plan->reason))
		return;
	stopped = prepare_back(prepare);
	if (stopped != 0)
		prepare_interrupted(prepare, stopped);
}

/* Go round until there is a verdict. */
static void
prepare_rounds(struct prepare *prepare, struct plan *plan)
{
	struct plan_past past = {.stage = PLAN_STAGE_NOTHING};
	unsigned int restarts = 0;

	for (;;) {
		enum plan_step_kind failed = PLAN_STEP_KIND_COUNT;
		enum plan_outcome outcome = PLAN_OUTCOME_DONE;
		int stopped = 0;

		plan_decide(plan, &prepare->host, prepare->policy, &past);
		switch (plan->kind) {
		case PLAN_KIND_ASK: stopped = prepare_look(prepare, plan->ask); break;
		case PLAN_KIND_DONE:
			if (!plan_reason_success(plan->reason)
				&& past.reason != PLAN_REASON_BINFMT_BUSY
				&& prepare_settle(prepare, plan, &past)) {
				stopped = prepare->stopped;
				break;
			}
			prepare_verdict(prepare, plan, &past);
			return;
		case PLAN_KIND_STEPS:
			prepare->tier = plan->tier;
			if (prepare_settle(prepare, plan, &past)) {
				stopped = prepare->stopped;
				break;
			}
			if (prepare->apply.action_count == 0)
				prepare->before = prepare->host;
			outcome = prepare_steps(prepare, plan, &failed);
			plan_after(&past, plan, failed, outcome);
			if (outcome == PLAN_OUTCOME_INTERRUPTED)
				stopped = stop_pending(prepare->limits.stop);
			else if (outcome != PLAN_OUTCOME_DONE)
				stopped = prepare_back(prepare);
			restarts += outcome == PLAN_OUTCOME_RACED;
			break;
		case PLAN_KIND_BACK:
			stopped = prepare_back(prepare);
			past.stage = plan->next;
			restarts += plan->next == PLAN_STAGE_NOTHING;
			break;
		}
		if (stopped != 0) {
			prepare_interrupted(prepare, stopped);
			return;
		}
		if (restarts > PREPARE_RESTARTS_MAX && past.stage != PLAN_STAGE_FAILED) {
			fault_set(&prepare->apply.fault, 0, BINFMT_PATH,
				"somebody else changed it each time that it was looked at (%d times)",
				restarts);
			past = (struct plan_past){
				PLAN_STAGE_FAILED, PLAN_REASON_BINFMT_BUSY, prepare->tier};
		}
	}
}

void
prepare_run(struct prepare *prepare, const struct stop *stop)
{
	struct plan *plan = malloc(sizeof(*plan)); /* too large for a stack; plan_decide fills it */

	prepare_begin(prepare, stop);
	if (plan == NULL) {
		prepare->reason = PLAN_REASON_SYSTEM_ERROR;
		prepare->faulted = true;
		fault_set(&prepare->apply.fault, errno, "armhf_binfmt_prepare", "no memory");
		return;
	}
	prepare_rounds(prepare, plan);
	free(plan);
	prepare->undo_count = apply_undo_list(&prepare->apply, prepare->undo);
	prepare_explain(prepare);
	binfmt_close(&prepare->binfmt);
}

/* Where the given steps change something: take the lock, carry them out. */
static void
prepare_undo_steps(struct prepare *prepare)
{
	struct plan_step steps[APPLY_STANDING_MAX];
	struct apply *apply = &prepare->apply;
	unsigned int count = prepare->undo_count;
	enum binfmt_result result;

	memcpy(steps, prepare->undo, count * sizeof(*steps));
	apply->rehearse = true;
	apply_undo(apply, &prepare->host, steps, &count);
	if (prepare->rehearse || apply->action_count == 0) {
		memcpy(prepare->undo, steps, count * sizeof(*steps));
		prepare->undo_count = count;
		prepare->reason = count == 0 ? PLAN_REASON_UNDO_DONE : PLAN_REASON_UNDO_FAILED;
		return;
	}
	apply->rehearse = false;
	apply->action_count = 0;
	apply->notes[0] = '\0';
	result = prepare->binfmt.table >= 0 ? prepare_lock(prepare) : BINFMT_DONE;
	switch (result) {
	case BINFMT_DONE:
		apply_undo(apply, &prepare->host, prepare->undo, &prepare->undo_count);
		prepare->reason = prepare->undo_count == 0 ? PLAN_REASON_UNDO_DONE
							   : PLAN_REASON_UNDO_FAILED;
		break;
	case BINFMT_INTERRUPTED:
		prepare->stopped = stop_pending(prepare->limits.stop);
		prepare->reason = PLAN_REASON_INTERRUPTED;
		break;
	default:
		prepare->reason = result == BINFMT_BUSY ? PLAN_REASON_BINFMT_BUSY
							: PLAN_REASON_UNDO_FAILED;
		break;
	}
}

void
prepare_undo(struct prepare *prepare, const struct stop *stop)
{
	static const enum host_fact facts[] = {HOST_FACT_TABLE, HOST_FACT_SERVING};

	prepare_begin(prepare, stop);
	prepare->undoing = true;
	prepare->faulted = true;
	prepare->stopped = observe_fact(
		&prepare->host, HOST_FACT_TABLE, &prepare->binfmt, &prepare->limits);
	if (prepare->stopped == 0)
		prepare_undo_steps(prepare);
	observe_forget(&prepare->host);
	for (size_t i = 0; prepare->stopped == 0 && i < sizeof(facts) / sizeof(facts[0]); i++)
		prepare->stopped = observe_fact(
			&prepare->host, facts[i], &prepare->binfmt, &prepare->limits);
	if (prepare->stopped != 0)
		prepare->reason = PLAN_REASON_INTERRUPTED;
	prepare->judged = prepare->host;
	prepare->before = prepare->host;
	prepare_explain(prepare);
	binfmt_close(&prepare->binfmt);
}
