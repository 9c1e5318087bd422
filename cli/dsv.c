/*
 * Formula quoting guards people who open an export in a spreadsheet: text typed by another agency
 * must not become a command there. Numbers such as -5 are left alone, since they cannot do
 * anything.
 */
#include "cli/dsv.h"

#include <string.h>

static bool is_number(const char *text)
{
	if (*text == '-' || *text == '+')
		text++;
	return *text && strspn(text, "0123456789.") == strlen(text);
}

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text) && !is_number(text);
}

void cts_dsv_put_cell(struct cts_buf *out, char separator, const char *text, bool raw)
{
	bool guarded = !raw && is_formula(text);

	if (separator == '\t') {
		if (guarded)
			cts_buf_putc(out, '\'');
		for (; *text; text++) {
			switch (*text) {
			case '\t': cts_buf_puts(out, "\\t"); break;
			case '\n': cts_buf_puts(out, "\\n"); break;
			case '\r': cts_buf_puts(out, "\\r"); break;
			case '\\': cts_buf_puts(out, "\\\\"); break;
			default: cts_buf_putc(out, *text);
			}
		}
		return;
	}
	if (!guarded && !strpbrk(text, ",\"\r\n") && *text != ' ') {
		cts_buf_puts(out, text);
		return;
	}
	cts_buf_putc(out, '"');
	if (guarded)
		cts_buf_putc(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			cts_buf_putc(out, '"');
		cts_buf_putc(out, *text);
	}
	cts_buf_putc(out, '"');
}

void cts_dsv_put_row(
	struct cts_buf *out, char separator, const char *const *cells, size_t count, bool raw)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			cts_buf_putc(out, separator);
		cts_dsv_put_cell(out, separator, cells[i] ? cells[i] : "", raw);
	}
	cts_buf_putc(out, '\n');
}
