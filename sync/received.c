/*
 * Words of a line are separated by single spaces; the last word of a refusal is the rest of the
 * line. A reason tells what a stranger sent, so what could end a line is taken out of it.
 */
#include "sync/received.h"

#include <string.h>

#include "proto/time.h"

static void begin(struct cts_buf *lines, int64_t time, const char *word)
{
	char text[CTS_TIME_TEXT];

	if (lines->size)
		cts_buf_putc(lines, '\n');
	cts_buf_printf(lines, "%s %s", cts_time_format_utc(text, time), word);
}

void cts_received_heads(struct cts_buf *lines, int64_t time)
{
	begin(lines, time, "head");
}

void cts_received_add_head(struct cts_buf *lines, const struct cts_oid *head)
{
	char hex[CTS_OID_HEX + 1];

	cts_buf_printf(lines, " %s", cts_oid_format(hex, head));
}

void cts_received_refused(struct cts_buf *lines, int64_t time, const struct cts_refusal *refusal)
{
	begin(lines, time, "refused");
	cts_received_add_head(lines, &refusal->commit);
	cts_buf_printf(lines, " %s ", refusal->branch);
	for (const char *at = refusal->why; *at; at++)
		cts_buf_putc(lines, (unsigned char)*at < 0x20 ? ' ' : *at);
}

void cts_received_pin(struct cts_buf *lines, int64_t time, const char *remote, const char *branch,
	const struct cts_oid *oid)
{
	begin(lines, time, "pin");
	cts_buf_printf(lines, " %s %s", remote, branch);
	cts_received_add_head(lines, oid);
}

void cts_received_forget(struct cts_buf *lines, int64_t time, const char *remote)
{
	begin(lines, time, "forget");
	cts_buf_printf(lines, " %s", remote);
}

int cts_received_append(struct cts_store *store, const struct cts_buf *lines)
{
	return lines->size ? cts_store_append_received(store, cts_buf_text(lines)) : 0;
}

/* ---- back ---- */

/* The next word; NULL when there is none. */
static const char *take_word(struct cts_arena *arena, const char **at, const char *end)
{
	const char *start = *at, *stop;

	if (start >= end)
		return NULL;
	stop = memchr(start, ' ', (size_t)(end - start));
	stop = stop ? stop : end;
	*at = stop + 1;
	return cts_arena_strndup(arena, start, (size_t)(stop - start));
}

static bool take_head(
	struct cts_received *out, struct cts_arena *arena, const char **at, const char *end)
{
	const char *word = take_word(arena, at, end);
	struct cts_oid oid;

	if (!word || !cts_oid_parse(&oid, word))
		return false;
	*(struct cts_oid *)cts_arena_push(arena, &out->heads, &out->head_count, sizeof(oid)) = oid;
	return true;
}

bool cts_received_parse(
	struct cts_received *out, struct cts_arena *arena, const char *line, size_t size)
{
	struct cts_received read = {.remote = "", .branch = "", .why = ""};
	const char *end = line + size, *word;

	/* Only a line that was written whole ends. */
	if (!size || end[-1] != '\n')
		return false;
	end--;
	word = take_word(arena, &line, end);
	if (!word || !cts_time_parse_utc(&read.time, word))
		return false;
	word = take_word(arena, &line, end);
	if (!word)
		return false;
	if (strcmp(word, "head") == 0) {
		read.kind = CTS_RECEIVED_HEADS;
		while (line < end)
			if (!take_head(&read, arena, &line, end))
				return false;
	} else if (strcmp(word, "refused") == 0) {
		read.kind = CTS_RECEIVED_REFUSED;
		if (!take_head(&read, arena, &line, end))
			return false;
		read.branch = take_word(arena, &line, end);
		if (!read.branch || line > end)
			return false;
		read.why = cts_arena_strndup(arena, line, (size_t)(end - line));
	} else if (strcmp(word, "pin") == 0) {
		read.kind = CTS_RECEIVED_PIN;
		read.remote = take_word(arena, &line, end);
		read.branch = read.remote ? take_word(arena, &line, end) : NULL;
		if (!read.branch || !take_head(&read, arena, &line, end) || line <= end)
			return false;
	} else if (strcmp(word, "forget") == 0) {
		read.kind = CTS_RECEIVED_FORGET;
		read.remote = take_word(arena, &line, end);
		if (!read.remote || line <= end)
			return false;
	} else {
		return false;
	}
	*out = read;
	return true;
}

/* ---- as notes ---- */

struct names {
	struct cts_arena arena;
	const char **names;
	size_t count;
};

static int add_name(void *context, const char *name, struct cts_slice data)
{
	struct names *names = context;

	(void)data;
	*(const char **)cts_arena_push(&names->arena, &names->names, &names->count,
		sizeof(*names->names)) = cts_arena_strdup(&names->arena, name);
	return 0;
}

int cts_received_note_forgotten(struct cts_txn *txn, const char *remote)
{
	struct names names = {0};
	int rc = cts_txn_each_note(
		txn, cts_arena_printf(&names.arena, "pin/%s/", remote), add_name, &names);

	add_name(&names, cts_arena_printf(&names.arena, "has/%s", remote), (struct cts_slice){0});
	add_name(
		&names, cts_arena_printf(&names.arena, "remote/%s", remote), (struct cts_slice){0});
	add_name(&names, cts_arena_printf(&names.arena, "separate/%s", remote),
		(struct cts_slice){0});
	for (size_t i = 0; rc == 0 && i < names.count; i++)
		rc = cts_txn_put_note(txn, names.names[i], "", 0);
	cts_arena_release(&names.arena);
	return rc;
}

int cts_received_note(struct cts_txn *txn, const struct cts_received *line)
{
	struct cts_arena arena = {0};
	char hex[CTS_OID_HEX + 1];
	const char *text;
	int rc = 0;

	switch (line->kind) {
	case CTS_RECEIVED_HEADS: break;
	case CTS_RECEIVED_REFUSED:
		text = cts_arena_printf(&arena, "%s\n%s", line->branch, line->why);
		rc = cts_txn_put_note(txn,
			cts_arena_printf(&arena, "refused/%s", cts_oid_format(hex, line->heads)),
			text, strlen(text));
		break;
	case CTS_RECEIVED_PIN:
		rc = cts_txn_put_note(txn,
			cts_arena_printf(&arena, "pin/%s/%s", line->remote, line->branch),
			line->heads->bytes, CTS_OID_SIZE);
		break;
	case CTS_RECEIVED_FORGET: rc = cts_received_note_forgotten(txn, line->remote); break;
	}
	cts_arena_release(&arena);
	return rc;
}
