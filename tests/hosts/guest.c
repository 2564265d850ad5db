/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Services to a scenario in a guest that no packaged program offers: who runs an armhf program, a machine that
 * forbids AArch32 in one of three ways, power-off. Static, so that one serves all releases.
 */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static void
read_link(const char *name, char *target)
{
	ssize_t length = readlink(name, target, PATH_MAX - 1);

	if (length == -1)
		err(1, "%s", name);
	target[length] = '\0';
}

/* True if this stopped process runs AArch32 code: the kernel then gives fewer registers. */
static int
is_aarch32(pid_t pid)
{
	unsigned char registers[1024];
	struct iovec area = {.iov_base = registers, .iov_len = sizeof(registers)};

	return ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &area) == 0
		&& area.iov_len == 18 * sizeof(int);
}

/* The same of a process that runs. */
static int
runs_aarch32(pid_t pid)
{
	return ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, pid, 0, 0) == 0
		&& waitpid(pid, NULL, __WALL) == pid && is_aarch32(pid);
}

/*
 * who ROOT PROGRAM [ARGUMENT...]: start a program in a chroot. Its standard input is an empty pipe.
 * Print "the kernel" if it runs as AArch32, else the file that /proc/PID/exe leads to (with flag T
 * the program itself), or the error of execve.
 */
static int
who(char **argv)
{
	char exe[PATH_MAX];
	char own[PATH_MAX];
	char name[64];
	ssize_t length;
	int silence[2];
	int refused[2];
	int error = 0;
	pid_t child;

	if (pipe2(silence, O_CLOEXEC) == -1 || pipe2(refused, O_CLOEXEC) == -1)
		err(1, "pipe");
	child = fork();
	if (child == -1)
		err(1, "fork");
	if (child == 0) {
		dup2(silence[0], STDIN_FILENO);
		if (chroot(argv[0]) == 0 && chdir("/") == 0)
			execv(argv[1], argv + 1);
		error = errno;
		if (write(refused[1], &error, sizeof(error)) != sizeof(error))
			_exit(126);
		_exit(127);
	}
	close(refused[1]);
	length = read(refused[0], &error, sizeof(error));
	if (length == -1)
		err(1, "read");
	if (length > 0) {
		puts(strerrorname_np(error));
	} else {
		/* Linux 6.12 closes the pipe a moment before the link changes. */
		snprintf(name, sizeof(name), "/proc/%d/exe", (int)child);
		read_link("/proc/self/exe", own);
		do
			read_link(name, exe);
		while (strcmp(exe, own) == 0);
		puts(runs_aarch32(child) ? "the kernel" : exe);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

/* seccomp ACTION COMMAND...: run a command under a filter that kills at, or refuses, each AArch32 system call. */
static int
seccomp(char **argv)
{
	unsigned int action = strcmp(argv[0], "kill") == 0 ? SECCOMP_RET_KILL_PROCESS
							   : SECCOMP_RET_ERRNO | EPERM;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_ARM, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1
		|| prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == -1)
		err(1, "seccomp");
	execvp(argv[1], argv + 1);
	err(127, "%s", argv[1]);
}

/*
 * illegal COMMAND...: run a command on a machine whose kernel accepts AArch32 programs, and whose first AArch32
 * instruction is an illegal one, as some hypervisors' machines are. A tracer raises the signal that the CPU would.
 */
static int
illegal(char **argv)
{
	long options = PTRACE_O_TRACEEXEC | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK
		| PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
	int ready[2];
	int status;
	int event;
	int number;
	char byte;
	pid_t command;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) == -1)
		err(1, "pipe");
	command = fork();
	if (command == -1)
		err(1, "fork");
	if (command == 0) {
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 0)
			_exit(126);
		execvp(argv[0], argv);
		err(127, "%s", argv[0]);
	}
	if (ptrace(PTRACE_SEIZE, command, 0, options) == -1)
		err(1, "ptrace");
	close(ready[0]);
	close(ready[1]);

	while ((pid = waitpid(-1, &status, __WALL)) != -1) {
		if (!WIFSTOPPED(status)) {
			if (pid == command)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			continue;
		}
		event = status >> 16;
		number = event == 0 ? WSTOPSIG(status) : 0;
		if (event == PTRACE_EVENT_EXEC && is_aarch32(pid))
			kill(pid, SIGILL);
		ptrace(PTRACE_CONT, pid, 0, number);
	}
	err(1, "waitpid");
}

static int
poweroff(char **argv)
{
	(void)argv;
	sync();
	reboot(RB_POWER_OFF);
	err(1, "reboot");
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int operands;
		int (*function)(char **argv);
	} commands[] = {
		{"who", 2, who},
		{"seccomp", 2, seccomp},
		{"illegal", 1, illegal},
		{"poweroff", 0, poweroff},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (argc >= 2 && strcmp(argv[1], commands[i].name) == 0
			&& argc - 2 >= commands[i].operands)
			return commands[i].function(argv + 2);
	errx(2, "usage: guest who ROOT PROGRAM [ARGUMENT...] | seccomp kill|refuse COMMAND... | illegal COMMAND... | poweroff");
}
