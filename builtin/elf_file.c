/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elf_file: parses ELF files for 32-bit ARM. Believes no size and no offset, keeps nothing and opens nothing.
 */
#include "elf_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define LOADER_MAX         (1024 * 1024) /* bytes of a loader that are looked through */
#define GUEST_PAGE         ((uint64_t)4096)
#define GUEST_END(address) (((address) + GUEST_PAGE - 1) & ~(GUEST_PAGE - 1))
#define FINI_SIZE          8 /* bytes of .fini on ARM: one instruction to begin and one to end */

/* Bytes of the file, which the head has as a rule. */
static bool
file_read(const struct elf_file *file, void *to, size_t size, uint64_t offset)
{
	if (offset + size > file->head_size)
		return pread(file->fd, to, size, (off_t)offset) == (ssize_t)size;
	memcpy(to, file->head.bytes + offset, size);
	return true;
}

bool
elf_file_head(struct elf_file *file, int fd)
{
	ssize_t length = pread(fd, file->head.bytes, sizeof(file->head.bytes), 0);

	file->fd = fd;
	file->head_size = length > 0 ? (size_t)length : 0;
	memset(file->head.bytes + file->head_size, 0, sizeof(file->head.bytes) - file->head_size);
	return length >= 0;
}

bool
elf_file_is_elf(const struct elf_file *file)
{
	return memcmp(file->head.bytes, ELFMAG, SELFMAG) == 0;
}

bool
elf_file_is_armhf(const struct elf_file *file)
{
	const Elf32_Ehdr *elf = &file->head.elf;

	return file->head_size >= sizeof(*elf) && elf_file_is_elf(file)
		&& elf->e_ident[EI_CLASS] == ELFCLASS32 && elf->e_ident[EI_DATA] == ELFDATA2LSB
		&& (elf->e_type == ET_EXEC || elf->e_type == ET_DYN) && elf->e_machine == EM_ARM
		&& (elf->e_flags & EF_ARM_EABIMASK) && !(elf->e_flags & EF_ARM_ABI_FLOAT_SOFT);
}

const char *
elf_file_name(struct elf_file *file, const Elf32_Dyn *entry)
{
	uint64_t at = file->table + entry->d_un.d_val;
	size_t left = entry->d_un.d_val < file->table_size ? file->table_size - entry->d_un.d_val
							   : 0;
	ssize_t length;

	if (!file->table)
		return NULL;
	/* Names stand together: most are in the window already. */
	if (at < file->strings_at || at >= file->strings_at + file->strings_size
		|| !memchr(file->strings + (at - file->strings_at), '\0',
			file->strings_size - (size_t)(at - file->strings_at))) {
		length = pread(file->fd, file->strings,
			left < sizeof(file->strings) ? left : sizeof(file->strings), (off_t)at);
		file->strings_at = at;
		file->strings_size = length > 0 ? (size_t)length : 0;
		if (!memchr(file->strings, '\0', file->strings_size))
			return NULL;
	}
	return file->strings + (at - file->strings_at);
}

/* The place in the file of an address; 0: no segment has it. */
static uint64_t
address_find(const struct elf_file *file, uint32_t address)
{
	for (unsigned int i = 0; i < file->count; i++) {
		const Elf32_Phdr *load = &file->headers[i];

		if (load->p_type == PT_LOAD && address >= load->p_vaddr
			&& address - load->p_vaddr < load->p_filesz)
			return (uint64_t)load->p_offset + (address - load->p_vaddr);
	}
	return 0;
}

static const char *
dynamic_read(struct elf_file *file, const Elf32_Phdr *segment)
{
	size_t size = segment->p_filesz < ELF_FILE_TABLE ? segment->p_filesz : ELF_FILE_TABLE;
	bool named = false;

	if (!file_read(file, file->dynamic, size, segment->p_offset))
		return "its dynamic section is outside of the file";
	for (; file->entries < size / sizeof(Elf32_Dyn); file->entries++) {
		const Elf32_Dyn *entry = &file->dynamic[file->entries];

		if (entry->d_tag == DT_NULL)
			break;
		switch (entry->d_tag) {
		case DT_NEEDED: file->needed++; break;
		case DT_SONAME: named = true; break;
		case DT_STRTAB: file->table = address_find(file, entry->d_un.d_ptr); break;
		case DT_STRSZ: file->table_size = entry->d_un.d_val; break;
		case DT_FINI: file->code_end = (uint64_t)entry->d_un.d_ptr + FINI_SIZE; break;
		case DT_FLAGS_1:
			file->no_defaults = entry->d_un.d_val & DF_1_NODEFLIB;
			file->program = file->program || entry->d_un.d_val & DF_1_PIE;
			break;
		default: break; /* nothing that decides */
		}
	}
	/* Only libraries have a name beside an interpreter: libc.so.6 prints its version. */
	if (file->interpreted && !named)
		file->program = true;
	return NULL;
}

/* True if two adjacent segments share a page so that the first loses bytes or permissions. */
static bool
segments_collide(
	const struct elf_file *file, const Elf32_Phdr *before, const Elf32_Phdr *now, uint64_t page)
{
	uint64_t end = (uint64_t)before->p_vaddr + before->p_memsz;
	unsigned int lost = before->p_flags & ~now->p_flags & (PF_X | PF_W);

	/* Behind the code are constants, which may lose the permission to be executed. */
	if (lost == PF_X && file->code_end > before->p_vaddr && file->code_end < end)
		end = file->code_end;
	if (end <= (now->p_vaddr & ~(page - 1)))
		return false;
	return lost || now->p_vaddr - now->p_offset != before->p_vaddr - before->p_offset;
}

/*
 * On hosts with large pages qemu-arm since 9.0 maps whole pages and reads the rest, as of a page in which a segment
 * only begins or ends. That page stays the one of ld.so's first mapping, which spans all segments, and where it is
 * behind the end of the file, reading into it gives EFAULT. But a page that the span itself ends in is memory of its own.
 * Source: mmap_h_gt_g and mmap_frag in linux-user/mmap.c of qemu 9.0 to 10.0, whose pages are 4 KiB for 32-bit ARM.
 */
static bool
edge_is_behind(uint64_t edge, const Elf32_Phdr *first, uint64_t span, uint64_t end, uint64_t page)
{
	uint64_t at = edge & ~(page - 1);

	return edge != at && at + page <= span
		&& at - first->p_vaddr + first->p_offset >= ((end + page - 1) & ~(page - 1));
}

/* The kernel and ld.so map whole pages: the address of a segment and its place in the file must be congruent. */
static void
segments_fit(struct elf_file *file, uint64_t size, unsigned long page, const Elf32_Phdr *last)
{
	const uint64_t span = GUEST_END((uint64_t)last->p_vaddr + last->p_memsz);
	const Elf32_Phdr *first = NULL, *before = NULL;
	unsigned int number = 0;

	for (unsigned int i = 0; i < file->count; i++) {
		const Elf32_Phdr *now = &file->headers[i];

		if (now->p_type != PT_LOAD)
			continue;
		number++;
		if (now->p_align & (page - 1) && !file->fine)
			file->fine = number;
		if (!file->unfit
			&& ((now->p_vaddr - now->p_offset) & (page - 1)
				|| (before && segments_collide(file, before, now, page))))
			file->unfit = number;
		if (!file->behind && first
			&& (edge_is_behind(
				    now->p_vaddr & ~(GUEST_PAGE - 1), first, span, size, page)
				|| edge_is_behind(GUEST_END((uint64_t)now->p_vaddr + now->p_filesz),
					first, span, size, page)))
			file->behind = number;
		before = now;
		first = first ? first : now;
	}
}

const char *
elf_file_parse(struct elf_file *file, uint64_t size, unsigned long page)
{
	const Elf32_Ehdr *elf = &file->head.elf;
	const Elf32_Phdr *dynamic = NULL, *interpreter = NULL, *last = NULL;
	size_t length = elf->e_phnum * sizeof(Elf32_Phdr);
	const char *malformed;

	file->program = elf->e_type == ET_EXEC;
	file->interpreted = file->no_defaults = false;
	file->unfit = file->fine = file->behind = file->entries = file->needed = 0;
	file->count = elf->e_phnum;
	file->code_end = file->table = file->table_size = 0;
	file->strings_size = 0;

	if (elf->e_phentsize != sizeof(Elf32_Phdr) || length == 0 || length > ELF_FILE_TABLE)
		return "its header describes no program headers";
	if (!file_read(file, file->headers, length, elf->e_phoff))
		return "its program headers are outside of the file";
	for (unsigned int i = 0; i < file->count; i++) {
		const Elf32_Phdr *header = &file->headers[i];

		if (header->p_type == PT_LOAD) {
			last = header;
			if (header->p_filesz > header->p_memsz)
				return "a segment is larger in the file than in memory";
			if ((uint64_t)header->p_offset + header->p_filesz > size)
				return "it is cut off: a segment ends behind the end of the file";
			if ((uint64_t)header->p_vaddr + header->p_memsz > UINT32_MAX)
				return "a segment ends behind the end of memory";
		} else if (header->p_type == PT_INTERP && !interpreter) {
			interpreter = header;
		} else if (header->p_type == PT_DYNAMIC) {
			dynamic = header;
		}
	}
	if (!last)
		return "it has no segment to load";
	if (interpreter) {
		length = interpreter->p_filesz;
		if (length < 2 || length > sizeof(file->strings)
			|| !file_read(file, file->strings, length, interpreter->p_offset)
			|| file->strings[length - 1] != '\0')
			return "the name of its interpreter is outside of the file";
		file->interpreted = true;
	}
	malformed = dynamic ? dynamic_read(file, dynamic) : NULL;
	if (!malformed && !dynamic && !file->program)
		malformed = "it has no dynamic section";
	if (!malformed)
		segments_fit(file, size, page, last);
	return malformed;
}

void
elf_file_describe(const struct elf_file *file, char *text, size_t size)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} machines[] = {{EM_386, "i386"}, {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},
		{EM_AARCH64, "AArch64"}, {EM_RISCV, "RISC-V"}, {EM_PPC, "PowerPC"},
		{EM_PPC64, "PowerPC64"}, {EM_MIPS, "MIPS"}, {EM_S390, "S/390"}, {EM_SPARC, "SPARC"},
		{EM_SPARCV9, "SPARC V9"}, {EM_68K, "m68k"}, {EM_SH, "SuperH"}, {EM_IA_64, "IA-64"},
		{EM_LOONGARCH, "LoongArch"}};
	const unsigned char *head = file->head.bytes;
	bool big = head[EI_DATA] == ELFDATA2MSB;
	unsigned int machine = head[18 + big] | (unsigned int)head[19 - big] << 8;
	unsigned int type = head[16 + big] | (unsigned int)head[17 - big] << 8;
	bool wide = head[EI_CLASS] == ELFCLASS64;
	const char *name = "an unknown machine", *abi = "";

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].machine == machine)
			name = machines[i].name;
	if (machine == EM_ARM && !big && !wide) {
		if (type != ET_EXEC && type != ET_DYN)
			abi = ", and no program or library";
		else if (!(file->head.elf.e_flags & EF_ARM_EABIMASK))
			abi = ", of the ABI before EABI, which only qemu-arm runs";
		else if (file->head.elf.e_flags & EF_ARM_ABI_FLOAT_SOFT)
			abi = ", soft float (armel)";
	}
	snprintf(text, size, "%s, %s bits, %s-endian%s", name, wide ? "64" : "32",
		big ? "big" : "little", abi);
}

bool
elf_file_is_strict_loader(int fd)
{
	static const char words[] = "ELF load command alignment not page-aligned";
	char *bytes = malloc(LOADER_MAX);
	ssize_t length = bytes ? pread(fd, bytes, LOADER_MAX, 0) : 0;
	bool strict = length > 0 && memmem(bytes, (size_t)length, words, strlen(words));

	free(bytes);
	return strict;
}
