/*
 * Assignments in two steps: the words are read first (files too), so that a mistake in any of them
 * ends the command before a store is touched, and so that a transaction that is run again does not
 * read stdin twice; then they are done to a record, in order.
 */
#include "cli/assign.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/diag.h"
#include "proto/error.h"
#include "proto/fuzzydate.h"
#include "proto/text.h"
#include "proto/validate.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
	       (c >= 'A' && c <= 'Z');
}

/* Reads all of it, at most one byte more than a value may have. */
static int read_all(struct cts_buf *out, int fd, const char *name)
{
	char piece[16 * 1024];

	while (out->size <= CTS_VALUE_MAX + 1) {
		ssize_t n = read(fd, piece, sizeof(piece));

		if (n == 0)
			return 0;
		if (n > 0)
			cts_buf_put(out, piece, (size_t)n);
		else if (errno != EINTR)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
	}
	return cts_fail(CTS_EVALUE, "'%s' is longer than a value may be, 64 KiB", name);
}

static int read_value(const char **out, struct cts_arena *arena, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	const char *name = is_stdin ? "stdin" : path;
	struct cts_buf buf = {0};
	int fd, rc;

	if (!*path) {
		cts_fail(CTS_EUSAGE, "'@' names no file");
		cts_hint("@FILE reads a file, @- reads stdin, @@ stands for the sign itself");
		return CTS_EUSAGE;
	}
	fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	rc = read_all(&buf, fd, name);
	if (!is_stdin)
		close(fd);
	/* The newline that editors put at the end of a file is not part of the value. */
	if (rc == 0 && buf.size > 0 && buf.data[buf.size - 1] == '\n') {
		buf.size--;
		if (buf.size > 0 && buf.data[buf.size - 1] == '\r')
			buf.size--;
	}
	if (rc == 0)
		rc = cts_text_normalise(out, arena, cts_buf_text(&buf), buf.size, name);
	cts_buf_release(&buf);
	return rc;
}

static int parse_one(struct cts_assign *out, struct cts_arena *arena, const char *word)
{
	size_t size = 0;
	const char *text;

	while (is_name_char(word[size]))
		size++;
	text = word + size;
	out->op = CTS_ASSIGN_SET;
	if (*text == '+' || *text == '-')
		out->op = *text++ == '+' ? CTS_ASSIGN_PUT : CTS_ASSIGN_TAKE;
	if (size == 0 || *text != '=') {
		cts_fail(CTS_EUSAGE, "'%s' is no assignment", word);
		cts_hint("FIELD=VALUE sets, FIELD+=VALUE adds a member, FIELD-=VALUE takes one "
			 "out, FIELD= clears");
		return CTS_EUSAGE;
	}
	text++;
	out->field = cts_arena_strndup(arena, word, size);
	out->text = text;
	if (text[0] == '@' && text[1] == '@') {
		out->text = text + 1;
	} else if (text[0] == '@') {
		int rc = read_value(&out->text, arena, text + 1);

		if (rc < 0)
			return rc;
	}
	if (!*out->text && out->op != CTS_ASSIGN_SET) {
		cts_fail(CTS_EUSAGE, "'%s' names no member", word);
		cts_hint("%s= clears the whole field", out->field);
		return CTS_EUSAGE;
	}
	return 0;
}

int cts_assign_parse(
	struct cts_assign_list *out, struct cts_arena *arena, int argc, char *const *argv)
{
	struct cts_assign_list list = {0};
	bool stdin_read = false;

	for (int i = 0; i < argc; i++) {
		const char *at = strstr(argv[i], "=@-");
		struct cts_assign assign;
		int rc;

		if (at && !at[3] && at == strchr(argv[i], '=')) {
			if (stdin_read)
				return cts_fail(CTS_EUSAGE, "stdin can be read by one '@-' alone");
			stdin_read = true;
		}
		rc = parse_one(&assign, arena, argv[i]);
		if (rc < 0)
			return rc;
		*(struct cts_assign *)cts_arena_push(
			arena, &list.items, &list.count, sizeof(assign)) = assign;
	}
	*out = list;
	return 0;
}

static int refuse_conflict(struct cts_record *record, const char *field)
{
	const char *key = cts_record_key(&record->arena, record);

	cts_fail(CTS_EREFUSED, "'%s' of '%s' is in conflict", field, key);
	cts_hint("ctsync resolve %s %s --take N, or --settle to mean the new value", key, field);
	return CTS_EREFUSED;
}

static int refuse_member(const struct cts_field *field, const char *sign)
{
	cts_fail(CTS_EVALUE, "'%s' holds one value: '%s' is for lists", field->name, sign);
	cts_hint("%s=VALUE", field->name);
	return CTS_EVALUE;
}

static int take_out(struct cts_record *record, const struct cts_field *field, const char *item)
{
	struct cts_value value = cts_record_get(record, field);
	const char *near;

	if (!cts_value_has(value, item)) {
		cts_fail(CTS_EVALUE, "'%s' has no member '%s'", field->name, item);
		near = cts_nearest(item, value.items, value.count);
		if (near)
			cts_hint("%s-='%s'", field->name, near);
		else
			cts_hint("ctsync show %s", cts_record_key(&record->arena, record));
		return CTS_EVALUE;
	}
	cts_record_set(record, field, cts_value_without(&record->arena, value, item));
	return 0;
}

/* One assignment. `collect`: an earlier one of this command set the list, so this one adds to it.
 * */
static int apply_one(struct cts_record *record, const struct cts_field *field,
	const struct cts_assign *assign, bool collect)
{
	struct cts_value value = cts_record_get(record, field);
	const char *item;
	int rc;

	if (!field->repeated && assign->op == CTS_ASSIGN_PUT)
		return refuse_member(field, "+=");
	if (!field->repeated && assign->op == CTS_ASSIGN_TAKE)
		return refuse_member(field, "-=");
	if (!*assign->text) {
		cts_record_set(record, field, (struct cts_value){0});
		return 0;
	}
	rc = cts_validate_item(&item, &record->arena, record->kind, field, assign->text);
	if (rc < 0)
		return rc;
	if (assign->op == CTS_ASSIGN_TAKE)
		return take_out(record, field, item);
	if (assign->op == CTS_ASSIGN_SET && !collect)
		value = cts_value_of(&record->arena, item);
	else if (field->merge == CTS_MERGE_LIST || !cts_value_has(value, item))
		value = cts_value_with(&record->arena, value, item);
	rc = cts_validate_value(&value, &record->arena, record->kind, field, value);
	if (rc < 0)
		return rc;
	cts_record_set(record, field, value);
	return 0;
}

int cts_assign_apply(struct cts_record *record, const struct cts_assign_list *list, bool settle)
{
	/* By field index: this command has set the field with FIELD=. */
	bool *set = cts_arena_alloc(&record->arena, record->kind->field_count * sizeof(*set) + 1);

	for (size_t i = 0; i < list->count; i++) {
		const struct cts_assign *assign = &list->items[i];
		const struct cts_field *field;
		int rc = cts_kind_find_field(&field, record->kind, assign->field);

		if (rc < 0)
			return rc;
		if (assign->op == CTS_ASSIGN_SET && set[field->index] && !field->repeated) {
			cts_fail(CTS_EVALUE, "'%s' holds one value and is set twice", field->name);
			return CTS_EVALUE;
		}
		if (cts_record_conflict(record, field->name)) {
			if (!settle)
				return refuse_conflict(record, field->name);
			cts_record_settle(record, field->name);
		}
		rc = apply_one(record, field, assign, set[field->index]);
		if (rc < 0)
			return rc;
		if (assign->op == CTS_ASSIGN_SET)
			set[field->index] = true;
	}
	return 0;
}

void cts_assign_note_prose(
	const struct cts_schema *schema, const char *address, const struct cts_assign_list *list)
{
	struct cts_arena arena = {0};
	const struct cts_kind *kind = cts_schema_kind(
		schema, cts_arena_strndup(&arena, address, strcspn(address, "/")));
	bool any = false;

	for (size_t i = 0; kind && i < list->count; i++) {
		const struct cts_field *field = cts_kind_field(kind, list->items[i].field);
		struct cts_fuzzy read;

		if (!field || field->form != CTS_FORM_FUZZY_DATE || !*list->items[i].text)
			continue;
		cts_fuzzy_parse(&read, list->items[i].text);
		if (read.form != CTS_FUZZY_UNPARSED)
			continue;
		cts_diag_note("'%s' is read as no date: '%s' keeps it as words",
			list->items[i].text, field->name);
		any = true;
	}
	if (any)
		cts_diag_hint("dates are written 2021-06-15, 15/16 June 2021, June 2021, Q3 2021, "
			      "late 2021, by Q3 2021, Ongoing, TBD");
	cts_arena_release(&arena);
}
