/*
 * Briefs: messy ones of our own always, the real ones where they stand beside the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "cli/import/brief_document.h"
#include "cli/import/sniff.h"
#include "cli/import/table_document.h"
#include "proto/error.h"
#include "proto/withhold.h"
#include "tests/support/documents.h"
#include "tests/support/words.h"

#define OWN CTS_SOURCE_DIR "/tests/support/data/messy_briefs.txt"
#define OWN_TABLE CTS_SOURCE_DIR "/tests/support/data/messy_table.txt"
#define REAL CTS_SOURCE_DIR "/../shared/seeds/000_4327965e8fbcc337.txt"

#define assert_field(draft, key, field, text)                                                      \
	assert_string_equal(cts_document_field(draft, key, field), text)

static int read_text(struct cts_draft *draft, const char *name, const char *text, size_t size)
{
	struct cts_rows rows;
	int rc;

	cts_draft_init(draft, name);
	rc = cts_rows_read(&rows, &draft->arena, name, text, size);
	return rc < 0 ? rc : cts_brief_document_read(draft, &rows);
}

static void read_file(struct cts_draft *draft, struct cts_buf *text, const char *path)
{
	if (!cts_document_load(text, path))
		skip();
	if (read_text(draft, path, text->data, text->size) < 0)
		fail_msg("%s", cts_error_message(CTS_EVALUE));
}

struct tally {
	size_t items, whole, inside, whole_sections;
};

/* Counts marks with the reader that validates them, not with the one that wrote them. */
static struct tally count_marks(struct cts_draft *draft)
{
	struct tally tally = {0};

	for (size_t i = 0; i < draft->record_count; i++) {
		const struct cts_draft_field *items = cts_draft_field(draft->records[i], "items");
		size_t whole_before = tally.whole;

		for (size_t n = 0; items && n < items->item_count; n++) {
			struct cts_mark *marks = NULL;
			int count = cts_marks_parse(&marks, &draft->arena, items->items[n]);

			assert_true(count >= 0);
			tally.items++;
			if (count == 1 && marks[0].start == 0 &&
				marks[0].end == strlen(items->items[n]))
				tally.whole++;
			else
				tally.inside += (size_t)count;
		}
		if (items && tally.whole - whole_before == items->item_count)
			tally.whole_sections++;
	}
	return tally;
}

static void test_real_briefs_have_the_known_counts(void **state)
{
	struct cts_buf text = {0}, missing = {0};
	struct cts_draft draft;
	struct tally tally;

	(void)state;
	read_file(&draft, &text, REAL);
	assert_int_equal(cts_document_count(&draft, "brief"), 4);
	assert_int_equal(cts_document_count(&draft, "section"), 19);
	tally = count_marks(&draft);
	assert_int_equal(tally.items, 70);
	assert_int_equal(tally.whole, 27);
	assert_int_equal(tally.inside, 14);
	assert_int_equal(tally.whole_sections, 3);
	assert_field(&draft, "brief/rules-based-order", "topic", "Rules-based order");
	assert_field(&draft, "section/counter-terrorism-2", "role", "approach");
	assert_field(&draft, "section/counter-terrorism-4", "role", "common_interest");
	assert_field(&draft, "section/foreign-interference-5", "role", "partnering");
	assert_field(&draft, "section/foreign-interference-1", "source",
		"000_4327965e8fbcc337.txt:11:1");
	assert_true(cts_document_left_out(&draft, "Section 6(a)", "legend"));
	if (cts_words_missing(&missing, text.data, text.size, &draft))
		fail_msg("words lost:\n%s", cts_buf_text(&missing));
	cts_buf_release(&missing);
	cts_draft_release(&draft);
	cts_buf_release(&text);
}

static void test_own_briefs_are_read_through_their_mess(void **state)
{
	struct cts_buf text = {0}, missing = {0};
	struct cts_draft draft;

	(void)state;
	read_file(&draft, &text, OWN);
	if (cts_words_missing(&missing, text.data, text.size, &draft))
		fail_msg("words lost:\n%s", cts_buf_text(&missing));
	assert_field(&draft, "section/night-landings-1", "items",
		"Boats land at night [[withheld 6(d)]], but seldom.|[[withheld 9(2)(c)]]|"
		"[[withheld 6(d)]]|[[withheld 6(d)]]");
	assert_field(&draft, "section/night-landings-2", "items",
		"[[withheld 6(d)]] The wharf is watched [[withheld 6(d)]]|Quiet & calm nights.");
	assert_field(&draft, "section/night-landings-3", "items",
		"Ask first.|Fine later [[withheld 6(d), 9(2)(c)]]|[[withheld 6(d)]]");
	/* Equal items stay two; the Act mentioned is no passage withheld. */
	assert_field(&draft, "section/ferry-kiosks-3", "items",
		"Equal words.|Equal words.|Section 6(d) of the Act is explained at the kiosk.");
	assert_field(&draft, "section/ferry-kiosks-2", "heading", "Anything else");
	assert_field(&draft, "section/ferry-kiosks-2", "items", "");
	assert_field(&draft, "brief/night-landings-2", "position", "3");
	assert_field(&draft, "section/night-landings-2-1", "brief", "brief/night-landings-2");
	assert_true(cts_document_left_out(&draft, "Section 6(d)", "legend"));
	assert_true(cts_document_left_out(&draft, "Old words.", "struck out"));
	assert_true(cts_document_left_out(&draft, "Text before", "above the first brief"));
	assert_string_equal(
		cts_document_question(&draft, "brief/ferry-kiosks", "counterparts")->command,
		"ctsync set brief/ferry-kiosks counterparts+='Port Nowhere'");
	cts_buf_release(&missing);
	cts_draft_release(&draft);
	cts_buf_release(&text);
}

static void test_topic_without_its_tab_and_windows_line_ends(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf\r\nHarbour lights\r\n**Situational assessment**\tAll "
		"out.\r\n**Approach**\tNew bulbs.\r\n";
	struct cts_draft draft;

	(void)state;
	assert_int_equal(read_text(&draft, "lights.txt", text, strlen(text)), 0);
	assert_field(&draft, "brief/harbour-lights", "topic", "Harbour lights");
	assert_field(&draft, "section/harbour-lights-2", "items", "New bulbs.");
	assert_field(&draft, "section/harbour-lights-2", "source", "lights.txt:4:1");
	cts_draft_release(&draft);
}

static void assert_refused(const char *text, size_t size, const char *message)
{
	struct cts_draft draft;

	assert_int_equal(read_text(&draft, "b.txt", text, size), CTS_EVALUE);
	if (!strstr(cts_error_message(CTS_EVALUE), message))
		assert_string_equal(cts_error_message(CTS_EVALUE), message);
	cts_draft_release(&draft);
}

static void assert_refused_text(const char *text, const char *message)
{
	assert_refused(text, strlen(text), message);
}

static void test_what_cannot_be_read_names_row_and_column(void **state)
{
	static const char utf16[] = "\xff\xfe\x41\0";

	(void)state;
	assert_refused("", 0, "b.txt:1:1: no brief in it");
	assert_refused_text(
		"<b>H</b>\ttext\n", "b.txt:1:1: the section 'H' stands above any topic");
	assert_refused_text("T\t\n<b>H</b>\ta\tb\n",
		"b.txt:2:3: a section has a heading and one cell, this is a further one");
	assert_refused(utf16, 4, "UTF-16");
	assert_refused_text("T\t\n<b>H</b>\tcaf\xe9\n", "b.txt");
}

static enum cts_import_format sniff(const char *path, const char *text)
{
	enum cts_import_format format = CTS_IMPORT_NONE;

	cts_import_sniff(&format, path, text, strlen(text));
	return format;
}

static void test_formats_are_told_by_content_then_by_name(void **state)
{
	struct cts_buf text = {0};

	(void)state;
	assert_true(cts_document_load(&text, OWN));
	assert_int_equal(sniff("x", cts_buf_text(&text)), CTS_IMPORT_BRIEFS);
	assert_int_equal(sniff("x.tsv", cts_buf_text(&text)), CTS_IMPORT_BRIEFS);
	cts_buf_clear(&text);
	assert_true(cts_document_load(&text, OWN_TABLE));
	assert_int_equal(sniff("x", cts_buf_text(&text)), CTS_IMPORT_TABLE);
	cts_buf_release(&text);
	assert_int_equal(sniff("a/b.CSV", "id,title\n"), CTS_IMPORT_CSV);
	assert_int_equal(sniff("-", "id,title\n"), CTS_IMPORT_CSV);
	assert_int_equal(sniff("-", "id\ttitle\n"), CTS_IMPORT_TSV);
	assert_int_equal(sniff("-", " [ {}, {} ]"), CTS_IMPORT_JSON);
	assert_int_equal(sniff("-", "{\n \"items\": []\n}\n"), CTS_IMPORT_JSON);
	assert_int_equal(sniff("-", "{\"id\":\"a\"}\n{\"id\":\"b\"}\n"), CTS_IMPORT_NDJSON);
	assert_int_equal(sniff("x.jsonl", "{}"), CTS_IMPORT_NDJSON);
	assert_int_equal(sniff("note.txt", "Dear all,\nnothing.\n"), CTS_IMPORT_NONE);
	assert_int_equal(sniff("empty", ""), CTS_IMPORT_NONE);
}

static void test_changed_briefs_are_read_or_refused(void **state)
{
	static const char *const paths[] = {OWN, REAL};
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	(void)state;
	print_message("CTS_SEED=%u\n", seed);
	for (size_t p = 0; p < 2; p++) {
		struct cts_buf text = {0};

		if (!cts_document_load(&text, paths[p]))
			continue;
		for (unsigned round = 0; round < 150; round++) {
			struct cts_buf changed = {0};
			enum cts_import_format format;
			struct cts_draft draft;
			int rc;

			cts_document_mutate(&changed, text.data, text.size, &seed, 1 + round % 25);
			rc = read_text(&draft, "changed", cts_buf_text(&changed), changed.size);
			assert_true(rc == 0 || rc == CTS_EVALUE);
			if (rc < 0)
				assert_non_null(strstr(cts_error_message(rc), "changed"));
			cts_draft_release(&draft);
			cts_import_sniff(&format, "changed", cts_buf_text(&changed), changed.size);
			cts_buf_release(&changed);
		}
		cts_buf_release(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_real_briefs_have_the_known_counts),
		cmocka_unit_test(test_own_briefs_are_read_through_their_mess),
		cmocka_unit_test(test_topic_without_its_tab_and_windows_line_ends),
		cmocka_unit_test(test_what_cannot_be_read_names_row_and_column),
		cmocka_unit_test(test_formats_are_told_by_content_then_by_name),
		cmocka_unit_test(test_changed_briefs_are_read_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
