/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * decide: the four tiers and the three policies; POLICIES in the manual tells what they do. Written
 * as if nothing could go wrong: once the call is over, or must begin again, looking and changing do
 * nothing, and the first verdict stands.
 */
#include "decide.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OWN_PATH BINFMT_PATH "/" HOST_ENTRY_NAME

/* ---- questions ---- */

static bool
own_absent(struct call *call)
{
	return look(call, HOST_FACT_TABLE)->own.state == ENTRY_ABSENT;
}

static bool
own_enabled(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);

	return host_in_effect(host, host->own.state);
}

static enum host_serving
serving(struct call *call)
{
	return look(call, HOST_FACT_SERVING)->serving;
}

/* The kernel runs it, ld.so included. */
static bool
native(struct call *call)
{
	return serving(call) == HOST_SERVING_KERNEL
		&& look(call, HOST_FACT_LOADER)->loader != HOST_NO;
}

static bool
caught(struct call *call)
{
	return serving(call) == HOST_SERVING_ENTRY || serving(call) == HOST_SERVING_BROKEN;
}

/* An entry catches it, but the kernel could run it. */
static bool
native_beneath(struct call *call)
{
	return caught(call) && host_native_able(look(call, HOST_FACT_NATIVE));
}

/* It runs as the policy wants it from an entry of its own. */
static bool
runs(struct call *call)
{
	return serving(call) == HOST_SERVING_ENTRY
		|| (serving(call) == HOST_SERVING_KERNEL && call->policy == POLICY_REGISTERED);
}

/* The table shown is not the one in force: an entry takes the probe's own header and did not catch it. */
static bool
elsewhere(struct call *call)
{
	return host_claimed(look(call, HOST_FACT_TABLE), ENTRY_DYN) > 0 && !caught(call);
}

static bool
fits(struct call *call)
{
	/* A change before made it unknown, and somebody else may have removed it. */
	if (look(call, HOST_FACT_DESCRIPTOR)->descriptor != HOST_DESCRIPTOR_VALID) {
		undo(call);
		begin_again(call);
	}
	return look(call, HOST_FACT_FIT)->fit == HOST_YES;
}

/* ---- failures ---- */

static bool
is_forbidden(const struct fault *fault)
{
	return fault->error == EACCES || fault->error == EPERM || fault->error == EROFS;
}

/* Where an entry takes every program of this machine no interpreter runs: that entry is named. */
static void
blame_loose(struct call *call)
{
	const struct host *host = &call->host;

	if (host->serving != HOST_SERVING_BROKEN || host->breaks[0] == '\0')
		return;
	fault_wrap(
		&call->cause, "the entry %s takes this machine's own programs too; ", host->breaks);
	call->cause.remedy = "disable that entry ('echo 0' into its file in " BINFMT_PATH ")";
}

/* How the last proof ended, through the entry that the kernel asks first. object may be "": none is known. */
static const struct fault *
symptom(struct call *call, const char *object)
{
	const struct host *host = look(call, HOST_FACT_SERVING);

	words_symptom(&call->cause, object[0] != '\0' ? object : "armhf", &host->proof,
		host->newest.state == ENTRY_ENABLED ? &host->newest : NULL, host->page_size,
		call->seconds);
	blame_loose(call);
	return &call->cause;
}

/* A tier's own failure, unless what was seen on the way ranks before it. */
static void
fail(struct call *call, int tier, enum reason reason, const struct fault *fault)
{
	if (serving(call) == HOST_SERVING_UNKNOWN) {
		fault = symptom(call, "armhf");
		reason = REASON_PROBE_FAILED;
	} else if (elsewhere(call)) {
		fault_set(&call->cause, 0, BINFMT_PATH,
			"an enabled entry should take armhf and does not: the table that is shown is "
			"not the one in force");
		call->cause.remedy =
			"run this where the table in force is shown, in a container on its "
			"host";
		fault = &call->cause;
		reason = REASON_BINFMT_UNAVAILABLE;
	} else if (call->host.proof.end == PROBE_TIMEOUT) {
		reason = REASON_PROBE_TIMEOUT;
	}
	verdict(call, tier, reason, fault);
}

/* Write the names of all entries in effect that take armhf. */
static void
claimers_print(const struct host *host, char *text, size_t size)
{
	size_t used = 0;
	unsigned int left = host_claimed(host, ENTRY_ALL);

	text[0] = '\0';
	for (unsigned int i = 0; i < host->claimer_count; i++) {
		if (!host->claimers[i].enabled)
			continue;
		if (used + NAME_MAX + 32 > size) {
			snprintf(text + used, size - used, " and %u more", left);
			return;
		}
		used += (size_t)snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "",
			host->claimers[i].name);
		left--;
	}
}

/* armhf does not run though an entry takes it: which one, which others, and why not. */
static void
fail_broken(struct call *call, int tier)
{
	const struct host *host = look(call, HOST_FACT_SERVING);
	const struct entry *entry = host->newest.state == ENTRY_ENABLED ? &host->newest
		: host->own.state == ENTRY_ABSENT                       ? NULL
									: &host->own;
	char object[sizeof(BINFMT_PATH) + NAME_MAX + 1], names[3 * NAME_MAX];

	if (entry == NULL) {
		symptom(call, BINFMT_PATH);
		fault_wrap(&call->cause,
			"armhf is caught by an entry of a table that is not shown here, and does not run: ");
	} else if (entry->state == ENTRY_UNKNOWN) {
		call->cause = host->own_fault;
	} else if (entry == &host->own && !(entry_takes_armhf(entry) & ENTRY_DYN)) {
		fault_set(&call->cause, 0, OWN_PATH,
			entry_takes_armhf(entry) != 0
				? "it takes programs of e_type EXEC alone, and those of a "
				  "distribution are DYN"
				: "it takes no armhf programs");
		call->cause.remedy = "remove the entry ('echo -1 > @') and run this again";
	} else {
		snprintf(object, sizeof(object), BINFMT_PATH "/%s", entry->name);
		claimers_print(host, names, sizeof(names));
		symptom(call, object);
		fault_wrap(&call->cause,
			"armhf is claimed by %s and does not run through %.300s: ", names,
			entry->interpreter);
		if (tier == 3 && host->breaks[0] == '\0')
			call->cause.remedy = "disable the entry ('echo 0 > @') or run this with -p "
					     "native, and armhf runs natively";
	}
	fail(call, tier, REASON_ENTRY_BROKEN, &call->cause);
}

/* The entry is disabled for somebody who needs armhf to stay native. */
static void
fail_held(struct call *call, int tier)
{
	fault_set(&call->cause, 0, OWN_PATH, "it is held disabled: armhf is to stay native for %s",
		call->host.who);
	fail(call, tier, REASON_ENTRY_HELD, &call->cause);
}

/* Say how the interpreter of tier 1 or 4 failed when it was run directly. */
static void
fail_direct(struct call *call, int tier, const struct entry *entry)
{
	const struct probe_result *result = &call->host.direct_result;
	enum reason reason = tier == 1 ? REASON_DESCRIPTOR_FAILED : REASON_REGISTRATION_FAILED;

	words_symptom(&call->cause, entry->interpreter, result, entry, call->host.page_size,
		call->seconds);
	blame_loose(call);
	if (result->end == PROBE_TIMEOUT)
		reason = REASON_PROBE_TIMEOUT;
	if (result->end == PROBE_NOT_STARTED)
		reason = REASON_PROBE_FAILED;
	verdict(call, tier, reason, &call->cause);
}

/* ---- the kernel serves ---- */

/* armhf runs natively. With -k the shell becomes a holder first; where that disables an entry, the proof is repeated. */
static void
native_verdict(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);

	if (call->who != NULL && host->table != HOST_TABLE_MOUNTED)
		fault_note(&call->notes,
			BINFMT_PATH
			": binfmt_misc is not mounted here, so nothing keeps armhf native");
	if (call->who == NULL || host->table != HOST_TABLE_MOUNTED
		|| (change(call, CHANGE_HOLD, 3, REASON_NATIVE) && native(call)))
		verdict(call, 3, REASON_NATIVE, NULL);
}

/* ---- the tiers ---- */

/* armhf runs through an entry: through qemu-arm, or through another that is newer. */
static void
entry_serves(struct call *call, enum reason trusted)
{
	const struct host *host = look(call, HOST_FACT_SERVING);

	if (host->table == HOST_TABLE_MOUNTED && host_own_serves(host)) {
		verdict(call, 2, trusted, NULL);
		return;
	}
	if (host_in_effect(host, host->own.state) && host->table == HOST_TABLE_MOUNTED)
		fault_note(&call->notes, OWN_PATH ": it is shadowed by a newer entry, %s",
			host->newest.name);
	verdict(call, 3, REASON_OTHER_ENTRY, NULL);
}

/* Put the descriptor's entry in the place of one that does not run armhf. */
static void
tier1_replace(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_SERVING);

	if (host->own.state == ENTRY_UNKNOWN) {
		fail(call, 1, REASON_DESCRIPTOR_FAILED, &host->own_fault);
	} else if (host->proof.end == PROBE_TIMEOUT || elsewhere(call)
		|| host->serving == HOST_SERVING_UNKNOWN) {
		/* It may only be slow; and it may be another, newer one. */
		fail(call, 1, REASON_DESCRIPTOR_FAILED,
			symptom(call,
				host->newest.state == ENTRY_ENABLED ? host->newest.interpreter
								    : host->own.interpreter));
	} else if (!host->own_again) {
		symptom(call, OWN_PATH);
		fault_wrap(&call->cause,
			"armhf does not run, and the entry could not be registered "
			"again as it is, so it is not replaced: ");
		call->cause.remedy =
			"reinstall its interpreter, or remove the entry ('echo -1 > @')";
		fail(call, 1, REASON_DESCRIPTOR_FAILED, &call->cause);
	} else if (!fits(call)) {
		fail(call, 1, REASON_DESCRIPTOR_FAILED, &host->fit_fault);
	} else if (look(call, HOST_FACT_DIRECT)->direct != HOST_YES) {
		fail_direct(call, 1, &host->described);
	} else if (change(call, CHANGE_REPLACE, 1, REASON_DESCRIPTOR_RELOADED) && runs(call)) {
		verdict(call, 1, REASON_DESCRIPTOR_RELOADED, NULL);
	} else {
		fail(call, 1, REASON_DESCRIPTOR_FAILED, symptom(call, host->newest.interpreter));
	}
}

/* A valid descriptor is brought into the kernel. */
static void
tier1(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);
	enum reason reason = REASON_DESCRIPTOR_CURRENT;

	if (own_absent(call)) {
		if (!fits(call))
			fail(call, 1, REASON_DESCRIPTOR_FAILED, &host->fit_fault);
		else if (change(call, CHANGE_REGISTER, 1, REASON_DESCRIPTOR_REGISTERED)
			&& runs(call))
			verdict(call, 1, REASON_DESCRIPTOR_REGISTERED, NULL);
		else
			fail(call, 1, REASON_DESCRIPTOR_FAILED,
				symptom(call, host->newest.interpreter));
		return;
	}
	if (!own_enabled(call)) {
		reason = REASON_DESCRIPTOR_ENABLED;
		if (entry_takes_own(&host->own) != 0)
			fail(call, 1, REASON_DESCRIPTOR_FAILED, &host->own_fault);
		else if (host->own_may_serve)
			change(call, CHANGE_ENABLE, 1, reason);
		else
			tier1_replace(call);
	}
	if (runs(call))
		verdict(call, 1, reason, NULL);
	else
		tier1_replace(call);
}

/* True if tier 4 has an emulator to register. */
static bool
tier4_emulator(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_EMULATOR);

	if (host->emulator == HOST_NO) {
		fault_set(&call->cause, 0, HOST_EMULATOR_STATIC,
			"no emulator for armhf is installed: neither this nor " HOST_EMULATOR_PLAIN
			" is there");
		fail(call, 4, REASON_EMULATOR_MISSING, &call->cause);
	} else if (host->emulator == HOST_UNSAFE) {
		fail(call, 4, REASON_REGISTRATION_FAILED, &host->emulator_fault);
	}
	return !is_over(call);
}

/* The entry is registered without a descriptor: say what it takes to make that last. */
static void
note_unlasting(struct call *call, const struct fault *fault)
{
	char remedy[FAULT_OBJECT_SIZE + 128];

	fault_remedy(fault, remedy, sizeof(remedy));
	fault_note(&call->notes,
		"%s: %s; without a descriptor the registration does not outlast a reboot%s%s",
		fault->object, fault->why, remedy[0] != '\0' ? ": " : "", remedy);
}

/* A descriptor is made and registered, and imported for after a reboot. */
static void
tier4(struct call *call)
{
	struct fault missing; /* why there is no descriptor */
	bool created, shifted;
	enum reason reason;

	if (serving(call) == HOST_SERVING_UNKNOWN || elsewhere(call))
		fail(call, 0, REASON_REGISTRATION_FAILED, NULL);
	/* It takes the emulator too: to register that would not help. */
	if (serving(call) == HOST_SERVING_BROKEN && call->host.breaks[0] != '\0')
		fail_broken(call, 3);
	if (!tier4_emulator(call))
		return;
	do {
		created = attempt(call, CHANGE_CREATE, 4, REASON_DESCRIPTOR_CREATED)
			== OUTCOME_DONE;
		missing = call->steps.fault;
		reason = created ? REASON_DESCRIPTOR_CREATED : REASON_ENTRY_REGISTERED;
		change(call, CHANGE_REGISTER, 4, reason);
		shifted = !is_over(call) && !call->plain && caught(call)
			&& probe_answer(&call->host.proof) == PROBE_ARGUMENTS;
		if (shifted) {
			/* Flag P is not understood: without it the arguments arrive. */
			undo(call);
			call->plain = true;
		}
	} while (shifted && !is_over(call));

	if (created && serving(call) == HOST_SERVING_ENTRY
		&& look(call, HOST_FACT_IMPORTER)->importer == HOST_YES)
		attempt(call, CHANGE_IMPORT, 4, REASON_DESCRIPTOR_CREATED);
	if (!own_enabled(call)) {
		/* Somebody else undid it. */
		undo(call);
		begin_again(call);
	}
	if (serving(call) == HOST_SERVING_ENTRY)
		verdict(call, 4, created ? REASON_DESCRIPTOR_CREATED : REASON_ENTRY_REGISTERED,
			NULL);
	else
		fail(call, 4, REASON_REGISTRATION_FAILED,
			symptom(call, call->host.newest.interpreter));
	if (call->reason == REASON_ENTRY_REGISTERED)
		note_unlasting(call, &missing);
}

/* ---- the lines that policies share ---- */

/* A descriptor that is none, is not root's alone, or cannot be read. */
static void
bad_descriptor(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_DESCRIPTOR);
	const struct fault *fault = &host->descriptor_fault;
	enum reason reason = REASON_DESCRIPTOR_INVALID;

	if (host->descriptor == HOST_DESCRIPTOR_UNREADABLE)
		reason = is_forbidden(fault) ? REASON_NOT_PERMITTED : REASON_SYSTEM_ERROR;
	serving(call);
	if (runs(call))
		fault_note(&call->notes, "%s: %s; this descriptor is not used", fault->object,
			fault->why);
	if (serving(call) == HOST_SERVING_ENTRY)
		entry_serves(call, REASON_ENTRY_TRUSTED);
	else if (runs(call) && native(call))
		native_verdict(call);
	else if (reason == REASON_NOT_PERMITTED)
		verdict(call, 1, reason, fault);
	else
		fail(call, 1, reason, fault);
}

/* Policy registered, without an entry qemu-arm: what runs armhf already is left alone. */
static bool
left_alone(struct call *call)
{
	if (native(call))
		native_verdict(call);
	else if (serving(call) == HOST_SERVING_ENTRY)
		verdict(call, 3, REASON_OTHER_ENTRY, NULL);
	else if (native_beneath(call))
		fail_broken(call, 3);
	else
		return false;
	return true;
}

/* binfmt_misc is not mounted: that is tried last, and only where everything else is there. */
static void
unmounted(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_SERVING);
	int tier = host->descriptor == HOST_DESCRIPTOR_VALID ? 1 : 4;
	enum reason reason = tier == 1 ? REASON_DESCRIPTOR_REGISTERED : REASON_DESCRIPTOR_CREATED;

	if (host->serving == HOST_SERVING_ENTRY) { /* the table is elsewhere: a container */
		verdict(call, 3, REASON_OTHER_ENTRY, NULL);
	} else if (tier == 4 && call->policy == POLICY_REGISTERED && left_alone(call)) {
		return;
	} else if (host->serving == HOST_SERVING_UNKNOWN) {
		fail(call, tier == 1 ? 1 : 0, REASON_PROBE_FAILED, NULL);
	} else if (host->table != HOST_TABLE_ABSENT) {
		/* Nothing is mounted over an autofs, nor where there is no directory. */
		if (host->table == HOST_TABLE_AUTOFS) {
			fault_set(&call->cause, 0, BINFMT_PATH,
				"an autofs is mounted there and does not mount binfmt_misc, as when "
				"its daemon is gone");
			call->cause.remedy = "restart its daemon (systemctl restart "
					     "proc-sys-fs-binfmt_misc.automount), or unmount it";
		} else {
			call->cause = host->table_fault;
		}
		call->steps.fault = call->cause;
		decide_refused(call, tier, REASON_BINFMT_UNAVAILABLE);
	} else if (tier == 1 && !fits(call)) {
		fail(call, 1, REASON_DESCRIPTOR_FAILED, &host->fit_fault);
	} else if (tier == 4 && !tier4_emulator(call)) {
		return;
	} else if (look(call, HOST_FACT_DIRECT)->direct != HOST_YES) {
		fail_direct(call, tier, tier == 1 ? &host->described : &host->made);
	} else if (change(call, CHANGE_MOUNT, tier, reason)) {
		begin_again(call);
	}
}

/* The table cannot be listed or read. */
static void
unreadable(struct call *call)
{
	const struct fault *fault = &look(call, HOST_FACT_TABLE)->table_fault;
	bool good = runs(call) || (call->policy == POLICY_NATIVE && native(call));

	if (good)
		fault_note(&call->notes, "%s: %s; so it is not known which entries are there",
			fault->object, fault->why);
	if (good && serving(call) == HOST_SERVING_ENTRY)
		verdict(call, 3, REASON_OTHER_ENTRY, NULL);
	else if (good && native(call))
		verdict(call, 3, REASON_NATIVE, NULL);
	decide_no_table(call, 0);
}

void
decide_no_table(struct call *call, int tier)
{
	const struct host *host = look(call, HOST_FACT_TABLE);

	serving(call);
	if (host->table == HOST_TABLE_ABSENT)
		fault_set(&call->cause, 0, BINFMT_PATH, "binfmt_misc is not mounted any more");
	else
		call->cause = host->table_fault;
	verdict(call, tier,
		is_forbidden(&call->cause) ? REASON_NOT_PERMITTED : REASON_BINFMT_UNAVAILABLE,
		&call->cause);
}

void
decide_refused(struct call *call, int tier, enum reason reason)
{
	const struct fault *fault = &call->steps.fault;

	look(call, HOST_FACT_TABLE);
	if (native(call) || serving(call) == HOST_SERVING_ENTRY)
		fault_note(
			&call->notes, "%s: %s; armhf runs all the same", fault->object, fault->why);
	if (native(call))
		verdict(call, 3, REASON_NATIVE, NULL);
	else if (serving(call) == HOST_SERVING_ENTRY)
		entry_serves(call, REASON_ENTRY_TRUSTED);
	verdict(call, tier, reason, fault);
}

/* ---- the policies ---- */

static void
policy_registered(struct call *call)
{
	serving(call);
	if (own_absent(call)) {
		if (!left_alone(call))
			tier4(call);
	} else if (!own_enabled(call) && call->host.held) {
		fail_held(call, 2);
	} else if (!own_enabled(call)) {
		bool own = call->host.own.state == ENTRY_DISABLED;

		fault_set(&call->cause, 0, own ? OWN_PATH : BINFMT_PATH "/status",
			own ? "somebody disabled this entry"
			    : "binfmt_misc is disabled as a whole, and with it the entry " HOST_ENTRY_NAME);
		fail(call, 2, REASON_ENTRY_DISABLED, &call->cause);
	} else if (serving(call) == HOST_SERVING_ENTRY) {
		entry_serves(call, REASON_ENTRY_TRUSTED);
	} else if (runs(call)) {
		verdict(call, 2, REASON_ENTRY_TRUSTED, NULL);
	} else {
		fail_broken(call, 2);
	}
}

static void
policy_emulated(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_SERVING);

	if (host->serving == HOST_SERVING_ENTRY)
		entry_serves(call, REASON_ENTRY_TRUSTED);
	else if (own_enabled(call))
		fail_broken(call, 2);
	else if (own_absent(call) || elsewhere(call))
		tier4(call);
	else if (!host->own_may_serve)
		fail(call, 2, REASON_ENTRY_BROKEN, &host->own_fault);
	else if (change(call, CHANGE_ENABLE, 2, REASON_ENTRY_ENABLED)
		&& serving(call) == HOST_SERVING_ENTRY)
		entry_serves(call, REASON_ENTRY_ENABLED);
	else
		fail_broken(call, 2);
}

/* The kernel could run armhf, and entries take it, in whole or in part: disable them. */
static void
native_unblock(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);
	const struct host_claimer *loose = host_loose(host);
	enum outcome outcome = OUTCOME_FAILED;

	if (loose != NULL) {
		fault_set(&call->cause, 0, loose->name,
			"this entry is not disabled, for it serves other programs too: %s",
			loose->loose);
	} else if (host_claimed(host, ENTRY_ALL) == 0) {
		fault_set(&call->cause, 0, BINFMT_PATH,
			"an entry catches armhf that the table shown here does not list");
	} else {
		outcome = attempt(
			call, call->who != NULL ? CHANGE_HOLD : CHANGE_DISABLE, 3, REASON_NATIVE);
		if (is_over(call))
			return;
		if (outcome == OUTCOME_DONE) {
			if (native(call)) {
				verdict(call, 3, REASON_NATIVE, NULL);
				return;
			}
			symptom(call, "armhf");
			fault_wrap(&call->cause,
				"with its entries disabled for a trial, it did not run natively: ");
			undo(call);
		} else {
			call->cause = call->steps.fault;
		}
	}
	look(call, HOST_FACT_TABLE);
	if (native(call)) {
		/* Only in part was it taken by entries. */
		fault_note(&call->notes, "%s: %s; armhf runs all the same", call->cause.object,
			call->cause.why);
		verdict(call, 3, REASON_NATIVE, NULL);
	} else if (serving(call) == HOST_SERVING_ENTRY) {
		fault_note(&call->notes, "armhf stays emulated: %s: %s", call->cause.object,
			call->cause.why);
		verdict(call, 3, REASON_NATIVE_BLOCKED, NULL);
	} else if (outcome == OUTCOME_REFUSED) {
		verdict(call, 3, REASON_NOT_PERMITTED, &call->cause);
	}
}

/* The lines of policy native alone. Without a verdict, this host is not native. */
static void
policy_native(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);

	if (host->table != HOST_TABLE_MOUNTED) {
		if (host->table == HOST_TABLE_UNREADABLE)
			return;
		if (native(call))
			native_verdict(call);
	} else if (host_claimed(host, ENTRY_ALL) == 0) {
		if (native(call))
			native_verdict(call);
		else if (native_beneath(call))
			native_unblock(call);
	} else if (host_native_able(look(call, HOST_FACT_NATIVE))) {
		/* Entries take it, all or in part: the probe that none can catch tells enough. */
		native_unblock(call);
	}
}

/* Enable the entries that were held for shells that are gone, before anything else is decided. */
static void
recover(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);
	bool left = host->table == HOST_TABLE_MOUNTED && !host->held
		&& (host->announced || host->marker_count > 0);

	if (!left || call->released)
		return;
	if (call->dry && call->policy == POLICY_NATIVE) {
		if (host_native_able(look(call, HOST_FACT_NATIVE)))
			attempt(call, CHANGE_RELEASE, 3, REASON_NATIVE);
	} else if (call->dry) {
		if (look(call, HOST_FACT_DESCRIPTOR)->descriptor == HOST_DESCRIPTOR_VALID)
			attempt(call, CHANGE_RELEASE, 1, REASON_DESCRIPTOR_CURRENT);
		else
			attempt(call, CHANGE_RELEASE, 2, REASON_ENTRY_TRUSTED);
	}
	if (!acquire(call) || call->dry)
		return;
	call->released = true;
	if (attempt(call, CHANGE_RELEASE, 0, REASON_NONE) != OUTCOME_DONE && !is_over(call))
		fault_note(&call->notes, "%s: it could not be released: %s",
			call->steps.fault.object, call->steps.fault.why);
}

void
decide(struct call *call)
{
	const struct host *host = look(call, HOST_FACT_TABLE);

	recover(call);
	if (call->who != NULL && host->table == HOST_TABLE_MOUNTED)
		acquire(call);
	look(call, HOST_FACT_TABLE);
	if (call->policy == POLICY_NATIVE)
		policy_native(call);
	if (is_over(call))
		return; /* nothing that follows is true of facts that were not looked at */
	if (host->table == HOST_TABLE_UNREADABLE) {
		unreadable(call);
		return;
	}
	look(call, HOST_FACT_DESCRIPTOR);
	if (host->descriptor != HOST_DESCRIPTOR_VALID && host->descriptor != HOST_DESCRIPTOR_ABSENT)
		bad_descriptor(call);
	else if (host->table != HOST_TABLE_MOUNTED)
		unmounted(call);
	else if (host->descriptor == HOST_DESCRIPTOR_VALID)
		tier1(call);
	else if (call->policy == POLICY_REGISTERED)
		policy_registered(call);
	else
		policy_emulated(call);
}
