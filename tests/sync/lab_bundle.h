/*
 * What the tests of bundles share: bundles made and taken in one word each, and two stores that never meet
 * a hub. Bundles are files in the lab.
 */
#ifndef TESTS_SYNC_LAB_BUNDLE_H
#define TESTS_SYNC_LAB_BUNDLE_H

#include "lab_agencies.h"

#include <fcntl.h>

#include "sync/bundle/bundle.h"

static struct cts_bundle_made made; /* by the last create() */

FIXTURE int try_create(struct lab_store *s, const char *name, const char *since)
{
	bool is_file = since && strstr(since, ".bundle");
	struct cts_bundle_options options = {
		.path = lab_path(name), .since = is_file ? lab_path(since) : since};

	made = (struct cts_bundle_made){0};
	return cts_bundle_create(&made, s->road, &options, NULL);
}

FIXTURE void create(struct lab_store *s, const char *name, const char *since)
{
	assert_ok(try_create(s, name, since));
}

FIXTURE int try_apply(struct lab_store *s, const char *name)
{
	int fd = open(lab_path(name), O_RDONLY), rc;

	assert_true(fd >= 0);
	cts_pull_release(&lab_pulled);
	lab_pulled = (struct cts_pull){0};
	rc = cts_bundle_apply(&lab_pulled, s->road, fd, name, NULL);
	close(fd);
	return rc;
}

FIXTURE void apply(struct lab_store *s, const char *name)
{
	assert_ok(try_apply(s, name));
}

FIXTURE bool acknowledge(struct lab_store *s)
{
	char change[CTS_CHANGE_TEXT];
	int rc = cts_receipt(change, s->road, NULL);

	assert_ok(rc);
	return rc == 1;
}

FIXTURE void show(struct cts_bundle_show *out, struct lab_store *s, const char *name)
{
	int fd = open(lab_path(name), O_RDONLY);

	assert_true(fd >= 0);
	*out = (struct cts_bundle_show){0};
	assert_ok(cts_bundle_show(out, s ? s->store : NULL, fd, name));
	close(fd);
}

FIXTURE struct cts_buf read_whole(const char *name)
{
	struct cts_buf bytes = {0};

	run_into(&bytes, "cat '%s'", lab_path(name));
	return bytes;
}

FIXTURE void write_whole(const char *name, const void *data, size_t size)
{
	int fd = open(lab_path(name), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* Everything of a store that a bundle could have changed. */
FIXTURE const char *state_of(struct lab_store *s)
{
	return lab_run("cd '%s' && git -C mirror.git for-each-ref && ls . mirror.git/objects/pack && "
		       "cat received && echo %s",
		s->path, lab_check(s));
}

/* A bare repository made of a bundle by git alone, which must find nothing amiss. */
FIXTURE void git_fetches(const char *repo, const char *bundle)
{
	lab_run("[ -d '%s' ] || git init -q --bare '%s'", lab_path(repo), lab_path(repo));
	lab_run("git -C '%s' bundle verify -q '%s' 2>&1", lab_path(repo), lab_path(bundle));
	lab_run("git -C '%s' fetch -q '%s' 'refs/heads/*:refs/heads/*' 2>&1", lab_path(repo),
		lab_path(bundle));
	lab_fsck(lab_path(repo));
}

/* DPMC's store `a`, and NZP's `b`, made of a's "all.bundle". */
FIXTURE int make_agencies_apart(void **state)
{
	make_lab(state);
	a = lab_init("a", "DPMC");
	lab_put(&a, "initiative/x", "title", "Grow");
	create(&a, "all.bundle", NULL);
	b = lab_clone("b", "NZP", "all.bundle");
	return 0;
}

#endif
