/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binfmt: reads and writes the binfmt_misc file system. Writes only what it is told, only to the
 * entry it is told, and reads back what it wrote. Never writes -1 to status, never unmounts.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binfmt.h"
#include "path.h"

#define LOCK_STEP_MS 10 /* between two tries; flock(2) cannot wait with a limit */

struct table_path {
	char path[sizeof(BINFMT_PATH) + 1 + NAME_MAX];
};

/* The path of a file of the table, for messages. */
static struct table_path
table_path(const char *name)
{
	struct table_path path;

	snprintf(path.path, sizeof(path.path), BINFMT_PATH "%s%s", *name ? "/" : "", name);
	return path;
}

static enum outcome
table_errno(struct fault *fault, int error, const char *name, const char *what)
{
	return fault_errno(fault, error, table_path(name).path, what);
}

static enum outcome
overruled(struct fault *fault, const char *name, const char *what)
{
	fault_set(fault, 0, table_path(name).path, "%s", what);
	return OUTCOME_OVERRULED;
}

enum outcome
binfmt_open(struct binfmt *binfmt, struct fault *fault)
{
	enum outcome outcome;
	struct statfs fs;
	int fd;

	if (binfmt->table >= 0)
		return OUTCOME_DONE;
	/* O_PATH does not trigger an autofs, and fstatfs then tells that it is one. */
	fd = open(BINFMT_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT && !path_exists("/proc/self")) {
		fault_set(fault, ENOENT, "/proc", "it is not mounted");
		fault->remedy = "mount -t proc proc /proc";
		return OUTCOME_IMPOSSIBLE;
	}
	if (fd < 0 && errno == ENOENT) {
		fault_set(fault, ENOENT, BINFMT_PATH,
			"this kernel has no CONFIG_BINFMT_MISC, or /proc shows no /proc/sys "
			"(subset=pid)");
		fault->remedy = "boot a kernel that has it, or mount /proc whole";
		return OUTCOME_IMPOSSIBLE;
	}
	if (fd < 0)
		return table_errno(fault, errno, "", "open it");
	if (fstatfs(fd, &fs) != 0) {
		outcome = table_errno(fault, errno, "", "tell its file system");
		if (outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN)
			outcome = OUTCOME_FAILED;
	} else if (fs.f_type == BINFMTFS_MAGIC) {
		binfmt->table = fd;
		return OUTCOME_DONE;
	} else {
		outcome = fs.f_type == AUTOFS_SUPER_MAGIC ? OUTCOME_TAKEN : OUTCOME_GONE;
	}
	close(fd);
	return outcome;
}

void
binfmt_close(struct binfmt *binfmt)
{
	if (binfmt->lock >= 0)
		close(binfmt->lock);
	if (binfmt->table >= 0)
		close(binfmt->table);
	*binfmt = BINFMT_NONE;
}

enum outcome
binfmt_mount(struct fault *fault)
{
	enum outcome outcome;

	if (mount("binfmt_misc", BINFMT_PATH, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)
		== 0)
		return OUTCOME_DONE;
	outcome = table_errno(fault, errno, "", "mount binfmt_misc");
	if (outcome == OUTCOME_IMPOSSIBLE)
		fault->remedy = "load its module (modprobe binfmt_misc), or install the kernel's "
				"package of modules";
	return outcome == OUTCOME_GONE ? OUTCOME_FAILED : outcome;
}

enum outcome
binfmt_lock(struct binfmt *binfmt, const struct stop *stop, int seconds, struct fault *fault)
{
	long long end = stop_now_ms() + seconds * 1000LL;
	int fd = openat(binfmt->table, "register", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return table_errno(fault, errno, "register", "open it for writing");
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno;

		if (error != EWOULDBLOCK && error != EINTR) {
			close(fd);
			return table_errno(fault, error, "register", "lock it");
		}
		if (stop_pending(stop) != 0) {
			close(fd);
			return OUTCOME_INTERRUPTED;
		}
		if (stop_now_ms() >= end) {
			close(fd);
			fault_set(fault, 0, BINFMT_PATH "/register",
				"the lock could not be acquired: another process held it for %d "
				"seconds",
				seconds);
			fault->remedy = "find that process (fuser @), then run this again";
			return OUTCOME_BUSY;
		}
		poll(NULL, 0, LOCK_STEP_MS); /* a shorter sleep does no harm */
	}
	binfmt->lock = fd;
	return OUTCOME_DONE;
}

/* Keeps the errno of a write that failed. */
static enum outcome
text_write(int fd, const char *name, const char *text, size_t length, struct fault *fault)
{
	enum outcome outcome;
	ssize_t written;
	int error;

	do {
		written = write(fd, text, length);
	} while (written < 0 && errno == EINTR);
	if (written < 0) {
		error = errno;
		outcome = table_errno(fault, error, name, "write to it");
		errno = error;
		return outcome;
	}
	if ((size_t)written != length)
		return overruled(fault, name, "only a part of what was written was taken");
	return OUTCOME_DONE;
}

/* Write a command, 0, 1 or -1, to the file of an entry or to status. */
static enum outcome
command_write(
	const struct binfmt *binfmt, const char *name, const char *command, struct fault *fault)
{
	int fd = openat(binfmt->table, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum outcome outcome;

	if (fd < 0)
		return table_errno(fault, errno, name, "open it for writing");
	outcome = text_write(fd, name, command, strlen(command), fault);
	close(fd);
	return outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN ? OUTCOME_FAILED : outcome;
}

enum outcome
binfmt_status(const struct binfmt *binfmt, bool *on, struct fault *fault)
{
	char text[32];
	ssize_t length = path_read(binfmt->table, "status", text, sizeof(text));

	if (length < 0) {
		enum outcome outcome = table_errno(fault, errno, "status", "read it");

		return outcome == OUTCOME_REFUSED ? outcome : OUTCOME_FAILED;
	}
	*on = strcmp(text, "enabled\n") == 0;
	if (!*on && strcmp(text, "disabled\n") != 0) {
		fault_set(fault, 0, BINFMT_PATH "/status",
			"it says neither \"enabled\" nor \"disabled\"");
		return OUTCOME_FAILED;
	}
	return OUTCOME_DONE;
}

/* Tell if the switch reads back as it was written. */
static enum outcome
switch_check(struct fault *fault, const char *name, bool now, bool on)
{
	if (now == on)
		return OUTCOME_DONE;
	return overruled(fault, name,
		on ? "1 was written and it still reads disabled"
		   : "0 was written and it still reads enabled");
}

enum outcome
binfmt_set_status(const struct binfmt *binfmt, bool on, struct fault *fault)
{
	enum outcome outcome = command_write(binfmt, "status", on ? "1" : "0", fault);
	bool now;

	if (outcome != OUTCOME_DONE)
		return outcome == OUTCOME_GONE ? OUTCOME_FAILED : outcome;
	if (binfmt_status(binfmt, &now, fault) != OUTCOME_DONE)
		return OUTCOME_FAILED; /* whatever the errno: something was written */
	return switch_check(fault, "status", now, on);
}

/* Parse the text behind an open file of the table. Not inlined: its buffer is large for a small stack. */
__attribute__((noinline)) static void
text_parse(int fd, struct entry *entry, struct fault *fault)
{
	char text[ENTRY_TEXT_MAX];
	ssize_t length = path_read_open(fd, text, sizeof(text));
	const char *why;

	entry->state = ENTRY_UNKNOWN;
	if (length < 0)
		table_errno(fault, errno, entry->name, "read it");
	else if (entry_parse(entry, text, (size_t)length, &why) != 0)
		fault_set(fault, 0, table_path(entry->name).path, "%s", why);
}

void
binfmt_read(const struct binfmt *binfmt, const char *name, struct entry *entry, struct fault *fault)
{
	int fd = path_open(binfmt->table, name);

	snprintf(entry->name, sizeof(entry->name), "%s", name);
	entry->state = fd < 0 && errno == ENOENT ? ENTRY_ABSENT : ENTRY_UNKNOWN;
	if (fd >= 0) {
		text_parse(fd, entry, fault);
		close(fd);
	} else if (entry->state == ENTRY_UNKNOWN) {
		table_errno(fault, errno, name, "read it");
	}
}

long long
binfmt_registered(const struct binfmt *binfmt, const char *name)
{
	struct statx found;

	/* binfmt_misc never sets the access time again; the others change when a shell opens the
	 * file with >. */
	if (statx(binfmt->table, name, AT_SYMLINK_NOFOLLOW, STATX_ATIME, &found) != 0)
		return 0;
	return found.stx_atime.tv_sec * 1000000000LL + found.stx_atime.tv_nsec;
}

enum outcome
binfmt_each(const struct binfmt *binfmt, bool (*each)(void *context, const char *name),
	void *context, struct fault *fault)
{
	/* getdents64(2), with glibc's dirent64: fdopendir would look at the descriptor again. */
	union {
		struct dirent64 entry;
		char bytes[2048];
	} buffer;
	int fd = openat(binfmt->table, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool more = true;
	long length = 0;
	int error;

	if (fd < 0)
		return table_errno(fault, errno, "", "open it");
	while (more && (length = syscall(SYS_getdents64, fd, &buffer, sizeof(buffer))) > 0) {
		for (long at = 0; more && at < length;) {
			const struct dirent64 *found = (const void *)(buffer.bytes + at);

			at += found->d_reclen;
			more = !entry_name_valid(found->d_name) || each(context, found->d_name);
		}
	}
	error = length < 0 ? errno : 0;
	close(fd);
	return error == 0 ? OUTCOME_DONE : table_errno(fault, error, "", "list it");
}

int
binfmt_entry_open(
	const struct binfmt *binfmt, const char *name, enum outcome *outcome, struct fault *fault)
{
	int fd = openat(binfmt->table, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	*outcome = fd >= 0 ? OUTCOME_DONE : table_errno(fault, errno, name, "open it for writing");
	return fd;
}

/*
 * Tell if the entry behind this descriptor is still in the table, is the one that is meant, and is
 * not as wanted yet.
 */
static enum outcome
entry_judge(int fd, const char *name, uint32_t print, bool on, struct fault *fault)
{
	struct statx found;
	struct entry entry;

	if (lseek(fd, 0, SEEK_SET) != 0 || statx(fd, "", AT_EMPTY_PATH, STATX_NLINK, &found) != 0) {
		table_errno(fault, errno, name, "look at it");
		return OUTCOME_FAILED;
	}
	if (found.stx_nlink == 0)
		return OUTCOME_GONE;
	snprintf(entry.name, sizeof(entry.name), "%s", name);
	text_parse(fd, &entry, fault);
	if (entry.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	return entry.print == print && (entry.state == ENTRY_ENABLED) != on ? OUTCOME_DONE
									    : OUTCOME_TAKEN;
}

/* Write 1 or 0 to an entry, and read it back. */
static enum outcome
entry_switch(const struct binfmt *binfmt, int fd, const char *name, const uint32_t *print, bool on,
	struct fault *fault)
{
	enum outcome outcome = text_write(fd, name, on ? "1" : "0", 1, fault);
	struct entry entry;

	if (outcome != OUTCOME_DONE)
		return outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN ? OUTCOME_FAILED
									   : outcome;
	binfmt_read(binfmt, name, &entry, fault);
	if (entry.state == ENTRY_ABSENT)
		return OUTCOME_GONE;
	if (entry.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	if (print != NULL && entry.print != *print)
		return OUTCOME_TAKEN;
	return switch_check(fault, name, entry.state == ENTRY_ENABLED, on);
}

enum outcome
binfmt_entry_enable(const struct binfmt *binfmt, int fd, const char *name, uint32_t print, bool on,
	struct fault *fault)
{
	enum outcome outcome = entry_judge(fd, name, print, on, fault);

	return outcome == OUTCOME_DONE ? entry_switch(binfmt, fd, name, &print, on, fault)
				       : outcome;
}

enum outcome
binfmt_enable(const struct binfmt *binfmt, const char *name, const uint32_t *print, bool on,
	struct fault *fault)
{
	enum outcome outcome;
	int fd = binfmt_entry_open(binfmt, name, &outcome, fault);

	if (fd < 0)
		return outcome;
	outcome = print != NULL ? binfmt_entry_enable(binfmt, fd, name, *print, on, fault)
				: entry_switch(binfmt, fd, name, NULL, on, fault);
	close(fd);
	return outcome;
}

/* Write the registration, with these flags more. */
static enum outcome
register_write(const struct binfmt *binfmt, const struct entry *entry, const char *more,
	struct fault *fault)
{
	char line[ENTRY_LINE_MAX + 1];
	enum outcome outcome;
	const char *why;
	int length = entry_format(entry, more, line, &why);

	if (length < 0)
		return overruled(fault, entry->name, why);
	errno = 0;
	outcome = text_write(binfmt->lock, "register", line, (size_t)length, fault);
	switch (errno) {
	case ENOENT: /* flag F, and the kernel could not open the interpreter */
		fault_set(fault, errno, entry->interpreter,
			"the kernel cannot open it as interpreter of %s", entry->name);
		if (fault != NULL)
			fault->remedy = "install @";
		return OUTCOME_FAILED;
	case ENOSPC:
		if (fault != NULL)
			fault->remedy =
				"raise the limit of pinned interpreters "
				"(/proc/sys/user/max_binfmt_misc_interpreters), or remove entries with "
				"flag F";
		return OUTCOME_FAILED;
	case EINVAL:
		if (fault != NULL)
			fault->remedy = "find the flag or escape that this kernel does not know";
		return outcome;
	default: return outcome;
	}
}

enum outcome
binfmt_register(const struct binfmt *binfmt, const struct entry *entry, struct fault *fault)
{
	bool disabled = entry->state == ENTRY_DISABLED, enabled_first = !disabled;
	enum outcome outcome;
	struct entry stands;

	/* Flag D, Linux 7.3: registered disabled. Older kernels refuse it. */
	outcome = register_write(binfmt, entry, disabled ? "D" : "", fault);
	if (disabled && outcome == OUTCOME_FAILED && errno == EINVAL) {
		enabled_first = true;
		outcome = register_write(binfmt, entry, "", fault);
	}
	if (outcome != OUTCOME_DONE)
		return outcome;
	if (disabled && enabled_first)
		outcome = binfmt_enable(binfmt, entry->name, NULL, false, fault);
	binfmt_read(binfmt, entry->name, &stands, fault);
	if (stands.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	if (stands.state != (disabled ? ENTRY_DISABLED : ENTRY_ENABLED)
		|| stands.print != entry_print(entry))
		return overruled(
			fault, entry->name, "it was registered and reads back as something else");
	return outcome;
}

enum outcome
binfmt_unregister(const struct binfmt *binfmt, const char *name, struct fault *fault)
{
	enum outcome outcome = command_write(binfmt, name, "-1", fault);
	struct entry entry;

	if (outcome != OUTCOME_DONE)
		return outcome;
	binfmt_read(binfmt, name, &entry, fault);
	if (entry.state == ENTRY_ABSENT)
		return OUTCOME_DONE;
	if (entry.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	return overruled(fault, name, "it was removed and is still there");
}

bool
binfmt_registrable(const struct entry *entry)
{
	char line[ENTRY_LINE_MAX + 1];
	const char *why;

	return entry_format(entry, "D", line, &why) >= 0
		&& (!entry_has(entry, 'F') || path_exists(entry->interpreter));
}

enum outcome
binfmt_writable(const struct binfmt *binfmt, struct fault *fault)
{
	/* Not whether this user may is asked, but whether root could. */
	if (faccessat(binfmt->table, "register", W_OK, 0) == 0 || errno != EROFS)
		return OUTCOME_DONE;
	return table_errno(fault, EROFS, "register", "open it for writing");
}
