/*
 * A remote is a section of the store's config, so people can read and mend it; what was last seen there
 * is notes in LMDB, which a rebuild may lose: then it is learnt again.
 */
#include "sync/remote.h"

#include <stdio.h>
#include <string.h>

#include "proto/error.h"
#include "proto/time.h"
#include "sync/received.h"
#include "sync/url.h"

const char *cts_remote_url(const struct cts_store *store, const char *name)
{
	char key[256];

	snprintf(key, sizeof(key), "remote.%s.url", name);
	return cts_store_config(store, key);
}

static int read_times(struct cts_txn *txn, const char *name, int64_t *pulled, int64_t *pushed)
{
	struct cts_buf note = {0};
	char key[256];
	long long a = 0, b = 0;
	int rc;

	snprintf(key, sizeof(key), "remote/%s", name);
	rc = cts_txn_note(txn, &note, key);
	if (rc == 0 && note.size)
		sscanf(cts_buf_text(&note), "%lld %lld", &a, &b);
	*pulled = a;
	*pushed = b;
	cts_buf_release(&note);
	return rc;
}

int cts_remote_note_time(struct cts_txn *txn, const char *name, enum cts_remote_event event)
{
	int64_t pulled, pushed;
	char key[256], text[64];
	int rc = read_times(txn, name, &pulled, &pushed);

	if (rc < 0)
		return rc;
	if (event == CTS_REMOTE_PULLED)
		pulled = cts_time_now();
	else
		pushed = cts_time_now();
	snprintf(key, sizeof(key), "remote/%s", name);
	snprintf(text, sizeof(text), "%lld %lld", (long long)pulled, (long long)pushed);
	return cts_txn_put_note(txn, key, text, strlen(text));
}

int cts_remotes(struct cts_store *store, struct cts_remote **out, size_t *count,
	struct cts_arena *arena)
{
	const char **names;
	size_t found = cts_store_config_sections(store, arena, "remote", &names), kept = 0;
	struct cts_remote *remotes = NULL;
	struct cts_txn *txn = NULL;
	int rc = cts_txn_begin(&txn, store);

	for (size_t i = 0; rc == 0 && i < found; i++) {
		const char *url = cts_remote_url(store, names[i]);
		struct cts_remote *remote;

		if (!url)
			continue;
		remote = cts_arena_push(arena, &remotes, &kept, sizeof(*remote));
		remote->name = names[i];
		remote->url = cts_arena_strdup(arena, url);
		rc = read_times(txn, names[i], &remote->last_pull, &remote->last_push);
	}
	cts_txn_end(txn);
	if (rc < 0)
		return rc;
	*out = remotes;
	*count = kept;
	return 0;
}

int cts_remote_pick(struct cts_store *store, const char **out, struct cts_arena *arena,
	const char *name)
{
	struct cts_buf list = {0};
	const char **names;
	size_t count = cts_store_config_sections(store, arena, "remote", &names);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], name ? name : "origin") == 0) {
			*out = names[i];
			cts_buf_release(&list);
			return 0;
		}
		cts_buf_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	if (!name && count == 1) {
		*out = names[0];
		cts_buf_release(&list);
		return 0;
	}
	if (!count) {
		cts_fail(CTS_EREFUSED, "no remote is known yet");
		cts_hint("ctsync remote add origin PATH-OR-URL");
	} else if (name) {
		cts_fail(CTS_EREFUSED, "no remote is named '%s'", name);
		cts_hint("one of %s", cts_buf_text(&list));
	} else {
		cts_fail(CTS_EREFUSED, "there are several remotes and none is named origin");
		cts_hint("name one of %s", cts_buf_text(&list));
	}
	cts_buf_release(&list);
	return CTS_EREFUSED;
}

int cts_remote_put_url(struct cts_store *store, const char *name, const char *url)
{
	char key[256];

	snprintf(key, sizeof(key), "remote.%s.url", name);
	return cts_store_config_set(store, key, url);
}

static int check_known(struct cts_store *store, const char *name)
{
	struct cts_arena arena = {0};
	const char *picked;
	int rc = cts_remote_pick(store, &picked, &arena, name);

	cts_arena_release(&arena);
	return rc;
}

static int forget_in_txn(struct cts_txn *txn, void *context)
{
	return cts_received_note_forgotten(txn, context);
}

/* What was seen at one place says nothing of another under the same name. */
static int forget(struct cts_store *store, const char *name)
{
	struct cts_arena arena = {0};
	struct cts_buf lines = {0};
	int rc;

	cts_received_forget(&lines, cts_time_now(), name);
	rc = cts_received_append(store, &lines);
	if (rc == 0)
		rc = cts_store_exchange(store, forget_in_txn, cts_arena_strdup(&arena, name));
	cts_buf_release(&lines);
	cts_arena_release(&arena);
	return rc < 0 ? rc : 0;
}

int cts_remote_remove(struct cts_store *store, const char *name)
{
	int rc = check_known(store, name);

	if (rc == 0)
		rc = forget(store, name);
	return rc < 0 ? rc : cts_store_config_remove(store, "remote", name);
}

int cts_remote_set_url(struct cts_store *store, const char *name, const char *url)
{
	struct cts_arena arena = {0};
	const char *old, *full = "";
	int rc = check_known(store, name);

	if (rc == 0)
		rc = cts_url_check(url);
	if (rc == 0) {
		full = cts_url_absolute(&arena, url);
		old = cts_remote_url(store, name);
		if (!old || strcmp(old, full) != 0)
			rc = forget(store, name);
	}
	if (rc == 0)
		rc = cts_remote_put_url(store, name, full);
	cts_arena_release(&arena);
	return rc;
}
