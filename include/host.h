/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host: the facts about one host at one moment, and the questions that they answer together. Pure. A
 * zeroed struct host is valid: nothing is known. Every fact has a value for "not looked at", and
 * "unknown" is never the same as "absent".
 */
#ifndef ARMHF_HOST_H
#define ARMHF_HOST_H

#include "entry.h"
#include "fault.h"
#include "hold.h"
#include "probe.h"

#define HOST_ENTRY_NAME      "qemu-arm" /* the entry that is ours to register */
#define HOST_SHARE           "/usr/share"
#define HOST_DESCRIPTOR_DIR  HOST_SHARE "/binfmts" /* update-binfmts(8) */
#define HOST_DESCRIPTOR_PATH HOST_DESCRIPTOR_DIR "/" HOST_ENTRY_NAME
/* update-binfmts' administrative record */
#define HOST_RECORD_PATH "/var/lib/binfmts/" HOST_ENTRY_NAME
/* The two emulators that Armbian's framework copies into a chroot, in its order. */
#define HOST_EMULATOR_STATIC "/usr/bin/qemu-arm-static"
#define HOST_EMULATOR_PLAIN  "/usr/bin/qemu-arm"
/* Debian's libc6-armhf-cross */
#define HOST_LOADER   "/usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3"
#define HOST_IMPORTER "/usr/sbin/update-binfmts"

/* Facts that can be looked at: observe_fact() looks at one. */
enum host_fact {
	HOST_FACT_TABLE,      /* table, on, own, newest, claimers, and what else is in the table */
	HOST_FACT_DESCRIPTOR, /* descriptor, described */
	HOST_FACT_SERVING,    /* serving, and native as far as that answers it; needs the table */
	HOST_FACT_NATIVE,     /* native, by the probe that no entry can catch */
	HOST_FACT_LOADER,     /* loader; asked only where serving is kernel */
	HOST_FACT_FIT,        /* fit: whether the described entry may be registered */
	HOST_FACT_EMULATOR,   /* emulator, made */
	HOST_FACT_IMPORTER,   /* whether binfmt-support is installed */
	HOST_FACT_DIRECT,     /* direct: does the interpreter of tier 1 or 4 run the probe */
};

enum host_table {
	HOST_TABLE_UNTESTED = 0,
	HOST_TABLE_MOUNTED,
	HOST_TABLE_ABSENT,     /* not mounted: entries and status are unknown */
	HOST_TABLE_AUTOFS,     /* an autofs is there that does not mount it */
	HOST_TABLE_IMPOSSIBLE, /* no such directory: see table_fault */
	HOST_TABLE_UNREADABLE, /* mounted, but it cannot be read: see table_fault */
};

enum host_descriptor {
	HOST_DESCRIPTOR_UNTESTED = 0,
	HOST_DESCRIPTOR_ABSENT,
	HOST_DESCRIPTOR_VALID,
	HOST_DESCRIPTOR_INVALID,    /* no descriptor by its text: see descriptor_fault */
	HOST_DESCRIPTOR_UNSAFE,     /* somebody other than root could have written it */
	HOST_DESCRIPTOR_UNREADABLE, /* it cannot be opened or read */
};

enum host_serving {
	HOST_SERVING_UNTESTED = 0,
	HOST_SERVING_KERNEL,  /* the kernel ran it and it gave its result */
	HOST_SERVING_ENTRY,   /* an entry caught it and it gave its result */
	HOST_SERVING_BROKEN,  /* an entry caught it and it gave none */
	HOST_SERVING_NOBODY,  /* neither */
	HOST_SERVING_UNKNOWN, /* no probe could be started */
};

enum host_native {
	HOST_NATIVE_UNTESTED = 0,
	HOST_NATIVE_YES,
	HOST_NATIVE_PAGE_SIZE,  /* runs, but not for all alignments of segments */
	HOST_NATIVE_NO_AARCH32, /* the CPU has no 32-bit state at EL0 */
	HOST_NATIVE_NO_COMPAT,  /* the kernel was built without CONFIG_COMPAT */
	HOST_NATIVE_CPU,        /* started, and an instruction failed */
	HOST_NATIVE_SECCOMP,    /* a filter refuses 32-bit system calls */
	HOST_NATIVE_SHADOWED,   /* an entry catches even this probe */
	HOST_NATIVE_UNKNOWN,
	HOST_NATIVE_NOT_ARM64,
};

/* The answer to a yes-or-no fact. */
enum host_answer {
	HOST_UNTESTED = 0,
	HOST_NO,
	HOST_YES,
	HOST_UNSAFE, /* of the emulator: there, but others could replace it: see emulator_fault */
};

/* An entry that takes programs of armhf. */
struct host_claimer {
	char name[NAME_MAX + 1];
	bool enabled;         /* its own switch */
	unsigned int takes;   /* enum entry_kind */
	uint32_t print;       /* fingerprint */
	const char *loose;    /* why it takes other machines' or classes' programs too, or NULL */
	bool transparent;     /* flag T: a close-on-exec descriptor goes through it */
	long long registered; /* nanoseconds; 0: unknown */
};

/* A marker of an entry that is disabled for holders. */
struct host_marker {
	char name[NAME_MAX + 1]; /* of the entry */
	uint32_t print;          /* fingerprint of the entry */
};

struct host {
	bool arm64;              /* compiled for arm64 or 32-bit ARM: on an arm64 kernel */
	unsigned long page_size; /* bytes */

	enum host_table table;
	struct fault table_fault;
	bool on;            /* the global status */
	struct entry own;   /* HOST_ENTRY_NAME; state is never untested once the table is known */
	bool own_again;     /* it could be registered again exactly as it is */
	bool own_may_serve; /* it may be enabled; else, or if it is unknown: see own_fault */
	struct fault own_fault;
	struct entry
		newest; /* of the entries in effect that take the probe the newest; or untested */
	/* Another of them, registered in the same clock tick: either may be asked first. Or "". */
	char rival[NAME_MAX + 1];
	struct host_claimer *claimers; /* sorted by name; on the heap */
	unsigned int claimer_count;
	unsigned int entry_count;
	struct host_marker *markers; /* on the heap */
	unsigned int marker_count;
	bool announced;                 /* the marker that names a holder stands */
	char who[4 * HOLD_WHO_MAX + 1]; /* the name in it */
	bool held; /* a shell holds, or it cannot be told; asked where a marker stands or under the lock */
	/* Of the entries whose text cannot be the kernel's the first by name, or "". */
	char unknown[NAME_MAX + 1];
	struct fault unknown_fault;
	char replaces[NAME_MAX
		+ 1]; /* an enabled entry that replaces the loader of armhf programs, or "" */
	bool untold;  /* an enabled entry does not say which programs it takes */
	char breaks[NAME_MAX
		+ 1]; /* an enabled entry that takes this machine's own programs, or "" */

	enum host_descriptor descriptor;
	char descriptor_path[PATH_MAX
		/ 8]; /* where it was found: a descriptor or a file of binfmt.d */
	struct fault descriptor_fault;
	struct entry described; /* the registration that a valid descriptor asks for */
	enum host_answer fit;   /* may it be registered: limits, magic, a safe interpreter */
	struct fault fit_fault;

	enum host_serving serving;
	struct probe_result proof; /* behind serving */
	enum host_native native;
	struct probe_result odd; /* behind native, where it was asked */
	enum host_answer loader; /* NO: it is there and fails; YES: it runs, or is not installed */

	enum host_answer emulator;
	struct fault emulator_fault;
	struct entry made; /* the registration that tier 4 would make of it */
	enum host_answer importer;
	bool recorded;           /* binfmt-support has a record of qemu-arm already */
	enum host_answer direct; /* of the described or made interpreter */
	struct probe_result direct_result;
};

/* True if this fact was looked at. */
bool
host_knows(const struct host *host, enum host_fact fact);

/* Forget all that a change may have altered: everything but the answer of the probe that no entry can catch. */
void
host_forget(struct host *host);

/* True if an entry of this state is in effect: enabled (or unknown, which counts as that) and the status on. */
bool
host_in_effect(const struct host *host, enum entry_state state);

/* The number of entries in effect that take any of these kinds of armhf programs. */
unsigned int
host_claimed(const struct host *host, unsigned int kinds);

/* The claimer that the kernel would ask first for the probe with the status on and our own entry enabled, or NULL. */
const struct host_claimer *
host_heir(const struct host *host);

/* A claimer in effect that takes programs of others as well, or NULL. */
const struct host_claimer *
host_loose(const struct host *host);

/* True if the entry qemu-arm is the one, or may be the one, that the kernel takes for the probe. */
bool
host_own_serves(const struct host *host);

/* True if the kernel can run armhf, in whole or in part. */
bool
host_native_able(const struct host *host);

#endif
