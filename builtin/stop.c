/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stop: blocks the signals that end a call early and looks for them. Takes none
 * of them: the shell's own handlers run when the mask is restored.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "stop.h"

static const int stop_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

#define STOP_COUNT (sizeof(stop_signals) / sizeof(stop_signals[0]))

static bool
is_ignored(int number)
{
	struct sigaction action;

	return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

void
stop_begin(struct stop *stop)
{
	sigset_t blocked;
	int fd;

	sigprocmask(SIG_BLOCK, NULL, &stop->before);
	sigemptyset(&stop->waited);
	for (size_t i = 0; i < STOP_COUNT; i++) {
		/* One that the shell blocks itself would stay pending: every call would be interrupted. */
		if (!is_ignored(stop_signals[i]) && !sigismember(&stop->before, stop_signals[i]))
			sigaddset(&stop->waited, stop_signals[i]);
	}
	blocked = stop->waited;
	sigaddset(&blocked, SIGCHLD);
	sigprocmask(SIG_BLOCK, &blocked, NULL);

	/* Above standard error: where the shell has closed that, nothing may be written into this. */
	fd = signalfd(-1, &stop->waited, SFD_CLOEXEC | SFD_NONBLOCK);
	stop->fd = fd;
	if (fd >= 0 && fd <= STDERR_FILENO) {
		stop->fd = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(fd);
	}
}

int
stop_pending(const struct stop *stop)
{
	sigset_t pending;

	if (sigpending(&pending) != 0)
		return 0;
	for (size_t i = 0; i < STOP_COUNT; i++) {
		if (sigismember(&stop->waited, stop_signals[i])
			&& sigismember(&pending, stop_signals[i]))
			return stop_signals[i];
	}
	return 0;
}

long long
stop_now_ms(void)
{
	struct timespec now;

	clock_gettime(
		CLOCK_MONOTONIC, &now); /* cannot fail: the clock exists and the pointer is good */
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void
stop_end(struct stop *stop)
{
	int error = errno;

	if (stop->fd >= 0)
		close(stop->fd);
	stop->fd = -1;
	sigprocmask(SIG_SETMASK, &stop->before, NULL);
	errno = error;
}
