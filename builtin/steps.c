/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * steps: what each step does and how it is undone. It must
 * 1. change nothing that no step names, and hold the lock while it changes the table (a mount excepted,
 *    before which there is nothing to lock);
 * 2. read every change back, and report what it reads rather than what a call returned;
 * 3. undo only what is still as it was left;
 * 4. never give up half way through undoing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descriptor.h"
#include "descriptor_file.h"
#include "path.h"
#include "steps.h"

#define REBOOT "after a reboot armhf_binfmt_prepare must run again"

static bool
list_room(struct step_list *list, unsigned int more)
{
	unsigned int room = list->room;
	struct step *steps;

	while (room < list->count + more)
		room = 2 * room + 8;
	if (room == list->room)
		return true;
	steps = realloc(list->steps, room * sizeof(*steps));
	if (steps == NULL)
		return false;
	list->steps = steps;
	list->room = room;
	return true;
}

bool
steps_add(struct step_list *list, const struct step *step)
{
	if (!list_room(list, 1))
		return false;
	list->steps[list->count++] = *step;
	return true;
}

/* There is room: it was made before the first step whose undoing may be recorded. */
static void
record(struct steps *steps, const struct step *step)
{
	steps_add(&steps->done, step);
	steps->done.steps[steps->done.count - 1].printed = false;
}

/* ---- the steps ---- */

static enum outcome
do_mount(struct steps *steps)
{
	enum outcome mounted = binfmt_mount(&steps->fault), outcome;

	if (mounted == OUTCOME_DONE && path_in_userns())
		fault_note(&steps->notes,
			BINFMT_PATH
			": mounted in a user namespace, where it hides the entries of the "
			"host, of every architecture, for as long as the namespace lasts");
	if (mounted != OUTCOME_DONE && mounted != OUTCOME_TAKEN)
		return mounted;
	outcome = binfmt_open(steps->binfmt, &steps->fault);
	if (outcome != OUTCOME_GONE && outcome != OUTCOME_TAKEN)
		return outcome;
	if (mounted == OUTCOME_DONE)
		fault_set(&steps->fault, 0, BINFMT_PATH,
			"mounted binfmt_misc, and something else is there");
	return OUTCOME_FAILED;
}

static enum outcome
do_unregister(struct steps *steps, const struct step *step)
{
	/* Only a decision's step, which has no fingerprint, replaces an entry. */
	if (!step->printed) {
		binfmt_read(steps->binfmt, step->name, &steps->replaced, &steps->fault);
		if (steps->replaced.state == ENTRY_ABSENT)
			return OUTCOME_GONE;
		if (steps->replaced.state == ENTRY_UNKNOWN)
			return OUTCOME_FAILED;
		if (!binfmt_registrable(&steps->replaced)) {
			fault_set(&steps->fault, 0, step->name,
				"this entry could not be registered again as it is, so it is not "
				"removed");
			return OUTCOME_FAILED;
		}
	}
	return binfmt_unregister(steps->binfmt, step->name, &steps->fault);
}

/* Register the entry again that an unregister step removed, unless one of its name is there by now. */
static enum outcome
do_register_again(struct steps *steps)
{
	enum outcome outcome = binfmt_register(steps->binfmt, &steps->replaced, &steps->fault);

	return outcome == OUTCOME_TAKEN ? OUTCOME_DONE : outcome;
}

static bool
update_binfmts(struct steps *steps, const char *const argv[], const struct probe_limits *limits)
{
	static const char *const env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	struct fault *fault = &steps->fault;
	struct probe_result result;

	probe_run_command(&result, argv, env, limits);
	switch (result.end) {
	case PROBE_EXITED:
		if (result.value == 0)
			return true;
		fault_set(fault, 0, argv[0], "it exited with %d", result.value);
		break;
	case PROBE_KILLED:
		fault_set(fault, 0, argv[0], "it was killed by signal %d", result.value);
		break;
	case PROBE_TIMEOUT:
		fault_set(fault, 0, argv[0], "it did not end within %d s", limits->seconds);
		break;
	case PROBE_INTERRUPTED: fault_set(fault, 0, argv[0], "it was interrupted"); break;
	case PROBE_REFUSED:
	case PROBE_NOT_STARTED:
		fault_set(fault, result.error, argv[0], "it could not be started");
		break;
	}
	return false;
}

/* Best effort: a failure is noted, and armhf runs all the same. GONE: it left no record to undo. */
static enum outcome
do_import(struct steps *steps)
{
	static const char *const argv[] = {HOST_IMPORTER, "--import", HOST_ENTRY_NAME, NULL};
	int before = path_look(HOST_RECORD_PATH);
	bool recorded;

	if (before != 0 && before != ENOENT && before != ENOTDIR) {
		/* Nobody could tell whose the record is, so it would not be undone. */
		fault_note(&steps->notes, HOST_RECORD_PATH ": cannot look at it: %s; " REBOOT,
			strerror(before));
		return OUTCOME_GONE;
	}
	if (!update_binfmts(steps, argv, steps->limits))
		fault_note(&steps->notes, "%s: importing %s failed: %s; " REBOOT,
			steps->fault.object, HOST_ENTRY_NAME, steps->fault.why);
	recorded = path_exists(HOST_RECORD_PATH);
	if (!recorded && steps->fault.object[0] == '\0')
		fault_note(&steps->notes, "%s: importing %s left no record; " REBOOT, HOST_IMPORTER,
			HOST_ENTRY_NAME);
	steps->fault.object[0] = '\0';
	if (stop_pending(steps->limits->stop) != 0)
		return OUTCOME_INTERRUPTED;
	return before != 0 && recorded ? OUTCOME_DONE : OUTCOME_GONE;
}

static enum outcome
do_unimport(struct steps *steps)
{
	static const char *const argv[] = {HOST_IMPORTER, "--package", DESCRIPTOR_PACKAGE,
		"--unimport", HOST_ENTRY_NAME, NULL};
	/* Undoing is not interrupted. */
	const struct probe_limits limits = {.stop = NULL, .seconds = steps->limits->seconds};
	int error;

	if (!update_binfmts(steps, argv, &limits))
		return OUTCOME_FAILED;
	error = path_look(HOST_RECORD_PATH);
	switch (error) {
	case ENOENT:
	case ENOTDIR: return OUTCOME_DONE;
	case 0:
		fault_set(&steps->fault, 0, HOST_RECORD_PATH, "%s removed it and it is still there",
			HOST_IMPORTER);
		return OUTCOME_OVERRULED;
	default:
		fault_set(&steps->fault, error, HOST_RECORD_PATH,
			"cannot tell whether %s removed it", HOST_IMPORTER);
		return OUTCOME_FAILED;
	}
}

/* Become a holder, or hold an entry. *undo is the step that undoes it. */
static enum outcome
do_hold(struct steps *steps, const struct step *step, struct step *undo)
{
	struct fault *fault = &steps->fault;
	enum outcome outcome, announced;
	bool made = false;

	if (strcmp(step->name, HOLD_MARKER) != 0) {
		outcome = hold_take(steps->binfmt, step->name, &made, &undo->print, fault);
		/* Under a marker that stood before, an entry is enabled again, and the marker stays. */
		undo->kind = made ? STEP_RELEASE : STEP_ENABLE;
		undo->printed = true;
		return outcome;
	}
	outcome = hold_lock(steps->hold, steps->binfmt, fault);
	steps->locked = outcome == OUTCOME_DONE;
	if (outcome != OUTCOME_DONE && outcome != OUTCOME_TAKEN)
		return outcome;
	announced = hold_announce(steps->binfmt, steps->who, fault);
	/* The marker is removed only if it was registered here. */
	undo->printed = announced != OUTCOME_TAKEN;
	return announced == OUTCOME_TAKEN ? OUTCOME_DONE : announced;
}

/* Release an entry; the step of the holder's own marker removes it, where it has a fingerprint. */
static enum outcome
do_release(struct steps *steps, const struct step *step)
{
	enum outcome outcome;

	if (strcmp(step->name, HOLD_MARKER) != 0) {
		outcome = hold_release(steps->binfmt, step->name, &steps->fault);
		if (outcome == OUTCOME_TAKEN)
			fault_note(&steps->notes,
				BINFMT_PATH
				"/%s: it was held disabled, and somebody else has "
				"enabled, removed or replaced it meanwhile; it is left alone",
				step->name);
		return outcome == OUTCOME_TAKEN ? OUTCOME_DONE : outcome;
	}
	if (steps->locked && hold_unlock(steps->hold, &steps->fault) != OUTCOME_DONE)
		return OUTCOME_FAILED;
	steps->locked = false;
	if (!step->printed)
		return OUTCOME_DONE;
	return binfmt_unregister(steps->binfmt, step->name, &steps->fault);
}

static enum outcome
carry_out(
	struct steps *steps, const struct step *step, const struct entry *entry, struct step *undo)
{
	struct fault *fault = &steps->fault;

	switch (step->kind) {
	case STEP_MOUNT: return do_mount(steps);
	case STEP_STATUS_ON: return binfmt_set_status(steps->binfmt, true, fault);
	case STEP_STATUS_OFF: return binfmt_set_status(steps->binfmt, false, fault);
	case STEP_HOLD: return do_hold(steps, step, undo);
	case STEP_RELEASE: return do_release(steps, step);
	case STEP_ENABLE:
	case STEP_DISABLE:
		return binfmt_enable(steps->binfmt, step->name, step->printed ? &step->print : NULL,
			step->kind == STEP_ENABLE, fault);
	case STEP_REGISTER:
		return entry != NULL ? binfmt_register(steps->binfmt, entry, fault)
				     : do_register_again(steps);
	case STEP_UNREGISTER: return do_unregister(steps, step);
	case STEP_MAKE_DIRECTORY: return descriptor_directory_make(fault);
	case STEP_REMOVE_DIRECTORY: return descriptor_directory_remove(fault);
	case STEP_CREATE_DESCRIPTOR: return descriptor_file_create(entry, fault);
	case STEP_REMOVE_DESCRIPTOR: return descriptor_file_remove(fault);
	case STEP_IMPORT: return do_import(steps);
	case STEP_UNIMPORT: return do_unimport(steps);
	case STEP_COUNT: break;
	}
	return OUTCOME_FAILED;
}

enum step_kind
steps_inverse(enum step_kind kind)
{
	switch (kind) {
	case STEP_HOLD: return STEP_RELEASE;
	case STEP_STATUS_ON: return STEP_STATUS_OFF;
	case STEP_STATUS_OFF: return STEP_STATUS_ON;
	case STEP_ENABLE: return STEP_DISABLE;
	case STEP_DISABLE: return STEP_ENABLE;
	case STEP_REGISTER: return STEP_UNREGISTER;
	case STEP_UNREGISTER: return STEP_REGISTER;
	case STEP_MAKE_DIRECTORY: return STEP_REMOVE_DIRECTORY;
	case STEP_REMOVE_DIRECTORY: return STEP_MAKE_DIRECTORY;
	case STEP_CREATE_DESCRIPTOR: return STEP_REMOVE_DESCRIPTOR;
	case STEP_REMOVE_DESCRIPTOR: return STEP_CREATE_DESCRIPTOR;
	case STEP_IMPORT: return STEP_UNIMPORT;
	case STEP_UNIMPORT: return STEP_IMPORT;
	case STEP_MOUNT:   /* an unmount would drop every entry of the table */
	case STEP_RELEASE: /* it finishes what another call began */
	case STEP_COUNT: break;
	}
	return kind;
}

bool
steps_undoes(enum step_kind kind)
{
	switch (kind) {
	case STEP_STATUS_OFF:
	case STEP_ENABLE:
	case STEP_DISABLE:
	case STEP_UNREGISTER:
	case STEP_REMOVE_DIRECTORY:
	case STEP_REMOVE_DESCRIPTOR:
	case STEP_UNIMPORT: return true;
	case STEP_HOLD:
	case STEP_RELEASE:
	case STEP_MOUNT:
	case STEP_STATUS_ON:
	case STEP_REGISTER:
	case STEP_MAKE_DIRECTORY:
	case STEP_CREATE_DESCRIPTOR:
	case STEP_IMPORT:
	case STEP_COUNT: break;
	}
	return false;
}

/*
 * The fingerprint by which the undoing step of this one knows its entry. False: the entry cannot be read,
 * so that nothing could be undone.
 */
static bool
step_print(struct steps *steps, const struct step *step, const struct entry *entry, uint32_t *print)
{
	struct entry now = {.state = ENTRY_ABSENT};

	if (entry == NULL)
		binfmt_read(steps->binfmt, step->name, &now, &steps->fault);
	*print = entry != NULL ? entry_print(entry) : now.print;
	return now.state != ENTRY_UNKNOWN;
}

enum outcome
steps_do(struct steps *steps, const struct step *step, const struct entry *entry)
{
	struct step undo = *step;
	enum outcome outcome;

	/* A release, which nothing undoes, is finished. */
	if (step->kind != STEP_RELEASE && stop_pending(steps->limits->stop) != 0)
		return OUTCOME_INTERRUPTED;
	/* Each step may be recorded twice: done, and undone. */
	if (!list_room(&steps->undo, 1)
		|| !list_room(&steps->done, 2 * (steps->undo.count + 1) + 1)) {
		fault_errno(&steps->fault, ENOMEM, "armhf_binfmt_prepare", "record a step");
		return OUTCOME_FAILED;
	}
	undo.kind = steps_inverse(step->kind);
	if (step->kind == STEP_ENABLE || step->kind == STEP_DISABLE
		|| step->kind == STEP_REGISTER) {
		if (!step_print(steps, step, entry, &undo.print))
			return OUTCOME_FAILED;
		undo.printed = true;
	}
	outcome = carry_out(steps, step, entry, &undo);
	/* What failed may still have left something behind: undoing looks. What somebody else was
	 * faster with belongs to them. */
	if (outcome != OUTCOME_GONE && outcome != OUTCOME_TAKEN && outcome != OUTCOME_BUSY
		&& undo.kind != step->kind)
		steps_add(&steps->undo, &undo);
	if (step->kind == STEP_IMPORT && outcome == OUTCOME_GONE)
		outcome = OUTCOME_DONE;
	if (outcome == OUTCOME_DONE || outcome == OUTCOME_OVERRULED
		|| outcome == OUTCOME_INTERRUPTED)
		record(steps, step);
	return outcome;
}

/* ---- undoing ---- */

/* An entry's step: DONE: it has something to do; GONE: nothing; TAKEN: the entry is another one. */
__attribute__((noinline)) static enum outcome
entry_look(struct steps *steps, const struct step *step)
{
	struct entry now;

	binfmt_read(steps->binfmt, step->name, &now, &steps->fault);
	switch (now.state) {
	case ENTRY_UNTESTED:
	case ENTRY_ABSENT: return step->kind == STEP_REGISTER ? OUTCOME_DONE : OUTCOME_GONE;
	case ENTRY_UNKNOWN: return OUTCOME_FAILED; /* never written to */
	case ENTRY_ENABLED:
	case ENTRY_DISABLED: break;
	}
	if (step->kind == STEP_REGISTER)
		return OUTCOME_GONE;
	if (step->printed && step->print != now.print)
		return OUTCOME_TAKEN;
	if (step->kind == STEP_UNREGISTER)
		return OUTCOME_DONE;
	return (now.state == ENTRY_ENABLED) == (step->kind == STEP_ENABLE) ? OUTCOME_GONE
									   : OUTCOME_DONE;
}

/* Tell if an undoing step has anything to do. GONE: no; TAKEN: its object is somebody else's. */
static enum outcome
undo_look(struct steps *steps, const struct step *step)
{
	bool on = true;

	switch (step->kind) {
	case STEP_STATUS_OFF:
	case STEP_STATUS_ON:
		/* A status that cannot be read is left to the step, which says why. */
		return binfmt_status(steps->binfmt, &on, NULL) == OUTCOME_DONE
				&& on == (step->kind == STEP_STATUS_ON)
			? OUTCOME_GONE
			: OUTCOME_DONE;
	case STEP_ENABLE:
	case STEP_DISABLE:
	case STEP_REGISTER:
	case STEP_UNREGISTER: return entry_look(steps, step);
	case STEP_REMOVE_DESCRIPTOR: return descriptor_file_ours(&steps->fault);
	case STEP_REMOVE_DIRECTORY:
		return path_exists(HOST_DESCRIPTOR_DIR) ? OUTCOME_DONE : OUTCOME_GONE;
	case STEP_RELEASE: return OUTCOME_DONE; /* it looks by itself */
	case STEP_UNIMPORT:
		return path_exists(HOST_RECORD_PATH) && path_exists(HOST_IMPORTER) ? OUTCOME_DONE
										   : OUTCOME_GONE;
	case STEP_HOLD:
	case STEP_MOUNT:
	case STEP_MAKE_DIRECTORY:
	case STEP_CREATE_DESCRIPTOR:
	case STEP_IMPORT:
	case STEP_COUNT: break;
	}
	return OUTCOME_GONE;
}

static bool
is_of_table(enum step_kind kind)
{
	return kind != STEP_REMOVE_DESCRIPTOR && kind != STEP_REMOVE_DIRECTORY
		&& kind != STEP_UNIMPORT;
}

/* Undo one step. True: nothing of it is left, or somebody else's thing stands there. */
static bool
undo_one(struct steps *steps, const struct step *step)
{
	struct step none; /* undoing is not undone */
	enum outcome outcome;

	if (is_of_table(step->kind) && steps->binfmt->table < 0) {
		/* Not mounted is not known to be gone. */
		steps->fault = *steps->closed;
		if (steps->fault.object[0] == '\0')
			fault_set(&steps->fault, 0, BINFMT_PATH, "binfmt_misc is not mounted");
		return false;
	}
	outcome = undo_look(steps, step);
	if (outcome == OUTCOME_TAKEN) {
		if (step->kind == STEP_REMOVE_DESCRIPTOR)
			fault_note(&steps->notes,
				HOST_DESCRIPTOR_PATH
				": it is not one that armhf_binfmt_prepare writes, "
				"and stays");
		else
			fault_note(&steps->notes,
				BINFMT_PATH "/%s: it is another entry by now, and stays as it is",
				step->name);
		return true;
	}
	if (outcome == OUTCOME_GONE)
		return true;
	if (outcome != OUTCOME_DONE)
		return false;
	if (!steps->dry)
		outcome = carry_out(steps, step, NULL, &none);
	/* Somebody else was faster, or the directory is not empty any more and stays. */
	if (outcome == OUTCOME_GONE || outcome == OUTCOME_TAKEN)
		return true;
	if (outcome == OUTCOME_DONE)
		record(steps, step);
	return outcome == OUTCOME_DONE;
}

unsigned int
steps_undo(struct steps *steps)
{
	struct step_list *list = &steps->undo;
	const unsigned int all = list->count;
	struct fault first = {.object = ""};
	bool recorded = false;  /* update-binfmts did not forget the entry */
	bool described = false; /* the descriptor is still in its directory */
	unsigned int left = all;

	for (unsigned int i = all; i-- > 0;) {
		const struct step step = list->steps[i];
		bool done;

		if (step.kind == STEP_REMOVE_DESCRIPTOR && recorded) {
			/* Without the descriptor update-binfmts could never forget the entry. */
			fault_set(&steps->fault, 0, HOST_DESCRIPTOR_PATH,
				"it is left until %s has forgotten the entry", HOST_IMPORTER);
			done = false;
		} else {
			done = (step.kind != STEP_REMOVE_DIRECTORY || !described)
				&& undo_one(steps, &step);
		}
		if (done)
			continue;
		recorded = recorded || step.kind == STEP_UNIMPORT;
		described = described || step.kind == STEP_REMOVE_DESCRIPTOR;
		if (first.object[0] == '\0')
			first = steps->fault;
		list->steps[--left] = step;
	}
	/* The rest was gathered at the end of the list. */
	list->count = all - left;
	if (list->count > 0) {
		memmove(list->steps, list->steps + left, list->count * sizeof(*list->steps));
		steps->fault = first;
	}
	return list->count;
}

void
steps_free(struct steps *steps)
{
	free(steps->done.steps);
	free(steps->undo.steps);
	free(steps->notes);
}
