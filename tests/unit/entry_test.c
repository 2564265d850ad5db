/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry_test GOOD...: what entry.c says of texts, lines and programs. GOOD are files with texts
 * that kernels have printed.
 */
#include "entry.h"
#include "entry_text.h"
#include "tap.h"

#include <string.h>

#define PRINT_OF_X   0xc15220f3U
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define QEMU_MAGIC "7f454c4601010100000000000000000002002800"
#define QEMU_MASK  "ffffffffffffff00fffffffffffffffffeffffff"
#define QEMU_HEAD  "enabled\ninterpreter /q\nflags: P\n"

/* 256 bytes in hexadecimal */
#define HEX16  "000102030405060708090a0b0c0d0e0f"
#define HEX64  HEX16 HEX16 HEX16 HEX16
#define HEX256 HEX64 HEX64 HEX64 HEX64

static struct entry
entry_of(const char *text)
{
	struct entry entry = {.name = "test"};
	const char *why;

	entry_parse(&entry, text, strlen(text), &why);
	return entry;
}

/* A refused text leaves nothing behind but the name and that it is not known. */
static bool
is_refused(const struct entry *entry)
{
	return entry->state == ENTRY_UNKNOWN && strcmp(entry->name, "test") == 0
		&& entry_is_blank(entry);
}

static void
test_fields(void)
{
	static const unsigned char magic[20] = {
		0x7f, 'E', 'L', 'F', 1, 1, 1, [16] = 2, [18] = 0x28};
	struct entry entry = entry_of("disabled\ninterpreter /usr/bin/qemu-arm-static\nflags: POC\n"
				      "offset 0\nmagic " QEMU_MAGIC "\nmask " QEMU_MASK "\n");

	tap_ok(entry.state == ENTRY_DISABLED, "parse: the state");
	tap_ok(strcmp(entry.name, "test") == 0, "parse: the name is kept");
	tap_ok(strcmp(entry.interpreter, "/usr/bin/qemu-arm-static") == 0,
		"parse: the interpreter");
	tap_ok(strcmp(entry.flags, "POC") == 0 && entry_has(&entry, 'C') && !entry_has(&entry, 'F'),
		"parse: the flags");
	tap_ok(!entry.strange && !entry.handler, "parse: nothing of it is strange");
	tap_ok(entry.offset == 0 && entry.size == 20, "parse: offset and size");
	tap_ok(memcmp(entry.magic, magic, sizeof(magic)) == 0, "parse: the magic");
	tap_ok(entry.masked && entry.mask[6] == 0xff && entry.mask[7] == 0
			&& entry.mask[16] == 0xfe,
		"parse: the mask");

	entry = entry_of(QEMU_HEAD "offset 255\nmagic 00\n");
	tap_ok(entry.state == ENTRY_ENABLED && entry.offset == 255 && entry.size == 1
			&& !entry.masked && entry.mask[0] == 0xff,
		"parse: the last byte of a head, and no mask is a mask of all ones");
	entry = entry_of(QEMU_HEAD "offset 0\nmagic " HEX256 "\nmask " HEX256 "\n");
	tap_ok(entry.size == 256, "parse: a magic and a mask of 256 bytes");
	entry = entry_of("enabled\ninterpreter wine\nflags: F\nextension .tar.gz\n");
	tap_ok(strcmp(entry.extension, "tar.gz") == 0 && entry.size == 0
			&& strcmp(entry.flags, "F") == 0 && !entry.strange,
		"parse: an extension");
}

/* Texts of later kernels, and of entries that cannot be registered from here: known in part. */
static void
test_strange(void)
{
	static const struct {
		const char *claim;
		const char *text;
		const char *flags;
		bool strange, handler;
		unsigned int takes;
	} rows[] = {
		{"an unknown line", QEMU_HEAD "offset 0\nmagic " QEMU_MAGIC "\ncolour blue\n", "P",
			true, false, ENTRY_EXEC},
		{"an unknown line in front",
			"enabled\nowner 0\ninterpreter /q\nflags: \noffset 0\nmagic 7f\n", "", true,
			false, ENTRY_ALL},
		{"an empty line", QEMU_HEAD "offset 0\nmagic 7f\n\n", "P", true, false, ENTRY_ALL},
		{"an unknown letter", "enabled\ninterpreter /q\nflags: POZ\noffset 0\nmagic 7f\n",
			"POZ", true, false, ENTRY_ALL},
		{"transparent", "enabled\ninterpreter /q\nflags: OT\noffset 0\nmagic 7f\n", "OT",
			false, false, ENTRY_ALL},
		{"a loader", "enabled\ninterpreter /q\nflags: L\noffset 0\nmagic 7f\n", "L", false,
			false, 0},
		{"a handler in BPF",
			"enabled\nbpf qemu\nbpf-interpreter a /a\nbpf-interpreter b /b\nflags: OT\n",
			"OT", false, true, 0},
		{"no flags line", "enabled\ninterpreter /q\noffset 0\nmagic 7f\n", "", false, false,
			ENTRY_ALL},
		{"lines in another order",
			"disabled\noffset 0\nmagic 7f\nflags: F\ninterpreter /q\n", "F", false,
			false, ENTRY_ALL},
		{"neither magic nor extension", QEMU_HEAD, "P", true, false, 0},
		{"a line that lacks its blank", QEMU_HEAD "flags:\noffset 0\nmagic 7f\n", "P", true,
			false, ENTRY_ALL},
	};
	char line[ENTRY_LINE_MAX + 1];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = entry_of(rows[i].text);
		const char *why = NULL;

		tap_ok(entry.state == ENTRY_ENABLED || entry.state == ENTRY_DISABLED,
			"strange: %s: known", rows[i].claim);
		tap_ok(strcmp(entry.flags, rows[i].flags) == 0 && entry.strange == rows[i].strange
				&& entry.handler == rows[i].handler
				&& entry_takes_armhf(&entry) == rows[i].takes,
			"strange: %s: what is known is right", rows[i].claim);
		if (rows[i].strange || rows[i].handler)
			tap_ok(entry_format(&entry, "", line, &why) == -1 && why,
				"strange: %s: no line registers it: %s", rows[i].claim,
				why ? why : "one does");
	}
}

static void
test_refused(void)
{
	static const struct {
		const char *claim;
		const char *text;
	} rows[] = {
		{"nothing", ""},
		{"a newline alone", "\n"},
		{"the state alone", "enabled\n"},
		{"another state", "Enabled\ninterpreter /q\nflags: P\noffset 0\nmagic 7f\n"},
		{"a blank after the state",
			"enabled \ninterpreter /q\nflags: P\noffset 0\nmagic 7f\n"},
		{"a carriage return", "enabled\r\ninterpreter /q\nflags: P\noffset 0\nmagic 7f\n"},
		{"cut off", QEMU_HEAD "offset 0\nmagic 7f"},
		{"no interpreter line", "enabled\nflags: P\noffset 0\nmagic 7f\n"},
		{"an empty interpreter", "enabled\ninterpreter \nflags: P\noffset 0\nmagic 7f\n"},
		{"a tab for the blank", "enabled\ninterpreter\t/q\nflags: P\noffset 0\nmagic 7f\n"},
		{"flags in lower case", "enabled\ninterpreter /q\nflags: p\noffset 0\nmagic 7f\n"},
		{"more flags than any kernel has",
			"enabled\ninterpreter /q\nflags: ABCDEFGHIJKLMNOP\noffset 0\nmagic 7f\n"},
		{"an empty magic", QEMU_HEAD "offset 0\nmagic \n"},
		{"a magic of half a byte", QEMU_HEAD "offset 0\nmagic 7f4\n"},
		{"a magic that is not hexadecimal", QEMU_HEAD "offset 0\nmagic 7g\n"},
		{"a magic with a blank", QEMU_HEAD "offset 0\nmagic 7f \n"},
		{"a magic of 257 bytes", QEMU_HEAD "offset 0\nmagic " HEX256 "00\n"},
		{"a magic beyond the head", QEMU_HEAD "offset 1\nmagic " HEX256 "\n"},
		{"an offset beyond the head", QEMU_HEAD "offset 256\nmagic 7f\n"},
		{"an offset of many digits", QEMU_HEAD "offset 4294967296\nmagic 7f\n"},
		{"a signed offset", QEMU_HEAD "offset -1\nmagic 7f\n"},
		{"an empty offset", QEMU_HEAD "offset \nmagic 7f\n"},
		{"a hexadecimal offset", QEMU_HEAD "offset 0x1\nmagic 7f\n"},
		{"a longer mask", QEMU_HEAD "offset 0\nmagic 7f\nmask ffff\n"},
		{"a mask that is longer than any",
			QEMU_HEAD "offset 0\nmagic " HEX256
				  "\nmask " HEX256 HEX256 HEX256 HEX256 HEX256 HEX256 "\n"},
		{"a shorter mask", QEMU_HEAD "offset 0\nmagic 7f45\nmask ff\n"},
		{"an empty mask", QEMU_HEAD "offset 0\nmagic 7f\nmask \n"},
		{"the mask before the magic", QEMU_HEAD "offset 0\nmask ff\nmagic 7f\n"},
		{"two masks", QEMU_HEAD "offset 0\nmagic 7f\nmask ff\nmask ff\n"},
		{"an extension beside a magic", QEMU_HEAD "extension .exe\noffset 0\nmagic 7f\n"},
		{"a magic beside an extension", QEMU_HEAD "offset 0\nmagic 7f\nextension .exe\n"},
		{"a handler in BPF beside a magic", QEMU_HEAD "offset 0\nmagic 7f\nbpf qemu\n"},
		{"two handlers", "enabled\nbpf a\nbpf b\nflags: \n"},
		{"two texts", QEMU_HEAD "offset 0\nmagic 7f\n" QEMU_HEAD "offset 0\nmagic 7f\n"},
		/* The interpreter is "/a", a newline, and what the forger wants to be read. */
		{"forged flags",
			"enabled\ninterpreter /a\nflags: \nflags: P\noffset 0\nmagic 7f\n"},
		{"a forged magic",
			"enabled\ninterpreter /a\nflags: P\noffset 0\nmagic 7f\nflags: P\noffset 0\n"
			"magic 7f\n"},
		{"a forged extension",
			"enabled\ninterpreter /a\nflags: P\nextension .x\nflags: P\nextension .x\n"},
		{"a forged handler",
			"enabled\ninterpreter /a\nbpf x\nflags: P\noffset 0\nmagic 7f\n"},
		{"a forged mask",
			"enabled\ninterpreter /a\nmask 00\nflags: P\noffset 0\nmagic 7f\n"},
		{"a forged interpreter",
			"enabled\ninterpreter /a\ninterpreter /b\nflags: P\noffset 0\nmagic 7f\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = {.name = "test", .state = ENTRY_ENABLED, .size = 3};
		const char *why = NULL;
		int status = entry_parse(&entry, rows[i].text, strlen(rows[i].text), &why);

		tap_ok(status == -1 && why && is_refused(&entry), "refused: %s: %s", rows[i].claim,
			why ? why : "taken");
	}
}

/* Try a text made from a good one: it is refused, or known as far as the lines that are known go. */
static bool
holds(const char *text, size_t length, unsigned int *refused)
{
	char again[ENTRY_TEXT_MAX];
	struct entry entry = {.name = "test"}, other = {.name = "test"};
	const char *why;

	if (entry_parse(&entry, text, length, &why) != 0) {
		++*refused;
		return is_refused(&entry);
	}
	/* An offset without a magic takes nothing, and no line registers it. */
	if (entry.strange || entry.handler || (entry.size == 0 && entry.extension[0] == '\0'))
		return entry.state == ENTRY_ENABLED || entry.state == ENTRY_DISABLED;
	length -= entry_text(&entry, again);
	return entry_parse(&other, again, strlen(again), &why) == 0 && entry_same(&entry, &other)
		&& entry_print(&entry) == other.print
		&& (length != 0 || memcmp(text, again, strlen(again)) != 0
			|| entry.print == other.print);
}

static void
test_good(const char *path)
{
	static const char bytes[] = "\n \t\r\\/.:09afAFGPOCFTx-\x7f\xff";
	static char text[ENTRY_TEXT_MAX];
	static char changed[ENTRY_TEXT_MAX * 2];
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	unsigned int refused = 0;
	unsigned int wrong = 0;
	FILE *file = fopen(path, "r");
	size_t length;

	if (!file) {
		tap_ok(false, "good: %s: cannot be read", name);
		return;
	}
	length = fread(text, 1, sizeof(text), file);
	fclose(file);
	tap_ok(holds(text, length, &refused) && refused == 0, "good: %s is taken as it is", name);

	for (size_t at = 0; at < length; at++) {
		/* cut off */
		wrong += !holds(text, at, &refused);
		/* a byte replaced, or one put in; sizeof: NUL is among them */
		for (size_t i = 0; i < sizeof(bytes); i++) {
			memcpy(changed, text, length);
			changed[at] = bytes[i];
			wrong += !holds(changed, length, &refused);
			memmove(changed + at + 1, text + at, length - at);
			wrong += !holds(changed, length + 1, &refused);
		}
		/* any piece left out, or repeated */
		for (size_t size = 1; size <= length - at; size++) {
			memcpy(changed, text, at);
			memcpy(changed + at, text + at + size, length - at - size);
			wrong += !holds(changed, length - size, &refused);
			memcpy(changed, text, at + size);
			memcpy(changed + at + size, text + at, length - at);
			wrong += !holds(changed, length + size, &refused);
		}
	}
	tap_ok(wrong == 0,
		"good: %s: of its changed forms %u are known and read back as another entry", name,
		wrong);
	tap_ok(refused > length, "good: %s: %u changed forms are refused", name, refused);
}

static void
test_format(void)
{
	static const struct {
		const char *claim;
		struct entry entry;
		const char *line; /* NULL: refused */
	} rows[] = {
		{"the customary line",
			{.name = "qemu-arm",
				.interpreter = "/usr/bin/qemu-arm-static",
				.flags = "POC",
				.size = 2,
				.masked = true,
				.magic = {0x7f, 0},
				.mask = {0xfe, 0xff}},
			":qemu-arm:M:0:\\x7f\\x00:\\xfe\\xff:/usr/bin/qemu-arm-static:POC"},
		{"no mask and no flags",
			{.name = "a",
				.interpreter = "/b",
				.offset = 200,
				.size = 1,
				.magic = {':'}},
			":a:M:200:\\x3a::/b:"},
		{"an extension",
			{.name = "a", .interpreter = "/b", .flags = "F", .extension = "exe"},
			":a:E::exe::/b:F"},
		{"another delimiter for a colon in the name",
			{.name = "a:", .interpreter = "/b", .size = 1}, "|a:|M|0|\\x00||/b|"},
		{"another delimiter for a colon and a bar in the interpreter",
			{.name = "a", .interpreter = "/b:|", .size = 1}, ",a,M,0,\\x00,,/b:|,"},
		{"another delimiter for a colon in the extension",
			{.name = "a", .interpreter = "/b", .extension = "x:"}, "|a|E||x:||/b|"},
		{"transparent", {.name = "a", .interpreter = "/b", .flags = "OFT", .size = 1},
			":a:M:0:\\x00::/b:OFT"},
		{"refused: an entry with unknown lines",
			{.name = "a", .interpreter = "/b", .size = 1, .strange = true}, NULL},
		{"refused: a handler in BPF", {.name = "a", .interpreter = "/b", .handler = true},
			NULL},
		{"refused: no name", {.interpreter = "/b", .size = 1}, NULL},
		{"refused: a slash in the name", {.name = "a/b", .interpreter = "/b", .size = 1},
			NULL},
		{"refused: no interpreter", {.name = "a", .size = 1}, NULL},
		{"refused: neither magic nor extension", {.name = "a", .interpreter = "/b"}, NULL},
		{"refused: a magic beyond the head",
			{.name = "a", .interpreter = "/b", .offset = 255, .size = 2}, NULL},
		{"refused: a newline in the name", {.name = "a\nb", .interpreter = "/b", .size = 1},
			NULL},
		{"refused: a newline in the interpreter",
			{.name = "a", .interpreter = "/b\n", .size = 1}, NULL},
		{"refused: a newline in the extension",
			{.name = "a", .interpreter = "/b", .extension = "x\n"}, NULL},
		{"refused: a slash in the extension",
			{.name = "a", .interpreter = "/b", .extension = "x/y"}, NULL},
		{"refused: no delimiter left",
			{.name = "a",
				.interpreter = "/:|,;!#$%&()*+-<=>?@[]^_`{}~'\" \t",
				.size = 1},
			NULL},
		{"refused: 256 bytes of magic and of mask",
			{.name = "a", .interpreter = "/b", .size = 256, .masked = true}, NULL},
	};
	const size_t free = ENTRY_LINE_MAX - strlen(":a:M:0:\\x00:::");
	struct entry longest = {.name = "a", .size = 1};
	char line[ENTRY_LINE_MAX + 1];
	const char *why;

	for (size_t i = 0; i < COUNT(rows); i++) {
		int length;

		why = NULL;
		length = entry_format(&rows[i].entry, "", line, &why);
		tap_ok(rows[i].line ? length == (int)strlen(line) && strcmp(line, rows[i].line) == 0
				    : length == -1 && why,
			"format: %s: %s", rows[i].claim, length < 0 ? why : line);
	}

	tap_ok(entry_format(&rows[0].entry, "D", line, &why) > 0 && strstr(line, ":POCD") != NULL,
		"format: one flag more");
	memset(longest.interpreter, 'i', free);
	tap_ok(entry_format(&longest, "", line, &why) == ENTRY_LINE_MAX
			&& strlen(line) == ENTRY_LINE_MAX,
		"format: a line of 1920 bytes");
	longest.interpreter[free] = 'i';
	tap_ok(entry_format(&longest, "", line, &why) == -1,
		"format: refused: a line of 1921 bytes");
}

static void
test_names(void)
{
	char name[NAME_MAX + 2] = "";

	tap_ok(entry_name_valid("qemu-arm") && entry_name_valid("..."), "name: usual and odd");
	tap_ok(entry_name_valid(" \n\\:"), "name: any bytes but a slash");
	tap_ok(!entry_name_valid(""), "name: not empty");
	tap_ok(!entry_name_valid(".") && !entry_name_valid(".."), "name: no dots alone");
	tap_ok(!entry_name_valid("register") && !entry_name_valid("status"),
		"name: not the controls");
	tap_ok(!entry_name_valid("../status") && !entry_name_valid("/"), "name: no slash");
	memset(name, 'n', NAME_MAX);
	tap_ok(entry_name_valid(name), "name: 255 bytes");
	memset(name, 'n', NAME_MAX + 1);
	tap_ok(!entry_name_valid(name), "name: not 256 bytes");
}

/* The fingerprint tells apart all that the kernel prints but for the state. */
static void
test_print(void)
{
	static const char *const others[] = {
		QEMU_HEAD "offset 0\nmagic 7f45\nmask ff00\n",
		QEMU_HEAD "offset 1\nmagic 7f\nmask ff\n",
		QEMU_HEAD "offset 1\nmagic 7f46\nmask ff00\n",
		QEMU_HEAD "offset 1\nmagic 7f45\nmask ffff\n",
		QEMU_HEAD "offset 1\nmagic 7f45\n",
		QEMU_HEAD "extension .exe\n",
		QEMU_HEAD "offset 1\nmagic 7f45\nmask ff00\nowner 0\n",
		"enabled\ninterpreter /r\nflags: P\noffset 1\nmagic 7f45\nmask ff00\n",
		"enabled\ninterpreter /q\nflags: \noffset 1\nmagic 7f45\nmask ff00\n",
		"enabled\nbpf q\nflags: P\n",
	};
	const struct entry one = entry_of(QEMU_HEAD "offset 1\nmagic 7f45\nmask ff00\n");
	struct entry other = entry_of(
		"disabled\ninterpreter /q\nflags: P\noffset 1\nmagic 7f45\nmask ff00\n");

	tap_ok(one.print != 0 && one.print == other.print, "print: the state does not count");
	strcpy(other.name, "other");
	other.magic[2] = 1;
	tap_ok(entry_print(&one) == one.print && entry_print(&other) == one.print,
		"print: that of an entry to be registered is that of its text, without its name");
	for (size_t i = 0; i < COUNT(others); i++) {
		other = entry_of(others[i]);
		tap_ok(other.state != ENTRY_UNKNOWN && other.print != one.print,
			"print: another entry, another fingerprint: %zu", i);
		if (!other.strange && !other.handler)
			tap_ok(entry_print(&other) == other.print,
				"print: the same before and after: %zu", i);
	}
	/* FNV-1a, 32 bits, over the lines behind the state: by another program. */
	other = entry_of("enabled\ninterpreter /q\nflags: \nextension .x\n");
	tap_ok(other.print == PRINT_OF_X, "print: its value does not change between releases");
}

static void
test_relative(void)
{
	struct entry entry = {.interpreter = "qemu-arm"};

	tap_ok(entry_relative(&entry), "relative: an interpreter without a slash in front");
	strcpy(entry.flags, "F");
	tap_ok(!entry_relative(&entry), "relative: not one that the kernel has opened");
	strcpy(entry.flags, "");
	entry.handler = true;
	tap_ok(!entry_relative(&entry), "relative: not a handler, which has none");
	entry = (struct entry){.interpreter = "/q"};
	tap_ok(!entry_relative(&entry), "relative: not an absolute path");
}

static void
test_takes(void)
{
	static const struct {
		const char *claim;
		const char *match;
		unsigned int takes;
		bool loose;
	} rows[] = {
		{"the usual entry", "offset 0\nmagic " QEMU_MAGIC "\nmask " QEMU_MASK "\n",
			ENTRY_ALL, false},
		{"ET_EXEC alone", "offset 0\nmagic " QEMU_MAGIC "\n", ENTRY_EXEC, false},
		{"ET_DYN alone", "offset 0\nmagic 7f454c4601010100000000000000000003002800\n",
			ENTRY_DYN, false},
		{"OS ABI 0 alone",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask fffffffffffffffffffffffffffffffffeffffff\n",
			ENTRY_EXEC | ENTRY_DYN, false},
		{"ET_REL alone", "offset 0\nmagic 7f454c4601010100000000000000000001002800\n", 0,
			false},
		{"hard float", "offset 36\nmagic 00040005\n", ENTRY_ALL, true},
		{"soft float", "offset 36\nmagic 00020005\n", 0, false},
		{"aarch64",
			"offset 0\nmagic 7f454c460201010000000000000000000200b700\nmask " QEMU_MASK
			"\n",
			0, false},
		{"armeb",
			"offset 0\nmagic 7f454c4601020100000000000000000000020028\nmask "
			"ffffffffffffff00fffffffffffffffffffeffff\n",
			0, false},
		{"every ELF", "offset 0\nmagic 7f454c46\n", ENTRY_ALL, true},
		{"every 32-bit ELF", "offset 0\nmagic 7f454c4601\n", ENTRY_ALL, true},
		{"every ELF for ARM", "offset 18\nmagic 2800\n", ENTRY_ALL, true},
		{"a class that is half masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask fffffffffcffff00fffffffffffffffffeffffff\n",
			ENTRY_ALL, true},
		{"a machine that is half masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask ffffffffffffff00fffffffffffffffffefffcff\n",
			ENTRY_ALL, true},
		{"the machine's high byte masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask ffffffffffffff00fffffffffffffffffeffff00\n",
			ENTRY_ALL, true},
		{"everything", "offset 0\nmagic 00\nmask 00\n", ENTRY_ALL, true},
		{"scripts", "offset 0\nmagic 2321\n", 0, false},
		{"an extension", "extension .elf\n", 0, false},
	};
	const struct entry nothing = {.state = ENTRY_UNKNOWN};
	/* Made by hand, as the caller may: what is in mask does not count then. */
	struct entry exact = entry_of(QEMU_HEAD "offset 0\nmagic " QEMU_MAGIC "\n");

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ENTRY_TEXT_MAX];
		struct entry entry;

		snprintf(text, sizeof(text), QEMU_HEAD "%s", rows[i].match);
		entry = entry_of(text);
		tap_ok(entry.state == ENTRY_ENABLED && entry_takes_armhf(&entry) == rows[i].takes,
			"takes: %s: %u", rows[i].claim, rows[i].takes);
		tap_ok((entry_loose(&entry) != NULL) == rows[i].loose, "loose: %s: %s",
			rows[i].claim, rows[i].loose ? "yes" : "no");
	}
	memset(exact.mask, 0, sizeof(exact.mask));
	tap_ok(entry_takes_armhf(&exact) == ENTRY_EXEC && entry_loose(&exact) == NULL,
		"loose: without a mask every byte counts: no");
	exact.magic[18]++;
	tap_ok(!entry_takes_armhf(&exact), "takes: without a mask every byte counts: no");
	exact = entry_of(QEMU_HEAD "offset 0\nmagic 7f454c46\n");
	tap_ok(entry_takes_own(&exact) == ENTRY_ALL, "takes: every ELF: this machine's own too");
	exact = entry_of(QEMU_HEAD "offset 4\nmagic 0102\n");
	tap_ok(entry_takes_own(&exact) == 0, "takes: big-endian programs: not this machine's own");
	exact = entry_of("enabled\ninterpreter /q\nflags: L\noffset 0\nmagic 7f454c46\n");
	tap_ok(entry_takes_own(&exact) == 0 && entry_takes_armhf(&exact) == 0,
		"takes: with flag L nothing, for the kernel runs it");
	tap_ok(entry_replaces_loader(&exact), "replaces the loader: with flag L: yes");
	exact = entry_of(QEMU_HEAD "offset 0\nmagic 7f454c46\n");
	tap_ok(!entry_replaces_loader(&exact), "replaces the loader: without flag L: no");
	exact = entry_of("enabled\ninterpreter /q\nflags: L\noffset 36\nmagic 00020005\n");
	tap_ok(!entry_replaces_loader(&exact), "replaces the loader: of soft float alone: no");
	tap_ok(!entry_takes_armhf(&nothing), "takes: an entry that is not known: no");
}

int
main(int argc, char **argv)
{
	test_fields();
	test_strange();
	test_refused();
	for (int i = 1; i < argc; i++)
		test_good(argv[i]);
	test_format();
	test_names();
	test_print();
	test_relative();
	test_takes();
	return tap_end();
}
