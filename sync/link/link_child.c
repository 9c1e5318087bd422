/*
 * The child: connects, tells what the server has, does the one thing that it is asked to, and ends. The
 * parent's copy of anything of libgit2 is not touched.
 */
#include "sync/link/link_internal.h"

#include <stdlib.h>
#include <string.h>

#include "proto/arena.h"

/* ---- what the server has ---------------------------------------------------------------------- */

/* Peeled tags, HEAD, ".have" and capabilities^{} are no references of anybody's; a name that git would
 * not take cannot be asked for. */
static bool is_reference(const char *name)
{
	int is_valid = 0;

	return strncmp(name, "refs/", 5) == 0 &&
		git_reference_name_is_valid(&is_valid, name) == 0 && is_valid;
}

static int put_many(struct cts_wire *wire, int type, struct cts_buf *many, size_t least)
{
	int rc = 0;

	if (many->size > least) {
		rc = cts_channel_put(wire->channel, type, cts_buf_slice(many));
		cts_buf_clear(many);
	}
	return rc;
}

static int tell_references(struct cts_wire *wire)
{
	const git_remote_head **heads;
	struct cts_buf many = {0};
	size_t count;
	int rc = wire->transport->ls(&heads, &count, wire->transport);

	if (rc < 0)
		return cts_wire_explain(wire, rc);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		if (!is_reference(heads[i]->name))
			continue;
		cts_buf_put(&many, heads[i]->oid.id, CTS_OID_SIZE);
		cts_buf_put(&many, heads[i]->name, strlen(heads[i]->name) + 1);
		rc = put_many(wire, CTS_LINK_REFS, &many, CTS_LINK_BATCH);
	}
	if (rc == 0)
		rc = put_many(wire, CTS_LINK_REFS, &many, 0);
	cts_buf_release(&many);
	return rc;
}

static int tell_open(struct cts_wire *wire)
{
	int rc = cts_channel_put(
		wire->channel, CTS_LINK_CAPABILITIES, cts_buf_slice(&wire->capabilities));

	if (rc == 0)
		rc = tell_references(wire);
	if (rc == 0)
		rc = cts_channel_put(wire->channel, CTS_LINK_OPEN, (struct cts_slice){0});
	return rc;
}

/* ---- what the parent asks --------------------------------------------------------------------- */

struct asked {
	struct cts_link_order order;
	struct cts_link_command *commands;
	size_t command_count;
};

static void take_ids(struct cts_oid **ids, size_t *count, struct cts_arena *arena,
	struct cts_slice bytes)
{
	for (size_t at = 0; at + CTS_OID_SIZE <= bytes.size; at += CTS_OID_SIZE)
		memcpy(((struct cts_oid *)cts_arena_push(arena, ids, count, sizeof(**ids)))->bytes,
			(const char *)bytes.data + at, CTS_OID_SIZE);
}

static void take_commands(struct asked *asked, struct cts_arena *arena, struct cts_slice bytes)
{
	const char *at = bytes.data, *end = at + bytes.size;

	while ((size_t)(end - at) > 2 * CTS_OID_SIZE) {
		struct cts_link_command *command = cts_arena_push(
			arena, &asked->commands, &asked->command_count, sizeof(*command));

		memcpy(command->old.bytes, at, CTS_OID_SIZE);
		memcpy(command->new.bytes, at + CTS_OID_SIZE, CTS_OID_SIZE);
		at += 2 * CTS_OID_SIZE;
		command->name = cts_arena_strndup(arena, at, strnlen(at, (size_t)(end - at)));
		at += strlen(command->name) + 1;
	}
}

static int run(struct cts_channel *channel, const struct cts_link_work *work)
{
	struct cts_wire wire = {.channel = channel, .url = work->url, .shown = work->shown};
	struct cts_arena arena = {0};
	struct asked asked = {0};
	struct cts_message message;
	int rc = cts_wire_open(&wire,
		work->service == CTS_LINK_PUSH ? GIT_DIRECTION_PUSH : GIT_DIRECTION_FETCH);

	if (rc == 0)
		rc = tell_open(&wire);
	while (rc == 0 && cts_channel_get(&message, channel) > 0) {
		char *text = cts_arena_strndup(&arena, message.bytes.data, message.bytes.size);

		switch ((enum cts_link_message)message.type) {
		case CTS_LINK_WANTS:
			take_ids(&asked.order.wants, &asked.order.want_count, &arena,
				message.bytes);
			break;
		case CTS_LINK_HAVES:
			take_ids(&asked.order.haves, &asked.order.have_count, &arena,
				message.bytes);
			break;
		case CTS_LINK_FETCH_TO:
			asked.order.path = text;
			return cts_link_do_fetch(&wire, &asked.order);
		case CTS_LINK_COMMANDS:
			take_commands(&asked, &arena, message.bytes);
			break;
		case CTS_LINK_SEND:
			return cts_link_send(&wire, asked.commands, asked.command_count, text);
		case CTS_LINK_CAPABILITIES:
		case CTS_LINK_REFS:
		case CTS_LINK_OPEN:
		case CTS_LINK_REPORT:
			break; /* our own */
		}
	}
	return rc;
}

int cts_link_child(struct cts_channel *channel, void *context)
{
	const struct cts_link_work *work = context;
	int rc = run(channel, work);

	if (rc == CTS_EUNREACHABLE && !cts_error_hint())
		cts_hint(work->service == CTS_LINK_PUSH
				? "try again: what has arrived is not sent twice"
				: "nothing changed here; try again, and if it stays so tell who runs it");
	return rc;
}
