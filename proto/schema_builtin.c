/*
 * The schema that the program was built with. proto/tools/embed_schema.c read it when the program
 * was built, and wrote its bytes, in normal form, and its tables as C: every command needs them,
 * and making them would take longer than most commands do. A store that holds the same bytes gets
 * the same schema.
 */
#include <string.h>

#include "proto/schema_embedded.h"

const struct cts_schema *cts_schema_builtin(void)
{
	return &cts_schema_tables;
}

int cts_schema_load(struct cts_schema **out, const void *data, size_t size)
{
	struct cts_slice own = cts_schema_tables.bytes;

	if (size == own.size && memcmp(data, own.data, size) == 0) {
		*out = (struct cts_schema *)&cts_schema_tables; /* nobody writes into a schema */
		return 0;
	}
	return cts_schema_build(out, data, size);
}

void cts_schema_free(struct cts_schema *schema)
{
	if (schema && schema != &cts_schema_tables)
		cts_schema_discard(schema);
}
