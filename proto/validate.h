/*
 * Validation: what a value must be before it may enter a record. One path for everything that people
 * type or import; what comes by pull was checked by the store that wrote it and is only checked for
 * form (json.h).
 */
#ifndef CTS_PROTO_VALIDATE_H
#define CTS_PROTO_VALIDATE_H

#include "proto/record.h"

/* One typed item of a field made canonical: NFC, enumerators and booleans in any case, numbers within
 * range, forms, patterns, references (a bare id where the field points to one kind only gets its kind),
 * withholding marks balanced and their grounds spelt as the Act's. An empty `text` is refused here.
 * @return CTS_EVALUE with the field and the nearest enumerator or form as hint */
int cts_validate_item(const char **out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, const char *text);

/* Every item of a value; a scalar with two items, a value over 64 KiB refused. @return CTS_EVALUE */
int cts_validate_value(struct cts_value *out, struct cts_arena *arena, const struct cts_kind *kind,
	const struct cts_field *field, struct cts_value value);

/* A whole record before it is stored: required fields, size; `before` (NULL: new) for WRITE_ONCE.
 * Rules across records (references, unique) are the store's. @return CTS_EVALUE */
int cts_validate_record(const struct cts_record *record, const struct cts_record *before);

#endif
