/*
 * One pass over a cell: tags end or open blocks, everything else is text of the open block. Only
 * names of HTML count as tags, so that words in angle brackets are not lost.
 */
#include "cli/import/markup.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "proto/buf.h"

enum tag {
	TAG_NONE,
	TAG_INLINE, /* taken off, nothing else */
	TAG_BREAK,  /* ends a block */
	TAG_ITEM,
	TAG_PARAGRAPH,
	TAG_STRUCK,
};

/* clang-format off */
static const struct {
	const char *name;
	enum tag tag;
} tags[] = {
	{"a", TAG_INLINE}, {"abbr", TAG_INLINE}, {"b", TAG_INLINE}, {"big", TAG_INLINE},
	{"code", TAG_INLINE}, {"em", TAG_INLINE}, {"font", TAG_INLINE}, {"i", TAG_INLINE},
	{"img", TAG_INLINE}, {"ins", TAG_INLINE}, {"mark", TAG_INLINE}, {"small", TAG_INLINE},
	{"span", TAG_INLINE}, {"strong", TAG_INLINE}, {"sub", TAG_INLINE}, {"sup", TAG_INLINE},
	{"u", TAG_INLINE}, {"br", TAG_BREAK}, {"div", TAG_BREAK}, {"ol", TAG_BREAK},
	{"table", TAG_BREAK}, {"tbody", TAG_BREAK}, {"td", TAG_BREAK}, {"th", TAG_BREAK},
	{"thead", TAG_BREAK}, {"tr", TAG_BREAK}, {"ul", TAG_BREAK}, {"li", TAG_ITEM},
	{"h1", TAG_PARAGRAPH}, {"h2", TAG_PARAGRAPH}, {"h3", TAG_PARAGRAPH}, {"h4", TAG_PARAGRAPH},
	{"p", TAG_PARAGRAPH}, {"del", TAG_STRUCK}, {"s", TAG_STRUCK}, {"strike", TAG_STRUCK},
};
/* clang-format on */

/* The named entities that office programs write; numbers are read as numbers. */
/* clang-format off */
static const struct {
	const char *name, *text;
} entities[] = {
	{"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}, {"nbsp", " "},
	{"ensp", " "}, {"emsp", " "}, {"thinsp", " "}, {"bull", "\u2022"}, {"middot", "\u00b7"},
	{"ndash", "\u2013"}, {"mdash", "\u2014"}, {"lsquo", "\u2018"}, {"rsquo", "\u2019"},
	{"ldquo", "\u201c"}, {"rdquo", "\u201d"}, {"hellip", "\u2026"}, {"rarr", "\u2192"},
	{"amacr", "\u0101"}, {"emacr", "\u0113"}, {"imacr", "\u012b"}, {"omacr", "\u014d"},
	{"umacr", "\u016b"}, {"Amacr", "\u0100"}, {"Emacr", "\u0112"}, {"Imacr", "\u012a"},
	{"Omacr", "\u014c"}, {"Umacr", "\u016a"}, {"eacute", "\u00e9"}, {"pound", "\u00a3"},
	{"sect", "\u00a7"}, {"copy", "\u00a9"}, {"deg", "\u00b0"}, {"frac12", "\u00bd"},
};
/* clang-format on */

struct reader {
	struct cts_arena *arena;
	struct cts_block *blocks;
	size_t count;
	struct cts_buf text; /* of the open block */
	enum cts_block_kind kind;
};

char *cts_markup_trim(struct cts_arena *arena, const char *text, size_t size)
{
	char *copy;

	while (size && isspace((unsigned char)*text)) {
		text++;
		size--;
	}
	while (size && isspace((unsigned char)text[size - 1]))
		size--;
	copy = cts_arena_strndup(arena, text, size);
	for (char *c = copy; *c; c++)
		if (isspace((unsigned char)*c))
			*c = ' ';
	return copy;
}

static void end_block(struct reader *reader, enum cts_block_kind next)
{
	const char *text =
		cts_markup_trim(reader->arena, cts_buf_text(&reader->text), reader->text.size);

	if (*text) {
		struct cts_block *block = cts_arena_push(
			reader->arena, &reader->blocks, &reader->count, sizeof(*block));

		block->kind = reader->kind;
		block->text = text;
	}
	cts_buf_clear(&reader->text);
	reader->kind = next;
}

/* Size of the tag at `text`, which begins with '<'; 0 when it is none. */
static size_t read_tag(const char *text, enum tag *tag, bool *closes)
{
	const char *name = text + 1, *end;
	size_t size = 0;

	*closes = *name == '/';
	name += *closes;
	while (isalnum((unsigned char)name[size]))
		size++;
	end = name + strcspn(name, "<>");
	if (!size || *end != '>' || (name[size] != '>' && name[size] != '/' && name[size] != ' '))
		return 0;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		if (strlen(tags[i].name) == size && strncasecmp(tags[i].name, name, size) == 0) {
			*tag = tags[i].tag;
			return (size_t)(end + 1 - text);
		}
	}
	return 0;
}

static void put_code_point(struct cts_buf *out, uint32_t c)
{
	if (c < 0x80) {
		cts_buf_putc(out, (char)c);
	} else if (c < 0x800) {
		cts_buf_putc(out, (char)(0xc0 | c >> 6));
		cts_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else if (c < 0x10000) {
		cts_buf_putc(out, (char)(0xe0 | c >> 12));
		cts_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		cts_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	} else {
		cts_buf_putc(out, (char)(0xf0 | c >> 18));
		cts_buf_putc(out, (char)(0x80 | (c >> 12 & 0x3f)));
		cts_buf_putc(out, (char)(0x80 | (c >> 6 & 0x3f)));
		cts_buf_putc(out, (char)(0x80 | (c & 0x3f)));
	}
}

/* Characters that no text of a record may hold stay written as the entity. */
static bool may_decode(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && !(c >= 0xd800 && c < 0xe000) &&
	       c <= 0x10ffff && !(c >= 0x200b && c <= 0x200f) && !(c >= 0x2028 && c <= 0x202e) &&
	       !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff && c != 0x61c && (c & 0xfffe) != 0xfffe;
}

/* Puts the character of the entity at `text`. @return its size; 0 when there is none */
static size_t put_entity(struct cts_buf *out, const char *text)
{
	size_t size = 1;
	uint32_t c = 0;

	if (text[1] == '#') {
		bool hex = text[2] == 'x' || text[2] == 'X';
		size_t start = hex ? 3 : 2;

		for (size = start; size < start + 7; size++) {
			unsigned char d = (unsigned char)text[size];

			if (isdigit(d))
				c = c * (hex ? 16 : 10) + (d - '0');
			else if (hex && isxdigit(d))
				c = c * 16 + (uint32_t)(tolower(d) - 'a' + 10);
			else
				break;
		}
		if (size == start || text[size] != ';' || !may_decode(c))
			return 0;
		if (c == 0xa0)
			c = ' ';
		put_code_point(out, c);
		return size + 1;
	}
	while (isalnum((unsigned char)text[size]))
		size++;
	if (text[size] != ';')
		return 0;
	for (size_t i = 0; i < sizeof(entities) / sizeof(*entities); i++) {
		if (strlen(entities[i].name) == size - 1 &&
			strncmp(entities[i].name, text + 1, size - 1) == 0) {
			cts_buf_puts(out, entities[i].text);
			return size + 1;
		}
	}
	return 0;
}

/* The size of what is struck out from a tag or comment at `text` on; its words in a block of its
 * own. */
static size_t read_struck(struct reader *reader, const char *text, size_t open, const char *close)
{
	const char *end = strcasestr(text + open, close);
	size_t size = end ? (size_t)(end - text) : strlen(text);
	enum cts_block_kind kind = reader->kind;
	struct cts_buf kept = reader->text;
	bool closes;
	enum tag tag;

	reader->text = (struct cts_buf){0};
	reader->kind = CTS_BLOCK_STRUCK;
	for (size_t i = open; i < size;) {
		size_t skip = text[i] == '<' ? read_tag(text + i, &tag, &closes) : 0;

		if (!skip && text[i] == '&')
			skip = put_entity(&reader->text, text + i);
		if (!skip)
			cts_buf_putc(&reader->text, text[i]);
		i += skip ? skip : 1;
	}
	end_block(reader, kind);
	cts_buf_release(&reader->text);
	reader->text = kept;
	if (!end)
		return size;
	end = strchr(end, '>');
	return end ? (size_t)(end + 1 - text) : strlen(text);
}

static void read_markup(struct reader *reader, const char *cell)
{
	size_t item_depth = 0;

	while (*cell) {
		size_t size = 0;
		enum tag tag;
		bool closes;

		if (strncmp(cell, "<!--", 4) == 0) {
			cell += read_struck(reader, cell, 4, "-->");
			continue;
		}
		if (*cell == '<' && (size = read_tag(cell, &tag, &closes))) {
			switch (tag) {
			case TAG_NONE:
			case TAG_INLINE: break;
			case TAG_BREAK:
				/* A line break inside an item does not end the item. */
				if (item_depth)
					cts_buf_putc(&reader->text, ' ');
				else
					end_block(reader, CTS_BLOCK_LOOSE);
				break;
			case TAG_ITEM:
				item_depth =
					closes ? item_depth - (item_depth > 0) : item_depth + 1;
				end_block(reader, item_depth ? CTS_BLOCK_ITEM : CTS_BLOCK_LOOSE);
				break;
			case TAG_PARAGRAPH:
				if (item_depth)
					end_block(reader, CTS_BLOCK_ITEM);
				else
					end_block(reader,
						closes ? CTS_BLOCK_LOOSE : CTS_BLOCK_PARAGRAPH);
				break;
			case TAG_STRUCK:
				if (!closes) {
					char close[16] = "</";
					size_t n = 0;

					while (isalnum((unsigned char)cell[1 + n]) && n < 10)
						n++;
					memcpy(close + 2, cell + 1, n);
					size = read_struck(reader, cell, size, close);
				}
				break;
			}
			cell += size;
			continue;
		}
		if (*cell == '&' && (size = put_entity(&reader->text, cell))) {
			cell += size;
		} else if (strncmp(cell, "**", 2) == 0) {
			cell += 2;
		} else if (strncmp(cell, "\u00a0", 2) == 0) {
			cts_buf_putc(&reader->text, ' ');
			cell += 2;
		} else {
			cts_buf_putc(&reader->text, *cell++);
		}
	}
	end_block(reader, CTS_BLOCK_LOOSE);
}

size_t cts_markup_blocks(struct cts_block **out, struct cts_arena *arena, const char *cell)
{
	struct reader reader = {.arena = arena};

	read_markup(&reader, cell);
	cts_buf_release(&reader.text);
	*out = reader.blocks;
	return reader.count;
}

static const char *join_blocks(struct cts_arena *arena, const char *cell, bool with_struck)
{
	struct cts_buf text = {0};
	struct cts_block *blocks;
	size_t count = cts_markup_blocks(&blocks, arena, cell);
	const char *copy;

	for (size_t i = 0; i < count; i++) {
		if (blocks[i].kind == CTS_BLOCK_STRUCK && !with_struck)
			continue;
		if (text.size)
			cts_buf_puts(&text, "  ");
		cts_buf_puts(&text, blocks[i].text);
	}
	copy = cts_arena_strdup(arena, cts_buf_text(&text));
	cts_buf_release(&text);
	return copy;
}

const char *cts_markup_plain(struct cts_arena *arena, const char *cell)
{
	return join_blocks(arena, cell, false);
}

const char *cts_markup_words(struct cts_arena *arena, const char *cell)
{
	return join_blocks(arena, cell, true);
}

bool cts_markup_is_bold(const char *cell)
{
	while (*cell == ' ')
		cell++;
	return strncmp(cell, "**", 2) == 0 || strncasecmp(cell, "<b>", 3) == 0 ||
	       strncasecmp(cell, "<strong>", 8) == 0;
}

size_t cts_markup_bullet(const char *text, bool dashes)
{
	static const char *const bullets[] = {
		"\u2022",
		"\u00b7",
		"\u25aa",
		"\u25ab",
		"\u2023",
		"\u25e6",
		"\u25cf",
		"\u25cb",
		"\u25a0",
		"\u25a1",
		"\uf0b7",
		"\uf0a7",
		"\u2043",
	};
	static const char *const dashed[] = {"- ", "* ", "\u2013 ", "\u2014 "};
	size_t size = 0;

	for (size_t i = 0; !size && i < sizeof(bullets) / sizeof(*bullets); i++)
		if (strncmp(text, bullets[i], strlen(bullets[i])) == 0)
			size = strlen(bullets[i]);
	for (size_t i = 0; dashes && !size && i < sizeof(dashed) / sizeof(*dashed); i++)
		if (strncmp(text, dashed[i], strlen(dashed[i])) == 0)
			size = strlen(dashed[i]);
	if (size)
		size += strspn(text + size, " ");
	return size;
}
