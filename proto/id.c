/*
 * Names of records, agencies and writers. An id names a file in every agency's mirror, on every
 * system, so the grammar leaves out whatever a file system could fold, hide or reserve.
 *
 * A made id is agency, words of the title and chance: agencies that work apart do not meet, and the
 * id stays readable. It never takes words from a withheld passage, since ids are not redacted.
 */
#include "proto/id.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "proto/error.h"
#include "proto/hash.h"
#include "proto/text.h"

#define SLUG_MAX 48
#define CHANCE_DIGITS 5
#define SHOWN_COLUMNS 40 /* of a name that is refused for its length */

static const char CROCKFORD[] = "0123456789abcdefghjkmnpqrstvwxyz";

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_id_character(char c)
{
	return is_lower_or_digit(c) || c == '.' || c == '_' || c == '-';
}

/* con, nul, aux, prn, com1..9, lpt1..9, alone or before a dot: Windows opens the device. */
static bool is_device_name(const char *id)
{
	static const char *const plain[] = {"con", "nul", "aux", "prn"};
	size_t stem = strcspn(id, ".");

	if (stem == 3) {
		for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
			if (memcmp(id, plain[i], 3) == 0)
				return true;
		return false;
	}
	return stem == 4 && (memcmp(id, "com", 3) == 0 || memcmp(id, "lpt", 3) == 0) &&
	       id[3] >= '1' && id[3] <= '9';
}

bool cts_id_is_valid(const char *id)
{
	size_t size = 0;

	while (is_id_character(id[size]) && size <= CTS_ID_MAX)
		size++;
	return size > 0 && size <= CTS_ID_MAX && id[size] == '\0' && is_lower_or_digit(id[0]) &&
	       is_lower_or_digit(id[size - 1]) && !is_device_name(id);
}

/* The id nearest to what was typed; "" when nothing is left of it. */
static const char *id_that_would_do(struct cts_arena *arena, const char *id)
{
	char *out = cts_text_fold(arena, id);
	size_t used = 0;

	for (const char *c = out; *c && used < CTS_ID_MAX; c++) {
		if (is_lower_or_digit(*c))
			out[used++] = *c;
		else if (used && is_lower_or_digit(out[used - 1]))
			out[used++] = is_id_character(*c) ? *c : '-';
	}
	while (used && !is_lower_or_digit(out[used - 1]))
		used--;
	out[used] = '\0';
	if (is_device_name(out))
		out = cts_arena_printf(arena, "x-%s", out);
	return cts_id_is_valid(out) ? out : "";
}

static int fail_id(const char *id)
{
	size_t size = strlen(id), at = 0;

	if (!size)
		return cts_fail(CTS_EVALUE, "the id is empty");
	if (size > CTS_ID_MAX)
		return cts_fail(CTS_EVALUE, "'%.*s...' is longer than an id may be (%d characters)",
			(int)cts_text_prefix(id, SHOWN_COLUMNS), id, CTS_ID_MAX);
	while (is_id_character(id[at]))
		at++;
	if (id[at]) {
		size_t line, column;

		cts_text_position(&line, &column, id, at);
		return cts_fail(CTS_EVALUE,
			"'%s' is not an id: character %zu is none of a-z 0-9 . _ -", id, column);
	}
	if (is_device_name(id))
		return cts_fail(CTS_EVALUE,
			"'%s' cannot be an id: it is the name of a device on Windows", id);
	return cts_fail(CTS_EVALUE, "'%s' is not an id: it must begin and end with a-z or 0-9", id);
}

int cts_id_check(const char *id)
{
	struct cts_arena arena = {0};
	const char *better;
	int rc;

	if (cts_id_is_valid(id))
		return 0;
	rc = fail_id(id);
	better = id_that_would_do(&arena, id);
	if (*better)
		cts_hint("%s", better);
	cts_arena_release(&arena);
	return rc;
}

bool cts_kind_name_is_valid(const char *name)
{
	size_t size = 1;

	if (*name < 'a' || *name > 'z')
		return false;
	while (is_lower_or_digit(name[size]) || name[size] == '_')
		if (++size > CTS_KIND_MAX)
			return false;
	return name[size] == '\0';
}

int cts_key_split(const char **kind, const char **id, struct cts_arena *arena, const char *key)
{
	const char *slash = strchr(key, '/');

	if (!slash || slash == key) {
		cts_fail(CTS_EVALUE, "'%s' names no record: its kind is missing", key);
		cts_hint("a record is written kind/id");
		return CTS_EVALUE;
	}
	*kind = cts_arena_strndup(arena, key, (size_t)(slash - key));
	*id = slash + 1;
	return 0;
}

/* The bytes of an apostrophe at `text`, which joins ("NZ's" is one word); 0: none. */
static size_t apostrophe(const char *text)
{
	if (*text == '\'')
		return 1;
	return strncmp(text, "\xe2\x80\x99", 3) == 0 ? 3 : 0;
}

/* Past a withholding mark at `text`; an unclosed one hides the rest. */
static const char *skip_mark(const char *text)
{
	const char *end = strstr(text, "]]");

	return end ? end + 2 : text + strlen(text);
}

char *cts_id_slug(struct cts_arena *arena, const char *title, size_t max)
{
	const char *c = cts_text_fold(arena, title);
	char *slug = cts_arena_alloc(arena, max + 1);
	size_t used = 0, whole = 0; /* `whole`: the size at the end of the last whole word */
	bool between = false;

	while (*c) {
		if (c[0] == '[' && c[1] == '[') {
			c = skip_mark(c);
			between = true;
		} else if (is_lower_or_digit(*c)) {
			if (between && used) {
				whole = used;
				if (used == max)
					break;
				slug[used++] = '-';
			}
			between = false;
			if (used == max) {
				used = whole ? whole : used;
				break;
			}
			slug[used++] = *c++;
		} else {
			size_t joiner = apostrophe(c);

			between |= joiner == 0;
			c += joiner ? joiner : 1;
		}
	}
	while (used && slug[used - 1] == '-')
		used--;
	slug[used] = '\0';
	return slug;
}

char *cts_id_make(struct cts_arena *arena, const char *agency, const char *title)
{
	const char *slug = cts_id_slug(arena, title, SLUG_MAX);
	uint8_t chance[CHANCE_DIGITS];
	char digits[CHANCE_DIGITS + 1] = "";

	cts_random(chance, sizeof(chance));
	for (size_t i = 0; i < CHANCE_DIGITS; i++)
		digits[i] = CROCKFORD[chance[i] & 31];
	return cts_arena_printf(arena, "%s.%s%s%s", agency, slug, *slug ? "-" : "", digits);
}

int cts_agency_id(const char **out, struct cts_arena *arena, const char *code)
{
	char *id = cts_text_fold(arena, code);
	size_t size = 0;

	while (is_lower_or_digit(id[size]))
		size++;
	if (strlen(code) != size || size < 2 || size > 16 || *id < 'a') {
		cts_fail(CTS_EVALUE, "'%.*s' is not an agency's code",
			(int)cts_text_prefix(code, SHOWN_COLUMNS), code);
		cts_hint("a code is 2 to 16 letters and digits and begins with a letter, as DPMC");
		return CTS_EVALUE;
	}
	if (!cts_agency_is_valid(id))
		return cts_fail(
			CTS_EVALUE, "'%s' cannot be an agency's code: the name is reserved", code);
	*out = id;
	return 0;
}

bool cts_agency_is_valid(const char *agency)
{
	size_t size = 0;

	while (is_lower_or_digit(agency[size]) || agency[size] == '-')
		if (++size > CTS_AGENCY_MAX)
			return false;
	/* It is the id of a record too, and begins the ids that its store makes. */
	return agency[size] == '\0' && cts_id_is_valid(agency) && strcmp(agency, "main") != 0 &&
	       strcmp(agency, "root") != 0;
}

bool cts_writer_is_valid(const char *writer)
{
	size_t size = 0;

	while ((writer[size] >= '0' && writer[size] <= '9') ||
		(writer[size] >= 'a' && writer[size] <= 'f'))
		size++;
	return size == CTS_WRITER_HEX && writer[size] == '\0';
}

void cts_writer_make(char out[CTS_WRITER_HEX + 1])
{
	uint8_t bytes[CTS_WRITER_HEX / 2];

	cts_random(bytes, sizeof(bytes));
	cts_hex_format(out, bytes, sizeof(bytes));
}
