/*
 * What a pull and a push did, as people and programs see it; `sync` says both.
 *
 * JSON: pull {commits,records_changed,conflicts,refused:[{commit,branch,why}]}, push
 * {commits,branches:[...]}; `commit` is null where a whole branch was refused. Text: a line of what
 * came or went; that there was nothing is a note, and what was refused a warning, on stderr.
 */
#ifndef CTS_CLI_ROAD_OUT_H
#define CTS_CLI_ROAD_OUT_H

#include "cli/jsonw.h"
#include "cli/out.h"
#include "sync/sync.h"

/* The members; the object is open and stays so. */
void cts_pull_put_json(struct cts_jsonw *json, const struct cts_pull *pull);
void cts_push_put_json(struct cts_jsonw *json, const struct cts_push *push);

void cts_pull_put_text(struct cts_out *out, const struct cts_pull *pull, const char *remote);
void cts_push_put_text(struct cts_out *out, const struct cts_push *push, const char *remote);

/* An array of {commit,branch,why}. */
void cts_refusals_put_json(
	struct cts_jsonw *json, const char *key, const struct cts_refusal *refusals, size_t count);

/* "commit 7f3a9c21d0 of nzp/7f3a9c21d0b4e586: why" */
void cts_refusal_put(struct cts_buf *out, const struct cts_refusal *refusal);

#endif
