/*
 * The records of agencies and bodies that a document names, made when first named. One code has one
 * record: what the text shows to be a body is one wherever it stands.
 */
#ifndef CTS_CLI_IMPORT_PARTY_RECORDS_H
#define CTS_CLI_IMPORT_PARTY_RECORDS_H

#include "cli/import/draft.h"
#include "cli/import/parties.h"

/* The key of the party's record, made or completed (a name or spelling not seen before). */
const char *cts_party_record(
	struct cts_draft *draft, const struct cts_party *party, struct cts_cell_place place);

#endif
