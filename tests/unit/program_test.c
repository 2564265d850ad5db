/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program_test [old]: roots made of small ELF files, and what program_check says about them. With old the kernel
 * has no openat2, as before Linux 5.6: a filter refuses it.
 */
#include "program.h"
#include "tap.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOADER    "/lib/ld-linux-armhf.so.3"
#define LIBRARIES "/usr/lib/arm-linux-gnueabihf"
#define FILE_SIZE 0x2800 /* of each ELF file that is made */

/* An ELF file to be made: zeros are a library, aligned to 64 KiB, that needs nothing. */
struct shape {
	bool program;
	unsigned int mode; /* 0: 0755 for a program, 0644 */
	const char *interpreter;
	const char *needed[4];
	const char *soname, *rpath, *runpath;
	unsigned int flags; /* 0: EABI 5, hard float */
	uint32_t align;     /* of the second segment; 0: 64 KiB */
	uint32_t shift;     /* between its address and its offset, with an align */
	uint32_t fini;
	uint32_t text;     /* bytes of the first segment; 0: 0x1800 */
	uint32_t bss;      /* bytes behind the second segment; 0: 0x400 */
	const char *words; /* in its text */
};

static char root[] = "/tmp/program_test.XXXXXX";
static struct program_host host;
static struct program_report report;

static struct shape
program_needing(const char *library)
{
	return (struct shape){.program = true, .interpreter = LOADER, .needed = {library}};
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* The path of a file in the root, whose directories are made. */
static const char *
in_root(const char *path)
{
	static char full[4][4096];
	static unsigned int turn;
	char *text = full[turn++ % 4];

	snprintf(text, sizeof(full[0]), "%s%s", root, path);
	for (char *slash = text + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		if (mkdir(text, 0755) != 0 && errno != EEXIST)
			die(text);
		*slash = '/';
	}
	return text;
}

static void
make_file(const char *path, const void *bytes, size_t size, unsigned int mode)
{
	const char *name = in_root(path);
	int fd;

	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0700);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || fchmod(fd, mode) != 0)
		die(path);
	close(fd);
}

static void
make_text(const char *path, const char *text, unsigned int mode)
{
	make_file(path, text, strlen(text), mode);
}

static void
make_link(const char *target, const char *path)
{
	if (symlink(target, in_root(path)) != 0)
		die(path);
}

static uint32_t
string_add(unsigned char *file, uint32_t *used, const char *text)
{
	uint32_t at = *used;

	memcpy(file + 0x400 + at, text, strlen(text) + 1);
	*used += (uint32_t)strlen(text) + 1;
	return at;
}

/* The bytes of an ELF file: headers, strings at 0x400, the dynamic section at 0x2000. */
static void
shape_write(const struct shape *shape, unsigned char file[FILE_SIZE])
{
	Elf32_Ehdr *elf = (Elf32_Ehdr *)file;
	Elf32_Phdr *header = (Elf32_Phdr *)(file + sizeof(*elf));
	Elf32_Dyn *dynamic = (Elf32_Dyn *)(file + 0x2000);
	uint32_t used = 1, shift = shape->align ? shape->shift : 0x10000;
	uint32_t align = shape->align ? shape->align : 0x10000;
	uint32_t text = shape->text ? shape->text : 0x1800;
	uint32_t bss = shape->bss ? shape->bss : 0x400;
	unsigned int entries = 0;

	memset(file, 0, FILE_SIZE);
	memcpy(elf->e_ident, ELFMAG "\1\1\1", 7);
	elf->e_type = ET_DYN;
	elf->e_machine = EM_ARM;
	elf->e_flags = shape->flags ? shape->flags : EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_HARD;
	elf->e_phoff = sizeof(*elf);
	elf->e_phentsize = sizeof(*header);
	if (shape->interpreter) {
		uint32_t at = string_add(file, &used, shape->interpreter);

		*header++ = (Elf32_Phdr){.p_type = PT_INTERP,
			.p_offset = 0x400 + at,
			.p_filesz = (uint32_t)strlen(shape->interpreter) + 1};
	}
	*header++ = (Elf32_Phdr){PT_LOAD, 0, 0, 0, text, text, PF_R | PF_X, align};
	*header++ = (Elf32_Phdr){
		PT_LOAD, 0x2000, 0x2000 + shift, 0, 0x400, 0x400 + bss, PF_R | PF_W, align};
	*header++ = (Elf32_Phdr){
		PT_DYNAMIC, 0x2000, 0x2000 + shift, 0, 0x400, 0x400, PF_R | PF_W, 4};
	elf->e_phnum = (uint16_t)(header - (Elf32_Phdr *)(file + sizeof(*elf)));

	for (int i = 0; i < 4 && shape->needed[i]; i++)
		dynamic[entries++] = (Elf32_Dyn){
			DT_NEEDED, {string_add(file, &used, shape->needed[i])}};
	if (shape->soname)
		dynamic[entries++] = (Elf32_Dyn){
			DT_SONAME, {string_add(file, &used, shape->soname)}};
	if (shape->rpath)
		dynamic[entries++] = (Elf32_Dyn){DT_RPATH, {string_add(file, &used, shape->rpath)}};
	if (shape->runpath)
		dynamic[entries++] = (Elf32_Dyn){
			DT_RUNPATH, {string_add(file, &used, shape->runpath)}};
	if (shape->program)
		dynamic[entries++] = (Elf32_Dyn){DT_FLAGS_1, {DF_1_PIE}};
	if (shape->fini)
		dynamic[entries++] = (Elf32_Dyn){DT_FINI, {shape->fini}};
	dynamic[entries++] = (Elf32_Dyn){DT_STRTAB, {0x400}};
	dynamic[entries++] = (Elf32_Dyn){DT_STRSZ, {used}};
	if (shape->words)
		memcpy(file + 0x1000, shape->words, strlen(shape->words));
}

static void
make(const char *path, struct shape shape)
{
	unsigned char file[FILE_SIZE];

	shape_write(&shape, file);
	make_file(path, file, sizeof(file), shape.mode ? shape.mode : shape.program ? 0755 : 0644);
}

/* An empty root with a loader and the C library. */
static void
begin(void)
{
	char command[128];

	program_release(&report);
	snprintf(command, sizeof(command), "chmod -R u+rwx %s; rm -rf %s", root, root);
	if (system(command) != 0 || mkdir(root, 0755) != 0)
		die(root);
	host = (struct program_host){.runs = true, .align = PROBE_MAPS_ALL, .page_size = 4096};
	make(LOADER, (struct shape){.soname = "ld-linux-armhf.so.3", .mode = 0755});
	make(LIBRARIES "/libc.so.6", (struct shape){.soname = "libc.so.6"});
}

static int
check(const char *path)
{
	program_release(&report);
	return program_check(path, &host, 100, &report);
}

/* The root gives exactly this list. */
static void
says(const char *list, const char *claim)
{
	int result = check(root);
	const char *said = report.list ? report.list : "";

	if (!tap_ok(result == 0 && strcmp(said, list) == 0, "%s", claim))
		printf("# %d: said:\n# %s\n# expected:\n# %s\n# %s\n", result, said, list,
			report.fault.why);
}

/* One file of the running system gives this reason. */
static void
says_file(const char *path, const char *why, const char *claim)
{
	int result = check(in_root(path));

	if (!tap_ok(result == 0 && strcmp(report.fault.why, why) == 0, "%s", claim))
		printf("# %d: '%s', expected '%s'\n", result, report.fault.why, why);
}

static void
test_libraries(void)
{
	begin();
	make("/bin/a", program_needing("libc.so.6"));
	says("", "a program whose libraries are there runs");
	tap_ok(report.root && report.programs == 1 && report.libraries == 2 && !report.blocked,
		"programs and libraries are counted");

	make("/bin/b", program_needing("libnone.so.1"));
	says("/bin/b: the library libnone.so.1 is missing", "a missing library");
	tap_ok(report.blocked == 1 && report.cause == PROGRAM_LIBRARY && report.cause_count == 1
			&& strstr(report.remedy, "libnone.so.1"),
		"the remedy names it");
	make("/lib/libnone.so.1", (struct shape){.needed = {"libdeep.so"}});
	says("/bin/b: the library libdeep.so is missing, needed by /lib/libnone.so.1",
		"a missing library of a library");
	make("/lib/libdeep.so", (struct shape){.needed = {"libnone.so.1", "libdeep.so"}});
	says("", "libraries that need themselves and one another");

	begin();
	make("/bin/a", (struct shape){.program = true, .interpreter = "/lib/ld-none.so"});
	says("/bin/a: its interpreter /lib/ld-none.so is missing", "a missing interpreter");
	make_text("/lib/ld-none.so", "#!/bin/sh\n", 0755);
	says("/bin/a: /lib/ld-none.so is malformed: it is not an ELF file for armhf",
		"an interpreter that is none");
	make("/lib/ld-none.so", (struct shape){.mode = 0644});
	says("/bin/a: its interpreter /lib/ld-none.so is missing",
		"an interpreter that nobody may execute");

	begin();
	make("/bin/a", program_needing("libx.so"));
	make("/lib/libx.so", (struct shape){.flags = EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_SOFT});
	says("/bin/a: the library libx.so is missing", "a library of armel is passed over");
	make("/usr/lib/libx.so", (struct shape){0});
	says("", "and the one behind it found");
	make_text("/usr/lib/arm-linux-gnueabihf/libx.so", "INPUT(libx.so.1)", 0644);
	says("/bin/a: /usr/lib/arm-linux-gnueabihf/libx.so is malformed: it is not an ELF file for armhf",
		"a text in place of a library");
	unlink(in_root("/usr/lib/arm-linux-gnueabihf/libx.so"));
	if (mkdir(in_root("/lib/arm-linux-gnueabihf/libx.so"), 0700) != 0
		&& mkfifo(in_root("/usr/lib/arm-linux-gnueabihf/libx.so"), 0700) != 0)
		die("mkfifo");
	says("", "a directory and a FIFO of that name are passed over");
}

static void
test_paths(void)
{
	struct shape shape = program_needing("libx.so");

	begin();
	make("/opt/lib/libx.so", (struct shape){.needed = {"liby.so"}, .soname = "libx.so"});
	make("/opt/lib/liby.so", (struct shape){0});
	shape.runpath = "/none:$ORIGIN/../lib";
	make("/opt/bin/a", shape);
	says("/opt/bin/a: the library liby.so is missing, needed by /opt/lib/libx.so",
		"DT_RUNPATH with $ORIGIN is not inherited");
	shape.needed[1] = "liby.so";
	make("/opt/bin/a", shape);
	says("", "a library that is loaded already is not searched for");
	shape.needed[1] = NULL;
	shape.rpath = "${ORIGIN}/../lib";
	shape.runpath = NULL;
	make("/opt/bin/a", shape);
	says("", "DT_RPATH with ${ORIGIN} is inherited");
	shape.rpath = NULL;
	shape.runpath = "/opt/lib";
	make("/opt/bin/b", shape);
	says("/opt/bin/b: the library liby.so is missing, needed by /opt/lib/libx.so",
		"by the libraries of this program alone");
	shape.rpath = "/opt/lib";
	make("/opt/bin/b", shape);
	says("/opt/bin/b: the library liby.so is missing, needed by /opt/lib/libx.so",
		"and not beside DT_RUNPATH");
	unlink(in_root("/opt/bin/b"));
	shape.runpath = "/none";
	make("/opt/bin/a", shape);
	says("/opt/bin/a: the library libx.so is missing", "DT_RPATH beside DT_RUNPATH is ignored");
	shape.runpath = "/opt/$LIB";
	make("/opt/bin/a", shape);
	make("/opt/lib/arm-linux-gnueabihf/libx.so", (struct shape){0});
	says("", "$LIB");

	begin();
	make("/opt/deep/libx.so", (struct shape){0});
	make("/bin/a", program_needing("libx.so"));
	make_text("/etc/ld.so.conf", "# of libc\ninclude ld.so.conf.d/*.conf\n", 0644);
	make_text("/etc/ld.so.conf.d/b.conf", "\t/opt/deep   # here\n", 0644);
	says("", "a directory of ld.so.conf's");
	if (rename(in_root("/etc/ld.so.conf.d/b.conf"), in_root("/etc/ld.so.conf.d/b.confold"))
		!= 0)
		die("rename");
	says("/bin/a: the library libx.so is missing", "a file that is not included");
	unlink(in_root("/etc/ld.so.conf.d/b.confold"));
	make_text("/etc/ld.so.conf.d/b.conf", "include /etc/ld.so.conf\ninclude *\n", 0644);
	says("/bin/a: the library libx.so is missing", "ld.so.conf that includes itself");

	begin();
	shape = program_needing("/opt/libx.so");
	shape.needed[1] = "./relative.so";
	make("/bin/a", shape);
	says("/bin/a: the library /opt/libx.so is missing",
		"a library by its path; a relative one depends on the directory");
	make("/opt/libx.so", (struct shape){0});
	says("", "and it is found");
	shape = program_needing("liby.so");
	shape.runpath = ":opt:";
	make("/bin/a", shape);
	make("/liby.so", (struct shape){0});
	make("/opt/liby.so", (struct shape){0});
	says("/bin/a: the library liby.so is missing", "directories without a path from the root");

	/* An object that is only known by a relative path would have no $ORIGIN. */
	begin();
	make("/run/x.so",
		(struct shape){.runpath = "$ORIGIN", .needed = {"liby.so"}, .mode = 0755});
	make_link("/run/x.so", "/x.so");
	make("/bin/a", (struct shape){.program = true, .interpreter = "x.so", .needed = {"/x.so"}});
	says("/bin/a: its interpreter x.so is missing", "a relative interpreter");
}

static void
test_links(void)
{
	begin();
	make("/opt/real/libx.so.1.2", (struct shape){0});
	make_link("/opt/real/libx.so.1.2", "/lib/libx.so.1");
	make_link("../../../../../../opt/real/libx.so.1.2", "/lib/liby.so.1");
	make_link("usr/bin", "/bin");
	make("/usr/bin/a", program_needing("libx.so.1"));
	make("/usr/bin/b", program_needing("liby.so.1"));
	says("", "links are resolved inside of the root, absolute and climbing ones");
	tap_ok(report.programs == 2, "a directory behind a link is read once");

	make_link("libz.so.1", "/lib/libz.so.2");
	make_link("libz.so.2", "/lib/libz.so.1");
	make("/usr/bin/c", program_needing("libz.so.1"));
	make_link("/etc/hostname", "/lib/libh.so");
	make("/usr/bin/d", program_needing("libh.so"));
	says("/usr/bin/c: the library libz.so.1 is missing\n/usr/bin/d: the library libh.so is missing",
		"a loop of links, and a link to a file outside");

	begin();
	make("/usr/bin/b", program_needing("libnone.so"));
	if (link(in_root("/usr/bin/b"), in_root("/usr/bin/a")) != 0)
		die("link");
	make("/proc/a", program_needing("libnone.so"));
	make("/usr/proc/a", program_needing("libnone.so"));
	make("/run/a", program_needing("libnone.so"));
	says("/usr/bin/a: the library libnone.so is missing\n/usr/proc/a: the library libnone.so is missing",
		"hard links count once; /proc, /sys, /dev and /run are left out");
}

static void
test_names(void)
{
	char list[400] = "", path[64];

	begin();
	make("/bin/new\nline \\ x", program_needing("lib\nx\x1b.so"));
	says("/bin/new\\x0aline\\x20\\x5c\\x20x: the library lib\\x0ax\\x1b.so is missing",
		"names are escaped");

	begin();
	for (int i = 0; i < 103; i++) {
		snprintf(path, sizeof(path), "/bin/%03d", i);
		make(path, program_needing("libnone.so"));
	}
	check(root);
	tap_ok(report.blocked == 103 && report.list
			&& strcmp(report.list + strlen(report.list) - strlen("\nand 3 more"),
				   "\nand 3 more")
				== 0,
		"at most 100 are listed");
	snprintf(list, sizeof(list), "%s", report.list ? report.list : "");
	tap_ok(strncmp(list, "/bin/000: ", 10) == 0 && strstr(report.list, "\n/bin/099: ")
			&& !strstr(report.list, "/bin/100"),
		"the first ones by name");
}

static void
test_alignment(void)
{
	struct shape shape = program_needing("libx.so");

	begin();
	make("/bin/a", shape);
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x1000});
	says("", "4 KiB pages map everything");
	host.page_size = 16384;
	host.align = PROBE_MAPS_64K;
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 16 KiB",
		"16 KiB pages do not map a library for 4 KiB");
	tap_ok(report.cause == PROGRAM_ALIGNMENT && strstr(report.remedy, "4 KiB"),
		"the remedy is another kernel");
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x4000});
	says("", "congruent segments are mapped, whatever their p_align says");
	make(LOADER,
		(struct shape){
			.mode = 0755, .words = "ELF load command alignment not page-aligned"});
	says("/bin/a: segment 1 of /lib/libx.so cannot be mapped with pages of 16 KiB",
		"but not by a loader that refuses p_align");
	host.runs = false;
	says("", "where armhf does not run, no alignment blocks");

	begin();
	host.page_size = 16384;
	host.align = PROBE_MAPS_64K;
	shape.needed[0] = NULL;
	shape.align = 0x1000;
	shape.shift = 0x1000;
	make("/bin/a", shape);
	says("/bin/a: segment 2 of the program cannot be mapped with pages of 16 KiB",
		"a program for 4 KiB");
	shape.shift = 0;
	make("/bin/a", shape);
	says("/bin/a: segment 2 of the program cannot be mapped with pages of 16 KiB",
		"code in a page that the data's permissions overwrite");
	host.page_size = 4096;
	says("", "no page is shared with 4 KiB");
	shape.text = 0x2400;
	make("/bin/a", shape);
	says("/bin/a: segment 2 of the program cannot be mapped with pages of 4 KiB",
		"code may be wherever the segment is");
	shape.fini = 0x1000;
	make("/bin/a", shape);
	says("", "but not behind .fini");
	shape.text = 0;
	shape.shift = 0x11000;
	make("/bin/a", shape);
	host.page_size = 16384;
	says("/bin/a: segment 2 of the program cannot be mapped with pages of 16 KiB",
		"segments that are not congruent, in pages of their own");

	begin();
	host.page_size = 16384;
	host.align = PROBE_MAPS_64K;
	make("/usr/lib/plugin.so", (struct shape){.align = 0x1000, .shift = 0x1000});
	says("", "a plugin blocks no program");
	tap_ok(report.plugins == 1, "and is counted");
}

static void
test_entry(void)
{
	struct shape shape;
	struct entry entry = {.state = ENTRY_ENABLED,
		.name = "qemu-arm",
		.interpreter = "/usr/bin/qemu-none",
		.flags = "F",
		.size = 8,
		.magic = ELFMAG "\1\1\1"};

	begin();
	make("/bin/a", program_needing("libc.so.6"));
	host.entry = &entry;
	says("", "an entry with flag F needs nothing in the root");
	entry.flags[0] = '\0';
	says("/bin/a: the emulator /usr/bin/qemu-none is not in this root", "without F it does");
	tap_ok(report.cause == PROGRAM_EMULATOR && strstr(report.remedy, "flag F"),
		"the remedy is a copy, or flag F");
	make_text("/usr/bin/qemu-none", "", 0644);
	says("/bin/a: the emulator /usr/bin/qemu-none is not in this root",
		"one that nobody may execute");
	make_text("/usr/bin/qemu-none", "", 0755);
	says("", "and there it is");
	host.entry = NULL;
	unlink(in_root("/usr/bin/qemu-none"));
	says("", "the kernel needs no emulator");
	host.entry = &entry;
	strcpy(entry.flags, "F");
	entry.magic[7] = 3;
	says("/bin/a: the entry qemu-arm does not take its header", "an entry for OS ABI 3");
	host.runs = false;
	says("", "where armhf does not run, no entry blocks");

	/* On a host with pages of 16 KiB, under qemu-arm since 9.0, and up to 8.2. */
	begin();
	entry.magic[7] = 0;
	host.entry = &entry;
	host.page_size = 16384;
	host.align = PROBE_MAPS_4K;
	make("/bin/a", program_needing("libx.so"));
	make("/lib/libx.so", (struct shape){0});
	says("", "a segment in the last page of a library, behind the end of its file");
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x1000});
	says("", "a library that is not congruent, all of it in its file");
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x11000});
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 16 KiB",
		"a segment that begins in a page behind the end of the file");
	tap_ok(!strstr(report.remedy, "64 KiB"), "no other release is the remedy");
	host.align = PROBE_MAPS_64K;
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x1000});
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 16 KiB",
		"the host's page size, as an older qemu-arm tells it to ld.so");
	shape = program_needing("libx.so");
	shape.align = 0x1000;
	make("/bin/a", shape);
	says("", "but not where the program is for 4 KiB");
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x11000});
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 16 KiB",
		"which is as under a newer one");
	host.align = PROBE_MAPS_ALL;
	says("", "an emulator that maps all");

	/* With pages of 64 KiB the probe's own data is in the page that its span ends in. */
	begin();
	host.entry = &entry;
	host.page_size = 65536;
	make("/bin/a", program_needing("libx.so"));
	make("/lib/libx.so", (struct shape){.bss = 0x1f000 - 0x12400});
	says("", "data in the last page of 64 KiB of a library");
	make("/lib/libx.so", (struct shape){.bss = 0x20000 - 0x12400});
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 64 KiB",
		"in one that the library fills, behind the end of its file");
	make("/lib/libx.so", (struct shape){.bss = 0x20001 - 0x12400});
	says("/bin/a: segment 2 of /lib/libx.so cannot be mapped with pages of 64 KiB",
		"in one before the last, though the emulator maps all that the probe tries");
	make("/lib/libx.so", (struct shape){.align = 0x1000, .shift = 0x1000, .bss = 0x20000});
	says("", "in one that its file has, congruent or not");
	host.entry = NULL;
	host.align = PROBE_MAPS_64K;
	make("/lib/libx.so", (struct shape){.bss = 0x20001 - 0x12400});
	says("", "the kernel maps it wherever it is");
}

static void
test_files(void)
{
	unsigned char file[FILE_SIZE];
	struct shape shape = {.program = true};

	begin();
	make("/a", shape);
	says_file("/a", "", "a static program");
	tap_ok(!report.root && report.programs == 1, "one program");
	make("/b", (struct shape){.program = true, .interpreter = "/none/ld.so"});
	says_file("/b", "its interpreter /none/ld.so is missing", "an interpreter of the system");
	make("/c", (struct shape){.program = true, .mode = 0644});
	says_file("/c", "nobody may execute it", "a program without permission");
	make("/l.so", (struct shape){.needed = {"libnone.so"}, .interpreter = NULL});
	check(in_root("/l.so"));
	tap_ok(report.libraries == 1 && report.programs == 0, "a library");

	shape.flags = EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_SOFT;
	make("/a", shape);
	says_file("/a", "it is for ARM, 32 bits, little-endian, soft float (armel)", "armel");
	shape.flags = EF_ARM_EABI_VER5;
	make("/a", shape);
	says_file("/a", "", "a static program whose header has no float ABI runs");
	shape.flags = 2;
	make("/a", shape);
	says_file("/a",
		"it is for ARM, 32 bits, little-endian, of the ABI before EABI, which only qemu-arm runs",
		"before EABI");
	shape.flags = 0;
	shape_write(&shape, file);
	file[18] = EM_AARCH64;
	file[4] = ELFCLASS64;
	make_file("/a", file, sizeof(file), 0755);
	says_file("/a", "it is for AArch64, 64 bits, little-endian", "arm64");
	file[4] = ELFCLASS32;
	file[5] = ELFDATA2MSB;
	file[18] = 0;
	file[19] = EM_ARM;
	make_file("/a", file, sizeof(file), 0755);
	says_file("/a", "it is for ARM, 32 bits, big-endian", "armeb");
	make_text("/t", "text", 0755);
	says_file("/t", "it is neither an ELF file nor a script", "a text");
	make_text("/t", "", 0755);
	says_file("/t", "it is neither an ELF file nor a script", "an empty file");
	make_text("/t", "#! /none/sh -e\n", 0755);
	says_file("/t", "its interpreter /none/sh is missing", "a script without interpreter");
	make_text("/t", "#!\n", 0755);
	check(in_root("/t"));
	tap_ok(report.blocked == 1, "a script that names none");

	tap_ok(check(in_root("/none")) == -1 && report.fault.error == ENOENT, "no such file");
	if (mkfifo(in_root("/f"), 0700) != 0)
		die("mkfifo");
	tap_ok(check(in_root("/f")) == -1 && report.fault.error == EINVAL, "a FIFO");
	tap_ok(check("/dev/null") == -1 && report.fault.error == EINVAL, "a device");
}

/* Scripts of scripts: their paths must be the running system's. */
static void
test_scripts(void)
{
	char text[256];

	begin();
	make("/a", (struct shape){.program = true});
	snprintf(text, sizeof(text), "#!%s argument\n", in_root("/a"));
	make_text("/s1", text, 0755);
	says_file("/s1", "", "a script whose interpreter runs");
	for (int i = 2; i < 8; i++) {
		char name[] = "/s0", before[] = "/s0";

		name[2] = (char)('0' + i);
		before[2] = (char)('0' + i - 1);
		snprintf(text, sizeof(text), "#!%s\n", in_root(before));
		make_text(name, text, 0755);
	}
	says_file("/s4", "", "a script of a script of a script");
	check(in_root("/s7"));
	tap_ok(report.cause == PROGRAM_INTERPRETER, "too many of them");
}

static void
test_malformed(void)
{
	struct shape shape = program_needing("libc.so.6");
	unsigned char file[FILE_SIZE];
	bool ends = true;
	Elf32_Phdr *headers = (Elf32_Phdr *)(file + sizeof(Elf32_Ehdr));

	begin();
	make("/bin/good", program_needing("libx.so"));
	make("/lib/libx.so", (struct shape){0});
	shape.soname = "a";
	shape.runpath = "$ORIGIN:b";

	/* Cut at every byte: said to be malformed, or, without a whole header, not known to be armhf. */
	shape_write(&shape, file);
	for (size_t size = 0; size < 0x2400; size += size < 0x500 || size > 0x2000 ? 1 : 64) {
		make_file("/bin/a", file, size, 0755);
		check(root);
		if (size >= sizeof(Elf32_Ehdr)
			&& (report.blocked != 1 || report.cause != PROGRAM_MALFORMED))
			ends = tap_ok(false, "cut at %zu", size);
	}
	tap_ok(ends, "a file that is cut off anywhere is malformed");

	/* Wrong bytes: the verdict is open, but there is one. */
	ends = true;
	for (size_t at = 0; at < 0x2080; at = at == 0xff ? 0x400 : at == 0x43f ? 0x2000 : at + 1) {
		static const unsigned char values[] = {0, 1, 0x7f, 0x80, 0xff};

		for (size_t i = 0; i < sizeof(values); i++) {
			shape_write(&shape, file);
			file[at] = values[i];
			make_file("/bin/a", file, sizeof(file), 0755);
			make_file("/lib/libx.so", file, sizeof(file), 0644);
			if (check(root) != 0 || report.blocked > report.programs)
				ends = tap_ok(false, "byte %#zx is %#x", at, values[i]);
		}
	}
	tap_ok(ends, "any byte may be wrong");
	make("/lib/libx.so", (struct shape){0});

	shape_write(&shape, file);
	headers[0].p_filesz = 0xffffffff;
	make_file("/bin/a", file, sizeof(file), 0755);
	says("/bin/a: malformed: the name of its interpreter is outside of the file",
		"an interpreter's name of 4 GiB");
	shape_write(&shape, file);
	headers[0].p_filesz = 4;
	make_file("/bin/a", file, sizeof(file), 0755);
	says("/bin/a: malformed: the name of its interpreter is outside of the file",
		"an interpreter's name without an end");
	shape_write(&shape, file);
	headers[1].p_filesz = headers[1].p_memsz = 0x3000;
	make_file("/bin/a", file, sizeof(file), 0755);
	says("/bin/a: malformed: it is cut off: a segment ends behind the end of the file",
		"a segment behind the end");
	shape_write(&shape, file);
	headers[3].p_offset = 0xfffffff0;
	make_file("/bin/a", file, sizeof(file), 0755);
	says("/bin/a: malformed: its dynamic section is outside of the file",
		"a dynamic section behind the end");
	make_file("/lib/libx.so", file, sizeof(file), 0644);
	unlink(in_root("/bin/a"));
	says("/bin/good: /lib/libx.so is malformed: its dynamic section is outside of the file",
		"a malformed library blocks");
}

/* Descriptors of this process. */
static unsigned int
descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	while (dir && readdir(dir))
		count++;
	if (dir)
		closedir(dir);
	return count;
}

static void
test_stop(void)
{
	struct stop stop;

	begin();
	make("/bin/a", program_needing("libnone.so"));
	signal(SIGINT, SIG_DFL);
	stop_begin(&stop);
	host.stop = &stop;
	says("/bin/a: the library libnone.so is missing", "no signal is pending");
	raise(SIGINT);
	tap_ok(check(root) == -1 && report.fault.error == EINTR, "Ctrl-C ends it");
	tap_ok(!report.list, "and nothing is listed");
	signal(SIGINT, SIG_IGN);
	stop_end(&stop);
	signal(SIGINT, SIG_DFL);
	host.stop = NULL;
}

static void
refuse_openat2(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 437, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
		|| prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		die("seccomp");
}

int
main(int argc, char **argv)
{
	unsigned int before = descriptors();
	char command[128];

	if (!mkdtemp(root))
		die(root);
	if (argc > 1 && strcmp(argv[1], "old") == 0)
		refuse_openat2();
	test_libraries();
	test_paths();
	test_links();
	test_names();
	test_alignment();
	test_entry();
	test_files();
	test_scripts();
	test_malformed();
	test_stop();
	program_release(&report);
	tap_ok(descriptors() == before, "no descriptor is left open");
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return system(command) != 0 || tap_end();
}
