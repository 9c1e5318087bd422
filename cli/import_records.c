/*
 * Records of csv, tsv, json and ndjson, one at a time: read, checked, put. Memory is that of one
 * record, whatever the length of the file (a json file is read whole; ndjson is for long ones).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/import/sheet.h"
#include "cli/import_run.h"
#include "proto/error.h"
#include "proto/id.h"
#include "proto/json.h"
#include "proto/programme.h"
#include "proto/validate.h"

#define JSON_MAX (256 * 1024 * 1024) /* bytes of a json file, which is read whole */

/* ---- one record ----------------------------------------------------------------------------- */

/* `given` over what stands: fields that were not named stay. */
static int fill_in(struct cts_import *import, struct cts_record *record,
	const struct cts_record *given, const bool *named)
{
	for (size_t i = 0; i < given->kind->field_count; i++) {
		const struct cts_field *field = &given->kind->fields[i];
		struct cts_value value;

		if (!named[i])
			continue;
		value = cts_record_get(given, field);
		if (cts_record_conflict(record, field->name)) {
			if (cts_value_equal(value, cts_record_get(record, field)) &&
				!import->settle)
				continue;
			if (!import->settle) {
				cts_fail(CTS_EREFUSED, "'%s' of '%s/%s' is in conflict",
					field->name, record->kind->name, record->id);
				cts_hint(
					"ctsync conflicts %s/%s, or --settle to mean the new value",
					record->kind->name, record->id);
				return CTS_EREFUSED;
			}
			cts_record_settle(record, field->name);
		}
		cts_record_set(record, field, value);
	}
	return 0;
}

static int put_new(
	struct cts_import *import, struct cts_txn *txn, const struct cts_record *given, size_t row)
{
	struct cts_record record;
	const struct cts_field *source = cts_kind_field(given->kind, CTS_COMMON_SOURCE);
	bool is_sheet = import->format == CTS_IMPORT_CSV || import->format == CTS_IMPORT_TSV;
	int rc;

	cts_record_copy(&record, given);
	/* A row says nothing of where it stands; an object is a whole record as it is. */
	if (is_sheet && source && !cts_value_is_set(cts_record_get(&record, source)))
		cts_record_set(&record, source,
			cts_value_of(&record.arena,
				cts_arena_printf(&record.arena, "%s:%zu:1", import->file, row)));
	rc = import->problems.count ? cts_validate_record(&record, NULL)
				    : cts_txn_put(txn, &record);
	if (rc >= 0)
		cts_import_count(import, record.kind, true, true);
	cts_record_release(&record);
	return rc;
}

static int put_existing(struct cts_import *import, struct cts_txn *txn, const char *key,
	const struct cts_record *given, const bool *named)
{
	struct cts_record record;
	int rc = cts_txn_get(txn, &record, key);

	if (rc < 0)
		return rc;
	rc = fill_in(import, &record, given, named);
	if (rc >= 0)
		rc = import->problems.count ? cts_validate_record(&record, NULL)
					    : cts_txn_put(txn, &record);
	if (rc >= 0)
		cts_import_count(import, record.kind, false, rc > 0);
	cts_record_release(&record);
	return rc;
}

static int put_record(struct cts_import *import, struct cts_txn *txn,
	const struct cts_record *given, const bool *named, size_t row)
{
	char key[CTS_KEY_MAX + 1];
	enum cts_life life = CTS_LIFE_NONE;
	int rc;

	snprintf(key, sizeof(key), "%s/%s", given->kind->name, given->id);
	rc = cts_txn_life(txn, &life, key);
	if (rc < 0)
		return rc;
	switch (life) {
	case CTS_LIFE_NONE: return put_new(import, txn, given, row);
	case CTS_LIFE_LIVE: return put_existing(import, txn, key, given, named);
	case CTS_LIFE_DELETED:
		cts_fail(CTS_EREFUSED, "'%s' was deleted", key);
		cts_hint("ctsync add --again %s", key);
		return CTS_EREFUSED;
	}
	return 0;
}

/* What the file has wrong goes to the problems; what the store or the disk has wrong ends the
 * import. */
static bool is_problem(int rc)
{
	return rc == CTS_EVALUE || rc == CTS_EREFUSED;
}

/* ---- csv and tsv ---------------------------------------------------------------------------- */

static int import_sheet(struct cts_import *import, struct cts_txn *txn, struct cts_record *record)
{
	struct cts_sheet *sheet;
	const bool *named;
	uint64_t done = 0;
	size_t row;
	int rc;

	rc = cts_sheet_open(&sheet, import->path, import->fd,
		import->format == CTS_IMPORT_CSV ? ',' : '\t', import->kind);
	if (rc < 0)
		return rc;
	while ((rc = cts_sheet_next(sheet, record, &named, &row, &import->problems)) > 0) {
		rc = put_record(import, txn, record, named, row);
		if (is_problem(rc))
			cts_problems_add(&import->problems, rc, import->path, row, 1);
		else if (rc < 0)
			break;
		cts_import_step(import, ++done, false);
	}
	cts_sheet_free(sheet);
	return rc < 0 ? rc : 0;
}

/* ---- json and ndjson ------------------------------------------------------------------------ */

static int read_whole(struct cts_buf *out, const struct cts_import *import)
{
	ssize_t got;

	do {
		if (out->size > JSON_MAX) {
			cts_fail(CTS_EVALUE, "'%s' is longer than 256 MiB", import->path);
			cts_hint("give one object a line, and --format ndjson");
			return CTS_EVALUE;
		}
		cts_buf_reserve(out, 1 << 16);
		got = read(import->fd, out->data + out->size, 1 << 16);
		if (got > 0)
			out->size += (size_t)got;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be read", import->path);
	return 0;
}

/* Every named value made canonical. Each wrong one is a problem of its own. */
static bool check_values(
	struct cts_import *import, struct cts_record *record, const bool *named, size_t row)
{
	size_t before = import->problems.count;
	int rc = *record->id ? cts_id_check(record->id)
			     : cts_fail(CTS_EVALUE, "the object has no 'id'");

	if (rc < 0)
		cts_problems_add(&import->problems, rc, import->path, row, 1);
	for (size_t i = 0; i < record->kind->field_count; i++) {
		const struct cts_field *field = &record->kind->fields[i];
		struct cts_value value = cts_record_get(record, field), valid;

		if (!named[i] || !cts_value_is_set(value))
			continue;
		rc = cts_validate_value(&valid, &record->arena, record->kind, field, value);
		if (rc >= 0)
			cts_record_set(record, field, valid);
		else
			cts_problems_add(&import->problems, rc, import->path, row, 1);
	}
	return import->problems.count == before;
}

static int import_objects(struct cts_import *import, struct cts_txn *txn,
	struct cts_json_input *input, struct cts_record *record)
{
	const char *kind = import->kind ? import->kind->name : NULL;
	size_t line_before = 0;
	uint64_t done = 0;
	bool *named = NULL;
	int rc;

	while ((rc = cts_json_input_next(input, record, &named, import->schema, kind)) != 0) {
		size_t line = cts_json_input_line(input);

		if (rc == CTS_EVALUE) {
			cts_problems_add(&import->problems, rc, import->path, 0, 0);
			/* A line that is too long to read is not passed over. */
			if (import->format == CTS_IMPORT_NDJSON && line == line_before)
				return 0;
		} else if (rc < 0) {
			return rc;
		} else if (check_values(import, record, named, line)) {
			rc = put_record(import, txn, record, named, line);
			if (is_problem(rc))
				cts_problems_add(&import->problems, rc, import->path, line, 1);
			else if (rc < 0)
				return rc;
		}
		line_before = line;
		cts_import_step(import, ++done, import->format == CTS_IMPORT_JSON);
	}
	return 0;
}

static int import_json(struct cts_import *import, struct cts_txn *txn, struct cts_record *record)
{
	struct cts_json_input *input = NULL;
	struct cts_buf data = {0};
	int rc;

	if (import->format == CTS_IMPORT_NDJSON) {
		rc = cts_json_input_open_lines(&input, import->path, import->fd);
	} else {
		rc = read_whole(&data, import);
		if (rc >= 0)
			rc = cts_json_input_open(
				&input, import->path, cts_buf_text(&data), data.size);
	}
	if (rc >= 0)
		rc = import_objects(import, txn, input, record);
	cts_json_input_free(input);
	cts_buf_release(&data);
	return rc;
}

int cts_import_records(struct cts_txn *txn, void *context)
{
	struct cts_import *import = context;
	struct cts_record record;
	int rc;

	cts_import_reset(import);
	if (lseek(import->fd, 0, SEEK_SET) < 0)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be read again", import->path);
	/* Any kind does for a start: the readers reset the record to the kind that they find. */
	cts_record_init(&record, cts_schema_kind_at(import->schema, 0), "");
	if (import->format == CTS_IMPORT_CSV || import->format == CTS_IMPORT_TSV)
		rc = import_sheet(import, txn, &record);
	else
		rc = import_json(import, txn, &record);
	cts_record_release(&record);
	if (rc >= 0 && import->problems.count)
		rc = CTS_EVALUE;
	return rc;
}
