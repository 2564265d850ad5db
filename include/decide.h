/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide: the four tiers and the three policies. Pure but for the verbs of call.h.
 */
#ifndef ARMHF_DECIDE_H
#define ARMHF_DECIDE_H

#include "call.h"

/* Come to a verdict, or begin again. */
void
decide(struct call *call);

/*
 * A change was refused, or is impossible, and what stood is as before. While armhf runs that is no
 * failure; else the verdict is this one, with the fault of the step.
 */
void
decide_refused(struct call *call, int tier, enum reason reason);

/* The table cannot be read, or is gone. */
void
decide_no_table(struct call *call, int tier);

#endif
