/*
 * A whole file in memory, for those that need all of it before they begin.
 */
#ifndef CTS_CLI_SLURP_H
#define CTS_CLI_SLURP_H

#include <stddef.h>

#include "proto/buf.h"

/* Appends the file's bytes; "-" is stdin. @return CTS_EIO, CTS_EVALUE beyond `most` bytes */
int cts_slurp(struct cts_buf *out, const char *path, size_t most);

/* As an error names it: "stdin", or the path. */
const char *cts_slurp_name(const char *path);

#endif
