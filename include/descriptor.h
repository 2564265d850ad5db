/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor: the text of a binfmt-support format file or of a file of binfmt.d, parsed as
 * update-binfmts and the kernel read them, and written as tier 4 leaves it. Pure: no system calls, no
 * heap.
 *
 * Source of the grammar: update-binfmts(8), "FORMAT FILES", binfmt-support 2.2; binfmt.d(5);
 * create_entry() in fs/binfmt_misc.c.
 */
#ifndef ARMHF_DESCRIPTOR_H
#define ARMHF_DESCRIPTOR_H

#include "entry.h"

#define DESCRIPTOR_TEXT_MAX 65536              /* longest file that is read, in bytes */
#define DESCRIPTOR_PACKAGE  "qemu-user-static" /* the package that tier 4's descriptor names */
#define DESCRIPTOR_OWN_MAX  1024               /* longest descriptor that tier 4 writes */

/*
 * Parse a descriptor into *entry, whose name and state are kept: interpreter, flags, offset, magic,
 * mask. Returns 0. For an invalid one returns the line at fault, counted from 1 (where something is
 * missing: the last line), with a reason in *why, and leaves nothing but name and state in *entry. To
 * see that a file is too long, DESCRIPTOR_TEXT_MAX + 1 bytes of it are enough.
 */
int
descriptor_parse(struct entry *entry, const char *text, size_t length, const char **why);

/*
 * The same for a file of binfmt.d(5): its first line for an entry of this name, as the kernel reads
 * it. Returns -1 where the file has none.
 */
int
descriptor_parse_line(struct entry *entry, const char *text, size_t length, const char **why);

/*
 * Write the descriptor of tier 4 with this interpreter (an absolute path without a newline), with or
 * without flag P, into text (size bytes, ends in NUL). Returns its length, or -1 if it does not fit.
 */
int
descriptor_format(const char *interpreter, bool preserve, char *text, size_t size);

/* The registration of that descriptor: *entry with name, interpreter, flags, magic and mask. */
void
descriptor_entry(struct entry *entry, const char *name, const char *interpreter, bool preserve);

#endif
