/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain: the lines of -v, written as it happens: each fact when it is looked at, each decision when
 * it is taken, each step when it is done. Nothing is written where call->explain is NULL.
 */
#ifndef ARMHF_EXPLAIN_H
#define ARMHF_EXPLAIN_H

#include "call.h"

void
explain_begin(const struct call *call);
void
explain_fact(const struct call *call, enum host_fact fact);
void
explain_tier(struct call *call, int tier);
/* The steps in call->steps.done from this one on. */
void
explain_steps(const struct call *call, unsigned int from);
/* Why the call begins again. */
void
explain_again(const struct call *call, const char *why);

#endif
