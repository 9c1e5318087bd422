/*
 * What the measuring programs share: a clock, a generator of numbers that a seed repeats, the
 * middle of several measurements, and an end that says what failed. Static functions, so that each
 * program is one file and this.
 *
 * The records that all of them speak of are those of make_records.c: milestone/m0000000 and
 * onwards.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define BENCH __attribute__((unused)) static

enum { BENCH_KEY_SIZE = 32, BENCH_DATABASES = 32 };

#define BENCH_DUMP_NAME UINT32_MAX         /* see dump.c */
#define BENCH_MAP_BYTES ((size_t)16 << 30) /* a store's own */

BENCH uint64_t bench_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

BENCH void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
BENCH void bench_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* splitmix64: the same numbers for the same seed, everywhere. */
BENCH uint64_t bench_random(uint64_t *state)
{
	uint64_t x = *state += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

BENCH int bench_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Sorts them. */
BENCH uint64_t bench_median(uint64_t *values, size_t count)
{
	qsort(values, count, sizeof(*values), bench_compare);
	return values[count / 2];
}

BENCH uint64_t bench_number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 10);

	if (!*text || *end)
		bench_die("'%s' is no number", text);
	return value;
}

/* Numbers that follow each other name records that lie far apart, each once in `milestones` steps:
 * 1,000,003 is a prime, and no count of records here is a multiple of it. */
BENCH uint64_t bench_spread(uint64_t number, uint64_t milestones)
{
	return number % milestones * 1000003 % milestones;
}

BENCH const char *bench_key(char out[BENCH_KEY_SIZE], uint64_t milestone)
{
	snprintf(out, BENCH_KEY_SIZE, "milestone/m%07llu", (unsigned long long)milestone);
	return out;
}

/* The most memory that this process had resident, in KiB. */
BENCH uint64_t bench_peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (uint64_t)usage.ru_maxrss;
}

#endif
