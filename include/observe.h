/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe: looks at the host, one fact at a time. Never writes.
 */
#ifndef ARMHF_OBSERVE_H
#define ARMHF_OBSERVE_H

#include "binfmt.h"
#include "host.h"

/* The machine: arm64 and page_size. Part of HOST_FACT_TABLE. */
void
observe_machine(struct host *host);

/*
 * Look at one fact and write it into *host. The table is opened in *binfmt as needed. HOST_FACT_SERVING
 * needs the table, HOST_FACT_FIT the descriptor, HOST_FACT_DIRECT either of described and made. Returns
 * 0, or the signal that interrupted it: then the fact is not known.
 */
int
observe_fact(struct host *host, enum host_fact fact, struct binfmt *binfmt,
	const struct probe_limits *limits);

/*
 * True if this entry may be put into effect. False with a fault: it takes no armhf programs or
 * none of type DYN, it takes this machine's own programs, its interpreter could be replaced by others, is
 * relative, too long or a script that flag O or C cannot use, or no line can register it. Where flag F
 * has pinned an interpreter whose file is gone (pinned), the file is not asked.
 */
bool
observe_may_serve(const struct entry *entry, const char *object, bool pinned, struct fault *fault);

#endif
