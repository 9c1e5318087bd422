/*
 * The merge rule as a model to hold the real code against: a history is a list of commits with
 * their pasts as sets of bits, the newest edits of a field are found by their definition, and every
 * class is computed from them by its own, in the plainest way. Nothing is fast and nothing is kept.
 *
 * A key is what is edited on its own: a field, "labels\tMEMBER" for a member of the SET,
 * CTS_DELETED.
 */
#ifndef CTS_TESTS_MERGE_MODEL_H
#define CTS_TESTS_MERGE_MODEL_H

#include "proto/merge.h"

enum { MODEL_COMMITS = 128, MODEL_WRITERS = 16 };

typedef unsigned __int128 model_set; /* of commits, by index */

#define MODEL_BIT(i) ((model_set)1 << (i))

struct model_edit {
	const char *key;
	struct cts_value value; /* of a SET's member: unset is out */
};

struct model_commit {
	model_set past; /* itself included */
	struct cts_change change;
	struct cts_record_edits edits; /* what the real code is given */
	struct model_edit
		*keys; /* the same by the definition, everything affirmed or cleared too */
	size_t key_count;
};

struct model {
	struct cts_arena arena;
	const struct cts_kind *kind;
	struct model_commit commits[MODEL_COMMITS];
	size_t count;
	uint64_t seqs[MODEL_WRITERS];
	uint64_t random; /* state of the generator */
	bool is_shallow; /* views leave lists and texts out: for histories too deep for the plain
			    fold */
};

/* What the model says of one field. */
struct model_field {
	struct cts_value value;
	model_set sides; /* of its conflict; 0: none */
};

struct model_view {
	bool exists, deleted;
	model_set life_sides;
	struct model_field fields[16]; /* by field index */
	struct model_field unknown;    /* "fields/later" */
};

#define MODEL_UNKNOWN "fields/later"

/* A kind with a field of every merge class: title, baseline, labels, points, notes, classification
 * (ranks low 1, middle 2, high 3), releasable_to. */
const struct cts_kind *model_kind(void);

void model_init(struct model *model, uint64_t seed);
void model_release(struct model *model);
uint64_t model_random(struct model *model, uint64_t below);

/* The newest edits of a key among a set of commits. */
model_set model_newest(const struct model *model, model_set commits, const char *key);
const struct model_edit *model_edit_of(const struct model *model, size_t commit, const char *key);
struct cts_value model_value_at(const struct model *model, size_t commit, const char *key);

/* The members of a set of commits in order of commit id. @return their number */
size_t model_in_id_order(size_t *out, const struct model *model, model_set set);
void model_view(struct model_view *out, struct model *model, model_set commits);

/* What one edit wants: a field (or MODEL_UNKNOWN or CTS_DELETED, to settle it) and its new value.
 */
struct model_wish {
	const char *field;
	struct cts_value value;
};

/* Adds a commit of `writer`, who had seen `seen`. @return its index */
size_t model_commit(struct model *model, size_t writer, model_set seen, bool deletes,
	const struct model_wish *wishes, size_t count);

/* For histories written by hand. */
struct cts_value model_one(struct model *model, const char *text);
struct cts_value model_two(struct model *model, const char *first, const char *second);
struct cts_value model_inserted(
	struct model *model, struct cts_value value, size_t at, const char *item);
struct model_wish model_wish_of(const char *field, struct cts_value value);
size_t model_commit_one(struct model *model, size_t writer, model_set seen, const char *field,
	struct cts_value value);
model_set model_all(const struct model *model);

/* model_init, and a first commit with a title, the list "one", "two", and a text. @return its set
 */
model_set model_begin(struct model *model, uint64_t seed);

/* The history as a store sees it in which the commits arrived in this order, with lines numbered
 * its own way. */
struct model_arrival {
	const struct model *model;
	struct cts_arena arena; /* of the state */
	struct cts_state state;
	size_t order[MODEL_COMMITS];
	size_t count;
	uint32_t line_mix;
	struct cts_past past;
	size_t questions; /* has_seen calls */
	size_t pasts;     /* add_past calls */
};

void model_arrival_init(
	struct model_arrival *arrival, const struct model *model, uint32_t line_mix);
void model_arrival_release(struct model_arrival *arrival);

/* Takes one commit by cts_state_apply. */
int model_arrive(struct model_arrival *arrival, size_t commit);
struct cts_ref model_ref(const struct model_arrival *arrival, size_t commit);

/* The commit that a ref names. */
size_t model_commit_at(const struct model_arrival *arrival, struct cts_ref ref);

/* NULL when the state is what the model says about the commits that arrived, and so is the record
 * made of it; else what differs. */
const char *model_compare(struct model_arrival *arrival, struct model *model, model_set commits);

/* The same for whole histories in several orders of arrival: every prefix of the first order, the
 * end of each other and now and then a record in between, which must leave no trace; one store in
 * three writes and reads its state after each commit. */
const char *model_compare_orders(struct model *m, size_t orders);

#endif
