/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: how an action ended, and where it failed: on what, why, and what cures that. Filled once,
 * at the call that failed; callers hand it on.
 */
#ifndef ARMHF_FAULT_H
#define ARMHF_FAULT_H

#include <stddef.h>

#define FAULT_OBJECT_SIZE 1088 /* an escaped name of 255 bytes, and the path of its directory */
#define FAULT_WHY_SIZE    896

/* How an action ended. What else a function can answer is said with it. */
enum outcome {
	OUTCOME_DONE = 0,
	OUTCOME_GONE,        /* its object does not exist (any more) */
	OUTCOME_TAKEN,       /* somebody else has put something in its place */
	OUTCOME_REFUSED,     /* EPERM, EACCES, EROFS */
	OUTCOME_IMPOSSIBLE,  /* ENODEV: the kernel has no binfmt_misc */
	OUTCOME_OVERRULED,   /* done, and it reads back as something else */
	OUTCOME_BUSY,        /* the lock could not be acquired in time */
	OUTCOME_INTERRUPTED, /* a stop signal is pending */
	OUTCOME_FAILED,      /* anything else */
};

struct fault {
	int error; /* the errno behind it, 0 where there is none */
	char object
		[FAULT_OBJECT_SIZE]; /* path or name, as text_escape writes it; "": nothing failed */
	char why[FAULT_WHY_SIZE];    /* the rule or the call, and the reason, in words */
	/* What cures it, with @ for the object; NULL: what the reason of the verdict advises. */
	const char *remedy;
};

/*
 * Fill *fault (which may be NULL): the object, then a printf format of what was tried. With a
 * non-zero error ": " and strerror(error) are added, and the remedy is the one for that errno, where
 * it has one; else it is NULL.
 */
void
fault_set(struct fault *fault, int error, const char *object, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As fault_set with "cannot WHAT"; returns the outcome that the errno means. */
enum outcome
fault_errno(struct fault *fault, int error, const char *object, const char *what);

/* Put a printf format in front of the reason. */
void
fault_wrap(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Write the remedy, with the object in the place of @; "" where there is none. */
void
fault_remedy(const struct fault *fault, char *text, size_t size);

/* Add a line to *notes, which is on the heap or NULL; nothing where memory has run out. */
void
fault_note(char **notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
