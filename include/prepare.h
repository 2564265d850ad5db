/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * prepare: one call: the bounded loop of observe, decide and apply, and what came of it.
 */
#ifndef ARMHF_PREPARE_H
#define ARMHF_PREPARE_H

#include "apply.h"
#include "plan.h"

#define PREPARE_SECONDS     10 /* the longest that one probe may run, unless said otherwise */
#define PREPARE_SECONDS_MAX 600

/* Too large for a stack: allocate it zeroed, set the first four, call prepare_run or prepare_undo. */
struct prepare {
	enum plan_policy policy;
	bool rehearse; /* observe and decide, change nothing */
	bool explain;  /* look also at what only the explanation needs */
	int seconds;   /* the longest that one probe may run */

	enum plan_reason reason;
	int tier;
	int stopped;        /* the signal that interrupted the call, or 0 */
	bool faulted;       /* the reason is that of apply.fault, not of the facts */
	bool undoing;       /* the call carries out undo steps */
	struct host before; /* the facts before the first step, where there was one */
	struct host judged; /* the facts that the verdict stands on */
	struct host host;   /* the facts now: the same, unless something was taken back since */
	struct probe_limits limits;
	struct binfmt binfmt;
	struct apply apply;
	struct plan_step undo[APPLY_STANDING_MAX]; /* what would take this call's changes back */
	unsigned int undo_count;
	enum host_native explained; /* with explain: native, though the decision did not ask */
};

/* Decide, act and prove. To be called between stop_begin and stop_end. */
void
prepare_run(struct prepare *prepare, const struct stop *stop);

/* Carry out the undo steps that are given in undo and undo_count; those that could not be stay there. */
void
prepare_undo(struct prepare *prepare, const struct stop *stop);

#endif
