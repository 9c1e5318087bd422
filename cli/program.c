/*
 * The order is fixed: global options, the command, its options and arguments (usage errors end
 * here, nothing was opened, and here a command is handed on to ctsync-road), what it needs, its
 * run, the flush of its answer, and last the error on stderr.
 */
#include "cli/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/diag.h"
#include "cli/hand_on.h"
#include "cli/pager.h"
#include "cli/session.h"
#include "cli/usage.h"
#include "proto/error.h"

struct program {
	struct cts_session session;
	cts_run_fn (*run_of)(const struct cts_cmd *cmd);
	char **words; /* argv as it was given: the parser takes options out of its own */
};

/* A descriptor that the caller closed would be given to the next file opened, and the answer then
 * be written into the database. Read-only, so that writing to it is the error that it should be.
 * */
static void hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", O_RDONLY);
}

/* Whether errors are to be JSON must be known before the options can be wrong. */
static bool asks_for_json(int argc, char *const *argv)
{
	for (int i = 0; i < argc; i++) {
		const char *format = NULL;

		if (strcmp(argv[i], "--") == 0)
			break;
		if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
			format = argv[i + 1];
		else if (strncmp(argv[i], "-o", 2) == 0)
			format = argv[i] + 2;
		if (format && (strcmp(format, "json") == 0 || strcmp(format, "ndjson") == 0))
			return true;
	}
	return false;
}

/* The global options before the command. What remains is the command and all that follows. */
static int parse_global(struct cts_session *session, int argc, char **argv)
{
	struct cts_opt_parse how = {.arena = &session->arena, .stop_at_argument = true};
	struct cts_opt_set set = {cts_global_rows, &session->global};

	return cts_opt_parse(&how, &set, 1, argc, argv);
}

/* `ctsync`, `ctsync --help`, `ctsync --version`. */
static int run_nothing(struct cts_session *session)
{
	int rc;

	if (session->global.help) {
		rc = cts_session_setup_help(session);
		if (rc == 0)
			cts_usage_overview(&session->out);
		return rc;
	}
	rc = cts_session_setup(session, NULL);
	if (rc < 0)
		return rc;
	rc = cts_session_open(session, CTS_USES_STORE);
	return rc < 0 ? rc : cts_usage_welcome(session);
}

static int run_command(struct program *program, int argc, char **argv)
{
	struct cts_session *session = &program->session;
	const struct cts_cmd *cmd;
	struct cts_opt_set sets[2] = {{cts_global_rows, &session->global}};
	struct cts_opt_parse how = {.arena = &session->arena};
	cts_run_fn run;
	void *options;
	int taken, rc;

	rc = cts_cmd_require(&cmd, &taken, argc, argv);
	if (rc < 0)
		return rc;
	options = cts_arena_alloc(&session->arena, cmd->options_size + 1);
	if (cmd->defaults)
		memcpy(options, cmd->defaults, cmd->options_size);
	/* The command's rows come first: where it has a letter of its own, that is meant. */
	sets[1] = sets[0];
	sets[0] = (struct cts_opt_set){cmd->options, options};
	how.command = cmd->name;
	argc = rc = cts_opt_parse(&how, sets, 2, argc - taken, argv + taken);
	if (rc < 0)
		return rc;
	argv += taken;
	if (session->global.help) {
		rc = cts_session_setup_help(session);
		if (rc == 0)
			cts_usage_command(&session->out, cmd);
		return rc;
	}
	rc = cts_usage_check(cmd, argc, argv);
	if (rc < 0)
		return rc;
	run = cmd->run ? cmd->run : program->run_of ? program->run_of(cmd) : NULL;
	if (!run)
		return cts_hand_on(cmd->name, program->words);
	rc = cts_session_setup(session, cmd);
	if (rc < 0)
		return rc;
	rc = cts_session_open(session, cmd->needs);
	if (rc < 0)
		return rc;
	if (cmd->needs & CTS_PAGES)
		cts_pager_start(&session->out);
	return run(session, options, argc, argv);
}

static int run_words(struct program *program, int argc, char **argv)
{
	struct cts_session *session = &program->session;
	int rc = argc = parse_global(session, argc, argv);

	if (rc < 0)
		return rc;
	if (session->global.version) {
		cts_usage_version(&session->out);
		return 0;
	}
	/* A family's own help: `ctsync remote --help`. */
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		int taken;

		if (!cts_cmd_find(&taken, 1, argv) && cts_usage_has_family(argv[0])) {
			cts_usage_family(&session->out, argv[0]);
			return 0;
		}
	}
	return argc == 0 ? run_nothing(session) : run_command(program, argc, argv);
}

int cts_program(int argc, char **argv, cts_run_fn (*run_of)(const struct cts_cmd *cmd))
{
	struct program program = {.run_of = run_of};
	struct cts_session *session = &program.session;
	int rc, finished, status;

	hold_standard_descriptors();
	/* A dead connection is an error to handle, not the end; see out.c for a closed pipe. */
	signal(SIGPIPE, SIG_IGN);
	cts_session_init(session);
	cts_diag_init(asks_for_json(argc, argv), false);
	program.words =
		cts_arena_memdup(&session->arena, argv, ((size_t)argc + 1) * sizeof(*argv));
	rc = run_words(&program, argc > 0 ? argc - 1 : 0, argv + 1);
	/* The command's own failure is told first: flushing may set another message. */
	status = rc < 0 ? cts_diag_error(rc) : rc;
	finished = cts_out_finish(&session->out);
	if (finished < 0)
		status = rc < 0 ? status : cts_diag_error(finished);
	cts_session_close(session);
	return status;
}
