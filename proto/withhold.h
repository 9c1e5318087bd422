/*
 * Withholding: passages of a text that may not be published, marked where they stand.
 *
 *	[[withhold 6(a)|the passage]]                known here, decided
 *	[[propose 9(2)(f)(iv)|the passage]]          known here, not yet decided
 *	[[withheld 6(a), 9(2)(f)(iv)]]               not in this store (from a released document)
 *
 * Grounds are those of the Official Information Act 1982, sections 6, 7 and 9; the refusals of
 * section 18 stand on a request, never in a text. Several grounds are separated by ", ". Marks do not
 * nest; "[[" always opens one; "]]" closes it.
 */
#ifndef CTS_PROTO_WITHHOLD_H
#define CTS_PROTO_WITHHOLD_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/arena.h"

enum cts_mark_kind { CTS_MARK_WITHHOLD, CTS_MARK_PROPOSE, CTS_MARK_WITHHELD };

struct cts_mark {
	enum cts_mark_kind kind;
	const char *const *grounds; /* canonical */
	size_t ground_count;
	size_t start, end;     /* of the whole mark in the text */
	const char *passage;   /* in the arena; "" for CTS_MARK_WITHHELD */
};

/* Reads every mark of a text, in order.
 * @return the number of marks, or CTS_EVALUE (unknown ground with the nearest as hint, unbalanced or
 * nested mark, empty passage, with the position) */
int cts_marks_parse(struct cts_mark **out, struct cts_arena *arena, const char *text);

/* "[[" or "]]" stands in the text. Cheap. */
bool cts_text_has_marks(const char *text);

/* The text with its grounds in canonical spelling: what a typed value becomes. @return CTS_EVALUE */
int cts_marks_normalise(const char **out, struct cts_arena *arena, const char *text);

/* Reads one ground in any spelling (s6(a), S6(a), "Section 6(a)", "section 9 (2)(f)(iv)") at the start
 * of `text`. `*size` is what was read, if not NULL. NULL when none stands there; "6(b)" alone, a
 * ground with sub-paragraphs that names none, reads as itself only if the Act's paragraph has none. */
const char *cts_ground_parse(const char *text, size_t *size);

/* A refusal of section 18, for requests: 18(a)..18(h), 18(c)(i), 18(da). Same conventions. */
const char *cts_refusal_parse(const char *text, size_t *size);

/* The ground, or refusal, nearest to a misspelt one; NULL: none is near. */
const char *cts_ground_nearest(const char *text);

/* All grounds of sections 6, 7, 9, in order of the Act, and what each protects (our own words). */
struct cts_ground {
	const char *name;
	const char *protects;
};
size_t cts_ground_count(void);
const struct cts_ground *cts_ground_at(size_t index);

#endif
