/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe: the facts. Has no opinion about them and never writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "descriptor.h"
#include "observe.h"
#include "path.h"

#define OBSERVE_PAGE_4K 4096UL

static void
observe_machine(struct host *host)
{
	struct utsname name;

	host->arm64 = uname(&name) == 0 && strcmp(name.machine, "aarch64") == 0;
	host->page_size = (unsigned long)sysconf(_SC_PAGESIZE);
}

struct observe_listing {
	struct host *host;
	const struct binfmt *binfmt;
	struct entry entry; /* the one that is looked at, unless it is our own */
};

static void
observe_unknown(struct host *host, const char *name, const struct fault *fault)
{
	if (host->unknown[0] != '\0' && strcmp(host->unknown, name) <= 0)
		return;
	snprintf(host->unknown, sizeof(host->unknown), "%s", name);
	host->unknown_fault = *fault;
}

/* An enabled claimer that is not our own. */
static void
observe_other(struct host *host, const struct binfmt *binfmt, const struct entry *entry)
{
	bool found = host->first.state != ENTRY_UNTESTED;

	if (!found || strcmp(entry->name, host->first.name) < 0)
		host->first = *entry;
	if (!found || binfmt_newer(binfmt, entry->name, host->newest.name))
		host->newest = *entry;
}

static void
observe_claimer(struct host *host, const struct entry *entry)
{
	unsigned int at = host->claimer_count;

	if (at == HOST_CLAIMERS_MAX) {
		host->claimer_more += entry->state == ENTRY_ENABLED;
		return;
	}
	for (; at > 0 && strcmp(entry->name, host->claimers[at - 1].name) < 0; at--)
		host->claimers[at] = host->claimers[at - 1];
	snprintf(host->claimers[at].name, sizeof(host->claimers[at].name), "%s", entry->name);
	host->claimers[at].enabled = entry->state == ENTRY_ENABLED;
	host->claimers[at].loose = entry_is_loose(entry);
	host->claimer_count++;
}

static bool
observe_entry(void *context, const char *name)
{
	struct observe_listing *listing = context;
	struct host *host = listing->host;
	struct entry *entry = strcmp(name, HOST_ENTRY_NAME) == 0 ? &host->own : &listing->entry;
	struct fault fault;

	binfmt_read(listing->binfmt, name, entry, &fault);
	if (entry->state == ENTRY_ABSENT)
		return true; /* removed since it was listed */
	host->entry_count++;
	if (entry->state == ENTRY_UNKNOWN) {
		observe_unknown(host, name, &fault);
		return true;
	}
	if (!entry_claims_armhf(entry))
		return true;
	observe_claimer(host, entry);
	if (entry != &host->own && entry->state == ENTRY_ENABLED)
		observe_other(host, listing->binfmt, entry);
	return true;
}

/* Have an autofs mount what it stands for. Returns a signal, or 0 whatever came of it. */
static int
observe_trigger(const struct probe_limits *limits)
{
	struct probe_result result;

	probe_run_lookup(&result, BINFMT_PATH "/status", limits);
	return result.end == PROBE_INTERRUPTED ? result.value : 0;
}

static int
observe_table(struct host *host, struct binfmt *binfmt, const struct probe_limits *limits)
{
	struct observe_listing listing = {.host = host, .binfmt = binfmt};
	enum binfmt_result result = binfmt_open(binfmt, &host->table_fault);
	bool on = false;

	if (host->page_size == 0)
		observe_machine(host);
	if (result == BINFMT_AUTOFS) {
		int stopped = observe_trigger(limits);

		if (stopped != 0)
			return stopped;
		result = binfmt_open(binfmt, &host->table_fault);
	}
	host->own.state = ENTRY_ABSENT;
	if (result == BINFMT_ABSENT || result == BINFMT_AUTOFS) {
		host->table = result == BINFMT_ABSENT ? HOST_TABLE_ABSENT : HOST_TABLE_AUTOFS;
		host->own.state = ENTRY_UNKNOWN;
		return 0;
	}
	if (result == BINFMT_DONE)
		result = binfmt_status(binfmt, &on, &host->table_fault);
	if (result == BINFMT_DONE)
		result = binfmt_each(binfmt, observe_entry, &listing, &host->table_fault);
	host->own_older = host->newest.state == ENTRY_ENABLED
		&& binfmt_newer(binfmt, host->newest.name, HOST_ENTRY_NAME);
	host->table = result == BINFMT_DONE ? HOST_TABLE_MOUNTED : HOST_TABLE_UNREADABLE;
	if (result == BINFMT_DONE)
		host->status = on ? HOST_SWITCH_ON : HOST_SWITCH_OFF;
	else
		host->own.state = ENTRY_UNKNOWN;
	return 0;
}

/* The descriptor could not be opened: what does that make of it? */
static enum host_descriptor
observe_unopened(int error, struct fault *fault)
{
	struct statx found;

	if (error == ENOENT
		&& statx(AT_FDCWD, HOST_DESCRIPTOR_PATH, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found)
			!= 0)
		return HOST_DESCRIPTOR_ABSENT;
	fault_set(fault, error, HOST_DESCRIPTOR_PATH, "cannot open");
	switch (error) {
	case ENOENT: /* a link to nothing */
	case ELOOP:
	case ENOTDIR:
	case ENXIO: /* a socket, or a device without its driver */
	case ENODEV:
	case ENAMETOOLONG: return HOST_DESCRIPTOR_INVALID;
	default: return HOST_DESCRIPTOR_UNREADABLE;
	}
}

static enum host_descriptor
observe_read(int fd, struct host *host)
{
	char text[DESCRIPTOR_TEXT_MAX + 1], object[sizeof(HOST_DESCRIPTOR_PATH) + 16];
	size_t length = 0;
	const char *why;
	int line;

	while (length < sizeof(text)) {
		ssize_t got = read(fd, text + length, sizeof(text) - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fault_set(&host->descriptor_fault, errno, HOST_DESCRIPTOR_PATH,
				"cannot read");
			return HOST_DESCRIPTOR_UNREADABLE;
		}
		if (got == 0)
			break;
		length += (size_t)got;
	}
	snprintf(host->described.name, sizeof(host->described.name), HOST_ENTRY_NAME);
	line = descriptor_parse(&host->described, text, length, &why);
	if (line == 0)
		return HOST_DESCRIPTOR_VALID;
	snprintf(object, sizeof(object), HOST_DESCRIPTOR_PATH ":%d", line);
	fault_set(&host->descriptor_fault, 0, object, "%s", why);
	return HOST_DESCRIPTOR_INVALID;
}

static enum host_descriptor
observe_descriptor(struct host *host)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	int fd = open(HOST_DESCRIPTOR_PATH, flags | O_NOATIME);
	enum host_descriptor result;

	if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner alone */
		fd = open(HOST_DESCRIPTOR_PATH, flags);
	if (fd < 0)
		return observe_unopened(errno, &host->descriptor_fault);
	if (path_check_open(fd, HOST_DESCRIPTOR_PATH, &host->descriptor_fault) != PATH_SAFE)
		result = HOST_DESCRIPTOR_UNSAFE;
	else if (path_check(HOST_DESCRIPTOR_PATH, PATH_FILE, &host->descriptor_fault)
		== PATH_UNSAFE)
		result = HOST_DESCRIPTOR_UNSAFE;
	else
		result = observe_read(fd, host);
	close(fd);
	return result;
}

static enum host_native
observe_judge_refused(const struct probe_limits *limits)
{
	switch (probe_personality(limits)) {
	case PROBE_PERSONALITY_REFUSED: return HOST_NATIVE_NO_AARCH32;
	case PROBE_PERSONALITY_64BIT: return HOST_NATIVE_NO_COMPAT;
	default: return HOST_NATIVE_UNKNOWN;
	}
}

/* What a probe that no entry can serve says about the kernel. */
static enum host_native
observe_judge(const struct host *host, const struct probe_result *result,
	const struct probe_limits *limits)
{
	if (!host->arm64)
		return HOST_NATIVE_NOT_ARM64;
	switch (result->end) {
	case PROBE_EXITED:
		if (result->value == PROBE_MAPS_ALL)
			return HOST_NATIVE_YES;
		if (probe_delivered(result))
			return HOST_NATIVE_PAGE_SIZE;
		return result->value == PROBE_NO_STDIN ? HOST_NATIVE_UNKNOWN : HOST_NATIVE_CPU;
	case PROBE_KILLED:
		if (result->value == SIGILL)
			return HOST_NATIVE_CPU;
		/* SIGTRAP: the filter refused the exit call and the breakpoint behind it was reached */
		return result->value == SIGSYS || result->value == SIGTRAP ? HOST_NATIVE_SECCOMP
									   : HOST_NATIVE_UNKNOWN;
	case PROBE_REFUSED:
		if (result->error == ENOENT)
			return HOST_NATIVE_SHADOWED;
		return result->error == ENOEXEC ? observe_judge_refused(limits)
						: HOST_NATIVE_UNKNOWN;
	default: return HOST_NATIVE_UNKNOWN;
	}
}

/* Run the loader of the cross C library natively. Returns a signal, or 0. */
static int
observe_loader(struct host *host, const struct probe_limits *limits)
{
	static const char *const argv[] = {HOST_LOADER, "--help", NULL};
	struct statx found;

	if (statx(AT_FDCWD, HOST_LOADER, 0, STATX_TYPE, &found) != 0) {
		host->loader =
			HOST_LOADER_ABSENT; /* not installed, or not to be looked at: no evidence */
		return 0;
	}
	probe_run_command(&host->loader_result, argv, NULL, limits);
	if (host->loader_result.end == PROBE_INTERRUPTED)
		return host->loader_result.value;
	host->loader = host->loader_result.end == PROBE_EXITED && host->loader_result.value == 0
		? HOST_LOADER_RUNS
		: HOST_LOADER_FAILS;
	return 0;
}

/* No probe could be started. Where no entry can be in effect the loader decides alone. */
static int
observe_by_loader(struct host *host, const struct probe_limits *limits)
{
	bool none = host->table == HOST_TABLE_MOUNTED && host->unknown[0] == '\0'
		&& host->claimer_count == 0;
	int stopped;

	host->serving = HOST_SERVING_UNKNOWN;
	if (!host->arm64
		|| !(none
			|| (host->table == HOST_TABLE_MOUNTED && host->status == HOST_SWITCH_OFF)))
		return 0;
	stopped = observe_loader(host, limits);
	if (stopped != 0 || host->loader != HOST_LOADER_RUNS)
		return stopped;
	host->serving = HOST_SERVING_KERNEL;
	host->proof.end = PROBE_EXITED;
	host->proof.answered = true;
	host->proof.way = PROBE_BY_KERNEL;
	/* It maps no library, so on larger pages it says nothing about 4 KiB alignment. */
	host->proof.value = host->page_size == OBSERVE_PAGE_4K ? PROBE_MAPS_ALL : PROBE_MAPS_64K;
	host->native = observe_judge(host, &host->proof, limits);
	return 0;
}

static int
observe_serving(struct host *host, const struct probe_limits *limits)
{
	struct probe_result *proof = &host->proof;

	probe_run_plain(proof, limits);
	if (proof->end == PROBE_INTERRUPTED)
		return proof->value;
	switch (proof->way) {
	case PROBE_BY_KERNEL:
		host->serving = probe_delivered(proof) ? HOST_SERVING_KERNEL : HOST_SERVING_NOBODY;
		break;
	case PROBE_BY_ENTRY:
	case PROBE_BY_SOMEBODY:
		host->serving = probe_delivered(proof) ? HOST_SERVING_ENTRY : HOST_SERVING_BROKEN;
		return 0;
	case PROBE_BY_NOBODY: host->serving = HOST_SERVING_NOBODY; break;
	case PROBE_WAY_UNKNOWN: return observe_by_loader(host, limits);
	}
	/* Not caught: then this was as good as the probe that no entry can catch. */
	if (host->native == HOST_NATIVE_UNTESTED || host->native == HOST_NATIVE_SHADOWED)
		host->native = observe_judge(host, proof, limits);
	return 0;
}

static int
observe_native(struct host *host, const struct probe_limits *limits)
{
	if (host->arm64) {
		probe_run_odd(&host->odd, limits);
		if (host->odd.end == PROBE_INTERRUPTED)
			return host->odd.value;
	}
	host->native = observe_judge(host, &host->odd, limits);
	return 0;
}

static void
observe_fit(struct host *host)
{
	const struct entry *entry = &host->described;
	char line[ENTRY_LINE_MAX + 1];
	const char *why;

	host->fit = HOST_FIT_NO;
	if (!entry_claims_armhf(entry))
		fault_set(&host->fit_fault, 0, HOST_DESCRIPTOR_PATH,
			"its magic and mask do not match an armhf program");
	else if (strlen(entry->interpreter) > ENTRY_INTERPRETER_MAX)
		fault_set(&host->fit_fault, 0, HOST_DESCRIPTOR_PATH,
			"its interpreter is longer than %d bytes", ENTRY_INTERPRETER_MAX);
	else if (entry_format(entry, line, &why) < 0)
		fault_set(&host->fit_fault, 0, HOST_DESCRIPTOR_PATH, "%s", why);
	else if (path_check(entry->interpreter, PATH_PROGRAM, &host->fit_fault) == PATH_SAFE)
		host->fit = HOST_FIT_YES;
}

/* False only where there is none: what cannot be looked at counts as there. */
static bool
observe_is_program(const char *path)
{
	struct statx found;

	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_MODE, &found) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return S_ISREG(found.stx_mode) && (found.stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

static void
observe_emulator(struct host *host)
{
	static const char *const paths[] = {HOST_EMULATOR_STATIC, HOST_EMULATOR_PLAIN};

	host->emulator = HOST_EMULATOR_ABSENT;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!observe_is_program(paths[i]))
			continue;
		descriptor_entry(&host->made, HOST_ENTRY_NAME, paths[i]);
		host->emulator = path_check(paths[i], PATH_PROGRAM, &host->emulator_fault)
				== PATH_SAFE
			? HOST_EMULATOR_FOUND
			: HOST_EMULATOR_UNSAFE;
		return;
	}
}

static void
observe_importer(struct host *host)
{
	struct statx found;

	host->importer = observe_is_program(HOST_IMPORTER) ? HOST_IMPORTER_FOUND
							   : HOST_IMPORTER_ABSENT;
	host->recorded = statx(AT_FDCWD, HOST_RECORD_PATH, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found)
		== 0;
}

int
observe_fact(struct host *host, enum host_fact fact, struct binfmt *binfmt,
	const struct probe_limits *limits)
{
	switch (fact) {
	case HOST_FACT_NONE: break;
	case HOST_FACT_TABLE: return observe_table(host, binfmt, limits);
	case HOST_FACT_DESCRIPTOR: host->descriptor = observe_descriptor(host); break;
	case HOST_FACT_SERVING: return observe_serving(host, limits);
	case HOST_FACT_NATIVE: return observe_native(host, limits);
	case HOST_FACT_LOADER: return observe_loader(host, limits);
	case HOST_FACT_FIT: observe_fit(host); break;
	case HOST_FACT_EMULATOR: observe_emulator(host); break;
	case HOST_FACT_IMPORTER: observe_importer(host); break;
	}
	return 0;
}

void
observe_forget(struct host *host)
{
	enum host_native native = host->native;
	struct probe_result odd = host->odd;

	memset(host, 0, sizeof(*host));
	host->native = native;
	host->odd = odd;
}
