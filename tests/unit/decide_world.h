/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide_world: a host made of numbers, in place of the kernel's. decide.c, call.c, steps.c and the
 * pure files are the product's own; the functions that look at the host and change it are here, and
 * act on a struct world. Each of them watches over the laws that hold at every instant.
 */
#ifndef ARMHF_DECIDE_WORLD_H
#define ARMHF_DECIDE_WORLD_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "descriptor.h"
#include "descriptor_file.h"
#include "observe.h"
#include "path.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The programs that an entry takes. */
enum kind { KIND_ALL, KIND_EXEC, KIND_DYN, KIND_LOOSE, KIND_OWN, KIND_NONE, KIND_COUNT };

/* Interpreters: of the entry that is found, the descriptor, tier 4, and of other entries. */
enum program { PROGRAM_FOUND, PROGRAM_DESCRIBED, PROGRAM_MADE, PROGRAM_OTHER, PROGRAM_COUNT };

/* What an interpreter does with the probe. With flag P a shifting one hands it wrong arguments. */
enum answer { ANSWER_RUNS, ANSWER_BREAKS, ANSWER_SLOW, ANSWER_SHIFTS, ANSWER_COUNT };

/* The contents of an entry, as indices into forms. */
struct form {
	unsigned char kind, program, preserve;
};

enum slot_index { SLOT_BEFORE, SLOT_OWN, SLOT_BEHIND, SLOT_COUNT };

struct slot {
	unsigned char state; /* enum entry_state */
	struct form form;
	bool again;      /* it could be registered again as it is */
	bool safe;       /* its interpreter is root's alone */
	bool switched;   /* the call enabled or disabled it */
	bool registered; /* the call registered it */
	unsigned int age;
};

struct world {
	enum host_table table;
	int error; /* of a table that is not readable */
	bool userns;
	bool elsewhere; /* the table in force is not the one shown; it holds one entry, or none */
	bool hidden;
	struct form hidden_form;
	bool on;
	struct slot slots[SLOT_COUNT];
	unsigned int clock;
	enum host_descriptor descriptor;
	struct form described;
	bool described_safe;
	bool directory, ours; /* the descriptor's directory is there; tier 4 wrote the descriptor */
	enum host_answer emulator;
	enum answer answers[PROGRAM_COUNT];
	enum host_native native;
	bool loader;    /* the cross loader does not contradict */
	bool startable; /* probes can be started */
	bool importer, imports, recorded;
};

enum meddle {
	MEDDLE_REMOVE,
	MEDDLE_DISABLE,
	MEDDLE_ENABLE,
	MEDDLE_REGISTER,
	MEDDLE_STATUS,
	MEDDLE_OTHER,
	MEDDLE_DESCRIPTOR,
	MEDDLE_MOUNT,
	MEDDLE_COUNT,
};

/* All that goes wrong in one call. */
struct trouble {
	enum outcome lock;
	unsigned char steps[STEP_COUNT]; /* enum outcome of each kind of step; DONE: it works */
	bool leaves;                     /* a failed step has made its change nevertheless */
	bool undo;                       /* the failures are those of undoing steps as well */
	unsigned int stop_at;            /* the event at which a signal arrives; 0: never */
	unsigned int meddle_at;          /* the event at which somebody else acts; 0: never */
	unsigned int meddle_every;       /* and again each so many events; 0: once */
	enum meddle meddle;
	struct form meddle_form;
};

/* What was seen of one call. */
struct seen {
	unsigned int events, locks;
	bool stopped, meddled;
	bool blind;   /* somebody else acted since the table was looked at */
	bool proved;  /* nothing was changed since the probe ran */
	bool settled; /* the table was looked at under the lock */
	bool step_failed, undo_failed, mounted, replaced;
	bool kernel;        /* the probe came to the kernel */
	bool direct;        /* the interpreter of tier 1 or 4 ran it */
	bool slow;          /* the last proof ended at the deadline */
	bool broken;        /* others had an entry in effect that takes this machine's programs */
	unsigned int asked; /* facts, as bits */
	unsigned int executed; /* programs, as bits */
};

static struct entry forms[KIND_COUNT][PROGRAM_COUNT][2];
static const char *const slot_names[SLOT_COUNT] = {"arm-a", HOST_ENTRY_NAME, "zz"};

static struct world world;
static struct trouble trouble;
static struct seen seen;
static struct call call;
static unsigned long poison; /* fills what no fact has set */

/* The law is broken: report the world and end. */
static void
broken(const char *law) __attribute__((noreturn));

static void
law(bool holds, const char *claim)
{
	if (!holds)
		broken(claim);
}

static void
forms_make(void)
{
	for (unsigned int i = 0; i < KIND_COUNT * PROGRAM_COUNT * 2; i++) {
		enum kind kind = i / (PROGRAM_COUNT * 2);
		struct entry *entry = &forms[kind][i / 2 % PROGRAM_COUNT][i % 2];
		char interpreter[] = {'/', 'i', '/', (char)('0' + i / 2 % PROGRAM_COUNT), '\0'};

		descriptor_entry(entry, HOST_ENTRY_NAME, interpreter, i % 2 == 1);
		switch (kind) {
		case KIND_EXEC: entry->mask[16] = 0xff; break;
		case KIND_DYN:
			entry->magic[16] = 3;
			entry->mask[16] = 0xff;
			break;
		case KIND_LOOSE: entry->mask[18] = entry->mask[19] = 0; break;
		case KIND_OWN: entry->size = 4; break;
		case KIND_NONE: entry->magic[0] = 'M'; break;
		case KIND_ALL:
		case KIND_COUNT: break;
		}
		entry->print = entry_print(entry);
	}
}

static const struct entry *
form_entry(struct form form)
{
	return &forms[form.kind][form.program][form.preserve];
}

static bool
form_same(struct form a, struct form b)
{
	return a.kind == b.kind && a.program == b.program && a.preserve == b.preserve;
}

static bool
is_table_shown(void)
{
	return world.table == HOST_TABLE_MOUNTED || world.table == HOST_TABLE_UNREADABLE;
}

static bool
is_enabled(const struct slot *slot)
{
	return slot->state == ENTRY_ENABLED || slot->state == ENTRY_UNKNOWN;
}

/* ---- what the kernel would do ---- */

/* The entries of the world's slots are not those in force. */
static bool
is_elsewhere(void)
{
	return is_table_shown() ? world.elsewhere : world.userns;
}

/* An enabled entry that takes every program of this machine breaks all emulators. */
static bool
is_broken(void)
{
	for (int i = 0; !is_elsewhere() && world.on && i < SLOT_COUNT; i++)
		if (is_enabled(&world.slots[i]) && world.slots[i].form.kind == KIND_OWN)
			return true;
	return false;
}

static struct probe_result
program_run(struct form form, bool through)
{
	struct probe_result result = {
		.end = PROBE_EXITED, .answered = true, .value = PROBE_MAPS_ALL};

	seen.executed |= 1U << form.program;
	if (is_broken())
		return (struct probe_result){.end = PROBE_REFUSED, .error = ELOOP};
	switch (world.answers[form.program]) {
	case ANSWER_BREAKS:
		result.answered = false;
		result.value = 1;
		break;
	case ANSWER_SLOW: result = (struct probe_result){.end = PROBE_TIMEOUT}; break;
	case ANSWER_SHIFTS:
		if (through && form.preserve)
			result.value = PROBE_ARGUMENTS;
		break;
	case ANSWER_RUNS:
	case ANSWER_COUNT: break;
	}
	return result;
}

static bool
form_takes(struct form form)
{
	return form.kind != KIND_EXEC && form.kind != KIND_NONE;
}

/* The slot that the kernel asks first for the probe, or NULL. */
static const struct slot *
slot_serving(void)
{
	const struct slot *found = NULL;

	for (int i = 0; world.on && i < SLOT_COUNT; i++) {
		const struct slot *slot = &world.slots[i];

		if (is_enabled(slot) && form_takes(slot->form)
			&& (found == NULL || slot->age > found->age))
			found = slot;
	}
	return found;
}

static enum host_serving
world_serving(struct probe_result *proof)
{
	const struct slot *slot = is_elsewhere() ? NULL : slot_serving();
	bool native = world.native == HOST_NATIVE_YES || world.native == HOST_NATIVE_PAGE_SIZE;

	if (!world.startable) {
		*proof = (struct probe_result){.end = PROBE_NOT_STARTED, .object = "memfd"};
		return HOST_SERVING_UNKNOWN;
	}
	if (slot != NULL || (is_elsewhere() && world.hidden && form_takes(world.hidden_form))) {
		*proof = program_run(slot != NULL ? slot->form : world.hidden_form, true);
		proof->way = PROBE_BY_ENTRY;
		return probe_delivered(proof) ? HOST_SERVING_ENTRY : HOST_SERVING_BROKEN;
	}
	seen.kernel = true;
	*proof = (struct probe_result){
		.way = PROBE_BY_NOBODY, .end = PROBE_REFUSED, .error = ENOEXEC};
	if (!native)
		return HOST_SERVING_NOBODY;
	*proof = (struct probe_result){.way = PROBE_BY_KERNEL,
		.end = PROBE_EXITED,
		.answered = true,
		.value = world.native == HOST_NATIVE_YES ? PROBE_MAPS_ALL : PROBE_MAPS_64K};
	return HOST_SERVING_KERNEL;
}

/* ---- somebody else ---- */

static void
meddle(void)
{
	struct slot *own = &world.slots[SLOT_OWN], *other = &world.slots[SLOT_BEHIND];

	switch (trouble.meddle) {
	case MEDDLE_REMOVE: own->state = ENTRY_ABSENT; break;
	case MEDDLE_DISABLE:
		if (own->state == ENTRY_ENABLED)
			own->state = ENTRY_DISABLED;
		break;
	case MEDDLE_ENABLE:
		if (own->state == ENTRY_DISABLED)
			own->state = ENTRY_ENABLED;
		break;
	case MEDDLE_REGISTER:
		*own = (struct slot){.state = ENTRY_ENABLED,
			.form = trouble.meddle_form,
			.again = true,
			.safe = true,
			.age = ++world.clock};
		break;
	case MEDDLE_STATUS: world.on = !world.on; break;
	case MEDDLE_OTHER:
		*other = (struct slot){
			.state = other->state == ENTRY_ABSENT ? ENTRY_ENABLED : ENTRY_ABSENT,
			.form = trouble.meddle_form,
			.again = true,
			.age = ++world.clock};
		break;
	case MEDDLE_DESCRIPTOR:
		world.descriptor = world.descriptor == HOST_DESCRIPTOR_ABSENT
			? HOST_DESCRIPTOR_VALID
			: HOST_DESCRIPTOR_ABSENT;
		world.directory = true;
		world.ours = false;
		break;
	case MEDDLE_MOUNT:
		if (world.table == HOST_TABLE_ABSENT)
			world.table = HOST_TABLE_MOUNTED;
		break;
	case MEDDLE_COUNT: break;
	}
	own->switched = own->switched && own->state == ENTRY_ENABLED;
	seen.meddled = true;
	seen.blind = true;
	seen.proved = false;
	seen.broken = seen.broken || is_broken();
}

static void
event(void)
{
	unsigned int at = ++seen.events, since = at - trouble.meddle_at;

	law(at < 1000, "a call ends");
	if (trouble.meddle_at != 0 && at >= trouble.meddle_at
		&& (trouble.meddle_every == 0 ? since == 0 : since % trouble.meddle_every == 0))
		meddle();
	seen.stopped = seen.stopped || at == trouble.stop_at;
}

int
stop_pending(const struct stop *stop)
{
	return stop != NULL && seen.stopped ? SIGINT : 0;
}

/* ---- probe ---- */

int
probe_answer(const struct probe_result *result)
{
	return result->end == PROBE_EXITED && result->answered ? result->value : 0;
}

bool
probe_delivered(const struct probe_result *result)
{
	int answer = probe_answer(result);

	return answer >= PROBE_MAPS_ALL && answer <= PROBE_MAPS_NONE;
}

void
probe_run_through(struct probe_result *result, const char *interpreter, bool preserve,
	const struct probe_limits *limits)
{
	struct form form = {.program = (unsigned char)(interpreter[3] - '0'), .preserve = preserve};

	event();
	*result = program_run(form, false);
	if (!world.startable)
		*result = (struct probe_result){.end = PROBE_NOT_STARTED, .object = "memfd"};
	if (stop_pending(limits->stop) != 0)
		*result = (struct probe_result){.end = PROBE_INTERRUPTED, .value = SIGINT};
}

void
probe_run_command(struct probe_result *result, const char *const argv[], const char *const env[],
	const struct probe_limits *limits)
{
	bool import = strcmp(argv[1], "--import") == 0;

	(void)env;
	event();
	law(world.importer, "what is not installed is not run");
	*result = (struct probe_result){.end = PROBE_EXITED};
	if (stop_pending(limits->stop) != 0)
		*result = (struct probe_result){.end = PROBE_INTERRUPTED, .value = SIGINT};
	else if (import && world.imports)
		world.recorded = true;
	else if (import)
		result->value = 1;
	else if (trouble.undo) {
		result->value = 2;
		seen.undo_failed = true;
	} else {
		/* It removes the entry with the record. */
		world.recorded = false;
		world.slots[SLOT_OWN].state = ENTRY_ABSENT;
	}
}

/* ---- path and descriptor_file ---- */

int
path_look(const char *path)
{
	bool found = strcmp(path, HOST_RECORD_PATH) == 0 ? world.recorded
		: strcmp(path, HOST_IMPORTER) == 0       ? world.importer
							 : world.directory;

	return found ? 0 : ENOENT;
}

bool
path_exists(const char *path)
{
	return path_look(path) == 0;
}

enum path_result
path_check(const char *given, enum path_kind kind, struct fault *fault)
{
	(void)kind;
	if (trouble.steps[STEP_CREATE_DESCRIPTOR] == OUTCOME_DONE)
		return PATH_SAFE;
	fault_set(fault, 0, given, "others may write to it");
	return PATH_UNSAFE;
}

bool
path_in_userns(void)
{
	return world.userns;
}

/* The outcome that a step is to have. Sets *change: it makes its change. */
static enum outcome
step_outcome(enum step_kind kind, bool undoes, bool *change, struct fault *fault)
{
	enum outcome outcome = undoes && !trouble.undo ? OUTCOME_DONE : trouble.steps[kind];

	event();
	law(!call.dry, "-n changes nothing");
	*change = outcome == OUTCOME_DONE;
	if (outcome == OUTCOME_DONE)
		return outcome;
	*change = trouble.leaves && !undoes
		&& (outcome == OUTCOME_FAILED || outcome == OUTCOME_OVERRULED);
	if (undoes)
		seen.undo_failed = true;
	seen.step_failed = true;
	fault_set(fault, outcome == OUTCOME_REFUSED ? EPERM : 0, "the step", "it fails");
	return outcome;
}

static void
changed(void)
{
	seen.proved = false;
}

enum outcome
descriptor_file_create(const struct entry *entry, struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(STEP_CREATE_DESCRIPTOR, false, &change, fault);

	if (world.descriptor != HOST_DESCRIPTOR_ABSENT) {
		law(seen.meddled || seen.undo_failed, "a descriptor is written where none is");
		fault_set(fault, EEXIST, HOST_DESCRIPTOR_PATH, "cannot write it");
		return OUTCOME_TAKEN;
	}
	law(world.directory, "a descriptor is written into a directory that is there");
	if (change) {
		world.descriptor = HOST_DESCRIPTOR_VALID;
		world.described = (struct form){
			KIND_ALL, PROGRAM_MADE, (unsigned char)entry_has(entry, 'P')};
		world.described_safe = world.ours = true;
		changed();
	}
	return outcome;
}

enum outcome
descriptor_file_possible(struct fault *fault)
{
	return path_check(HOST_DESCRIPTOR_DIR, PATH_DIRECTORY, fault) == PATH_UNSAFE
		? OUTCOME_FAILED
		: OUTCOME_DONE;
}

enum outcome
descriptor_file_ours(struct fault *fault)
{
	(void)fault;
	if (world.descriptor == HOST_DESCRIPTOR_ABSENT)
		return OUTCOME_GONE;
	return world.ours ? OUTCOME_DONE : OUTCOME_TAKEN;
}

enum outcome
descriptor_file_remove(struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(STEP_REMOVE_DESCRIPTOR, true, &change, fault);

	law(world.ours || seen.meddled, "no descriptor is removed but tier 4's own");
	if (change) {
		world.descriptor = HOST_DESCRIPTOR_ABSENT;
		world.ours = false;
	}
	return outcome;
}

enum outcome
descriptor_directory_make(struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(STEP_MAKE_DIRECTORY, false, &change, fault);

	world.directory = world.directory || change;
	return outcome;
}

enum outcome
descriptor_directory_remove(struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(STEP_REMOVE_DIRECTORY, true, &change, fault);

	if (world.descriptor != HOST_DESCRIPTOR_ABSENT)
		return OUTCOME_TAKEN;
	world.directory = world.directory && !change;
	return outcome;
}

/* ---- binfmt ---- */

enum outcome
binfmt_open(struct binfmt *binfmt, struct fault *fault)
{
	(void)fault;
	if (binfmt->table < 0 && !is_table_shown())
		return OUTCOME_GONE;
	binfmt->table = 1000;
	return OUTCOME_DONE;
}

void
binfmt_close(struct binfmt *binfmt)
{
	*binfmt = BINFMT_NONE;
}

enum outcome
binfmt_mount(struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(STEP_MOUNT, false, &change, fault);

	if (world.table == HOST_TABLE_MOUNTED) {
		law(seen.meddled, "what is mounted is not mounted again");
		return OUTCOME_TAKEN;
	}
	law(world.table == HOST_TABLE_ABSENT, "nothing is mounted over an autofs, or nowhere");
	law(seen.direct, "a mount waits until the interpreter has run the probe");
	if (outcome == OUTCOME_DONE) {
		world.table = HOST_TABLE_MOUNTED;
		seen.mounted = true;
		if (world.userns)
			memset(world.slots, 0, sizeof(world.slots));
		for (int i = 0; i < SLOT_COUNT; i++)
			if (world.slots[i].state == ENTRY_UNTESTED)
				world.slots[i].state = ENTRY_ABSENT;
		world.on = world.on || world.userns;
		world.elsewhere = false;
		changed();
	}
	return outcome;
}

enum outcome
binfmt_lock(struct binfmt *binfmt, const struct stop *stop, int seconds, struct fault *fault)
{
	(void)seconds;
	event();
	law(!call.dry, "-n takes no lock");
	law(binfmt->lock < 0, "the lock is acquired once");
	seen.locks++;
	if (stop_pending(stop) != 0)
		return OUTCOME_INTERRUPTED;
	if (trouble.lock != OUTCOME_DONE) {
		fault_set(fault, trouble.lock == OUTCOME_REFUSED ? EACCES : 0,
			BINFMT_PATH "/register", "cannot lock it");
		return trouble.lock;
	}
	binfmt->lock = 1001;
	seen.settled = false;
	return OUTCOME_DONE;
}

enum outcome
binfmt_status(const struct binfmt *binfmt, bool *on, struct fault *fault)
{
	(void)binfmt;
	(void)fault;
	*on = world.on;
	return OUTCOME_DONE;
}

static struct slot *
slot_find(const char *name)
{
	for (int i = 0; i < SLOT_COUNT; i++)
		if (strcmp(name, slot_names[i]) == 0)
			return &world.slots[i];
	broken("a step names an entry that is none");
}

void
binfmt_read(const struct binfmt *binfmt, const char *name, struct entry *entry, struct fault *fault)
{
	const struct slot *slot = slot_find(name);

	(void)binfmt;
	if (slot->state == ENTRY_ENABLED || slot->state == ENTRY_DISABLED)
		*entry = *form_entry(slot->form);
	if (slot->state == ENTRY_UNKNOWN)
		fault_set(fault, 0, name, "its text is not understood");
	entry->state = slot->state;
	snprintf(entry->name, sizeof(entry->name), "%s", name);
}

/* Before the table is changed. */
static void
write_check(const struct binfmt *binfmt)
{
	law(binfmt->lock >= 0, "the table is changed under the lock alone");
	law(seen.settled || call.verb != CALL_DECIDES,
		"the table is looked at again under the lock before it is changed");
}

/* An entry that takes this machine's own programs is put into effect by nobody here. */
static void
effect_check(void)
{
	/* What somebody else did since the table was looked at is not to be known. */
	seen.broken = seen.broken || (seen.blind && is_broken());
	law(!is_broken() || seen.broken,
		"no entry that takes this machine's own programs is put into effect");
}

enum outcome
binfmt_set_status(const struct binfmt *binfmt, bool on, struct fault *fault)
{
	bool change;
	enum outcome outcome = step_outcome(
		on ? STEP_STATUS_ON : STEP_STATUS_OFF, !on, &change, fault);

	write_check(binfmt);
	law(world.on != on || seen.blind, "the status is not written as it is");
	if (change)
		world.on = on;
	effect_check();
	changed();
	return outcome;
}

enum outcome
binfmt_enable(const struct binfmt *binfmt, const char *name, const uint32_t *print, bool on,
	struct fault *fault)
{
	struct slot *slot = slot_find(name);
	const struct entry *entry = form_entry(slot->form);
	/* The call undoes what it has enabled or disabled itself. */
	bool change, undoes = slot->switched || call.verb != CALL_DECIDES;
	enum outcome outcome;

	if (print != NULL && slot->state != ENTRY_ABSENT && *print != entry_print(entry))
		return OUTCOME_TAKEN;
	write_check(binfmt);
	outcome = step_outcome(on ? STEP_ENABLE : STEP_DISABLE, undoes, &change, fault);
	if (slot->state == ENTRY_ABSENT) {
		law(seen.meddled, "an entry that is not there is not written to");
		return OUTCOME_GONE;
	}
	if (!seen.meddled && !undoes) {
		law(slot->state != ENTRY_UNKNOWN,
			"an entry that is not understood is not written to");
		law((slot->state == ENTRY_ENABLED) != on, "no entry is written as it is");
		law(on || call.policy == POLICY_NATIVE, "only policy native disables an entry");
		law(on || entry_loose(entry) == NULL,
			"no entry is disabled that serves other programs too");
		law(!on || (slot == &world.slots[SLOT_OWN] && slot->safe),
			"no entry is enabled whose interpreter others could replace");
	}
	if (change)
		slot->state = on ? ENTRY_ENABLED : ENTRY_DISABLED;
	slot->switched = change ? !undoes : slot->switched;
	effect_check();
	changed();
	return outcome;
}

/* ---- holds: nobody asks for one here, and none is found (tests/model has their laws) ---- */

static enum outcome
no_hold(void)
{
	broken("no hold is taken or released that nobody asked for");
}

enum outcome
hold_anybody(const struct binfmt *binfmt, bool *held, struct fault *fault)
{
	(void)binfmt;
	(void)fault;
	*held = false;
	return OUTCOME_DONE;
}

enum outcome
hold_others(const struct hold *hold, bool *held, struct fault *fault)
{
	(void)hold;
	(void)held;
	(void)fault;
	return no_hold();
}

enum outcome
hold_lock(struct hold *hold, const struct binfmt *binfmt, struct fault *fault)
{
	(void)hold;
	(void)binfmt;
	(void)fault;
	return no_hold();
}

enum outcome
hold_unlock(struct hold *hold, struct fault *fault)
{
	(void)hold;
	(void)fault;
	return no_hold();
}

enum outcome
hold_announce(const struct binfmt *binfmt, const char *who, struct fault *fault)
{
	(void)binfmt;
	(void)who;
	(void)fault;
	return no_hold();
}

enum outcome
hold_take(const struct binfmt *binfmt, const char *name, bool *made, uint32_t *print,
	struct fault *fault)
{
	(void)binfmt;
	(void)name;
	(void)made;
	(void)print;
	(void)fault;
	return no_hold();
}

enum outcome
hold_release(const struct binfmt *binfmt, const char *name, struct fault *fault)
{
	(void)binfmt;
	(void)name;
	(void)fault;
	return no_hold();
}

int
program_check(const char *path, const struct program_host *host, unsigned int lines,
	struct program_report *report)
{
	(void)path;
	(void)host;
	(void)lines;
	(void)report;
	broken("no program is checked that nobody asked for");
}

void
program_release(struct program_report *report)
{
	(void)report;
}

static struct form
entry_form(const struct entry *entry)
{
	struct form form = {.program = (unsigned char)(entry->interpreter[3] - '0'),
		.preserve = entry_has(entry, 'P')};

	for (form.kind = 0; form.kind < KIND_COUNT; form.kind++) {
		const struct entry *known = form_entry(form);

		if (known->size == entry->size
			&& memcmp(known->magic, entry->magic, entry->size) == 0
			&& memcmp(known->mask, entry->mask, entry->size) == 0)
			return form;
	}
	broken("an entry is registered as it was found, described or made");
}

static struct slot found; /* the entry of our name that the call has removed */

enum outcome
binfmt_register(const struct binfmt *binfmt, const struct entry *entry, struct fault *fault)
{
	struct slot *own = &world.slots[SLOT_OWN];
	struct form form = entry_form(entry);
	bool change, undoes = seen.replaced && form_same(form, found.form);
	enum outcome outcome;

	write_check(binfmt);
	law(slot_find(entry->name) == own, "no entry of another name is registered");
	outcome = step_outcome(STEP_REGISTER, undoes, &change, fault);
	if (own->state != ENTRY_ABSENT) {
		law(seen.meddled || seen.undo_failed, "an entry is registered where none stands");
		return OUTCOME_TAKEN;
	}
	law(undoes || seen.meddled || form.program == PROGRAM_DESCRIBED
			|| form.program == PROGRAM_MADE,
		"what is registered is the descriptor's entry or tier 4's");
	if (change) {
		*own = (struct slot){
			.state = entry->state == ENTRY_DISABLED ? ENTRY_DISABLED : ENTRY_ENABLED,
			.form = form,
			.again = true,
			.safe = true,
			.registered = !undoes,
			.age = ++world.clock};
		if (undoes) {
			own->again = found.again;
			own->safe = found.safe;
			own->switched = found.switched;
		}
	}
	if (!undoes)
		effect_check();
	changed();
	return outcome;
}

enum outcome
binfmt_unregister(const struct binfmt *binfmt, const char *name, struct fault *fault)
{
	struct slot *slot = slot_find(name);
	bool change, undoes = slot->registered || call.verb != CALL_DECIDES;
	enum outcome outcome;

	write_check(binfmt);
	outcome = step_outcome(STEP_UNREGISTER, undoes, &change, fault);
	if (slot->state == ENTRY_ABSENT) {
		law(seen.meddled, "an entry that is not there is not removed");
		return OUTCOME_GONE;
	}
	if (!undoes && !seen.blind) {
		law(slot == &world.slots[SLOT_OWN], "no entry of another name is removed");
		law(slot->state != ENTRY_UNKNOWN, "no entry is removed that is not understood");
		law(slot->again, "no entry is removed that could not be registered again");
		law(!seen.slow, "no entry is removed that may only be slow");
		law(seen.direct,
			"no entry is removed before the descriptor's interpreter has run "
			"the probe");
	}
	if (change && !undoes) {
		found = *slot;
		seen.replaced = true;
	}
	if (change)
		slot->state = ENTRY_ABSENT;
	changed();
	return outcome;
}

bool
binfmt_registrable(const struct entry *entry)
{
	const struct slot *own = &world.slots[SLOT_OWN];

	(void)entry;
	law(own->again || seen.blind, "an entry that could not be registered again is left alone");
	return own->again;
}

enum outcome
binfmt_writable(const struct binfmt *binfmt, struct fault *fault)
{
	(void)binfmt;
	(void)fault;
	return OUTCOME_DONE;
}

/* ---- observe ---- */

void
observe_machine(struct host *host)
{
	host->arm64 = true;
	host->page_size = 4096;
}

static void
claimers_observe(struct host *host)
{
	const struct slot *newest = NULL;

	host->claimers = calloc(SLOT_COUNT, sizeof(*host->claimers));
	for (int i = 0; i < SLOT_COUNT; i++) {
		const struct slot *slot = &world.slots[i];
		const struct entry *entry = form_entry(slot->form);
		struct host_claimer *claimer = &host->claimers[host->claimer_count];

		host->entry_count += slot->state != ENTRY_ABSENT;
		if (slot->state == ENTRY_UNKNOWN) {
			host->untold = true;
			strcpy(host->unknown, slot_names[i]);
			fault_set(&host->unknown_fault, 0, slot_names[i],
				"its text is not understood");
		}
		if (slot->state != ENTRY_ENABLED && slot->state != ENTRY_DISABLED)
			continue;
		if (slot->state == ENTRY_ENABLED && slot->form.kind == KIND_OWN
			&& host->breaks[0] == '\0')
			strcpy(host->breaks, slot_names[i]);
		if (slot->form.kind == KIND_NONE)
			continue;
		host->claimer_count++;
		strcpy(claimer->name, slot_names[i]);
		claimer->enabled = slot->state == ENTRY_ENABLED;
		claimer->takes = entry_takes_armhf(entry);
		claimer->print = entry->print;
		claimer->loose = entry_loose(entry);
		if (world.on && claimer->enabled && form_takes(slot->form)
			&& (newest == NULL || slot->age > newest->age)) {
			newest = slot;
			host->newest = *entry;
			host->newest.state = ENTRY_ENABLED;
			strcpy(host->newest.name, slot_names[i]);
		}
	}
}

static void
table_observe(struct host *host, struct binfmt *binfmt)
{
	const struct slot *own = &world.slots[SLOT_OWN];

	host->table = world.table;
	host->own.state = ENTRY_ABSENT;
	if (!is_table_shown()) {
		if (world.table == HOST_TABLE_IMPOSSIBLE)
			fault_set(&host->table_fault, 0, BINFMT_PATH, "no such directory");
		return;
	}
	binfmt->table = 1000;
	if (world.table == HOST_TABLE_UNREADABLE) {
		fault_set(&host->table_fault, world.error, BINFMT_PATH, "cannot list it");
		return;
	}
	host->on = world.on;
	binfmt_read(binfmt, HOST_ENTRY_NAME, &host->own, NULL);
	host->own_again = own->again;
	host->own_may_serve = own->state != ENTRY_UNKNOWN && own->safe && form_takes(own->form)
		&& own->form.kind != KIND_OWN;
	if (!host->own_may_serve)
		fault_set(&host->own_fault, 0, HOST_ENTRY_NAME, "it may not serve");
	claimers_observe(host);
}

/* Fill what no fact has set with anything: nothing may depend on it. */
static void
poison_fill(struct host *host)
{
	struct form any = {(unsigned char)(poison % KIND_COUNT),
		(unsigned char)(poison / 7 % PROGRAM_COUNT), (unsigned char)(poison / 3 % 2)};
	struct probe_result result = {.end = (enum probe_end)(PROBE_REFUSED + poison / 5 % 4),
		.answered = true,
		.value = (int)(PROBE_MAPS_ALL + poison / 11 % 7),
		.error = ENOENT};

	if (poison == 0)
		return;
	if (host->descriptor == HOST_DESCRIPTOR_UNTESTED)
		host->described = *form_entry(any);
	if (host->emulator == HOST_UNTESTED)
		host->made = *form_entry(any);
	if (host->serving == HOST_SERVING_UNTESTED)
		host->proof = result;
	if (host->direct == HOST_UNTESTED)
		host->direct_result = result;
	if (host->fit == HOST_UNTESTED)
		fault_set(&host->fit_fault, 0, "poison", "%lu", poison);
	if (host->emulator == HOST_UNTESTED)
		fault_set(&host->emulator_fault, 0, "poison", "%lu", poison);
}

static void
direct_observe(struct host *host)
{
	struct form form = host->descriptor == HOST_DESCRIPTOR_VALID
		? world.described
		: (struct form){KIND_ALL, PROGRAM_MADE, 0};

	host->direct_result = program_run(form, false);
	if (!world.startable)
		host->direct_result = (struct probe_result){.object = "memfd"};
	host->direct = probe_delivered(&host->direct_result) ? HOST_YES : HOST_NO;
	seen.direct = seen.direct || host->direct == HOST_YES;
}

bool
observe_may_serve(const struct entry *entry, const char *object, bool pinned, struct fault *fault)
{
	const struct slot *slot = slot_find(entry->name);

	(void)pinned;
	if (slot->safe && form_takes(slot->form) && slot->form.kind != KIND_OWN)
		return true;
	fault_set(fault, 0, object, "it may not serve");
	return false;
}

int
observe_fact(struct host *host, enum host_fact fact, struct binfmt *binfmt,
	const struct probe_limits *limits)
{
	bool probes = fact == HOST_FACT_SERVING || fact == HOST_FACT_NATIVE
		|| fact == HOST_FACT_LOADER || fact == HOST_FACT_DIRECT;

	event();
	seen.asked |= 1U << fact;
	if (probes && stop_pending(limits->stop) != 0)
		return SIGINT;
	switch (fact) {
	case HOST_FACT_TABLE:
		table_observe(host, binfmt);
		poison_fill(host);
		seen.blind = false;
		seen.settled = binfmt->lock >= 0;
		break;
	case HOST_FACT_DESCRIPTOR:
		host->descriptor = world.descriptor;
		host->described = *form_entry(world.described);
		if (world.descriptor > HOST_DESCRIPTOR_VALID)
			fault_set(&host->descriptor_fault,
				world.descriptor == HOST_DESCRIPTOR_UNREADABLE ? world.error : 0,
				HOST_DESCRIPTOR_PATH, "it is none");
		break;
	case HOST_FACT_SERVING:
		law(host->table != HOST_TABLE_UNTESTED,
			"the table is looked at before the probe runs");
		host->serving = world_serving(&host->proof);
		if (host->serving == HOST_SERVING_KERNEL || host->serving == HOST_SERVING_NOBODY)
			host->native = world.native;
		seen.slow = host->proof.end == PROBE_TIMEOUT;
		seen.proved = true;
		break;
	case HOST_FACT_NATIVE:
		host->native = !world.startable ? HOST_NATIVE_UNKNOWN
			: is_broken()           ? HOST_NATIVE_SHADOWED
						: world.native;
		seen.kernel = true;
		break;
	case HOST_FACT_LOADER: host->loader = world.loader ? HOST_YES : HOST_NO; break;
	case HOST_FACT_FIT:
		law(host->descriptor == HOST_DESCRIPTOR_VALID, "only a valid descriptor may fit");
		host->fit = world.described_safe && form_takes(world.described)
				&& world.described.kind != KIND_OWN
			? HOST_YES
			: HOST_NO;
		fault_set(&host->fit_fault, 0, HOST_DESCRIPTOR_PATH, "it does not fit");
		break;
	case HOST_FACT_EMULATOR:
		host->emulator = world.emulator;
		host->made = forms[KIND_ALL][PROGRAM_MADE][1];
		fault_set(&host->emulator_fault, 0, HOST_EMULATOR_STATIC, "it is not root's");
		break;
	case HOST_FACT_IMPORTER:
		host->importer = world.importer ? HOST_YES : HOST_NO;
		host->recorded = world.recorded;
		break;
	case HOST_FACT_DIRECT: direct_observe(host); break;
	}
	return 0;
}

#endif
