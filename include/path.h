/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * path: may root trust what stands at a path? Looks only, follows links itself.
 */
#ifndef ARMHF_PATH_H
#define ARMHF_PATH_H

#include <stdbool.h>
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
	PATH_FOLDER,
};

/*
 * After following links: is given (absolute) of that kind, owned by root and not
 * writable by group or others, and is so every folder and link on the way (sticky
 * folders excepted for a program)? Root is uid 0 or, where /proc/self/uid_map is not the identity
 * map, also the overflow uid. The fault names the component.
 */
enum path_result
path_check(const char *given, enum path_kind kind, struct fault *fault);

/* The same question about an open regular file; path is for the fault. */
enum path_result
path_check_open(int fd, const char *path, struct fault *fault);

/* Is this process in a user namespace with a map of its own? */
bool
path_in_userns(void);

#endif
