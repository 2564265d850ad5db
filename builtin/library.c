/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * library: reads ld.so.conf. Passes over errors, as ldconfig(8) does, and reads a bounded number of bytes.
 */
#include "library.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 64
#define CONF_MAX  2047 /* bytes of one file; real ones have less than 200 */

static void
list_add(char list[LIBRARY_MAX], const char *directories)
{
	size_t used = strlen(list);

	if (used + 1 + strlen(directories) < LIBRARY_MAX)
		snprintf(list + used, LIBRARY_MAX - used, "%s%s", used ? ":" : "", directories);
}

/* True if the file includes others. */
static bool
conf_read(struct root *root, const char *path, char list[LIBRARY_MAX])
{
	char text[CONF_MAX + 1] = "", *next = text, *line;
	bool includes = false;
	struct statx status;
	int fd = root_open_file(root, path, &status);

	if (fd < 0 || read(fd, text, CONF_MAX) < 0)
		*text = '\0';
	if (fd >= 0)
		close(fd);
	while ((line = strsep(&next, "\n"))) {
		line += strspn(line, " \t");
		line[strcspn(line, "# \t\r=")] = '\0';
		if (*line == '/')
			list_add(list, line);
		includes = includes || strcmp(line, "include") == 0;
	}
	return includes;
}

void
library_directories(struct root *root, char list[LIBRARY_MAX])
{
	struct dirent **names = NULL;
	int count = 0, fd = -1;
	char *path;

	*list = '\0';
	if (conf_read(root, "/etc/ld.so.conf", list))
		fd = root_open(root, "/etc/ld.so.conf.d", ROOT_READ | O_DIRECTORY);
	if (fd >= 0) {
		count = scandirat(fd, ".", &names, NULL, alphasort);
		close(fd);
	}
	for (int i = 0; i < count; i++) {
		const char *end = strrchr(names[i]->d_name, '.');

		if (end && strcmp(end, ".conf") == 0 && names[i]->d_name[0] != '.' && i < FILES_MAX
			&& asprintf(&path, "/etc/ld.so.conf.d/%s", names[i]->d_name) >= 0) {
			conf_read(root, path, list);
			free(path);
		}
		free(names[i]);
	}
	free(names);
	/* The default ones must fit, whatever the files say. */
	if (strlen(list) + sizeof(LIBRARY_DEFAULT) >= LIBRARY_MAX)
		*list = '\0';
	list_add(list, LIBRARY_DEFAULT);
}
