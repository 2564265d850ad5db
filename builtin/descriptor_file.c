/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor_file: writes into /usr/share and renames from there, since update-binfmts imports
 * every file that it finds in /usr/share/binfmts. Never opens an existing descriptor for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "descriptor.h"
#include "descriptor_file.h"
#include "host.h"
#include "path.h"

#define MODE_FILE      0644
#define MODE_DIRECTORY 0755
#define TEMPORARY      HOST_SHARE "/.armhf-binfmt-descriptor"

/* Nothing in these places can be GONE or TAKEN but what the functions say. */
static enum outcome
failed(struct fault *fault, int error, const char *path, const char *what)
{
	enum outcome outcome = fault_errno(fault, error, path, what);

	return outcome == OUTCOME_REFUSED ? outcome : OUTCOME_FAILED;
}

enum outcome
descriptor_file_ours(struct fault *fault)
{
	static const char *const interpreters[] = {HOST_EMULATOR_STATIC, HOST_EMULATOR_PLAIN};
	char found[DESCRIPTOR_OWN_MAX], ours[DESCRIPTOR_OWN_MAX];
	ssize_t length = path_read(AT_FDCWD, HOST_DESCRIPTOR_PATH, found, sizeof(found));

	if (length < 0) {
		switch (errno) {
		case ENOENT: return OUTCOME_GONE;
		case ELOOP: /* a link */
		case ENXIO: /* a socket */
		case EISDIR: return OUTCOME_TAKEN;
		default: return failed(fault, errno, HOST_DESCRIPTOR_PATH, "read it");
		}
	}
	for (size_t i = 0; i < 2 * sizeof(interpreters) / sizeof(interpreters[0]); i++)
		if (descriptor_format(interpreters[i / 2], i % 2 == 0, ours, sizeof(ours)) == length
			&& memcmp(found, ours, (size_t)length) == 0)
			return OUTCOME_DONE;
	return OUTCOME_TAKEN;
}

enum outcome
descriptor_file_possible(struct fault *fault)
{
	const char *directory = path_exists(HOST_DESCRIPTOR_DIR) ? HOST_DESCRIPTOR_DIR : HOST_SHARE;

	switch (path_check(directory, PATH_DIRECTORY, fault)) {
	case PATH_SAFE:
	case PATH_DENIED: break;
	case PATH_UNSAFE:
	case PATH_ABSENT: return OUTCOME_FAILED;
	}
	/* Not EACCES: that depends on the caller. */
	if (access(directory, W_OK) != 0 && errno == EROFS)
		return failed(fault, errno, directory, "write to it");
	return OUTCOME_DONE;
}

enum outcome
descriptor_directory_make(struct fault *fault)
{
	struct statx found;
	int error;

	if (path_check(HOST_SHARE, PATH_DIRECTORY, fault) != PATH_SAFE)
		return OUTCOME_FAILED;
	if (mkdir(HOST_DESCRIPTOR_DIR, MODE_DIRECTORY) != 0)
		return errno == EEXIST
			? OUTCOME_TAKEN
			: failed(fault, errno, HOST_DESCRIPTOR_DIR, "make this directory");
	/* Whatever the umask. */
	if (chmod(HOST_DESCRIPTOR_DIR, MODE_DIRECTORY) == 0
		&& statx(AT_FDCWD, HOST_DESCRIPTOR_DIR, AT_SYMLINK_NOFOLLOW, STATX_MODE, &found)
			== 0
		&& (found.stx_mode & 07777) == MODE_DIRECTORY)
		return OUTCOME_DONE;
	error = errno;
	rmdir(HOST_DESCRIPTOR_DIR);
	return failed(fault, error, HOST_DESCRIPTOR_DIR, "set the mode of this directory");
}

enum outcome
descriptor_directory_remove(struct fault *fault)
{
	if (rmdir(HOST_DESCRIPTOR_DIR) == 0)
		return path_exists(HOST_DESCRIPTOR_DIR) ? OUTCOME_OVERRULED : OUTCOME_DONE;
	switch (errno) {
	case ENOENT: return OUTCOME_GONE;
	case ENOTEMPTY:
	case EEXIST: return OUTCOME_TAKEN;
	default: return failed(fault, errno, HOST_DESCRIPTOR_DIR, "remove this directory");
	}
}

static bool
write_all(int fd, const char *text, size_t length)
{
	while (length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		text += written;
		length -= (size_t)written;
	}
	return true;
}

/* The text in the temporary file, whole on disk: 0, or the errno. */
static int
temporary_write(const char *text, size_t length)
{
	int fd, error = 0;

	if (unlink(TEMPORARY) != 0 && errno != ENOENT) /* left by a call that was killed */
		return errno;
	fd = open(TEMPORARY, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, MODE_FILE);
	if (fd < 0)
		return errno;
	if (!write_all(fd, text, length) || fchmod(fd, MODE_FILE) != 0 || fsync(fd) != 0)
		error = errno;
	close(fd);
	return error;
}

/* The names in the directory, whole on disk. */
static bool
directory_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;
	bool good = fd >= 0 && fsync(fd) == 0;

	error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return good;
}

enum outcome
descriptor_file_create(const struct entry *entry, struct fault *fault)
{
	char text[DESCRIPTOR_OWN_MAX];
	int length = descriptor_format(
		entry->interpreter, entry_has(entry, 'P'), text, sizeof(text));
	enum outcome outcome = descriptor_file_possible(fault);
	int error;

	if (outcome != OUTCOME_DONE)
		return outcome;
	error = temporary_write(text, (size_t)length);
	/* RENAME_NOREPLACE: unless something has that name by now. */
	if (error == 0
		&& renameat2(AT_FDCWD, TEMPORARY, AT_FDCWD, HOST_DESCRIPTOR_PATH, RENAME_NOREPLACE)
			!= 0)
		error = errno;
	if (error != 0) {
		unlink(TEMPORARY);
		outcome = fault_errno(fault, error, HOST_DESCRIPTOR_PATH, "write it");
		return outcome == OUTCOME_REFUSED || outcome == OUTCOME_TAKEN ? outcome
									      : OUTCOME_FAILED;
	}
	if (!directory_sync(HOST_DESCRIPTOR_DIR))
		return failed(fault, errno, HOST_DESCRIPTOR_DIR, "write this directory to disk");
	outcome = descriptor_file_ours(fault);
	if (outcome == OUTCOME_TAKEN || outcome == OUTCOME_GONE) {
		fault_set(fault, 0, HOST_DESCRIPTOR_PATH,
			"it was written and reads back as something else");
		return OUTCOME_OVERRULED;
	}
	return outcome;
}

enum outcome
descriptor_file_remove(struct fault *fault)
{
	if (unlink(HOST_DESCRIPTOR_PATH) != 0 && errno != ENOENT)
		return failed(fault, errno, HOST_DESCRIPTOR_PATH, "remove it");
	if (!path_exists(HOST_DESCRIPTOR_PATH))
		return OUTCOME_DONE;
	fault_set(fault, 0, HOST_DESCRIPTOR_PATH, "it was removed and is still there");
	return OUTCOME_OVERRULED;
}
