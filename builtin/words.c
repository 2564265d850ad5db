/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words: tables of tokens and texts, and the words for the end of a probe.
 */
#include "words.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "text.h"

#define KERNEL_4K "a kernel with 4 KiB pages (Raspberry Pi 5: kernel=kernel8.img in config.txt)"

static const struct {
	const char *token;
	bool success;
	const char *text;
} reasons[] = {
#define ROW(constant, token, success, text) {token, success, text},
	WORDS_REASONS(ROW)
#undef ROW
};

static const struct {
	const char *token, *deed;
} steps[] = {
#define ROW(constant, token, deed) {token, deed},
	WORDS_STEPS(ROW)
#undef ROW
};

static const char *const policies[] = {
	[POLICY_REGISTERED] = "registered",
	[POLICY_NATIVE] = "native",
	[POLICY_EMULATED] = "emulated",
};

/* The releases were measured file by file on kernels with 16 KiB pages. */
static const struct {
	int answer;
	const char *token, *warning;
} aligns[] = {
	{PROBE_MAPS_ALL, "all", NULL},
	{PROBE_MAPS_64K, "64k",
		"only programs and libraries with segments aligned to 64 KiB can be mapped: "
		"bullseye, forky and sid run, bookworm and trixie do not; boot " KERNEL_4K},
	{PROBE_MAPS_4K, "4k",
		"only programs and libraries with segments aligned to 4 KiB can be mapped: no "
		"release of Debian runs; boot " KERNEL_4K},
	{PROBE_MAPS_NONE, "none",
		"no library can be mapped: only static programs run; boot " KERNEL_4K},
};

bool
words_success(enum reason reason)
{
	return reasons[reason].success;
}

const char *
words_reason(enum reason reason)
{
	return reasons[reason].token;
}

const char *
words_reason_text(enum reason reason)
{
	return reasons[reason].text;
}

const char *
words_step_deed(enum step_kind kind)
{
	return steps[kind].deed;
}

void
words_step_print(FILE *to, const struct step *step)
{
	char name[4 * NAME_MAX + 1];

	text_escape(name, sizeof(name), step->name);
	fputs(steps[step->kind].token, to);
	/* The sign that a fingerprint follows is not a part of a name. */
	for (const char *at = name; *at != '\0'; at++)
		if (*at == '@')
			fputs("\\x40", to);
		else
			fputc(*at, to);
	if (step->printed && step->name[0] != '\0')
		fprintf(to, "@%08x", step->print);
}

/* Cut the fingerprint off a name, if one is there. */
static void
print_parse(struct step *step, const char *text, size_t *length)
{
	uint32_t print = 0;

	if (*length < 10 || text[*length - 9] != '@')
		return;
	for (size_t i = *length - 8; i < *length; i++) {
		int digit = text_digit(text[i]);

		if (digit < 0)
			return;
		print = print << 4 | (uint32_t)digit;
	}
	step->printed = true;
	step->print = print;
	*length -= 9;
}

bool
words_step_parse(struct step *step, const char *token, size_t length)
{
	for (size_t i = 0; i < STEP_COUNT; i++) {
		const char *word = steps[i].token;
		size_t size = strlen(word);
		bool named = word[size - 1] == ':';

		if (length < size || memcmp(token, word, size) != 0 || (!named && length != size))
			continue;
		*step = (struct step){.kind = (enum step_kind)i};
		if (!named)
			return true;
		length -= size;
		print_parse(step, token + size, &length);
		/* Lists never hold the sign raw: what follows it was to be a fingerprint. */
		return memchr(token + size, '@', length) == NULL
			&& text_unescape(step->name, sizeof(step->name), token + size, length)
			&& entry_name_valid(step->name);
	}
	return false;
}

const char *
words_policy(enum policy policy)
{
	return policies[policy];
}

bool
words_policy_find(enum policy *policy, const char *name)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		if (strcmp(policies[i], name) == 0) {
			*policy = (enum policy)i;
			return true;
		}
	}
	return false;
}

const char *
words_native(enum host_native native)
{
	switch (native) {
	case HOST_NATIVE_UNTESTED: return "untested";
	case HOST_NATIVE_YES: return "yes";
	case HOST_NATIVE_PAGE_SIZE: return "page-size";
	case HOST_NATIVE_NO_AARCH32: return "no-aarch32";
	case HOST_NATIVE_NO_COMPAT: return "no-compat";
	case HOST_NATIVE_CPU: return "cpu";
	case HOST_NATIVE_SECCOMP: return "seccomp";
	case HOST_NATIVE_SHADOWED: return "shadowed";
	case HOST_NATIVE_UNKNOWN: return "unknown";
	case HOST_NATIVE_NOT_ARM64: return "not-arm64";
	}
	return "unknown";
}

const char *
words_native_explain(enum host_native native)
{
	switch (native) {
	case HOST_NATIVE_UNTESTED: return "not asked";
	case HOST_NATIVE_YES: return "yes, this kernel and CPU execute armhf programs";
	case HOST_NATIVE_PAGE_SIZE:
		return "in part: its pages are larger than 4 KiB, so programs whose segments are "
		       "aligned to 4 KiB cannot be mapped; all run on " KERNEL_4K;
	case HOST_NATIVE_NO_AARCH32:
		return "no: this CPU (or virtual machine) has no 32-bit state (AArch32) at EL0; "
		       "only another CPU cures that";
	case HOST_NATIVE_NO_COMPAT:
		return "no: this kernel was built without CONFIG_COMPAT; a kernel with it may run armhf";
	case HOST_NATIVE_CPU:
		return "no: 32-bit code was started and an ARMv7 instruction failed; the CPU or the "
		       "virtual machine lacks it";
	case HOST_NATIVE_SECCOMP:
		return "no: a seccomp filter refuses 32-bit system calls; in a container, change its "
		       "seccomp profile";
	case HOST_NATIVE_SHADOWED:
		return "cannot be told: an entry of binfmt_misc catches even a program that no entry "
		       "should";
	case HOST_NATIVE_UNKNOWN: return "cannot be told: the probe gave no clear answer";
	case HOST_NATIVE_NOT_ARM64: return "no: this machine is not arm64";
	}
	return "cannot be told";
}

const char *
words_align(int answer)
{
	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++)
		if (aligns[i].answer == answer)
			return aligns[i].token;
	return "";
}

const char *
words_align_warning(int answer)
{
	for (size_t i = 0; i < sizeof(aligns) / sizeof(aligns[0]); i++)
		if (aligns[i].answer == answer)
			return aligns[i].warning;
	return NULL;
}

/* The name of a signal that ends programs. sigabbrev_np(3) is newer than the C library that will do. */
static const char *
signal_name(int number)
{
	switch (number) {
	case SIGILL: return "SIGILL";
	case SIGSEGV: return "SIGSEGV";
	case SIGSYS: return "SIGSYS";
	case SIGTRAP: return "SIGTRAP";
	case SIGABRT: return "SIGABRT";
	case SIGBUS: return "SIGBUS";
	case SIGKILL: return "SIGKILL";
	default: return "a signal";
	}
}

/* An answer of the embedded program, which is more than an exit status. */
#define ANSWER(value) (0x100 | (value))

/*
 * The meaning of an end, the first row that fits, and the remedy, NULL: the reason's own. A row
 * without an entry is for programs that the kernel runs.
 */
struct symptom {
	enum probe_end end;
	int value; /* ANSWER, exit status, signal or errno; -1: any */
	enum { ANYWAY, NATIVELY, BY_ENTRY, LARGE_PAGES } way;
	const char *cause, *remedy;
};

#define SECCOMP "a seccomp filter refuses a system call"
#define PROFILE "change the seccomp profile of this container"

static const struct symptom symptoms[] = {
	{PROBE_REFUSED, ENOEXEC, NATIVELY, "neither the kernel nor an entry of binfmt_misc runs it",
		"have an emulator registered: install qemu-user-static or qemu-user, and run this again"},
	{PROBE_REFUSED, ENOEXEC, BY_ENTRY,
		"the interpreter is a script or a program of another machine, or one that itself runs "
		"through an entry",
		"name an ELF program of this machine as interpreter"},
	{PROBE_REFUSED, ENOENT, ANYWAY,
		"the interpreter does not exist here, or is a dynamic program whose own loader does not",
		"reinstall the emulator; in a chroot copy it in, or register it with flag F"},
	{PROBE_REFUSED, EACCES, ANYWAY, "the interpreter may not be executed",
		"make the interpreter executable (chmod +x)"},
	{PROBE_REFUSED, ELOOP, ANYWAY,
		"the interpreter is itself caught by an entry: it is an armhf program, or an entry takes "
		"this machine's programs",
		"name a program of this machine that no entry takes as interpreter"},
	{PROBE_EXITED, ANSWER(PROBE_ARGUMENTS), ANYWAY,
		"its arguments did not arrive as they were sent: the entry has flag P, which this "
		"emulator (qemu before 6.0) or this kernel (before 5.12) does not understand",
		"register the emulator without flag P (preserve no)"},
	{PROBE_EXITED, ANSWER(PROBE_NO_VFP), ANYWAY,
		"ARMv7 with VFPv3 is not there, which armhf needs", NULL},
	{PROBE_KILLED, SIGILL, NATIVELY,
		"the CPU or the virtual machine lacks 32-bit ARM instructions",
		"use an emulator (-p emulated)"},
	{PROBE_KILLED, SIGILL, BY_ENTRY, "the emulator lacks an instruction of ARMv7", NULL},
	{PROBE_KILLED, SIGSEGV, LARGE_PAGES, "as on kernels with pages of 16 or 64 KiB",
		"boot " KERNEL_4K},
	{PROBE_EXITED, 127, LARGE_PAGES, "as on kernels with pages of 16 or 64 KiB",
		"boot " KERNEL_4K},
	{PROBE_KILLED, SIGSYS, ANYWAY, SECCOMP, PROFILE},
	{PROBE_KILLED, SIGTRAP, ANYWAY, SECCOMP, PROFILE},
	{PROBE_EXITED, 159, ANYWAY, SECCOMP, PROFILE},
	{PROBE_EXITED, -1, ANYWAY, "the interpreter is not a working emulator", NULL},
	{PROBE_KILLED, -1, BY_ENTRY, "the interpreter crashed", NULL},
	{PROBE_TIMEOUT, -1, ANYWAY, "it may only be slow",
		"give it longer with -t, or repair the interpreter"},
};

static bool
way_fits(const struct symptom *symptom, bool entry, bool large)
{
	switch (symptom->way) {
	case ANYWAY: return true;
	case NATIVELY: return !entry;
	case BY_ENTRY: return entry;
	case LARGE_PAGES: return large;
	}
	return false;
}

static const struct symptom *
symptom_find(const struct probe_result *result, bool large)
{
	int value = result->end == PROBE_REFUSED ? result->error : result->value;
	int answer = probe_answer(result);
	bool entry = result->way == PROBE_BY_ENTRY || result->way == PROBE_WAY_UNKNOWN;

	if (answer != 0)
		value = ANSWER(answer);
	for (size_t i = 0; i < sizeof(symptoms) / sizeof(symptoms[0]); i++) {
		const struct symptom *at = &symptoms[i];

		if (at->end == result->end && (at->value == -1 || at->value == value)
			&& way_fits(at, entry, large))
			return at;
	}
	return NULL;
}

/* The arguments were shifted, and the entry has no flag P. */
static const struct symptom *
arguments_find(const struct entry *entry)
{
	static const struct symptom expects = {
		.cause = "its arguments did not arrive as they were sent: by its name the "
			 "interpreter expects flag P, which the entry lacks",
		.remedy = "register it with flag P (preserve yes)",
	};
	static const struct symptom transparent = {
		.cause = "its arguments did not arrive as they were sent: the entry has flag T, "
			 "which this emulator does not understand",
		.remedy = "register the emulator without flag T",
	};
	static const struct symptom other = {
		.cause = "its arguments did not arrive as they were sent",
		.remedy = "name an emulator that hands on all arguments as interpreter",
	};

	if (text_ends(entry->interpreter, PROBE_EXPECTS_PRESERVE))
		return &expects;
	return entry_has(entry, 'T') ? &transparent : &other;
}

/* Why no probe could be started, and what cures that. */
static void
unstarted_explain(struct fault *fault, const char *object, const struct probe_result *result)
{
	fault_set(fault, result->error, object, "no armhf program could be started (%s)",
		result->object != NULL ? result->object : "exec");
	/* To be root does not cure a file system or a filter that refuses to execute. */
	if (result->error == EACCES || result->error == EPERM)
		fault->remedy = NULL;
	if (result->object != NULL && result->error == ENOENT) {
		if (strncmp(result->object, "/proc", 5) == 0)
			fault->remedy = "mount -t proc proc /proc";
		else if (strncmp(result->object, "/dev", 4) == 0)
			fault->remedy =
				"make /dev/null here (mknod -m 666 /dev/null c 1 3), or mount /dev";
	}
}

void
words_symptom(struct fault *fault, const char *object, const struct probe_result *result,
	const struct entry *entry, unsigned long page_size, int seconds)
{
	const struct symptom *symptom = symptom_find(result, page_size > 4096);
	char said[2 * PROBE_SAID_MAX + 1];

	if (entry != NULL && entry_relative(entry)
		&& (probe_delivered(result)
			|| (result->end == PROBE_REFUSED && result->error == ENOENT))) {
		fault_set(fault, 0, object,
			"its interpreter is a relative path, which depends on the caller's directory");
		fault->remedy = "register it with an absolute path";
		return;
	}
	switch (result->end) {
	case PROBE_NOT_STARTED: unstarted_explain(fault, object, result); return;
	case PROBE_INTERRUPTED:
		fault_set(fault, 0, object, "the armhf probe was interrupted by signal %d",
			result->value);
		return;
	case PROBE_REFUSED:
		fault_set(fault, 0, object, "executing armhf failed: %s", strerror(result->error));
		break;
	case PROBE_EXITED:
		fault_set(fault, 0, object, "the armhf probe %s %d",
			result->answered ? "answered" : "exited with", result->value);
		break;
	case PROBE_KILLED:
		fault_set(fault, 0, object, "the armhf probe was killed by signal %d (%s)",
			result->value, signal_name(result->value));
		break;
	case PROBE_TIMEOUT:
		fault_set(fault, 0, object, "the armhf probe did not end within %d s", seconds);
		break;
	}
	if (result->said[0] != '\0') {
		/* Its own words are better than any guess. */
		size_t used = strlen(fault->why);

		text_escape_line(said, sizeof(said), result->said);
		snprintf(fault->why + used, sizeof(fault->why) - used, ", and said: %s", said);
		if (result->end == PROBE_EXITED && !result->answered) {
			fault->remedy = "cure what it says: a limit of this process (ulimit -v, "
					"MemoryDenyWriteExecute, vm.mmap_min_addr) or its name";
			return;
		}
	}
	if (probe_answer(result) == PROBE_ARGUMENTS && entry != NULL && !entry_has(entry, 'P'))
		symptom = arguments_find(entry);
	if (symptom != NULL) {
		size_t used = strlen(fault->why);

		snprintf(fault->why + used, sizeof(fault->why) - used, " (%s)", symptom->cause);
		fault->remedy = symptom->remedy;
	}
}
