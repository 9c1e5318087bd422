/*
 * The commands, in the order in which help shows them. Adding a command is one file with its entry
 * (see cmd.h) and one line here.
 */
#include "cli/cmd.h"

#include <string.h>

#include "proto/error.h"
#include "proto/schema.h"

/* The name of the entry: struct cts_cmd cts_cmd_NAME. By group. */
#define COMMANDS(X) \
	X(init) \
	X(clone) \
	X(status) \
	X(remote_add) \
	X(remote_list) \
	X(remote_remove) \
	X(remote_set_url) \
	X(schema) \
	X(add) \
	X(set) \
	X(edit) \
	X(rm) \
	X(undo) \
	X(batch) \
	X(show) \
	X(list) \
	X(log) \
	X(blame) \
	X(diff) \
	X(push) \
	X(pull) \
	X(sync) \
	X(bundle_create) \
	X(bundle_show) \
	X(bundle_apply) \
	X(conflicts) \
	X(resolve) \
	X(import) \
	X(report_programme) \
	X(check) \
	X(rebuild) \
	X(backup) \
	X(compact) \
	X(help)

#define DECLARE(name) extern const struct cts_cmd cts_cmd_##name;
COMMANDS(DECLARE)

#define ENTRY(name) &cts_cmd_##name,
static const struct cts_cmd *const commands[] = {COMMANDS(ENTRY)};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char *const group_names[CTS_GROUP_COUNT] = {
	[CTS_GROUP_STORE] = "the store",
	[CTS_GROUP_RECORDS] = "records",
	[CTS_GROUP_HISTORY] = "history",
	[CTS_GROUP_SYNC] = "sync with other agencies",
	[CTS_GROUP_CONFLICTS] = "conflicts",
	[CTS_GROUP_EXCHANGE] = "exchange",
	[CTS_GROUP_REPORTS] = "reports",
	[CTS_GROUP_CARE] = "care",
	[CTS_GROUP_HELP] = "help",
};

const char *cts_group_name(enum cts_group group)
{
	return group_names[group];
}

const struct cts_cmd *cts_cmd_at(size_t index)
{
	return index < COMMAND_COUNT ? commands[index] : NULL;
}

/* The number of words of the name if argv begins with them, else 0. */
static int match(const struct cts_cmd *cmd, int argc, char *const *argv)
{
	const char *space = strchr(cmd->name, ' ');
	size_t first = space ? (size_t)(space - cmd->name) : strlen(cmd->name);

	if (argc < 1 || strncmp(argv[0], cmd->name, first) != 0 || argv[0][first])
		return 0;
	if (!space)
		return 1;
	return argc >= 2 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

const struct cts_cmd *cts_cmd_find(int *taken, int argc, char *const *argv)
{
	const struct cts_cmd *found = NULL;
	int words = 0;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int n = match(commands[i], argc, argv);

		if (n > words) {
			found = commands[i];
			words = n;
		}
	}
	if (found)
		*taken = words;
	return found;
}

/* The second words of a family ("add, list" of remote), joined; "" when it is none. */
static void family(struct cts_buf *out, const char *word)
{
	size_t size = strlen(word);

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strncmp(commands[i]->name, word, size) == 0 && commands[i]->name[size] == ' ')
			cts_buf_printf(out, "%s%s", out->size ? ", " : "",
				commands[i]->name + size + 1);
}

static const char *nearest(const char *word)
{
	const char *names[COMMAND_COUNT];

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i]->name;
	return cts_nearest(word, names, COMMAND_COUNT);
}

int cts_cmd_require(const struct cts_cmd **out, int *taken, int argc, char *const *argv)
{
	const struct cts_cmd *found = cts_cmd_find(taken, argc, argv);
	struct cts_buf verbs = {0};
	const char *near;

	if (found) {
		*out = found;
		return 0;
	}
	family(&verbs, argv[0]);
	if (verbs.size > 0 && argc > 1 && argv[1][0] != '-')
		cts_fail(CTS_EUSAGE, "'%s' has no '%s'", argv[0], argv[1]);
	else if (verbs.size > 0)
		cts_fail(CTS_EUSAGE, "'%s' needs a word more", argv[0]);
	else
		cts_fail(CTS_EUSAGE, "no command '%s'", argv[0]);
	near = verbs.size > 0 ? NULL : nearest(argv[0]);
	if (verbs.size > 0)
		cts_hint("ctsync %s followed by one of: %s", argv[0], verbs.data);
	else if (near)
		cts_hint("ctsync %s", near);
	else
		cts_hint("ctsync help");
	cts_buf_release(&verbs);
	return CTS_EUSAGE;
}
