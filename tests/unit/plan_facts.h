/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan_facts: every value of every fact that the decision can tell apart, by a name and
 * as struct host holds it. The table of binfmt_misc is several facets, asked for at once.
 */
#ifndef ARMHF_PLAN_FACTS_H
#define ARMHF_PLAN_FACTS_H

#include "plan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum facet {
	FACET_TABLE = 0,
	FACET_STATUS, /* this and the next two: only where the table is mounted */
	FACET_OWN,
	FACET_OTHERS,
	FACET_DESCRIPTOR,
	FACET_SERVING,
	FACET_NATIVE,
	FACET_LOADER,
	FACET_FIT,
	FACET_EMULATOR,
	FACET_IMPORTER,
	FACET_COUNT,
};

#define FACET_VALUES 9 /* of one facet, at most */

static const struct {
	const char *name;
	enum host_fact fact;
	/* The table that people read has as many of the values as this; those behind go with one of them. */
	unsigned int told;
	const char *values[FACET_VALUES + 1];
} facets[FACET_COUNT] = {
	[FACET_TABLE] = {"table", HOST_FACT_TABLE, 6,
		{"EACCES", "EPERM", "EIO", "absent", "autofs", "mounted"}},
	[FACET_STATUS] = {"status", HOST_FACT_TABLE, 2, {"off", "on"}},
	[FACET_OWN] = {"own", HOST_FACT_TABLE, 5,
		{"absent", "disabled", "enabled", "idle", "unknown", "enabled(loose)"}},
	[FACET_OTHERS] = {"others", HOST_FACT_TABLE, 5,
		{"none", "off", "one", "loose", "more", "off(loose)", "full"}},
	[FACET_DESCRIPTOR] = {"descriptor", HOST_FACT_DESCRIPTOR, 7,
		{"absent", "valid", "invalid", "unsafe", "EACCES", "EPERM", "EIO"}},
	[FACET_SERVING] = {"serving", HOST_FACT_SERVING, 5,
		{"kernel", "entry", "broken", "nobody", "unknown", "broken(timeout)",
			"nobody(timeout)"}},
	[FACET_NATIVE] = {"native", HOST_FACT_NATIVE, 9,
		{"yes", "page-size", "no-aarch32", "no-compat", "cpu", "seccomp", "shadowed",
			"unknown", "not-arm64"}},
	[FACET_LOADER] = {"loader", HOST_FACT_LOADER, 3, {"absent", "runs", "fails"}},
	[FACET_FIT] = {"fit", HOST_FACT_FIT, 2, {"yes", "no"}},
	[FACET_EMULATOR] = {"emulator", HOST_FACT_EMULATOR, 3, {"absent", "found", "unsafe"}},
	[FACET_IMPORTER] = {"importer", HOST_FACT_IMPORTER, 2, {"absent", "found"}},
};

static const char *const stage_names[PLAN_STAGE_COUNT] = {
	[PLAN_STAGE_NOTHING] = "nothing",
	[PLAN_STAGE_ENABLED] = "enabled",
	[PLAN_STAGE_REGISTERED] = "registered",
	[PLAN_STAGE_REPLACED] = "replaced",
	[PLAN_STAGE_CREATED] = "created",
	[PLAN_STAGE_IMPORTED] = "imported",
	[PLAN_STAGE_SWITCHED_OFF] = "switched-off",
	[PLAN_STAGE_UNPROVED] = "unproved",
	[PLAN_STAGE_KEPT] = "kept",
	[PLAN_STAGE_REFUSED] = "refused",
	[PLAN_STAGE_FAILED] = "failed",
};

static inline bool
plan_same(const struct plan *a, const struct plan *b)
{
	if (a->kind != b->kind || a->ask != b->ask || a->next != b->next || a->reason != b->reason
		|| a->tier != b->tier || a->step_count != b->step_count)
		return false;
	for (unsigned int i = 0; i < a->step_count; i++)
		if (a->steps[i].kind != b->steps[i].kind
			|| strcmp(a->steps[i].name, b->steps[i].name) != 0)
			return false;
	return true;
}

/* How many values the facet has. */
static inline unsigned int
facet_count(enum facet facet)
{
	unsigned int count = 0;

	while (facets[facet].values[count])
		count++;
	return count;
}

/* The first facet that the fact shows. */
static inline enum facet
facet_of(enum host_fact fact)
{
	enum facet facet = FACET_TABLE;

	while (facets[facet].fact != fact)
		facet++;
	return facet;
}

/* The next facet that the same fact shows, or FACET_COUNT. */
static inline enum facet
facet_next(const struct host *host, enum facet facet)
{
	if (facet >= FACET_OTHERS || (facet == FACET_TABLE && host->table != HOST_TABLE_MOUNTED))
		return FACET_COUNT;
	return facet + 1;
}

static inline void
facet_claim(struct host *host, const char *name, bool enabled, bool loose)
{
	struct host_claimer *claimer = &host->claimers[host->claimer_count++];

	snprintf(claimer->name, sizeof(claimer->name), "%s", name);
	claimer->enabled = enabled;
	claimer->loose = loose;
}

static inline void
facet_set_own(struct host *host, unsigned int value)
{
	static const struct {
		enum entry_state state;
		bool claims;
		bool loose;
	} values[] = {
		{ENTRY_ABSENT, false, false},
		{ENTRY_DISABLED, true, false},
		{ENTRY_ENABLED, true, false},
		{ENTRY_ENABLED, false, false},
		{ENTRY_UNKNOWN, false, false},
		{ENTRY_ENABLED, true, true},
	};

	host->own.state = values[value].state;
	host->claimer_count = 0;
	if (values[value].claims)
		facet_claim(host, HOST_ENTRY_NAME, host->own.state == ENTRY_ENABLED,
			values[value].loose);
}

static inline void
facet_set_others(struct host *host, unsigned int value)
{
	static const struct {
		unsigned int count;
		bool off;
		bool loose;
		unsigned int more;
	} values[] = {
		{.count = 0},
		{.count = 1, .off = true},
		{.count = 1},
		{.count = 1, .loose = true},
		{.count = HOST_CLAIMERS_MAX, .off = true, .more = 1},
		{.count = 1, .off = true, .loose = true},
		{.count = HOST_CLAIMERS_MAX},
	};
	char name[] = "arm-00";

	host->claimer_count = host->claimer_count > 0
		&& strcmp(host->claimers[0].name, HOST_ENTRY_NAME) == 0;
	host->claimer_more = values[value].more;
	for (unsigned int i = 0; i < values[value].count && host->claimer_count < HOST_CLAIMERS_MAX;
		i++) {
		name[sizeof(name) - 3] = (char)('0' + i / 10);
		name[sizeof(name) - 2] = (char)('0' + i % 10);
		facet_claim(host, name, !values[value].off, values[value].loose);
	}
}

/* Let the host have this value. What the fact fills in beside it is set as well. */
static inline void
facet_set(struct host *host, enum facet facet, unsigned int value)
{
	static const struct {
		enum host_table table;
		int error;
	} tables[] = {
		{HOST_TABLE_UNREADABLE, EACCES},
		{HOST_TABLE_UNREADABLE, EPERM},
		{HOST_TABLE_UNREADABLE, EIO},
		{HOST_TABLE_ABSENT, 0},
		{HOST_TABLE_AUTOFS, 0},
		{HOST_TABLE_MOUNTED, 0},
	};
	static const struct {
		enum host_descriptor descriptor;
		int error;
	} descriptors[] = {
		{HOST_DESCRIPTOR_ABSENT, 0},
		{HOST_DESCRIPTOR_VALID, 0},
		{HOST_DESCRIPTOR_INVALID, 0},
		{HOST_DESCRIPTOR_UNSAFE, 0},
		{HOST_DESCRIPTOR_UNREADABLE, EACCES},
		{HOST_DESCRIPTOR_UNREADABLE, EPERM},
		{HOST_DESCRIPTOR_UNREADABLE, EIO},
	};
	static const struct {
		enum host_serving serving;
		enum probe_end end;
	} servings[] = {
		{HOST_SERVING_KERNEL, PROBE_EXITED},
		{HOST_SERVING_ENTRY, PROBE_EXITED},
		{HOST_SERVING_BROKEN, PROBE_REFUSED},
		{HOST_SERVING_NOBODY, PROBE_REFUSED},
		{HOST_SERVING_UNKNOWN, PROBE_NOT_STARTED},
		{HOST_SERVING_BROKEN, PROBE_TIMEOUT},
		{HOST_SERVING_NOBODY, PROBE_TIMEOUT},
	};
	static const enum host_emulator emulators[] = {
		HOST_EMULATOR_ABSENT, HOST_EMULATOR_FOUND, HOST_EMULATOR_UNSAFE};

	switch (facet) {
	case FACET_TABLE:
		host->table = tables[value].table;
		host->table_fault.error = tables[value].error;
		/* As they are where the table is not mounted or cannot be read. */
		host->status = HOST_SWITCH_UNKNOWN;
		host->own.state = ENTRY_UNKNOWN;
		host->claimer_count = 0;
		host->claimer_more = 0;
		break;
	case FACET_STATUS: host->status = HOST_SWITCH_OFF + value; break;
	case FACET_OWN: facet_set_own(host, value); break;
	case FACET_OTHERS: facet_set_others(host, value); break;
	case FACET_DESCRIPTOR:
		host->descriptor = descriptors[value].descriptor;
		host->descriptor_fault.error = descriptors[value].error;
		break;
	case FACET_SERVING:
		host->serving = servings[value].serving;
		host->proof.end = servings[value].end;
		break;
	case FACET_NATIVE: host->native = HOST_NATIVE_YES + value; break;
	case FACET_LOADER: host->loader = HOST_LOADER_ABSENT + value; break;
	case FACET_FIT: host->fit = HOST_FIT_YES + value; break;
	case FACET_EMULATOR: host->emulator = emulators[value]; break;
	case FACET_IMPORTER: host->importer = HOST_IMPORTER_ABSENT + value; break;
	case FACET_COUNT: break;
	}
}

/* Nothing is known of the fact any more. */
static inline void
fact_forget(struct host *host, enum host_fact fact)
{
	switch (fact) {
	case HOST_FACT_NONE: break;
	case HOST_FACT_TABLE: host->table = HOST_TABLE_UNTESTED; break;
	case HOST_FACT_DESCRIPTOR: host->descriptor = HOST_DESCRIPTOR_UNTESTED; break;
	case HOST_FACT_SERVING: host->serving = HOST_SERVING_UNTESTED; break;
	case HOST_FACT_NATIVE: host->native = HOST_NATIVE_UNTESTED; break;
	case HOST_FACT_LOADER: host->loader = HOST_LOADER_UNTESTED; break;
	case HOST_FACT_FIT: host->fit = HOST_FIT_UNTESTED; break;
	case HOST_FACT_EMULATOR: host->emulator = HOST_EMULATOR_UNTESTED; break;
	case HOST_FACT_IMPORTER: host->importer = HOST_IMPORTER_UNTESTED; break;
	}
}

static inline bool
fact_known(const struct host *host, enum host_fact fact)
{
	switch (fact) {
	case HOST_FACT_NONE: break;
	case HOST_FACT_TABLE: return host->table != HOST_TABLE_UNTESTED;
	case HOST_FACT_DESCRIPTOR: return host->descriptor != HOST_DESCRIPTOR_UNTESTED;
	case HOST_FACT_SERVING: return host->serving != HOST_SERVING_UNTESTED;
	case HOST_FACT_NATIVE: return host->native != HOST_NATIVE_UNTESTED;
	case HOST_FACT_LOADER: return host->loader != HOST_LOADER_UNTESTED;
	case HOST_FACT_FIT: return host->fit != HOST_FIT_UNTESTED;
	case HOST_FACT_EMULATOR: return host->emulator != HOST_EMULATOR_UNTESTED;
	case HOST_FACT_IMPORTER: return host->importer != HOST_IMPORTER_UNTESTED;
	}
	return true;
}

#endif
