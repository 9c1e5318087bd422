/*
 * add: a new record. Its id is the user's, or is made from agency, title and chance, so that
 * agencies working apart do not meet on one.
 */
#include "cli/act.h"
#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/session.h"

struct add_options {
	const char *message;
	bool dry_run;
	bool again;
};

static const struct cts_opt add_rows[] = {
	{.name = "again", .kind = CTS_OPT_FLAG, .offset = offsetof(struct add_options, again),
		.help = "bring a deleted record back, with the values that it had where none are "
			"given"},
	CTS_OPT_MESSAGE(struct add_options),
	CTS_OPT_DRY_RUN(struct add_options),
	{0},
};

static const struct cts_argument add_arguments[] = {
	{.name = "KIND[/ID]", .help = "what sort of record; without an id one is made"},
	{.name = "FIELD=VALUE",
		.optional = true,
		.many = true,
		.help = "a value; @FILE and @- read it from a file or stdin"},
	{0},
};

static int add_step(struct cts_work *work, void *context)
{
	return cts_act_add(work, context);
}

static int add_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct add_options *options = given;
	struct cts_act_add add = {
		.address = argv[0],
		.agency = session->identity.agency,
		.again = options->again,
	};
	int rc = cts_assign_parse(&add.assigns, &session->arena, argc - 1, argv + 1);

	if (rc < 0)
		return rc;
	rc = cts_work_run(session,
		&(struct cts_work_options){
			.message = options->message, .dry_run = options->dry_run},
		add_step, &add);
	if (rc == 0)
		cts_assign_note_prose(session->schema, add.address, &add.assigns);
	if (rc == 0 && add.was_brought_back)
		cts_diag_note("brought back with the values that it had%s",
			add.assigns.count ? ", but for those given" : "");
	return rc;
}

const struct cts_cmd cts_cmd_add = {
	.name = "add",
	.group = CTS_GROUP_RECORDS,
	.sentence = "create a record",
	.details =
		"Prints the change and the record. An id is made of lower-case letters, digits, "
		"`.`, `_` and `-`. Without one it is your agency, the words of the record's title "
		"and five random characters. An id is never used again unless --again says so.\n"
		"\n"
		"FIELD=VALUE sets a field. On a list it makes the value the one member; several "
		"FIELD= of one list collect. A reference is written kind/id, or as a bare id "
		"where the field points to one kind only. `ctsync help KIND` lists the fields and "
		"marks those that are required.",
	.examples =
		"ctsync add milestone parent=workstream/ctwp2021-4-2 label='First hui' due='Q3 "
		"2021'\n"
		"ctsync add agency/nzp code=NZP name='New Zealand Police'\n"
		"ctsync add update about=workstream/ctwp2021-4-2 as_at=2021-06-30 "
		"narrative=@report.txt\n",
	.options = add_rows,
	.options_size = sizeof(struct add_options),
	.arguments = add_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = add_run,
};
