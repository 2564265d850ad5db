/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry: the text of a binfmt_misc entry, the line that registers it, and the programs it takes.
 * Pure: reads and writes nothing but its arguments, and is defined for any bytes.
 */
#include "entry.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define KNOWN_FLAGS "POCFTL"
#define PRINT_START 2166136261U /* FNV-1a, 32 bits */
#define PRINT_PRIME 16777619U

/* A piece of a text that is not ended by NUL. */
struct span {
	const char *start;
	size_t length;
};

/* If span begins with key, cut that off. */
static bool
span_skip(struct span *span, const char *key)
{
	size_t length = strlen(key);

	if (span->length < length || memcmp(span->start, key, length) != 0)
		return false;
	span->start += length;
	span->length -= length;
	return true;
}

/* Copy span, unless it is empty, into text of size bytes. */
static bool
span_copy(struct span span, char *text, size_t size)
{
	if (span.length == 0 || span.length >= size)
		return false;
	memcpy(text, span.start, span.length);
	text[span.length] = '\0';
	return true;
}

static uint32_t
print_add(uint32_t print, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		print = (print ^ (unsigned char)text[i]) * PRINT_PRIME;
	return print;
}

/* Letters, of which those that are not known here make the entry strange. */
static bool
flags_read(struct entry *entry, struct span span)
{
	for (size_t i = 0; i < span.length; i++) {
		char letter = span.start[i];

		if (letter < 'A' || letter > 'Z' || i + 1 >= sizeof(entry->flags))
			return false;
		entry->flags[i] = letter;
		entry->strange = entry->strange || !strchr(KNOWN_FLAGS, letter);
	}
	entry->flags[span.length] = '\0';
	return true;
}

/* Bytes as the kernel prints them. Returns how many, or 0 if they are not that. */
static unsigned int
hex_read(struct span span, unsigned char bytes[ENTRY_HEAD_SIZE])
{
	unsigned int size = (unsigned int)(span.length / 2);

	if (span.length % 2 != 0 || span.length / 2 > ENTRY_HEAD_SIZE)
		return 0;
	for (unsigned int i = 0; i < size; i++) {
		int high = text_digit(span.start[(size_t)i * 2]);
		int low = text_digit(span.start[(size_t)i * 2 + 1]);

		if (high < 0 || low < 0)
			return 0;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	return size;
}

enum line {
	LINE_INTERPRETER,
	LINE_FLAGS,
	LINE_OFFSET,
	LINE_MAGIC,
	LINE_MASK,
	LINE_EXTENSION,
	LINE_BPF,
	LINE_BPF_INTERPRETER,
	LINE_OTHER,
};

static const char *const line_keys[LINE_OTHER] = {
	[LINE_INTERPRETER] = "interpreter ",
	[LINE_FLAGS] = "flags: ",
	[LINE_OFFSET] = "offset ",
	[LINE_MAGIC] = "magic ",
	[LINE_MASK] = "mask ",
	[LINE_EXTENSION] = "extension .",
	[LINE_BPF] = "bpf ",
	[LINE_BPF_INTERPRETER] = "bpf-interpreter ",
};

/* Read one line behind the first. Returns NULL, or why the kernel cannot have printed it. */
static const char *
line_read(struct entry *entry, struct span line, unsigned int *seen)
{
	enum line key = LINE_INTERPRETER;
	unsigned long number;

	while (key != LINE_OTHER && !span_skip(&line, line_keys[key]))
		key++;
	if (key == LINE_OTHER) {
		entry->strange = true;
		return NULL;
	}
	if ((*seen & 1U << key) != 0 && key != LINE_BPF_INTERPRETER)
		return "its text has a line twice, as an interpreter with a newline makes it";
	*seen |= 1U << key;

	switch (key) {
	case LINE_INTERPRETER:
		return span_copy(line, entry->interpreter, sizeof(entry->interpreter))
			? NULL
			: "its text has no valid interpreter line";
	case LINE_FLAGS: return flags_read(entry, line) ? NULL : "its text has no valid flags line";
	case LINE_OFFSET:
		if (!text_number(line.start, line.length, ENTRY_HEAD_SIZE - 1, &number))
			return "its text has no valid offset line";
		entry->offset = (unsigned int)number;
		return NULL;
	case LINE_MAGIC:
		entry->size = hex_read(line, entry->magic);
		return entry->size > 0 ? NULL : "its text has no valid magic line";
	case LINE_MASK:
		entry->masked = true;
		return entry->size > 0 && hex_read(line, entry->mask) == entry->size
			? NULL
			: "its text has no valid mask line";
	case LINE_EXTENSION:
		/* One that does not fit here cannot be registered again. */
		entry->strange = entry->strange
			|| !span_copy(line, entry->extension, sizeof(entry->extension));
		return NULL;
	case LINE_BPF:
	case LINE_BPF_INTERPRETER: entry->handler = true; return NULL;
	case LINE_OTHER: break;
	}
	return NULL;
}

/* Fill *entry from the text. Returns NULL, or why the kernel cannot have printed it. */
static const char *
text_read(struct entry *entry, const char *text, size_t length)
{
	const unsigned int magic = 1U << LINE_MAGIC | 1U << LINE_OFFSET,
			   other = 1U << LINE_EXTENSION | 1U << LINE_BPF;
	struct span left = {text, length};
	unsigned int seen = 0;

	if (memchr(text, '\0', length))
		return "its text holds a NUL byte";
	if (length == 0 || text[length - 1] != '\n')
		return "its text is empty or cut off";
	if (span_skip(&left, "enabled\n"))
		entry->state = ENTRY_ENABLED;
	else if (span_skip(&left, "disabled\n"))
		entry->state = ENTRY_DISABLED;
	else
		return "its text says neither enabled nor disabled";

	memset(entry->mask, 0xff, sizeof(entry->mask));
	entry->print = print_add(PRINT_START, left.start, left.length);
	while (left.length > 0) {
		size_t end = (size_t)((const char *)memchr(left.start, '\n', left.length)
			- left.start);
		const char *why = line_read(entry, (struct span){left.start, end}, &seen);

		if (why)
			return why;
		left.start += end + 1;
		left.length -= end + 1;
	}
	if ((seen & (1U << LINE_INTERPRETER | 1U << LINE_BPF)) == 0)
		return "its text has neither an interpreter nor a bpf line";
	if ((seen & magic) != 0 && (seen & other) != 0)
		return "its text has the lines of two types, as an interpreter with a newline makes it";
	if ((seen & (magic | other)) == 0)
		entry->strange = true;
	if (entry->size > ENTRY_HEAD_SIZE - entry->offset)
		return "its text has a magic that no program can match";
	return NULL;
}

int
entry_parse(struct entry *entry, const char *text, size_t length, const char **why)
{
	char name[sizeof(entry->name)];

	memcpy(name, entry->name, sizeof(name));
	*entry = (struct entry){.state = ENTRY_UNTESTED};
	*why = text_read(entry, text, length);
	/* Nothing of a text that is not to be believed gets out. */
	if (*why)
		*entry = (struct entry){.state = ENTRY_UNKNOWN};
	memcpy(entry->name, name, sizeof(name));
	return *why ? -1 : 0;
}

/*
 * A byte that can stand between the fields: in none of them, no letter or digit (those are in
 * flags, type and escapes), no backslash or newline. The customary one first. 0 if there is none.
 */
static char
delimiter_choose(const struct entry *entry)
{
	static const char candidates[] = ":|,;!#$%&()*+-<=>?@[]^_`{}~'\" \t";

	for (const char *at = candidates; *at; at++)
		if (!strchr(entry->name, *at) && !strchr(entry->interpreter, *at)
			&& !strchr(entry->extension, *at))
			return *at;
	return '\0';
}

/* Write bytes as \xHH, four characters each and a NUL. */
static void
escapes_write(char *text, const unsigned char *bytes, unsigned int size)
{
	*text = '\0';
	for (unsigned int i = 0; i < size; i++)
		snprintf(text + (size_t)i * 4, 5, "\\x%02x", bytes[i]);
}

/* Why no line can register the entry, or NULL. */
static const char *
format_refuse(const struct entry *entry)
{
	if (entry->strange || entry->handler)
		return "its text has lines or flags that cannot be registered from here";
	if (!entry_name_valid(entry->name))
		return "no entry can have this name";
	if (entry->interpreter[0] == '\0')
		return "it has no interpreter";
	if (strchr(entry->name, '\n') || strchr(entry->interpreter, '\n')
		|| strchr(entry->extension, '\n'))
		return "its name, interpreter or extension holds a newline";
	if (strchr(entry->extension, '/'))
		return "its extension holds a slash";
	if (entry->extension[0] == '\0'
		&& (entry->size == 0 || entry->size > ENTRY_HEAD_SIZE
			|| entry->offset > ENTRY_HEAD_SIZE - entry->size))
		return "it has no magic within the first 256 bytes";
	return NULL;
}

int
entry_format(const struct entry *entry, const char *more, char *line, const char **why)
{
	char magic[ENTRY_HEAD_SIZE * 4 + 1], mask[ENTRY_HEAD_SIZE * 4 + 1];
	char d = delimiter_choose(entry);
	int length;

	*why = format_refuse(entry);
	if (!*why && !d)
		*why = "its name, interpreter and extension use up all delimiters";
	if (*why)
		return -1;
	if (entry->extension[0] != '\0') {
		length = snprintf(line, ENTRY_LINE_MAX + 1, "%c%s%cE%c%c%s%c%c%s%c%s%s", d,
			entry->name, d, d, d, entry->extension, d, d, entry->interpreter, d,
			entry->flags, more);
	} else {
		escapes_write(magic, entry->magic, entry->size);
		escapes_write(mask, entry->mask, entry->masked ? entry->size : 0);
		length = snprintf(line, ENTRY_LINE_MAX + 1, "%c%s%cM%c%u%c%s%c%s%c%s%c%s%s", d,
			entry->name, d, d, entry->offset, d, magic, d, mask, d, entry->interpreter,
			d, entry->flags, more);
	}
	if (length > ENTRY_LINE_MAX) {
		*why = "its registration is longer than the 1920 bytes that the kernel takes";
		return -1;
	}
	return length;
}

bool
entry_name_valid(const char *name)
{
	return name[0] != '\0' && strlen(name) <= NAME_MAX && !strchr(name, '/')
		&& strcmp(name, ".") != 0 && strcmp(name, "..") != 0
		&& strcmp(name, "register") != 0 && strcmp(name, "status") != 0;
}

bool
entry_has(const struct entry *entry, char flag)
{
	return strchr(entry->flags, flag) != NULL;
}

static uint32_t
print_string(uint32_t print, const char *text)
{
	return print_add(print, text, strlen(text));
}

static uint32_t
print_bytes(uint32_t print, const char *key, const unsigned char *bytes, unsigned int size)
{
	print = print_string(print, key);
	for (unsigned int i = 0; i < size; i++) {
		char digits[3];

		snprintf(digits, sizeof(digits), "%02x", bytes[i]);
		print = print_string(print, digits);
	}
	return print_string(print, "\n");
}

uint32_t
entry_print(const struct entry *entry)
{
	uint32_t print = print_string(PRINT_START, line_keys[LINE_INTERPRETER]);
	char offset[16];

	print = print_string(print_string(print, entry->interpreter), "\n");
	print = print_string(print, line_keys[LINE_FLAGS]);
	print = print_string(print_string(print, entry->flags), "\n");
	if (entry->extension[0] != '\0') {
		print = print_string(print, line_keys[LINE_EXTENSION]);
		return print_string(print_string(print, entry->extension), "\n");
	}
	snprintf(offset, sizeof(offset), "%u\n", entry->offset);
	print = print_string(print_string(print, line_keys[LINE_OFFSET]), offset);
	print = print_bytes(print, line_keys[LINE_MAGIC], entry->magic, entry->size);
	if (entry->masked)
		print = print_bytes(print, line_keys[LINE_MASK], entry->mask, entry->size);
	return print;
}

bool
entry_matches(const struct entry *entry, const unsigned char head[ENTRY_HEAD_SIZE])
{
	/* Without a magic there is nothing to compare: an extension, or an entry not read. */
	if (entry->size == 0)
		return false;
	for (unsigned int i = 0; i < entry->size; i++) {
		unsigned int care = entry->masked ? entry->mask[i] : 0xff;

		if (((head[entry->offset + i] ^ entry->magic[i]) & care) != 0)
			return false;
	}
	return true;
}

/* Which of the four kinds the entry matches, of programs that start with head but for these two fields. */
static unsigned int
kinds_matched(const struct entry *entry, unsigned char head[ENTRY_HEAD_SIZE], size_t type)
{
	static const struct {
		unsigned int kind;
		unsigned char type, abi;
	} kinds[] = {
		{ENTRY_EXEC, ET_EXEC, ELFOSABI_SYSV},
		{ENTRY_DYN, ET_DYN, ELFOSABI_SYSV},
		{ENTRY_EXEC_GNU, ET_EXEC, ELFOSABI_GNU},
		{ENTRY_DYN_GNU, ET_DYN, ELFOSABI_GNU},
	};
	unsigned int matched = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		head[EI_OSABI] = kinds[i].abi;
		head[type] = kinds[i].type;
		if (entry_matches(entry, head))
			matched |= kinds[i].kind;
	}
	return matched;
}

static unsigned int
armhf_matched(const struct entry *entry)
{
	/* The bytes that all armhf programs have in common, as they stand in the file. */
	unsigned char head[ENTRY_HEAD_SIZE] = {
		[EI_MAG0] = ELFMAG0,
		[EI_MAG1] = ELFMAG1,
		[EI_MAG2] = ELFMAG2,
		[EI_MAG3] = ELFMAG3,
		[EI_CLASS] = ELFCLASS32,
		[EI_DATA] = ELFDATA2LSB,
		[EI_VERSION] = EV_CURRENT,
		[offsetof(Elf32_Ehdr, e_machine)] = EM_ARM,
		[offsetof(Elf32_Ehdr, e_version)] = EV_CURRENT,
		[offsetof(Elf32_Ehdr, e_phoff)] = sizeof(Elf32_Ehdr),
		/* EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_HARD: 0x05000400 */
		[offsetof(Elf32_Ehdr, e_flags) + 1] = 0x04,
		[offsetof(Elf32_Ehdr, e_flags) + 3] = 0x05,
		[offsetof(Elf32_Ehdr, e_ehsize)] = sizeof(Elf32_Ehdr),
		[offsetof(Elf32_Ehdr, e_phentsize)] = sizeof(Elf32_Phdr),
	};

	return kinds_matched(entry, head, offsetof(Elf32_Ehdr, e_type));
}

/* With flag L the kernel runs the program itself and replaces its loader alone. */
unsigned int
entry_takes_armhf(const struct entry *entry)
{
	return entry_has(entry, 'L') ? 0 : armhf_matched(entry);
}

bool
entry_replaces_loader(const struct entry *entry)
{
	return entry_has(entry, 'L') && armhf_matched(entry) != 0;
}

unsigned int
entry_takes_own(const struct entry *entry)
{
	/* The linker's symbol for the header of the object that this is a part of. */
	/* NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c) */
	extern const unsigned char __ehdr_start[] __attribute__((visibility("hidden")));
	unsigned char head[ENTRY_HEAD_SIZE] = {0};

	/* Of the fields behind the version each program has its own. */
	memcpy(head, __ehdr_start, offsetof(Elf64_Ehdr, e_entry));
	return entry_has(entry, 'L') ? 0 : kinds_matched(entry, head, offsetof(Elf64_Ehdr, e_type));
}

/* True if the entry asks for one value of the byte at this place of a program. */
static bool
is_pinned(const struct entry *entry, unsigned int place)
{
	if (place < entry->offset || place - entry->offset >= entry->size)
		return false;
	return !entry->masked || entry->mask[place - entry->offset] == 0xff;
}

const char *
entry_loose(const struct entry *entry)
{
	const unsigned int machine = offsetof(Elf32_Ehdr, e_machine);

	if (entry_takes_armhf(entry) == 0)
		return NULL;
	if (!is_pinned(entry, EI_CLASS))
		return "it does not check byte 4, the class, so it takes 64-bit programs as well";
	if (!is_pinned(entry, machine))
		return "it does not check byte 18, the machine, so it takes those of others as well";
	if (!is_pinned(entry, machine + 1))
		return "it does not check byte 19, the machine's high byte, so it takes those of others "
		       "as well";
	return NULL;
}

bool
entry_relative(const struct entry *entry)
{
	/* With flag F the kernel opened it when it was registered. */
	return entry->interpreter[0] != '/' && !entry->handler && !entry_has(entry, 'F');
}
