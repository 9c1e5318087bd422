/*
 * Sentence by sentence; in each, parties at the start of a clause with "lead" behind them, then
 * what stands behind "led through", "led by" and "through".
 */
#include "cli/import/leads.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "cli/import/markup.h"

static void push_party(struct cts_arena *arena, struct cts_party **list, size_t *count,
	const struct cts_party *party)
{
	*(struct cts_party *)cts_arena_push(arena, list, count, sizeof(**list)) = *party;
}

/* Bytes of the sentence at `text`: to a full stop before a space, a semicolon, or two spaces. */
static size_t sentence_size(const char *text)
{
	size_t size = 0;

	while (text[size]) {
		if (strchr(".;", text[size]) && (text[size + 1] == ' ' || !text[size + 1]))
			break;
		if (text[size] == ' ' && text[size + 1] == ' ')
			break;
		size++;
	}
	return size;
}

static size_t skip_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	if (strncasecmp(text, word, size) != 0 || isalnum((unsigned char)text[size]))
		return 0;
	return size + strspn(text + size, " ");
}

/* "to lead", "leads", "lead", "will lead", "(lead)", "as lead", "co-lead". */
static bool says_lead(const char *text)
{
	static const char *const before[] = {"to", "will", "jointly", "as", "is", "are", "the"};
	static const char *const verbs[] = {
		"lead", "leads", "leading", "co-lead", "co-leads", "(lead)", "(leads)"};
	size_t size;

	for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++)
		if ((size = skip_word(text, before[i])))
			text += size;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		if (skip_word(text, verbs[i]))
			return true;
	return false;
}

/* "Lead:", "Lead agency:", "Led by": parties follow. */
static size_t lead_label(const char *text)
{
	static const char *const words[] = {"lead(s)", "leads", "lead", "led by", "led through"};
	size_t size = 0;

	for (size_t i = 0; !size && i < sizeof(words) / sizeof(*words); i++)
		size = skip_word(text, words[i]);
	if (!size || strncasecmp(text, "led", 3) == 0)
		return size;
	for (size_t i = 0; i < 2; i++) {
		static const char *const nouns[] = {"agency", "agencies"};

		size += skip_word(text + size, nouns[i]);
	}
	if (text[size] != ':')
		return 0;
	size++;
	return size + strspn(text + size, " ");
}

/* The parties of a clause, if it says that they lead. @return bytes to go on behind */
static size_t read_clause(
	struct cts_leads *out, struct cts_arena *arena, const char *clause, bool is_sentence)
{
	size_t label = is_sentence ? lead_label(clause) : 0, read, rest, count;
	struct cts_party *parties;
	bool leads, are_agencies;

	read = cts_parties_read(&parties, &count, arena, clause + label);
	if (!read)
		return 0;
	rest = label + read + strspn(clause + label + read, " ");
	/* "CTCC agencies" are the agencies of a body. */
	are_agencies = strncmp(clause + rest, "agencies", 8) == 0;
	if (are_agencies) {
		rest += skip_word(clause + rest, "agencies");
		for (size_t i = 0; i < count; i++) {
			parties[i].is_body = true;
			push_party(arena, &out->bodies, &out->body_count, &parties[i]);
		}
	}
	leads = label > 0 || says_lead(clause + rest) || (is_sentence && !clause[rest]);
	for (size_t i = 0; leads && i < count; i++)
		push_party(arena, &out->leads, &out->lead_count, &parties[i]);
	return rest;
}

static bool begins_clause(const char *sentence, const char *at)
{
	static const char *const joints[] = {", ", " and ", " with ", " while ", ": "};

	for (size_t i = 0; i < sizeof(joints) / sizeof(*joints); i++) {
		size_t size = strlen(joints[i]);

		if ((size_t)(at - sentence) >= size && strncmp(at - size, joints[i], size) == 0)
			return true;
	}
	return at == sentence;
}

static bool follows_word(const char *sentence, const char *at, const char *word)
{
	size_t size = strlen(word);

	return (size_t)(at - sentence) >= size && strncasecmp(at - size, word, size) == 0 &&
	       ((size_t)(at - sentence) == size || !isalnum((unsigned char)at[-1 - (long)size]));
}

/* What is named behind "through" (led or not) and "led by" at `at`. */
static void read_through(
	struct cts_leads *out, struct cts_arena *arena, const char *sentence, const char *at)
{
	bool led = follows_word(sentence, at, "led "), through;
	size_t size = skip_word(at, "through");
	struct cts_party party;

	through = size > 0;
	if (!through && led)
		size = skip_word(at, "by");
	if (!size)
		return;
	at += size;
	at += skip_word(at, "the");
	if (!(through ? cts_party_read_name(&party, arena, at) : cts_party_read(&party, arena, at)))
		return;
	if (through) {
		party.is_body = true;
		push_party(arena, &out->bodies, &out->body_count, &party);
	}
	if (led)
		push_party(arena, &out->leads, &out->lead_count, &party);
}

void cts_leads_read(struct cts_leads *out, struct cts_arena *arena, const char *text)
{
	*out = (struct cts_leads){0};
	while (*text) {
		size_t size = sentence_size(text);
		const char *sentence = cts_markup_trim(arena, text, size), *at = sentence;
		bool is_advice = strncasecmp(sentence, "recommend", 9) == 0 ||
				 strcasestr(sentence, "sponsor") ||
				 strcasestr(sentence, "to be confirmed");

		while (*at && !is_advice) {
			size_t skip = 0;

			if (begins_clause(sentence, at))
				skip = read_clause(out, arena, at, at == sentence);
			if (!skip && (at == sentence || at[-1] == ' '))
				read_through(out, arena, sentence, at);
			at += skip ? skip : 1;
		}
		text += size;
		text += strspn(text, " .;");
	}
}
