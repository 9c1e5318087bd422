/*
 * The annotations of options.proto. protobuf-c knows no extensions, so they arrive as unknown
 * fields of MessageOptions and FieldOptions and are unpacked here. An annotation may be written in
 * parts
 * (`(rules).merge = SET, (rules).ref = "body"`), which protoc may store as several values of the
 * one extension; bytes of a message put end to end are the merged message, so they are joined
 * first.
 *
 * A rule that cannot hold for its field is refused here, once, so that no other code has to wonder
 * what a SET of one value is.
 */
#include <limits.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/schema_load.h"

enum { EXTENSION = 61650, LENGTH_DELIMITED = 2 };

/* The joined payloads of the extension among a message's unknown fields. */
static struct cts_slice extension_bytes(struct cts_arena *arena, const ProtobufCMessage *options)
{
	struct cts_slice joined = {0};

	for (size_t i = 0; i < options->n_unknown_fields; i++) {
		const ProtobufCMessageUnknownField *field = &options->unknown_fields[i];
		size_t start = 0, size;
		char *grown;

		if (field->tag != EXTENSION || (int)field->wire_type != LENGTH_DELIMITED)
			continue;
		while (start < field->len && field->data[start] & 0x80)
			start++; /* the length that stands before the payload */
		start++;
		size = field->len > start ? field->len - start : 0;
		grown = cts_arena_alloc(arena, joined.size + size + 1);
		if (joined.size)
			memcpy(grown, joined.data, joined.size);
		if (size)
			memcpy(grown + joined.size, field->data + start, size);
		joined = (struct cts_slice){grown, joined.size + size};
	}
	return joined;
}

static int unpack_extension(void *out, struct cts_arena *arena, const ProtobufCMessage *options,
	const ProtobufCMessageDescriptor *descriptor, const char *name)
{
	struct cts_limited_allocator alloc;
	struct cts_slice bytes;
	ProtobufCMessage *message;

	memset(out, 0, sizeof(void *));
	if (!options)
		return 0;
	bytes = extension_bytes(arena, options);
	if (!bytes.data)
		return 0;
	cts_limited_allocator_init(&alloc, arena, CTS_UNPACK_MAX);
	message = protobuf_c_message_unpack(descriptor, &alloc.base, bytes.size, bytes.data);
	if (!message)
		return cts_fail(CTS_EVALUE, "the annotations of '%s' cannot be read", name);
	memcpy(out, &message, sizeof(message));
	return 0;
}

int cts_schema_kind_rules(
	Ctsync__KindRules **out, struct cts_arena *arena, const schema_message *message)
{
	return unpack_extension(out, arena, message->options ? &message->options->base : NULL,
		&ctsync__kind_rules__descriptor, message->name);
}

int cts_schema_field_rules(
	Ctsync__FieldRules **out, struct cts_arena *arena, const schema_field *field)
{
	return unpack_extension(out, arena, field->options ? &field->options->base : NULL,
		&ctsync__field_rules__descriptor, field->name);
}

bool cts_schema_name_is_valid(const char *name, size_t max)
{
	size_t size = strlen(name);

	return size > 0 && size <= max && name[0] >= 'a' && name[0] <= 'z' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == size;
}

/* ---- what a field must be for its rules ---- */

static bool is_number(const struct cts_field *field)
{
	return field->type != CTS_TYPE_STRING && field->type != CTS_TYPE_BOOL &&
	       field->type != CTS_TYPE_ENUM;
}

/* glibc spends memory in proportion to the product of nested repetition counts, and time without
 * bound on back-references; a pattern may come from anybody. */
static bool pattern_is_cheap(const char *pattern)
{
	unsigned long product = 1, most;

	for (const char *s = pattern; *s; s++) {
		if (*s == '\\' && s[1] >= '1' && s[1] <= '9')
			return false;
		if (*s == '\\' && s[1]) {
			s++;
			continue;
		}
		if (*s != '{')
			continue;
		for (most = 1, s++; *s && *s != '}'; s++) {
			unsigned long count =
				strspn(s, "0123456789") > 4 ? ULONG_MAX : strtoul(s, NULL, 10);

			if (count > most)
				most = count;
		}
		if (most > 1000 || (product *= most) > 1000)
			return false;
		if (!*s)
			return true;
	}
	return true;
}

static int check_pattern(const char *pattern, const char *where)
{
	char text[256];
	regex_t regex;
	int failed;

	for (const char *s = pattern; *s; s++)
		if (*s < ' ' || *s > '~')
			return cts_fail(CTS_EVALUE, "the pattern of %s is not plain ASCII", where);
	if (strlen(pattern) > SCHEMA_PATTERN_MAX || !pattern_is_cheap(pattern))
		return cts_fail(CTS_EVALUE, "the pattern of %s is too long or too costly", where);
	failed = regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB);
	if (failed) {
		regerror(failed, &regex, text, sizeof(text));
		return cts_fail(CTS_EVALUE, "the pattern of %s is wrong: %s", where, text);
	}
	regfree(&regex);
	return 0;
}

static int check_merge(const struct cts_field *field, const char *where)
{
	const char *name = cts_merge_name(field->merge);

	switch (field->merge) {
	case CTS_MERGE_SET:
	case CTS_MERGE_LIST:
	case CTS_MERGE_INTERSECT:
		if (!field->repeated)
			return cts_fail(
				CTS_EVALUE, "%s merges as %s but is not repeated", where, name);
		return 0;
	case CTS_MERGE_TEXT:
		if (field->repeated || field->type != CTS_TYPE_STRING)
			return cts_fail(
				CTS_EVALUE, "%s merges as TEXT but is not one string", where);
		return 0;
	case CTS_MERGE_STRICTEST:
		if (field->repeated || field->type != CTS_TYPE_ENUM)
			return cts_fail(CTS_EVALUE,
				"%s merges as STRICTEST but is not one enumeration", where);
		return 0;
	case CTS_MERGE_REGISTER:
	case CTS_MERGE_WRITE_ONCE:
		if (!field->repeated)
			return 0;
		cts_fail(CTS_EVALUE, "%s is repeated but merges as %s", where, name);
		cts_hint("give it merge: SET, LIST or INTERSECT");
		return CTS_EVALUE;
	}
	return 0;
}

static int apply_references(struct cts_field *field, struct cts_arena *arena,
	const Ctsync__FieldRules *rules, const char *where)
{
	const char **kinds;

	if (rules->n_ref == 0)
		return 0;
	if (field->type != CTS_TYPE_STRING)
		return cts_fail(CTS_EVALUE, "%s is a reference but not a string", where);
	field->is_ref = true;
	field->indexed = true;
	if (rules->n_ref == 1 && strcmp(rules->ref[0], "*") == 0)
		return 0;
	kinds = cts_arena_alloc(arena, rules->n_ref * sizeof(*kinds));
	for (size_t i = 0; i < rules->n_ref; i++) {
		kinds[i] = cts_arena_strdup(arena, rules->ref[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(kinds[k], kinds[i]) == 0)
				return cts_fail(CTS_EVALUE, "%s names '%s' twice", where, kinds[i]);
	}
	field->ref_kinds = kinds;
	field->ref_count = rules->n_ref;
	return 0;
}

static int newer(const char *where, const char *what)
{
	cts_fail(CTS_ENEWER, "%s has a %s that this program does not know", where, what);
	cts_hint("install a newer ctsync");
	return CTS_ENEWER;
}

int cts_schema_rules_apply(struct cts_field *field, struct cts_arena *arena,
	const Ctsync__FieldRules *rules, const char *where)
{
	static const Ctsync__FieldRules none = CTSYNC__FIELD_RULES__INIT;
	int rc;

	if (!rules)
		rules = &none;
	if ((int)rules->merge < CTS_MERGE_REGISTER || (int)rules->merge > CTS_MERGE_WRITE_ONCE)
		return newer(where, "merge class");
	if ((int)rules->form < CTS_FORM_ANY || (int)rules->form > CTS_FORM_SHA256)
		return newer(where, "form");
	field->merge = (enum cts_merge_class)rules->merge;
	field->form = (enum cts_form)rules->form;
	field->required = rules->required;
	field->unique = rules->unique;
	field->indexed = rules->index || rules->unique;
	rc = check_merge(field, where);
	if (rc == 0)
		rc = apply_references(field, arena, rules, where);
	if (rc < 0)
		return rc;

	if (field->unique && field->repeated)
		return cts_fail(CTS_EVALUE, "%s is unique but repeated", where);
	if (field->form != CTS_FORM_ANY && field->type != CTS_TYPE_STRING)
		return cts_fail(CTS_EVALUE, "%s has a form but is not a string", where);
	if (field->is_ref && (field->form != CTS_FORM_ANY || rules->pattern[0]))
		return cts_fail(CTS_EVALUE, "%s is a reference and has a form of its own", where);
	if ((rules->min || rules->max) && !is_number(field))
		return cts_fail(CTS_EVALUE, "%s has bounds but is not a number", where);
	field->has_min = rules->min != NULL;
	field->has_max = rules->max != NULL;
	field->min = rules->min ? rules->min->value : 0;
	field->max = rules->max ? rules->max->value : 0;
	if (field->has_min && field->has_max && field->min > field->max)
		return cts_fail(CTS_EVALUE, "%s has a lower bound above its upper one", where);
	if (!rules->pattern[0])
		return 0;
	if (field->type != CTS_TYPE_STRING)
		return cts_fail(CTS_EVALUE, "%s has a pattern but is not a string", where);
	field->pattern = cts_arena_strdup(arena, rules->pattern);
	return check_pattern(field->pattern, where);
}
