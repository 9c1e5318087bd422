/*
 * The writing half of an import, against a store in a temporary directory.
 */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/import/brief_document.h"
#include "cli/import/table_document.h"
#include "cli/import_report.h"
#include "cli/import_run.h"
#include "proto/error.h"
#include "tests/support/documents.h"

#define OWN CTS_SOURCE_DIR "/tests/support/data/messy_table.txt"
#define OWN_BRIEFS CTS_SOURCE_DIR "/tests/support/data/messy_briefs.txt"
#define REAL CTS_SOURCE_DIR "/../shared/seeds/004_2a4c450823095777.txt"
#define REAL_BRIEFS CTS_SOURCE_DIR "/../shared/seeds/000_4327965e8fbcc337.txt"

struct fixture {
	char path[64];
	struct cts_store *store;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cts_store_setup setup = {
		.agency = "hba",
		.author = "Ana Test <ana@example.org>",
		.schema = cts_schema_builtin(),
	};

	strcpy(f->path, "/tmp/ctsync-import-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	if (cts_store_create(f->path, &setup) < 0 || cts_store_open(&f->store, f->path) < 0)
		fail_msg("%s", cts_error_message(CTS_EIO));
	*state = f;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	cts_store_close(f->store);
	nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

/* ---- running -------------------------------------------------------------------------------- */

struct run {
	struct cts_import import;
	struct cts_draft draft;
	struct cts_write write;
	int rc;
};

static void release_run(struct run *run)
{
	if (run->import.fd >= 0)
		close(run->import.fd);
	cts_import_release(&run->import);
	cts_draft_release(&run->draft);
}

static void begin_run(struct run *run, struct fixture *f, const char *path)
{
	const char *slash = strrchr(path, '/');

	*run = (struct run){0};
	run->import.schema = cts_store_schema(f->store);
	run->import.path = path;
	run->import.file = slash ? slash + 1 : path;
	run->import.fd = -1;
	cts_progress_init(true);
	cts_progress_begin(&run->import.progress, "importing", 0);
}

/* Imports a document. */
static void run_document(struct run *run, struct fixture *f, const char *path, const char *message)
{
	struct cts_arena arena = {0};
	struct cts_buf text = {0};
	struct cts_rows rows;

	begin_run(run, f, path);
	if (!cts_document_load(&text, path))
		skip();
	cts_draft_init(&run->draft, path);
	assert_int_equal(cts_rows_read(&rows, &run->draft.arena, path, text.data, text.size), 0);
	if (cts_table_document_is(&run->draft.arena, &rows))
		assert_int_equal(cts_table_document_read(&run->draft, &rows), 0);
	else
		assert_int_equal(cts_brief_document_read(&run->draft, &rows), 0);
	cts_buf_release(&text);
	run->import.draft = &run->draft;
	run->write.message = cts_import_message(&arena, message, run->import.file);
	run->rc = cts_store_write(f->store, &run->write, cts_import_draft, &run->import);
	if (run->rc < 0 && run->import.problems.count)
		print_message("%s\n", run->import.problems.shown[0].text);
	cts_arena_release(&arena);
}

static void run_records(struct run *run, struct fixture *f, enum cts_import_format format,
	const char *kind, const char *text, bool dry_run)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	begin_run(run, f, "in");
	assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
	assert_int_equal(fflush(file), 0);
	run->import.fd = dup(fileno(file));
	fclose(file);
	run->import.format = format;
	run->import.kind = kind ? cts_schema_kind(run->import.schema, kind) : NULL;
	run->write.dry_run = dry_run;
	run->rc = cts_store_write(f->store, &run->write, cts_import_records, &run->import);
}

static void assert_counts(
	const struct run *run, unsigned created, unsigned changed, unsigned unchanged)
{
	assert_true(run->rc >= 0);
	assert_int_equal(run->import.created, created);
	assert_int_equal(run->import.changed, changed);
	assert_int_equal(run->import.unchanged, unchanged);
}

/* ---- the store by hand ---------------------------------------------------------------------- */

struct edit {
	const char *key, *field, *value; /* field NULL: delete */
};

static int edit_it(struct cts_txn *txn, void *context)
{
	const struct edit *edit = context;
	struct cts_record record;
	const struct cts_field *field;
	int rc;

	if (!edit->field)
		return cts_txn_delete(txn, edit->key);
	rc = cts_txn_get(txn, &record, edit->key);
	if (rc < 0)
		return rc;
	field = cts_kind_field(record.kind, edit->field);
	cts_record_set(&record, field, cts_value_of(&record.arena, edit->value));
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

static void edit(struct fixture *f, const char *key, const char *field, const char *value)
{
	struct edit context = {key, field, value};
	struct cts_write write = {.message = "by hand"};

	if (cts_store_write(f->store, &write, edit_it, &context) < 0)
		fail_msg("%s", cts_error_message(CTS_EVALUE));
}

static void assert_value(struct fixture *f, const char *key, const char *field, const char *value)
{
	struct cts_txn *txn;
	struct cts_record record;

	assert_int_equal(cts_txn_begin(&txn, f->store), 0);
	if (cts_txn_get(txn, &record, key) < 0)
		fail_msg("%s", cts_error_message(CTS_ENOTFOUND));
	assert_string_equal(cts_record_text(&record, field), value);
	cts_record_release(&record);
	cts_txn_end(txn);
}

static bool exists(struct fixture *f, const char *key)
{
	enum cts_life life = CTS_LIFE_NONE;
	struct cts_txn *txn;

	assert_int_equal(cts_txn_begin(&txn, f->store), 0);
	assert_true(cts_txn_life(txn, &life, key) >= 0);
	cts_txn_end(txn);
	return life == CTS_LIFE_LIVE;
}

/* ---- documents ------------------------------------------------------------------------------ */

static void import_twice(struct fixture *f, const char *path, size_t records)
{
	struct run run;

	run_document(&run, f, path, NULL);
	assert_true(run.rc >= 0);
	assert_int_equal(run.import.created, run.draft.record_count);
	if (records)
		assert_int_equal(run.import.created, records);
	assert_true(run.write.changed);
	release_run(&run);
	run_document(&run, f, path, NULL);
	assert_true(run.rc >= 0);
	assert_counts(&run, 0, 0, (unsigned)run.draft.record_count);
	assert_false(run.write.changed);
	assert_int_equal(run.import.kept_count, 0);
	assert_int_equal(run.import.question_count, run.draft.question_count);
	release_run(&run);
}

static void test_a_second_import_changes_nothing(void **state)
{
	struct fixture *f = *state;

	import_twice(f, OWN, 0);
	import_twice(f, OWN_BRIEFS, 0);
	assert_value(f, "milestone/pfhip2023-1-2", "due", "Q3 2023");
	assert_value(f, "workstream/pfhip2023-2-3", "title", "[[withheld 6(d), 9(2)(ba)(i)]]");
}

static void test_the_real_documents_go_in_and_change_nothing_again(void **state)
{
	struct fixture *f = *state;

	/* 1 + 8 + 25 + 26 + 17 + 8 agencies + 4 bodies; 4 + 19 */
	import_twice(f, REAL, 89);
	import_twice(f, REAL_BRIEFS, 23);
}

static void test_what_somebody_edited_since_stays_and_is_listed(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_document(&run, f, OWN, "as sent");
	assert_true(run.rc >= 0);
	release_run(&run);
	edit(f, "milestone/pfhip2023-1-2", "due", "Q4 2023");
	edit(f, "milestone/pfhip2023-1-3", NULL, NULL);
	edit(f, "workstream/pfhip2023-1-3", "owners", "agency/doc");
	run_document(&run, f, OWN, "as sent again");
	assert_counts(&run, 0, 0, (unsigned)run.draft.record_count);
	assert_false(run.write.changed);
	assert_int_equal(run.import.kept_count, 2);
	assert_string_equal(run.import.kept[0].record, "milestone/pfhip2023-1-2");
	assert_string_equal(run.import.kept[0].field, "due");
	assert_string_equal(run.import.kept[0].shown, "Q4 2023");
	assert_string_equal(run.import.kept[0].offered, "Q3 2023");
	assert_string_equal(run.import.kept[1].field, CTS_DELETED);
	/* The question about that owner is answered; all others stand. */
	assert_int_equal(run.import.question_count, run.draft.question_count - 1);
	release_run(&run);
	assert_false(exists(f, "milestone/pfhip2023-1-3"));
	assert_value(f, "milestone/pfhip2023-1-2", "due", "Q4 2023");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_a_new_edition_sets_and_clears_what_imports_set(void **state)
{
	struct fixture *f = *state;
	char path[128];
	struct run run;

	snprintf(path, sizeof(path), "%s/plan.txt", f->path);
	write_file(path, "Plan 2025\nINITIATIVE\tLEAD\tWORKSTREAMS\tMILESTONE\n"
			 "One\tHBA\tPaint (TBD)  Mend (HBA)\tQ1 2025 (wall) TBD\n");
	run_document(&run, f, path, NULL);
	assert_true(run.rc >= 0);
	release_run(&run);
	edit(f, "workstream/p2025-1-1", "status", "ongoing");
	write_file(path, "Plan 2025\nINITIATIVE\tLEAD\tWORKSTREAMS\tMILESTONE\n"
			 "One\tHBA\tPaint (DOC)  Mend (TBD)\tQ2 2025 TBD\n");
	run_document(&run, f, path, "the second edition");
	/* two workstreams and a milestone changed, the agency doc is new */
	assert_int_equal(run.import.created, 1);
	assert_int_equal(run.import.changed, 3);
	assert_int_equal(run.import.kept_count, 0);
	release_run(&run);
	assert_value(f, "workstream/p2025-1-1", "owner_state", "assigned");
	assert_value(f, "workstream/p2025-1-1", "owners", "agency/doc");
	assert_value(f, "workstream/p2025-1-1", "status", "ongoing");
	assert_value(f, "workstream/p2025-1-2", "owners", "");
	assert_value(f, "milestone/p2025-1-1", "due", "Q2 2025");
	assert_value(f, "milestone/p2025-1-1", "label", "");
	/* and with that edition once more: nothing */
	run_document(&run, f, path, NULL);
	assert_false(run.write.changed);
	release_run(&run);
}

static void test_a_date_that_cannot_be_names_row_and_column(void **state)
{
	struct fixture *f = *state;
	char path[128];
	struct run run;

	snprintf(path, sizeof(path), "%s/plan.txt", f->path);
	write_file(path, "Plan 2025\nINITIATIVE\tLEAD\tWORKSTREAMS\tRECS\tMILESTONE\n"
			 "One\tHBA\tPaint (HBA)\tRec 45\t31 February 2025\n");
	run_document(&run, f, path, NULL);
	assert_int_equal(run.rc, CTS_EVALUE);
	assert_int_equal(run.import.problems.count, 2);
	assert_non_null(strstr(run.import.problems.shown[0].text, "plan.txt:3:4: "));
	assert_non_null(strstr(run.import.problems.shown[1].text, "plan.txt:3:5: "));
	release_run(&run);
	assert_false(exists(f, "programme/p2025"));
}

static void test_the_report_has_its_shape(void **state)
{
	struct fixture *f = *state;
	struct cts_out out;
	struct run run;

	run_document(&run, f, OWN, NULL);
	cts_out_init(&out, -1, CTS_OUT_JSON, CTS_WHEN_NEVER);
	cts_import_put_report(&out, &run.import, run.write.change, false);
	assert_non_null(strstr(cts_buf_text(&out.buf), "\"created\": "));
	assert_non_null(strstr(cts_buf_text(&out.buf), "\"kept\": []"));
	assert_non_null(strstr(cts_buf_text(&out.buf), "\"why\": \"release banner\""));
	assert_non_null(strstr(cts_buf_text(&out.buf), "\"command\": \"ctsync set "));
	cts_out_release(&out);
	cts_out_init(&out, -1, CTS_OUT_TEXT, CTS_WHEN_NEVER);
	cts_import_put_report(&out, &run.import, run.write.change, true);
	assert_non_null(strstr(cts_buf_text(&out.buf), "would be: "));
	assert_non_null(strstr(cts_buf_text(&out.buf), "questions that the source leaves open:"));
	cts_out_release(&out);
	release_run(&run);
}

/* ---- records -------------------------------------------------------------------------------- */

static void test_rows_create_and_update_and_leave_the_rest(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_records(&run, f, CTS_IMPORT_CSV, "milestone",
		"id,parent,label,due\na,workstream/w,first,TBD\nb,workstream/w,second,Q1 2025\n",
		false);
	assert_counts(&run, 2, 0, 0);
	release_run(&run);
	assert_value(f, "milestone/a", "source", "in:2:1");
	run_records(&run, f, CTS_IMPORT_TSV, "milestone",
		"due\tid\nTBD\ta\n\tb\nQ2 2025\tmilestone/c\n", false);
	/* c lacks its parent: nothing is imported */
	assert_int_equal(run.rc, CTS_EVALUE);
	assert_non_null(strstr(run.import.problems.shown[0].text, "in:4:1: "));
	release_run(&run);
	assert_value(f, "milestone/b", "due", "Q1 2025");
	run_records(&run, f, CTS_IMPORT_TSV, "milestone", "due\tid\nTBD\ta\n\tb\n", false);
	assert_counts(&run, 0, 1, 1);
	release_run(&run);
	assert_value(f, "milestone/b", "due", "");
	assert_value(f, "milestone/b", "label", "second");
}

static void test_objects_come_from_json_and_from_lines(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_records(&run, f, CTS_IMPORT_JSON, NULL,
		"{\"schema_version\":1,\"items\":[{\"kind\":\"brief\",\"id\":\"x\",\"fields\":"
		"{\"topic\":\"Boats\",\"position\":2},\"labels\":[\"b\",\"a\"]}]}",
		false);
	assert_counts(&run, 1, 0, 0);
	release_run(&run);
	assert_value(f, "brief/x", "source", "");
	run_records(&run, f, CTS_IMPORT_NDJSON, "brief",
		"{\"id\":\"x\",\"fields\":{\"position\":null}}\n\n"
		"{\"id\":\"y\",\"fields\":{\"topic\":\"Bait\"}}\n",
		false);
	assert_counts(&run, 1, 1, 0);
	release_run(&run);
	assert_value(f, "brief/x", "topic", "Boats");
	assert_value(f, "brief/x", "position", "");
}

static void test_wrong_objects_are_told_by_line_and_nothing_is_imported(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_records(&run, f, CTS_IMPORT_NDJSON, NULL,
		"{\"kind\":\"brief\",\"id\":\"x\",\"fields\":{\"topic\":\"Boats\"}}\n"
		"{\"kind\":\"brief\",\"id\":\"y\",\"fields\":{\"topic\":\"B\",\"as_at\":\"soon\"}}"
		"\n"
		"not json\n"
		"{\"kind\":\"brief\",\"id\":\"z\"}\n"
		"{\"kind\":\"brief\",\"fields\":{\"topic\":\"no id\"}}\n"
		"{\"kind\":\"breif\",\"id\":\"q\"}\n",
		false);
	assert_int_equal(run.rc, CTS_EVALUE);
	assert_int_equal(run.import.problems.count, 5);
	assert_non_null(strstr(run.import.problems.shown[0].text, "in:2:1: "));
	assert_non_null(strstr(run.import.problems.shown[1].text, "line 3"));
	assert_non_null(strstr(run.import.problems.shown[2].text, "in:4:1: "));
	assert_non_null(strstr(run.import.problems.shown[3].text, "in:5:1: "));
	assert_non_null(strstr(run.import.problems.shown[4].text, "line 6"));
	release_run(&run);
	assert_false(exists(f, "brief/x"));
}

static void test_a_dry_run_changes_nothing(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_records(&run, f, CTS_IMPORT_CSV, "brief", "id,topic\nx,Boats\n", true);
	assert_counts(&run, 1, 0, 0);
	release_run(&run);
	assert_false(exists(f, "brief/x"));
}

static void test_a_deleted_id_is_refused(void **state)
{
	struct fixture *f = *state;
	struct run run;

	run_records(&run, f, CTS_IMPORT_CSV, "brief", "id,topic\nx,Boats\n", false);
	release_run(&run);
	edit(f, "brief/x", NULL, NULL);
	run_records(&run, f, CTS_IMPORT_CSV, "brief", "id,topic\nx,Boats\n", false);
	assert_int_equal(run.rc, CTS_EVALUE);
	assert_int_equal(run.import.problems.shown[0].code, CTS_EREFUSED);
	release_run(&run);
}

static void test_an_import_is_known_by_the_last_line_of_its_message(void **state)
{
	struct cts_arena arena = {0};

	(void)state;
	assert_true(cts_import_is_message("import a b.txt", "a b.txt"));
	assert_true(cts_import_is_message(cts_import_message(&arena, "why", "b.txt"), "b.txt"));
	assert_true(cts_import_is_message("why\n\nimport b.txt\n", "b.txt"));
	assert_false(cts_import_is_message("import ab.txt", "b.txt"));
	assert_false(cts_import_is_message("import b.txt again", "b.txt"));
	assert_false(cts_import_is_message("", "b.txt"));
	cts_arena_release(&arena);
}

#define with_store(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_store(test_a_second_import_changes_nothing),
		with_store(test_the_real_documents_go_in_and_change_nothing_again),
		with_store(test_what_somebody_edited_since_stays_and_is_listed),
		with_store(test_a_new_edition_sets_and_clears_what_imports_set),
		with_store(test_a_date_that_cannot_be_names_row_and_column),
		with_store(test_the_report_has_its_shape),
		with_store(test_rows_create_and_update_and_leave_the_rest),
		with_store(test_objects_come_from_json_and_from_lines),
		with_store(test_wrong_objects_are_told_by_line_and_nothing_is_imported),
		with_store(test_a_dry_run_changes_nothing),
		with_store(test_a_deleted_id_is_refused),
		cmocka_unit_test(test_an_import_is_known_by_the_last_line_of_its_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
