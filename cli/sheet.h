/*
 * A record as text to be edited, and back:
 *
 *	# What is to happen.
 *	label: First hui
 *
 *	# (a list) Words of your own to find records by.
 *	labels:
 *	- hui
 *	- region=south
 *
 *	# A text of several lines.
 *	overview:
 *	| First line.
 *	|
 *	| Third line.
 *
 *	# CONFLICT: to settle it, take the ? away or change the value. The sides:
 *	#   1  nzp, Ana Ngata <ana@nzp.example>, 2021-06-15 21:30:00 +1200
 *	#      Q3 2021
 *	#   2  dpmc, ...
 *	due?: Q3 2021
 *
 * Nothing behind the colon clears a field; a field that does not stand in the text stays as it is.
 * What put writes is read back as the same values, whatever they hold.
 */
#ifndef CTS_CLI_SHEET_H
#define CTS_CLI_SHEET_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/record.h"

/* A field as it stands in the text. */
struct cts_sheet_field {
	const struct cts_field *field; /* NULL: the record's life, CTS_DELETED */
	struct cts_value value;        /* as typed */
	bool is_open;                  /* the ? of a conflict stands */
	size_t line;                   /* from 1 */
};

struct cts_sheet {
	struct cts_sheet_field *fields;
	size_t count;
};

void cts_sheet_put(struct cts_buf *out, const struct cts_record *record);

/* `*line` is where a mistake stands. @return CTS_EUSAGE, CTS_EVALUE */
int cts_sheet_parse(struct cts_sheet *out, size_t *line, struct cts_arena *arena,
	const struct cts_kind *kind, const char *text);

/* The field was changed, or its conflict settled, by someone who was shown `base`. */
bool cts_sheet_changes(const struct cts_sheet_field *field, const struct cts_record *base);

/* Does to `record` what the sheet changes of `base`, every value checked and made canonical.
 * `*deleted` becomes true when the record is to be deleted.
 * @return CTS_EVALUE; CTS_EREFUSED when a field that is changed is no longer as it was in base */
int cts_sheet_apply(struct cts_record *record, bool *deleted, size_t *line,
	const struct cts_record *base, const struct cts_sheet *sheet);

/* Puts the values that were typed over those of `base` into `record` as they are, unchecked: what
 * is shown again after others changed the record meanwhile. */
void cts_sheet_overlay(struct cts_record *record, const struct cts_record *base,
	const struct cts_sheet *sheet);

#endif
