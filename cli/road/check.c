/*
 * The run of check. Only an invariant that does not hold is a failure; a reference without its
 * record is something to mend.
 */
#include <inttypes.h>

#include "cli/items.h"
#include "cli/road/runs.h"
#include "cli/session.h"
#include "proto/error.h"
#include "sync/sync.h"

struct violation {
	int number;
	const char *text;
};

struct broken {
	const char *record, *field, *text;
};

struct findings {
	struct cts_arena *arena;
	struct violation *violations;
	size_t violation_count;
	struct broken *broken;
	size_t broken_count;
};

static int note_violation(void *context, int number, const char *text)
{
	struct findings *findings = context;

	*(struct violation *)cts_arena_push(findings->arena, &findings->violations,
		&findings->violation_count, sizeof(struct violation)) = (struct violation){
		.number = number, .text = cts_arena_strdup(findings->arena, text)};
	return 0;
}

static int note_broken(void *context, const char *key, const char *field, const char *text)
{
	struct findings *findings = context;

	*(struct broken *)cts_arena_push(findings->arena, &findings->broken,
		&findings->broken_count, sizeof(struct broken)) = (struct broken){
		.record = cts_arena_strdup(findings->arena, key),
		.field = cts_arena_strdup(findings->arena, field),
		.text = cts_arena_strdup(findings->arena, text),
	};
	return 0;
}

static void print_json(struct cts_out *out, const struct cts_check *check, const char *digest,
	const struct findings *findings)
{
	struct cts_jsonw json;

	cts_answer_begin(&json, out);
	cts_jsonw_int(&json, "records", (int64_t)check->records);
	cts_jsonw_string(&json, "digest", digest);
	cts_jsonw_array(&json, "violations");
	for (size_t i = 0; i < findings->violation_count; i++) {
		cts_jsonw_object(&json, NULL);
		cts_jsonw_int(&json, "number", findings->violations[i].number);
		cts_jsonw_string(&json, "text", findings->violations[i].text);
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_jsonw_array(&json, "broken");
	for (size_t i = 0; i < findings->broken_count; i++) {
		cts_jsonw_object(&json, NULL);
		cts_jsonw_string(&json, "record", findings->broken[i].record);
		cts_jsonw_string(&json, "field", findings->broken[i].field);
		cts_jsonw_string(&json, "text", findings->broken[i].text);
		cts_jsonw_end(&json);
	}
	cts_jsonw_end(&json);
	cts_answer_end(&json, out);
}

static void print_text(struct cts_out *out, const struct cts_check *check, const char *digest,
	const struct findings *findings)
{
	for (size_t i = 0; i < findings->violation_count; i++) {
		cts_out_styled(out, CTS_STYLE_WARN, "violation");
		cts_out_printf(out, " %d: ", findings->violations[i].number);
		cts_out_text(out, findings->violations[i].text);
		cts_out_puts(out, "\n");
	}
	for (size_t i = 0; i < findings->broken_count; i++) {
		cts_out_styled(out, CTS_STYLE_WARN, "broken");
		cts_out_puts(out, ": ");
		cts_out_text(out, findings->broken[i].record);
		cts_out_puts(out, " ");
		cts_out_text(out, findings->broken[i].field);
		cts_out_puts(out, ": ");
		cts_out_text(out, findings->broken[i].text);
		cts_out_puts(out, "\n");
	}
	cts_out_printf(out, "%" PRIu64 " %s\ndigest %s\n", check->records,
		check->records == 1 ? "record" : "records", digest);
}

static int check_mirror(struct cts_session *session, struct cts_check *check)
{
	struct cts_road *road = NULL;
	int rc = cts_road_open(&road, session->store);

	if (rc == 0)
		rc = cts_road_check(road, check);
	cts_road_close(road);
	return rc;
}

int cts_run_check(struct cts_session *session, const void *options, int argc, char **argv)
{
	struct findings findings = {.arena = &session->arena};
	struct cts_check check = {
		.context = &findings, .violation = note_violation, .broken = note_broken};
	char digest[2 * CTS_SHA256_SIZE + 1];
	int rc = cts_store_check(session->store, &check);

	(void)options;
	(void)argc;
	(void)argv;
	if (rc >= 0)
		rc = check_mirror(session, &check);
	if (rc < 0)
		return rc;
	cts_hex_format(digest, check.digest, sizeof(check.digest));
	if (cts_out_is_json(&session->out))
		print_json(&session->out, &check, digest, &findings);
	else
		print_text(&session->out, &check, digest, &findings);
	if (findings.violation_count == 0)
		return 0;
	cts_fail(CTS_EDAMAGED, findings.violation_count == 1 ? "%zu invariant does not hold"
							     : "%zu invariants do not hold",
		findings.violation_count);
	cts_hint("ctsync rebuild");
	return CTS_EDAMAGED;
}
