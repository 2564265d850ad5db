/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binfmt: the binfmt_misc file system, and the only code that touches it. Everything goes
 * through one descriptor of the table, never through its path again.
 */
#ifndef ARMHF_BINFMT_H
#define ARMHF_BINFMT_H

#include "entry.h"
#include "fault.h"
#include "stop.h"

#define BINFMT_PATH "/proc/sys/fs/binfmt_misc"

/*
 * What fails at a system call is REFUSED, IMPOSSIBLE or FAILED by its errno, with a fault. What else a function can
 * answer is said with it.
 */
enum binfmt_result {
	BINFMT_DONE = 0,
	BINFMT_GONE,        /* the entry does not exist (any more) */
	BINFMT_TAKEN,       /* an entry of that name exists, or something is mounted */
	BINFMT_ABSENT,      /* binfmt_misc is not mounted */
	BINFMT_AUTOFS,      /* an autofs is mounted instead */
	BINFMT_REFUSED,     /* EPERM, EACCES, EROFS */
	BINFMT_IMPOSSIBLE,  /* ENODEV: the kernel has no binfmt_misc */
	BINFMT_BUSY,        /* the lock was not to be had in time */
	BINFMT_INTERRUPTED, /* a stop signal is pending */
	BINFMT_OVERRULED,   /* written, and it reads back as something else */
	BINFMT_FAILED,      /* anything else */
};

struct binfmt {
	int table; /* O_PATH descriptor of the mounted table, or -1 */
	int lock;  /* of its file register, open for writing and locked, or -1 */
};

#define BINFMT_NONE ((struct binfmt){.table = -1, .lock = -1})

/*
 * Make sure that the table is open: DONE, ABSENT or AUTOFS. Once open it stays the same table until binfmt_close.
 */
enum binfmt_result
binfmt_open(struct binfmt *binfmt, struct fault *fault);

void
binfmt_close(struct binfmt *binfmt);

/*
 * Mount binfmt_misc at its path (the kernel loads the module). TAKEN, with a fault, where
 * somebody else was faster (EBUSY).
 */
enum binfmt_result
binfmt_mount(struct fault *fault);

/*
 * Lock the table exclusively against other calls: flock(2) on register, which only who may
 * write it can hold. Waits at most seconds, and not beyond a signal of stop: BUSY, INTERRUPTED.
 */
enum binfmt_result
binfmt_lock(struct binfmt *binfmt, const struct stop *stop, int seconds, struct fault *fault);

/* The global switch into *on. */
enum binfmt_result
binfmt_status(const struct binfmt *binfmt, bool *on, struct fault *fault);

/* Write 1 or 0 to the global switch and read it back: OVERRULED if it did not take. */
enum binfmt_result
binfmt_set_status(const struct binfmt *binfmt, bool on, struct fault *fault);

/*
 * Read the entry of that name. Always sets entry->name and entry->state: ENTRY_ABSENT,
 * ENTRY_UNKNOWN with a fault, or what its text says.
 */
void
binfmt_read(
	const struct binfmt *binfmt, const char *name, struct entry *entry, struct fault *fault);

/* True if the first entry was registered after the second: of two that match the kernel takes that one. */
bool
binfmt_newer(const struct binfmt *binfmt, const char *name, const char *than);

/*
 * Call each(context, name) for every entry, in no order, until it returns false.
 * Fails where the table could not be listed to its end.
 */
enum binfmt_result
binfmt_each(const struct binfmt *binfmt, bool (*each)(void *context, const char *name),
	void *context, struct fault *fault);

/* Switch an entry on or off and read it back: DONE, GONE or OVERRULED. */
enum binfmt_result
binfmt_enable(const struct binfmt *binfmt, const char *name, bool on, struct fault *fault);

/* Register an entry (under the lock) and read it back: DONE, TAKEN or OVERRULED. */
enum binfmt_result
binfmt_register(const struct binfmt *binfmt, const struct entry *entry, struct fault *fault);

/* Remove an entry and look whether it is gone: DONE, GONE or OVERRULED. */
enum binfmt_result
binfmt_unregister(const struct binfmt *binfmt, const char *name, struct fault *fault);

/* BINFMT_REFUSED where the table's file system is mounted read-only, else BINFMT_DONE. */
enum binfmt_result
binfmt_writable(const struct binfmt *binfmt, struct fault *fault);

#endif
