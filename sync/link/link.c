/*
 * The parent's side: a child, what it told of the server, and one order to it. What the child tells is a
 * stranger's and is checked like one: sizes, ends of texts, numbers.
 */
#include "sync/link/link.h"

#include <stdlib.h>
#include <string.h>

#include "sync/link/link_internal.h"
#include "sync/url.h"

/* More than an honest server of a programme of any size needs, less than harms this machine. */
enum { CPU_S = 2 * 60 * 60, IDLE_S = 60, IDLE_MAX_S = 24 * 60 * 60 };
#define MEMORY_BYTES (UINT64_C(4) << 30)
#define FILE_BYTES (UINT64_C(64) << 30)

struct cts_link {
	struct cts_child *child;
	struct cts_arena arena;
	const char *url; /* as it may be shown */
	bool is_open;
	const char *capabilities;
	struct cts_ref_entry *refs;
	size_t ref_count;
};

int cts_link_idle(int *seconds, struct cts_store *store)
{
	const char *text = store ? cts_store_config(store, "network.idletimeout") : NULL;
	char *end;
	long value;

	if (!text) {
		*seconds = IDLE_S;
		return 0;
	}
	value = strtol(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || value > IDLE_MAX_S) {
		cts_fail(CTS_EVALUE, "network.idletimeout is '%s'", text);
		cts_hint("seconds, up to a day; 0: wait for ever");
		return CTS_EVALUE;
	}
	*seconds = (int)value;
	return 0;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static int make_no_sense(const struct cts_link *link)
{
	return cts_fail(CTS_EUNREACHABLE, "what was heard of '%s' makes no sense", link->url);
}

static int take_refs(struct cts_link *link, struct cts_slice bytes)
{
	const char *at = bytes.data, *end = at + bytes.size;

	while (at < end) {
		struct cts_ref_entry *entry;
		size_t left = (size_t)(end - at);
		const char *nul = left > CTS_OID_SIZE
			? memchr(at + CTS_OID_SIZE, '\0', left - CTS_OID_SIZE) : NULL;

		if (!nul)
			return make_no_sense(link);
		entry = cts_arena_push(
			&link->arena, &link->refs, &link->ref_count, sizeof(*entry));
		memcpy(entry->oid.bytes, at, CTS_OID_SIZE);
		entry->name = cts_arena_strdup(&link->arena, at + CTS_OID_SIZE);
		at = nul + 1;
	}
	return 0;
}

static int hear(struct cts_link *link)
{
	struct cts_message message;

	for (;;) {
		int rc = cts_child_get(&message, link->child);

		if (rc < 0)
			return rc;
		if (rc == 0)
			return make_no_sense(link);
		if (message.type == CTS_LINK_OPEN)
			return 0;
		if (message.type == CTS_LINK_REFS)
			rc = take_refs(link, message.bytes);
		else if (message.type == CTS_LINK_CAPABILITIES)
			link->capabilities = cts_arena_strndup(
				&link->arena, message.bytes.data, message.bytes.size);
		if (rc < 0)
			return rc;
	}
}

int cts_link_start(struct cts_link **out, const char *url, enum cts_link_service service,
	const struct cts_link_options *options)
{
	const struct cts_child_limits limits = {.idle_s = options->idle_s,
		.memory_bytes = MEMORY_BYTES,
		.file_bytes = FILE_BYTES,
		.cpu_s = CPU_S};
	struct cts_link_work work = {.url = url, .service = service};
	struct cts_link *link;
	int rc = cts_url_check(url);

	if (rc < 0)
		return rc;
	if (cts_url_path(url) && service != CTS_LINK_PUSH)
		return cts_fail(CTS_EVALUE, "'%s' is a path, not a server", url);
	link = cts_malloc(sizeof(*link));
	*link = (struct cts_link){.capabilities = ""};
	work.shown = link->url =
		cts_arena_strdup(&link->arena, cts_url_shown(&link->arena, url));
	cts_git_wait();
	rc = cts_child_start(
		&link->child, &limits, link->url, cts_link_child, &work, options->progress);
	if (rc < 0) {
		cts_link_close(link);
		return rc;
	}
	*out = link;
	return 0;
}

int cts_link_wait(struct cts_link *link)
{
	int rc = link->is_open ? 0 : hear(link);

	link->is_open = rc == 0;
	return rc;
}

int cts_link_open(struct cts_link **out, const char *url, enum cts_link_service service,
	const struct cts_link_options *options)
{
	struct cts_link *link = NULL;
	int rc = cts_link_start(&link, url, service, options);

	if (rc == 0)
		rc = cts_link_wait(link);
	if (rc < 0) {
		cts_link_close(link);
		return rc;
	}
	*out = link;
	return 0;
}

void cts_link_close(struct cts_link *link)
{
	if (!link)
		return;
	cts_child_end(link->child);
	cts_arena_release(&link->arena);
	free(link);
}

const struct cts_ref_entry *cts_link_refs(const struct cts_link *link, size_t *count)
{
	*count = link->ref_count;
	return link->refs;
}

bool cts_link_can(const struct cts_link *link, const char *capability)
{
	return cts_capability_find(link->capabilities, capability);
}

/* ---- using ------------------------------------------------------------------------------------ */

/* Sends what was gathered when it is a batch, or (`least` 0) in any case. */
static int put_many(struct cts_link *link, int type, struct cts_buf *many, size_t least)
{
	int rc = 0;

	if (many->size > least) {
		rc = cts_child_put(link->child, type, cts_buf_slice(many));
		cts_buf_clear(many);
	}
	return rc;
}

static int put_text(struct cts_link *link, int type, const char *text)
{
	return cts_child_put(
		link->child, type, (struct cts_slice){.data = text, .size = strlen(text)});
}

static int put_ids(struct cts_link *link, int type, const struct cts_oid *ids, size_t count)
{
	struct cts_buf many = {0};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		cts_buf_put(&many, ids[i].bytes, CTS_OID_SIZE);
		rc = put_many(link, type, &many, CTS_LINK_BATCH);
	}
	if (rc == 0)
		rc = put_many(link, type, &many, 0);
	cts_buf_release(&many);
	return rc;
}

int cts_link_fetch(struct cts_link *link, const char *git_dir, const struct cts_link_wish *wish)
{
	struct cts_message message;
	int rc = put_ids(link, CTS_LINK_WANTS, wish->wants, wish->want_count);

	if (rc == 0)
		rc = put_ids(link, CTS_LINK_HAVES, wish->haves, wish->have_count);
	if (rc == 0)
		rc = put_text(link, CTS_LINK_FETCH_TO, git_dir);
	while (rc == 0) {
		rc = cts_child_get(&message, link->child);
		if (rc == 0)
			return 0;
		rc = rc > 0 ? 0 : rc; /* there is nothing that it could tell */
	}
	return rc;
}

/* @return CTS_EREJECTED: nothing was unpacked */
static int take_report(
	struct cts_link *link, struct cts_link_command *commands, size_t count, struct cts_slice bytes)
{
	const char *at = bytes.data, *end = at + bytes.size;
	const char *unpack = cts_arena_strndup(&link->arena, at, bytes.size);

	at += strlen(unpack) + 1;
	for (size_t i = 0; i < count; i++) {
		const char *nul = at < end ? memchr(at, '\0', (size_t)(end - at)) : NULL;

		if (!nul || at[0] == '\0')
			return make_no_sense(link);
		commands[i].is_done = at[0] == 'k';
		commands[i].why = commands[i].is_done
			? NULL : cts_arena_strdup(&link->arena, at + 1);
		at = nul + 1;
	}
	if (unpack[0]) {
		cts_fail(CTS_EREJECTED, "'%s' could not unpack what was sent: %s", link->url,
			unpack);
		cts_hint("try again, and if it stays so tell who runs it; what you changed stays here");
		return CTS_EREJECTED;
	}
	return 0;
}

int cts_link_push(struct cts_link *link, struct cts_link_command *commands, size_t count,
	const char *pack_path)
{
	struct cts_message message;
	struct cts_buf many = {0};
	bool is_told = false;
	int rc = 0, told = 0;

	for (size_t i = 0; rc == 0 && i < count; i++) {
		commands[i].is_done = false;
		commands[i].why = "the server did not say";
		cts_buf_put(&many, commands[i].old.bytes, CTS_OID_SIZE);
		cts_buf_put(&many, commands[i].new.bytes, CTS_OID_SIZE);
		cts_buf_put(&many, commands[i].name, strlen(commands[i].name) + 1);
		rc = put_many(link, CTS_LINK_COMMANDS, &many, CTS_LINK_BATCH);
	}
	if (rc == 0)
		rc = put_many(link, CTS_LINK_COMMANDS, &many, 0);
	if (rc == 0)
		rc = put_text(link, CTS_LINK_SEND, pack_path ? pack_path : "");
	cts_buf_release(&many);
	while (rc == 0) {
		rc = cts_child_get(&message, link->child);
		if (rc <= 0)
			break;
		rc = 0;
		if (message.type == CTS_LINK_REPORT && !is_told) {
			is_told = true;
			told = take_report(link, commands, count, message.bytes);
		}
	}
	/* What becomes of the talk after the report changes nothing of it. */
	if (!is_told && rc >= 0)
		rc = make_no_sense(link);
	if (!is_told && rc == CTS_EUNREACHABLE)
		cts_hint("what became of it there is not known: push again, nothing is taken twice");
	if (!is_told)
		return rc;
	if (told == 0)
		cts_error_clear();
	return told;
}
