/*
 * Deltas: what is made applies to the same bytes, and what was damaged is refused.
 */
#include "fixture.h"

#include "sync/pack/delta.h"

static void fill(struct cts_buf *buf, size_t size, unsigned alphabet)
{
	for (size_t i = 0; i < size; i++)
		cts_buf_putc(buf, (char)('a' + random_below(alphabet)));
}

/* A version of `base` with some stretches replaced, removed, inserted or moved. */
static void vary(struct cts_buf *out, const struct cts_buf *base, size_t changes)
{
	size_t at = 0;

	for (size_t i = 0; i < changes; i++) {
		size_t left = base->size - at;
		size_t keep = random_below(left + 1);
		size_t from;
		cts_buf_put(out, base->data + at, keep);
		at += keep;
		left -= keep;
		fill(out, random_below(40), 26);
		at += random_below(left < 40 ? left + 1 : 40);
		from = base->size == 0 ? 0 : random_below(base->size);
		if (random_below(4) == 0)
			cts_buf_put(out, base->data + from, random_below(base->size - from + 1));
	}
	cts_buf_put(out, base->data + at, base->size - at);
}

static void test_random_versions_come_back(void **state)
{
	(void)state;
	random_start("delta");
	for (int round = 0; round < 2000; round++) {
		struct cts_buf base = {0}, data = {0}, delta = {0}, back = {0};
		size_t sizes[] = {0, 1, 15, 16, 17, 100, 5000, 70000, 200000};
		cts_buf_reserve(&base, 1);
		fill(&base, sizes[random_below(round % 50 == 0 ? 9 : 7)], random_below(2) ? 2 : 26);
		vary(&data, &base, random_below(8));
		assert_true(cts_delta_make(
			&delta, cts_buf_slice(&base), cts_buf_slice(&data), SIZE_MAX / 2));
		assert_ok(cts_delta_apply(
			&back, cts_buf_slice(&base), cts_buf_slice(&delta), 1 << 30));
		assert_int_equal(back.size, data.size);
		assert_memory_equal(cts_buf_text(&back), cts_buf_text(&data), data.size);
		cts_buf_release(&base);
		cts_buf_release(&data);
		cts_buf_release(&delta);
		cts_buf_release(&back);
	}
}

static void test_one_change_costs_its_bytes(void **state)
{
	struct cts_buf base = {0}, data = {0}, delta = {0};

	(void)state;
	random_start("delta of one change");
	fill(&base, 17000, 26);
	cts_buf_put(&data, base.data, base.size);
	memset(data.data + 9000, '0', 20);
	assert_true(cts_delta_make(&delta, cts_buf_slice(&base), cts_buf_slice(&data), 1000));
	assert_in_range(delta.size, 20, 45);
	/* three changes far apart: no more than three times that */
	memset(data.data + 100, '1', 20);
	memset(data.data + 16000, '2', 20);
	cts_buf_clear(&delta);
	assert_true(cts_delta_make(&delta, cts_buf_slice(&base), cts_buf_slice(&data), 1000));
	assert_in_range(delta.size, 60, 200);
	cts_buf_release(&base);
	cts_buf_release(&data);
	cts_buf_release(&delta);
}

static void test_a_delta_over_the_limit_leaves_nothing(void **state)
{
	struct cts_buf base = {0}, data = {0}, delta = {0};

	(void)state;
	random_start("delta over the limit");
	fill(&base, 3000, 26);
	fill(&data, 3000, 26);
	cts_buf_puts(&delta, "before");
	assert_false(cts_delta_make(&delta, cts_buf_slice(&base), cts_buf_slice(&data), 1500));
	assert_string_equal(cts_buf_text(&delta), "before");
	cts_buf_release(&base);
	cts_buf_release(&data);
	cts_buf_release(&delta);
}

static void test_damaged_deltas_are_refused(void **state)
{
	static const struct {
		const char *data;
		size_t size;
	} deltas[] = {
		{"", 0}, {"\x05", 1}, {"\x05\x05", 2},        /* nothing where 5 bytes belong */
		{"\x06\x05\x90\x05", 4},                      /* another base */
		{"\x05\x06\x90\x06", 4},                      /* copy past the end */
		{"\x05\x05\x91\x01\x05", 5},                  /* the same from offset 1 */
		{"\x05\x05\x90", 3}, {"\x05\x05\x05hell", 7}, /* cut short */
		{"\x05\x04\x90\x05", 4},                      /* more than announced */
		{"\x05\x05\x90\x05\x00", 5},                  /* the reserved command */
		{"\x05\x05\x90\x05\x01x", 6},                 /* one byte more */
		{"\x05\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x90\x05", 14},
		{"\x05\xff\xff\xff\x0f\x90\x05", 7}, /* over the limit */
	};
	struct cts_slice base = {"hello", 5};
	struct cts_buf out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(deltas); i++) {
		struct cts_slice delta = {deltas[i].data, deltas[i].size};
		int rc = cts_delta_apply(&out, base, delta, 1000);
		if (rc != CTS_EINTEGRITY)
			fail_msg("delta %zu gave %d", i, rc);
	}
	assert_ok(cts_delta_apply(&out, base, (struct cts_slice){"\x05\x05\x90\x05", 4}, 1000));
	assert_string_equal(cts_buf_text(&out), "hello");
	cts_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_versions_come_back),
		cmocka_unit_test(test_one_change_costs_its_bytes),
		cmocka_unit_test(test_a_delta_over_the_limit_leaves_nothing),
		cmocka_unit_test(test_damaged_deltas_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
