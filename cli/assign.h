/*
 * Assignments as typed: FIELD=VALUE sets (on a list it makes the value the one member; several
 * FIELD= of one list in one command collect), FIELD+=VALUE puts in (LIST: at the end; SET: once),
 * FIELD-=VALUE takes out the first equal, FIELD= clears. A value that begins with @ is read:
 * @FILE, @- from stdin; @@x is the text "@x". Nothing is split at commas. One newline at the end
 * of what a file holds is not part of the value: editors put it there.
 *
 *	rc = cts_assign_parse(&list, &session->arena, argc - 1, argv + 1);
 *	rc = cts_assign_apply(&record, &list, options->settle);
 *	rc = cts_validate_record(&record, before);
 */
#ifndef CTS_CLI_ASSIGN_H
#define CTS_CLI_ASSIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/record.h"

enum cts_assign_op { CTS_ASSIGN_SET, CTS_ASSIGN_PUT, CTS_ASSIGN_TAKE };

struct cts_assign {
	const char *field;
	enum cts_assign_op op;
	const char *text; /* "": clear (of CTS_ASSIGN_SET only) */
};

struct cts_assign_list {
	struct cts_assign *items;
	size_t count;
};

/* Reads the words; @FILE and @- are read here, stdin at most once.
 * @return CTS_EUSAGE for a word that is no assignment, CTS_EIO for a file, CTS_EVALUE for its text
 * */
int cts_assign_parse(
	struct cts_assign_list *out, struct cts_arena *arena, int argc, char *const *argv);

/* Does them to the record, each value made canonical and checked (validate.h), in the order given.
 * On failure the record may be half changed: throw it away. Rules of the whole record (required,
 * size, WRITE_ONCE) are cts_validate_record's. A field in conflict is refused unless `settle`,
 * which drops the conflict.
 * @return CTS_EVALUE (no such field or value, += on a field of one value, -= of what is not there),
 * CTS_EREFUSED (in conflict; hint: resolve) */
int cts_assign_apply(struct cts_record *record, const struct cts_assign_list *list, bool settle);

/* Words are allowed where a date is asked for, but are often a date misspelt: notes those that were
 * read as no date. `address` begins with the kind. */
void cts_assign_note_prose(const struct cts_schema *schema, const char *address,
	const struct cts_assign_list *list);

#endif
