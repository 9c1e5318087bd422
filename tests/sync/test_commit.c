/*
 * The grammar of commits, both ways: what is written reads back, the real git takes it, and
 * whatever differs by a byte is refused.
 */
#include "fixture.h"

#include "sync/commit.h"

#define TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
#define P1 "1111111111111111111111111111111111111111"
#define P2 "2222222222222222222222222222222222222222"

static struct cts_arena arena;

static int clear_arena(void **state)
{
	(void)state;
	cts_arena_release(&arena);
	return 0;
}

static struct cts_commit an_edit(void)
{
	struct cts_commit commit = {
		.tree = oid_of(TREE),
		.parent_count = 1,
		.author = "Ana Ngāta <ana@dpmc.example>",
		.time = 1623749400,
		.message = "set milestone/x: due",
		.lines = "milestone/x due: Q3 2021 -> Q4 2021\n",
		.agency = "dpmc",
		.writer = "7f3a9c21d0b4e586",
		.seq = 12,
	};

	commit.parents = cts_arena_alloc(&arena, sizeof(*commit.parents));
	commit.parents[0] = oid_of(P1);
	return commit;
}

static void assert_same(const struct cts_commit *a, const struct cts_commit *b)
{
	assert_true(cts_oid_equal(&a->tree, &b->tree));
	assert_int_equal(a->parent_count, b->parent_count);
	for (size_t i = 0; i < a->parent_count; i++)
		assert_true(cts_oid_equal(&a->parents[i], &b->parents[i]));
	assert_string_equal(a->author, b->author);
	assert_int_equal(a->time, b->time);
	assert_string_equal(a->message, b->message);
	assert_string_equal(a->lines, b->lines);
	assert_int_equal(a->is_seen, b->is_seen);
	assert_int_equal(a->is_view, b->is_view);
	assert_string_equal(a->agency, b->agency);
	assert_string_equal(a->writer, b->writer);
	assert_int_equal(a->seq, b->seq);
}

/* Parses from memory of exactly that size, so that a sanitizer sees a read beyond it. */
static int parse(struct cts_commit *out, const void *data, size_t size)
{
	char *exact = malloc(size ? size : 1);
	int rc;

	memcpy(exact, data, size);
	rc = cts_commit_parse(out, &arena, exact, size);
	free(exact);
	return rc;
}

static void assert_round(const struct cts_commit *commit)
{
	struct cts_buf bytes = {0};
	struct cts_commit read;

	cts_commit_format(&bytes, commit);
	assert_ok(parse(&read, bytes.data, bytes.size));
	assert_same(&read, commit);
	cts_buf_release(&bytes);
}

static const char *edit_text(void)
{
	return "tree " TREE "\n"
	       "parent " P1 "\n"
	       "author Ana Ngāta <ana@dpmc.example> 1623749400 +0000\n"
	       "committer Ana Ngāta <ana@dpmc.example> 1623749400 +0000\n"
	       "\n"
	       "set milestone/x: due\n"
	       "\n"
	       "milestone/x due: Q3 2021 -> Q4 2021\n"
	       "\n"
	       "Ctsync-Agency: dpmc\n"
	       "Ctsync-Writer: 7f3a9c21d0b4e586\n"
	       "Ctsync-Seq: 12\n"
	       "Ctsync-Format: 1\n";
}

static void test_an_edit_is_written_as_the_manual_says(void **state)
{
	struct cts_commit commit = an_edit();
	struct cts_buf bytes = {0};

	(void)state;
	cts_commit_format(&bytes, &commit);
	assert_string_equal(cts_buf_text(&bytes), edit_text());
	cts_buf_release(&bytes);
	assert_round(&commit);
}

static void test_every_kind_of_commit_reads_back(void **state)
{
	static const char *const messages[] = {"one", "two\nlines", "a paragraph\n\nand another",
		"Ctsync-Agency: of a joker\nCtsync-Seq: 3", "ends in a line\n", "\nbegins with one",
		"", "x\n\n\ny", "tab\there"};
	struct cts_commit commit;

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		commit = an_edit();
		commit.message = messages[i];
		assert_round(&commit);
		commit.lines = "milestone/x due:  -> 2021\nmilestone/y label: a -> b\n";
		assert_round(&commit);
		commit.parent_count = 0; /* the root */
		commit.seq = 1;
		assert_round(&commit);
	}
	/* Without lines a message has one paragraph: its last would be taken for them. */
	commit = an_edit();
	commit.lines = "";
	assert_round(&commit);
	commit.seq = UINT64_MAX;
	commit.time = 946684800;
	assert_round(&commit);
	commit.time = INT64_C(7258118399);
	assert_round(&commit);

	commit.is_seen = true;
	commit.message = "seen dpmc@12 nzp@7";
	commit.parents = cts_arena_alloc(&arena, 64 * sizeof(*commit.parents));
	for (size_t i = 0; i < 64; i++)
		commit.parents[i] = oid_number(i);
	for (commit.parent_count = 1; commit.parent_count <= 64; commit.parent_count++)
		assert_round(&commit);

	commit = (struct cts_commit){
		.tree = oid_of(TREE),
		.author = CTS_VIEW_AUTHOR,
		.time = 1623749400,
		.message = "view",
		.lines = "",
		.agency = "",
		.is_view = true,
	};
	assert_round(&commit);
	/* somebody may be called so */
	commit = an_edit();
	commit.author = CTS_VIEW_AUTHOR;
	assert_round(&commit);
}

static void test_git_takes_what_is_written(void **state)
{
	struct cts_commit commit = an_edit();
	struct cts_buf bytes = {0}, out = {0};
	char path[128];
	FILE *file;

	(void)state;
	commit.parent_count = 0;
	commit.seq = 1;
	cts_commit_format(&bytes, &commit);
	snprintf(path, sizeof(path), "%s/commit", repo_dir);
	file = fopen(path, "w");
	fwrite(bytes.data, 1, bytes.size, file);
	fclose(file);
	assert_runs("git hash-object -t tree -w --stdin </dev/null >/dev/null");
	assert_int_equal(run_into(&out, "git hash-object -t commit -w commit"), 0);
	out.data[CTS_OID_HEX] = '\0';
	assert_runs("git update-ref refs/heads/dpmc/7f3a9c21d0b4e586 %s", out.data);
	assert_runs("git fsck --strict");
	cts_buf_clear(&out);
	assert_int_equal(run_into(&out, "git log --format='%%an|%%ae|%%at|%%cn|%%s|"
					"%%(trailers:key=Ctsync-Seq,valueonly,separator=)' "
					"dpmc/7f3a9c21d0b4e586"),
		0);
	assert_string_equal(cts_buf_text(&out),
		"Ana Ngāta|ana@dpmc.example|1623749400|Ana Ngāta|set milestone/x: due|1\n");
	cts_buf_release(&bytes);
	cts_buf_release(&out);
}

/* The text with its first `from` replaced; the caller frees it. */
static struct cts_buf replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	struct cts_buf out = {0};

	assert_non_null(at);
	cts_buf_put(&out, text, (size_t)(at - text));
	cts_buf_puts(&out, to);
	cts_buf_puts(&out, at + strlen(from));
	return out;
}

static void assert_refused(const char *what, const void *data, size_t size)
{
	struct cts_commit commit;
	int rc = parse(&commit, data, size);

	if (rc != CTS_EINTEGRITY)
		fail_msg("%s: %d instead of refused", what, rc);
	assert_non_null(strstr(cts_error_message(rc), "is not of the form that ctsync writes: "));
}

#define PERSON "Ana Ngāta <ana@dpmc.example>"
#define AUTHOR "author " PERSON " 1623749400 +0000\n"
#define COMMITTER "committer " PERSON " 1623749400 +0000\n"

static void test_malformed_commits_are_refused(void **state)
{
	static const struct {
		const char *from, *to;
	} variants[] = {
		/* headers: none other, none twice, none missing, in order */
		{"tree " TREE "\n", ""},
		{"tree " TREE "\n", "tree " TREE "\ntree " TREE "\n"},
		{"tree " TREE, "tree 4b825dc642cb6eb9a060e54bf8d69288fbee490"},
		{"tree " TREE, "tree 4B825DC642CB6EB9A060E54BF8D69288FBEE4904"},
		{"tree " TREE, "tree  " TREE},
		{"tree " TREE, "tree " TREE " "},
		{"tree " TREE "\nparent " P1 "\n", "parent " P1 "\ntree " TREE "\n"},
		{"parent " P1, "parent " P1 "\nparent " P1},
		{"parent " P1, "parent 1111"},
		{"parent " P1, "parent " P1 "x"},
		{AUTHOR, ""},
		{AUTHOR, AUTHOR AUTHOR},
		{COMMITTER, ""},
		{COMMITTER, COMMITTER COMMITTER},
		{AUTHOR COMMITTER, COMMITTER AUTHOR},
		{COMMITTER, COMMITTER "encoding latin1\n"},
		{COMMITTER, COMMITTER "mergetag object " P1 "\n"},
		{COMMITTER, COMMITTER "x-evil 1\n"},
		{COMMITTER, COMMITTER "gpgsig a\n b\ngpgsig a\n b\n"},
		{COMMITTER, COMMITTER "gpgsig-sha256 a\n"},
		{COMMITTER, "committer Bo Reed <bo@nzp.example> 1623749400 +0000\n"},
		{COMMITTER, "committer " PERSON " 1623749401 +0000\n"},
		/* people and times */
		{AUTHOR, "author " PERSON " 1623749400 +1200\n"},
		{AUTHOR, "author " PERSON " 1623749400 -0000\n"},
		{AUTHOR, "author " PERSON " 01623749400 +0000\n"},
		{AUTHOR, "author " PERSON " +1623749400 +0000\n"},
		{AUTHOR, "author " PERSON "  1623749400 +0000\n"},
		{AUTHOR, "author " PERSON " 946684799 +0000\n"},
		{AUTHOR, "author " PERSON " 7258118400 +0000\n"},
		{AUTHOR, "author " PERSON " -1 +0000\n"},
		{AUTHOR, "author " PERSON " 99999999999999999999999 +0000\n"},
		{AUTHOR, "author " PERSON " 1623749400\n"},
		{AUTHOR, "author " PERSON " 1623749400 +0000 \n"},
		{AUTHOR, "author " PERSON "\n"},
		{AUTHOR, "author Ana 1623749400 +0000\n"},
		{AUTHOR, "author <ana@dpmc.example> 1623749400 +0000\n"},
		{AUTHOR, "author Ana <> 1623749400 +0000\n"},
		/* the message */
		{"set milestone/x: due", "bell\a"},
		{"set milestone/x: due", "escape\033[31m"},
		{"set milestone/x: due", "cr\r"},
		{"set milestone/x: due", "a\xcc\x81 not composed"},
		{"set milestone/x: due", "\xe2\x80\xae override"},
		{"set milestone/x: due", "\xff\xfe"},
		/* the trailers: all, once, in order, nothing behind */
		{"Ctsync-Agency: dpmc\n", ""},
		{"Ctsync-Agency: dpmc\n", "Ctsync-Agency: dpmc\nCtsync-Agency: dpmc\n"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency: DPMC"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency: main"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency: root"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency: a.lock"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency: ../etc"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency:  dpmc"},
		{"Ctsync-Agency: dpmc", "Ctsync-Agency:"},
		{"Ctsync-Writer: 7f3a9c21d0b4e586\n", ""},
		{"7f3a9c21d0b4e586", "7F3A9C21D0B4E586"},
		{"7f3a9c21d0b4e586", "7f3a9c21d0b4e58"},
		{"7f3a9c21d0b4e586", "7f3a9c21d0b4e5867"},
		{"Ctsync-Seq: 12\n", ""},
		{"Ctsync-Seq: 12", "Ctsync-Seq: 0"},
		{"Ctsync-Seq: 12", "Ctsync-Seq: 012"},
		{"Ctsync-Seq: 12", "Ctsync-Seq: -12"},
		{"Ctsync-Seq: 12", "Ctsync-Seq: +12"},
		{"Ctsync-Seq: 12", "Ctsync-Seq: 12 "},
		{"Ctsync-Seq: 12", "Ctsync-Seq: 18446744073709551616"},
		{"Ctsync-Seq: 12\n", "Ctsync-Seq: 12\nCtsync-Seen: 2\n"},
		{"Ctsync-Seq: 12\n", "Ctsync-Seq: 12\nCtsync-Seen: 0\n"},
		{"Ctsync-Seq: 12\n", "Ctsync-Seen: 1\nCtsync-Seq: 12\n"},
		{"Ctsync-Format: 1\n", ""},
		{"Ctsync-Format: 1\n", "Ctsync-Format: 0\n"},
		{"Ctsync-Format: 1\n", "Ctsync-Format: one\n"},
		{"Ctsync-Format: 1\n", "Ctsync-Format: 1\nCtsync-Future: x\n"},
		{"Ctsync-Format: 1\n", "Ctsync-Format: 1\n\n"},
		{"Ctsync-Format: 1\n", "Ctsync-Format: 1"},
		{"\nCtsync-Agency: dpmc", "Ctsync-Agency: dpmc"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(variants); i++) {
		struct cts_buf text = replaced(edit_text(), variants[i].from, variants[i].to);

		if (strncmp(variants[i].from, AUTHOR, strlen(AUTHOR)) == 0 &&
			strncmp(variants[i].to, "author ", 7) == 0 &&
			!strstr(variants[i].to, "committer")) {
			/* the same mistake in both, so that it is not refused for their difference
			 */
			struct cts_buf line = {0}, both;
			cts_buf_printf(&line, "committer %s", variants[i].to + 7);
			both = replaced(cts_buf_text(&text), COMMITTER, cts_buf_text(&line));
			assert_refused(variants[i].to, both.data, both.size);
			cts_buf_release(&both);
			cts_buf_release(&line);
		}
		assert_refused(variants[i].to, text.data, text.size);
		cts_buf_release(&text);
	}
}

/* A NUL ends a C string, and so could hide what stands behind it. */
static void test_bytes_behind_a_nul_are_refused(void **state)
{
	const char *text = edit_text();
	size_t size = strlen(text);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		struct cts_buf bytes = {0};
		cts_buf_put(&bytes, text, at);
		cts_buf_putc(&bytes, '\0');
		cts_buf_puts(&bytes, text + at);
		assert_refused("a NUL", bytes.data, bytes.size);
		cts_buf_release(&bytes);
	}
}

/* An author is shown, kept, and written into the sides of conflicts: it is text like any other. */
static void test_authors_are_normal_text(void **state)
{
	static const char *const people[] = {"A\033[2J <a@b>", "Jose\xcc\x81 <a@b>",
		"\xe2\x80\xae <a@b>", "\xff <a@b>", "A <\a@b>"};

	(void)state;
	for (size_t i = 0; i < COUNT(people); i++) {
		struct cts_commit commit = an_edit();
		struct cts_buf bytes = {0};
		commit.author = people[i];
		cts_commit_format(&bytes, &commit);
		assert_refused(people[i], bytes.data, bytes.size);
		cts_buf_release(&bytes);
	}
}

static void test_signatures_are_passed_over(void **state)
{
	struct cts_buf text = replaced(edit_text(), COMMITTER,
		COMMITTER "gpgsig -----BEGIN SSH SIGNATURE-----\n U1NIU0lH\n \n -----END SSH "
			  "SIGNATURE-----\n");
	struct cts_commit commit, expected = an_edit();

	(void)state;
	assert_ok(parse(&commit, text.data, text.size));
	assert_same(&commit, &expected);
	cts_buf_release(&text);
	text = replaced(edit_text(), COMMITTER, COMMITTER "gpgsig -----BEGIN");
	assert_refused("an endless signature", text.data,
		(size_t)(strstr(text.data, "gpgsig") - text.data) + 10);
	cts_buf_release(&text);
}

static void test_a_later_format_is_newer(void **state)
{
	struct cts_buf text = replaced(edit_text(), "Ctsync-Format: 1", "Ctsync-Format: 2");
	struct cts_commit commit;

	(void)state;
	assert_int_equal(parse(&commit, text.data, text.size), CTS_ENEWER);
	assert_non_null(cts_error_hint());
	cts_buf_release(&text);
}

static void test_limits_hold(void **state)
{
	struct cts_commit commit = an_edit();
	struct cts_buf bytes = {0};
	char *message = cts_arena_alloc(&arena, 16 * 1024 + 2);

	(void)state;
	memset(message, 'm', 16 * 1024);
	commit.message = message;
	assert_round(&commit);
	message[16 * 1024] = 'm';
	cts_commit_format(&bytes, &commit);
	assert_refused("a long message", bytes.data, bytes.size);
	cts_buf_clear(&bytes);
	commit = an_edit();
	commit.is_seen = true;
	commit.lines = "";
	commit.parents = cts_arena_alloc(&arena, 65 * sizeof(*commit.parents));
	for (size_t i = 0; i < 65; i++)
		commit.parents[i] = oid_number(i);
	commit.parent_count = 65;
	cts_commit_format(&bytes, &commit);
	assert_refused("65 parents", bytes.data, bytes.size);
	cts_buf_release(&bytes);
}

static void test_a_cut_commit_is_refused(void **state)
{
	const char *text = edit_text();

	(void)state;
	for (size_t size = 0; size < strlen(text); size++)
		assert_refused("cut", text, size);
}

/* Whatever is accepted is all there is: formatting it gives the bytes that were read. */
static void test_mutations_never_crash_and_never_hide(void **state)
{
	static const char bytes[] = "\n\n\n  <>:+-019afCtree\t\0\x1b\xcc\x81\xff";
	struct cts_commit seen = an_edit();
	struct cts_buf seeds[3] = {0}, again = {0};
	size_t accepted = 0;

	(void)state;
	random_start("mutations");
	cts_buf_puts(&seeds[0], edit_text());
	seeds[1] = replaced(edit_text(), "set milestone/x: due", "a reason\n\nwith a paragraph");
	for (int i = 0; i < 20; i++)
		cts_buf_puts(&again, "milestone/x label: one value -> another\n");
	seen.lines = cts_arena_strdup(&arena, cts_buf_text(&again));
	cts_commit_format(&seeds[2], &seen);
	for (int round = 0; round < 30000; round++) {
		const struct cts_buf *seed = &seeds[random_below(3)];
		size_t size = seed->size, changes = 1 + random_below(4);
		char *text = malloc(size);
		struct cts_commit commit;

		memcpy(text, seed->data, size);
		while (changes-- > 0) {
			size_t at = random_below(size), other = random_below(size);
			size_t length = random_below(size - (at > other ? at : other));
			switch (random_below(4)) {
			case 0: text[at] = bytes[random_below(sizeof(bytes))]; break;
			case 1: text[at] = (char)random_below(256); break;
			case 2: memmove(text + at, text + other, length); break;
			default: size = 1 + random_below(size); break;
			}
		}
		cts_arena_clear(&arena);
		if (parse(&commit, text, size) == 0) {
			accepted++;
			cts_buf_clear(&again);
			cts_commit_format(&again, &commit);
			assert_int_equal(again.size, size);
			assert_memory_equal(again.data, text, size);
		}
		free(text);
	}
	assert_true(accepted > 0);
	for (size_t i = 0; i < COUNT(seeds); i++)
		cts_buf_release(&seeds[i]);
	cts_buf_release(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_an_edit_is_written_as_the_manual_says, clear_arena),
		cmocka_unit_test_teardown(test_every_kind_of_commit_reads_back, clear_arena),
		cmocka_unit_test_setup_teardown(
			test_git_takes_what_is_written, make_repo, remove_repo),
		cmocka_unit_test_teardown(test_malformed_commits_are_refused, clear_arena),
		cmocka_unit_test_teardown(test_bytes_behind_a_nul_are_refused, clear_arena),
		cmocka_unit_test_teardown(test_authors_are_normal_text, clear_arena),
		cmocka_unit_test_teardown(test_signatures_are_passed_over, clear_arena),
		cmocka_unit_test_teardown(test_a_later_format_is_newer, clear_arena),
		cmocka_unit_test_teardown(test_limits_hold, clear_arena),
		cmocka_unit_test_teardown(test_a_cut_commit_is_refused, clear_arena),
		cmocka_unit_test_teardown(test_mutations_never_crash_and_never_hide, clear_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
