/*
 * Whoever looks at `path` finds a whole store or nothing, whenever the machine dies.
 */
#include "sync/create.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/programme.h"
#include "proto/validate.h"
#include "sync/disk.h"
#include "sync/git/repo.h"

int cts_creating_begin(
	struct cts_creating *creating, const char *path, const struct cts_store_setup *setup)
{
	struct cts_arena arena = {0};
	const char *mirror;
	int rc;

	*creating = (struct cts_creating){.path = strdup(path)};
	if (access(path, F_OK) == 0) {
		rc = cts_fail(CTS_EREFUSED, "there is a store in '%s' already", path);
		cts_hint("ctsync status");
		return rc;
	}
	creating->fresh = strdup(cts_arena_printf(&arena, "%s.new-XXXXXX", path));
	if (!mkdtemp(creating->fresh)) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", path);
		free(creating->fresh);
		creating->fresh = NULL;
		goto out;
	}
	mirror = cts_arena_printf(&arena, "%s/mirror.git", creating->fresh);
	rc = cts_store_create(creating->fresh, setup);
	if (rc == 0)
		rc = cts_repo_create(mirror);
	if (rc == 0)
		rc = cts_store_open(&creating->store, creating->fresh);
	if (rc == 0)
		rc = cts_road_attach(&creating->road, creating->store, mirror);
out:
	cts_arena_release(&arena);
	return rc;
}

int cts_creating_finish(struct cts_creating *creating)
{
	int rc = cts_store_sync(creating->store);

	cts_road_close(creating->road);
	cts_store_close(creating->store);
	creating->road = NULL;
	creating->store = NULL;
	if (rc == 0)
		rc = cts_sync_tree(creating->fresh);
	if (rc == 0 && rename(creating->fresh, creating->path) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot make '%s'", creating->path);
	if (rc < 0)
		return rc;
	free(creating->fresh);
	creating->fresh = NULL;
	return cts_sync_tree(creating->path);
}

void cts_creating_end(struct cts_creating *creating)
{
	cts_road_close(creating->road);
	cts_store_close(creating->store);
	if (creating->fresh)
		cts_remove_tree(creating->fresh);
	free(creating->fresh);
	free(creating->path);
	*creating = (struct cts_creating){0};
}

/* ---- init ------------------------------------------------------------------------------------- */

struct first {
	const struct cts_schema *schema;
	const char *agency, *code;
};

/* A schema of its own need not have agencies; then the first change is whatever comes first. */
static int set_if_there(struct cts_record *record, const char *field, const char *text)
{
	const struct cts_field *known = cts_kind_field(record->kind, field);
	const char *item;
	int rc;

	if (!known)
		return 0;
	rc = cts_validate_item(&item, &record->arena, record->kind, known, text);
	if (rc == 0)
		cts_record_set(record, known, cts_value_of(&record->arena, item));
	return rc;
}

static int put_agency(struct cts_txn *txn, void *context)
{
	const struct first *first = context;
	const struct cts_kind *kind = cts_schema_kind(first->schema, CTS_KIND_AGENCY);
	struct cts_record record;
	int rc;

	if (!kind)
		return cts_fail(CTS_EVALUE, "the schema has no kind '%s', which init writes first",
			CTS_KIND_AGENCY);
	cts_record_init(&record, kind, first->agency);
	rc = set_if_there(&record, CTS_AGENCY_CODE, first->code);
	if (rc == 0)
		rc = set_if_there(&record, CTS_AGENCY_ROLE, "coordinator");
	if (rc == 0)
		rc = cts_txn_put(txn, &record);
	cts_record_release(&record);
	return rc;
}

int cts_store_init(const char *path, const char *agency_code, const char *author,
	const struct cts_schema *schema)
{
	struct cts_arena arena = {0};
	struct cts_creating creating = {0};
	struct first first = {.schema = schema};
	struct cts_write write = {.message = "begin the programme"};
	struct cts_store_setup setup = {.author = author, .schema = schema};
	char code[CTS_AGENCY_MAX + 1] = "";
	int rc = cts_agency_id(&first.agency, &arena, agency_code);

	if (rc < 0)
		goto out;
	for (size_t i = 0; agency_code[i] && i < CTS_AGENCY_MAX; i++)
		code[i] = agency_code[i] >= 'a' && agency_code[i] <= 'z'
			? (char)(agency_code[i] - 32)
			: agency_code[i];
	first.code = code;
	setup.agency = first.agency;
	rc = cts_creating_begin(&creating, path, &setup);
	if (rc == 0)
		rc = cts_store_write(creating.store, &write, put_agency, &first);
	if (rc >= 0)
		rc = cts_seal_locked(creating.road, true, NULL, NULL);
	if (rc >= 0)
		rc = cts_creating_finish(&creating);
out:
	cts_creating_end(&creating);
	cts_arena_release(&arena);
	return rc < 0 ? rc : 0;
}
