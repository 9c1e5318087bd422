/*
 * Which format a file has: by its name where that says, else by what it begins with. A document is
 * told by its structure, whatever it is called.
 */
#ifndef CTS_CLI_IMPORT_SNIFF_H
#define CTS_CLI_IMPORT_SNIFF_H

#include <stddef.h>

enum cts_import_format {
	CTS_IMPORT_NONE,
	CTS_IMPORT_TABLE,  /* a programme table */
	CTS_IMPORT_BRIEFS, /* briefs */
	CTS_IMPORT_CSV,
	CTS_IMPORT_TSV,
	CTS_IMPORT_JSON,
	CTS_IMPORT_NDJSON,
};

/* "table", "briefs", "csv", "tsv", "json", "ndjson" */
const char *cts_import_format_name(enum cts_import_format format);

/* By name, as --format takes it ("jsonl", "brief" and "programme" too). @return CTS_EUSAGE with the
 * names */
int cts_import_format_parse(enum cts_import_format *out, const char *name);

/* `head`: the file's beginning, at least its first 64 KiB or all of it.
 * @return CTS_EVALUE, with the hint to name the format, when it is none */
int cts_import_sniff(enum cts_import_format *out, const char *path, const char *head, size_t size);

#endif
