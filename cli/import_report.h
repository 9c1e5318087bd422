/*
 * What an import did, as people and programs see it: counts, what was kept, what was left out and
 * why, and the questions that the source leaves open. JSON:
 *
 *	{schema_version, change, created, changed, unchanged,
 *	 kept: [{record,field,shown,offered}], left_out: [{row,column,text,why}],
 *	 questions: [{record,field,ask,command}]}
 */
#ifndef CTS_CLI_IMPORT_REPORT_H
#define CTS_CLI_IMPORT_REPORT_H

#include "cli/import_run.h"
#include "cli/out.h"

/* `change`: NULL when nothing was written. */
void cts_import_put_report(
	struct cts_out *out, const struct cts_import *import, const char *change, bool dry_run);

#endif
