/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe: fills struct host, one fact at a time, as the decision asks for them.
 * It reads files and runs probes, and changes nothing.
 */
#ifndef ARMHF_OBSERVE_H
#define ARMHF_OBSERVE_H

#include "binfmt.h"
#include "host.h"

/*
 * Look at one fact. Returns 0, or the signal that interrupted it: then the fact is
 * as it was before.
 */
int
observe_fact(struct host *host, enum host_fact fact, struct binfmt *binfmt,
	const struct probe_limits *limits);

/* Forget every fact that somebody can have changed meanwhile: all but native and the probe behind it. */
void
observe_forget(struct host *host);

#endif
