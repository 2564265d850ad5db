/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library: the directories of a root in which ld.so(8) finds libraries.
 */
#ifndef ARMHF_LIBRARY_H
#define ARMHF_LIBRARY_H

#include "root.h"

#define LIBRARY_LOADER  "/lib/ld-linux-armhf.so.3"
#define LIBRARY_TOKEN   "lib/arm-linux-gnueabihf" /* what $LIB means */
#define LIBRARY_DEFAULT "/lib/arm-linux-gnueabihf:/usr/lib/arm-linux-gnueabihf:/lib:/usr/lib"
#define LIBRARY_MAX     16384 /* bytes of a list of directories; real ones have less than 500 */

/*
 * Where ld.so looks for a library that no DT_RPATH or DT_RUNPATH finds: the directories of the root's
 * ld.so.conf, as ldconfig(8) reads it, and the default ones of Debian and its relatives and of others, with
 * colons between. An include is taken to be ld.so.conf.d/<name>.conf, as every distribution has it.
 */
void
library_directories(struct root *root, char list[LIBRARY_MAX]);

#endif
