/*
 * Settling a conflict: what `resolve` does, typed as a command or as a line of a batch. A side is
 * taken by its number (as `conflicts` shows them, from 1) or by the agency that made it, by id or
 * code in any case; or a value is given in its place.
 *
 *	rc = cts_settle_parse(&how, &session->arena, options->take, &options->values);
 *	rc = cts_work_run(session, &work_options, step, ...);
 *	     step: cts_settle_work(work, key, field, &how)
 *
 * Of the pseudo-field `deleted`, true deletes the record and false keeps it. A member that the
 * schema does not know can only take a side.
 */
#ifndef CTS_CLI_SETTLE_H
#define CTS_CLI_SETTLE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/assign.h"
#include "cli/opt.h"
#include "cli/work.h"
#include "proto/record.h"

struct cts_settle {
	const char *take;    /* "NZP", "2"; NULL: the values */
	const char **values; /* each one item; one "" alone clears */
	size_t value_count;
};

/* --take and every --value as typed; @FILE and @- are read here.
 * @return CTS_EUSAGE unless exactly one sort is given, CTS_EIO */
int cts_settle_parse(struct cts_settle *out, struct cts_arena *arena, const char *take,
	const struct cts_opt_list *values);

/* The conflict has a side that `take` names (true where values are given): for patterns, which
 * pass over records that it does not concern. */
bool cts_settle_fits(const struct cts_settle *how, const struct cts_conflict *conflict);

/* Settles one field of a record. `*deleted` becomes true when the record is to be deleted.
 * @return CTS_EREFUSED (not in conflict; no such side; an agency has several), CTS_EVALUE */
int cts_settle_field(struct cts_record *record, const char *field, const struct cts_settle *how,
	bool *deleted);

/* The same for a record of the working set. `field` NULL: all its fields in conflict by --take
 * AGENCY; a number or a value only where there is one.
 * @return besides, CTS_ENOTFOUND */
int cts_settle_work(struct cts_work *work, const char *key, const char *field,
	const struct cts_settle *how);

#endif
