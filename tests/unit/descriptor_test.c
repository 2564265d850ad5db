/* SPDX-License-Identifier: GPL-3.0-or-later */
/* descriptor_test FILE...: what descriptor.c makes of texts. FILE are descriptors of any kind. */
#include "descriptor.h"
#include "entry_text.h"
#include "fault.h"
#include "tap.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* In a piece of memory of its own, so that a byte read too much is caught. */
static int
parse(struct entry *entry, const char *text, size_t length, const char **why)
{
	char *copy = malloc(length + !length);
	int line;

	if (copy == NULL)
		abort();
	memcpy(copy, text, length);
	line = descriptor_parse(entry, copy, length, why);
	free(copy);
	return line;
}

static const char framework[] =
	"package qemu-user-static\n"
	"interpreter /usr/bin/qemu-arm-static\n"
	"magic \\x7f\\x45\\x4c\\x46\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00"
	"\\x28\\x00\n"
	"offset 0\n"
	"mask \\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff"
	"\\xff\\xff\n"
	"credentials yes\n"
	"fix_binary no\n"
	"preserve yes\n";

static void
test_written(void)
{
	struct entry read = {.name = "qemu-arm", .state = ENTRY_DISABLED};
	struct entry wanted;
	char text[sizeof(framework)];
	const char *why;

	tap_ok(descriptor_format("/usr/bin/qemu-arm-static", true, text, sizeof(text))
				== (int)sizeof(framework) - 1
			&& memcmp(text, framework, sizeof(framework)) == 0,
		"written: byte for byte what the framework writes");
	tap_ok(descriptor_format("/usr/bin/qemu-arm-static", true, text, sizeof(text) - 1) == -1,
		"written: a place one byte too small is refused");

	tap_ok(parse(&read, framework, strlen(framework), &why) == 0, "written: it is valid");
	tap_ok(strcmp(read.name, "qemu-arm") == 0 && read.state == ENTRY_DISABLED,
		"written: reading it keeps name and state");
	tap_ok(strcmp(read.flags, "POC") == 0 && read.offset == 0 && read.size == 20 && read.masked
			&& read.magic[18] == 0x28 && read.mask[16] == 0xfe,
		"written: it reads back as it was meant");
	tap_ok(entry_takes_armhf(&read) == ENTRY_ALL && entry_loose(&read) == NULL,
		"written: it takes armhf alone");

	memset(&wanted, 'x', sizeof(wanted));
	descriptor_entry(&wanted, "qemu-arm", "/usr/bin/qemu-arm-static", true);
	tap_ok(strcmp(wanted.name, "qemu-arm") == 0 && wanted.state == ENTRY_UNTESTED
			&& entry_same(&wanted, &read),
		"written: it stands for the entry that it reads back as");
	descriptor_entry(&wanted, "qemu-arm", "/usr/bin/qemu-arm-static", false);
	tap_ok(strcmp(wanted.flags, "OC") == 0 && wanted.size == 20,
		"written: without flag P all else is the same");
}

/* Files of binfmt.d: a line as the kernel reads it, between comments, blanks and other lines. */
static void
test_lines(void)
{
#define MAGIC "\\x7f\\x45\\x4c\\x46"
	static const struct {
		const char *claim, *text;
		int line; /* at fault; 0: taken; -1: none */
		const char *flags;
		unsigned int size;
	} rows[] = {
		{"nothing", "", -1, "", 0},
		{"another name", ":qemu-armeb:M::" MAGIC "::/q:\n:qemu:M::" MAGIC "::/q:\n", -1, "",
			0},
		{"comments", "#:qemu-arm:M::a::/q:\n;:qemu-arm:M::a::/q:\n", -1, "", 0},
		{"a line behind others",
			"# x\n\n:qemu-armeb:M::x::/q:\n:qemu-arm:M::" MAGIC "::/q:OC\n", 0, "OC",
			4},
		{"blanks around it, no newline at the end", "  :qemu-arm:M::" MAGIC "::/q:F \t", 0,
			"F", 4},
		{"the first of two", ":qemu-arm:M::a::/q:P\n:qemu-arm:M::ab::/q:\n", 0, "P", 1},
		{"another delimiter", ",qemu-arm,M,0,a:b,,/q,PF", 0, "PF", 3},
		{"a delimiter in an escape", "xqemu-armxMxx\\x7fxx/qx", 0, "", 1},
		{"C without O", ":qemu-arm:M::a::/q:C", 0, "OC", 1},
		{"letters in any order", ":qemu-arm:M::a::/q:FCP", 0, "POCF", 1},
		{"letters of Linux 7.3", ":qemu-arm:M::a::/q:TF", 0, "OFT", 1},
		{"a mask", ":qemu-arm:M:1:a:\\xf0:/q:", 0, "", 1},
		{"a mask that is longer", "\n:qemu-arm:M:1:a:\\xf0\\x0f:/q:", 2, "", 0},
		{"an extension", ":qemu-arm:E::exe::/q:", 1, "", 0},
		{"no magic", ":qemu-arm:M::::/q:", 1, "", 0},
		{"no interpreter", ":qemu-arm:M::a:::", 1, "", 0},
		{"a relative interpreter", ":qemu-arm:M::a::q:", 1, "", 0},
		{"arguments behind the interpreter", ":qemu-arm:M::a::/q -L /:", 1, "", 0},
		{"an unknown flag", ":qemu-arm:M::a::/q:X", 1, "", 0},
		{"a bad offset", ":qemu-arm:M:x:a::/q:", 1, "", 0},
		{"an offset beyond the head", ":qemu-arm:M:256:a::/q:", 1, "", 0},
		{"a bad escape", ":qemu-arm:M::\\x4g::/q:", 1, "", 0},
		{"too few fields", ":qemu-arm:M::a::/q", -1, "", 0},
	};
#undef MAGIC

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = {.name = "qemu-arm", .state = ENTRY_DISABLED};
		const char *why = NULL;
		int line = descriptor_parse_line(&entry, rows[i].text, strlen(rows[i].text), &why);

		tap_ok(line == rows[i].line && strcmp(entry.flags, rows[i].flags) == 0
				&& entry.size == rows[i].size
				&& (line == 0 ? entry.interpreter[0] == '/'
					      : entry_is_blank(&entry))
				&& (line <= 0 || why != NULL),
			"line: %s: %s", rows[i].claim,
			line > 0           ? why
				: line < 0 ? "none"
					   : "taken");
	}
}

static void
test_unmasked(void)
{
	static const char text[] = "interpreter /i\nmagic m\n";
	struct entry entry = {.name = "qemu-arm"};
	const char *why;

	tap_ok(parse(&entry, text, strlen(text), &why) == 0 && !entry.masked
			&& entry.mask[0] == 0xff,
		"unmasked: no mask is a mask of all ones");
}

static void
test_sizes(void)
{
	static char text[1 << 20];
	struct entry entry = {.name = "qemu-arm", .state = ENTRY_ENABLED};
	size_t end = strlen(framework);
	const char *why;

	memset(text, '#', sizeof(text));
	memcpy(text, framework, end);
	tap_ok(parse(&entry, text, DESCRIPTOR_TEXT_MAX, &why) == 0, "sizes: 64 KiB");
	tap_ok(parse(&entry, text, DESCRIPTOR_TEXT_MAX + 1, &why) == 9 && entry_is_blank(&entry),
		"sizes: a byte more is refused, with the line that it is on");
	memset(text, 'x', sizeof(text));
	tap_ok(parse(&entry, text, sizeof(text), &why) == 1, "sizes: a line of 1 MiB is refused");
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '\n' : 'x';
	tap_ok(parse(&entry, text, sizeof(text), &why) == DESCRIPTOR_TEXT_MAX / 2 + 1,
		"sizes: the line where a long file passes 64 KiB");

	for (size_t size = ENTRY_LINE_MAX; size <= ENTRY_LINE_MAX + 1; size++) {
		static const char key[] = "interpreter ";
		static const char magic[] = "\nmagic m\n";
		bool fits = size == ENTRY_LINE_MAX;
		int line;

		memset(text, '/', sizeof(key) + size);
		memcpy(text, key, sizeof(key) - 1);
		memcpy(text + sizeof(key) - 1 + size, magic, sizeof(magic) - 1);
		line = parse(&entry, text, sizeof(key) + size + sizeof(magic) - 2, &why);
		tap_ok(fits ? line == 0 && strlen(entry.interpreter) == size
			    : line == 1 && entry_is_blank(&entry),
			"sizes: an interpreter of %zu bytes is %s", size,
			fits ? "taken" : "refused");
	}
}

/* Any text, cut off or changed anywhere, is taken with facts that hold, or refused with a line of it. */
static bool
holds(const char *text, size_t length)
{
	struct entry entry = {.name = "qemu-arm", .state = ENTRY_ENABLED};
	const char *why = NULL;
	int line = parse(&entry, text, length, &why);
	int lines = length == 0 || text[length - 1] != '\n';

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	if (line)
		return line > 0 && line <= lines && why && entry_is_blank(&entry);
	return entry.interpreter[0] == '/' && !strchr(entry.interpreter, '\n')
		&& entry.extension[0] == '\0' && entry.size > 0
		&& entry.size + entry.offset <= ENTRY_HEAD_SIZE && entry.state == ENTRY_ENABLED;
}

static void
test_changed(const char *path)
{
	static const char bytes[] = "\n\r \t\\x:/#09aFgz\xff";
	static char text[4096];
	static char changed[sizeof(text) + 1];
	FILE *file = fopen(path, "r");
	unsigned int wrong = 0;
	size_t length;

	if (!file) {
		tap_ok(false, "changed: %s: cannot be read", path);
		return;
	}
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	for (size_t at = 0; at <= length; at++) {
		wrong += !holds(text, at);
		for (size_t i = 0; i < sizeof(bytes); i++) {
			memcpy(changed, text, at);
			changed[at] = bytes[i];
			memcpy(changed + at + 1, text + at, length - at);
			wrong += !holds(changed, length + 1);
			if (at == length)
				continue;
			memcpy(changed + at + 1, text + at + 1, length - at - 1);
			wrong += !holds(changed, length);
		}
	}
	tap_ok(wrong == 0, "changed: %s: %u of its changed forms are read wrongly",
		strrchr(path, '/') ? strrchr(path, '/') + 1 : path, wrong);
}

/* Here as well, for it has no program of its own: how names and reasons are written. */
static void
test_fault(void)
{
	struct fault fault;
	char text[10], *notes = NULL;

	tap_ok(text_escape(text, sizeof(text), "a b") == 6 && strcmp(text, "a\\x20b") == 0,
		"escape: a blank");
	tap_ok(text_escape(text, sizeof(text), "\\\n") == 8 && strcmp(text, "\\x5c\\x0a") == 0,
		"escape: a backslash and a newline");
	tap_ok(text_escape(text, sizeof(text), "~\x7f\xc3") == 9
			&& strcmp(text, "~\\x7f\\xc3") == 0,
		"escape: all that is not printable ASCII, in the last byte there is");
	tap_ok(text_escape(text, sizeof(text), "1234567\tx") == 12 && strcmp(text, "1234567") == 0,
		"escape: cut off before a character that does not fit, with nothing after it");
	tap_ok(text_escape(text, sizeof(text), "1234567890") == 10
			&& strcmp(text, "123456789") == 0,
		"escape: cut off for the NUL at the end");
	text[0] = 'x';
	tap_ok(text_escape(text, 0, "a b") == 6 && text[0] == 'x', "escape: the length alone");

	fault_set(&fault, 2, "/a b", "open%d", 1);
	tap_ok(fault.error == 2 && strcmp(fault.object, "/a\\x20b") == 0
			&& strcmp(fault.why, "open1: No such file or directory") == 0,
		"fault: an error has its words");
	fault_set(&fault, 0, "b", "%s", "a rule");
	tap_ok(fault.error == 0 && strcmp(fault.object, "b") == 0
			&& strcmp(fault.why, "a rule") == 0,
		"fault: a rule stands alone");
	fault_wrap(&fault, "%s, ", "first");
	tap_ok(strcmp(fault.why, "first, a rule") == 0, "fault: a reason in front of another");
	fault_set(NULL, 1, "b", "nobody asks");
	fault_note(&notes, "%d", 1);
	fault_note(&notes, "%s", "two");
	tap_ok(notes != NULL && strcmp(notes, "1\ntwo") == 0, "fault: notes are lines");
	free(notes);
}

int
main(int argc, char **argv)
{
	test_written();
	test_unmasked();
	test_lines();
	test_sizes();
	for (int i = 1; i < argc; i++)
		test_changed(argv[i]);
	test_fault();
	return tap_end();
}
