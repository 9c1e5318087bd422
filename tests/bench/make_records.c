/*
 * Records to measure with, as NDJSON: `make_records COUNT SEED >FILE`. One initiative, a workstream
 * for every thousand records, and milestones of about 500 bytes with prose in their labels, all
 * that COUNT leaves. In order of key, which is how `list` gives them and how LMDB takes them
 * fastest. The same seed gives the same bytes.
 */
#include "tests/bench/bench.h"

static const char *const words[] = {"agree", "the", "terms", "of", "reference", "with", "regional",
	"offices", "publish", "first", "report", "on", "readiness", "and", "supply", "for",
	"coastal", "communities", "complete", "review", "procurement", "before", "budget",
	"decisions", "are", "taken", "by", "ministers", "train", "every", "duty", "officer", "in",
	"revised", "handbook", "open", "consultation", "to", "public", "sector", "leads", "confirm",
	"funding", "second", "tranche", "sirens", "tested", "along", "northern", "coast",
	"warehouse", "stocked", "after", "winter", "audit", "findings", "answered", "evacuation",
	"routes", "signposted", "schools", "hospitals", "ports"};
static const char *const states[] = {
	"not_started", "in_progress", "ongoing", "blocked", "complete"};
static const char *const labels[] = {"cabinet", "quarterly", "finance", "it", "field", "public"};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ANY(array) array[bench_random(seed) % COUNT(array)]

static void put_words(uint64_t *seed, size_t bytes)
{
	for (size_t used = 0; used < bytes;) {
		const char *word = ANY(words);

		used += (size_t)printf(used ? " %s" : "%s", word);
	}
}

static void put_quarter(uint64_t *seed, const char *field)
{
	printf("\"%s\":\"Q%u %u\",", field, (unsigned)(bench_random(seed) % 4 + 1),
		(unsigned)(bench_random(seed) % 5 + 2024));
}

static void put_milestone(uint64_t *seed, uint64_t number, uint64_t workstreams)
{
	printf("{\"kind\":\"milestone\",\"id\":\"m%07llu\",\"fields\":{",
		(unsigned long long)number);
	put_quarter(seed, "baseline");
	put_quarter(seed, "due");
	put_quarter(seed, "forecast");
	printf("\"label\":\"");
	put_words(seed, 220);
	printf("\",\"parent\":\"workstream/w%05llu\",\"position\":%u,\"status\":\"%s\"},",
		(unsigned long long)(bench_random(seed) % workstreams), (unsigned)(number % 50 + 1),
		ANY(states));
	printf("\"labels\":[\"%s\"],\"source\":\"programme table of 2024:%llu:3\"}\n", ANY(labels),
		(unsigned long long)number);
}

int main(int argc, char **argv)
{
	uint64_t count, state, workstreams, *seed = &state;

	if (argc != 3)
		bench_die("usage: make_records COUNT SEED");
	count = bench_number(argv[1]);
	state = bench_number(argv[2]);
	workstreams = count / 1000 ? count / 1000 : 1;
	if (count < workstreams + 2)
		bench_die("%s are too few records", argv[1]);
	printf("{\"kind\":\"initiative\",\"id\":\"i1\",\"fields\":{\"title\":\"Coastal "
	       "readiness\"}}\n");
	for (uint64_t i = 0; i < count - workstreams - 1; i++)
		put_milestone(seed, i, workstreams);
	for (uint64_t i = 0; i < workstreams; i++) {
		printf("{\"kind\":\"workstream\",\"id\":\"w%05llu\",\"fields\":{\"initiative\":"
		       "\"initiative/i1\",\"title\":\"",
			(unsigned long long)i);
		put_words(seed, 40);
		printf("\"}}\n");
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		bench_die("cannot write the records");
	return 0;
}
