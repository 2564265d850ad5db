/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * plan: the decision. From the facts, the policy and what this call has done so far to
 * what is next: ask for a fact, take steps, put back, or a verdict. Pure and
 * total: no system calls, no heap, an answer for every combination.
 */
#ifndef ARMHF_PLAN_H
#define ARMHF_PLAN_H

#include "host.h"

enum plan_policy {
	PLAN_POLICY_REGISTERED = 0,
	PLAN_POLICY_NATIVE,
	PLAN_POLICY_EMULATED,
};

enum plan_reason {
	PLAN_REASON_NONE = 0,
	/* success */
	PLAN_REASON_DESCRIPTOR_REGISTERED,
	PLAN_REASON_DESCRIPTOR_ENABLED,
	PLAN_REASON_DESCRIPTOR_CURRENT,
	PLAN_REASON_DESCRIPTOR_RELOADED,
	PLAN_REASON_DESCRIPTOR_CREATED,
	PLAN_REASON_ENTRY_TRUSTED,
	PLAN_REASON_ENTRY_ENABLED,
	PLAN_REASON_OTHER_ENTRY,
	PLAN_REASON_NATIVE,
	PLAN_REASON_NATIVE_BLOCKED,
	PLAN_REASON_UNDO_DONE,
	/* failure */
	PLAN_REASON_DESCRIPTOR_INVALID,
	PLAN_REASON_DESCRIPTOR_FAILED,
	PLAN_REASON_ENTRY_DISABLED,
	PLAN_REASON_ENTRY_BROKEN,
	PLAN_REASON_EMULATOR_MISSING,
	PLAN_REASON_REGISTRATION_FAILED,
	PLAN_REASON_BINFMT_UNAVAILABLE,
	PLAN_REASON_BINFMT_OFF,
	PLAN_REASON_BINFMT_BUSY,
	PLAN_REASON_NOT_PERMITTED,
	PLAN_REASON_PROBE_TIMEOUT,
	PLAN_REASON_PROBE_FAILED,
	PLAN_REASON_UNDO_FAILED,
	PLAN_REASON_INTERRUPTED,
	PLAN_REASON_SYSTEM_ERROR,
	PLAN_REASON_COUNT,
};

enum plan_step_kind {
	PLAN_STEP_MOUNT = 0,
	PLAN_STEP_STATUS_ON,
	PLAN_STEP_STATUS_OFF,
	PLAN_STEP_ENABLE,
	PLAN_STEP_DISABLE,
	PLAN_STEP_REGISTER,
	PLAN_STEP_UNREGISTER,
	PLAN_STEP_CREATE_DESCRIPTOR,
	PLAN_STEP_REMOVE_DESCRIPTOR,
	PLAN_STEP_IMPORT,
	PLAN_STEP_UNIMPORT,
	PLAN_STEP_KIND_COUNT,
};

struct plan_step {
	enum plan_step_kind kind;
	char name[NAME_MAX + 1]; /* of the entry; empty where the kind takes none */
};

/* What this call has done so far: the last thing that stands, or that went wrong and was put back. */
enum plan_stage {
	PLAN_STAGE_NOTHING = 0,
	PLAN_STAGE_ENABLED,      /* qemu-arm, or status, was switched on */
	PLAN_STAGE_REGISTERED,   /* the descriptor's entry, where none stood */
	PLAN_STAGE_REPLACED,     /* the descriptor's entry, in place of another */
	PLAN_STAGE_CREATED,      /* tier 4: descriptor made, entry registered */
	PLAN_STAGE_IMPORTED,     /* tier 4, proved, import tried */
	PLAN_STAGE_SWITCHED_OFF, /* policy native: every claimer */
	PLAN_STAGE_UNPROVED,     /* policy native: switching off did not help; put back */
	PLAN_STAGE_KEPT,         /* policy native: switching off was refused; put back */
	PLAN_STAGE_REFUSED,      /* a change was refused or impossible; put back */
	PLAN_STAGE_FAILED,       /* a step failed; put back */
	PLAN_STAGE_COUNT,
};

struct plan_past {
	enum plan_stage stage;
	enum plan_reason reason; /* with PLAN_STAGE_REFUSED and PLAN_STAGE_FAILED: why */
	int tier;                /* likewise: the tier that was being carried out */
};

enum plan_kind {
	PLAN_KIND_ASK = 0, /* look at fact, decide again */
	PLAN_KIND_STEPS,   /* take the steps, forget the facts, decide again at stage next */
	PLAN_KIND_BACK, /* undo this call's steps, forget the facts, decide again at stage next */
	PLAN_KIND_DONE, /* the verdict: undo this call's steps unless it is a success */
};

struct plan {
	enum plan_kind kind;
	enum host_fact ask; /* with PLAN_KIND_ASK */
	/* With PLAN_KIND_STEPS and PLAN_KIND_BACK; back to NOTHING starts again from the facts. */
	enum plan_stage next;
	/* With PLAN_KIND_DONE; with PLAN_KIND_STEPS what it will be if all goes well. */
	enum plan_reason reason;
	int tier; /* 1 to 4, 0 where none was chosen */
	unsigned int step_count;
	struct plan_step steps[HOST_CLAIMERS_MAX + 4];
};

/* How a step, or the lock before it, ended. */
enum plan_outcome {
	PLAN_OUTCOME_DONE = 0,
	PLAN_OUTCOME_RACED,       /* somebody else changed the same thing meanwhile */
	PLAN_OUTCOME_REFUSED,     /* EPERM, EACCES, EROFS */
	PLAN_OUTCOME_IMPOSSIBLE,  /* ENODEV: the kernel has no binfmt_misc */
	PLAN_OUTCOME_OVERRULED,   /* it reads back as something else */
	PLAN_OUTCOME_FAILED,      /* anything else */
	PLAN_OUTCOME_BUSY,        /* the lock was not to be had in time */
	PLAN_OUTCOME_INTERRUPTED, /* a stop signal is pending */
};

/* What the past is after the plan's steps ended so; failed is the step that did, if one did. */
void
plan_after(struct plan_past *past, const struct plan *plan, enum plan_step_kind failed,
	enum plan_outcome outcome);

/* What is next. Never asks for a fact that is known. */
void
plan_decide(struct plan *plan, const struct host *host, enum plan_policy policy,
	const struct plan_past *past);

/* True for the reasons that go with status 0. */
bool
plan_reason_success(enum plan_reason reason);

/* True if the entry of this state serves: enabled (or unknown, which counts as that) and the status on. */
bool
plan_in_effect(const struct host *host, enum entry_state state);

/* The entry that serves armhf by what the table says, or NULL. Of several: qemu-arm, else the first by name. */
const struct entry *
plan_serving_entry(const struct host *host);

/* The entry that the kernel takes for armhf by what the table says, or NULL. Of several: the newest. */
const struct entry *
plan_catching_entry(const struct host *host);

/* The registration that a step of this tier makes: the descriptor's, or tier 4's own. */
const struct entry *
plan_entry(const struct host *host, int tier);

/* Tokens, as outcome variables and options carry them. */
const char *
plan_reason_name(enum plan_reason reason);
const char *
plan_policy_name(enum plan_policy policy);
const char *
plan_native_name(enum host_native native);

/* The policy of that name into *policy; false if there is none. */
bool
plan_policy_find(enum plan_policy *policy, const char *name);

/* A step's token, "enable:qemu-arm" with the name escaped, into text; returns the whole length, as snprintf does. */
size_t
plan_step_print(const struct plan_step *step, char *text, size_t size);

/* Parse one token of length bytes; false if it is none, or its name is no entry's name. */
bool
plan_step_parse(struct plan_step *step, const char *token, size_t length);

#endif
