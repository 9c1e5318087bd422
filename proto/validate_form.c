/*
 * Forms and patterns: what a text of a field must look like beyond being text.
 *
 * Patterns are compiled once per process and kept: a schema has a handful, an import tests each a
 * million times, and a compiled one may be used by several threads. Nothing is ever taken out of
 * the list, so a pattern that was found stays valid without holding the lock.
 */
#include "proto/validate_internal.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/fuzzydate.h"
#include "proto/hash.h"
#include "proto/time.h"
#include "proto/withhold.h"

struct pattern {
	struct pattern *next;
	regex_t regex;
	bool is_valid;
	char source[];
};

static pthread_mutex_t patterns_lock = PTHREAD_MUTEX_INITIALIZER;
static struct pattern *patterns;

static struct pattern *compile(const char *source)
{
	size_t size = strlen(source);
	struct pattern *pattern = cts_malloc(sizeof(*pattern) + size + 1);
	struct cts_buf whole = {0};

	memcpy(pattern->source, source, size + 1);
	cts_buf_printf(&whole, "^(%s)$", source);
	pattern->is_valid =
		regcomp(&pattern->regex, cts_buf_text(&whole), REG_EXTENDED | REG_NOSUB) == 0;
	cts_buf_release(&whole);
	return pattern;
}

static const struct pattern *find_pattern(const char *source)
{
	struct pattern *pattern;

	pthread_mutex_lock(&patterns_lock);
	for (pattern = patterns; pattern; pattern = pattern->next)
		if (strcmp(pattern->source, source) == 0)
			break;
	if (!pattern) {
		pattern = compile(source);
		pattern->next = patterns;
		patterns = pattern;
	}
	pthread_mutex_unlock(&patterns_lock);
	return pattern;
}

static int check_pattern(struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	const struct pattern *pattern = find_pattern(field->pattern);

	if (!pattern->is_valid)
		return cts_fail(CTS_EVALUE, "the pattern of '%s' is no regular expression: '%s'",
			field->name, field->pattern);
	if (regexec(&pattern->regex, text, 0, NULL, 0) == 0)
		return 0;
	cts_fail(CTS_EVALUE, "'%s' is not a value of '%s'", cts_validate_shown(arena, text),
		field->name);
	cts_hint("it must match %s", field->pattern);
	return CTS_EVALUE;
}

static int form_date(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	char day[CTS_TIME_TEXT];
	struct cts_fuzzy fuzzy;
	int32_t days;

	text = cts_validate_trim(arena, text);
	if (cts_day_parse(&days, text)) {
		*out = text;
		return 0;
	}
	if (cts_fuzzy_check(field->name, text) < 0)
		return CTS_EVALUE;
	cts_fail(CTS_EVALUE, "'%s' is not a day, as '%s' must be", cts_validate_shown(arena, text),
		field->name);
	cts_fuzzy_parse(&fuzzy, text);
	if (fuzzy.form == CTS_FUZZY_DAY)
		cts_hint("%s=%s", field->name, cts_day_format(day, fuzzy.earliest));
	else
		cts_hint("a day is written 2021-06-15");
	return CTS_EVALUE;
}

static int form_fuzzy_date(const char **out, const struct cts_field *field, const char *text)
{
	int rc = cts_fuzzy_check(field->name, text);

	if (rc < 0)
		return rc;
	*out = text;
	return 0;
}

static int form_period(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	struct cts_fuzzy fuzzy;
	int rc = cts_fuzzy_check(field->name, text);

	if (rc < 0)
		return rc;
	cts_fuzzy_parse(&fuzzy, text);
	if (fuzzy.has_earliest && fuzzy.has_latest) {
		*out = text;
		return 0;
	}
	cts_fail(CTS_EVALUE, "'%s' has no first and last day, as '%s' must have",
		cts_validate_shown(arena, text), field->name);
	cts_hint("a period is written Q2 2021, June 2021, H1 2021 or 2020/21");
	return CTS_EVALUE;
}

static bool is_host_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || (unsigned char)c >= 0x80;
}

/* Past host and port at `at`; NULL: there is none. A name and password before the host are none: a
 * record keeps what it was given for ever. */
static const char *skip_authority(const char *at)
{
	const char *host = at;

	if (*at == '[') {
		size_t size = strspn(at + 1, "0123456789abcdefABCDEF:.");

		if (size < 2 || at[size + 1] != ']')
			return NULL;
		at += size + 2;
	} else {
		while (is_host_character(*at))
			at++;
		if (at == host || *host == '.' || *host == '-')
			return NULL;
	}
	if (*at == ':')
		at += 1 + strspn(at + 1, "0123456789");
	return *at == '\0' || *at == '/' || *at == '?' || *at == '#' ? at : NULL;
}

static bool is_url(const char *text)
{
	const char *at;

	if (strncasecmp(text, "https://", 8) == 0)
		at = skip_authority(text + 8);
	else if (strncasecmp(text, "http://", 7) == 0)
		at = skip_authority(text + 7);
	else
		return false;
	return at && at[strcspn(at, " \t\n\"<>\\")] == '\0';
}

static int form_url(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	text = cts_validate_trim(arena, text);
	if (!is_url(text)) {
		cts_fail(CTS_EVALUE, "'%s' is not a web address, as '%s' must be",
			cts_validate_shown(arena, text), field->name);
		cts_hint("an address is written https://host/path");
		return CTS_EVALUE;
	}
	*out = text;
	return 0;
}

static int form_ground(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	const char *name, *near;
	size_t size = 0;

	text = cts_validate_trim(arena, text);
	name = cts_ground_parse(text, &size);
	if (!name)
		name = cts_refusal_parse(text, &size);
	if (name && !text[size]) {
		*out = name;
		return 0;
	}
	cts_fail(CTS_EVALUE, "'%s' is not a ground of the Act, as '%s' must be",
		cts_validate_shown(arena, text), field->name);
	near = cts_ground_nearest(text);
	if (near)
		cts_hint("%s", near);
	return CTS_EVALUE;
}

/* Exactly `digits` hex digits, in lower case. */
static int form_hex(const char **out, struct cts_arena *arena, const struct cts_field *field,
	const char *text, size_t digits)
{
	char *hex = cts_arena_strdup(arena, cts_validate_trim(arena, text));

	if (strlen(hex) != digits || strspn(hex, "0123456789abcdefABCDEF") != digits)
		return cts_fail(CTS_EVALUE, "'%s' is not %zu hex digits, as '%s' must be",
			cts_validate_shown(arena, text), digits, field->name);
	for (char *c = hex; *c; c++)
		if (*c >= 'A' && *c <= 'F')
			*c = (char)(*c - 'A' + 'a');
	*out = hex;
	return 0;
}

static int check_form(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	switch (field->form) {
	case CTS_FORM_ANY: *out = text; return 0;
	case CTS_FORM_DATE: return form_date(out, arena, field, text);
	case CTS_FORM_FUZZY_DATE: return form_fuzzy_date(out, field, text);
	case CTS_FORM_PERIOD: return form_period(out, arena, field, text);
	case CTS_FORM_URL: return form_url(out, arena, field, text);
	case CTS_FORM_GROUND: return form_ground(out, arena, field, text);
	case CTS_FORM_COMMIT: return form_hex(out, arena, field, text, CTS_OID_HEX);
	case CTS_FORM_SHA256: return form_hex(out, arena, field, text, 2 * CTS_SHA256_SIZE);
	}
	*out = text;
	return 0;
}

int cts_validate_form(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text)
{
	const char *formed;
	int rc;

	rc = check_form(&formed, arena, field, text);
	if (rc == 0 && field->pattern)
		rc = check_pattern(arena, field, formed);
	if (rc == 0)
		*out = formed;
	return rc;
}
