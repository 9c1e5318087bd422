/*
 * Parties become records. See the header.
 */
#include "cli/import/party_records.h"

#include <ctype.h>
#include <string.h>

#include "proto/programme.h"

static void add_alias(struct cts_draft *draft, struct cts_draft_record *record,
	struct cts_cell_place place, const char *alias)
{
	const struct cts_draft_field *field = cts_draft_field(record, CTS_AGENCY_ALIASES);

	for (size_t i = 0; field && i < field->item_count; i++)
		if (strcmp(field->items[i], alias) == 0)
			return;
	cts_draft_put(draft, record, CTS_AGENCY_ALIASES, place, alias);
}

const char *cts_party_record(
	struct cts_draft *draft, const struct cts_party *party, struct cts_cell_place place)
{
	char *id = cts_arena_strdup(&draft->arena, party->code);
	struct cts_draft_record *record;
	bool is_body;

	for (char *c = id; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	/* What has a record stays what it is; the reader looks at all lead cells first. */
	record = cts_draft_find(draft, CTS_KIND_BODY, id);
	if (!record)
		record = cts_draft_find(draft, CTS_KIND_AGENCY, id);
	if (!record) {
		record = cts_draft_add(
			draft, party->is_body ? CTS_KIND_BODY : CTS_KIND_AGENCY, id, place);
		cts_draft_put(draft, record, CTS_AGENCY_CODE, place, party->code);
		if (party->is_initials)
			cts_draft_ask(draft, record, CTS_BODY_CODE, NULL, CTS_BODY_CODE "=CODE",
				"what is the code of '%s'? The source gives none; its initials "
				"'%s' stand",
				party->name, party->code);
	}
	is_body = strcmp(record->kind, CTS_KIND_BODY) == 0;
	if (*party->name && !cts_draft_field(record, CTS_AGENCY_NAME))
		cts_draft_put(draft, record, CTS_AGENCY_NAME, place, party->name);
	if (*party->alias && !is_body)
		add_alias(draft, record, place, party->alias);
	return cts_arena_printf(&draft->arena, "%s/%s", record->kind, record->id);
}
