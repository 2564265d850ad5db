/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: what failed, on what, and why. Filled once, at the call that failed;
 * callers hand it on and add nothing.
 */
#ifndef ARMHF_FAULT_H
#define ARMHF_FAULT_H

#define FAULT_OBJECT_SIZE 1024
#define FAULT_WHY_SIZE    512

struct fault {
	int error;                      /* the errno behind it, 0 where there is none */
	char object[FAULT_OBJECT_SIZE]; /* path or name, as fault_escape writes it */
	char why[FAULT_WHY_SIZE];       /* the call or rule, and the reason, in words */
};

/*
 * Fill *fault (which may be NULL): the object, then a printf format of what was
 * tried. With a non-zero error ": " and strerror(error) are added to the reason.
 */
void
fault_set(struct fault *fault, int error, const char *object, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Copy text as outcome variables carry names and paths: blanks, backslashes and
 * all that is not printable ASCII become \xHH. The copy is cut at the last whole
 * character that fits into size and always ends in NUL. Returns the length the
 * whole copy would have.
 */
unsigned long
fault_escape(char *to, unsigned long size, const char *text);

#endif
