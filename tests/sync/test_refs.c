/*
 * References are read as git reads them: loose ones before packed ones, symbolic ones through what
 * they name; what is no reference is passed over in a list and told when asked for.
 */
#include "lab.h"

#include "sync/git/refs.h"

#define HUB lab_path("hub")

static int make_world(void **state)
{
	make_lab(state);
	lab_run("git init -q --bare -b main hub && cd hub && "
		"tree=$(git hash-object -t tree -w /dev/null) && "
		"for n in 1 2 3; do git -c user.name=a -c user.email=a@b commit-tree -m $n $tree; "
		"done >ids");
	return 0;
}

static const char *id(int n)
{
	return lab_run("sed -n %dp hub/ids", n);
}

static const char *get(const char *name)
{
	char hex[CTS_OID_HEX + 1];
	struct cts_oid oid;

	assert_ok(cts_refs_get(&oid, HUB, name));
	return cts_oid_is_zero(&oid) ? "" : lab_text("%s", cts_oid_format(hex, &oid));
}

/* As `git for-each-ref` prints them. */
static const char *list(void)
{
	struct cts_ref_entry *entries;
	struct cts_buf out = {0};
	char hex[CTS_OID_HEX + 1];
	const char *text;
	size_t count;

	assert_ok(cts_refs_list(&entries, &count, &lab_arena, HUB));
	for (size_t i = 0; i < count; i++)
		cts_buf_printf(&out, "%s%s %s", i ? "\n" : "", cts_oid_format(hex, &entries[i].oid),
			entries[i].name);
	text = lab_text("%s", cts_buf_text(&out));
	cts_buf_release(&out);
	return text;
}

static const char *git_list(void)
{
	return lab_run("git -C hub for-each-ref --format='%%(objectname) %%(refname)' 2>/dev/null");
}

static void test_loose_packed_and_both(void **state)
{
	(void)state;
	assert_string_equal(list(), "");
	lab_run("cd hub && git update-ref refs/heads/nzp/7f3a9c21d0b4e586 %s && "
		"git update-ref refs/heads/main %s && git tag -a -m x t %s 2>/dev/null || true",
		id(1), id(2), id(2));
	assert_string_equal(list(), git_list());
	lab_run("git -C hub pack-refs --all --prune");
	assert_string_equal(list(), git_list());
	assert_string_equal(get("refs/heads/main"), id(2));
	lab_run("cd hub && git update-ref refs/heads/main %s && git update-ref refs/heads/z %s",
		id(3), id(3));
	assert_string_equal(list(), git_list());
	assert_string_equal(get("refs/heads/main"), id(3));
	assert_string_equal(get("refs/heads/nzp/7f3a9c21d0b4e586"), id(1));
	assert_string_equal(get("refs/heads/nothing"), "");
	assert_string_equal(get("refs/heads/nzp"), "");
}

static void test_a_symbolic_reference_is_what_it_names(void **state)
{
	(void)state;
	lab_run("cd hub && git update-ref refs/heads/main %s && "
		"git symbolic-ref refs/heads/alias refs/heads/main",
		id(1));
	assert_string_equal(get("refs/heads/alias"), id(1));
	assert_string_equal(list(), lab_text("%s refs/heads/main", id(1)));
	lab_run("cd hub && git symbolic-ref refs/heads/round refs/heads/round");
	assert_string_equal(list(), lab_text("%s refs/heads/main", id(1)));
	lab_run("printf 'ref: refs/../../outside\n' >hub/refs/heads/out");
	struct cts_oid oid;
	assert_int_equal(cts_refs_get(&oid, HUB, "refs/heads/out"), CTS_EDAMAGED);
	assert_int_equal(cts_refs_get(&oid, HUB, "refs/heads/round"), CTS_EDAMAGED);
}

static void test_what_is_no_reference_does_not_hide_the_others(void **state)
{
	struct cts_oid oid;

	(void)state;
	lab_run("cd hub && git update-ref refs/heads/good %s && : >refs/heads/empty && "
		"echo rubbish >refs/heads/rubbish && echo %s >refs/heads/held.lock && "
		"printf '# pack-refs with: peeled \n%s refs/heads/packed\n^%s\nshort\n%s "
		"outside\n' "
		">packed-refs",
		id(1), id(1), id(2), id(3), id(3));
	assert_string_equal(
		list(), lab_text("%s refs/heads/good\n%s refs/heads/packed", id(1), id(2)));
	assert_int_equal(cts_refs_get(&oid, HUB, "refs/heads/empty"), CTS_EDAMAGED);
	assert_int_equal(cts_refs_get(&oid, HUB, "refs/heads/rubbish"), CTS_EDAMAGED);
}

static void test_folders_that_never_end_are_left(void **state)
{
	(void)state;
	lab_run("cd hub && git update-ref refs/heads/good %s && "
		"mkdir -p refs/heads/$(printf 'd/%%.0s' $(seq 200)) && ln -s . refs/heads/loop",
		id(1));
	assert_string_equal(list(), lab_text("%s refs/heads/good", id(1)));
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, remove_lab)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_loose_packed_and_both),
		T(test_a_symbolic_reference_is_what_it_names),
		T(test_what_is_no_reference_does_not_hide_the_others),
		T(test_folders_that_never_end_are_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
