/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * root: looks up paths inside of a directory. Knows nothing of the files that it opens but that a device
 * or a FIFO is none.
 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/openat2.h of Linux 5.6, which glibc 2.28 is older than. The number is the same on all machines. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#define RESOLVE_NO_XDEV       0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS   0x04
#define RESOLVE_BENEATH       0x08
#define RESOLVE_IN_ROOT       0x10

#define LINKS_MAX 40 /* path_resolution(7) */
#define AGAIN_MAX 8

static int
open_resolved(const struct root *root, const char *path, int flags, uint64_t resolve)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {(uint64_t)(unsigned int)flags, 0, resolve};
	int fd = -1;

	/* EAGAIN: something was renamed in the meantime, openat2(2). */
	for (int i = 0; i < AGAIN_MAX; i++) {
		fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

bool
root_stat(int fd, struct statx *status)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, status) == 0;
}

uint64_t
root_device(const struct statx *status)
{
	return (uint64_t)status->stx_dev_major << 32 | status->stx_dev_minor;
}

int
root_begin(struct root *root, const char *path)
{
	struct statx status;
	int fd;

	root->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root->fd < 0)
		return -1;
	if (!root_stat(root->fd, &status)) {
		root_end(root);
		return -1;
	}
	root->device = root_device(&status);
	root->inode = status.stx_ino;
	/* ENOSYS before Linux 5.6, EPERM in containers of that time. */
	fd = open_resolved(root, ".", O_PATH | O_CLOEXEC, RESOLVE_IN_ROOT);
	root->walks = fd < 0;
	if (fd >= 0)
		close(fd);
	return 0;
}

void
root_end(struct root *root)
{
	int error = errno;

	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
	errno = error;
}

/* Cut the last component off; returns the length that is left. */
static size_t
path_cut(char *path)
{
	char *slash = strrchr(path, '/');
	size_t length = slash ? (size_t)(slash - path) : 0;

	path[length] = '\0';
	return length;
}

/* Move the first component from rest to done. False if it is too long. */
static bool
path_step(char *rest, char *done)
{
	char *part = rest + strspn(rest, "/");
	size_t length = strcspn(part, "/");
	size_t used = strlen(done);

	if (length == 2 && memcmp(part, "..", 2) == 0) {
		path_cut(done); /* the root is its own parent */
	} else if (length != 1 || *part != '.') {
		if (used + 1 + length >= PATH_MAX)
			return false;
		if (used)
			done[used++] = '/';
		memcpy(done + used, part, length);
		done[used + length] = '\0';
	}
	memmove(rest, part + length, strlen(part + length) + 1);
	return true;
}

static int
open_walking(struct root *root, const char *path, int flags)
{
	char *rest = root->rest, *done = root->done;
	unsigned int links = 0;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(rest, path);
	done[0] = '\0';
	while (rest[strspn(rest, "/")]) {
		ssize_t length;

		if (!path_step(rest, done)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		length = *done ? readlinkat(root->fd, done, root->link, PATH_MAX - 1) : -1;
		if (length < 0)
			continue; /* no link; what else is wrong the last openat tells */
		if (++links > LINKS_MAX || (size_t)length + strlen(rest) >= PATH_MAX) {
			errno = ELOOP;
			return -1;
		}
		memmove(rest + length, rest, strlen(rest) + 1);
		memcpy(rest, root->link, (size_t)length);
		path_cut(done);
		if (root->link[0] == '/')
			done[0] = '\0';
	}
	return openat(root->fd, *done ? done : ".", flags | O_NOFOLLOW);
}

int
root_open(struct root *root, const char *path, int flags)
{
	if (root->walks)
		return open_walking(root, path, flags);
	return open_resolved(root, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int
root_open_directory(struct root *root, const char *path)
{
	struct statx status;
	int fd;

	if (!root->walks)
		return open_resolved(root, path, ROOT_FILE | O_DIRECTORY,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	fd = openat(root->fd, path, ROOT_FILE | O_DIRECTORY);
	if (fd >= 0 && (!root_stat(fd, &status) || root_device(&status) != root->device)) {
		close(fd);
		fd = -1;
		errno = EXDEV;
	}
	return fd;
}

int
root_open_file(struct root *root, const char *path, struct statx *status)
{
	int place = root_open(root, path, O_PATH | O_CLOEXEC);
	int fd = -1;

	/* Looked at before it is opened: opening a device does something. */
	if (place >= 0 && root_stat(place, status) && S_ISREG(status->stx_mode))
		fd = root_open(root, path, ROOT_FILE & ~O_NOFOLLOW);
	if (place >= 0)
		close(place);
	if (fd >= 0 && (!root_stat(fd, status) || !S_ISREG(status->stx_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}
