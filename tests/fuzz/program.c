/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a program, as the library and the loader that it names, and as ld.so.conf: in a root of their own, which is
 * checked as a whole, and as one file. The last byte is the host.
 */
#include "fuzz.h"
#include "program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/dev/shm/fuzz_program.XXXXXX";
static char file[sizeof(root) + 8];
static int program = -1, library = -1;

static int
make(const char *path, mode_t mode)
{
	char full[128];
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	fd = open(full, O_RDWR | O_CREAT, mode);
	if (fd < 0) {
		perror(full);
		exit(3);
	}
	return fd;
}

static void
make_again(const char *path)
{
	char from[128], to[128];

	snprintf(from, sizeof(from), "%s/lib/x.so", root);
	snprintf(to, sizeof(to), "%s%s", root, path);
	if (link(from, to) != 0) {
		perror(to);
		exit(3);
	}
}

static void
root_remove(void)
{
	static const char *const paths[] = {"/bin/a", "/lib/x.so", "/lib/ld-linux-armhf.so.3",
		"/etc/ld.so.conf", "/bin", "/lib", "/etc", ""};
	char full[128];

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", root, paths[i]);
		remove(full);
	}
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const directories[] = {"/bin", "/lib", "/etc"};
	char full[128];

	(void)argc;
	(void)argv;
	if (!mkdtemp(root))
		exit(3);
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(full, sizeof(full), "%s%s", root, directories[i]);
		mkdir(full, 0755);
	}
	program = make("/bin/a", 0755);
	library = make("/lib/x.so", 0755);
	make_again("/lib/ld-linux-armhf.so.3");
	make_again("/etc/ld.so.conf");
	snprintf(file, sizeof(file), "%s/bin/a", root);
	atexit(root_remove);
	return 0;
}

static void
file_write(int fd, const uint8_t *data, size_t size)
{
	if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
		exit(3);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct entry entry = {.interpreter = "/bin/a", .name = "x", .size = 1, .magic = {0x7f}};
	unsigned int bits = size ? data[size - 1] : 0;
	struct program_host host = {.runs = true,
		.align = (enum probe_status)(PROBE_MAPS_ALL + (bits & 3)),
		.page_size = bits & 4 ? 4096 : 16384,
		.entry = bits & 8 ? &entry : NULL};
	struct program_report report;

	file_write(program, data, size);
	file_write(library, data, size);
	fuzz_claim(
		program_check(root, &host, 2, &report) == 0, "a root is checked", report.fault.why);
	fuzz_claim(
		report.blocked <= report.programs, "programs are blocked", "more than there are");
	fuzz_claim(report.programs <= 2, "the files are counted once", "more");
	fuzz_claim(!report.blocked == !report.list, "what is blocked is listed", "it is not");
	program_release(&report);
	fuzz_claim(
		program_check(file, &host, 2, &report) == 0, "a file is checked", report.fault.why);
	program_release(&report);
	return 0;
}
