/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * host: the facts about one host at one moment, and no opinions. A zeroed struct
 * host is valid: nothing is known. Every fact has a value for "not looked at", and
 * "unknown" is never the same as "absent".
 */
#ifndef ARMHF_HOST_H
#define ARMHF_HOST_H

#include "entry.h"
#include "fault.h"
#include "probe.h"

#define HOST_ENTRY_NAME      "qemu-arm"           /* the entry that is ours to register */
#define HOST_DESCRIPTOR_DIR  "/usr/share/binfmts" /* update-binfmts(8) */
#define HOST_DESCRIPTOR_PATH HOST_DESCRIPTOR_DIR "/" HOST_ENTRY_NAME
/* update-binfmts' administrative record */
#define HOST_RECORD_PATH "/var/lib/binfmts/" HOST_ENTRY_NAME
/* The two emulators that Armbian's framework copies into a chroot, in its order. */
#define HOST_EMULATOR_STATIC "/usr/bin/qemu-arm-static"
#define HOST_EMULATOR_PLAIN  "/usr/bin/qemu-arm"
/* Debian's libc6-armhf-cross */
#define HOST_LOADER   "/usr/arm-linux-gnueabihf/lib/ld-linux-armhf.so.3"
#define HOST_IMPORTER "/usr/sbin/update-binfmts"

#define HOST_CLAIMERS_MAX 32 /* entries for armhf that are kept by name */

/* What can be asked for: observe_fact() looks at one of them. */
enum host_fact {
	HOST_FACT_NONE = 0,
	HOST_FACT_TABLE,      /* table, status, own, claimers */
	HOST_FACT_DESCRIPTOR, /* descriptor, described */
	HOST_FACT_SERVING,    /* serving, and native as far as that answers it; needs the table */
	HOST_FACT_NATIVE,     /* native, by the probe that no entry can catch */
	HOST_FACT_LOADER,     /* loader; asked only where serving is kernel */
	HOST_FACT_FIT,        /* whether the described entry may be registered */
	HOST_FACT_EMULATOR,   /* emulator, made */
	HOST_FACT_IMPORTER,   /* whether binfmt-support is installed */
};

enum host_table {
	HOST_TABLE_UNTESTED = 0,
	HOST_TABLE_MOUNTED,
	HOST_TABLE_ABSENT, /* binfmt_misc is not mounted at its path: entries and status are unknown */
	HOST_TABLE_AUTOFS,     /* an autofs is there that does not mount it */
	HOST_TABLE_UNREADABLE, /* mounted, but it cannot be read: see table_fault */
};

enum host_switch {
	HOST_SWITCH_UNKNOWN = 0,
	HOST_SWITCH_OFF,
	HOST_SWITCH_ON,
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

enum host_loader {
	HOST_LOADER_UNTESTED = 0,
	HOST_LOADER_ABSENT,
	HOST_LOADER_RUNS,
	HOST_LOADER_FAILS,
};

enum host_fit {
	HOST_FIT_UNTESTED = 0,
	HOST_FIT_YES,
	HOST_FIT_NO, /* see fit_fault */
};

enum host_emulator {
	HOST_EMULATOR_UNTESTED = 0,
	HOST_EMULATOR_ABSENT,
	HOST_EMULATOR_FOUND,
	HOST_EMULATOR_UNSAFE, /* see emulator_fault */
};

enum host_importer {
	HOST_IMPORTER_UNTESTED = 0,
	HOST_IMPORTER_ABSENT,
	HOST_IMPORTER_FOUND,
};

/* An entry that matches armhf headers. */
struct host_claimer {
	char name[NAME_MAX + 1];
	bool enabled; /* its own switch */
	bool loose;   /* it takes other machines' or classes' programs as well */
};

struct host {
	bool arm64;              /* uname's machine */
	unsigned long page_size; /* bytes */

	enum host_table table;
	struct fault table_fault;
	enum host_switch status;
	struct entry own;    /* HOST_ENTRY_NAME; state is never untested once the table is known */
	struct entry first;  /* of the other enabled claimers the first by name */
	struct entry newest; /* of them the one that the kernel asks first */
	bool own_older;      /* it asks that one before our own */
	struct host_claimer claimers[HOST_CLAIMERS_MAX]; /* sorted by name */
	unsigned int claimer_count;
	unsigned int claimer_more; /* enabled ones for which there was no room */
	unsigned int entry_count;
	/* Of the entries whose text cannot be the kernel's the first by name, or "". */
	char unknown[NAME_MAX + 1];
	struct fault unknown_fault;

	enum host_descriptor descriptor;
	struct fault descriptor_fault;
	struct entry described; /* the registration that a valid descriptor asks for */
	enum host_fit fit;      /* may it be registered: limits, magic, a safe interpreter */
	struct fault fit_fault;

	enum host_serving serving;
	struct probe_result proof; /* behind serving */
	enum host_native native;
	struct probe_result odd; /* behind native, where it was asked */
	enum host_loader loader;
	struct probe_result loader_result;

	enum host_emulator emulator;
	struct fault emulator_fault;
	struct entry made; /* the registration that tier 4 would make of it */
	enum host_importer importer;
	bool recorded; /* binfmt-support has a record of qemu-arm already */
};

#endif
