/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry_kernel: entry.c against the kernel that runs it, on the binfmt_misc at its usual place,
 * which must be empty and the caller's own. Registers entries, reads them back and has the
 * kernel match them.
 */
#include "entry.h"
#include "entry_text.h"
#include "tap.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLE        "/proc/sys/fs/binfmt_misc/"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Fixed, so that a failure comes again. */
static unsigned long random_state = 88172645463325252UL;

/* A number below limit. */
static unsigned int
random_below(unsigned int limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned int)(random_state >> 33) % limit;
}

/* A control that the kernel refuses to open or write is a failed claim of the caller. */
static bool
file_write(const char *path, const char *text, size_t length)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written;

	if (fd < 0)
		return false;
	written = write(fd, text, length) == (ssize_t)length;
	close(fd);
	return written;
}

static bool
entry_register(const char *line, size_t length)
{
	return file_write(TABLE "register", line, length);
}

/* Returns the length of an entry's text, 0 if it cannot be read. */
static size_t
entry_read(const char *name, char text[ENTRY_TEXT_MAX])
{
	char path[sizeof(TABLE) + NAME_MAX];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), TABLE "%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	length = read(fd, text, ENTRY_TEXT_MAX);
	close(fd);
	return length < 0 ? 0 : (size_t)length;
}

static bool
entry_write(const char *name, const char *command)
{
	char path[sizeof(TABLE) + NAME_MAX];

	snprintf(path, sizeof(path), TABLE "%s", name);
	return file_write(path, command, strlen(command));
}

/* Register an entry by its line, read it, and remove it again. Returns what differs, or NULL. */
static const char *
round_trip(const struct entry *entry)
{
	char line[ENTRY_LINE_MAX + 1];
	char text[ENTRY_TEXT_MAX];
	char printed[ENTRY_TEXT_MAX];
	struct entry back = {.state = ENTRY_UNTESTED};
	const char *why;
	size_t size;
	int length = entry_format(entry, "", line, &why);

	if (length < 0)
		return why;
	if (!entry_register(line, (size_t)length))
		return strerror(errno);
	size = entry_read(entry->name, text);
	memcpy(back.name, entry->name, sizeof(back.name));
	if (entry_parse(&back, text, size, &why) != 0)
		return why;
	if (back.state != ENTRY_ENABLED || !entry_same(entry, &back))
		return "it reads back as another entry";
	if (back.strange || back.print != entry_print(entry))
		return "its fingerprint is not the one that it was to have";
	if (entry_text(&back, printed) != size || memcmp(printed, text, size) != 0)
		return "the kernel prints it in another way";
	if (!entry_write(entry->name, "0"))
		return "it cannot be disabled";
	size = entry_read(entry->name, text);
	if (entry_parse(&back, text, size, &why) != 0 || back.state != ENTRY_DISABLED
		|| !entry_same(entry, &back) || back.print != entry_print(entry))
		return "disabled it reads back as another entry";
	if (!entry_write(entry->name, "-1"))
		return "it cannot be removed";
	return NULL;
}

static void
test_edges(void)
{
	static struct {
		const char *claim;
		struct entry entry;
	} rows[] = {
		{"the usual entry",
			{.name = "qemu-arm",
				.interpreter = "/usr/bin/qemu-arm-static",
				.flags = "POC",
				.size = 4,
				.masked = true,
				.magic = {0x7f, 'E', 'L', 'F'},
				.mask = {0xff, 0xff, 0, 0xfe}}},
		{"all flags", {.name = "f", .interpreter = "/bin/sh", .size = 1, .flags = "POCF"}},
		{"a magic of all bytes", {.name = "all", .interpreter = "/b", .size = 256}},
		{"a magic of colons, backslashes and newlines",
			{.name = "m", .interpreter = "/b", .size = 7, .magic = ":\\x41\n:"}},
		{"a mask of all ones",
			{.name = "m",
				.interpreter = "/b",
				.size = 2,
				.masked = true,
				.mask = {0xff, 0xff}}},
		{"a mask of zeros", {.name = "m", .interpreter = "/b", .size = 2, .masked = true}},
		{"offset 200", {.name = "o", .interpreter = "/b", .offset = 200, .size = 56}},
		{"the last byte", {.name = "o", .interpreter = "/b", .offset = 255, .size = 1}},
		{"an extension", {.name = "e", .interpreter = "/b", .extension = "tar.gz"}},
		{"an extension of odd bytes",
			{.name = "e", .interpreter = "/b", .extension = ".:|\\x41 \t\r\x1b\xff"}},
		{"the shortest line", {.name = "e", .interpreter = "b", .extension = "x"}},
		{"a name of odd bytes",
			{.name = " :\\x41\t\r\x1b\x7f\xff", .interpreter = "/b", .size = 1}},
		{"a name that looks like a control",
			{.name = "...", .interpreter = "/b", .size = 1}},
		{"a relative interpreter", {.name = "i", .interpreter = "qemu-arm", .size = 1}},
		{"an interpreter of blanks", {.name = "i", .interpreter = "  ", .size = 1}},
		{"an interpreter of odd bytes",
			{.name = "i", .interpreter = "/ :|,\\x41\t\r\x1b\x7f\xff", .size = 1}},
		{"an interpreter that looks like fields",
			{.name = "i", .interpreter = "/b:P", .size = 1}},
		{"an interpreter that uses up all delimiters but one",
			{.name = "i",
				.interpreter = "/:|,;!#$%&()*+-<=>?@[]^_`{}~'\" ",
				.size = 1}},
		{"an interpreter of 1600 bytes", {.name = "long", .size = 1}},
		{"a name of 255 bytes", {.interpreter = "/b", .size = 1}},
		{"a line of 1920 bytes", {.name = "full", .size = 1}},
	};
	struct entry *magic = &rows[2].entry;
	struct entry *name = &rows[COUNT(rows) - 2].entry;

	for (unsigned int i = 0; i < ENTRY_HEAD_SIZE; i++)
		magic->magic[i] = (unsigned char)i;
	memset(rows[COUNT(rows) - 3].entry.interpreter, 'i', 1600);
	memset(name->name, 'n', NAME_MAX);
	memset(rows[COUNT(rows) - 1].entry.interpreter, 'i',
		ENTRY_LINE_MAX - strlen(":full:M:0:\\x00:::"));

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = round_trip(&rows[i].entry);

		tap_ok(!why, "kernel: %s: %s", rows[i].claim,
			why ? why : "registered and read back");
	}
}

/* Every byte but NUL, slash and newline, the delimiters more often than the rest. */
static void
random_text(char *text, unsigned int limit)
{
	static const char often[] = ":|,;!#$%& \t\\x41POCF.";
	unsigned int length = 1 + random_below(limit);

	for (unsigned int i = 0; i < length; i++) {
		text[i] = often[random_below(sizeof(often) - 1)];
		if (random_below(2))
			text[i] = (char)random_below(256);
		if (text[i] == '\0' || text[i] == '/' || text[i] == '\n')
			text[i] = '-';
	}
	text[length] = '\0';
}

static void
random_entry(struct entry *entry)
{
	/* As the kernel prints them: in its order, and C with O. */
	static const char *const flags[] = {
		"", "P", "O", "PO", "OC", "POC", "F", "PF", "OF", "POF", "OCF", "POCF"};

	*entry = (struct entry){.interpreter = "/bin/sh"};
	do
		random_text(entry->name, random_below(4) ? 10 : NAME_MAX);
	while (!entry_name_valid(entry->name));
	strcpy(entry->flags, flags[random_below(COUNT(flags))]);
	/* F opens the interpreter; an absolute one is what newer kernels ask for with C. */
	if (!entry_has(entry, 'F'))
		random_text(entry->interpreter + 1, random_below(4) ? 30 : 1600);
	if (random_below(8) == 0) {
		random_text(entry->extension, 20);
		return;
	}
	entry->size = 1 + random_below(random_below(4) ? 20 : ENTRY_HEAD_SIZE);
	entry->offset = random_below(ENTRY_HEAD_SIZE - entry->size + 1);
	entry->masked = random_below(2);
	memset(entry->mask, 0xff, sizeof(entry->mask));
	for (unsigned int i = 0; i < entry->size; i++) {
		entry->magic[i] = (unsigned char)random_below(256);
		if (entry->masked)
			entry->mask[i] = (unsigned char)random_below(256);
	}
}

static void
test_random(unsigned int count)
{
	char line[ENTRY_LINE_MAX + 1];
	char shown[ENTRY_LINE_MAX * 4 + 1];
	unsigned int done = 0;
	unsigned int wrong = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct entry entry;
		const char *why;

		random_entry(&entry);
		if (entry_format(&entry, "", line, &why) < 0)
			continue;
		why = round_trip(&entry);
		if (why) {
			text_escape(shown, sizeof(shown), line);
			printf("# %s: %s\n", shown, why);
			entry_write(entry.name, "-1");
			wrong++;
		}
		done++;
	}
	tap_ok(done > count / 2 && wrong == 0,
		"kernel: of %u random entries %u are not registered and read back", done, wrong);
}

/*
 * Entries that others have registered: a newline in an interpreter forges no line that is known here; what is
 * known in full can be registered again.
 */
static void
test_forged(void)
{
	static const struct {
		const char *claim;
		const char *line;
		enum { REFUSED, STRANGE, KNOWN } is;
	} rows[] = {
		{"flags", "|x|M|0|a||/i\nflags: P|", REFUSED},
		{"a magic", "|x|M|0|a||/i\nflags: \noffset 0\nmagic 7f\n|", REFUSED},
		{"an extension", "|x|M|0|a||/i\nextension .x|", REFUSED},
		{"a handler in BPF", "|x|M|0|a||/i\nbpf x|", REFUSED},
		{"a mask", "|x|M|0|a||/i\nmask 00|", REFUSED},
		{"an interpreter", "|x|M|0|a||/i\ninterpreter /j|", REFUSED},
		{"another entry",
			"|x|M|0|a||/i\ndisabled\ninterpreter /j\nflags: \noffset 0\nmagic 00|",
			REFUSED},
		{"an unknown line", "|x|M|0|a||/i\nowner root|", STRANGE},
		{"an unknown line in an extension", "|x|E||a\nb||/i|", STRANGE},
		{"an empty line", "|x|M|0|a||/i\n|", STRANGE},
		{"nothing: no offset, an escaped magic, a newline at the end",
			":x:M::\\x7F\\n::/i:PP\n", KNOWN},
		{"nothing: a signed offset, another delimiter", "+x+M+007+a+b+/bin/sh+FO", KNOWN},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ENTRY_TEXT_MAX], line[ENTRY_LINE_MAX + 1];
		struct entry entry = {.name = "x"};
		const char *why = NULL;
		size_t size;
		int is;

		if (!entry_register(rows[i].line, strlen(rows[i].line))) {
			tap_ok(false, "forged: %s: %s", rows[i].claim, strerror(errno));
			continue;
		}
		size = entry_read("x", text);
		is = entry_parse(&entry, text, size, &why) != 0 ? REFUSED
			: entry.strange                         ? STRANGE
								: KNOWN;
		tap_ok(size > 0 && is == (int)rows[i].is, "forged: %s: %s", rows[i].claim,
			is == REFUSED           ? why
				: is == STRANGE ? "strange"
						: "known");
		entry_write("x", "-1");
		if (is == STRANGE)
			tap_ok(entry_format(&entry, "", line, &why) == -1,
				"forged: %s: not registered again", rows[i].claim);
		if (is == KNOWN) {
			why = round_trip(&entry);
			tap_ok(!why, "forged: %s: %s", rows[i].claim,
				why ? why : "registered again");
		}
	}
}

/* What entry_format refuses, the kernel refuses as well (a newline in a name apart). */
static void
test_refused(void)
{
	static const struct {
		const char *claim;
		const char *line;
	} rows[] = {
		{"no name", "::M:0:aaaa::/i:"},
		{"a slash in the name", ":a/b:M:0:a::/i:"},
		{"the name .", ":.:M:0:a::/iiii:"},
		{"the name ..", ":..:M:0:a::/iii:"},
		{"the name status", ":status:M:0:a::/i:"},
		{"the name register", ":register:M:0:a::/i:"},
		{"no interpreter", ":x:M:0:aaaa:::"},
		{"no magic", ":x:M:0:::/iiii:"},
		{"a magic beyond the head", ":x:M:255:ab::/i:"},
		{"lengths that differ", ":x:M:0:a:bc:/i:"},
		{"no extension", ":x:E::::/iiiiiiii:"},
		{"a slash in the extension", ":x:E::a/b::/i:"},
	};
	static const char start[] = ":x:M:0:a::/";
	char longest[ENTRY_LINE_MAX + 1];

	for (size_t i = 0; i < COUNT(rows); i++)
		tap_ok(!entry_register(rows[i].line, strlen(rows[i].line)), "kernel: refused: %s",
			rows[i].claim);
	memset(longest, 'i', sizeof(longest));
	memcpy(longest, start, sizeof(start) - 1);
	longest[sizeof(longest) - 1] = ':';
	tap_ok(!entry_register(longest, sizeof(longest)), "kernel: refused: a line of 1921 bytes");
}

/*
 * Whether the kernel takes a program that starts with head for an entry: the interpreter is
 * missing, so exec ends in ENOENT then, and in ENOEXEC when nobody takes it. -1 for
 * anything else.
 */
static int
kernel_matches(const unsigned char head[ENTRY_HEAD_SIZE])
{
	static char *const none[] = {NULL};
	char path[64];
	int error;
	int fd = memfd_create("head", 0);

	if (fd < 0 || write(fd, head, ENTRY_HEAD_SIZE) != ENTRY_HEAD_SIZE)
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execve(path, none, none);
	error = errno;
	close(fd);
	return error == ENOENT ? 1 : error == ENOEXEC ? 0 : -1;
}

static void
test_matches(unsigned int count)
{
	unsigned int matched = 0;
	unsigned int wrong = 0;
	unsigned int failed = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct entry entry = {.name = "x", .interpreter = "/nonexistent/interpreter"};
		unsigned char head[ENTRY_HEAD_SIZE];
		char line[ENTRY_LINE_MAX + 1];
		const char *why;
		int length;

		entry.size = 1 + random_below(random_below(4) ? 4 : 100);
		entry.offset = random_below(ENTRY_HEAD_SIZE - entry.size + 1);
		entry.masked = random_below(4) > 0;
		/*
		 * Few values, so that matches are frequent, and printable ones: for those some
		 * kernels look for no module.
		 */
		for (unsigned int at = 0; at < ENTRY_HEAD_SIZE; at++)
			head[at] = (unsigned char)('@' + random_below(2));
		for (unsigned int at = 0; at < entry.size; at++) {
			unsigned int near = random_below(entry.size * 2);

			entry.magic[at] = head[entry.offset + at] ^ (unsigned char)(near == 0);
			entry.mask[at] = entry.masked && random_below(2) ? 0xfe : 0xff;
		}
		length = entry_format(&entry, "", line, &why);
		if (length < 0 || !entry_register(line, (size_t)length)) {
			failed++;
			continue;
		}
		for (int change = 0; change < 8; change++) {
			int taken = kernel_matches(head);

			matched += taken == 1;
			failed += taken < 0;
			wrong += taken != entry_matches(&entry, head);
			head[(entry.offset + random_below(entry.size + 1)) % ENTRY_HEAD_SIZE] ^=
				(unsigned char)(1 << random_below(4));
		}
		entry_write("x", "-1");
	}
	tap_ok(failed == 0, "matches: %u of %u entries could not be tried", failed, count);
	tap_ok(wrong == 0, "matches: the kernel decides otherwise for %u of %u programs", wrong,
		count * 8);
	tap_ok(matched > count && matched < count * 7, "matches: %u programs are taken", matched);
}

int
main(void)
{
	test_edges();
	test_random(3000);
	test_forged();
	test_refused();
	test_matches(1000);
	return tap_end();
}
