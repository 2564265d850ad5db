/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report: joins object, cause and remedy, and writes each value. Looks at nothing and guesses nothing:
 * the verdict carries its cause.
 */
#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

static const char *const keys[] = {
#define ROW(constant, key) [REPORT_##constant] = key,
	REPORT_VALUES(ROW)
#undef ROW
};

const char *
report_key(enum report_value value)
{
	return keys[value];
}

/* A name or path, escaped. */
static void
path_print(FILE *to, const char *path)
{
	char text[1024];

	/* In pieces: an interpreter may be longer than any path. */
	while (*path != '\0') {
		char piece[128];

		snprintf(piece, sizeof(piece), "%s", path);
		text_escape(text, sizeof(text), piece);
		fputs(text, to);
		path += strlen(piece);
	}
}

static bool
is_running(const struct host *host)
{
	return host->serving == HOST_SERVING_KERNEL || host->serving == HOST_SERVING_ENTRY;
}

/* "" after -x, which executes nothing. */
static const char *
mode(const struct call *call)
{
	switch (call->host.serving) {
	case HOST_SERVING_KERNEL: return "native";
	case HOST_SERVING_ENTRY: return "emulated";
	case HOST_SERVING_UNTESTED: return call->verb == CALL_DECIDES ? "none" : "";
	default: return "none";
	}
}

/* The entry that the outcome is about, or NULL. */
static const struct entry *
entry_of(const struct call *call)
{
	const struct host *host = &call->host;

	if ((host->serving == HOST_SERVING_ENTRY || host->serving == HOST_SERVING_BROKEN)
		&& host->newest.state == ENTRY_ENABLED)
		return &host->newest;
	/* One that is not understood has no place in the order. */
	if (host->serving == HOST_SERVING_ENTRY && host->table == HOST_TABLE_MOUNTED
		&& host_own_serves(host))
		return &host->own;
	if (host->table == HOST_TABLE_MOUNTED && host->own.state != ENTRY_ABSENT
		&& host->own.state != ENTRY_UNTESTED && call_status(call) != 0
		&& call->reason != REASON_UNDO_FAILED)
		return &host->own;
	return NULL;
}

/* The steps of a list; those that undo from the last one on. */
static void
steps_print(FILE *to, const struct step_list *list, bool backwards)
{
	for (unsigned int i = 0; i < list->count; i++) {
		fputs(i > 0 ? " " : "", to);
		words_step_print(to, &list->steps[backwards ? list->count - 1 - i : i]);
	}
}

/* A remedy, with @ for the object. */
static void
remedy_print(FILE *to, const char *remedy, const char *object)
{
	for (; *remedy != '\0'; remedy++)
		if (*remedy == '@')
			fputs(object, to);
		else
			fputc(*remedy, to);
}

static void
failure_print(FILE *to, const struct call *call)
{
	const struct fault *fault = &call->fault;

	if (call->stopped != 0) {
		const char *left = call->steps.undo.count > 0 ? "UNDO has the steps that are left"
			: call->verb == CALL_RELEASES         ? "this shell still holds"
			: call->verb == CALL_UNDOES ? "every step is done, or was no longer needed"
						    : "all that was begun is undone";

		fprintf(to, "interrupted by signal %d: %s; %s", call->stopped, left,
			words_reason_text(REASON_INTERRUPTED));
		return;
	}
	fprintf(to, "%s: %s; ", fault->object, fault->why);
	remedy_print(to, fault->remedy != NULL ? fault->remedy : words_reason_text(call->reason),
		fault->object);
}

static void
success_print(FILE *to, const struct call *call)
{
	const struct host *host = &call->host;
	const struct entry *entry = entry_of(call);
	bool emulated = host->serving == HOST_SERVING_ENTRY;

	if (call->reason == REASON_UNDO_DONE) {
		fputs("every step is done, or was no longer needed", to);
		return;
	}
	if (call->dry && call->steps.done.count > 0) {
		fputs("armhf can be expected to run", to);
		fputs(call->reason == REASON_NATIVE ? " natively" : "", to);
		fputs("; the first steps would be: ", to);
		steps_print(to, &call->steps.done, false);
		return;
	}
	if (!emulated) {
		fputs("armhf runs natively: the kernel executes it", to);
	} else {
		fputs("armhf runs through ", to);
		if (entry == NULL)
			fputs("an interpreter of a binfmt_misc table that is not shown here", to);
		else
			path_print(to, entry->interpreter);
		fputs(words_reason_text(call->reason), to);
		if (entry != NULL && !entry_has(entry, 'F'))
			fputs("; a chroot needs its own copy of the interpreter (no flag F)", to);
	}
	if (call->check == NULL)
		return;
	fputs("; ", to);
	path_print(to, call->check);
	if (call->programs.root)
		fprintf(to, ": all %u programs of armhf would run", call->programs.programs);
	else
		fputs(" would run", to);
}

static void
message_print(FILE *to, const struct call *call)
{
	if (words_success(call->reason))
		success_print(to, call);
	else
		failure_print(to, call);
}

/* One warning a line: where a line stands already, begin another. */
static FILE *
line(FILE *to, bool *begun)
{
	if (*begun)
		fputc('\n', to);
	*begun = true;
	return to;
}

/* What the serving entry leaves out. */
static void
warn_partial(FILE *to, const struct call *call, bool *begun)
{
	const struct host *host = &call->host;
	unsigned int takes = entry_takes_armhf(&host->newest);

	if (host->serving == HOST_SERVING_ENTRY && host->newest.state == ENTRY_ENABLED
		&& takes != ENTRY_ALL) {
		line(to, begun);
		path_print(to, host->newest.name);
		fputs(": this entry leaves out programs of ", to);
		fputs(!(takes & ENTRY_EXEC) ? "e_type EXEC (static ones that are not PIE)"
				: !(takes & ENTRY_EXEC_GNU)
				? "OS ABI 3 (static ones of the GNU C library)"
				: "some kinds",
			to);
	}
	if (host->serving == HOST_SERVING_KERNEL && host_claimed(host, ENTRY_ALL) > 0)
		fputs("some programs of armhf are taken by an entry all the same, and emulated",
			line(to, begun));
}

static void
warn_claimers(FILE *to, const struct call *call, bool *begun)
{
	const struct host *host = &call->host;
	bool several = host_claimed(host, ENTRY_ALL) > 1;
	unsigned int count = 0;

	if (several)
		fputs("several entries claim armhf: ", line(to, begun));
	for (unsigned int i = 0; several && i < host->claimer_count; i++) {
		if (!host->claimers[i].enabled)
			continue;
		fputs(count++ > 0 ? ", " : "", to);
		path_print(to, host->claimers[i].name);
	}
	if (host->rival[0] != '\0' && host->serving == HOST_SERVING_ENTRY)
		fputs("; two of them were registered at the same time, and either may be the one that "
		      "the kernel uses",
			to);
	for (unsigned int i = 0; host->on && i < host->claimer_count; i++) {
		if (!host->claimers[i].enabled || host->claimers[i].loose == NULL)
			continue;
		line(to, begun);
		path_print(to, host->claimers[i].name);
		fprintf(to, ": this entry is loose: %s", host->claimers[i].loose);
	}
}

static void
warning_print(FILE *to, const struct call *call)
{
	const struct host *host = &call->host;
	const char *align = is_running(host) ? words_align_warning(probe_answer(&host->proof))
					     : NULL;
	bool begun = false;

	if (align != NULL)
		fputs(align, line(to, &begun));
	warn_partial(to, call, &begun);
	warn_claimers(to, call, &begun);
	if (host->on && host->replaces[0] != '\0') {
		path_print(line(to, &begun), host->replaces);
		fputs(": this entry replaces the loader of dynamic programs (flag L); the proof, a static program, does not show whether they run",
			to);
	}
	if (host->unknown[0] != '\0')
		fprintf(line(to, &begun), "%s: %s; it counts as enabled and is left alone",
			host->unknown_fault.object, host->unknown_fault.why);
	if (host->serving == HOST_SERVING_ENTRY && call->reason != REASON_NATIVE_BLOCKED
		&& host_native_able(host) && host->loader != HOST_NO)
		fputs("armhf is emulated, though this host runs it natively (-p native)",
			line(to, &begun));
	if (call->notes != NULL)
		fputs(call->notes, line(to, &begun));
	if (call->steps.notes != NULL)
		fputs(call->steps.notes, line(to, &begun));
}

void
report_print(FILE *to, const struct call *call, enum report_value value)
{
	const struct host *host = &call->host;
	const struct entry *entry = entry_of(call);
	bool known = entry != NULL && entry->state != ENTRY_UNKNOWN;

	switch (value) {
	case REPORT_TIER: fprintf(to, "%d", call->tier); break;
	case REPORT_MODE: fputs(mode(call), to); break;
	case REPORT_REASON: fputs(words_reason(call->reason), to); break;
	case REPORT_MESSAGE: message_print(to, call); break;
	case REPORT_WARNING: warning_print(to, call); break;
	case REPORT_NATIVE: fputs(words_native(host->native), to); break;
	case REPORT_ALIGN:
		if (is_running(host))
			fputs(words_align(probe_answer(&host->proof)), to);
		break;
	case REPORT_ENTRY:
		if (entry != NULL)
			path_print(to, entry->name);
		if (entry == &host->newest && host->rival[0] != '\0') {
			fputs(" ", to);
			path_print(to, host->rival);
		}
		break;
	case REPORT_INTERPRETER:
		if (known)
			path_print(to, entry->interpreter);
		break;
	case REPORT_FLAGS:
		if (known)
			fputs(entry->flags, to);
		break;
	case REPORT_ACTIONS: steps_print(to, &call->steps.done, false); break;
	case REPORT_UNDO: steps_print(to, &call->steps.undo, true); break;
	case REPORT_BLOCKED:
		if (call->programs.list != NULL)
			fputs(call->programs.list, to);
		break;
	case REPORT_VALUE_COUNT: break;
	}
}

void
report_explain(FILE *to, const struct call *call)
{
	char *text = NULL, *rest, *one;
	FILE *warnings;
	size_t size;

	if (call->steps.undo.count > 0) {
		fputs("undo:        ", to);
		steps_print(to, &call->steps.undo, true);
		fputs("\n", to);
	}
	warnings = open_memstream(&text, &size);
	if (warnings != NULL) {
		warning_print(warnings, call);
		fclose(warnings);
	}
	for (rest = text; rest != NULL && (one = strsep(&rest, "\n")) != NULL;)
		if (*one != '\0')
			fprintf(to, "warning:     %s\n", one);
	free(text);
	fputs("result:      ", to);
	if (mode(call)[0] != '\0')
		fprintf(to, "%s ", mode(call));
	fprintf(to, "(%s): ", words_reason(call->reason));
	message_print(to, call);
	fputs("\n", to);
}
