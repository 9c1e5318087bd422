/*
 * CSV and TSV: rows as RFC 4180 has them and as spreadsheets write them, and records from them.
 * Every error names row and column.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/dsv.h"
#include "cli/import/delimited.h"
#include "cli/import/sheet.h"
#include "proto/buf.h"
#include "proto/error.h"

/* A file without a name that holds the text. */
static int file_with(const char *text, size_t size)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	assert_int_equal(fflush(file), 0);
	fd = dup(fileno(file));
	fclose(file);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Rows as `row:cell|cell`, errors as `!message`, separated by ` ~ `. */
static void put_rows(struct cts_buf *out, const char *text, size_t size, char separator)
{
	int fd = file_with(text, size);
	struct cts_delimited_row row;
	struct cts_delimited *reader;
	int rc;

	cts_delimited_open(&reader, "x", fd, separator);
	while ((rc = cts_delimited_next(reader, &row)) != 0) {
		cts_buf_puts(out, out->size ? " ~ " : "");
		if (rc < 0) {
			cts_buf_printf(out, "!%s", cts_error_message(rc));
			continue;
		}
		cts_buf_printf(out, "%zu:", row.row);
		for (size_t i = 0; i < row.cell_count; i++)
			cts_buf_printf(out, "%s%s", i ? "|" : "", row.cells[i]);
	}
	cts_delimited_free(reader);
	close(fd);
}

static void assert_rows(const char *text, char separator, const char *expected)
{
	struct cts_buf out = {0};

	put_rows(&out, text, strlen(text), separator);
	assert_string_equal(cts_buf_text(&out), expected);
	cts_buf_release(&out);
}

static void test_csv_as_the_rfc_has_it(void **state)
{
	(void)state;
	assert_rows("a,b\r\nc,d\r\n", ',', "1:a|b ~ 2:c|d");
	assert_rows("a,b\nc,d", ',', "1:a|b ~ 2:c|d");
	assert_rows("\"a,1\",\"say \"\"x\"\"\",\"\"\r\n", ',', "1:a,1|say \"x\"|");
	assert_rows("\"two\r\nlines\",x\r\ny,z\r\n", ',', "1:two\nlines|x ~ 3:y|z");
	assert_rows(",,\n", ',', "1:||");
	assert_rows("\xef\xbb\xbf"
		    "id,x\n",
		',', "1:id|x");
	assert_rows("a\n\n\nb\n", ',', "1:a ~ 4:b");
	assert_rows("a\rb\r", ',', "1:a ~ 2:b");
	assert_rows("", ',', "");
	assert_rows("5\" pipe,x", ',', "1:5\" pipe|x");
}

static void test_csv_errors_name_row_and_column_and_the_rest_is_read(void **state)
{
	(void)state;
	assert_rows("a,\"b\" c\nd,e\n", ',',
		"!x:1:2: text behind the closing quote; a quote inside a cell is written twice ~ "
		"2:d|e");
	assert_rows("a,b\nc,\"d\ne\n", ',',
		"1:a|b ~ !x:2:2: the quote that opens the cell is not closed");
}

static void test_nul_bytes_and_utf16_are_refused(void **state)
{
	struct cts_buf out = {0};

	(void)state;
	put_rows(&out, "a,b\0c\nd", 7, ',');
	assert_string_equal(cts_buf_text(&out), "!x:1:2: a NUL byte: not a text, or UTF-16 ~ 2:d");
	cts_buf_clear(&out);
	{
		int fd = file_with("\xff\xfe\x61\0", 4);
		struct cts_delimited *reader;
		struct cts_delimited_row row;

		cts_delimited_open(&reader, "x", fd, ',');
		assert_int_equal(cts_delimited_next(reader, &row), CTS_EVALUE);
		assert_non_null(cts_error_hint());
		cts_delimited_free(reader);
		close(fd);
	}
	cts_buf_release(&out);
}

static void test_tsv_reads_our_escapes_and_a_spreadsheet_s_quotes(void **state)
{
	(void)state;
	assert_rows("a\\tb\tc\\nd\\\\\te\\x\n", '\t', "1:a\tb|c\nd\\|e\\x");
	assert_rows("\"two\nlines\"\t\"a\tb\"\tc\n", '\t', "1:two\nlines|a\tb|c");
	assert_rows("\\\"quoted\\\" word\tb\n", '\t', "1:\"quoted\" word|b");
	assert_rows("\"quoted\" word\tb\nc\td\n", '\t',
		"!x:1:1: text behind the closing quote; a cell that begins with a quote begins "
		"with "
		"\\\" ~ 2:c|d");
}

static void test_a_row_that_never_ends_is_refused(void **state)
{
	size_t size = CTS_ROW_MAX + 100;
	char *text = cts_malloc(size);
	struct cts_buf out = {0};

	(void)state;
	memset(text, 'a', size);
	text[0] = '"';
	put_rows(&out, text, size, ',');
	assert_string_equal(
		cts_buf_text(&out), "!x:1:1: the row is longer than 4 MiB; is a quote not closed?");
	cts_buf_release(&out);
	free(text);
}

/* What our own output writes comes back as it was. */
static void test_any_cells_survive_output_and_input(void **state)
{
	static const char letters[] = "ab ,\"'\n\t\\=+-@0;";
	const char *given = getenv("CTS_SEED");
	unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);

	(void)state;
	print_message("CTS_SEED=%u\n", seed);
	for (unsigned round = 0; round < 400; round++) {
		char cells[3][12] = {"", "", ""};
		struct cts_buf text = {0};
		struct cts_delimited *reader;
		struct cts_delimited_row row;
		int fd;

		for (size_t c = 0; c < 3; c++) {
			size_t size = (size_t)rand_r(&seed) % 11;

			for (size_t i = 0; i < size; i++)
				cells[c][i] =
					letters[(size_t)rand_r(&seed) % (sizeof(letters) - 1)];
			/* so that no row is empty */
			if (c == 0 && size == 0)
				strcpy(cells[c], "x");
		}
		cts_dsv_put_row(
			&text, ',', (const char *[]){cells[0], cells[1], cells[2]}, 3, true);
		fd = file_with(text.data, text.size);
		cts_delimited_open(&reader, "x", fd, ',');
		assert_int_equal(cts_delimited_next(reader, &row), 1);
		assert_int_equal(row.cell_count, 3);
		for (size_t c = 0; c < 3; c++)
			assert_string_equal(row.cells[c], cells[c]);
		cts_delimited_free(reader);
		close(fd);
		cts_buf_release(&text);
	}
}

/* ---- records -------------------------------------------------------------------------------- */

struct read {
	struct cts_problems problems;
	struct cts_buf records; /* "row id field=value|value ...", one a line */
	int opened;
};

static void read_records(struct read *out, const char *text, const char *kind_name, char separator)
{
	const struct cts_kind *kind = cts_schema_kind(cts_schema_builtin(), kind_name);
	int fd = file_with(text, strlen(text));
	struct cts_record record;
	struct cts_sheet *sheet;
	const bool *named;
	size_t row;

	*out = (struct read){0};
	cts_record_init(&record, kind, "");
	out->opened = cts_sheet_open(&sheet, "x.csv", fd, separator, kind);
	while (out->opened == 0 &&
		cts_sheet_next(sheet, &record, &named, &row, &out->problems) > 0) {
		cts_buf_printf(&out->records, "%zu %s", row, record.id);
		for (size_t i = 0; i < kind->field_count; i++) {
			struct cts_value value = cts_record_get(&record, &kind->fields[i]);

			if (!named[i])
				continue;
			cts_buf_printf(&out->records, " %s=", kind->fields[i].name);
			for (size_t n = 0; n < value.count; n++)
				cts_buf_printf(&out->records, "%s%s", n ? "|" : "", value.items[n]);
		}
		cts_buf_putc(&out->records, '\n');
	}
	if (out->opened == 0)
		cts_sheet_free(sheet);
	cts_record_release(&record);
	close(fd);
}

static void release_read(struct read *read)
{
	cts_problems_release(&read->problems);
	cts_buf_release(&read->records);
}

static void test_records_come_with_lists_and_cleared_fields(void **state)
{
	struct read read;

	(void)state;
	read_records(&read,
		"id,kind,due,status,labels,depends_on,hash\r\n"
		"nzp.a,milestone,Q3 2021,ONGOING,\"b\r\na\",\"nzp.b\nmilestone/nzp.c\",123\r\n"
		"milestone/nzp.b,,'-,,,,\r\n",
		"milestone", ',');
	assert_int_equal(read.opened, 0);
	assert_int_equal(read.problems.count, 0);
	assert_string_equal(cts_buf_text(&read.records),
		"2 nzp.a due=Q3 2021 status=ongoing depends_on=milestone/nzp.b|milestone/nzp.c "
		"labels=a|b\n"
		"5 nzp.b due=- status= depends_on= labels=\n");
	release_read(&read);
}

static void assert_head_refused(const char *text, const char *message)
{
	struct read read;

	read_records(&read, text, "milestone", ',');
	assert_int_equal(read.opened, CTS_EVALUE);
	assert_string_equal(cts_error_message(CTS_EVALUE), message);
	release_read(&read);
}

static void test_a_wrong_head_is_refused(void **state)
{
	(void)state;
	assert_head_refused("label,due\n", "x.csv:1:1: the head has no column 'id'");
	assert_head_refused("id,due,due\n", "x.csv:1:3: the column 'due' stands twice");
	assert_head_refused("id,id\n", "x.csv:1:2: the column 'id' stands twice");
	assert_head_refused(
		"", "x.csv:1:1: the file is empty; its first row is id and the names of fields");
}

static void test_an_unknown_field_hints_at_the_nearest(void **state)
{
	struct read read;

	(void)state;
	read_records(&read, "id,duw\n", "milestone", ',');
	assert_int_equal(read.opened, CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "x.csv:1:2: "));
	assert_non_null(strstr(cts_error_hint(), "due"));
	release_read(&read);
}

static void test_every_wrong_cell_is_told_with_its_place(void **state)
{
	static const char *const places[] = {"x.csv:2:1: ", "x.csv:2:3: ", "x.csv:3:2: ",
		"x.csv:4:2: ", "x.csv:5:4: ", "x.csv:6:1: "};
	struct read read;

	(void)state;
	read_records(&read,
		"id,due,status\n"
		"CON,TBD,nonsense\n"
		"a,Q3 2021 (label),ongoing\n"
		"b,\"caf\xe9\",ongoing\n"
		"c,TBD,ongoing,more\n"
		",TBD,ongoing\n"
		"d,TBD,ongoing\n",
		"milestone", ',');
	assert_int_equal(read.opened, 0);
	assert_int_equal(read.problems.count, sizeof(places) / sizeof(*places));
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strncmp(read.problems.shown[i].text, places[i], strlen(places[i])) != 0)
			assert_string_equal(read.problems.shown[i].text, places[i]);
	/* the good row is read for all that */
	assert_string_equal(cts_buf_text(&read.records), "7 d due=TBD status=ongoing\n");
	release_read(&read);
}

static int told;

static int count_told(int code)
{
	assert_int_equal(code, CTS_EVALUE);
	told++;
	return 0;
}

static void test_twenty_problems_are_told_then_counted(void **state)
{
	struct cts_buf text = {0};
	struct read read;

	(void)state;
	cts_buf_puts(&text, "id,status\n");
	for (int i = 0; i < 50; i++)
		cts_buf_printf(&text, "r%d,wrong\n", i);
	read_records(&read, cts_buf_text(&text), "milestone", ',');
	assert_int_equal(read.problems.count, 50);
	told = 0;
	assert_int_equal(cts_problems_end(&read.problems, count_told), CTS_EVALUE);
	assert_int_equal(told, 20);
	assert_string_equal(
		cts_error_message(CTS_EVALUE), "and 30 more: 50 errors, nothing was imported");
	release_read(&read);
	cts_buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_as_the_rfc_has_it),
		cmocka_unit_test(test_csv_errors_name_row_and_column_and_the_rest_is_read),
		cmocka_unit_test(test_nul_bytes_and_utf16_are_refused),
		cmocka_unit_test(test_tsv_reads_our_escapes_and_a_spreadsheet_s_quotes),
		cmocka_unit_test(test_a_row_that_never_ends_is_refused),
		cmocka_unit_test(test_any_cells_survive_output_and_input),
		cmocka_unit_test(test_records_come_with_lists_and_cleared_fields),
		cmocka_unit_test(test_a_wrong_head_is_refused),
		cmocka_unit_test(test_an_unknown_field_hints_at_the_nearest),
		cmocka_unit_test(test_every_wrong_cell_is_told_with_its_place),
		cmocka_unit_test(test_twenty_problems_are_told_then_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
