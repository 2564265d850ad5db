/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fault: words for a failure, and the one translation from errno. Writes into the caller's struct
 * and prints nothing.
 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/* The cure of an error by itself, whatever was tried. */
static const char *
remedy(int error)
{
	switch (error) {
	case EPERM:
	case EACCES: return "run this as root, in a container with --privileged or on its host";
	case EROFS:
		return "that is on a file system that is mounted read-only: mount it writable, in Docker "
		       "with --privileged";
	case EMFILE: return "raise this shell's limit of open files (ulimit -n)";
	case ENFILE: return "raise the system's limit of open files (sysctl fs.file-max)";
	case ENOMEM: return "free some memory, or raise this shell's limit (ulimit -v)";
	case EFBIG: return "raise this shell's limit of file sizes (ulimit -f)";
	case ENOSPC:
	case EDQUOT: return "free space or inodes on its file system, or raise the quota";
	case EAGAIN: return "raise this shell's limit of processes (ulimit -u)";
	default: return NULL;
	}
}

void
fault_set(struct fault *fault, int error, const char *object, const char *format, ...)
{
	va_list arguments;
	int written;

	if (fault == NULL)
		return;
	fault->error = error;
	fault->remedy = remedy(error);
	text_escape(fault->object, sizeof(fault->object), object);

	va_start(arguments, format);
	written = vsnprintf(fault->why, sizeof(fault->why), format, arguments);
	va_end(arguments);
	if (error != 0 && written >= 0 && (size_t)written < sizeof(fault->why))
		snprintf(fault->why + written, sizeof(fault->why) - (size_t)written, ": %s",
			strerror(error));
}

enum outcome
fault_errno(struct fault *fault, int error, const char *object, const char *what)
{
	fault_set(fault, error, object, "cannot %s", what);
	switch (error) {
	case EPERM:
	case EACCES:
	case EROFS: return OUTCOME_REFUSED;
	case ENODEV: return OUTCOME_IMPOSSIBLE;
	case ENOENT: return OUTCOME_GONE;
	case EEXIST:
	case EBUSY: return OUTCOME_TAKEN;
	default: return OUTCOME_FAILED;
	}
}

void
fault_wrap(struct fault *fault, const char *format, ...)
{
	char why[FAULT_WHY_SIZE];
	va_list arguments;
	int length;

	memcpy(why, fault->why, sizeof(why));
	va_start(arguments, format);
	length = vsnprintf(fault->why, sizeof(fault->why), format, arguments);
	va_end(arguments);
	if (length >= 0 && (size_t)length < sizeof(fault->why))
		snprintf(fault->why + length, sizeof(fault->why) - (size_t)length, "%s", why);
}

void
fault_remedy(const struct fault *fault, char *text, size_t size)
{
	const char *at = fault->remedy != NULL ? fault->remedy : "";
	size_t used = 0;

	for (; *at != '\0' && used + 1 < size; at++)
		if (*at == '@')
			used += (size_t)snprintf(text + used, size - used, "%s", fault->object);
		else
			text[used++] = *at;
	text[used < size ? used : size - 1] = '\0';
}

void
fault_note(char **notes, const char *format, ...)
{
	size_t used = *notes != NULL ? strlen(*notes) : 0;
	char *line = NULL, *all;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(&line, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	all = realloc(*notes, used + (size_t)length + 2);
	if (all != NULL) {
		*notes = all;
		snprintf(all + used, (size_t)length + 2, "%s%s", used > 0 ? "\n" : "", line);
	}
	free(line);
}
