/*
 * The report of an import. See the header.
 */
#include "cli/import_report.h"

#include <inttypes.h>

#include "cli/items.h"

static void put_json(
	struct cts_out *out, const struct cts_import *import, const char *change, bool dry_run)
{
	const struct cts_draft *draft = import->draft;
	struct cts_jsonw json;

	cts_answer_begin(&json, out);
	cts_jsonw_string(&json, "change", change);
	if (dry_run)
		cts_jsonw_bool(&json, "dry_run", true);
	cts_jsonw_int(&json, "created", (int64_t)import->created);
	cts_jsonw_int(&json, "changed", (int64_t)import->changed);
	cts_jsonw_int(&json, "unchanged", (int64_t)import->unchanged);
	cts_jsonw_array(&json, "kept");
	for (size_t i = 0; i < import->kept_count; i++) {
		cts_jsonw_object(&json, NULL);
		cts_jsonw_string(&json, "record", import->kept[i].record);
		cts_jsonw_string(&json, "field", import->kept[i].field);
		cts_jsonw_string(&json, "shown", import->kept[i].shown);
		cts_jsonw_string(&json, "offered", import->kept[i].offered);
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_jsonw_array(&json, "left_out");
	for (size_t i = 0; draft && i < draft->left_out_count; i++) {
		cts_jsonw_object(&json, NULL);
		cts_jsonw_int(&json, "row", (int64_t)draft->left_out[i].place.row);
		cts_jsonw_int(&json, "column", (int64_t)draft->left_out[i].place.column);
		cts_jsonw_string(&json, "text", draft->left_out[i].text);
		cts_jsonw_string(&json, "why", draft->left_out[i].why);
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_jsonw_array(&json, "questions");
	for (size_t i = 0; i < import->question_count; i++) {
		cts_jsonw_object(&json, NULL);
		cts_jsonw_string(&json, "record", import->questions[i]->record);
		cts_jsonw_string(&json, "field", import->questions[i]->field);
		cts_jsonw_string(&json, "ask", import->questions[i]->ask);
		cts_jsonw_string(&json, "command", import->questions[i]->command);
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_answer_end(&json, out);
}

static void put_kept(struct cts_out *out, const struct cts_import *import)
{
	if (!import->kept_count)
		return;
	cts_out_printf(
		out, "\n%zu kept, because somebody edited them since:\n", import->kept_count);
	for (size_t i = 0; i < import->kept_count; i++) {
		const struct cts_import_kept *kept = &import->kept[i];

		cts_out_puts(out, "  ");
		cts_out_styled(out, CTS_STYLE_TITLE, kept->record);
		cts_out_puts(out, " ");
		cts_out_styled(out, CTS_STYLE_NAME, kept->field);
		cts_out_puts(out, ": ");
		cts_out_text(out, kept->shown);
		cts_out_puts(out, "  (the document says: ");
		cts_out_text(out, kept->offered);
		cts_out_puts(out, ")\n");
	}
}

static void put_left_out(struct cts_out *out, const struct cts_draft *draft)
{
	static const struct cts_column columns[] = {
		{.name = "ROW"}, {.name = "COLUMN"}, {.name = "TEXT"}, {.name = "WHY"}};
	struct cts_arena arena = {0};
	struct cts_items items;

	if (!draft->left_out_count)
		return;
	cts_out_printf(out, "\n%zu left out:\n", draft->left_out_count);
	cts_items_begin(&items, out, columns, 4);
	for (size_t i = 0; i < draft->left_out_count; i++) {
		const struct cts_left_out *left = &draft->left_out[i];
		const char *cells[] = {
			cts_arena_printf(&arena, "%zu", left->place.row),
			cts_arena_printf(&arena, "%zu", left->place.column),
			left->text,
			left->why,
		};

		cts_items_row(&items, cells);
	}
	cts_items_end(&items);
	cts_arena_release(&arena);
}

static void put_questions(struct cts_out *out, const struct cts_import *import)
{
	if (!import->question_count)
		return;
	cts_out_printf(out, "\n%zu question%s that the source leaves open:\n",
		import->question_count, import->question_count == 1 ? "" : "s");
	for (size_t i = 0; i < import->question_count; i++) {
		cts_out_puts(out, "  ");
		cts_out_text(out, import->questions[i]->ask);
		cts_out_puts(out, "\n      ");
		cts_out_styled(out, CTS_STYLE_NAME, import->questions[i]->command);
		cts_out_puts(out, "\n");
	}
}

static void put_text(
	struct cts_out *out, const struct cts_import *import, const char *change, bool dry_run)
{
	if (change && !dry_run)
		cts_out_printf(out, "%s\n", change);
	cts_out_printf(out, "%s%" PRIu64 " created, %" PRIu64 " changed, %" PRIu64 " unchanged\n",
		dry_run ? "would be: " : "", import->created, import->changed, import->unchanged);
	for (size_t i = 0; i < import->kind_count; i++)
		cts_out_printf(out, "%s%" PRIu64 " %s%s", i ? ", " : "  ", import->kinds[i].created,
			import->kinds[i].name, i + 1 == import->kind_count ? "\n" : "");
	put_kept(out, import);
	if (import->draft) {
		put_left_out(out, import->draft);
		put_questions(out, import);
	}
}

void cts_import_put_report(
	struct cts_out *out, const struct cts_import *import, const char *change, bool dry_run)
{
	if (cts_out_is_json(out))
		put_json(out, import, dry_run ? NULL : change, dry_run);
	else
		put_text(out, import, change, dry_run);
}
