/*
 * Output gathers in a buffer of 64 KiB before it is written, by write(2) and not by stdio, so that
 * an error is seen with its errno and none is lost between two layers. After the first failure
 * nothing more is written: what a reader has got is then a prefix of the answer, and the exit
 * status says so.
 *
 * SIGPIPE is ignored while the program runs, since a dead network connection must be an error to
 * sync/; so a closed pipe is found here, by EPIPE, and answered as a filter would: by dying of
 * SIGPIPE.
 */
#include "cli/out.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/pager.h"
#include "proto/error.h"
#include "proto/text.h"

#define WRITE_SIZE (64 * 1024)
#define PROSE_WIDTH 80 /* longer lines are hard to read, however wide the window */
#define PROSE_LEAST 20 /* beside an indent, however narrow */

static const struct {
	enum cts_out_format format;
	const char *name;
} formats[] = {
	{CTS_OUT_TEXT, "text"},
	{CTS_OUT_JSON, "json"},
	{CTS_OUT_NDJSON, "ndjson"},
	{CTS_OUT_CSV, "csv"},
	{CTS_OUT_TSV, "tsv"},
	{CTS_OUT_MARKDOWN, "markdown"},
};
#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

static const char *const escapes[] = {
	[CTS_STYLE_PLAIN] = "",
	[CTS_STYLE_TITLE] = "\033[1m",
	[CTS_STYLE_NAME] = "\033[36m",
	[CTS_STYLE_DIM] = "\033[2m",
	[CTS_STYLE_OLD] = "\033[31m",
	[CTS_STYLE_NEW] = "\033[32m",
	[CTS_STYLE_WARN] = "\033[33m",
	[CTS_STYLE_GOOD] = "\033[32m",
};

static bool wants_colour(const struct cts_out *out, enum cts_out_when when)
{
	const char *term, *no_colour;

	switch (when) {
	case CTS_WHEN_ALWAYS:
		return true;
	case CTS_WHEN_NEVER:
		return false;
	case CTS_WHEN_AUTO:
		break;
	}
	no_colour = getenv("NO_COLOR");
	term = getenv("TERM");
	return out->terminal && (!no_colour || !*no_colour) && term && strcmp(term, "dumb") != 0;
}

static size_t terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && atoi(columns) > 0)
		return (size_t)atoi(columns);
	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void cts_out_init(
	struct cts_out *out, int fd, enum cts_out_format format, enum cts_out_when colour)
{
	memset(out, 0, sizeof(*out));
	out->fd = fd;
	out->format = format;
	out->pager_fd = -1;
	out->terminal = fd >= 0 && isatty(fd);
	out->width = out->terminal ? terminal_width(fd) : 0;
	out->colour = format == CTS_OUT_TEXT && wants_colour(out, colour);
}

void cts_out_release(struct cts_out *out)
{
	cts_buf_release(&out->buf);
}

int cts_out_format_parse(enum cts_out_format *out, unsigned allowed, const char *name)
{
	struct cts_buf names = {0};

	for (size_t i = 0; i < FORMAT_COUNT; i++) {
		if (!(formats[i].format & allowed))
			continue;
		if (strcmp(formats[i].name, name) == 0) {
			cts_buf_release(&names);
			*out = formats[i].format;
			return 0;
		}
		cts_buf_printf(&names, "%s%s", names.size ? ", " : "", formats[i].name);
	}
	cts_fail(CTS_EUSAGE, "no format '%s' here", name);
	cts_hint("-o takes one of: %s", cts_buf_text(&names));
	cts_buf_release(&names);
	return CTS_EUSAGE;
}

const char *cts_out_format_name(enum cts_out_format format)
{
	for (size_t i = 0; i < FORMAT_COUNT; i++)
		if (formats[i].format == format)
			return formats[i].name;
	return "";
}

bool cts_out_is_json(const struct cts_out *out)
{
	return out->format == CTS_OUT_JSON || out->format == CTS_OUT_NDJSON;
}

void cts_out_put(struct cts_out *out, const void *data, size_t size)
{
	cts_buf_put(&out->buf, data, size);
	if (out->buf.size >= WRITE_SIZE)
		cts_out_flush(out);
}

void cts_out_puts(struct cts_out *out, const char *text)
{
	cts_out_put(out, text, strlen(text));
}

void cts_out_printf(struct cts_out *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cts_buf_vprintf(&out->buf, format, args);
	va_end(args);
	if (out->buf.size >= WRITE_SIZE)
		cts_out_flush(out);
}

void cts_out_text(struct cts_out *out, const char *text)
{
	cts_text_put_visible(&out->buf, text, true);
	if (out->buf.size >= WRITE_SIZE)
		cts_out_flush(out);
}

const char *cts_out_style_on(const struct cts_out *out, enum cts_style style)
{
	return out->colour ? escapes[style] : "";
}

const char *cts_out_style_off(const struct cts_out *out, enum cts_style style)
{
	return out->colour && escapes[style][0] ? "\033[0m" : "";
}

void cts_out_styled(struct cts_out *out, enum cts_style style, const char *text)
{
	cts_out_puts(out, cts_out_style_on(out, style));
	cts_out_text(out, text);
	cts_out_puts(out, cts_out_style_off(out, style));
}

size_t cts_out_prose_width(const struct cts_out *out, size_t indent)
{
	size_t width = out->width && out->width < PROSE_WIDTH ? out->width : PROSE_WIDTH;

	return width < indent + PROSE_LEAST ? indent + PROSE_LEAST : width;
}

void cts_out_wrapped(struct cts_out *out, const char *text, size_t column, size_t indent)
{
	size_t width = cts_out_prose_width(out, indent);
	bool fresh = true; /* no word stands on this line yet */
	struct cts_buf word = {0};

	for (;;) {
		size_t size, columns;

		text += strspn(text, " \n");
		size = strcspn(text, " \n");
		if (size == 0)
			break;
		cts_buf_clear(&word);
		cts_buf_put(&word, text, size);
		columns = cts_text_width(word.data);
		if (!fresh && column + 1 + columns > width) {
			cts_out_puts(out, "\n");
			column = 0;
			fresh = true;
		}
		if (fresh && column < indent) {
			cts_out_printf(out, "%*s", (int)(indent - column), "");
			column = indent;
		}
		if (!fresh) {
			cts_out_puts(out, " ");
			column++;
		}
		cts_out_text(out, word.data);
		column += columns;
		fresh = false;
		text += size;
	}
	cts_out_puts(out, "\n");
	cts_buf_release(&word);
}

/* The bytes of a paragraph: its lines up to an empty one or one that begins with a space. */
static size_t paragraph_size(const char *text)
{
	size_t size = strcspn(text, "\n");

	while (text[size] && text[size + 1] && text[size + 1] != '\n' && text[size + 1] != ' ')
		size += 1 + strcspn(text + size + 1, "\n");
	return size;
}

void cts_out_paragraphs(struct cts_out *out, const char *text, size_t indent)
{
	struct cts_buf paragraph = {0};

	while (*text) {
		size_t size = *text == ' ' ? strcspn(text, "\n") : paragraph_size(text);

		if (*text == '\n') {
			cts_out_puts(out, "\n");
			text++;
			continue;
		}
		cts_buf_clear(&paragraph);
		cts_buf_put(&paragraph, text, size);
		if (*text == ' ') {
			cts_out_printf(out, "%*s", (int)indent, "");
			cts_out_text(out, paragraph.data);
			cts_out_puts(out, "\n");
		} else {
			cts_out_wrapped(out, paragraph.data, 0, indent);
		}
		text += size;
		if (*text)
			text++;
	}
	cts_buf_release(&paragraph);
}

void cts_out_flush(struct cts_out *out)
{
	int fd = out->pager_fd >= 0 ? out->pager_fd : out->fd;
	size_t done = 0;

	if (out->fd < 0)
		return;
	while (done < out->buf.size && !out->failed) {
		ssize_t n = write(fd, out->buf.data + done, out->buf.size - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno == EPIPE && fd == out->pager_fd) {
			out->failed = EPIPE; /* the pager was left: the rest is not wanted */
		} else if (errno == EPIPE) {
			signal(SIGPIPE, SIG_DFL);
			raise(SIGPIPE);
			out->failed = EPIPE;
		} else if (errno != EINTR) {
			out->failed = errno;
		}
	}
	cts_buf_clear(&out->buf);
}

int cts_out_finish(struct cts_out *out)
{
	bool paged = out->pager_fd >= 0;

	cts_out_flush(out);
	if (paged)
		cts_pager_wait(out);
	if (out->failed && !(paged && out->failed == EPIPE))
		return cts_fail_errno(CTS_EIO, out->failed, "cannot write the answer to stdout");
	return 0;
}
