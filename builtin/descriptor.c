/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor: the text of a format file. Reads it as update-binfmts and, behind that, the kernel read
 * it. Opens no file; defined for any bytes.
 */
#include "descriptor.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

enum key {
	KEY_PACKAGE,
	KEY_INTERPRETER,
	KEY_MAGIC,
	KEY_MASK,
	KEY_OFFSET,
	KEY_EXTENSION,
	KEY_DETECTOR,
	KEY_CREDENTIALS,
	KEY_PRESERVE,
	KEY_FIX_BINARY,
	KEY_COUNT, /* any other key: ignored */
};

static const char *const key_names[KEY_COUNT] = {
	[KEY_PACKAGE] = "package",
	[KEY_INTERPRETER] = "interpreter",
	[KEY_MAGIC] = "magic",
	[KEY_MASK] = "mask",
	[KEY_OFFSET] = "offset",
	[KEY_EXTENSION] = "extension",
	[KEY_DETECTOR] = "detector",
	[KEY_CREDENTIALS] = "credentials",
	[KEY_PRESERVE] = "preserve",
	[KEY_FIX_BINARY] = "fix_binary",
};

/* The value of one key, or a field of a line. */
struct field {
	int line;          /* counted from 1; 0: the key is not there */
	const char *value; /* not ended by NUL */
	size_t length;
};

/* The bytes of Armbian's framework, whose shell function writes this file as well. */
static const char template[] =
	"package " DESCRIPTOR_PACKAGE "\n"
	"interpreter %s\n"
	"magic \\x7f\\x45\\x4c\\x46\\x01\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00"
	"\\x02\\x00\\x28\\x00\n"
	"offset 0\n"
	"mask \\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff"
	"\\xfe\\xff\\xff\\xff\n"
	"credentials yes\n"
	"fix_binary no\n"
	"preserve %s\n";

/* isspace() of the C locale, in which update-binfmts runs */
static bool
is_blank(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int
lower(char byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static enum key
key_find(const char *text, size_t length)
{
	for (enum key key = 0; key < KEY_COUNT; key++) {
		const char *name = key_names[key];
		size_t same = 0;

		while (same < length && name[same] != '\0' && lower(text[same]) == name[same])
			same++;
		if (same == length && name[same] == '\0')
			return key;
	}
	return KEY_COUNT;
}

/* Sort the lines of text into fields and count them. Returns 0 or the line at fault. */
static int
text_split(const char *text, size_t length, struct field fields[KEY_COUNT], int *lines,
	const char **why)
{
	const char *start = text;
	const char *end = text + length;

	for (*lines = 0; text < end;) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line = text;
		size_t size = (size_t)((newline ? newline : end) - line);
		const char *space;
		enum key key;

		text = newline ? newline + 1 : end;
		++*lines;
		if (text - start > DESCRIPTOR_TEXT_MAX) {
			*why = "the file is longer than 64 KiB";
			return *lines;
		}
		if (memchr(line, '\0', size)) {
			*why = "it holds a NUL byte";
			return *lines;
		}
		while (size > 0 && is_blank(line[size - 1]))
			size--;
		/* Only a space ends the key, and only one is cut off: a second belongs to the value. */
		space = memchr(line, ' ', size);
		key = key_find(line, space ? (size_t)(space - line) : size);
		if (key == KEY_COUNT)
			continue;
		if (fields[key].line) {
			*why = "this key is there twice";
			return *lines;
		}
		fields[key].line = *lines;
		fields[key].value = space ? space + 1 : line + size;
		fields[key].length = (size_t)(line + size - fields[key].value);
	}
	return 0;
}

/*
 * Magic or mask: \xHH is a byte, anything else stands for itself, a backslash and the byte behind it
 * included. That is the kernel's reading, to which update-binfmts hands the text as it is. Returns
 * NULL, or why not.
 */
static const char *
bytes_read(const struct field *field, unsigned char bytes[ENTRY_HEAD_SIZE], unsigned int *size)
{
	bool taken = false; /* by the backslash before it */
	size_t i = 0;

	*size = 0;
	while (i < field->length) {
		const char *at = field->value + i;
		size_t left = field->length - i;
		unsigned char byte = (unsigned char)*at;
		bool escape = left > 1 && at[0] == '\\' && at[1] == 'x';

		if (escape && (left < 4 || text_digit(at[2]) < 0 || text_digit(at[3]) < 0))
			return "\\x is not followed by two hexadecimal digits";
		if (escape && !taken) {
			byte = (unsigned char)(text_digit(at[2]) * 16 + text_digit(at[3]));
			i += 4;
		} else {
			taken = *at == '\\' && !taken;
			i++;
		}
		if (*size == ENTRY_HEAD_SIZE)
			return "it is longer than the 256 bytes of a program that are compared";
		bytes[(*size)++] = byte;
	}
	return NULL;
}

/* Write the letters in the kernel's order, and O where another implies it. */
static void
flags_write(char flags[ENTRY_FLAGS_SIZE], const char *letters, size_t count)
{
	static const char order[] = "POCFTL";
	size_t used = 0;

	for (const char *at = order; *at != '\0'; at++) {
		bool implied = *at == 'O'
			&& (memchr(letters, 'C', count) != NULL
				|| memchr(letters, 'T', count) != NULL);

		if (implied || memchr(letters, *at, count) != NULL)
			flags[used++] = *at;
	}
	flags[used] = '\0';
}

static bool
is_yes(const struct field *field)
{
	return field->length == 3 && memcmp(field->value, "yes", 3) == 0;
}

static const char *
interpreter_read(struct entry *entry, const struct field *interpreter)
{
	if (interpreter->length == 0)
		return "it names no interpreter";
	if (interpreter->value[0] != '/')
		return "its interpreter is not an absolute path";
	for (size_t i = 0; i < interpreter->length; i++)
		if (is_blank(interpreter->value[i]))
			return "arguments stand behind its interpreter, and the kernel takes a path alone";
	if (interpreter->length >= sizeof(entry->interpreter))
		return "its interpreter is longer than any registration";
	memcpy(entry->interpreter, interpreter->value, interpreter->length);
	return NULL;
}

/* Read the fields that say which programs are taken. Returns NULL, or why not, and the field in *at. */
static const char *
magic_read(struct entry *entry, const struct field *magic, const struct field *mask,
	const struct field *offset, const struct field **at)
{
	const char *why = bytes_read(magic, entry->magic, &entry->size);
	unsigned long number = 0;
	unsigned int mask_size;

	*at = magic;
	if (why)
		return why;
	memset(entry->mask, 0xff, sizeof(entry->mask));
	entry->masked = mask->length > 0;
	*at = mask;
	if (entry->masked) {
		why = bytes_read(mask, entry->mask, &mask_size);
		if (why)
			return why;
		if (mask_size != entry->size)
			return "its mask and its magic differ in length";
	}
	*at = offset;
	for (size_t i = 0; i < offset->length; i++)
		if (offset->value[i] < '0' || offset->value[i] > '9')
			return "its offset is not a decimal number";
	if ((offset->length > 0 && !text_number(offset->value, offset->length, INT_MAX, &number))
		|| number > ENTRY_HEAD_SIZE - entry->size)
		return "its offset puts the magic beyond the first 256 bytes of a program";
	entry->offset = (unsigned int)number;
	return NULL;
}

/* Fill *entry from the fields. Returns 0 or the line at fault. */
static int
fields_read(struct entry *entry, const struct field fields[KEY_COUNT], int last, const char **why)
{
	const struct field *interpreter = &fields[KEY_INTERPRETER];
	const struct field *magic = &fields[KEY_MAGIC], *at;
	char letters[3];
	size_t count = 0;

	*why = interpreter_read(entry, interpreter);
	if (*why)
		return interpreter->line ? interpreter->line : last;
	if (fields[KEY_EXTENSION].line) {
		*why = "it selects programs by extension, not by magic";
		return fields[KEY_EXTENSION].line;
	}
	if (fields[KEY_DETECTOR].length > 0) {
		*why = "it leaves the choice of programs to a detector";
		return fields[KEY_DETECTOR].line;
	}
	if (magic->length == 0) {
		*why = "it names no magic";
		return magic->line ? magic->line : last;
	}
	*why = magic_read(entry, magic, &fields[KEY_MASK], &fields[KEY_OFFSET], &at);
	if (*why)
		return at->line;
	if (is_yes(&fields[KEY_PRESERVE]))
		letters[count++] = 'P';
	if (is_yes(&fields[KEY_CREDENTIALS]))
		letters[count++] = 'C';
	if (is_yes(&fields[KEY_FIX_BINARY]))
		letters[count++] = 'F';
	flags_write(entry->flags, letters, count);
	return 0;
}

/* Nothing of an invalid descriptor gets out, and name and state stay. */
static void
entry_reset(struct entry *entry)
{
	entry->interpreter[0] = entry->flags[0] = entry->extension[0] = '\0';
	entry->offset = entry->size = 0;
	entry->masked = entry->strange = entry->handler = false;
	memset(entry->interpreter, 0, sizeof(entry->interpreter));
	memset(entry->magic, 0, sizeof(entry->magic));
	memset(entry->mask, 0, sizeof(entry->mask));
}

int
descriptor_parse(struct entry *entry, const char *text, size_t length, const char **why)
{
	struct field fields[KEY_COUNT] = {{0}};
	int lines, fault = text_split(text, length, fields, &lines, why);

	entry_reset(entry);
	if (!fault)
		fault = fields_read(entry, fields, lines ? lines : 1, why);
	if (fault)
		entry_reset(entry);
	return fault;
}

enum {
	FIELD_NAME,
	FIELD_TYPE,
	FIELD_OFFSET,
	FIELD_MAGIC,
	FIELD_MASK,
	FIELD_INTERPRETER,
	FIELD_COUNT
};

/* Split a line at its delimiter, which an escape of magic and mask may hold. False: too few fields. */
static bool
line_split(const char *line, size_t length, struct field fields[FIELD_COUNT], struct field *flags)
{
	size_t at = 1;

	for (int i = 0; i < FIELD_COUNT; i++) {
		size_t start = at;

		while (at < length && line[at] != line[0])
			at += line[at] == '\\' && length - at > 3 && line[at + 1] == 'x'
					&& (i == FIELD_MAGIC || i == FIELD_MASK)
				? 4
				: 1;
		if (at >= length)
			return false;
		fields[i] = (struct field){.value = line + start, .length = at - start};
		at++;
	}
	*flags = (struct field){.value = line + at, .length = length - at};
	return true;
}

/* Read a line for the entry. Returns NULL, or why the kernel would refuse it. */
static const char *
line_read(struct entry *entry, const struct field fields[FIELD_COUNT], const struct field *flags)
{
	const struct field *at;
	const char *why;

	if (fields[FIELD_TYPE].length != 1 || fields[FIELD_TYPE].value[0] != 'M')
		return "it selects programs by another type than M, magic";
	if (fields[FIELD_MAGIC].length == 0)
		return "it names no magic";
	for (size_t i = 0; i < flags->length; i++)
		if (memchr("POCFTL", flags->value[i], 6) == NULL)
			return "it has a flag that is none of P, O, C, F, T and L";
	why = interpreter_read(entry, &fields[FIELD_INTERPRETER]);
	if (!why)
		why = magic_read(entry, &fields[FIELD_MAGIC], &fields[FIELD_MASK],
			&fields[FIELD_OFFSET], &at);
	flags_write(entry->flags, flags->value, flags->length);
	return why;
}

int
descriptor_parse_line(struct entry *entry, const char *text, size_t length, const char **why)
{
	const char *end = text + (length < DESCRIPTOR_TEXT_MAX ? length : DESCRIPTOR_TEXT_MAX);
	size_t name = strlen(entry->name);

	for (int number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t size = (size_t)((newline ? newline : end) - text);
		struct field fields[FIELD_COUNT], flags;
		const char *line = text;

		text = newline ? newline + 1 : end;
		/* systemd drops blanks at both ends. */
		while (size > 0 && is_blank(line[size - 1]))
			size--;
		while (size > 0 && is_blank(*line)) {
			line++;
			size--;
		}
		if (size == 0 || *line == '#' || *line == ';'
			|| !line_split(line, size, fields, &flags)
			|| fields[FIELD_NAME].length != name
			|| memcmp(fields[FIELD_NAME].value, entry->name, name) != 0)
			continue;
		entry_reset(entry);
		*why = line_read(entry, fields, &flags);
		if (*why == NULL)
			return 0;
		entry_reset(entry);
		return number;
	}
	return -1;
}

int
descriptor_format(const char *interpreter, bool preserve, char *text, size_t size)
{
	int length = snprintf(text, size, template, interpreter, preserve ? "yes" : "no");

	return length >= 0 && (size_t)length < size ? length : -1;
}

void
descriptor_entry(struct entry *entry, const char *name, const char *interpreter, bool preserve)
{
	char text[DESCRIPTOR_OWN_MAX];
	const char *why;
	int length = descriptor_format(interpreter, preserve, text, sizeof(text));

	*entry = (struct entry){.state = ENTRY_UNTESTED};
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	/* Read from the text itself: tier 1 will read the same. */
	if (length > 0)
		descriptor_parse(entry, text, (size_t)length, &why);
}
