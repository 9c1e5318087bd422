/*
 * The plain merge. Sets of commits are bits of one integer, so "had seen" is one test and union and
 * intersection are operators; the only code shared with the real merge is diff3, which has an
 * oracle of its own.
 */
#include "tests/support/merge_model.h"

#include <stdlib.h>
#include <string.h>

#include "proto/diff3.h"
#include "proto/withhold.h"

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
			if (o != i && editing & MODEL_BIT(o) &&
				model->commits[o].past & MODEL_BIT(i))
				is_replaced = true;
		if (!is_replaced)
			newest |= MODEL_BIT(i);
	}
	return newest;
}

/* The members of a set of commits in order of commit id. */
size_t model_in_id_order(size_t *out, const struct model *model, model_set set)
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

struct cts_value model_value_at(const struct model *model, size_t commit, const char *key)
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
	count = model_in_id_order(order, model, newest);
	if (!count)
		return true;
	*out = merged = model_value_at(model, order[0], field->name);
	if (all_equal(model, newest, field->name))
		return true;
	if (count > 8 || level > 32)
		return false;
	for (size_t i = 0; i < count; i++)
		if (has_marks(model_value_at(model, order[i], field->name)))
			return false;
	past = model->commits[order[0]].past;
	for (size_t i = 1; i < count; i++) {
		struct cts_value next = model_value_at(model, order[i], field->name);
		const char *text;

		if (!fold(&base, model, past & model->commits[order[i]].past, field, level + 1) ||
			has_marks(base))
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

static void conflict(
	struct model_field *out, const struct model *model, model_set newest, const char *key)
{
	size_t order[MODEL_COMMITS], count = model_in_id_order(order, model, newest),
				     shown = order[0];

	for (size_t i = 1; i < count; i++)
		if (model->commits[order[i]].change.time >= model->commits[shown].change.time)
			shown = order[i];
	out->sides = newest;
	out->value = model_value_at(model, shown, key);
}

static void view_register(
	struct model_field *out, const struct model *model, model_set newest, const char *key)
{
	*out = (struct model_field){0};
	for (size_t i = 0; i < model->count; i++)
		if (newest & MODEL_BIT(i))
			out->value = model_value_at(model, i, key);
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
				if (newest & MODEL_BIT(o) && model_value_at(model, o, key).count)
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
		value = model_value_at(model, i, field->name);
		for (size_t e = 0; e < field->enumerator_count; e++)
			for (size_t b = 0; b < field->enumerator_count; b++)
				if (strcmp(cts_value_text(value), field->enumerators[e].name) ==
						0 &&
					(!best.count ||
						(b < e &&
							strcmp(cts_value_text(best),
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
		value = model_value_at(model, i, key);
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
		case CTS_MERGE_WRITE_ONCE: view_register(shown, model, newest, field->name); break;
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
	struct model_edit *edit =
		cts_arena_push(&model->arena, &commit->keys, &commit->key_count, sizeof(*edit));

	edit->key = key;
	edit->value = cts_value_copy(&model->arena, value);
}

static void put_members(struct model *model, struct model_commit *commit, const char *field,
	struct cts_value members, struct cts_value except, bool is_in)
{
	for (size_t i = 0; i < members.count; i++) {
		const char *key =
			cts_arena_printf(&model->arena, "%s\t%s", field, members.items[i]);

		if (!cts_value_has(except, members.items[i]))
			put_key(model, commit, key, cts_value_of(&model->arena, is_in ? "in" : ""));
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
				if (newest & MODEL_BIT(o) && model_value_at(model, o, key).count)
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
	struct cts_edit *edit =
		cts_arena_push(&model->arena, &edits->edits, &edits->edit_count, sizeof(*edit));

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
	commit->change.ref =
		(struct cts_ref){.line = (uint32_t)writer + 1, .seq = ++model->seqs[writer]};
	commit->change.agency = cts_arena_printf(&model->arena, "agency%zu", writer);
	commit->change.author =
		cts_arena_printf(&model->arena, "Writer %zu <w%zu@x.nz>", writer, writer);
	commit->change.time = 1600000000 + (int64_t)model_random(model, 8);
	commit->change.message = "";
	for (size_t i = 0; i < CTS_OID_SIZE; i++)
		commit->change.commit.bytes[i] = (uint8_t)model_random(model, 256);
	commit->edits.key = "note/x";
	commit->edits.created = is_new;
	commit->edits.deleted = deletes;

	put_key(model, commit, CTS_DELETED,
		cts_value_of(&model->arena, deletes ? "true" : "false"));
	if (is_new || deletes)
		put_edit(model, &commit->edits, CTS_DELETED,
			view.exists ? cts_value_of(&model->arena, view.deleted ? "true" : "false")
				    : none,
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

		if ((field->merge != CTS_MERGE_STRICTEST && field->merge != CTS_MERGE_INTERSECT) ||
			edits_key(commit, field->name))
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

struct cts_value model_one(struct model *model, const char *text)
{
	return cts_value_of(&model->arena, text);
}

struct cts_value model_two(struct model *model, const char *first, const char *second)
{
	return cts_value_with(&model->arena, model_one(model, first), second);
}

struct cts_value model_inserted(
	struct model *model, struct cts_value value, size_t at, const char *item)
{
	struct cts_value out = {0};

	for (size_t i = 0; i < value.count; i++) {
		if (i == at)
			out = cts_value_with(&model->arena, out, item);
		out = cts_value_with(&model->arena, out, value.items[i]);
	}
	return at < value.count ? out : cts_value_with(&model->arena, out, item);
}

struct model_wish model_wish_of(const char *field, struct cts_value value)
{
	return (struct model_wish){.field = field, .value = value};
}

size_t model_commit_one(struct model *model, size_t writer, model_set seen, const char *field,
	struct cts_value value)
{
	struct model_wish wish = model_wish_of(field, value);

	return model_commit(model, writer, seen, false, &wish, 1);
}

model_set model_all(const struct model *model)
{
	model_set set = 0;

	for (size_t i = 0; i < model->count; i++)
		set |= MODEL_BIT(i);
	return set;
}

model_set model_begin(struct model *model, uint64_t seed)
{
	struct model_wish wishes[3];

	model_init(model, seed);
	wishes[0] = model_wish_of("title", model_one(model, "t"));
	wishes[1] = model_wish_of("points", model_two(model, "one", "two"));
	wishes[2] = model_wish_of("notes", model_one(model, "one two\nthree four"));
	return MODEL_BIT(model_commit(model, 0, 0, false, wishes, 3));
}
