/*
 * Bundles: what one store writes, git and the other stores read; a delta is for those who have what it
 * builds on; one that was cut or altered changes nothing, wherever that was done.
 */
#include "lab.h"

#include <fcntl.h>

#include "sync/bundle/bundle.h"

static struct lab_store a, b;

/* ---- bundles in one word each ---- */

static struct cts_bundle_made made;

static int try_create(struct lab_store *s, const char *name, const char *since)
{
	bool is_file = since && strstr(since, ".bundle");
	struct cts_bundle_options options = {
		.path = lab_path(name), .since = is_file ? lab_path(since) : since};

	made = (struct cts_bundle_made){0};
	return cts_bundle_create(&made, s->road, &options, NULL);
}

static void create(struct lab_store *s, const char *name, const char *since)
{
	assert_ok(try_create(s, name, since));
}

static int try_apply(struct lab_store *s, const char *name)
{
	int fd = open(lab_path(name), O_RDONLY), rc;

	assert_true(fd >= 0);
	cts_pull_release(&lab_pulled);
	lab_pulled = (struct cts_pull){0};
	rc = cts_bundle_apply(&lab_pulled, s->road, fd, name, NULL);
	close(fd);
	return rc;
}

static void apply(struct lab_store *s, const char *name)
{
	assert_ok(try_apply(s, name));
}

static bool acknowledge(struct lab_store *s)
{
	char change[CTS_CHANGE_TEXT];
	int rc = cts_receipt(change, s->road, NULL);

	assert_ok(rc);
	return rc == 1;
}

static void show(struct cts_bundle_show *out, struct lab_store *s, const char *name)
{
	int fd = open(lab_path(name), O_RDONLY);

	assert_true(fd >= 0);
	*out = (struct cts_bundle_show){0};
	assert_ok(cts_bundle_show(out, s ? s->store : NULL, fd, name));
	close(fd);
}

static struct cts_buf read_whole(const char *name)
{
	struct cts_buf bytes = {0};

	run_into(&bytes, "cat '%s'", lab_path(name));
	return bytes;
}

static void write_whole(const char *name, const void *data, size_t size)
{
	int fd = open(lab_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* Everything of a store that a bundle could have changed. */
static const char *state_of(struct lab_store *s)
{
	return lab_run("cd '%s' && git -C mirror.git for-each-ref && ls . mirror.git/objects/pack && "
		       "cat received && echo %s",
		s->path, lab_check(s));
}

/* A bare repository made of a bundle by git alone, which must find nothing amiss. */
static void git_fetches(const char *repo, const char *bundle)
{
	lab_run("[ -d '%s' ] || git init -q --bare '%s'", lab_path(repo), lab_path(repo));
	lab_run("git -C '%s' bundle verify -q '%s' 2>&1", lab_path(repo), lab_path(bundle));
	lab_run("git -C '%s' fetch -q '%s' 'refs/heads/*:refs/heads/*' 2>&1", lab_path(repo),
		lab_path(bundle));
	lab_fsck(lab_path(repo));
}

/* ---- the world: two stores that never meet a hub ---- */

static struct lab_store clone_bundle(const char *name, const char *code, const char *bundle)
{
	return lab_clone(name, code, bundle);
}

static int make_world(void **state)
{
	make_lab(state);
	a = lab_init("a", "DPMC");
	lab_put(&a, "initiative/x", "title", "Grow");
	create(&a, "all.bundle", NULL);
	b = clone_bundle("b", "NZP", "all.bundle");
	return 0;
}

static int end_world(void **state)
{
	lab_end();
	lab_close(&a);
	lab_close(&b);
	return remove_lab(state);
}

/* ---- the main road ---- */

static void test_a_store_is_made_of_a_bundle_and_has_no_remote(void **state)
{
	struct cts_remote *remotes;
	size_t count;

	(void)state;
	assert_int_equal(made.commits, 2);
	assert_alike(&a, &b);
	assert_sound(&b);
	assert_ok(cts_remotes(b.store, &remotes, &count, &lab_arena));
	assert_int_equal(count, 0);
	assert_string_equal(lab_run("grep -c ' pin ' b/received || true"), "0");
}

static void test_what_git_makes_of_a_bundle_is_sound(void **state)
{
	(void)state;
	git_fetches("plain.git", "all.bundle");
	assert_string_equal(lab_ref("plain.git", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(lab_run("git clone -q -b main all.bundle tree 2>&1; ls tree/records"),
		"agency\ninitiative");
	/* and of the next ones: a delta, and one of everything whose view follows from the first's */
	lab_put(&a, "initiative/x", "title", "Grow more");
	create(&a, "delta.bundle", "all.bundle");
	git_fetches("plain.git", "delta.bundle");
	lab_put(&a, "initiative/y", "title", "Another");
	create(&a, "all.bundle", NULL);
	git_fetches("plain.git", "all.bundle");
	assert_string_equal(lab_ref("plain.git", lab_branch(&a)), lab_own_head(&a));
	assert_string_equal(
		lab_run("git -C plain.git rev-list --count --author=view@ctsync main"), "2");
	assert_non_null(strstr(
		lab_run("git -C plain.git show main:records/initiative/x.json"), "Grow more"));
}

static void test_a_bundle_brings_what_was_edited_and_nothing_twice(void **state)
{
	const char *after;

	(void)state;
	lab_put(&a, "initiative/x", "title", "Grow more");
	lab_put(&a, "initiative/y", "title", "New");
	create(&a, "two.bundle", "all.bundle");
	assert_int_equal(made.commits, 2);
	assert_int_equal(made.base_count, 1);
	apply(&b, "two.bundle");
	assert_int_equal(lab_pulled.commits, 2);
	assert_int_equal(lab_pulled.records_changed, 2);
	assert_alike(&a, &b);
	assert_sound(&b);
	after = state_of(&b);
	apply(&b, "two.bundle");
	assert_int_equal(lab_pulled.commits, 0);
	apply(&b, "all.bundle"); /* an old one, late: in order */
	assert_int_equal(lab_pulled.commits, 0);
	assert_string_equal(state_of(&b), after);
}

static void test_what_is_pending_is_sealed_first_on_both_sides(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "of a");
	create(&a, "two.bundle", "all.bundle");
	assert_int_equal(made.commits, 1);
	lab_put(&b, "initiative/x", "title", "of b");
	apply(&b, "two.bundle");
	assert_int_equal(lab_sides(&b, "initiative/x", "title"), 2);
	assert_int_equal(lab_pulled.conflicts, 1);
	assert_sound(&b);
	create(&b, "back.bundle", "two.bundle");
	apply(&a, "back.bundle");
	assert_alike(&a, &b);
}

static void test_out_of_order_is_refused_and_then_taken(void **state)
{
	const char *before;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "two.bundle", "all.bundle");
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "two.bundle");
	before = state_of(&b);
	assert_int_equal(try_apply(&b, "three.bundle"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "builds on 1 commit that is not here"));
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), lab_writer(&a)));
	assert_non_null(strstr(cts_error_hint(), "--since"));
	assert_string_equal(state_of(&b), before);
	apply(&b, "two.bundle");
	apply(&b, "three.bundle");
	assert_alike(&a, &b);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "third");
}

static void test_a_bundle_of_another_programme_is_refused(void **state)
{
	struct lab_store other = lab_init("other", "GCSB");

	(void)state;
	create(&other, "other.bundle", NULL);
	assert_int_equal(try_apply(&a, "other.bundle"), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_message(CTS_EREFUSED), "another programme"));
	assert_int_equal(try_create(&a, "x.bundle", "other.bundle"), CTS_EREFUSED);
	assert_string_equal(lab_run("ls *.bundle"), "all.bundle\nother.bundle");
	lab_close(&other);
}

static void test_nothing_of_a_remote_is_touched(void **state)
{
	uint64_t pending, sealed;

	(void)state;
	lab_hub("hub");
	lab_remote(&a, "origin", "hub");
	lab_remote(&b, "origin", "hub");
	lab_push(&a, "origin");
	lab_put(&a, "initiative/x", "title", "later");
	create(&a, "two.bundle", "all.bundle");
	apply(&b, "two.bundle");
	/* what came in a file is not known to be at the hub */
	assert_ok(cts_unpushed(b.store, "origin", &pending, &sealed));
	lab_pull(&b, "origin");
	lab_push(&b, "origin");
	assert_string_equal(lab_ref("hub", lab_branch(&a)), lab_own_head(&a));
	lab_push(&a, "origin");
	assert_alike(&a, &b);
}

/* ---- since ---- */

static void test_since_an_agency_is_since_what_it_showed(void **state)
{
	(void)state;
	lab_put(&b, "initiative/x", "notes", "from b");
	create(&b, "b.bundle", "DPMC");
	assert_int_equal(made.commits, 2); /* the seen commit and the edit */
	apply(&a, "b.bundle");
	/* a has seen all of it, and b does not know */
	lab_put(&a, "initiative/x", "title", "answer");
	create(&a, "a.bundle", "NZP");
	assert_int_equal(made.commits, 2);
	create(&a, "a.bundle", "nzp@2199-01-01"); /* replaced: it is ours */
	assert_int_equal(made.commits, 2);
	apply(&b, "a.bundle");
	assert_alike(&a, &b);
	assert_int_equal(try_create(&a, "c.bundle", "GCSB"), CTS_EVALUE);
	assert_non_null(strstr(cts_error_message(CTS_EVALUE), "'GCSB'"));
}

static void test_since_a_change_a_commit_a_date(void **state)
{
	const char *head = lab_own_head(&a);

	(void)state;
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "c.bundle", lab_text("%.8s.2", lab_writer(&a)));
	assert_int_equal(made.commits, 1);
	create(&a, "c.bundle", lab_text("%.10s", head));
	assert_int_equal(made.commits, 1);
	apply(&b, "c.bundle");
	assert_alike(&a, &b);
	create(&a, "c.bundle", "2001-01-01");
	assert_int_equal(made.commits, 3);
	assert_int_equal(made.base_count, 0);
	create(&a, "d.bundle", "2150-01-01");
	assert_int_equal(made.commits, 0);
	assert_int_equal(access(lab_path("d.bundle"), F_OK), -1);
	assert_int_equal(try_create(&a, "d.bundle", "ffffffffff"), CTS_ENOTFOUND);
	assert_int_equal(try_create(&a, "d.bundle", "nowhere.bundle"), CTS_EIO);
	assert_int_equal(try_create(&a, "d.bundle", lab_path("a/config")), CTS_EINTEGRITY);
}

static void test_nothing_new_writes_nothing(void **state)
{
	const char *before = state_of(&a);

	(void)state;
	create(&a, "none.bundle", "all.bundle");
	assert_int_equal(made.commits, 0);
	assert_int_equal(access(lab_path("none.bundle"), F_OK), -1);
	assert_string_equal(state_of(&a), before);
}

static void test_a_receipt_says_what_was_seen_and_is_not_acknowledged(void **state)
{
	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "a.bundle", "all.bundle");
	apply(&b, "a.bundle");
	assert_true(acknowledge(&b));
	assert_false(acknowledge(&b));
	create(&b, "b.bundle", "DPMC");
	assert_int_equal(made.commits, 1);
	apply(&a, "b.bundle");
	assert_false(acknowledge(&a));
	/* now a knows what b has */
	create(&a, "none.bundle", "NZP");
	assert_int_equal(made.commits, 0);
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "a.bundle", "NZP");
	assert_int_equal(made.commits, 2);
	apply(&b, "a.bundle");
	assert_true(acknowledge(&b));
	assert_alike(&a, &b);
	assert_sound(&a);
	assert_sound(&b);
}

/* ---- the file ---- */

static void test_only_a_bundle_of_ours_is_replaced(void **state)
{
	struct cts_bundle_options options = {.path = lab_path("notes.txt"), .replace = true};

	(void)state;
	lab_run("echo precious > notes.txt; : > empty.bundle; mkdir folder; ln -s all.bundle link");
	assert_int_equal(try_create(&a, "notes.txt", NULL), CTS_EREFUSED);
	assert_non_null(strstr(cts_error_hint(), "--force"));
	assert_string_equal(lab_run("cat notes.txt"), "precious");
	assert_int_equal(try_create(&a, "folder", NULL), CTS_EREFUSED);
	assert_int_equal(try_create(&a, "nowhere/x.bundle", NULL), CTS_EIO);
	create(&a, "empty.bundle", NULL);
	create(&a, "all.bundle", NULL);
	lab_put(&a, "initiative/x", "title", "through the link");
	create(&a, "link", NULL);
	assert_string_equal(lab_run("readlink link; git bundle list-heads all.bundle | grep -c %s",
				    lab_own_head(&a)),
		"all.bundle\n1");
	assert_ok(cts_bundle_create(&made, a.road, &options, NULL));
	git_fetches("plain.git", "notes.txt");
	/* no temporary file is left */
	assert_string_equal(lab_run("ls | grep -v -e ^a$ -e ^b$ -e ^plain.git$ | paste -sd ' '"),
		"all.bundle empty.bundle folder link notes.txt");
}

static void test_a_bundle_goes_behind_what_a_descriptor_has(void **state)
{
	int fd = open(lab_path("x"), O_RDWR | O_CREAT, 0666);
	struct cts_bundle_options options = {.fd = fd};

	(void)state;
	assert_true(fd >= 0);
	assert_ok(cts_bundle_create(&made, a.road, &options, NULL));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), made.bytes);
	close(fd);
	git_fetches("plain.git", "x");
}

/* ---- show ---- */

static void test_show_tells_what_is_new_and_what_is_missing(void **state)
{
	struct cts_bundle_show s;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "two.bundle", "all.bundle");
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "two.bundle");

	show(&s, &b, "three.bundle");
	assert_int_equal(s.version, 2);
	assert_true(s.is_right && s.is_header_sealed);
	assert_int_equal(s.whose, CTS_BUNDLE_OURS);
	assert_int_equal(s.commits, 1);
	assert_int_equal(s.new_commits, 1);
	assert_int_equal(s.need_count, 1);
	assert_false(s.needs[0].is_here);
	assert_string_equal(s.needs[0].name, lab_text("dpmc %s.3", lab_writer(&a)));
	assert_int_equal(s.branch_count, 1);
	assert_false(s.branches[0].is_here);
	assert_string_equal(s.branches[0].authors[0], LAB_AUTHOR);
	assert_true(s.branches[0].first > 0 && s.branches[0].first <= s.branches[0].last);
	assert_true(cts_oid_is_zero(&s.main));
	cts_bundle_show_release(&s);

	show(&s, &a, "three.bundle");
	assert_true(s.needs[0].is_here && s.branches[0].is_here);
	assert_int_equal(s.commits, 1);
	assert_int_equal(s.new_commits, 0);
	cts_bundle_show_release(&s);

	show(&s, NULL, "all.bundle");
	assert_int_equal(s.whose, CTS_BUNDLE_UNKNOWN);
	assert_int_equal(s.new_commits, 2);
	assert_false(cts_oid_is_zero(&s.main));
	cts_bundle_show_release(&s);
}

static void test_show_of_an_altered_pack_looks_no_further(void **state)
{
	struct cts_buf bytes = read_whole("all.bundle");
	struct cts_bundle_show s;

	(void)state;
	bytes.data[bytes.size - 30] ^= 1;
	write_whole("bad.bundle", bytes.data, bytes.size);
	show(&s, &b, "bad.bundle");
	assert_false(s.is_right);
	assert_int_equal(s.commits, 0);
	assert_int_equal(s.branch_count, 1);
	cts_bundle_show_release(&s);
	cts_buf_release(&bytes);
}

/* ---- bundles that git made ---- */

static void test_a_bundle_that_git_made_is_shown_and_applied(void **state)
{
	struct cts_bundle_show s;

	(void)state;
	for (int i = 0; i < 30; i++)
		lab_put(&a, "initiative/x", "notes",
			lab_text("a long text that changes little, so that git makes deltas %d", i));
	assert_ok(cts_seal(a.road, NULL));
	lab_run("git -C '%s' -c pack.window=50 bundle create -q --version=3 '%s' --branches "
		"--not %s 2>&1",
		lab_mirror(&a), lab_path("git.bundle"),
		lab_run("git -C '%s' rev-parse %s~30", lab_mirror(&a), lab_branch(&a)));
	show(&s, &b, "git.bundle");
	assert_int_equal(s.version, 3);
	assert_false(s.is_header_sealed);
	assert_int_equal(s.new_commits, 30);
	assert_int_equal(s.unreadable, 0);
	cts_bundle_show_release(&s);
	apply(&b, "git.bundle");
	assert_alike(&a, &b);
	assert_sound(&b);
}

static void test_commits_that_are_deltas_are_read(void **state)
{
	struct cts_bundle_show s;
	const char *pack;

	(void)state;
	for (int i = 0; i < 20; i++)
		lab_put(&a, "initiative/x", "notes", lab_text("line\nand line\nand line %d", i));
	create(&a, "whole.bundle", NULL);
	git_fetches("plain.git", "whole.bundle");
	lab_run("git -C plain.git repack -q -a -d -f --depth=20 --window=50");
	pack = lab_run("ls '%s'/plain.git/objects/pack/*.pack", repo_dir);
	/* at least one commit must be a delta, or this tests nothing */
	assert_int_not_equal(
		atoi(lab_run("git verify-pack -v '%s' | "
			     "grep -c '^[0-9a-f]* commit .* [0-9a-f]\\{40\\}$'",
			pack)),
		0);
	lab_run("{ sed '/^$/q' whole.bundle; cat '%s'; } > deltas.bundle", pack);
	show(&s, &b, "deltas.bundle");
	assert_int_equal(s.commits, 22);
	assert_int_equal(s.new_commits, 20);
	assert_int_equal(s.unreadable, 0);
	cts_bundle_show_release(&s);
	apply(&b, "deltas.bundle");
	assert_alike(&a, &b);
}

/* ---- cut and altered ---- */

static void make_small_delta(void)
{
	lab_put(&a, "initiative/x", "title", "second");
	lab_put(&a, "initiative/y", "title", "new");
	create(&a, "small.bundle", "all.bundle");
}

static void test_a_bundle_cut_anywhere_changes_nothing(void **state)
{
	const char *before = state_of(&b);
	struct cts_buf bytes;

	(void)state;
	make_small_delta();
	bytes = read_whole("small.bundle");
	for (size_t size = 0; size < bytes.size; size++) {
		write_whole("cut.bundle", bytes.data, size);
		if (try_apply(&b, "cut.bundle") != CTS_EINTEGRITY)
			fail_msg("cut at %zu of %zu", size, bytes.size);
	}
	cts_buf_putc(&bytes, '\n');
	write_whole("longer.bundle", bytes.data, bytes.size);
	assert_int_equal(try_apply(&b, "longer.bundle"), CTS_EINTEGRITY);
	assert_string_equal(state_of(&b), before);
	apply(&b, "small.bundle");
	assert_alike(&a, &b);
	cts_buf_release(&bytes);
}

static void test_a_bundle_with_any_byte_altered_changes_nothing(void **state)
{
	const char *before = state_of(&b);
	struct cts_buf bytes;

	(void)state;
	random_start("any byte altered");
	make_small_delta();
	bytes = read_whole("small.bundle");
	for (size_t at = 0; at < bytes.size; at++) {
		char was = bytes.data[at], flips[] = {(char)(1 << random_below(8)), 1, 0x20};

		for (size_t i = 0; i < COUNT(flips); i++) {
			bytes.data[at] = (char)(was ^ flips[i]);
			write_whole("bad.bundle", bytes.data, bytes.size);
			if (try_apply(&b, "bad.bundle") != CTS_EINTEGRITY)
				fail_msg("byte %zu of %zu: %02x for %02x", at, bytes.size,
					(unsigned char)bytes.data[at], (unsigned char)was);
		}
		bytes.data[at] = was;
	}
	assert_string_equal(state_of(&b), before);
	apply(&b, "small.bundle");
	assert_alike(&a, &b);
	cts_buf_release(&bytes);
}

static void test_headers_that_are_none_are_refused(void **state)
{
	static const struct {
		const char *text;
		int rc;
	} headers[] = {
		{"", CTS_EINTEGRITY},
		{"\n\n", CTS_EINTEGRITY},
		{"# v1 git bundle\n\n", CTS_EINTEGRITY},
		{"# v4 git bundle\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n", CTS_EINTEGRITY},
		{"# v2 git bundle\nrefs/heads/x\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n0123 refs/heads/x\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789\n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 \n\n", CTS_EINTEGRITY},
		{"# v2 git bundle\n" "012345678901234567890123456789012345678X refs/x\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 refs/\033[2J\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n" "0123456789012345678901234567890123456789 refs/x\n"
		 "-0123456789012345678901234567890123456789 late\n\n",
			CTS_EINTEGRITY},
		{"# v2 git bundle\n@object-format=sha1\n\n", CTS_EINTEGRITY},
		{"# v3 git bundle\n@object-format=sha256\n\n", CTS_ENEWER},
		{"# v3 git bundle\n@filter=blob:none\n\n", CTS_ENEWER},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		write_whole("bad.bundle", headers[i].text, strlen(headers[i].text));
		if (try_apply(&b, "bad.bundle") != headers[i].rc)
			fail_msg("header %zu: %s", i, cts_error_message(headers[i].rc));
	}
	lab_run("mkdir folder");
	assert_int_equal(try_apply(&b, "folder"), CTS_EIO);
}

/* ---- whole, and yet not honest ---- */

/* The header of one bundle before the pack of another. */
static void join(const char *name, struct cts_bundle_head *head, const void *pack, size_t size)
{
	struct cts_buf bytes = {0};

	cts_bundle_head_write(&bytes, head);
	cts_buf_put(&bytes, pack, size);
	write_whole(name, bytes.data, bytes.size);
	cts_buf_release(&bytes);
}

static struct cts_bundle_head head_of(const char *name)
{
	int fd = open(lab_path(name), O_RDONLY);
	struct cts_bundle_head head;

	assert_true(fd >= 0);
	assert_ok(cts_bundle_head_read(&head, &lab_arena, fd));
	close(fd);
	return head;
}

static void test_a_pack_that_lacks_something_is_refused_and_forgotten(void **state)
{
	struct cts_bundle_head head;
	const char *before, *commits;
	struct cts_buf pack = {0}, bytes;

	(void)state;
	make_small_delta();
	before = state_of(&b);
	head = head_of("small.bundle");
	/* the commits without their trees */
	commits = lab_run("git -C '%s' rev-list %s --not %s~2", lab_mirror(&a), lab_branch(&a),
		lab_branch(&a));
	run_into(&pack, "echo '%s' | git -C '%s' pack-objects -q --stdout", commits,
		lab_mirror(&a));
	join("bare.bundle", &head, pack.data, pack.size);
	assert_int_equal(try_apply(&b, "bare.bundle"), CTS_EINTEGRITY);
	assert_string_equal(lab_check(&b), strrchr(before, '\n') + 1);
	/* a branch at what nobody sends */
	for (size_t i = 0; i < head.ref_count; i++)
		if (strstr(head.refs[i].name, "dpmc"))
			head.refs[i].oid.bytes[3] ^= 1;
	bytes = read_whole("small.bundle");
	join("lost.bundle", &head, bytes.data + head.pack_start, bytes.size - head.pack_start);
	assert_int_equal(try_apply(&b, "lost.bundle"), CTS_EINTEGRITY);
	/* a thin pack that hides what it builds on, for someone who lacks it */
	lab_put(&a, "initiative/x", "title", "third");
	create(&a, "three.bundle", "small.bundle");
	head = head_of("three.bundle");
	head.base_count = 0;
	cts_buf_release(&bytes);
	bytes = read_whole("three.bundle");
	{
		struct cts_bundle_head whole = head_of("three.bundle");

		join("hidden.bundle", &head, bytes.data + whole.pack_start,
			bytes.size - whole.pack_start);
	}
	assert_int_equal(try_apply(&b, "hidden.bundle"), CTS_EINTEGRITY);
	assert_string_equal(lab_check(&b), strrchr(before, '\n') + 1);
	assert_string_equal(lab_run("ls b | grep -c quarantine || true"), "0");
	/* none of this is held against what comes whole */
	apply(&b, "small.bundle");
	apply(&b, "three.bundle");
	assert_alike(&a, &b);
	assert_sound(&b);
	cts_buf_release(&bytes);
	cts_buf_release(&pack);
}

static void test_a_malformed_commit_in_a_bundle_harms_nobody_else(void **state)
{
	struct lab_forger evil;

	(void)state;
	lab_put(&a, "initiative/x", "title", "second");
	create(&a, "honest.bundle", NULL);
	git_fetches("evil.git", "honest.bundle");
	evil = lab_forger(lab_path("evil.git"), "gcsb", "00000000000000ee");
	lab_see(&evil, lab_own_head(&a));
	lab_forge_file(&evil, "README.md", "hello\n");
	lab_run("git -C evil.git bundle create -q '%s' --branches 2>&1", lab_path("evil.bundle"));
	assert_int_equal(try_apply(&b, "evil.bundle"), CTS_EINTEGRITY);
	assert_int_equal(lab_pulled.refused_count, 1);
	assert_string_equal(lab_get(&b, "initiative/x", "title"), "second");
	assert_sound(&b);
	assert_alike(&a, &b);
}

/* ---- what cannot travel on a branch ---- */

static void test_a_copied_stores_work_travels_too(void **state)
{
	struct lab_store c;

	(void)state;
	/* b's line is forked: a copy that was made before, and edited as if it were b */
	lab_put(&b, "initiative/x", "notes", "of b");
	create(&b, "b1.bundle", "all.bundle");
	lab_close(&b);
	lab_run("cp -a b saved");
	lab_open(&b);
	lab_put(&b, "initiative/x", "notes", "of b, later");
	create(&b, "b2.bundle", "all.bundle");
	lab_close(&b);
	lab_run("cp -r saved/. b"); /* the same files: it is no copy */
	lab_open(&b);
	lab_put(&b, "initiative/y", "title", "of b, on an older state");
	create(&b, "b3.bundle", "all.bundle");
	apply(&a, "b2.bundle");
	apply(&a, "b3.bundle");
	create(&a, "both.bundle", NULL);
	c = clone_bundle("c", "MFE", "both.bundle");
	assert_alike(&a, &c);
	assert_string_equal(lab_get(&c, "initiative/y", "title"), "of b, on an older state");
	assert_string_equal(lab_get(&c, "initiative/x", "notes"), "of b, later");
	apply(&b, "both.bundle");
	assert_alike(&a, &b);
	git_fetches("plain.git", "both.bundle");
	lab_close(&c);
}

/* ---- three stores and a stick ---- */

struct stick {
	struct lab_store stores[3];
	const char *codes[3];
	int carried; /* bundles so far */
};

static void edit(struct stick *stick, size_t who)
{
	static const char *const keys[] = {"initiative/x", "initiative/y", "initiative/z"};
	struct lab_store *store = &stick->stores[who];
	const char *key = keys[random_below(COUNT(keys))];
	bool is_new = strcmp(lab_get(store, key, "title"), "(none)") == 0;

	lab_settle(store, key, is_new || random_below(3) ? "title" : "notes",
		lab_text("%s %d", stick->codes[who], (int)random_below(1000)));
}

/* One carries a bundle to another, made since whatever it knows; now and then the receiver answers. */
static void carry(struct stick *stick, size_t from, size_t to)
{
	const char *name = lab_text("stick-%d.bundle", stick->carried++), *since = NULL;
	int rc;

	switch (random_below(4)) {
	case 0:
		break;
	case 1:
		since = "2001-01-01";
		break;
	default:
		since = stick->codes[to];
	}
	rc = try_create(&stick->stores[from], name, since);
	if (rc == CTS_EVALUE) /* it never heard of it */
		rc = try_create(&stick->stores[from], name, NULL);
	assert_ok(rc);
	if (!made.commits)
		return;
	apply(&stick->stores[to], name);
	if (!random_below(3))
		acknowledge(&stick->stores[to]);
	if (!random_below(4)) {
		apply(&stick->stores[to], name);
		assert_int_equal(lab_pulled.commits, 0);
	}
}

static void test_three_stores_that_only_exchange_bundles_agree(void **state)
{
	const char *given = getenv("CTS_ROUNDS");
	int rounds = given ? atoi(given) : 60;
	struct stick stick = {.stores = {a, b}, .codes = {"DPMC", "NZP", "MFE"}};

	(void)state;
	random_start("three stores");
	stick.stores[2] = clone_bundle("c", "MFE", "all.bundle");
	for (int i = 0; i < rounds; i++) {
		size_t from = random_below(3), to = (from + 1 + random_below(2)) % 3;

		edit(&stick, from);
		if (random_below(2))
			edit(&stick, to);
		carry(&stick, from, to);
	}
	/* round the circle twice, everything */
	for (size_t i = 0; i < 6; i++) {
		const char *name = lab_text("last-%zu.bundle", i);

		create(&stick.stores[i % 3], name, NULL);
		apply(&stick.stores[(i + 1) % 3], name);
		git_fetches(lab_text("git-%zu.git", i), name);
	}
	assert_alike(&stick.stores[0], &stick.stores[1]);
	assert_alike(&stick.stores[0], &stick.stores[2]);
	for (size_t i = 0; i < 3; i++)
		assert_sound(&stick.stores[i]);
	lab_close(&stick.stores[2]);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_store_is_made_of_a_bundle_and_has_no_remote),
		T(test_what_git_makes_of_a_bundle_is_sound),
		T(test_a_bundle_brings_what_was_edited_and_nothing_twice),
		T(test_what_is_pending_is_sealed_first_on_both_sides),
		T(test_out_of_order_is_refused_and_then_taken),
		T(test_a_bundle_of_another_programme_is_refused),
		T(test_nothing_of_a_remote_is_touched),
		T(test_since_an_agency_is_since_what_it_showed),
		T(test_since_a_change_a_commit_a_date),
		T(test_nothing_new_writes_nothing),
		T(test_a_receipt_says_what_was_seen_and_is_not_acknowledged),
		T(test_only_a_bundle_of_ours_is_replaced),
		T(test_a_bundle_goes_behind_what_a_descriptor_has),
		T(test_show_tells_what_is_new_and_what_is_missing),
		T(test_show_of_an_altered_pack_looks_no_further),
		T(test_a_bundle_that_git_made_is_shown_and_applied),
		T(test_commits_that_are_deltas_are_read),
		T(test_a_bundle_cut_anywhere_changes_nothing),
		T(test_a_bundle_with_any_byte_altered_changes_nothing),
		T(test_headers_that_are_none_are_refused),
		T(test_a_pack_that_lacks_something_is_refused_and_forgotten),
		T(test_a_malformed_commit_in_a_bundle_harms_nobody_else),
		T(test_a_copied_stores_work_travels_too),
		T(test_three_stores_that_only_exchange_bundles_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
