/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hold: markers and locks. An entry is marked before it is disabled, and the marker is removed after
 * the entry is enabled again, so that a kill leaves something that the next call can finish.
 */
#include "hold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

#define EXTENSION   "armhf-binfmt-held"
#define PRINT_WIDTH 8
#define LOWEST_FD   10 /* as bash keeps its own: a script uses the ones below */

bool
hold_is_marker(const struct entry *entry, const char **name)
{
	const size_t length = strlen(HOLD_MARKER);

	if (strcmp(entry->extension, EXTENSION) != 0
		|| strncmp(entry->name, HOLD_MARKER, length) != 0)
		return false;
	*name = entry->name + length;
	if (**name == '.')
		++*name;
	else if (**name != '\0')
		return false;
	return true;
}

bool
hold_print(const struct entry *marker, uint32_t *print)
{
	*print = 0;
	for (size_t i = 0; i < PRINT_WIDTH; i++) {
		int digit = text_digit(marker->interpreter[i]);

		if (digit < 0)
			return false;
		*print = *print << 4 | (uint32_t)digit;
	}
	return marker->interpreter[PRINT_WIDTH] == '\0';
}

/* Lock, unlock or ask about bytes of register. */
static int
bytes_lock(int fd, int command, short type, off_t start, off_t count, struct flock *lock)
{
	*lock = (struct flock){
		.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = count};
	return fcntl(fd, command, lock);
}

static int
register_open(const struct binfmt *binfmt)
{
	return openat(binfmt->table, "register", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
}

/* Tell if a shell holds on another description than fd. fd -1: register could not be opened. */
static enum outcome
holders_ask(int fd, bool *held, struct fault *fault)
{
	struct flock lock;

	*held = true; /* what cannot be told is not disturbed */
	if (fd < 0 || bytes_lock(fd, F_OFD_GETLK, F_WRLCK, 0, HOLD_SHELLS, &lock) != 0)
		return fault_errno(
			fault, errno, BINFMT_PATH "/register", "ask which shells hold entries");
	*held = lock.l_type != F_UNLCK;
	return OUTCOME_DONE;
}

enum outcome
hold_anybody(const struct binfmt *binfmt, bool *held, struct fault *fault)
{
	int fd = binfmt->lock >= 0 ? binfmt->lock : register_open(binfmt);
	enum outcome outcome = holders_ask(fd, held, fault);

	if (fd >= 0 && fd != binfmt->lock)
		close(fd);
	return outcome;
}

enum outcome
hold_others(const struct hold *hold, bool *held, struct fault *fault)
{
	return holders_ask(hold->fd, held, fault);
}

enum outcome
hold_lock(struct hold *hold, const struct binfmt *binfmt, struct fault *fault)
{
	struct flock lock;
	int fd;

	if (hold->fd >= 0)
		return OUTCOME_TAKEN;
	/* A description of its own, out of the way of a script's descriptors. */
	fd = register_open(binfmt);
	hold->fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, LOWEST_FD);
	if (hold->fd < 0) {
		enum outcome outcome = fault_errno(
			fault, errno, BINFMT_PATH "/register", "open it for a hold");

		if (fd >= 0)
			close(fd);
		return outcome == OUTCOME_REFUSED ? outcome : OUTCOME_FAILED;
	}
	close(fd);
	for (off_t byte = 0; byte < HOLD_SHELLS; byte++)
		if (bytes_lock(hold->fd, F_OFD_SETLK, F_WRLCK, byte, 1, &lock) == 0)
			return OUTCOME_DONE;
	fault_set(fault, errno == EAGAIN || errno == EACCES ? 0 : errno, BINFMT_PATH "/register",
		"%d shells hold armhf native already", HOLD_SHELLS);
	close(hold->fd);
	hold->fd = -1;
	return OUTCOME_BUSY;
}

enum outcome
hold_unlock(struct hold *hold, struct fault *fault)
{
	struct flock lock;

	if (hold->fd < 0)
		return OUTCOME_DONE;
	/* To close the descriptor alone would leave the byte to a subshell. */
	if (bytes_lock(hold->fd, F_OFD_SETLK, F_UNLCK, 0, HOLD_SHELLS, &lock) != 0) {
		fault_errno(fault, errno, BINFMT_PATH "/register", "unlock its byte");
		return OUTCOME_FAILED;
	}
	close(hold->fd);
	hold->fd = -1;
	return OUTCOME_DONE;
}

/* Register a marker, disabled, with this text as its interpreter. */
static enum outcome
marker_register(
	const struct binfmt *binfmt, const char *name, const char *text, struct fault *fault)
{
	struct entry marker = {.state = ENTRY_DISABLED, .extension = EXTENSION};

	snprintf(marker.name, sizeof(marker.name), "%s", name);
	snprintf(marker.interpreter, sizeof(marker.interpreter), "%s", text);
	return binfmt_register(binfmt, &marker, fault);
}

enum outcome
hold_announce(const struct binfmt *binfmt, const char *who, struct fault *fault)
{
	return marker_register(binfmt, HOLD_MARKER, who, fault);
}

static bool
marker_name(char marker[NAME_MAX + 1], const char *name)
{
	return snprintf(marker, NAME_MAX + 1, HOLD_MARKER ".%s", name) <= NAME_MAX;
}

/* Make sure that the marker of this entry stands. *made: it is new. Not inlined, for the stack's sake. */
__attribute__((noinline)) static enum outcome
marker_make(const struct binfmt *binfmt, const char *marker, uint32_t print, bool *made,
	struct fault *fault)
{
	char text[PRINT_WIDTH + 1];
	struct entry stands;
	uint32_t marked;

	*made = false;
	binfmt_read(binfmt, marker, &stands, fault);
	if (stands.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	if (stands.state != ENTRY_ABSENT) {
		if (hold_print(&stands, &marked) && marked == print)
			return OUTCOME_DONE;
		/* It is of an entry that is gone. */
		binfmt_unregister(binfmt, marker, fault);
	}
	*made = true;
	snprintf(text, sizeof(text), "%08x", print);
	return marker_register(binfmt, marker, text, fault);
}

enum outcome
hold_take(const struct binfmt *binfmt, const char *name, bool *made, uint32_t *print,
	struct fault *fault)
{
	enum outcome outcome;
	int fd = binfmt_entry_open(binfmt, name, &outcome, fault);
	char marker[NAME_MAX + 1];
	struct entry entry;

	*made = false;
	if (fd < 0)
		return outcome;
	binfmt_read(binfmt, name, &entry, fault);
	*print = entry.print;
	if (entry.state == ENTRY_ENABLED && !marker_name(marker, name)) {
		fault_set(fault, 0, name, "its name is too long to be held");
		outcome = OUTCOME_FAILED;
	} else if (entry.state == ENTRY_ENABLED) {
		outcome = marker_make(binfmt, marker, *print, made, fault);
		/* Only if it is still that entry, on the descriptor of before, and not disabled by now. */
		if (outcome == OUTCOME_DONE)
			outcome = binfmt_entry_enable(binfmt, fd, name, *print, false, fault);
		if (*made && (outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN)) {
			binfmt_unregister(binfmt, marker, NULL);
			*made = false;
		}
	} else {
		outcome = entry.state == ENTRY_UNKNOWN ? OUTCOME_FAILED : OUTCOME_TAKEN;
	}
	close(fd);
	return outcome;
}

enum outcome
hold_release(const struct binfmt *binfmt, const char *name, struct fault *fault)
{
	enum outcome outcome = OUTCOME_TAKEN, removed;
	char marker[NAME_MAX + 1];
	struct entry stands;
	uint32_t print;

	if (!marker_name(marker, name))
		return OUTCOME_GONE;
	binfmt_read(binfmt, marker, &stands, fault);
	if (stands.state == ENTRY_ABSENT)
		return OUTCOME_GONE;
	if (stands.state == ENTRY_UNKNOWN)
		return OUTCOME_FAILED;
	if (hold_print(&stands, &print))
		outcome = binfmt_enable(binfmt, name, &print, true, fault);
	if (outcome != OUTCOME_DONE && outcome != OUTCOME_GONE && outcome != OUTCOME_TAKEN)
		return outcome; /* the marker stays, for the next call */
	removed = binfmt_unregister(binfmt, marker, fault);
	if (removed != OUTCOME_DONE && removed != OUTCOME_GONE)
		return removed;
	return outcome == OUTCOME_GONE ? OUTCOME_TAKEN : outcome;
}
