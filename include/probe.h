/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe: the embedded armhf program (builtin/probe.S) and running it, the loader
 * or update-binfmts in a child that can neither hang nor outlive the call. Knows nothing of
 * binfmt_misc. Every function must be called between stop_begin and stop_end.
 */
#ifndef ARMHF_PROBE_H
#define ARMHF_PROBE_H

#include <stdbool.h>
#include "stop.h"

/* The exit status of the embedded program: which alignments of segments ld.so could map. */
enum probe_status {
	PROBE_MAPS_ALL = 42, /* 4 KiB and 64 KiB */
	PROBE_MAPS_64K = 43,
	PROBE_MAPS_4K = 44,
	PROBE_MAPS_NONE = 45,
	PROBE_NO_VFP = 46,   /* the CPU lacks ARMv7 or VFPv3 */
	PROBE_NO_STDIN = 47, /* its own file was not on standard input */
};

enum probe_end {
	PROBE_NOT_STARTED = 0, /* no file to execute, or no child: error is the errno */
	PROBE_REFUSED,         /* execve failed: error is the errno */
	PROBE_EXITED,          /* value is the exit status */
	PROBE_KILLED,          /* value is the signal */
	PROBE_TIMEOUT,         /* killed by us at the deadline */
	PROBE_INTERRUPTED,     /* killed by us because of a stop signal: value is the signal */
};

enum probe_way {
	PROBE_WAY_UNKNOWN = 0,
	PROBE_BY_KERNEL, /* executed from a close-on-exec descriptor, where no entry can serve */
	PROBE_BY_ENTRY,  /* an entry of binfmt_misc caught it */
	PROBE_BY_NOBODY, /* neither the kernel nor an entry takes it */
};

struct probe_result {
	enum probe_end end;
	enum probe_way way; /* set by probe_run_plain alone */
	int value;          /* exit status or signal */
	int error;          /* errno */
};

/* How one child is bounded. */
struct probe_limits {
	const struct stop *stop; /* a pending signal of it kills the child; NULL: none does */
	int seconds;             /* the deadline */
};

/* True if armhf code was executed and gave its result: exit status 42 to 45. */
bool
probe_delivered(const struct probe_result *result);

/*
 * Who runs armhf here, and does it work? In one child: the plain program by
 * execveat from a close-on-exec descriptor (any entry that catches it fails with ENOENT:
 * fs/binfmt_misc.c, BINPRM_FLAGS_PATH_INACCESSIBLE); caught, then by execve of
 * /proc/self/fd/0, an ordinary descriptor, which goes through the entry.
 * way says who took it, end and value how the last attempt ended. Anything but
 * ENOEXEC, ENOENT and success at the first attempt (EACCES of a noexec mount, EPERM of a filter,
 * ENOMEM), or no /proc for the second, leaves way unknown with end PROBE_NOT_STARTED.
 */
void
probe_run_plain(struct probe_result *result, const struct probe_limits *limits);

/*
 * Could this kernel run armhf itself? The same program with an e_ident that the usual masks
 * refuse and the kernel's ELF loader accepts (fs/binfmt_elf.c and elf_check_arch look at
 * neither EI_VERSION nor the padding), from a close-on-exec descriptor. PROBE_REFUSED with
 * ENOEXEC: it cannot; with ENOENT: an entry caught even this one.
 */
void
probe_run_odd(struct probe_result *result, const struct probe_limits *limits);

/*
 * Would this interpreter run armhf? Executes it directly as the kernel would for
 * an entry: the interpreter, the program as /proc/self/fd/0, and with preserve (flag P) an argv[0] more.
 */
void
probe_run_through(struct probe_result *result, const char *interpreter, bool preserve,
	const struct probe_limits *limits);

/* Run a program: argv[0] is its absolute path, standard input /dev/null, environment env (NULL: empty). */
void
probe_run_command(struct probe_result *result, const char *const argv[], const char *const env[],
	const struct probe_limits *limits);

/*
 * Look a path up in a child (openat with O_PATH), so that an autofs without its daemon blocks the child
 * and not the shell. PROBE_EXITED with 0: found; with 1: error is the errno.
 */
void
probe_run_lookup(struct probe_result *result, const char *path, const struct probe_limits *limits);

enum probe_personality {
	PROBE_PERSONALITY_UNKNOWN = 0,
	PROBE_PERSONALITY_REFUSED, /* EINVAL: no AArch32 at EL0 (arch/arm64/kernel/sys.c) */
	PROBE_PERSONALITY_64BIT,   /* accepted and uname still says aarch64: no COMPAT */
	PROBE_PERSONALITY_32BIT,   /* accepted and uname says armv8l */
};

/* What personality(PER_LINUX32) does to a child. Meaningful on arm64 alone. */
enum probe_personality
probe_personality(const struct probe_limits *limits);

#endif
