/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * table: a binfmt_misc of the process's own, in user and mount namespaces that it makes, for
 * targets that ask the kernel. Nothing here can reach the machine's table.
 */
#ifndef ARMHF_FUZZ_TABLE_H
#define ARMHF_FUZZ_TABLE_H

#include "entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define TABLE "/proc/sys/fs/binfmt_misc"
#define TABLE_MISSING                                                                              \
	3 /* exit status where the kernel has no private tables; none of libFuzzer's own */

static inline bool
table_file_write(const char *path, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, bytes, length) == (ssize_t)length;
	int error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return written;
}

static inline void
table_need(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "no binfmt_misc of its own: %s: %s\n", what, strerror(errno));
	exit(TABLE_MISSING);
}

/* Counts what is listed beside "register" and "status". */
static inline unsigned int
table_count(void)
{
	DIR *directory = opendir(TABLE);
	unsigned int count = 0;

	table_need(directory != NULL, "opendir");
	while (readdir(directory))
		count++;
	closedir(directory);
	return count - 4;
}

/* Go into new namespaces and mount the table. Must come before any thread. */
static inline void
table_make(void)
{
	struct stat outside;
	struct stat inside;
	char users[32];
	char groups[32];
	int users_length = snprintf(users, sizeof(users), "0 %u 1", geteuid());
	int groups_length = snprintf(groups, sizeof(groups), "0 %u 1", getegid());

	table_need(stat(TABLE, &outside) == 0, "stat");
	table_need(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "unshare");
	table_need(table_file_write("/proc/self/uid_map", users, (size_t)users_length), "uid_map");
	/* Without a group the table's files belong to nobody's, and nobody may write them. */
	table_need(table_file_write("/proc/self/setgroups", "deny", 4), "setgroups");
	table_need(
		table_file_write("/proc/self/gid_map", groups, (size_t)groups_length), "gid_map");
	table_need(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
	table_need(
		mount("binfmt_misc", TABLE, "binfmt_misc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL)
			== 0,
		"mount");
	errno = EEXIST;
	table_need(
		stat(TABLE, &inside) == 0 && inside.st_dev != outside.st_dev && table_count() == 0,
		"another's table");
}

static inline bool
table_register(const void *line, size_t length)
{
	return table_file_write(TABLE "/register", line, length);
}

/* Write "0", "1" or "-1" to an entry. */
static inline bool
table_switch(const char *name, const char *command)
{
	char path[sizeof(TABLE) + 1 + NAME_MAX];

	snprintf(path, sizeof(path), TABLE "/%s", name);
	return table_file_write(path, command, strlen(command));
}

/* Read the text that the kernel prints for the entry, ended by NUL. Returns the length, 0 if it cannot be read. */
static inline size_t
table_read(const char *name, char text[ENTRY_TEXT_MAX])
{
	char path[sizeof(TABLE) + 1 + NAME_MAX];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), TABLE "/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, text, ENTRY_TEXT_MAX - 1);
	if (fd >= 0)
		close(fd);
	if (length < 0)
		length = 0;
	text[length] = '\0';
	return (size_t)length;
}

#endif
