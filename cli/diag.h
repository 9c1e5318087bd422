/*
 * What is said on stderr: errors, warnings, notes, hints. Every error begins "ctsync: " and says
 * what is wrong and where; then, where there is one, a line "hint: " with the command to type
 * next. Under -o json (and ndjson) an error is one line {"error":{"code","message","hint"}}
 * instead. Text of records and servers in it is made visible, so it cannot steer a terminal.
 */
#ifndef CTS_CLI_DIAG_H
#define CTS_CLI_DIAG_H

#include <stdbool.h>
#include <stddef.h>

/* Set once by main. Notes are silent when quiet. */
void cts_diag_init(bool json, bool quiet);

/* Tells the failure `code` (cts_error_message, cts_error_hint) and returns its exit status. */
int cts_diag_error(int code);

/* "ctsync: warning: ...": something is wrong, the command goes on. */
void cts_diag_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "hint: ...", after a warning or a note. Silent when quiet. */
void cts_diag_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A plain line about what was done, for people: "nothing to push". Silent when quiet. */
void cts_diag_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What a server printed, line by line behind "remote: ". Silent when quiet. */
void cts_diag_remote(const char *text, size_t size);

#endif
