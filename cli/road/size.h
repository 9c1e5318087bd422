/*
 * Sizes as people read them: 840 bytes, 21 kB, 36.7 MB, 1.2 GB (of 1000).
 */
#ifndef CTS_CLI_ROAD_SIZE_H
#define CTS_CLI_ROAD_SIZE_H

#include <stdint.h>

#include "cli/out.h"

void cts_size_put(struct cts_out *out, uint64_t bytes);

#endif
