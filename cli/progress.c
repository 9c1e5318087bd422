/*
 * The clock is read once in so many steps, a number that follows the measured rate, so that a step
 * costs a comparison. Only one bar stands at a time; what writes to stderr wipes it first.
 */
#include "cli/progress.h"

#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/diag.h"
#include "proto/text.h"
#include "proto/time.h"

#define FIRST_MS 500 /* work that is shorter shows nothing */
#define EVERY_MS 100
#define BAR_WIDTH 24

static bool is_quiet;
static bool is_standing;

void cts_progress_init(bool quiet)
{
	is_quiet = quiet;
}

void cts_progress_wipe(void)
{
	static const char wipe[] = "\r\033[K";

	if (is_standing && write(STDERR_FILENO, wipe, sizeof(wipe) - 1) >= 0)
		is_standing = false;
}

void cts_progress_begin(struct cts_progress_bar *bar, const char *what, uint64_t total)
{
	memset(bar, 0, sizeof(*bar));
	bar->what = what;
	bar->total = total;
	bar->started_ms = cts_time_now_ms();
	bar->active = !is_quiet && isatty(STDERR_FILENO);
	bar->next = bar->active ? 1 : UINT64_MAX;
}

static void put_duration(struct cts_buf *out, uint64_t seconds)
{
	if (seconds >= 3600)
		cts_buf_printf(out, "%" PRIu64 "h%02" PRIu64 "m", seconds / 3600,
			seconds / 60 % 60);
	else if (seconds >= 60)
		cts_buf_printf(out, "%" PRIu64 "m%02" PRIu64 "s", seconds / 60, seconds % 60);
	else
		cts_buf_printf(out, "%" PRIu64 "s", seconds);
}

void cts_progress_line(struct cts_buf *out, const struct cts_progress_bar *bar, int64_t now_ms,
	unsigned width)
{
	int64_t spent_ms = now_ms - bar->started_ms;
	uint64_t rate = spent_ms > 0 ? bar->done * 1000 / (uint64_t)spent_ms : 0;
	struct cts_buf line = {0};

	cts_buf_printf(&line, "%s ", bar->what);
	if (bar->total > 0) {
		uint64_t done = bar->done < bar->total ? bar->done : bar->total;
		unsigned filled = (unsigned)(done * BAR_WIDTH / bar->total);

		cts_buf_putc(&line, '[');
		for (unsigned i = 0; i < BAR_WIDTH; i++)
			cts_buf_putc(&line, i < filled ? '#' : '.');
		cts_buf_printf(&line, "] %3u%%  %" PRIu64, (unsigned)(done * 100 / bar->total), done);
		if (!bar->is_guess)
			cts_buf_printf(&line, "/%" PRIu64, bar->total);
	} else {
		cts_buf_printf(&line, "%" PRIu64, bar->done);
	}
	if (rate > 0)
		cts_buf_printf(&line, "  %" PRIu64 "/s", rate);
	if (rate > 0 && bar->total > bar->done) {
		cts_buf_puts(&line, "  ");
		put_duration(&line, (bar->total - bar->done + rate - 1) / rate);
		cts_buf_puts(&line, " left");
	}
	cts_buf_put(out, line.data, cts_text_prefix(line.data, width));
	cts_buf_release(&line);
}

static void show(struct cts_progress_bar *bar, int64_t now_ms)
{
	struct cts_buf line = {0};
	struct winsize size;
	unsigned width = 80;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
		width = size.ws_col;
	cts_buf_puts(&line, "\r");
	/* The last column stays free: a full line would wrap on some terminals. */
	cts_progress_line(&line, bar, now_ms, width - 1);
	cts_buf_puts(&line, "\033[K");
	if (write(STDERR_FILENO, line.data, line.size) >= 0)
		is_standing = true;
	cts_buf_release(&line);
	bar->shown_ms = now_ms;
}

void cts_progress_step(struct cts_progress_bar *bar, uint64_t done)
{
	int64_t now_ms, spent_ms;
	uint64_t per_look;

	bar->done = done;
	if (done < bar->next)
		return;
	now_ms = cts_time_now_ms();
	spent_ms = now_ms - bar->started_ms;
	/* Look again after about a quarter of the time between two pictures. */
	per_look = spent_ms > 0 ? done * (EVERY_MS / 4) / (uint64_t)spent_ms : done;
	bar->next = done + (per_look > 0 ? per_look : 1);
	if (spent_ms >= FIRST_MS && now_ms - bar->shown_ms >= EVERY_MS)
		show(bar, now_ms);
}

void cts_progress_end(struct cts_progress_bar *bar)
{
	cts_progress_wipe();
	bar->active = false;
	bar->next = UINT64_MAX;
}

static void hook_step(void *context, const char *what, uint64_t done, uint64_t total)
{
	struct cts_progress_bar *bar = context;

	/* A new job begins with its own clock, so its rate is its own. */
	if (!bar->what || strcmp(bar->what, what) != 0)
		cts_progress_begin(bar, what, total);
	bar->total = total;
	cts_progress_step(bar, done);
}

static void hook_server_says(void *context, const char *line)
{
	(void)context;
	cts_diag_remote(line, strlen(line));
}

struct cts_progress cts_progress_hook(struct cts_progress_bar *bar)
{
	return (struct cts_progress){
		.context = bar,
		.step = hook_step,
		.server_says = hook_server_says,
	};
}
