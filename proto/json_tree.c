/*
 * A recursive-descent reader that unescapes strings in place, in a copy of the text that lives in
 * the arena: a string costs no allocation. Depth is bounded before each descent, so no input can
 * exhaust the stack; whatever is not JSON is refused with its line and column.
 */
#include "proto/json_tree.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/json.h"
#include "proto/text.h"

struct parser {
	const struct cts_json_text *text;
	struct cts_arena *arena;
	char *start, *at, *end; /* of the copy; *end is NUL */
	unsigned depth;         /* how much deeper it may go */
};

static size_t find_line(size_t *column, const struct cts_json_text *text, size_t offset)
{
	size_t line = text->line;

	*column = 1;
	for (size_t i = 0; i < offset && i < text->size; i++) {
		if (text->data[i] == '\n') {
			line++;
			*column = 1;
		} else if (((unsigned char)text->data[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
	return line;
}

size_t cts_json_line(const struct cts_json_text *text, const struct cts_json_node *node)
{
	size_t column;

	return find_line(&column, text, node->at);
}

static int fail_at(const struct cts_json_text *text, size_t offset, const char *what)
{
	size_t column, line = find_line(&column, text, offset);

	return cts_fail(text->error, "line %zu, column %zu: %s", line, column, what);
}

int cts_json_fail(
	const struct cts_json_text *text, const struct cts_json_node *node, const char *format, ...)
{
	struct cts_buf what = {0};
	va_list args;
	int rc;

	va_start(args, format);
	cts_buf_vprintf(&what, format, args);
	va_end(args);
	rc = fail_at(text, node->at, cts_buf_text(&what));
	cts_buf_release(&what);
	return rc;
}

static int fail_here(struct parser *p, const char *what)
{
	return fail_at(p->text, (size_t)(p->at - p->start), what);
}

static void skip_space(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r')
		p->at++;
}

/* ---- strings ----------------------------------------------------------------------------------
 */

static bool read_hex4(uint32_t *out, const char *at)
{
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		char c = at[i];
		uint32_t digit;

		if (c >= '0' && c <= '9')
			digit = (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			digit = (uint32_t)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			digit = (uint32_t)(c - 'A') + 10;
		else
			return false;
		value = value << 4 | digit;
	}
	*out = value;
	return true;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

/* At the 'u' of an escape. What is written is never longer than what was read. */
static int read_unicode(struct parser *p, char **to)
{
	uint32_t high, low;

	if (!read_hex4(&high, p->at + 1))
		return fail_here(p, "not four hex digits after \\u");
	p->at += 5;
	if (high >= 0xd800 && high < 0xdc00) {
		if (p->at[0] != '\\' || p->at[1] != 'u' || !read_hex4(&low, p->at + 2) ||
			low < 0xdc00 || low > 0xdfff)
			return fail_here(p, "half a surrogate pair");
		p->at += 6;
		high = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	} else if (high >= 0xdc00 && high < 0xe000) {
		return fail_here(p, "half a surrogate pair");
	}
	if (high == 0)
		return fail_here(p, "a NUL in a string");
	*to = put_utf8(*to, high);
	return 0;
}

static int read_escape(struct parser *p, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *which;

	p->at++;
	if (*p->at == 'u')
		return read_unicode(p, to);
	which = *p->at ? strchr(from, *p->at) : NULL;
	if (!which)
		return fail_here(p, "an unknown escape");
	*(*to)++ = into[which - from];
	p->at++;
	return 0;
}

/* At the opening quote. */
static int read_string(const char **out, struct parser *p)
{
	char *begin = p->at, *first = ++p->at, *to;

	while ((unsigned char)*p->at >= 0x20 && *p->at != '"' && *p->at != '\\')
		p->at++;
	to = p->at;
	while (*p->at != '"') {
		if (*p->at == '\\') {
			int rc = read_escape(p, &to);

			if (rc < 0)
				return rc;
		} else if ((unsigned char)*p->at < 0x20) {
			return fail_here(p, p->at == p->end ? "the text ends inside a string"
							    : "a control character in a string");
		} else {
			*to++ = *p->at++;
		}
	}
	p->at++;
	if (p->text->strict && !cts_text_is_normal(first, (size_t)(to - first))) {
		p->at = begin;
		return fail_here(p, "text that is not NFC, or holds forbidden characters");
	}
	*to = '\0';
	*out = first;
	return 0;
}

/* ---- values -----------------------------------------------------------------------------------
 */

static int read_value(struct cts_json_node **out, struct parser *p);

static bool skip_digits(struct parser *p)
{
	char *from = p->at;

	while (*p->at >= '0' && *p->at <= '9')
		p->at++;
	return p->at > from;
}

static int read_number(struct cts_json_node *node, struct parser *p)
{
	char *from = p->at;

	node->type = CTS_JSON_INTEGER;
	if (*p->at == '-')
		p->at++;
	if (*p->at == '0')
		p->at++;
	else if (!skip_digits(p))
		return fail_here(p, "not a number");
	if (*p->at == '.') {
		node->type = CTS_JSON_REAL;
		p->at++;
		if (!skip_digits(p))
			return fail_here(p, "not a number");
	}
	if (*p->at == 'e' || *p->at == 'E') {
		node->type = CTS_JSON_REAL;
		p->at++;
		if (*p->at == '+' || *p->at == '-')
			p->at++;
		if (!skip_digits(p))
			return fail_here(p, "not a number");
	}
	if (node->type == CTS_JSON_REAL && p->text->strict)
		return fail_at(p->text, node->at, "a number that is not an integer");
	node->text = cts_arena_strndup(p->arena, from, (size_t)(p->at - from));
	if (p->text->strict && strcmp(node->text, "-0") == 0)
		return fail_at(p->text, node->at, "a zero with a sign");
	return 0;
}

static int read_word(struct parser *p, const char *word)
{
	size_t size = strlen(word);

	if (strncmp(p->at, word, size) != 0)
		return fail_here(p, "not JSON");
	p->at += size;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct cts_json_node *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Members that came in order are compared as they come; others are sorted once, here. */
static int refuse_duplicates(struct parser *p, const struct cts_json_node *object, size_t count)
{
	const struct cts_json_node **members;
	size_t n = 0;

	members = cts_arena_alloc(p->arena, count * sizeof(*members));
	for (const struct cts_json_node *m = object->first; m; m = m->next)
		members[n++] = m;
	qsort(members, n, sizeof(*members), compare_names);
	for (size_t i = 1; i < n; i++)
		if (strcmp(members[i - 1]->name, members[i]->name) == 0)
			return cts_json_fail(
				p->text, members[i], "member '%s' stands twice", members[i]->name);
	return 0;
}

static int read_members(struct cts_json_node *object, struct parser *p)
{
	struct cts_json_node **link = &object->first, *last = NULL;
	size_t count = 0;

	object->is_sorted = true;
	p->at++;
	skip_space(p);
	if (*p->at == '}') {
		p->at++;
		return 0;
	}
	for (;;) {
		const char *name;
		int rc;

		if (*p->at != '"')
			return fail_here(p, "no member name");
		rc = read_string(&name, p);
		if (rc < 0)
			return rc;
		skip_space(p);
		if (*p->at != ':')
			return fail_here(p, "no colon after a member name");
		p->at++;
		skip_space(p);
		rc = read_value(link, p);
		if (rc < 0)
			return rc;
		(*link)->name = name;
		if (last && strcmp(last->name, name) >= 0)
			object->is_sorted = false;
		last = *link;
		link = &last->next;
		count++;
		skip_space(p);
		if (*p->at == '}') {
			p->at++;
			return object->is_sorted ? 0 : refuse_duplicates(p, object, count);
		}
		if (*p->at != ',')
			return fail_here(p, "neither a comma nor the end of an object");
		p->at++;
		skip_space(p);
	}
}

static int read_elements(struct cts_json_node *array, struct parser *p)
{
	struct cts_json_node **link = &array->first;

	p->at++;
	skip_space(p);
	if (*p->at == ']') {
		p->at++;
		return 0;
	}
	for (;;) {
		int rc = read_value(link, p);

		if (rc < 0)
			return rc;
		link = &(*link)->next;
		skip_space(p);
		if (*p->at == ']') {
			p->at++;
			return 0;
		}
		if (*p->at != ',')
			return fail_here(p, "neither a comma nor the end of an array");
		p->at++;
		skip_space(p);
	}
}

static int read_value(struct cts_json_node **out, struct parser *p)
{
	struct cts_json_node *node = cts_arena_alloc(p->arena, sizeof(*node));
	int rc;

	node->at = (size_t)(p->at - p->start);
	switch (*p->at) {
	case '"':
		node->type = CTS_JSON_STRING;
		rc = read_string(&node->text, p);
		break;
	case '{':
	case '[':
		if (p->depth == 0)
			return fail_here(p, "nested too deep");
		p->depth--;
		node->type = *p->at == '{' ? CTS_JSON_OBJECT : CTS_JSON_ARRAY;
		rc = *p->at == '{' ? read_members(node, p) : read_elements(node, p);
		p->depth++;
		break;
	case 't':
		node->type = CTS_JSON_TRUE;
		rc = read_word(p, "true");
		break;
	case 'f':
		node->type = CTS_JSON_FALSE;
		rc = read_word(p, "false");
		break;
	case 'n':
		node->type = CTS_JSON_NULL;
		rc = read_word(p, "null");
		break;
	default:
		if (p->at == p->end)
			return fail_here(p, "the text ends too early");
		rc = read_number(node, p);
		break;
	}
	if (rc < 0)
		return rc;
	*out = node;
	return 0;
}

int cts_json_parse(struct cts_json_node **out, struct cts_arena *arena,
	const struct cts_json_text *text, unsigned depth)
{
	struct parser p = {.text = text, .arena = arena, .depth = depth};
	struct cts_json_node *root = NULL;
	int rc;

	p.start = cts_arena_strndup(arena, text->data, text->size);
	p.at = p.start;
	p.end = p.start + text->size;
	skip_space(&p);
	rc = read_value(&root, &p);
	if (rc < 0)
		return rc;
	skip_space(&p);
	if (p.at != p.end)
		return fail_here(&p, "something stands after the end");
	*out = root;
	return 0;
}
