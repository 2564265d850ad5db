/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steps: the one place where the host is changed. Each step is carried out, read back, and undone by
 * the same walk after a failed call and for -r.
 */
#ifndef ARMHF_STEPS_H
#define ARMHF_STEPS_H

#include "binfmt.h"
#include "words.h"

/* A list that grows on the heap. */
struct step_list {
	struct step *steps;
	unsigned int count, room;
};

struct steps {
	struct binfmt *binfmt;
	const struct fault *closed; /* why the table is not open; "": it is not mounted */
	const struct probe_limits *limits;
	struct hold *hold;     /* of this shell */
	const char *who;       /* the name of a new holder */
	bool dry;              /* undo nothing, but keep the lists as if */
	bool locked;           /* this call made the shell a holder */
	struct step_list done; /* all that was carried out, in order, undoing steps included */
	struct step_list undo; /* the steps that would undo what stands; the last one comes first */
	struct entry replaced; /* the entry that an unregister step removed; untested: none */
	struct fault fault;    /* of the step that failed */
	char *notes;           /* warnings to a person, one a line; on the heap, or NULL */
};

/*
 * Carry out one step. entry is the registration that register and create-descriptor make, else NULL.
 * What it leaves, even where it failed, is added to the undo list; what somebody else was faster with
 * is not. steps->fault says why it did not succeed.
 */
enum outcome
steps_do(struct steps *steps, const struct step *step, const struct entry *entry);

/*
 * Undo what the undo list says, the last one first, and only what is still as it was left. A step
 * that cannot be undone stays in the list, and steps->fault is that of the first. Returns their number.
 */
unsigned int
steps_undo(struct steps *steps);

/* Add a step to a list; false: no memory. */
bool
steps_add(struct step_list *list, const struct step *step);

/* True for the steps that an undo list may hold. */
bool
steps_undoes(enum step_kind kind);

/* The step that undoes this one; the same kind where there is none. */
enum step_kind
steps_inverse(enum step_kind kind);

void
steps_free(struct steps *steps);

#endif
