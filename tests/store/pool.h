/*
 * A road without git: a pool of commits, made from the stores' journals as a seal makes them, or by
 * hand, and given to other stores in any order in which ancestors come first. Who had seen what is
 * kept as plain sets, to hold the stores' lines and vectors against.
 */
#ifndef TESTS_STORE_POOL_H
#define TESTS_STORE_POOL_H

#include "tests/store/fixture.h"

enum { POOL_MAX = 1024, POOL_WORDS = POOL_MAX / 64, POOL_PARENTS = 64 };

struct pool_set {
	uint64_t bits[POOL_WORDS];
};

struct pool_image {
	const char *key;
	struct cts_slice before, after;
};

struct pool_commit {
	struct cts_oid id;
	struct cts_oid parents[POOL_PARENTS];
	size_t parent_count;
	char writer[CTS_WRITER_HEX + 1];
	const char *agency, *author, *message;
	uint64_t seq;
	int64_t time;
	bool is_seen;
	struct pool_image *images;
	size_t image_count;
	struct pool_set past; /* by index; itself included */
};

struct pool {
	struct cts_arena arena;
	struct pool_commit commits[POOL_MAX];
	size_t count;
};

struct peer {
	struct cts_store *store;
	struct pool_set has;
};

FIXTURE bool set_has(const struct pool_set *set, size_t i)
{
	return set->bits[i / 64] >> (i % 64) & 1;
}

FIXTURE void set_add(struct pool_set *set, size_t i)
{
	set->bits[i / 64] |= UINT64_C(1) << (i % 64);
}

FIXTURE void set_join(struct pool_set *set, const struct pool_set *other)
{
	for (size_t i = 0; i < POOL_WORDS; i++)
		set->bits[i] |= other->bits[i];
}

FIXTURE bool set_covers(const struct pool_set *outer, const struct pool_set *inner)
{
	for (size_t i = 0; i < POOL_WORDS; i++)
		if (inner->bits[i] & ~outer->bits[i])
			return false;
	return true;
}

FIXTURE bool set_equal(const struct pool_set *a, const struct pool_set *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* No other of the set has it in its past. */
FIXTURE bool set_is_newest(const struct pool *pool, const struct pool_set *set, size_t i)
{
	for (size_t o = 0; o < pool->count; o++)
		if (o != i && set_has(set, o) && set_has(&pool->commits[o].past, i))
			return false;
	return set_has(set, i);
}

FIXTURE void pool_release(struct pool *pool)
{
	cts_arena_release(&pool->arena);
	pool->count = 0;
}

FIXTURE size_t pool_find(const struct pool *pool, const struct cts_oid *id)
{
	for (size_t i = 0; i < pool->count; i++)
		if (cts_oid_equal(&pool->commits[i].id, id))
			return i;
	fail_msg("a commit that is nowhere");
	return 0;
}

/* Names the commit and finds its past. @return its index */
FIXTURE size_t pool_add(struct pool *pool, const struct pool_commit *commit)
{
	size_t index = pool->count;
	struct pool_commit *added = &pool->commits[index];
	struct cts_buf text = {0};

	assert_true(index < POOL_MAX);
	*added = *commit;
	memset(&added->past, 0, sizeof(added->past));
	cts_buf_printf(&text, "%s %llu %lld %zu", commit->writer, (unsigned long long)commit->seq,
		(long long)commit->time, index);
	for (size_t i = 0; i < commit->parent_count; i++) {
		cts_buf_put(&text, commit->parents[i].bytes, CTS_OID_SIZE);
		set_join(&added->past, &pool->commits[pool_find(pool, &commit->parents[i])].past);
	}
	set_add(&added->past, index);
	added->id = cts_git_oid("commit", text.data, text.size);
	cts_buf_release(&text);
	pool->count++;
	return index;
}

/* ---- out of a store --------------------------------------------------------------------------- */

struct pool_sealing {
	struct pool *pool;
	struct cts_txn *txn;
	size_t start; /* of the commits made here */
	struct cts_sealed sealed[POOL_MAX];
	size_t sealed_count;
	uint64_t changes;
	struct pool_commit next;
	/* of the line looked for */
	const char *writer;
	uint64_t seq;
	struct cts_oid head;
};

FIXTURE int pool_match_line(void *context, const struct cts_line *line)
{
	struct pool_sealing *sealing = context;

	if (strcmp(line->writer, sealing->writer) == 0 && line->head_seq == sealing->seq)
		sealing->head = line->head;
	return 0;
}

/* The writer's commit before: made just now, or the head of its line. */
FIXTURE struct cts_oid pool_previous(struct pool_sealing *sealing, const char *writer, uint64_t seq)
{
	for (size_t i = sealing->pool->count; i-- > sealing->start;)
		if (strcmp(sealing->pool->commits[i].writer, writer) == 0 &&
			sealing->pool->commits[i].seq == seq)
			return sealing->pool->commits[i].id;
	sealing->writer = writer;
	sealing->seq = seq;
	sealing->head = (struct cts_oid){0};
	assert_ok(cts_txn_each_line(sealing->txn, pool_match_line, sealing));
	assert_false(cts_oid_is_zero(&sealing->head));
	return sealing->head;
}

FIXTURE void pool_commit_next(struct pool_sealing *sealing)
{
	struct cts_sealed *sealed = &sealing->sealed[sealing->sealed_count++];
	struct pool_commit *next = &sealing->next;
	size_t i = pool_add(sealing->pool, next);

	memcpy(sealed->writer, next->writer, sizeof(sealed->writer));
	sealed->seq = next->seq;
	sealed->commit = sealing->pool->commits[i].id;
	next->parents[0] = sealed->commit;
	next->parent_count = 1;
	next->seq++;
}

FIXTURE void pool_seal_begin(struct pool_sealing *sealing, const struct cts_frame *frame)
{
	struct pool_commit *next = &sealing->next;
	struct cts_arena *arena = &sealing->pool->arena;
	size_t taken = 0;

	*next = (struct pool_commit){
		.agency = cts_arena_strdup(arena, frame->agency),
		.author = cts_arena_strdup(arena, frame->author),
		.message = "",
		.time = frame->time,
		.seq = frame->seq - frame->seen_count,
	};
	memcpy(next->writer, frame->writer, CTS_WRITER_HEX);
	if (next->seq > 1)
		next->parents[next->parent_count++] =
			pool_previous(sealing, next->writer, next->seq - 1);
	for (size_t n = 0; n < frame->seen_count; n++) {
		next->is_seen = true;
		while (taken < frame->seen_head_count && next->parent_count < POOL_PARENTS) {
			const char *name = frame->seen[taken++];
			char writer[CTS_WRITER_HEX + 1];
			struct cts_oid *parent = &next->parents[next->parent_count++];
			uint64_t seq;

			if (!cts_oid_parse(parent, name)) {
				assert_true(cts_change_parse(writer, &seq, name));
				*parent = pool_previous(sealing, writer, seq);
			}
		}
		pool_commit_next(sealing);
	}
	assert_int_equal(taken, frame->seen_head_count);
	next->is_seen = false;
	assert_int_equal(next->seq, frame->seq);
}

FIXTURE int pool_seal_frame(void *context, const struct cts_frame *frame)
{
	struct pool_sealing *sealing = context;
	struct pool_commit *next = &sealing->next;
	struct cts_arena *arena = &sealing->pool->arena;
	struct pool_image *image;

	switch (frame->kind) {
	case CTS_FRAME_BEGIN: pool_seal_begin(sealing, frame); break;
	case CTS_FRAME_RECORD:
		image = cts_arena_push(arena, &next->images, &next->image_count, sizeof(*image));
		image->key = cts_arena_strdup(arena, frame->key);
		image->before = (struct cts_slice){
			.data = cts_arena_memdup(arena, frame->before.data, frame->before.size),
			.size = frame->before.size};
		image->after = (struct cts_slice){
			.data = cts_arena_memdup(arena, frame->after.data, frame->after.size),
			.size = frame->after.size};
		break;
	case CTS_FRAME_END:
		assert_int_equal(frame->record_count, next->image_count);
		next->message = cts_arena_strdup(arena, frame->message);
		if (next->image_count)
			pool_commit_next(sealing);
		sealing->changes++;
		break;
	}
	return 0;
}

FIXTURE int pool_seal_in_txn(struct cts_txn *txn, void *context)
{
	struct pool_sealing *sealing = context;
	struct cts_oid tree = oid_number(sealing->start);
	int rc;

	sealing->txn = txn;
	sealing->pool->count = sealing->start;
	sealing->sealed_count = sealing->changes = 0;
	rc = cts_txn_each_journal(txn, pool_seal_frame, sealing);
	if (rc < 0)
		return rc;
	return cts_txn_sealed(
		txn, sealing->sealed, sealing->sealed_count, sealing->changes, &tree);
}

/* The journal of a store becomes commits. */
FIXTURE void pool_seal(struct pool *pool, struct peer *peer)
{
	static struct pool_sealing sealing;

	sealing = (struct pool_sealing){.pool = pool, .start = pool->count};
	assert_ok(cts_store_exchange(peer->store, pool_seal_in_txn, &sealing));
	for (size_t i = sealing.start; i < pool->count; i++)
		set_add(&peer->has, i);
}

/* ---- into a store ----------------------------------------------------------------------------- */

FIXTURE int pool_apply(
	struct cts_txn *txn, const struct pool_commit *commit, int64_t received)
{
	struct cts_incoming incoming = {
		.commit = commit->id,
		.parents = commit->parents,
		.parent_count = commit->parent_count,
		.agency = commit->agency,
		.author = commit->author,
		.message = commit->message,
		.seq = commit->seq,
		.time = commit->time,
		.received = received,
		.is_seen = commit->is_seen,
	};
	const struct cts_schema *schema = cts_store_schema(cts_txn_store(txn));
	int rc;

	memcpy(incoming.writer, commit->writer, sizeof(incoming.writer));
	rc = cts_txn_apply_begin(txn, &incoming);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	for (size_t i = 0; rc >= 0 && i < commit->image_count; i++) {
		const struct pool_image *image = &commit->images[i];
		struct cts_record before = {0}, after = {0};

		if (image->before.size)
			assert_ok(cts_record_decode(
				&before, schema, image->before.data, image->before.size));
		if (image->after.size)
			assert_ok(cts_record_decode(
				&after, schema, image->after.data, image->after.size));
		rc = cts_txn_apply_record(
			txn, before.kind ? &before : NULL, after.kind ? &after : NULL);
		cts_record_release(&before);
		cts_record_release(&after);
	}
	return rc < 0 ? rc : cts_txn_apply_end(txn);
}

struct pool_taking {
	const struct pool *pool;
	const size_t *order;
	size_t count;
	int64_t received;
};

FIXTURE int pool_take_in_txn(struct cts_txn *txn, void *context)
{
	const struct pool_taking *taking = context;
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < taking->count; i++)
		rc = pool_apply(txn, &taking->pool->commits[taking->order[i]], taking->received);
	return rc;
}

/* Commits in this order, in one exchange. */
FIXTURE void pool_take(const struct pool *pool, struct peer *peer, const size_t *order,
	size_t count, int64_t received)
{
	struct pool_taking taking = {
		.pool = pool, .order = order, .count = count, .received = received};

	assert_ok(cts_store_exchange(peer->store, pool_take_in_txn, &taking));
	for (size_t i = 0; i < count; i++)
		set_add(&peer->has, order[i]);
}

/* Those of `wanted` (a set closed under the past) that the store lacks, in a random order in which
 * ancestors come first. @return their number */
FIXTURE size_t pool_order(const struct pool *pool, const struct pool_set *has,
	const struct pool_set *wanted, struct dice *dice, size_t *order)
{
	struct pool_set taken = *has;
	size_t count = 0;

	for (;;) {
		size_t ready[POOL_MAX], ready_count = 0;

		for (size_t i = 0; i < pool->count; i++) {
			struct pool_set with = taken;

			set_add(&with, i);
			if (set_has(wanted, i) && !set_has(&taken, i) &&
				set_covers(&with, &pool->commits[i].past))
				ready[ready_count++] = i;
		}
		if (!ready_count)
			return count;
		order[count] = ready[dice_below(dice, ready_count)];
		set_add(&taken, order[count++]);
	}
}

/* The same into the store, in a few exchanges. */
FIXTURE void pool_fetch(const struct pool *pool, struct peer *peer, const struct pool_set *wanted,
	struct dice *dice)
{
	size_t order[POOL_MAX], count = pool_order(pool, &peer->has, wanted, dice, order);

	for (size_t at = 0; at < count;) {
		size_t some = 1 + dice_below(dice, count - at);

		pool_take(pool, peer, order + at, some, cts_time_now());
		at += some;
	}
}

FIXTURE struct cts_ref pool_ref(struct cts_txn *txn, const struct pool *pool, size_t i)
{
	struct cts_ref ref = {0};

	assert_int_equal(cts_txn_find_commit(txn, &ref, &pool->commits[i].id), 1);
	return ref;
}

/* ---- random edits ----------------------------------------------------------------------------- */

FIXTURE const char *const pool_keys[] = {
	"initiative/a", "initiative/b", "milestone/m", "agency/nzp", "initiative/c"};

FIXTURE struct cts_value pool_value(struct dice *dice, struct cts_arena *arena,
	const struct cts_field *field, struct cts_value now)
{
	static const char *const words[] = {"one", "two", "three", "four", "five", "six"};
	static const char *const days[] = {"Q1 2021", "Q2 2021", "TBD", "June 2021"};
	const char *word = words[dice_below(dice, COUNT(words))];

	if (field->type == CTS_TYPE_ENUM)
		return cts_value_of(arena,
			field->enumerators[dice_below(dice, field->enumerator_count)].name);
	if (field->form == CTS_FORM_FUZZY_DATE)
		return cts_value_of(arena, days[dice_below(dice, COUNT(days))]);
	if (field->repeated && now.count && dice_chance(dice, 40))
		return cts_value_without(arena, now, now.items[dice_below(dice, now.count)]);
	if (field->repeated && cts_value_has(now, word))
		return now;
	if (field->merge == CTS_MERGE_INTERSECT)
		return cts_value_sorted(arena, cts_value_with(arena, now, word));
	if (field->repeated)
		return cts_value_with(arena, now, word);
	if (field->merge == CTS_MERGE_TEXT) {
		const char *text = cts_value_text(now), *end = strchr(text, '\n');

		/* A line before, a line behind, or the first line another. */
		switch (dice_below(dice, 3)) {
		case 0: return cts_value_of(arena, cts_arena_printf(arena, "%s\n%s", word, text));
		case 1: return cts_value_of(arena, cts_arena_printf(arena, "%s\n%s", text, word));
		default:
			return cts_value_of(
				arena, cts_arena_printf(arena, "%s%s", word, end ? end : ""));
		}
	}
	return cts_value_of(arena, word);
}

/* Another version of a record, as a person could type it; conflicts are settled now and then. */
FIXTURE void pool_edit_record(struct dice *dice, struct cts_record *record)
{
	static const char *const names[] = {"title", "overview", "points", "labels",
		"classification", "releasable_to", "status", "baseline", "label", "name", "notes"};

	for (size_t n = 1 + dice_below(dice, 3); n > 0; n--) {
		const struct cts_field *field =
			cts_kind_field(record->kind, names[dice_below(dice, COUNT(names))]);
		const struct cts_conflict *conflict;
		struct cts_value now;

		if (!field)
			continue;
		now = cts_record_get(record, field);
		conflict = cts_record_conflict(record, field->name);
		if (conflict) {
			if (!dice_chance(dice, 30))
				continue;
			now = conflict->sides[dice_below(dice, conflict->side_count)].value;
			cts_record_settle(record, field->name);
			if (field->merge == CTS_MERGE_WRITE_ONCE || dice_chance(dice, 50)) {
				if (now.count || !field->required)
					cts_record_set(record, field, now);
				continue;
			}
		} else if (field->merge == CTS_MERGE_WRITE_ONCE && now.count) {
			continue;
		}
		if (!field->required && field->merge != CTS_MERGE_WRITE_ONCE &&
			dice_chance(dice, 10))
			cts_record_set(record, field, (struct cts_value){0});
		else
			cts_record_set(record, field, pool_value(dice, &record->arena, field, now));
	}
	if (dice_chance(dice, 10)) {
		cts_record_settle(record, "fields/later");
		cts_record_set_unknown(record, "fields/later",
			dice_chance(dice, 50) ? dice_json(dice, &record->arena) : NULL);
	}
}

struct pool_editing {
	struct dice dice; /* by value: the transaction may be run again */
	bool is_rich;     /* more than one record */
};

FIXTURE int pool_edit_one(struct cts_txn *txn, struct dice *dice, const char *key)
{
	struct cts_record record, shown;
	enum cts_life life;
	int rc = cts_txn_life(txn, &life, key);

	if (rc < 0)
		return rc;
	if (life == CTS_LIFE_LIVE && dice_chance(dice, 12))
		return cts_txn_delete(txn, key);
	if (life == CTS_LIFE_LIVE) {
		rc = cts_txn_get(txn, &record, key);
		if (rc < 0)
			return rc;
	} else {
		char kind[CTS_KIND_MAX + 1];

		snprintf(kind, sizeof(kind), "%.*s", (int)(strchr(key, '/') - key), key);
		cts_record_init(&record, kind_of(kind), strchr(key, '/') + 1);
		if (strcmp(kind, "initiative") == 0)
			assign(&record, TEXTS("title=first"));
		else if (strcmp(kind, "agency") == 0)
			assign(&record, TEXTS("code=NZP"));
		else
			assign(&record, TEXTS("parent=initiative/a"));
	}
	pool_edit_record(dice, &record);
	rc = cts_txn_put(txn, &record);
	if (rc == 1) {
		/* What is read back is what was put. */
		int got = cts_txn_get(txn, &shown, key);

		if (got < 0) {
			rc = got;
		} else {
			cts_record_settle(&record, CTS_DELETED);
			assert_true(cts_record_equal(&record, &shown));
			cts_record_release(&shown);
		}
	}
	cts_record_release(&record);
	return rc;
}

FIXTURE int pool_edit_in_txn(struct cts_txn *txn, void *context)
{
	struct pool_editing *editing = context;
	struct dice dice = editing->dice;
	size_t first = dice_below(&dice, COUNT(pool_keys));
	size_t count = 1 + (editing->is_rich ? dice_below(&dice, 3) : 0);
	int rc = 0;

	for (size_t i = 0; rc >= 0 && i < count; i++)
		rc = pool_edit_one(txn, &dice, pool_keys[(first + i) % COUNT(pool_keys)]);
	return rc;
}

/* One change of the store by chance. */
FIXTURE void pool_edit(struct dice *dice, struct peer *peer)
{
	struct pool_editing editing = {.dice = {dice_below(dice, UINT64_MAX)}, .is_rich = true};
	struct cts_write options = {0};

	assert_ok(cts_store_write(peer->store, &options, pool_edit_in_txn, &editing));
}

#endif
