/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * binfmt: the binfmt_misc file system, and the only code that touches it. Everything goes through
 * one file descriptor of the table, never through its path again.
 */
#ifndef ARMHF_BINFMT_H
#define ARMHF_BINFMT_H

#include "entry.h"
#include "fault.h"
#include "stop.h"

#define BINFMT_PATH "/proc/sys/fs/binfmt_misc"

struct binfmt {
	int table; /* O_PATH descriptor of the mounted table, or -1 */
	int lock;  /* of its file register, open for writing and locked, or -1 */
};

#define BINFMT_NONE ((struct binfmt){.table = -1, .lock = -1})

/*
 * Make sure that the table is open. DONE; GONE: binfmt_misc is not mounted; TAKEN: an autofs sits
 * there; IMPOSSIBLE, with a fault: the kernel has no such directory. Once open it stays the same
 * table until binfmt_close.
 */
enum outcome
binfmt_open(struct binfmt *binfmt, struct fault *fault);
void
binfmt_close(struct binfmt *binfmt);

/* Mount binfmt_misc at its path (the kernel loads the module). TAKEN where somebody else was faster. */
enum outcome
binfmt_mount(struct fault *fault);

/*
 * Lock the table exclusively against other calls: flock(2) on register, which nobody can hold who may
 * not write to it. Waits at most seconds, and not beyond a signal of stop: BUSY, INTERRUPTED.
 */
enum outcome
binfmt_lock(struct binfmt *binfmt, const struct stop *stop, int seconds, struct fault *fault);

/* The global status into *on. */
enum outcome
binfmt_status(const struct binfmt *binfmt, bool *on, struct fault *fault);

/* Write 1 or 0 to the global status and read it back: OVERRULED if it did not take. */
enum outcome
binfmt_set_status(const struct binfmt *binfmt, bool on, struct fault *fault);

/*
 * Read the entry of that name. Always sets entry->name and entry->state: ENTRY_ABSENT, ENTRY_UNKNOWN
 * with a fault, or the one in its text.
 */
void
binfmt_read(
	const struct binfmt *binfmt, const char *name, struct entry *entry, struct fault *fault);

/*
 * The time at which an entry was registered, in nanoseconds of the real-time clock, exact to one
 * clock tick (1 to 10 ms); 0 where it cannot be told. Of two entries the kernel asks the newer one first.
 */
long long
binfmt_registered(const struct binfmt *binfmt, const char *name);

/*
 * Call each(context, name) for every entry, in no order, until it returns false. Fails where the
 * table could not be listed to its end.
 */
enum outcome
binfmt_each(const struct binfmt *binfmt, bool (*each)(void *context, const char *name),
	void *context, struct fault *fault);

/*
 * Enable or disable an entry and read it back: DONE, GONE or OVERRULED. With a fingerprint: only if it is
 * that entry and not already as wanted, else TAKEN; an entry that replaces it meanwhile is never reached.
 */
enum outcome
binfmt_enable(const struct binfmt *binfmt, const char *name, const uint32_t *print, bool on,
	struct fault *fault);

/*
 * The same in two parts: open an entry for reading and writing (-1: the outcome says why); then, of the
 * entry behind this descriptor and of no other that has its name by now, enable or disable it, if it has
 * the fingerprint and is not as wanted yet. GONE: it was removed since; TAKEN: it is as wanted, or another.
 */
int
binfmt_entry_open(
	const struct binfmt *binfmt, const char *name, enum outcome *outcome, struct fault *fault);
enum outcome
binfmt_entry_enable(const struct binfmt *binfmt, int fd, const char *name, uint32_t print, bool on,
	struct fault *fault);

/*
 * Register an entry (under the lock), enabled or disabled as its state says, and read it back: DONE,
 * TAKEN or OVERRULED.
 */
enum outcome
binfmt_register(const struct binfmt *binfmt, const struct entry *entry, struct fault *fault);

/* Remove an entry and look whether it is gone: DONE, GONE or OVERRULED. */
enum outcome
binfmt_unregister(const struct binfmt *binfmt, const char *name, struct fault *fault);

/* True if an entry could be registered again exactly as it is: a line can carry it, and the interpreter of flag F is there. */
bool
binfmt_registrable(const struct entry *entry);

/* REFUSED where the table's file system is mounted read-only, else DONE. */
enum outcome
binfmt_writable(const struct binfmt *binfmt, struct fault *fault);

#endif
