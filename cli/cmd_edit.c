/*
 * edit: a record as text in the user's editor. A mistake opens the text again with the error on
 * top; leaving it as it is gives up, and the file then stays and is named, so nothing typed is
 * lost. The file lies in the store, beside the record's own data: it is no less confidential.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/editor.h"
#include "cli/sheet.h"
#include "cli/session.h"
#include "cli/slurp.h"
#include "cli/work.h"
#include "proto/error.h"

#define TEXT_MAX ((size_t)64 * 1024 * 1024)
#define SUFFIX ".txt"

/* Lines of errors on top. */
#define ERROR_SIGN "#!"

struct edit_options {
	const char *message;
	bool dry_run;
};

static const struct cts_opt edit_rows[] = {
	CTS_OPT_MESSAGE(struct edit_options),
	CTS_OPT_DRY_RUN(struct edit_options),
	{0},
};

static const struct cts_argument edit_arguments[] = {
	{.name = "REC",
		.help = "a record, kind/id; a beginning of the id that no other has is enough"},
	{0},
};

struct edit {
	struct cts_session *session;
	const struct edit_options *options;
	const char *key;
	struct cts_record base; /* what the user was shown */
	struct cts_record now;  /* what it is, if that has changed meanwhile; else zeroed */
	struct cts_sheet sheet;
	size_t line;         /* of the mistake, in the text without errors on top; 0: none */
	char *path;
	struct cts_buf text; /* as it was last put into the file */
};

/* ---- the file -------------------------------------------------------------------------------- */

static int write_file(struct edit *edit)
{
	int fd = open(edit->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t done = 0;
	int rc = fd < 0 ? -1 : 0;

	while (rc == 0 && done < edit->text.size) {
		ssize_t n = write(fd, edit->text.data + done, edit->text.size - done);

		if (n > 0)
			done += (size_t)n;
		else if (n < 0 && errno != EINTR)
			rc = -1;
	}
	if (fd >= 0 && close(fd) < 0)
		rc = -1;
	return rc < 0 ? cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", edit->path) : 0;
}

/* A name that tells which record it is, for those who find it later. */
static int make_file(struct edit *edit)
{
	char *name = cts_arena_printf(&edit->session->arena, "%s/edit-%s-XXXXXX" SUFFIX,
		edit->session->store_path, edit->key);
	int fd;

	*strrchr(name, '/') = '-';
	fd = mkstemps(name, (int)strlen(SUFFIX));
	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", name);
	close(fd);
	edit->path = name;
	return 0;
}

/* ---- errors on top --------------------------------------------------------------------------- */

/* The text behind the lines of errors. */
static const char *skip_errors(const char *text)
{
	while (strncmp(text, ERROR_SIGN, strlen(ERROR_SIGN)) == 0) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

static void put_error(struct cts_buf *out, const char *lead, const char *text)
{
	cts_buf_puts(out, ERROR_SIGN " ");
	cts_buf_puts(out, lead);
	for (; *text; text++)
		cts_buf_putc(out, *text == '\n' ? ' ' : *text);
	cts_buf_putc(out, '\n');
}

/* The text once more, with the failure on top and the line counted as the user will see it. */
static void put_again(struct edit *edit, int code, const char *body)
{
	const char *hint = cts_error_hint();
	struct cts_buf text = {0};

	if (edit->line) {
		struct cts_buf lead = {0};

		cts_buf_printf(&lead, "line %zu: ", edit->line + (hint ? 3 : 2));
		put_error(&text, lead.data, cts_error_message(code));
		cts_buf_release(&lead);
	} else {
		put_error(&text, "", cts_error_message(code));
	}
	if (hint)
		put_error(&text, "hint: ", hint);
	put_error(&text, "",
		code == CTS_EREFUSED
			? "Nothing was changed yet. Empty the text to give up."
			: "Nothing was changed yet. Leave the text as it is to give up.");
	cts_buf_puts(&text, body);
	cts_buf_release(&edit->text);
	edit->text = text;
}

/* ---- one round ------------------------------------------------------------------------------- */

static int edit_step(struct cts_work *work, void *context)
{
	struct edit *edit = context;
	struct cts_record record;
	bool deleted = false;
	int rc = cts_work_get(work, &record, edit->key);

	if (rc < 0)
		return rc;
	edit->line = 0;
	cts_record_release(&edit->now);
	memset(&edit->now, 0, sizeof(edit->now));
	if (!cts_record_equal(&record, &edit->base))
		cts_record_copy(&edit->now, &record);
	rc = cts_sheet_apply(&record, &deleted, &edit->line, &edit->base, &edit->sheet);
	if (rc == 0)
		rc = deleted ? cts_work_delete(work, edit->key) : cts_work_put(work, &record);
	cts_record_release(&record);
	return rc;
}

static int save(struct edit *edit, const char *body)
{
	int rc = cts_sheet_parse(
		&edit->sheet, &edit->line, &edit->session->arena, edit->base.kind, body);

	if (rc < 0)
		return rc;
	return cts_work_run(edit->session,
		&(struct cts_work_options){
			.message = edit->options->message, .dry_run = edit->options->dry_run},
		edit_step, edit);
}

/* What can be mended in the text. */
static bool is_mistake(int rc)
{
	return rc == CTS_EVALUE || rc == CTS_EUSAGE || rc == CTS_EREFUSED;
}

/* After a change by others: the record as it is now, with what was typed over it, is what is
 * shown. */
static void take_up_changes(struct edit *edit, struct cts_buf *body)
{
	struct cts_record shown;

	if (!edit->now.kind)
		return;
	cts_record_copy(&shown, &edit->now);
	cts_sheet_overlay(&shown, &edit->base, &edit->sheet);
	cts_buf_clear(body);
	cts_sheet_put(body, &shown);
	cts_record_release(&shown);
	cts_record_release(&edit->base);
	edit->base = edit->now;
	memset(&edit->now, 0, sizeof(edit->now));
	edit->line = 0;
}

static int run_editor(struct edit *edit, struct cts_buf *typed)
{
	int rc = write_file(edit);

	if (rc == 0) {
		cts_out_flush(&edit->session->out);
		rc = cts_editor_run(edit->path);
	}
	cts_buf_clear(typed);
	if (rc == 0)
		rc = cts_slurp(typed, edit->path, TEXT_MAX);
	return rc;
}

/* An editor that failed may have saved something before. */
static bool has_typed(const struct edit *edit)
{
	struct cts_buf typed = {0};
	bool differs = cts_slurp(&typed, edit->path, TEXT_MAX) < 0 ||
		       strcmp(cts_buf_text(&typed), cts_buf_text(&edit->text)) != 0;

	cts_buf_release(&typed);
	return differs;
}

/* Rounds until the text is taken, or left as it is. `*is_kept` tells that something typed is only
 * in the file. */
static int edit_rounds(struct edit *edit, bool *is_kept)
{
	struct cts_buf typed = {0}, body = {0};
	int rc;

	cts_sheet_put(&edit->text, &edit->base);
	for (;;) {
		int edited = run_editor(edit, &typed);

		if (edited < 0) {
			*is_kept = *is_kept || has_typed(edit);
			rc = edited;
			break;
		}
		if (!*is_kept && strcmp(cts_buf_text(&typed), cts_buf_text(&edit->text)) == 0) {
			cts_diag_note("nothing changed");
			rc = 0;
			break;
		}
		/* Left as it was with the error on top: the user gives up, and that error
		 * stands. */
		if (*is_kept && strcmp(cts_buf_text(&typed), cts_buf_text(&edit->text)) == 0) {
			rc = save(edit, skip_errors(cts_buf_text(&typed)));
			break;
		}
		*is_kept = true;
		cts_buf_clear(&body);
		cts_buf_puts(&body, skip_errors(cts_buf_text(&typed)));
		rc = save(edit, cts_buf_text(&body));
		if (!is_mistake(rc))
			break;
		take_up_changes(edit, &body);
		put_again(edit, rc, cts_buf_text(&body));
	}
	*is_kept = *is_kept && rc < 0;
	cts_buf_release(&typed);
	cts_buf_release(&body);
	return rc;
}

static int find_record(struct edit *edit, const char *address)
{
	struct cts_txn *txn = NULL;
	int rc = cts_txn_begin(&txn, edit->session->store);

	if (rc == 0)
		rc = cts_txn_find(txn, &edit->key, &edit->session->arena, address);
	if (rc == 0)
		rc = cts_txn_get(txn, &edit->base, edit->key);
	cts_txn_end(txn);
	return rc;
}

static int edit_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	struct edit edit = {.session = session, .options = given};
	bool is_kept = false;
	int rc = find_record(&edit, argv[0]);

	(void)argc;
	if (rc < 0)
		return rc;
	rc = make_file(&edit);
	if (rc == 0)
		rc = edit_rounds(&edit, &is_kept);
	/* An editor may have taken the file away. */
	if (is_kept && access(edit.path, F_OK) == 0)
		cts_diag_warn("what you typed is kept in '%s'", edit.path);
	else if (edit.path)
		unlink(edit.path);
	cts_record_release(&edit.base);
	cts_record_release(&edit.now);
	cts_buf_release(&edit.text);
	return rc;
}

const struct cts_cmd cts_cmd_edit = {
	.name = "edit",
	.group = CTS_GROUP_RECORDS,
	.sentence = "change a record as text in your editor",
	.details =
		"Opens the record in $VISUAL or $EDITOR: each field with what the schema says of "
		"it, lists a member a line, long texts line by line. Saving and leaving makes one "
		"change of all that differs. A mistake opens the text again with the error on "
		"top; leaving it as it is then gives up, and the file with what you typed stays "
		"and is named.\n"
		"\n"
		"A field in conflict is marked with ? and shows all its sides; it is settled by "
		"taking the mark away or by changing the value.",
	.examples = "ctsync edit milestone/ctwp2021-4-2\n"
		    "EDITOR=nano ctsync edit initiative/ctwp2021-1 -m 'wording agreed'\n",
	.options = edit_rows,
	.options_size = sizeof(struct edit_options),
	.arguments = edit_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = edit_run,
};
