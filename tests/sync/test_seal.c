/*
 * Sealing: one commit a change, each exactly its own patch on the tree before it, the same every
 * time, whenever the machine dies.
 */
#include "lab_agencies.h"

static const char *in_mirror(struct lab_store *s, const char *command)
{
	return lab_run("git -C '%s' %s", lab_mirror(s), command);
}

/* The whole text of a commit. */
static const char *message_of(struct lab_store *s, const char *commit)
{
	return in_mirror(s, lab_text("log -1 --format=%%B %s", commit));
}

/* "M records/initiative/x.json" of what a commit changed in its first parent's tree. */
static const char *changes_of(struct lab_store *s, const char *commit)
{
	return in_mirror(
		s, lab_text("diff-tree -r --name-status --no-commit-id %s^1 %s | tr '\\t' ' '",
			   commit, commit));
}

static const char *file_of(struct lab_store *s, const char *commit, const char *key)
{
	return in_mirror(s, lab_text("show %s:records/%s.json 2>/dev/null || true", commit, key));
}

/* ---- one commit a change ---- */

static void test_init_seals_the_root(void **state)
{
	const char *head = lab_own_head(&a);

	(void)state;
	assert_string_equal(in_mirror(&a, lab_text("rev-list --count %s", head)), "1");
	assert_string_equal(message_of(&a, head),
		lab_text("begin the programme\n\nagency/dpmc code: (unset) -> DPMC\n"
			 "agency/dpmc role: (unset) -> coordinator\n\nCtsync-Agency: dpmc\n"
			 "Ctsync-Writer: %s\nCtsync-Seq: 1\nCtsync-Format: 1\n",
			lab_writer(&a)));
	assert_string_equal(in_mirror(&a, lab_text("ls-tree --name-only %s", head)),
		"ctsync.json\nrecords\nschema.binpb\nschema.json");
	assert_string_equal(
		in_mirror(&a, lab_text("show %s:ctsync.json", head)), "{\n  \"format\": 1\n}");
	assert_int_equal(cts_seal(a.road, NULL), 0);
	assert_sound(&a);
}

static void test_each_change_is_a_commit_and_its_own_patch(void **state)
{
	const char *head;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_put(&a, "initiative/x", "overview", "Words");
	lab_put(&a, "initiative/y", "title", "Other");
	lab_delete(&a, "initiative/x");
	assert_int_equal(cts_seal(a.road, NULL), 4);
	head = lab_own_head(&a);
	assert_string_equal(changes_of(&a, lab_text("%s~3", head)), "A records/initiative/x.json");
	assert_string_equal(changes_of(&a, lab_text("%s~2", head)), "M records/initiative/x.json");
	assert_string_equal(changes_of(&a, lab_text("%s~1", head)), "A records/initiative/y.json");
	assert_string_equal(changes_of(&a, head), "D records/initiative/x.json");
	assert_string_equal(message_of(&a, lab_text("%s~2", head)),
		lab_text(
			"set initiative/x: overview\n\ninitiative/x overview: (unset) -> Words\n\n"
			"Ctsync-Agency: dpmc\nCtsync-Writer: %s\nCtsync-Seq: 3\nCtsync-Format: 1\n",
			lab_writer(&a)));
	assert_string_equal(
		in_mirror(&a, lab_text("log -1 --format='%%an <%%ae>|%%cn <%%ce>' %s", head)),
		LAB_AUTHOR "|" LAB_AUTHOR);
	assert_int_equal(cts_seal(a.road, NULL), 0);
	assert_sound(&a);
}

static int put_many(struct cts_txn *txn, void *context)
{
	int count = *(int *)context;

	for (int i = 0; i < count; i++) {
		struct lab_edit edit = {.key = lab_text("initiative/i%03d", i),
			.field = "title",
			.value = "One of many"};
		int rc = lab_put_in_txn(txn, &edit);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static void test_a_commit_tells_at_most_50_edits(void **state)
{
	struct cts_write write = {.message = "a reason\n\nwith a paragraph"};
	const char *text;
	int count = 700, lines = 0;

	(void)state;
	assert_ok(cts_store_write(a.store, &write, put_many, &count));
	assert_int_equal(cts_seal(a.road, NULL), 1);
	text = message_of(&a, lab_own_head(&a));
	for (const char *at = text; (at = strstr(at, "\ninitiative/")); at++)
		lines++;
	assert_int_equal(lines, 50);
	assert_non_null(
		strstr(text, "a reason\n\nwith a paragraph\n\ninitiative/i000 title: (unset) -> "));
	/* beyond 512 records a folder is fanned out */
	assert_int_equal(strlen(in_mirror(&a, lab_text("ls-tree --name-only %s:records/initiative",
						      lab_own_head(&a)))) %
				 3,
		2);
	assert_sound(&a);
	/* and the message comes back as it was */
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
}

/* The message of a change, as a store that received it holds it. */
static const char *received_message(struct lab_store *s, const char *change)
{
	struct cts_change found;
	struct cts_ref ref;
	struct cts_txn *txn;

	assert_ok(cts_txn_begin(&txn, s->store));
	assert_ok(cts_txn_find_change(txn, &ref, change));
	assert_ok(cts_txn_change(txn, &found, &lab_arena, ref));
	cts_txn_end(txn);
	return found.message;
}

static int put_empty(struct cts_txn *txn, void *context)
{
	struct cts_record record;
	int rc;

	(void)context;
	cts_record_init(
		&record, cts_schema_kind(cts_store_schema(cts_txn_store(txn)), "dependency"), "d");
	cts_record_set(&record, cts_kind_field(record.kind, "from"),
		cts_value_of(&record.arena, "initiative/x"));
	rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

static void test_messages_arrive_as_they_were_given(void **state)
{
	static const char *const messages[] = {"one line", "two\nlines",
		"a paragraph\n\nand another", "Ctsync-Seq: 99\nCtsync-Format: 7",
		"milestone/x due: a -> b"};
	struct cts_write write = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct lab_edit edit = {
			.key = "initiative/x", .field = "title", .value = lab_text("t%zu", i)};
		write.message = messages[i];
		assert_ok(cts_store_write(a.store, &write, lab_put_in_txn, &edit));
	}
	write.message = "a new one\n\nin two paragraphs";
	assert_ok(cts_store_write(a.store, &write, put_empty, NULL));
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	for (size_t i = 0; i < COUNT(messages); i++)
		assert_string_equal(received_message(&b, lab_text("%s.%zu", lab_writer(&a), i + 2)),
			messages[i]);
	assert_string_equal(received_message(&b, lab_text("%s.7", lab_writer(&a))), write.message);
}

/* Who is called as the maker of views is still somebody. */
static void test_an_author_of_any_name_can_speak(void **state)
{
	struct lab_edit edit = {.key = "initiative/x", .field = "title", .value = "of a joker"};
	struct cts_write write = {.author = CTS_VIEW_AUTHOR};
	static const char *const refused[] = {"no address", "A <a@b> ", "Jose\xcc\x81 <a@b>",
		"A\033[1m <a@b>", "A <a@b>\nparent x"};

	(void)state;
	assert_ok(cts_store_write(a.store, &write, lab_put_in_txn, &edit));
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "of a joker");
	/* but for those whom no commit can hold, told before anything is written */
	for (size_t i = 0; i < COUNT(refused); i++) {
		write = (struct cts_write){.author = refused[i]};
		edit.value = lab_text("%zu", i);
		assert_int_equal(
			cts_store_write(a.store, &write, lab_put_in_txn, &edit), CTS_EVALUE);
	}
	assert_int_equal(cts_seal(a.road, NULL), 0);
	assert_sound(&a);
}

/* ---- seen commits ---- */

static void test_a_new_writer_begins_with_what_it_saw(void **state)
{
	const char *head, *base;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_push(&a, "origin");
	base = lab_own_head(&a);
	b = lab_clone("b", "NZP", "hub");
	assert_string_equal(lab_own_head(&b), ""); /* nothing until the first edit */
	lab_put(&b, "initiative/y", "title", "of b");
	assert_int_equal(cts_seal(b.road, NULL), 2);
	head = lab_own_head(&b);
	assert_string_equal(in_mirror(&b, lab_text("log -1 --format=%%P %s~1", head)), base);
	assert_string_equal(message_of(&b, lab_text("%s~1", head)),
		lab_text("seen dpmc@2\n\nCtsync-Agency: nzp\nCtsync-Writer: %s\nCtsync-Seq: 1\n"
			 "Ctsync-Seen: 1\nCtsync-Format: 1\n",
			lab_writer(&b)));
	assert_string_equal(lab_tree_of("b/mirror.git", lab_text("%s~1", head)),
		lab_tree_of("b/mirror.git", base));
	assert_string_equal(changes_of(&b, head), "A records/initiative/y.json");
	assert_sound(&b);
}

static void test_what_a_pull_brought_is_seen_before_the_next_edit(void **state)
{
	const char *head, *mine, *of_a, *of_c;
	struct lab_store c;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_put(&a, "initiative/gone", "title", "Goes");
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	c = lab_clone("c", "GCSB", "hub");
	lab_put(&b, "initiative/y", "title", "of b");
	lab_push(&b, "origin");
	mine = lab_own_head(&b);
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_delete(&a, "initiative/gone");
	lab_put(&c, "initiative/z", "title", "of c");
	lab_push(&a, "origin");
	lab_push(&c, "origin");
	of_a = lab_own_head(&a);
	of_c = lab_own_head(&c);
	lab_pull(&b, "origin");
	assert_int_equal(cts_seal(b.road, NULL), 0);
	lab_put(&b, "initiative/x", "overview", "on what came");
	lab_put(&b, "initiative/y", "overview", "and again");
	assert_int_equal(cts_seal(b.road, NULL), 3); /* one seen commit for both */
	head = lab_own_head(&b);

	/* its own previous first, then the others as they came */
	assert_string_equal(
		in_mirror(&b, lab_text("log -1 --format=%%P %s~2 | tr ' ' '\n' | head -1", head)),
		mine);
	assert_string_equal(
		in_mirror(&b, lab_text("log -1 --format=%%P %s~2 | tr ' ' '\n' | tail -n +2 | sort",
				      head)),
		strcmp(of_a, of_c) < 0 ? lab_text("%s\n%s", of_a, of_c)
				       : lab_text("%s\n%s", of_c, of_a));
	assert_string_equal(in_mirror(&b, lab_text("log -1 --format=%%s %s~2", head)),
		in_mirror(&b, lab_text("log -1 --format=%%P %s~2 | tr ' ' '\n' | tail -n +2 | "
				       "sed 's/%s/dpmc@5/; s/%s/gcsb@2/' | tr '\n' ' ' | "
				       "sed 's/^/seen /; s/ $//'",
				      head, of_a, of_c)));
	/* its tree is the view: what came is in it, and no edit's patch holds it */
	assert_string_equal(changes_of(&b, lab_text("%s~2", head)),
		"D records/initiative/gone.json\nM records/initiative/x.json\n"
		"A records/initiative/z.json");
	assert_string_equal(changes_of(&b, lab_text("%s~1", head)), "M records/initiative/x.json");
	assert_string_equal(changes_of(&b, head), "M records/initiative/y.json");
	assert_non_null(strstr(file_of(&b, lab_text("%s~2", head), "initiative/x"), "Grow more"));
	assert_null(strstr(file_of(&b, lab_text("%s~2", head), "initiative/x"), "on what came"));
	assert_sound(&b);
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	lab_pull(&c, "origin");
	assert_alike(&a, &b);
	assert_alike(&c, &b);
	lab_close(&c);
}

static void test_a_conflict_stands_in_the_tree_until_it_is_settled(void **state)
{
	const char *head;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	lab_put(&a, "initiative/x", "title", "of a");
	lab_put(&b, "initiative/x", "title", "of b");
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	lab_settle(&b, "initiative/x", "title", "of b");
	assert_int_equal(cts_seal(b.road, NULL), 2);
	head = lab_own_head(&b);
	assert_non_null(
		strstr(file_of(&b, lab_text("%s~1", head), "initiative/x"), "\"conflicts\""));
	assert_null(strstr(file_of(&b, head, "initiative/x"), "\"conflicts\""));
	assert_string_equal(changes_of(&b, head), "M records/initiative/x.json");
	lab_push(&b, "origin");
	lab_pull(&a, "origin");
	assert_int_equal(lab_sides(&a, "initiative/x", "title"), 0);
	assert_string_equal(lab_get(&a, "initiative/x", "title"), "of b");
	assert_alike(&a, &b);
}

static void test_more_heads_than_parents_make_a_chain_of_seen_commits(void **state)
{
	enum { WRITERS = 140 };
	const char *head, *parents;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	for (int i = 0; i < WRITERS; i++) {
		struct lab_forger f = lab_forger("hub", "gcsb", lab_text("00000000000000%02x", i));
		lab_see(&f, lab_own_head(&a));
	}
	lab_pull(&a, "origin");
	lab_put(&a, "initiative/x", "title", "having seen them all");
	/* 63 others beside its own, three times */
	assert_int_equal(cts_seal(a.road, NULL), 4);
	head = lab_own_head(&a);
	for (int i = 1; i <= 3; i++) {
		int count = 0;
		parents = in_mirror(&a, lab_text("log -1 --format=%%P %s~%d", head, i));
		for (const char *at = parents; *at; at++)
			count += *at == ' ';
		assert_int_equal(count + 1, i == 1 ? 1 + WRITERS - 126 : 64);
		assert_int_equal(
			strncmp(parents, in_mirror(&a, lab_text("rev-parse %s~%d", head, i + 1)),
				40),
			0);
	}
	assert_string_equal(
		in_mirror(&a, lab_text("rev-list --count --branches ^%s", head)), "0");
	assert_sound(&a);
	lab_push(&a, "origin");
	lab_pull(&b, "origin");
	assert_alike(&a, &b);
	/* a new writer has room for 64 */
	lab_put(&b, "initiative/y", "title", "of b");
	assert_int_equal(cts_seal(b.road, NULL), 2);
	assert_sound(&b);
}

/* ---- again, after whatever ---- */

static void edit_some(void)
{
	lab_put(&a, "initiative/x", "title", "Grow");
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_put(&a, "milestone/m", "parent", "initiative/x");
	lab_delete(&a, "initiative/x");
}

static void test_sealing_again_makes_the_same_commits(void **state)
{
	const char *first;

	(void)state;
	edit_some();
	lab_close(&a);
	lab_run("cp -r a again");
	lab_open(&a);
	b = lab_at("again");
	assert_int_equal(cts_seal(a.road, NULL), 4);
	assert_int_equal(cts_seal(b.road, NULL), 4);
	first = lab_own_head(&a);
	assert_string_equal(lab_own_head(&b), first);
}

/* Keeps LMDB, the journal file and the refs as they are now, to be put back in part. */
static void keep(void)
{
	lab_close(&a);
	lab_run("rm -rf kept && mkdir kept && cp a/data.mdb a/journal kept && "
		"cp -r a/mirror.git/refs kept/refs");
	lab_open(&a);
}

/* Into the same inode: the store is no copy. */
static void put_back(const char *file)
{
	lab_run("cat kept/%s > a/%s", file, file);
}

static void put_refs_back(void)
{
	lab_run("rm -rf a/mirror.git/refs && cp -r kept/refs a/mirror.git/refs");
}

/* Every change is there exactly once, in a sound store. */
static void assert_whole(const char *head)
{
	uint64_t pending, sealed;

	assert_sound(&a);
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(pending + sealed, 5);
	assert_true(cts_seal(a.road, NULL) >= 0);
	assert_string_equal(lab_own_head(&a), head);
	assert_ok(cts_unpushed(a.store, NULL, &pending, &sealed));
	assert_int_equal(pending, 0);
	assert_int_equal(sealed, 5);
	assert_string_equal(lab_get(&a, "initiative/x", "title"), "(none)");
	assert_sound(&a);
	lab_push(&a, "origin");
	b = lab_clone("b", "NZP", "hub");
	assert_alike(&a, &b);
}

static const char *seal_and_close(void)
{
	const char *head;

	assert_int_equal(cts_seal(a.road, NULL), 4);
	head = lab_own_head(&a);
	lab_close(&a);
	return head;
}

static void test_a_crash_between_pack_and_lmdb_seals_again(void **state)
{
	const char *head;

	(void)state;
	edit_some();
	keep();
	head = seal_and_close();
	put_back("data.mdb");
	put_back("journal");
	put_refs_back();
	lab_open(&a);
	assert_whole(head);
}

static void test_a_crash_between_lmdb_and_the_cut_of_the_journal_is_mended(void **state)
{
	const char *head;

	(void)state;
	edit_some();
	keep();
	head = seal_and_close();
	put_back("journal");
	put_refs_back();
	lab_open(&a);
	assert_whole(head);
}

static void test_a_crash_between_lmdb_and_the_ref_moves_the_ref(void **state)
{
	const char *head;

	(void)state;
	edit_some();
	keep();
	head = seal_and_close();
	put_refs_back();
	lab_open(&a);
	assert_string_equal(lab_own_head(&a), head);
	assert_whole(head);
}

/* A power loss may take LMDB's last transaction while the ref stands. */
static void test_a_ref_ahead_of_lmdb_is_read_in(void **state)
{
	const char *head;

	(void)state;
	edit_some();
	keep();
	head = seal_and_close();
	put_back("data.mdb");
	lab_open(&a);
	assert_whole(head);
}

static void test_a_ref_ahead_of_lmdb_and_journal_is_read_in(void **state)
{
	const char *head;

	(void)state;
	edit_some();
	keep();
	head = seal_and_close();
	put_back("data.mdb");
	put_back("journal");
	lab_open(&a);
	assert_whole(head);
}

/* LMDB from before the edits, git from after: all of it comes back from git. */
static void test_an_older_lmdb_learns_from_the_mirror(void **state)
{
	const char *head;

	(void)state;
	keep();
	edit_some();
	head = seal_and_close();
	put_back("data.mdb");
	lab_open(&a);
	assert_whole(head);
}

static void test_an_older_lmdb_learns_from_the_journal(void **state)
{
	const char *head;

	(void)state;
	keep();
	edit_some();
	lab_close(&a);
	put_back("data.mdb");
	lab_open(&a);
	assert_int_equal(cts_seal(a.road, NULL), 4);
	head = lab_own_head(&a);
	assert_whole(head);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_agency, end_agencies)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_init_seals_the_root),
		T(test_each_change_is_a_commit_and_its_own_patch),
		T(test_a_commit_tells_at_most_50_edits),
		T(test_messages_arrive_as_they_were_given),
		T(test_an_author_of_any_name_can_speak),
		T(test_a_new_writer_begins_with_what_it_saw),
		T(test_what_a_pull_brought_is_seen_before_the_next_edit),
		T(test_a_conflict_stands_in_the_tree_until_it_is_settled),
		T(test_more_heads_than_parents_make_a_chain_of_seen_commits),
		T(test_sealing_again_makes_the_same_commits),
		T(test_a_crash_between_pack_and_lmdb_seals_again),
		T(test_a_crash_between_lmdb_and_the_cut_of_the_journal_is_mended),
		T(test_a_crash_between_lmdb_and_the_ref_moves_the_ref),
		T(test_a_ref_ahead_of_lmdb_is_read_in),
		T(test_a_ref_ahead_of_lmdb_and_journal_is_read_in),
		T(test_an_older_lmdb_learns_from_the_mirror),
		T(test_an_older_lmdb_learns_from_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
