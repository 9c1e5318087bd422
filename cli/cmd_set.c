/*
 * set: fields of one record. --if makes it a compare-and-set for programs that read first.
 */
#include "cli/act.h"
#include "cli/cmd.h"
#include "cli/session.h"

struct set_options {
	const char *message;
	const char *expected;
	bool dry_run;
	bool settle;
};

static const struct cts_opt set_rows[] = {
	{.name = "if",
		.argument = "HASH",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct set_options, expected),
		.help = "only if the record still has this hash (show -o json gives it)"},
	CTS_OPT_SETTLE(struct set_options),
	CTS_OPT_MESSAGE(struct set_options),
	CTS_OPT_DRY_RUN(struct set_options),
	{0},
};

static const struct cts_argument set_arguments[] = {
	{.name = "REC",
		.help = "a record, kind/id; a beginning of the id that no other has is enough"},
	{.name = "FIELD=VALUE",
		.many = true,
		.help = "FIELD=VALUE sets, FIELD+=VALUE adds a member, FIELD-=VALUE takes one out, "
			"FIELD= clears"},
	{0},
};

static int set_step(struct cts_work *work, void *context)
{
	return cts_act_set(work, context);
}

static int set_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct set_options *options = given;
	struct cts_act_set set = {
		.address = argv[0],
		.settle = options->settle,
		.expected = options->expected,
	};
	int rc = options->expected ? cts_act_check_hash(options->expected) : 0;

	if (rc == 0)
		rc = cts_assign_parse(&set.assigns, &session->arena, argc - 1, argv + 1);
	if (rc < 0)
		return rc;
	rc = cts_work_run(session,
		&(struct cts_work_options){
			.message = options->message, .dry_run = options->dry_run},
		set_step, &set);
	if (rc == 0)
		cts_assign_note_prose(session->schema, set.address, &set.assigns);
	return rc;
}

const struct cts_cmd cts_cmd_set = {
	.name = "set",
	.group = CTS_GROUP_RECORDS,
	.sentence = "change fields of a record",
	.details =
		"All of it is one change, or none. On a list FIELD=VALUE makes the value the one "
		"member, and several FIELD= of one command collect; FIELD+=VALUE puts a member "
		"in, FIELD-=VALUE takes the first equal one out. Nothing is split at commas. "
		"@FILE reads the value from a file, @- from stdin; @@x is the text @x.\n"
		"\n"
		"A field in conflict is refused, because the other side would be set aside "
		"unseen; `ctsync resolve` settles it, and so does --settle. Where all fields have "
		"their values already nothing is changed, and the command says so.",
	.examples =
		"ctsync set milestone/ctwp2021-4-2 status=in_progress due='Q4 2021' -m 'funding "
		"came late'\n"
		"ctsync set workstream/ctwp2021-4-2 owners+=agency/nzp owners-=agency/gcsb\n"
		"ctsync set initiative/ctwp2021-4 overview=@overview.txt\n",
	.options = set_rows,
	.options_size = sizeof(struct set_options),
	.arguments = set_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = set_run,
};
