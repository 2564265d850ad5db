/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * explain: a label of twelve columns, and a sentence.
 */
#include "explain.h"

#include <string.h>

#include "text.h"

static void
path_print(FILE *to, const char *path)
{
	char text[4 * (NAME_MAX + 1)];

	text_escape(text, sizeof(text), path);
	fputs(text, to);
}

void
explain_begin(const struct call *call)
{
	if (call->explain == NULL)
		return;
	fprintf(call->explain, "machine:     %s, pages of %lu KiB\n",
		call->host.arm64 ? "arm64" : "not arm64", call->host.page_size / 1024);
	if (call->verb == CALL_DECIDES)
		fprintf(call->explain, "policy:      %s\n", words_policy(call->policy));
}

/* The entries that take armhf, enabled or not. */
static void
claimers_print(FILE *to, const struct host *host)
{
	for (unsigned int i = 0; i < host->claimer_count; i++) {
		fputs(i == 0 ? "; for armhf: " : ", ", to);
		path_print(to, host->claimers[i].name);
		if (!host->claimers[i].enabled)
			fputs(" (disabled)", to);
	}
}

static void
table_explain(FILE *to, const struct host *host)
{
	static const char *const states[] = {
		[ENTRY_UNTESTED] = "not asked",
		[ENTRY_ABSENT] = "absent",
		[ENTRY_DISABLED] = "disabled",
		[ENTRY_ENABLED] = "enabled",
		[ENTRY_UNKNOWN] = "there, but its text is not understood",
	};

	fputs("binfmt_misc: ", to);
	switch (host->table) {
	case HOST_TABLE_MOUNTED:
		fprintf(to, "mounted, %s, %u entr%s; " HOST_ENTRY_NAME " is %s",
			host->on ? "enabled" : "disabled as a whole", host->entry_count,
			host->entry_count == 1 ? "y" : "ies", states[host->own.state]);
		claimers_print(to, host);
		break;
	case HOST_TABLE_ABSENT: fputs("not mounted", to); break;
	case HOST_TABLE_AUTOFS:
		fputs("not mounted: an autofs is there that does not mount it", to);
		break;
	case HOST_TABLE_IMPOSSIBLE:
	case HOST_TABLE_UNREADABLE:
		fprintf(to, "%s: %s", host->table_fault.object, host->table_fault.why);
		break;
	case HOST_TABLE_UNTESTED: fputs("not asked", to); break;
	}
	fputs("\n", to);
}

static void
descriptor_explain(FILE *to, const struct host *host)
{
	switch (host->descriptor) {
	case HOST_DESCRIPTOR_ABSENT:
		fputs("descriptor:  " HOST_DESCRIPTOR_PATH ": absent, and no line in binfmt.d\n",
			to);
		break;
	case HOST_DESCRIPTOR_VALID:
		fprintf(to, "descriptor:  %s: valid, interpreter ", host->descriptor_path);
		path_print(to, host->described.interpreter);
		fputs("\n", to);
		break;
	case HOST_DESCRIPTOR_INVALID:
	case HOST_DESCRIPTOR_UNSAFE:
	case HOST_DESCRIPTOR_UNREADABLE:
		fprintf(to, "descriptor:  %s: %s\n", host->descriptor_fault.object,
			host->descriptor_fault.why);
		break;
	case HOST_DESCRIPTOR_UNTESTED: break;
	}
}

static void
serving_explain(const struct call *call)
{
	const struct host *host = &call->host;
	struct fault fault;
	FILE *to = call->explain;

	fputs("armhf:       ", to);
	switch (host->serving) {
	case HOST_SERVING_KERNEL: fputs("runs, by the kernel itself\n", to); return;
	case HOST_SERVING_ENTRY:
	case HOST_SERVING_BROKEN:
		fputs(host->serving == HOST_SERVING_ENTRY ? "runs, through "
							  : "does not run through ",
			to);
		if (host->newest.state == ENTRY_ENABLED) {
			fputs("the entry ", to);
			path_print(to, host->newest.name);
		} else {
			fputs("an entry that is not shown here", to);
		}
		if (host->rival[0] != '\0') {
			fputs(" or ", to);
			path_print(to, host->rival);
		}
		if (host->serving == HOST_SERVING_ENTRY) {
			fputs("\n", to);
			return;
		}
		fputs(": ", to);
		break;
	case HOST_SERVING_NOBODY: fputs("does not run: ", to); break;
	case HOST_SERVING_UNKNOWN:
	case HOST_SERVING_UNTESTED: break;
	}
	words_symptom(&fault, "", &host->proof, &host->newest, host->page_size, call->seconds);
	fprintf(to, "%s\n", fault.why);
}

void
explain_fact(const struct call *call, enum host_fact fact)
{
	const struct host *host = &call->host;
	FILE *to = call->explain;

	if (to == NULL)
		return;
	switch (fact) {
	case HOST_FACT_TABLE: table_explain(to, host); break;
	case HOST_FACT_DESCRIPTOR: descriptor_explain(to, host); break;
	case HOST_FACT_SERVING: serving_explain(call); break;
	case HOST_FACT_NATIVE:
		fprintf(to, "native:      %s\n", words_native_explain(host->native));
		break;
	case HOST_FACT_LOADER:
		if (host->loader == HOST_NO)
			fputs("loader:      " HOST_LOADER " does not run natively\n", to);
		break;
	case HOST_FACT_FIT:
		if (host->fit != HOST_YES)
			fprintf(to, "descriptor:  %s: %s\n", host->fit_fault.object,
				host->fit_fault.why);
		break;
	case HOST_FACT_EMULATOR:
		fputs("emulator:    ", to);
		if (host->emulator == HOST_YES)
			path_print(to, host->made.interpreter);
		else if (host->emulator == HOST_NO)
			fputs("none is installed", to);
		else
			fprintf(to, "%s: %s", host->emulator_fault.object,
				host->emulator_fault.why);
		fputs("\n", to);
		break;
	case HOST_FACT_IMPORTER:
		fprintf(to, "importer:    %s\n",
			host->importer == HOST_YES ? HOST_IMPORTER
						   : "binfmt-support is not installed");
		break;
	case HOST_FACT_DIRECT:
		fprintf(to, "interpreter: %s the probe when it is run directly\n",
			host->direct == HOST_YES ? "runs" : "does not run");
		break;
	}
}

void
explain_tier(struct call *call, int tier)
{
	static const char *const tiers[] = {
		"none",
		"1: there is a descriptor, so the kernel is given its entry",
		"2: there is an entry " HOST_ENTRY_NAME ", so that one must run armhf",
		"3: something else decides: the kernel itself, or an entry of another name",
		"4: there is neither a descriptor nor anything that runs armhf, so one is made",
	};

	if (call->explain != NULL && tier != call->told)
		fprintf(call->explain, "tier:        %s\n", tiers[tier]);
	call->told = tier;
}

void
explain_steps(const struct call *call, unsigned int from)
{
	const struct step_list *done = &call->steps.done;

	for (unsigned int i = from; call->explain != NULL && i < done->count; i++) {
		fputs("step:        ", call->explain);
		words_step_print(call->explain, &done->steps[i]);
		fprintf(call->explain, " (%s)%s\n", words_step_deed(done->steps[i].kind),
			call->dry ? ", not carried out" : "");
	}
}

void
explain_again(const struct call *call, const char *why)
{
	if (call->explain != NULL)
		fprintf(call->explain, "again:       %s\n", why);
}
