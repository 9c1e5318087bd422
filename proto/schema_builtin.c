/*
 * The schema that the program was built with. Its bytes are a C array that
 * proto/tools/embed_schema.c wrote, already in normal form, so it is read without being packed
 * again, once, when first asked for. A store that holds the same bytes gets the same schema.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include "proto/error.h"
#include "proto/schema_embedded.h"
#include "proto/schema_load.h"

static struct cts_schema *builtin;
static once_flag builtin_once = ONCE_FLAG_INIT;

static void load_builtin(void)
{
	/* embed_schema read the same bytes with the same code when the program was built. */
	if (cts_schema_build(&builtin, cts_schema_embedded, cts_schema_embedded_size, true) < 0) {
		fprintf(stderr, "ctsync: the built-in schema: %s\n", cts_error_message(CTS_EVALUE));
		abort();
	}
}

const struct cts_schema *cts_schema_builtin(void)
{
	call_once(&builtin_once, load_builtin);
	return builtin;
}

int cts_schema_load(struct cts_schema **out, const void *data, size_t size)
{
	if (size == cts_schema_embedded_size && memcmp(data, cts_schema_embedded, size) == 0) {
		*out = (struct cts_schema *)cts_schema_builtin();
		return 0;
	}
	return cts_schema_build(out, data, size, false);
}

void cts_schema_free(struct cts_schema *schema)
{
	if (schema && schema != builtin)
		cts_schema_discard(schema);
}
