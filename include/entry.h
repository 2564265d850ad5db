/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry: one binfmt_misc entry, as the kernel prints it, as it is registered, and which programs it
 * takes. Pure: no system calls, no heap.
 *
 * Source of the text, the line and the limits: fs/binfmt_misc.c in Linux and its
 * Documentation/admin-guide/binfmt-misc.rst.
 */
#ifndef ARMHF_ENTRY_H
#define ARMHF_ENTRY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENTRY_LINE_MAX        1920 /* bytes the kernel takes in one write to register */
#define ENTRY_HEAD_SIZE       256  /* BINPRM_BUF_SIZE: bytes of a program that are matched */
#define ENTRY_INTERPRETER_MAX 127  /* longest path that every kernel executes */
#define ENTRY_TEXT_MAX        3072 /* more than the text of any entry that a line registers */
#define ENTRY_FLAGS_SIZE      16

enum entry_state {
	ENTRY_UNTESTED = 0, /* not looked at */
	ENTRY_ABSENT,       /* no such file */
	ENTRY_DISABLED,
	ENTRY_ENABLED,
	ENTRY_UNKNOWN, /* its text cannot come from the kernel, or cannot be read */
};

/* The four kinds of program of one machine, as bits: e_type and OS ABI of the header. */
enum entry_kind {
	ENTRY_EXEC = 1,     /* ET_EXEC, OS ABI 0 (System V) */
	ENTRY_DYN = 2,      /* ET_DYN: nearly all of a distribution */
	ENTRY_EXEC_GNU = 4, /* ET_EXEC, OS ABI 3 (GNU): static glibc programs */
	ENTRY_DYN_GNU = 8,
	ENTRY_ALL = 15,
};

struct entry {
	enum entry_state state;
	char name[NAME_MAX + 1];
	char interpreter[ENTRY_LINE_MAX + 1];
	char flags[ENTRY_FLAGS_SIZE]; /* letters in the kernel's order: POCFTL and later ones */
	char extension[NAME_MAX + 1]; /* without the dot; empty: not matched by extension */
	unsigned int offset;          /* of the magic, in bytes */
	unsigned int size;            /* of magic and mask, in bytes; 0: not matched by magic */
	bool masked;                  /* a mask was given */
	bool strange;                 /* has lines or letters that are not known here */
	bool handler;                 /* type B: its text does not say which programs it takes */
	uint32_t print;               /* fingerprint: FNV-1a over its text but for its state */
	unsigned char magic[ENTRY_HEAD_SIZE];
	unsigned char mask[ENTRY_HEAD_SIZE]; /* all ones without a mask */
};

/*
 * Parse the text that the kernel prints for an entry into *entry, whose name is kept. Known lines
 * are read, others only mark it as strange. Sets state to ENTRY_ENABLED or ENTRY_DISABLED and returns
 * 0; otherwise sets ENTRY_UNKNOWN, returns -1 and points *why to a reason: a text that is cut off,
 * that has neither interpreter nor bpf, or that has a line twice (an interpreter with a newline).
 */
int
entry_parse(struct entry *entry, const char *text, size_t length, const char **why);

/*
 * Write the line that registers *entry into line (ENTRY_LINE_MAX + 1 bytes, ends in NUL), with more
 * behind its flags. A delimiter that is in no field is chosen; magic and mask are written as \xHH
 * throughout. Returns the length, or -1 with a reason in *why: a field that no line can carry (a
 * newline or no free delimiter), an entry that is strange or of type B, or a line over
 * ENTRY_LINE_MAX.
 */
int
entry_format(const struct entry *entry, const char *more, char *line, const char **why);

/* True if name can be an entry's: 1 to NAME_MAX bytes, no '/', not ".", "..", "register" or "status". */
bool
entry_name_valid(const char *name);

/* True if the entry has this flag. */
bool
entry_has(const struct entry *entry, char flag);

/* The fingerprint that the kernel's text of an entry will have once *entry is registered. */
uint32_t
entry_print(const struct entry *entry);

/* True if the entry, were it enabled, would take a program that starts with head. */
bool
entry_matches(const struct entry *entry, const unsigned char head[ENTRY_HEAD_SIZE]);

/* The kinds of armhf programs that the entry, were it enabled, would take: enum entry_kind. */
unsigned int
entry_takes_armhf(const struct entry *entry);

/* The same for programs of the machine and class that this was compiled for. */
unsigned int
entry_takes_own(const struct entry *entry);

/*
 * True if the entry, were it enabled, would be the loader of dynamic armhf programs in place of their own: flag L, of Linux 7.3.
 * The probe, which is static, does not show whether that works.
 */
bool
entry_replaces_loader(const struct entry *entry);

/* Why an entry that takes armhf takes programs of other machines or classes as well; NULL: it does not. */
const char *
entry_loose(const struct entry *entry);

/* True if the interpreter depends on the directory of the caller. */
bool
entry_relative(const struct entry *entry);

#endif
