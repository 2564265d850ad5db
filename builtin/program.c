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
#include "text.h"
#include "root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#define SCRIPTS_MAX 5    /* interpreters of interpreters: fs/exec.c */
#define GUEST_PAGE  4096 /* qemu-arm's */

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
	bool coarse;        /* aligned to ELF_FILE_COARSE */
	bool untaken;       /* by the entry */
	bool listed;        /* counted in the report */
	bool scanned;
	bool strict;         /* a loader that refuses what is fine: see elf_file.h */
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
	bool no_emulator;
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
	unsigned int counts[PROGRAM_CAUSES];
	unsigned int best_count[PROGRAM_CAUSES];
	const char *best[PROGRAM_CAUSES];
	FILE *list;
	size_t list_size;
	char *pending; /* names of directories, with an empty one for the way back: see root_check */
	size_t pending_used;
	size_t pending_size;

	struct root root;
	struct elf_file file;    /* the one that was looked at last */
	char path[2 * PATH_MAX]; /* of it */
	char text[2 * PATH_MAX];
	char own[PATH_MAX]; /* of the one file that is checked */
	char escaped[4 * PATH_MAX];
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

/* ---- one ELF file ---- */

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
			found = 1 + length + (braced ? 2 : 0);
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

/* Keep what decides of the file in check->file; returns the reason if it is malformed. */
static const char *
object_parse(struct check *check, int fd, uint64_t size, struct object *object)
{
	struct elf_file *file = &check->file;
	const char *broken = elf_file_parse(file, fd, size, check->page);

	object->program = file->program || (broken && object->executable);
	object->untaken = check->host->entry
		&& !entry_matches(check->host->entry, file->head.bytes);
	if (broken)
		return broken;
	object->no_defaults = file->no_defaults;
	object->unfit = file->unfit;
	object->fine = file->fine;
	object->coarse = file->coarse;
	if (file->interpreted)
		object->interpreter = name_get(check, file->strings);
	if (file->needed)
		object->needed = check_alloc(check, file->needed, sizeof(struct edge));
	for (unsigned int i = 0; i < file->entries && !check->error; i++) {
		const Elf32_Dyn *entry = &file->dynamic[i];
		const char *text;
		struct name *name;

		switch (entry->d_tag) {
		case DT_NEEDED:
		case DT_SONAME:
		case DT_RPATH:
		case DT_RUNPATH: break;
		default: continue;
		}
		text = elf_file_name(file, entry);
		if (!text)
			return "a name in its dynamic section is outside of the file";
		name = name_get(check, text);
		if (entry->d_tag == DT_NEEDED)
			object->needed[object->needed_count++].name = name;
		else if (entry->d_tag == DT_SONAME)
			object->soname = name;
		else if (entry->d_tag == DT_RPATH && name)
			object->rpath = dirs_get(check, object, name);
		else if (name)
			object->runpath = dirs_get(check, object, name);
	}
	/* ld.so ignores DT_RPATH beside DT_RUNPATH. */
	if (object->runpath)
		object->rpath = NULL;
	return NULL;
}

/* The object of a file that is open; its head was read. path is inside of the root. NULL: no memory. */
static struct object *
object_get(struct check *check, int fd, const struct statx *status, const char *path)
{
	struct object key = {.device = root_device(status), .inode = status->stx_ino};
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
	if (elf_file_is_armhf(&check->file))
		object->broken = object_parse(check, fd, status->stx_size, object);
	else
		object->broken = "it is not an ELF file for armhf";
	return object;
}

/*
 * What a path inside of the root leads to; NULL: nothing, or an ELF file of another machine, class or float ABI, which ld.so
 * passes over.
 */
static struct object *
object_find(struct check *check, const char *path)
{
	struct object *object = NULL;
	struct object key, **kept;
	struct statx status;
	int fd = root_open(&check->root, path, O_PATH | O_CLOEXEC);

	if (fd < 0 || !root_stat(fd, &status) || !S_ISREG(status.stx_mode)) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	close(fd);
	key = (struct object){.device = root_device(&status), .inode = status.stx_ino};
	kept = tfind(&key, &check->objects, object_compare);
	if (kept)
		return *kept;
	fd = root_open_file(&check->root, path, &status);
	if (fd < 0 || !elf_file_head(&check->file, fd))
		check->report->unread++;
	if (fd < 0 || !elf_file_is_elf(&check->file) || elf_file_is_armhf(&check->file))
		object = object_get(check, fd, &status, path);
	if (fd >= 0)
		close(fd);
	return object;
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
			lookup->object = object_find(check, check->path);
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
		found = object_find(check, edge->name->text);
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

/* ---- the verdict on one program ---- */

static bool
loader_is_strict(struct check *check, struct object *loader)
{
	struct statx status;
	int fd;

	if (loader->scanned)
		return loader->strict;
	loader->scanned = true;
	fd = root_open_file(&check->root, loader->path, &status);
	if (fd < 0)
		return false;
	loader->strict = elf_file_is_strict_loader(&check->file, fd);
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
	struct object *loader = object_find(check, program->interpreter->text);
	size_t count = 0;
	bool strict;

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
	/* cppcheck-suppress wrongPrintfScanfArgNum */
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
		struct object **programs = reallocarray(check->programs, size,
			sizeof(*programs)); /* NOLINT(bugprone-sizeof-expression) */

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
	int fd = openat(dir, name, ROOT_FILE);
	struct object *object;
	struct statx status;

	if (fd < 0) {
		/* ENOENT: it is gone. ELOOP and ENXIO: it is a link or a socket by now. */
		if (errno != ENOENT && errno != ELOOP && errno != ENXIO)
			check->report->unread++;
		return;
	}
	if (elf_file_head(&check->file, fd) && elf_file_is_armhf(&check->file)
		&& root_stat(fd, &status) && S_ISREG(status.stx_mode)) {
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
	struct dirent *entry;
	struct statx status;
	DIR *dir = NULL;
	int fd;

	fd = root_open_directory(&check->root, path);
	if (fd < 0) {
		/* EXDEV: another file system is mounted there. */
		check->report->unread += errno != ENOENT && errno != EXDEV && errno != ENOTDIR;
		return;
	}
	dir = fdopendir(fd);
	if (!dir) {
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

/* The interpreter that a script names, with its head in check->file; false if it names none. */
static bool
script_interpreter(struct check *check)
{
	char *line = (char *)check->file.head.bytes + 2;

	/* BINPRM_BUF_SIZE: the kernel looks no further. */
	check->file.head.bytes[ENTRY_HEAD_SIZE - 1] = '\0';
	line[strcspn(line, "\n")] = '\0';
	line += strspn(line, " \t");
	line[strcspn(line, " \t")] = '\0';
	text_add(check, 0, line, strlen(line));
	return *line;
}

static void
foreign_words(const struct elf_file *file, const char *subject, char *text, size_t size)
{
	char machine[128];

	if (elf_file_is_elf(file)) {
		elf_file_describe(file, machine, sizeof(machine));
		snprintf(text, size, "%s is for %s", subject, machine);
	} else {
		snprintf(text, size, "%s is neither an ELF file nor a script", subject);
	}
}

/* Judge one file, opened at fd, which is closed. */
static void
file_check(struct check *check, int fd, const char *path)
{
	struct object named = {.path = check->own};
	struct elf_file *file = &check->file;
	struct object *object = NULL;
	struct verdict verdict = {0};
	char subject[256] = "it", foreign[FAULT_WHY_SIZE];
	struct statx status;
	bool executable = true;

	file_path(fd, path, check->own, sizeof(check->own));
	for (unsigned int scripts = 0; !verdict.cause; scripts++) {
		if (!root_stat(fd, &status) || !elf_file_head(file, fd)) {
			check->error = errno;
			break;
		}
		executable = executable && status.stx_mode & 0111;
		if (memcmp(file->head.bytes, "#!", 2) != 0)
			break;
		close(fd);
		fd = -1;
		if (scripts < SCRIPTS_MAX && script_interpreter(check))
			fd = root_open_file(&check->root, check->text, &status);
		if (fd < 0)
			verdict_set(&verdict, PROGRAM_INTERPRETER, check->text, NULL, NULL);
		snprintf(subject, sizeof(subject), "its interpreter ");
		text_escape(
			subject + strlen(subject), sizeof(subject) - strlen(subject), check->text);
	}
	if (!check->error && !verdict.cause && elf_file_is_armhf(file)) {
		object = object_get(check, fd, &status, named.path);
		if (object && !object->program && !object->interpreter && !object->broken)
			object->interpreter = name_get(check, LIBRARY_LOADER);
		if (!check->error)
			verdict_judge(check, &verdict, object);
	} else if (!check->error && !verdict.cause) {
		foreign_words(file, subject, foreign, sizeof(foreign));
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
	struct statx status;

	/* Looked at before it is opened: opening a device does something. */
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
		*fd = open(path, ROOT_FILE & ~O_NOFOLLOW);
	if ((!report->root && *fd < 0)
		|| root_begin(&check->root, report->root ? path : "/") != 0) {
		fault_set(&report->fault, errno, path, "cannot be opened");
		return false;
	}
	return true;
}

/* Is an entry's interpreter where a process of this root looks for it? */
static bool
emulator_is_there(struct check *check, const struct entry *entry)
{
	struct statx top, status;
	bool there;
	int fd;

	/* Opened when it was registered, or with a relative path, which depends on the working directory. */
	if (entry_has(entry, 'F') || entry->interpreter[0] != '/')
		return true;
	/* In the system's own root it works: armhf runs. */
	if (statx(AT_FDCWD, "/", 0, STATX_BASIC_STATS, &top) == 0
		&& root_device(&top) == check->root.device && top.stx_ino == check->root.inode)
		return true;
	fd = root_open(&check->root, entry->interpreter, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return false;
	there = root_stat(fd, &status) && S_ISREG(status.stx_mode) && status.stx_mode & 0111;
	close(fd);
	return there;
}

static void
check_prepare(struct check *check)
{
	const struct program_host *host = check->host;
	const struct entry *entry = host->runs ? host->entry : NULL;

	check->page = entry && host->align != PROBE_MAPS_64K ? GUEST_PAGE : host->page_size;
	if (check->page < GUEST_PAGE || check->page & (check->page - 1))
		check->page = GUEST_PAGE;
	check->no_emulator = entry && !emulator_is_there(check, entry);
	check->dirs = library_directories(&check->root);
	if (!check->dirs)
		check->error = ENOMEM;
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
	root_end(&check->root);
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
	check->root.fd = -1;
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
