/*
 * See the header. Nothing here links to the program but to proto/.
 */
#include "tests/support/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cts_document_load(struct cts_buf *out, const char *path)
{
	FILE *file = fopen(path, "rb");
	char chunk[4096];
	size_t got;

	if (!file)
		return false;
	while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cts_buf_put(out, chunk, got);
	fclose(file);
	return true;
}

size_t cts_document_count(const struct cts_draft *draft, const char *kind)
{
	size_t count = 0;

	for (size_t i = 0; i < draft->record_count; i++)
		count += strcmp(draft->records[i]->kind, kind) == 0;
	return count;
}

const struct cts_draft_record *cts_document_record(const struct cts_draft *draft, const char *key)
{
	for (size_t i = 0; i < draft->record_count; i++) {
		const struct cts_draft_record *record = draft->records[i];
		size_t size = strlen(record->kind);

		if (strncmp(record->kind, key, size) == 0 && key[size] == '/' &&
			strcmp(record->id, key + size + 1) == 0)
			return record;
	}
	fprintf(stderr, "no record '%s' in the draft\n", key);
	abort();
}

const char *cts_document_field(struct cts_draft *draft, const char *key, const char *field)
{
	const struct cts_draft_record *record = cts_document_record(draft, key);
	const char *text = "";

	for (size_t i = 0; i < record->field_count; i++) {
		if (strcmp(record->fields[i].name, field) != 0)
			continue;
		for (size_t n = 0; n < record->fields[i].item_count; n++)
			text = cts_arena_printf(&draft->arena, "%s%s%s", text, n ? "|" : "",
				record->fields[i].items[n]);
	}
	return text;
}

const struct cts_question *cts_document_question(
	const struct cts_draft *draft, const char *key, const char *field)
{
	for (size_t i = 0; i < draft->question_count; i++)
		if (strcmp(draft->questions[i].record, key) == 0 &&
			strcmp(draft->questions[i].field, field) == 0)
			return &draft->questions[i];
	return NULL;
}

bool cts_document_left_out(const struct cts_draft *draft, const char *part, const char *why)
{
	for (size_t i = 0; i < draft->left_out_count; i++)
		if (strstr(draft->left_out[i].text, part) && strstr(draft->left_out[i].why, why))
			return true;
	return false;
}

void cts_document_mutate(
	struct cts_buf *out, const char *text, size_t size, unsigned *seed, unsigned changes)
{
	static const char *const pieces[] = {
		"\t",
		"\n",
		"<li>",
		"</li>",
		"<ul>",
		"<p>",
		"<del>",
		"(",
		")",
		"[",
		"]",
		"[[",
		"]]",
		"**",
		"&amp;",
		"&#x200b;",
		"&#0;",
		"|",
		"- ",
		"  ",
		"Rec 99999999999999999999",
		"Rec 1-",
		"s9(2)(",
		"S6(a)",
		"TBD",
		"Q4 2021 (",
		"\xc2",
		"\xe2\x80\xae",
		"a\xcc\x81",
		"\r\n",
		"<!--",
		"through ",
		"31/02/2021",
		"\"",
	};

	cts_buf_put(out, text, size);
	for (unsigned i = 0; i < changes && out->size; i++) {
		size_t at = (size_t)rand_r(seed) % out->size;
		size_t span = (size_t)rand_r(seed) % 40, rest = out->size - at;
		const char *piece =
			pieces[(size_t)rand_r(seed) % (sizeof(pieces) / sizeof(*pieces))];
		struct cts_buf tail = {0};

		span = span < rest ? span : rest;
		switch (rand_r(seed) % 4) {
		case 0: out->data[at] = (char)rand_r(seed); break;
		case 1: /* cut */
			memmove(out->data + at, out->data + at + span, rest - span);
			out->size -= span;
			break;
		case 2: /* double */
			cts_buf_put(&tail, out->data + at, rest);
			out->size = at + span;
			cts_buf_put(out, tail.data, tail.size);
			break;
		case 3: /* put in */
			cts_buf_put(&tail, out->data + at, rest);
			out->size = at;
			cts_buf_puts(out, piece);
			cts_buf_put(out, tail.data, tail.size);
			break;
		}
		cts_buf_release(&tail);
	}
}
