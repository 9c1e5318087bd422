/*
 * The units are those of disks.
 */
#include "cli/road/size.h"

#include <inttypes.h>

void cts_size_put(struct cts_out *out, uint64_t bytes)
{
	if (bytes < 1000)
		cts_out_printf(out, "%" PRIu64 " bytes", bytes);
	else if (bytes < 1000000)
		cts_out_printf(out, "%.0f kB", (double)bytes / 1e3);
	else if (bytes < 1000000000)
		cts_out_printf(out, "%.1f MB", (double)bytes / 1e6);
	else
		cts_out_printf(out, "%.1f GB", (double)bytes / 1e9);
}
