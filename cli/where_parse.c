/*
 * Reading --where into terms whose values are canonical: an enumerator's own name, a number without
 * leading zeros, a reference with its kind. So a mistake is told once, before any record is read.
 */
#include "cli/where.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "proto/error.h"
#include "proto/fuzzydate.h"
#include "proto/text.h"
#include "proto/time.h"

struct reader {
	struct cts_arena *arena;
	const struct cts_kind *kind;
	const char *text;
	size_t at;
};

static const char *const op_names[] = {
	[CTS_WHERE_EQ] = "=",
	[CTS_WHERE_NE] = "<>",
	[CTS_WHERE_LT] = "<",
	[CTS_WHERE_LE] = "<=",
	[CTS_WHERE_GT] = ">",
	[CTS_WHERE_GE] = ">=",
	[CTS_WHERE_LIKE] = "like",
};

static int fail_at(const struct reader *r, const char *expected)
{
	if (r->text[r->at])
		cts_fail(CTS_EUSAGE, "--where: %s expected at column %zu, before '%s'", expected,
			r->at + 1, r->text + r->at);
	else
		cts_fail(CTS_EUSAGE, "--where: %s expected at the end", expected);
	cts_hint("--where \"FIELD OP 'VALUE' and ...\", OP one of = <> < <= > >= like");
	return CTS_EUSAGE;
}

static void skip_space(struct reader *r)
{
	r->at += strspn(r->text + r->at, " \t\n");
}

static size_t word_size(const char *text)
{
	size_t size = 0;

	while (isalnum((unsigned char)text[size]) || text[size] == '_')
		size++;
	return size;
}

static bool take_keyword(struct reader *r, const char *keyword)
{
	size_t size = word_size(r->text + r->at);

	if (size != strlen(keyword) || strncasecmp(r->text + r->at, keyword, size) != 0)
		return false;
	r->at += size;
	return true;
}

static int read_field(struct reader *r, struct cts_where_term *term)
{
	static const struct {
		const char *suffix;
		enum cts_where_part part;
	} windows[] = {
		{"_earliest", CTS_WHERE_EARLIEST},
		{"_latest", CTS_WHERE_LATEST},
		{"_form", CTS_WHERE_FORM},
	};
	size_t size = word_size(r->text + r->at);
	char *name;

	if (size == 0)
		return fail_at(r, "a field");
	name = cts_arena_strndup(r->arena, r->text + r->at, size);
	term->part = CTS_WHERE_FIELD;
	term->field = cts_kind_field(r->kind, name);
	if (!term->field && strcmp(name, "id") == 0)
		term->part = CTS_WHERE_ID;
	for (size_t i = 0; !term->field && i < sizeof(windows) / sizeof(windows[0]); i++) {
		size_t suffix = strlen(windows[i].suffix);
		const struct cts_field *field;
		char *base;

		if (size <= suffix || strcmp(name + size - suffix, windows[i].suffix) != 0)
			continue;
		base = cts_arena_strndup(r->arena, name, size - suffix);
		field = cts_kind_field(r->kind, base);
		if (field && cts_where_is_fuzzy(field)) {
			term->field = field;
			term->part = windows[i].part;
		}
	}
	if (!term->field && term->part != CTS_WHERE_ID)
		return cts_kind_find_field(&term->field, r->kind, name);
	r->at += size;
	return 0;
}

static int read_op(struct reader *r, struct cts_where_term *term)
{
	/* The longer of two that begin alike first. */
	static const enum cts_where_op order[] = {CTS_WHERE_NE, CTS_WHERE_LE, CTS_WHERE_GE,
		CTS_WHERE_EQ, CTS_WHERE_LT, CTS_WHERE_GT};

	if (take_keyword(r, op_names[CTS_WHERE_LIKE])) {
		term->op = CTS_WHERE_LIKE;
		return 0;
	}
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		size_t size = strlen(op_names[order[i]]);

		if (strncmp(r->text + r->at, op_names[order[i]], size) == 0) {
			term->op = order[i];
			r->at += size;
			return 0;
		}
	}
	return fail_at(r, "one of = <> < <= > >= like");
}

static int read_text(struct reader *r, const char **out)
{
	struct cts_buf text = {0};
	size_t at = r->at;

	if (r->text[at] == '-' || isdigit((unsigned char)r->text[at])) {
		size_t size = 1 + strspn(r->text + at + 1, "0123456789");
		char after = r->text[at + size];

		if (after == 0 || strchr(" \t\n", after)) {
			*out = cts_arena_strndup(r->arena, r->text + at, size);
			r->at += size;
			return 0;
		}
	}
	if (r->text[at] != '\'')
		return fail_at(r, "'VALUE' in single quotes");
	for (at++; r->text[at]; at++) {
		if (r->text[at] == '\'' && r->text[++at] != '\'') {
			r->at = at;
			*out = cts_arena_strdup(r->arena, cts_buf_text(&text));
			cts_buf_release(&text);
			return 0;
		}
		cts_buf_putc(&text, r->text[at]);
	}
	cts_buf_release(&text);
	r->at = at;
	return fail_at(r, "a closing quote");
}

static int canonical_enumerator(
	const char **out, struct reader *r, const struct cts_field *field, const char *text)
{
	const char **names = NULL;
	const char *near;
	char *name = cts_arena_strdup(r->arena, text);
	const struct cts_enumerator *found = cts_field_enumerator(field, name);
	size_t count = 0;

	if (!found) {
		/* As a marking is shown: IN-CONFIDENCE. */
		for (char *c = name; *c; c++)
			if (*c == '-' || *c == ' ')
				*c = '_';
		found = cts_field_enumerator(field, name);
	}
	if (found) {
		*out = found->name;
		return 0;
	}
	if (strcasecmp(name, "unspecified") == 0) {
		*out = "";
		return 0;
	}
	for (size_t i = 0; i < field->enumerator_count; i++)
		*(const char **)cts_arena_push(r->arena, &names, &count, sizeof(*names)) =
			field->enumerators[i].name;
	near = cts_nearest(name, names, count);
	cts_fail(CTS_EVALUE, "'%s' has no value '%s'", field->name, text);
	if (near)
		cts_hint("%s", near);
	else
		cts_hint("ctsync help %s", field->name);
	return CTS_EVALUE;
}

static bool is_order(enum cts_where_op op)
{
	return op != CTS_WHERE_EQ && op != CTS_WHERE_NE && op != CTS_WHERE_LIKE;
}

/* Digits with an optional sign, without leading zeros. 0 is what an unset number equals. */
static int canonical_number(struct reader *r, struct cts_where_term *term, const char *text)
{
	const struct cts_field *field = term->field;
	bool negative = *text == '-';
	const char *digits = text + negative;

	if (!*digits || strspn(digits, "0123456789") != strlen(digits))
		return cts_fail(CTS_EVALUE, "'%s' is a number, '%s' is none", field->name, text);
	digits += strspn(digits, "0");
	if (*digits)
		term->text = cts_arena_printf(r->arena, "%s%s", negative ? "-" : "", digits);
	else
		term->text = is_order(term->op) ? "0" : "";
	return 0;
}

static int canonical_bool(const char **out, const struct cts_field *field, const char *text)
{
	if (strcasecmp(text, "true") == 0)
		*out = "true";
	else if (strcasecmp(text, "false") == 0)
		*out = "";
	else
		return cts_fail(CTS_EVALUE, "'%s' is true or false, not '%s'", field->name, text);
	return 0;
}

/* The value as the field would hold it, so that texts can be compared. */
static int canonical(struct reader *r, struct cts_where_term *term, const char *text)
{
	const struct cts_field *field = term->field;
	struct cts_fuzzy fuzzy;
	int32_t day;
	int rc;

	rc = cts_text_normalise(&term->text, r->arena, text, strlen(text), "--where");
	if (rc < 0 || !*text || term->op == CTS_WHERE_LIKE || term->part == CTS_WHERE_ID ||
		term->part == CTS_WHERE_FORM)
		return rc;
	if (term->part != CTS_WHERE_FIELD || field->form == CTS_FORM_DATE) {
		if (!cts_day_parse(&day, text))
			return cts_fail(CTS_EVALUE, "'%s' is no date of the form 2021-06-15", text);
		return 0;
	}
	if (field->type == CTS_TYPE_ENUM)
		return canonical_enumerator(&term->text, r, field, text);
	if (cts_where_is_number(field->type))
		return canonical_number(r, term, text);
	if (field->type == CTS_TYPE_BOOL)
		return canonical_bool(&term->text, field, text);
	if (cts_where_is_fuzzy(field) && is_order(term->op)) {
		cts_fuzzy_parse(&fuzzy, text);
		if (!fuzzy.has_earliest && !fuzzy.has_latest) {
			cts_fail(CTS_EVALUE, "'%s' has no place in time to compare '%s' with", text,
				field->name);
			cts_hint("%s %s 'Q3 2021', or a day as 2021-06-15", field->name,
				op_names[term->op]);
			return CTS_EVALUE;
		}
	}
	/* A bare id where the field points to one kind only. */
	if (field->is_ref && field->ref_count == 1 && !strchr(text, '/'))
		term->text = cts_arena_printf(r->arena, "%s/%s", field->ref_kinds[0], term->text);
	return 0;
}

int cts_where_parse(struct cts_where *out, struct cts_arena *arena, const struct cts_kind *kind,
	const char *text)
{
	struct reader r = {.arena = arena, .kind = kind, .text = text};
	struct cts_where where = {0};
	int rc;

	for (;;) {
		struct cts_where_term term = {0};
		const char *value = NULL;

		skip_space(&r);
		rc = read_field(&r, &term);
		if (rc < 0)
			return rc;
		skip_space(&r);
		rc = read_op(&r, &term);
		if (rc < 0)
			return rc;
		skip_space(&r);
		rc = read_text(&r, &value);
		if (rc < 0)
			return rc;
		rc = canonical(&r, &term, value);
		if (rc < 0)
			return rc;
		*(struct cts_where_term *)cts_arena_push(
			arena, &where.terms, &where.count, sizeof(term)) = term;
		skip_space(&r);
		if (!r.text[r.at])
			break;
		if (!take_keyword(&r, "and"))
			return fail_at(&r, "'and'");
	}
	*out = where;
	return 0;
}
