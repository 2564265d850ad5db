/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: judges ELF files by what the kernel and ld.so would do with them. Runs nothing, follows
 * no link out of the root, keeps nothing on the stack that a file's size decides.
 */
/* hsearch(3) has a struct entry of its own. */
#define entry search_entry
#include <search.h>
#undef entry

#include "program.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "text.h"

/* Linux 5.6; the headers of glibc 2.28 do not know it. The number is the same on all machines. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif
#define RESOLVE_NO_XDEV       0x01
#define RESOLVE_NO_MAGICLINKS 0x02
#define RESOLVE_NO_SYMLINKS   0x04
#define RESOLVE_BENEATH       0x08
#define RESOLVE_IN_ROOT       0x10

#define OPEN_FILE (O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)

#define TABLE_SIZE                                                                                 \
	16384 /* bytes of program headers and of a dynamic section; real ones have less than 4096 */
#define LINKS_MAX   40  /* path_resolution(7) */
#define SCRIPTS_MAX 5   /* interpreters of interpreters: fs/exec.c */
#define CONFS_MAX   256 /* files that ld.so.conf may include */
#define CONF_DEPTH  4
#define LOADER_SCAN (1024 * 1024)
#define GUEST_PAGE  4096 /* qemu-arm's */
#define COARSE      65536

#define DEFAULT_LOADER "/lib/ld-linux-armhf.so.3"
/* Where ld.so looks at last, on Debian and its relatives, and elsewhere. */
#define DEFAULT_DIRS "/lib/arm-linux-gnueabihf:/usr/lib/arm-linux-gnueabihf:/lib:/usr/lib"

/* A text that is kept once: of DT_NEEDED, DT_SONAME, a list of directories. */
struct name {
	unsigned int round;  /* the last program for which a library of this name was loaded */
	unsigned int blocks; /* programs that miss it first */
	char text[];
};

struct edge {
	struct name *name;
	struct object *object; /* NULL: not there */
	bool resolved;
};

/* An ELF file for armhf, or one that would have to be. */
struct object {
	struct object *next; /* in no order */
	uint64_t device;
	uint64_t inode;
	char *path; /* inside the root */
	bool program;
	bool executable;
	const char *broken; /* what is malformed */
	struct name *interpreter;
	struct name *soname;
	struct name *rpath;
	struct name *runpath;
	bool no_defaults; /* DF_1_NODEFLIB */
	struct edge *needed;
	unsigned int needed_count;
	unsigned int unfit; /* the first segment that cannot be mapped, counted from 1 */
	unsigned int fine;  /* the first segment whose p_align is below the page */
	bool coarse;        /* aligned to COARSE */
	bool untaken;       /* by the entry */
	bool listed;        /* counted in the report */
	bool scanned;
	bool strict;         /* a loader that refuses what is fine: glibc up to 2.36 */
	unsigned int round;  /* the last program that needs it */
	unsigned int blocks; /* programs that it blocks first */
};

/* Where one name was found in one list of directories. */
struct lookup {
	const struct name *dirs; /* NULL: the default ones */
	const struct name *name;
	struct object *object;
};

/* A loaded object and the place of the one that asked for it: DT_RPATH is inherited. */
struct loaded {
	struct object *object;
	unsigned int by;
	bool inherits;
};

struct verdict {
	enum program_cause cause;
	const char *culprit;   /* path or name */
	unsigned int *blocks;  /* its count */
	const char *needed_by; /* NULL: by the program itself */
	const char *detail;    /* for PROGRAM_MALFORMED */
	unsigned int segment;
};

struct check {
	const struct program_host *host;
	struct program_report *report;
	unsigned int lines;
	int root;
	bool host_root;
	bool no_openat2;
	bool no_emulator;
	uint64_t device;    /* of the root's file system */
	unsigned long page; /* what segments must be congruent to */
	int error;          /* sticky: ENOMEM, or EINTR for a stop signal */
	unsigned int round;
	void *names;
	void *objects;
	void *lookups;
	struct object *first;
	struct object **programs;
	size_t program_count;
	struct loaded *queue;
	size_t queue_size;
	char *dirs; /* the default directories */
	unsigned int confs;
	unsigned int counts[PROGRAM_CAUSES];
	unsigned int best_count[PROGRAM_CAUSES];
	const char *best[PROGRAM_CAUSES];
	FILE *list;
	size_t list_size;
	char *pending; /* names of directories, with an empty one for the way back: see root_check */
	size_t pending_used;
	size_t pending_size;

	/* Buffers: their sizes do not depend on any file. */
	union {
		unsigned char bytes[512];
		Elf32_Ehdr elf;
	} head;
	size_t head_size;
	char path[2 * PATH_MAX];
	char rest[2 * PATH_MAX];
	char done[2 * PATH_MAX];
	char link[PATH_MAX];
	char text[2 * PATH_MAX];
	char own[PATH_MAX]; /* the path of the one file */
	char escaped[4 * PATH_MAX];
	Elf32_Phdr headers[TABLE_SIZE / sizeof(Elf32_Phdr)];
	Elf32_Dyn dynamic[TABLE_SIZE / sizeof(Elf32_Dyn)];
	char strings[PATH_MAX];
	uint64_t strings_at;
	size_t strings_size;
};

static void *
check_alloc(struct check *check, size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		check->error = ENOMEM;
	return memory;
}

/* True once the check cannot go on. */
static bool
check_over(struct check *check)
{
	if (!check->error && check->host->stop && stop_pending(check->host->stop))
		check->error = EINTR;
	return check->error != 0;
}

/* ---- what is kept once ---- */

static int
name_compare(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static struct name *
name_get(struct check *check, const char *text)
{
	size_t size = strlen(text) + 1;
	struct name *name = check_alloc(check, 1, sizeof(*name) + size);
	struct name **kept;

	if (!name)
		return NULL;
	memcpy(name->text, text, size);
	kept = tsearch(name, &check->names, name_compare);
	if (!kept)
		check->error = ENOMEM;
	if (!kept || *kept != name)
		free(name);
	return kept ? *kept : NULL;
}

static int
object_compare(const void *a, const void *b)
{
	const struct object *x = a, *y = b;

	if (x->device != y->device)
		return x->device < y->device ? -1 : 1;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static int
lookup_compare(const void *a, const void *b)
{
	const struct lookup *x = a, *y = b;

	if (x->dirs != y->dirs)
		return (uintptr_t)x->dirs < (uintptr_t)y->dirs ? -1 : 1;
	return ((uintptr_t)x->name > (uintptr_t)y->name)
		- ((uintptr_t)x->name < (uintptr_t)y->name);
}

static void
object_free(void *memory)
{
	struct object *object = memory;

	free(object->path);
	free(object->needed);
	free(object);
}

/* ---- opening inside of the root ---- */

static int
root_openat2(const struct check *check, const char *path, int flags, uint64_t resolve)
{
	struct {
		uint64_t flags, mode, resolve;
	} how = {(uint64_t)(unsigned int)flags, 0, resolve};
	int fd;

	/* EAGAIN: something was renamed in the meantime, openat2(2). */
	for (int i = 0; i < 8; i++) {
		fd = (int)syscall(SYS_openat2, check->root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd;
}

/* As chroot(2) would resolve it, on kernels before 5.6: components are looked at one by one. */
static int
root_walk(struct check *check, const char *path, int flags)
{
	char *rest = check->rest;
	char *done = check->done;
	unsigned int links = 0;
	size_t used = 0;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(rest, path);
	done[0] = '\0';
	while (rest[strspn(rest, "/")]) {
		char *part = rest + strspn(rest, "/");
		size_t length = strcspn(part, "/");
		ssize_t target;

		if (length == 2 && memcmp(part, "..", 2) == 0) {
			char *slash = strrchr(done, '/');

			used = slash ? (size_t)(slash - done) : 0;
		} else if (length != 1 || *part != '.') {
			if (used + length + 2 > PATH_MAX) {
				errno = ENAMETOOLONG;
				return -1;
			}
			if (used)
				done[used++] = '/';
			memcpy(done + used, part, length);
			used += length;
		}
		done[used] = '\0';
		memmove(rest, part + length, strlen(part + length) + 1);
		target = used ? readlinkat(check->root, done, check->link, PATH_MAX - 1) : -1;
		if (target < 0)
			continue;
		if (++links > LINKS_MAX || (size_t)target + strlen(rest) >= PATH_MAX) {
			errno = ELOOP;
			return -1;
		}
		memmove(rest + target, rest, strlen(rest) + 1);
		memcpy(rest, check->link, (size_t)target);
		used = check->link[0] == '/' || !strrchr(done, '/')
			? 0
			: (size_t)(strrchr(done, '/') - done);
		done[used] = '\0';
	}
	return openat(check->root, used ? done : ".", flags | O_NOFOLLOW);
}

/* Open what path means to a process whose root this is. */
static int
root_open(struct check *check, const char *path, int flags)
{
	if (check->no_openat2)
		return root_walk(check, path, flags);
	return root_openat2(check, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static bool
file_stat(int fd, struct statx *status)
{
	return statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, status) == 0;
}

static uint64_t
file_device(const struct statx *status)
{
	return (uint64_t)status->stx_dev_major << 32 | status->stx_dev_minor;
}

static bool
file_read(int fd, void *to, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX && pread(fd, to, size, (off_t)offset) == (ssize_t)size;
}

/* ---- one ELF file ---- */

/* Is this the head of a 32-bit ARM program that an armhf system can use? */
static bool
head_is_armhf(const struct check *check)
{
	const Elf32_Ehdr *elf = &check->head.elf;

	return check->head_size >= sizeof(*elf) && memcmp(elf->e_ident, ELFMAG, SELFMAG) == 0
		&& elf->e_ident[EI_CLASS] == ELFCLASS32 && elf->e_ident[EI_DATA] == ELFDATA2LSB
		&& (elf->e_type == ET_EXEC || elf->e_type == ET_DYN) && elf->e_machine == EM_ARM
		&& (elf->e_flags & EF_ARM_EABIMASK) && !(elf->e_flags & EF_ARM_ABI_FLOAT_SOFT);
}

static bool
head_read(struct check *check, int fd)
{
	ssize_t length = pread(fd, check->head.bytes, sizeof(check->head.bytes), 0);

	check->head_size = length > 0 ? (size_t)length : 0;
	memset(check->head.bytes + check->head_size, 0,
		sizeof(check->head.bytes) - check->head_size);
	return length >= 0;
}

/* A string of the file, kept; NULL if it does not end in the table. */
static struct name *
string_get(struct check *check, int fd, uint64_t table, uint32_t size, uint32_t offset)
{
	uint64_t at = table + offset;
	size_t left = offset < size ? size - offset : 0;
	ssize_t length;

	if (at < check->strings_at || at >= check->strings_at + check->strings_size
		|| !memchr(check->strings + (at - check->strings_at), '\0',
			check->strings_size - (size_t)(at - check->strings_at))) {
		length = pread(fd, check->strings,
			left < sizeof(check->strings) ? left : sizeof(check->strings), (off_t)at);
		check->strings_at = at;
		check->strings_size = length > 0 ? (size_t)length : 0;
		if (!memchr(check->strings, '\0', check->strings_size))
			return NULL;
	}
	return name_get(check, check->strings + (at - check->strings_at));
}

/* Append to check->text, which is cut where it is full. */
static size_t
text_add(struct check *check, size_t used, const char *from, size_t length)
{
	size_t room = sizeof(check->text) - 1 - used;

	if (length > room)
		length = room;
	memcpy(check->text + used, from, length);
	check->text[used + length] = '\0';
	return used + length;
}

/* The directories of DT_RPATH or DT_RUNPATH with the tokens of ld.so(8) expanded. */
static struct name *
dirs_get(struct check *check, const struct object *object, const struct name *raw)
{
	size_t origin = (size_t)(strrchr(object->path, '/') - object->path);
	const struct {
		const char *token, *text;
		size_t length;
	} tokens[] = {
		{"ORIGIN", object->path, origin},
		{"LIB", "lib/arm-linux-gnueabihf", strlen("lib/arm-linux-gnueabihf")},
		{"PLATFORM", "v8l", strlen("v8l")},
	};
	size_t used = text_add(check, 0, "", 0);

	for (const char *from = raw->text; *from;) {
		bool braced = from[1] == '{';
		size_t found = 0;

		for (size_t i = 0; *from == '$' && i < sizeof(tokens) / sizeof(tokens[0]); i++) {
			size_t length = strlen(tokens[i].token);

			if (strncmp(from + 1 + braced, tokens[i].token, length) != 0
				|| (braced && from[2 + length] != '}'))
				continue;
			found = 1 + length + 2 * braced;
			used = text_add(check, used, tokens[i].text, tokens[i].length);
			break;
		}
		if (!found) {
			used = text_add(check, used, from, 1);
			found = 1;
		}
		from += found;
	}
	return name_get(check, check->text);
}

static uint64_t
page_of(const struct check *check, uint64_t address)
{
	return address & ~(uint64_t)(check->page - 1);
}

/*
 * Which segment cannot be mapped? The kernel and ld.so map whole pages: address and offset must be congruent. Where
 * two segments share a page the later one's permissions hold for all of it, so code there is lost.
 */
static void
object_fit(const struct check *check, struct object *object, unsigned int count, uint64_t code_end)
{
	const Elf32_Phdr *before = NULL;
	unsigned int number = 0;

	object->coarse = true;
	for (unsigned int i = 0; i < count; i++) {
		const Elf32_Phdr *now = &check->headers[i];
		uint64_t end, shift;

		if (now->p_type != PT_LOAD)
			continue;
		number++;
		shift = (uint32_t)(now->p_vaddr - now->p_offset);
		if (now->p_align & (check->page - 1) && !object->fine)
			object->fine = number;
		if (now->p_align < COARSE)
			object->coarse = false;
		if (shift & (check->page - 1) && !object->unfit)
			object->unfit = number;
		if (before) {
			end = (uint64_t)before->p_vaddr + before->p_memsz;
			if (before->p_flags & PF_X && !(now->p_flags & PF_X)
				&& code_end > before->p_vaddr && code_end < end)
				end = code_end;
			if (end > page_of(check, now->p_vaddr)
				&& (before->p_flags & ~now->p_flags & (PF_X | PF_W)
					|| shift != (uint32_t)(before->p_vaddr - before->p_offset))
				&& !object->unfit)
				object->unfit = number;
		}
		before = now;
	}
}

/* Read the dynamic section; returns the reason if it is malformed. code_end: where .fini, the last code, ends. */
static const char *
object_read_dynamic(struct check *check, int fd, struct object *object, unsigned int count,
	const Elf32_Phdr *segment, uint64_t *code_end)
{
	size_t size = segment->p_filesz < TABLE_SIZE ? segment->p_filesz : TABLE_SIZE;
	uint32_t strings = 0, strings_size = 0, needed = 0, flags = 0;
	uint64_t table = 0;
	size_t entries;

	if (!file_read(fd, check->dynamic, size, segment->p_offset))
		return "its dynamic section is outside of the file";
	for (entries = 0; entries < size / sizeof(Elf32_Dyn); entries++) {
		const Elf32_Dyn *entry = &check->dynamic[entries];

		if (entry->d_tag == DT_NULL)
			break;
		switch (entry->d_tag) {
		case DT_NEEDED: needed++; break;
		case DT_STRTAB: strings = entry->d_un.d_ptr; break;
		case DT_STRSZ: strings_size = entry->d_un.d_val; break;
		case DT_FLAGS_1: flags = entry->d_un.d_val; break;
		case DT_FINI: *code_end = (uint64_t)entry->d_un.d_ptr + 8; break;
		default: break; /* nothing of what decides */
		}
	}
	object->no_defaults = flags & DF_1_NODEFLIB;
	object->program = object->program || flags & DF_1_PIE;

	for (unsigned int i = 0; i < count; i++) {
		const Elf32_Phdr *load = &check->headers[i];

		if (load->p_type == PT_LOAD && strings >= load->p_vaddr
			&& strings - load->p_vaddr < load->p_filesz)
			table = (uint64_t)load->p_offset + (strings - load->p_vaddr);
	}
	check->strings_size = 0;
	if (needed) {
		object->needed = check_alloc(check, needed, sizeof(struct edge));
		if (!object->needed)
			return NULL;
	}
	for (size_t i = 0; i < entries && !check->error; i++) {
		const Elf32_Dyn *entry = &check->dynamic[i];
		struct name *name;

		switch (entry->d_tag) {
		case DT_NEEDED:
		case DT_SONAME:
		case DT_RPATH:
		case DT_RUNPATH: break;
		default: continue;
		}
		name = table ? string_get(check, fd, table, strings_size, entry->d_un.d_val) : NULL;
		if (!name)
			return "a name in its dynamic section is outside of the file";
		if (entry->d_tag == DT_NEEDED)
			object->needed[object->needed_count++].name = name;
		else if (entry->d_tag == DT_SONAME)
			object->soname = name;
		else if (entry->d_tag == DT_RPATH)
			object->rpath = dirs_get(check, object, name);
		else
			object->runpath = dirs_get(check, object, name);
	}
	/* ld.so ignores DT_RPATH beside DT_RUNPATH. */
	if (object->runpath)
		object->rpath = NULL;
	return NULL;
}

/* Parse the file whose head is in check->head; returns the reason if it is malformed. */
static const char *
object_parse(struct check *check, int fd, uint64_t size, struct object *object)
{
	const Elf32_Ehdr *elf = &check->head.elf;
	const Elf32_Phdr *dynamic = NULL, *interpreter = NULL;
	unsigned int count = elf->e_phnum, loads = 0;
	size_t length = count * sizeof(Elf32_Phdr);
	uint64_t code_end = 0;
	const char *broken;

	object->program = elf->e_type == ET_EXEC;
	object->untaken = check->host->entry
		&& !entry_matches(check->host->entry, check->head.bytes);
	if (elf->e_phentsize != sizeof(Elf32_Phdr) || count == 0 || length > TABLE_SIZE)
		return "its header describes no program headers";
	if ((uint64_t)elf->e_phoff + length <= check->head_size)
		memcpy(check->headers, check->head.bytes + elf->e_phoff, length);
	else if (!file_read(fd, check->headers, length, elf->e_phoff))
		return "its program headers are outside of the file";

	for (unsigned int i = 0; i < count; i++) {
		const Elf32_Phdr *header = &check->headers[i];

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
		if (length < 2 || length > PATH_MAX
			|| !file_read(fd, check->strings, length, interpreter->p_offset)
			|| check->strings[length - 1] != '\0')
			return "the name of its interpreter is outside of the file";
		object->interpreter = name_get(check, check->strings);
	}
	if (dynamic) {
		broken = object_read_dynamic(check, fd, object, count, dynamic, &code_end);
		if (broken)
			return broken;
	} else if (!object->program) {
		return "it has no dynamic section";
	}
	/* Only libraries have a name beside an interpreter: libc.so.6 prints its version. */
	if (object->interpreter && !object->soname)
		object->program = true;
	object_fit(check, object, count, code_end);
	return NULL;
}

/* The object of a file that is open; its head was read. path is inside of the root. NULL: no memory. */
static struct object *
object_get(struct check *check, int fd, const struct statx *status, const char *path)
{
	struct object key = {.device = file_device(status), .inode = status->stx_ino};
	struct object **kept = tfind(&key, &check->objects, object_compare);
	struct object *object;

	if (kept) {
		/* Of hard links the first by name, however the directory is sorted. */
		if (strcmp(path, (*kept)->path) < 0) {
			char *copy = strdup(path);

			if (copy) {
				free((*kept)->path);
				(*kept)->path = copy;
			}
		}
		return *kept;
	}
	object = check_alloc(check, 1, sizeof(*object));
	if (!object)
		return NULL;
	object->device = key.device;
	object->inode = key.inode;
	object->executable = status->stx_mode & 0111;
	object->path = strdup(path);
	if (!object->path || !tsearch(object, &check->objects, object_compare)) {
		check->error = ENOMEM;
		object_free(object);
		return NULL;
	}
	object->next = check->first;
	check->first = object;
	if (fd < 0)
		return object; /* there, and not readable: nothing is known against it */
	if (head_is_armhf(check)) {
		object->broken = object_parse(check, fd, status->stx_size, object);
		if (object->broken && object->executable)
			object->program = true;
	} else {
		object->broken = "it is not an ELF file for armhf";
	}
	return object;
}

enum found {
	FOUND_NOTHING,
	FOUND_OTHER, /* an ELF file of another machine, class or float ABI: ld.so goes on */
	FOUND_OBJECT,
};

/* What a path inside of the root leads to. */
static enum found
object_find(struct check *check, const char *path, struct object **object)
{
	int place = root_open(check, path, O_PATH | O_CLOEXEC);
	enum found found = FOUND_NOTHING;
	struct statx status;
	struct object key, **kept;
	int fd = -1;

	*object = NULL;
	if (place < 0)
		return FOUND_NOTHING;
	if (!file_stat(place, &status) || !S_ISREG(status.stx_mode))
		goto out;
	found = FOUND_OBJECT;
	key = (struct object){.device = file_device(&status), .inode = status.stx_ino};
	kept = tfind(&key, &check->objects, object_compare);
	if (kept) {
		*object = *kept;
		goto out;
	}
	fd = root_open(check, path, OPEN_FILE & ~O_NOFOLLOW);
	if (fd >= 0
		&& (!file_stat(fd, &status) || !S_ISREG(status.stx_mode) || !head_read(check, fd)))
		found = FOUND_NOTHING;
	else if (fd >= 0 && memcmp(check->head.bytes, ELFMAG, SELFMAG) == 0
		&& !head_is_armhf(check))
		found = FOUND_OTHER;
	else
		*object = object_get(check, fd, &status, path);
	if (fd < 0)
		check->report->unread++;
out:
	if (fd >= 0)
		close(fd);
	close(place);
	return *object || found != FOUND_OBJECT ? found : FOUND_NOTHING;
}

/* ---- libraries, as ld.so finds them ---- */

/* The library of this name in a list of directories; NULL: not there. */
static struct object *
dirs_find(struct check *check, const struct name *dirs, const struct name *name)
{
	struct lookup key = {dirs, name, NULL};
	struct lookup **kept = tfind(&key, &check->lookups, lookup_compare);
	const char *list = dirs ? dirs->text : check->dirs;
	struct lookup *lookup;

	if (kept)
		return (*kept)->object;
	lookup = check_alloc(check, 1, sizeof(*lookup));
	if (!lookup)
		return NULL;
	*lookup = key;
	if (!tsearch(lookup, &check->lookups, lookup_compare)) {
		check->error = ENOMEM;
		free(lookup);
		return NULL;
	}
	while (*list && !lookup->object) {
		size_t length = strcspn(list, ":");

		/* Others depend on the working directory of the program. */
		if (*list == '/'
			&& (size_t)snprintf(check->path, sizeof(check->path), "%.*s/%s",
				   (int)length, list, name->text)
				< sizeof(check->path))
			object_find(check, check->path, &lookup->object);
		list += length;
		list += *list == ':';
	}
	return lookup->object;
}

static struct object *
edge_resolve(struct check *check, unsigned int at, struct edge *edge)
{
	const struct loaded *by = &check->queue[at];
	struct object *found = NULL;

	if (edge->resolved && !by->inherits)
		return edge->object;
	if (edge->name->text[0] == '/')
		object_find(check, edge->name->text, &found);
	if (!by->object->runpath && edge->name->text[0] != '/') {
		for (const struct loaded *link = by; !found; link = &check->queue[link->by]) {
			if (link->object->rpath)
				found = dirs_find(check, link->object->rpath, edge->name);
			if (link == check->queue)
				break;
		}
	}
	if (!found && by->object->runpath)
		found = dirs_find(check, by->object->runpath, edge->name);
	if (!found && !by->object->no_defaults)
		found = dirs_find(check, NULL, edge->name);
	if (!by->inherits) {
		edge->object = found;
		edge->resolved = true;
	}
	return found;
}

static bool
queue_add(struct check *check, size_t *count, struct object *object, unsigned int by)
{
	if (*count == check->queue_size) {
		size_t size = check->queue_size ? 2 * check->queue_size : 64;
		struct loaded *queue = reallocarray(check->queue, size, sizeof(*queue));

		if (!queue) {
			check->error = ENOMEM;
			return false;
		}
		check->queue = queue;
		check->queue_size = size;
	}
	check->queue[*count] = (struct loaded){object, by,
		*count && (check->queue[by].inherits || check->queue[by].object->rpath)};
	++*count;
	object->round = check->round;
	if (object->soname)
		object->soname->round = check->round;
	return true;
}

/* A pattern of ld.so.conf: * and ?, in time that a hostile one cannot blow up. */
static bool
pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *kept = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			kept = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++kept;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static int
text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
conf_read(struct check *check, const char *path, unsigned int depth);

/* include PATTERN: only the last component may have wildcards, as every distribution's has. */
static void
conf_include(struct check *check, const char *pattern, unsigned int depth)
{
	char *folder = strdup(pattern), *base = folder ? strrchr(folder, '/') : NULL;
	char **names = NULL, *path;
	size_t count = 0;
	struct dirent *entry;
	DIR *dir = NULL;
	int fd = -1;

	if (base) {
		*base++ = '\0';
		fd = root_open(check, *folder ? folder : "/",
			O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	}
	if (fd >= 0 && !(dir = fdopendir(fd)))
		close(fd);
	while (dir && count < CONFS_MAX && (entry = readdir(dir))) {
		char **more;

		if (entry->d_name[0] == '.' || !pattern_matches(base, entry->d_name))
			continue;
		more = reallocarray(names, count + 1, sizeof(*names));
		if (!more)
			break;
		names = more;
		if (asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			break;
		names[count++] = path;
	}
	if (dir)
		closedir(dir);
	if (count)
		qsort(names, count, sizeof(*names), text_compare);
	for (size_t i = 0; i < count; i++) {
		conf_read(check, names[i], depth + 1);
		free(names[i]);
	}
	free(names);
	free(folder);
}

/* Add the directories that a file of ld.so.conf(5)'s kind names to the default ones. */
static void
conf_read(struct check *check, const char *path, unsigned int depth)
{
	int fd = -1;
	struct statx status;
	char *line = NULL, *joined;
	size_t size = 0;
	ssize_t length;
	FILE *file;

	if (depth > CONF_DEPTH || check->confs >= CONFS_MAX)
		return;
	check->confs++;
	fd = root_open(check, path, OPEN_FILE & ~O_NOFOLLOW);
	if (fd < 0)
		return;
	if (!file_stat(fd, &status) || !S_ISREG(status.stx_mode) || status.stx_size > TABLE_SIZE
		|| !(file = fdopen(fd, "re"))) {
		close(fd);
		return;
	}
	while ((length = getline(&line, &size, file)) >= 0) {
		char *text = line + strspn(line, " \t");

		text[strcspn(text, "#\n=")] = '\0';
		for (size_t end = strlen(text); end && strchr(" \t", text[end - 1]);)
			text[--end] = '\0';
		if (strncmp(text, "include", 7) == 0 && strchr(" \t", text[7]) && text[7]) {
			text += 8 + strspn(text + 8, " \t");
			joined = NULL;
			if (*text == '/')
				conf_include(check, text, depth);
			else if (asprintf(&joined, "%.*s/%s", (int)(strrchr(path, '/') - path),
					 path, text)
				>= 0)
				conf_include(check, joined, depth);
			free(joined);
		} else if (*text == '/' && asprintf(&joined, "%s%s:", check->dirs, text) >= 0) {
			free(check->dirs);
			check->dirs = joined;
		}
	}
	free(line);
	fclose(file);
}

static void
dirs_read(struct check *check)
{
	char *joined;

	check->dirs = strdup("");
	if (check->dirs)
		conf_read(check, "/etc/ld.so.conf", 0);
	if (!check->dirs || asprintf(&joined, "%s%s", check->dirs, DEFAULT_DIRS) < 0) {
		check->error = ENOMEM;
		return;
	}
	free(check->dirs);
	check->dirs = joined;
}

/* ---- the verdict on one program ---- */

/*
 * Does this loader refuse segments whose p_align is below the page? glibc up to 2.36 does, and has the words
 * for it: a version would tell less, distributions carry patches.
 */
static bool
loader_is_strict(struct check *check, struct object *loader)
{
	static const char words[] = "ELF load command alignment not page-aligned";
	size_t size = sizeof(check->headers), kept = 0;
	char *buffer = (char *)check->headers;
	uint64_t offset = 0;
	ssize_t length;
	int fd;

	if (loader->scanned)
		return loader->strict;
	loader->scanned = true;
	fd = root_open(check, loader->path, OPEN_FILE & ~O_NOFOLLOW);
	while (fd >= 0 && offset < LOADER_SCAN && !loader->strict
		&& (length = pread(fd, buffer + kept, size - kept, (off_t)offset)) > 0) {
		size_t all = kept + (size_t)length;

		loader->strict = memmem(buffer, all, words, strlen(words)) != NULL;
		kept = all < strlen(words) ? all : strlen(words);
		memmove(buffer, buffer + all - kept, kept);
		offset += (uint64_t)length;
	}
	if (fd >= 0)
		close(fd);
	return loader->strict;
}

static void
verdict_set(struct verdict *verdict, enum program_cause cause, const char *culprit,
	unsigned int *blocks, const char *needed_by)
{
	/* The first in the order of the causes, and of these the first that ld.so comes to. */
	if (verdict->cause && verdict->cause <= cause)
		return;
	*verdict = (struct verdict){cause, culprit, blocks, needed_by, NULL, 0};
}

/* Would the segments of a file be mapped; if not, the verdict says which. */
static void
verdict_map(struct check *check, struct verdict *verdict, struct object *object, bool strict)
{
	unsigned int segment = object->unfit;

	if (!check->host->runs)
		return;
	if (!segment && strict)
		segment = object->fine;
	if (check->host->align == PROBE_MAPS_4K && object->coarse)
		segment = 1;
	if (!segment || (verdict->cause && verdict->cause <= PROGRAM_ALIGNMENT))
		return;
	verdict_set(verdict, PROGRAM_ALIGNMENT, object->path, &object->blocks, NULL);
	verdict->segment = segment;
}

static void
verdict_broken(struct verdict *verdict, struct object *object)
{
	if (verdict->cause && verdict->cause <= PROGRAM_MALFORMED)
		return;
	verdict_set(verdict, PROGRAM_MALFORMED, object->path, &object->blocks, NULL);
	verdict->detail = object->broken;
}

/* Load the program's libraries as ld.so would, in its order. */
static void
verdict_load(struct check *check, struct verdict *verdict, struct object *program)
{
	struct object *loader = NULL;
	size_t count = 0;
	bool strict;

	object_find(check, program->interpreter->text, &loader);
	if (!loader || !loader->executable) {
		verdict_set(verdict, PROGRAM_INTERPRETER, program->interpreter->text,
			&program->interpreter->blocks, NULL);
		return;
	}
	if (loader->broken) {
		verdict_broken(verdict, loader);
		return;
	}
	verdict_map(check, verdict, loader, false);
	strict = loader_is_strict(check, loader);
	check->round++;
	if (!queue_add(check, &count, program, 0))
		return;
	loader->round = check->round;
	if (loader->soname)
		loader->soname->round = check->round;
	for (unsigned int at = 0; at < count && !check->error; at++) {
		struct object *by = check->queue[at].object;

		if (at || !program->program)
			verdict_map(check, verdict, by, strict);
		for (unsigned int i = 0; i < by->needed_count && !check->error; i++) {
			struct edge *edge = &by->needed[i];
			struct object *library;

			/* A relative path depends on the working directory of the program. */
			if (edge->name->round == check->round
				|| (edge->name->text[0] != '/' && strchr(edge->name->text, '/')))
				continue;
			edge->name->round = check->round;
			library = edge_resolve(check, at, edge);
			if (!library)
				verdict_set(verdict, PROGRAM_LIBRARY, edge->name->text,
					&edge->name->blocks, at ? by->path : NULL);
			else if (library->broken)
				verdict_broken(verdict, library);
			else if (library->round != check->round)
				queue_add(check, &count, library, at);
		}
	}
}

static void
verdict_judge(struct check *check, struct verdict *verdict, struct object *program)
{
	const struct entry *entry = check->host->runs ? check->host->entry : NULL;

	*verdict = (struct verdict){0};
	if (program->broken) {
		verdict_broken(verdict, program);
		return;
	}
	if (program->program)
		verdict_map(check, verdict, program, false);
	if (program->interpreter)
		verdict_load(check, verdict, program);
	if (entry && check->no_emulator)
		verdict_set(verdict, PROGRAM_EMULATOR, entry->interpreter,
			&check->best_count[PROGRAM_EMULATOR], NULL);
	if (entry && program->untaken)
		verdict_set(verdict, PROGRAM_UNTAKEN, program->path, &program->blocks, NULL);
}

/* ---- words ---- */

/* The kernel's and ld.so's reason, in words that name the file. */
static void
verdict_words(struct check *check, const struct verdict *verdict, const struct object *program,
	char *why, size_t size)
{
	char name[192], by[192];
	bool own = strcmp(verdict->culprit, program->path) == 0;
	unsigned long kib = check->page / 1024;

	text_escape(name, sizeof(name), own ? "it" : verdict->culprit);
	text_escape(by, sizeof(by), verdict->needed_by ? verdict->needed_by : "");
	switch (verdict->cause) {
	case PROGRAM_RUNS:
	case PROGRAM_CAUSES: why[0] = '\0'; break;
	case PROGRAM_FOREIGN: snprintf(why, size, "%s", verdict->detail); break;
	case PROGRAM_MODE: snprintf(why, size, "nobody may execute it"); break;
	case PROGRAM_MALFORMED:
		snprintf(why, size, "%s%s: %s", own ? "" : name,
			own ? "malformed" : " is malformed", verdict->detail);
		break;
	case PROGRAM_INTERPRETER: snprintf(why, size, "its interpreter %s is missing", name); break;
	case PROGRAM_LIBRARY:
		snprintf(why, size, "the library %s is missing%s%s", name,
			*by ? ", needed by " : "", by);
		break;
	case PROGRAM_EMULATOR:
		snprintf(why, size, "the emulator %s is not in this root", name);
		break;
	case PROGRAM_ALIGNMENT:
		snprintf(why, size, "segment %u of %s cannot be mapped with pages of %lu KiB",
			verdict->segment, own ? "the program" : name,
			check->page == GUEST_PAGE ? check->host->page_size / 1024 : kib);
		break;
	case PROGRAM_UNTAKEN:
		snprintf(why, size, "the entry %s does not take its header",
			check->host->entry->name);
		break;
	}
}

static void
report_remedy(struct check *check, enum program_cause cause)
{
	struct program_report *report = check->report;
	char name[512];
	const char *text = "";

	text_escape(name, sizeof(name), check->best[cause] ? check->best[cause] : "");
	switch (cause) {
	case PROGRAM_RUNS:
	case PROGRAM_CAUSES: break;
	case PROGRAM_FOREIGN: text = "take the armhf build of it"; break;
	case PROGRAM_MODE: text = "chmod a+x it"; break;
	case PROGRAM_MALFORMED: text = "install the package with %s again"; break;
	case PROGRAM_INTERPRETER:
	case PROGRAM_LIBRARY: text = "install the armhf package with %s there"; break;
	case PROGRAM_EMULATOR:
		text = "copy %s into the root, or register the entry with flag F";
		break;
	case PROGRAM_ALIGNMENT:
		text = "boot a kernel with pages of 4 KiB (Raspberry Pi 5: kernel=kernel8.img), or take a release whose files are aligned to 64 KiB";
		break;
	case PROGRAM_UNTAKEN: text = "register an entry that takes all armhf programs"; break;
	}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(report->remedy, sizeof(report->remedy), text, name);
#pragma GCC diagnostic pop
}

static void
report_add(struct check *check, const struct verdict *verdict, const struct object *program)
{
	struct program_report *report = check->report;
	enum program_cause cause = verdict->cause;
	char why[FAULT_WHY_SIZE];
	unsigned int blocks;

	if (!cause)
		return;
	check->counts[cause]++;
	blocks = verdict->blocks ? ++*verdict->blocks : 1;
	if (blocks > check->best_count[cause] || !check->best[cause]) {
		check->best_count[cause] = blocks;
		check->best[cause] = verdict->culprit;
	}
	if (++report->blocked > check->lines)
		return;
	verdict_words(check, verdict, program, why, sizeof(why));
	if (report->blocked == 1)
		fault_set(&report->fault, 0, program->path, "%s", why);
	if (!check->list)
		check->list = open_memstream(&report->list, &check->list_size);
	if (!check->list) {
		check->error = ENOMEM;
		return;
	}
	text_escape(check->escaped, sizeof(check->escaped), program->path);
	fprintf(check->list, "%s%s: %s", report->blocked > 1 ? "\n" : "", check->escaped, why);
}

/* ---- a root directory ---- */

static bool
pending_push(struct check *check, const char *name)
{
	size_t length = strlen(name) + 1;

	if (check->pending_used + length > check->pending_size) {
		size_t size = 2 * check->pending_size + 4096;
		char *pending = realloc(check->pending, size);

		if (!pending) {
			check->error = ENOMEM;
			return false;
		}
		check->pending = pending;
		check->pending_size = size;
	}
	memcpy(check->pending + check->pending_used, name, length);
	check->pending_used += length;
	return true;
}

/* Take the name on top; it stays readable until the next push. */
static const char *
pending_pop(struct check *check)
{
	size_t at = check->pending_used - 1;

	while (at > 0 && check->pending[at - 1] != '\0')
		at--;
	check->pending_used = at;
	return check->pending + at;
}

static void
programs_add(struct check *check, struct object *object)
{
	/* Doubled at each power of two. */
	if ((check->program_count & (check->program_count - 1)) == 0) {
		size_t size = check->program_count ? 2 * check->program_count : 1;
		struct object **programs = reallocarray(check->programs, size, sizeof(*programs));

		if (!programs) {
			check->error = ENOMEM;
			return;
		}
		check->programs = programs;
	}
	check->programs[check->program_count++] = object;
}

/* Look at a file of a directory that is being read; path, inside of the root, is in check->path. */
static void
root_look(struct check *check, int dir, const char *name)
{
	int fd = openat(dir, name, OPEN_FILE);
	struct object *object;
	struct statx status;

	if (fd < 0) {
		/* ENOENT: it is gone. ELOOP and ENXIO: it is a link or a socket by now. */
		if (errno != ENOENT && errno != ELOOP && errno != ENXIO)
			check->report->unread++;
		return;
	}
	if (head_read(check, fd) && head_is_armhf(check) && file_stat(fd, &status)
		&& S_ISREG(status.stx_mode)) {
		object = object_get(check, fd, &status, check->path);
		if (object && !object->listed) {
			object->listed = true;
			if (object->program && object->executable)
				programs_add(check, object);
			else
				check->report->libraries++;
		}
	}
	close(fd);
}

static bool
root_leaves_out(const char *name)
{
	return strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0 || strcmp(name, "dev") == 0
		|| strcmp(name, "run") == 0;
}

/* Read one directory: look at its files, and put its directories on the stack. used: the length of its path. */
static void
root_read(struct check *check, size_t used)
{
	const char *path = used ? check->path + 1 : ".";
	int flags = OPEN_FILE | O_DIRECTORY;
	struct dirent *entry;
	struct statx status;
	DIR *dir = NULL;
	int fd;

	if (check->no_openat2)
		fd = openat(check->root, path, flags);
	else
		fd = root_openat2(check, path, flags,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (fd < 0) {
		/* EXDEV: another file system is mounted there. */
		check->report->unread += errno != ENOENT && errno != EXDEV && errno != ENOTDIR;
		return;
	}
	if (!file_stat(fd, &status) || file_device(&status) != check->device
		|| !(dir = fdopendir(fd))) {
		close(fd);
		return;
	}
	while (!check_over(check) && (entry = readdir(dir))) {
		const char *name = entry->d_name;
		size_t length = strlen(name);
		unsigned char type = entry->d_type;

		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		if (type == DT_UNKNOWN
			&& statx(fd, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &status) == 0)
			type = (unsigned char)IFTODT(status.stx_mode);
		if (type == DT_DIR && (used || !root_leaves_out(name))) {
			pending_push(check, name);
		} else if (type == DT_REG) {
			if (used + 1 + length >= PATH_MAX) {
				check->report->unread++;
				continue;
			}
			check->path[used] = '/';
			memcpy(check->path + used + 1, name, length + 1);
			root_look(check, fd, name);
		}
	}
	closedir(dir);
}

/* Look at all files, depth first. An empty name on the stack is the end of a directory. */
static void
root_read_all(struct check *check)
{
	size_t used = 0;

	root_read(check, 0);
	while (check->pending_used && !check_over(check)) {
		const char *name = pending_pop(check);
		size_t length = strlen(name);

		if (length == 0) {
			while (check->path[--used] != '/')
				;
			continue;
		}
		if (used + 1 + length >= PATH_MAX) {
			check->report->unread++;
			continue;
		}
		check->path[used] = '/';
		memcpy(check->path + used + 1, name, length + 1);
		used += 1 + length;
		if (!pending_push(check, ""))
			return;
		root_read(check, used);
	}
}

static int
program_compare(const void *a, const void *b)
{
	return strcmp((*(struct object *const *)a)->path, (*(struct object *const *)b)->path);
}

static void
root_check(struct check *check)
{
	struct verdict verdict;

	root_read_all(check);
	if (check->error)
		return;
	if (check->program_count)
		qsort(check->programs, check->program_count, sizeof(struct object *),
			program_compare);
	for (size_t i = 0; i < check->program_count && !check_over(check); i++) {
		check->report->programs++;
		verdict_judge(check, &verdict, check->programs[i]);
		report_add(check, &verdict, check->programs[i]);
	}
	for (const struct object *object = check->first; object; object = object->next)
		check->report->plugins += object->listed && !object->round && check->host->runs
			&& !(object->program && object->executable)
			&& (object->broken || object->unfit);
}

/* ---- one file ---- */

/* Which machine the ELF file in check->head is for: its name, class, byte order and float ABI. */
static void
foreign_describe(const struct check *check, const char *subject, char *text, size_t size)
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
	const unsigned char *head = check->head.bytes;
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
		else if (!(check->head.elf.e_flags & EF_ARM_EABIMASK))
			abi = ", of the ABI before EABI, which only qemu-arm runs";
		else
			abi = ", soft float (armel)";
	}
	if (memcmp(head, ELFMAG, SELFMAG) != 0)
		snprintf(text, size, "%s is neither an ELF file nor a script", subject);
	else
		snprintf(text, size, "%s is for %s, %s bits, %s-endian%s", subject, name,
			wide ? "64" : "32", big ? "big" : "little", abi);
}

/* The path of an open file without links, for $ORIGIN; the path as it was given where there is no /proc. */
static void
file_path(int fd, const char *given, char *path, size_t size)
{
	char name[sizeof("/proc/self/fd/") + 3 * sizeof(int)];
	ssize_t length;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	length = readlink(name, path, size - 1);
	if (length > 0 && path[0] == '/')
		path[length] = '\0';
	else
		snprintf(path, size, "%s%s", *given == '/' ? "" : "/", given);
}

/* The interpreter that a script names, with the head in check->head; false if it names none. */
static bool
script_interpreter(struct check *check)
{
	char *line = (char *)check->head.bytes + 2;

	/* BINPRM_BUF_SIZE: the kernel looks no further. */
	check->head.bytes[255] = '\0';
	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t")] = '\0';
	text_add(check, 0, line, strlen(line));
	return *line;
}

/* Judge one file, opened at fd, which is closed. */
static void
file_check(struct check *check, int fd, const char *path)
{
	struct object named = {.path = check->own};
	struct object *object = NULL;
	struct verdict verdict = {0};
	char subject[256] = "it", foreign[FAULT_WHY_SIZE];
	struct statx status;
	bool executable = true;

	file_path(fd, path, check->own, sizeof(check->own));
	for (unsigned int scripts = 0; !verdict.cause; scripts++) {
		if (!file_stat(fd, &status) || !head_read(check, fd)) {
			check->error = errno;
			break;
		}
		executable = executable && status.stx_mode & 0111;
		if (memcmp(check->head.bytes, "#!", 2) != 0)
			break;
		close(fd);
		fd = -1;
		if (scripts < SCRIPTS_MAX && script_interpreter(check))
			fd = root_open(check, check->text, OPEN_FILE & ~O_NOFOLLOW);
		if (fd < 0)
			verdict_set(&verdict, PROGRAM_INTERPRETER, check->text, NULL, NULL);
		snprintf(subject, sizeof(subject), "its interpreter ");
		text_escape(
			subject + strlen(subject), sizeof(subject) - strlen(subject), check->text);
	}
	if (!check->error && !verdict.cause && head_is_armhf(check)) {
		object = object_get(check, fd, &status, named.path);
		if (object && !object->program && !object->interpreter && !object->broken)
			object->interpreter = name_get(check, DEFAULT_LOADER);
		if (!check->error)
			verdict_judge(check, &verdict, object);
	} else if (!check->error && !verdict.cause) {
		foreign_describe(check, subject, foreign, sizeof(foreign));
		verdict = (struct verdict){PROGRAM_FOREIGN, "", NULL, NULL, foreign, 0};
	}
	if (fd >= 0)
		close(fd);
	if (check->error)
		return;
	check->report->libraries = object && !object->program;
	check->report->programs = !check->report->libraries;
	if (!executable && check->report->programs)
		verdict_set(&verdict, PROGRAM_MODE, "", NULL, NULL);
	report_add(check, &verdict, &named);
}

/* ---- the check ---- */

/* Open the root, and the file at *fd; -1 for a root directory. */
static bool
check_open(struct check *check, const char *path, int *fd)
{
	struct program_report *report = check->report;
	struct statx status, top;

	/* Looked at before it is opened: opening a device or a FIFO does something. */
	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &status) != 0) {
		fault_set(&report->fault, errno, path, "cannot be looked at");
		return false;
	}
	report->root = S_ISDIR(status.stx_mode);
	if (!report->root && !S_ISREG(status.stx_mode)) {
		fault_set(&report->fault, EINVAL, path, "neither a file nor a directory");
		return false;
	}
	if (!report->root)
		*fd = open(path, OPEN_FILE & ~O_NOFOLLOW);
	check->root = open(report->root ? path : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (check->root < 0 || (!report->root && *fd < 0)) {
		fault_set(&report->fault, errno, path, "cannot be opened");
		return false;
	}
	if (!file_stat(check->root, &status)
		|| statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &top) != 0) {
		fault_set(&report->fault, errno, "/", "cannot be looked at");
		return false;
	}
	check->device = file_device(&status);
	check->host_root = file_device(&top) == check->device && top.stx_ino == status.stx_ino;
	return true;
}

static void
check_prepare(struct check *check)
{
	const struct program_host *host = check->host;
	const struct entry *entry = host->runs ? host->entry : NULL;
	struct statx status;
	int fd;

	check->page = entry && host->align != PROBE_MAPS_64K ? GUEST_PAGE : host->page_size;
	if (check->page < GUEST_PAGE || check->page & (check->page - 1))
		check->page = GUEST_PAGE;
	/* ENOSYS before Linux 5.6, EPERM in containers of that time. */
	fd = root_openat2(check, ".", O_PATH | O_CLOEXEC, RESOLVE_IN_ROOT);
	check->no_openat2 = fd < 0;
	if (fd >= 0)
		close(fd);
	dirs_read(check);
	/* A relative interpreter depends on the working directory of the program. */
	if (!entry || entry_has(entry, 'F') || check->host_root || entry->interpreter[0] != '/')
		return;
	fd = root_open(check, entry->interpreter, O_PATH | O_CLOEXEC);
	check->no_emulator = fd < 0 || !file_stat(fd, &status) || !S_ISREG(status.stx_mode)
		|| !(status.stx_mode & 0111);
	if (fd >= 0)
		close(fd);
}

static void
check_end(struct check *check)
{
	struct program_report *report = check->report;

	for (int i = 0; i < PROGRAM_CAUSES; i++) {
		if (check->counts[i] > report->cause_count) {
			report->cause = (enum program_cause)i;
			report->cause_count = check->counts[i];
		}
	}
	report_remedy(check, report->cause);
	if (report->blocked > check->lines && check->list)
		fprintf(check->list, "\nand %u more", report->blocked - check->lines);
	if (check->list && fclose(check->list) != 0)
		check->error = ENOMEM;
	tdestroy(check->names, free);
	tdestroy(check->lookups, free);
	tdestroy(check->objects, object_free);
	free(check->programs);
	free(check->queue);
	free(check->dirs);
	free(check->pending);
	if (check->root >= 0)
		close(check->root);
}

int
program_check(const char *path, const struct program_host *host, unsigned int lines,
	struct program_report *report)
{
	struct check *check = calloc(1, sizeof(*check));
	int error = ENOMEM, fd = -1;

	*report = (struct program_report){0};
	if (!check) {
		fault_set(&report->fault, error, path, "check");
		return -1;
	}
	check->host = host;
	check->report = report;
	check->lines = lines;
	check->root = -1;
	if (check_open(check, path, &fd)) {
		check_prepare(check);
		if (report->root)
			root_check(check);
		else
			file_check(check, fd, path);
		fd = -1;
	} else {
		check->error = report->fault.error;
		if (fd >= 0)
			close(fd);
	}
	check_end(check);
	error = check->error;
	if (error && !report->fault.why[0])
		fault_set(&report->fault, error, path, "check");
	free(check);
	return error ? -1 : 0;
}

void
program_release(struct program_report *report)
{
	free(report->list);
	report->list = NULL;
}
