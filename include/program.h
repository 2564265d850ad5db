/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: tells if a program, or the programs of a root directory, would run here. Reads files and
 * executes nothing. All that is read may lie: sizes and offsets are checked, files are read
 * by pread(2) into bounded buffers, and nothing outside of the root is opened.
 */
#ifndef ARMHF_PROGRAM_H
#define ARMHF_PROGRAM_H

#include <stdbool.h>

#include "binfmt.h"
#include "entry.h"
#include "fault.h"
#include "probe.h"
#include "stop.h"

/* Why a program would not run. Of several that hold the first of this order is given. */
enum program_cause {
	PROGRAM_RUNS = 0,
	PROGRAM_FOREIGN,     /* not a program of armhf; only for a path to one file */
	PROGRAM_MODE,        /* no execute permission for anybody; only for a path to one file */
	PROGRAM_MALFORMED,   /* the file, or a library that it needs, contradicts itself */
	PROGRAM_INTERPRETER, /* what PT_INTERP or #! names is not there */
	PROGRAM_LIBRARY,     /* a library is not there */
	PROGRAM_EMULATOR,    /* the entry has no flag F and its interpreter is not in the root */
	PROGRAM_ALIGNMENT,   /* a segment of it, or of a library that it needs, cannot be mapped */
	PROGRAM_UNTAKEN,     /* the entry does not take its header */
	PROGRAM_CAUSES,
};

/* How armhf runs on this host. */
struct program_host {
	bool runs;                   /* false: the last three causes are not looked for */
	const struct entry *entry;   /* that serves; NULL: the kernel does */
	enum probe_status align;     /* PROBE_MAPS_ALL to PROBE_MAPS_NONE, as the probe says */
	unsigned long page_size;     /* of the kernel, in bytes: a power of two, from 4096 */
	const struct stop *stop;     /* looked at now and then; NULL: nothing interrupts */
	const struct binfmt *binfmt; /* the table in effect; NULL: there is none */
};

struct program_report {
	bool root;             /* path is a directory */
	unsigned int programs; /* ELF programs for armhf; hard links count once */
	unsigned int
		libraries;    /* other ELF files for armhf: executable, or with .so in their name */
	unsigned int blocked; /* programs that would not run */
	unsigned int
		plugins;     /* libraries that cannot be mapped and that no program needs by name */
	unsigned int unread; /* files and directories that could not be opened */

	/* What a person can do for the most of them: a clause without a full stop. */
	char remedy[FAULT_OBJECT_SIZE];
	unsigned int cause_count; /* the programs that it cures of what is said of them */
	enum program_cause cause; /* of that */

	/* The first blocked program by path and why; if program_check fails, what failed. */
	struct fault fault;
	/* Blocked programs by path, a line `path: why` each, then `and N more`; NULL if there is none. */
	char *list;
};

/*
 * Check the program, script, library or root directory at path, which is followed if it is a link.
 * One file is judged as a program of the running system, whose root is searched for its interpreter
 * and libraries. In a root directory links and libraries are resolved inside, as ld.so(8) does; other
 * file systems mounted below are not searched for programs, nor are proc, sys, dev and run.
 * The list has at most that many lines of programs.
 *
 * Returns 0, or -1 with fault set: the path cannot be looked at, there is no memory, or a stop signal is
 * pending (fault.error is EINTR). The report must be released in both cases.
 */
int
program_check(const char *path, const struct program_host *host, unsigned int lines,
	struct program_report *report);

/* Free the list. */
void
program_release(struct program_report *report);

#endif
