/*
 * The lead cell: who is said to lead, read from a sentence or two. Only those count who are said to
 * lead
 * ("DPMC to lead", "led through X", a cell of names alone); a sponsor that is recommended, those
 * who implement, and codes in prose do not. "through X" behind anything but "led" names a body that
 * is no lead. The cell itself is kept word for word elsewhere, so nothing depends on this being
 * complete.
 */
#ifndef CTS_CLI_IMPORT_LEADS_H
#define CTS_CLI_IMPORT_LEADS_H

#include <stddef.h>

#include "cli/import/parties.h"
#include "proto/arena.h"

struct cts_leads {
	struct cts_party *leads;
	size_t lead_count;
	struct cts_party *bodies; /* named behind "through", or as `CODE agencies` */
	size_t body_count;
};

/* `text` is the cell without markup. */
void cts_leads_read(struct cts_leads *out, struct cts_arena *arena, const char *text);

#endif
