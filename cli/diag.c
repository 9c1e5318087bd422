/*
 * Every line is put together first and written with one write, so lines of several processes do not
 * mix, and a bar of progress is wiped before.
 */
#include "cli/diag.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "cli/jsonw.h"
#include "cli/progress.h"
#include "proto/error.h"
#include "proto/text.h"

static struct {
	bool json, quiet;
} diag;

void cts_diag_init(bool json, bool quiet)
{
	diag.json = json;
	diag.quiet = quiet;
}

static void say(struct cts_buf *line)
{
	size_t done = 0;

	cts_progress_wipe();
	while (done < line->size) {
		ssize_t n = write(STDERR_FILENO, line->data + done, line->size - done);

		if (n <= 0)
			break; /* there is nowhere left to tell it */
		done += (size_t)n;
	}
	cts_buf_release(line);
}

static void put_line(struct cts_buf *line, const char *prefix, const char *text)
{
	cts_buf_puts(line, prefix);
	cts_text_put_visible(line, text, true);
	cts_buf_putc(line, '\n');
}

int cts_diag_error(int code)
{
	const char *message = cts_error_message(code);
	const char *hint = cts_error_hint();
	struct cts_buf line = {0};
	struct cts_jsonw json;

	if (diag.json) {
		cts_jsonw_init(&json, &line, true);
		cts_jsonw_object(&json, NULL);
		cts_jsonw_object(&json, "error");
		cts_jsonw_string(&json, "code", cts_error_name(code));
		cts_jsonw_string(&json, "message", message);
		if (hint)
			cts_jsonw_string(&json, "hint", hint);
		cts_jsonw_end(&json);
		cts_jsonw_end(&json);
		cts_buf_putc(&line, '\n');
	} else {
		put_line(&line, "ctsync: ", message);
		if (hint)
			put_line(&line, "hint: ", hint);
	}
	say(&line);
	return cts_error_status(code);
}

static void __attribute__((format(printf, 2, 0)))
say_formatted(const char *prefix, const char *format, va_list args)
{
	struct cts_buf text = {0}, line = {0};

	cts_buf_vprintf(&text, format, args);
	put_line(&line, prefix, cts_buf_text(&text));
	cts_buf_release(&text);
	say(&line);
}

void cts_diag_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say_formatted("ctsync: warning: ", format, args);
	va_end(args);
}

void cts_diag_hint(const char *format, ...)
{
	va_list args;

	if (diag.quiet)
		return;
	va_start(args, format);
	say_formatted("hint: ", format, args);
	va_end(args);
}

void cts_diag_note(const char *format, ...)
{
	va_list args;

	if (diag.quiet)
		return;
	va_start(args, format);
	say_formatted("", format, args);
	va_end(args);
}

void cts_diag_remote(const char *text, size_t size)
{
	struct cts_buf line = {0}, piece = {0};

	if (diag.quiet)
		return;
	for (size_t start = 0; start < size;) {
		size_t end = start;

		while (end < size && text[end] != '\n' && text[end] != '\r' && text[end])
			end++;
		if (end > start) {
			cts_buf_clear(&piece);
			cts_buf_put(&piece, text + start, end - start);
			put_line(&line, "remote: ", cts_buf_text(&piece));
		}
		start = end + 1;
	}
	cts_buf_release(&piece);
	say(&line);
}
