/*
 * Markup, marks and parties: the small readers below the documents.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/import/cells.h"
#include "cli/import/markup.h"
#include "cli/import/parties.h"
#include "cli/import/withheld.h"

static void assert_blocks(const char *cell, const char *expected)
{
	static const char letters[] = "LPIS";
	struct cts_arena arena = {0};
	struct cts_block *blocks;
	size_t count = cts_markup_blocks(&blocks, &arena, cell);
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = cts_arena_printf(&arena, "%s%s%c:%s", text, i ? "|" : "",
			letters[blocks[i].kind], blocks[i].text);
	assert_string_equal(text, expected);
	cts_arena_release(&arena);
}

static void test_tags_end_and_open_blocks(void **state)
{
	(void)state;
	assert_blocks("plain", "L:plain");
	assert_blocks("", "");
	assert_blocks("<b>bold</b> and **more**", "L:bold and more");
	assert_blocks("a<br>b<br/>c", "L:a|L:b|L:c");
	assert_blocks("<ul style=\"x\"> <li>one</li> <li>two<br>lines</li> </ul> <p>three</p> four",
		"I:one|I:two lines|P:three|L:four");
	assert_blocks("<ul><li><p>one</p></li><li></li></ul>", "I:one");
	assert_blocks("<li>outer<ul><li>inner</li></ul></li>", "I:outer|I:inner");
	assert_blocks("9 <del>-</del> 9", "S:-|L:9  9");
	assert_blocks("a <!-- note &amp; b --> c", "S:note & b|L:a  c");
	assert_blocks("<del>never closed", "S:never closed");
	assert_blocks("</li></li></p>text", "L:text");
}

static void test_what_is_no_tag_stays(void **state)
{
	(void)state;
	assert_blocks("x < y > z", "L:x < y > z");
	assert_blocks("<name of agency> <b", "L:<name of agency> <b");
	assert_blocks("<bold>word</bold>", "L:<bold>word</bold>");
	assert_blocks("a <b<b<b", "L:a <b<b<b");
}

static void test_entities_are_decoded_where_a_record_may_hold_them(void **state)
{
	(void)state;
	assert_blocks("R&D &amp; &quot;x&quot; &ndash; &#257;&#x101;",
		"L:R&D & \"x\" \u2013 \u0101\u0101");
	assert_blocks("a&nbsp;b\u00a0c&#160;d", "L:a b c d");
	/* control, bidirectional, surrogate, too great, endless */
	assert_blocks("&#0; &#x202e; &#xd800; &#x110000; &#99999999999;",
		"L:&#0; &#x202e; &#xd800; &#x110000; &#99999999999;");
	assert_blocks("&nosuch; & &", "L:&nosuch; & &");
}

static void test_bullets(void **state)
{
	(void)state;
	assert_int_equal(cts_markup_bullet("\u2022 x", false), 4);
	assert_int_equal(cts_markup_bullet("- x", true), 2);
	assert_int_equal(cts_markup_bullet("- x", false), 0);
	assert_int_equal(cts_markup_bullet("-", true), 0);
	assert_int_equal(cts_markup_bullet("x", true), 0);
}

static void assert_marked(const char *text, const char *expected, size_t marks, bool whole)
{
	struct cts_arena arena = {0};
	struct cts_withheld out;

	cts_withheld_read(&out, &arena, text);
	assert_string_equal(out.text, expected);
	assert_int_equal(out.mark_count, marks);
	assert_int_equal(out.is_whole, whole);
	cts_arena_release(&arena);
}

static void test_grounds_become_marks_where_they_stand(void **state)
{
	(void)state;
	assert_marked("S6(a)", "[[withheld 6(a)]]", 1, true);
	assert_marked("S6(a).", "[[withheld 6(a)]].", 1, true);
	assert_marked("Section 6(a)", "[[withheld 6(a)]]", 1, true);
	assert_marked("s6(a), s9(2)(f)(iv)", "[[withheld 6(a), 9(2)(f)(iv)]]", 1, true);
	assert_marked("S6(a) S6(a)", "[[withheld 6(a)]] [[withheld 6(a)]]", 2, true);
	assert_marked("S6(a) kept S6(a)", "[[withheld 6(a)]] kept [[withheld 6(a)]]", 2, false);
	assert_marked("a [withheld s6(a)] b", "a [[withheld 6(a)]] b", 1, false);
	assert_marked("a [s9(2)(a)]", "a [[withheld 9(2)(a)]]", 1, false);
}

static void test_references_to_a_law_are_no_marks(void **state)
{
	(void)state;
	assert_marked("under section 6(a) of the Act", "under section 6(a) of the Act", 0, false);
	assert_marked("Section 6(a) is about security", "Section 6(a) is about security", 0, false);
	assert_marked("s6(a) of the Other Act", "s6(a) of the Other Act", 0, false);
	assert_marked("boats6(a)", "boats6(a)", 0, false);
	assert_marked("s99(z) s9(2)(", "s99(z) s9(2)(", 0, false);
	/* what is marked already stays */
	assert_marked("x [[withheld 6(a)]] y", "x [[withheld 6(a)]] y", 1, false);
	assert_marked("[[never closed", "[[never closed", 0, false);
}

static void assert_party(const char *text, size_t size, const char *code, const char *name)
{
	struct cts_arena arena = {0};
	struct cts_party party = {.code = "", .name = ""};

	assert_int_equal(cts_party_read_name(&party, &arena, text), size);
	if (size) {
		assert_string_equal(party.code, code);
		assert_string_equal(party.name, name);
	}
	cts_arena_release(&arena);
}

static void test_parties_are_codes_spellings_and_names(void **state)
{
	(void)state;
	assert_party("HBA to lead", 3, "HBA", "");
	assert_party("NZ Police and", 9, "NZP", "");
	assert_party("MoJ", 3, "MOJ", "");
	assert_party("Department of Boats and Bait (DBB) leads", 34, "DBB",
		"Department of Boats and Bait");
	assert_party("Harbour Inter Group.", 19, "HIG", "Harbour Inter Group");
	assert_party("TBD", 0, "", "");
	assert_party("MAIN", 0, "", "");
	assert_party("A", 0, "", "");
	assert_party("HBAx", 0, "", "");
	assert_party("better ways", 0, "", "");
	assert_party("Parliament", 0, "", "");
}

static void test_overview_is_parted_at_the_first_run_of_spaces(void **state)
{
	struct cts_arena arena = {0};
	struct cts_overview out;

	(void)state;
	cts_cell_overview(&out, &arena, "Do it:  one  two (a  b) [a note] three [[withheld 6(a)]]");
	assert_string_equal(out.text, "Do it:");
	assert_int_equal(out.point_count, 2);
	assert_string_equal(out.points[0], "one");
	assert_string_equal(out.points[1], "two (a  b)  three [[withheld 6(a)]]");
	assert_string_equal(out.notes, "[a note]");
	cts_cell_overview(&out, &arena, "<ul><li>only</li><li>points</li></ul>");
	assert_string_equal(out.text, "");
	assert_int_equal(out.point_count, 2);
	cts_cell_overview(&out, &arena, "[[[ ] [");
	assert_string_equal(out.text, "[[ [");
	assert_string_equal(out.notes, "[ ]");
	cts_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tags_end_and_open_blocks),
		cmocka_unit_test(test_what_is_no_tag_stays),
		cmocka_unit_test(test_entities_are_decoded_where_a_record_may_hold_them),
		cmocka_unit_test(test_bullets),
		cmocka_unit_test(test_grounds_become_marks_where_they_stand),
		cmocka_unit_test(test_references_to_a_law_are_no_marks),
		cmocka_unit_test(test_parties_are_codes_spellings_and_names),
		cmocka_unit_test(test_overview_is_parted_at_the_first_run_of_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
