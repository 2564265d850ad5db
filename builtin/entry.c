/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * entry: the text of a binfmt_misc entry, the line that registers it, and the
 * programs it takes. Pure: reads and writes nothing but its arguments, and is
 * defined for any bytes.
 */
#include "entry.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

/* A piece of a text that is not ended by NUL. */
struct span {
	const char *start;
	size_t length;
};

/* enabled, interpreter, flags, offset, magic, mask */
#define LINES_MAX 6

static const struct {
	char letter;
	unsigned int flag;
} flag_letters[] = {
	{'P', ENTRY_PRESERVE},
	{'O', ENTRY_OPEN},
	{'C', ENTRY_CREDENTIALS},
	{'F', ENTRY_FIX},
};

#define FLAG_LETTERS (sizeof(flag_letters) / sizeof(flag_letters[0]))

/* The flags as the kernel keeps them: C switches O on. */
static unsigned int
flags_kept(unsigned int flags)
{
	return flags & ENTRY_CREDENTIALS ? flags | ENTRY_OPEN : flags;
}

static bool
span_is(struct span span, const char *word)
{
	return span.length == strlen(word) && memcmp(span.start, word, span.length) == 0;
}

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

/* Copy span, which is not to be empty, into text of size bytes. */
static bool
span_copy(struct span span, char *text, size_t size)
{
	if (span.length == 0 || span.length >= size)
		return false;
	memcpy(text, span.start, span.length);
	text[span.length] = '\0';
	return true;
}

/*
 * Split text into lines, each of which must end in a newline. Returns their
 * number, of which the first LINES_MAX are stored, or 0 for a text that is cut off.
 */
static size_t
text_split(const char *text, size_t length, struct span lines[LINES_MAX])
{
	size_t count = 0;

	while (length > 0) {
		const char *newline = memchr(text, '\n', length);
		size_t line;

		if (!newline)
			return 0;
		line = (size_t)(newline - text);
		if (count < LINES_MAX)
			lines[count] = (struct span){text, line};
		count++;
		text += line + 1;
		length -= line + 1;
	}
	return count;
}

/* Every letter once, in the kernel's order. */
static bool
flags_read(struct span span, unsigned int *flags)
{
	size_t used = 0;

	*flags = 0;
	for (size_t i = 0; i < FLAG_LETTERS; i++) {
		if (used < span.length && span.start[used] == flag_letters[i].letter) {
			*flags |= flag_letters[i].flag;
			used++;
		}
	}
	return used == span.length && *flags == flags_kept(*flags);
}

/* A decimal number as printf writes it, below ENTRY_HEAD_SIZE. */
static bool
number_read(struct span span, unsigned int *number)
{
	unsigned int value = 0;

	if (span.length == 0 || span.length > 3 || (span.start[0] == '0' && span.length > 1))
		return false;
	for (size_t i = 0; i < span.length; i++) {
		if (span.start[i] < '0' || span.start[i] > '9')
			return false;
		value = value * 10 + (unsigned int)(span.start[i] - '0');
	}
	*number = value;
	return value < ENTRY_HEAD_SIZE;
}

/* The value of a lower-case hexadecimal digit, or -1. */
static int
digit_read(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* Bytes as the kernel prints them. Returns how many, or 0 if they are not that. */
static unsigned int
hex_read(struct span span, unsigned char bytes[ENTRY_HEAD_SIZE])
{
	unsigned int size;

	if (span.length % 2 != 0 || span.length / 2 > ENTRY_HEAD_SIZE)
		return 0;
	size = (unsigned int)(span.length / 2);
	for (unsigned int i = 0; i < size; i++) {
		int high = digit_read(span.start[(size_t)i * 2]);
		int low = digit_read(span.start[(size_t)i * 2 + 1]);

		if (high < 0 || low < 0)
			return 0;
		bytes[i] = (unsigned char)(high * 16 + low);
	}
	return size;
}

/* Fill *entry from the text. Returns NULL, or why the kernel cannot have printed it. */
static const char *
text_read(struct entry *entry, const char *text, size_t length)
{
	struct span line[LINES_MAX];
	size_t count = text_split(text, length, line);

	if (memchr(text, '\0', length))
		return "its text holds a NUL byte";
	if (count == 0)
		return "its text is empty or cut off";
	if (count < 4 || count > LINES_MAX)
		return "its text has too few or too many lines";

	if (span_is(line[0], "enabled"))
		entry->state = ENTRY_ENABLED;
	else if (span_is(line[0], "disabled"))
		entry->state = ENTRY_DISABLED;
	else
		return "its text says neither enabled nor disabled";
	if (!span_skip(&line[1], "interpreter ")
		|| !span_copy(line[1], entry->interpreter, sizeof(entry->interpreter)))
		return "its text has no valid interpreter line";
	if (!span_skip(&line[2], "flags: ") || !flags_read(line[2], &entry->flags))
		return "its text has no valid flags line";

	if (count == 4) {
		if (!span_skip(&line[3], "extension .")
			|| !span_copy(line[3], entry->extension, sizeof(entry->extension))
			|| strchr(entry->extension, '/'))
			return "its text has no valid extension line";
		return NULL;
	}

	if (!span_skip(&line[3], "offset ") || !number_read(line[3], &entry->offset))
		return "its text has no valid offset line";
	if (span_skip(&line[4], "magic "))
		entry->size = hex_read(line[4], entry->magic);
	if (entry->size == 0 || entry->size > ENTRY_HEAD_SIZE - entry->offset)
		return "its text has no valid magic line";
	memset(entry->mask, 0xff, sizeof(entry->mask));
	entry->masked = count == LINES_MAX;
	if (entry->masked
		&& (!span_skip(&line[5], "mask ") || hex_read(line[5], entry->mask) != entry->size))
		return "its text has no valid mask line";
	return NULL;
}

int
entry_parse(struct entry *entry, const char *text, size_t length, const char **why)
{
	struct entry fresh = {.state = ENTRY_UNTESTED};

	*why = text_read(&fresh, text, length);
	/* Nothing of a text that is not to be believed gets out. */
	if (*why)
		fresh = (struct entry){.state = ENTRY_UNKNOWN};
	memcpy(fresh.name, entry->name, sizeof(fresh.name));
	*entry = fresh;
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
hex_write(char *text, const unsigned char *bytes, unsigned int size)
{
	*text = '\0';
	for (unsigned int i = 0; i < size; i++)
		snprintf(text + (size_t)i * 4, 5, "\\x%02x", bytes[i]);
}

int
entry_format(const struct entry *entry, char *line, const char **why)
{
	char magic[ENTRY_HEAD_SIZE * 4 + 1];
	char mask[ENTRY_HEAD_SIZE * 4 + 1];
	char flags[FLAG_LETTERS + 1];
	char d = delimiter_choose(entry);
	int length;

	if (!entry_name_valid(entry->name)) {
		*why = "no entry can have this name";
		return -1;
	}
	if (entry->interpreter[0] == '\0') {
		*why = "it has no interpreter";
		return -1;
	}
	if (strchr(entry->name, '\n') || strchr(entry->interpreter, '\n')
		|| strchr(entry->extension, '\n')) {
		*why = "its name, interpreter or extension holds a newline";
		return -1;
	}
	if (!d) {
		*why = "its name, interpreter and extension use up all delimiters";
		return -1;
	}

	entry_flags_text(entry->flags, flags);
	if (entry->extension[0] != '\0') {
		if (strchr(entry->extension, '/')) {
			*why = "its extension holds a slash";
			return -1;
		}
		length = snprintf(line, ENTRY_LINE_MAX + 1, "%c%s%cE%c%c%s%c%c%s%c%s", d,
			entry->name, d, d, d, entry->extension, d, d, entry->interpreter, d, flags);
	} else {
		if (entry->size == 0 || entry->size > ENTRY_HEAD_SIZE
			|| entry->offset > ENTRY_HEAD_SIZE - entry->size) {
			*why = "it has no magic within the first 256 bytes";
			return -1;
		}
		hex_write(magic, entry->magic, entry->size);
		hex_write(mask, entry->mask, entry->masked ? entry->size : 0);
		length = snprintf(line, ENTRY_LINE_MAX + 1, "%c%s%cM%c%u%c%s%c%s%c%s%c%s", d,
			entry->name, d, d, entry->offset, d, magic, d, mask, d, entry->interpreter,
			d, flags);
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

void
entry_flags_text(unsigned int flags, char *text)
{
	flags = flags_kept(flags);
	for (size_t i = 0; i < FLAG_LETTERS; i++)
		if (flags & flag_letters[i].flag)
			*text++ = flag_letters[i].letter;
	*text = '\0';
}

bool
entry_same(const struct entry *a, const struct entry *b)
{
	if (strcmp(a->interpreter, b->interpreter) != 0 || strcmp(a->extension, b->extension) != 0
		|| flags_kept(a->flags) != flags_kept(b->flags))
		return false;
	if (a->extension[0] != '\0')
		return true;
	return a->offset == b->offset && a->size == b->size && a->masked == b->masked
		&& memcmp(a->magic, b->magic, a->size) == 0
		&& (!a->masked || memcmp(a->mask, b->mask, a->size) == 0);
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

bool
entry_claims_armhf(const struct entry *entry)
{
	/* What every armhf program has in common, as its bytes stand in the file. */
	unsigned char head[ENTRY_HEAD_SIZE] = {
		[EI_MAG0] = ELFMAG0,
		[EI_MAG1] = ELFMAG1,
		[EI_MAG2] = ELFMAG2,
		[EI_MAG3] = ELFMAG3,
		[EI_CLASS] = ELFCLASS32,
		[EI_DATA] = ELFDATA2LSB,
		[EI_VERSION] = EV_CURRENT,
		[offsetof(Elf32_Ehdr, e_type)] = ET_EXEC,
		[offsetof(Elf32_Ehdr, e_machine)] = EM_ARM,
		[offsetof(Elf32_Ehdr, e_version)] = EV_CURRENT,
		[offsetof(Elf32_Ehdr, e_phoff)] = sizeof(Elf32_Ehdr),
		/* EF_ARM_EABI_VER5 | EF_ARM_ABI_FLOAT_HARD: 0x05000400 */
		[offsetof(Elf32_Ehdr, e_flags) + 1] = 0x04,
		[offsetof(Elf32_Ehdr, e_flags) + 3] = 0x05,
		[offsetof(Elf32_Ehdr, e_ehsize)] = sizeof(Elf32_Ehdr),
		[offsetof(Elf32_Ehdr, e_phentsize)] = sizeof(Elf32_Phdr),
	};

	if (entry_matches(entry, head))
		return true;
	head[offsetof(Elf32_Ehdr, e_type)] = ET_DYN;
	return entry_matches(entry, head);
}

/* True if the entry asks for one value of the byte at this place of a program. */
static bool
is_pinned(const struct entry *entry, unsigned int place)
{
	if (place < entry->offset || place - entry->offset >= entry->size)
		return false;
	return !entry->masked || entry->mask[place - entry->offset] == 0xff;
}

bool
entry_is_loose(const struct entry *entry)
{
	return entry_claims_armhf(entry)
		&& !(is_pinned(entry, EI_CLASS) && is_pinned(entry, offsetof(Elf32_Ehdr, e_machine))
			&& is_pinned(entry, offsetof(Elf32_Ehdr, e_machine) + 1));
}
