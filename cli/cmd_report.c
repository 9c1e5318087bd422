/*
 * report: documents made from the records. `report programme` is the one-page programme table.
 */
#include "cli/cmd.h"
#include "cli/report/programme.h"
#include "cli/report/programme_out.h"
#include "cli/session.h"
#include "proto/error.h"

static const struct cts_argument programme_arguments[] = {
	{.name = "PROGRAMME",
		.optional = true,
		.help = "its id, or the beginning of it; may be left out where there is one alone"},
	{0},
};

static int programme_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_report_source source;
	struct cts_programme_table table;
	int rc;

	(void)options;
	rc = cts_report_open(&source, session);
	if (rc < 0)
		return rc;
	rc = cts_programme_table_read(&table, &session->arena, &source, argc > 0 ? argv[0] : NULL);
	cts_report_close(&source);
	if (rc == CTS_ENOTFOUND && session->at && argc == 0) {
		cts_fail(CTS_ENOTFOUND, "there was no programme then");
		cts_hint("ctsync log --reverse shows how it began");
	}
	if (rc < 0)
		return rc;
	if (session->out.format == CTS_OUT_JSON)
		cts_programme_put_json(&session->out, &table, session->at);
	else if (session->out.format == CTS_OUT_MARKDOWN)
		cts_programme_put_markdown(&session->out, &table, session->at);
	else
		cts_programme_put_text(&session->out, &table, session->at);
	return 0;
}

const struct cts_cmd cts_cmd_report_programme = {
	.name = "report programme",
	.group = CTS_GROUP_REPORTS,
	.sentence = "print the programme table: initiatives, leads, workstreams, milestones",
	.details =
		"One row an initiative, by position: its overview, leads as printed, workstreams "
		"with "
		"their owners, the recommendations that they answer, and their milestones. A "
		"workstream, its recommendations and its milestones stand beside one another where "
		"the records link them; what belongs to the row as a whole ends in `*`. A status "
		"or "
		"a forecast that somebody gave stands behind a semicolon.\n"
		"\n"
		"Text is wrapped to the terminal, to 100 columns elsewhere. With --at the table is "
		"printed as it stood.\n"
		"\n"
		"The table is for those who may read this store: a passage to be withheld is "
		"shown, "
		"in brackets with its grounds.",
	.examples = "ctsync report programme\n"
		    "ctsync report programme ctwp2021 -o markdown > table.md\n"
		    "ctsync --at 2021-06-30 report programme\n",
	.arguments = programme_arguments,
	.needs = CTS_NEEDS_STORE | CTS_TAKES_AT | CTS_PAGES,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON | CTS_OUT_MARKDOWN,
	.run = programme_run,
};
