/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stop: the signals that end a call early. From stop_begin to stop_end SIGCHLD is
 * blocked (bash's handler would reap our children), and so are HUP, INT, QUIT
 * and TERM where the shell neither ignores nor blocks them: they stay pending until
 * stop_end, which hands them to the shell's own handlers. Nothing is ever read.
 */
#ifndef ARMHF_STOP_H
#define ARMHF_STOP_H

#include <signal.h>

struct stop {
	int fd; /* signalfd(2) of the stop signals, close-on-exec, above 2; -1 where it could not be had */
	sigset_t waited; /* the stop signals that are blocked */
	sigset_t before; /* the mask to restore */
};

void
stop_begin(struct stop *stop);

/* The stop signal that is pending now, or 0. */
int
stop_pending(const struct stop *stop);

/* Milliseconds of the clock that deadlines are counted on: CLOCK_MONOTONIC, which every kernel has. */
long long
stop_now_ms(void);

/* Close and put the mask back: pending signals are delivered here. errno is kept. */
void
stop_end(struct stop *stop);

#endif
