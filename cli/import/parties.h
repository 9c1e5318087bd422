/*
 * Parties: the agencies and bodies that a cell names, by code (DPMC), by a spelling that has one
 * (NZ Police), or by a name with the code behind it (National Security Workforce (NSW)).
 *
 * What is an agency and what a body the cells seldom say. A short table knows the common codes of
 * bodies; the text can show it too ("CTCC agencies", "through CTCC"); every other code is an
 * agency's.
 */
#ifndef CTS_CLI_IMPORT_PARTIES_H
#define CTS_CLI_IMPORT_PARTIES_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

struct cts_party {
	const char *code;  /* in capitals */
	const char *name;  /* the full name, "" where the text gives none */
	const char *alias; /* the spelling used, "" where it is the code */
	bool is_body;      /* shown by the table or the text */
	bool is_initials;  /* the text has a name alone; the code was made of its initials */
};

/* Size in bytes of the code at the start of `text` ([A-Z][A-Z0-9]{1,15} and then no letter or
 * digit; not MAIN, ROOT, TBD or TBC); 0: none. */
size_t cts_party_code(const char *text);

/* Reads one party at the start of `text`: code, known spelling, or `Name (CODE)`.
 * @return the bytes read; 0: none stands there */
size_t cts_party_read(struct cts_party *out, struct cts_arena *arena, const char *text);

/* The same, and a name of several capitalised words without a code, whose initials become one. */
size_t cts_party_read_name(struct cts_party *out, struct cts_arena *arena, const char *text);

/* Reads parties joined by `/`, `,`, `;`, `&`, `and`.
 * @return the bytes read; 0: no party stands there */
size_t cts_parties_read(
	struct cts_party **out, size_t *count, struct cts_arena *arena, const char *text);

#endif
