/*
 * Seals what is pending in a store and tells what it took: `seal STORE`. From opening the store to
 * the last reference moved; git fast-import, its reference, is measured as a process.
 */
#include "tests/bench/bench.h"

#include "proto/error.h"
#include "sync/sync.h"

int main(int argc, char **argv)
{
	struct cts_store *store;
	struct cts_road *road;
	uint64_t start = bench_ns();
	int sealed;

	if (argc != 2)
		bench_die("usage: seal STORE");
	if (cts_store_open(&store, argv[1]) < 0 || cts_road_open(&road, store) < 0)
		bench_die("%s", cts_error_message(0));
	sealed = cts_seal(road, NULL);
	if (sealed < 0)
		bench_die("%s", cts_error_message(sealed));
	cts_road_close(road);
	cts_store_close(store);
	printf("{\"ns\": %llu, \"commits\": %d, \"peak_kib\": %llu}\n",
		(unsigned long long)(bench_ns() - start), sealed,
		(unsigned long long)bench_peak_kib());
	return 0;
}
