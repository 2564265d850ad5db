/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * call: one call of the builtin: its facts, its changes, its verdict. It gives the decision its
 * verbs. Once the call is over (a verdict, a signal), or must begin again (the lock was just acquired, or
 * somebody else was faster), look, change and verdict do nothing and the first verdict stands.
 */
#ifndef ARMHF_CALL_H
#define ARMHF_CALL_H

#include "program.h"
#include "steps.h"

#define CALL_SECONDS     10 /* the longest that one probe may run, unless said otherwise */
#define CALL_SECONDS_MAX 600
#define CALL_BLOCKED_MAX 100 /* programs that are listed */

/* A change that the decision can make, as one or a few steps. */
enum change {
	CHANGE_MOUNT,
	CHANGE_ENABLE,   /* the entry qemu-arm, the global status, or both */
	CHANGE_REGISTER, /* the entry of tier 1 or 4, where none stands */
	CHANGE_REPLACE,  /* the entry qemu-arm by that of tier 1 */
	CHANGE_CREATE,   /* tier 4's descriptor, and its directory */
	CHANGE_IMPORT,   /* tier 4's descriptor into binfmt-support */
	CHANGE_DISABLE,  /* all entries in effect that take armhf */
	CHANGE_HOLD,     /* the same, held for this shell, which becomes a holder */
	CHANGE_RELEASE,  /* entries that are held for nobody: enable them again */
};

/* Which of the functions below was called. */
enum call_verb {
	CALL_DECIDES = 0, /* call_run */
	CALL_UNDOES,      /* call_undo */
	CALL_RELEASES,    /* call_release */
};

/* Too large for a small stack: on the heap, zeroed. The caller sets the first seven. */
struct call {
	enum policy policy;
	bool dry;          /* observe and decide, change nothing */
	int seconds;       /* the longest that one probe may run */
	FILE *explain;     /* for -v, or NULL */
	const char *who;   /* of -k: hold what is disabled, for a shell of this name; or NULL */
	struct hold *hold; /* of this shell; outlives the call */
	const char *check; /* of -c: a program or a root directory; or NULL */
	enum call_verb verb;

	enum reason reason;
	int tier;           /* 1 to 4, or 0 */
	int stopped;        /* the signal that interrupted the call, or 0 */
	struct fault fault; /* of a failure: on what, why, and the remedy */
	char *notes;        /* warnings to a person, one a line; on the heap, or NULL */

	struct program_report programs; /* with check */

	struct host host;   /* the facts as they are now */
	struct steps steps; /* the changes */
	struct binfmt binfmt;
	struct probe_limits limits;
	enum { CALL_GOES_ON, CALL_AGAIN, CALL_OVER } state;
	unsigned int restarts;
	enum step_kind failed; /* the step that an attempt ended at */
	enum outcome locked;   /* how acquiring the lock ended */
	bool plain;            /* tier 4 goes without flag P */
	int told;              /* the tier that -v has named last */
	bool native_told;      /* -v has said whether the kernel could */
	bool released;         /* the entries of dead holders were released, or cannot be */
	struct fault cause;    /* for the decision to fill */
};

/* Decide, act and prove. To be called between stop_begin and stop_end, as call_undo. */
void
call_run(struct call *call, const struct stop *stop);

/* Carry out the undo steps in steps.undo, the last one first; those that could not be stay there. */
void
call_undo(struct call *call, const struct stop *stop);

/* Release the hold of this shell. Executes no program: no fact of the host is known afterwards. */
void
call_release(struct call *call, const struct stop *stop);

void
call_free(struct call *call);

/* The status of the call: 0, 1 or 128 + the signal. */
int
call_status(const struct call *call);

/* ---- the verbs of the decision ---- */

/* True if there is a verdict, or the call begins again. */
bool
is_over(const struct call *call);

/* The facts, this one among them. */
const struct host *
look(struct call *call, enum host_fact fact);

/*
 * Carry out a change, and see that it stands. With -n: say whether that can be expected, and end the call.
 * reason is that of a success. False: the call is over, or has begun again.
 */
bool
change(struct call *call, enum change change, int tier, enum reason reason);

/* The same, whatever comes of it: the steps of a change that failed are undone, and steps.fault says why. */
enum outcome
attempt(struct call *call, enum change change, int tier, enum reason reason);

/* Acquire the lock, for a change is sure to come. False: the call has begun again, or is over. */
bool
acquire(struct call *call);

/* Undo all that stands, and forget the facts. */
void
undo(struct call *call);

/* End the call. fault is the cause of a failure (NULL: that of the last step); what stands is undone then. */
void
verdict(struct call *call, int tier, enum reason reason, const struct fault *fault);

/* Begin again from the facts. */
void
begin_again(struct call *call);

#endif
