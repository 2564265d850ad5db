/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * limit: what the builtin cannot be faster than. Reads commands from standard input, one a
 * line, carries each out once and answers with the microseconds that it took.
 * exec: one vfork, exec and wait of the probe, and nothing else. probe: probe_run_plain, the builtin's own way to run
 * it. read: open, read and close of each argument, a directory or a file, present or not.
 */
#include <dirent.h>
#include <elf.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "probe_image.h"

#define PROGRAM "/proc/self/fd/0"

static double
microseconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* The image as it is in the header holds its two arguments as strings: a token, whose first byte is the status of "all maps", and a text. */
static void
limit_exec(int image)
{
	static char *const token = (char *)probe_image + sizeof(Elf32_Ehdr)
		+ 2 * sizeof(Elf32_Phdr);
	char *const argv[] = {(char *)"armhf-probe", token + strlen(token) + 1, token, NULL};
	static char *const env[] = {NULL};
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		dup2(image, STDIN_FILENO);
		execve(PROGRAM, argv, env);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		err(1, "vfork");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != token[0])
		errx(1, "the probe ended with status %#x", (unsigned int)status);
}

static void
limit_probe(const struct stop *stop)
{
	const struct probe_limits limits = {.stop = stop, .seconds = 10};
	struct probe_result result;

	probe_run_plain(&result, &limits);
	if (!probe_delivered(&result))
		errx(1, "the probe was not delivered");
}

static void
limit_read(char *const paths[])
{
	char text[4096];

	for (; *paths != NULL; paths++) {
		int fd = open(*paths, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		if (read(fd, text, sizeof(text)) < 0) /* a directory */
			while (syscall(SYS_getdents64, fd, text, sizeof(text)) > 0)
				continue;
		close(fd);
	}
}

int
main(int argc, char *argv[])
{
	int image = memfd_create("armhf-probe", MFD_CLOEXEC);
	char command[16];
	struct stop stop;

	(void)argc;
	stop_begin(&stop);
	if (image < 0
		|| write(image, probe_image, sizeof(probe_image)) != (ssize_t)sizeof(probe_image))
		err(1, "memfd_create");
	while (fgets(command, sizeof(command), stdin) != NULL) {
		double begin = microseconds_now();

		if (strcmp(command, "exec\n") == 0)
			limit_exec(image);
		else if (strcmp(command, "probe\n") == 0)
			limit_probe(&stop);
		else if (strcmp(command, "read\n") == 0)
			limit_read(argv + 1);
		else
			errx(1, "%s: exec, probe and read are the commands", command);
		printf("%.1f\n", microseconds_now() - begin);
		fflush(stdout);
	}
	return 0;
}
