/*
 * Problems: collected as text, since each failure's sentence is gone with the next one.
 */
#include "cli/import/problems.h"

#include "proto/error.h"

void cts_problems_release(struct cts_problems *problems)
{
	cts_buf_release(&problems->text);
	cts_buf_release(&problems->hint);
	*problems = (struct cts_problems){0};
}

void cts_problems_add(
	struct cts_problems *problems, int code, const char *file, size_t row, size_t column)
{
	const char *hint = cts_error_hint();

	if (!problems->count)
		problems->code = code;
	if (hint && !problems->hint.size)
		cts_buf_puts(&problems->hint, hint);
	if (problems->count++ >= CTS_PROBLEMS_SHOWN)
		return;
	if (problems->text.size)
		cts_buf_putc(&problems->text, '\n');
	if (row && column)
		cts_buf_printf(&problems->text, "%s:%zu:%zu: ", file, row, column);
	else if (row)
		cts_buf_printf(&problems->text, "%s:%zu: ", file, row);
	cts_buf_puts(&problems->text, cts_error_message(code));
}

int cts_problems_fail(const struct cts_problems *problems)
{
	int rc;

	if (!problems->count)
		return 0;
	if (problems->count > CTS_PROBLEMS_SHOWN)
		rc = cts_fail(problems->code, "%s\nand %zu more; nothing was imported",
			cts_buf_text(&problems->text), problems->count - CTS_PROBLEMS_SHOWN);
	else if (problems->count > 1)
		rc = cts_fail(problems->code, "%s\n%zu errors; nothing was imported",
			cts_buf_text(&problems->text), problems->count);
	else
		rc = cts_fail(problems->code, "%s", cts_buf_text(&problems->text));
	if (problems->hint.size)
		cts_hint("%s", cts_buf_text(&problems->hint));
	return rc;
}
