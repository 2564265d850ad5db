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
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "probe_image.h"
#include "text.h"

/* Newer than the oldest kernel headers that this builds on; the values are the kernel's ABI. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define STANDARD_INPUT "/proc/self/fd/0"
#define TABLE          "/proc/sys/fs/binfmt_misc"
#define STEP_MS        5   /* between two looks at a child, where nothing can be polled */
#define EXEC_ATTEMPTS  2   /* the most that one child makes */
#define STATUS_NO_EXEC 127 /* of a child that executed nothing, as the shell has it */
#define ARGV_MAX       6   /* of the program, or of its interpreter: NULL included */

/* The two arguments stand in the program itself, where probe.S says: behind two program headers. */
#define ANSWERS  (PROBE_ARGUMENTS - PROBE_MAPS_ALL + 1)
#define TOKEN_AT (sizeof(Elf32_Ehdr) + 2 * sizeof(Elf32_Phdr))
#define WORD_AT  (TOKEN_AT + ANSWERS + 1)

/* What a child is to do. Made ready before it starts. */
struct task {
	/* Reports each errno; returns, where it does, the exit status. */
	int (*act)(const struct task *task, int report);
	bool may_block; /* before exec: the shell must not be suspended by vfork */
	bool traced; /* it asks to be traced: look at its registers when it has executed something */
	int file;    /* standard input, above 2 and close-on-exec; -1: /dev/null */
	const char *path;
	const char *const *argv;
	const char *const *env;
};

/*
 * Why something failed in a child. The object is of the result's, a constant that lies at the same address in the
 * shell, and means that the child did not come to its task; NULL: exec itself failed.
 */
struct child_error {
	const char *object;
	long number; /* the errno: as wide as a pointer, so that no padding is written */
};

struct child_report {
	struct child_error errors[EXEC_ATTEMPTS];
	size_t count;
};

/* Of each pipe the first end is the shell's. */
struct pipes {
	int report[2]; /* struct child_error, from before exec alone */
	int said[2];   /* standard error */
};

/* A child, as the shell sees it. */
struct child {
	pid_t pid;
	long long deadline;
	bool traced;      /* not yet at its exec stop */
	size_t registers; /* size of its register set at the exec stop; 0: not seen */
	int said;         /* -1: at its end */
	size_t length;    /* of the line so far, which may be longer than what is kept of it */
	bool complete;    /* the line has ended */
};

static const char *const no_environment[] = {NULL};

/* ---- in the child ---- */

static bool
child_report_error(int report, const char *object, int number)
{
	const struct child_error error = {object, number};
	ssize_t written;

	do
		written = write(report, &error, sizeof(error));
	while (written < 0 && errno == EINTR);
	return written == (ssize_t)sizeof(error);
}

/* The number that a name in /proc/self/fd is; 0 for "." and "..". */
static int
descriptor_number(const char *name)
{
	int fd = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		fd = 10 * fd + (*name - '0');
	return fd;
}

/* As close_range(2) for kernels before 5.11, without allocating. */
static int
descriptors_mark(void)
{
	/* The layout of struct linux_dirent64, getdents64(2), which is glibc's dirent64. */
	union {
		struct dirent64 entry;
		char bytes[1024];
	} buffer;
	int directory = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long length;

	if (directory < 0)
		return -1;
	while ((length = syscall(SYS_getdents64, directory, &buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < length;) {
			const struct dirent64 *entry = (const void *)(buffer.bytes + at);
			int fd = descriptor_number(entry->d_name);

			if (fd > STDERR_FILENO && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
				return -1;
			at += entry->d_reclen;
		}
	}
	close(directory);
	return length < 0 ? -1 : 0;
}

/* Cut all ties to the shell. Returns NULL, or what failed, with errno. */
static const char *
child_detach(const struct task *task, int seconds, int said)
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

	if (setsid() < 0)
		return "setsid";
	if (sigpending(&pending) != 0)
		return "sigpending";
	for (int number = 1; number < NSIG; number++) {
		/* A Ctrl-C before setsid was for the shell, and would end the child: ignored, it is forgotten. */
		if (sigismember(&pending, number) == 1)
			sigaction(number, &ignored, NULL);
		sigaction(number, &standard, NULL); /* KILL, STOP and glibc's own two refuse */
	}
	if (setitimer(ITIMER_REAL, &deadline, NULL) != 0)
		return "setitimer";
	if (setrlimit(RLIMIT_CORE, &no_core) != 0)
		return "setrlimit";
	/* An interpreter must not depend on where the shell stands, nor a file of update-binfmts on its umask. */
	umask(022);
	if (chdir("/") != 0)
		return "/";

	/* It may land on 0 to 2 where the shell has closed those, so it is not close-on-exec yet. */
	null = open("/dev/null", O_RDWR);
	if (null < 0)
		return "/dev/null";
	/* In this order: null may be any of the three, and is read before it is replaced. */
	if (dup2(null, STDOUT_FILENO) < 0
		|| dup2(task->file >= 0 ? task->file : null, STDIN_FILENO) < 0
		|| dup2(said, STDERR_FILENO) < 0)
		return "dup2";
	if (syscall(SYS_close_range, STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC) != 0
		&& descriptors_mark() != 0)
		return "/proc/self/fd";
	return NULL;
}

/*
 * End with the shell. One that died before the first call is seen by the second: nobody has the other
 * end of the pipe. Not getppid, which is 0 where the shell is in another pid namespace.
 */
static bool
child_bind(int report)
{
	struct pollfd reader = {.fd = report};

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
		child_report_error(report, "prctl", errno);
		return false;
	}
	return poll(&reader, 1, 0) <= 0;
}

static _Noreturn void
child_main(const struct task *task, int seconds, const struct pipes *pipes)
{
	const char *failed;
	int report = pipes->report[1];
	sigset_t none;

	close(pipes->report[0]);
	if (!child_bind(report))
		_exit(STATUS_NO_EXEC);
	failed = child_detach(task, seconds, pipes->said[1]);
	if (failed != NULL) {
		child_report_error(report, failed, errno);
		_exit(STATUS_NO_EXEC);
	}
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

/* Without /proc the ENOENT would be taken for that of a missing interpreter. */
static void
execute_standard_input(const struct task *task, int report)
{
	if (access(STANDARD_INPUT, F_OK) != 0)
		child_report_error(report, STANDARD_INPUT, errno);
	else
		child_report_error(report, NULL, execute_path(task, STANDARD_INPUT));
}

static int
act_plain(const struct task *task, int report)
{
	int error = execute_file(task);

	/* Without that report the second attempt would be taken for the first. */
	if (child_report_error(report, NULL, error) && (error == ENOENT || error == ENOSYS))
		execute_standard_input(task, report);
	return STATUS_NO_EXEC;
}

static int
act_traced(const struct task *task, int report)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
		child_report_error(report, "ptrace", errno);
	else
		execute_standard_input(task, report);
	return STATUS_NO_EXEC;
}

/* A mount namespace that is made together with a user namespace receives mounts and sends none. */
static int
act_alone(const struct task *task, int report)
{
	int error;

	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
		child_report_error(report, "a user namespace", errno);
		return STATUS_NO_EXEC;
	}
	if (mount("binfmt_misc", TABLE, "binfmt_misc", 0, NULL) != 0) {
		child_report_error(report, TABLE, errno);
		return STATUS_NO_EXEC;
	}
	/* Other credentials forget it. */
	if (!child_bind(report))
		return STATUS_NO_EXEC;
	error = execute_file(task);
	if (error == ENOSYS)
		execute_standard_input(task, report);
	else
		child_report_error(report, NULL, error);
	return STATUS_NO_EXEC;
}

static int
act_odd(const struct task *task, int report)
{
	child_report_error(report, NULL, execute_file(task));
	return STATUS_NO_EXEC;
}

static int
act_command(const struct task *task, int report)
{
	child_report_error(report, NULL, execute_path(task, task->path));
	return STATUS_NO_EXEC;
}

static int
act_lookup(const struct task *task, int report)
{
	int fd = open(task->path, O_PATH | O_CLOEXEC);

	if (fd < 0) {
		child_report_error(report, NULL, errno);
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
		child_report_error(report, NULL, errno);
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

/* A pipe whose second end a child can keep while it gets its 0 to 2. Returns 0, or -1 with errno. */
static int
pipe_open(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	ends[1] = descriptor_lift(ends[1]);
	if (ends[1] >= 0)
		return 0;
	descriptor_close(ends[0]);
	return -1;
}

static int
pipes_open(struct pipes *pipes)
{
	if (pipe_open(pipes->report) != 0)
		return -1;
	if (pipe_open(pipes->said) != 0) {
		descriptor_close(pipes->report[0]);
		descriptor_close(pipes->report[1]);
		return -1;
	}
	/* The child's end may block: most programs do not expect EAGAIN there, and the shell reads all the time. */
	fcntl(pipes->said[0], F_SETFL, O_NONBLOCK);
	return 0;
}

/* The end without a value: what was said and how it was executed stay. */
static void
result_fail(struct probe_result *result, enum probe_end end, const char *object, int error)
{
	result->end = end;
	result->answered = false;
	result->value = 0;
	result->error = error;
	result->object = object;
}

/* The child says that this is why its last exec failed; its exit status says nothing. */
static void
result_refuse(struct probe_result *result, long error)
{
	if (result->end == PROBE_EXITED)
		result_fail(result, PROBE_REFUSED, NULL, (int)error);
}

/* vfork, so that the cost does not grow with the shell; fork where the child may block before exec. */
static pid_t
child_start(const struct task *task, int seconds, const struct pipes *pipes)
{
	sigset_t all, before;
	pid_t pid;
	int error;

	/* A handler of the shell's must not run in a child that shares its memory. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = task->may_block ? fork() : vfork();
	if (pid == 0)
		child_main(task, seconds, pipes);
	error = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return pid;
}

/* qemu 10 and later cannot find the path of a file without a name, says so, and goes on. */
static bool
line_is_harmless(const char *line)
{
	static const char *const begins[] = {
		"Could not resolve /dev/fd/", "Could not resolve /proc/self/fd/"};

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
		if (strncmp(line, begins[i], strlen(begins[i])) == 0)
			return true;
	}
	return false;
}

/* Keep of standard error the first line that says something. */
static void
child_say(struct child *child, char *line, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && !child->complete; i++) {
		if (bytes[i] == '\n') {
			child->complete = child->length > 0 && !line_is_harmless(line);
			if (!child->complete)
				line[child->length = 0] = '\0';
		} else if (bytes[i] != '\0' && child->length < PROBE_SAID_MAX) {
			line[child->length++] = bytes[i];
			line[child->length] = '\0';
		}
	}
}

/*
 * Take what there is of standard error, all of it, so that the child does not wait for a reader. Returns false if
 * there was nothing.
 */
static bool
child_listen(struct child *child, char *line)
{
	char bytes[1024];
	ssize_t length = read(child->said, bytes, sizeof(bytes));

	if (length > 0)
		child_say(child, line, bytes, (size_t)length);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		child->said = -1; /* poll passes over it now */
	return length > 0;
}

/* Read the size of the child's registers at its exec stop, and detach from it. */
static void
child_release(struct child *child, int number)
{
	unsigned char registers[1024];
	struct iovec set = {registers, sizeof(registers)};

	if (number != SIGTRAP) { /* a signal on the way there */
		ptrace(PTRACE_CONT, child->pid, NULL, (void *)(long)number);
		return;
	}
	if (ptrace(PTRACE_GETREGSET, child->pid, (void *)NT_PRSTATUS, &set) == 0)
		child->registers = set.iov_len;
	ptrace(PTRACE_DETACH, child->pid, NULL, NULL);
	child->traced = false;
}

/*
 * Wait, without reaping. Leaves in result->end PROBE_EXITED if the child has ended, in whatever
 * way; PROBE_TIMEOUT or PROBE_INTERRUPTED if it must be killed; PROBE_NOT_STARTED if
 * nothing can be known of it: with ECHILD somebody else has reaped it.
 */
static void
child_watch(struct probe_result *result, struct child *child, const struct probe_limits *limits)
{
	int handle = (int)syscall(SYS_pidfd_open, child->pid, 0);
	int stop_fd = limits->stop ? limits->stop->fd : -1;
	bool in_steps = handle < 0 || (limits->stop && stop_fd < 0);

	for (;;) {
		struct pollfd watched[] = {{.fd = handle, .events = POLLIN},
			{.fd = stop_fd, .events = POLLIN}, {.fd = child->said, .events = POLLIN}};
		siginfo_t ended = {.si_pid = 0};
		long long left;

		if (waitid(P_PID, (id_t)child->pid, &ended,
			    WEXITED | WNOHANG | WNOWAIT | (child->traced ? WSTOPPED : 0))
				!= 0
			&& errno != EINTR) {
			result_fail(result, PROBE_NOT_STARTED, "waitid", errno);
			break;
		}
		if (ended.si_pid == child->pid && ended.si_code == CLD_TRAPPED) {
			child_release(child, ended.si_status);
			continue;
		}
		if (ended.si_pid == child->pid) {
			result->end = PROBE_EXITED;
			break;
		}
		result->value = limits->stop ? stop_pending(limits->stop) : 0;
		if (result->value) {
			result->end = PROBE_INTERRUPTED;
			break;
		}
		left = child->deadline - stop_now_ms();
		if (left <= 0) {
			result->end = PROBE_TIMEOUT;
			break;
		}
		/* Nothing can be polled for a stop. */
		if ((in_steps || child->traced) && left > STEP_MS)
			left = STEP_MS;
		if (poll(watched, 3, (int)left) > 0 && watched[2].revents != 0)
			child_listen(child, result->said);
	}
	if (handle >= 0)
		close(handle);
}

/* Kill what is left of the child and its group, and reap it. */
static void
child_reap(struct probe_result *result, const struct child *child)
{
	pid_t reaped;
	int status;

	/* Until the child is reaped nobody else can have its numbers. */
	kill(-child->pid, SIGKILL);
	if (result->end != PROBE_EXITED)
		kill(child->pid, SIGKILL); /* it may not have come to setsid */
	do
		reaped = waitpid(child->pid, &status, 0);
	while (reaped < 0 && errno == EINTR);

	if (result->end != PROBE_EXITED)
		return;
	if (reaped != child->pid) {
		result_fail(result, PROBE_NOT_STARTED, "waitpid", errno);
	} else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM
		&& stop_now_ms() >= child->deadline) {
		result->end = PROBE_TIMEOUT;
	} else if (WIFSIGNALED(status)) {
		result->end = PROBE_KILLED;
		result->value = WTERMSIG(status);
	} else {
		result->value = WEXITSTATUS(status);
	}
}

/* All is there, since the child is gone: at most EXEC_ATTEMPTS errors, each written at once. */
static void
child_report_take(struct child_report *report, struct probe_result *result, int fd)
{
	ssize_t length;

	do
		length = read(fd, report->errors, sizeof(report->errors));
	while (length < 0 && errno == EINTR);
	if (length < 0 && result->end == PROBE_EXITED)
		result_fail(result, PROBE_NOT_STARTED, "pipe", errno);
	if (length > 0)
		report->count = (size_t)length / sizeof(report->errors[0]);

	for (size_t i = 0; i < report->count; i++) {
		if (report->errors[i].object != NULL && result->end == PROBE_EXITED)
			result_fail(result, PROBE_NOT_STARTED, report->errors[i].object,
				(int)report->errors[i].number);
	}
}

/*
 * Run a child, from start to reaping. Fills all of *result but way and answered, in *report what
 * the child had to say, and returns the size of its registers where it was to be traced.
 */
static size_t
child_run(struct probe_result *result, struct child_report *report, const struct task *task,
	const struct probe_limits *limits)
{
	struct child child = {
		.deadline = stop_now_ms() + limits->seconds * 1000LL, .traced = task->traced};
	struct pipes pipes;

	*result = (struct probe_result){.end = PROBE_NOT_STARTED};
	*report = (struct child_report){.count = 0};

	if (pipes_open(&pipes) != 0) {
		result_fail(result, PROBE_NOT_STARTED, "pipe", errno);
		return 0;
	}
	child.said = pipes.said[0];
	child.pid = child_start(task, limits->seconds, &pipes);
	if (child.pid < 0)
		result_fail(result, PROBE_NOT_STARTED, "fork", errno);
	close(pipes.report[1]);
	close(pipes.said[1]);

	if (child.pid > 0) {
		child_watch(result, &child, limits);
		if (result->end != PROBE_NOT_STARTED || result->error != ECHILD)
			child_reap(result, &child);
		child_report_take(report, result, pipes.report[0]);
		/* What it left behind in another process group may write for ever: no more than a pipe holds. */
		for (int i = 0; i < 64 && child.said >= 0 && !child.complete; i++) {
			if (!child_listen(&child, result->said))
				break;
		}
		if (line_is_harmless(result->said))
			result->said[0] = '\0';
	}
	close(pipes.report[0]);
	close(pipes.said[0]);
	return child.registers;
}

/* An unnamed temporary file where programs may be executed, or -1. */
static int
image_temporary(void)
{
	static const char *const directories[] = {"/tmp", "/var/tmp", "/run", "/dev/shm", "/root"};
	struct statvfs system;

	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		int fd = open(directories[i], O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);

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
 * Write a file, beyond the limit of file sizes where that may be raised. Never over it: the signal would end the shell.
 * Returns NULL, or what failed, with errno.
 */
static const char *
image_write(int fd, const unsigned char *image, size_t size)
{
	struct rlimit before, raised;
	ssize_t written;
	int error;

	if (getrlimit(RLIMIT_FSIZE, &before) != 0)
		return "getrlimit";
	if (before.rlim_cur < size) {
		raised = (struct rlimit){before.rlim_max, before.rlim_max};
		if (before.rlim_max < size)
			raised = (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
		if (setrlimit(RLIMIT_FSIZE, &raised) != 0) {
			errno = EFBIG;
			return "ulimit -f";
		}
	}
	written = write(fd, image, size);
	error = written < 0 ? errno : ENOSPC;
	if (before.rlim_cur < size)
		setrlimit(RLIMIT_FSIZE, &before);
	errno = error;
	return written == (ssize_t)size ? NULL : "the probe's file";
}

/*
 * Make the program, plain or odd, in a file without a name. Leaves in *file a descriptor that is close-on-exec and above 2.
 * Returns NULL, or what failed, with errno.
 */
static const char *
image_open(int *file, const char *token, bool odd)
{
	unsigned char image[sizeof(probe_image)];
	int fd = memfd_create("armhf-probe", MFD_CLOEXEC | MFD_EXEC);
	const char *failed;
	bool in_memory;
	int error;

	if (fd < 0 && errno == EINVAL) /* before Linux 6.3: executable without asking */
		fd = memfd_create("armhf-probe", MFD_CLOEXEC);
	in_memory = fd >= 0;
	if (!in_memory) { /* vm.memfd_noexec or a seccomp filter */
		error = errno;
		fd = image_temporary();
		if (fd < 0) {
			errno = error;
			return "memfd";
		}
	}

	memcpy(image, probe_image, sizeof(image));
	memcpy(image + TOKEN_AT, token, ANSWERS);
	if (odd) {
		image[EI_VERSION] = 0;
		memset(image + EI_PAD, 0xff, EI_NIDENT - EI_PAD);
	}
	failed = image_write(fd, image, sizeof(image));
	if (failed != NULL) {
		descriptor_close(fd);
		return failed;
	}
	if (!in_memory) {
		fd = image_reopen(fd);
		if (fd < 0)
			return "/proc/self/fd";
	}
	*file = descriptor_lift(fd);
	return *file >= 0 ? NULL : "the probe's file";
}

/*
 * ANSWERS different characters that the clock chooses, each the exit status for one answer: 33 to 41, 49 to 63 and
 * 79 to 99, which neither a shell, a signal, sysexits.h nor a language's runtime gives a meaning, nor an answer itself.
 */
static void
token_choose(char token[ANSWERS + 1])
{
	static const char statuses[] = "!\"#$%&'()123456789:;<=>?OPQRSTUVWXYZ[\\]^_`abc";
	struct timespec now;
	unsigned long long at;

	clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	/* Its ticks may be long: Knuth's multiplicative hash. */
	at = ((unsigned long long)now.tv_nsec * 0x9e3779b97f4a7c15ULL) >> 32;
	for (size_t i = 0; i < ANSWERS; i++)
		token[i] = statuses[(at + i) % (sizeof(statuses) - 1)];
	token[ANSWERS] = '\0';
}

/*
 * Run a child with the program as its file; argv, of ARGV_MAX, is what stands before the two
 * arguments. An answer is never STATUS_NO_EXEC: a child that exits with it, and did not say why, could not say it.
 */
static size_t
image_run(struct probe_result *result, struct child_report *report, struct task *task,
	const char *argv[], bool odd, const struct probe_limits *limits)
{
	char token[ANSWERS + 1];
	const char *failed, *answer;
	size_t count = 0, registers;

	token_choose(token);
	failed = image_open(&task->file, token, odd);
	if (failed != NULL) {
		*result = (struct probe_result){.error = errno, .object = failed};
		*report = (struct child_report){.count = 0};
		return 0;
	}
	while (argv[count] != NULL)
		count++;
	argv[count] = (const char *)probe_image + WORD_AT;
	argv[count + 1] = token;
	task->argv = argv;
	task->env = no_environment;

	registers = child_run(result, report, task, limits);
	close(task->file);
	if (result->end != PROBE_EXITED)
		return registers;
	if (report->count == 0 && task->path == NULL && result->value == STATUS_NO_EXEC) {
		result_fail(result, PROBE_NOT_STARTED, "pipe", EIO);
		return registers;
	}
	answer = memchr(token, result->value, ANSWERS);
	if (answer != NULL) {
		result->answered = true;
		result->value = PROBE_MAPS_ALL + (int)(answer - token);
	}
	return registers;
}

int
probe_answer(const struct probe_result *result)
{
	return result->end == PROBE_EXITED && result->answered ? result->value : 0;
}

bool
probe_delivered(const struct probe_result *result)
{
	int answer = probe_answer(result);

	return answer >= PROBE_MAPS_ALL && answer <= PROBE_MAPS_NONE;
}

void
probe_run_plain(struct probe_result *result, const struct probe_limits *limits)
{
	const char *argv[ARGV_MAX] = {"armhf-probe"};
	struct task task = {.act = act_plain};
	struct child_report report;

	image_run(result, &report, &task, argv, false, limits);
	if (result->end == PROBE_NOT_STARTED)
		return;
	if (report.count == 0) {
		/* Killed by us it may not have come to its first exec. */
		if (result->end == PROBE_EXITED || result->end == PROBE_KILLED)
			result->way = PROBE_BY_KERNEL;
		return;
	}
	switch (report.errors[0].number) {
	case ENOENT: result->way = PROBE_BY_ENTRY; break;
	case ENOEXEC:
		result->way = PROBE_BY_NOBODY;
		result_refuse(result, ENOEXEC);
		break;
	case ENOSYS: /* no execveat: an emulated shell, or a filter that does not know it */
		result->way = report.count > 1 && report.errors[1].number == ENOEXEC
			? PROBE_BY_NOBODY
			: PROBE_BY_SOMEBODY;
		break;
	default: /* of a noexec mount, of a filter, of memory: says nothing about armhf */
		if (result->end == PROBE_EXITED)
			result_fail(result, PROBE_NOT_STARTED, "execveat",
				(int)report.errors[0].number);
	}
	if (report.count > 1)
		result_refuse(result, report.errors[1].number);
}

void
probe_run_odd(struct probe_result *result, const struct probe_limits *limits)
{
	const char *argv[ARGV_MAX] = {"armhf-probe"};
	struct task task = {.act = act_odd};
	struct child_report report;

	image_run(result, &report, &task, argv, true, limits);
	if (report.count > 0)
		result_refuse(result, report.errors[0].number);
}

/* fork, not vfork: stopped on its way to exec, by whatever signal, it would hold the shell. */
void
probe_run_traced(struct probe_result *result, const struct probe_limits *limits)
{
#ifdef __arm__
	(void)limits;
	*result = (struct probe_result){.error = ENOSYS, .object = "ptrace"};
#else
	/* Of an AArch32 task: arch/arm64/kernel/ptrace.c, COMPAT_ELF_NGREG words. */
	const size_t aarch32 = 18 * sizeof(int);
	const char *argv[ARGV_MAX] = {"armhf-probe"};
	struct task task = {.act = act_traced, .may_block = true, .traced = true};
	struct child_report report;
	size_t registers = image_run(result, &report, &task, argv, false, limits);

	if (registers > 0)
		result->way = registers == aarch32 ? PROBE_BY_KERNEL : PROBE_BY_ENTRY;
	else if (report.count > 0 && report.errors[0].object == NULL
		&& report.errors[0].number == ENOEXEC)
		result->way = PROBE_BY_NOBODY;
	if (report.count > 0)
		result_refuse(result, report.errors[0].number);
#endif
}

void
probe_run_alone(struct probe_result *result, const struct probe_limits *limits)
{
	const char *argv[ARGV_MAX] = {"armhf-probe"};
	struct task task = {.act = act_alone, .may_block = true};
	struct child_report report;

	image_run(result, &report, &task, argv, false, limits);
	if (result->end == PROBE_NOT_STARTED)
		return;
	if (report.count == 0 && (result->end == PROBE_EXITED || result->end == PROBE_KILLED))
		result->way = PROBE_BY_KERNEL;
	else if (report.count > 0 && report.errors[0].number == ENOEXEC)
		result->way = PROBE_BY_NOBODY;
	if (report.count > 0)
		result_refuse(result, report.errors[0].number);
}

/* name: the argv[0] of the program for an interpreter that expects it, or NULL. */
static void
run_through(struct probe_result *result, const char *interpreter, const char *name,
	const struct probe_limits *limits)
{
	/* load_misc_binary() in fs/binfmt_misc.c: with P the program's argv[0] is kept. */
	const char *argv[ARGV_MAX] = {interpreter, STANDARD_INPUT, name};
	struct task task = {.act = act_command, .path = interpreter};
	struct child_report report;

	image_run(result, &report, &task, argv, false, limits);
	if (report.count > 0)
		result_refuse(result, report.errors[0].number);
}

void
probe_run_through(struct probe_result *result, const char *interpreter, bool preserve,
	const struct probe_limits *limits)
{
	const char *name = preserve && text_ends(interpreter, PROBE_EXPECTS_PRESERVE)
		? "armhf-probe"
		: NULL;

	run_through(result, interpreter, name, limits);
	/* A qemu that does not look at its name has one argument too many. */
	if (name != NULL && probe_answer(result) == PROBE_ARGUMENTS)
		run_through(result, interpreter, NULL, limits);
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
		result_refuse(result, report.errors[0].number);
}

void
probe_run_lookup(struct probe_result *result, const char *path, const struct probe_limits *limits)
{
	const struct task task = {.act = act_lookup, .may_block = true, .file = -1, .path = path};
	struct child_report report;

	child_run(result, &report, &task, limits);
	if (report.count > 0 && result->end == PROBE_EXITED)
		result->error = (int)report.errors[0].number;
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
