/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library: reads ld.so.conf. What is wrong in it is passed over, as ldconfig(8) does, and what is read
 * is bounded in files, depth and size.
 */
#include "library.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 256 /* that are included */
#define DEPTH_MAX 4
#define CONF_MAX  65536 /* bytes of one */
#define LIST_MAX  16384 /* bytes of all directories; real ones have less than 500 */

struct list {
	struct root *root;
	char *text;
	unsigned int files;
};

static void
conf_read(struct list *list, const char *path, unsigned int depth);

static bool
list_add(struct list *list, const char *directories)
{
	char *joined;

	if (asprintf(&joined, "%s%s%s", list->text, *list->text ? ":" : "", directories) < 0)
		return false;
	free(list->text);
	list->text = joined;
	return true;
}

/* A pattern with * and ?, in time that a hostile one cannot blow up, as fnmatch(3)'s can be. */
static bool
pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL, *kept = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			kept = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++kept;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

static int
text_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* include PATTERN: only the last component may have wildcards, as every distribution's has. */
static void
conf_include(struct list *list, char *pattern, unsigned int depth)
{
	char *base = strrchr(pattern, '/');
	char **names = NULL;
	size_t count = 0;
	struct dirent *entry;
	DIR *dir;
	int fd;

	*base++ = '\0';
	fd = root_open(list->root, *pattern ? pattern : "/",
		O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while (count < FILES_MAX && (entry = readdir(dir))) {
		char **more, *path;

		if (entry->d_name[0] == '.' || !pattern_matches(base, entry->d_name))
			continue;
		more = reallocarray(names, count + 1, sizeof(*names));
		if (!more)
			break;
		names = more;
		if (asprintf(&path, "%s/%s", pattern, entry->d_name) < 0)
			break;
		names[count++] = path;
	}
	closedir(dir);
	if (count)
		qsort(names, count, sizeof(*names), text_compare);
	for (size_t i = 0; i < count; i++) {
		conf_read(list, names[i], depth + 1);
		free(names[i]);
	}
	free(names);
}

static void
conf_line(struct list *list, char *line, const char *path, unsigned int depth)
{
	char *text = line + strspn(line, " \t"), *pattern;

	text[strcspn(text, "#\n=")] = '\0';
	for (size_t end = strlen(text); end && strchr(" \t", text[end - 1]);)
		text[--end] = '\0';
	if (*text == '/') {
		if (strlen(list->text) + strlen(text) < LIST_MAX)
			list_add(list, text);
	} else if (strncmp(text, "include", 7) == 0 && text[7 + strspn(text + 7, " \t")]
		&& text[7] <= ' ') {
		text += 7 + strspn(text + 7, " \t");
		if (asprintf(&pattern, "%.*s%s%s",
			    *text == '/' ? 0 : (int)(strrchr(path, '/') - path), path,
			    *text == '/' ? "" : "/", text)
			>= 0) {
			conf_include(list, pattern, depth);
			free(pattern);
		}
	}
}

static void
conf_read(struct list *list, const char *path, unsigned int depth)
{
	struct statx status;
	char *line = NULL;
	size_t size = 0;
	FILE *file;
	int fd;

	if (depth > DEPTH_MAX || ++list->files > FILES_MAX)
		return;
	fd = root_open_file(list->root, path, &status);
	if (fd < 0)
		return;
	file = status.stx_size <= CONF_MAX ? fdopen(fd, "re") : NULL;
	if (!file) {
		close(fd);
		return;
	}
	while (getline(&line, &size, file) >= 0 && ftell(file) <= CONF_MAX)
		conf_line(list, line, path, depth);
	free(line);
	fclose(file);
}

char *
library_directories(struct root *root)
{
	struct list list = {root, strdup(""), 0};

	if (!list.text)
		return NULL;
	conf_read(&list, "/etc/ld.so.conf", 0);
	if (!list_add(
		    &list, "/lib/arm-linux-gnueabihf:/usr/lib/arm-linux-gnueabihf:/lib:/usr/lib")) {
		free(list.text);
		return NULL;
	}
	return list.text;
}
