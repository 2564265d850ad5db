/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe_test: puts one question to probe.c as the builtin would, prints the answer, and
 * fails when the process is not what it was before. Called "surroundings" it is what a
 * probe executes, and says by its exit status whether it was set apart as it must be.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "stop.h"

static const char usage[] =
	"usage: probe_test [-bein] [-c FDS] [-k SIGNAL[:MS]] [-r TIMES] [-s SECONDS] QUESTION\n"
	"questions: plain, odd, traced, alone, personality, through INTERPRETER [preserve],\n"
	"           command [NAME=VALUE] PATH [ARGUMENT...], lookup PATH\n"
	"-b  with children in the background, reaped by a SIGCHLD handler as bash's\n"
	"-c  with these of the descriptors 0, 1, 2 closed\n"
	"-e  with no descriptor left for stop_begin\n"
	"-i  with SIGCHLD ignored\n"
	"-k  with this signal, a number, sent after so many milliseconds, 0 is before the question\n"
	"-n  without a struct stop\n"
	"-r  so many times; all answers must be alike\n"
	"-s  the deadline, 10 s without it\n";

#define BACKGROUND 40 /* children of -b */

struct options {
	bool background, no_descriptor, ignore_children, no_stop;
	const char *closed;
	int signal, after_ms, times, seconds;
};

static volatile sig_atomic_t signals_handled, others_handled, children_reaped;
static FILE *answers; /* standard output, where -c cannot close it */

static void
on_signal(int number)
{
	if (number == SIGUSR1)
		others_handled++;
	else
		signals_handled++;
	errno = ENOMSG; /* as a careless one */
}

static void
on_child(int number)
{
	int error = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		children_reaped++;
	errno = error;
}

static _Noreturn void __attribute__((format(printf, 1, 2))) fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("probe_test: ", answers);
	vfprintf(answers, format, arguments);
	va_end(arguments);
	fputc('\n', answers);
	fflush(answers);
	_exit(1);
}

static void
sleep_ms(long ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) != 0 && errno == EINTR)
		;
}

static int
number(const char *text)
{
	return (int)strtol(text, NULL, 10);
}

/* Append to a text of this size. */
static void __attribute__((format(printf, 3, 4)))
add(char *text, size_t size, const char *format, ...)
{
	size_t length = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text + length, size - length, format, arguments);
	va_end(arguments);
}

/* All that a call could leave changed in the process. */
static void
state_take(char *text, size_t size)
{
	char path[PATH_MAX], line[256];
	mode_t mask = umask(0);
	struct dirent *entry;
	FILE *status;
	DIR *directory;

	umask(mask);
	if (!getcwd(path, sizeof(path)))
		fail("getcwd: %s", strerror(errno));
	*text = '\0';
	add(text, size, "umask %03o\ncwd %s\npersonality %x\n", (unsigned int)mask, path,
		(unsigned int)personality(0xffffffff));

	directory = opendir("/proc/self/fd");
	if (!directory)
		fail("/proc/self/fd: %s", strerror(errno));
	while ((entry = readdir(directory))) {
		int fd = number(entry->d_name);
		ssize_t length = readlinkat(dirfd(directory), entry->d_name, path, sizeof(path));

		if (length > 0 && fd != dirfd(directory))
			add(text, size, "descriptor %d %.*s %s\n", fd, (int)length, path,
				fcntl(fd, F_GETFD) ? "close-on-exec" : "");
	}
	closedir(directory);

	status = fopen("/proc/self/status", "re");
	if (!status)
		fail("/proc/self/status: %s", strerror(errno));
	while (fgets(line, sizeof(line), status)) {
		if (strncmp(line, "Sig", 3) == 0 && line[3] != 'Q')
			add(text, size, "%s", line);
	}
	fclose(status);
}

static void
answer_take(char *text, size_t size, const struct probe_result *result)
{
	static const char *const ways[] = {"", "kernel ", "entry ", "nobody ", "somebody "};
	static const char *const ends[] = {
		"not started", "refused", "exited", "killed", "timeout", "interrupted"};

	*text = '\0';
	add(text, size, "%s%s", ways[result->way], ends[result->end]);
	if (result->end == PROBE_EXITED)
		add(text, size, " %s%d", result->answered ? "" : "status ", result->value);
	else if (result->value)
		add(text, size, ": %s", strsignal(result->value));
	if (result->object)
		add(text, size, ": %s", result->object);
	if (result->error)
		add(text, size, ": %s", strerror(result->error));
	if (probe_delivered(result))
		add(text, size, ", delivered");
	if (result->said[0])
		add(text, size, ", said '%s'", result->said);
	if ((result->end == PROBE_NOT_STARTED) != (result->object != NULL))
		fail("object and end do not fit: %s", text);
	if (memchr(result->said, '\0', sizeof(result->said)) == NULL)
		fail("what was said does not end");
}

static void
ask(char *text, size_t size, char **question, const struct probe_limits *limits)
{
	static const char *const personalities[] = {"unknown", "refused", "64bit", "32bit"};
	struct probe_result result;

	/* So that what is not set shows. */
	memset(&result, 0x55, sizeof(result));
	if (strcmp(question[0], "personality") == 0) {
		*text = '\0';
		add(text, size, "%s", personalities[probe_personality(limits)]);
		return;
	}
	if (strcmp(question[0], "plain") == 0)
		probe_run_plain(&result, limits);
	else if (strcmp(question[0], "odd") == 0)
		probe_run_odd(&result, limits);
	else if (strcmp(question[0], "traced") == 0)
		probe_run_traced(&result, limits);
	else if (strcmp(question[0], "alone") == 0)
		probe_run_alone(&result, limits);
	else if (strcmp(question[0], "through") == 0 && question[1])
		probe_run_through(&result, question[1], question[2] != NULL, limits);
	else if (strcmp(question[0], "command") == 0 && question[1] && strchr(question[1], '='))
		probe_run_command(&result, (const char *const *)question + 2,
			(const char *const[]){question[1], NULL}, limits);
	else if (strcmp(question[0], "command") == 0 && question[1])
		probe_run_command(&result, (const char *const *)question + 1, NULL, limits);
	else if (strcmp(question[0], "lookup") == 0 && question[1])
		probe_run_lookup(&result, question[1], limits);
	else
		fail("no such question: %s\n%s", question[0], usage);
	answer_take(text, size, &result);
}

/* One call of the builtin: between stop_begin and stop_end. */
static void
call(char *text, size_t size, char **question, const struct options *options)
{
	struct probe_limits limits = {.seconds = options->seconds};
	int handled = signals_handled, pending;
	struct rlimit limit, none;
	struct stop stop;

	getrlimit(RLIMIT_NOFILE, &limit);
	none = (struct rlimit){0, limit.rlim_max};
	if (options->no_descriptor)
		setrlimit(RLIMIT_NOFILE, &none);
	stop_begin(&stop);
	setrlimit(RLIMIT_NOFILE, &limit);
	if (options->no_descriptor != (stop.fd < 0) || (stop.fd >= 0 && stop.fd <= STDERR_FILENO))
		fail("stop_begin gave descriptor %d", stop.fd);
	if (!options->no_stop)
		limits.stop = &stop;

	if (options->signal && !options->after_ms)
		raise(options->signal);
	ask(text, size, question, &limits);
	pending = stop_pending(&stop);
	if (signals_handled != handled)
		fail("a stop signal was not held back");
	if (options->signal == SIGUSR1 && !others_handled)
		fail("another signal was held back");
	errno = EXDEV;
	stop_end(&stop);
	if (errno != EXDEV)
		fail("stop_end changed errno");
	if (signals_handled != handled + (pending != 0))
		fail("a stop signal got lost");
}

static void
signals_catch(const struct options *options)
{
	static const int stops[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};
	struct sigaction action = {.sa_handler = on_signal}, before;

	/* As a shell: what was ignored when it started stays ignored. */
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++) {
		if (sigaction(stops[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(stops[i], &action, NULL);
	}
	sigaction(SIGUSR1, &action, NULL);
	action.sa_handler = options->ignore_children ? SIG_IGN : on_child;
	action.sa_flags = SA_RESTART;
	if (options->ignore_children || options->background)
		sigaction(SIGCHLD, &action, NULL);
}

static void
background_start(void)
{
	for (int i = 0; i < BACKGROUND; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid == 0) {
			sleep_ms(5L * i);
			_exit(0);
		}
	}
}

static void
children_check(bool background)
{
	for (int i = 0; background && children_reaped < BACKGROUND && i < 1000; i++)
		sleep_ms(10);
	if (background && children_reaped != BACKGROUND)
		fail("the shell reaped %d children of %d", (int)children_reaped, BACKGROUND);
	if (waitpid(-1, NULL, WNOHANG | __WALL) >= 0 || errno != ECHILD)
		fail("a child is left");
}

static void
timer_start(const struct options *options)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = options->signal};
	struct itimerspec after = {
		.it_value = {options->after_ms / 1000, options->after_ms % 1000 * 1000000L}};
	timer_t timer;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0
		|| timer_settime(timer, 0, &after, NULL) != 0)
		fail("timer: %s", strerror(errno));
}

/* Descriptors: what the probe says of standard input, /dev/null, a pipe, no more. 0, or the exit status. */
static int
descriptors_fault(int argc)
{
	char name[sizeof("/proc/self/fd/0")], target[PATH_MAX], magic[4];
	struct dirent *entry;
	int fault = 0;
	DIR *directory;

	/* Standard input: the program, or /dev/null. */
	if (argc > 1 && (pread(STDIN_FILENO, magic, 4, 0) != 4 || memcmp(magic, "\177ELF", 4) != 0))
		return 102;
	for (int fd = argc > 1 ? 1 : 0; fd < 3; fd++) {
		const char *expected = fd == STDERR_FILENO ? "pipe:" : "/dev/null";

		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		memset(target, 0, sizeof(target));
		if (readlink(name, target, sizeof(target) - 1) < 0
			|| strncmp(target, expected, strlen(expected)) != 0)
			return 103;
	}
	directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return 104;
	while ((entry = readdir(directory)) != NULL) {
		if (number(entry->d_name) > 2 && number(entry->d_name) != dirfd(directory))
			fault = 104;
	}
	closedir(directory);
	return fault;
}

/* Signals: none is blocked, none ignored. */
static bool
signals_are_standard(void)
{
	unsigned long long blocked = 1, ignored = 1;
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];

	if (status == NULL)
		return false;
	while (fgets(line, sizeof(line), status) != NULL) {
		if (strncmp(line, "SigBlk:", 7) == 0)
			blocked = strtoull(line + 7, NULL, 16);
		if (strncmp(line, "SigIgn:", 7) == 0)
			ignored = strtoull(line + 7, NULL, 16);
	}
	fclose(status);
	/* glibc keeps its own two, 32 and 33, from everybody: what make left of them stays. */
	return blocked == 0 && (ignored & ~0x180000000ULL) == 0;
}

/*
 * The child of a probe must find this. As an interpreter it gives the program's first answer, 42, and with the
 * program's argv[0] its second, 43, as the token says; alone it exits with 42.
 */
static int
surroundings(int argc, char **argv)
{
	char directory[PATH_MAX];
	struct rlimit core;
	int signal, fault;

	if (environ[0])
		return 100;
	if (argc > 1
		&& (argc < 4 || argc > 5 || strcmp(argv[1], "/proc/self/fd/0") != 0
			|| (argc == 5 && strcmp(argv[2], "armhf-probe") != 0)
			|| strcmp(argv[argc - 2], "armhf-probe's second word") != 0))
		return 101;
	fault = descriptors_fault(argc);
	if (fault != 0)
		return fault;
	if (!signals_are_standard())
		return 105;
	if (getsid(0) != getpid())
		return 106;
	if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 107;
	if (prctl(PR_GET_PDEATHSIG, &signal) != 0 || signal != SIGKILL)
		return 108;
	if (!getcwd(directory, sizeof(directory)) || strcmp(directory, "/") != 0)
		return 109;
	if (umask(0) != 022)
		return 110;
	return argc > 1 ? argv[argc - 1][argc - 4] : 42;
}

static void
options_take(struct options *options, int argc, char **argv)
{
	const char *colon;
	int option;

	while ((option = getopt(argc, argv, "+beinc:k:r:s:")) != -1) {
		switch (option) {
		case 'b': options->background = true; break;
		case 'c': options->closed = optarg; break;
		case 'e': options->no_descriptor = true; break;
		case 'i': options->ignore_children = true; break;
		case 'k':
			colon = strchr(optarg, ':');
			options->signal = number(optarg);
			options->after_ms = colon ? number(colon + 1) : 0;
			break;
		case 'n': options->no_stop = true; break;
		case 'r': options->times = number(optarg); break;
		case 's': options->seconds = number(optarg); break;
		default: fail("%s", usage);
		}
	}
	if (optind == argc)
		fail("%s", usage);
}

int
main(int argc, char **argv)
{
	struct options options = {.closed = "", .times = 1, .seconds = 10};
	static char before[65536], after[65536];
	char first[512], text[512];
	int fd;

	if (strncmp(basename(argv[0]), "surroundings", strlen("surroundings")) == 0)
		return surroundings(argc, argv);

	fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 100);
	answers = fdopen(fd, "w");
	if (!answers)
		return 1;
	options_take(&options, argc, argv);
	for (const char *closed = options.closed; *closed; closed++)
		close(*closed - '0');
	signals_catch(&options);
	if (options.background)
		background_start();
	state_take(before, sizeof(before));
	if (options.after_ms)
		timer_start(&options);

	for (int i = 0; i < options.times; i++) {
		call(text, sizeof(text), argv + optind, &options);
		if (i == 0)
			memcpy(first, text, sizeof(first));
		else if (strcmp(first, text) != 0)
			fail("answer %d differs: %s, at first: %s", i + 1, text, first);
	}

	state_take(after, sizeof(after));
	if (strcmp(before, after) != 0)
		fail("the process was\n%sand now is\n%s", before, after);
	if (!options.ignore_children)
		children_check(options.background);
	fprintf(answers, "%s\n", first);
	return fclose(answers) == 0 ? 0 : 1;
}
