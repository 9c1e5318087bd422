/*
 * What the tests of links share: a hub that git serves, run by a stand-in for ssh or behind http, a
 * repository `work` whose last commit the hub lacks, that commit as a `pack`, and what the server said.
 * The stand-in can be any script, and so speak the protocol wrong.
 */
#ifndef TESTS_SYNC_LAB_LINK_H
#define TESTS_SYNC_LAB_LINK_H

#include "lab_http.h"

#include "sync/link/link.h"
#include "sync/link/pkt.h"

#define ZERO "0000000000000000000000000000000000000000"

static const char *ssh_url, *http_url, *head, *second;
static struct cts_buf said;

FIXTURE void hear(void *context, const char *line)
{
	(void)context;
	cts_buf_printf(&said, "%s\n", line);
}

static const struct cts_progress progress = {.server_says = hear};
static struct cts_link_options options = {.idle_s = 20, .progress = &progress};

/* A program in the lab that GIT_SSH names. */
FIXTURE void ssh_is(const char *script)
{
	FILE *file = fopen(lab_path("ssh"), "w");

	assert_non_null(file);
	assert_true(fprintf(file, "#!/bin/sh\ncd '%s'\n%s\n", repo_dir, script) > 0);
	assert_int_equal(fclose(file), 0);
	lab_run("chmod +x ssh");
	setenv("GIT_SSH", lab_path("ssh"), 1);
}

/* The command of the other side, run here. */
static const char honest[] = "for last; do :; done\nprintf '%s\\n' \"$@\" >args\nexec sh -c \"exec $last\"";

FIXTURE int make_servers(void **state)
{
	make_lab(state);
	unsetenv("GIT_SSH_COMMAND");
	options.idle_s = 20;
	ssh_is(honest);
	lab_run("git config --file gitconfig user.name x && git config --file gitconfig user.email x@x");
	setenv("GIT_CONFIG_GLOBAL", lab_path("gitconfig"), 1);
	lab_run("mkdir srv && git init -q --bare srv/hub && git -C srv/hub config http.receivepack true");
	lab_run("git init -q -b w work && cd work && for i in 1 2 3; do echo $i >f$i && git add . && "
		"git commit -q -m $i; done");
	head = lab_run("git -C work rev-parse HEAD");
	second = lab_run("git -C work rev-parse HEAD~1");
	lab_run("git -C work push -q ../srv/hub HEAD~1:refs/heads/base 2>/dev/null");
	lab_run("git -C work pack-objects -q --revs --stdout >pack <<X\nHEAD\n^HEAD~1\nX\n");
	ssh_url = lab_text("ssh://ana@hub%s/srv/hub", repo_dir);
	http_url = NULL;
	cts_buf_clear(&said);
	return 0;
}

FIXTURE int end_servers(void **state)
{
	if (http_url)
		lab_http_end();
	unsetenv("GIT_SSH");
	return remove_lab(state);
}

/* ssh, then http */
FIXTURE const char *url_of(int kind)
{
	if (kind == 0)
		return ssh_url;
	if (!http_url)
		http_url = lab_text("%s/hub", lab_http());
	return http_url;
}

FIXTURE struct cts_link *link_to(const char *url, enum cts_link_service service)
{
	struct cts_link *link;

	assert_ok(cts_link_open(&link, url, service, &options));
	return link;
}

FIXTURE size_t find(const struct cts_link *link, const char *name)
{
	size_t count;
	const struct cts_ref_entry *refs = cts_link_refs(link, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(refs[i].name, name) == 0)
			return i;
	fail_msg("no %s", name);
	return 0;
}

FIXTURE const char *in_hub(const char *branch)
{
	return lab_ref("srv/hub", branch);
}

FIXTURE void assert_says(int rc, const char *words)
{
	if (!strstr(cts_error_message(rc), words))
		fail_msg("'%s' has no '%s'", cts_error_message(rc), words);
}

FIXTURE void assert_hint(const char *words)
{
	if (!cts_error_hint() || !strstr(cts_error_hint(), words))
		fail_msg("hint '%s' has no '%s'", cts_error_hint() ? cts_error_hint() : "", words);
}

/* Opening fails with these words. */
FIXTURE void assert_closed(const char *url, enum cts_link_service service, int code, const char *words)
{
	struct cts_link *link = NULL;
	int rc = cts_link_open(&link, url, service, &options);

	if (rc != code)
		fail_msg("%d, not %d: %s", rc, code, rc < 0 ? cts_error_message(rc) : "it is open");
	assert_null(link);
	assert_says(rc, words);
	assert_null(strchr(cts_error_message(rc), '\n'));
	assert_non_null(cts_error_hint());
}

/* ---- pushing ---------------------------------------------------------------------------------- */

FIXTURE struct cts_link_command command(const char *name, const char *old, const char *new)
{
	struct cts_link_command command = {.name = name};

	assert_true(cts_oid_parse(&command.old, old));
	assert_true(cts_oid_parse(&command.new, new));
	return command;
}

FIXTURE int push_to(const char *url, struct cts_link_command *commands, size_t count, const char *pack)
{
	struct cts_link *link = link_to(url, CTS_LINK_PUSH);
	int rc = cts_link_push(link, commands, count, pack);

	/* What it says lives in the link. */
	for (size_t i = 0; i < count; i++)
		if (commands[i].why)
			commands[i].why = lab_text("%s", commands[i].why);
	cts_link_close(link);
	return rc;
}

/* ---- servers of a script ---------------------------------------------------------------------- */

/* Bytes that a script of ssh's can print. */
FIXTURE void put_file(const char *name, const struct cts_buf *bytes)
{
	FILE *file = fopen(lab_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(cts_buf_text(bytes), 1, bytes->size, file), bytes->size);
	assert_int_equal(fclose(file), 0);
}

/* The file `advert`: what a service of the hub lists. */
FIXTURE void keep_advert(const char *service)
{
	lab_run("git %s --http-backend-info-refs srv/hub >advert", service);
}

/* Says something else in its place, of the same length. */
FIXTURE void advert_without(const char *capability)
{
	lab_run("sed -i 's/%s/x%s/g' advert", capability, capability + 1);
}

/* An empty repository `q` to fetch into. */
FIXTURE const char *new_receiver(void)
{
	lab_run("rm -rf q && git init -q --bare q");
	return lab_path("q");
}

/* One of what the server lists, into a repository that has `have` (NULL: nothing). */
FIXTURE int fetch_one(struct cts_link *link, const char *git_dir, size_t wanted, const struct cts_oid *have)
{
	size_t count;
	const struct cts_ref_entry *refs = cts_link_refs(link, &count);
	const struct cts_link_wish wish = {
		.wants = &refs[wanted].oid, .want_count = 1, .haves = have, .have_count = have != NULL};

	assert_true(wanted < count);
	return cts_link_fetch(link, git_dir, &wish);
}

#endif
