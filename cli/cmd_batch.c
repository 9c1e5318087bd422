/*
 * batch: many commands as one change. All lines are read first, files and stdin too, so that a
 * mistake in the last one is told before anything is begun; then they are done to the working set
 * in order, and each record is put once.
 */
#include <string.h>

#include "cli/act.h"
#include "cli/cmd.h"
#include "cli/session.h"
#include "cli/settle.h"
#include "cli/slurp.h"
#include "cli/usage.h"
#include "cli/words.h"
#include "proto/error.h"

/* A million lines of a thousand characters. */
#define BATCH_MAX ((size_t)1024 * 1024 * 1024)
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct batch_options {
	const char *message;
	bool dry_run;
};

static const struct cts_opt batch_rows[] = {
	CTS_OPT_MESSAGE(struct batch_options),
	CTS_OPT_DRY_RUN(struct batch_options),
	{0},
};

static const struct cts_argument batch_arguments[] = {
	{.name = "FILE", .help = "a file of commands, - for stdin"},
	{0},
};

/* ---- one line -------------------------------------------------------------------------------- */

enum verb { VERB_ADD, VERB_SET, VERB_RM, VERB_RESOLVE };

static const char *const verbs[] = {
	[VERB_ADD] = "add",
	[VERB_SET] = "set",
	[VERB_RM] = "rm",
	[VERB_RESOLVE] = "resolve",
};
#define VERB_COUNT (sizeof(verbs) / sizeof(verbs[0]))

struct line_options {
	const char *message, *expected, *take;
	struct cts_opt_list values;
	bool dry_run, settle, again;
};

#define ROW_OF_BATCH                                                                              \
	{.name = "message", .letter = 'm', .argument = "MESSAGE", .kind = CTS_OPT_STRING,         \
		.offset = offsetof(struct line_options, message)},                                \
		{.name = "dry-run", .kind = CTS_OPT_FLAG,                                         \
			.offset = offsetof(struct line_options, dry_run)}
#define ROW_SETTLE                                                                                \
	{.name = "settle", .kind = CTS_OPT_FLAG, .offset = offsetof(struct line_options, settle)}

static const struct cts_opt line_rows[VERB_COUNT][6] = {
	[VERB_ADD] = {{.name = "again", .kind = CTS_OPT_FLAG,
			      .offset = offsetof(struct line_options, again)},
		ROW_OF_BATCH},
	[VERB_SET] = {{.name = "if", .argument = "HASH", .kind = CTS_OPT_STRING,
			      .offset = offsetof(struct line_options, expected)},
		ROW_SETTLE, ROW_OF_BATCH},
	[VERB_RM] = {ROW_OF_BATCH},
	[VERB_RESOLVE] = {{.name = "take", .argument = "AGENCY|N", .kind = CTS_OPT_STRING,
				  .offset = offsetof(struct line_options, take)},
		{.name = "value", .argument = "V", .kind = CTS_OPT_LIST,
			.offset = offsetof(struct line_options, values)},
		ROW_OF_BATCH},
};

struct op {
	enum verb verb;
	size_t line;
	int argc; /* of what is no option */
	char **argv;
	struct cts_act_add add;
	struct cts_act_set set;
	struct cts_settle how;
};

struct batch {
	struct cts_session *session;
	const char *name; /* of the text */
	bool stdin_is_taken;
	struct op *ops;
	size_t count;
};

static int find_verb(enum verb *out, const char *word)
{
	const char *near;

	for (size_t i = 0; i < VERB_COUNT; i++) {
		if (strcmp(word, verbs[i]) == 0) {
			*out = (enum verb)i;
			return 0;
		}
	}
	cts_fail(CTS_EUSAGE, "'%s' is no command of a batch", word);
	near = cts_nearest(word, verbs, VERB_COUNT);
	if (strcmp(word, "ctsync") == 0)
		cts_hint("lines begin with what is typed after 'ctsync'");
	else if (near)
		cts_hint("did you mean '%s'?", near);
	else
		cts_hint("lines begin with add, set, rm or resolve");
	return CTS_EUSAGE;
}

/* A value that is to come from stdin: from one place alone, and not from under the batch
 * itself. */
static int check_stdin(struct batch *batch, const char *text)
{
	if (strcmp(text, "@-") != 0)
		return 0;
	if (batch->stdin_is_taken) {
		cts_fail(CTS_EUSAGE, "'@-' has nothing to read: stdin is read already");
		cts_hint("@FILE reads a file");
		return CTS_EUSAGE;
	}
	batch->stdin_is_taken = true;
	return 0;
}

static int read_assigns(struct batch *batch, struct cts_assign_list *out, const struct op *op)
{
	for (int i = 1; i < op->argc; i++) {
		const char *equals = strchr(op->argv[i], '=');
		int rc = equals ? check_stdin(batch, equals + 1) : 0;

		if (rc < 0)
			return rc;
	}
	return cts_assign_parse(out, &batch->session->arena, op->argc - 1, op->argv + 1);
}

static int check_options(const struct line_options *options)
{
	const char *given = options->message ? "--message" : options->dry_run ? "--dry-run" : NULL;

	if (!given)
		return 0;
	cts_fail(CTS_EUSAGE, "'%s' goes with the whole batch", given);
	cts_hint("ctsync batch %s FILE", options->message ? "-m MESSAGE" : given);
	return CTS_EUSAGE;
}

/* What the words of one line say; nothing is done yet. */
static int read_op(struct batch *batch, struct op *op, int argc, char **argv)
{
	struct cts_arena *arena = &batch->session->arena;
	struct line_options options = {0};
	struct cts_opt_parse how = {.arena = arena};
	struct cts_opt_set set = {.target = &options};
	const struct cts_cmd *cmd;
	int taken, rc = find_verb(&op->verb, argv[0]);

	if (rc < 0)
		return rc;
	set.rows = line_rows[op->verb];
	how.command = verbs[op->verb];
	op->argv = argv + 1;
	rc = op->argc = cts_opt_parse(&how, &set, 1, argc - 1, argv + 1);
	if (rc >= 0)
		rc = check_options(&options);
	if (rc == 0 && (cmd = cts_cmd_find(&taken, 1, argv)) != NULL)
		rc = cts_usage_check(cmd, op->argc, op->argv);
	if (rc < 0)
		return rc;
	switch (op->verb) {
	case VERB_ADD:
		op->add.address = op->argv[0];
		op->add.agency = batch->session->identity.agency;
		op->add.again = options.again;
		return read_assigns(batch, &op->add.assigns, op);
	case VERB_SET:
		op->set.address = op->argv[0];
		op->set.exact = true;
		op->set.settle = options.settle;
		op->set.expected = options.expected;
		rc = options.expected ? cts_act_check_hash(options.expected) : 0;
		return rc < 0 ? rc : read_assigns(batch, &op->set.assigns, op);
	case VERB_RM:
		return 0;
	case VERB_RESOLVE:
		for (size_t i = 0; rc == 0 && i < options.values.count; i++)
			rc = check_stdin(batch, options.values.items[i]);
		return rc < 0 ? rc
			      : cts_settle_parse(&op->how, arena, options.take, &options.values);
	}
	return 0;
}

static int read_ops(struct batch *batch, const struct cts_buf *text)
{
	/* Editors on Windows begin a file with a byte order mark. */
	size_t skip = strncmp(cts_buf_text(text), BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0
			      ? strlen(BYTE_ORDER_MARK)
			      : 0;
	struct cts_words words = {
		.text = cts_buf_text(text) + skip, .size = text->size - skip, .name = batch->name};
	struct cts_arena *arena = &batch->session->arena;
	int rc;

	while ((rc = cts_words_next(&words, arena)) == 1) {
		struct op *op = cts_arena_push(arena, &batch->ops, &batch->count, sizeof(*op));

		op->line = words.line;
		rc = read_op(batch, op, words.argc, words.argv);
		if (rc < 0) {
			cts_fail_where("%s:%zu", batch->name, op->line);
			return rc;
		}
	}
	return rc;
}

/* ---- all of them ----------------------------------------------------------------------------- */

static int do_op(struct cts_work *work, struct op *op)
{
	const char *key;
	int rc = 0;

	switch (op->verb) {
	case VERB_ADD:
		return cts_act_add(work, &op->add);
	case VERB_SET:
		return cts_act_set(work, &op->set);
	case VERB_RM:
		for (int i = 0; rc == 0 && i < op->argc; i++)
			rc = cts_act_rm(work, op->argv[i]);
		return rc;
	case VERB_RESOLVE:
		rc = cts_work_find(work, &key, op->argv[0], true);
		if (rc == 0)
			rc = cts_settle_work(
				work, key, op->argc > 1 ? op->argv[1] : NULL, &op->how);
		return rc;
	}
	return 0;
}

static int batch_step(struct cts_work *work, void *context)
{
	const struct batch *batch = context;

	work->name = batch->name;
	for (size_t i = 0; i < batch->count; i++) {
		int rc;

		work->line = batch->ops[i].line;
		rc = do_op(work, &batch->ops[i]);
		if (rc < 0) {
			cts_fail_where("%s:%zu", batch->name, work->line);
			return rc;
		}
	}
	return 0;
}

static int batch_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct batch_options *options = given;
	struct batch batch = {
		.session = session,
		.name = cts_slurp_name(argv[0]),
		.stdin_is_taken = strcmp(argv[0], "-") == 0,
	};
	struct cts_buf text = {0};
	int rc = cts_slurp(&text, argv[0], BATCH_MAX);

	(void)argc;
	if (rc == 0)
		rc = read_ops(&batch, &text);
	cts_buf_release(&text);
	if (rc < 0)
		return rc;
	return cts_work_run(session,
		&(struct cts_work_options){
			.message = options->message, .dry_run = options->dry_run},
		batch_step, &batch);
}

const struct cts_cmd cts_cmd_batch = {
	.name = "batch",
	.group = CTS_GROUP_RECORDS,
	.sentence = "do many changes of records as one",
	.details =
		"Lines are add, set, rm and resolve as they are typed after `ctsync`, quoted as "
		"for a shell, without its expansions: $, * and ~ stand for themselves. # at the "
		"start of a word comments the rest of the line; a quoted value may hold line "
		"breaks. Later lines see what earlier ones did.\n"
		"\n"
		"All of it is one change, or, where one line is wrong, none; the error names the "
		"line. Ids are whole here, and the message is the batch's own.",
	.examples = "ctsync batch week.txt -m 'as agreed on 15 June'\n"
		    "printf 'set milestone/m%d status=complete\\n' 1 2 3 | ctsync batch -\n",
	.options = batch_rows,
	.options_size = sizeof(struct batch_options),
	.arguments = batch_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = batch_run,
};
