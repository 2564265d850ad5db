/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * root: opens paths inside of a directory as a process would whose root it is, and nothing outside of it:
 * by openat2(2), or, before Linux 5.6 and where a filter refuses that, by looking at one component
 * after the other.
 */
#ifndef ARMHF_ROOT_H
#define ARMHF_ROOT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* How files are opened of which nothing is known: without a wait and without a terminal. */
#define ROOT_READ (O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

struct root {
	int fd;
	bool walks;              /* without openat2 */
	uint64_t device;         /* of its file system */
	char rest[2 * PATH_MAX]; /* of a path that is walked: what is left of it */
	char done[PATH_MAX];     /* what is resolved of it */
	char link[2 * PATH_MAX]; /* a link's target, and what is left behind it */
};

/* Open the directory at path. Returns 0, or -1 with errno. */
int
root_begin(struct root *root, const char *path);

void
root_end(struct root *root);

/* Open a path in the root, links resolved inside. flags as open(2) takes them; -1 with errno. */
int
root_open(struct root *root, const char *path, int flags);

/* True if there is a regular file at a path in the root; *status is the file's. */
bool
root_look(struct root *root, const char *path, struct statx *status);

/* The same, opened to be read; -1: there is none. */
int
root_open_file(struct root *root, const char *path, struct statx *status);

/* What fd is. False with errno. */
bool
root_stat(int fd, struct statx *status);

uint64_t
root_device(const struct statx *status);

#endif
