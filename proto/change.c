/*
 * The two texts of a change: "7f3a9c21d0b4e586.12", its name for people, and "Name <mail>", its
 * author. Both are read strictly, so that each has one spelling only.
 */
#include "proto/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/error.h"
#include "proto/text.h"

char *cts_change_format(char out[CTS_CHANGE_TEXT], const char *writer, uint64_t seq)
{
	snprintf(out, CTS_CHANGE_TEXT, "%s.%" PRIu64, writer, seq);
	return out;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool cts_change_parse(char writer[CTS_WRITER_HEX + 1], uint64_t *seq, const char *text)
{
	size_t digits = 0;
	uint64_t number = 0;

	while (digits <= CTS_WRITER_HEX && is_hex(text[digits]))
		digits++;
	if (digits == 0 || digits > CTS_WRITER_HEX || text[digits] != '.')
		return false;
	const char *at = text + digits + 1;
	if (*at < '1' || *at > '9')
		return false;
	for (; *at >= '0' && *at <= '9'; at++) {
		uint64_t digit = (uint64_t)(*at - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	if (*at != '\0')
		return false;
	memcpy(writer, text, digits);
	writer[digits] = '\0';
	*seq = number;
	return true;
}

/* Neither side may hold what separates the two, nor what would end a line of a commit. */
static bool is_part(const char *part, size_t size)
{
	if (size == 0 || part[0] == ' ' || part[size - 1] == ' ')
		return false;
	for (size_t i = 0; i < size; i++)
		if (part[i] == '<' || part[i] == '>' || part[i] == '\n' || part[i] == '\r')
			return false;
	return true;
}

int cts_author_split(
	const char **name, const char **mail, struct cts_arena *arena, const char *author)
{
	size_t size = strlen(author);
	const char *open = strchr(author, '<');
	size_t name_size, mail_size;

	if (!open || open == author || open[-1] != ' ' || author[size - 1] != '>')
		goto refused;
	name_size = (size_t)(open - author) - 1;
	mail_size = (size_t)(author + size - 1 - (open + 1));
	if (!is_part(author, name_size) || !is_part(open + 1, mail_size) ||
		!cts_text_is_normal(author, size))
		goto refused;
	*name = cts_arena_strndup(arena, author, name_size);
	*mail = cts_arena_strndup(arena, open + 1, mail_size);
	return 0;
refused:
	cts_fail(CTS_EVALUE, "'%s' is not an author", author);
	cts_hint("write it as 'Name <mail>'");
	return CTS_EVALUE;
}
