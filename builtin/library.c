/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library: reads ld.so.conf. What is wrong in it is passed over, as ldconfig(8) does, and what is read
 * is bounded in files and size.
 */
#include "library.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 64    /* which bounds the depth of includes as well */
#define CONF_MAX  16384 /* bytes of one file; real ones have less than 200 */

struct conf {
	struct root *root;
	char *list;
	unsigned int files;
};

static void
conf_read(struct conf *conf, const char *path);

static void
list_add(char list[LIBRARY_MAX], const char *directories)
{
	size_t used = strlen(list);

	if (used + 1 + strlen(directories) < LIBRARY_MAX)
		snprintf(list + used, LIBRARY_MAX - used, "%s%s", used ? ":" : "", directories);
}

/* Only the last component may have an asterisk, as every distribution's has. */
static void
conf_include(struct conf *conf, char *pattern)
{
	char *base = strrchr(pattern, '/') + 1, *star = strchr(base, '*'), *path;
	int fd, count = 0;
	struct dirent **names;

	if (!star) {
		conf_read(conf, pattern);
		return;
	}
	base[-1] = *star = '\0';
	fd = root_open(conf->root, *pattern ? pattern : "/", ROOT_READ | O_DIRECTORY);
	if (fd < 0)
		return;
	count = scandirat(fd, ".", &names, NULL, alphasort);
	close(fd);
	for (int i = 0; i < count; i++) {
		const char *name = names[i]->d_name;
		size_t length = strlen(name), before = strlen(base), behind = strlen(star + 1);

		if (*name != '.' && length >= before + behind && strncmp(name, base, before) == 0
			&& strcmp(name + length - behind, star + 1) == 0
			&& asprintf(&path, "%s/%s", pattern, name) >= 0) {
			conf_read(conf, path);
			free(path);
		}
		free(names[i]);
	}
	if (count >= 0)
		free(names);
}

static void
conf_read(struct conf *conf, const char *path)
{
	static const char blanks[] = " \t\r";
	char *text = NULL, *next, *line, *pattern;
	struct statx status;
	ssize_t length = 0;
	int fd;

	if (++conf->files > FILES_MAX)
		return;
	fd = root_open_file(conf->root, path, &status);
	if (fd < 0)
		return;
	text = calloc(1, CONF_MAX + 1);
	if (text)
		length = read(fd, text, CONF_MAX);
	close(fd);
	for (next = length > 0 ? text : NULL; (line = strsep(&next, "\n"));) {
		line += strspn(line, blanks);
		line[strcspn(line, "#=")] = '\0';
		for (size_t end = strlen(line); end && strchr(blanks, line[end - 1]);)
			line[--end] = '\0';
		if (*line == '/') {
			list_add(conf->list, line);
		} else if (strncmp(line, "include", 7) == 0 && strchr(blanks, line[7])) {
			line += 7 + strspn(line + 7, blanks);
			/* A relative one is beside this file. */
			if (asprintf(&pattern, "%.*s%s",
				    *line == '/' ? 0 : (int)(strrchr(path, '/') + 1 - path), path,
				    line)
				>= 0) {
				conf_include(conf, pattern);
				free(pattern);
			}
		}
	}
	free(text);
}

void
library_directories(struct root *root, char list[LIBRARY_MAX])
{
	struct conf conf = {root, list, 0};

	*list = '\0';
	conf_read(&conf, "/etc/ld.so.conf");
	/* The default ones must fit, whatever the file says. */
	if (strlen(list) + sizeof(LIBRARY_DEFAULT) >= LIBRARY_MAX)
		*list = '\0';
	list_add(list, LIBRARY_DEFAULT);
}
