/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path: tells if root may trust the file at a path, and reads small files. Only looks; follows links
 * itself.
 */
#ifndef ARMHF_PATH_H
#define ARMHF_PATH_H

#include <stdbool.h>
#include <sys/types.h>

#include "fault.h"

enum path_result {
	PATH_SAFE = 0,
	PATH_ABSENT, /* the last component does not exist */
	PATH_UNSAFE, /* not of the kind, a bad link, or not root's alone */
	PATH_DENIED, /* it could not be looked at (EACCES, EPERM) */
};

enum path_kind {
	PATH_FILE,    /* a regular file */
	PATH_PROGRAM, /* that somebody may execute */
	PATH_DIRECTORY,
};

/*
 * Follow the links of an absolute path. Tell if it leads to that kind, is owned by root and not
 * writable by others or by a group other than root's, and so is every directory and link on the
 * way (sticky directories excepted for a program). Root is uid and gid 0 or, where
 * /proc/self/uid_map is not the identity map, also the overflow ids. The fault names the component
 * and its cure.
 */
enum path_result
path_check(const char *given, enum path_kind kind, struct fault *fault);

/* The same question about an open regular file; path is for the fault. */
enum path_result
path_check_open(int fd, const char *path, struct fault *fault);

/* 0 if there is something at path (a link is not followed), else the errno that says why not. */
int
path_look(const char *path);

/* False only where there is nothing: what cannot be looked at counts as there. */
bool
path_exists(const char *path);

/*
 * Open a file for reading, below directory or AT_FDCWD, that may be anything: no link is followed in
 * the last component, and a FIFO or device does not block. Returns a descriptor, or -1 with errno.
 */
int
path_open(int directory, const char *path);

/* Read an open file to its end, at most size bytes. Returns the length, or -1 with errno. */
ssize_t
path_read_open(int fd, char *text, size_t size);

/* path_open and path_read_open, as a string: at most size - 1 bytes, and a NUL. */
ssize_t
path_read(int directory, const char *path, char *text, size_t size);

/* True if this process is in a user namespace with a map of its own. */
bool
path_in_userns(void);

#endif
