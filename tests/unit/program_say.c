/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * program_say [-n] [-a ALIGN] [-p PAGE] [-i INTERPRETER [-F]] [-l LINES] PATH: what program_check says about a path, for tests.
 * ALIGN is all, 64k, 4k or none; with -i an entry with this interpreter serves, -F with flag F, else the kernel; -n: armhf does
 * not run. Then the time and the most memory of the process on standard error.
 */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static enum probe_status
align_named(const char *name)
{
	static const char *const names[] = {"all", "64k", "4k", "none"};

	for (int i = 0; i < 4; i++)
		if (strcmp(names[i], name) == 0)
			return (enum probe_status)(PROBE_MAPS_ALL + i);
	return PROBE_NO_STDIN;
}

int
main(int argc, char **argv)
{
	/* As everybody registers it: fs/binfmt_misc.c calls it magic and mask. */
	struct entry entry = {
		.state = ENTRY_ENABLED,
		.name = "qemu-arm",
		.size = 20,
		.masked = true,
		.magic = {0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0x28, 0},
		.mask = {255, 255, 255, 255, 255, 255, 255, 0, 255, 255, 255, 255, 255, 255, 255,
			255, 254, 255, 255, 255},
	};
	struct program_host host = {.runs = true, .align = PROBE_MAPS_ALL, .page_size = 4096};
	struct program_report report;
	unsigned int lines = 100;
	struct rusage usage;
	struct stop stop;
	long long begin;
	int option, result;

	while ((option = getopt(argc, argv, "na:p:i:Fl:o:")) != -1) {
		switch (option) {
		case 'n': host.runs = false; break;
		case 'a': host.align = align_named(optarg); break;
		case 'p': host.page_size = (unsigned long)atol(optarg); break;
		case 'i':
			snprintf(entry.interpreter, sizeof(entry.interpreter), "%s", optarg);
			host.entry = &entry;
			break;
		case 'F': strcpy(entry.flags, "F"); break;
		case 'l': lines = (unsigned int)atol(optarg); break;
		case 'o': /* takes this OS ABI alone */
			entry.magic[7] = (unsigned char)atol(optarg);
			entry.mask[7] = 255;
			break;
		default: return 2;
		}
	}
	if (optind != argc - 1)
		return 2;
	begin = stop_now_ms();
	stop_begin(&stop);
	host.stop = &stop;
	result = program_check(argv[optind], &host, lines, &report);
	begin = stop_now_ms() - begin;
	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr, "%lld ms, %ld KiB\n", begin, usage.ru_maxrss);
	if (result != 0) {
		printf("error %d: %s: %s\n", report.fault.error, report.fault.object,
			report.fault.why);
	} else {
		printf("%s: %u programs, %u libraries, %u blocked, %u plugins, %u unread\n",
			report.root ? "root" : "file", report.programs, report.libraries,
			report.blocked, report.plugins, report.unread);
		if (report.blocked)
			printf("first %s: %s\ncause %d blocks %u: %s\n%s\n", report.fault.object,
				report.fault.why, report.cause, report.cause_count, report.remedy,
				report.list);
	}
	program_release(&report);
	stop_end(&stop);
	return result != 0;
}
