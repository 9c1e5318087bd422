/*
 * A change: one transaction of one writer, and what it did to each record. In git it is a commit; in
 * the store it is pending until sealed. For people it is written as writer and seq: 7f3a9c21d0b4e586.12
 */
#ifndef CTS_PROTO_CHANGE_H
#define CTS_PROTO_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/hash.h"
#include "proto/id.h"
#include "proto/record.h"
#include "proto/vector.h"

#define CTS_MESSAGE_MAX (16 * 1024)
#define CTS_CHANGE_TEXT (CTS_WRITER_HEX + 1 + 20 + 1)

struct cts_change {
	struct cts_ref ref;                /* in this store */
	char writer[CTS_WRITER_HEX + 1];
	const char *agency;                /* id of its record: "nzp" */
	const char *author;                /* "Name <mail>" */
	int64_t time;                      /* made */
	int64_t received;                  /* by this store; of its own changes: made */
	const char *message;               /* as the user gave it or as made from the edits; no trailers */
	struct cts_oid commit;             /* zero while pending */
	bool is_seen;                      /* a seen commit: shows what its writer knew, edits nothing */
	struct cts_ref last_seen;          /* the last seen commit of its line, itself included */
	uint64_t arrival;                  /* place in this store's order of arrival, from 1 */
	uint64_t record_count;             /* records touched */
};

/* One field of one record, before and after. */
struct cts_edit {
	const char *field; /* a field's name, CTS_DELETED, or a cts_unknown_key() */
	struct cts_value old_value, new_value;
};

/* What one change did to one record. */
struct cts_record_edits {
	const char *key;          /* kind/id */
	struct cts_edit *edits;   /* what the author did, by order of the kind's fields */
	size_t edit_count;
	bool created;             /* the author's tree had no such record before */
	bool deleted;             /* ... and none after */
	struct cts_edit *markings; /* STRICTEST and INTERSECT fields re-affirmed: old_value == new_value,
	                              set ones only; those in neither list are re-affirmed as unset */
	size_t marking_count;
};

/* "7f3a9c21d0b4e586.12" */
char *cts_change_format(char out[CTS_CHANGE_TEXT], const char *writer, uint64_t seq);

/* Writer prefix (at least 1 digit) and seq. False for anything else. */
bool cts_change_parse(char writer[CTS_WRITER_HEX + 1], uint64_t *seq, const char *text);

/* Splits "Name <mail>"; both must be non-empty, without < > or newline, and normal text (text.h), since
 * they stand in commits and in the sides of conflicts. @return CTS_EVALUE */
int cts_author_split(const char **name, const char **mail, struct cts_arena *arena, const char *author);

#endif
