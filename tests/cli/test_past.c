/*
 * Reading the history (cli/past.h) and who owns a record (cli/owner.h), against a store in a
 * temporary directory; folders made and taken away (cli/folder.h) beside it.
 */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/folder.h"
#include "cli/owner.h"
#include "cli/past.h"
#include "proto/error.h"
#include "store/store.h"

struct fixture {
	char path[64];
	struct cts_store *store;
	struct cts_arena arena;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct cts_store_setup setup = {
		.agency = "nzp",
		.author = "Bo Reed <bo@nzp.example>",
		.schema = cts_schema_builtin(),
	};

	strcpy(f->path, "/tmp/ctsync-past-XXXXXX");
	assert_non_null(mkdtemp(f->path));
	if (cts_store_create(f->path, &setup) < 0 || cts_store_open(&f->store, f->path) < 0)
		fail_msg("%s", cts_error_message(CTS_EIO));
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	cts_store_close(f->store);
	cts_folder_remove(f->path);
	assert_int_equal(access(f->path, F_OK), -1);
	cts_arena_release(&f->arena);
	free(f);
	return 0;
}

/* ---- records ----------------------------------------------------------------------------------
 */

struct put {
	const char *key; /* kind/id */
	const char *const (*values)[2];
};

static int put_one(struct cts_txn *txn, void *context)
{
	const struct put *put = context;
	struct cts_arena arena = {0};
	struct cts_record record;
	const char *kind_name, *id;
	const struct cts_kind *kind;
	int rc;

	assert_int_equal(cts_key_split(&kind_name, &id, &arena, put->key), 0);
	kind = cts_schema_kind(cts_schema_builtin(), kind_name);
	cts_record_init(&record, kind, id);
	for (size_t i = 0; put->values[i][0]; i++)
		cts_record_set(&record, cts_kind_field(kind, put->values[i][0]),
			cts_value_of(&record.arena, put->values[i][1]));
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	cts_arena_release(&arena);
	return rc < 0 ? rc : 0;
}

static void put(struct fixture *f, const char *key, const char *const (*values)[2])
{
	struct put put = {key, values};
	struct cts_write write = {0};

	if (cts_store_write(f->store, &write, put_one, &put) < 0)
		fail_msg("%s: %s", key, cts_error_message(CTS_EIO));
}

static int delete_one(struct cts_txn *txn, void *context)
{
	return cts_txn_delete(txn, context);
}

#define VALUES(...) ((const char *const[][2]){__VA_ARGS__, {0}})

static struct cts_txn *reading(struct fixture *f)
{
	struct cts_txn *txn = NULL;

	assert_int_equal(cts_txn_begin(&txn, f->store), 0);
	return txn;
}

static void put_programme(struct fixture *f)
{
	put(f, "initiative/grow", VALUES({"title", "Grow"}, {"leads", "agency/dpmc"}));
	put(f, "workstream/w",
		VALUES({"title", "Venues"}, {"initiative", "initiative/grow"},
			{"owners", "agency/nzp"}));
	put(f, "milestone/of-w", VALUES({"parent", "workstream/w"}));
	put(f, "milestone/of-grow", VALUES({"parent", "initiative/grow"}));
	put(f, "milestone/of-nothing", VALUES({"parent", "initiative/nothing"}));
	put(f, "update/u", VALUES({"about", "milestone/of-w"}, {"as_at", "2021-06-15"}));
}

/* ---- tests: owners ----------------------------------------------------------------------------
 */

static bool owns(struct fixture *f, struct cts_txn *txn, const char *key, const char *agency)
{
	struct cts_owners owners;
	struct cts_record record;
	bool has;

	assert_int_equal(cts_txn_get(txn, &record, key), 0);
	assert_int_equal(cts_owners_of(&owners, txn, &f->arena, &record), 0);
	has = cts_owners_have(&owners, agency);
	cts_record_release(&record);
	return has;
}

static void test_owners_are_those_of_the_record_or_of_what_it_belongs_to(void **state)
{
	struct fixture *f = *state;
	struct cts_txn *txn;

	put_programme(f);
	txn = reading(f);
	assert_true(owns(f, txn, "workstream/w", "nzp"));
	assert_false(owns(f, txn, "workstream/w", "dpmc"));
	assert_true(owns(f, txn, "milestone/of-w", "nzp"));
	assert_false(owns(f, txn, "milestone/of-w", "dpmc"));
	assert_true(owns(f, txn, "milestone/of-grow", "dpmc"));
	assert_true(owns(f, txn, "update/u", "nzp"));
	assert_false(owns(f, txn, "milestone/of-nothing", "nzp"));
	assert_false(owns(f, txn, "update/u", "nz"));
	cts_txn_end(txn);
}

static void test_a_circle_of_references_owns_nothing_and_ends(void **state)
{
	struct fixture *f = *state;
	struct cts_txn *txn;

	put(f, "update/a", VALUES({"about", "update/b"}, {"as_at", "2021-06-15"}));
	put(f, "update/b", VALUES({"about", "update/a"}, {"as_at", "2021-06-15"}));
	txn = reading(f);
	assert_false(owns(f, txn, "update/a", "nzp"));
	cts_txn_end(txn);
}

/* ---- tests: the past --------------------------------------------------------------------------
 */

static void test_a_deleted_record_is_found_by_its_exact_id(void **state)
{
	struct fixture *f = *state;
	struct cts_write write = {0};
	struct cts_txn *txn;
	const char *key;

	put_programme(f);
	assert_true(cts_store_write(f->store, &write, delete_one, (void *)"milestone/of-w") >= 0);
	txn = reading(f);
	assert_int_equal(cts_past_find(txn, &key, &f->arena, "milestone/of-w"), 0);
	assert_string_equal(key, "milestone/of-w");
	assert_int_equal(cts_past_find(txn, &key, &f->arena, "milestone/of-g"), 0);
	assert_string_equal(key, "milestone/of-grow");
	assert_int_equal(cts_past_find(txn, &key, &f->arena, "milestone/of-"), CTS_EREFUSED);
	assert_int_equal(cts_past_find(txn, &key, &f->arena, "milestone/x"), CTS_ENOTFOUND);
	assert_int_equal(cts_past_find(txn, &key, &f->arena, "milestone"), CTS_EVALUE);
	cts_txn_end(txn);
}

static void test_agencies_are_named_by_code_id_or_record_and_misspelt_ones_refused(void **state)
{
	static const char *const right[] = {"NZP", "nzp", "Nzp", "agency/nzp"};
	struct fixture *f = *state;
	struct cts_txn *txn;
	const char *id;

	put_programme(f);
	txn = reading(f);
	for (size_t i = 0; i < sizeof(right) / sizeof(right[0]); i++) {
		assert_int_equal(cts_past_agency(txn, &id, &f->arena, right[i]), 0);
		assert_string_equal(id, "nzp");
	}
	assert_int_equal(cts_past_agency(txn, &id, &f->arena, "NPZ"), CTS_ENOTFOUND);
	assert_non_null(strstr(cts_error_hint(), "'nzp'"));
	assert_int_equal(cts_past_agency(txn, &id, &f->arena, "DPMC"), CTS_ENOTFOUND);
	assert_int_equal(cts_past_agency(txn, &id, &f->arena, "not one"), CTS_EVALUE);
	assert_int_equal(cts_past_agency(txn, &id, &f->arena, ""), CTS_EVALUE);
	cts_txn_end(txn);
}

static void test_fields_are_of_the_record_s_kind_or_of_any(void **state)
{
	const struct cts_schema *schema = cts_schema_builtin();

	(void)state;
	assert_int_equal(cts_past_field(schema, NULL, "due"), 0);
	assert_int_equal(cts_past_field(schema, "milestone/x", "due"), 0);
	assert_int_equal(cts_past_field(schema, "milestone/x", "labels"), 0);
	assert_int_equal(cts_past_field(schema, "initiative/x", "due"), CTS_EVALUE);
	assert_int_equal(cts_past_field(schema, NULL, "deu"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_hint(), "'due'"));
	assert_int_equal(cts_past_field(schema, NULL, CTS_DELETED), 0);
	assert_int_equal(cts_past_field(schema, "milestone/x", "fields/unknown"), 0);
}

static void test_kept_edits_are_copies_without_what_stayed_unset(void **state)
{
	struct fixture *f = *state;
	struct cts_arena mine = {0};
	struct cts_record_edits *kept = NULL, edits = {.key = "milestone/x", .created = true};
	struct cts_edit each[] = {
		{.field = "due", .new_value = cts_value_of(&mine, "Q3 2021")},
		{.field = "forecast"},
		{.field = "label", .old_value = cts_value_of(&mine, "one")},
	};
	size_t count = 0;

	edits.edits = each;
	edits.edit_count = 3;
	assert_int_equal(cts_past_keep(&kept, &count, &f->arena, &edits, "forecast"), 0);
	assert_int_equal(cts_past_keep(&kept, &count, &f->arena, &edits, "position"), 0);
	assert_int_equal(count, 0);
	assert_int_equal(cts_past_keep(&kept, &count, &f->arena, &edits, "label"), 1);
	assert_int_equal(cts_past_keep(&kept, &count, &f->arena, &edits, NULL), 1);
	cts_arena_release(&mine);
	assert_int_equal(count, 2);
	assert_int_equal(kept[0].edit_count, 1);
	assert_string_equal(kept[0].edits[0].field, "label");
	assert_int_equal(kept[1].edit_count, 2);
	assert_true(kept[1].created);
	assert_string_equal(kept[1].edits[0].new_value.items[0], "Q3 2021");
	assert_string_equal(kept[1].edits[1].old_value.items[0], "one");
}

/* ---- tests: folders ---------------------------------------------------------------------------
 */

static void test_folders_that_were_made_go_again_and_others_stay(void **state)
{
	struct fixture *f = *state;
	const char *deep = cts_arena_printf(&f->arena, "%s/a/b/c/", f->path);
	const char *first = NULL;

	assert_int_equal(cts_folder_make(&f->arena, &first, deep), 0);
	assert_string_equal(first, cts_arena_printf(&f->arena, "%s/a", f->path));
	assert_int_equal(access(deep, F_OK), 0);
	cts_folder_unmake(&f->arena, first, deep);
	assert_int_equal(access(first, F_OK), -1);
	assert_int_equal(access(f->path, F_OK), 0);

	first = NULL;
	assert_int_equal(cts_folder_make(&f->arena, &first, f->path), 0);
	assert_null(first);
	cts_folder_unmake(&f->arena, first, f->path);
	assert_int_equal(access(f->path, F_OK), 0);
}

static void test_a_folder_that_holds_something_stays(void **state)
{
	struct fixture *f = *state;
	const char *deep = cts_arena_printf(&f->arena, "%s/a/b", f->path);
	const char *first = NULL;

	assert_int_equal(cts_folder_make(&f->arena, &first, deep), 0);
	assert_int_equal(mkdir(cts_arena_printf(&f->arena, "%s/a/mine", f->path), 0777), 0);
	cts_folder_unmake(&f->arena, first, deep);
	assert_int_equal(access(deep, F_OK), -1);
	assert_int_equal(access(first, F_OK), 0);
}

static void test_a_file_in_the_way_is_an_error(void **state)
{
	struct fixture *f = *state;
	const char *first = NULL;

	assert_int_equal(cts_folder_make(&f->arena, &first,
				 cts_arena_printf(&f->arena, "%s/data.mdb/b", f->path)),
		CTS_EIO);
	assert_null(first);
	assert_int_equal(cts_folder_make(&f->arena, &first, ""), CTS_EUSAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_owners_are_those_of_the_record_or_of_what_it_belongs_to),
		TEST(test_a_circle_of_references_owns_nothing_and_ends),
		TEST(test_a_deleted_record_is_found_by_its_exact_id),
		TEST(test_agencies_are_named_by_code_id_or_record_and_misspelt_ones_refused),
		TEST(test_fields_are_of_the_record_s_kind_or_of_any),
		TEST(test_kept_edits_are_copies_without_what_stayed_unset),
		TEST(test_folders_that_were_made_go_again_and_others_stay),
		TEST(test_a_folder_that_holds_something_stays),
		TEST(test_a_file_in_the_way_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
