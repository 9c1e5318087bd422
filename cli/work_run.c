/*
 * The whole of a writing command: its step inside a transaction, and the answer. What is printed is
 * what was put: a dry run goes the same way and is taken back at the end.
 */
#include "cli/work.h"

#include <string.h>

#include "cli/change_out.h"
#include "cli/diag.h"
#include "cli/items.h"
#include "cli/session.h"
#include "proto/error.h"
#include "proto/text.h"

int cts_work_message(const char **out, struct cts_arena *arena, const char *given)
{
	const char *message;
	size_t size;
	int rc;

	if (!given) {
		*out = NULL;
		return 0;
	}
	rc = cts_text_normalise(&message, arena, given, strlen(given), "message");
	if (rc < 0)
		return rc;
	message += strspn(message, "\n\t ");
	size = strlen(message);
	while (size > 0 && strchr("\n\t ", message[size - 1]))
		size--;
	if (size > CTS_MESSAGE_MAX)
		return cts_fail(
			CTS_EVALUE, "the message is longer than 16 KiB: %zu bytes", size);
	*out = size > 0 ? cts_arena_strndup(arena, message, size) : NULL;
	return 0;
}

static void print_edits(struct cts_session *session, const struct cts_record_edits *record)
{
	struct cts_out *out = &session->out;

	if (record->created || record->deleted) {
		cts_out_puts(out, record->deleted ? "deleted " : "created ");
		cts_out_styled(out, CTS_STYLE_TITLE, record->key);
		cts_out_puts(out, "\n");
	}
	for (size_t i = 0; i < record->edit_count; i++)
		if (strcmp(record->edits[i].field, CTS_DELETED) != 0 ||
			(!record->created && !record->deleted))
			cts_edit_put_text(
				out, session->schema, record->key, &record->edits[i], 0);
}

static void print_json(
	struct cts_session *session, const struct cts_work *work, const char *change)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, &session->out);
	cts_jsonw_string(&json, "change", work->changed_count ? change : NULL);
	cts_jsonw_array(&json, "records");
	for (size_t i = 0; i < work->changed_count; i++)
		cts_jsonw_string(&json, NULL, work->changed[i]);
	cts_jsonw_end(&json);
	if (!change) {
		cts_jsonw_bool(&json, "dry_run", true);
		cts_jsonw_array(&json, "edits");
		for (size_t r = 0; r < work->changed_count; r++) {
			for (size_t i = 0; i < work->edits[r].edit_count; i++) {
				cts_jsonw_object(&json, NULL);
				cts_edit_put_json(&json, session->schema, work->edits[r].key,
					&work->edits[r].edits[i]);
				cts_jsonw_end(&json);
			}
		}
		cts_jsonw_end(&json);
	}
	cts_answer_end(&json, &session->out);
}

void cts_work_print(struct cts_session *session, const struct cts_work *work, const char *change)
{
	struct cts_out *out = &session->out;

	if (work->changed_count == 0)
		cts_diag_note("nothing changed");
	else if (!change)
		cts_diag_note("a dry run: nothing is changed");
	if (cts_out_is_json(out)) {
		print_json(session, work, change);
		return;
	}
	for (size_t i = 0; !change && i < work->changed_count; i++)
		print_edits(session, &work->edits[i]);
	if (!change || work->changed_count == 0)
		return;
	cts_out_puts(out, change);
	for (size_t i = 0; i < work->changed_count; i++) {
		cts_out_puts(out, " ");
		cts_out_puts(out, work->changed[i]);
	}
	cts_out_puts(out, "\n");
}

struct run {
	struct cts_work work;
	struct cts_write write;
	const char *given; /* the user's message */
	cts_work_fn step;
	void *context;
};

static int run_step(struct cts_txn *txn, void *context)
{
	struct run *run = context;
	int rc;

	cts_work_begin(&run->work, txn);
	rc = run->step(&run->work, run->context);
	if (rc < 0)
		return rc;
	run->write.message = run->given ? run->given : run->work.message;
	return cts_work_flush(&run->work);
}

int cts_work_run(struct cts_session *session, const struct cts_work_options *options,
	cts_work_fn step, void *context)
{
	struct run run = {
		.work.keeps_edits = options->dry_run,
		.write.author = options->author ? options->author : session->author,
		.write.dry_run = options->dry_run,
		.step = step,
		.context = context,
	};
	int rc = cts_work_message(&run.given, &session->arena, options->message);

	if (rc == 0)
		rc = cts_store_write(session->store, &run.write, run_step, &run);
	if (rc >= 0)
		cts_work_print(session, &run.work, options->dry_run ? NULL : run.write.change);
	cts_work_release(&run.work);
	return rc < 0 ? rc : 0;
}
