/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * root: looks up paths inside of a directory. Knows nothing of the files that it opens but that a device
 * or a FIFO is none.
 */
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/openat2.h of Linux 5.6, which glibc 2.28 is older than. The number is the same on all machines. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_IN_ROOT       0x10

#define LINKS_MAX 40 /* path_resolution(7) */
#define AGAIN_MAX 8

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
	if (root->fd < 0 || !root_stat(root->fd, &status))
		return -1;
	root->device = root_device(&status);
	root->walks = false;
	fd = root_open(root, "/", O_PATH | O_CLOEXEC);
	/* ENOSYS before Linux 5.6, EPERM in containers of that time. */
	root->walks = fd < 0;
	if (fd >= 0)
		close(fd);
	return 0;
}

void
root_end(struct root *root)
{
	if (root->fd >= 0)
		close(root->fd);
	root->fd = -1;
}

static int
open_walking(struct root *root, const char *path, int flags)
{
	char *rest = root->rest, *done = root->done, *link = root->link;
	size_t used = 0, room = sizeof(root->rest);
	unsigned int links = 0;

	errno = ENAMETOOLONG;
	if ((size_t)snprintf(rest, room, "%s", path) >= room)
		return -1;
	while (*(rest += strspn(rest, "/"))) {
		size_t length = strcspn(rest, "/"), before = used;
		ssize_t target;

		if (length == 2 && memcmp(rest, "..", 2) == 0) {
			/* The root is its own parent. */
			while (used && done[--used] != '/')
				;
		} else if (length != 1 || *rest != '.') {
			if (used + 1 + length >= sizeof(root->done)) {
				errno = ENAMETOOLONG;
				return -1;
			}
			done[used] = '/';
			memcpy(done + used + 1, rest, length);
			used += 1 + length;
			done[used] = '\0';
			target = readlinkat(root->fd, done + 1, link, PATH_MAX - 1);
			/* Where it is no link, the last openat tells what else is wrong. */
			if (target >= 0) {
				errno = ELOOP;
				if (++links > LINKS_MAX
					|| (size_t)target + strlen(rest + length) >= room)
					return -1;
				strcpy(link + target, rest + length);
				rest = strcpy(root->rest, link);
				used = *rest == '/' ? 0 : before;
				continue;
			}
		}
		rest += length;
	}
	done[used] = '\0';
	return openat(root->fd, used ? done + 1 : ".", flags | O_NOFOLLOW);
}

int
root_open(struct root *root, const char *path, int flags)
{
	const struct {
		uint64_t flags, mode, resolve;
	} how = {(uint64_t)(unsigned int)flags, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int fd = -1;

	if (root->walks)
		return open_walking(root, path, flags);
	/* EAGAIN: something was renamed in the meantime, openat2(2). */
	errno = EAGAIN;
	for (int i = 0; i < AGAIN_MAX && fd < 0 && errno == EAGAIN; i++)
		fd = (int)syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
	return fd;
}

bool
root_look(struct root *root, const char *path, struct statx *status)
{
	int fd = root_open(root, path, O_PATH | O_CLOEXEC);
	bool regular = fd >= 0 && root_stat(fd, status) && S_ISREG(status->stx_mode);

	if (fd >= 0)
		close(fd);
	return regular;
}

int
root_open_file(struct root *root, const char *path, struct statx *status)
{
	/* Looked at before it is opened: opening a device does something. */
	int fd = root_look(root, path, status) ? root_open(root, path, ROOT_READ) : -1;

	if (fd >= 0 && (!root_stat(fd, status) || !S_ISREG(status->stx_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}
