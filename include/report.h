/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report: what came of a call, in words: the values of the outcome variables, the
 * message with its remedy, the warnings, the explanation of -v. Knows no bash and decides nothing.
 */
#ifndef ARMHF_REPORT_H
#define ARMHF_REPORT_H

#include <stdio.h>
#include "prepare.h"

enum report_value {
	REPORT_TIER = 0,
	REPORT_MODE,
	REPORT_REASON,
	REPORT_MESSAGE,
	REPORT_WARNING,
	REPORT_NATIVE,
	REPORT_ALIGN,
	REPORT_ENTRY,
	REPORT_INTERPRETER,
	REPORT_FLAGS,
	REPORT_ACTIONS,
	REPORT_UNDO,
	REPORT_VALUE_COUNT,
};

/* The key of a value in the associative array; in capitals and after ARMHF_BINFMT_ the name of its variable. */
const char *
report_key(enum report_value value);

/* Write a value to the stream. */
void
report_print(FILE *to, const struct prepare *prepare, enum report_value value);

/* Explain the whole call to a person: the facts, the tier and why, each step, the result. */
void
report_explain(FILE *to, const struct prepare *prepare);

/* The status of the call: 0, 1 or 128 + the signal. */
int
report_status(const struct prepare *prepare);

#endif
