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
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* tsearch(3) keeps what is allocated here until tdestroy(3), which gcc's analyzer does not see. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wanalyzer-malloc-leak"
#endif

#define SCRIPTS_MAX 5  /* interpreters of interpreters: fs/exec.c */
#define DEPTH_MAX   64 /* of directories, each of which takes a descriptor */

/* The larger one of the two that the probe tries: SEGMENT_ALIGN of probe.S. */
#define PROBE_ALIGNMENT 0x10000

/* A text that is kept once: of DT_NEEDED and its like, and remedies. */
struct name {
	unsigned int round;    /* the last program for which a library of this name was loaded */
	unsigned int cures;    /* of a remedy: the programs */
	bool searched;         /* in the default directories, and found there: */
	struct object *object; /* NULL: nowhere */
	char text[];
};

/* An ELF file for armhf, or one that would have to be. */
struct object {
	struct object *next; /* in no order */
	uint64_t device;
	uint64_t inode;
	char *path;         /* inside the root */
	const char *broken; /* what is malformed */
	const char *interpreter;
	const char *rpath;
	const char *runpath;
	struct name *soname;
	struct name **needed;
	unsigned int needed_count;
	unsigned int unfit, fine, behind; /* see elf_file.h */
	bool program;
	bool executable;
	bool no_defaults; /* DF_1_NODEFLIB */
	bool untaken;     /* by the entry */
	bool listed;      /* counted in the report */
	bool scanned;
	bool strict; /* a loader that refuses what is fine */

	unsigned int round;   /* the last program that it is loaded for */
	struct object *after; /* the next one that is loaded for it */
	struct object *by;    /* the one that asked for it; NULL: it is the program */
};

struct check {
	const struct program_host *host;
	const struct entry *entry; /* that serves */
	struct program_report *report;
	unsigned int lines;
	bool no_emulator;
	int error; /* sticky: ENOMEM, EINTR for a stop signal */
	unsigned int asked;
	unsigned int round;
	void *names;
	void *objects;
	struct object *first;
	FILE *list;
	size_t list_size;

	/* The program that is judged: its path, and what blocks it first. */
	const char *program;
	enum program_cause cause;
	struct fault fault;

	struct entry looked; /* of binfmt_misc */
	char taker[NAME_MAX + 1];
	long long taker_registered;

	struct root root;
	struct elf_file file;    /* the one that was looked at last */
	struct statx status;     /* the same */
	char path[2 * PATH_MAX]; /* the same */
	char escaped[4 * PATH_MAX];
	char shown[2][192];
	unsigned int showing;
	char library_directories[LIBRARY_MAX];
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
	/* Asking takes as long as looking at a file. */
	if (!check->error && check->host->stop && check->asked++ % 64 == 0
		&& stop_pending(check->host->stop))
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
		object->needed = check_alloc(check, file->needed,
			sizeof(struct name *)); /* NOLINT(bugprone-sizeof-expression) */
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
			object->needed[object->needed_count++] = name;
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
object_known(struct check *check)
{
	struct object key = {.device = root_device(&check->status), .inode = check->status.stx_ino};
	struct object **kept = tfind(&key, &check->objects, object_compare);

	return kept ? *kept : NULL;
}

/* The object of a file whose head was read; path is inside of the root. read: its bytes could be. NULL: no memory. */
static struct object *
object_get(struct check *check, bool read, const char *path)
{
	const struct statx *status = &check->status;
	struct object *object = object_known(check);
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
 * passes over. A relative one depends on the working directory of the program.
 */
static struct object *
object_find(struct check *check, const char *path)
{
	struct object *object;
	bool read;
	int fd;

	if (check_over(check) || *path != '/' || !root_look(&check->root, path, &check->status))
		return NULL;
	object = object_known(check);
	if (object)
		return object;
	fd = root_open_file(&check->root, path, &check->status);
	read = fd >= 0 && elf_file_head(&check->file, fd);
	check->report->unread += !read;
	if (!read || !elf_file_is_elf(&check->file) || elf_file_is_armhf(&check->file))
		object = object_get(check, read, path);
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
			/* A path that is cut is longer than any that can be opened. */
			if (used + length <= PATH_MAX) {
				memcpy(check->path + used, text, length);
				used += length;
			}
			list += text == list ? 1 : origin + library;
		}
		snprintf(check->path + used, sizeof(check->path) - used, "/%s", name);
		if (used)
			found = object_find(check, check->path);
		list += *list == ':';
	}
	return found;
}

static struct object *
library_find(struct check *check, const struct object *by, struct name *name)
{
	struct object *found = NULL;

	if (name->text[0] == '/')
		return object_find(check, name->text);
	if (by->runpath)
		found = list_find(check, by->runpath, by, name->text);
	/* DT_RPATH is inherited. */
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

/* A name or a path in words. The last two stay readable. */
static const char *
show(struct check *check, const char *text)
{
	char *shown = check->shown[check->showing++ % 2];

	text_escape(shown, sizeof(check->shown[0]), text);
	return shown;
}

/* Of several causes the first in their order counts, and of these the one that ld.so comes to first. */
static void __attribute__((format(printf, 4, 5)))
blame(struct check *check, enum program_cause cause, const char *culprit, const char *format, ...)
{
	static const char *const remedies[PROGRAM_CAUSES] = {
		[PROGRAM_FOREIGN] = "take the armhf build of it",
		[PROGRAM_MODE] = "chmod a+x it",
		[PROGRAM_MALFORMED] = "install the package with @ again",
		[PROGRAM_INTERPRETER] = "install the armhf package with @ there",
		[PROGRAM_LIBRARY] = "install the armhf package with @ there",
		[PROGRAM_EMULATOR] = "copy @ into the root, or register the entry with flag F",
		[PROGRAM_ALIGNMENT] =
			"boot a kernel with pages of 4 KiB (Raspberry Pi 5: kernel=kernel8.img)",
		[PROGRAM_UNTAKEN] = "register an entry that takes all armhf programs",
	};
	va_list arguments;

	if (check->cause && check->cause <= cause)
		return;
	check->cause = cause;
	fault_set(&check->fault, 0, culprit, "%s", "");
	check->fault.remedy = remedies[cause];
	if (cause == PROGRAM_ALIGNMENT && !check->entry)
		check->fault.remedy =
			"boot a kernel with pages of 4 KiB (Raspberry Pi 5: kernel=kernel8.img), or "
			"take a release whose files are aligned to 64 KiB";
	va_start(arguments, format);
	vsnprintf(check->fault.why, sizeof(check->fault.why), format, arguments);
	va_end(arguments);
}

static void
blame_malformed(struct check *check, const struct object *object)
{
	bool own = strcmp(object->path, check->program) == 0;

	blame(check, PROGRAM_MALFORMED, object->path, "%s%s: %s",
		own ? "" : show(check, object->path), own ? "malformed" : " is malformed",
		object->broken);
}

static void
blame_segment(struct check *check, const struct object *object, unsigned int segment)
{
	bool own = strcmp(object->path, check->program) == 0;

	if (segment && check->host->runs)
		blame(check, PROGRAM_ALIGNMENT, object->path,
			"segment %u of %s cannot be mapped with pages of %lu KiB", segment,
			own ? "the program" : show(check, object->path),
			check->host->page_size / 1024);
}

/*
 * Judge if the kernel, or the emulator, would map the segments of this program or loader. qemu-arm reserves the memory for them and
 * reads what its host cannot map: load_elf_image of linux-user/elfload.c.
 */
static void
judge_program(struct check *check, const struct object *object)
{
	if (!check->entry)
		blame_segment(check, object, object->unfit);
}

/*
 * Judge if ld.so would map the segments of this library, for a program whose own segments are aligned to small pages or not. qemu-arm
 * since 9.0 (4k, or all on larger pages: so it treats the probe's own file) has pages of 4 KiB, up to 8.2 only for such a
 * program; to others it says AT_PAGESZ of the host: linux-user/elfload.c. Measured with 10.0 and 7.2 on pages of 16 KiB, and
 * with 10.0 and 11.1 on pages of 64 KiB, on which 7.2 runs nothing.
 *
 * On pages as large as the probe's larger alignment `all` does not say that every library is mapped: the probe's data begins
 * in the page that its span ends in, the one that is memory of its own under qemu-arm (edge_is_behind in elf_file.c).
 */
static void
judge_library(struct check *check, const struct object *object, bool small, bool strict)
{
	enum probe_status align = check->host->align;

	if (check->entry && align == PROBE_MAPS_ALL && check->host->page_size < PROBE_ALIGNMENT)
		return;
	if (check->entry && (small || align == PROBE_MAPS_4K || align == PROBE_MAPS_ALL)) {
		blame_segment(check, object, object->behind);
	} else {
		blame_segment(check, object, object->unfit);
		blame_segment(check, object, strict ? object->fine : 0);
	}
}

static bool
loader_is_strict(struct check *check, struct object *loader)
{
	int fd = loader->scanned ? -1 : root_open_file(&check->root, loader->path, &check->status);

	loader->scanned = true;
	if (fd >= 0) {
		loader->strict = elf_file_is_strict_loader(fd);
		close(fd);
	}
	return loader->strict;
}

static void
load(struct check *check, struct object *object, struct object *by)
{
	object->round = check->round;
	if (object->soname)
		object->soname->round = check->round;
	object->by = by;
	object->after = NULL;
}

/* Load the program's libraries as ld.so would, in its order. */
static void
judge_libraries(struct check *check, struct object *program)
{
	struct object *loader = object_find(check, program->interpreter), *last = program;
	bool strict;

	if (!loader || !loader->executable) {
		blame(check, PROGRAM_INTERPRETER, program->interpreter,
			"its interpreter %s is missing", show(check, program->interpreter));
		return;
	}
	if (loader->broken) {
		blame_malformed(check, loader);
		return;
	}
	judge_program(check, loader);
	strict = loader_is_strict(check, loader);
	check->round++;
	load(check, loader, NULL);
	load(check, program, NULL);
	for (struct object *by = program; by && !check->error; by = by->after) {
		if (by != program || !program->program)
			judge_library(check, by, program->fine, strict);
		for (unsigned int i = 0; i < by->needed_count; i++) {
			struct name *name = by->needed[i];
			struct object *library;

			/* A relative path depends on the working directory of the program. */
			if (name->round == check->round
				|| (name->text[0] != '/' && strchr(name->text, '/')))
				continue;
			name->round = check->round;
			library = library_find(check, by, name);
			if (!library) {
				blame(check, PROGRAM_LIBRARY, name->text,
					"the library %s is missing%s%s", show(check, name->text),
					by == program ? "" : ", needed by ",
					by == program ? "" : show(check, by->path));
			} else if (library->broken) {
				blame_malformed(check, library);
			} else if (library->round != check->round) {
				load(check, library, by);
				last->after = library;
				last = library;
			}
		}
	}
}

static void
judge(struct check *check, struct object *program)
{
	if (program->broken) {
		blame_malformed(check, program);
		return;
	}
	if (program->program)
		judge_program(check, program);
	if (program->interpreter)
		judge_libraries(check, program);
	if (check->no_emulator)
		blame(check, PROGRAM_EMULATOR, check->entry->interpreter,
			"the emulator %s is not in this root",
			show(check, check->entry->interpreter));
	if (program->untaken)
		blame(check, PROGRAM_UNTAKEN, program->path,
			"the entry %s does not take its header", check->entry->name);
}

/* Report the cause that blocks the program that was judged. */
static void
report_add(struct check *check)
{
	struct program_report *report = check->report;
	char text[FAULT_OBJECT_SIZE];
	struct name *remedy;

	if (!check->cause || check->error)
		return;
	fault_remedy(&check->fault, text, sizeof(text));
	remedy = name_get(check, text);
	if (remedy && ++remedy->cures > report->cause_count) {
		strcpy(report->remedy, text);
		report->cause = check->cause;
		report->cause_count = remedy->cures;
	}
	if (report->blocked++ == 0) {
		fault_set(&report->fault, 0, check->program, "%s", check->fault.why);
		check->list = open_memstream(&report->list, &check->list_size);
		if (!check->list)
			check->error = ENOMEM;
	}
	if (report->blocked > check->lines || !check->list)
		return;
	text_escape(check->escaped, sizeof(check->escaped), check->program);
	fprintf(check->list, "%s%s: %s", report->blocked > 1 ? "\n" : "", check->escaped,
		check->fault.why);
}

/* ---- a root directory ---- */

/* Look at a file of the directory that is open at fd. */
static void
file_look(struct check *check, int fd, const char *name)
{
	int file = openat(fd, name, ROOT_READ | O_NOFOLLOW);
	struct object *object;

	if (file < 0) {
		/* ENOENT: it is gone. ELOOP and ENXIO: it is a link or a socket by now. */
		check->report->unread += errno != ENOENT && errno != ELOOP && errno != ENXIO;
		return;
	}
	if (elf_file_head(&check->file, file) && elf_file_is_armhf(&check->file)
		&& root_stat(file, &check->status) && S_ISREG(check->status.stx_mode)) {
		object = object_get(check, true, check->path);
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

/* Look at the files below a directory, whose path of so many bytes is in check->path. */
static void
directory_read(
	struct check *check, int parent, const char *directory, size_t used, unsigned int depth)
{
	int fd = openat(parent, directory, ROOT_READ | O_DIRECTORY | O_NOFOLLOW);
	DIR *dir = fd >= 0 && depth < DEPTH_MAX ? fdopendir(fd) : NULL;
	struct statx *status = &check->status;
	struct dirent *entry;

	if (!dir) {
		/* It is gone, or something else by now. */
		check->report->unread += fd >= 0
			|| (errno != ENOENT && errno != ENOTDIR && errno != ELOOP);
		if (fd >= 0)
			close(fd);
		return;
	}
	/* Other file systems are left out. */
	if (!root_stat(fd, status) || root_device(status) != check->root.device)
		entry = NULL;
	else
		entry = readdir(dir);
	for (; entry && !check_over(check); entry = readdir(dir)) {
		const char *name = entry->d_name;
		size_t length = strlen(name);

		status->stx_mode = DTTOIF(entry->d_type);
		if ((entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
			&& statx(fd, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, status) != 0)
			continue;
		if (S_ISDIR(status->stx_mode)) {
			if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0
				|| (depth == 0
					&& (strcmp(name, "proc") == 0 || strcmp(name, "sys") == 0
						|| strcmp(name, "dev") == 0
						|| strcmp(name, "run") == 0)))
				continue;
		} else if (!S_ISREG(status->stx_mode) || status->stx_size < sizeof(Elf32_Ehdr)
			|| !(status->stx_mode & 0111 || strstr(name, ".so"))) {
			/* Most files are neither programs nor libraries, and need not be opened. */
			continue;
		}
		if (used + 1 + length >= PATH_MAX) {
			check->report->unread++;
			continue;
		}
		check->path[used] = '/';
		memcpy(check->path + used + 1, name, length + 1);
		if (S_ISDIR(status->stx_mode))
			directory_read(check, fd, name, used + 1 + length, depth + 1);
		else
			file_look(check, fd, name);
	}
	closedir(dir);
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

	directory_read(check, check->root.fd, ".", 0, 0);
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	programs = check_alloc(check, report->programs + 1, sizeof(struct object *));
	if (!programs)
		return;
	for (struct object *object = check->first; object; object = object->next)
		if (object->program && object->executable)
			programs[count++] = object;
	qsort(programs, count, sizeof(struct object *), program_compare);
	for (size_t i = 0; i < count && !check_over(check); i++) {
		check->cause = PROGRAM_RUNS;
		check->program = programs[i]->path;
		judge(check, programs[i]);
		report_add(check);
	}
	free(programs);
	check->program = "";
	for (const struct object *object = check->first; object; object = object->next) {
		check->cause = PROGRAM_RUNS;
		if (object->listed && !object->round && check->host->runs
			&& !(object->program && object->executable)) {
			judge_library(check, object, false, false);
			report->plugins += object->broken || check->cause;
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

/* Of the entries in effect the one that takes what is in check->file; of several the kernel asks the newest first. */
static bool
taker_look(void *context, const char *name)
{
	struct check *check = context;
	struct entry *entry = &check->looked;
	long long registered;

	binfmt_read(check->host->binfmt, name, entry, NULL);
	if (entry->state != ENTRY_ENABLED || !entry_matches(entry, check->file.head.bytes))
		return true;
	registered = binfmt_registered(check->host->binfmt, name);
	if (!check->taker[0] || registered > check->taker_registered) {
		strcpy(check->taker, entry->name);
		check->taker_registered = registered;
	}
	return true;
}

/* What is in check->file is no program of armhf. */
static void
blame_foreign(struct check *check, const char *subject)
{
	bool elf = elf_file_is_elf(&check->file);
	char machine[128];

	elf_file_describe(&check->file, machine, sizeof(machine));
	if (check->host->binfmt)
		binfmt_each(check->host->binfmt, taker_look, check, NULL);
	blame(check, PROGRAM_FOREIGN, check->program, "%s is %s%s%s%s%s", subject,
		elf ? "for " : "neither an ELF file nor a script", elf ? machine : "",
		check->taker[0] ? "; the entry " : "", show(check, check->taker),
		check->taker[0] ? " takes it" : "");
}

static void
file_check(struct check *check, const char *path)
{
	struct program_report *report = check->report;
	struct elf_file *file = &check->file;
	struct statx *status = &check->status;
	struct object *object = NULL;
	char *own = realpath(path, NULL), subject[256] = "it";
	int fd = own ? open(own, ROOT_READ) : -1;
	bool executable = true;

	if (fd < 0) {
		check->error = errno;
		free(own);
		return;
	}
	check->program = own;
	for (unsigned int scripts = 0; !check->cause; scripts++) {
		if (!root_stat(fd, status) || !elf_file_head(file, fd)) {
			check->error = errno;
			break;
		}
		executable = executable && status->stx_mode & 0111;
		if (memcmp(file->head.bytes, "#!", 2) != 0)
			break;
		close(fd);
		fd = *script_interpreter(check) && scripts < SCRIPTS_MAX
			? root_open_file(&check->root, check->path, status)
			: -1;
		snprintf(subject, sizeof(subject), "its interpreter %s", show(check, check->path));
		if (fd < 0)
			blame(check, PROGRAM_INTERPRETER, check->path, "%s is missing", subject);
	}
	if (!check->error && !check->cause && elf_file_is_armhf(file)) {
		object = object_get(check, true, own);
		if (object && !object->program && !object->interpreter)
			object->interpreter = LIBRARY_LOADER;
		if (object)
			judge(check, object);
	} else if (!check->error && !check->cause) {
		blame_foreign(check, subject);
	}
	if (fd >= 0)
		close(fd);
	report->libraries = object && !object->program;
	report->programs = !report->libraries;
	if (!executable && report->programs)
		blame(check, PROGRAM_MODE, "", "nobody may execute it");
	report_add(check);
	free(own);
}

/* ---- the check ---- */

/* True if the entry's interpreter is where a process of this root looks for it. */
static bool
emulator_is_there(struct check *check)
{
	/* Opened when it was registered, or with a relative path, which depends on the working directory. */
	return entry_has(check->entry, 'F') || check->entry->interpreter[0] != '/'
		|| (root_look(&check->root, check->entry->interpreter, &check->status)
			&& check->status.stx_mode & 0111);
}

int
program_check(const char *path, const struct program_host *host, unsigned int lines,
	struct program_report *report)
{
	struct check *check = calloc(1, sizeof(*check));
	struct statx *status;
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
	status = &check->status;
	/* Looked at before it is opened: opening a device does something. */
	if (statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, status) != 0) {
		check->error = errno;
	} else if (!S_ISDIR(status->stx_mode) && !S_ISREG(status->stx_mode)) {
		check->error = EINVAL;
		fault_set(&report->fault, EINVAL, path, "neither a file nor a directory");
	} else {
		report->root = S_ISDIR(status->stx_mode);
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

	if (check->list && report->blocked > lines)
		fprintf(check->list, "\nand %u more", report->blocked - lines);
	if (check->list && fclose(check->list) != 0)
		check->error = ENOMEM;
	error = check->error;
	if (error && error != EINVAL)
		fault_set(&report->fault, error, path, "cannot be checked");
	tdestroy(check->names, free);
	tdestroy(check->objects, object_free);
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
