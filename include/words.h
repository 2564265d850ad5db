/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * words: one row for each reason, each step and each policy: its constant, its token, its text. The
 * constants are made of the rows, so that none can lack one. Pure.
 */
#ifndef ARMHF_WORDS_H
#define ARMHF_WORDS_H

#include <stdio.h>

#include "host.h"

/*
 * constant, token, success, text. On success the text follows "armhf runs through INTERPRETER"; on
 * failure it is the remedy for causes that have none of their own (@ is the object).
 */
#define WORDS_REASONS(ROW)                                                                         \
	ROW(NONE, "", false, "run this again")                                                     \
	ROW(DESCRIPTOR_REGISTERED, "descriptor-registered", true,                                  \
		", registered as the descriptor says")                                             \
	ROW(DESCRIPTOR_ENABLED, "descriptor-enabled", true, ", whose entry was enabled")           \
	ROW(DESCRIPTOR_CURRENT, "descriptor-current", true, ", whose entry was enabled already")   \
	ROW(DESCRIPTOR_RELOADED, "descriptor-reloaded", true,                                      \
		", registered as the descriptor says in place of an entry that did not run it")    \
	ROW(DESCRIPTOR_CREATED, "descriptor-created", true,                                        \
		", for which " HOST_DESCRIPTOR_PATH " was created and registered")                 \
	ROW(ENTRY_REGISTERED, "entry-registered", true, ", registered without a descriptor")       \
	ROW(ENTRY_TRUSTED, "entry-trusted", true, ", whose entry was enabled already")             \
	ROW(ENTRY_ENABLED, "entry-enabled", true, ", whose entry was enabled")                     \
	ROW(OTHER_ENTRY, "other-entry", true, ", by an entry that was there already")              \
	ROW(NATIVE, "native", true, "")                                                            \
	ROW(NATIVE_BLOCKED, "native-blocked", true,                                                \
		"; not natively, for the cause in the warning")                                    \
	ROW(UNDO_DONE, "undo-done", true, "")                                                      \
	ROW(DESCRIPTOR_INVALID, "descriptor-invalid", false,                                       \
		"correct or remove that file, or reinstall the package that owns it")              \
	ROW(DESCRIPTOR_FAILED, "descriptor-failed", false,                                         \
		"correct or remove the descriptor, or reinstall the package that owns it")         \
	ROW(ENTRY_DISABLED, "entry-disabled", false,                                               \
		"if that is not wanted any more, 'echo 1 > @' or -p emulated enables it")          \
	ROW(ENTRY_BROKEN, "entry-broken", false,                                                   \
		"repair its interpreter, or remove the entry ('echo -1 > @') and run this again")  \
	ROW(EMULATOR_MISSING, "emulator-missing", false,                                           \
		"install qemu-user-static, or on newer releases qemu-user")                        \
	ROW(REGISTRATION_FAILED, "registration-failed", false,                                     \
		"reinstall the package of the emulator (qemu-user-static or qemu-user)")           \
	ROW(BINFMT_UNAVAILABLE, "binfmt-unavailable", false,                                       \
		"mount binfmt_misc on the host (mount -t binfmt_misc binfmt_misc @)")              \
	ROW(BINFMT_OFF, "binfmt-off", false,                                                       \
		"find the program that disables binfmt_misc, then 'echo 1 > @'")                   \
	ROW(BINFMT_BUSY, "binfmt-busy", false,                                                     \
		"find the process that changes the table, then run this again")                    \
	ROW(NOT_PERMITTED, "not-permitted", false,                                                 \
		"run this as root, in a container with --privileged or on its host")               \
	ROW(PROBE_TIMEOUT, "probe-timeout", false,                                                 \
		"give it longer with -t, or repair the interpreter")                               \
	ROW(PROBE_FAILED, "probe-failed", false,                                                   \
		"allow execution from memfd or from one of /tmp, /var/tmp and /dev/shm")           \
	ROW(PROGRAMS_BLOCKED, "programs-blocked", false, "name a program or a root directory")     \
	ROW(ENTRY_HELD, "entry-held", false,                                                       \
		"wait until it ends, or build natively as well (-p native)")                       \
	ROW(UNDO_FAILED, "undo-failed", false,                                                     \
		"mend that and repeat the steps that are left (UNDO) with -r")                     \
	ROW(INTERRUPTED, "interrupted", false, "run this again")                                   \
	ROW(SYSTEM_ERROR, "system-error", false, "mend that and run this again")

enum reason {
#define ROW(constant, token, success, text) REASON_##constant,
	WORDS_REASONS(ROW)
#undef ROW
		REASON_COUNT
};

/* constant, token (one that ends in a colon is followed by the name of an entry), what was done. */
#define WORDS_STEPS(ROW)                                                                           \
	ROW(HOLD, "hold:", "held")                                                                 \
	ROW(RELEASE, "release:", "released")                                                       \
	ROW(MOUNT, "mount", "binfmt_misc mounted")                                                 \
	ROW(STATUS_ON, "status-on", "binfmt_misc enabled as a whole")                              \
	ROW(STATUS_OFF, "status-off", "binfmt_misc disabled as a whole")                           \
	ROW(ENABLE, "enable:", "entry enabled")                                                    \
	ROW(DISABLE, "disable:", "entry disabled")                                                 \
	ROW(REGISTER, "register:", "entry registered")                                             \
	ROW(UNREGISTER, "unregister:", "entry removed")                                            \
	ROW(MAKE_DIRECTORY, "make-directory", HOST_DESCRIPTOR_DIR " made")                         \
	ROW(REMOVE_DIRECTORY, "remove-directory", HOST_DESCRIPTOR_DIR " removed")                  \
	ROW(CREATE_DESCRIPTOR, "create-descriptor", HOST_DESCRIPTOR_PATH " written")               \
	ROW(REMOVE_DESCRIPTOR, "remove-descriptor", HOST_DESCRIPTOR_PATH " removed")               \
	ROW(IMPORT, "import", "imported by binfmt-support, for after a reboot")                    \
	ROW(UNIMPORT, "unimport", "forgotten by binfmt-support")

enum step_kind {
#define ROW(constant, token, deed) STEP_##constant,
	WORDS_STEPS(ROW)
#undef ROW
		STEP_COUNT
};

struct step {
	enum step_kind kind;
	bool printed;            /* print is given: the step is meant for that entry alone */
	uint32_t print;          /* fingerprint of the entry */
	char name[NAME_MAX + 1]; /* of the entry; empty where the kind takes none */
};

enum policy {
	POLICY_REGISTERED = 0,
	POLICY_NATIVE,
	POLICY_EMULATED,
};

bool
words_success(enum reason reason);
const char *
words_reason(enum reason reason);

/* Behind the interpreter of a success, or the remedy of a failure. */
const char *
words_reason_text(enum reason reason);

const char *
words_step_deed(enum step_kind kind);

/*
 * Write a step's token to the stream, "enable:qemu-arm" with the name escaped; with its fingerprint
 * where the step has one, "enable:qemu-arm@0badcafe".
 */
void
words_step_print(FILE *to, const struct step *step);

/* Parse one token of length bytes; false if it is none, or its name is no entry's name. */
bool
words_step_parse(struct step *step, const char *token, size_t length);

const char *
words_policy(enum policy policy);

/* The policy of that name into *policy; false if there is none. */
bool
words_policy_find(enum policy *policy, const char *name);

/* The value of NATIVE, and the same in words. */
const char *
words_native(enum host_native native);
const char *
words_native_explain(enum host_native native);

/* The value of ALIGN for a probe's answer, and a warning where that is not "all"; NULL: none. */
const char *
words_align(int answer);
const char *
words_align_warning(int answer);

/*
 * Say in *fault how a probe ended, what that means, and what cures it. entry served, or would have to
 * serve, the probe (NULL: the kernel, or an entry that is not shown). page_size is the kernel's.
 */
void
words_symptom(struct fault *fault, const char *object, const struct probe_result *result,
	const struct entry *entry, unsigned long page_size, int seconds);

#endif
