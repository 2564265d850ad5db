/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor_line FILE...: what each descriptor, or file of binfmt.d (*.conf), comes to: its name and the
 * line that registers it as qemu-arm, or the line at fault and why. Status 1 if one of them is refused.
 */
#include "descriptor.h"

#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	int status = 0;

	for (int i = 1; i < argc; i++) {
		static char text[DESCRIPTOR_TEXT_MAX + 1];
		const char *name = strrchr(argv[i], '/') ? strrchr(argv[i], '/') + 1 : argv[i];
		struct entry entry = {.name = "qemu-arm"};
		char line[ENTRY_LINE_MAX + 1];
		FILE *file = fopen(argv[i], "r");
		const char *why;
		size_t length;
		int fault;

		if (!file) {
			perror(argv[i]);
			return 2;
		}
		length = fread(text, 1, sizeof(text), file);
		fclose(file);
		fault = strlen(name) > 5 && strcmp(name + strlen(name) - 5, ".conf") == 0
			? descriptor_parse_line(&entry, text, length, &why)
			: descriptor_parse(&entry, text, length, &why);
		if (fault == -1) {
			printf("%s: no line for qemu-arm\n", name);
			status = 1;
		} else if (fault) {
			printf("%s: line %d: %s\n", name, fault, why);
			status = 1;
		} else if (entry_format(&entry, "", line, &why) < 0) {
			printf("%s: %s\n", name, why);
			status = 1;
		} else {
			printf("%s: %s\n", name, line);
		}
	}
	return status;
}
