/*
 * Repositories on this machine's disks: made whole or not at all, read with whatever lies about in
 * them, their references moved only from where they were.
 */
#include "lab.h"

#include <fcntl.h>
#include <sys/stat.h>

static const char head[] = "refs/heads/dpmc/7f3a9c21d0b4e586";

static struct cts_oid some_commit(const char *repo, const char *message)
{
	return oid_of(lab_run("git -C %s -c user.name=A -c user.email=a@b commit-tree -m '%s' "
			      "$(git -C %s hash-object -t tree -w --stdin </dev/null)",
		repo, message, repo));
}

static void test_a_new_repository_is_bare_empty_and_sound(void **state)
{
	struct cts_repo *repo;
	struct cts_ref_entry *refs;
	struct cts_oid oid;
	size_t count;

	(void)state;
	assert_ok(cts_repo_create(lab_path("hub")));
	assert_string_equal(lab_run("git -C hub symbolic-ref HEAD"), "refs/heads/main");
	assert_string_equal(lab_run("git -C hub rev-parse --is-bare-repository"), "true");
	assert_string_equal(lab_run("ls"), "hub");
	lab_fsck("hub");
	assert_ok(cts_repo_open(&repo, lab_path("hub")));
	assert_ok(cts_repo_refs(repo, &refs, &count, &lab_arena));
	assert_int_equal(count, 0);
	assert_ok(cts_repo_ref(repo, &oid, head));
	assert_true(cts_oid_is_zero(&oid));
	cts_repo_close(repo);
}

static void test_a_repository_has_the_modes_that_the_user_wants(void **state)
{
	mode_t old = umask(077);
	struct stat info;

	(void)state;
	assert_ok(cts_repo_create(lab_path("private")));
	umask(022);
	assert_ok(cts_repo_create(lab_path("open")));
	umask(old);
	assert_int_equal(stat(lab_path("private"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0700);
	assert_int_equal(stat(lab_path("open"), &info), 0);
	assert_int_equal(info.st_mode & 0777, 0755);
}

static void test_nothing_is_made_where_something_is(void **state)
{
	(void)state;
	lab_run("mkdir there && echo precious > there/file");
	assert_int_equal(cts_repo_create(lab_path("there")), CTS_EREFUSED);
	assert_int_equal(cts_repo_create(lab_path("missing/hub")), CTS_EIO);
	assert_string_equal(lab_run("ls . there"), ".:\nthere\n\nthere:\nfile");
}

static void test_what_is_no_repository_is_unreachable(void **state)
{
	struct cts_repo *repo;

	(void)state;
	lab_run("mkdir empty && git init -q outer && mkdir outer/inner && echo x > file");
	assert_int_equal(cts_repo_open(&repo, lab_path("empty")), CTS_EUNREACHABLE);
	assert_int_equal(cts_repo_open(&repo, lab_path("nowhere")), CTS_EUNREACHABLE);
	assert_int_equal(cts_repo_open(&repo, lab_path("file")), CTS_EUNREACHABLE);
	/* a repository above is not the one that was named */
	assert_int_equal(cts_repo_open(&repo, lab_path("outer/inner")), CTS_EUNREACHABLE);
	assert_non_null(cts_error_hint());
	/* one with a work tree is */
	assert_ok(cts_repo_open(&repo, lab_path("outer")));
	cts_repo_close(repo);
}

static void test_references_move_only_from_where_they_were(void **state)
{
	struct cts_oid one, two, found, none = {0};
	struct cts_repo *repo;

	(void)state;
	lab_hub("hub");
	one = some_commit("hub", "one");
	two = some_commit("hub", "two");
	assert_ok(cts_repo_open(&repo, lab_path("hub")));
	assert_int_equal(cts_repo_move(repo, head, &one, &two), CTS_EREJECTED);
	assert_ok(cts_repo_move(repo, head, &none, &one));
	assert_int_equal(cts_repo_move(repo, head, &none, &two), CTS_EREJECTED);
	assert_int_equal(cts_repo_move(repo, head, &two, &one), CTS_EREJECTED);
	assert_ok(cts_repo_ref(repo, &found, head));
	assert_true(cts_oid_equal(&found, &one));
	assert_ok(cts_repo_move(repo, head, &one, &two));
	assert_ok(cts_repo_ref(repo, &found, head));
	assert_true(cts_oid_equal(&found, &two));
	/* the same for what git has packed */
	lab_run("git -C hub pack-refs --all");
	assert_int_equal(cts_repo_move(repo, head, &one, &two), CTS_EREJECTED);
	assert_ok(cts_repo_move(repo, head, &two, &one));
	assert_string_equal(lab_ref("hub", head + 11), lab_run("git -C hub rev-parse %s", head));
	cts_repo_close(repo);
	lab_fsck("hub");
}

static void test_a_locked_reference_is_told(void **state)
{
	struct cts_oid one, none = {0};
	struct cts_repo *repo;

	(void)state;
	lab_hub("hub");
	one = some_commit("hub", "one");
	lab_run("mkdir -p hub/refs/heads/dpmc && touch hub/%s.lock", head);
	assert_ok(cts_repo_open(&repo, lab_path("hub")));
	assert_int_equal(cts_repo_move(repo, head, &none, &one), CTS_ELOCKED);
	lab_run("touch hub/refs/heads/x.lock hub/HEAD.lock hub/packed-refs.lock hub/config.lock");
	cts_remove_stale_locks(lab_path("hub"));
	assert_string_equal(lab_run("find hub -name '*.lock'"), "hub/config.lock");
	assert_ok(cts_repo_move(repo, head, &none, &one));
	cts_repo_close(repo);
}

static void test_refs_are_listed_whatever_lies_beside_them(void **state)
{
	struct cts_ref_entry *refs;
	struct cts_repo *repo;
	struct cts_oid one;
	char hex[CTS_OID_HEX + 1];
	size_t count;

	(void)state;
	lab_hub("hub");
	one = some_commit("hub", "one");
	cts_oid_format(hex, &one);
	lab_run("git -C hub update-ref refs/heads/packed %s && git -C hub pack-refs --all", hex);
	lab_run("git -C hub update-ref refs/heads/b %s && git -C hub update-ref refs/tags/a %s",
		hex, hex);
	lab_run("echo garbage > hub/refs/heads/broken && echo 'ref: refs/heads/b' > "
		"hub/refs/heads/symbolic");
	lab_run("touch hub/refs/heads/empty hub/refs/heads/locked.lock");
	assert_ok(cts_repo_open(&repo, lab_path("hub")));
	assert_ok(cts_repo_refs(repo, &refs, &count, &lab_arena));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		assert_true(cts_oid_equal(&refs[i].oid, &one));
	cts_repo_close(repo);
}

static void test_branches_of_writers_are_told_from_others(void **state)
{
	static const struct {
		const char *name;
		bool is_branch;
	} names[] = {
		{"refs/heads/dpmc/7f3a9c21d0b4e586", true},
		{"refs/heads/a-1/0000000000000000", true},
		{"refs/heads/dpmc/7F3A9C21D0B4E586", false},
		{"refs/heads/dpmc/7f3a9c21d0b4e58", false},
		{"refs/heads/dpmc/7f3a9c21d0b4e5867", false},
		{"refs/heads/dpmc/7f3a9c21d0b4e58g", false},
		{"refs/heads/dpmc/x/7f3a9c21d0b4e586", false},
		{"refs/heads/main/7f3a9c21d0b4e586", false},
		{"refs/heads/root/7f3a9c21d0b4e586", false},
		{"refs/heads/DPMC/7f3a9c21d0b4e586", false},
		{"refs/heads/a.lock/7f3a9c21d0b4e586", false},
		{"refs/heads/../7f3a9c21d0b4e586", false},
		{"refs/heads//7f3a9c21d0b4e586", false},
		{"refs/heads/7f3a9c21d0b4e586", false},
		{"refs/heads/nzp", false},
		{"refs/heads/", false},
		{"refs/tags/dpmc/7f3a9c21d0b4e586", false},
		{"heads/dpmc/7f3a9c21d0b4e586", false},
		{"", false},
	};
	const char *agency, *writer;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (cts_branch_parse(&agency, &writer, &lab_arena, names[i].name) !=
			names[i].is_branch)
			fail_msg("'%s'", names[i].name);
	assert_true(cts_branch_parse(&agency, &writer, &lab_arena, names[0].name));
	assert_string_equal(agency, "dpmc");
	assert_string_equal(writer, "7f3a9c21d0b4e586");
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_lab, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_a_new_repository_is_bare_empty_and_sound),
		T(test_a_repository_has_the_modes_that_the_user_wants),
		T(test_nothing_is_made_where_something_is),
		T(test_what_is_no_repository_is_unreachable),
		T(test_references_move_only_from_where_they_were),
		T(test_a_locked_reference_is_told),
		T(test_refs_are_listed_whatever_lies_beside_them),
		T(test_branches_of_writers_are_told_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
