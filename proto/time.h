/*
 * Times: edits carry whole seconds since 1970 UTC; JSON and the mirror write 2021-06-15T09:30:00Z,
 * terminals the local time with offset. Dates are proleptic Gregorian, counted in days since 1970.
 */
#ifndef CTS_PROTO_TIME_H
#define CTS_PROTO_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define CTS_TIME_TEXT 32      /* room for any text made here */
#define CTS_TIME_MIN 946684800LL  /* 2000-01-01: earlier commits are refused */
#define CTS_TIME_MAX 7258118400LL /* 2200-01-01 */

int64_t cts_time_now(void);
int64_t cts_time_now_ms(void); /* monotonic, for durations */

char *cts_time_format_utc(char out[CTS_TIME_TEXT], int64_t time);   /* 2021-06-15T09:30:00Z */
char *cts_time_format_local(char out[CTS_TIME_TEXT], int64_t time); /* 2021-06-15 21:30:00 +1200 */

/* Exactly the form that cts_time_format_utc writes. */
bool cts_time_parse_utc(int64_t *out, const char *text);

/* What people type, ISO 8601: 2021-06-15 (the end of that day, local, or its start), 2021-06-15T09:30,
 * with seconds, with Z or an offset; a space may stand for the T. @return CTS_EVALUE */
int cts_time_parse(int64_t *out, const char *text, bool end_of_day);

int32_t cts_day_of(int year, int month, int day); /* days since 1970-01-01 */
void cts_day_split(int32_t days, int *year, int *month, int *day);
bool cts_day_is_valid(int year, int month, int day);
int32_t cts_day_today(void); /* local */

/* 2021-06-15, exactly. */
bool cts_day_parse(int32_t *out, const char *text);
char *cts_day_format(char out[CTS_TIME_TEXT], int32_t days);

#endif
