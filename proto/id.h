/*
 * Names: of records (kind/id), of agencies, of writers. ASCII and case-less by construction, safe as
 * file names on every system, so they can name files in the mirror unchanged.
 */
#ifndef CTS_PROTO_ID_H
#define CTS_PROTO_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

#define CTS_ID_MAX 120
#define CTS_KIND_MAX 32
#define CTS_FIELD_MAX 48
#define CTS_KEY_MAX (CTS_KIND_MAX + 1 + CTS_ID_MAX)
#define CTS_AGENCY_MAX 32
#define CTS_WRITER_HEX 16

/* [a-z0-9]([a-z0-9._-]{0,118}[a-z0-9])?, not a device name of Windows (con, nul, aux, prn, com1..9,
 * lpt1..9, also with an extension). */
bool cts_id_is_valid(const char *id);

/* The same with an error that says what is wrong and, where there is one, the id that would do.
 * @return CTS_EVALUE */
int cts_id_check(const char *id);

/* [a-z][a-z0-9_]*, at most 32. */
bool cts_kind_name_is_valid(const char *name);

/* Splits "kind/id" at the first slash, without checking the id. The kind is copied to the arena.
 * @return CTS_EVALUE when there is no slash or no kind */
int cts_key_split(const char **kind, const char **id, struct cts_arena *arena, const char *key);

/* Lower-case ASCII words of a title joined by '-', at most `max` bytes, cut at a word where possible;
 * "" when nothing is left. */
char *cts_id_slug(struct cts_arena *arena, const char *title, size_t max);

/* `<agency>.<slug of title, at most 48>-<5 random Crockford base32 characters>`. */
char *cts_id_make(struct cts_arena *arena, const char *agency, const char *title);

/* The id of an agency's record from its code (lower case). Codes: [A-Z][A-Z0-9]{1,15}, in any case
 * here, not MAIN or ROOT. @return CTS_EVALUE */
int cts_agency_id(const char **out, struct cts_arena *arena, const char *code);

/* [a-z0-9-]{1,32}, not main, root or ending in .lock. */
bool cts_agency_is_valid(const char *agency);
/* 16 lower-case hex digits. */
bool cts_writer_is_valid(const char *writer);
/* A new random writer id. */
void cts_writer_make(char out[CTS_WRITER_HEX + 1]);

#endif
