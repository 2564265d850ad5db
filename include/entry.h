/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry: one binfmt_misc entry, as the kernel prints it, as it is registered, and
 * which programs it matches. Pure: no system calls, no heap.
 *
 * Source of the text, the line and the limits: fs/binfmt_misc.c in Linux and its
 * Documentation/admin-guide/binfmt-misc.rst.
 */
#ifndef ARMHF_ENTRY_H
#define ARMHF_ENTRY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define ENTRY_LINE_MAX        1920 /* bytes the kernel takes in one write to register */
#define ENTRY_HEAD_SIZE       256  /* BINPRM_BUF_SIZE: bytes of a program that are matched */
#define ENTRY_INTERPRETER_MAX 127  /* longest path that every kernel executes */
#define ENTRY_TEXT_MAX        8192 /* more than the kernel's longest entry text */

enum entry_state {
	ENTRY_UNTESTED = 0, /* not looked at */
	ENTRY_ABSENT,       /* no such file */
	ENTRY_DISABLED,
	ENTRY_ENABLED,
	ENTRY_UNKNOWN, /* its text cannot come from the kernel, or cannot be read */
};

enum entry_flag {
	ENTRY_PRESERVE = 1,    /* P: argv[0] is handed to the interpreter */
	ENTRY_OPEN = 2,        /* O: the program is handed over as a descriptor */
	ENTRY_CREDENTIALS = 4, /* C: the program's set-id bits count; implies O */
	ENTRY_FIX = 8,         /* F: the interpreter is opened at registration */
};

struct entry {
	enum entry_state state;
	char name[NAME_MAX + 1];
	char interpreter[ENTRY_LINE_MAX + 1];
	unsigned int flags;                 /* enum entry_flag */
	char extension[ENTRY_LINE_MAX + 1]; /* without the dot; empty: matched by magic */
	unsigned int offset;                /* of the magic, in bytes */
	unsigned int size;                  /* of magic and mask, in bytes; 0 with an extension */
	bool masked;                        /* whether a mask was given */
	unsigned char magic[ENTRY_HEAD_SIZE];
	unsigned char mask[ENTRY_HEAD_SIZE]; /* all ones without a mask */
};

/*
 * Parse the text that the kernel prints for an entry into *entry, whose name is
 * kept. Only text that the kernel can have printed is taken: every line in its
 * place, once, complete, nothing more. Sets state to ENTRY_ENABLED or
 * ENTRY_DISABLED and returns 0; otherwise sets ENTRY_UNKNOWN, returns -1 and
 * points *why to a reason.
 */
int
entry_parse(struct entry *entry, const char *text, size_t length, const char **why);

/*
 * Write the line that registers *entry into line (ENTRY_LINE_MAX + 1 bytes, ends
 * in NUL). A delimiter that is in no field is chosen; magic and mask are written as
 * \xHH throughout. Returns the length, or -1 with a reason in *why: a field
 * that no line can carry (a newline or no free delimiter), or a line over
 * ENTRY_LINE_MAX.
 */
int
entry_format(const struct entry *entry, char *line, const char **why);

/* True if name can be an entry's: 1 to NAME_MAX bytes, no '/', not ".", "..", "register" or "status". */
bool
entry_name_valid(const char *name);

/* The flags in the kernel's order, POCF; text takes at least 5 bytes. */
void
entry_flags_text(unsigned int flags, char *text);

/* True if both would be printed alike but for name and state (C and CO are alike, a mask of all ones is not the same as none). */
bool
entry_same(const struct entry *a, const struct entry *b);

/* True if the entry, were it enabled, would take a program that starts with head. */
bool
entry_matches(const struct entry *entry, const unsigned char head[ENTRY_HEAD_SIZE]);

/* True if the entry, were it enabled, would take an armhf program: ET_EXEC or ET_DYN. */
bool
entry_claims_armhf(const struct entry *entry);

/* True if an entry that claims armhf takes programs of other machines or classes as well. */
bool
entry_is_loose(const struct entry *entry);

#endif
