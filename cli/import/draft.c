/*
 * Drafts: arrays in one arena. Records are found by key through an open hash table, since readers
 * look for one at every agency and recommendation that a cell names.
 */
#include "cli/import/draft.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "cli/import/markup.h"
#include "proto/error.h"
#include "proto/programme.h"
#include "proto/text.h"

static uint64_t hash_key(const char *kind, const char *id)
{
	uint64_t hash = 14695981039346656037u;

	for (const char *c = kind; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	hash = (hash ^ '/') * 1099511628211u;
	for (const char *c = id; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 1099511628211u;
	return hash;
}

static struct cts_draft_record **find_slot(
	struct cts_draft_record **slots, size_t size, const char *kind, const char *id)
{
	size_t i = hash_key(kind, id) & (size - 1);

	while (slots[i] && (strcmp(slots[i]->kind, kind) != 0 || strcmp(slots[i]->id, id) != 0))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static void index_record(struct cts_draft *draft, struct cts_draft_record *record)
{
	struct cts_draft_record **slots = draft->index;

	/* At most half full, so that a search always ends. */
	if (draft->record_count * 2 > draft->index_size) {
		size_t size = draft->index_size ? draft->index_size * 2 : 64;

		slots = cts_arena_alloc(&draft->arena, size * sizeof(*slots));
		for (size_t i = 0; i + 1 < draft->record_count; i++) {
			struct cts_draft_record *r = draft->records[i];

			*find_slot(slots, size, r->kind, r->id) = r;
		}
		draft->index = slots;
		draft->index_size = size;
	}
	*find_slot(slots, draft->index_size, record->kind, record->id) = record;
}

/* A file's name is any bytes (e and an accent apart, as from other systems; even a newline), and will stand
 * in records and in a commit, where only text may. */
static const char *as_text(struct cts_arena *arena, const char *name)
{
	struct cts_buf visible = {0};
	const char *text;
	int rc;

	if (!strpbrk(name, "\n\t") &&
		cts_text_normalise(&text, arena, name, strlen(name), "name") == 0)
		return text;
	cts_text_put_visible(&visible, name, false);
	rc = cts_text_normalise(&text, arena, visible.data, visible.size, "name");
	cts_buf_release(&visible);
	cts_error_clear();
	return rc == 0 ? text : "a file";
}

void cts_draft_init(struct cts_draft *draft, const char *path)
{
	const char *slash = strrchr(path, '/');

	memset(draft, 0, sizeof(*draft));
	path = slash && slash[1] ? slash + 1 : path;
	draft->file = as_text(&draft->arena, strcmp(path, "-") == 0 ? "stdin" : path);
}

void cts_draft_release(struct cts_draft *draft)
{
	cts_arena_release(&draft->arena);
	memset(draft, 0, sizeof(*draft));
}

struct cts_draft_record *cts_draft_add(
	struct cts_draft *draft, const char *kind, const char *id, struct cts_cell_place place)
{
	struct cts_draft_record *record = cts_arena_alloc(&draft->arena, sizeof(*record));
	struct cts_draft_record **last = cts_arena_push(
		&draft->arena, &draft->records, &draft->record_count, sizeof(*draft->records));

	record->kind = cts_arena_strdup(&draft->arena, kind);
	record->id = cts_arena_strdup(&draft->arena, id);
	record->place = place;
	*last = record;
	index_record(draft, record);
	cts_draft_put(draft, record, CTS_COMMON_SOURCE, place,
		cts_arena_printf(
			&draft->arena, "%s:%zu:%zu", draft->file, place.row, place.column));
	return record;
}

struct cts_draft_record *cts_draft_find(
	const struct cts_draft *draft, const char *kind, const char *id)
{
	if (!draft->index_size)
		return NULL;
	return *find_slot(draft->index, draft->index_size, kind, id);
}

const struct cts_draft_field *cts_draft_field(
	const struct cts_draft_record *record, const char *name)
{
	for (size_t i = 0; i < record->field_count; i++)
		if (strcmp(record->fields[i].name, name) == 0)
			return &record->fields[i];
	return NULL;
}

const char *cts_draft_text(const struct cts_draft_record *record, const char *name)
{
	const struct cts_draft_field *field = cts_draft_field(record, name);

	return field ? field->items[0] : "";
}

void cts_draft_put(struct cts_draft *draft, struct cts_draft_record *record, const char *field,
	struct cts_cell_place place, const char *text)
{
	struct cts_draft_field *found;

	if (!*text)
		return;
	found = (struct cts_draft_field *)cts_draft_field(record, field);
	if (!found) {
		found = cts_arena_push(
			&draft->arena, &record->fields, &record->field_count, sizeof(*found));
		found->name = cts_arena_strdup(&draft->arena, field);
		found->place = place;
	}
	*(const char **)cts_arena_push(&draft->arena, &found->items, &found->item_count,
		sizeof(*found->items)) = cts_arena_strdup(&draft->arena, text);
}

void cts_draft_put_number(struct cts_draft *draft, struct cts_draft_record *record,
	const char *field, struct cts_cell_place place, size_t number)
{
	cts_draft_put(draft, record, field, place, cts_arena_printf(&draft->arena, "%zu", number));
}

static bool has_word(const char *text)
{
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || (unsigned char)*text >= 0x80)
			return true;
	return false;
}

void cts_draft_leave_out(
	struct cts_draft *draft, struct cts_cell_place place, const char *text, const char *why)
{
	struct cts_left_out *entry;

	if (!has_word(text))
		return;
	entry = cts_arena_push(
		&draft->arena, &draft->left_out, &draft->left_out_count, sizeof(*entry));
	entry->place = place;
	entry->text = cts_arena_strdup(&draft->arena, text);
	entry->why = cts_arena_strdup(&draft->arena, why);
}

void cts_draft_leave_struck_out(
	struct cts_draft *draft, struct cts_cell_place place, const char *cell)
{
	struct cts_block *blocks;
	size_t count = cts_markup_blocks(&blocks, &draft->arena, cell);

	for (size_t i = 0; i < count; i++)
		if (blocks[i].kind == CTS_BLOCK_STRUCK)
			cts_draft_leave_out(
				draft, place, blocks[i].text, "struck out in the source");
}

void cts_draft_ask(struct cts_draft *draft, const struct cts_draft_record *record,
	const char *field, const char *also, const char *answer, const char *format, ...)
{
	struct cts_question *question = cts_arena_push(
		&draft->arena, &draft->questions, &draft->question_count, sizeof(*question));
	va_list args;

	va_start(args, format);
	question->ask = cts_arena_vprintf(&draft->arena, format, args);
	va_end(args);
	question->record = cts_arena_printf(&draft->arena, "%s/%s", record->kind, record->id);
	question->field = field;
	question->also = also;
	question->command =
		cts_arena_printf(&draft->arena, "ctsync set %s %s", question->record, answer);
}

int cts_draft_fail(
	const struct cts_draft *draft, struct cts_cell_place place, const char *format, ...)
{
	struct cts_arena scratch = {0};
	va_list args;
	int rc;

	va_start(args, format);
	rc = cts_fail(CTS_EVALUE, "%s:%zu:%zu: %s", draft->file, place.row, place.column,
		cts_arena_vprintf(&scratch, format, args));
	va_end(args);
	cts_arena_release(&scratch);
	return rc;
}
