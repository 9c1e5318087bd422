/*
 * Differences and merges against an oracle that follows the header's words another way: the longest
 * common subsequence by plain recursion, overlaps by looking at every pair of changes. Small
 * sequences are enumerated, longer ones random; frozen vectors hold what no later version may
 * change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "proto/diff3.h"

enum { RANDOM_ROUNDS = 20000, LONGEST = 9 };

static uint64_t state;

static uint64_t random_below(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

static void seed_run(void)
{
	const char *text = getenv("CTS_SEED");

	state = text ? strtoull(text, NULL, 10) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)state);
}

/* One letter an element: sequences are strings here. */
static struct cts_value letters(struct cts_arena *arena, const char *word)
{
	struct cts_value value = {0};

	for (; *word; word++)
		value = cts_value_with(arena, value, cts_arena_strndup(arena, word, 1));
	return value;
}

static const char *word_of(struct cts_arena *arena, struct cts_value value)
{
	char *word = cts_arena_alloc(arena, value.count + 1);

	for (size_t i = 0; i < value.count; i++)
		word[i] = value.items[i][0];
	return word;
}

static size_t lcs(const char *a, const char *b)
{
	size_t x, y;

	if (!*a || !*b)
		return 0;
	if (*a == *b)
		return 1 + lcs(a + 1, b + 1);
	x = lcs(a + 1, b);
	y = lcs(a, b + 1);
	return x >= y ? x : y;
}

struct oracle_change {
	size_t from, to, end;
	char text[2 * LONGEST + 2];
};

/* Element by element: "-" drops, "+" inserts, "=" matches; a change is a run without "=". */
static size_t oracle_diff(struct oracle_change *out, const char *base, const char *side)
{
	char b[64], s[64];
	size_t from = 0, count = 0, i = 0, j = 0;
	bool is_open = false;

	while (base[from] && base[from] == side[from])
		from++;
	strcpy(b, base + from);
	strcpy(s, side + from);
	while (*b && *s && b[strlen(b) - 1] == s[strlen(s) - 1])
		b[strlen(b) - 1] = s[strlen(s) - 1] = '\0';
	while (b[i] || s[j]) {
		if (b[i] && s[j] && b[i] == s[j]) {
			is_open = false;
			i++;
			j++;
			continue;
		}
		if (!is_open) {
			memset(&out[count], 0, sizeof(*out));
			out[count++].from = from + i;
			is_open = true;
		}
		if (b[i] && (!s[j] || lcs(b + i + 1, s + j) >= lcs(b + i, s + j + 1))) {
			i++;
		} else {
			strncat(out[count - 1].text, &s[j], 1);
			j++;
		}
		out[count - 1].to = from + i;
	}
	return count;
}

/* The merged word, or NULL. */
static const char *oracle_merge(
	struct cts_arena *arena, const char *base, const char *ours, const char *theirs)
{
	struct oracle_change a[LONGEST + 1], b[LONGEST + 1];
	size_t a_count = oracle_diff(a, base, ours), b_count = oracle_diff(b, base, theirs), at = 0;
	char *merged = cts_arena_alloc(arena, 256);

	for (size_t i = 0; i < a_count; i++)
		for (size_t j = 0; j < b_count; j++) {
			if (a[i].from == b[j].from && a[i].to == b[j].to &&
				strcmp(a[i].text, b[j].text) == 0) {
				memmove(b + j, b + j + 1, (b_count - j - 1) * sizeof(*b));
				b_count--;
				j--;
			} else if (a[i].from == b[j].from ||
				   (a[i].from < b[j].from && b[j].from < a[i].to) ||
				   (b[j].from < a[i].from && a[i].from < b[j].to)) {
				return NULL;
			}
		}
	for (size_t i = 0, j = 0; i < a_count || j < b_count;) {
		struct oracle_change *first;

		if (j == b_count || (i < a_count && a[i].from < b[j].from))
			first = &a[i++];
		else
			first = &b[j++];
		strncat(merged, base + at, first->from - at);
		strcat(merged, first->text);
		at = first->to;
	}
	return strcat(merged, base + at);
}

static void check_diff(struct cts_arena *arena, const char *base, const char *side)
{
	struct cts_value a = letters(arena, base), b = letters(arena, side);
	struct oracle_change expected[LONGEST + 1];
	struct cts_sequence_change *changes;
	size_t count = cts_sequence_diff(&changes, arena, a, b);

	assert_int_equal(count, oracle_diff(expected, base, side));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(changes[i].from, expected[i].from);
		assert_int_equal(changes[i].to, expected[i].to);
		assert_int_equal(changes[i].end - changes[i].start, strlen(expected[i].text));
		assert_memory_equal(
			side + changes[i].start, expected[i].text, strlen(expected[i].text));
	}
}

static void check_merge(
	struct cts_arena *arena, const char *base, const char *ours, const char *theirs)
{
	struct cts_value b = letters(arena, base), x = letters(arena, ours),
			 y = letters(arena, theirs);
	const char *expected = oracle_merge(arena, base, ours, theirs);
	struct cts_value one = {.count = 77}, other = {.count = 77};
	bool merged = cts_sequence_merge(&one, arena, b, x, y);

	if (merged != (expected != NULL) || (merged && strcmp(word_of(arena, one), expected) != 0))
		fail_msg("merge of '%s' and '%s' on '%s'", ours, theirs, base);
	/* Whoever is ours: the same. */
	assert_int_equal(cts_sequence_merge(&other, arena, b, y, x), merged);
	assert_true(merged ? cts_value_equal(one, other) : one.count == 77 && other.count == 77);
	if (strcmp(base, ours) == 0)
		assert_string_equal(expected, theirs);
	if (strcmp(ours, theirs) == 0)
		assert_string_equal(expected, ours);
}

/* All words over abc of up to `longest` letters. */
static size_t all_words(char (*out)[8], size_t longest)
{
	size_t count = 0, begin = 0;

	memset(out[count++], 0, 8);
	for (size_t size = 1; size <= longest; size++) {
		size_t end = count;

		for (size_t i = begin; i < end; i++)
			for (char c = 'a'; c <= 'c'; c++) {
				strcpy(out[count], out[i]);
				out[count][size - 1] = c;
				out[count++][size] = '\0';
			}
		begin = end;
	}
	return count;
}

static void test_all_small_differences_are_the_oracles(void **unused)
{
	static char words[400][8];
	size_t count = all_words(words, 5);
	struct cts_arena arena = {0};

	(void)unused;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++) {
			check_diff(&arena, words[i], words[j]);
			cts_arena_clear(&arena);
		}
	cts_arena_release(&arena);
}

static void test_all_small_merges_are_the_oracles(void **unused)
{
	static char words[400][8];
	size_t count = all_words(words, 3);
	struct cts_arena arena = {0};

	(void)unused;
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < count; j++)
			for (size_t k = 0; k <= j; k++) {
				check_merge(&arena, words[i], words[j], words[k]);
				cts_arena_clear(&arena);
			}
	cts_arena_release(&arena);
}

static void random_word(char *out, const char *from, char alphabet)
{
	size_t size = 0;

	if (!from) {
		for (size_t n = random_below(LONGEST); size < n; size++)
			out[size] = (char)('a' + random_below((uint64_t)alphabet));
	} else {
		for (; *from; from++) {
			uint64_t die = random_below(8);

			if (die != 0)
				out[size++] = *from;
			if (die < 2 && size < LONGEST)
				out[size++] = (char)('a' + random_below((uint64_t)alphabet));
			if (size == LONGEST)
				break;
		}
	}
	out[size] = '\0';
}

static void test_random_merges_are_the_oracles(void **unused)
{
	struct cts_arena arena = {0};
	char base[16], ours[16], theirs[16];

	(void)unused;
	seed_run();
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		char alphabet = (char)(2 + random_below(20));

		random_word(base, NULL, alphabet);
		random_word(ours, random_below(4) ? base : NULL, alphabet);
		random_word(theirs, random_below(4) ? base : NULL, alphabet);
		check_diff(&arena, base, ours);
		check_merge(&arena, base, ours, theirs);
		cts_arena_clear(&arena);
	}
	cts_arena_release(&arena);
}

static void test_frozen_text_merges(void **unused)
{
	/* merged NULL: an overlap */
	static const struct {
		const char *base, *ours, *theirs, *merged;
	} vectors[] = {
		{"", "", "", ""},
		{"", "a", "", "a"},
		{"", "a", "a", "a"},
		{"", "a", "b", NULL},
		{"a", "", "a", ""},
		{"a", "", "b", NULL},
		{"a", "", "a\nb", "b"},
		{"a\nb", "", "a\nb\nc", "c"},
		{"a", "a\n", "a", "a\n"},
		{"a", "a\nb", "c\na", "c\na\nb"},
		{"a", "a\nb", "a\nc", NULL},
		{"a\n", "a\nb\n", "0\na\n", "0\na\nb\n"},
		{"a\nb\nc", "a\nB\nc", "a\nb\nC", "a\nB\nC"},
		{"a\nb\nc", "a\nc", "a\nb", "a"},
		{"a\nb\nc", "a\nc", "a\nB\nc", NULL},
		{"a\nb\nc", "x\na\nb\nc", "a\nb\nc\ny", "x\na\nb\nc\ny"},
		/* A moved line is dropped first and put back behind: here, right where theirs
		   begins. */
		{"a\nb\nc\nd", "a\nc\nb\nd", "a\nb\nc\nD", NULL},
		{"a\nb\nc\nd\ne", "a\nc\nb\nd\ne", "a\nb\nc\nd\nE", "a\nc\nb\nd\nE"},
		{"\n", "\n\n", "\n", "\n\n"},
		{"one two three", "1 two three", "one two 3", "1 two 3"},
		{"one two three", "one  two three", "one two three four", "one  two three four"},
		{"one two three", "one 2 three", "one zwei three", NULL},
		{"one two three", "one three", "one two 3", "one 3"},
		{"one two", "one and two", "one or two", NULL},
		{"one two", "one\ttwo", "one two\tthree", "one\ttwo\tthree"},
		{"a b\n-\nc", "a B\n-\nc", "A b\n-\nC", "A B\n-\nC"},
		/* A change of two lines is no change of one. */
		{"a b\nc", "a B\nc", "A b\nC", NULL},
		{"a b\nc d", "a B\nc D", "A b\nc d", NULL},
		{"k\u0101puia r\u014dp\u016b", "K\u0101puia r\u014dp\u016b",
			"k\u0101puia R\u014dp\u016b", "K\u0101puia R\u014dp\u016b"},
	};
	struct cts_arena arena = {0};

	(void)unused;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++) {
		const char *one = "untouched", *other = "untouched";
		bool merged = cts_text_merge(
			&one, &arena, vectors[i].base, vectors[i].ours, vectors[i].theirs);
		bool again = cts_text_merge(
			&other, &arena, vectors[i].base, vectors[i].theirs, vectors[i].ours);

		if (merged != (vectors[i].merged != NULL))
			fail_msg("vector %zu: merged %d '%s'", i, merged, one);
		assert_int_equal(again, merged);
		assert_string_equal(one, merged ? vectors[i].merged : "untouched");
		assert_string_equal(one, other);
	}
	cts_arena_release(&arena);
}

/* One line of one letter each: words cannot help, so text and sequence agree. */
static const char *as_lines(struct cts_arena *arena, const char *word)
{
	char *text = cts_arena_alloc(arena, strlen(word) * 2 + 1);

	for (size_t i = 0; word[i]; i++) {
		text[2 * i] = word[i];
		if (word[i + 1])
			text[2 * i + 1] = '\n';
	}
	return text;
}

static void test_texts_of_one_letter_lines_merge_like_sequences(void **unused)
{
	struct cts_arena arena = {0};
	char base[16], ours[16], theirs[16];

	(void)unused;
	seed_run();
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		const char *expected, *text = NULL;
		bool merged;

		random_word(base, NULL, 6);
		random_word(ours, base, 6);
		random_word(theirs, base, 6);
		expected = oracle_merge(&arena, base, ours, theirs);
		merged = cts_text_merge(&text, &arena, as_lines(&arena, base),
			as_lines(&arena, ours), as_lines(&arena, theirs));
		assert_int_equal(merged, expected != NULL);
		if (merged)
			assert_string_equal(text, as_lines(&arena, expected));
		cts_arena_clear(&arena);
	}
	cts_arena_release(&arena);
}

/* `count` distinct items of a prefix, with every `step`-th left out (0: none). */
static struct cts_value numbered(
	struct cts_arena *arena, const char *prefix, size_t count, size_t step)
{
	const char **items = cts_arena_alloc(arena, count * sizeof(*items));
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!step || i % step != 1)
			items[kept++] = cts_arena_printf(arena, "%s%zu", prefix, i);
	return (struct cts_value){.count = kept, .items = items};
}

static void test_a_middle_beyond_the_limit_is_one_change(void **unused)
{
	struct cts_arena arena = {0};
	struct cts_sequence_change *changes;
	/* Both ends differ, so the middle is everything: 2048 x 2048 cells, then 2048 x 2049. */
	struct cts_value base = numbered(&arena, "x", 2048, 0), most, more;
	const char **side = cts_arena_alloc(&arena, 2049 * sizeof(*side));

	(void)unused;
	memcpy(side, base.items, 2048 * sizeof(*side));
	side[0] = "first";
	side[2047] = "last";
	most = (struct cts_value){.count = 2048, .items = side};
	assert_int_equal(cts_sequence_diff(&changes, &arena, base, most), 2);
	assert_int_equal(changes[0].to, 1);
	assert_int_equal(changes[1].from, 2047);
	assert_int_equal(changes[1].end, 2048);
	side[2048] = "one more";
	more = (struct cts_value){.count = 2049, .items = side};
	assert_int_equal(cts_sequence_diff(&changes, &arena, base, more), 1);
	assert_true(changes[0].from == 0 && changes[0].to == 2048);
	assert_true(changes[0].start == 0 && changes[0].end == 2049);
	cts_arena_release(&arena);
}

static void test_long_sequences_give_each_side_back(void **unused)
{
	struct cts_arena arena = {0};
	struct cts_value base = numbered(&arena, "x", 1500, 0),
			 side = numbered(&arena, "x", 1500, 7);
	struct cts_value back;

	(void)unused;
	assert_true(cts_sequence_merge(&back, &arena, base, side, base));
	assert_true(cts_value_equal(back, side));
	assert_true(cts_sequence_merge(&back, &arena, side, side, base));
	assert_true(cts_value_equal(back, base));
	cts_arena_release(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_small_differences_are_the_oracles),
		cmocka_unit_test(test_all_small_merges_are_the_oracles),
		cmocka_unit_test(test_random_merges_are_the_oracles),
		cmocka_unit_test(test_frozen_text_merges),
		cmocka_unit_test(test_texts_of_one_letter_lines_merge_like_sequences),
		cmocka_unit_test(test_a_middle_beyond_the_limit_is_one_change),
		cmocka_unit_test(test_long_sequences_give_each_side_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
