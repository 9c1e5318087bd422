/*
 * Compiling and telling schemas for tests; see schemas.h.
 */
#include "tests/support/schemas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "proto/error.h"

char schemas_dir[] = "/tmp/ctsync-schema-XXXXXX";

int schemas_make_dir(void **state)
{
	(void)state;
	return mkdtemp(schemas_dir) ? 0 : -1;
}

int schemas_remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", schemas_dir);
	return system(command);
}

const char *schemas_path(const char *name)
{
	static char paths[4][128];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", schemas_dir, name);
	return path;
}

void schemas_read_file(struct cts_buf *out, const char *name)
{
	FILE *file = fopen(name, "rb");
	char chunk[4096];
	size_t size;

	if (!file)
		fail_msg("%s cannot be read", name);
	while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cts_buf_put(out, chunk, size);
	fclose(file);
}

void schemas_write_file(const char *name, const void *data, size_t size)
{
	FILE *file = fopen(name, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

void schemas_run(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* protoc, with the files of proto/ and of `dir` to import; `dir` first. */
void schemas_compile(struct cts_buf *out, const char *dir, const char *files)
{
	const char *set = schemas_path("set.binpb");

	schemas_run("protoc -I %s -I " SCHEMAS_PROTO_DIR
		    " -I /usr/include --include_imports --include_source_info "
		    "-o %s %s 2>%s",
		dir, set, files, schemas_path("protoc.log"));
	cts_buf_clear(out);
	schemas_read_file(out, set);
}

/* A schema whose declarations are `body`, after the usual beginning. */
void schemas_compile_text(struct cts_buf *out, const char *body)
{
	char text[8192];

	snprintf(text, sizeof(text),
		"syntax = \"proto3\";\npackage t;\nimport \"options.proto\";\nimport "
		"\"record.proto\";\n%s",
		body);
	schemas_write_file(schemas_path("t.proto"), text, strlen(text));
	schemas_compile(out, schemas_dir, "t.proto");
}

struct cts_schema *schemas_load(const struct cts_buf *bytes)
{
	struct cts_schema *schema = NULL;
	int rc = cts_schema_load(&schema, bytes->data, bytes->size);

	if (rc < 0)
		fail_msg("%s", cts_error_message(rc));
	return schema;
}

static void describe(struct cts_buf *out, const struct cts_field *field)
{
	cts_buf_printf(out, "%s%s%s%s", field->name, field->required ? "*" : "",
		field->unique ? "!" : "", field->repeated ? "[]" : "");
	if (field->type != CTS_TYPE_STRING && field->type != CTS_TYPE_ENUM)
		cts_buf_printf(out, " %s", cts_type_name(field->type));
	if (field->merge != CTS_MERGE_REGISTER)
		cts_buf_printf(out, ":%s", cts_merge_name(field->merge));
	if (field->form != CTS_FORM_ANY)
		cts_buf_printf(out, "=%s", cts_form_name(field->form));
	if (field->is_ref)
		cts_buf_puts(out, field->ref_count ? ">" : ">*");
	for (size_t i = 0; i < field->ref_count; i++)
		cts_buf_printf(out, "%s%s", i ? "/" : "", field->ref_kinds[i]);
	for (size_t i = 0; i < field->enumerator_count; i++)
		cts_buf_printf(out, "%s%s", i ? "," : "{", field->enumerators[i].name);
	if (field->enumerator_count)
		cts_buf_putc(out, '}');
	if (field->has_min)
		cts_buf_printf(out, " %lld..", (long long)field->min);
	if (field->has_max)
		cts_buf_printf(out, "%lld", (long long)field->max);
}

void schemas_describe(struct cts_buf *out, const struct cts_kind *kind, size_t from, size_t to)
{
	cts_buf_clear(out);
	for (size_t i = from; i < to; i++) {
		cts_buf_puts(out, i > from ? "; " : "");
		describe(out, &kind->fields[i]);
	}
}

const char schemas_common[] =
	"classification:STRICTEST{unclassified,in_confidence,sensitive,restricted,confidential,"
	"secret,"
	"top_secret}; endorsements[]:SET; releasable_to[]:INTERSECT; labels[]:SET; source";
