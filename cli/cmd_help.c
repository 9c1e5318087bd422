/*
 * help: of everything that has a name. Commands speak from their rows, kinds and fields from the
 * schema's comments. A word that names several things shows them all.
 */
#include <string.h>

#include "cli/cmd.h"
#include "cli/schema_out.h"
#include "cli/session.h"
#include "cli/usage.h"
#include "proto/error.h"

static const struct cts_argument help_arguments[] = {
	{.name = "NAME", .optional = true, .many = true,
		.help = "a command (remote add is one), a kind, or a field"},
	{0},
};

static bool same_field(const struct cts_field *a, const struct cts_field *b)
{
	return a->type == b->type && a->merge == b->merge && a->form == b->form &&
	       a->repeated == b->repeated && a->required == b->required &&
	       a->is_ref == b->is_ref && strcmp(a->doc, b->doc) == 0;
}

/* "milestone, update", the kinds that have this very field. */
static void kinds_with(
	struct cts_buf *out, const struct cts_schema *schema, const struct cts_field *field)
{
	for (size_t i = 0; i < cts_schema_kind_count(schema); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(schema, i);
		const struct cts_field *other = cts_kind_field(kind, field->name);

		if (other && same_field(field, other))
			cts_buf_printf(out, "%s%s", out->size ? ", " : "", kind->name);
	}
}

static bool shown_before(
	const struct cts_schema *schema, size_t before, const struct cts_field *field)
{
	for (size_t i = 0; i < before; i++) {
		const struct cts_field *other =
			cts_kind_field(cts_schema_kind_at(schema, i), field->name);

		if (other && same_field(field, other))
			return true;
	}
	return false;
}

/* Fields of this name, each with the kinds that have it; alike ones once. */
static bool help_field(struct cts_session *session, const char *name, bool separated)
{
	const struct cts_schema *schema = session->schema;
	struct cts_out *out = &session->out;
	bool found = false;

	for (size_t i = 0; i < cts_schema_kind_count(schema); i++) {
		const struct cts_field *field =
			cts_kind_field(cts_schema_kind_at(schema, i), name);
		struct cts_buf kinds = {0};

		if (!field || shown_before(schema, i, field))
			continue;
		if (found || separated)
			cts_out_puts(out, "\n");
		found = true;
		if (field->common)
			cts_buf_puts(&kinds, "every kind");
		else
			kinds_with(&kinds, schema, field);
		cts_out_styled(out, CTS_STYLE_TITLE, "field of ");
		cts_out_wrapped(out, kinds.data, strlen("field of "), 2);
		cts_schema_put_field(out, field, 2);
		cts_buf_release(&kinds);
	}
	return found;
}

/* Every name there is help for, for the nearest one. */
static int fail_unknown(struct cts_session *session, const char *name)
{
	const char **names = NULL, *near;
	const struct cts_cmd *cmd;
	size_t count = 0;

#define ADD(text)                                                                                 \
	(*(const char **)cts_arena_push(&session->arena, &names, &count, sizeof(*names)) = (text))
	for (size_t i = 0; (cmd = cts_cmd_at(i)); i++)
		ADD(cmd->name);
	for (size_t i = 0; i < cts_schema_kind_count(session->schema); i++) {
		const struct cts_kind *kind = cts_schema_kind_at(session->schema, i);

		ADD(kind->name);
		for (size_t f = 0; f < kind->field_count; f++)
			ADD(kind->fields[f].name);
	}
#undef ADD
	near = cts_nearest(name, names, count);
	cts_fail(CTS_EUSAGE, "no command, kind or field '%s'", name);
	cts_hint(near ? "ctsync help %s" : "ctsync help", near);
	return CTS_EUSAGE;
}

/* `help milestone due`, `help milestone.due`: the field as that kind has it. */
static bool help_field_of(struct cts_session *session, int argc, char **argv)
{
	size_t size = argc == 1 ? strcspn(argv[0], ".") : strlen(argv[0]);
	const char *name = argc == 2 ? argv[1] : argv[0][size] ? argv[0] + size + 1 : "";
	const struct cts_kind *kind = cts_schema_kind(
		session->schema, cts_arena_strndup(&session->arena, argv[0], size));
	const struct cts_field *field = kind ? cts_kind_field(kind, name) : NULL;

	if (argc > 2 || !field)
		return false;
	cts_out_styled(&session->out, CTS_STYLE_TITLE, "field of ");
	cts_out_wrapped(&session->out, kind->name, strlen("field of "), 2);
	cts_schema_put_field(&session->out, field, 2);
	return true;
}

static int help_run(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct cts_out *out = &session->out;
	const struct cts_cmd *cmd;
	const struct cts_kind *kind;
	bool found = false;
	int taken = 0;

	(void)options;
	if (argc == 0) {
		cts_usage_overview(out);
		return 0;
	}
	cmd = cts_cmd_find(&taken, argc, argv);
	if (cmd && taken == argc) {
		cts_usage_command(out, cmd);
		found = true;
	}
	if (argc == 1 && cts_usage_has_family(argv[0])) {
		if (found)
			cts_out_puts(out, "\n");
		cts_usage_family(out, argv[0]);
		found = true;
	}
	if (!found && help_field_of(session, argc, argv))
		return 0;
	if (argc > 1 && !found)
		return fail_unknown(
			session, cts_arena_printf(&session->arena, "%s %s", argv[0], argv[1]));
	if (argc > 1)
		return 0;
	kind = cts_schema_kind(session->schema, argv[0]);
	if (kind) {
		if (found)
			cts_out_puts(out, "\n");
		cts_schema_put_kind(out, kind);
		found = true;
	}
	if (help_field(session, argv[0], found))
		found = true;
	return found ? 0 : fail_unknown(session, argv[0]);
}

const struct cts_cmd cts_cmd_help = {
	.name = "help",
	.group = CTS_GROUP_HELP,
	.sentence = "show help of a command, a kind or a field",
	.details =
		"Without a name: all commands. `ctsync NAME --help` shows the same as `ctsync help "
		"NAME`. Help of kinds and fields comes from the schema of the store found, else "
		"from the built-in one.",
	.examples = "ctsync help set\nctsync help milestone\nctsync help due\nctsync help milestone due\n",
	.arguments = help_arguments,
	.needs = CTS_USES_STORE | CTS_PAGES,
	.run = help_run,
};
