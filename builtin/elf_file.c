/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * elf_file: parses ELF files for 32-bit ARM. Believes no size and no offset, allocates nothing and opens nothing.
 */
#include "elf_file.h"

#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define LOADER_MAX (1024 * 1024) /* bytes of a loader that are looked through */
#define FINI_SIZE  8 /* bytes of .fini on ARM: one instruction to begin and one to end */

static bool
file_read(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

bool
elf_file_head(struct elf_file *file, int fd)
{
	ssize_t length = pread(fd, file->head.bytes, sizeof(file->head.bytes), 0);

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

	if (!file_read(file->fd, file->dynamic, size, segment->p_offset))
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

/* Do two segments that follow each other share a page so that the first one loses bytes or permissions? */
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

/* The kernel and ld.so map whole pages: the address of a segment and its place in the file must be congruent. */
static void
segments_fit(struct elf_file *file, unsigned long page)
{
	const Elf32_Phdr *before = NULL;
	unsigned int number = 0;

	file->coarse = true;
	for (unsigned int i = 0; i < file->count; i++) {
		const Elf32_Phdr *now = &file->headers[i];

		if (now->p_type != PT_LOAD)
			continue;
		number++;
		if (now->p_align < ELF_FILE_COARSE)
			file->coarse = false;
		if (now->p_align & (page - 1) && !file->fine)
			file->fine = number;
		if (!file->unfit
			&& ((now->p_vaddr - now->p_offset) & (page - 1)
				|| (before && segments_collide(file, before, now, page))))
			file->unfit = number;
		before = now;
	}
}

const char *
elf_file_parse(struct elf_file *file, int fd, uint64_t size, unsigned long page)
{
	const Elf32_Ehdr *elf = &file->head.elf;
	const Elf32_Phdr *dynamic = NULL, *interpreter = NULL;
	size_t length = elf->e_phnum * sizeof(Elf32_Phdr);
	unsigned int loads = 0;
	const char *malformed;

	file->fd = fd;
	file->program = elf->e_type == ET_EXEC;
	file->interpreted = file->no_defaults = file->coarse = false;
	file->unfit = file->fine = file->entries = file->needed = 0;
	file->count = elf->e_phnum;
	file->code_end = file->table = file->table_size = 0;
	file->strings_size = 0;

	if (elf->e_phentsize != sizeof(Elf32_Phdr) || length == 0 || length > ELF_FILE_TABLE)
		return "its header describes no program headers";
	if ((uint64_t)elf->e_phoff + length <= file->head_size)
		memcpy(file->headers, file->head.bytes + elf->e_phoff, length);
	else if (!file_read(fd, file->headers, length, elf->e_phoff))
		return "its program headers are outside of the file";
	for (unsigned int i = 0; i < file->count; i++) {
		const Elf32_Phdr *header = &file->headers[i];

		if (header->p_type == PT_LOAD) {
			loads++;
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
	if (loads == 0)
		return "it has no segment to load";
	if (interpreter) {
		length = interpreter->p_filesz;
		if (length < 2 || length > sizeof(file->strings)
			|| !file_read(fd, file->strings, length, interpreter->p_offset)
			|| file->strings[length - 1] != '\0')
			return "the name of its interpreter is outside of the file";
		file->interpreted = true;
	}
	malformed = dynamic ? dynamic_read(file, dynamic) : NULL;
	if (!malformed && !dynamic && !file->program)
		malformed = "it has no dynamic section";
	if (!malformed)
		segments_fit(file, page);
	return malformed;
}

void
elf_file_describe(const struct elf_file *file, char *text, size_t size)
{
	static const struct {
		unsigned int machine;
		const char *name;
	} machines[] = {
		{EM_386, "i386"},
		{EM_X86_64, "x86-64"},
		{EM_ARM, "ARM"},
		{EM_AARCH64, "AArch64"},
		{EM_RISCV, "RISC-V"},
		{EM_PPC, "PowerPC"},
		{EM_PPC64, "PowerPC64"},
		{EM_MIPS, "MIPS"},
		{EM_S390, "S/390"},
		{EM_SPARC, "SPARC"},
		{EM_SPARCV9, "SPARC V9"},
		{EM_68K, "m68k"},
		{EM_SH, "SuperH"},
		{EM_IA_64, "IA-64"},
		{EM_LOONGARCH, "LoongArch"},
	};
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
		else
			abi = ", soft float (armel)";
	}
	snprintf(text, size, "%s, %s bits, %s-endian%s", name, wide ? "64" : "32",
		big ? "big" : "little", abi);
}

bool
elf_file_is_strict_loader(struct elf_file *file, int fd)
{
	static const char words[] = "ELF load command alignment not page-aligned";
	const size_t size = sizeof(file->headers), overlap = strlen(words);
	char *buffer = (char *)file->headers;
	size_t kept = 0;
	ssize_t length;

	for (uint64_t at = 0; at < LOADER_MAX; at += (uint64_t)length) {
		length = pread(fd, buffer + kept, size - kept, (off_t)at);
		if (length <= 0)
			break;
		kept += (size_t)length;
		if (memmem(buffer, kept, words, overlap))
			return true;
		/* The words may lie across two reads. */
		if (kept > overlap) {
			memmove(buffer, buffer + kept - overlap, overlap);
			kept = overlap;
		}
	}
	return false;
}
