/*
 * The plain merge. Sets of commits are bits of one integer, so "had seen" is one test and union and
 * intersection are operators; the only code shared with the real merge is diff3, which has an oracle of
 * its own.
 */
#include "tests/support/merge_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/diff3.h"
#include "proto/error.h"
#include "proto/withhold.h"

/* The schema is written as protoc would write it: a descriptor set, field by field. */
static void put_number(struct cts_buf *out, unsigned field, uint64_t value)
{
	uint64_t varints[] = {(uint64_t)field << 3, value};

	for (size_t i = 0; i < 2; i++) {
		for (; varints[i] >= 0x80; varints[i] >>= 7)
			cts_buf_putc(out, (char)((varints[i] & 0x7f) | 0x80));
		cts_buf_putc(out, (char)varints[i]);
	}
}

static void put_bytes(struct cts_buf *out, unsigned field, const void *data, size_t size)
{
	size_t at = out->size;

	put_number(out, field, size);
	out->data[at] = (char)(out->data[at] | 2); /* wire type: length-delimited */
	cts_buf_put(out, data, size);
}

static void put_text(struct cts_buf *out, unsigned field, const char *text)
{
	put_bytes(out, field, text, strlen(text));
}

/* Puts a message inside another and clears it. */
static void put_message(struct cts_buf *out, unsigned field, struct cts_buf *message)
{
	put_bytes(out, field, cts_buf_text(message), message->size);
	cts_buf_clear(message);
}

enum { TYPE_STRING = 9, TYPE_ENUM = 14, RULES = 61650 };

static void put_field(struct cts_buf *message, const char *name, unsigned number, bool repeated,
	enum cts_merge_class merge)
{
	struct cts_buf field = {0}, options = {0}, rules = {0};
	bool is_enum = merge == CTS_MERGE_STRICTEST;

	put_text(&field, 1, name);
	put_number(&field, 3, number);
	put_number(&field, 4, repeated ? 3 : 1);
	put_number(&field, 5, is_enum ? TYPE_ENUM : TYPE_STRING);
	if (is_enum)
		put_text(&field, 6, ".test.Rank.Value");
	put_number(&rules, 1, merge); /* the enumerators of MergeClass have these numbers */
	put_message(&options, RULES, &rules);
	put_message(&field, 8, &options);
	put_message(message, 2, &field);
	cts_buf_release(&field);
	cts_buf_release(&options);
	cts_buf_release(&rules);
}

static void put_ranks(struct cts_buf *file)
{
	static const char *const names[] = {"unspecified", "low", "middle", "high"};
	struct cts_buf message = {0}, values = {0}, value = {0};

	put_text(&values, 1, "Value");
	for (unsigned i = 0; i < 4; i++) {
		put_text(&value, 1, names[i]);
		put_number(&value, 2, i);
		put_message(&values, 2, &value);
	}
	put_text(&message, 1, "Rank");
	put_message(&message, 4, &values);
	put_message(file, 4, &message);
	cts_buf_release(&message);
	cts_buf_release(&values);
	cts_buf_release(&value);
}

static void put_kinds(struct cts_buf *file)
{
	struct cts_buf message = {0}, options = {0}, rules = {0};

	put_text(&message, 1, "Note");
	put_field(&message, "title", 1, false, CTS_MERGE_REGISTER);
	put_field(&message, "baseline", 2, false, CTS_MERGE_WRITE_ONCE);
	put_field(&message, "labels", 3, true, CTS_MERGE_SET);
	put_field(&message, "points", 4, true, CTS_MERGE_LIST);
	put_field(&message, "notes", 5, false, CTS_MERGE_TEXT);
	put_text(&rules, 1, "note");
	put_message(&options, RULES, &rules);
	put_message(&message, 7, &options);
	put_message(file, 4, &message);

	put_text(&message, 1, "Common");
	put_field(&message, "classification", 1, false, CTS_MERGE_STRICTEST);
	put_field(&message, "releasable_to", 2, true, CTS_MERGE_INTERSECT);
	put_number(&rules, 4, true);
	put_message(&options, RULES, &rules);
	put_message(&message, 7, &options);
	put_message(file, 4, &message);
	cts_buf_release(&message);
	cts_buf_release(&options);
	cts_buf_release(&rules);
}

const struct cts_kind *model_kind(void)
{
	static struct cts_schema *schema;
	struct cts_buf file = {0}, set = {0};

	if (schema)
		return cts_schema_kind_at(schema, 0);
	put_text(&file, 1, "note.proto");
	put_text(&file, 2, "test");
	put_text(&file, 12, "proto3");
	put_ranks(&file);
	put_kinds(&file);
	put_message(&set, 1, &file);
	if (cts_schema_load(&schema, set.data, set.size) < 0) {
		fprintf(stderr, "%s\n", cts_error_message(CTS_EVALUE));
		abort();
	}
	cts_buf_release(&file);
	cts_buf_release(&set);
	return cts_schema_kind_at(schema, 0);
}

void model_init(struct model *model, uint64_t seed)
{
	*model = (struct model){.kind = model_kind(), .random = seed};
}

void model_release(struct model *model)
{
	cts_arena_release(&model->arena);
}

/* splitmix64 */
uint64_t model_random(struct model *model, uint64_t below)
{
	uint64_t z = model->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

const struct model_edit *model_edit_of(const struct model *model, size_t commit, const char *key)
{
	const struct model_commit *c = &model->commits[commit];

	for (size_t i = 0; i < c->key_count; i++)
		if (strcmp(c->keys[i].key, key) == 0)
			return &c->keys[i];
	return NULL;
}

model_set model_newest(const struct model *model, model_set commits, const char *key)
{
	model_set editing = 0, newest = 0;

	for (size_t i = 0; i < model->count; i++)
		if (commits & MODEL_BIT(i) && model_edit_of(model, i, key))
			editing |= MODEL_BIT(i);
	for (size_t i = 0; i < model->count; i++) {
		bool is_replaced = false;

		if (!(editing & MODEL_BIT(i)))
			continue;
		for (size_t o = 0; o < model->count; o++)
			if (o != i && editing & MODEL_BIT(o)
				&& model->commits[o].past & MODEL_BIT(i))
				is_replaced = true;
		if (!is_replaced)
			newest |= MODEL_BIT(i);
	}
	return newest;
}

/* The members of a set of commits in order of commit id. */
static size_t in_id_order(size_t *out, const struct model *model, model_set set)
{
	size_t count = 0, j;

	for (size_t i = 0; i < model->count; i++) {
		if (!(set & MODEL_BIT(i)))
			continue;
		for (j = count; j > 0 && cts_oid_compare(&model->commits[out[j - 1]].change.commit,
						 &model->commits[i].change.commit) > 0;
			j--)
			out[j] = out[j - 1];
		out[j] = i;
		count++;
	}
	return count;
}

static struct cts_value value_at(const struct model *model, size_t commit, const char *key)
{
	return model_edit_of(model, commit, key)->value;
}

static bool all_equal(const struct model *model, model_set set, const char *key)
{
	const struct cts_value *first = NULL;

	for (size_t i = 0; i < model->count; i++) {
		const struct model_edit *edit;

		if (!(set & MODEL_BIT(i)))
			continue;
		edit = model_edit_of(model, i, key);
		if (first && !cts_value_equal(*first, edit->value))
			return false;
		first = &edit->value;
	}
	return true;
}

static bool has_marks(struct cts_value value)
{
	for (size_t i = 0; i < value.count; i++)
		if (cts_text_has_marks(value.items[i]))
			return true;
	return false;
}

/* False: in conflict. */
static bool fold(struct cts_value *out, struct model *model, model_set commits,
	const struct cts_field *field, int level)
{
	size_t order[MODEL_COMMITS], count;
	model_set newest = model_newest(model, commits, field->name), past;
	struct cts_value merged, base;

	*out = (struct cts_value){0};
	count = in_id_order(order, model, newest);
	if (!count)
		return true;
	*out = merged = value_at(model, order[0], field->name);
	if (all_equal(model, newest, field->name))
		return true;
	if (count > 8 || level > 32)
		return false;
	for (size_t i = 0; i < count; i++)
		if (has_marks(value_at(model, order[i], field->name)))
			return false;
	past = model->commits[order[0]].past;
	for (size_t i = 1; i < count; i++) {
		struct cts_value next = value_at(model, order[i], field->name);
		const char *text;

		if (!fold(&base, model, past & model->commits[order[i]].past, field, level + 1)
			|| has_marks(base))
			return false;
		if (field->merge == CTS_MERGE_LIST) {
			if (!cts_sequence_merge(&merged, &model->arena, base, merged, next))
				return false;
		} else {
			if (!cts_text_merge(&text, &model->arena, cts_value_text(base),
				    cts_value_text(merged), cts_value_text(next)))
				return false;
			merged = cts_value_of(&model->arena, text);
		}
		past |= model->commits[order[i]].past;
	}
	*out = merged;
	return true;
}

static void conflict(struct model_field *out, const struct model *model, model_set newest,
	const char *key)
{
	size_t order[MODEL_COMMITS], count = in_id_order(order, model, newest), shown = order[0];

	for (size_t i = 1; i < count; i++)
		if (model->commits[order[i]].change.time >= model->commits[shown].change.time)
			shown = order[i];
	out->sides = newest;
	out->value = value_at(model, shown, key);
}

static void view_register(
	struct model_field *out, const struct model *model, model_set newest, const char *key)
{
	*out = (struct model_field){0};
	for (size_t i = 0; i < model->count; i++)
		if (newest & MODEL_BIT(i))
			out->value = value_at(model, i, key);
	if (!all_equal(model, newest, key))
		conflict(out, model, newest, key);
}

/* Every key of the form "FIELD\tMEMBER" that any of the commits edits and that is in. */
static struct cts_value view_set(struct model *model, model_set commits, const char *field)
{
	struct cts_value members = {0};
	size_t size = strlen(field);

	for (size_t i = 0; i < model->count; i++) {
		for (size_t k = 0; commits & MODEL_BIT(i) && k < model->commits[i].key_count; k++) {
			const char *key = model->commits[i].keys[k].key;
			model_set newest;

			if (strncmp(key, field, size) != 0 || key[size] != '\t')
				continue;
			newest = model_newest(model, commits, key);
			for (size_t o = 0; o < model->count; o++)
				if (newest & MODEL_BIT(o) && value_at(model, o, key).count)
					members = cts_value_with(
						&model->arena, members, key + size + 1);
		}
	}
	return cts_value_sorted(&model->arena, members);
}

static struct cts_value view_strictest(
	const struct model *model, model_set newest, const struct cts_field *field)
{
	struct cts_value best = {0};

	for (size_t i = 0; i < model->count; i++) {
		struct cts_value value;

		if (!(newest & MODEL_BIT(i)))
			continue;
		value = value_at(model, i, field->name);
		for (size_t e = 0; e < field->enumerator_count; e++)
			for (size_t b = 0; b < field->enumerator_count; b++)
				if (strcmp(cts_value_text(value), field->enumerators[e].name) == 0
					&& (!best.count || (b < e
						&& strcmp(cts_value_text(best),
							field->enumerators[b].name) == 0)))
					best = value;
	}
	return best;
}

static struct cts_value view_intersect(struct model *model, model_set newest, const char *key)
{
	struct cts_value allowed = {0};
	bool is_limited = false;

	for (size_t i = 0; i < model->count; i++) {
		struct cts_value value, both = {0};

		if (!(newest & MODEL_BIT(i)))
			continue;
		value = value_at(model, i, key);
		if (all_equal(model, newest, key))
			return value; /* as it was typed */
		if (!value.count)
			continue;
		for (size_t k = 0; k < value.count; k++)
			if (!is_limited || cts_value_has(allowed, value.items[k]))
				both = cts_value_with(&model->arena, both, value.items[k]);
		allowed = both;
		is_limited = true;
	}
	if (is_limited && !allowed.count)
		return cts_value_of(&model->arena, "none");
	return cts_value_sorted(&model->arena, allowed);
}

void model_view(struct model_view *out, struct model *model, model_set commits)
{
	model_set newest = model_newest(model, commits, CTS_DELETED);
	struct model_field life;

	*out = (struct model_view){0};
	if (!newest)
		return;
	view_register(&life, model, newest, CTS_DELETED);
	out->exists = true;
	out->life_sides = life.sides;
	out->deleted = !life.sides && strcmp(cts_value_text(life.value), "true") == 0;
	for (size_t i = 0; i < model->kind->field_count; i++) {
		const struct cts_field *field = &model->kind->fields[i];
		struct model_field *shown = &out->fields[i];

		newest = model_newest(model, commits, field->name);
		switch (field->merge) {
		case CTS_MERGE_REGISTER:
		case CTS_MERGE_WRITE_ONCE:
			view_register(shown, model, newest, field->name);
			break;
		case CTS_MERGE_LIST:
		case CTS_MERGE_TEXT:
			if (!model->is_shallow && !fold(&shown->value, model, commits, field, 0))
				conflict(shown, model, newest, field->name);
			break;
		case CTS_MERGE_SET: shown->value = view_set(model, commits, field->name); break;
		case CTS_MERGE_STRICTEST:
			shown->value = view_strictest(model, newest, field);
			break;
		case CTS_MERGE_INTERSECT:
			shown->value = view_intersect(model, newest, field->name);
			break;
		}
	}
	newest = model_newest(model, commits, MODEL_UNKNOWN);
	view_register(&out->unknown, model, newest, MODEL_UNKNOWN);
}

static void put_key(
	struct model *model, struct model_commit *commit, const char *key, struct cts_value value)
{
	struct model_edit *edit = cts_arena_push(
		&model->arena, &commit->keys, &commit->key_count, sizeof(*edit));

	edit->key = key;
	edit->value = cts_value_copy(&model->arena, value);
}

static void put_members(struct model *model, struct model_commit *commit, const char *field,
	struct cts_value members, struct cts_value except, bool is_in)
{
	for (size_t i = 0; i < members.count; i++) {
		const char *key = cts_arena_printf(&model->arena, "%s\t%s", field, members.items[i]);

		if (!cts_value_has(except, members.items[i]))
			put_key(model, commit, key,
				cts_value_of(&model->arena, is_in ? "in" : ""));
	}
}

static bool edits_key(const struct model_commit *commit, const char *key)
{
	for (size_t i = 0; i < commit->key_count; i++)
		if (strcmp(commit->keys[i].key, key) == 0)
			return true;
	return false;
}

/* Creating a record again: every key that has a value in the past and is not edited is cleared. */
static void put_cleared(struct model *model, struct model_commit *commit, model_set seen)
{
	for (size_t i = 0; i < model->count; i++) {
		for (size_t k = 0; seen & MODEL_BIT(i) && k < model->commits[i].key_count; k++) {
			const char *key = model->commits[i].keys[k].key;
			model_set newest = model_newest(model, seen, key);
			bool is_set = false;

			for (size_t o = 0; o < model->count; o++)
				if (newest & MODEL_BIT(o) && value_at(model, o, key).count)
					is_set = true;
			if (is_set && !edits_key(commit, key))
				put_key(model, commit, key, (struct cts_value){0});
		}
	}
}

static const struct cts_field *field_named(const char *name)
{
	for (size_t i = 0; i < model_kind()->field_count; i++)
		if (strcmp(model_kind()->fields[i].name, name) == 0)
			return &model_kind()->fields[i];
	return NULL;
}

/* The real edits: old and new values of fields as trees show them, and the markings as seen. */
static void put_edit(struct model *model, struct cts_record_edits *edits, const char *field,
	struct cts_value old_value, struct cts_value new_value)
{
	struct cts_edit *edit = cts_arena_push(
		&model->arena, &edits->edits, &edits->edit_count, sizeof(*edit));

	edit->field = field;
	edit->old_value = old_value;
	edit->new_value = cts_value_copy(&model->arena, new_value);
}

static void put_marking(struct model *model, struct cts_record_edits *edits, const char *field,
	struct cts_value value)
{
	struct cts_edit *edit = cts_arena_push(
		&model->arena, &edits->markings, &edits->marking_count, sizeof(*edit));

	edit->field = field;
	edit->old_value = edit->new_value = value;
}

size_t model_commit(struct model *model, size_t writer, model_set seen, bool deletes,
	const struct model_wish *wishes, size_t count)
{
	size_t index = model->count;
	struct model_commit *commit = &model->commits[index];
	struct model_view view;
	struct cts_value none = {0};
	bool is_new;

	model_view(&view, model, seen);
	is_new = !view.exists || view.deleted;
	*commit = (struct model_commit){.past = seen | MODEL_BIT(index)};
	commit->change.ref = (struct cts_ref){.line = (uint32_t)writer + 1, .seq = ++model->seqs[writer]};
	commit->change.agency = cts_arena_printf(&model->arena, "agency%zu", writer);
	commit->change.author = cts_arena_printf(&model->arena, "Writer %zu <w%zu@x.nz>", writer, writer);
	commit->change.time = 1600000000 + (int64_t)model_random(model, 8);
	commit->change.message = "";
	for (size_t i = 0; i < CTS_OID_SIZE; i++)
		commit->change.commit.bytes[i] = (uint8_t)model_random(model, 256);
	commit->edits.key = "note/x";
	commit->edits.created = is_new;
	commit->edits.deleted = deletes;

	put_key(model, commit, CTS_DELETED, cts_value_of(&model->arena, deletes ? "true" : "false"));
	if (is_new || deletes)
		put_edit(model, &commit->edits, CTS_DELETED,
			view.exists ? cts_value_of(&model->arena, view.deleted ? "true" : "false") : none,
			cts_value_of(&model->arena, deletes ? "true" : "false"));
	for (size_t i = 0; i < count; i++) {
		const struct cts_field *field = field_named(wishes[i].field);
		struct cts_value old = {0}, now = wishes[i].value;

		if (strcmp(wishes[i].field, CTS_DELETED) == 0) {
			put_edit(model, &commit->edits, CTS_DELETED, now, now);
			continue;
		}
		if (!is_new)
			old = field ? view.fields[field->index].value : view.unknown.value;
		put_edit(model, &commit->edits, wishes[i].field, old, now);
		if (field && field->merge == CTS_MERGE_SET) {
			put_members(model, commit, field->name, now, old, true);
			put_members(model, commit, field->name, old, now, false);
		} else {
			put_key(model, commit, wishes[i].field, now);
		}
	}
	for (size_t i = 0; i < model->kind->field_count; i++) {
		const struct cts_field *field = &model->kind->fields[i];
		struct cts_value seen_value = is_new ? none : view.fields[i].value;

		if ((field->merge != CTS_MERGE_STRICTEST && field->merge != CTS_MERGE_INTERSECT)
			|| edits_key(commit, field->name))
			continue;
		put_key(model, commit, field->name, seen_value);
		if (seen_value.count)
			put_marking(model, &commit->edits, field->name, seen_value);
	}
	if (is_new)
		put_cleared(model, commit, seen);
	model->count++;
	return index;
}

/* Lines are named differently in every store. */
struct cts_ref model_ref(const struct model_arrival *arrival, size_t commit)
{
	struct cts_ref ref = arrival->model->commits[commit].change.ref;

	ref.line = 1 + (ref.line * 5 + arrival->line_mix) % MODEL_WRITERS;
	return ref;
}

size_t model_commit_at(const struct model_arrival *arrival, struct cts_ref ref)
{
	for (size_t i = 0; i < arrival->model->count; i++)
		if (cts_ref_equal(model_ref(arrival, i), ref))
			return i;
	abort();
}

static int has_seen(void *context, struct cts_ref later, struct cts_ref earlier)
{
	struct model_arrival *arrival = context;

	arrival->questions++;
	return (arrival->model->commits[model_commit_at(arrival, later)].past
		       & MODEL_BIT(model_commit_at(arrival, earlier)))
		!= 0;
}

static int add_past(void *context, struct cts_vector *out, struct cts_ref change)
{
	struct model_arrival *arrival = context;
	model_set past = arrival->model->commits[model_commit_at(arrival, change)].past;

	arrival->pasts++;
	for (size_t i = 0; i < arrival->model->count; i++)
		if (past & MODEL_BIT(i))
			cts_vector_raise(out, model_ref(arrival, i));
	return 0;
}

static int get_change(void *context, const struct cts_change **out, struct cts_ref ref)
{
	struct model_arrival *arrival = context;

	*out = &arrival->model->commits[model_commit_at(arrival, ref)].change;
	return 0;
}

static int get_edits(void *context, const struct cts_newest **out, size_t *count, const char *field)
{
	struct model_arrival *arrival = context;
	struct cts_newest *edits = NULL;
	size_t found = 0;

	for (size_t i = 0; i < arrival->count; i++) {
		const struct model_edit *edit =
			model_edit_of(arrival->model, arrival->order[i], field);
		struct cts_newest *put;

		if (!edit)
			continue;
		put = cts_arena_push(&arrival->arena, &edits, &found, sizeof(*put));
		put->by = model_ref(arrival, arrival->order[i]);
		put->value = edit->value;
	}
	*out = edits;
	*count = found;
	return 0;
}

void model_arrival_init(struct model_arrival *arrival, const struct model *model, uint32_t line_mix)
{
	*arrival = (struct model_arrival){.model = model, .line_mix = line_mix};
	arrival->state.arena = &arrival->arena;
	arrival->past = (struct cts_past){.context = arrival, .has_seen = has_seen,
		.add_past = add_past, .change = get_change, .edits = get_edits};
}

void model_arrival_release(struct model_arrival *arrival)
{
	cts_arena_release(&arrival->arena);
}

int model_arrive(struct model_arrival *arrival, size_t commit)
{
	const struct model_commit *c = &arrival->model->commits[commit];
	model_set seen = c->past & ~MODEL_BIT(commit), arrived = 0;
	struct model_arrival before;
	int rc = 0;

	for (size_t i = 0; i < arrival->count; i++)
		arrived |= MODEL_BIT(arrival->order[i]);
	if (seen & ~arrived || arrived & MODEL_BIT(commit))
		abort();
	if (!c->edits.created || !seen) {
		rc = cts_state_apply(&arrival->state, arrival->model->kind, &c->edits,
			model_ref(arrival, commit), NULL, &arrival->past);
	} else if (seen == arrived) {
		/* As a store does with an edit of its own: the view is the state itself. */
		rc = cts_state_apply(&arrival->state, arrival->model->kind, &c->edits,
			model_ref(arrival, commit), &arrival->state, &arrival->past);
	} else {
		model_arrival_init(&before, arrival->model, arrival->line_mix);
		for (size_t i = 0; i < arrival->count && rc >= 0; i++)
			if (seen & MODEL_BIT(arrival->order[i]))
				rc = model_arrive(&before, arrival->order[i]);
		if (rc >= 0)
			rc = cts_state_apply(&arrival->state, arrival->model->kind, &c->edits,
				model_ref(arrival, commit), &before.state, &arrival->past);
		model_arrival_release(&before);
	}
	arrival->order[arrival->count++] = commit;
	return rc;
}

static model_set commits_of(const struct model_arrival *arrival, const char *name, const char *member)
{
	const struct cts_field_state *field = cts_state_field(&arrival->state, name);
	model_set set = 0;

	for (size_t i = 0; field && i < field->count; i++) {
		model_set bit = MODEL_BIT(model_commit_at(arrival, field->newest[i].by));

		if (member && strcmp(cts_value_text(field->newest[i].value), member) != 0)
			continue;
		if (set & bit)
			return ~(model_set)0; /* twice */
		set |= bit;
	}
	return set;
}

/* The newest edits of every key, against the definition. */
static const char *compare_state(struct model_arrival *arrival, struct model *model, model_set commits)
{
	for (size_t i = 0; i < model->count; i++) {
		for (size_t k = 0; commits & MODEL_BIT(i) && k < model->commits[i].key_count; k++) {
			const char *key = model->commits[i].keys[k].key, *tab = strchr(key, '\t');
			model_set newest = model_newest(model, commits, key), in = 0;

			if (!tab) {
				if (commits_of(arrival, key, NULL) != newest)
					return cts_arena_printf(
						&model->arena, "the newest edits of %s", key);
				continue;
			}
			for (size_t o = 0; o < model->count; o++)
				if (newest & MODEL_BIT(o) && value_at(model, o, key).count)
					in |= MODEL_BIT(o);
			if (commits_of(arrival, "labels", tab + 1) != in)
				return cts_arena_printf(
					&model->arena, "the newest edits of member %s", tab + 1);
		}
	}
	for (size_t i = 0; i < arrival->state.count; i++)
		if (!arrival->state.fields[i].count)
			return "a field without edits stands in the state";
	return NULL;
}

static const char *compare_conflict(const struct cts_record *record, const struct model *model,
	const char *name, model_set sides)
{
	const struct cts_conflict *open = cts_record_conflict(record, name);
	size_t order[MODEL_COMMITS], count = in_id_order(order, model, sides);

	if (!open || !sides)
		return open || sides ? name : NULL;
	if (open->side_count != count)
		return name;
	for (size_t i = 0; i < count; i++) {
		const struct cts_change *change = &model->commits[order[i]].change;
		const struct cts_side *side = &open->sides[i];

		if (!cts_value_equal(side->value, value_at(model, order[i], name))
			|| strcmp(side->agency, change->agency) != 0
			|| strcmp(side->author, change->author) != 0 || side->time != change->time
			|| !cts_oid_equal(&side->commit, &change->commit))
			return name;
	}
	return NULL;
}

static const char *compare_record(const struct cts_record *record, bool deleted,
	const struct model *model, const struct model_view *view)
{
	const char *wrong;

	if (deleted != (view->deleted || !view->exists))
		return "whether it is deleted";
	for (size_t i = 0; i < model->kind->field_count; i++) {
		if (!cts_value_equal(record->values[i], view->fields[i].value))
			return model->kind->fields[i].name;
		wrong = compare_conflict(record, model, model->kind->fields[i].name, view->fields[i].sides);
		if (wrong)
			return wrong;
	}
	wrong = compare_conflict(record, model, CTS_DELETED, view->life_sides);
	if (!wrong)
		wrong = compare_conflict(record, model, MODEL_UNKNOWN, view->unknown.sides);
	if (wrong)
		return wrong;
	if (record->unknown_count != view->unknown.value.count
		|| (record->unknown_count
			&& (!record->unknown[0].in_fields
				|| strcmp(record->unknown[0].name, "later") != 0
				|| strcmp(record->unknown[0].json, view->unknown.value.items[0]) != 0)))
		return "the unknown member";
	for (size_t i = 1; i < record->conflict_count; i++)
		if (strcmp(record->conflicts[i - 1].field, record->conflicts[i].field) >= 0)
			return "the order of the conflicts";
	return NULL;
}

const char *model_compare(struct model_arrival *arrival, struct model *model, model_set commits)
{
	const char *wrong = compare_state(arrival, model, commits);
	struct cts_record record;
	struct model_view view;
	bool deleted;

	if (wrong)
		return wrong;
	if (cts_state_record(&record, &deleted, &arrival->state, model->kind, "x", &arrival->past) < 0)
		return "an error";
	model_view(&view, model, commits);
	wrong = compare_record(&record, deleted, model, &view);
	cts_record_release(&record);
	return wrong;
}
