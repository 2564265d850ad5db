/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elf_file: the parts of an ELF file for 32-bit ARM that decide whether a kernel, an emulator and ld.so can load it. Everything
 * is read by pread(2) into the buffers of struct elf_file, however large the file says that it is.
 * Source: elf(5), fs/binfmt_elf.c of Linux, elf/dl-load.c of glibc. On little-endian machines alone.
 */
#ifndef ARMHF_ELF_FILE_H
#define ARMHF_ELF_FILE_H

#include <elf.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_FILE_HEAD  512   /* bytes: the header and, as a rule, the program headers */
#define ELF_FILE_TABLE 16384 /* bytes of a table that are read: real ones have less than 2048 */

struct elf_file {
	int fd;
	union {
		unsigned char bytes[ELF_FILE_HEAD];
		Elf32_Ehdr elf;
	} head; /* by elf_file_head; zeros behind the end of the file */
	size_t head_size;

	/* By elf_file_parse. */
	bool program;     /* not a library: ET_EXEC, PIE, or with an interpreter and no DT_SONAME */
	bool interpreted; /* strings has the name of its interpreter until the first elf_file_name */
	bool no_defaults; /* DF_1_NODEFLIB: ld.so's own directories are not searched */
	/* The first segment, counted from 1, or 0: there is none ... */
	unsigned int unfit;   /* ... that cannot be mapped with pages of this size */
	unsigned int fine;    /* ... whose p_align is below the page */
	unsigned int behind;  /* ... that qemu-arm since 9.0 cannot map for ld.so */
	unsigned int entries; /* of the dynamic section, in front of DT_NULL */
	unsigned int needed;  /* of them DT_NEEDED */
	Elf32_Dyn dynamic[ELF_FILE_TABLE / sizeof(Elf32_Dyn)];

	unsigned int count; /* of program headers */
	Elf32_Phdr headers[ELF_FILE_TABLE / sizeof(Elf32_Phdr)];
	uint64_t code_end; /* where .fini, the last code that linkers place, ends */
	uint64_t table;    /* where the names are in the file */
	uint32_t table_size;
	char strings[PATH_MAX]; /* a window of the file */
	uint64_t strings_at;
	size_t strings_size;
};

/* Read the first bytes of a file, which stays open until the last call for it. False with errno. */
bool
elf_file_head(struct elf_file *file, int fd);

/* True if this is the head of an ELF file, of any machine. */
bool
elf_file_is_elf(const struct elf_file *file);

/* True if it is the head of a program or library for armhf: EABI, and not marked soft float. */
bool
elf_file_is_armhf(const struct elf_file *file);

/*
 * Parse the file of size bytes whose head was read and is armhf's, for pages of so many bytes, a power of two.
 * Returns NULL, or what is malformed in words.
 */
const char *
elf_file_parse(struct elf_file *file, uint64_t size, unsigned long page);

/* The name that an entry of the dynamic section means; NULL if it is not in the file. */
const char *
elf_file_name(struct elf_file *file, const Elf32_Dyn *entry);

/* Which machine an ELF file is for: `x86-64, 64 bits, little-endian`, and the ABI of a 32-bit ARM one. */
void
elf_file_describe(const struct elf_file *file, char *text, size_t size);

/*
 * True if this is a loader that refuses segments whose p_align is below the page, as glibc up to 2.36 does, and not only
 * those that are not congruent. Told by its words for that: distributions carry patches.
 */
bool
elf_file_is_strict_loader(int fd);

#endif
