/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path: walks a path from the root, so that every component and link is judged. A safe path cannot
 * be changed by anybody but root, so it may be used by its name afterwards.
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
#include "text.h"

#define LINKS_MAX 40 /* as the kernel's path_resolution(7) */

/* Too large for a small stack: on the heap. */
struct walk {
	char path[PATH_MAX];
	char target[PATH_MAX];
	char rest[PATH_MAX];
};

int
path_open(int directory, const char *path)
{
	return openat(directory, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

ssize_t
path_read_open(int fd, char *text, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = read(fd, text + length, size - length);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	return (ssize_t)length;
}

ssize_t
path_read(int directory, const char *path, char *text, size_t size)
{
	int fd = path_open(directory, path);
	ssize_t length;
	int error;

	if (fd < 0)
		return -1;
	length = path_read_open(fd, text, size - 1);
	error = errno;
	close(fd);
	errno = error;
	text[length > 0 ? length : 0] = '\0';
	return length;
}

int
path_look(const char *path)
{
	struct statx found;

	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &found) == 0 ? 0 : errno;
}

bool
path_exists(const char *path)
{
	int error = path_look(path);

	return error != ENOENT && error != ENOTDIR;
}

bool
path_in_userns(void)
{
	/* user_namespaces(7): of the first namespace the map is one line with these numbers. */
	static const char *const identity[] = {"0", "0", "4294967295"};
	char text[256], *at = text;

	if (path_read(AT_FDCWD, "/proc/self/uid_map", text, sizeof(text)) < 0)
		return false; /* the stricter answer */
	for (size_t i = 0; i < 3; i++) {
		size_t length = strlen(identity[i]);

		at += strspn(at, " ");
		if (strncmp(at, identity[i], length) != 0)
			return true;
		at += length;
	}
	return strcmp(at, "\n") != 0;
}

/* True for the id of root, or of somebody whom this user namespace does not map. */
static bool
is_root(unsigned int id, const char *overflow)
{
	unsigned long value;
	char text[32];
	ssize_t length;

	if (id == 0)
		return true;
	if (!path_in_userns())
		return false;
	length = path_read(AT_FDCWD, overflow, text, sizeof(text));
	return length > 1 && text_number(text, (size_t)length - 1, UINT32_MAX, &value)
		&& value == id;
}

/* Judge the owner and the mode of one component. */
static enum path_result
component_judge(
	enum path_kind kind, const char *path, const struct statx *found, struct fault *fault)
{
	unsigned int mode = found->stx_mode & 07777;
	/* In a sticky directory nobody but root can rename or remove a file of root's. */
	bool sticky = kind == PATH_PROGRAM && S_ISDIR(found->stx_mode) && (mode & S_ISVTX) != 0;
	bool writable = !S_ISLNK(found->stx_mode) && !sticky;

	if (!is_root(found->stx_uid, "/proc/sys/kernel/overflowuid")) {
		fault_set(fault, 0, path, "it is owned by uid %u, not by root", found->stx_uid);
		fault->remedy = "chown root @";
	} else if (writable && (mode & S_IWOTH) != 0) {
		fault_set(fault, 0, path, "everybody can write to it (mode %04o)", mode);
		fault->remedy = "chmod go-w @";
	} else if (writable && (mode & S_IWGRP) != 0
		&& !is_root(found->stx_gid, "/proc/sys/kernel/overflowgid")) {
		fault_set(fault, 0, path, "group %u can write to it (mode %04o)", found->stx_gid,
			mode);
		fault->remedy = "chmod go-w @";
	} else {
		return PATH_SAFE;
	}
	return PATH_UNSAFE;
}

/* Tell if it is of the kind that is wanted. */
static enum path_result
kind_judge(enum path_kind kind, const char *path, const struct statx *found, struct fault *fault)
{
	if (kind == PATH_DIRECTORY && !S_ISDIR(found->stx_mode)) {
		fault_set(fault, 0, path, "it is not a directory");
	} else if (kind != PATH_DIRECTORY && !S_ISREG(found->stx_mode)) {
		fault_set(fault, 0, path, "it is not a regular file");
	} else if (kind == PATH_PROGRAM && (found->stx_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0) {
		fault_set(fault, 0, path, "it is not executable (mode %04o)",
			(unsigned int)found->stx_mode & 07777);
		fault->remedy = "chmod +x @";
	} else {
		return PATH_SAFE;
	}
	return PATH_UNSAFE;
}

/* Write the target of the link that is the first end bytes of the path in their place. */
static bool
link_follow(struct walk *walk, size_t end)
{
	char next = walk->path[end];
	size_t start = 0; /* what of the path a relative target is appended to */
	ssize_t length;

	memcpy(walk->rest, walk->path + end, strlen(walk->path + end) + 1);
	walk->path[end] = '\0';
	length = readlink(walk->path, walk->target, sizeof(walk->target) - 1);
	walk->path[end] = next;
	if (length < 0)
		return false;
	walk->target[length] = '\0';
	if (walk->target[0] != '/')
		start = (size_t)((char *)memrchr(walk->path, '/', end) + 1 - walk->path);
	if (start + (size_t)length + strlen(walk->rest) >= sizeof(walk->path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(walk->path + start, walk->target, (size_t)length);
	memcpy(walk->path + start + length, walk->rest, strlen(walk->rest) + 1);
	return true;
}

static enum path_result
walk_down(struct walk *walk, enum path_kind kind, struct fault *fault)
{
	char *path = walk->path;
	unsigned int links = 0;
	struct statx found;
	size_t end = 1; /* of the component that is looked at; first the root */

	for (;;) {
		char next = path[end];
		int error = 0;

		path[end] = '\0';
		if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW,
			    STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID, &found)
			!= 0)
			error = errno;
		else if (next == '\0' && !S_ISLNK(found.stx_mode)
			&& kind_judge(kind, path, &found, fault) != PATH_SAFE)
			return PATH_UNSAFE;
		else if (component_judge(kind, path, &found, fault) != PATH_SAFE)
			return PATH_UNSAFE;
		else if (S_ISLNK(found.stx_mode) && ++links > LINKS_MAX)
			error = ELOOP;
		if (error != 0) {
			fault_errno(fault, error, path, "look at it");
			if (error == ENOENT && next == '\0' && links == 0)
				return PATH_ABSENT;
			return error == EACCES || error == EPERM ? PATH_DENIED : PATH_UNSAFE;
		}
		path[end] = next;
		if (S_ISLNK(found.stx_mode)) {
			if (!link_follow(walk, end)) {
				fault_errno(fault, errno, path, "follow it");
				return PATH_UNSAFE;
			}
			end = 1;
		} else if (next == '\0') {
			return PATH_SAFE;
		} else {
			end += strspn(path + end, "/");
			end += strcspn(path + end, "/");
		}
	}
}

enum path_result
path_check(const char *given, enum path_kind kind, struct fault *fault)
{
	struct walk *walk = malloc(sizeof(*walk));
	enum path_result result;

	if (walk == NULL) {
		fault_errno(fault, errno, given, "look at it");
		return PATH_UNSAFE;
	}
	if (strlen(given) >= sizeof(walk->path)) {
		fault_errno(fault, ENAMETOOLONG, given, "look at it");
		result = PATH_UNSAFE;
	} else {
		memcpy(walk->path, given, strlen(given) + 1);
		result = walk_down(walk, kind, fault);
	}
	free(walk);
	return result;
}

enum path_result
path_check_open(int fd, const char *path, struct fault *fault)
{
	struct statx found;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID, &found)
		!= 0) {
		fault_errno(fault, errno, path, "look at it");
		return PATH_UNSAFE;
	}
	/* The kind first: chmod would not cure a link to a device. */
	if (kind_judge(PATH_FILE, path, &found, fault) != PATH_SAFE)
		return PATH_UNSAFE;
	return component_judge(PATH_FILE, path, &found, fault);
}
