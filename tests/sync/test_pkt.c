/*
 * pkt-lines, lists of capabilities, the lines that a server says, and addresses of ssh: all of it text of
 * strangers, taken as git takes it or not at all.
 */
#include "fixture.h"

#include "sync/link/pkt.h"
#include "sync/link/ssh_url.h"

static void test_lines_are_taken_apart_and_nothing_else_is_a_line(void **state)
{
	static const struct {
		const char *text;
		enum cts_pkt kind;
		size_t used;
		const char *line;
	} cases[] = {
		{"", CTS_PKT_MORE, 0, NULL},
		{"0", CTS_PKT_MORE, 0, NULL},
		{"000", CTS_PKT_MORE, 0, NULL},
		{"0000", CTS_PKT_FLUSH, 4, NULL},
		{"0000rest", CTS_PKT_FLUSH, 4, NULL},
		{"0004", CTS_PKT_LINE, 4, ""},
		{"0004rest", CTS_PKT_LINE, 4, ""},
		{"0009hello", CTS_PKT_LINE, 9, "hello"},
		{"0009hellomore", CTS_PKT_LINE, 9, "hello"},
		{"0009hell", CTS_PKT_MORE, 0, NULL},
		{"000ahello\n", CTS_PKT_LINE, 10, "hello\n"},
		{"000Ahello\n", CTS_PKT_LINE, 10, "hello\n"},
		{"fff0", CTS_PKT_MORE, 0, NULL},
		{"fff1", CTS_PKT_NONE, 0, NULL},
		{"ffff", CTS_PKT_NONE, 0, NULL},
		{"0001", CTS_PKT_NONE, 0, NULL}, /* of protocol version 2 */
		{"0002", CTS_PKT_NONE, 0, NULL},
		{"0003", CTS_PKT_NONE, 0, NULL},
		{"000g", CTS_PKT_NONE, 0, NULL},
		{"x", CTS_PKT_NONE, 0, NULL},
		{"-001", CTS_PKT_NONE, 0, NULL},
		{" 009hello", CTS_PKT_NONE, 0, NULL},
		{"0x09hello", CTS_PKT_NONE, 0, NULL},
		{"HTTP/1.1 200 OK", CTS_PKT_NONE, 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cts_slice line;
		size_t used;
		enum cts_pkt kind =
			cts_pkt_parse(&line, &used, cases[i].text, strlen(cases[i].text));

		if (kind != cases[i].kind)
			fail_msg("'%s': %d", cases[i].text, kind);
		if (cases[i].used)
			assert_int_equal(used, cases[i].used);
		if (cases[i].line) {
			assert_int_equal(line.size, strlen(cases[i].line));
			assert_memory_equal(line.data, cases[i].line, line.size);
		}
	}
}

static void test_what_is_put_is_taken_whatever_pieces_it_comes_in(void **state)
{
	struct cts_buf text = {0}, expected = {0}, found = {0};
	static char bytes[CTS_PKT_MAX];
	size_t at = 0, count = 0;

	(void)state;
	random_start("pkt");
	for (int i = 0; i < 50; i++) {
		size_t size = random_below(4) ? random_below(100) : random_below(CTS_PKT_MAX - 3);

		for (size_t k = 0; k < size; k++)
			bytes[k] = (char)random_below(256);
		cts_pkt_put(&text, bytes, size);
		cts_buf_put(&expected, bytes, size);
		if (!random_below(5))
			cts_pkt_put_flush(&text);
	}
	for (size_t known = 0; at < text.size;) {
		struct cts_slice line;
		size_t used;

		switch (cts_pkt_parse(&line, &used, text.data + at, known - at)) {
		case CTS_PKT_MORE:
			assert_true(known < text.size);
			known += 1 + random_below(2000);
			known = known < text.size ? known : text.size;
			continue;
		case CTS_PKT_LINE: cts_buf_put(&found, line.data, line.size); count++; break;
		case CTS_PKT_FLUSH: break;
		case CTS_PKT_NONE: fail_msg("at %zu", at);
		}
		at += used;
	}
	assert_int_equal(count, 50);
	assert_int_equal(found.size, expected.size);
	assert_memory_equal(found.data, expected.data, found.size);
	cts_buf_release(&text);
	cts_buf_release(&expected);
	cts_buf_release(&found);
}

static void test_capabilities_are_found_as_whole_words(void **state)
{
	const char *list = " report-status-v2 side-band-64k agent=git/2.39 ofs-delta";

	(void)state;
	assert_true(cts_capability_find(list, "ofs-delta"));
	assert_true(cts_capability_find(list, "agent"));
	assert_true(cts_capability_find(list, "side-band-64k"));
	assert_false(cts_capability_find(list, "report-status"));
	assert_false(cts_capability_find(list, "side-band"));
	assert_false(cts_capability_find(list, "git/2.39"));
	assert_false(cts_capability_find("", "agent"));
	assert_false(cts_capability_find("no-thinner", "no-thin"));
	assert_true(cts_capability_find("no-thin", "no-thin"));
}

static void gather(void *context, const char *line)
{
	cts_buf_printf(context, "[%s]", line);
}

static void test_a_server_s_words_are_told_a_line_at_a_time(void **state)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
		{"", ""},
		{"one", "[one]"},
		{"one\n", "[one]"},
		{"one\ntwo\n", "[one][two]"},
		{"one\r\ntwo\r\n", "[one][two]"},
		{"10%\r50%\r100%, done\n", "[100%, done]"},
		{"10%\r50%\r", "[50%]"},
		{"done   \n   \n\n", "[done]"},
		{"a\033[31mb\n", "[a\033[31mb]"}, /* the terminal's filter is elsewhere */
	};

	(void)state;
	random_start("words");
	for (size_t i = 0; i < COUNT(cases); i++)
		for (int round = 0; round < 20; round++) {
			struct cts_buf told = {0};
			struct cts_lines lines = {.take = gather, .context = &told};
			size_t size = strlen(cases[i].text), at = 0;

			while (at < size) {
				size_t piece = round ? 1 + random_below(size - at) : size;

				cts_lines_put(&lines, cases[i].text + at, piece);
				at += piece;
			}
			cts_lines_end(&lines);
			if (strcmp(cts_buf_text(&told), cases[i].told) != 0)
				fail_msg("%zu: %s", i, cts_buf_text(&told));
			cts_buf_release(&told);
			cts_buf_release(&lines.line);
		}
}

static void test_a_line_without_an_end_is_cut(void **state)
{
	struct cts_buf told = {0};
	struct cts_lines lines = {.take = gather, .context = &told};

	(void)state;
	for (int i = 0; i < 100000; i++)
		cts_lines_put(&lines, "a\0b", 3);
	cts_lines_put(&lines, "\nnext\n", 6);
	assert_int_equal(told.size, 4096 + 2 + 6);
	cts_buf_release(&told);
	cts_buf_release(&lines.line);
}

static void test_addresses_of_ssh_are_read_as_git_reads_them(void **state)
{
	static const struct {
		const char *url, *host, *port, *path;
	} cases[] = {
		{"ssh://hub/srv/x.git", "hub", NULL, "/srv/x.git"},
		{"ssh://ana@hub.example:2222/srv/x", "ana@hub.example", "2222", "/srv/x"},
		{"ssh://hub:/srv/x", "hub", NULL, "/srv/x"},
		{"ssh://hub/~/x", "hub", NULL, "~/x"},
		{"ssh://hub/~ana/x", "hub", NULL, "~ana/x"},
		{"ssh://[::1]/x", "::1", NULL, "/x"},
		{"ssh://[::1]:22/x", "::1", "22", "/x"},
		{"ssh://ana@[fe80::1%25eth0]:22/x", "ana@fe80::1%eth0", "22", "/x"},
		{"ssh://hub/a%20b", "hub", NULL, "/a b"},
		{"ssh://hub/100%", "hub", NULL, "/100%"},
		{"ssh://hub/it's!", "hub", NULL, "/it's!"},
		{"hub:x.git", "hub", NULL, "x.git"},
		{"ana@hub:x.git", "ana@hub", NULL, "x.git"},
		{"ana@hub:/srv/x", "ana@hub", NULL, "/srv/x"},
		{"hub:a:b", "hub", NULL, "a:b"},
		{"hub:a%20b", "hub", NULL, "a%20b"},
		{"hub:~ana/x", "hub", NULL, "~ana/x"},
		{"hub:x[1]:y", "hub", NULL, "x[1]:y"},
		{"[::1]:x", "::1", NULL, "x"},
		{"ana@[::1]:x", "ana@::1", NULL, "x"},
		{"[hub:2222]:x", "hub", "2222", "x"},
		{"DOM\\ana@hub:x", "DOM\\ana@hub", NULL, "x"},
		/* nothing that ssh, its helpers or the other side could take for something else */
		{"ssh://-oProxyCommand=x/y", NULL, NULL, NULL},
		{"ssh://a@-oProxyCommand=x/y", NULL, NULL, NULL},
		{"ssh://-l@hub/y", NULL, NULL, NULL},
		{"ssh://%2doProxyCommand=x/y", NULL, NULL, NULL},
		{"ssh://h$(x)/y", NULL, NULL, NULL},
		{"ssh://h`x`/y", NULL, NULL, NULL},
		{"ssh://h;x/y", NULL, NULL, NULL},
		{"ssh://a;x@hub/y", NULL, NULL, NULL},
		{"ssh://a'@hub/y", NULL, NULL, NULL},
		{"ssh://h%20x/y", NULL, NULL, NULL},
		{"ssh://hub:22x/y", NULL, NULL, NULL},
		{"ssh://hub:-22/y", NULL, NULL, NULL},
		{"ssh://hub:123456/y", NULL, NULL, NULL},
		{"ssh://ana:secret@hub/y", NULL, NULL, NULL},
		{"ssh://hub/a%0ab", NULL, NULL, NULL},
		{"ssh://hub/a%00b", "hub", NULL, "/a%00b"},
		{"ssh://hub", NULL, NULL, NULL},
		{"ssh://", NULL, NULL, NULL},
		{"ssh:///x", NULL, NULL, NULL},
		{"ssh://@hub/x", NULL, NULL, NULL},
		{"ssh://[::1/x", NULL, NULL, NULL},
		{"hub:", NULL, NULL, NULL},
		{":x", NULL, NULL, NULL},
		{"hub:-x", NULL, NULL, NULL},
		{"-hub:x", NULL, NULL, NULL},
	};
	struct cts_arena arena = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cts_ssh_url url = {0};
		int rc = cts_ssh_url_parse(&url, &arena, cases[i].url);

		if (rc != (cases[i].host ? 0 : CTS_EVALUE))
			fail_msg("'%s': %d, host '%s', path '%s'", cases[i].url, rc,
				url.host ? url.host : "", url.path ? url.path : "");
		if (rc < 0)
			continue;
		if (strcmp(url.host, cases[i].host) != 0 || strcmp(url.path, cases[i].path) != 0 ||
			strcmp(url.port ? url.port : "", cases[i].port ? cases[i].port : "") != 0)
			fail_msg("'%s': '%s' '%s' '%s'", cases[i].url, url.host,
				url.port ? url.port : "", url.path);
	}
	cts_arena_release(&arena);
}

static void test_a_quoted_path_is_one_word_of_a_shell(void **state)
{
	static const char *const paths[] = {"/srv/x", "a b", "it's", "!", "$(touch x)", "`x`", "a\\b",
		"\"", "~ana/x", "-x", "a;b", "'", "''", "*"};
	struct cts_buf quoted = {0}, out = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		cts_buf_clear(&quoted);
		cts_buf_clear(&out);
		cts_shell_quote(&quoted, paths[i]);
		assert_int_equal(
			run_into(&out, "printf '[%%s]' %s", cts_buf_text(&quoted)), 0);
		assert_int_equal(out.size, strlen(paths[i]) + 2);
		assert_memory_equal(out.data + 1, paths[i], strlen(paths[i]));
	}
	cts_buf_release(&quoted);
	cts_buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_taken_apart_and_nothing_else_is_a_line),
		cmocka_unit_test(test_what_is_put_is_taken_whatever_pieces_it_comes_in),
		cmocka_unit_test(test_capabilities_are_found_as_whole_words),
		cmocka_unit_test(test_a_server_s_words_are_told_a_line_at_a_time),
		cmocka_unit_test(test_a_line_without_an_end_is_cut),
		cmocka_unit_test(test_addresses_of_ssh_are_read_as_git_reads_them),
		cmocka_unit_test(test_a_quoted_path_is_one_word_of_a_shell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
