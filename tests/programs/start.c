/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * start ROOT < PATHS: start each program of a root directory with --help, and say how that ended, a line each:
 * the path, a tab, then `errno N`, `exit N`, `signal N` or `timeout`, a tab, and the first line that it wrote to
 * standard error. The first line of all is the page size. Static, so that one serves all guests.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS 60

static void
child_run(const char *root, char *path, int errors, int refused)
{
	char *argv[] = {path, "--help", NULL};
	char *env[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	int null = open("/dev/null", O_RDWR);
	int error;

	setsid();
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(errors, STDERR_FILENO);
	if (chroot(root) == 0 && chdir("/") == 0)
		execve(path, argv, env);
	error = errno;
	if (write(refused, &error, sizeof(error)) != sizeof(error))
		_exit(126);
	_exit(127);
}

/* What comes from the pipe until its end or the deadline; text gets the first of it. False: the deadline. */
static int
pipe_read(int fd, char *text, size_t size)
{
	struct timespec begin, now;
	char rest[4096];
	size_t used = 0;
	ssize_t length;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};

		clock_gettime(CLOCK_MONOTONIC, &now);
		if (now.tv_sec - begin.tv_sec >= SECONDS)
			return 0;
		if (poll(&poller, 1, 1000) <= 0)
			continue;
		length = read(fd, rest, sizeof(rest));
		if (length <= 0)
			break;
		if ((size_t)length > size - 1 - used)
			length = (ssize_t)(size - 1 - used);
		memcpy(text + used, rest, (size_t)length);
		used += (size_t)length;
	}
	text[used] = '\0';
	text[strcspn(text, "\r\n\t")] = '\0';
	return 1;
}

static void
program_start(const char *root, char *path)
{
	int errors[2], refused[2];
	char text[512] = "";
	int status, error, ended;
	pid_t child;

	if (pipe2(errors, O_CLOEXEC) == -1 || pipe2(refused, O_CLOEXEC) == -1)
		err(1, "pipe");
	child = fork();
	if (child == -1)
		err(1, "fork");
	if (child == 0)
		child_run(root, path, errors[1], refused[1]);
	close(errors[1]);
	close(refused[1]);
	ended = pipe_read(errors[0], text, sizeof(text));
	if (!ended)
		kill(-child, SIGKILL);
	waitpid(child, &status, 0);
	printf("@@ %s\t", path);
	if (read(refused[0], &error, sizeof(error)) == sizeof(error))
		printf("errno %d", error);
	else if (!ended)
		printf("timeout");
	else if (WIFSIGNALED(status))
		printf("signal %d", WTERMSIG(status));
	else
		printf("exit %d", WEXITSTATUS(status));
	printf("\t%s\n", text);
	fflush(stdout);
	close(errors[0]);
	close(refused[0]);
}

int
main(int argc, char **argv)
{
	char path[4096];

	if (argc != 2)
		errx(2, "usage: start ROOT < PATHS");
	printf("@@ page %ld\n", sysconf(_SC_PAGESIZE));
	while (fgets(path, sizeof(path), stdin)) {
		path[strcspn(path, "\n")] = '\0';
		program_start(argv[1], path);
	}
	return 0;
}
