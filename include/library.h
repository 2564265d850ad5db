/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library: the directories of a root in which ld.so(8) finds libraries.
 */
#ifndef ARMHF_LIBRARY_H
#define ARMHF_LIBRARY_H

#include "root.h"

#define LIBRARY_LOADER "/lib/ld-linux-armhf.so.3"

/*
 * Where ld.so looks for a library that no DT_RPATH or DT_RUNPATH finds: the directories of the root's
 * ld.so.conf, as ldconfig(8) reads it, and the default ones of Debian and its relatives and of
 * others. Joined by colons and to be freed; NULL: no memory.
 */
char *
library_directories(struct root *root);

#endif
