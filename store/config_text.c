/*
 * git's config format, as much of it as git itself writes and people write into their own: [section] and
 * [section "sub"] headers, `name = value` lines, quotes, backslash escapes, lines that go on behind a
 * backslash, # and ; comments. Reading never fails: a file that is half written by hand still tells what
 * it can.
 */
#include "store/config_internal.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool is_space(char c)
{
	return isspace((unsigned char)c);
}

static const char *skip_spaces(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

static bool is_comment(const char *at, const char *end)
{
	return at < end && (*at == '#' || *at == ';');
}

/* [section "sub"]. @return what is behind it */
static const char *parse_header(
	const char **out, struct cts_arena *arena, const char *line, const char *end)
{
	struct cts_buf name = {0};
	const char *at = line + 1;

	for (; at < end && *at != ']' && !is_space(*at); at++)
		cts_buf_putc(&name, (char)tolower((unsigned char)*at));
	at = skip_spaces(at, end);
	if (at < end && *at == '"') {
		cts_buf_putc(&name, '.');
		for (at++; at < end && *at != '"'; at++) {
			if (*at == '\\' && at + 1 < end)
				at++;
			cts_buf_putc(&name, *at);
		}
	}
	while (at < end && *at != ']')
		at++;
	*out = cts_arena_strdup(arena, cts_buf_text(&name));
	cts_buf_release(&name);
	return at < end ? at + 1 : end;
}

static const char *end_of_line(const char *at, const char *end)
{
	const char *stop = memchr(at, '\n', (size_t)(end - at));

	return stop ? stop : end;
}

/* The end of an entry: its line's, or that of the line on which its value goes on. */
static const char *end_of_entry(const char *at, const char *end)
{
	bool quoted = false;

	for (; at < end && *at != '\n'; at++) {
		if (is_comment(at, end) && !quoted)
			return end_of_line(at, end);
		if (*at == '"')
			quoted = !quoted;
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at;
}

static char unescaped(char c)
{
	return c == 'n' ? '\n' : c == 't' ? '\t' : c == 'b' ? '\b' : c;
}

static const char *parse_value(struct cts_arena *arena, const char *at, const char *end)
{
	struct cts_buf value = {0};
	size_t kept = 0; /* up to here spaces count */
	bool quoted = false;
	const char *result;

	for (at = skip_spaces(at, end); at < end; at++) {
		if (!quoted && is_comment(at, end))
			break;
		if (*at == '"') {
			quoted = !quoted;
			kept = value.size;
			continue;
		}
		if (*at == '\\' && at + 1 < end) {
			at++;
			if (*at == '\n')
				continue;
			cts_buf_putc(&value, unescaped(*at));
			kept = value.size;
			continue;
		}
		cts_buf_putc(&value, *at);
		if (quoted || !is_space(*at))
			kept = value.size;
	}
	result = cts_arena_strndup(arena, cts_buf_text(&value), kept);
	cts_buf_release(&value);
	return result;
}

static struct cts_config_entry *add_entry(
	struct cts_config *config, const char *section, const char *start, const char *end)
{
	struct cts_config_entry *entry = cts_arena_push(
		&config->arena, &config->entries, &config->count, sizeof(*entry));

	*entry = (struct cts_config_entry){
		.section = section,
		.start = (size_t)(start - config->text),
		.end = (size_t)(end - config->text),
	};
	return entry;
}

static void parse_entry(struct cts_config *config, struct cts_config_entry *entry, const char *at,
	const char *end)
{
	const char *word = at;
	char *name;

	while (at < end && *at != '=' && !is_space(*at))
		at++;
	name = cts_arena_strndup(&config->arena, word, (size_t)(at - word));
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	entry->name = name;
	at = skip_spaces(at, end);
	entry->value = at < end && *at == '=' ? parse_value(&config->arena, at + 1, end) : "true";
}

void cts_config_parse(struct cts_config *config)
{
	const char *text = config->text, *end = text + config->size, *section = "", *next;

	for (const char *line = text; line < end; line = next) {
		const char *stop = end_of_line(line, end), *at = skip_spaces(line, stop);

		next = stop < end ? stop + 1 : end;
		if (at == stop || is_comment(at, stop))
			continue;
		if (*at == '[') {
			at = parse_header(&section, &config->arena, at, stop);
			/* An entry may stand behind it on the same line. */
			if (skip_spaces(at, stop) < stop && !is_comment(skip_spaces(at, stop), stop))
				next = at;
			add_entry(config, section, line, next);
			continue;
		}
		stop = end_of_entry(at, end);
		next = stop < end ? stop + 1 : end;
		parse_entry(config, add_entry(config, section, line, next), at, stop);
	}
}

/* ---- writing ---------------------------------------------------------------------------------- */

static void put_quoted(struct cts_buf *out, const char *value)
{
	cts_buf_putc(out, '"');
	for (; *value; value++) {
		if (*value == '\n') {
			cts_buf_puts(out, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			cts_buf_putc(out, '\\');
		cts_buf_putc(out, *value);
	}
	cts_buf_putc(out, '"');
}

void cts_config_put_line(struct cts_buf *out, const char *name, const char *value)
{
	/* Older gits read a tab outside quotes as a space. */
	bool plain = value[0] && value[0] != ' ' && value[strlen(value) - 1] != ' ' &&
		!strpbrk(value, "\"\\#;\n\t\r\v\f");

	cts_buf_printf(out, "\t%s = ", name);
	if (plain)
		cts_buf_puts(out, value);
	else
		put_quoted(out, value);
	cts_buf_putc(out, '\n');
}

void cts_config_put_header(struct cts_buf *out, const char *section)
{
	const char *dot = strchr(section, '.');

	if (!dot) {
		cts_buf_printf(out, "[%s]\n", section);
		return;
	}
	cts_buf_printf(out, "[%.*s ", (int)(dot - section), section);
	put_quoted(out, dot + 1);
	cts_buf_puts(out, "]\n");
}
