/*
 * Commits arrive in a store: the real merge is given them one by one, with a history that answers
 * from the model's sets, and what it makes of them is compared with what the model says.
 */
#include "tests/support/merge_model.h"

#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/stored.h"

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
	return (arrival->model->commits[model_commit_at(arrival, later)].past &
		       MODEL_BIT(model_commit_at(arrival, earlier))) != 0;
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
	arrival->past = (struct cts_past){.context = arrival,
		.has_seen = has_seen,
		.add_past = add_past,
		.change = get_change,
		.edits = get_edits};
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

static model_set commits_of(
	const struct model_arrival *arrival, const char *name, const char *member)
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
static const char *compare_state(
	struct model_arrival *arrival, struct model *model, model_set commits)
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
				if (newest & MODEL_BIT(o) && model_value_at(model, o, key).count)
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
	size_t order[MODEL_COMMITS], count = model_in_id_order(order, model, sides);

	if (!open || !sides)
		return open || sides ? name : NULL;
	if (open->side_count != count)
		return name;
	for (size_t i = 0; i < count; i++) {
		const struct cts_change *change = &model->commits[order[i]].change;
		const struct cts_side *side = &open->sides[i];

		if (!cts_value_equal(side->value, model_value_at(model, order[i], name)) ||
			strcmp(side->agency, change->agency) != 0 ||
			strcmp(side->author, change->author) != 0 || side->time != change->time ||
			!cts_oid_equal(&side->commit, &change->commit))
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
		wrong = compare_conflict(
			record, model, model->kind->fields[i].name, view->fields[i].sides);
		if (wrong)
			return wrong;
	}
	wrong = compare_conflict(record, model, CTS_DELETED, view->life_sides);
	if (!wrong)
		wrong = compare_conflict(record, model, MODEL_UNKNOWN, view->unknown.sides);
	if (wrong)
		return wrong;
	if (record->unknown_count != view->unknown.value.count ||
		(record->unknown_count && (!record->unknown[0].in_fields ||
						  strcmp(record->unknown[0].name, "later") != 0 ||
						  strcmp(record->unknown[0].json,
							  view->unknown.value.items[0]) != 0)))
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
	if (cts_state_record(&record, &deleted, &arrival->state, model->kind, "x", &arrival->past) <
		0)
		return "an error";
	model_view(&view, model, commits);
	wrong = compare_record(&record, deleted, model, &view);
	cts_record_release(&record);
	return wrong;
}

/* Any order in which ancestors come first. */
static void random_order(size_t *out, struct model *m)
{
	model_set taken = 0;

	for (size_t count = 0; count < m->count;) {
		size_t i = model_random(m, m->count);

		if (taken & MODEL_BIT(i) || m->commits[i].past & ~MODEL_BIT(i) & ~taken)
			continue;
		taken |= MODEL_BIT(i);
		out[count++] = i;
	}
}

/* Writes the record with its state as a store does and reads it back, into an arena of its own. */
static const char *store_and_read(struct model_arrival *arrival)
{
	struct cts_record record, read;
	struct cts_arena fresh = {0};
	struct cts_state state = {.arena = &arrival->arena};
	struct cts_buf bytes = {0};
	const char *wrong = NULL;
	bool deleted, read_deleted;

	if (cts_state_record(&record, &deleted, &arrival->state, arrival->model->kind, "x",
		    &arrival->past) < 0)
		return "an error";
	cts_stored_record_encode(&bytes, &record, deleted, &arrival->state);
	/* What is read must not lean on what was written. */
	cts_arena_release(&arrival->arena);
	arrival->arena = fresh;
	if (cts_stored_record_decode(&read, &read_deleted, &state, arrival->model->kind, "x",
		    bytes.data, bytes.size) < 0) {
		wrong = cts_error_message(CTS_EDAMAGED);
	} else {
		if (read_deleted != deleted || !cts_record_equal(&record, &read))
			wrong = "what was stored";
		arrival->state = state;
		cts_record_release(&read);
	}
	cts_record_release(&record);
	cts_buf_release(&bytes);
	return wrong;
}

const char *model_compare_orders(struct model *m, size_t orders)
{
	struct model_arrival arrival;
	size_t order[MODEL_COMMITS];
	const char *wrong = NULL;

	for (size_t n = 0; n < orders && !wrong; n++) {
		model_set arrived = 0;

		if (n == 0)
			for (size_t i = 0; i < m->count; i++)
				order[i] = i;
		else
			random_order(order, m);
		model_arrival_init(&arrival, m, (uint32_t)n);
		for (size_t i = 0; i < m->count && !wrong; i++) {
			if (model_arrive(&arrival, order[i]) < 0)
				wrong = "an error";
			arrived |= MODEL_BIT(order[i]);
			if (!wrong && (n == 0 || i + 1 == m->count || model_random(m, 24) == 0))
				wrong = model_compare(&arrival, m, arrived);
			if (!wrong && n % 3 == 2)
				wrong = store_and_read(&arrival);
		}
		model_arrival_release(&arrival);
	}
	return wrong;
}
