/*
 * Reading parties. A spelling is tried before a code, since "NZ" of "NZ Police" looks like one.
 */
#include "cli/import/parties.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "proto/buf.h"

/* Other ways to write an agency that the source documents use, and its code. */
static const struct {
	const char *text, *code;
} spellings[] = {
	{"New Zealand Police", "NZP"},
	{"NZ Police", "NZP"},
	{"Police", "NZP"},
	{"MoJ", "MOJ"},
	{"MoD", "MOD"},
	{"MoE", "MOE"},
	{"MfE", "MFE"},
};

/* Codes of committees, boards, groups and programmes: they hold no store. */
static const char *const bodies[] = {
	"ANZCTC",
	"CTAG",
	"CTCC",
	"DESC",
	"ERS",
	"HRB",
	"MACIP",
	"NSW",
	"ODESC",
	"SIB",
	"SWC",
};

/* Words that look like a code and are none. */
static const char *const no_codes[] = {"MAIN", "ROOT", "TBA", "TBC", "TBD", "NA"};

static bool is_in(const char *text, size_t size, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(words[i]) == size && strncmp(words[i], text, size) == 0)
			return true;
	return false;
}

/* A letter or digit of any script continues a word. */
static bool continues_word(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '_';
}

size_t cts_party_code(const char *text)
{
	size_t size = 0;

	while (isupper((unsigned char)text[size]) || isdigit((unsigned char)text[size]))
		size++;
	if (size < 2 || size > 16 || !isupper((unsigned char)text[0]) ||
		continues_word(text[size]) ||
		is_in(text, size, no_codes, sizeof(no_codes) / sizeof(*no_codes)))
		return 0;
	return size;
}

/* Bytes of the word at `text`: up to a space or a mark that separates words. */
static size_t word_size(const char *text)
{
	return strcspn(text, " \t\n()[],;:/.&");
}

static bool is_capitalised(const char *text)
{
	/* Macrons: Ā Ē Ī Ō Ū begin words of Māori names. */
	return isupper((unsigned char)*text) || strncmp(text, "\u0100", 2) == 0 ||
	       strncmp(text, "\u0112", 2) == 0 || strncmp(text, "\u012a", 2) == 0 ||
	       strncmp(text, "\u014c", 2) == 0 || strncmp(text, "\u016a", 2) == 0;
}

/* Size of a run of capitalised words, small words between them allowed; *words: how many
 * capitalised. */
static size_t name_size(const char *text, size_t *words)
{
	static const char *const small[] = {"of", "the", "and", "for", "on", "in"};
	size_t size = 0, at = 0;

	*words = 0;
	while (text[at]) {
		size_t word = word_size(text + at);

		if (!word)
			break;
		if (is_capitalised(text + at)) {
			++*words;
			size = at + word;
		} else if (!size ||
			   !is_in(text + at, word, small, sizeof(small) / sizeof(*small))) {
			break;
		}
		at += word;
		if (text[at] != ' ')
			break;
		at += strspn(text + at, " ");
	}
	return size;
}

static void set_code(struct cts_party *out, struct cts_arena *arena, const char *text, size_t size)
{
	char *code = cts_arena_strndup(arena, text, size);

	for (char *c = code; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	*out = (struct cts_party){.code = code, .name = "", .alias = ""};
	out->is_body = is_in(code, size, bodies, sizeof(bodies) / sizeof(*bodies));
}

static const char *initials(struct cts_arena *arena, const char *name)
{
	char code[17];
	size_t size = 0;

	for (size_t at = 0; name[at] && size < sizeof(code) - 1;) {
		if (isupper((unsigned char)name[at]))
			code[size++] = name[at];
		at += strcspn(name + at, " -");
		at += strspn(name + at, " -");
	}
	code[size] = '\0';
	return cts_arena_strdup(arena, code);
}

size_t cts_party_read(struct cts_party *out, struct cts_arena *arena, const char *text)
{
	size_t size, words, code, gap;

	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		size = strlen(spellings[i].text);
		if (strncmp(text, spellings[i].text, size) == 0 && !continues_word(text[size])) {
			set_code(out, arena, spellings[i].code, strlen(spellings[i].code));
			out->alias = spellings[i].text;
			return size;
		}
	}
	size = name_size(text, &words);
	gap = strspn(text + size, " ");
	if (words >= 2 && text[size + gap] == '(') {
		const char *inside = text + size + gap + 1;

		code = cts_party_code(inside);
		if (code && inside[code] == ')') {
			set_code(out, arena, inside, code);
			out->name = cts_arena_strndup(arena, text, size);
			return size + gap + code + 2;
		}
	}
	size = cts_party_code(text);
	if (size)
		set_code(out, arena, text, size);
	return size;
}

size_t cts_party_read_name(struct cts_party *out, struct cts_arena *arena, const char *text)
{
	size_t size = cts_party_read(out, arena, text), words;

	if (size)
		return size;
	size = name_size(text, &words);
	if (words < 2)
		return 0;
	out->name = cts_arena_strndup(arena, text, size);
	out->code = initials(arena, out->name);
	if (cts_party_code(out->code) == 0)
		return 0;
	out->alias = "";
	out->is_body = true;
	out->is_initials = true;
	return size;
}

static size_t joint_size(const char *text)
{
	size_t gap = strspn(text, " ");

	if (strncmp(text + gap, "and ", 4) == 0 && gap)
		return gap + 4;
	if (text[gap] && strchr("/,;&", text[gap])) {
		gap++;
		gap += strspn(text + gap, " ");
		return strncmp(text + gap, "and ", 4) == 0 ? gap + 4 : gap;
	}
	return 0;
}

size_t cts_parties_read(
	struct cts_party **out, size_t *count, struct cts_arena *arena, const char *text)
{
	struct cts_party *parties = NULL, party;
	size_t found = 0, size = 0, at = 0, read;

	while ((read = cts_party_read(&party, arena, text + at))) {
		*(struct cts_party *)cts_arena_push(arena, &parties, &found, sizeof(party)) = party;
		size = at + read;
		at = size + joint_size(text + size);
		if (at == size)
			break;
	}
	*out = parties;
	*count = found;
	return size;
}
