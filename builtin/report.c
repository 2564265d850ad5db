/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * report: turns facts into text. Tables of words first, then the values that scripts
 * read, then the sentences that people read.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

#define REPORT_NAME_SIZE (4 * NAME_MAX + 1)

static const char *const report_keys[REPORT_VALUE_COUNT] = {
	[REPORT_TIER] = "tier",
	[REPORT_MODE] = "mode",
	[REPORT_REASON] = "reason",
	[REPORT_MESSAGE] = "message",
	[REPORT_WARNING] = "warning",
	[REPORT_NATIVE] = "native",
	[REPORT_ALIGN] = "align",
	[REPORT_ENTRY] = "entry",
	[REPORT_INTERPRETER] = "interpreter",
	[REPORT_FLAGS] = "flags",
	[REPORT_ACTIONS] = "actions",
	[REPORT_UNDO] = "undo",
};

/* What a probe's end means: the first row that fits. */
static const struct {
	enum probe_end end;
	int value; /* exit status, signal or errno; -1: any */
	const char *cause;
} report_symptoms[] = {
	{PROBE_REFUSED, ENOEXEC, "its interpreter is a script, or no program of this machine"},
	{PROBE_REFUSED, ENOENT,
		"its interpreter does not exist here, or is a dynamic program whose own loader does not"},
	{PROBE_REFUSED, EACCES, "its interpreter may not be executed"},
	{PROBE_KILLED, SIGILL,
		"the CPU, the virtual machine or the emulator lacks 32-bit ARM instructions"},
	{PROBE_KILLED, SIGSEGV,
		"as on kernels with pages of 16 or 64 KiB; a 4 KiB kernel cures that "
		"(Raspberry Pi 5: kernel=kernel8.img in config.txt)"},
	{PROBE_EXITED, 127,
		"as on kernels with pages of 16 or 64 KiB, or where the interpreter could not load it"},
	{PROBE_KILLED, SIGSYS, "a seccomp filter refuses 32-bit system calls"},
	{PROBE_KILLED, SIGTRAP, "a seccomp filter refuses 32-bit system calls"},
	{PROBE_EXITED, 159, "a seccomp filter refuses 32-bit system calls"},
	{PROBE_EXITED, PROBE_NO_VFP, "ARMv7 with VFPv3 is not there, which armhf needs"},
	{PROBE_EXITED, -1, "instead of 42 to 45: the interpreter is not a working emulator"},
	{PROBE_TIMEOUT, -1, "-t gives it longer"},
	{PROBE_KILLED, -1, "the interpreter crashed"},
};

/* Why the kernel does not run armhf itself, and what can be done. */
static const char *const report_natives[] = {
	[HOST_NATIVE_UNTESTED] = "not asked",
	[HOST_NATIVE_YES] = "yes, this kernel and CPU execute armhf programs",
	[HOST_NATIVE_PAGE_SIZE] =
		"in part: its pages are larger than 4 KiB, so programs whose segments are aligned "
		"to 4 KiB cannot be mapped; a kernel with 4 KiB pages runs all "
		"(Raspberry Pi 5: kernel=kernel8.img in config.txt)",
	[HOST_NATIVE_NO_AARCH32] =
		"no: this CPU (or virtual machine) has no 32-bit state (AArch32) at EL0; "
		"only another CPU cures that",
	[HOST_NATIVE_NO_COMPAT] =
		"no: this kernel was built without CONFIG_COMPAT; a kernel with it may run armhf",
	[HOST_NATIVE_CPU] =
		"no: 32-bit code was started and an ARMv7 instruction failed; the CPU or the virtual "
		"machine lacks it",
	[HOST_NATIVE_SECCOMP] = "no: a seccomp filter refuses 32-bit system calls; in a container, "
				"change its seccomp profile",
	[HOST_NATIVE_SHADOWED] =
		"cannot be told: an entry of binfmt_misc is so loose that it catches even a program "
		"that no entry should",
	[HOST_NATIVE_UNKNOWN] = "cannot be told: the probe gave no clear answer",
	[HOST_NATIVE_NOT_ARM64] = "no: this machine is not arm64",
};

/* Which armhf programs run, by the exit status of the probe. */
static const struct {
	enum probe_status status;
	const char *token;
	const char *warning;
} report_aligns[] = {
	{PROBE_MAPS_ALL, "all", NULL},
	{PROBE_MAPS_64K, "64k",
		"only armhf programs with segments aligned to 64 KiB run here: those of bullseye, trixie, forky and sid "
		"do, bookworm's fail"},
	{PROBE_MAPS_4K, "4k",
		"only armhf programs with segments aligned to 4 KiB run here: those of bullseye, trixie, forky and sid "
		"fail, and most of bookworm's"},
	{PROBE_MAPS_NONE, "none",
		"only static armhf programs run here: those of every release fail"},
};

/* How it came that armhf runs through an interpreter: goes behind that. */
static const char *const report_tails[PLAN_REASON_COUNT] = {
	[PLAN_REASON_DESCRIPTOR_REGISTERED] = ", registered as " HOST_DESCRIPTOR_PATH " says",
	[PLAN_REASON_DESCRIPTOR_ENABLED] = ", whose entry " HOST_ENTRY_NAME " was switched on",
	[PLAN_REASON_DESCRIPTOR_CURRENT] = ", whose entry " HOST_ENTRY_NAME " was enabled already",
	[PLAN_REASON_DESCRIPTOR_RELOADED] = ", registered anew as " HOST_DESCRIPTOR_PATH
					    " says, in place of an entry that did not run it",
	[PLAN_REASON_DESCRIPTOR_CREATED] = ", for which " HOST_DESCRIPTOR_PATH
					   " was made and registered",
	[PLAN_REASON_ENTRY_TRUSTED] = ", whose entry " HOST_ENTRY_NAME " was enabled already",
	[PLAN_REASON_ENTRY_ENABLED] = ", whose entry " HOST_ENTRY_NAME " was switched on",
	[PLAN_REASON_OTHER_ENTRY] = ", by an entry that was there already",
	[PLAN_REASON_NATIVE_BLOCKED] = "; not natively, for the reason in the warning",
};

/* What a person can do about a failure. */
static const char *const report_remedies[PLAN_REASON_COUNT] = {
	[PLAN_REASON_DESCRIPTOR_INVALID] =
		"correct or remove the file, or reinstall the package that owns it",
	[PLAN_REASON_DESCRIPTOR_FAILED] = "correct " HOST_DESCRIPTOR_PATH
					  " or remove it, or reinstall the package that owns it",
	[PLAN_REASON_ENTRY_BROKEN] =
		"repair its interpreter, or remove the entry (echo -1 into its file in " BINFMT_PATH
		") and run this again",
	[PLAN_REASON_EMULATOR_MISSING] =
		"install qemu-user-static, or on newer releases qemu-user-binfmt or qemu-user",
	[PLAN_REASON_REGISTRATION_FAILED] =
		"reinstall the package of the emulator (qemu-user-static or qemu-user)",
	[PLAN_REASON_BINFMT_UNAVAILABLE] =
		"try 'modprobe binfmt_misc' and 'mount -t binfmt_misc binfmt_misc " BINFMT_PATH
		"', in a container on its host",
	[PLAN_REASON_BINFMT_OFF] =
		"find out what switches binfmt_misc off, then 'echo 1 > " BINFMT_PATH "/status'",
	[PLAN_REASON_BINFMT_BUSY] = "find the process that holds or changes it (fuser " BINFMT_PATH
				    "/register), then run this again",
	[PLAN_REASON_NOT_PERMITTED] =
		"run this as root, in a container with --privileged or on its host",
	[PLAN_REASON_PROBE_TIMEOUT] = "give it longer with -t, or repair the interpreter",
	[PLAN_REASON_PROBE_FAILED] =
		"allow execution from memfd or from one of /tmp, /var/tmp and /dev/shm, and processes to be started",
	[PLAN_REASON_UNDO_FAILED] =
		"mend that and repeat the steps that are left (ARMHF_BINFMT_UNDO) with -r",
	[PLAN_REASON_INTERRUPTED] = "run this again",
	[PLAN_REASON_SYSTEM_ERROR] = "mend that and run this again",
};

const char *
report_key(enum report_value value)
{
	return report_keys[value];
}

int
report_status(const struct prepare *prepare)
{
	if (prepare->stopped != 0)
		return 128 + prepare->stopped;
	return plan_reason_success(prepare->reason) ? 0 : 1;
}

/* A name or path, escaped. */
static void
report_path(FILE *to, const char *path)
{
	char text[4 * (ENTRY_LINE_MAX + 1)];

	fault_escape(text, sizeof(text), path);
	fputs(text, to);
}

static const char *
report_mode(const struct host *host)
{
	switch (host->serving) {
	case HOST_SERVING_KERNEL: return "native";
	case HOST_SERVING_ENTRY: return "emulated";
	default: return "none";
	}
}

/* The row of report_aligns that the last proof says, or -1 where armhf does not run. */
static int
report_align(const struct host *host)
{
	if (host->serving != HOST_SERVING_KERNEL && host->serving != HOST_SERVING_ENTRY)
		return -1;
	for (size_t i = 0; i < sizeof(report_aligns) / sizeof(report_aligns[0]); i++)
		if ((int)report_aligns[i].status == host->proof.value)
			return (int)i;
	return -1;
}

/* The entry that the outcome is about, or NULL. */
static const struct entry *
report_entry(const struct prepare *prepare)
{
	const struct host *host = &prepare->host;
	const struct entry *entry = NULL;

	if (host->serving == HOST_SERVING_ENTRY || host->serving == HOST_SERVING_BROKEN)
		entry = plan_serving_entry(host);
	if (entry == NULL && host->table == HOST_TABLE_MOUNTED && host->own.state != ENTRY_ABSENT
		&& report_status(prepare) != 0 && prepare->reason != PLAN_REASON_UNDO_FAILED)
		entry = &host->own;
	return entry;
}

static void
report_steps(FILE *to, const struct plan_step *steps, unsigned int count)
{
	char token[REPORT_NAME_SIZE + 32];

	for (unsigned int i = 0; i < count; i++) {
		plan_step_print(&steps[i], token, sizeof(token));
		fprintf(to, "%s%s", i > 0 ? " " : "", token);
	}
}

/* A dry run that has to mount first: what it says behind that is only a guess. */
static bool
report_guesses(const struct prepare *prepare)
{
	return prepare->rehearse && prepare->apply.action_count > 0
		&& prepare->apply.actions[0].kind == PLAN_STEP_MOUNT;
}

/* All entries that match armhf, those in effect or all. */
static unsigned int
report_claimers(FILE *to, const struct host *host, bool enabled)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < host->claimer_count; i++) {
		if (enabled && (!host->claimers[i].enabled || host->status != HOST_SWITCH_ON))
			continue;
		if (to != NULL) {
			fputs(count > 0 ? ", " : "", to);
			report_path(to, host->claimers[i].name);
		}
		count++;
	}
	if (to != NULL && host->claimer_more > 0)
		fprintf(to, " and %u more", host->claimer_more);
	return count;
}

/* The name of a signal that ends programs, without SIG. sigabbrev_np(3) is newer than the glibc that will do. */
static const char *
report_signal(int number)
{
	switch (number) {
	case SIGILL: return "ILL";
	case SIGSEGV: return "SEGV";
	case SIGSYS: return "SYS";
	case SIGTRAP: return "TRAP";
	case SIGABRT: return "ABRT";
	case SIGBUS: return "BUS";
	case SIGKILL: return "KILL";
	default: return "?";
	}
}

/* How a probe ended, and what that means. */
static void
report_symptom(FILE *to, const struct probe_result *result, int seconds)
{
	int value = result->end == PROBE_REFUSED ? result->error : result->value;

	if (result->end == PROBE_REFUSED && result->error == ENOEXEC
		&& result->way != PROBE_BY_ENTRY) {
		fputs("neither the kernel nor an entry of binfmt_misc executes it", to);
		return;
	}
	switch (result->end) {
	case PROBE_NOT_STARTED:
		fprintf(to, "no armhf program could be started: %s", strerror(result->error));
		return;
	case PROBE_REFUSED:
		fprintf(to, "executing armhf failed: %s", strerror(result->error));
		break;
	case PROBE_EXITED: fprintf(to, "the armhf probe exited with %d", result->value); break;
	case PROBE_KILLED:
		fprintf(to, "the armhf probe was killed by signal %d (SIG%s)", result->value,
			report_signal(result->value));
		break;
	case PROBE_TIMEOUT: fprintf(to, "the armhf probe did not end within %d s", seconds); break;
	case PROBE_INTERRUPTED:
		fprintf(to, "the armhf probe was interrupted by signal %d", result->value);
		return;
	}
	for (size_t i = 0; i < sizeof(report_symptoms) / sizeof(report_symptoms[0]); i++) {
		if (report_symptoms[i].end != result->end
			|| (report_symptoms[i].value != -1 && report_symptoms[i].value != value))
			continue;
		fprintf(to, " (%s)", report_symptoms[i].cause);
		return;
	}
}

static void
report_fault(FILE *to, const struct fault *fault)
{
	fprintf(to, "%s: %s", fault->object, fault->why);
}

/* The interpreter that was tried: the entry's, or where that cannot be read what it was made from. */
static void
report_interpreter(FILE *to, const struct prepare *prepare)
{
	const char *const tried[] = {prepare->judged.own.interpreter,
		prepare->judged.described.interpreter, prepare->apply.registered.interpreter};

	for (size_t i = 0; i < sizeof(tried) / sizeof(tried[0]); i++) {
		if (tried[i][0] == '\0')
			continue;
		report_path(to, tried[i]);
		return;
	}
}

/* What is wrong with the descriptor. A folder on its path, or behind a link, is named after it. */
static void
report_bad_descriptor(FILE *to, const struct host *host)
{
	const char *object = host->descriptor_fault.object;

	if (strncmp(object, HOST_DESCRIPTOR_PATH, strlen(HOST_DESCRIPTOR_PATH)) != 0)
		fputs(HOST_DESCRIPTOR_PATH ": ", to);
	report_fault(to, &host->descriptor_fault);
}

/* Which entries take armhf, though it does not run through them. */
static void
report_broken_entry(FILE *to, const struct prepare *prepare)
{
	const struct host *host = &prepare->judged;
	const struct entry *entry = plan_serving_entry(host);

	if (report_claimers(NULL, host, true) > 0) {
		fputs(BINFMT_PATH ": armhf is claimed by ", to);
		report_claimers(to, host, true);
	} else if (host->own.state == ENTRY_ENABLED || host->own.state == ENTRY_UNKNOWN) {
		fputs(BINFMT_PATH "/" HOST_ENTRY_NAME ": this entry is enabled", to);
	} else {
		fputs(BINFMT_PATH
			": armhf is claimed by an entry of a table that is not shown here",
			to);
	}
	if (entry != NULL && entry->state != ENTRY_UNKNOWN) {
		fputs(" (interpreter ", to);
		report_path(to, entry->interpreter);
		fputs(")", to);
	}
	fputs(" and does not run: ", to);
	report_symptom(to, &host->proof, prepare->seconds);
}

/* Why the table is of no use. */
static void
report_no_table(FILE *to, const struct host *host)
{
	if (host->table == HOST_TABLE_UNREADABLE) {
		report_fault(to, &host->table_fault);
	} else if (host->table == HOST_TABLE_AUTOFS) {
		fputs(BINFMT_PATH
			": an autofs is mounted there that does not mount binfmt_misc (is its daemon gone?)",
			to);
	} else if (host->table == HOST_TABLE_ABSENT) {
		fputs(BINFMT_PATH ": binfmt_misc is not mounted any more", to);
	} else {
		fputs(BINFMT_PATH ": ", to);
		report_claimers(to, host, true);
		fputs(" should take armhf and does not: the table that is shown is not the one in force",
			to);
	}
}

/* What the failed verdict says, before the remedy. */
static void
report_failure(FILE *to, const struct prepare *prepare)
{
	const struct host *host = &prepare->judged;
	const struct entry *entry = plan_serving_entry(host);

	if (prepare->stopped != 0) {
		fprintf(to, "interrupted by signal %d; %s", prepare->stopped,
			!prepare->undoing ? "what was begun is undone"
				: prepare->undo_count > 0
				? "ARMHF_BINFMT_UNDO has the steps that are left"
				: "every step is done, or was no longer needed");
		return;
	}
	if (prepare->faulted) {
		report_fault(to, &prepare->apply.fault);
		return;
	}
	switch (prepare->reason) {
	case PLAN_REASON_DESCRIPTOR_INVALID: report_bad_descriptor(to, host); break;
	case PLAN_REASON_DESCRIPTOR_FAILED:
		if (host->fit == HOST_FIT_NO && host->serving != HOST_SERVING_ENTRY) {
			report_fault(to, &host->fit_fault);
			break;
		}
		fputs(HOST_DESCRIPTOR_PATH ": armhf does not run through ", to);
		report_interpreter(to, prepare);
		fputs(": ", to);
		report_symptom(to, &host->proof, prepare->seconds);
		break;
	case PLAN_REASON_ENTRY_DISABLED:
		if (host->own.state == ENTRY_DISABLED)
			fputs(BINFMT_PATH "/" HOST_ENTRY_NAME ": somebody switched this entry off",
				to);
		else
			fputs(BINFMT_PATH
				"/status: binfmt_misc is switched off as a whole, and with it the entry " HOST_ENTRY_NAME,
				to);
		break;
	case PLAN_REASON_ENTRY_BROKEN: report_broken_entry(to, prepare); break;
	case PLAN_REASON_EMULATOR_MISSING:
		fputs("neither " HOST_EMULATOR_STATIC " nor " HOST_EMULATOR_PLAIN
		      " is there: no emulator for armhf is installed",
			to);
		break;
	case PLAN_REASON_REGISTRATION_FAILED:
		if (host->emulator == HOST_EMULATOR_UNSAFE) {
			report_fault(to, &host->emulator_fault);
			break;
		}
		report_interpreter(to, prepare);
		fputs(": armhf does not run through it: ", to);
		report_symptom(to, &host->proof, prepare->seconds);
		break;
	case PLAN_REASON_BINFMT_UNAVAILABLE: report_no_table(to, host); break;
	case PLAN_REASON_NOT_PERMITTED:
		if (host->descriptor == HOST_DESCRIPTOR_UNREADABLE)
			report_bad_descriptor(to, host);
		else if (host->table == HOST_TABLE_UNREADABLE)
			report_fault(to, &host->table_fault);
		else
			report_fault(to, &prepare->apply.fault); /* switching off was refused */
		break;
	case PLAN_REASON_SYSTEM_ERROR: report_bad_descriptor(to, host); break;
	case PLAN_REASON_PROBE_TIMEOUT:
		if (entry != NULL) {
			report_path(to, entry->interpreter);
			fputs(": ", to);
		}
		report_symptom(to, &host->proof, prepare->seconds);
		break;
	default: report_symptom(to, &host->proof, prepare->seconds); break;
	}
}

static const char *
report_remedy(const struct prepare *prepare)
{
	const struct host *host = &prepare->judged;

	if (prepare->reason == PLAN_REASON_ENTRY_DISABLED)
		return host->own.state == ENTRY_DISABLED
			? "if that is not wanted any more, 'echo 1 > " BINFMT_PATH
			  "/" HOST_ENTRY_NAME "' or -p emulated switches it on"
			: "if that is not wanted any more, 'echo 1 > " BINFMT_PATH
			  "/status' or -p emulated switches it on";
	if (prepare->reason == PLAN_REASON_ENTRY_BROKEN && prepare->tier == 3)
		return "switch the entry off (echo 0 into its file in " BINFMT_PATH
		       ") or run this with -p native, "
		       "and armhf runs natively";
	if (prepare->reason == PLAN_REASON_DESCRIPTOR_INVALID
		&& host->descriptor == HOST_DESCRIPTOR_UNSAFE)
		return "remove it, or have a regular file there that root alone owns and can write, "
		       "as every folder on its path";
	return report_remedies[prepare->reason];
}

/* The sentence for a success. */
static void
report_success(FILE *to, const struct prepare *prepare)
{
	const struct entry *entry = report_entry(prepare);

	if (prepare->reason == PLAN_REASON_UNDO_DONE) {
		fputs("every step is done, or was no longer needed", to);
	} else if (prepare->host.serving == HOST_SERVING_KERNEL) {
		fputs("armhf runs natively: the kernel executes it", to);
	} else {
		fputs("armhf runs through ", to);
		if (entry == NULL)
			fputs("an interpreter of a binfmt_misc table that is not shown here", to);
		else
			report_path(to, entry->interpreter);
		fputs(report_tails[prepare->reason], to);
	}
	if (!prepare->rehearse || prepare->apply.action_count == 0)
		return;
	fputs(report_guesses(prepare)
			? " (a dry run: what is in the table is known only once it is mounted)"
			: " (a dry run: so it would be after these steps)",
		to);
}

static void
report_message(FILE *to, const struct prepare *prepare)
{
	if (plan_reason_success(prepare->reason)) {
		report_success(to, prepare);
		return;
	}
	report_failure(to, prepare);
	fprintf(to, "; %s", report_remedy(prepare));
}

/* One warning a line: where a line stands already, begin another. */
static FILE *
report_line(FILE *to, bool *begun)
{
	if (*begun)
		fputc('\n', to);
	*begun = true;
	return to;
}

static void
report_loose(FILE *to, const struct host *host, bool *begun)
{
	for (unsigned int i = 0; i < host->claimer_count; i++) {
		if (!host->claimers[i].loose || !host->claimers[i].enabled
			|| host->status != HOST_SWITCH_ON)
			continue;
		report_line(to, begun);
		report_path(to, host->claimers[i].name);
		fputs(": this entry is so loose that it catches programs of other machines as well",
			to);
	}
}

/* What stands between this host and native armhf. */
static void
report_blocked(FILE *to, const struct prepare *prepare)
{
	const struct host *host = &prepare->host;
	bool loose = host->claimer_more > 0;

	for (unsigned int i = 0; i < host->claimer_count; i++)
		loose = loose || host->claimers[i].loose;
	fputs("armhf stays emulated: ", to);
	if (prepare->apply.fault.object[0] != '\0') {
		report_fault(to, &prepare->apply.fault);
	} else if (host->claimer_count == 0) {
		fputs("an entry catches it that the table shown here does not list", to);
	} else {
		report_claimers(to, host, true);
		fputs(loose ? " cannot be switched off without taking other programs from it too"
			    : ": with it switched off for a trial, armhf did not run natively",
			to);
	}
}

static void
report_warning(FILE *to, const struct prepare *prepare)
{
	const struct host *host = &prepare->host;
	int align = report_align(host);
	bool begun = false;

	if (align >= 0 && report_aligns[align].warning != NULL)
		fprintf(report_line(to, &begun), "%s; boot a kernel with 4 KiB pages%s",
			report_aligns[align].warning,
			host->arm64 ? " (Raspberry Pi 5: kernel=kernel8.img in config.txt)" : "");
	if (report_claimers(NULL, host, true) + host->claimer_more > 1) {
		fputs("several entries claim armhf: ", report_line(to, &begun));
		report_claimers(to, host, true);
	}
	report_loose(to, host, &begun);
	if (host->unknown[0] != '\0') {
		report_line(to, &begun);
		report_fault(to, &host->unknown_fault);
		fputs("; it counts as enabled and is left alone", to);
	}
	if (report_status(prepare) == 0
		&& (host->descriptor == HOST_DESCRIPTOR_INVALID
			|| host->descriptor == HOST_DESCRIPTOR_UNSAFE)) {
		report_line(to, &begun);
		report_bad_descriptor(to, host);
		fputs("; this descriptor is not used", to);
	}
	if (prepare->reason == PLAN_REASON_NATIVE_BLOCKED) {
		report_line(to, &begun);
		report_blocked(to, prepare);
	} else if (host->serving == HOST_SERVING_ENTRY
		&& prepare->before.loader != HOST_LOADER_FAILS
		&& (host->native == HOST_NATIVE_YES || host->native == HOST_NATIVE_PAGE_SIZE)) {
		fputs("armhf is emulated, though this host runs it natively (-p native)",
			report_line(to, &begun));
	}
	if (report_status(prepare) == 0 && prepare->faulted
		&& prepare->reason != PLAN_REASON_UNDO_DONE) {
		report_line(to, &begun);
		report_fault(to, &prepare->apply.fault);
		fputs("; armhf runs all the same", to);
	}
	if (prepare->reason == PLAN_REASON_NATIVE && host->table == HOST_TABLE_AUTOFS
		&& (host->descriptor == HOST_DESCRIPTOR_VALID
			|| prepare->policy == PLAN_POLICY_EMULATED))
		fputs(BINFMT_PATH ": an autofs is mounted there that does not mount binfmt_misc; "
				  "armhf runs all the same",
			report_line(to, &begun));
	if (prepare->apply.notes[0] != '\0')
		fputs(prepare->apply.notes, report_line(to, &begun));
}

void
report_print(FILE *to, const struct prepare *prepare, enum report_value value)
{
	const struct entry *entry = report_entry(prepare);
	int align = report_align(&prepare->host);
	bool guessed = report_guesses(prepare);
	char flags[8] = "";

	switch (value) {
	case REPORT_TIER: fprintf(to, "%d", prepare->tier); break;
	case REPORT_MODE: fputs(report_mode(&prepare->host), to); break;
	case REPORT_REASON: fputs(plan_reason_name(prepare->reason), to); break;
	case REPORT_MESSAGE: report_message(to, prepare); break;
	case REPORT_WARNING: report_warning(to, prepare); break;
	case REPORT_NATIVE: fputs(plan_native_name(prepare->host.native), to); break;
	case REPORT_ALIGN:
		if (align >= 0)
			fputs(report_aligns[align].token, to);
		break;
	case REPORT_ENTRY:
		if (entry != NULL)
			report_path(to, entry->name);
		break;
	case REPORT_INTERPRETER:
		if (entry != NULL && entry->state != ENTRY_UNKNOWN)
			report_path(to, entry->interpreter);
		break;
	case REPORT_FLAGS:
		if (entry != NULL && entry->state != ENTRY_UNKNOWN)
			entry_flags_text(entry->flags, flags);
		fputs(flags, to);
		break;
	case REPORT_ACTIONS:
		report_steps(to, prepare->apply.actions, guessed ? 1 : prepare->apply.action_count);
		break;
	case REPORT_UNDO: report_steps(to, prepare->undo, guessed ? 0 : prepare->undo_count); break;
	case REPORT_VALUE_COUNT: break;
	}
}

static void
report_serving(FILE *to, const struct prepare *prepare, const struct host *host)
{
	const struct entry *entry = plan_serving_entry(host);

	switch (host->serving) {
	case HOST_SERVING_KERNEL: fputs("armhf runs, by the kernel itself", to); break;
	case HOST_SERVING_ENTRY:
	case HOST_SERVING_BROKEN:
		fputs(host->serving == HOST_SERVING_ENTRY ? "armhf runs, through "
							  : "armhf does not run through ",
			to);
		if (entry == NULL) {
			fputs("an entry that is not shown here", to);
		} else {
			fputs("the entry ", to);
			report_path(to, entry->name);
		}
		if (host->serving == HOST_SERVING_ENTRY)
			break;
		fputs(": ", to);
		report_symptom(to, &host->proof, prepare->seconds);
		break;
	case HOST_SERVING_NOBODY:
		fputs("armhf does not run: ", to);
		report_symptom(to, &host->proof, prepare->seconds);
		break;
	case HOST_SERVING_UNKNOWN: report_symptom(to, &host->proof, prepare->seconds); break;
	case HOST_SERVING_UNTESTED: fputs("not asked", to); break;
	}
}

static void
report_table(FILE *to, const struct host *host)
{
	static const char *const states[] = {
		[ENTRY_UNTESTED] = "not asked",
		[ENTRY_ABSENT] = "absent",
		[ENTRY_DISABLED] = "switched off",
		[ENTRY_ENABLED] = "enabled",
		[ENTRY_UNKNOWN] = "there, but its text cannot be the kernel's",
	};

	switch (host->table) {
	case HOST_TABLE_MOUNTED:
		fprintf(to, "mounted, switched %s, %u entr%s; " HOST_ENTRY_NAME " is %s",
			host->status == HOST_SWITCH_ON ? "on" : "off as a whole", host->entry_count,
			host->entry_count == 1 ? "y" : "ies", states[host->own.state]);
		if (host->claimer_count > 0) {
			fputs("; for armhf: ", to);
			report_claimers(to, host, false);
		}
		break;
	case HOST_TABLE_ABSENT: fputs("not mounted", to); break;
	case HOST_TABLE_AUTOFS:
		fputs("not mounted: an autofs is there that does not mount it", to);
		break;
	case HOST_TABLE_UNREADABLE: report_fault(to, &host->table_fault); break;
	case HOST_TABLE_UNTESTED: fputs("not asked", to); break;
	}
}

static void
report_descriptor(FILE *to, const struct host *host)
{
	switch (host->descriptor) {
	case HOST_DESCRIPTOR_ABSENT: fputs(HOST_DESCRIPTOR_PATH ": absent", to); break;
	case HOST_DESCRIPTOR_VALID:
		fputs(HOST_DESCRIPTOR_PATH ": valid, interpreter ", to);
		report_path(to, host->described.interpreter);
		break;
	case HOST_DESCRIPTOR_INVALID:
	case HOST_DESCRIPTOR_UNSAFE:
	case HOST_DESCRIPTOR_UNREADABLE: report_bad_descriptor(to, host); break;
	case HOST_DESCRIPTOR_UNTESTED: fputs("not asked", to); break;
	}
}

/* Why this tier, and what it does. */
static const char *const report_tiers[] = {
	"none",
	"1: there is a descriptor, so the kernel is given what it says",
	"2: there is an entry " HOST_ENTRY_NAME ", so that one must run armhf",
	"3: something else decides, the kernel itself or an entry of another name",
	"4: there is neither a descriptor nor anything that runs armhf, so a descriptor is made",
};

static const char *const report_deeds[PLAN_STEP_KIND_COUNT] = {
	[PLAN_STEP_MOUNT] = "mount binfmt_misc",
	[PLAN_STEP_STATUS_ON] = "switch binfmt_misc on as a whole",
	[PLAN_STEP_STATUS_OFF] = "switch binfmt_misc off as a whole",
	[PLAN_STEP_ENABLE] = "switch the entry on",
	[PLAN_STEP_DISABLE] = "switch the entry off",
	[PLAN_STEP_REGISTER] = "register the entry with the kernel",
	[PLAN_STEP_UNREGISTER] = "remove the entry from the kernel",
	[PLAN_STEP_CREATE_DESCRIPTOR] = "make " HOST_DESCRIPTOR_PATH,
	[PLAN_STEP_REMOVE_DESCRIPTOR] = "remove " HOST_DESCRIPTOR_PATH,
	[PLAN_STEP_IMPORT] = "hand it to binfmt-support, for after a reboot",
	[PLAN_STEP_UNIMPORT] = "take it back from binfmt-support",
};

/* The warnings, each with its label. */
static void
report_explain_warnings(FILE *to, const struct prepare *prepare)
{
	char *text = NULL, *line, *rest;
	size_t size;
	FILE *warnings = open_memstream(&text, &size);

	if (warnings == NULL)
		return;
	report_warning(warnings, prepare);
	fclose(warnings);
	for (rest = text; rest != NULL && (line = strsep(&rest, "\n")) != NULL;)
		if (*line != '\0')
			fprintf(to, "warning:     %s\n", line);
	free(text);
}

void
report_explain(FILE *to, const struct prepare *prepare)
{
	const struct host *host = prepare->apply.action_count > 0 ? &prepare->before
								  : &prepare->judged;
	unsigned int actions = report_guesses(prepare) ? 1 : prepare->apply.action_count;
	char token[REPORT_NAME_SIZE + 32];

	fprintf(to, "machine:     %s, pages of %lu KiB\n", host->arm64 ? "arm64" : "not arm64",
		host->page_size / 1024);
	fputs("binfmt_misc: ", to);
	report_table(to, host);
	fprintf(to, "\nnative:      %s\n", report_natives[prepare->explained]);
	if (prepare->tier > 0) {
		fputs("descriptor:  ", to);
		report_descriptor(to, host);
		fputs("\n", to);
		fputs("found:       ", to);
		report_serving(to, prepare, host);
		fprintf(to, "\npolicy:      %s\ntier:        %s\n",
			plan_policy_name(prepare->policy), report_tiers[prepare->tier]);
	}
	for (unsigned int i = 0; i < actions; i++) {
		plan_step_print(&prepare->apply.actions[i], token, sizeof(token));
		fprintf(to, "step:        %s (%s)%s\n", token,
			report_deeds[prepare->apply.actions[i].kind],
			prepare->rehearse ? ", not carried out" : "");
	}
	if (prepare->undo_count > 0 && !report_guesses(prepare)) {
		fputs("undo:        ", to);
		report_steps(to, prepare->undo, prepare->undo_count);
		fputs("\n", to);
	}
	report_explain_warnings(to, prepare);
	fprintf(to, "result:      %s (%s): ", report_mode(&prepare->host),
		plan_reason_name(prepare->reason));
	report_message(to, prepare);
	fputs("\n", to);
}
