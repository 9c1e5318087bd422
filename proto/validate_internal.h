/*
 * Inside proto/ only: what the files of validate share. An item is checked in three steps: its text
 * (text.h), its type (validate_item.c), its form and pattern (validate_form.c).
 */
#ifndef CTS_PROTO_VALIDATE_INTERNAL_H
#define CTS_PROTO_VALIDATE_INTERNAL_H

#include "proto/validate.h"

/* The field's form, then its pattern; `text` is normal and not empty. @return CTS_EVALUE */
int cts_validate_form(
	const char **out, struct cts_arena *arena, const struct cts_field *field, const char *text);

/* Without white space at its ends. */
const char *cts_validate_trim(struct cts_arena *arena, const char *text);

/* The text cut to what an error can carry. */
const char *cts_validate_shown(struct cts_arena *arena, const char *text);

#endif
