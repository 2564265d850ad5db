/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply: carries out steps, reads each back, keeps the list of what stands, and
 * takes it back in reverse. The one place where the host is changed.
 */
#ifndef ARMHF_APPLY_H
#define ARMHF_APPLY_H

#include "binfmt.h"
#include "plan.h"

#define APPLY_STANDING_MAX (HOST_CLAIMERS_MAX + 8)
#define APPLY_ACTIONS_MAX  640 /* more than the bounded number of attempts can take */
#define APPLY_NOTES_SIZE   2048

struct apply {
	struct binfmt *binfmt;
	const struct probe_limits *limits;
	bool rehearse; /* change nothing, but keep the lists as if */

	struct plan_step standing[APPLY_STANDING_MAX]; /* done and not taken back, in order */
	unsigned int standing_count;
	struct plan_step actions[APPLY_ACTIONS_MAX]; /* all that was carried out, in order */
	unsigned int action_count;

	struct entry registered; /* what was registered last */
	struct entry replaced;   /* what an unregister step took away; untested: nothing */
	bool folder_made;
	bool import_made; /* the import left a record that was not there before */

	struct fault fault;           /* of the step that failed */
	char notes[APPLY_NOTES_SIZE]; /* what a person should know, one a line */
};

/*
 * Take the plan's steps under the lock. Stops at the first that does not succeed:
 * *failed says which, apply->fault why. Nothing is taken back here.
 */
enum plan_outcome
apply_steps(struct apply *apply, const struct plan *plan, const struct host *host,
	enum plan_step_kind *failed);

/* Take back all that stands, last first. What cannot be taken back stays standing and is noted. */
void
apply_back(struct apply *apply);

/*
 * Carry out steps of an undo list. Those that succeed or are no longer needed are
 * taken out of steps; what is left of *count could not be done.
 */
void
apply_undo(
	struct apply *apply, const struct host *host, struct plan_step *steps, unsigned int *count);

/* The undo list of what stands into steps (APPLY_STANDING_MAX of them): returns how many. */
unsigned int
apply_undo_list(const struct apply *apply, struct plan_step *steps);

/* As apply_steps, but change the facts as the steps would, and the host not at all. */
enum plan_outcome
apply_rehearse(struct apply *apply, const struct plan *plan, struct host *host,
	enum plan_step_kind *failed);

/* As apply_back, with the facts before the steps: true if an entry was replaced, and they may have changed for it. */
bool
apply_rehearse_back(struct apply *apply, struct host *host);

/* True for the steps that an undo list may hold. */
bool
apply_step_undoes(enum plan_step_kind kind);

/* True if the entry on the host is still the one that was registered last. */
bool
apply_entry_stands(const struct apply *apply);

#endif
