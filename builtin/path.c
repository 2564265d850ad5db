/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path: walks a path from the root, so that every component and link is judged.
 * What is found safe cannot be changed by anybody but root, so it may be used by its path afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"

#define PATH_LINKS_MAX 40 /* as the kernel's path_resolution(7) */

/* The first bytes of a file of /proc, as a string. */
static bool
path_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return false;
	length = read(fd, text, size - 1);
	close(fd);
	if (length < 0)
		return false;
	text[length] = '\0';
	return true;
}

bool
path_in_userns(void)
{
	char text[256], *rest = text;
	unsigned long inside, outside, count;

	if (!path_read("/proc/self/uid_map", text, sizeof(text)))
		return false; /* the stricter answer */
	/* user_namespaces(7): of the first namespace the map is one line, 0 0 4294967295. */
	inside = strtoul(rest, &rest, 10);
	outside = strtoul(rest, &rest, 10);
	count = strtoul(rest, &rest, 10);
	return inside != 0 || outside != 0 || count != UINT32_MAX;
}

static bool
path_is_root(uid_t uid)
{
	char text[32];

	if (uid == 0)
		return true;
	return path_in_userns() && path_read("/proc/sys/kernel/overflowuid", text, sizeof(text))
		&& strtoul(text, NULL, 10) == uid;
}

/* Judge one component. */
static enum path_result
path_judge(enum path_kind kind, const char *path, const struct statx *found, struct fault *fault)
{
	/* In a sticky folder nobody but root can rename or remove what is root's. */
	bool sticky = kind == PATH_PROGRAM && S_ISDIR(found->stx_mode)
		&& (found->stx_mode & S_ISVTX) != 0;

	if (!path_is_root(found->stx_uid))
		fault_set(fault, 0, path, "it is not owned by root but by uid %u", found->stx_uid);
	else if (!S_ISLNK(found->stx_mode) && (found->stx_mode & (S_IWGRP | S_IWOTH)) != 0
		&& !sticky)
		fault_set(fault, 0, path, "%s than root can write to it (mode %04o)",
			(found->stx_mode & S_IWOTH) != 0 ? "others" : "a group other",
			(unsigned int)found->stx_mode & 07777);
	else
		return PATH_SAFE;
	return PATH_UNSAFE;
}

/* Is it of the kind that is wanted? */
static enum path_result
path_is(enum path_kind kind, const char *path, const struct statx *found, struct fault *fault)
{
	if (kind == PATH_FOLDER && !S_ISDIR(found->stx_mode))
		fault_set(fault, 0, path, "it is not a folder");
	else if (kind != PATH_FOLDER && !S_ISREG(found->stx_mode))
		fault_set(fault, 0, path, "it is not a regular file");
	else if (kind == PATH_PROGRAM && (found->stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		fault_set(fault, 0, path, "it is not executable (mode %04o)",
			(unsigned int)found->stx_mode & 07777);
	else
		return PATH_SAFE;
	return PATH_UNSAFE;
}

/* Write the target of the link that is the first end bytes of path in their place. */
static bool
path_follow(char path[PATH_MAX], size_t end)
{
	char target[PATH_MAX], rest[PATH_MAX], next = path[end];
	size_t folder = 0; /* what of the path a relative target is appended to */
	ssize_t length;

	snprintf(rest, sizeof(rest), "%s", path + end);
	path[end] = '\0';
	length = readlink(path, target, sizeof(target) - 1);
	path[end] = next;
	if (length < 0)
		return false;
	target[length] = '\0';
	if (target[0] != '/')
		folder = (size_t)((char *)memrchr(path, '/', end) + 1 - path);
	if (snprintf(path + folder, PATH_MAX - folder, "%s%s", target, rest)
		>= (int)(PATH_MAX - folder)) {
		errno = ENAMETOOLONG;
		return false;
	}
	return true;
}

enum path_result
path_check(const char *given, enum path_kind kind, struct fault *fault)
{
	char path[PATH_MAX];
	unsigned int links = 0;
	struct statx found;
	size_t end = 1; /* of the component that is looked at; first the root */

	if (snprintf(path, sizeof(path), "%s", given) >= (int)sizeof(path)) {
		fault_set(fault, ENAMETOOLONG, given, "cannot look at it");
		return PATH_UNSAFE;
	}
	for (;;) {
		char next = path[end];
		int error = 0;

		path[end] = '\0';
		if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE | STATX_UID,
			    &found)
			!= 0)
			error = errno;
		else if (path_judge(kind, path, &found, fault) != PATH_SAFE)
			return PATH_UNSAFE;
		else if (S_ISLNK(found.stx_mode) && ++links > PATH_LINKS_MAX)
			error = ELOOP;
		if (error != 0) {
			fault_set(fault, error, path, "cannot look at it");
			if (error == ENOENT && next == '\0' && links == 0)
				return PATH_ABSENT;
			return error == EACCES || error == EPERM ? PATH_DENIED : PATH_UNSAFE;
		}
		path[end] = next;
		if (S_ISLNK(found.stx_mode)) {
			if (!path_follow(path, end)) {
				fault_set(fault, errno, path, "cannot follow it");
				return PATH_UNSAFE;
			}
			end = 1;
		} else if (next == '\0') {
			break;
		} else {
			end += strspn(path + end, "/");
			end += strcspn(path + end, "/");
		}
	}
	return path_is(kind, path, &found, fault);
}

enum path_result
path_check_open(int fd, const char *path, struct fault *fault)
{
	struct statx found;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID, &found) != 0) {
		fault_set(fault, errno, path, "cannot look at it");
		return PATH_UNSAFE;
	}
	if (path_judge(PATH_FILE, path, &found, fault) != PATH_SAFE)
		return PATH_UNSAFE;
	return path_is(PATH_FILE, path, &found, fault);
}
