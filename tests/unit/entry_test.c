/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry_test GOOD...: what entry.c says of texts, lines and programs. GOOD are files with texts
 * that kernels have printed.
 */
#include "entry.h"
#include "entry_print.h"
#include "tap.h"

#include <string.h>

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
	tap_ok(entry.flags == (ENTRY_PRESERVE | ENTRY_OPEN | ENTRY_CREDENTIALS),
		"parse: the flags");
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
			&& entry.flags == ENTRY_FIX,
		"parse: an extension");
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
		{"no interpreter line", "enabled\nflags: P\noffset 0\nmagic 7f\n"},
		{"an empty interpreter", "enabled\ninterpreter \nflags: P\noffset 0\nmagic 7f\n"},
		{"a tab for the blank", "enabled\ninterpreter\t/q\nflags: P\noffset 0\nmagic 7f\n"},
		{"no flags line", "enabled\ninterpreter /q\noffset 0\nmagic 7f\n"},
		{"flags without the blank",
			"enabled\ninterpreter /q\nflags:\noffset 0\nmagic 7f\n"},
		{"repeated flags", "enabled\ninterpreter /q\nflags: PP\noffset 0\nmagic 7f\n"},
		{"flags in another order",
			"enabled\ninterpreter /q\nflags: FP\noffset 0\nmagic 7f\n"},
		{"C without O", "enabled\ninterpreter /q\nflags: PC\noffset 0\nmagic 7f\n"},
		{"a flag of another kernel",
			"enabled\ninterpreter /q\nflags: OT\noffset 0\nmagic 7f\n"},
		{"a handler in BPF", "enabled\nbpf qemu\nflags: \n"},
		{"no magic", QEMU_HEAD "offset 0\n"},
		{"an empty magic", QEMU_HEAD "offset 0\nmagic \n"},
		{"a magic of half a byte", QEMU_HEAD "offset 0\nmagic 7f4\n"},
		{"a magic that is not hexadecimal", QEMU_HEAD "offset 0\nmagic 7g\n"},
		{"upper-case digits", QEMU_HEAD "offset 0\nmagic 7F\n"},
		{"a magic with a blank", QEMU_HEAD "offset 0\nmagic 7f \n"},
		{"a magic of 257 bytes", QEMU_HEAD "offset 0\nmagic " HEX256 "00\n"},
		{"a magic beyond the head", QEMU_HEAD "offset 1\nmagic " HEX256 "\n"},
		{"an offset beyond the head", QEMU_HEAD "offset 256\nmagic 7f\n"},
		{"an offset far beyond the head", QEMU_HEAD "offset 999\nmagic 7f\n"},
		{"an offset of many digits", QEMU_HEAD "offset 4294967296\nmagic 7f\n"},
		{"an offset with a leading zero", QEMU_HEAD "offset 00\nmagic 7f\n"},
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
		{"an empty extension", QEMU_HEAD "extension .\n"},
		{"an extension without its dot", QEMU_HEAD "extension exe\n"},
		{"a slash in an extension", QEMU_HEAD "extension .a/b\n"},
		{"an extension beside a magic", QEMU_HEAD "extension .exe\noffset 0\nmagic 7f\n"},
		{"a magic beside an extension", QEMU_HEAD "offset 0\nmagic 7f\nextension .exe\n"},
		{"an empty line at the end", QEMU_HEAD "offset 0\nmagic 7f\n\n"},
		{"an empty line at the start", "\n" QEMU_HEAD "offset 0\nmagic 7f\n"},
		{"a carriage return", "enabled\r\ninterpreter /q\nflags: P\noffset 0\nmagic 7f\n"},
		{"two texts", QEMU_HEAD "offset 0\nmagic 7f\n" QEMU_HEAD "offset 0\nmagic 7f\n"},
		/* The interpreter is "/a", a newline, and what the forger wants to be read. */
		{"forged flags",
			"enabled\ninterpreter /a\nflags: \nflags: P\noffset 0\nmagic 7f\n"},
		{"a forged magic",
			"enabled\ninterpreter /a\nflags: P\noffset 0\nmagic 7f\nflags: P\noffset 0\n"
			"magic 7f\n"},
		{"a forged extension",
			"enabled\ninterpreter /a\nflags: P\nextension .x\nflags: P\nextension .x\n"},
		{"a newline in an extension", QEMU_HEAD "extension .a\nb\n"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct entry entry = {.name = "test", .state = ENTRY_ENABLED, .size = 3};
		const char *why = NULL;
		int status = entry_parse(&entry, rows[i].text, strlen(rows[i].text), &why);

		tap_ok(status == -1 && why && is_refused(&entry), "refused: %s: %s", rows[i].claim,
			why ? why : "taken");
	}
}

/* Try a text made from a good one: it is refused, or is a text that a kernel prints. */
static bool
holds(const char *text, size_t length, unsigned int *refused)
{
	char again[ENTRY_TEXT_MAX];
	struct entry entry = {.name = "test"};
	const char *why;

	if (entry_parse(&entry, text, length, &why) != 0) {
		++*refused;
		return is_refused(&entry);
	}
	return entry_print(&entry, again) == length && memcmp(again, text, length) == 0;
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
		"good: %s: of its changed forms %u are taken and not what a kernel prints", name,
		wrong);
	tap_ok(refused > length * 10, "good: %s: %u changed forms are refused", name, refused);
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
				.flags = ENTRY_PRESERVE | ENTRY_CREDENTIALS,
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
			{.name = "a", .interpreter = "/b", .flags = ENTRY_FIX, .extension = "exe"},
			":a:E::exe::/b:F"},
		{"another delimiter for a colon in the name",
			{.name = "a:", .interpreter = "/b", .size = 1}, "|a:|M|0|\\x00||/b|"},
		{"another delimiter for a colon and a bar in the interpreter",
			{.name = "a", .interpreter = "/b:|", .size = 1}, ",a,M,0,\\x00,,/b:|,"},
		{"another delimiter for a colon in the extension",
			{.name = "a", .interpreter = "/b", .extension = "x:"}, "|a|E||x:||/b|"},
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
		length = entry_format(&rows[i].entry, line, &why);
		tap_ok(rows[i].line ? length == (int)strlen(line) && strcmp(line, rows[i].line) == 0
				    : length == -1 && why,
			"format: %s: %s", rows[i].claim, length < 0 ? why : line);
	}

	memset(longest.interpreter, 'i', free);
	tap_ok(entry_format(&longest, line, &why) == ENTRY_LINE_MAX
			&& strlen(line) == ENTRY_LINE_MAX,
		"format: a line of 1920 bytes");
	longest.interpreter[free] = 'i';
	tap_ok(entry_format(&longest, line, &why) == -1, "format: refused: a line of 1921 bytes");
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

static void
test_flags(void)
{
	static const char *const texts[16] = {"", "P", "O", "PO", "OC", "POC", "OC", "POC", "F",
		"PF", "OF", "POF", "OCF", "POCF", "OCF", "POCF"};
	bool right = true;

	for (unsigned int flags = 0; flags < COUNT(texts); flags++) {
		char text[5];

		entry_flags_text(flags, text);
		right = right && strcmp(text, texts[flags]) == 0;
	}
	tap_ok(right, "flags: in the kernel's order, and C is never without O");
}

static void
test_same(void)
{
	const struct entry one = entry_of(QEMU_HEAD "offset 1\nmagic 7f45\nmask ff00\n");
	struct entry other = one;

	strcpy(other.name, "other");
	other.state = ENTRY_DISABLED;
	other.magic[2] = 1;
	tap_ok(entry_same(&one, &other), "same: name, state and what is not printed do not count");
	other = one;
	other.interpreter[1] = 'r';
	tap_ok(!entry_same(&one, &other), "same: the interpreter counts");
	other = one;
	other.flags = 0;
	tap_ok(!entry_same(&one, &other), "same: the flags count");
	other = one;
	other.offset = 0;
	tap_ok(!entry_same(&one, &other), "same: the offset counts");
	other = one;
	other.size = 1;
	tap_ok(!entry_same(&one, &other), "same: the size counts");
	other = one;
	other.magic[1] = 1;
	tap_ok(!entry_same(&one, &other), "same: the magic counts, masked out or not");
	other = one;
	other.mask[1] = 1;
	tap_ok(!entry_same(&one, &other), "same: the mask counts");
	other = one;
	strcpy(other.extension, "exe");
	tap_ok(!entry_same(&one, &other), "same: an extension counts");

	struct entry c = one;
	struct entry co = one;

	c.flags = ENTRY_CREDENTIALS;
	co.flags = ENTRY_CREDENTIALS | ENTRY_OPEN;
	tap_ok(entry_same(&c, &co), "same: C and CO are one");

	struct entry ones = entry_of(QEMU_HEAD "offset 1\nmagic 7f45\nmask ffff\n");
	struct entry none = entry_of(QEMU_HEAD "offset 1\nmagic 7f45\n");

	tap_ok(!entry_same(&ones, &none), "same: a mask of all ones is not the same as none");
}

static void
test_claims(void)
{
	static const struct {
		const char *claim;
		const char *match;
		bool claims;
		bool loose;
	} rows[] = {
		{"the usual entry", "offset 0\nmagic " QEMU_MAGIC "\nmask " QEMU_MASK "\n", true,
			false},
		{"ET_EXEC alone", "offset 0\nmagic " QEMU_MAGIC "\n", true, false},
		{"ET_DYN alone", "offset 0\nmagic 7f454c4601010100000000000000000003002800\n", true,
			false},
		{"ET_REL alone", "offset 0\nmagic 7f454c4601010100000000000000000001002800\n",
			false, false},
		{"hard float", "offset 36\nmagic 00040005\n", true, true},
		{"soft float", "offset 36\nmagic 00020005\n", false, false},
		{"aarch64",
			"offset 0\nmagic 7f454c460201010000000000000000000200b700\nmask " QEMU_MASK
			"\n",
			false, false},
		{"armeb",
			"offset 0\nmagic 7f454c4601020100000000000000000000020028\nmask "
			"ffffffffffffff00fffffffffffffffffffeffff\n",
			false, false},
		{"every ELF", "offset 0\nmagic 7f454c46\n", true, true},
		{"every 32-bit ELF", "offset 0\nmagic 7f454c4601\n", true, true},
		{"every ELF for ARM", "offset 18\nmagic 2800\n", true, true},
		{"a class that is half masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask fffffffffcffff00fffffffffffffffffeffffff\n",
			true, true},
		{"a machine that is half masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask ffffffffffffff00fffffffffffffffffefffcff\n",
			true, true},
		{"the machine's high byte masked out",
			"offset 0\nmagic " QEMU_MAGIC
			"\nmask ffffffffffffff00fffffffffffffffffeffff00\n",
			true, true},
		{"everything", "offset 0\nmagic 00\nmask 00\n", true, true},
		{"scripts", "offset 0\nmagic 2321\n", false, false},
		{"an extension", "extension .elf\n", false, false},
	};
	const struct entry nothing = {.state = ENTRY_UNKNOWN};
	/* Made by hand, as the caller may: what is in mask does not count then. */
	struct entry exact = entry_of(QEMU_HEAD "offset 0\nmagic " QEMU_MAGIC "\n");

	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[ENTRY_TEXT_MAX];
		struct entry entry;

		snprintf(text, sizeof(text), QEMU_HEAD "%s", rows[i].match);
		entry = entry_of(text);
		tap_ok(entry.state == ENTRY_ENABLED && entry_claims_armhf(&entry) == rows[i].claims,
			"claims: %s: %s", rows[i].claim, rows[i].claims ? "yes" : "no");
		tap_ok(entry_is_loose(&entry) == rows[i].loose, "loose: %s: %s", rows[i].claim,
			rows[i].loose ? "yes" : "no");
	}
	memset(exact.mask, 0, sizeof(exact.mask));
	tap_ok(entry_claims_armhf(&exact) && !entry_is_loose(&exact),
		"loose: without a mask every byte counts: no");
	exact.magic[18]++;
	tap_ok(!entry_claims_armhf(&exact), "claims: without a mask every byte counts: no");
	tap_ok(!entry_claims_armhf(&nothing), "claims: an entry that is not known: no");
}

int
main(int argc, char **argv)
{
	test_fields();
	test_refused();
	for (int i = 1; i < argc; i++)
		test_good(argv[i]);
	test_format();
	test_names();
	test_flags();
	test_same();
	test_claims();
	return tap_end();
}
