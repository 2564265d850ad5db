/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report: a call in words: the values of the outcome variables, the message, the warnings. Knows no
 * bash and decides nothing.
 */
#ifndef ARMHF_REPORT_H
#define ARMHF_REPORT_H

#include "call.h"

/* constant, key in the associative array; in capitals and behind ARMHF_BINFMT_ the variable. */
#define REPORT_VALUES(ROW)                                                                         \
	ROW(TIER, "tier")                                                                          \
	ROW(MODE, "mode")                                                                          \
	ROW(REASON, "reason")                                                                      \
	ROW(MESSAGE, "message")                                                                    \
	ROW(WARNING, "warning")                                                                    \
	ROW(NATIVE, "native")                                                                      \
	ROW(ALIGN, "align")                                                                        \
	ROW(ENTRY, "entry")                                                                        \
	ROW(INTERPRETER, "interpreter")                                                            \
	ROW(FLAGS, "flags")                                                                        \
	ROW(ACTIONS, "actions")                                                                    \
	ROW(UNDO, "undo")                                                                          \
	ROW(BLOCKED, "blocked")

enum report_value {
#define ROW(constant, key) REPORT_##constant,
	REPORT_VALUES(ROW)
#undef ROW
		REPORT_VALUE_COUNT
};

const char *
report_key(enum report_value value);

/* Write a value to the stream. */
void
report_print(FILE *to, const struct call *call, enum report_value value);

/* The last lines of -v, behind those that were written as it happened. */
void
report_explain(FILE *to, const struct call *call);

#endif
