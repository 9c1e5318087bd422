/*
 * The order of the guesses: JSON by its first character, a document by its rows, then the file's
 * extension, then a head that begins with `id`.
 */
#include "cli/import/sniff.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "cli/import/brief_document.h"
#include "cli/import/rows.h"
#include "cli/import/table_document.h"
#include "proto/error.h"

/* clang-format off */
static const struct {
	const char *name;
	enum cts_import_format format;
} names[] = {
	{"table", CTS_IMPORT_TABLE}, {"briefs", CTS_IMPORT_BRIEFS}, {"csv", CTS_IMPORT_CSV},
	{"tsv", CTS_IMPORT_TSV}, {"json", CTS_IMPORT_JSON}, {"ndjson", CTS_IMPORT_NDJSON},
	{"programme", CTS_IMPORT_TABLE}, {"programme-table", CTS_IMPORT_TABLE},
	{"brief", CTS_IMPORT_BRIEFS}, {"jsonl", CTS_IMPORT_NDJSON}, {"tab", CTS_IMPORT_TSV},
};
/* clang-format on */

const char *cts_import_format_name(enum cts_import_format format)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].format == format)
			return names[i].name;
	return "";
}

static enum cts_import_format format_of(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcasecmp(names[i].name, name) == 0)
			return names[i].format;
	return CTS_IMPORT_NONE;
}

int cts_import_format_parse(enum cts_import_format *out, const char *name)
{
	enum cts_import_format format = format_of(name);
	int rc;

	if (format == CTS_IMPORT_NONE) {
		rc = cts_fail(CTS_EUSAGE, "no import format '%s'", name);
		cts_hint("the formats are table, briefs, csv, tsv, json and ndjson");
		return rc;
	}
	*out = format;
	return 0;
}

static enum cts_import_format format_by_extension(const char *path)
{
	const char *dot = strrchr(path, '.');
	enum cts_import_format format;

	if (!dot || strchr(dot, '/'))
		return CTS_IMPORT_NONE;
	format = format_of(dot + 1);
	/* `x.table`, `x.brief`: names of documents are no extensions. */
	return format == CTS_IMPORT_TABLE || format == CTS_IMPORT_BRIEFS ? CTS_IMPORT_NONE : format;
}

/* An object on the first line and a second one below it: one object a line. */
static bool has_objects_by_line(const char *text, const char *end)
{
	const char *line = memchr(text, '\n', (size_t)(end - text));

	if (*text != '{' || !line)
		return false;
	for (const char *c = line; c > text; c--) {
		if (c[-1] == '}')
			break;
		if (!strchr(" \t\r", c[-1]))
			return false;
	}
	while (line < end && strchr(" \t\r\n", *line))
		line++;
	return line < end && *line == '{';
}

/* The document read as rows; its last line may be cut off by the end of `head`. */
static enum cts_import_format sniff_document(const char *path, const char *head, size_t size)
{
	enum cts_import_format format = CTS_IMPORT_NONE;
	struct cts_arena arena = {0};
	struct cts_rows rows;

	if (cts_rows_read(&rows, &arena, path, head, size) == 0) {
		if (cts_table_document_is(&arena, &rows))
			format = CTS_IMPORT_TABLE;
		else if (cts_brief_document_is(&arena, &rows))
			format = CTS_IMPORT_BRIEFS;
	}
	cts_error_clear();
	cts_arena_release(&arena);
	return format;
}

int cts_import_sniff(enum cts_import_format *out, const char *path, const char *head, size_t size)
{
	enum cts_import_format by_name = format_by_extension(path), format = by_name;
	const char *text = head, *end = head + size;
	int rc;

	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	while (text < end && strchr(" \t\r\n", *text))
		text++;
	if (format == CTS_IMPORT_NONE && text < end && (*text == '{' || *text == '['))
		format = has_objects_by_line(text, end) ? CTS_IMPORT_NDJSON : CTS_IMPORT_JSON;
	if (format == CTS_IMPORT_NONE || format == CTS_IMPORT_TSV || format == CTS_IMPORT_CSV) {
		enum cts_import_format document = CTS_IMPORT_NONE;

		/* Whole lines only, so that no character is cut in two. */
		while (size && size >= 64 * 1024 && head[size - 1] != '\n')
			size--;
		document = sniff_document(path, head, size);
		if (document != CTS_IMPORT_NONE)
			format = document;
	}
	if (format == CTS_IMPORT_NONE && end - text > 3 && strncmp(text, "id", 2) == 0)
		format = text[2] == ','    ? CTS_IMPORT_CSV
			 : text[2] == '\t' ? CTS_IMPORT_TSV
					   : CTS_IMPORT_NONE;
	if (format == CTS_IMPORT_NONE) {
		rc = cts_fail(CTS_EVALUE, "cannot tell which format '%s' has", path);
		cts_hint("name it: --format table, briefs, csv, tsv, json or ndjson");
		return rc;
	}
	*out = format;
	return 0;
}
