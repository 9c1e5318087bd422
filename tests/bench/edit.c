/*
 * Makes changes of one record each in a store, in one process, to be sealed, pushed and pulled by
 * what is measured: `edit STORE MILESTONES FIRST COUNT FIELD YEAR SEED`. Change i is of record
 * FIRST + i, spread over the store. FIELD is due, status, or mixed, where also long texts change
 * and half of the changes fall on a hundredth of the records, as they do in real programmes. Dates
 * are of the 30 years from YEAR, so that two agencies can be made to disagree.
 *
 * Nothing here is measured, so nothing is synced: the calls that would wait for the disk are this
 * program's own and do nothing, in the libraries too.
 */
#include "tests/bench/bench.h"

#include <stdbool.h>
#include <unistd.h>

#include "proto/error.h"
#include "store/store.h"

int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

struct edit {
	char key[BENCH_KEY_SIZE];
	const char *field;
	uint64_t number; /* decides the value */
	unsigned year;
};

/* A value that the field does not have. */
static const char *value_for(struct cts_record *record, const struct edit *edit, const char *old)
{
	static const char *const states[] = {"not_started", "in_progress", "ongoing", "blocked"};
	struct cts_arena *arena = &record->arena;
	const char *value;

	if (strcmp(edit->field, "label") == 0) {
		/* Some words in the middle. */
		size_t half = strlen(old) / 2;

		return cts_arena_printf(arena, "%.*s(%llu)%s", (int)half, old,
			(unsigned long long)(edit->number % 1000),
			old + half + (old[half] != '\0'));
	}
	for (uint64_t n = edit->number;; n++) {
		if (strcmp(edit->field, "status") == 0)
			value = states[n % 4];
		else
			value = cts_arena_printf(arena, "Q%u %u", (unsigned)(n % 4 + 1),
				(unsigned)(n / 4 % 30) + edit->year);
		if (strcmp(value, old) != 0)
			return value;
	}
}

static int make_edit(struct cts_txn *txn, void *context)
{
	const struct edit *edit = context;
	const struct cts_field *field;
	struct cts_record record;
	int rc = cts_txn_get(txn, &record, edit->key);

	if (rc < 0)
		return rc;
	field = cts_kind_field(record.kind, edit->field);
	cts_record_set(&record, field,
		cts_value_of(&record.arena,
			value_for(&record, edit, cts_record_text(&record, edit->field))));
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

int main(int argc, char **argv)
{
	static const char *const mixed[] = {"due", "status", "forecast", "label"};
	struct cts_store *store;
	struct edit edit;
	uint64_t milestones, first, count, seed;

	if (argc != 8)
		bench_die("usage: edit STORE MILESTONES FIRST COUNT due|status|mixed YEAR SEED");
	milestones = bench_number(argv[2]);
	first = bench_number(argv[3]);
	count = bench_number(argv[4]);
	edit.year = (unsigned)bench_number(argv[6]);
	seed = bench_number(argv[7]);
	if (cts_store_open(&store, argv[1]) < 0)
		bench_die("%s", cts_error_message(0));
	for (uint64_t i = 0; i < count; i++) {
		bool is_mixed = strcmp(argv[5], "mixed") == 0;
		uint64_t at = bench_spread(first + i, milestones);
		struct cts_write options = {0};

		if (is_mixed && i % 2)
			at = bench_random(&seed) % (milestones / 100) * 100;
		bench_key(edit.key, at);
		edit.number = bench_random(&seed);
		edit.field = is_mixed ? mixed[edit.number >> 32 & 3] : argv[5];
		if (cts_store_write(store, &options, make_edit, &edit) < 0)
			bench_die("%s: %s", edit.key, cts_error_message(0));
		if (!options.changed)
			bench_die("%s: nothing changed", edit.key);
	}
	cts_store_close(store);
	return 0;
}
