/*
 * The recommendations that a row answers. They stand beside its workstreams where the records say
 * of each of them which workstream answers it; else they are a list of the whole row, as the source
 * printed it, since a list beside workstreams would read as an answer that nobody gave.
 */
#include "cli/report/row.h"

#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/programme.h"

struct numbered {
	const char *key;
	const char *label; /* the number, or the key of a record that is not here */
	long number;
};

static int by_number(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->key, y->key);
}

static int read_numbered(struct numbered *out, struct cts_row_maker *maker, const char *key)
{
	const char *inquiry;
	int rc;

	out->key = cts_arena_strdup(maker->arena, key);
	rc = cts_row_read_text(&out->label, maker, key, CTS_RECOMMENDATION_NUMBER);
	if (rc < 0)
		return rc;
	out->number = strtol(out->label, NULL, 10);
	if (!*out->label)
		out->label = out->key;
	rc = cts_row_read_text(&inquiry, maker, key, CTS_RECOMMENDATION_INQUIRY);
	if (rc < 0)
		return rc;
	if (!maker->inquiry)
		maker->inquiry = inquiry;
	else if (strcmp(maker->inquiry, inquiry) != 0)
		maker->inquiry = "";
	return 0;
}

/* The recommendations of a value, by number. */
static int read_all_numbered(
	struct numbered **out, struct cts_row_maker *maker, struct cts_value value)
{
	struct numbered *all = cts_arena_alloc(maker->arena, value.count * sizeof(*all) + 1);

	for (size_t i = 0; i < value.count; i++) {
		int rc = read_numbered(&all[i], maker, value.items[i]);

		if (rc < 0)
			return rc;
	}
	if (value.count > 1)
		qsort(all, value.count, sizeof(*all), by_number);
	*out = all;
	return 0;
}

/* The workstream says which recommendations it answers, or that it answers none. */
static bool is_told(const struct cts_record *workstream)
{
	return cts_tree_value(workstream, CTS_WORKSTREAM_RECOMMENDATIONS).count > 0 ||
	       strcmp(cts_record_text(workstream, CTS_WORKSTREAM_RECOMMENDATION_STATE), "none") ==
		       0;
}

/* A workstream tells of its recommendations, and all of the row's are told of by one. */
static bool is_by_workstream(const struct cts_tree_node *node)
{
	struct cts_value of_row = cts_tree_value(&node->record, CTS_INITIATIVE_RECOMMENDATIONS);
	bool any = false;

	for (size_t i = 0; i < node->workstream_count; i++)
		any = any || is_told(&node->workstreams[i]->record);
	for (size_t r = 0; r < of_row.count; r++) {
		bool found = false;

		for (size_t i = 0; i < node->workstream_count && !found; i++)
			found = cts_value_has(cts_tree_value(&node->workstreams[i]->record,
						      CTS_WORKSTREAM_RECOMMENDATIONS),
				of_row.items[r]);
		if (!found)
			return false;
	}
	return any;
}

/* "Rec 7", "Rec 33 & 34", "Rec 30, 31 & 32"; "-" for none, "?" where nobody has said. */
static int make_linked(
	struct cts_row_maker *maker, const struct cts_tree_node *workstream, size_t band)
{
	struct cts_value value =
		cts_tree_value(&workstream->record, CTS_WORKSTREAM_RECOMMENDATIONS);
	struct cts_report_entry *entry;
	struct numbered *all;
	struct cts_buf text = {0};
	int rc = read_all_numbered(&all, maker, value);

	if (rc < 0)
		return rc;
	if (value.count == 0 && is_told(&workstream->record)) {
		cts_buf_puts(&text, "-");
	} else if (value.count == 0) {
		cts_buf_puts(&text, "?");
		maker->table->has_unsaid = true;
	}
	for (size_t i = 0; i < value.count; i++) {
		const char *joint = i == 0 ? "Rec " : i + 1 < value.count ? ", " : " & ";

		cts_buf_printf(&text, "%s%s", joint, all[i].label);
	}
	entry = cts_row_put(
		maker, CTS_REPORT_RECOMMENDATIONS, cts_buf_text(&text), workstream->key);
	cts_row_put_in_band(maker, CTS_REPORT_RECOMMENDATIONS, entry, band);
	cts_row_mark_conflict(
		maker, entry, &workstream->record, CTS_WORKSTREAM_RECOMMENDATION_STATE);
	cts_buf_release(&text);
	return 0;
}

/* Every recommendation that the row or one of its workstreams names, once. */
static int make_of_row(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	const char *note = cts_record_text(&node->record, CTS_INITIATIVE_RECOMMENDATIONS_NOTE);
	struct cts_value value = cts_tree_value(&node->record, CTS_INITIATIVE_RECOMMENDATIONS);
	struct numbered *all;
	int rc;

	for (size_t i = 0; i < node->workstream_count; i++) {
		struct cts_value own = cts_tree_value(
			&node->workstreams[i]->record, CTS_WORKSTREAM_RECOMMENDATIONS);

		for (size_t r = 0; r < own.count; r++)
			if (!cts_value_has(value, own.items[r]))
				value = cts_value_with(maker->arena, value, own.items[r]);
	}
	rc = read_all_numbered(&all, maker, value);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < value.count; i++) {
		struct cts_report_entry *entry;

		if (cts_row_mentions(note, all[i].label))
			continue;
		entry = cts_row_put(maker, CTS_REPORT_RECOMMENDATIONS,
			cts_arena_printf(maker->arena, "Rec %s", all[i].label), all[i].key);
		entry->is_of_row = node->workstream_count > 1;
		maker->table->has_of_row |= entry->is_of_row;
	}
	return 0;
}

int cts_row_make_recommendations(struct cts_row_maker *maker, const struct cts_tree_node *node)
{
	int rc = 0;

	cts_row_put_field(
		maker, CTS_REPORT_RECOMMENDATIONS, node, CTS_INITIATIVE_RECOMMENDATIONS_NOTE);
	if (!is_by_workstream(node))
		return make_of_row(maker, node);
	for (size_t i = 0; i < node->workstream_count && rc >= 0; i++)
		rc = make_linked(maker, node->workstreams[i], i + 1);
	return rc;
}
