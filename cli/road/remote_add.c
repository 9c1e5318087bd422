/*
 * The run of remote add: the one command on remotes that looks at the repository itself.
 */
#include "cli/road/runs.h"
#include "cli/session.h"
#include "sync/sync.h"

int cts_run_remote_add(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct cts_remote_add_options *options = given;

	(void)argc;
	return cts_remote_add(session->store, argv[0], argv[1], options->create);
}
