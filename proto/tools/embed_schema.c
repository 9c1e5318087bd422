/*
 * Build-time: reads a compiled schema with the program's own reader, and writes its normal form, as
 * bytes and as C: the bytes, and the tables that were made of them, so that no process has to make
 * them again. A schema that breaks a rule stops the build with the program's own sentence.
 *
 *	embed_schema programme.binpb schema_embedded.c schema.binpb
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/buf.h"
#include "proto/error.h"
#include "proto/schema_load.h"
#include "proto/tools/embed_tables.h"

static int read_file(struct cts_buf *out, const char *name)
{
	char chunk[65536];
	FILE *file = fopen(name, "rb");
	size_t size;
	int failed;

	if (!file)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be read", name);
	while ((size = fread(chunk, 1, sizeof(chunk), file)) > 0)
		cts_buf_put(out, chunk, size);
	failed = ferror(file);
	fclose(file);
	return failed ? cts_fail(CTS_EIO, "'%s' cannot be read", name) : 0;
}

static int write_file(const char *name, struct cts_slice bytes)
{
	FILE *file = fopen(name, "wb");
	size_t written;

	if (!file)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be written", name);
	written = fwrite(bytes.data, 1, bytes.size, file);
	if (fclose(file) != 0 || written != bytes.size)
		return cts_fail_errno(CTS_EIO, errno, "'%s' cannot be written", name);
	return 0;
}

static void put_array(struct cts_buf *out, struct cts_slice bytes)
{
	const unsigned char *data = bytes.data;

	cts_buf_puts(out, "/* Made by embed_schema from proto/programme.proto. */\n"
			  "#include \"proto/schema_embedded.h\"\n\n"
			  "static const unsigned char cts_schema_embedded[] = {");
	for (size_t i = 0; i < bytes.size; i++)
		cts_buf_printf(out, "%s%u,", i % 24 == 0 ? "\n" : "", data[i]);
	cts_buf_puts(out, "\n};\n");
}

int main(int argc, char **argv)
{
	struct cts_buf input = {0}, array = {0};
	struct cts_schema *schema = NULL;
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: embed_schema SET ARRAY.c NORMAL.binpb\n");
		return 2;
	}
	rc = read_file(&input, argv[1]);
	if (rc < 0)
		goto out;
	rc = cts_schema_build(&schema, input.data, input.size);
	if (rc < 0)
		goto out;
	put_array(&array, cts_schema_bytes(schema));
	embed_tables(&array, schema);
	rc = write_file(argv[2], cts_buf_slice(&array));
	if (rc == 0)
		rc = write_file(argv[3], cts_schema_bytes(schema));
out:
	if (schema)
		cts_schema_discard(schema);
	cts_buf_release(&input);
	cts_buf_release(&array);
	if (rc == 0)
		return 0;
	fprintf(stderr, "embed_schema: %s: %s\n", argv[1], cts_error_message(rc));
	if (cts_error_hint())
		fprintf(stderr, "hint: %s\n", cts_error_hint());
	return 1;
}
