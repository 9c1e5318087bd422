/*
 * Links to servers of every kind that can be made here: git run by a stand-in for ssh, git behind http,
 * and scripts that speak the protocol wrong. What a server says is told as it is, what it does not say
 * is never taken for a success, and whatever it does ends in words and in time.
 */
#include "lab_http.h"

#include <signal.h>

#include "proto/time.h"
#include "sync/link/link.h"
#include "sync/link/pkt.h"

#define ZERO "0000000000000000000000000000000000000000"

static const char *ssh_url, *http_url, *head, *second;
static struct cts_buf said;

static void hear(void *context, const char *line)
{
	(void)context;
	cts_buf_printf(&said, "%s\n", line);
}

static const struct cts_progress progress = {.server_says = hear};
static struct cts_link_options options = {.idle_s = 20, .progress = &progress};

/* A program in the lab that GIT_SSH names. */
static void ssh_is(const char *script)
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

static int make_world(void **state)
{
	make_lab(state);
	unsetenv("GIT_SSH_COMMAND");
	setenv("GIT_TERMINAL_PROMPT", "0", 1);
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

static int end_world(void **state)
{
	if (http_url)
		lab_http_end();
	unsetenv("GIT_SSH");
	return remove_lab(state);
}

/* ssh, then http */
static const char *url_of(int kind)
{
	if (kind == 0)
		return ssh_url;
	if (!http_url)
		http_url = lab_text("%s/hub", lab_http());
	return http_url;
}

static struct cts_link *link_to(const char *url, enum cts_link_service service)
{
	struct cts_link *link;

	assert_ok(cts_link_open(&link, url, service, &options));
	return link;
}

static void assert_says(int rc, const char *words)
{
	if (!strstr(cts_error_message(rc), words))
		fail_msg("'%s' has no '%s'", cts_error_message(rc), words);
}

static void assert_hint(const char *words)
{
	if (!cts_error_hint() || !strstr(cts_error_hint(), words))
		fail_msg("hint '%s' has no '%s'", cts_error_hint() ? cts_error_hint() : "", words);
}

/* Opening fails with these words. */
static void assert_closed(const char *url, enum cts_link_service service, int code, const char *words)
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

static size_t find(const struct cts_link *link, const char *name)
{
	size_t count;
	const struct cts_ref_entry *refs = cts_link_refs(link, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(refs[i].name, name) == 0)
			return i;
	fail_msg("no %s", name);
	return 0;
}

static const char *in_hub(const char *branch)
{
	return lab_ref("srv/hub", branch);
}

static void put_hook(const char *name, const char *script)
{
	lab_run("printf '#!/bin/sh\\n%s\\n' > srv/hub/hooks/%s && chmod +x srv/hub/hooks/%s", script,
		name, name);
}

static struct cts_link_command command(const char *name, const char *old, const char *new)
{
	struct cts_link_command command = {.name = name};

	assert_true(cts_oid_parse(&command.old, old));
	assert_true(cts_oid_parse(&command.new, new));
	return command;
}

/* ---- reading ---------------------------------------------------------------------------------- */

static void test_what_is_wanted_is_fetched_and_nothing_else(void **state)
{
	(void)state;
	lab_run("git -C work push -q ../srv/hub HEAD:refs/heads/other 2>/dev/null && "
		"git -C work tag -a -m t v1 && git -C work push -q ../srv/hub v1 2>/dev/null");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link *link = link_to(url_of(kind), CTS_LINK_FETCH);
		const struct cts_ref_entry *refs;
		char hex[CTS_OID_HEX + 1];
		size_t count, wanted;

		refs = cts_link_refs(link, &count);
		assert_int_equal(count, 3); /* without HEAD and v1^{} */
		wanted = find(link, "refs/heads/base");
		assert_string_equal(cts_oid_format(hex, &refs[wanted].oid), second);
		find(link, "refs/heads/other");
		find(link, "refs/tags/v1");
		assert_true(cts_link_can(link, "ofs-delta"));
		assert_true(cts_link_can(link, "agent"));
		assert_false(cts_link_can(link, "report-status"));
		lab_run("rm -rf q && git init -q --bare q");
		assert_ok(cts_link_fetch(link, lab_path("q"), &wanted, 1));
		cts_link_close(link);
		lab_run("git -C q cat-file -e %s^{tree}", second);
		assert_int_not_equal(run_into(NULL, "git -C q cat-file -e %s 2>/dev/null", head), 0);
		assert_string_equal(lab_run("git -C q for-each-ref"), "");
		/* What is there already is not asked for again. */
		link = link_to(url_of(kind), CTS_LINK_FETCH);
		assert_ok(cts_link_fetch(link, lab_path("q"), &wanted, 1));
		cts_link_close(link);
		assert_string_equal(lab_run("ls q/objects/pack/*.pack | wc -l"), "1");
		/* The difference to that is. */
		wanted = 0;
		link = link_to(url_of(kind), CTS_LINK_FETCH);
		wanted = find(link, "refs/heads/other");
		assert_ok(cts_link_fetch(link, lab_path("q"), &wanted, 1));
		cts_link_close(link);
		lab_run("git -C q cat-file -e %s^{tree}", head);
	}
}

static void test_an_empty_repository_has_no_references(void **state)
{
	(void)state;
	lab_run("git -C srv/hub update-ref -d refs/heads/base");
	for (int kind = 0; kind < 2; kind++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			struct cts_link *link = link_to(url_of(kind), service);
			size_t count;

			cts_link_refs(link, &count);
			assert_int_equal(count, 0);
			if (service == CTS_LINK_PUSH)
				assert_true(cts_link_can(link, "report-status"));
			cts_link_close(link);
		}
}

static void test_a_thousand_branches_arrive(void **state)
{
	(void)state;
	lab_run("for i in $(seq 1 3000); do echo create refs/heads/some-agency/%%016x$i %s; done | "
		"sed 's/%%016x/a-long-name-of-a-branch-/' | git -C srv/hub update-ref --stdin", second);
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link *link = link_to(url_of(kind), CTS_LINK_PUSH);
		size_t count;

		cts_link_refs(link, &count);
		assert_int_equal(count, 3001);
		find(link, "refs/heads/some-agency/a-long-name-of-a-branch-3000");
		cts_link_close(link);
	}
}

static void test_ssh_is_run_as_git_runs_it(void **state)
{
	(void)state;
	cts_link_close(link_to(ssh_url, CTS_LINK_FETCH));
	assert_string_equal(lab_run("cat args"),
		lab_text("ana@hub\ngit-upload-pack '%s/srv/hub'", repo_dir));
	cts_link_close(link_to(lab_text("ssh://hub:2222%s/srv/hub", repo_dir), CTS_LINK_PUSH));
	assert_string_equal(lab_run("cat args"),
		lab_text("-p\n2222\nhub\ngit-receive-pack '%s/srv/hub'", repo_dir));
	cts_link_close(link_to("bo@hub:srv/hub", CTS_LINK_FETCH));
	assert_string_equal(lab_run("cat args"), "bo@hub\ngit-upload-pack 'srv/hub'");
	/* A name that a shell would read. */
	lab_run("mv srv/hub \"srv/it's \\$(touch x)!\"");
	cts_link_close(link_to("bo@hub:srv/it's $(touch x)!", CTS_LINK_FETCH));
	assert_int_not_equal(access(lab_path("x"), F_OK), 0);
}

static void test_only_a_single_word_of_git_ssh_command_is_run(void **state)
{
	(void)state;
	ssh_is("exit 3");
	lab_run("mkdir bin && printf '#!/bin/sh\\ntouch %s/ran\\nexit 4\\n' >bin/mine && chmod +x bin/mine",
		repo_dir);
	setenv("GIT_SSH_COMMAND", lab_text("%s -v", lab_path("bin/mine")), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "status 3");
	unsetenv("GIT_SSH");
	setenv("GIT_SSH_COMMAND", lab_path("bin/mine"), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "status 4");
	assert_int_equal(access(lab_path("ran"), F_OK), 0);
	unsetenv("GIT_SSH_COMMAND");
	setenv("GIT_SSH", lab_path("bin/nothing"), 1);
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "there is no");
}

/* ---- ssh that does not come through ----------------------------------------------------------- */

static void test_why_ssh_did_not_come_through_is_told(void **state)
{
	static const struct {
		const char *script;
		int code;
		const char *words, *hint, *said;
	} ways[] = {
		{"echo 'ana@hub: Permission denied (publickey).' >&2; exit 255", CTS_EAUTH,
			"does not let you in: ana@hub: Permission denied (publickey).", "agent", ""},
		{"echo '@@@ REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.' "
		 ">&2; exit 255", CTS_EAUTH, "host key", "connect once with ssh",
			"@@@ REMOTE HOST IDENTIFICATION HAS CHANGED! @@@\nHost key verification failed.\n"},
		{"echo 'ssh: connect to host hub port 22: Connection refused' >&2; exit 255",
			CTS_EUNREACHABLE, "cannot reach", "network", ""},
		{"echo 'sh: 1: git-upload-pack: not found' >&2; exit 127", CTS_EUNREACHABLE,
			"has no git for this account", "install git there", ""},
		{"echo \"fatal: '/x' does not appear to be a git repository\" >&2; exit 128",
			CTS_EUNREACHABLE, "'/x' does not appear to be a git repository", "address", ""},
		{"echo 'ERROR: Repository not found.\nPlease make sure that it exists.' >&2; exit 1",
			CTS_EUNREACHABLE, ": Repository not found.", "address",
			"ERROR: Repository not found.\nPlease make sure that it exists.\n"},
		{"exit 0", CTS_EUNREACHABLE, "ssh ended with status 0", "address", ""},
		{"kill -9 $$", CTS_EUNREACHABLE, "ssh ended", "address", ""},
		{"echo 'fatal: /srv/x/objects: Permission denied' >&2; exit 128", CTS_EUNREACHABLE,
			"/srv/x/objects: Permission denied", "address", ""},
		{"printf 'no line end' >&2; exit 255", CTS_EUNREACHABLE, "no line end", "address", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		cts_buf_clear(&said);
		ssh_is(ways[i].script);
		assert_closed(ssh_url, CTS_LINK_FETCH, ways[i].code, ways[i].words);
		assert_hint(ways[i].hint);
		assert_string_equal(cts_buf_text(&said), ways[i].said);
	}
}

static void test_words_before_the_server_s_first_are_passed_on(void **state)
{
	(void)state;
	ssh_is(lab_text("echo Welcome to the hub >&2\n%s", honest));
	cts_link_close(link_to(ssh_url, CTS_LINK_FETCH));
	assert_string_equal(cts_buf_text(&said), "Welcome to the hub\n");
}

/* ---- servers that speak wrong ----------------------------------------------------------------- */

/* Bytes that a script of ssh's can print. */
static void put_file(const char *name, const struct cts_buf *bytes)
{
	FILE *file = fopen(lab_path(name), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(cts_buf_text(bytes), 1, bytes->size, file), bytes->size);
	assert_int_equal(fclose(file), 0);
}

static void test_garbage_is_no_server(void **state)
{
	static const char *const garbage[] = {
		"Welcome to this account. It is for authorised users alone.",
		"0", "000", "zzzz", "0003", "0001", "fff1", "0008hell",
		"0000",   /* not even capabilities */
		"0032" ZERO " x",
		"003fxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx refs/heads/base\n0000",
		"000dERR no", "001eERR access denied, go away",
		"0000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(garbage); i++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			struct cts_link *link = NULL;
			int rc;

			ssh_is(lab_text("printf '%%s' '%s'", garbage[i]));
			rc = cts_link_open(&link, ssh_url, service, &options);
			if (rc == 0) {
				size_t count;

				/* It lists nothing, and there is nothing to be done with it. */
				cts_link_refs(link, &count);
				assert_int_equal(count, 0);
				assert_false(cts_link_can(link, "report-status"));
				cts_link_close(link);
				continue;
			}
			assert_int_equal(rc, CTS_EUNREACHABLE);
			assert_non_null(cts_error_hint());
		}
	ssh_is("printf '001eERR access denied, go away'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "access denied, go away");
}

static void test_a_list_that_is_cut_anywhere_is_told(void **state)
{
	size_t size;

	(void)state;
	lab_run("git upload-pack --http-backend-info-refs srv/hub >advert");
	size = (size_t)atoi(lab_run("wc -c <advert"));
	assert_true(size > 100);
	random_start("cut");
	for (int i = 0; i < 12; i++) {
		ssh_is(lab_text("head -c %zu advert; exit 1", i ? random_below(size - 1) : size - 1));
		assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "'ssh://");
	}
}

static void test_a_list_without_an_end_is_not_heard_to_it(void **state)
{
	(void)state;
	if (is_under_valgrind())
		skip();
	ssh_is("exec yes '003c0123456789abcdef0123456789abcdef01234567 refs/heads/a/b'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "lists more branches");
	ssh_is("exec yes '003c# 23456789abcdef0123456789abcdef01234567 refs/heads/a/b'");
	assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "lists more branches");
}

static void test_names_that_are_none_are_left_out(void **state)
{
	static const char *const names[] = {"refs/heads/..", "refs/heads/a b", "refs/heads/a\x1b[31mb",
		"refs/heads/x.lock", "HEAD", "refs/heads/good", "refs/heads/", "../../etc", ".have"};
	struct cts_buf advert = {0};
	struct cts_link *link;
	const struct cts_ref_entry *refs;
	size_t count;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct cts_buf line = {0};

		cts_buf_printf(&line, "%s %s", head, names[i]);
		if (i == 0) {
			cts_buf_putc(&line, '\0');
			cts_buf_puts(&line, "report-status");
		}
		cts_pkt_put(&advert, line.data, line.size);
		cts_buf_release(&line);
	}
	cts_pkt_put_flush(&advert);
	put_file("advert", &advert);
	cts_buf_release(&advert);
	ssh_is("cat advert; exec sleep 100");
	link = link_to(ssh_url, CTS_LINK_PUSH);
	refs = cts_link_refs(link, &count);
	assert_int_equal(count, 1);
	assert_string_equal(refs[0].name, "refs/heads/good");
	assert_true(cts_link_can(link, "report-status"));
	cts_link_close(link);
}

/* `git upload-pack` up to its list, then something else. */
static void test_a_pack_that_is_none_is_refused(void **state)
{
	static const struct {
		const char *script;
		int code;
	} packs[] = {
		{"printf '0008NAK\\n'; printf 'PACK00000000000000000000000000000000'", CTS_EINTEGRITY},
		{"printf '0008NAK\\n'; printf 'hello, this is no pack at all, is it?'", CTS_EINTEGRITY},
		{"printf '0008NAK\\n'; head -c 100 pack", CTS_EUNREACHABLE},
		{"printf '0008NAK\\n'", CTS_EUNREACHABLE},
		{"printf 'nothing of that kind'", CTS_EUNREACHABLE},
		{"printf '0012ERR too large\\n'", CTS_EUNREACHABLE},
		{"echo 'fatal: no memory' >&2; exit 128", CTS_EUNREACHABLE},
		{"kill -9 $$", CTS_EUNREACHABLE},
	};

	(void)state;
	/* without a side band, so that a script can write the pack */
	lab_run("git upload-pack --http-backend-info-refs srv/hub | sed 's/side-band/xide-band/g' "
		">advert");
	for (size_t i = 0; i < COUNT(packs); i++) {
		struct cts_link *link;
		size_t wanted;
		int rc;

		ssh_is(lab_text("cat advert; head -c 60 >/dev/null; %s", packs[i].script));
		link = link_to(ssh_url, CTS_LINK_FETCH);
		wanted = find(link, "refs/heads/base");
		lab_run("rm -rf q && git init -q --bare q");
		rc = cts_link_fetch(link, lab_path("q"), &wanted, 1);
		cts_link_close(link);
		if (rc != packs[i].code && !(rc == CTS_EUNREACHABLE || rc == CTS_EINTEGRITY))
			fail_msg("%zu: %d %s", i, rc, cts_error_message(rc));
		assert_null(strchr(cts_error_message(rc), '\n'));
		assert_string_equal(lab_run("ls q/objects/pack"), "");
	}
	ssh_is("cat advert; head -c 60 >/dev/null; printf '0008NAK\\n'; cat pack");
	/* a thin pack whose base is not there, or one of something else: the parent checks what is in it */
}

static void test_a_server_that_stalls_is_left(void **state)
{
	static const char *const scripts[] = {
		"exec sleep 100",
		"printf 00; exec sleep 100",
		"head -c 50 advert; exec sleep 100",
		"(sleep 100) & echo $! >pid; wait",
	};
	int64_t began;

	(void)state;
	options.idle_s = 1;
	lab_run("git upload-pack --http-backend-info-refs srv/hub >advert");
	for (size_t i = 0; i < COUNT(scripts); i++) {
		ssh_is(scripts[i]);
		began = cts_time_now_ms();
		assert_closed(ssh_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "was silent for 1 s");
		assert_true(cts_time_now_ms() - began < 10000);
		assert_hint("network.idletimeout");
	}
	lab_run("kill $(cat pid)");
	url_of(1);
	lab_run("echo stall >srv/fault");
	assert_closed(http_url, CTS_LINK_FETCH, CTS_EUNREACHABLE, "was silent for 1 s");
	/* and one that stalls later */
	ssh_is("cat advert; head -c 60 >/dev/null; exec sleep 100");
	for (int i = 0; i < 1; i++) {
		struct cts_link *link = link_to(ssh_url, CTS_LINK_FETCH);
		size_t wanted = find(link, "refs/heads/base");

		lab_run("rm -rf q && git init -q --bare q");
		assert_int_equal(
			cts_link_fetch(link, lab_path("q"), &wanted, 1), CTS_EUNREACHABLE);
		assert_says(CTS_EUNREACHABLE, "was silent for 1 s");
		cts_link_close(link);
	}
}

static void test_ssh_ends_with_the_link(void **state)
{
	struct cts_link *link;
	pid_t pid;

	(void)state;
	ssh_is(lab_text("echo $$ >pid\n%s", honest));
	link = link_to(ssh_url, CTS_LINK_FETCH);
	pid = atoi(lab_run("cat pid"));
	assert_int_equal(kill(pid, 0), 0);
	cts_link_close(link);
	for (int i = 0; i < 500; i++) {
		const char *at = lab_run("cut -d' ' -f3 /proc/%d/stat 2>/dev/null || true", (int)pid);

		if (!at[0] || at[0] == 'Z')
			return;
		usleep(10000);
	}
	fail_msg("%d still runs", (int)pid);
}

/* ---- pushing ---------------------------------------------------------------------------------- */

static int push_to(const char *url, struct cts_link_command *commands, size_t count, const char *pack)
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

static void test_a_push_moves_what_it_names(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command commands[] = {
			command(lab_text("refs/heads/new%d", kind), ZERO, head),
			command("refs/heads/base", second, head),
		};

		assert_ok(push_to(url_of(kind), commands, 2, lab_path("pack")));
		for (int i = 0; i < 2; i++) {
			assert_true(commands[i].is_done);
			assert_null(commands[i].why);
		}
		assert_string_equal(in_hub("base"), head);
		assert_string_equal(in_hub(lab_text("new%d", kind)), head);
		/* what is there needs no pack */
		commands[0] = command(lab_text("refs/heads/more%d", kind), ZERO, second);
		assert_ok(push_to(url_of(kind), commands, 1, NULL));
		assert_true(commands[0].is_done);
		assert_string_equal(in_hub(lab_text("more%d", kind)), second);
		lab_run("git -C srv/hub update-ref refs/heads/base %s", second);
	}
	lab_fsck("srv/hub");
}

static void test_a_large_pack_goes_through(void **state)
{
	const char *large;

	(void)state;
	lab_run("cd work && head -c 3000000 /dev/urandom >large && git add . && git commit -q -m large && "
		"git pack-objects -q --revs --stdout >../pack <<X\nHEAD\n^HEAD~2\nX\n");
	large = lab_run("git -C work rev-parse HEAD");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command one =
			command(lab_text("refs/heads/large%d", kind), ZERO, large);

		assert_ok(push_to(url_of(kind), &one, 1, lab_path("pack")));
		assert_true(one.is_done);
	}
	lab_fsck("srv/hub");
}

static void test_a_refusal_is_told_by_the_branch_in_the_server_s_words(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		const char *name = lab_text("refs/heads/yes%d", kind);
		struct cts_link_command commands[] = {
			command("refs/heads/no", ZERO, head),
			command(name, ZERO, head),
			command("refs/heads/base", ZERO, head), /* it is not at zero */
		};

		put_hook("update", "echo looking at $1; echo; case $1 in *no) echo never; exit 1;; esac");
		cts_buf_clear(&said);
		assert_ok(push_to(url_of(kind), commands, 3, lab_path("pack")));
		assert_false(commands[0].is_done);
		assert_string_equal(commands[0].why, "hook declined");
		assert_true(commands[1].is_done);
		assert_false(commands[2].is_done);
		assert_non_null(commands[2].why);
		assert_non_null(strstr(cts_buf_text(&said), "looking at refs/heads/no\nnever\n"));
		assert_string_equal(in_hub("no"), "");
		assert_string_equal(in_hub(name + strlen("refs/heads/")), head);
		assert_string_equal(in_hub("base"), second);
	}
}

static void test_a_hook_before_all_refuses_all(void **state)
{
	(void)state;
	put_hook("pre-receive", "echo \"no pushing on Sundays\"; printf \"and that\\047s that\"; exit 1");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command commands[] = {command("refs/heads/a", ZERO, head),
			command("refs/heads/b", ZERO, second)};

		cts_buf_clear(&said);
		assert_ok(push_to(url_of(kind), commands, 2, lab_path("pack")));
		for (int i = 0; i < 2; i++) {
			assert_false(commands[i].is_done);
			assert_string_equal(commands[i].why, "pre-receive hook declined");
		}
		assert_string_equal(cts_buf_text(&said), "no pushing on Sundays\nand that's that\n");
	}
	assert_string_equal(in_hub("a"), "");
}

static void test_words_after_the_report_are_heard(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	put_hook("post-receive", "sleep 0.2; echo mail is sent");
	assert_ok(push_to(ssh_url, &one, 1, lab_path("pack")));
	assert_true(one.is_done);
	assert_string_equal(cts_buf_text(&said), "mail is sent\n");
}

static void test_a_hook_that_hangs_after_the_report_takes_nothing_back(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	options.idle_s = 1;
	put_hook("post-receive", "exec sleep 4");
	assert_ok(push_to(ssh_url, &one, 1, lab_path("pack")));
	assert_true(one.is_done);
	assert_null(cts_error_hint());
	assert_string_equal(in_hub("a"), head);
}

static void test_a_pack_that_the_server_cannot_unpack_is_rejected(void **state)
{
	(void)state;
	lab_run("head -c 100 pack >bad; printf 'no pack' >worse");
	for (int kind = 0; kind < 2; kind++) {
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_int_equal(
			push_to(url_of(kind), &one, 1, lab_path("bad")), CTS_EREJECTED);
		assert_says(CTS_EREJECTED, "could not unpack");
		assert_false(one.is_done);
		assert_int_not_equal(push_to(url_of(kind), &one, 1, lab_path("worse")), 0);
		assert_false(one.is_done);
	}
	assert_string_equal(in_hub("a"), "");
}

static void test_a_pack_that_is_not_there_is_our_own_fault(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	assert_int_equal(push_to(ssh_url, &one, 1, lab_path("nothing")), CTS_EIO);
	assert_says(CTS_EIO, "nothing");
}

/* ---- reports that a script makes -------------------------------------------------------------- */

/* A server that reads some of a push and answers with these lines, in a side band or not. */
static void server_answers(const char *const *lines, bool has_side_band, const char *end)
{
	struct cts_buf report = {0}, answer = {0};

	for (; *lines; lines++)
		if ((*lines)[0] == '!')
			cts_buf_puts(&report, *lines + 1); /* as it is */
		else
			cts_pkt_put(&report, *lines, strlen(*lines));
	if (has_side_band) {
		/* in pieces that do not end where the lines do */
		for (size_t at = 0; at < report.size; at += 7) {
			struct cts_buf band = {0};

			cts_buf_putc(&band, 1);
			cts_buf_put(&band, report.data + at,
				report.size - at < 7 ? report.size - at : 7);
			cts_pkt_put(&answer, band.data, band.size);
			cts_buf_release(&band);
		}
		cts_pkt_put(&answer, "\2words of a script\n", 19);
		cts_pkt_put(&answer, "\2", 1);
		cts_pkt_put(&answer, "\1", 1);
		cts_pkt_put_flush(&answer);
	} else {
		cts_buf_put(&answer, report.data, report.size);
	}
	put_file("answer", &answer);
	lab_run("git receive-pack --http-backend-info-refs srv/hub %s >advert",
		has_side_band ? "" : "| sed 's/side-band/xide-band/'");
	ssh_is(lab_text("cat advert; head -c 100 >/dev/null; cat answer; %s", end));
	cts_buf_release(&report);
	cts_buf_release(&answer);
}

static void test_the_report_is_the_only_success(void **state)
{
	static const struct {
		const char *lines[8];
		int code;
		const char *a, *b; /* why; NULL: done */
	} reports[] = {
		{{"unpack ok\n", "ok refs/heads/a\n", "ok refs/heads/b\n", "!0000"}, 0, NULL, NULL},
		{{"unpack ok", "ok refs/heads/a", "ng refs/heads/b it rains", "!0000"}, 0, NULL,
			"it rains"},
		{{"unpack ok\n", "ok refs/heads/a\n", "!0000"}, 0, NULL, "the server did not say"},
		{{"unpack ok\n", "!0000"}, 0, "the server did not say", "the server did not say"},
		{{"unpack ok\n", "ok refs/heads/c\n", "ok refs/heads/aa\n", "ok refs/heads/\n", "!0000"}, 0,
			"the server did not say", "the server did not say"},
		{{"unpack ok\n", "ng refs/heads/a\n", "ng refs/heads/b \n", "!0000"}, 0,
			"it does not say why", ""},
		/* both: refused, in whatever order */
		{{"unpack ok\n", "ok refs/heads/a\n", "ng refs/heads/a later\n", "ng refs/heads/b no\n",
			"ok refs/heads/b\n", "!0000"}, 0, "later", "no"},
		{{"unpack it is full\n", "ng refs/heads/a unpacker error\n", "!0000"}, CTS_EREJECTED,
			"unpacker error", "the server did not say"},
		{{"unpack it is full\n", "ok refs/heads/a\n", "!0000"}, CTS_EREJECTED, "", NULL},
		{{"ok refs/heads/a\n", "!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"hello\n", "!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"!0000"}, CTS_EUNREACHABLE, NULL, NULL},
		{{"!zzzz"}, CTS_EUNREACHABLE, NULL, NULL},
		/* cut after what it said of one */
		{{"unpack ok\n", "ok refs/heads/a\n", "!0019ok refs"}, 0, NULL, "the server did not say"},
		{{"unpack ok\n", "!0019ok refs/heads/a"}, 0, "the server did not say",
			"the server did not say"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(reports); i++)
		for (int band = 0; band < 2; band++) {
			struct cts_link_command commands[] = {command("refs/heads/a", ZERO, head),
				command("refs/heads/b", ZERO, head)};
			int rc;

			server_answers(reports[i].lines, band, "exit 0");
			cts_buf_clear(&said);
			rc = push_to(ssh_url, commands, 2, lab_path("pack"));
			if (rc != reports[i].code)
				fail_msg("%zu, %d: %d %s", i, band, rc,
					rc < 0 ? cts_error_message(rc) : "");
			if (rc == CTS_EUNREACHABLE || (rc == CTS_EREJECTED && !reports[i].b)) {
				assert_false(commands[0].is_done || commands[1].is_done);
				continue;
			}
			assert_int_equal(commands[0].is_done, !reports[i].a);
			assert_int_equal(commands[1].is_done, !reports[i].b);
			if (reports[i].a)
				assert_string_equal(commands[0].why, reports[i].a);
			if (reports[i].b)
				assert_string_equal(commands[1].why, reports[i].b);
			if (band)
				assert_string_equal(cts_buf_text(&said), "words of a script\n");
		}
}

static void test_a_push_without_a_report_is_no_success(void **state)
{
	static const char *const ends[] = {
		"cat advert; head -c 100 >/dev/null",
		"cat advert; head -c 100 >/dev/null; exit 1",
		"cat advert; exit 0",
		"cat advert; kill -9 $$",
		"cat advert; head -c 100 >/dev/null; echo 'fatal: the disk is full' >&2; exit 128",
		"cat advert; head -c 100 >/dev/null; printf '0018\\003the hub is on fire\\n'; sleep 0.1",
		"cat advert; head -c 100 >/dev/null; printf 'what'",
		"cat advert; head -c 100 >/dev/null; printf '0006\\011x'",
	};
	static const char *const words[] = {"", "", "", "", "the disk is full", "the hub is on fire",
		"makes no sense", "makes no sense"};

	(void)state;
	lab_run("git receive-pack --http-backend-info-refs srv/hub >advert");
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct cts_link_command one = command("refs/heads/a", ZERO, head);
		int rc;

		ssh_is(ends[i]);
		rc = push_to(ssh_url, &one, 1, lab_path("pack"));
		if (rc != CTS_EUNREACHABLE)
			fail_msg("%zu: %d", i, rc);
		assert_says(rc, words[i]);
		assert_hint("push again");
		assert_false(one.is_done);
		assert_string_equal(one.why, "the server did not say");
	}
	/* one that would not report is not pushed to at all */
	lab_run("sed -i 's/report-status/xeport-status/g' advert");
	ssh_is("cat advert; cat >sent");
	{
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_int_equal(push_to(ssh_url, &one, 1, lab_path("pack")), CTS_EREJECTED);
		assert_false(one.is_done);
		usleep(100000);
		assert_string_equal(lab_run("cat sent 2>/dev/null || true"), "");
	}
}

static void test_a_report_without_an_end_is_not_heard_to_it(void **state)
{
	struct cts_link_command one = command("refs/heads/a", ZERO, head);

	(void)state;
	lab_run("git receive-pack --http-backend-info-refs srv/hub >advert");
	ssh_is("cat advert; head -c 100 >/dev/null; a='001b\001ok refs/heads/aaaaaa\n'; "
	       "while :; do printf \"$a$a$a$a$a$a$a$a\"; done");
	assert_int_equal(push_to(ssh_url, &one, 1, lab_path("pack")), CTS_EUNREACHABLE);
	assert_false(one.is_done);
}

/* ---- http ------------------------------------------------------------------------------------- */

static void test_what_a_server_of_http_answers_is_told(void **state)
{
	static const struct {
		const char *fault;
		int code;
		const char *words, *hint;
	} faults[] = {
		{"401", CTS_EAUTH, "wants to know who you are", "git credential"},
		{"403", CTS_EAUTH, "does not allow", "ask who runs it"},
		{"404", CTS_EUNREACHABLE, "no repository at", "address"},
		{"413", CTS_EUNREACHABLE, "no request as large", "client_max_body_size"},
		{"500", CTS_EUNREACHABLE, "HTTP status 500", "who runs it"},
		{"503", CTS_EUNREACHABLE, "HTTP status 503", "who runs it"},
		{"html", CTS_EUNREACHABLE, "no git repository", "address"},
		{"redirect http://hub.example", CTS_EUNREACHABLE, "sends us elsewhere", "set-url"},
		{"redirect https://hub.example", CTS_EUNREACHABLE, "sends us elsewhere", "set-url"},
		{"redirect file://", CTS_EUNREACHABLE, "'http://", ""},
		{"redirect ssh://127.0.0.1", CTS_EUNREACHABLE, "'http://", ""},
	};

	(void)state;
	url_of(1);
	for (size_t i = 0; i < COUNT(faults); i++)
		for (int service = CTS_LINK_FETCH; service <= CTS_LINK_PUSH; service++) {
			lab_run("echo '%s' >srv/fault", faults[i].fault);
			assert_closed(http_url, service, faults[i].code, faults[i].words);
			assert_hint(faults[i].hint);
		}
	/* nobody there */
	assert_closed("http://127.0.0.1:1/hub", CTS_LINK_FETCH, CTS_EUNREACHABLE, "Connection refused");
	assert_closed("http://localhost:1/hub", CTS_LINK_FETCH, CTS_EUNREACHABLE, "Connection refused");
}

static void test_a_redirect_on_the_same_server_is_followed(void **state)
{
	struct cts_link *link;

	(void)state;
	url_of(1);
	lab_run("mkdir srv/old && ln -s ../hub srv/old/hub");
	link = link_to(http_url, CTS_LINK_FETCH);
	find(link, "refs/heads/base");
	cts_link_close(link);
}

/* A helper that keeps what it is told, and answers with the file `answer`. */
static void use_helper(const char *answer)
{
	lab_run("printf '#!/bin/sh\\ncd %s\\necho \"$1\" >>asked\\ncat >>asked\\n"
		"test \"$1\" = get && cat answer\\nexit 0\\n' >helper && chmod +x helper", repo_dir);
	lab_run("printf '%s' >answer; rm -f asked", answer);
	lab_run("git config --file gitconfig credential.helper %s", lab_path("helper"));
}

static void test_the_user_s_git_is_asked_for_a_password_and_told_what_became_of_it(void **state)
{
	struct cts_link *link;
	const char *host;

	(void)state;
	url_of(1);
	host = lab_text("%.*s", (int)(strlen(http_url) - 7 - 4), http_url + 7);
	lab_run("printf 'ana:open sesame' >srv/password");
	use_helper("username=ana\\npassword=open sesame\\n");
	link = link_to(http_url, CTS_LINK_FETCH);
	find(link, "refs/heads/base");
	cts_link_close(link);
	assert_string_equal(lab_run("cat asked"),
		lab_text("get\nprotocol=http\nhost=%s\nstore\nprotocol=http\nhost=%s\nusername=ana\n"
			 "password=open sesame", host, host));
	/* pushing needs it for both requests */
	{
		struct cts_link_command one = command("refs/heads/a", ZERO, head);

		assert_ok(push_to(http_url, &one, 1, lab_path("pack")));
		assert_true(one.is_done);
	}
	/* a wrong one is forgotten, and asked for again, three times */
	use_helper("username=ana\\npassword=open barley\\n");
	assert_closed(http_url, CTS_LINK_FETCH, CTS_EAUTH, "did not accept");
	assert_string_equal(lab_run("grep -cx get asked; grep -cx erase asked; grep -cx store asked || true"),
		"3\n3\n0");
	/* a name in the URL is what git is asked for */
	use_helper("password=open sesame\\n");
	cts_link_close(link_to(lab_text("http://ana@%s/hub", host), CTS_LINK_FETCH));
	assert_non_null(strstr(lab_run("cat asked"), "username=ana"));
}

static void test_a_password_in_the_url_is_used_and_never_shown(void **state)
{
	const char *host;

	(void)state;
	url_of(1);
	host = lab_text("%.*s", (int)(strlen(http_url) - 7 - 4), http_url + 7);
	lab_run("printf 'ana:sesame' >srv/password");
	cts_link_close(link_to(lab_text("http://ana:sesame@%s/hub", host), CTS_LINK_FETCH));
	assert_closed(lab_text("http://ana:barley@%s/hub", host), CTS_LINK_FETCH, CTS_EAUTH, "http://ana@");
	assert_null(strstr(cts_error_message(CTS_EAUTH), "barley"));
	lab_run("echo 500 >srv/fault; rm srv/password");
	assert_closed(lab_text("http://ana:barley@%s/hub", host), CTS_LINK_FETCH, CTS_EUNREACHABLE,
		"http://ana@");
	assert_null(strstr(cts_error_message(CTS_EAUTH), "barley"));
}

static void test_without_git_and_a_terminal_nobody_can_be_asked(void **state)
{
	const char *path = lab_text("%s", getenv("PATH"));

	(void)state;
	url_of(1);
	lab_run("printf 'ana:sesame' >srv/password");
	setenv("PATH", "/nowhere", 1);
	{
		struct cts_link *link = NULL;
		int rc = cts_link_open(&link, http_url, CTS_LINK_FETCH, &options);

		setenv("PATH", path, 1);
		assert_int_equal(rc, CTS_EAUTH);
		assert_hint("install git and a credential helper");
	}
}

/* ---- the rest --------------------------------------------------------------------------------- */

static void test_what_is_no_server_is_refused(void **state)
{
	struct cts_link *link;

	(void)state;
	assert_int_equal(cts_link_open(&link, lab_path("srv/hub"), CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "git://hub/x", CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "http://hub.example/x", CTS_LINK_FETCH, &options), CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "ssh://-oProxyCommand=x/y", CTS_LINK_FETCH, &options),
		CTS_EVALUE);
	assert_int_equal(cts_link_open(&link, "ssh://h$(x)/y", CTS_LINK_FETCH, &options), CTS_EVALUE);
	cts_link_close(NULL);
}

static void test_how_long_to_wait_is_a_number_of_the_config(void **state)
{
	static const struct {
		const char *text;
		int seconds; /* -1: no number */
	} values[] = {{"0", 0}, {"1", 1}, {"300", 300}, {"86400", 86400}, {"86401", -1}, {"-1", -1},
		{"", -1}, {"1m", -1}, {" 5", -1}, {"99999999999999999999", -1}};
	struct lab_store a = lab_init("a", "DPMC");
	int seconds = 7;

	(void)state;
	assert_ok(cts_link_idle(&seconds, NULL));
	assert_int_equal(seconds, 60);
	assert_ok(cts_link_idle(&seconds, a.store));
	assert_int_equal(seconds, 60);
	for (size_t i = 0; i < COUNT(values); i++) {
		assert_ok(cts_store_config_set(a.store, "network.idletimeout", values[i].text));
		if (values[i].seconds < 0) {
			assert_int_equal(cts_link_idle(&seconds, a.store), CTS_EVALUE);
			assert_non_null(cts_error_hint());
		} else {
			assert_ok(cts_link_idle(&seconds, a.store));
			assert_int_equal(seconds, values[i].seconds);
		}
	}
	lab_close(&a);
}

#define T(test) cmocka_unit_test_setup_teardown(test, make_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_what_is_wanted_is_fetched_and_nothing_else),
		T(test_an_empty_repository_has_no_references),
		T(test_a_thousand_branches_arrive),
		T(test_ssh_is_run_as_git_runs_it),
		T(test_only_a_single_word_of_git_ssh_command_is_run),
		T(test_why_ssh_did_not_come_through_is_told),
		T(test_words_before_the_server_s_first_are_passed_on),
		T(test_garbage_is_no_server),
		T(test_a_list_that_is_cut_anywhere_is_told),
		T(test_a_list_without_an_end_is_not_heard_to_it),
		T(test_names_that_are_none_are_left_out),
		T(test_a_pack_that_is_none_is_refused),
		T(test_a_server_that_stalls_is_left),
		T(test_ssh_ends_with_the_link),
		T(test_a_push_moves_what_it_names),
		T(test_a_large_pack_goes_through),
		T(test_a_refusal_is_told_by_the_branch_in_the_server_s_words),
		T(test_a_hook_before_all_refuses_all),
		T(test_words_after_the_report_are_heard),
		T(test_a_hook_that_hangs_after_the_report_takes_nothing_back),
		T(test_a_pack_that_the_server_cannot_unpack_is_rejected),
		T(test_a_pack_that_is_not_there_is_our_own_fault),
		T(test_the_report_is_the_only_success),
		T(test_a_push_without_a_report_is_no_success),
		T(test_a_report_without_an_end_is_not_heard_to_it),
		T(test_what_a_server_of_http_answers_is_told),
		T(test_a_redirect_on_the_same_server_is_followed),
		T(test_the_user_s_git_is_asked_for_a_password_and_told_what_became_of_it),
		T(test_a_password_in_the_url_is_used_and_never_shown),
		T(test_without_git_and_a_terminal_nobody_can_be_asked),
		T(test_what_is_no_server_is_refused),
		T(test_how_long_to_wait_is_a_number_of_the_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
