/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * observe: the facts. Has no opinion about them and never writes.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "observe.h"
#include "path.h"

#define PAGE_4K 4096UL

void
observe_machine(struct host *host)
{
	/* uname says armv8l under linux32, and what the emulator likes in an emulated shell. */
#if defined(__aarch64__) || defined(__arm__)
	host->arm64 = true;
#endif
	host->page_size = (unsigned long)sysconf(_SC_PAGESIZE);
}

/* ---- the table ---- */

struct listing {
	struct host *host;
	const struct binfmt *binfmt;
	struct entry entry; /* the one that is looked at, unless it is our own */
	bool failed;        /* no memory */
	bool unreadable;    /* a marker cannot be read: table_fault says why */
};

/* Keep the name that is first in the alphabet, so that the outcome does not depend on the listing. */
static bool
name_keep(char kept[NAME_MAX + 1], const char *name)
{
	if (kept[0] != '\0' && strcmp(kept, name) <= 0)
		return false;
	snprintf(kept, NAME_MAX + 1, "%s", name);
	return true;
}

/* Insert a claimer by its name. */
static bool
claimer_add(struct host *host, const struct entry *entry, long long registered)
{
	struct host_claimer *more = realloc(
		host->claimers, (host->claimer_count + 1) * sizeof(*host->claimers));
	unsigned int at = host->claimer_count;

	if (more == NULL)
		return false;
	host->claimers = more;
	for (; at > 0 && strcmp(entry->name, more[at - 1].name) < 0; at--)
		more[at] = more[at - 1];
	more[at] = (struct host_claimer){
		.enabled = entry->state == ENTRY_ENABLED,
		.takes = entry_takes_armhf(entry),
		.print = entry->print,
		.loose = entry_loose(entry),
		.transparent = entry_has(entry, 'T'),
		.registered = registered,
	};
	memcpy(more[at].name, entry->name, sizeof(more[at].name));
	host->claimer_count++;
	return true;
}

/* Take this enabled claimer if the kernel asks it for the probe before the one so far. */
static void
newest_consider(
	struct host *host, const struct entry *entry, long long registered, long long *newest)
{
	if (!(entry_takes_armhf(entry) & ENTRY_DYN))
		return;
	if (host->newest.state == ENTRY_ENABLED && registered < *newest)
		return;
	if (host->newest.state != ENTRY_ENABLED || registered > *newest)
		host->rival[0] = '\0';
	if (host->newest.state == ENTRY_ENABLED && registered == *newest) {
		/* Of two within one clock tick neither is guessed: both are told, our own first. */
		if (entry != &host->own) {
			memcpy(host->rival, entry->name, sizeof(host->rival));
			return;
		}
		memcpy(host->rival, host->newest.name, sizeof(host->rival));
	}
	host->newest = *entry;
	*newest = registered;
}

/* Keep a marker of an entry that is held disabled. */
static bool
marker_add(struct host *host, const struct entry *marker, const char *name)
{
	struct host_marker *more;

	if (name[0] == '\0') {
		host->announced = true;
		snprintf(host->who, sizeof(host->who), "%.*s", (int)sizeof(host->who) - 1,
			marker->interpreter);
		return true;
	}
	more = realloc(host->markers, (host->marker_count + 1) * sizeof(*more));
	if (more == NULL)
		return false;
	host->markers = more;
	more += host->marker_count++;
	snprintf(more->name, sizeof(more->name), "%s", name);
	hold_print(marker, &more->print);
	return true;
}

static bool
entry_observe(void *context, const char *name)
{
	struct listing *listing = context;
	struct host *host = listing->host;
	struct entry *entry = strcmp(name, HOST_ENTRY_NAME) == 0 ? &host->own : &listing->entry;
	struct fault fault = {.object = ""};
	const char *marked;

	binfmt_read(listing->binfmt, name, entry, &fault);
	if (entry->state == ENTRY_ABSENT)
		return true; /* removed since it was listed */
	/* Without one of its markers a hold would be released in part. */
	if (entry->state == ENTRY_UNKNOWN && fault.error != 0
		&& strncmp(name, HOLD_MARKER, strlen(HOLD_MARKER)) == 0) {
		host->table_fault = fault;
		listing->unreadable = true;
		return false;
	}
	if (entry->state != ENTRY_UNKNOWN && hold_is_marker(entry, &marked)) {
		listing->failed = !marker_add(host, entry, marked);
		return !listing->failed;
	}
	host->entry_count++;
	if (entry->state == ENTRY_UNKNOWN) {
		host->untold = true;
		if (name_keep(host->unknown, name))
			host->unknown_fault = fault;
		if (entry == &host->own)
			host->own_fault = fault;
		return true;
	}
	if (entry->state == ENTRY_ENABLED) {
		host->untold = host->untold || entry->handler;
		if (entry_takes_own(entry) != 0)
			name_keep(host->breaks, name);
		if (entry_replaces_loader(entry))
			name_keep(host->replaces, name);
	}
	if (entry_takes_armhf(entry) != 0
		&& !claimer_add(host, entry, binfmt_registered(listing->binfmt, name)))
		listing->failed = true;
	return !listing->failed;
}

/* Find the enabled claimer that takes the probe: a second reading, of these alone. */
static void
newest_observe(struct listing *listing)
{
	struct host *host = listing->host;
	long long newest = 0;

	for (unsigned int i = 0; host->on && i < host->claimer_count; i++) {
		const struct host_claimer *claimer = &host->claimers[i];

		if (!claimer->enabled || !(claimer->takes & ENTRY_DYN))
			continue;
		if (strcmp(claimer->name, HOST_ENTRY_NAME) == 0) {
			newest_consider(host, &host->own, claimer->registered, &newest);
			continue;
		}
		binfmt_read(listing->binfmt, claimer->name, &listing->entry, NULL);
		if (listing->entry.state == ENTRY_ENABLED)
			newest_consider(host, &listing->entry, claimer->registered, &newest);
	}
}

/* Have an autofs mount what it stands for. Returns a signal, or 0 whatever came of it. */
static int
autofs_trigger(const struct probe_limits *limits)
{
	struct probe_result result;

	probe_run_lookup(&result, BINFMT_PATH "/status", limits);
	return result.end == PROBE_INTERRUPTED ? result.value : 0;
}

/* List the open table. */
static enum outcome
table_list(struct host *host, const struct binfmt *binfmt)
{
	struct listing listing = {.host = host, .binfmt = binfmt};
	enum outcome outcome = binfmt_status(binfmt, &host->on, &host->table_fault);

	if (outcome == OUTCOME_DONE)
		outcome = binfmt_each(binfmt, entry_observe, &listing, &host->table_fault);
	if (listing.failed) {
		fault_errno(&host->table_fault, ENOMEM, BINFMT_PATH, "keep its entries");
		outcome = OUTCOME_FAILED;
	}
	if (listing.unreadable)
		outcome = OUTCOME_FAILED;
	if (outcome == OUTCOME_DONE
		&& (host->announced || host->marker_count > 0 || binfmt->lock >= 0)) {
		enum outcome asked = hold_anybody(binfmt, &host->held, &host->table_fault);

		/* An ordinary user is refused. The owner of the lock is not. */
		if (asked != OUTCOME_DONE && (asked == OUTCOME_FAILED || binfmt->lock >= 0))
			outcome = OUTCOME_FAILED;
	}
	if (outcome != OUTCOME_DONE)
		return outcome;
	newest_observe(&listing);
	if (host->own.state == ENTRY_ENABLED || host->own.state == ENTRY_DISABLED)
		host->own_again = binfmt_registrable(&host->own);
	if (host->own.state == ENTRY_DISABLED || (host->own.state == ENTRY_ENABLED && !host->on))
		host->own_may_serve = observe_may_serve(&host->own, BINFMT_PATH "/" HOST_ENTRY_NAME,
			entry_has(&host->own, 'F'), &host->own_fault);
	return outcome;
}

static int
table_observe(struct host *host, struct binfmt *binfmt, const struct probe_limits *limits)
{
	enum outcome outcome = binfmt_open(binfmt, &host->table_fault);

	observe_machine(host);
	if (outcome == OUTCOME_TAKEN) {
		int stopped = autofs_trigger(limits);

		if (stopped != 0)
			return stopped;
		outcome = binfmt_open(binfmt, &host->table_fault);
	}
	host->own.state = ENTRY_ABSENT;
	switch (outcome) {
	case OUTCOME_DONE:
		host->table = table_list(host, binfmt) == OUTCOME_DONE ? HOST_TABLE_MOUNTED
								       : HOST_TABLE_UNREADABLE;
		break;
	case OUTCOME_GONE: host->table = HOST_TABLE_ABSENT; break;
	case OUTCOME_TAKEN: host->table = HOST_TABLE_AUTOFS; break;
	case OUTCOME_IMPOSSIBLE: host->table = HOST_TABLE_IMPOSSIBLE; break;
	default: host->table = HOST_TABLE_UNREADABLE; break;
	}
	if (host->table != HOST_TABLE_MOUNTED)
		host->own.state = ENTRY_UNKNOWN;
	return 0;
}

/* ---- the descriptor ---- */

/* The errnos of a file that is there and can be no descriptor. */
static enum host_descriptor
unopened_judge(int error)
{
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

/* The whole text of an open file, or one byte more than any may have, on the heap: its length, or -1. */
static ssize_t
text_take(int fd, char **text)
{
	struct statx found;
	size_t room = DESCRIPTOR_TEXT_MAX + 1;
	ssize_t length;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &found) == 0
		&& found.stx_size < DESCRIPTOR_TEXT_MAX)
		room = (size_t)found.stx_size + 1;
	*text = malloc(room);
	if (*text == NULL)
		return -1;
	length = path_read_open(fd, *text, room);
	if (length < 0) {
		int error = errno;

		free(*text);
		errno = error;
	}
	return length;
}

/*
 * Open a file, judge it on its descriptor and read it into *text, to be freed: a length, or -1 with
 * host->descriptor and its fault. Links are followed: the path behind them is judged as well.
 */
static ssize_t
file_read(struct host *host, const char *path, char **text)
{
	const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct fault *fault = &host->descriptor_fault;
	int fd = open(path, flags | O_NOATIME);
	ssize_t length = -1;

	if (fd < 0 && errno == EPERM) /* O_NOATIME is for the owner alone */
		fd = open(path, flags);
	if (fd < 0) {
		int error = errno, looked = error == ENOENT ? path_look(path) : 0;

		if (looked == ENOENT || looked == ENOTDIR)
			host->descriptor = HOST_DESCRIPTOR_ABSENT;
		else
			host->descriptor = looked == 0 ? unopened_judge(error)
						       : HOST_DESCRIPTOR_UNREADABLE;
		fault_errno(fault, looked != 0 ? looked : error, path,
			looked != 0 ? "look at it" : "open it");
		return -1;
	}
	if (path_check_open(fd, path, fault) != PATH_SAFE
		|| path_check(path, PATH_FILE, fault) == PATH_UNSAFE) {
		host->descriptor = HOST_DESCRIPTOR_UNSAFE;
	} else {
		length = text_take(fd, text);
		if (length < 0) {
			fault_errno(fault, errno, path, "read it");
			host->descriptor = HOST_DESCRIPTOR_UNREADABLE;
		}
	}
	close(fd);
	return length;
}

/* The parser's verdict, with the line at fault. */
static void
parsed_judge(struct host *host, const char *path, int line, const char *why)
{
	char object[sizeof(host->descriptor_path) + 16];

	host->descriptor = line == 0 ? HOST_DESCRIPTOR_VALID : HOST_DESCRIPTOR_INVALID;
	if (line == 0)
		return;
	snprintf(object, sizeof(object), "%s:%d", path, line);
	fault_set(&host->descriptor_fault, 0, object, "%s", why);
}

/* What binfmt.d(5) calls its directories, the first in precedence first. */
static const char *const line_directories[] = {
	"/etc/binfmt.d", "/run/binfmt.d", "/usr/lib/binfmt.d"};

#define DIRECTORIES ((int)(sizeof(line_directories) / sizeof(line_directories[0])))

static int
is_configuration(const struct dirent *found)
{
	size_t length = strlen(found->d_name);

	return length > 5 && length < 200 && strcmp(found->d_name + length - 5, ".conf") == 0;
}

/* Whatever the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/*
 * Of the files of binfmt.d that are not hidden, in the order of their names whatever their directory, the
 * last with a line for qemu-arm decides, as systemd registers one after the other. Read in order.
 */
static void
line_consider(struct host *host, const char *path)
{
	ssize_t length;
	const char *why;
	char target[16], *text;
	ssize_t linked = readlink(path, target, sizeof(target));
	int line;

	if (linked == 9 && memcmp(target, "/dev/null", 9) == 0)
		return; /* masked */
	length = file_read(host, path, &text);
	if (length < 0) {
		/* A link to nothing is nothing for systemd, and what it hides from users is root's. */
		if (host->descriptor == HOST_DESCRIPTOR_INVALID
			|| host->descriptor_fault.error == EACCES)
			host->descriptor = HOST_DESCRIPTOR_ABSENT;
		if (host->descriptor != HOST_DESCRIPTOR_ABSENT)
			snprintf(host->descriptor_path, sizeof(host->descriptor_path), "%s", path);
		return;
	}
	line = descriptor_parse_line(&host->described, text, (size_t)length, &why);
	free(text);
	if (line < 0)
		return;
	snprintf(host->descriptor_path, sizeof(host->descriptor_path), "%s", path);
	parsed_judge(host, path, line, why);
}

/* One file, whose line takes the place of those before it. */
static void
line_observe(struct host *host, const char *directory, const char *name)
{
	enum host_descriptor before = host->descriptor;
	char path[sizeof(host->descriptor_path)];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	host->descriptor = HOST_DESCRIPTOR_ABSENT;
	line_consider(host, path);
	if (host->descriptor == HOST_DESCRIPTOR_ABSENT)
		host->descriptor = before;
}

/* The file that comes next by its name, of one name that of the first directory; -1: none is left. */
static int
first_of(struct dirent **const next[], const int left[])
{
	int first = -1;

	for (int i = 0; i < DIRECTORIES; i++)
		if (left[i] > 0
			&& (first < 0 || strcmp((*next[i])->d_name, (*next[first])->d_name) < 0))
			first = i;
	return first;
}

static void
lines_observe(struct host *host)
{
	struct dirent **lists[DIRECTORIES] = {NULL}, **next[DIRECTORIES];
	char last[NAME_MAX + 1] = "";
	int left[DIRECTORIES], first;

	for (int i = 0; i < DIRECTORIES; i++) {
		left[i] = scandir(line_directories[i], &lists[i], is_configuration, by_name);
		next[i] = lists[i];
		if (left[i] < 0 && errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
			host->descriptor = HOST_DESCRIPTOR_UNREADABLE;
			fault_errno(&host->descriptor_fault, errno, line_directories[i], "list it");
		}
	}
	while ((first = first_of(next, left)) >= 0) {
		const char *name = (*next[first])->d_name;

		/* A file hides those of its name in the directories behind. */
		if (strcmp(name, last) != 0) {
			snprintf(last, sizeof(last), "%s", name);
			line_observe(host, line_directories[first], name);
		}
		free(*next[first]++);
		left[first]--;
	}
	for (int i = 0; i < DIRECTORIES; i++)
		free(lists[i]);
}

static void
descriptor_observe(struct host *host)
{
	const char *why;
	ssize_t length;
	char *text;
	int line;

	snprintf(host->described.name, sizeof(host->described.name), HOST_ENTRY_NAME);
	snprintf(host->descriptor_path, sizeof(host->descriptor_path), HOST_DESCRIPTOR_PATH);
	length = file_read(host, HOST_DESCRIPTOR_PATH, &text);
	if (length >= 0) {
		line = descriptor_parse(&host->described, text, (size_t)length, &why);
		free(text);
		parsed_judge(host, HOST_DESCRIPTOR_PATH, line, why);
	} else if (host->descriptor == HOST_DESCRIPTOR_ABSENT) {
		lines_observe(host);
	}
}

/* ---- the probes ---- */

static enum host_native
refused_judge(const struct probe_limits *limits)
{
	switch (probe_personality(limits)) {
	case PROBE_PERSONALITY_REFUSED: return HOST_NATIVE_NO_AARCH32;
	case PROBE_PERSONALITY_64BIT: return HOST_NATIVE_NO_COMPAT;
	default: return HOST_NATIVE_UNKNOWN;
	}
}

/* The answer of a probe that no entry can serve about the kernel. */
static enum host_native
native_judge(const struct host *host, const struct probe_result *result,
	const struct probe_limits *limits)
{
	int answer = probe_answer(result);

	if (!host->arm64)
		return HOST_NATIVE_NOT_ARM64;
	switch (result->end) {
	case PROBE_EXITED:
		if (answer == PROBE_MAPS_ALL)
			return HOST_NATIVE_YES;
		if (probe_delivered(result))
			return HOST_NATIVE_PAGE_SIZE;
		return answer == PROBE_NO_VFP ? HOST_NATIVE_CPU : HOST_NATIVE_UNKNOWN;
	case PROBE_KILLED:
		if (result->value == SIGILL)
			return HOST_NATIVE_CPU;
		/* SIGTRAP: the filter refused the exit call and the breakpoint behind it was reached */
		return result->value == SIGSYS || result->value == SIGTRAP ? HOST_NATIVE_SECCOMP
									   : HOST_NATIVE_UNKNOWN;
	case PROBE_REFUSED:
		if (result->error == ENOENT)
			return HOST_NATIVE_SHADOWED;
		return result->error == ENOEXEC ? refused_judge(limits) : HOST_NATIVE_UNKNOWN;
	default: return HOST_NATIVE_UNKNOWN;
	}
}

/* Run the loader of the cross C library natively. Returns a signal, or 0. */
static int
loader_observe(struct host *host, const struct probe_limits *limits)
{
	static const char *const argv[] = {HOST_LOADER, "--help", NULL};
	struct probe_result result;

	host->loader = HOST_YES;
	if (path_look(HOST_LOADER) != 0)
		return 0; /* not installed, or not to be looked at: no evidence */
	probe_run_command(&result, argv, NULL, limits);
	if (result.end == PROBE_INTERRUPTED) {
		host->loader = HOST_UNTESTED;
		return result.value;
	}
	if (result.end != PROBE_EXITED || result.value != 0)
		host->loader = HOST_NO;
	return 0;
}

/* No probe could be started. Where no entry can be in effect the loader decides alone. */
static int
loader_decide(struct host *host, const struct probe_limits *limits)
{
	bool none = host->table == HOST_TABLE_MOUNTED
		&& (!host->on || (host->claimer_count == 0 && !host->untold));
	int stopped;

	host->serving = HOST_SERVING_UNKNOWN;
	if (!host->arm64 || !none || path_look(HOST_LOADER) != 0)
		return 0;
	stopped = loader_observe(host, limits);
	if (stopped != 0 || host->loader != HOST_YES)
		return stopped;
	host->serving = HOST_SERVING_KERNEL;
	host->proof = (struct probe_result){
		.end = PROBE_EXITED, .way = PROBE_BY_KERNEL, .answered = true};
	/* It maps no library, so on larger pages it says nothing about 4 KiB alignment. */
	host->proof.value = host->page_size == PAGE_4K ? PROBE_MAPS_ALL : PROBE_MAPS_64K;
	host->native = native_judge(host, &host->proof, limits);
	return 0;
}

/* True if an entry in effect may run a program from a close-on-exec descriptor: Linux 7.3. */
static bool
is_transparent(const struct host *host)
{
	bool found = host->table == HOST_TABLE_MOUNTED && host->on && host->untold;

	for (unsigned int i = 0; host->on && i < host->claimer_count; i++)
		found = found || (host->claimers[i].enabled && host->claimers[i].transparent);
	return found;
}

/*
 * It ran, and the way does not tell through whom: a transparent entry, one that is not understood, or no
 * execveat. The registers of a traced child tell; where that is refused, the table does.
 */
static int
way_settle(struct host *host, const struct probe_limits *limits)
{
	struct probe_result traced;

	if (!host->arm64) {
		/* Another machine's kernel never runs it. */
		host->proof.way = PROBE_BY_ENTRY;
		return 0;
	}
	probe_run_traced(&traced, limits);
	if (traced.end == PROBE_INTERRUPTED)
		return traced.value;
	if (traced.way == PROBE_BY_KERNEL || traced.way == PROBE_BY_ENTRY)
		host->proof = traced;
	else
		host->proof.way = host->newest.state == ENTRY_ENABLED ? PROBE_BY_ENTRY
								      : PROBE_BY_KERNEL;
	return 0;
}

static int
serving_observe(struct host *host, const struct probe_limits *limits)
{
	struct probe_result *proof = &host->proof;
	bool settled = true;
	int stopped = 0;

	probe_run_plain(proof, limits);
	if (proof->end == PROBE_INTERRUPTED)
		return proof->value;
	if (proof->way == PROBE_BY_SOMEBODY
		|| (proof->way == PROBE_BY_KERNEL && is_transparent(host))) {
		settled = false;
		stopped = way_settle(host, limits);
	}
	if (stopped != 0)
		return stopped;
	switch (proof->way) {
	case PROBE_BY_KERNEL:
		host->serving = probe_delivered(proof) ? HOST_SERVING_KERNEL : HOST_SERVING_NOBODY;
		break;
	case PROBE_BY_SOMEBODY:
	case PROBE_BY_ENTRY:
		/* Of an entry that is not shown no path is known. */
		host->serving = probe_delivered(proof)
				&& (host->newest.state != ENTRY_ENABLED
					|| !entry_relative(&host->newest))
			? HOST_SERVING_ENTRY
			: HOST_SERVING_BROKEN;
		return 0;
	case PROBE_BY_NOBODY: host->serving = HOST_SERVING_NOBODY; break;
	case PROBE_WAY_UNKNOWN: return loader_decide(host, limits);
	}
	/* Not caught: then this was as good as the probe that no entry can catch. */
	if (settled
		&& (host->native == HOST_NATIVE_UNTESTED || host->native == HOST_NATIVE_SHADOWED))
		host->native = native_judge(host, proof, limits);
	return 0;
}

static int
native_observe(struct host *host, const struct probe_limits *limits)
{
	if (!host->arm64) {
		host->native = HOST_NATIVE_NOT_ARM64;
		return 0;
	}
	probe_run_odd(&host->odd, limits);
	/* Caught, or perhaps run by a transparent entry: an empty table tells. */
	if ((host->odd.end == PROBE_REFUSED
		    && (host->odd.error == ENOENT || host->odd.error == ENOSYS))
		|| (host->odd.end == PROBE_EXITED && is_transparent(host))) {
		struct probe_result alone;

		probe_run_alone(&alone, limits);
		if (alone.end != PROBE_NOT_STARTED)
			host->odd = alone;
		else if (host->odd.end == PROBE_EXITED && host->untold)
			host->odd = alone; /* a handler may take any file: unknown */
	}
	if (host->odd.end == PROBE_INTERRUPTED)
		return host->odd.value;
	host->native = native_judge(host, &host->odd, limits);
	return 0;
}

/* ---- interpreters ---- */

/* True if the kernel refuses it as interpreter of an entry with flag O or C. */
static bool
is_script(const char *path)
{
	char head[SELFMAG + 1];

	return path_read(AT_FDCWD, path, head, sizeof(head)) >= 2 && memcmp(head, "#!", 2) == 0;
}

bool
observe_may_serve(const struct entry *entry, const char *object, bool pinned, struct fault *fault)
{
	char line[ENTRY_LINE_MAX + 1];
	const char *why;
	enum path_result path;

	if (entry_has(entry, 'L'))
		fault_set(fault, 0, object, "with flag L the kernel runs the programs itself");
	else if (entry_takes_armhf(entry) == 0)
		fault_set(fault, 0, object, "its magic and mask do not match an armhf program");
	else if (!(entry_takes_armhf(entry) & ENTRY_DYN))
		fault_set(fault, 0, object,
			"it takes programs of e_type EXEC alone, and those of a distribution are DYN");
	else if (entry_takes_own(entry) != 0)
		fault_set(fault, 0, object,
			"it takes this machine's own programs as well, and would break every exec");
	else if (entry->interpreter[0] != '/')
		fault_set(fault, 0, object,
			"its interpreter is a relative path, which depends on the caller's directory");
	else if (strlen(entry->interpreter) > ENTRY_INTERPRETER_MAX)
		fault_set(fault, 0, object, "its interpreter is longer than %d bytes",
			ENTRY_INTERPRETER_MAX);
	else if (!pinned && entry_format(entry, "", line, &why) < 0)
		fault_set(fault, 0, object, "%s", why);
	else if ((path = path_check(entry->interpreter, PATH_PROGRAM, fault)) != PATH_SAFE)
		return pinned && path == PATH_ABSENT;
	else if ((entry_has(entry, 'O') || entry_has(entry, 'C'))
		&& is_script(entry->interpreter)) {
		fault_set(fault, 0, entry->interpreter,
			"it is a script, which an entry with flag O or C cannot use");
		fault->remedy = "name an ELF program of this machine as interpreter";
	} else {
		return true;
	}
	return false;
}

static void
fit_observe(struct host *host)
{
	host->fit = observe_may_serve(
			    &host->described, host->descriptor_path, false, &host->fit_fault)
		? HOST_YES
		: HOST_NO;
}

/* False only where there is none: what cannot be looked at counts as there. */
static bool
is_program(const char *path)
{
	struct statx found;

	if (statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_MODE, &found) != 0)
		return errno != ENOENT && errno != ENOTDIR;
	return S_ISREG(found.stx_mode) && (found.stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

/* True if the static emulator's name is a transitional package's link to the other. */
static bool
is_same_file(const char *path, const char *other)
{
	struct statx a, b;

	return statx(AT_FDCWD, path, 0, STATX_INO, &a) == 0
		&& statx(AT_FDCWD, other, 0, STATX_INO, &b) == 0 && a.stx_ino == b.stx_ino
		&& a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor;
}

static void
emulator_observe(struct host *host)
{
	const char *path = HOST_EMULATOR_STATIC;

	if (!is_program(path) || is_same_file(path, HOST_EMULATOR_PLAIN))
		path = HOST_EMULATOR_PLAIN;
	host->emulator = HOST_NO;
	if (!is_program(path))
		return;
	descriptor_entry(&host->made, HOST_ENTRY_NAME, path, true);
	host->emulator = observe_may_serve(&host->made, path, false, &host->emulator_fault)
		? HOST_YES
		: HOST_UNSAFE;
}

static void
importer_observe(struct host *host)
{
	host->importer = is_program(HOST_IMPORTER) ? HOST_YES : HOST_NO;
	host->recorded = path_look(HOST_RECORD_PATH) == 0;
}

/* Run the interpreter of the descriptor, or of tier 4, on the probe. Returns a signal, or 0. */
static int
direct_observe(struct host *host, const struct probe_limits *limits)
{
	const struct entry *entry = host->descriptor == HOST_DESCRIPTOR_VALID ? &host->described
									      : &host->made;

	probe_run_through(&host->direct_result, entry->interpreter, entry_has(entry, 'P'), limits);
	if (host->direct_result.end == PROBE_INTERRUPTED)
		return host->direct_result.value;
	host->direct = probe_delivered(&host->direct_result) ? HOST_YES : HOST_NO;
	return 0;
}

int
observe_fact(struct host *host, enum host_fact fact, struct binfmt *binfmt,
	const struct probe_limits *limits)
{
	switch (fact) {
	case HOST_FACT_TABLE: return table_observe(host, binfmt, limits);
	case HOST_FACT_DESCRIPTOR: descriptor_observe(host); break;
	case HOST_FACT_SERVING: return serving_observe(host, limits);
	case HOST_FACT_NATIVE: return native_observe(host, limits);
	case HOST_FACT_LOADER: return loader_observe(host, limits);
	case HOST_FACT_FIT: fit_observe(host); break;
	case HOST_FACT_EMULATOR: emulator_observe(host); break;
	case HOST_FACT_IMPORTER: importer_observe(host); break;
	case HOST_FACT_DIRECT: return direct_observe(host, limits);
	}
	return 0;
}
