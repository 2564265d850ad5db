/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * probe: one way to run a child (child_run), and the few things that are done in
 * one. Between vfork and exec a child shares the shell's memory: it makes system calls
 * and nothing else.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"
#include "probe_image.h"

/* Newer than the oldest kernel headers that this builds on; the values are the kernel's ABI. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define STANDARD_INPUT "/proc/self/fd/0"
#define STEP_MS        5   /* between two looks at a child, where nothing can be polled */
#define EXEC_ATTEMPTS  2   /* the most that one child makes */
#define STATUS_NO_EXEC 127 /* of a child that executed nothing, as the shell has it */

/* What a child is to do. Made ready before it starts. */
struct task {
	/* Reports each errno; returns, where it does, the exit status. */
	int (*act)(const struct task *task, int report);
	bool may_block; /* before exec: the shell must not be suspended by vfork */
	int file;       /* standard input, above 2 and close-on-exec; -1: /dev/null */
	const char *path;
	const char *const *argv;
	const char *const *env;
};

/* What the child reported: errno of what failed in it, negative where it says nothing about armhf: not yet acting, or no /proc. */
struct child_report {
	int errors[EXEC_ATTEMPTS];
	size_t count;
};

static const char *const probe_argv[] = {"armhf-probe", NULL};
static const char *const no_environment[] = {NULL};

/* ---- in the child ---- */

static bool
child_report_error(int report, int error)
{
	ssize_t written;

	do
		written = write(report, &error, sizeof(error));
	while (written < 0 && errno == EINTR);
	return written == (ssize_t)sizeof(error);
}

/* As close_range(2) for kernels before 5.11, without allocating. */
static int
descriptors_mark(void)
{
	/* The layout of struct linux_dirent64, getdents64(2), which is glibc's dirent64. */
	union {
		struct dirent64 entry;
		char bytes[4096];
	} buffer;
	int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long length;

	if (folder < 0)
		return -1;
	while ((length = syscall(SYS_getdents64, folder, &buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(buffer.bytes + at);
			int fd = (int)strtol(entry->d_name, NULL, 10); /* 0 for "." and ".." */

			if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
				return -1;
			at += entry->d_reclen;
		}
	}
	close(folder);
	return length < 0 ? -1 : 0;
}

/* Cut all ties to the shell. Returns 0, or -1 with errno. */
static int
child_detach(const struct task *task, int seconds)
{
	const struct sigaction ignored = {.sa_handler = SIG_IGN},
			       standard = {.sa_handler = SIG_DFL};
	/*
	 * A file system that hangs in exec holds child and vfork's parent: this alone ends both.
	 * A little late, so that the parent comes first where it can: it kills the whole group.
	 */
	const struct itimerval deadline = {.it_value = {seconds, 100000}};
	/* Not 1, which would silence a core_pattern pipe as well: qemu then writes a core file of its own. */
	const struct rlimit no_core = {0, 0};
	sigset_t pending;
	int null;

	if (setsid() < 0 || sigpending(&pending) != 0)
		return -1;
	for (int number = 1; number < NSIG; number++) {
		/* A Ctrl-C before setsid was for the shell, and would end the child: ignored, it is forgotten. */
		if (sigismember(&pending, number) == 1)
			sigaction(number, &ignored, NULL);
		sigaction(number, &standard, NULL); /* KILL, STOP and glibc's own two refuse */
	}
	if (setitimer(ITIMER_REAL, &deadline, NULL) != 0 || setrlimit(RLIMIT_CORE, &no_core) != 0)
		return -1;
	/* An interpreter must not depend on where the shell stands, nor a file of update-binfmts on its umask. */
	umask(022);
	if (chdir("/") != 0)
		return -1;

	/* It may land on 0 to 2 where the shell has closed those, so it is not close-on-exec yet. */
	null = open("/dev/null", O_RDWR);
	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0
		|| dup2(task->file >= 0 ? task->file : null, STDIN_FILENO) < 0)
		return -1;
	if (syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) != 0)
		return descriptors_mark();
	return 0;
}

static _Noreturn void
child_main(const struct task *task, int seconds, int report, pid_t parent)
{
	sigset_t none;

	/* In this order: a parent that died before the first call is seen by the second. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || child_detach(task, seconds) != 0) {
		child_report_error(report, -errno);
		_exit(STATUS_NO_EXEC);
	}
	if (getppid() != parent)
		_exit(STATUS_NO_EXEC);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	_exit(task->act(task, report));
}

/* execve(2) and execveat(2) take arrays that they do not change. */
static int
execute_path(const struct task *task, const char *path)
{
	execve(path, (char *const *)task->argv, (char *const *)task->env);
	return errno;
}

/* An entry that catches a close-on-exec descriptor cannot hand it to its interpreter: ENOENT. */
static int
execute_file(const struct task *task)
{
	syscall(SYS_execveat, task->file, "", task->argv, task->env, AT_EMPTY_PATH);
	return errno;
}

static int
act_plain(const struct task *task, int report)
{
	int error = execute_file(task);

	/* Without that report the second attempt would be taken for the first. */
	if (!child_report_error(report, error) || error != ENOENT)
		return STATUS_NO_EXEC;
	/* Without /proc the ENOENT would be taken for that of a missing interpreter. */
	if (access(STANDARD_INPUT, F_OK) != 0)
		child_report_error(report, -errno);
	else
		child_report_error(report, execute_path(task, STANDARD_INPUT));
	return STATUS_NO_EXEC;
}

static int
act_odd(const struct task *task, int report)
{
	child_report_error(report, execute_file(task));
	return STATUS_NO_EXEC;
}

static int
act_command(const struct task *task, int report)
{
	child_report_error(report, execute_path(task, task->path));
	return STATUS_NO_EXEC;
}

static int
act_lookup(const struct task *task, int report)
{
	int fd = open(task->path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		child_report_error(report, errno);
		return 1;
	}
	close(fd);
	return 0;
}

static int
act_personality(const struct task *task, int report)
{
	struct utsname name;

	(void)task;
	if (personality(PER_LINUX32) < 0) {
		if (errno == EINVAL)
			return PROBE_PERSONALITY_REFUSED;
		child_report_error(report, errno);
		return PROBE_PERSONALITY_UNKNOWN;
	}
	if (uname(&name) != 0)
		return PROBE_PERSONALITY_UNKNOWN;
	if (strcmp(name.machine, "aarch64") == 0)
		return PROBE_PERSONALITY_64BIT;
	if (strcmp(name.machine, "armv8l") == 0)
		return PROBE_PERSONALITY_32BIT;
	return PROBE_PERSONALITY_UNKNOWN;
}

/* ---- in the shell ---- */

static void
descriptor_close(int fd)
{
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
}

/* Move a descriptor out of the way of a child's 0 to 2. Returns the new one, or -1 with errno. */
static int
descriptor_lift(int fd)
{
	int lifted;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	lifted = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	descriptor_close(fd);
	return lifted;
}

/* vfork, so that the cost does not grow with the shell; fork where the child may block before exec. */
static pid_t
child_start(const struct task *task, int seconds, int report)
{
	pid_t parent = getpid();
	sigset_t all, before;
	pid_t pid;
	int error;

	/* A handler of the shell's must not run in a child that shares its memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = task->may_block ? fork() : vfork();
	if (pid == 0)
		child_main(task, seconds, report, parent);
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

/*
 * Wait, without reaping. Leaves in result->end PROBE_EXITED if the child has ended, in whatever
 * way; PROBE_TIMEOUT or PROBE_INTERRUPTED if it must be killed; PROBE_NOT_STARTED if
 * somebody else has reaped it.
 */
static void
child_watch(struct probe_result *result, pid_t pid, const struct probe_limits *limits,
	long long deadline)
{
	int handle = (int)syscall(SYS_pidfd_open, pid, 0);
	int stop_fd = limits->stop ? limits->stop->fd : -1;
	struct pollfd watched[] = {
		{.fd = handle, .events = POLLIN}, {.fd = stop_fd, .events = POLLIN}};
	bool in_steps = handle < 0 || (limits->stop && stop_fd < 0);

	for (;;) {
		siginfo_t ended = {.si_pid = 0};
		long long left;

		if (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOHANG | WNOWAIT) != 0
			&& errno != EINTR) {
			result->end = PROBE_NOT_STARTED;
			result->error = errno;
			break;
		}
		if (ended.si_pid == pid) {
			result->end = PROBE_EXITED;
			break;
		}
		result->value = limits->stop ? stop_pending(limits->stop) : 0;
		if (result->value) {
			result->end = PROBE_INTERRUPTED;
			break;
		}
		left = deadline - stop_now_ms();
		if (left <= 0) {
			result->end = PROBE_TIMEOUT;
			break;
		}
		poll(watched, 2, in_steps && left > STEP_MS ? STEP_MS : (int)left);
	}
	if (handle >= 0)
		close(handle);
}

/* Kill what is left of the child and its group, and reap it. */
static void
child_reap(struct probe_result *result, pid_t pid, long long deadline)
{
	pid_t reaped;
	int status;

	/* Until the child is reaped nobody else can have its numbers. */
	kill(-pid, SIGKILL);
	if (result->end != PROBE_EXITED)
		kill(pid, SIGKILL); /* it may not have come to setsid */
	do
		reaped = waitpid(pid, &status, 0);
	while (reaped < 0 && errno == EINTR);

	if (result->end != PROBE_EXITED)
		return;
	if (reaped != pid) {
		result->end = PROBE_NOT_STARTED;
		result->error = errno;
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
		&& stop_now_ms() >= deadline) {
		result->end = PROBE_TIMEOUT;
	} else if (WIFSIGNALED(status)) {
		result->end = PROBE_KILLED;
		result->value = WTERMSIG(status);
	} else {
		result->value = WEXITSTATUS(status);
	}
}

/*
 * Run a child, from start to reaping. Fills all of *result but way, and in *report what
 * the child had to say.
 */
static void
child_run(struct probe_result *result, struct child_report *report, const struct task *task,
	const struct probe_limits *limits)
{
	long long deadline = stop_now_ms() + limits->seconds * 1000LL;
	ssize_t length;
	pid_t pid = -1;
	int ends[2];

	*result = (struct probe_result){.end = PROBE_NOT_STARTED};
	*report = (struct child_report){.count = 0};

	if (pipe2(ends, O_CLOEXEC) != 0) {
		result->error = errno;
		return;
	}
	ends[1] = descriptor_lift(ends[1]);
	if (ends[1] >= 0)
		pid = child_start(task, limits->seconds, ends[1]);
	if (pid < 0) {
		result->error = errno;
		descriptor_close(ends[0]);
		descriptor_close(ends[1]);
		return;
	}
	close(ends[1]);

	child_watch(result, pid, limits, deadline);
	if (result->end != PROBE_NOT_STARTED)
		child_reap(result, pid, deadline);

	/* All is there, since the child is gone: at most EXEC_ATTEMPTS errors, each written at once. */
	do
		length = read(ends[0], report->errors, sizeof(report->errors));
	while (length < 0 && errno == EINTR);
	if (length < 0 && result->end == PROBE_EXITED)
		*result = (struct probe_result){.error = errno};
	close(ends[0]);
	if (length > 0)
		report->count = (size_t)length / sizeof(report->errors[0]);

	for (size_t i = 0; i < report->count; i++) {
		if (report->errors[i] < 0 && result->end == PROBE_EXITED)
			*result = (struct probe_result){.error = -report->errors[i]};
	}
}

/* The child says that this is why its last exec failed; its exit status says nothing. */
static void
result_refuse(struct probe_result *result, int error)
{
	if (result->end == PROBE_EXITED)
		*result = (struct probe_result){
			.end = PROBE_REFUSED, .way = result->way, .error = error};
}

/* An unnamed temporary file where programs may be executed, or -1. */
static int
image_temporary(void)
{
	static const char *const folders[] = {"/tmp", "/var/tmp", "/run", "/dev/shm", "/root"};
	struct statvfs system;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		int fd = open(folders[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);

		if (fd < 0)
			continue;
		/* The umask may have taken bits away. */
		if (fstatvfs(fd, &system) == 0 && !(system.f_flag & ST_NOEXEC)
			&& fchmod(fd, 0500) == 0)
			return fd;
		close(fd);
	}
	return -1;
}

/* Reopened for reading alone: a file that is open for writing is not executed (ETXTBSY). */
static int
image_reopen(int fd)
{
	char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDONLY | O_CLOEXEC);
	descriptor_close(fd);
	return again;
}

/*
 * The program, plain or odd, in a file without a name. Returns a descriptor that is
 * close-on-exec and above 2, or -1 with errno.
 */
static int
image_open(bool odd)
{
	unsigned char image[sizeof(probe_image)];
	int fd = memfd_create(probe_argv[0], MFD_CLOEXEC | MFD_EXEC);
	bool in_memory;
	ssize_t written;
	int error;

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3: executable without asking */
		fd = memfd_create(probe_argv[0], MFD_CLOEXEC);
	in_memory = fd >= 0;
	if (!in_memory) { /* vm.memfd_noexec or a seccomp filter */
		error = errno;
		fd = image_temporary();
		if (fd < 0) {
			errno = error;
			return -1;
		}
	}

	memcpy(image, probe_image, sizeof(image));
	if (odd) {
		image[EI_VERSION] = 0;
		memset(image + EI_PAD, 0xff, EI_NIDENT - EI_PAD);
	}
	written = write(fd, image, sizeof(image));
	if (written != (ssize_t)sizeof(image)) {
		if (written >= 0)
			errno = ENOSPC;
		descriptor_close(fd);
		return -1;
	}
	return descriptor_lift(in_memory ? fd : image_reopen(fd));
}

/*
 * Run a child with the program as its file. The program never exits with STATUS_NO_EXEC: a child that does,
 * and did not say why, could not say it.
 */
static void
image_run(struct probe_result *result, struct child_report *report, struct task *task, bool odd,
	const struct probe_limits *limits)
{
	task->file = image_open(odd);
	if (task->file < 0) {
		*result = (struct probe_result){.end = PROBE_NOT_STARTED, .error = errno};
		*report = (struct child_report){.count = 0};
		return;
	}
	child_run(result, report, task, limits);
	close(task->file);
	if (report->count == 0 && task->path == NULL && result->end == PROBE_EXITED
		&& result->value == STATUS_NO_EXEC)
		*result = (struct probe_result){.error = EIO};
}

bool
probe_delivered(const struct probe_result *result)
{
	return result->end == PROBE_EXITED && result->value >= PROBE_MAPS_ALL
		&& result->value <= PROBE_MAPS_NONE;
}

void
probe_run_plain(struct probe_result *result, const struct probe_limits *limits)
{
	struct task task = {.act = act_plain, .argv = probe_argv, .env = no_environment};
	struct child_report report;

	image_run(result, &report, &task, false, limits);
	if (result->end == PROBE_NOT_STARTED)
		return;
	if (report.count == 0) {
		result->way = PROBE_BY_KERNEL;
		return;
	}
	switch (report.errors[0]) {
	case ENOENT:
		result->way = PROBE_BY_ENTRY;
		if (report.count > 1)
			result_refuse(result, report.errors[1]);
		break;
	case ENOEXEC:
		result->way = PROBE_BY_NOBODY;
		result_refuse(result, ENOEXEC);
		break;
	default: /* of a noexec mount, of a filter, of memory: says nothing about armhf */
		if (result->end == PROBE_EXITED)
			*result = (struct probe_result){.error = report.errors[0]};
	}
}

void
probe_run_odd(struct probe_result *result, const struct probe_limits *limits)
{
	struct task task = {.act = act_odd, .argv = probe_argv, .env = no_environment};
	struct child_report report;

	image_run(result, &report, &task, true, limits);
	if (report.count > 0)
		result_refuse(result, report.errors[0]);
}

void
probe_run_through(struct probe_result *result, const char *interpreter, bool preserve,
	const struct probe_limits *limits)
{
	/* load_misc_binary() in fs/binfmt_misc.c: with P the program's argv[0] is kept. */
	const char *const argv[] = {
		interpreter, STANDARD_INPUT, preserve ? probe_argv[0] : NULL, NULL};
	struct task task = {
		.act = act_command, .path = interpreter, .argv = argv, .env = no_environment};
	struct child_report report;

	image_run(result, &report, &task, false, limits);
	if (report.count > 0)
		result_refuse(result, report.errors[0]);
}

void
probe_run_command(struct probe_result *result, const char *const argv[], const char *const env[],
	const struct probe_limits *limits)
{
	const struct task task = {.act = act_command,
		.file = -1,
		.path = argv[0],
		.argv = argv,
		.env = env ? env : no_environment};
	struct child_report report;

	child_run(result, &report, &task, limits);
	if (report.count > 0)
		result_refuse(result, report.errors[0]);
}

void
probe_run_lookup(struct probe_result *result, const char *path, const struct probe_limits *limits)
{
	const struct task task = {.act = act_lookup, .may_block = true, .file = -1, .path = path};
	struct child_report report;

	child_run(result, &report, &task, limits);
	if (report.count > 0 && result->end == PROBE_EXITED)
		result->error = report.errors[0];
}

enum probe_personality
probe_personality(const struct probe_limits *limits)
{
	const struct task task = {.act = act_personality, .file = -1};
	struct probe_result result;
	struct child_report report;

	child_run(&result, &report, &task, limits);
	return result.end == PROBE_EXITED ? (enum probe_personality)result.value
					  : PROBE_PERSONALITY_UNKNOWN;
}
