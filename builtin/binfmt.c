/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binfmt: reads and writes the binfmt_misc file system. Writes only what it is told, only
 * to the entry it is told, and reads back what it wrote. Never writes -1 to status, never unmounts.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "binfmt.h"

#define BINFMT_LOCK_STEP_MS 10 /* between two tries; flock(2) cannot wait with a limit */

/* The path of a file of the table, for messages. */
static const char *
binfmt_path(char path[FAULT_OBJECT_SIZE], const char *name)
{
	static_assert(
		FAULT_OBJECT_SIZE > sizeof(BINFMT_PATH) + NAME_MAX, "a path of the table fits");
	snprintf(path, FAULT_OBJECT_SIZE, BINFMT_PATH "/%s", name);
	return path;
}

static enum binfmt_result
binfmt_fail(struct fault *fault, int error, const char *name, const char *what)
{
	char path[FAULT_OBJECT_SIZE];

	fault_set(fault, error, binfmt_path(path, name), "%s", what);
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS: return BINFMT_REFUSED;
	case ENODEV: return BINFMT_IMPOSSIBLE;
	default: return BINFMT_FAILED;
	}
}

static enum binfmt_result
binfmt_overruled(struct fault *fault, const char *name, const char *what)
{
	char path[FAULT_OBJECT_SIZE];

	fault_set(fault, 0, binfmt_path(path, name), "%s", what);
	return BINFMT_OVERRULED;
}

enum binfmt_result
binfmt_open(struct binfmt *binfmt, struct fault *fault)
{
	enum binfmt_result result;
	struct statfs fs;
	int fd;

	if (binfmt->table >= 0)
		return BINFMT_DONE;
	/* O_PATH does not trigger an autofs, and fstatfs then tells that it is one. */
	fd = open(BINFMT_PATH, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT) /* no such folder: the kernel was built without binfmt_misc */
			return BINFMT_ABSENT;
		fault_set(fault, errno, BINFMT_PATH, "cannot open");
		return BINFMT_FAILED;
	}
	if (fstatfs(fd, &fs) != 0) {
		fault_set(fault, errno, BINFMT_PATH, "cannot tell the file system");
		result = BINFMT_FAILED;
	} else if (fs.f_type == BINFMTFS_MAGIC) {
		binfmt->table = fd;
		return BINFMT_DONE;
	} else {
		result = fs.f_type == AUTOFS_SUPER_MAGIC ? BINFMT_AUTOFS : BINFMT_ABSENT;
	}
	close(fd);
	return result;
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

enum binfmt_result
binfmt_mount(struct fault *fault)
{
	if (mount("binfmt_misc", BINFMT_PATH, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)
		== 0)
		return BINFMT_DONE;
	fault_set(fault, errno, BINFMT_PATH, "cannot mount binfmt_misc");
	switch (errno) {
	case EBUSY: return BINFMT_TAKEN;
	case EPERM:
	case EACCES:
	case EROFS: return BINFMT_REFUSED;
	case ENODEV: return BINFMT_IMPOSSIBLE;
	default: return BINFMT_FAILED;
	}
}

enum binfmt_result
binfmt_lock(struct binfmt *binfmt, const struct stop *stop, int seconds, struct fault *fault)
{
	long long end = stop_now_ms() + seconds * 1000LL;
	int fd = openat(binfmt->table, "register", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return binfmt_fail(fault, errno, "register", "cannot open for writing");
	while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int error = errno;

		if (error != EWOULDBLOCK && error != EINTR) {
			close(fd);
			return binfmt_fail(fault, error, "register", "cannot lock");
		}
		if (stop_pending(stop) != 0) {
			close(fd);
			return BINFMT_INTERRUPTED;
		}
		if (stop_now_ms() >= end) {
			close(fd);
			fault_set(fault, 0, BINFMT_PATH "/register",
				"another process held the lock for %d seconds", seconds);
			return BINFMT_BUSY;
		}
		poll(NULL, 0, BINFMT_LOCK_STEP_MS); /* a shorter sleep does no harm */
	}
	binfmt->lock = fd;
	return BINFMT_DONE;
}

/* The length read from a whole file of the table, or -1 with errno. */
static ssize_t
binfmt_slurp(const struct binfmt *binfmt, const char *name, char *text, size_t size)
{
	int fd = openat(binfmt->table, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t length;
	int error;

	if (fd < 0)
		return -1;
	/* One read is the whole text: simple_read_from_buffer gives all that fits. */
	do {
		length = read(fd, text, size);
	} while (length < 0 && errno == EINTR);
	error = errno;
	close(fd);
	errno = error;
	return length;
}

/* Keeps the errno of a write that failed. */
static enum binfmt_result
binfmt_write(int fd, const char *name, const char *text, size_t length, struct fault *fault)
{
	enum binfmt_result result;
	ssize_t written;
	int error;

	do {
		written = write(fd, text, length);
	} while (written < 0 && errno == EINTR);
	error = errno;
	if (written < 0) {
		result = binfmt_fail(fault, error, name, "cannot write");
		errno = error;
		return result;
	}
	if ((size_t)written != length)
		return binfmt_overruled(fault, name, "only a part of what was written was taken");
	return BINFMT_DONE;
}

/* Write a command, 0, 1 or -1, to the file of an entry or to status. */
static enum binfmt_result
binfmt_command(
	const struct binfmt *binfmt, const char *name, const char *command, struct fault *fault)
{
	int fd = openat(binfmt->table, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	enum binfmt_result result;

	if (fd < 0 && errno == ENOENT)
		return BINFMT_GONE;
	if (fd < 0)
		return binfmt_fail(fault, errno, name, "cannot open for writing");
	result = binfmt_write(fd, name, command, strlen(command), fault);
	close(fd);
	return result;
}

enum binfmt_result
binfmt_status(const struct binfmt *binfmt, bool *on, struct fault *fault)
{
	char text[32];
	ssize_t length = binfmt_slurp(binfmt, "status", text, sizeof(text));

	if (length < 0)
		return binfmt_fail(fault, errno, "status", "cannot read");
	*on = length == 8 && memcmp(text, "enabled\n", 8) == 0;
	if (!*on && !(length == 9 && memcmp(text, "disabled\n", 9) == 0)) {
		fault_set(fault, 0, BINFMT_PATH "/status",
			"neither \"enabled\" nor \"disabled\" is in it");
		return BINFMT_FAILED;
	}
	return BINFMT_DONE;
}

enum binfmt_result
binfmt_set_status(const struct binfmt *binfmt, bool on, struct fault *fault)
{
	enum binfmt_result result = binfmt_command(binfmt, "status", on ? "1" : "0", fault);
	bool now;

	if (result != BINFMT_DONE)
		return result;
	if (binfmt_status(binfmt, &now, fault) != BINFMT_DONE)
		return BINFMT_FAILED; /* whatever the errno: something was written */
	if (now != on)
		return binfmt_overruled(fault, "status",
			on ? "1 was written and it still reads disabled"
			   : "0 was written and it still reads enabled");
	return BINFMT_DONE;
}

void
binfmt_read(const struct binfmt *binfmt, const char *name, struct entry *entry, struct fault *fault)
{
	char text[ENTRY_TEXT_MAX];
	ssize_t length = binfmt_slurp(binfmt, name, text, sizeof(text));
	const char *why;

	snprintf(entry->name, sizeof(entry->name), "%s", name);
	if (length < 0) {
		entry->state = errno == ENOENT ? ENTRY_ABSENT : ENTRY_UNKNOWN;
		if (entry->state == ENTRY_UNKNOWN)
			binfmt_fail(fault, errno, name, "cannot read");
	} else if (entry_parse(entry, text, (size_t)length, &why) != 0) {
		char path[FAULT_OBJECT_SIZE];

		fault_set(fault, 0, binfmt_path(path, name), "%s", why);
	}
}

bool
binfmt_newer(const struct binfmt *binfmt, const char *name, const char *than)
{
	struct statx a, b;

	if (statx(binfmt->table, name, AT_SYMLINK_NOFOLLOW, STATX_ATIME | STATX_INO, &a) != 0
		|| statx(binfmt->table, than, AT_SYMLINK_NOFOLLOW, STATX_ATIME | STATX_INO, &b)
			!= 0)
		return false;
	/* The access time is that of the registration, for binfmt_misc never sets it again; the
	 * others change when a shell opens the file with >. Inodes tell within one tick. */
	if (a.stx_atime.tv_sec != b.stx_atime.tv_sec)
		return a.stx_atime.tv_sec > b.stx_atime.tv_sec;
	if (a.stx_atime.tv_nsec != b.stx_atime.tv_nsec)
		return a.stx_atime.tv_nsec > b.stx_atime.tv_nsec;
	return a.stx_ino > b.stx_ino;
}

enum binfmt_result
binfmt_each(const struct binfmt *binfmt, bool (*each)(void *context, const char *name),
	void *context, struct fault *fault)
{
	/* getdents64(2), with glibc's dirent64: fdopendir would look at the descriptor again. */
	union {
		struct dirent64 entry;
		char bytes[8192];
	} buffer;
	int fd = openat(binfmt->table, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool more = true;
	long length;
	int error;

	if (fd < 0)
		return binfmt_fail(fault, errno, "", "cannot open");
	while (more && (length = syscall(SYS_getdents64, fd, &buffer, sizeof(buffer))) > 0) {
		for (long at = 0; more && at < length;) {
			const struct dirent64 *found = (const void *)(buffer.bytes + at);

			at += found->d_reclen;
			more = !entry_name_valid(found->d_name) || each(context, found->d_name);
		}
	}
	error = more && length < 0 ? errno : 0;
	close(fd);
	return error == 0 ? BINFMT_DONE : binfmt_fail(fault, error, "", "cannot list");
}

enum binfmt_result
binfmt_enable(const struct binfmt *binfmt, const char *name, bool on, struct fault *fault)
{
	enum binfmt_result result = binfmt_command(binfmt, name, on ? "1" : "0", fault);
	struct entry entry;

	if (result != BINFMT_DONE)
		return result;
	binfmt_read(binfmt, name, &entry, fault);
	if (entry.state == ENTRY_ABSENT)
		return BINFMT_GONE;
	if (entry.state == ENTRY_UNKNOWN)
		return BINFMT_FAILED;
	if ((entry.state == ENTRY_ENABLED) != on)
		return binfmt_overruled(fault, name,
			on ? "1 was written and it still reads disabled"
			   : "0 was written and it still reads enabled");
	return BINFMT_DONE;
}

enum binfmt_result
binfmt_register(const struct binfmt *binfmt, const struct entry *entry, struct fault *fault)
{
	char line[ENTRY_LINE_MAX + 1];
	enum binfmt_result result;
	struct entry stands;
	const char *why;
	int length = entry_format(entry, line, &why);

	if (length < 0)
		return binfmt_overruled(fault, entry->name, why);
	errno = 0;
	result = binfmt_write(binfmt->lock, "register", line, (size_t)length, fault);
	if (result != BINFMT_DONE) {
		if (errno == EEXIST)
			return BINFMT_TAKEN;
		if (errno == ENOENT) /* flag F, and the kernel could not open the interpreter */
			fault_set(fault, errno, entry->interpreter,
				"cannot register it as interpreter of %s", entry->name);
		return result;
	}
	binfmt_read(binfmt, entry->name, &stands, fault);
	if (stands.state == ENTRY_UNKNOWN)
		return BINFMT_FAILED;
	if (stands.state != ENTRY_ENABLED || !entry_same(entry, &stands))
		return binfmt_overruled(
			fault, entry->name, "it was registered and reads back as something else");
	return BINFMT_DONE;
}

enum binfmt_result
binfmt_unregister(const struct binfmt *binfmt, const char *name, struct fault *fault)
{
	enum binfmt_result result = binfmt_command(binfmt, name, "-1", fault);
	struct entry entry;

	if (result != BINFMT_DONE)
		return result;
	binfmt_read(binfmt, name, &entry, fault);
	if (entry.state == ENTRY_ABSENT)
		return BINFMT_DONE;
	if (entry.state == ENTRY_UNKNOWN)
		return BINFMT_FAILED;
	return binfmt_overruled(fault, name, "it was removed and is still there");
}

enum binfmt_result
binfmt_writable(const struct binfmt *binfmt, struct fault *fault)
{
	if (faccessat(binfmt->table, "register", W_OK, 0) == 0 || errno != EROFS)
		return BINFMT_DONE; /* whether this user may is not asked, but whether root could */
	return binfmt_fail(fault, EROFS, "register", "cannot open for writing");
}
