/*
 * Every line of help is made from rows: options, arguments, the table of commands. What a row says
 * once is shown here, checked by the parser and held against the manual by a test.
 */
#include "cli/usage.h"

#include <inttypes.h>
#include <string.h>

#include "cli/session.h"
#include "proto/error.h"
#include "proto/text.h"
#include "sync/sync.h"

#define INDENT 2
#define LEFT_MAX 30 /* a longer left side gets a line of its own */

/* Shown to those who type `ctsync` alone, in this order. */
static const char *const newcomers[] = {"init", "clone", "list", "set", "sync"};

void cts_usage_synopsis(struct cts_buf *out, const struct cts_cmd *cmd)
{
	const struct cts_argument *argument = cmd->arguments;
	const char *line = cmd->synopsis;

	if (line) {
		for (; *line; line += strspn(line, "\n")) {
			size_t size = strcspn(line, "\n");

			cts_buf_printf(out, "ctsync %s %.*s\n", cmd->name, (int)size, line);
			line += size;
		}
		return;
	}
	cts_buf_printf(out, "ctsync %s%s", cmd->name,
		cmd->options && !cts_opt_is_end(cmd->options) ? " [options]" : "");
	for (; argument && argument->name; argument++)
		cts_buf_printf(out, argument->optional ? " [%s%s]" : " %s%s", argument->name,
			argument->many ? "..." : "");
	cts_buf_putc(out, '\n');
}

/* "  left            right, wrapped" */
static void put_pair(struct cts_out *out, const char *left, size_t left_width, const char *right)
{
	size_t width = cts_text_width(left);
	size_t indent = INDENT + left_width + 2;

	cts_out_printf(out, "%*s", INDENT, "");
	cts_out_styled(out, CTS_STYLE_NAME, left);
	if (width > left_width) {
		cts_out_puts(out, "\n");
		cts_out_wrapped(out, right, 0, indent);
	} else {
		cts_out_wrapped(out, right, INDENT + width, indent);
	}
}

static void put_heading(struct cts_out *out, const char *heading)
{
	cts_out_puts(out, "\n");
	cts_out_styled(out, CTS_STYLE_TITLE, heading);
	cts_out_puts(out, "\n");
}

/* "-m, --message MESSAGE" */
static void option_left(struct cts_buf *out, const struct cts_opt *row)
{
	cts_buf_clear(out);
	if (row->letter)
		cts_buf_printf(out, "-%c%s", row->letter, row->name ? ", " : "");
	else
		cts_buf_puts(out, "    ");
	if (row->name)
		cts_buf_printf(out, "--%s", row->name);
	if (row->argument)
		cts_buf_printf(out, " %s", row->argument);
}

static size_t bounded(size_t width)
{
	return width < LEFT_MAX ? width : LEFT_MAX;
}

static void put_options(struct cts_out *out, const struct cts_opt *rows, const char *formats)
{
	struct cts_buf left = {0};
	size_t width = formats ? strlen("-o FORMAT") : 0;

	for (const struct cts_opt *row = rows; row && !cts_opt_is_end(row); row++) {
		option_left(&left, row);
		if (left.size > width)
			width = bounded(left.size);
	}
	for (const struct cts_opt *row = rows; row && !cts_opt_is_end(row); row++) {
		option_left(&left, row);
		put_pair(out, left.data, width, row->help);
	}
	if (formats)
		put_pair(out, "-o FORMAT", width, formats);
	cts_buf_release(&left);
}

static void put_arguments(struct cts_out *out, const struct cts_argument *rows)
{
	size_t width = 0;

	for (const struct cts_argument *row = rows; row->name; row++)
		if (strlen(row->name) > width)
			width = bounded(strlen(row->name));
	for (const struct cts_argument *row = rows; row->name; row++)
		put_pair(out, row->name, width, row->help);
}

/* "text, json, ndjson"; empty for text alone. */
static void format_names(struct cts_buf *out, unsigned formats)
{
	for (unsigned bit = 1; bit <= CTS_OUT_MARKDOWN; bit <<= 1)
		if (formats & bit)
			cts_buf_printf(out, "%s%s", out->size ? ", " : "",
				cts_out_format_name((enum cts_out_format)bit));
	if (!(formats & ~(unsigned)CTS_OUT_TEXT))
		cts_buf_clear(out);
}

static void put_lines(struct cts_out *out, const char *lines, const char *first_prefix)
{
	while (*lines) {
		size_t size = strcspn(lines, "\n");

		cts_out_printf(out, "%s%.*s\n", first_prefix, (int)size, lines);
		lines += size;
		if (*lines)
			lines++;
	}
}

void cts_usage_command(struct cts_out *out, const struct cts_cmd *cmd)
{
	struct cts_buf synopsis = {0}, formats = {0};

	cts_usage_synopsis(&synopsis, cmd);
	format_names(&formats, cmd->formats);
	cts_out_styled(out, CTS_STYLE_TITLE, cmd->name);
	cts_out_printf(out, " - %s\n\n", cmd->sentence);
	put_lines(out, synopsis.data, "  ");
	if (cmd->arguments && cmd->arguments->name) {
		cts_out_puts(out, "\n");
		put_arguments(out, cmd->arguments);
	}
	if (cmd->details) {
		cts_out_puts(out, "\n");
		cts_out_paragraphs(out, cmd->details, 0);
	}
	if ((cmd->options && !cts_opt_is_end(cmd->options)) || formats.size > 0) {
		put_heading(out, "options");
		put_options(out, cmd->options, formats.size > 0 ? formats.data : NULL);
	}
	if (cmd->examples) {
		put_heading(out, "examples");
		put_lines(out, cmd->examples, "  ");
	}
	cts_buf_release(&synopsis);
	cts_buf_release(&formats);
}

static size_t name_width(void)
{
	const struct cts_cmd *cmd;
	size_t width = 0;

	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++)
		if (strlen(cmd->name) > width)
			width = strlen(cmd->name);
	return width;
}

bool cts_usage_has_family(const char *word)
{
	const struct cts_cmd *cmd;
	size_t size = strlen(word);

	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++)
		if (strncmp(cmd->name, word, size) == 0 && cmd->name[size] == ' ')
			return true;
	return false;
}

void cts_usage_family(struct cts_out *out, const char *word)
{
	const struct cts_cmd *cmd;
	size_t size = strlen(word), width = name_width();

	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++)
		if (strncmp(cmd->name, word, size) == 0 &&
			(!cmd->name[size] || cmd->name[size] == ' '))
			put_pair(out, cmd->name, width, cmd->sentence);
}

void cts_usage_overview(struct cts_out *out)
{
	const struct cts_cmd *cmd;
	size_t width = name_width();

	cts_out_puts(out, "ctsync keeps the records of a programme that several agencies work on: "
			  "on every\nlaptop, complete without a network, merged through a git "
			  "repository.\n\n"
			  "  ctsync [options] COMMAND ...\n");
	for (int group = 0; group < CTS_GROUP_COUNT; group++) {
		bool first = true;

		for (size_t i = 0; (cmd = cts_cmd_at(i)); i++) {
			if ((int)cmd->group != group)
				continue;
			if (first)
				put_heading(out, cts_group_name(cmd->group));
			first = false;
			put_pair(out, cmd->name, width, cmd->sentence);
		}
	}
	put_heading(out, "options of every command");
	put_options(out, cts_global_rows, NULL);
	cts_out_puts(out, "\nctsync help COMMAND, KIND or FIELD tells more.\n");
}

void cts_usage_version(struct cts_out *out)
{
	cts_out_puts(out, "ctsync " CTS_VERSION "\n");
}

static int count_key(void *context, const char *key)
{
	(void)key;
	++*(uint64_t *)context;
	return 0;
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* "store /x of nzp: 57 records, 2 changes to push, 1 conflict" */
static int put_state(struct cts_session *session)
{
	uint64_t records = 0, conflicts = 0, pending = 0, sealed = 0;
	struct cts_txn *txn = NULL;
	struct cts_buf line = {0};
	int rc;

	rc = cts_txn_begin(&txn, session->store);
	if (rc < 0)
		return rc;
	rc = cts_txn_each_key(txn, "", count_key, &records);
	if (rc >= 0)
		rc = cts_txn_each_conflict(txn, count_key, &conflicts);
	cts_txn_end(txn);
	if (rc >= 0)
		rc = cts_unpushed(session->store, NULL, &pending, &sealed);
	if (rc < 0)
		return rc;
	cts_buf_printf(&line,
		"Store %s of %s: %" PRIu64 " record%s, %" PRIu64 " change%s to push, %" PRIu64
		" record%s in conflict.",
		session->store_path, session->identity.agency, records, plural(records),
		pending + sealed, plural(pending + sealed), conflicts, plural(conflicts));
	cts_out_puts(&session->out, "\n");
	cts_out_wrapped(&session->out, line.data, 0, 0);
	cts_buf_release(&line);
	return 0;
}

int cts_usage_welcome(struct cts_session *session)
{
	struct cts_out *out = &session->out;
	struct cts_buf line = {0};

	cts_out_puts(out, "ctsync keeps the records of a programme that several agencies work "
			  "on.\n\n");
	for (size_t i = 0; i < sizeof(newcomers) / sizeof(newcomers[0]); i++) {
		char *word = (char *)newcomers[i];
		const struct cts_cmd *cmd;
		int taken;

		cmd = cts_cmd_find(&taken, 1, &word);
		if (!cmd)
			continue;
		cts_buf_clear(&line);
		cts_buf_printf(&line, "ctsync %s", cmd->name);
		put_pair(out, line.data, strlen("ctsync clone"), cmd->sentence);
	}
	cts_buf_release(&line);
	cts_out_puts(out, "\nctsync help lists all commands.\n");
	if (session->store)
		return put_state(session);
	/* One that was found but cannot be opened has been warned of. */
	if (!session->store_path)
		cts_out_puts(out, "\nThere is no store here.\n");
	return 0;
}

int cts_usage_check(const struct cts_cmd *cmd, int argc, char *const *argv)
{
	const struct cts_argument *row = cmd->arguments;
	int least = 0, most = 0;
	bool many = false, optional = false;

	for (; row && row->name; row++) {
		optional = optional || row->optional;
		many = many || row->many;
		most++;
		if (!optional)
			least = most;
	}
	if (argc < least) {
		cts_fail(CTS_EUSAGE, "'%s' needs %s", cmd->name, cmd->arguments[argc].name);
	} else if (argc > most && !many) {
		cts_fail(CTS_EUSAGE, "'%s' is one word too many for '%s'", argv[most], cmd->name);
	} else {
		return 0;
	}
	cts_hint("ctsync help %s", cmd->name);
	return CTS_EUSAGE;
}
