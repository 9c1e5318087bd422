/*
 * Every table of the schema becomes one of C, from the leaves up: lists of enumerators, of kinds
 * that a reference may name, of fields, layouts, kinds. What several fields share (an enumeration,
 * the common fields' layout) is written once, under the number of its pointer.
 */
#include "proto/tools/embed_tables.h"

#include <inttypes.h>

/* Tables written already; the index is the number in their names. */
struct shared {
	const void **tables;
	size_t count;
};

struct writer {
	struct cts_buf *out;
	struct cts_arena arena;
	struct shared enumerators, refs, layouts;
};

/* The number of a table that was written. */
static size_t number_of(const struct shared *shared, const void *table)
{
	size_t at = 0;

	while (at < shared->count && shared->tables[at] != table)
		at++;
	return at;
}

/* Whether the table is to be written now, under `*number`. */
static bool is_first(struct writer *w, struct shared *shared, const void *table, size_t *number)
{
	*number = number_of(shared, table);
	if (*number < shared->count)
		return false;
	*(const void **)cts_arena_push(
		&w->arena, &shared->tables, &shared->count, sizeof(*shared->tables)) = table;
	return true;
}

static void put_text(struct cts_buf *out, const char *text)
{
	if (!text) {
		cts_buf_puts(out, "NULL");
		return;
	}
	cts_buf_putc(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		/* A question mark is escaped too: two of them may be a trigraph. */
		if (c == '"' || c == '\\' || c == '?' || c < 0x20 || c >= 0x7f)
			cts_buf_printf(out, "\\%03o", c);
		else
			cts_buf_putc(out, (char)c);
	}
	cts_buf_putc(out, '"');
}

static void put_member(struct cts_buf *out, const char *name, const char *text)
{
	cts_buf_printf(out, ".%s = ", name);
	put_text(out, text);
	cts_buf_puts(out, ", ");
}

static void put_enumerators(struct writer *w, const struct cts_field *field)
{
	size_t number;

	if (!field->enumerators ||
		!is_first(w, &w->enumerators, field->enumerators, &number))
		return;
	cts_buf_printf(
		w->out, "static const struct cts_enumerator enumerators_%zu[] = {\n", number);
	for (size_t i = 0; i < field->enumerator_count; i++) {
		cts_buf_puts(w->out, "\t{");
		put_member(w->out, "name", field->enumerators[i].name);
		put_member(w->out, "doc", field->enumerators[i].doc);
		cts_buf_printf(w->out, ".number = %" PRId32 "},\n", field->enumerators[i].number);
	}
	cts_buf_puts(w->out, "\t{0},\n};\n");
}

static void put_refs(struct writer *w, const struct cts_field *field)
{
	size_t number;

	if (!field->ref_kinds || !is_first(w, &w->refs, field->ref_kinds, &number))
		return;
	cts_buf_printf(w->out, "static const char *const refs_%zu[] = {", number);
	for (size_t i = 0; i < field->ref_count; i++) {
		put_text(w->out, field->ref_kinds[i]);
		cts_buf_puts(w->out, ", ");
	}
	cts_buf_puts(w->out, "};\n");
}

static void put_field(struct writer *w, const struct cts_field *field)
{
	struct cts_buf *out = w->out;

	cts_buf_puts(out, "\t{");
	put_member(out, "name", field->name);
	put_member(out, "doc", field->doc);
	put_member(out, "pattern", field->pattern);
	cts_buf_printf(out,
		".number = %" PRIu32 ", .index = %zu, .type = %d, .merge = %d, .form = %d, "
		".repeated = %d, .required = %d, .indexed = %d, .unique = %d, .common = %d, "
		".is_ref = %d, .ref_count = %zu, .enumerator_count = %zu, .has_min = %d, "
		".has_max = %d, .min = INT64_C(%" PRId64 "), .max = INT64_C(%" PRId64 "), ",
		field->number, field->index, (int)field->type, (int)field->merge, (int)field->form,
		field->repeated, field->required, field->indexed, field->unique, field->common,
		field->is_ref, field->ref_count, field->enumerator_count, field->has_min,
		field->has_max, field->min, field->max);
	if (field->ref_kinds)
		cts_buf_printf(out, ".ref_kinds = refs_%zu, ",
			number_of(&w->refs, field->ref_kinds));
	if (field->enumerators)
		cts_buf_printf(out, ".enumerators = enumerators_%zu, ",
			number_of(&w->enumerators, field->enumerators));
	cts_buf_puts(out, "},\n");
}

/* ---- layouts ---- */

static void put_described(struct cts_buf *out, const ProtobufCFieldDescriptor *field)
{
	cts_buf_puts(out, "\t{");
	put_member(out, "name", field->name);
	cts_buf_printf(out,
		".id = %" PRIu32 ", .label = %d, .type = %d, .quantifier_offset = %u, "
		".offset = %u, .flags = %" PRIu32 "%s},\n",
		field->id, (int)field->label, (int)field->type, field->quantifier_offset,
		field->offset, field->flags,
		field->default_value ? ", .default_value = &protobuf_c_empty_string" : "");
}

static void put_layout(struct writer *w, const struct schema_layout *layout)
{
	const ProtobufCMessageDescriptor *d = &layout->descriptor;
	struct cts_buf *out = w->out;
	size_t n;

	if (!is_first(w, &w->layouts, layout, &n))
		return;
	cts_buf_printf(out, "static const ProtobufCFieldDescriptor described_%zu[] = {\n", n);
	for (unsigned i = 0; i < d->n_fields; i++)
		put_described(out, &d->fields[i]);
	cts_buf_printf(out, "\t{0},\n};\nstatic const unsigned names_%zu[] = {", n);
	for (unsigned i = 0; i < d->n_fields; i++)
		cts_buf_printf(out, "%u, ", d->fields_sorted_by_name[i]);
	cts_buf_printf(out, "0};\nstatic const ProtobufCIntRange ranges_%zu[] = {", n);
	for (unsigned i = 0; i <= d->n_field_ranges; i++)
		cts_buf_printf(out, "{%d, %u}, ", d->field_ranges[i].start_value,
			d->field_ranges[i].orig_index);
	cts_buf_printf(out, "};\nstatic const struct cts_slot slots_%zu[] = {", n);
	for (unsigned i = 0; i < d->n_fields; i++)
		cts_buf_printf(out, "{%zu, %zu}, ", layout->slots[i].offset,
			layout->slots[i].count_offset);
	cts_buf_printf(out,
		"{0}};\nstatic const struct schema_layout layout_%zu = {.slots = slots_%zu,\n"
		"\t.descriptor = {.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC, ",
		n, n);
	put_member(out, "name", d->name);
	put_member(out, "short_name", d->short_name);
	cts_buf_printf(out,
		".c_name = \"\", .package_name = \"\", .sizeof_message = %zu, .n_fields = %u, "
		".fields = described_%zu, .fields_sorted_by_name = names_%zu, "
		".n_field_ranges = %u, .field_ranges = ranges_%zu}};\n",
		d->sizeof_message, d->n_fields, n, n, d->n_field_ranges, n);
}

/* ---- kinds ---- */

/* The tables that the kind's own entry points to; `at` numbers them. */
static void put_kind_tables(struct writer *w, const struct schema_kind *behind, size_t at)
{
	const struct cts_kind *kind = &behind->kind;

	for (size_t i = 0; i < kind->field_count; i++) {
		put_enumerators(w, &kind->fields[i]);
		put_refs(w, &kind->fields[i]);
	}
	cts_buf_printf(w->out, "static const struct cts_field fields_%zu[] = {\n", at);
	for (size_t i = 0; i < kind->field_count; i++)
		put_field(w, &kind->fields[i]);
	cts_buf_printf(w->out,
		"\t{0},\n};\nstatic const struct cts_field *const by_name_%zu[] = {", at);
	for (size_t i = 0; i < kind->field_count; i++)
		cts_buf_printf(w->out, "&fields_%zu[%zu], ", at, behind->by_name[i]->index);
	cts_buf_puts(w->out, "NULL};\n");
	put_layout(w, behind->own);
	put_layout(w, behind->common);
}

static void put_field_pointer(
	struct cts_buf *out, const char *member, const struct cts_field *field, size_t at)
{
	if (field)
		cts_buf_printf(out, ".%s = &fields_%zu[%zu], ", member, at, field->index);
}

static void put_kind(struct writer *w, const struct schema_kind *behind, size_t at)
{
	const struct cts_kind *kind = &behind->kind;
	struct cts_buf *out = w->out;

	cts_buf_puts(out, "\t{.kind = {");
	put_member(out, "name", kind->name);
	put_member(out, "doc", kind->doc);
	put_member(out, "message", kind->message);
	put_field_pointer(out, "title", kind->title, at);
	put_field_pointer(out, "owner", kind->owner, at);
	cts_buf_printf(out,
		".fields = fields_%zu, .field_count = %zu, .own_count = %zu, "
		".schema = &cts_schema_tables},\n\t\t.by_name = by_name_%zu, .own = &layout_%zu, "
		".common = &layout_%zu},\n",
		at, kind->field_count, kind->own_count, at,
		number_of(&w->layouts, behind->own),
		number_of(&w->layouts, behind->common));
}

void embed_tables(struct cts_buf *out, const struct cts_schema *schema)
{
	struct writer w = {.out = out};

	/* Offsets were reckoned by the compiler that built this tool. */
	cts_buf_printf(out,
		"\n_Static_assert(sizeof(ProtobufCMessage) == %zu, \"another machine\");\n",
		sizeof(ProtobufCMessage));
	for (size_t i = 0; i < schema->kind_count; i++)
		put_kind_tables(&w, &schema->kinds[i], i);
	cts_buf_puts(out, "static const struct schema_kind kinds[] = {\n");
	for (size_t i = 0; i < schema->kind_count; i++)
		put_kind(&w, &schema->kinds[i], i);
	cts_buf_puts(out, "};\nstatic const struct schema_kind *const by_name[] = {");
	for (size_t i = 0; i < schema->kind_count; i++)
		cts_buf_printf(out, "&kinds[%zu], ", (size_t)(schema->by_name[i] - schema->kinds));
	cts_buf_printf(out,
		"};\nconst struct cts_schema cts_schema_tables = {\n"
		"\t.bytes = {cts_schema_embedded, sizeof(cts_schema_embedded)},\n"
		"\t.kinds = kinds, .kind_count = %zu, .by_name = by_name};\n",
		schema->kind_count);
	cts_arena_release(&w.arena);
}
