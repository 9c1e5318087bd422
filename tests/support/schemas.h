/*
 * Schemas for tests: compiled with protoc while the test runs, in a directory of the test program's
 * own, and told in a line of text. Everything that goes wrong fails the test.
 */
#ifndef CTS_TESTS_SCHEMAS_H
#define CTS_TESTS_SCHEMAS_H

#include "proto/buf.h"
#include "proto/schema.h"

#define SCHEMAS_PROTO_DIR CTS_SOURCE_DIR "/proto"
#define SCHEMAS_DATA_DIR CTS_SOURCE_DIR "/tests/proto/data"

/* The directory; for cmocka_run_group_tests(). */
extern char schemas_dir[];
int schemas_make_dir(void **state);
int schemas_remove_dir(void **state);

/* A path in it; good for the next three calls. */
const char *schemas_path(const char *name);

void schemas_read_file(struct cts_buf *out, const char *name);
void schemas_write_file(const char *name, const void *data, size_t size);

/* A shell command that must succeed. */
void schemas_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* protoc's descriptor set of `files`, looked for in `dir`, then in proto/. */
void schemas_compile(struct cts_buf *out, const char *dir, const char *files);

/* The same of declarations that stand after syntax, package t and the imports. */
void schemas_compile_text(struct cts_buf *out, const char *body);

struct cts_schema *schemas_load(const struct cts_buf *bytes);

/* Some fields of a kind on one line, each as NAME, `*` required, `!` unique, `[]` repeated, type if
 * neither string nor enumeration, `:CLASS` if not REGISTER, `=form`, `>kinds`, `{values}`,
 * `min..max`. */
void schemas_describe(struct cts_buf *out, const struct cts_kind *kind, size_t from, size_t to);

/* The common fields in that form. */
extern const char schemas_common[];

#endif
