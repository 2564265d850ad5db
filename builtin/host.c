/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host: questions that several facts answer together. Looks at nothing but the facts.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

bool
host_knows(const struct host *host, enum host_fact fact)
{
	switch (fact) {
	case HOST_FACT_TABLE: return host->table != HOST_TABLE_UNTESTED;
	case HOST_FACT_DESCRIPTOR: return host->descriptor != HOST_DESCRIPTOR_UNTESTED;
	case HOST_FACT_SERVING: return host->serving != HOST_SERVING_UNTESTED;
	case HOST_FACT_NATIVE: return host->native != HOST_NATIVE_UNTESTED;
	case HOST_FACT_LOADER: return host->loader != HOST_UNTESTED;
	case HOST_FACT_FIT: return host->fit != HOST_UNTESTED;
	case HOST_FACT_EMULATOR: return host->emulator != HOST_UNTESTED;
	case HOST_FACT_IMPORTER: return host->importer != HOST_UNTESTED;
	case HOST_FACT_DIRECT: return host->direct != HOST_UNTESTED;
	}
	return true;
}

void
host_forget(struct host *host)
{
	enum host_native native = host->native;
	struct probe_result odd = host->odd;

	free(host->claimers);
	free(host->markers);
	memset(host, 0, sizeof(*host));
	host->native = native;
	host->odd = odd;
}

bool
host_in_effect(const struct host *host, enum entry_state state)
{
	return host->on && (state == ENTRY_ENABLED || state == ENTRY_UNKNOWN);
}

unsigned int
host_claimed(const struct host *host, unsigned int kinds)
{
	unsigned int count = 0;

	for (unsigned int i = 0; host->on && i < host->claimer_count; i++)
		count += host->claimers[i].enabled && (host->claimers[i].takes & kinds) != 0;
	return count;
}

const struct host_claimer *
host_heir(const struct host *host)
{
	const struct host_claimer *heir = NULL;

	for (unsigned int i = 0; i < host->claimer_count; i++) {
		const struct host_claimer *claimer = &host->claimers[i];
		bool own = strcmp(claimer->name, HOST_ENTRY_NAME) == 0;

		if (!(claimer->takes & ENTRY_DYN) || (!claimer->enabled && !own))
			continue;
		/* Of two within one clock tick our own, as it is told first. */
		if (heir == NULL || claimer->registered > heir->registered
			|| (own && claimer->registered == heir->registered))
			heir = claimer;
	}
	return heir;
}

const struct host_claimer *
host_loose(const struct host *host)
{
	for (unsigned int i = 0; host->on && i < host->claimer_count; i++)
		if (host->claimers[i].enabled && host->claimers[i].loose != NULL)
			return &host->claimers[i];
	return NULL;
}

bool
host_own_serves(const struct host *host)
{
	return host->newest.state == ENTRY_ENABLED ? strcmp(host->newest.name, HOST_ENTRY_NAME) == 0
			|| strcmp(host->rival, HOST_ENTRY_NAME) == 0
						   : host->own.state == ENTRY_UNKNOWN;
}

bool
host_native_able(const struct host *host)
{
	return host->native == HOST_NATIVE_YES || host->native == HOST_NATIVE_PAGE_SIZE;
}
