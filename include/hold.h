/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold: what keeps entries disabled for shells that need armhf to stay native. All of it is in the
 * kernel's table: markers, which are entries that say what to enable again, and locks on bytes of the
 * file register, which end with the shells that hold them. The protocol is that of tests/model/holds.pml.
 */
#ifndef ARMHF_HOLD_H
#define ARMHF_HOLD_H

#include "binfmt.h"

#define HOLD_MARKER  "armhf-held" /* names the first holder; with ".NAME" the marker of that entry */
#define HOLD_SHELLS  64           /* that can hold at once: bytes of register */
#define HOLD_WHO_MAX 100          /* bytes of a holder's name for people */

/* The hold of this shell: an open file description of register, with one byte locked; -1: none. */
struct hold {
	int fd;
};

/*
 * If the entry is a marker: true, with the name of its entry (or "" for the one that names the first
 * holder). Any other entry of such a name is somebody else's.
 */
bool
hold_is_marker(const struct entry *entry, const char **name);

/* The fingerprint in a marker; false where it holds none, so that somebody made it by hand. */
bool
hold_print(const struct entry *marker, uint32_t *print);

/*
 * Tell if any shell holds. Asks on a description of its own, which sees this shell's lock as well.
 * An answer "no" stands until the lock of the table is dropped. REFUSED to an ordinary user.
 */
enum outcome
hold_anybody(const struct binfmt *binfmt, bool *held, struct fault *fault);

/* Tell if another shell holds. This one must hold. */
enum outcome
hold_others(const struct hold *hold, bool *held, struct fault *fault);

/* Become a holder (under the lock). TAKEN: this shell is one; BUSY: HOLD_SHELLS hold already. */
enum outcome
hold_lock(struct hold *hold, const struct binfmt *binfmt, struct fault *fault);

/* Stop to be a holder, with all subshells of this one. FAILED: this shell still is a holder. */
enum outcome
hold_unlock(struct hold *hold, struct fault *fault);

/* Register the marker that names the holder. TAKEN: one stands. */
enum outcome
hold_announce(const struct binfmt *binfmt, const char *who, struct fault *fault);

/*
 * Mark an enabled entry, and disable it. *made: the marker is new. *print: the fingerprint of the entry.
 * GONE or TAKEN: somebody else was faster.
 */
enum outcome
hold_take(const struct binfmt *binfmt, const char *name, bool *made, uint32_t *print,
	struct fault *fault);

/*
 * Enable an entry again, if it is still the one of its marker and disabled, and remove the marker
 * then. TAKEN: the entry was enabled, removed or replaced, and is left alone.
 */
enum outcome
hold_release(const struct binfmt *binfmt, const char *name, struct fault *fault);

#endif
