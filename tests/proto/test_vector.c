/* Version vectors against the plainest model: an array of seqs by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/error.h"
#include "proto/vector.h"

enum { LINES = 12, ROUNDS = 4000 };

struct plain {
	uint64_t seqs[LINES]; /* of line i + 1 */
};

static uint64_t state;

static uint64_t random_below(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

static uint64_t seed_of_run(void)
{
	const char *text = getenv("CTS_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);

	printf("seed %llu\n", (unsigned long long)seed);
	return seed;
}

static void build(struct cts_vector *vector, struct plain *plain)
{
	size_t raises = random_below(LINES);

	*vector = (struct cts_vector){0};
	*plain = (struct plain){0};
	for (size_t i = 0; i < raises; i++) {
		struct cts_ref ref = {
			.line = 1 + (uint32_t)random_below(LINES), .seq = 1 + random_below(4)};

		cts_vector_raise(vector, ref);
		if (plain->seqs[ref.line - 1] < ref.seq)
			plain->seqs[ref.line - 1] = ref.seq;
	}
}

static void assert_is(const struct cts_vector *vector, const struct plain *plain)
{
	size_t count = 0;

	for (uint32_t line = 1; line <= LINES; line++) {
		uint64_t seq = plain->seqs[line - 1];

		count += seq > 0;
		assert_int_equal(cts_vector_seq(vector, line), seq);
		assert_true(!seq || cts_vector_has(vector, (struct cts_ref){line, seq}));
		assert_false(cts_vector_has(vector, (struct cts_ref){line, seq + 1}));
	}
	assert_int_equal(vector->count, count);
	for (size_t i = 1; i < vector->count; i++)
		assert_true(vector->entries[i - 1].line < vector->entries[i].line);
}

static void test_operations_agree_with_an_array_of_seqs(void **unused)
{
	(void)unused;
	state = seed_of_run();
	for (int round = 0; round < ROUNDS; round++) {
		struct cts_vector a, b, joined = {0}, met = {0}, read = {0};
		struct plain x, y, most, least;
		struct cts_buf bytes = {0};
		bool covers = true;

		build(&a, &x);
		build(&b, &y);
		for (size_t i = 0; i < LINES; i++) {
			most.seqs[i] = x.seqs[i] > y.seqs[i] ? x.seqs[i] : y.seqs[i];
			least.seqs[i] = x.seqs[i] < y.seqs[i] ? x.seqs[i] : y.seqs[i];
			covers = covers && x.seqs[i] >= y.seqs[i];
		}
		assert_is(&a, &x);
		cts_vector_copy(&joined, &a);
		cts_vector_join(&joined, &b);
		assert_is(&joined, &most);
		cts_vector_copy(&met, &a);
		cts_vector_meet(&met, &b);
		assert_is(&met, &least);
		assert_is(&a, &x);
		assert_int_equal(cts_vector_covers(&a, &b), covers);
		assert_true(cts_vector_covers(&joined, &a) && cts_vector_covers(&a, &met));
		assert_int_equal(cts_vector_equal(&a, &b), memcmp(&x, &y, sizeof(x)) == 0);
		cts_vector_join(&joined, &joined);
		cts_vector_meet(&joined, &joined);
		assert_is(&joined, &most);

		cts_vector_encode(&bytes, &joined);
		assert_int_equal(cts_vector_decode(&read, bytes.data, bytes.size), 0);
		assert_true(cts_vector_equal(&read, &joined));
		for (size_t size = 0; size < bytes.size; size++)
			if (cts_vector_decode(&read, bytes.data, size) == 0)
				assert_true(read.count < joined.count);
		cts_buf_release(&bytes);
		cts_vector_release(&a);
		cts_vector_release(&b);
		cts_vector_release(&joined);
		cts_vector_release(&met);
		cts_vector_release(&read);
	}
}

static void test_nothing_is_named_by_line_0(void **unused)
{
	struct cts_vector vector = {0};

	(void)unused;
	assert_false(cts_vector_has(&vector, (struct cts_ref){0, 0}));
	assert_false(cts_vector_has(&vector, (struct cts_ref){3, 0}));
	cts_vector_raise(&vector, (struct cts_ref){0, 0});
	cts_vector_raise(&vector, (struct cts_ref){0, 7});
	cts_vector_raise(&vector, (struct cts_ref){7, 0});
	assert_int_equal(vector.count, 0);
	cts_vector_release(&vector);
}

static void test_bytes_of_a_vector_are_frozen(void **unused)
{
	static const uint8_t expected[] = {0x01, 0x05, 0x02, 0xac, 0x02, 0xfc, 0xff, 0xff, 0xff,
		0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
	struct cts_vector vector = {0}, read = {0};
	struct cts_buf bytes = {0};

	(void)unused;
	cts_vector_raise(&vector, (struct cts_ref){UINT32_MAX, UINT64_MAX});
	cts_vector_raise(&vector, (struct cts_ref){3, 300});
	cts_vector_raise(&vector, (struct cts_ref){1, 5});
	cts_vector_encode(&bytes, &vector);
	assert_int_equal(bytes.size, sizeof(expected));
	assert_memory_equal(bytes.data, expected, sizeof(expected));
	assert_int_equal(cts_vector_decode(&read, expected, sizeof(expected)), 0);
	assert_true(cts_vector_equal(&read, &vector));
	cts_buf_release(&bytes);
	cts_vector_release(&vector);
	cts_vector_release(&read);
}

static void test_damaged_bytes_are_refused_and_leave_the_vector(void **unused)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
		{"\x01", 1},                                             /* no seq */
		{"\x00\x01", 2},                                         /* line 0 */
		{"\x01\x00", 2},                                         /* seq 0 */
		{"\x02\x01\x00\x01", 4},                                 /* the same line twice */
		{"\x81\x00\x01", 3},                                     /* longer than need be */
		{"\x01\x80", 2},                                         /* ends inside a number */
		{"\x80\x80\x80\x80\x10\x01", 6},                         /* line beyond 32 bits */
		{"\xff\xff\xff\xff\x0f\x01\x01\x01", 8},                 /* their sum is */
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11},    /* seq beyond 64 bits */
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12} /* longer still */
	};
	struct cts_vector vector = {0};

	(void)unused;
	cts_vector_raise(&vector, (struct cts_ref){4, 2});
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_int_equal(
			cts_vector_decode(&vector, bad[i].bytes, bad[i].size), CTS_EDAMAGED);
		assert_int_equal(vector.count, 1);
		assert_int_equal(cts_vector_seq(&vector, 4), 2);
	}
	assert_int_equal(cts_vector_decode(&vector, NULL, 0), 0);
	assert_int_equal(vector.count, 0);
	cts_vector_release(&vector);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_operations_agree_with_an_array_of_seqs),
		cmocka_unit_test(test_nothing_is_named_by_line_0),
		cmocka_unit_test(test_bytes_of_a_vector_are_frozen),
		cmocka_unit_test(test_damaged_bytes_are_refused_and_leave_the_vector),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
