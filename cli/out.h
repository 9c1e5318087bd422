/*
 * The answer on stdout: format, colour, width, and a flush that is checked. Nothing else writes
 * there; progress, hints and errors go to stderr (diag.h, progress.h).
 *
 * Output is gathered and written in large pieces. A failed write is remembered and told by
 * cts_out_finish: a full disk is CTS_ENOSPACE, anything else CTS_EIO; a reader that has gone away
 * (head) ends the process by SIGPIPE, quietly, as a filter should.
 *
 * Lists in any format: items.h. Members of JSON: jsonw.h. Columns of text: table.h.
 */
#ifndef CTS_CLI_OUT_H
#define CTS_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"

#define CTS_OUTPUT_VERSION 1 /* "schema_version" of every JSON answer */

enum cts_out_format {
	CTS_OUT_TEXT = 1 << 0,
	CTS_OUT_JSON = 1 << 1,
	CTS_OUT_NDJSON = 1 << 2,
	CTS_OUT_CSV = 1 << 3,
	CTS_OUT_TSV = 1 << 4,
	CTS_OUT_MARKDOWN = 1 << 5,
};
#define CTS_OUT_LISTS (CTS_OUT_TEXT | CTS_OUT_JSON | CTS_OUT_NDJSON | CTS_OUT_CSV | CTS_OUT_TSV)
#define CTS_OUT_READS (CTS_OUT_TEXT | CTS_OUT_JSON | CTS_OUT_NDJSON)

/* What a piece of text is; colours follow from it, on a terminal. */
enum cts_style {
	CTS_STYLE_PLAIN,
	CTS_STYLE_TITLE, /* headings, the record's key */
	CTS_STYLE_NAME,  /* field names, column heads */
	CTS_STYLE_DIM,   /* what may be overlooked */
	CTS_STYLE_OLD,   /* what was */
	CTS_STYLE_NEW,   /* what is */
	CTS_STYLE_WARN,  /* conflicts, overdue, refused */
	CTS_STYLE_GOOD,
};

struct cts_out {
	enum cts_out_format format;
	bool terminal;
	bool colour;
	bool raw;     /* csv and tsv: cells that look like formulas stay as they are */
	size_t width; /* columns of the terminal; 0: do not cut or wrap */
	int fd;       /* -1: everything stays in `buf` (tests) */
	struct cts_buf buf;
	int failed;   /* errno of the first failed write */
	int pager_pid, pager_fd;
};

enum cts_out_when { CTS_WHEN_AUTO, CTS_WHEN_ALWAYS, CTS_WHEN_NEVER };

/* Looks at fd (terminal, width) and at NO_COLOR, TERM and COLUMNS. */
void cts_out_init(
	struct cts_out *out, int fd, enum cts_out_format format, enum cts_out_when colour);
void cts_out_release(struct cts_out *out);

/* "text", "json", ... @return CTS_EUSAGE when the name is none of `formats`; those are the hint */
int cts_out_format_parse(enum cts_out_format *out, unsigned formats, const char *name);
const char *cts_out_format_name(enum cts_out_format format);

bool cts_out_is_json(const struct cts_out *out); /* json or ndjson */

/* Bytes of ours, as they are. */
void cts_out_put(struct cts_out *out, const void *data, size_t size);
void cts_out_puts(struct cts_out *out, const char *text);
void cts_out_printf(struct cts_out *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Text of a record, a commit, a server: control characters made visible. Newlines stay. */
void cts_out_text(struct cts_out *out, const char *text);

/* The same in the colour of its style. */
void cts_out_styled(struct cts_out *out, enum cts_style style, const char *text);

/* The escape sequences of a style, "" without colour; for layouts that count columns themselves. */
const char *cts_out_style_on(const struct cts_out *out, enum cts_style style);
const char *cts_out_style_off(const struct cts_out *out, enum cts_style style);

/* Prose: its width, 80 or that of a narrower terminal, also where there is none. */
size_t cts_out_prose_width(const struct cts_out *out, size_t indent);

/* One paragraph, wrapped, ending in a newline: begins at `column`, where the line stands already,
 * and continues at `indent`. */
void cts_out_wrapped(struct cts_out *out, const char *text, size_t column, size_t indent);

/* Paragraphs separated by empty lines, wrapped, every line indented. Lines that begin with a space
 * are kept as they are. */
void cts_out_paragraphs(struct cts_out *out, const char *text, size_t indent);

/* Writes what was gathered so far: before a prompt or a long wait. */
void cts_out_flush(struct cts_out *out);

/* Flushes, closes the pager, and tells whether all of it arrived. @return CTS_ENOSPACE, CTS_EIO */
int cts_out_finish(struct cts_out *out);

#endif
