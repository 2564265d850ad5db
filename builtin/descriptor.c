/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * descriptor: the text of a binfmt-support format file. Reads it as update-binfmts
 * and, behind that, the kernel read it. Opens no file; defined for any bytes.
 */
#include "descriptor.h"

#include <stdio.h>
#include <string.h>

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

/* What a descriptor says for one key. */
struct field {
	int line;          /* counted from 1; 0: the key is not there */
	const char *value; /* not ended by NUL */
	size_t length;
};

/* The framework's own, which its shell function writes as well. */
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
	"preserve yes\n";

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

static int
digit_read(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (lower(digit) >= 'a' && lower(digit) <= 'f')
		return lower(digit) - 'a' + 10;
	return -1;
}

/*
 * Magic or mask: \xHH is a byte, anything else stands for itself, a backslash and what follows
 * it included. That is the kernel's reading, to which update-binfmts hands the text as it is.
 * Returns NULL, or why not.
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

		if (escape && (left < 4 || digit_read(at[2]) < 0 || digit_read(at[3]) < 0))
			return "\\x is not followed by two hexadecimal digits";
		if (escape && !taken) {
			byte = (unsigned char)(digit_read(at[2]) * 16 + digit_read(at[3]));
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

/* Returns false if that is not decimal; a number of 256 or more is given as 256. */
static bool
number_read(const struct field *field, unsigned int *number)
{
	*number = 0;
	for (size_t i = 0; i < field->length; i++) {
		if (field->value[i] < '0' || field->value[i] > '9')
			return false;
		*number = *number * 10 + (unsigned int)(field->value[i] - '0');
		if (*number > ENTRY_HEAD_SIZE)
			*number = ENTRY_HEAD_SIZE;
	}
	return true;
}

static unsigned int
flag_read(const struct field *field, unsigned int flag)
{
	return field->length == 3 && memcmp(field->value, "yes", 3) == 0 ? flag : 0;
}

/* Fill *entry from the fields. Returns 0 or the line at fault. */
static int
fields_read(struct entry *entry, const struct field fields[KEY_COUNT], int last, const char **why)
{
	const struct field *interpreter = &fields[KEY_INTERPRETER];
	const struct field *magic = &fields[KEY_MAGIC];
	const struct field *mask = &fields[KEY_MASK];
	const struct field *offset = &fields[KEY_OFFSET];
	unsigned int mask_size;

	if (interpreter->length == 0) {
		*why = "it names no interpreter";
		return interpreter->line ? interpreter->line : last;
	}
	if (interpreter->value[0] != '/') {
		*why = "its interpreter is not an absolute path";
		return interpreter->line;
	}
	if (interpreter->length >= sizeof(entry->interpreter)) {
		*why = "its interpreter is longer than any registration";
		return interpreter->line;
	}
	memcpy(entry->interpreter, interpreter->value, interpreter->length);

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
	*why = bytes_read(magic, entry->magic, &entry->size);
	if (*why)
		return magic->line;

	memset(entry->mask, 0xff, sizeof(entry->mask));
	entry->masked = mask->length > 0;
	if (entry->masked) {
		*why = bytes_read(mask, entry->mask, &mask_size);
		if (*why)
			return mask->line;
		if (mask_size != entry->size) {
			*why = "its mask and its magic differ in length";
			return mask->line;
		}
	}

	if (!number_read(offset, &entry->offset)) {
		*why = "its offset is not a decimal number";
		return offset->line;
	}
	if (entry->offset > ENTRY_HEAD_SIZE - entry->size) {
		*why = "its offset puts the magic beyond the first 256 bytes of a program";
		return offset->line;
	}

	entry->flags = flag_read(&fields[KEY_CREDENTIALS], ENTRY_CREDENTIALS | ENTRY_OPEN)
		| flag_read(&fields[KEY_PRESERVE], ENTRY_PRESERVE)
		| flag_read(&fields[KEY_FIX_BINARY], ENTRY_FIX);
	return 0;
}

int
descriptor_parse(struct entry *entry, const char *text, size_t length, const char **why)
{
	struct field fields[KEY_COUNT] = {{0}};
	struct entry fresh = {.state = entry->state};
	int lines;
	int fault;

	fault = text_split(text, length, fields, &lines, why);
	if (!fault)
		fault = fields_read(&fresh, fields, lines ? lines : 1, why);
	/* Nothing of an invalid descriptor gets out. */
	if (fault)
		fresh = (struct entry){.state = entry->state};
	memcpy(fresh.name, entry->name, sizeof(fresh.name));
	*entry = fresh;
	return fault;
}

int
descriptor_format(const char *interpreter, char *text, size_t size)
{
	int length = snprintf(text, size, template, interpreter);

	return length >= 0 && (size_t)length < size ? length : -1;
}

void
descriptor_entry(struct entry *entry, const char *name, const char *interpreter)
{
	char text[sizeof(template) + ENTRY_LINE_MAX];
	const char *why;
	int length = descriptor_format(interpreter, text, sizeof(text));

	*entry = (struct entry){.state = ENTRY_UNTESTED};
	snprintf(entry->name, sizeof(entry->name), "%s", name);
	/* Read from the text itself: tier 1 will read the same. */
	if (length > 0)
		descriptor_parse(entry, text, (size_t)length, &why);
}
