/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * apply: the steps. It must
 * 1. change nothing that no step names, and hold the lock while it changes (a mount excepted,
 *    before which there is nothing to lock);
 * 2. read every change back, and report what it reads rather than what a call returned;
 * 3. take back only what is still as it left it;
 * 4. never give up half way through taking back;
 * 5. never open an existing descriptor for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "descriptor.h"
#include "path.h"

#define APPLY_MODE_FILE   0644
#define APPLY_MODE_FOLDER 0755
/* Where O_TMPFILE is not to be had: outside the folder, since update-binfmts imports any file in it. */
#define APPLY_PARENT    "/usr/share"
#define APPLY_TEMPORARY APPLY_PARENT "/.armhf-binfmt-descriptor"
#define APPLY_TEXT_SIZE 1024 /* of a descriptor that we make */

static void
apply_note(struct apply *apply, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
apply_note(struct apply *apply, const char *format, ...)
{
	size_t used = strlen(apply->notes);
	va_list values;

	if (used > 0 && used + 1 < sizeof(apply->notes))
		apply->notes[used++] = '\n';
	va_start(values, format);
	vsnprintf(apply->notes + used, sizeof(apply->notes) - used, format, values);
	va_end(values);
}

static void
apply_note_mount(struct apply *apply)
{
	if (path_in_userns())
		apply_note(apply,
			BINFMT_PATH
			": mounted in a user namespace, where it hides the entries of "
			"the host, of every architecture, for as long as the namespace lasts");
}

static enum plan_outcome
apply_outcome(enum binfmt_result result)
{
	switch (result) {
	case BINFMT_DONE: return PLAN_OUTCOME_DONE;
	case BINFMT_GONE:
	case BINFMT_TAKEN: return PLAN_OUTCOME_RACED;
	case BINFMT_REFUSED: return PLAN_OUTCOME_REFUSED;
	case BINFMT_IMPOSSIBLE: return PLAN_OUTCOME_IMPOSSIBLE;
	case BINFMT_OVERRULED: return PLAN_OUTCOME_OVERRULED;
	case BINFMT_BUSY: return PLAN_OUTCOME_BUSY;
	case BINFMT_INTERRUPTED: return PLAN_OUTCOME_INTERRUPTED;
	case BINFMT_ABSENT:
	case BINFMT_AUTOFS:
	case BINFMT_FAILED: break;
	}
	return PLAN_OUTCOME_FAILED;
}

/* A system call on the descriptor or its folder failed. */
static enum plan_outcome
apply_errno(struct apply *apply, int error, const char *path, const char *what)
{
	fault_set(&apply->fault, error, path, "%s", what);
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS: return PLAN_OUTCOME_REFUSED;
	case EEXIST: return PLAN_OUTCOME_RACED;
	default: return PLAN_OUTCOME_FAILED;
	}
}

static enum plan_outcome
apply_mount(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	enum binfmt_result mounted = binfmt_mount(&apply->fault), result;

	(void)step;
	(void)entry;
	if (mounted == BINFMT_DONE)
		apply_note_mount(apply);
	else if (mounted != BINFMT_TAKEN)
		return apply_outcome(mounted);
	result = binfmt_open(apply->binfmt, &apply->fault);
	if ((result == BINFMT_ABSENT || result == BINFMT_AUTOFS) && mounted == BINFMT_DONE)
		fault_set(&apply->fault, 0, BINFMT_PATH,
			"mounted binfmt_misc, and something else is there");
	return apply_outcome(result);
}

static enum plan_outcome
apply_status_on(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)step;
	(void)entry;
	return apply_outcome(binfmt_set_status(apply->binfmt, true, &apply->fault));
}

static enum plan_outcome
apply_status_off(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)step;
	(void)entry;
	return apply_outcome(binfmt_set_status(apply->binfmt, false, &apply->fault));
}

static enum plan_outcome
apply_enable(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)entry;
	return apply_outcome(binfmt_enable(apply->binfmt, step->name, true, &apply->fault));
}

static enum plan_outcome
apply_disable(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)entry;
	return apply_outcome(binfmt_enable(apply->binfmt, step->name, false, &apply->fault));
}

static enum plan_outcome
apply_register(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)step;
	apply->registered = *entry;
	return apply_outcome(binfmt_register(apply->binfmt, entry, &apply->fault));
}

static enum plan_outcome
apply_unregister(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	/* Only a plan's step replaces; the one that takes back what was registered has no entry. */
	if (entry != NULL) {
		binfmt_read(apply->binfmt, step->name, &apply->replaced, &apply->fault);
		if (apply->replaced.state == ENTRY_UNKNOWN)
			return PLAN_OUTCOME_FAILED; /* it could not be put back */
	}
	return apply_outcome(binfmt_unregister(apply->binfmt, step->name, &apply->fault));
}

/* The text of the descriptor as it is on the host; -1 with errno, 0 for one that is too long to be ours. */
static ssize_t
apply_descriptor_read(char *text, size_t size)
{
	int fd = open(
		HOST_DESCRIPTOR_PATH, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	ssize_t length;
	int error;

	if (fd < 0)
		return -1;
	do {
		length = read(fd, text, size);
	} while (length < 0 && errno == EINTR);
	error = errno;
	close(fd);
	errno = error;
	return length == (ssize_t)size ? 0 : length;
}

/* Whose is what a step would take away? */
enum apply_owner {
	APPLY_OWNER_OTHER = 0, /* somebody else's, or not there */
	APPLY_OWNER_SELF,
	APPLY_OWNER_UNKNOWN, /* it cannot be read: see the fault */
};

/* Is the descriptor one that tier 4 writes, to the byte? */
static enum apply_owner
apply_descriptor_owner(struct fault *fault)
{
	static const char *const interpreters[] = {HOST_EMULATOR_STATIC, HOST_EMULATOR_PLAIN};
	char found[APPLY_TEXT_SIZE], ours[APPLY_TEXT_SIZE];
	ssize_t length = apply_descriptor_read(found, sizeof(found));

	/* No call of the loop is reached where that failed: errno stays. */
	for (size_t i = 0; length > 0 && i < sizeof(interpreters) / sizeof(interpreters[0]); i++)
		if (descriptor_format(interpreters[i], ours, sizeof(ours)) == length
			&& memcmp(found, ours, (size_t)length) == 0)
			return APPLY_OWNER_SELF;
	if (length >= 0 || errno == ENOENT || errno == ELOOP)
		return APPLY_OWNER_OTHER;
	fault_set(fault, errno, HOST_DESCRIPTOR_PATH, "cannot read");
	return APPLY_OWNER_UNKNOWN;
}

/* The folder of the descriptors, made where it is missing; -1 with apply->fault and *outcome. */
static int
apply_folder(struct apply *apply, enum plan_outcome *outcome)
{
	int fd = open(HOST_DESCRIPTOR_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		if (mkdir(HOST_DESCRIPTOR_DIR, APPLY_MODE_FOLDER) == 0) {
			apply->folder_made = true;
		} else if (errno != EEXIST) { /* somebody else may make it at the same moment */
			*outcome = apply_errno(
				apply, errno, HOST_DESCRIPTOR_DIR, "cannot make the folder");
			return -1;
		}
		fd = open(HOST_DESCRIPTOR_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && apply->folder_made
			&& fchmod(fd, APPLY_MODE_FOLDER) != 0) { /* whatever the umask */
			*outcome = apply_errno(
				apply, errno, HOST_DESCRIPTOR_DIR, "cannot set the folder's mode");
			close(fd);
			return -1;
		}
	}
	if (fd < 0) {
		*outcome = apply_errno(apply, errno, HOST_DESCRIPTOR_DIR, "cannot open");
	} else if (path_check(HOST_DESCRIPTOR_DIR, PATH_FOLDER, &apply->fault) != PATH_SAFE) {
		*outcome = PLAN_OUTCOME_FAILED;
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A file with this text, whole on disk, that has no name yet (or the temporary one); -1 with errno. */
static int
apply_draft(const char *text, size_t length, bool *named)
{
	int fd = open(HOST_DESCRIPTOR_DIR, O_TMPFILE | O_WRONLY | O_CLOEXEC, APPLY_MODE_FILE);
	int error;

	*named = false;
	if (fd < 0
		&& (errno == EOPNOTSUPP || errno == EISDIR
			|| errno == EINVAL)) { /* open(2), O_TMPFILE */
		if (unlink(APPLY_TEMPORARY) != 0
			&& errno != ENOENT) /* left by a call that was killed */
			return -1;
		fd = open(APPLY_TEMPORARY, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW,
			APPLY_MODE_FILE);
		*named = fd >= 0;
	}
	if (fd < 0)
		return -1;
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			break;
		text += written;
		length -= (size_t)written;
	}
	if (length == 0 && fchmod(fd, APPLY_MODE_FILE) == 0 && fsync(fd) == 0)
		return fd;
	error = errno;
	if (*named)
		unlink(APPLY_TEMPORARY);
	close(fd);
	errno = error;
	return -1;
}

/* Give it its name, unless something has that name by now. */
static int
apply_publish(int folder, int fd, bool named)
{
	char self[sizeof("/proc/self/fd/") + 12];
	int error;

	if (!named) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		return linkat(AT_FDCWD, self, folder, HOST_ENTRY_NAME, AT_SYMLINK_FOLLOW);
	}
	if (renameat2(AT_FDCWD, APPLY_TEMPORARY, folder, HOST_ENTRY_NAME, RENAME_NOREPLACE) == 0)
		return 0;
	error = errno;
	unlink(APPLY_TEMPORARY);
	errno = error;
	return -1;
}

static enum plan_outcome
apply_descriptor_written(struct apply *apply)
{
	switch (apply_descriptor_owner(&apply->fault)) {
	case APPLY_OWNER_SELF: return PLAN_OUTCOME_DONE;
	case APPLY_OWNER_UNKNOWN: return PLAN_OUTCOME_FAILED;
	case APPLY_OWNER_OTHER: break;
	}
	fault_set(&apply->fault, 0, HOST_DESCRIPTOR_PATH,
		"it was written and reads back as something else");
	return PLAN_OUTCOME_OVERRULED;
}

static enum plan_outcome
apply_create_descriptor(
	struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	char text[APPLY_TEXT_SIZE];
	int length = descriptor_format(entry->interpreter, text, sizeof(text));
	enum plan_outcome outcome = PLAN_OUTCOME_DONE;
	int folder = apply_folder(apply, &outcome);
	bool named;
	int fd;

	(void)step;
	if (folder < 0)
		return outcome;
	fd = apply_draft(text, (size_t)length, &named);
	if (fd < 0)
		outcome = apply_errno(apply, errno, HOST_DESCRIPTOR_PATH, "cannot write");
	else if (apply_publish(folder, fd, named) != 0)
		outcome = apply_errno(
			apply, errno, HOST_DESCRIPTOR_PATH, "cannot give the file its name");
	else if (fsync(folder) != 0)
		outcome = apply_errno(
			apply, errno, HOST_DESCRIPTOR_DIR, "cannot write the folder to disk");
	else
		outcome = apply_descriptor_written(apply);
	if (fd >= 0)
		close(fd);
	close(folder);
	return outcome;
}

static enum plan_outcome
apply_remove_descriptor(
	struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	(void)step;
	(void)entry;
	if (unlink(HOST_DESCRIPTOR_PATH) != 0 && errno != ENOENT)
		return apply_errno(apply, errno, HOST_DESCRIPTOR_PATH, "cannot remove");
	switch (apply_descriptor_owner(&apply->fault)) {
	case APPLY_OWNER_OTHER: return PLAN_OUTCOME_DONE;
	case APPLY_OWNER_UNKNOWN: return PLAN_OUTCOME_FAILED;
	case APPLY_OWNER_SELF: break;
	}
	fault_set(&apply->fault, 0, HOST_DESCRIPTOR_PATH, "it was removed and is still there");
	return PLAN_OUTCOME_OVERRULED;
}

/* 0 if there is something, else why not. */
static int
apply_look(const char *path)
{
	struct statx found;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found) == 0 ? 0 : errno;
}

/* False only where there is nothing: what cannot be looked at counts as there. */
static bool
apply_exists(const char *path)
{
	int error = apply_look(path);

	return error != ENOENT && error != ENOTDIR;
}

static bool
apply_update_binfmts(
	struct apply *apply, const char *const argv[], const struct probe_limits *limits)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	struct probe_result result;

	probe_run_command(&result, argv, env, limits);
	switch (result.end) {
	case PROBE_EXITED:
		if (result.value == 0)
			return true;
		fault_set(&apply->fault, 0, argv[0], "it exited with %d", result.value);
		break;
	case PROBE_KILLED:
		fault_set(&apply->fault, 0, argv[0], "it was killed by signal %d", result.value);
		break;
	case PROBE_TIMEOUT:
		fault_set(&apply->fault, 0, argv[0], "it did not end within %d s", limits->seconds);
		break;
	case PROBE_INTERRUPTED: fault_set(&apply->fault, 0, argv[0], "it was interrupted"); break;
	case PROBE_REFUSED:
	case PROBE_NOT_STARTED:
		fault_set(&apply->fault, result.error, argv[0], "it could not be started");
		break;
	}
	return false;
}

/* Best effort: a failure is noted, and armhf runs all the same. */
static enum plan_outcome
apply_import(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	static const char *const argv[] = {HOST_IMPORTER, "--import", HOST_ENTRY_NAME, NULL};
	int before = apply_look(HOST_RECORD_PATH);

	(void)step;
	(void)entry;
	if (before != 0 && before != ENOENT && before != ENOTDIR) {
		/* It could not be told whose the record is, and what is not ours is not taken back. */
		apply_note(apply,
			HOST_RECORD_PATH
			": cannot look at it: %s; it is not imported, so after a reboot "
			"armhf_binfmt_prepare must run again",
			strerror(before));
		return PLAN_OUTCOME_DONE;
	}
	if (!apply_update_binfmts(apply, argv, apply->limits))
		apply_note(apply,
			"%s: importing %s failed: %s; after a reboot armhf_binfmt_prepare must run again",
			apply->fault.object, HOST_ENTRY_NAME, apply->fault.why);
	else if (!apply_exists(HOST_RECORD_PATH))
		apply_note(apply,
			"%s: importing %s left no record; after a reboot armhf_binfmt_prepare must run again",
			HOST_IMPORTER, HOST_ENTRY_NAME);
	apply->import_made = before != 0 && apply_exists(HOST_RECORD_PATH);
	return stop_pending(apply->limits->stop) != 0 ? PLAN_OUTCOME_INTERRUPTED
						      : PLAN_OUTCOME_DONE;
}

static enum plan_outcome
apply_unimport(struct apply *apply, const struct plan_step *step, const struct entry *entry)
{
	static const char *const argv[] = {HOST_IMPORTER, "--package", DESCRIPTOR_PACKAGE,
		"--unimport", HOST_ENTRY_NAME, NULL};
	/* Taking back is not interrupted. */
	const struct probe_limits limits = {.stop = NULL, .seconds = apply->limits->seconds};
	int error;

	(void)step;
	(void)entry;
	if (!apply_update_binfmts(apply, argv, &limits))
		return PLAN_OUTCOME_FAILED;
	error = apply_look(HOST_RECORD_PATH);
	switch (error) {
	case ENOENT:
	case ENOTDIR: return PLAN_OUTCOME_DONE;
	case 0:
		fault_set(&apply->fault, 0, HOST_RECORD_PATH, "%s removed it and it is still there",
			HOST_IMPORTER);
		return PLAN_OUTCOME_OVERRULED;
	default:
		fault_set(&apply->fault, error, HOST_RECORD_PATH,
			"cannot tell whether %s removed it", HOST_IMPORTER);
		return PLAN_OUTCOME_FAILED;
	}
}

static const struct {
	/* entry: with a plan's step the registration of its tier; NULL with a step that takes back */
	enum plan_outcome (*act)(
		struct apply *apply, const struct plan_step *step, const struct entry *entry);
	enum plan_step_kind undo; /* itself where there is none */
} apply_acts[PLAN_STEP_KIND_COUNT] = {
	[PLAN_STEP_MOUNT] = {apply_mount, PLAN_STEP_MOUNT},
	[PLAN_STEP_STATUS_ON] = {apply_status_on, PLAN_STEP_STATUS_OFF},
	[PLAN_STEP_STATUS_OFF] = {apply_status_off, PLAN_STEP_STATUS_ON},
	[PLAN_STEP_ENABLE] = {apply_enable, PLAN_STEP_DISABLE},
	[PLAN_STEP_DISABLE] = {apply_disable, PLAN_STEP_ENABLE},
	[PLAN_STEP_REGISTER] = {apply_register, PLAN_STEP_UNREGISTER},
	[PLAN_STEP_UNREGISTER] = {apply_unregister, PLAN_STEP_REGISTER},
	[PLAN_STEP_CREATE_DESCRIPTOR] = {apply_create_descriptor, PLAN_STEP_REMOVE_DESCRIPTOR},
	[PLAN_STEP_REMOVE_DESCRIPTOR] = {apply_remove_descriptor, PLAN_STEP_CREATE_DESCRIPTOR},
	[PLAN_STEP_IMPORT] = {apply_import, PLAN_STEP_UNIMPORT},
	[PLAN_STEP_UNIMPORT] = {apply_unimport, PLAN_STEP_IMPORT},
};

bool
apply_step_undoes(enum plan_step_kind kind)
{
	switch (kind) {
	case PLAN_STEP_STATUS_OFF:
	case PLAN_STEP_ENABLE:
	case PLAN_STEP_DISABLE:
	case PLAN_STEP_UNREGISTER:
	case PLAN_STEP_REMOVE_DESCRIPTOR:
	case PLAN_STEP_UNIMPORT: return true;
	default: return false;
	}
}

static void
apply_record(struct apply *apply, const struct plan_step *step)
{
	if (apply->action_count < APPLY_ACTIONS_MAX)
		apply->actions[apply->action_count++] = *step;
}

enum plan_outcome
apply_steps(struct apply *apply, const struct plan *plan, const struct host *host,
	enum plan_step_kind *failed)
{
	for (unsigned int i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];
		enum plan_outcome outcome;

		*failed = step->kind;
		if (stop_pending(apply->limits->stop) != 0)
			return PLAN_OUTCOME_INTERRUPTED;
		outcome = apply_acts[step->kind].act(apply, step, plan_entry(host, plan->tier));
		/* What failed may still have left something behind: taking back looks. What
		 * was raced belongs to somebody else. */
		if (outcome != PLAN_OUTCOME_RACED && apply_acts[step->kind].undo != step->kind)
			apply->standing[apply->standing_count++] = *step;
		if (outcome == PLAN_OUTCOME_DONE || outcome == PLAN_OUTCOME_OVERRULED
			|| outcome == PLAN_OUTCOME_INTERRUPTED)
			apply_record(apply, step);
		if (outcome != PLAN_OUTCOME_DONE)
			return outcome;
	}
	return PLAN_OUTCOME_DONE;
}

/* What apply_other() compares names with. */
struct apply_others {
	const struct plan_step *steps;
	unsigned int count;
	bool found;
};

static bool
apply_other(void *context, const char *name)
{
	struct apply_others *others = context;

	for (unsigned int i = 0; i < others->count; i++)
		if (strcmp(others->steps[i].name, name) == 0)
			return true;
	others->found = true;
	return false;
}

/* Is anything but what the steps name in the table? Unreadable counts as yes. */
static bool
apply_others(const struct apply *apply, const struct plan_step *steps, unsigned int count)
{
	struct apply_others others = {.steps = steps, .count = count};

	return binfmt_each(apply->binfmt, apply_other, &others, NULL) != BINFMT_DONE
		|| others.found;
}

/* Has an undoing step anything to do? Its object may be gone, or already be as wanted. */
static bool
apply_needed(struct apply *apply, const struct plan_step *step)
{
	struct entry entry;
	bool on;

	switch (step->kind) {
	case PLAN_STEP_STATUS_OFF:
		/* What cannot be read is left to the step, which says why. */
		return binfmt_status(apply->binfmt, &on, NULL) != BINFMT_DONE || on;
	case PLAN_STEP_ENABLE:
	case PLAN_STEP_DISABLE:
	case PLAN_STEP_UNREGISTER:
		binfmt_read(apply->binfmt, step->name, &entry, NULL);
		if (entry.state == ENTRY_ABSENT)
			return false;
		return step->kind == PLAN_STEP_UNREGISTER || entry.state == ENTRY_UNKNOWN
			|| (entry.state == ENTRY_ENABLED) != (step->kind == PLAN_STEP_ENABLE);
	case PLAN_STEP_REMOVE_DESCRIPTOR: return apply_exists(HOST_DESCRIPTOR_PATH);
	case PLAN_STEP_UNIMPORT:
		return apply_exists(HOST_RECORD_PATH) && apply_exists(HOST_IMPORTER);
	default: return true;
	}
}

static bool
apply_is_of_table(enum plan_step_kind kind)
{
	return kind != PLAN_STEP_REMOVE_DESCRIPTOR && kind != PLAN_STEP_UNIMPORT;
}

/* Carry out one step that undoes something of an earlier call. True: it is done. */
static bool
apply_undo_step(struct apply *apply, const struct plan_step *step)
{
	struct entry entry;

	if (step->kind == PLAN_STEP_ENABLE || step->kind == PLAN_STEP_DISABLE) {
		binfmt_read(apply->binfmt, step->name, &entry, &apply->fault);
		if (entry.state == ENTRY_UNKNOWN)
			return false; /* never written to */
	}
	if (step->kind == PLAN_STEP_REMOVE_DESCRIPTOR) {
		enum apply_owner owner = apply_descriptor_owner(&apply->fault);

		if (owner == APPLY_OWNER_OTHER)
			fault_set(&apply->fault, 0, HOST_DESCRIPTOR_PATH,
				"it is not what armhf_binfmt_prepare writes");
		if (owner != APPLY_OWNER_SELF)
			return false;
	}
	if (!apply->rehearse) {
		enum plan_outcome outcome = apply_acts[step->kind].act(apply, step, NULL);

		/* Raced: its object is gone. */
		if (outcome != PLAN_OUTCOME_DONE && outcome != PLAN_OUTCOME_RACED)
			return false;
		/* Without binfmt-support the folder was made for this descriptor alone. */
		if (step->kind == PLAN_STEP_REMOVE_DESCRIPTOR && access(HOST_IMPORTER, F_OK) != 0)
			rmdir(HOST_DESCRIPTOR_DIR); /* ENOTEMPTY, or anything else: then it stays */
	}
	apply_record(apply, step);
	return true;
}

/* Without the descriptor update-binfmts could never forget the entry. */
static void
apply_keep_descriptor(struct apply *apply)
{
	fault_set(&apply->fault, 0, HOST_DESCRIPTOR_PATH,
		"it is left until %s has forgotten the entry", HOST_IMPORTER);
}

void
apply_undo(
	struct apply *apply, const struct host *host, struct plan_step *steps, unsigned int *count)
{
	const unsigned int all = *count;
	struct plan_step given[APPLY_STANDING_MAX];
	struct fault first = {0};
	unsigned int left = 0;
	bool recorded = false; /* update-binfmts did not forget the entry */

	memcpy(given, steps, all * sizeof(*steps));
	for (unsigned int i = 0; i < all; i++) {
		const struct plan_step step = given[i];
		bool done;

		if (apply_is_of_table(step.kind) && apply->binfmt->table < 0) {
			/* Not mounted is not known to be gone. */
			if (host->table == HOST_TABLE_UNREADABLE)
				apply->fault = host->table_fault;
			else
				fault_set(&apply->fault, 0, BINFMT_PATH,
					"binfmt_misc is not mounted");
			done = false;
		} else if (!apply_needed(apply, &step)) {
			done = true;
		} else if (step.kind == PLAN_STEP_STATUS_OFF && apply_others(apply, given, all)) {
			apply_note(apply,
				BINFMT_PATH
				"/status: left on, since other entries than those named are in the table");
			done = true;
		} else if (step.kind == PLAN_STEP_REMOVE_DESCRIPTOR && recorded) {
			apply_keep_descriptor(apply);
			done = false;
		} else {
			done = apply_undo_step(apply, &step);
		}
		recorded = recorded || (step.kind == PLAN_STEP_UNIMPORT && !done);
		if (!done && left == 0)
			first = apply->fault;
		if (!done)
			steps[left++] = step;
	}
	if (left > 0)
		apply->fault = first;
	*count = left;
}

/* Would the kernel take this entry once more? */
static bool
apply_registrable(const struct entry *entry)
{
	char line[ENTRY_LINE_MAX + 1];
	const char *why;

	return entry_format(entry, line, &why) >= 0
		&& ((entry->flags & ENTRY_FIX) == 0 || access(entry->interpreter, F_OK) == 0);
}

/* Put the entry back that an unregister step took away. What cannot be put back is named. */
static bool
apply_put_back(struct apply *apply)
{
	const struct entry *old = &apply->replaced;
	struct entry now;

	if (old->state == ENTRY_UNKNOWN)
		return true; /* so it was not removed */
	binfmt_read(apply->binfmt, old->name, &now, NULL);
	if (now.state == ENTRY_ENABLED || now.state == ENTRY_DISABLED)
		return true; /* it was not removed, or somebody else has put one there */
	switch (binfmt_register(apply->binfmt, old, &apply->fault)) {
	case BINFMT_DONE: break;
	case BINFMT_TAKEN: return true;
	default: return false;
	}
	return old->state != ENTRY_DISABLED
		|| binfmt_enable(apply->binfmt, old->name, false, &apply->fault) == BINFMT_DONE;
}

/* Whose is what a step of this call made by now? */
static enum apply_owner
apply_owner(struct apply *apply, const struct plan_step *undo)
{
	struct entry now;

	switch (undo->kind) {
	case PLAN_STEP_UNREGISTER:
		binfmt_read(apply->binfmt, undo->name, &now, &apply->fault);
		if (now.state == ENTRY_UNKNOWN)
			return APPLY_OWNER_UNKNOWN;
		return now.state != ENTRY_ABSENT && entry_same(&now, &apply->registered)
			? APPLY_OWNER_SELF
			: APPLY_OWNER_OTHER;
	case PLAN_STEP_REMOVE_DESCRIPTOR: return apply_descriptor_owner(&apply->fault);
	case PLAN_STEP_UNIMPORT: return apply->import_made ? APPLY_OWNER_SELF : APPLY_OWNER_OTHER;
	default: return APPLY_OWNER_SELF;
	}
}

/* Take back what a step of this call made, if that is still there and ours. True: nothing of it is left. */
static bool
apply_back_step(struct apply *apply, const struct plan_step *undo)
{
	enum plan_outcome outcome;

	if (undo->kind == PLAN_STEP_REGISTER) {
		if (!apply_put_back(apply))
			return false;
		apply_record(apply, undo);
		return true;
	}
	if (!apply_needed(apply, undo))
		return true;
	switch (apply_owner(apply, undo)) {
	case APPLY_OWNER_SELF: break;
	case APPLY_OWNER_OTHER: return true;
	case APPLY_OWNER_UNKNOWN: return false;
	}
	outcome = apply_acts[undo->kind].act(apply, undo, NULL);
	if (outcome != PLAN_OUTCOME_DONE && outcome != PLAN_OUTCOME_RACED)
		return false;
	apply_record(apply, undo);
	return true;
}

void
apply_back(struct apply *apply)
{
	struct fault first = apply->fault; /* why it is taken back is told, not how that went */
	bool recorded = false;             /* update-binfmts did not forget the entry */
	unsigned int left = 0;

	for (unsigned int i = apply->standing_count; i-- > 0;) {
		struct plan_step undo = apply->standing[i];
		char token[4 * NAME_MAX + 32];
		bool done = false;

		undo.kind = apply_acts[undo.kind].undo;
		if (apply->rehearse) {
			if (undo.kind != PLAN_STEP_REGISTER || apply_registrable(&apply->replaced))
				apply_record(apply, &undo);
			continue;
		}
		if (undo.kind == PLAN_STEP_REMOVE_DESCRIPTOR && recorded)
			apply_keep_descriptor(apply);
		else
			done = apply_back_step(apply, &undo);
		recorded = recorded || (undo.kind == PLAN_STEP_UNIMPORT && !done);
		if (undo.kind == PLAN_STEP_REMOVE_DESCRIPTOR && apply->folder_made
			&& rmdir(HOST_DESCRIPTOR_DIR) == 0) /* not empty any more: then it stays */
			apply->folder_made = false;
		if (done)
			continue;
		plan_step_print(&undo, token, sizeof(token));
		apply_note(apply, "could not be put back (%s): %s: %s", token, apply->fault.object,
			apply->fault.why);
		apply->standing[APPLY_STANDING_MAX - ++left] = apply->standing[i];
	}
	/* What is left was gathered from the end of the array, newest first. */
	memmove(apply->standing, apply->standing + APPLY_STANDING_MAX - left,
		left * sizeof(*apply->standing));
	apply->standing_count = left;
	apply->fault = first;
}

unsigned int
apply_undo_list(const struct apply *apply, struct plan_step *steps)
{
	unsigned int count = 0;
	bool replaced = false;

	for (unsigned int i = 0; i < apply->standing_count; i++)
		if (apply->standing[i].kind == PLAN_STEP_UNREGISTER)
			replaced = true;
	for (unsigned int i = apply->standing_count; i-- > 0;) {
		struct plan_step undo = apply->standing[i];

		/* Nothing can bring the replaced entry back later, so nothing takes away its successor. */
		if (replaced && strcmp(undo.name, HOST_ENTRY_NAME) == 0)
			continue;
		if (undo.kind == PLAN_STEP_IMPORT && !apply->import_made)
			continue;
		undo.kind = apply_acts[undo.kind].undo;
		steps[count++] = undo;
	}
	return count;
}

bool
apply_entry_stands(const struct apply *apply)
{
	struct entry now;

	binfmt_read(apply->binfmt, apply->registered.name, &now, NULL);
	return (now.state == ENTRY_ENABLED || now.state == ENTRY_DISABLED)
		&& entry_same(&now, &apply->registered);
}

static struct host_claimer *
apply_claimer(struct host *host, const char *name)
{
	for (unsigned int i = 0; i < host->claimer_count; i++)
		if (strcmp(host->claimers[i].name, name) == 0)
			return &host->claimers[i];
	return NULL;
}

/* What the facts are once the step is done. */
static void
apply_imagine(struct host *host, const struct plan_step *step, const struct entry *entry)
{
	struct host_claimer *claimer = apply_claimer(host, step->name);
	bool own = strcmp(step->name, HOST_ENTRY_NAME) == 0;

	switch (step->kind) {
	case PLAN_STEP_MOUNT: /* taken for empty: what is in it is known only when it is there */
		host->table = HOST_TABLE_MOUNTED;
		host->status = HOST_SWITCH_ON;
		host->own.state = ENTRY_ABSENT;
		break;
	case PLAN_STEP_STATUS_ON: host->status = HOST_SWITCH_ON; break;
	case PLAN_STEP_ENABLE:
	case PLAN_STEP_DISABLE:
		if (claimer != NULL)
			claimer->enabled = step->kind == PLAN_STEP_ENABLE;
		if (own)
			host->own.state = step->kind == PLAN_STEP_ENABLE ? ENTRY_ENABLED
									 : ENTRY_DISABLED;
		else if (step->kind
			== PLAN_STEP_DISABLE) /* the others are all switched off together */
			host->first.state = host->newest.state = ENTRY_UNTESTED;
		break;
	case PLAN_STEP_UNREGISTER:
		host->own.state = ENTRY_ABSENT;
		if (claimer != NULL) {
			host->claimer_count--;
			memmove(claimer, claimer + 1,
				(size_t)(host->claimers + host->claimer_count - claimer)
					* sizeof(*claimer));
		}
		break;
	case PLAN_STEP_REGISTER:
		host->own = *entry;
		host->own.state = ENTRY_ENABLED;
		host->own_older = false;
		if (claimer == NULL && host->claimer_count < HOST_CLAIMERS_MAX) {
			claimer = &host->claimers[host->claimer_count++];
			snprintf(claimer->name, sizeof(claimer->name), HOST_ENTRY_NAME);
			claimer->loose = entry_is_loose(entry);
			claimer->enabled = true;
		}
		break;
	default: break;
	}
}

/* Could root make a file there? A read-only mount refuses him as well. */
static enum plan_outcome
apply_rehearse_folder(struct apply *apply)
{
	const char *folder = HOST_DESCRIPTOR_DIR;
	struct fault fault;

	switch (path_check(folder, PATH_FOLDER, &fault)) {
	case PATH_UNSAFE: apply->fault = fault; return PLAN_OUTCOME_FAILED;
	case PATH_ABSENT: folder = APPLY_PARENT; break;
	case PATH_SAFE:
	case PATH_DENIED: break;
	}
	if (access(folder, W_OK) != 0 && errno == EROFS)
		return apply_errno(apply, EROFS, HOST_DESCRIPTOR_PATH, "cannot write");
	return PLAN_OUTCOME_DONE;
}

enum plan_outcome
apply_rehearse(struct apply *apply, const struct plan *plan, struct host *host,
	enum plan_step_kind *failed)
{
	const struct entry entry = *plan_entry(host, plan->tier);

	for (unsigned int i = 0; i < plan->step_count; i++) {
		const struct plan_step *step = &plan->steps[i];

		*failed = step->kind;
		if (step->kind == PLAN_STEP_CREATE_DESCRIPTOR) {
			enum plan_outcome outcome = apply_rehearse_folder(apply);

			if (outcome != PLAN_OUTCOME_DONE)
				return outcome;
		} else if (step->kind != PLAN_STEP_MOUNT && step->kind != PLAN_STEP_IMPORT
			&& apply->binfmt->table >= 0
			&& binfmt_writable(apply->binfmt, &apply->fault) != BINFMT_DONE) {
			return PLAN_OUTCOME_REFUSED;
		}
		if (step->kind == PLAN_STEP_MOUNT)
			apply_note_mount(apply);
		if (step->kind == PLAN_STEP_UNREGISTER)
			apply->replaced = host->own;
		apply_imagine(host, step, &entry);
		if (apply_acts[step->kind].undo != step->kind)
			apply->standing[apply->standing_count++] = *step;
		if (step->kind == PLAN_STEP_IMPORT)
			apply->import_made = !host->recorded;
		apply_record(apply, step);
	}
	return PLAN_OUTCOME_DONE;
}

bool
apply_rehearse_back(struct apply *apply, struct host *host)
{
	static const struct plan_step lost = {PLAN_STEP_UNREGISTER, HOST_ENTRY_NAME};

	apply_back(apply);
	if (apply->replaced.state == ENTRY_UNTESTED)
		return false;
	if (apply_registrable(&apply->replaced))
		host->own_older = false; /* put back, it is the newest */
	else
		apply_imagine(host, &lost, NULL);
	apply->replaced.state = ENTRY_UNTESTED;
	return true;
}
