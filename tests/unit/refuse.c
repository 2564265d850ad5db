/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * refuse CALL:ERRNO... COMMAND...: run the command under a seccomp filter that refuses these system
 * calls with these errnos (numbers), as containers do.
 */
#include <err.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

#define RULES_MAX 16

static const struct {
	const char *name;
	unsigned int number;
} calls[] = {
	{"memfd_create", SYS_memfd_create},
	{"execveat", SYS_execveat},
	{"execve", SYS_execve},
	{"pidfd_open", SYS_pidfd_open},
	{"close_range", SYS_close_range},
	{"signalfd4", SYS_signalfd4},
	{"statx", SYS_statx},
	{"flock", SYS_flock},
	{"mount", SYS_mount},
	{"personality", SYS_personality},
};

static unsigned int
call_find(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strlen(calls[i].name) == length && strncmp(calls[i].name, name, length) == 0)
			return calls[i].number;
	errx(2, "no such call: %s", name);
}

int
main(int argc, char **argv)
{
	/* The number of the call, two instructions a rule, the permission. The architecture is the test's own. */
	struct sock_filter filter[2 * RULES_MAX + 2];
	struct sock_fprog program = {.filter = filter};
	int i;

	filter[program.len++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 1; i < argc && i <= RULES_MAX; i++) {
		const char *colon = strchr(argv[i], ':');
		unsigned int error;

		if (colon == NULL)
			break;
		error = (unsigned int)strtoul(colon + 1, NULL, 10);
		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			call_find(argv[i], (size_t)(colon - argv[i])), 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error & SECCOMP_RET_DATA));
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (i >= argc)
		errx(2, "usage: refuse CALL:ERRNO... COMMAND...");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
		|| prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		err(1, "cannot install the filter");
	execvp(argv[i], argv + i);
	err(127, "%s", argv[i]);
}
