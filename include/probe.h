/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe: holds the embedded armhf program (builtin/probe.S), and runs it, the loader or
 * update-binfmts in a child that can neither hang nor outlive the call. Knows nothing of
 * the entries of binfmt_misc. Every function must be called between stop_begin and stop_end.
 */
#ifndef ARMHF_PROBE_H
#define ARMHF_PROBE_H

#include <stdbool.h>
#include "stop.h"

/* The answer of the embedded program: first of all, which alignments of segments ld.so could map. */
enum probe_status {
	PROBE_MAPS_ALL = 42, /* 4 KiB and 64 KiB */
	PROBE_MAPS_64K = 43,
	PROBE_MAPS_4K = 44,
	PROBE_MAPS_NONE = 45,
	PROBE_NO_VFP = 46,   /* the CPU lacks ARMv7 or VFPv3 */
	PROBE_NO_STDIN = 47, /* its own file was not on standard input */
	/* Its arguments did not arrive as they were sent: flag P or T, which kernel or interpreter does not know. */
	PROBE_ARGUMENTS = 48,
};

enum probe_end {
	PROBE_NOT_STARTED = 0, /* no file to execute, or no child: error and object say why */
	PROBE_REFUSED,         /* execve failed: error is the errno */
	PROBE_EXITED,          /* value is the answer if answered, else the exit status */
	PROBE_KILLED,          /* value is the signal */
	PROBE_TIMEOUT,         /* killed by us at the deadline */
	PROBE_INTERRUPTED,     /* killed by us because of a stop signal: value is the signal */
};

enum probe_way {
	PROBE_WAY_UNKNOWN = 0,
	PROBE_BY_KERNEL,   /* no entry served */
	PROBE_BY_ENTRY,    /* an entry of binfmt_misc caught it */
	PROBE_BY_NOBODY,   /* neither the kernel nor an entry takes it */
	PROBE_BY_SOMEBODY, /* the kernel or an entry: without execveat(2) nothing tells them apart */
};

#define PROBE_SAID_MAX 200

/*
 * Debian's qemu up to 10.0 expects flag P if its name ends so: without the flag every program
 * loses an argument then. Its 11.1 does not look at its name.
 */
#define PROBE_EXPECTS_PRESERVE "-binfmt-P"

struct probe_result {
	enum probe_end end;
	enum probe_way way; /* set by probe_run_plain, probe_run_traced and probe_run_alone */
	bool answered;      /* the embedded program itself exited, and value is enum probe_status */
	int value;          /* answer, exit status or signal */
	int error;          /* errno */
	/*
	 * With PROBE_NOT_STARTED the thing that error is about, in words for a message, never NULL:
	 * "pipe", "fork", "memfd", "ulimit -f", "/dev/null", "/proc/self/fd/0", "execveat",
	 * "ptrace", "a user namespace", "/proc/sys/fs/binfmt_misc", ... NULL with any other end.
	 */
	const char *object;
	/*
	 * The first line that the child wrote to standard error, cut after PROBE_SAID_MAX bytes, or
	 * "". Raw bytes without NUL. The line that qemu writes about every file without a name is skipped.
	 */
	char said[PROBE_SAID_MAX + 1];
};

/* How one child is bounded. */
struct probe_limits {
	const struct stop *stop; /* a pending signal of it kills the child; NULL: none does */
	int seconds;             /* the deadline */
};

/*
 * The embedded program gets two arguments besides argv[0], which is free: one fixed text, and a token that is
 * chosen afresh for each run. It answers PROBE_ARGUMENTS unless it has just these, byte for byte.
 * The token also says with which exit status it gives which answer: seven of 33 to 41, 49 to 63 and 79 to 99.
 * A program that always exits with another status, as those of shells, signals, sysexits.h and the answers
 * themselves are, never passes for it; one that always exits with one of these seems to deliver in 4 of 45 runs.
 */

/* The answer, an enum probe_status; 0 if the embedded program gave none. */
int
probe_answer(const struct probe_result *result);

/* True if armhf code was executed and delivered its result: an answer of 42 to 45. */
bool
probe_delivered(const struct probe_result *result);

/*
 * Find who runs armhf here, and whether it works. In one child: the plain program by
 * execveat from a close-on-exec descriptor (any entry that catches it fails with ENOENT:
 * fs/binfmt_misc.c, BINPRM_FLAGS_PATH_INACCESSIBLE; a transparent one of Linux 7.3, flag T, does not,
 * and way is PROBE_BY_KERNEL although an entry served: see probe_run_traced);
 * caught, then by execve of /proc/self/fd/0, an ordinary descriptor, which goes through the entry.
 * way says who took it, end and value how the last attempt ended.
 * Without execveat (ENOSYS: emulated shells, some filters) by execve of /proc/self/fd/0 alone: way is
 * PROBE_BY_SOMEBODY, or PROBE_BY_NOBODY with ENOEXEC (or an entry's interpreter is no program of this machine).
 * Anything but ENOEXEC, ENOENT, ENOSYS and success at the first attempt (EACCES of a noexec mount, EPERM of a
 * filter, ENOMEM), or no /proc for the second, leaves way unknown with end PROBE_NOT_STARTED. So does, with their own end, a
 * deadline or a stop signal before an entry was seen to catch it.
 */
void
probe_run_plain(struct probe_result *result, const struct probe_limits *limits);

/*
 * Find if this kernel could run armhf itself. Executes the same program with an e_ident that the
 * usual masks refuse and the kernel's ELF loader accepts (fs/binfmt_elf.c and elf_check_arch look at
 * neither EI_VERSION nor the padding), from a close-on-exec descriptor. PROBE_REFUSED with
 * ENOEXEC: it cannot; with ENOENT: an entry caught even this one; with ENOSYS: not to be asked.
 */
void
probe_run_odd(struct probe_result *result, const struct probe_limits *limits);

/*
 * Find who runs armhf here, by evidence that no entry can fake: the plain program by execve of
 * /proc/self/fd/0 in a traced child. At the exec stop the register set NT_PRSTATUS is that of an
 * AArch32 task (72 bytes): PROBE_BY_KERNEL; or of a program of this machine, which is an interpreter:
 * PROBE_BY_ENTRY. The trace ends there, and end and value are as by probe_run_plain. ENOEXEC: PROBE_REFUSED and PROBE_BY_NOBODY.
 * PROBE_NOT_STARTED and PROBE_WAY_UNKNOWN, object "ptrace", where tracing is refused (EPERM under strace,
 * by Yama or a filter) or the object is one for 32-bit ARM (ENOSYS: its own registers are of the same kind).
 */
void
probe_run_traced(struct probe_result *result, const struct probe_limits *limits);

/*
 * Find if this kernel could run armhf itself, by evidence that no entry can fake: the plain
 * program in a child with a user and mount namespace of its own, where an empty binfmt_misc lies over the path (Linux 6.7 and later), so
 * that no entry of the host is in effect. PROBE_BY_KERNEL with how it ended, or PROBE_REFUSED with ENOEXEC and
 * PROBE_BY_NOBODY: it cannot. PROBE_NOT_STARTED where the namespace ("a user namespace") or the mount
 * ("/proc/sys/fs/binfmt_misc") is refused. Outside of the child nothing is changed.
 */
void
probe_run_alone(struct probe_result *result, const struct probe_limits *limits);

/*
 * Find if this interpreter would run armhf. Executes it directly as the kernel would for an entry:
 * argv is the interpreter, the program as /proc/self/fd/0, with preserve (flag P) the program's
 * argv[0], and the program's two arguments. An interpreter gets that argv[0] if its name ends with
 * PROBE_EXPECTS_PRESERVE. If the arguments do not arrive, it is run again without. All others learn
 * of P from the kernel alone (AT_FLAGS), and that cannot be imitated: they are run as without
 * preserve, and only an entry shows if they understand P (qemu before 6.0 does not).
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
