/*
 * Work in a supervised child: what it says arrives, what it does to itself is told in words, and nothing
 * of it or of the parent's is left where it should not be.
 */
#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include "proto/time.h"
#include "sync/link/child.h"
#include "sync/link/program.h"

static const char *what = "ssh://hub/x";

static struct cts_child *start(const struct cts_child_limits *limits, cts_child_work work,
	void *context, const struct cts_progress *progress)
{
	static const struct cts_child_limits none = {.idle_s = 20};
	struct cts_child *child;

	assert_ok(cts_child_start(
		&child, limits ? limits : &none, what, work, context, progress));
	return child;
}

/* Runs a work that says nothing to its end. */
static int outcome(const struct cts_child_limits *limits, cts_child_work work, void *context)
{
	struct cts_child *child = start(limits, work, context, NULL);
	struct cts_message message;
	int rc = cts_child_get(&message, child), again;

	assert_true(rc <= 0);
	if (rc < 0) {
		/* What it was is told as often as it is asked for. */
		cts_error_clear();
		again = cts_child_get(&message, child);
		assert_int_equal(again, rc);
	}
	cts_child_end(child);
	return rc;
}

static void assert_says(int rc, const char *words)
{
	if (!strstr(cts_error_message(rc), words))
		fail_msg("'%s' has no '%s'", cts_error_message(rc), words);
}

/* ---- messages --------------------------------------------------------------------------------- */

static int echo(struct cts_channel *channel, void *context)
{
	struct cts_message message;

	(void)context;
	while (cts_channel_get(&message, channel) > 0) {
		if (message.type == 99)
			return 0;
		if (cts_channel_put(channel, message.type + 1, message.bytes) < 0)
			return CTS_EVALUE;
	}
	return 0;
}

static void test_messages_of_any_size_go_both_ways(void **state)
{
	static const size_t sizes[] = {
		0, 1, 7, 65535, 65536, 65537, 1 << 20, CTS_CHILD_MESSAGE_MAX};
	struct cts_child *child = start(NULL, echo, NULL, NULL);
	char *bytes = cts_malloc(CTS_CHILD_MESSAGE_MAX);
	struct cts_message message;

	(void)state;
	random_start("messages");
	for (size_t i = 0; i < CTS_CHILD_MESSAGE_MAX; i++)
		bytes[i] = (char)(i % 251);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		size_t from = random_below(CTS_CHILD_MESSAGE_MAX - sizes[i] + 1);

		assert_ok(cts_child_put(child, (int)i + 1,
			(struct cts_slice){.data = bytes + from, .size = sizes[i]}));
		assert_int_equal(cts_child_get(&message, child), 1);
		assert_int_equal(message.type, i + 2);
		assert_int_equal(message.bytes.size, sizes[i]);
		assert_memory_equal(message.bytes.data, bytes + from, sizes[i]);
	}
	/* Many small ones at once are as good as one. */
	for (int i = 1; i <= 99; i++)
		assert_ok(cts_child_put(child, i, (struct cts_slice){.data = &i, .size = sizeof(i)}));
	for (int i = 1; i <= 98; i++) {
		assert_int_equal(cts_child_get(&message, child), 1);
		assert_int_equal(message.type, i + 1);
		assert_memory_equal(message.bytes.data, &i, sizeof(i));
	}
	assert_int_equal(cts_child_get(&message, child), 0); /* at the 99th it ended */
	assert_int_equal(cts_child_get(&message, child), 0);
	assert_int_equal(cts_child_put(child, 1, (struct cts_slice){0}), CTS_EUNREACHABLE);
	cts_child_end(child);
	free(bytes);
}

static int say_too_much(struct cts_channel *channel, void *context)
{
	struct cts_slice bytes = {
		.data = cts_malloc(CTS_CHILD_MESSAGE_MAX + 1), .size = CTS_CHILD_MESSAGE_MAX + 1};

	(void)context;
	memset((void *)bytes.data, 0, bytes.size);
	return cts_channel_put(channel, 1, bytes);
}

static void test_a_message_beyond_the_limit_is_refused_where_it_is_made(void **state)
{
	(void)state;
	assert_int_equal(outcome(NULL, say_too_much, NULL), CTS_EVALUE);
}

static int send_raw(struct cts_channel *channel, void *context)
{
	const struct cts_slice *bytes = context;

	(void)channel;
	if (write(3, bytes->data, bytes->size) < 0)
		_exit(9);
	pause();
	return 0;
}

static void test_a_child_that_babbles_is_ended(void **state)
{
	static const struct cts_slice babble[] = {
		{"\0\0\0\1\x7f\xff\xff\xff", 8},             /* a size beyond the limit */
		{"\0\0\0\1\xff\xff\xff\xff", 8},
		{"\xff\xff\xff\xfc\0\0\0\0", 8},             /* results that are none */
		{"\xff\xff\xff\xfc\0\0\0\4\0\0\0\0", 12},
		{"\xff\xff\xff\xfc\0\0\0\5\xff\xff\xff\xff\0", 13},
		{"\xff\xff\xff\xfc\0\0\0\6\xff\xff\xff\xff\0x", 14},
		{"\xff\xff\xff\xfc\0\0\0\6\xff\xff\xff\xffx\0", 14},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(babble); i++) {
		assert_int_equal(outcome(NULL, send_raw, (void *)&babble[i]), CTS_EUNREACHABLE);
		assert_says(CTS_EUNREACHABLE, "makes no sense");
	}
}

/* ---- results ---------------------------------------------------------------------------------- */

static int succeed(struct cts_channel *channel, void *context)
{
	(void)channel, (void)context;
	return 0;
}

static int refuse(struct cts_channel *channel, void *context)
{
	(void)channel, (void)context;
	cts_fail(CTS_EAUTH, "'%s' does not know you", what);
	cts_hint("knock first");
	return CTS_EAUTH;
}

static int refuse_without_a_hint(struct cts_channel *channel, void *context)
{
	(void)channel, (void)context;
	return cts_fail(CTS_EREJECTED, "no");
}

static void test_what_the_work_returns_is_told_with_its_words(void **state)
{
	(void)state;
	assert_int_equal(outcome(NULL, succeed, NULL), 0);
	assert_int_equal(outcome(NULL, refuse, NULL), CTS_EAUTH);
	assert_string_equal(cts_error_message(CTS_EAUTH), "'ssh://hub/x' does not know you");
	assert_string_equal(cts_error_hint(), "knock first");
	assert_int_equal(outcome(NULL, refuse_without_a_hint, NULL), CTS_EREJECTED);
	assert_string_equal(cts_error_message(CTS_EREJECTED), "no");
	assert_null(cts_error_hint());
}

static char heard[4096];

static void hear_step(void *context, const char *step, uint64_t done, uint64_t total)
{
	size_t used = strlen(heard);

	assert_ptr_equal(context, heard);
	snprintf(heard + used, sizeof(heard) - used, "%s %llu/%llu\n", step,
		(unsigned long long)done, (unsigned long long)total);
}

static void hear_words(void *context, const char *line)
{
	size_t used = strlen(heard);

	assert_ptr_equal(context, heard);
	snprintf(heard + used, sizeof(heard) - used, "%s\n", line);
}

static int report(struct cts_channel *channel, void *context)
{
	const struct cts_progress *progress = cts_channel_progress(channel);

	(void)context;
	for (uint64_t i = 0; i <= 100000; i++)
		progress->step(progress->context, "receiving", i, 100000);
	progress->server_says(progress->context, "words \033[31m of a server");
	progress->server_says(progress->context, "");
	progress->step(progress->context, "sending", 1, 0);
	return cts_channel_put(channel, 5, (struct cts_slice){.data = "x", .size = 1});
}

static void test_progress_and_words_reach_the_parent(void **state)
{
	const struct cts_progress progress = {
		.context = heard, .step = hear_step, .server_says = hear_words};
	struct cts_child *child = start(NULL, report, NULL, &progress);
	struct cts_message message;

	(void)state;
	heard[0] = '\0';
	assert_int_equal(cts_child_get(&message, child), 1);
	assert_int_equal(message.type, 5);
	assert_int_equal(cts_child_get(&message, child), 0);
	cts_child_end(child);
	/* The first and the last of a kind, and a few between. */
	assert_memory_equal(heard, "receiving 0/100000\n", 19);
	assert_non_null(strstr(heard,
		"receiving 100000/100000\nwords \033[31m of a server\n\nsending 1/0\n"));
	assert_true(strlen(heard) < 2000);
}

/* ---- silence and death ------------------------------------------------------------------------ */

static int sleep_for_ever(struct cts_channel *channel, void *context)
{
	(void)channel;
	if (context)
		*(volatile pid_t *)context = getpid();
	for (;;)
		pause();
	return 0;
}

static int live_on(struct cts_channel *channel, void *context)
{
	(void)context;
	for (int i = 0; i < 30; i++) {
		usleep(50000);
		cts_channel_alive(channel);
	}
	return 0;
}

static void test_a_silent_child_is_ended_and_a_living_one_is_not(void **state)
{
	const struct cts_child_limits limits = {.idle_s = 1};

	(void)state;
	assert_int_equal(outcome(&limits, live_on, NULL), 0);
	assert_int_equal(outcome(&limits, sleep_for_ever, NULL), CTS_EUNREACHABLE);
	assert_string_equal(
		cts_error_message(CTS_EUNREACHABLE), "'ssh://hub/x' was silent for 1 s");
	assert_non_null(strstr(cts_error_hint(), "network.idletimeout"));
	assert_non_null(strstr(cts_error_hint(), "nothing changed here"));
	/* nobody is left */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void test_a_child_that_takes_nothing_holds_nobody_up(void **state)
{
	const struct cts_child_limits limits = {.idle_s = 1};
	struct cts_child *child = start(&limits, sleep_for_ever, NULL, NULL);
	char *bytes = cts_malloc(CTS_CHILD_MESSAGE_MAX);

	(void)state;
	memset(bytes, 'x', CTS_CHILD_MESSAGE_MAX);
	assert_int_equal(cts_child_put(child, 1,
		(struct cts_slice){.data = bytes, .size = CTS_CHILD_MESSAGE_MAX}), CTS_EUNREACHABLE);
	cts_child_end(child);
	free(bytes);
}

static int die(struct cts_channel *channel, void *context)
{
	int number = *(const int *)context;

	(void)channel;
	if (!number)
		_exit(3);
	signal(number, SIG_DFL);
	raise(number);
	return 0;
}

static void test_death_by_a_signal_is_told_in_words(void **state)
{
	static const struct {
		int number;
		const char *words;
	} deaths[] = {
		{0, "ended without a word"},
		{SIGKILL, "was killed; the system may have been out of memory"},
		{SIGSEGV, "was ended by a signal: Segmentation fault"},
		{SIGABRT, "was ended by a signal: Aborted"},
		{SIGTERM, "was ended by a signal: Terminated"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(deaths); i++) {
		int rc = outcome(NULL, die, (void *)&deaths[i].number);

		assert_int_equal(rc, CTS_EUNREACHABLE);
		assert_says(rc, deaths[i].words);
		assert_says(rc, what);
		assert_non_null(cts_error_hint());
	}
}

static int spin(struct cts_channel *channel, void *context)
{
	(void)context;
	for (;;)
		cts_channel_alive(channel);
	return 0;
}

static int fill_a_file(struct cts_channel *channel, void *context)
{
	static char block[1 << 16];
	int fd = open(context, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	(void)channel;
	for (int i = 0; i < 1000; i++)
		if (write(fd, block, sizeof(block)) < 0)
			return cts_fail(CTS_EIO, "not what was to be seen");
	return 0;
}

static int fill_memory(struct cts_channel *channel, void *context)
{
	(void)channel, (void)context;
	for (int i = 0; i < 1000; i++)
		memset(cts_malloc(1 << 20), i, 1 << 20);
	return 0;
}

static int fill_some_memory(struct cts_channel *channel, void *context)
{
	(void)channel, (void)context;
	for (int i = 0; i < 20; i++)
		memset(cts_malloc(1 << 20), i, 1 << 20);
	return 0;
}

static void test_each_limit_ends_the_child_and_is_named(void **state)
{
	const struct cts_child_limits cpu = {.idle_s = 20, .cpu_s = 1},
				      file = {.idle_s = 20, .file_bytes = 1 << 20},
				      memory = {.idle_s = 20, .memory_bytes = 64 << 20};
	char path[] = "/tmp/cts-child-XXXXXX", *ours;
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(outcome(&cpu, spin, NULL), CTS_EUNREACHABLE);
	assert_says(CTS_EUNREACHABLE, "took more than 1 s of processor time");
	assert_int_equal(outcome(&file, fill_a_file, path), CTS_EUNREACHABLE);
	assert_says(CTS_EUNREACHABLE, "sent more than 1 MiB");
	assert_int_equal(lseek(fd, 0, SEEK_END), 1 << 20);
	close(fd);
	unlink(path);
#ifdef __SANITIZE_ADDRESS__
	return; /* whose own memory would count */
#endif
	if (is_under_valgrind())
		return;
	/* What the parent has already does not count. */
	ours = cts_malloc(128 << 20);
	memset(ours, 1, 128 << 20);
	assert_int_equal(outcome(&memory, fill_some_memory, NULL), 0);
	free(ours);
	assert_int_equal(outcome(&memory, fill_memory, NULL), CTS_EUNREACHABLE);
	assert_says(CTS_EUNREACHABLE, "more than 64 MiB of memory");
}

/* ---- what a child holds, and who holds it ----------------------------------------------------- */

static int list_descriptors(struct cts_channel *channel, void *context)
{
	DIR *dir = opendir("/proc/self/fd");
	struct cts_buf list = {0};
	struct dirent *entry;

	(void)context;
	/* valgrind has some of its own, far above */
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(dir) &&
			atoi(entry->d_name) < 1000)
			cts_buf_printf(&list, "%s ", entry->d_name);
	return cts_channel_put(channel, 1, cts_buf_slice(&list));
}

static void test_the_child_has_no_descriptor_of_the_parent_s(void **state)
{
	char path[] = "/tmp/cts-child-XXXXXX";
	int fd = mkstemp(path), high, other;
	struct cts_message message;
	struct cts_child *child;

	(void)state;
	assert_int_equal(flock(fd, LOCK_EX), 0);
	high = fcntl(fd, F_DUPFD, 200);
	assert_true(high >= 200);
	child = start(NULL, list_descriptors, NULL, NULL);
	assert_int_equal(cts_child_get(&message, child), 1);
	assert_int_equal(message.bytes.size, 8);
	for (int i = 0; i < 4; i++)
		assert_non_null(memchr(message.bytes.data, '0' + i, 8));
	cts_child_end(child);
	/* A lock ends with the parent's use of it, though a child lives. */
	child = start(NULL, sleep_for_ever, NULL, NULL);
	usleep(100000);
	close(fd);
	close(high);
	other = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	cts_child_end(child);
	close(other);
	unlink(path);
}

static bool is_gone(pid_t pid)
{
	for (int i = 0; i < 500; i++) {
		char path[64], state = 'Z';
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		file = fopen(path, "r");
		if (!file)
			return true;
		if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
			state = 'Z';
		fclose(file);
		if (state == 'Z') /* dead, and nobody's to wait for here */
			return true;
		usleep(10000);
	}
	return false;
}

static int run_sleep(struct cts_channel *channel, void *context)
{
	static const char *const argv[] = {"sleep", "1000", NULL};
	struct cts_program program;
	int rc = cts_program_start(&program, channel, argv);
	pid_t pids[] = {getpid(), program.pid};

	(void)context;
	if (rc == 0)
		rc = cts_channel_put(
			channel, 1, (struct cts_slice){.data = pids, .size = sizeof(pids)});
	if (rc == 0)
		pause();
	return rc;
}

static void test_a_child_and_its_program_end_with_the_parent(void **state)
{
	struct cts_message message;
	struct cts_child *child;
	pid_t pids[2], parent;
	int tube[2];

	(void)state;
	/* ended by us */
	child = start(NULL, run_sleep, NULL, NULL);
	assert_int_equal(cts_child_get(&message, child), 1);
	memcpy(pids, message.bytes.data, sizeof(pids));
	cts_child_end(child);
	assert_true(is_gone(pids[0]));
	assert_true(is_gone(pids[1]));
	/* left alone by a parent that is killed */
	assert_int_equal(pipe(tube), 0);
	parent = fork();
	if (parent == 0) {
		child = start(NULL, run_sleep, NULL, NULL);
		if (cts_child_get(&message, child) == 1 &&
			write(tube[1], message.bytes.data, sizeof(pids)) > 0)
			raise(SIGKILL);
		_exit(1);
	}
	assert_int_equal(read(tube[0], pids, sizeof(pids)), sizeof(pids));
	assert_int_equal(waitpid(parent, NULL, 0), parent);
	assert_true(is_gone(pids[0]));
	assert_true(is_gone(pids[1]));
	close(tube[0]);
	close(tube[1]);
}

static int run_shell(struct cts_channel *channel, void *context)
{
	const char *argv[] = {"sh", "-c", context, NULL};
	struct cts_program program;
	char text[256] = "";
	int rc = cts_program_start(&program, channel, argv), status;

	if (rc < 0)
		return rc;
	fcntl(program.out, F_SETFL, 0);
	for (size_t used = 0; used < sizeof(text) - 1;) {
		ssize_t size = read(program.out, text + used, sizeof(text) - 1 - used);

		if (size <= 0)
			break;
		used += (size_t)size;
	}
	status = cts_program_end(&program, 5000);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return cts_fail(CTS_EIO, "status %d", status);
	return cts_channel_put(channel, 1, (struct cts_slice){.data = text, .size = strlen(text)});
}

static void test_a_program_has_the_limits_and_signals_of_the_user(void **state)
{
	const struct cts_child_limits limits = {
		.idle_s = 20, .file_bytes = 1 << 20, .cpu_s = 1000, .memory_bytes = 1 << 30};
	static const char *const look = "ulimit -f; ulimit -t; ulimit -d; ulimit -c";
	struct cts_child *child;
	struct cts_message message;
	struct cts_buf ours = {0};

	(void)state;
	child = start(&limits, run_shell, (void *)"kill -PIPE $$; echo not reached", NULL);
	assert_int_equal(cts_child_get(&message, child), CTS_EIO); /* SIGPIPE ends it */
	cts_child_end(child);
	assert_int_equal(run_into(&ours, "%s", look), 0);
	child = start(&limits, run_shell, (void *)look, NULL);
	assert_int_equal(cts_child_get(&message, child), 1);
	assert_int_equal(message.bytes.size, ours.size);
	assert_memory_equal(message.bytes.data, ours.data, ours.size);
	cts_child_end(child);
	cts_buf_release(&ours);
	/* 0, 1, 2 and what ls reads: the channel is not its */
	child = start(&limits, run_shell, (void *)"ls /proc/self/fd | wc -l", NULL);
	assert_int_equal(cts_child_get(&message, child), 1);
	assert_memory_equal(message.bytes.data, "4\n", 2);
	cts_child_end(child);
}

static int run_nothing(struct cts_channel *channel, void *context)
{
	const char *argv[] = {context, NULL};
	struct cts_program program;

	return cts_program_start(&program, channel, argv);
}

static void test_a_program_that_is_not_there_is_told(void **state)
{
	(void)state;
	assert_int_equal(outcome(NULL, run_nothing, (void *)"/nowhere/ssh"), CTS_ENOTFOUND);
	assert_says(CTS_ENOTFOUND, "/nowhere/ssh");
	assert_int_equal(outcome(NULL, run_nothing, (void *)"/etc"), CTS_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_any_size_go_both_ways),
		cmocka_unit_test(test_a_message_beyond_the_limit_is_refused_where_it_is_made),
		cmocka_unit_test(test_a_child_that_babbles_is_ended),
		cmocka_unit_test(test_what_the_work_returns_is_told_with_its_words),
		cmocka_unit_test(test_progress_and_words_reach_the_parent),
		cmocka_unit_test(test_a_silent_child_is_ended_and_a_living_one_is_not),
		cmocka_unit_test(test_a_child_that_takes_nothing_holds_nobody_up),
		cmocka_unit_test(test_death_by_a_signal_is_told_in_words),
		cmocka_unit_test(test_each_limit_ends_the_child_and_is_named),
		cmocka_unit_test(test_the_child_has_no_descriptor_of_the_parent_s),
		cmocka_unit_test(test_a_child_and_its_program_end_with_the_parent),
		cmocka_unit_test(test_a_program_has_the_limits_and_signals_of_the_user),
		cmocka_unit_test(test_a_program_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
