/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program: judges ELF files by what the kernel and ld.so would do with them. Runs nothing, follows
 * no link out of the root, keeps nothing on the stack that a file's size decides.
 */
/* hsearch(3) has a struct entry of its own. */
#define entry search_entry
#include <search.h>
#undef entry

#include "elf_file.h"
#include "library.h"
#include "program.h"
#include "root.h"
#include "text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* tsearch(3) keeps what is allocated here until tdestroy(3), which gcc's analyzer does not see. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define SCRIPTS_MAX 5 /* interpreters of interpreters: fs/exec.c */

/* A text that is kept once: of DT_NEEDED and its like, and remedies. */
struct name {
	unsigned int round;    /* the last program for which a library of this name was loaded */
	unsigned int cures;    /* of a remedy: the programs */
	bool searched;         /* in the default directories, with this result */
	struct object *object; /* NULL: not there */
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
	const char *broken;    /* what is malformed */
	const char *interpreter;
	const char *rpath;
	const char *runpath;
	struct name *soname;
	struct edge *needed;
	unsigned int needed_count;
	unsigned int unfit, fine, behind; /* see elf_file.h */
	bool program;
	bool executable;
	bool no_defaults; /* DF_1_NODEFLIB */
	bool untaken;     /* by the entry */
	bool listed;      /* counted in the report */
	bool scanned;
	bool strict; /* a loader that refuses what is fine */

	/* As it is loaded for one program. */
	unsigned int round;   /* the last program that needs it */
	struct object *after; /* is loaded next */
	struct object *by;    /* asked for it; NULL: it is the program */
	bool inherits;        /* a DT_RPATH on the way here */
};

/* Of the program that is judged. */
struct verdict {
	enum program_cause cause;
	const char *culprit; /* path or name */
	const char *detail;  /* what is malformed or foreign; what needs the library */
	unsigned int segment;
};

struct directory {
	struct directory *next;
	const struct directory *parent; /* NULL: the root */
	char name[];
};

struct check {
	const struct program_host *host;
	const struct entry *entry; /* that serves */
	struct program_report *report;
	unsigned int lines;
	bool no_emulator;
	int error; /* sticky: ENOMEM, EINTR for a stop signal */
	unsigned int round;
	void *names;
	void *objects;
	struct object *first;
	struct directory *directories, *last;
	struct verdict verdict;
	const struct name *best; /* remedy */
	FILE *list;
	size_t list_size;

	struct root root;
	struct elf_file file;    /* the one that was looked at last */
	char path[2 * PATH_MAX]; /* of it */
	char escaped[4 * PATH_MAX];
	char library_directories[LIBRARY_MAX];
	char entries[32768]; /* of a directory */
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

static void
object_free(void *memory)
{
	struct object *object = memory;

	free(object->path);
	free(object->needed);
	free(object);
}

/* ---- one ELF file ---- */

/* Keep what decides of the file in check->file; returns the reason if it is malformed. */
static const char *
object_parse(struct check *check, uint64_t size, struct object *object)
{
	struct elf_file *file = &check->file;
	const char *broken = elf_file_parse(file, size, check->host->page_size);
	struct name *name;

	object->program = file->program || (broken && object->executable);
	object->untaken = check->entry && !entry_matches(check->entry, file->head.bytes);
	if (broken)
		return broken;
	object->no_defaults = file->no_defaults;
	object->unfit = file->unfit;
	object->fine = file->fine;
	object->behind = file->behind;
	if (file->interpreted && (name = name_get(check, file->strings)))
		object->interpreter = name->text;
	if (file->needed)
		object->needed = check_alloc(check, file->needed, sizeof(struct edge));
	for (unsigned int i = 0; i < file->entries; i++) {
		const Elf32_Dyn *entry = &file->dynamic[i];
		const char *text;

		if (entry->d_tag != DT_NEEDED && entry->d_tag != DT_SONAME
			&& entry->d_tag != DT_RPATH && entry->d_tag != DT_RUNPATH)
			continue;
		text = elf_file_name(file, entry);
		if (!text)
			return "a name in its dynamic section is outside of the file";
		name = name_get(check, text);
		if (check->error)
			break;
		if (entry->d_tag == DT_NEEDED)
			object->needed[object->needed_count++].name = name;
		else if (entry->d_tag == DT_SONAME)
			object->soname = name;
		else if (entry->d_tag == DT_RPATH)
			object->rpath = name->text;
		else
			object->runpath = name->text;
	}
	/* ld.so ignores DT_RPATH beside DT_RUNPATH. */
	if (object->runpath)
		object->rpath = NULL;
	return NULL;
}

static struct object *
object_known(struct check *check, const struct statx *status)
{
	struct object key = {.device = root_device(status), .inode = status->stx_ino};
	struct object **kept = tfind(&key, &check->objects, object_compare);

	return kept ? *kept : NULL;
}

/* The object of a file whose head was read; path is inside of the root. read: its bytes could be. NULL: no memory. */
static struct object *
object_get(struct check *check, bool read, const struct statx *status, const char *path)
{
	struct object *object = object_known(check, status);
	char *copy;

	/* Of hard links the first by name, however the directory is sorted. */
	if (object && strcmp(path, object->path) >= 0)
		return object;
	copy = strdup(path);
	if (object && copy) {
		free(object->path);
		object->path = copy;
		return object;
	}
	object = copy ? calloc(1, sizeof(*object)) : NULL;
	if (object) {
		object->device = root_device(status);
		object->inode = status->stx_ino;
		object->executable = status->stx_mode & 0111;
		object->path = copy;
	}
	if (!object || !tsearch(object, &check->objects, object_compare)) {
		check->error = ENOMEM;
		free(copy);
		free(object);
		return NULL;
	}
	object->next = check->first;
	check->first = object;
	/* There, and not readable: nothing is known against it. */
	if (read)
		object->broken = elf_file_is_armhf(&check->file)
			? object_parse(check, status->stx_size, object)
			: "it is not an ELF file for armhf";
	return object;
}

/*
 * What a path inside of the root leads to; NULL: nothing, or an ELF file of another machine, class or float ABI, which ld.so
 * passes over.
 */
static struct object *
object_find(struct check *check, const char *path)
{
	struct object *object;
	struct statx status;
	bool read;
	int fd;

	if (check_over(check) || !root_look(&check->root, path, &status))
		return NULL;
	object = object_known(check, &status);
	if (object)
		return object;
	fd = root_open_file(&check->root, path, &status);
	read = fd >= 0 && elf_file_head(&check->file, fd);
	check->report->unread += !read;
	if (!read || !elf_file_is_elf(&check->file) || elf_file_is_armhf(&check->file))
		object = object_get(check, read, &status, path);
	if (fd >= 0)
		close(fd);
	return object;
}

/* ---- libraries, as ld.so finds them ---- */

/* The length of $TOKEN or ${TOKEN} at the begin of a text; 0: it is not there. */
static size_t
token_length(const char *text, const char *token)
{
	bool braced = text[0] == '$' && text[1] == '{';
	size_t length = strlen(token);

	if (text[0] != '$' || strncmp(text + 1 + braced, token, length) != 0
		|| (braced && text[2 + length] != '}'))
		return 0;
	return 1 + length + 2 * braced;
}

/* Look for a library in the directories of a list, which may be that of an object. */
static struct object *
list_find(struct check *check, const char *list, const struct object *of, const char *name)
{
	struct object *found = NULL;

	while (*list && !found) {
		size_t used = 0;

		while (*list && *list != ':') {
			const char *text = list;
			size_t length = 1, origin = token_length(list, "ORIGIN");
			size_t library = token_length(list, "LIB");

			if (of && origin) {
				text = of->path;
				length = (size_t)(strrchr(text, '/') - text);
			} else if (library) {
				text = LIBRARY_TOKEN;
				length = strlen(text);
			}
			/* What is cut is longer than any path that can be opened. */
			if (used + length <= PATH_MAX) {
				memcpy(check->path + used, text, length);
				used += length;
			}
			list += text == list ? 1 : origin + library;
		}
		snprintf(check->path + used, sizeof(check->path) - used, "/%s", name);
		/* Others depend on the working directory of the program. */
		if (check->path[0] == '/')
			found = object_find(check, check->path);
		list += *list == ':';
	}
	return found;
}

static struct object *
edge_find(struct check *check, const struct object *by, struct name *name)
{
	struct object *found = NULL;

	if (name->text[0] == '/')
		return object_find(check, name->text);
	if (by->runpath)
		found = list_find(check, by->runpath, by, name->text);
	for (const struct object *at = by; at && !found && !by->runpath; at = at->by)
		if (at->rpath)
			found = list_find(check, at->rpath, at, name->text);
	if (found || by->no_defaults)
		return found;
	if (!name->searched)
		name->object = list_find(check, check->library_directories, NULL, name->text);
	name->searched = true;
	return name->object;
}

/* ---- the verdict on one program ---- */

/*
 * Of several causes the first in their order counts, and of these the one that ld.so comes to first: true if
 * it is this one.
 */
static bool
blame(struct check *check, enum program_cause cause, const char *culprit, const char *detail)
{
	if (check->verdict.cause && check->verdict.cause <= cause)
		return false;
	check->verdict = (struct verdict){cause, culprit, detail, 0};
	return true;
}

static void
blame_segment(struct check *check, const struct object *object, unsigned int segment)
{
	if (segment && check->host->runs && blame(check, PROGRAM_ALIGNMENT, object->path, NULL))
		check->verdict.segment = segment;
}

/*
 * Would the kernel, or the emulator, map the segments of this program or loader. qemu-arm reserves the memory for them and
 * reads what its host cannot map: load_elf_image of linux-user/elfload.c.
 */
static void
judge_program(struct check *check, const struct object *object)
{
	if (!check->entry)
		blame_segment(check, object, object->unfit);
}

/*
 * Would ld.so map the segments of this library. Under qemu-arm since 9.0 what the probe says (4k) is only that
 * its own file, aligned to 64 KiB, is one of those that are not.
 */
static void
judge_library(struct check *check, const struct object *object, bool strict)
{
	enum probe_status align = check->host->align;

	if (!check->entry)
		blame_segment(check, object, !object->unfit && strict ? object->fine : object->unfit);
	else if (align == PROBE_MAPS_4K || align == PROBE_MAPS_NONE)
		blame_segment(check, object, object->behind);
	if (check->entry && (align == PROBE_MAPS_64K || align == PROBE_MAPS_NONE))
		blame_segment(check, object, object->unfit);
}

static bool
loader_is_strict(struct check *check, struct object *loader)
{
	struct statx status;
	int fd = loader->scanned ? -1 : root_open_file(&check->root, loader->path, &status);

	loader->scanned = true;
	if (fd >= 0) {
		loader->strict = elf_file_is_strict_loader(fd);
		close(fd);
	}
	return loader->strict;
}

static void
load(struct check *check, struct object **last, struct object *object, struct object *by)
{
	object->round = check->round;
	if (object->soname)
		object->soname->round = check->round;
	object->by = by;
	object->inherits = by && (by->inherits || by->rpath);
	object->after = NULL;
	if (*last)
		(*last)->after = object;
	*last = object;
}

/* Load the program's libraries as ld.so would, in its order. */
static void
judge_libraries(struct check *check, struct object *program)
{
	struct object *loader = object_find(check, program->interpreter), *last = NULL;
	bool strict;

	if (!loader || !loader->executable) {
		blame(check, PROGRAM_INTERPRETER, program->interpreter, NULL);
		return;
	}
	if (loader->broken) {
		blame(check, PROGRAM_MALFORMED, loader->path, loader->broken);
		return;
	}
	judge_program(check, loader);
	strict = loader_is_strict(check, loader);
	check->round++;
	load(check, &last, loader, NULL);
	last = NULL;
	load(check, &last, program, NULL);
	for (struct object *by = program; by && !check->error; by = by->after) {
		if (by != program || !program->program)
			judge_library(check, by, strict);
		for (unsigned int i = 0; i < by->needed_count; i++) {
			struct edge *edge = &by->needed[i];
			struct name *name = edge->name;
			struct object *library = edge->object;

			/* A relative path depends on the working directory of the program. */
			if (name->round == check->round
				|| (name->text[0] != '/' && strchr(name->text, '/')))
				continue;
			name->round = check->round;
			if (!edge->resolved || by->inherits)
				library = edge->object = edge_find(check, by, name);
			/* What was found by the DT_RPATH of another holds for this program alone. */
			edge->resolved = !by->inherits;
			if (!library)
				blame(check, PROGRAM_LIBRARY, name->text,
					by == program ? "" : by->path);
			else if (library->broken)
				blame(check, PROGRAM_MALFORMED, library->path, library->broken);
			else if (library->round != check->round)
				load(check, &last, library, by);
		}
	}
}

static void
judge(struct check *check, struct object *program)
{
	check->verdict = (struct verdict){0};
	if (program->broken) {
		blame(check, PROGRAM_MALFORMED, program->path, program->broken);
		return;
	}
	if (program->program)
		judge_program(check, program);
	if (program->interpreter)
		judge_libraries(check, program);
	if (check->no_emulator)
		blame(check, PROGRAM_EMULATOR, check->entry->interpreter, NULL);
	if (program->untaken)
		blame(check, PROGRAM_UNTAKEN, program->path, NULL);
}

/* ---- the report ---- */

/* Report the verdict on the program at path. */
static void
report_add(struct check *check, const char *path)
{
	struct program_report *report = check->report;
	const struct verdict *verdict = &check->verdict;
	char why[FAULT_WHY_SIZE] = "", cure[FAULT_OBJECT_SIZE] = "", name[192], by[192];
	const char *culprit = verdict->culprit;
	struct name *remedy;

	if (!verdict->cause)
		return;
	text_escape(name, sizeof(name), culprit);
	text_escape(by, sizeof(by), verdict->detail ? verdict->detail : "");
	switch (verdict->cause) {
	case PROGRAM_RUNS:
	case PROGRAM_CAUSES: break;
	case PROGRAM_FOREIGN:
		snprintf(why, sizeof(why), "%s", verdict->detail);
		snprintf(cure, sizeof(cure), "take the armhf build of it");
		break;
	case PROGRAM_MODE:
		snprintf(why, sizeof(why), "nobody may execute it");
		snprintf(cure, sizeof(cure), "chmod a+x it");
		break;
	case PROGRAM_MALFORMED:
		if (strcmp(culprit, path) == 0)
			snprintf(why, sizeof(why), "malformed: %s", verdict->detail);
		else
			snprintf(why, sizeof(why), "%s is malformed: %s", name, verdict->detail);
		snprintf(cure, sizeof(cure), "install the package with %s again", name);
		break;
	case PROGRAM_INTERPRETER:
		snprintf(why, sizeof(why), "its interpreter %s is missing", name);
		snprintf(cure, sizeof(cure), "install the armhf package with %s there", name);
		break;
	case PROGRAM_LIBRARY:
		snprintf(why, sizeof(why), "the library %s is missing%s%s", name,
			*by ? ", needed by " : "", by);
		snprintf(cure, sizeof(cure), "install the armhf package with %s there", name);
		break;
	case PROGRAM_EMULATOR:
		snprintf(why, sizeof(why), "the emulator %s is not in this root", name);
		snprintf(cure, sizeof(cure),
			"copy %s into the root, or register the entry with flag F", name);
		break;
	case PROGRAM_ALIGNMENT:
		snprintf(why, sizeof(why), "segment %u of %s cannot be mapped with pages of %lu KiB",
			verdict->segment, strcmp(culprit, path) == 0 ? "the program" : name,
			check->host->page_size / 1024);
		snprintf(cure, sizeof(cure),
			"boot a kernel with pages of 4 KiB (Raspberry Pi 5: kernel=kernel8.img)%s",
			check->entry ? ""
				     : ", or take a release whose files are aligned to 64 KiB");
		break;
	case PROGRAM_UNTAKEN:
		snprintf(why, sizeof(why), "the entry %s does not take its header",
			check->entry->name);
		snprintf(cure, sizeof(cure), "register an entry that takes all armhf programs");
		break;
	}
	remedy = name_get(check, cure);
	if (remedy && (++remedy->cures > report->cause_count || !check->best)) {
		check->best = remedy;
		report->cause = verdict->cause;
		report->cause_count = remedy->cures;
	}
	if (report->blocked++ == 0) {
		fault_set(&report->fault, 0, path, "%s", why);
		check->list = open_memstream(&report->list, &check->list_size);
		if (!check->list)
			check->error = ENOMEM;
	}
	if (report->blocked > check->lines || !check->list)
		return;
	text_escape(check->escaped, sizeof(check->escaped), path);
	fprintf(check->list, "%s%s: %s", report->blocked > 1 ? "\n" : "", check->escaped, why);
}

/* ---- a root directory ---- */

static void
directory_add(struct check *check, const struct directory *parent, const char *name)
{
	struct directory *directory = check_alloc(check, 1, sizeof(*directory) + strlen(name) + 1);

	if (!directory)
		return;
	directory->parent = parent;
	strcpy(directory->name, name);
	if (check->last)
		check->last->next = directory;
	else
		check->directories = directory;
	check->last = directory;
}

/* Write the path of a directory into check->path. Returns its length, 0 for the root, or PATH_MAX where it has more. */
static size_t
directory_path(struct check *check, const struct directory *directory)
{
	char *end = check->path + PATH_MAX, *at = end;

	for (; directory->parent; directory = directory->parent) {
		size_t length = strlen(directory->name);

		if ((size_t)(at - check->path) < 1 + length)
			return PATH_MAX;
		at -= length;
		memcpy(at, directory->name, length);
		*--at = '/';
	}
	memmove(check->path, at, (size_t)(end - at));
	check->path[end - at] = '\0';
	return (size_t)(end - at);
}

/* Look at a file of a directory that is open at fd and whose path is in check->path, of so many bytes. */
static void
file_look(struct check *check, const struct directory *directory, int fd, size_t used,
	const struct dirent64 *entry)
{
	const char *name = entry->d_name;
	struct statx status = {.stx_mode = DTTOIF(entry->d_type)};
	struct object *object;
	int file;

	if ((entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
		&& statx(fd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &status) != 0)
		return;
	if (S_ISDIR(status.stx_mode)) {
		/* Of the running system, when it is a root of its own. */
		static const char *const out[] = {".", "..", "proc", "sys", "dev", "run"};
		size_t count = directory->parent ? 2 : sizeof(out) / sizeof(out[0]);

		for (size_t i = 0; i < count; i++)
			if (strcmp(name, out[i]) == 0)
				return;
		directory_add(check, directory, name);
		return;
	}
	/* Most files are neither programs nor libraries, and need not be opened to see that. */
	if (!S_ISREG(status.stx_mode) || status.stx_size < sizeof(Elf32_Ehdr)
		|| !(status.stx_mode & 0111 || strstr(name, ".so")))
		return;
	if (used + 1 + strlen(name) >= PATH_MAX) {
		check->report->unread++;
		return;
	}
	file = openat(fd, name, ROOT_READ | O_NOFOLLOW);
	if (file < 0) {
		/* ENOENT: it is gone. ELOOP and ENXIO: it is a link or a socket by now. */
		check->report->unread += errno != ENOENT && errno != ELOOP && errno != ENXIO;
		return;
	}
	if (elf_file_head(&check->file, file) && elf_file_is_armhf(&check->file)
		&& root_stat(file, &status) && S_ISREG(status.stx_mode)) {
		check->path[used] = '/';
		strcpy(check->path + used + 1, name);
		object = object_get(check, true, &status, check->path);
		if (object && !object->listed) {
			object->listed = true;
			if (object->program && object->executable)
				check->report->programs++;
			else
				check->report->libraries++;
		}
	}
	close(file);
}

static void
directory_read(struct check *check, const struct directory *directory)
{
	size_t used = directory_path(check, directory);
	struct statx status;
	long length, at;
	int fd = -1;

	errno = ENAMETOOLONG;
	if (used < PATH_MAX)
		fd = root_open(&check->root, used ? check->path : "/",
			ROOT_READ | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0) {
		/* It is gone, or something else by now. */
		check->report->unread += errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
		return;
	}
	/* Other file systems are left out. */
	if (root_stat(fd, &status) && root_device(&status) == check->root.device) {
		while (!check_over(check)
			&& (length = syscall(SYS_getdents64, fd, check->entries,
				    sizeof(check->entries)))
				> 0) {
			for (at = 0; at < length;) {
				const void *entry = check->entries + at;

				file_look(check, directory, fd, used, entry);
				at += ((const struct dirent64 *)entry)->d_reclen;
			}
		}
	}
	close(fd);
}

static int
program_compare(const void *a, const void *b)
{
	return strcmp((*(struct object *const *)a)->path, (*(struct object *const *)b)->path);
}

static void
root_check(struct check *check)
{
	struct program_report *report = check->report;
	struct object **programs;
	size_t count = 0;

	directory_add(check, NULL, "");
	for (const struct directory *at = check->directories; at && !check_over(check);
		at = at->next)
		directory_read(check, at);
	programs = check_alloc(check, report->programs + 1, sizeof(struct object *));
	if (check->error) {
		free(programs);
		return;
	}
	for (struct object *object = check->first; object; object = object->next)
		if (object->program && object->executable)
			programs[count++] = object;
	qsort(programs, count, sizeof(struct object *), program_compare);
	for (size_t i = 0; i < count && !check_over(check); i++) {
		judge(check, programs[i]);
		report_add(check, programs[i]->path);
	}
	free(programs);
	check->verdict = (struct verdict){0};
	for (const struct object *object = check->first; object; object = object->next) {
		if (object->listed && !object->round && check->host->runs
			&& !(object->program && object->executable)) {
			judge_library(check, object, false);
			report->plugins += object->broken || check->verdict.cause;
			check->verdict = (struct verdict){0};
		}
	}
}

/* ---- one file ---- */

/* The interpreter that a script names, of the head in check->file; "" if it names none. */
static char *
script_interpreter(struct check *check)
{
	char *line = (char *)check->file.head.bytes + 2;

	/* BINPRM_BUF_SIZE: the kernel looks no further. */
	check->file.head.bytes[ENTRY_HEAD_SIZE - 1] = '\0';
	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t")] = '\0';
	return strcpy(check->path, line);
}

/* Why what is in check->file is no program of armhf. */
static void
blame_foreign(struct check *check, const char *subject, char *text, size_t size)
{
	const struct program_host *host = check->host;
	char machine[128], name[NAME_MAX + 1], entry[256] = "";

	if (host->taker && host->taker(host->context, check->file.head.bytes, name)) {
		text_escape(entry, sizeof(entry), name);
	}
	elf_file_describe(&check->file, machine, sizeof(machine));
	if (elf_file_is_elf(&check->file))
		snprintf(text, size, "%s is for %s", subject, machine);
	else
		snprintf(text, size, "%s is neither an ELF file nor a script", subject);
	if (*entry)
		snprintf(text + strlen(text), size - strlen(text), "; the entry %s takes it", entry);
	blame(check, PROGRAM_FOREIGN, "", text);
}

static void
file_check(struct check *check, const char *path)
{
	struct program_report *report = check->report;
	struct elf_file *file = &check->file;
	struct object *object = NULL;
	char subject[256] = "it", foreign[FAULT_WHY_SIZE];
	char *own = realpath(path, NULL);
	bool executable = true;
	struct statx status;
	int fd = own ? open(own, ROOT_READ) : -1;

	for (unsigned int scripts = 0; !check->verdict.cause; scripts++) {
		if (fd < 0 || !root_stat(fd, &status) || !elf_file_head(file, fd)) {
			check->error = errno;
			break;
		}
		executable = executable && status.stx_mode & 0111;
		if (memcmp(file->head.bytes, "#!", 2) != 0)
			break;
		close(fd);
		fd = *script_interpreter(check) && scripts < SCRIPTS_MAX
			? root_open_file(&check->root, check->path, &status)
			: -1;
		if (fd < 0)
			blame(check, PROGRAM_INTERPRETER, check->path, NULL);
		strcpy(subject, "its interpreter ");
		text_escape(subject + strlen(subject), sizeof(subject) - strlen(subject),
			check->path);
	}
	if (!check->error && !check->verdict.cause && elf_file_is_armhf(file)) {
		object = object_get(check, true, &status, own);
		if (object && !object->program && !object->interpreter && !object->broken)
			object->interpreter = LIBRARY_LOADER;
		if (object)
			judge(check, object);
	} else if (!check->error && !check->verdict.cause) {
		blame_foreign(check, subject, foreign, sizeof(foreign));
	}
	if (fd >= 0)
		close(fd);
	report->libraries = object && !object->program;
	report->programs = !report->libraries;
	if (!executable && report->programs)
		blame(check, PROGRAM_MODE, "", NULL);
	if (!check->error)
		report_add(check, own);
	free(own);
}

/* ---- the check ---- */

/* Is the entry's interpreter where a process of this root looks for it? */
static bool
emulator_is_there(struct check *check)
{
	struct statx status;

	/* Opened when it was registered, or with a relative path, which depends on the working directory. */
	return entry_has(check->entry, 'F') || check->entry->interpreter[0] != '/'
		|| (root_look(&check->root, check->entry->interpreter, &status)
			&& status.stx_mode & 0111);
}

int
program_check(const char *path, const struct program_host *host, unsigned int lines,
	struct program_report *report)
{
	struct check *check = calloc(1, sizeof(*check));
	struct statx status;
	int error = ENOMEM;

	*report = (struct program_report){0};
	if (!check) {
		fault_set(&report->fault, error, path, "check");
		return -1;
	}
	check->host = host;
	check->entry = host->runs ? host->entry : NULL;
	check->report = report;
	check->lines = lines;
	check->root.fd = -1;
	/* Looked at before it is opened: opening a device does something. */
	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &status) != 0) {
		check->error = errno;
	} else if (!S_ISDIR(status.stx_mode) && !S_ISREG(status.stx_mode)) {
		check->error = EINVAL;
		fault_set(&report->fault, EINVAL, path, "neither a file nor a directory");
	} else {
		report->root = S_ISDIR(status.stx_mode);
		if (root_begin(&check->root, report->root ? path : "/") != 0)
			check->error = errno;
	}
	if (!check->error) {
		library_directories(&check->root, check->library_directories);
		if (report->root) {
			check->no_emulator = check->entry && !emulator_is_there(check);
			root_check(check);
		} else {
			file_check(check, path);
		}
	}

	if (check->best)
		snprintf(report->remedy, sizeof(report->remedy), "%s", check->best->text);
	if (check->list && report->blocked > lines)
		fprintf(check->list, "\nand %u more", report->blocked - lines);
	if (check->list && fclose(check->list) != 0)
		check->error = ENOMEM;
	error = check->error;
	if (error && error != EINVAL)
		fault_set(&report->fault, error, path, "cannot be checked");
	tdestroy(check->names, free);
	tdestroy(check->objects, object_free);
	for (struct directory *at = check->directories, *next; at; at = next) {
		next = at->next;
		free(at);
	}
	root_end(&check->root);
	free(check);
	return error ? -1 : 0;
}

void
program_release(struct program_report *report)
{
	free(report->list);
	report->list = NULL;
}
