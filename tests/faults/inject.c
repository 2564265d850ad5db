/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * inject errors: prints the name of each errno and what strerror(3) says of it.
 * inject PID REPORT [LOG]: a tracer for the shell PID and all it starts. Between two marks it numbers the system
 * calls of the process that set the first mark and of its children, lets one of them fail, or sends a
 * signal at it. strace cannot: its counts begin with the process and do not tell one child from another.
 *
 * The shell gives orders by looking for paths below /.inject (no file is there; the tracer answers):
 *   begin/ORDER...  this process is traced from here; the orders below
 *   end             the numbering is over
 *   report          wait for all that was started in between to be gone; then REPORT says what happened
 * Orders, all optional:
 *   count           write the calls to LOG: "CHILD:CALL:OCCURRENCE ERRNO[,ERRNO...]", most plausible first
 *   programs        executed programs count as well, not only what the children do before
 *   at:CHILD:CALL:OCCURRENCE:ERRNO      the call fails so; close(2) closes all the same. Two of these make two calls fail
 *   at:CHILD:CALL:OCCURRENCE:SIGNAL:TO  before the call the signal (a number) goes "shell" (the process that
 *                   set the mark), "child" (the one that makes the call) or "terminal" (Ctrl-C, typed on TERMINAL)
 * CHILD is 0 for the process of the mark, and n for the n-th that came from it.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/ptrace.h>

#define MARK           "/.inject/"
#define PATH_SIZE      256
#define PROCESS_MAX    256
#define CALL_MAX       512
#define LINGER_SECONDS 5 /* for what was started to be gone: killed processes take a moment */
#define OUTSIDE        (-1)
#define ERROR_MAX      134
#define RULE_MAX       2

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_faccessat2
#define SYS_faccessat2 439
#endif

/*
 * How each call can fail without having done anything, the most plausible first: its manual page, and what
 * security modules, seccomp filters, quotas and fuse file systems add. Calls that are not here cannot
 * fail where the arguments are good, or fail in ways that mean something else (ECHILD: reaped by another).
 */
static const struct call {
	long number;
	const char *name;
	int errors[12];
} calls[] = {
	{SYS_openat, "openat",
		{EACCES, EMFILE, ENOENT, EIO, EPERM, EROFS, ENOMEM, EINTR, ENFILE, ENOSPC, ELOOP}},
	{SYS_read, "read", {EIO, EINTR, ENOMEM, EACCES, EISDIR}},
	{SYS_write, "write", {ENOSPC, EIO, EPERM, EINTR, EACCES, EINVAL, ENOMEM, EROFS}},
	{SYS_close, "close", {EIO, EINTR, ENOSPC}},
	{SYS_statx, "statx", {EACCES, ENOENT, EIO, ENOMEM, ELOOP, EINTR, EPERM}},
	{SYS_newfstatat, "newfstatat", {EACCES, ENOENT, EIO, ENOMEM, EINTR}},
#ifdef SYS_stat
	{SYS_stat, "stat", {EACCES, ENOENT, EIO, ENOMEM, EINTR}},
	{SYS_access, "access", {EACCES, ENOENT, EROFS, EIO}},
	{SYS_readlink, "readlink", {EACCES, EIO, ENOENT, EINVAL, ENOMEM}},
	{SYS_unlink, "unlink", {EACCES, EIO, EROFS, EPERM, EBUSY, ENOENT, ENOMEM}},
	{SYS_mkdir, "mkdir", {EACCES, ENOSPC, EROFS, EEXIST, EIO, EPERM, ENOMEM}},
	{SYS_rmdir, "rmdir", {EACCES, EBUSY, EROFS, EIO, EPERM}},
	{SYS_vfork, "vfork", {EAGAIN, ENOMEM}},
	{SYS_dup2, "dup2", {EMFILE, EBUSY, EINTR}},
	{SYS_poll, "poll", {EINTR, ENOMEM}},
	{SYS_rename, "rename", {EACCES, EIO, ENOSPC, EROFS, EPERM}},
	{SYS_chmod, "chmod", {EPERM, EIO, EROFS}},
#endif
	{SYS_faccessat, "faccessat", {EACCES, ENOENT, EROFS, EIO}},
	{SYS_faccessat2, "faccessat2", {EACCES, ENOENT, EROFS, EIO, ENOSYS}},
	{SYS_readlinkat, "readlinkat", {EACCES, EIO, ENOENT, EINVAL, ENOMEM}},
	{SYS_unlinkat, "unlinkat", {EACCES, EIO, EROFS, EPERM, EBUSY, ENOENT, ENOMEM}},
	{SYS_mkdirat, "mkdirat", {EACCES, ENOSPC, EROFS, EEXIST, EIO, EPERM, ENOMEM}},
	{SYS_renameat2, "renameat2", {EEXIST, EIO, EACCES, ENOSPC, EINVAL, EROFS, EPERM}},
	{SYS_fchmod, "fchmod", {EPERM, EIO, EROFS}},
	{SYS_fchmodat, "fchmodat", {EPERM, EIO, EROFS}},
	{SYS_fsync, "fsync", {EIO, ENOSPC, EROFS, EINTR}},
	{SYS_fstatfs, "fstatfs", {EIO, ENOMEM, EINTR}},
	{SYS_getdents64, "getdents64", {EIO, ENOMEM, ENOENT}},
	{SYS_lseek, "lseek", {EIO}},
	{SYS_fcntl, "fcntl", {EMFILE, EINTR}},
	{SYS_flock, "flock", {EINTR, ENOLCK, EAGAIN, ENOMEM}},
	{SYS_mount, "mount", {EPERM, ENODEV, EBUSY, EACCES, ENOMEM, EROFS, EIO}},
	{SYS_pipe2, "pipe2", {EMFILE, ENFILE}},
	{SYS_memfd_create, "memfd_create", {EACCES, EMFILE, ENOSYS, ENOMEM, EPERM, ENFILE}},
	{SYS_signalfd4, "signalfd4", {EMFILE, ENOMEM, ENFILE, ENODEV}},
	{SYS_pidfd_open, "pidfd_open", {ENOSYS, EMFILE, EPERM, ENOMEM}},
	{SYS_ppoll, "ppoll", {EINTR, ENOMEM}},
	{SYS_waitid, "waitid", {EINTR}},
	{SYS_wait4, "wait4", {EINTR}},
	{SYS_clone, "clone", {EAGAIN, ENOMEM, EPERM}},
	{SYS_execve, "execve",
		{EACCES, ENOENT, EPERM, ENOEXEC, ENOMEM, EAGAIN, EIO, EMFILE, ETXTBSY}},
	{SYS_execveat, "execveat",
		{EACCES, ENOSYS, ENOENT, EPERM, ENOEXEC, ENOMEM, EAGAIN, EIO, ETXTBSY}},
	{SYS_prctl, "prctl", {EPERM, EINVAL}},
	{SYS_setitimer, "setitimer", {EPERM}},
	{SYS_setsid, "setsid", {EPERM}},
	{SYS_setrlimit, "setrlimit", {EPERM}},
	{SYS_prlimit64, "prlimit64", {EPERM}},
	{SYS_chdir, "chdir", {EACCES, EIO, ENOMEM}},
	{SYS_dup3, "dup3", {EMFILE, EBUSY, EINTR}},
	{SYS_close_range, "close_range", {ENOSYS, EMFILE, ENOMEM}},
	{SYS_kill, "kill", {ESRCH, EPERM}},
	{SYS_mmap, "mmap", {ENOMEM}},
};

/* Calls that have no plausible error, for signals alone; those of one kind in a row are one position. */
static const struct call quiet[] = {
	{SYS_rt_sigprocmask, "rt_sigprocmask", {0}},
	{SYS_rt_sigaction, "rt_sigaction", {0}},
	{SYS_rt_sigpending, "rt_sigpending", {0}},
	{SYS_munmap, "munmap", {0}},
	{SYS_getppid, "getppid", {0}},
	{SYS_umask, "umask", {0}},
	{SYS_uname, "uname", {0}},
	{SYS_exit_group, "exit_group", {0}},
};

struct process {
	pid_t pid;
	int role;       /* 0: it set the mark; n: the n-th child since; OUTSIDE */
	bool announced; /* its parent's stop for it was seen */
	bool executed;
	bool waits;    /* for that, at its own first stop */
	bool replaced; /* at its system call's end, result is what it returned */
	long result;
	unsigned int counts[CALL_MAX];
};

struct rule {
	bool fired;
	int role;
	const struct call *call;
	unsigned int occurrence;
	int error;  /* or 0 */
	int signal; /* or 0 */
	enum { TO_SHELL, TO_CHILD, TO_TERMINAL } to;
};

static struct process processes[PROCESS_MAX];
static struct rule rules[RULE_MAX];
static size_t rule_count;
static pid_t marked; /* the process of the mark, 0 between two */
static bool counting, programs;
static int children, lingering;
static unsigned int seen;
static FILE *list;
static const char *report_path, *terminal;

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "inject: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct process *
process_find(pid_t pid)
{
	for (size_t i = 0; i < PROCESS_MAX; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static struct process *
process_add(pid_t pid)
{
	struct process *process = process_find(pid);

	if (process != NULL)
		return process;
	process = process_find(0);
	if (process == NULL) {
		errno = EAGAIN;
		die("more processes than expected");
	}
	*process = (struct process){.pid = pid, .role = OUTSIDE};
	return process;
}

static const struct call *
call_find(long number, const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (name != NULL ? strcmp(calls[i].name, name) == 0 : calls[i].number == number)
			return &calls[i];
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (name != NULL ? strcmp(quiet[i].name, name) == 0 : quiet[i].number == number)
			return &quiet[i];
	return NULL;
}

static int
error_number(const char *name)
{
	for (int error = 1; error < ERROR_MAX; error++) {
		const char *known = strerrorname_np(error);

		if (known != NULL && strcmp(known, name) == 0)
			return error;
	}
	return 0;
}

/* The call is not made. What it returns is set at its end. */
static void
call_skip(pid_t pid)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, orig_rax), -1L) != 0)
		die("cannot skip a call");
#elif defined(__aarch64__)
	int number = -1;
	struct iovec part = {&number, sizeof(number)};

	if (ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &part) != 0)
		die("cannot skip a call");
#else
#error "how does one skip a system call on this machine?"
#endif
}

static void
call_return(pid_t pid, long result)
{
#if defined(__x86_64__)
	if (ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), result) != 0)
		die("cannot set a result");
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	struct iovec all = {&registers, sizeof(registers)};

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &all) != 0)
		die("cannot read registers");
	registers.regs[0] = (unsigned long)result;
	if (ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &all) != 0)
		die("cannot set a result");
#endif
}

static void
string_read(pid_t pid, unsigned long long address, char text[PATH_SIZE])
{
	size_t length = 0;
	long word;

	/* Word by word: a string may end right before an unmapped page. */
	while (length + sizeof(word) < PATH_SIZE) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, address + length, NULL);
		if (errno != 0)
			break;
		memcpy(text + length, &word, sizeof(word));
		length += sizeof(word);
		/* The rest of a path that does not begin as a mark is of no interest. */
		if (memchr(&word, 0, sizeof(word)) != NULL
			|| (length == sizeof(word) && memcmp(text, MARK, sizeof(word)) != 0))
			break;
	}
	text[length] = '\0';
}

/* A number that the test wrote, or the end. */
static unsigned int
number_read(const char *text)
{
	char *rest;
	unsigned long value = strtoul(text, &rest, 10);

	if (rest == text || *rest != '\0') {
		fprintf(stderr, "inject: this is no number: %s\n", text);
		exit(1);
	}
	return (unsigned int)value;
}

static bool
rule_parse(char *text)
{
	struct rule *rule = &rules[rule_count];
	char *fields[5] = {NULL}, *part;
	size_t count = 0;

	if (rule_count++ == RULE_MAX)
		return false;

	while (count < 5 && (part = strsep(&text, ":")) != NULL)
		fields[count++] = part;
	if (count < 4 || text != NULL)
		return false;
	*rule = (struct rule){.role = (int)number_read(fields[0]),
		.call = call_find(0, fields[1]),
		.occurrence = number_read(fields[2])};
	if (count == 4) {
		rule->error = error_number(fields[3]);
	} else {
		rule->signal = (int)number_read(fields[3]);
		rule->to = strcmp(fields[4], "child") == 0 ? TO_CHILD
			: strcmp(fields[4], "shell") == 0  ? TO_SHELL
							   : TO_TERMINAL;
		terminal = getenv("TERMINAL");
	}
	return rule->call != NULL && rule->occurrence > 0
		&& (rule->error != 0 || rule->signal != 0);
}

static void
begin(struct process *process, char *orders)
{
	char *order;

	counting = programs = false;
	children = lingering = 0;
	seen = 0;
	rule_count = 0;
	while ((order = strsep(&orders, "/")) != NULL) {
		if (strcmp(order, "count") == 0 && list != NULL)
			counting = true;
		else if (strcmp(order, "programs") == 0)
			programs = true;
		else if (*order != '\0'
			&& (strncmp(order, "at:", 3) != 0 || !rule_parse(order + 3))) {
			fprintf(stderr, "inject: no such order: %s\n", order);
			exit(1);
		}
	}
	memset(process->counts, 0, sizeof(process->counts));
	process->role = 0;
	marked = process->pid;
}

static void
end(void)
{
	struct process *process = marked != 0 ? process_find(marked) : NULL;

	if (process != NULL)
		process->role = OUTSIDE;
	marked = 0;
}

/* True if anything is left of what was started between the marks. */
static bool
anything_left(void)
{
	for (size_t i = 0; i < PROCESS_MAX; i++)
		if (processes[i].pid != 0 && (processes[i].role > 0 || processes[i].waits))
			return true;
	return false;
}

static size_t
rules_fired(void)
{
	size_t fired = 0;

	for (size_t i = 0; i < rule_count; i++)
		fired += rules[i].fired;
	return fired;
}

static void
report_write(void)
{
	FILE *report = fopen(report_path, "w");

	if (report == NULL)
		die(report_path);
	fprintf(report, "%zu %d %u\n", rules_fired(), lingering, seen);
	fclose(report);
	if (list != NULL)
		fflush(list);
}

/* Ctrl-C on the terminal; done once the kernel has made it a signal. */
static void
terminal_type(pid_t shell)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	char path[64], line[256];
	int fd = terminal != NULL ? open(terminal, O_WRONLY) : -1;

	if (fd < 0 || write(fd, "\003", 1) != 1)
		die("cannot type on the terminal");
	close(fd);
	snprintf(path, sizeof(path), "/proc/%d/status", (int)shell);
	for (int i = 0; i < 2000; i++, nanosleep(&moment, NULL)) {
		FILE *status = fopen(path, "r");
		unsigned long long all = 0;

		while (status != NULL && fgets(line, sizeof(line), status) != NULL)
			if (strncmp(line, "ShdPnd:", 7) == 0 || strncmp(line, "SigPnd:", 7) == 0)
				all |= strtoull(line + 7, NULL, 16);
		if (status != NULL)
			fclose(status);
		if (all & (1ULL << (SIGINT - 1)))
			return;
	}
	fprintf(stderr, "inject: Ctrl-C did not arrive\n");
	exit(1);
}

/* Do to the process what the rule says. True if that killed it. */
static bool
carry_out(const struct rule *rule, struct process *process)
{
	if (rule->signal != 0) {
		pid_t to = rule->to == TO_CHILD ? process->pid : marked;

		if (rule->to == TO_TERMINAL)
			terminal_type(marked);
		else
			kill(to, rule->signal);
		return rule->signal == SIGKILL && to == process->pid;
	}
	if (rule->call->number != SYS_close)
		call_skip(process->pid);
	process->replaced = true;
	process->result = -rule->error;
	return false;
}

/* One of the calls that are numbered: list it, or do to it what the rule says. True if the process was killed. */
static bool
position(struct process *process, const struct call *call)
{
	unsigned int occurrence = ++process->counts[call->number];

	seen++;
	if (counting) {
		fprintf(list, "%d:%s:%u ", process->role, call->name, occurrence);
		for (const int *error = call->errors; *error != 0; error++)
			fprintf(list, "%s%s", error > call->errors ? "," : "",
				strerrorname_np(*error));
		fputs(call->errors[0] != 0 ? "\n" : "-\n", list);
	}
	for (size_t i = 0; i < rule_count; i++) {
		struct rule *rule = &rules[i];

		if (!rule->fired && rule->role == process->role && rule->call == call
			&& rule->occurrence == occurrence) {
			rule->fired = true;
			return carry_out(rule, process);
		}
	}
	return false;
}

/* A process is about to make a system call. False: it must not go on yet, or never will. */
static bool
entry(struct process *process, const struct ptrace_syscall_info *info)
{
	const unsigned long long *arguments = info->entry.args;
	long number = (long)info->entry.nr;
	const struct call *call;
	unsigned long long path = 0;
	char text[PATH_SIZE];

	if (number == SYS_newfstatat)
		path = arguments[1];
#ifdef SYS_stat
	if (number == SYS_stat)
		path = arguments[0];
#endif
	if (path != 0 && !process->executed) {
		string_read(process->pid, path, text);
		if (strncmp(text, MARK, sizeof(MARK) - 1) == 0) {
			char *what = text + sizeof(MARK) - 1;

			call_skip(process->pid);
			process->replaced = true;
			process->result = 0;
			if (strncmp(what, "begin/", 6) == 0)
				begin(process, what + 6);
			else
				end();
			return strcmp(what, "report") != 0;
		}
	}
	if (marked == 0 || process->role == OUTSIDE || (process->executed && !programs))
		return true;
	call = number >= 0 && number < CALL_MAX ? call_find(number, NULL) : NULL;
	return call == NULL || !position(process, call);
}

/*
 * Let it go on; ESRCH: it was killed meanwhile. What was to happen to the process of the mark or to its children has
 * happened: nobody looks at their calls any more, which takes most of the time.
 */
static void
go_on(const struct process *process, int number)
{
	bool over = rule_count > 0 && rules_fired() == rule_count && process->role != OUTSIDE
		&& !process->replaced;
	bool looked_at = !over && (!process->executed || (programs && process->role != OUTSIDE));

	if (ptrace(looked_at ? PTRACE_SYSCALL : PTRACE_CONT, process->pid, NULL, (long)number) != 0
		&& errno != ESRCH)
		die("cannot resume");
}

static void
started(struct process *parent)
{
	unsigned long pid;
	struct process *child;

	if (ptrace(PTRACE_GETEVENTMSG, parent->pid, NULL, &pid) != 0)
		return;
	child = process_add((pid_t)pid);
	child->announced = true;
	child->executed = parent->executed;
	if (marked != 0 && parent->role != OUTSIDE)
		child->role = ++children;
	if (child->waits) {
		child->waits = false;
		go_on(child, 0);
	}
}

/* A process has stopped or ended. Returns one that has asked for the report, or NULL. */
static struct process *
stopped(pid_t pid, int status)
{
	struct process *process = process_add(pid);
	struct ptrace_syscall_info info;
	int number = 0;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		if (pid == marked)
			marked = 0;
		process->pid = 0;
		return NULL;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) <= 0)
			return NULL;
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY && !entry(process, &info))
			/* Held at its report, or killed. */
			return process->replaced && marked == 0 ? process : NULL;
		if (info.op == PTRACE_SYSCALL_INFO_EXIT && process->replaced) {
			call_return(pid, process->result);
			process->replaced = false;
		}
	} else {
		switch (status >> 16) {
		case PTRACE_EVENT_FORK:
		case PTRACE_EVENT_VFORK:
		case PTRACE_EVENT_CLONE: started(process); break;
		case PTRACE_EVENT_EXEC: process->executed = true; break;
		case PTRACE_EVENT_STOP:
			/* Whose child it is must be known before it makes a call. */
			process->waits = !process->announced;
			if (process->waits)
				return NULL;
			break;
		default: number = WSTOPSIG(status); break;
		}
	}
	go_on(process, number);
	return NULL;
}

static time_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

/* All that is left has had its time: count it and kill it. */
static void
linger(void)
{
	for (size_t i = 0; i < PROCESS_MAX; i++) {
		if (processes[i].pid == 0 || (processes[i].role <= 0 && !processes[i].waits))
			continue;
		lingering++;
		kill(processes[i].pid, SIGKILL);
		processes[i].role = OUTSIDE;
	}
}

/* Names and texts of all errors, for the tests that look for them in messages. */
static int
errors_print(void)
{
	for (int error = 1; error < ERROR_MAX; error++)
		if (strerrorname_np(error) != NULL)
			printf("%s %s\n", strerrorname_np(error), strerror(error));
	return 0;
}

/* Follow the shell and all that it starts until all are gone. */
static int
follow(void)
{
	const struct timespec moment = {.tv_nsec = 200000};
	struct process *held = NULL;
	time_t deadline = 0;

	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | (held != NULL ? WNOHANG : 0));

		if (pid < 0)
			return errno == ECHILD ? 0 : 1; /* all are gone */
		if (pid > 0) {
			struct process *asks = stopped(pid, status);

			if (asks != NULL) {
				held = asks;
				deadline = now() + LINGER_SECONDS;
			}
		}
		if (held == NULL)
			continue;
		if (anything_left() && now() < deadline) {
			if (pid == 0)
				nanosleep(&moment, NULL);
			continue;
		}
		linger();
		report_write();
		go_on(held, 0);
		held = NULL;
	}
}

int
main(int argc, char **argv)
{
	const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
		| PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;
	pid_t shell;

	if (argc == 2 && strcmp(argv[1], "errors") == 0)
		return errors_print();
	if (argc < 3) {
		fprintf(stderr, "usage: inject errors, or inject PID REPORT [LOG]\n");
		return 2;
	}
	shell = (pid_t)number_read(argv[1]);
	report_path = argv[2];
	if (argc > 3 && (list = fopen(argv[3], "w")) == NULL)
		die(argv[3]);
	process_add(shell)->announced = true;
	if (ptrace(PTRACE_SEIZE, shell, NULL, options) != 0
		|| ptrace(PTRACE_INTERRUPT, shell, NULL, NULL) != 0)
		die("cannot trace the shell");
	return follow();
}
