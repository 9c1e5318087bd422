/*
 * Errors of the whole program, and the conventions that every public header relies on.
 *
 * Conventions, stated once:
 *  - Pointers are never NULL unless the declaration says so. Strings are UTF-8 and NUL-terminated.
 *  - Sizes are in bytes. Times of edits are whole seconds since 1970 UTC (int64_t); durations in ms.
 *  - Functions return 0 (or a count that is not negative) on success and a negative CTS_E* on
 *    failure; on failure out-parameters are untouched. Out-parameters come first and are called out.
 *  - Verbs of lifetime: init/release for a struct of the caller's, clear to use it again, free for a
 *    handle. _free(NULL) and _release of a zeroed struct are allowed.
 *  - Running out of memory ends the process (see arena.h): every durable state is crash-safe, so
 *    nothing acknowledged can be lost by it, and no caller has to guess.
 *  - A failure's sentence is set once, where it is detected (cts_fail), and passed up unchanged.
 *
 *	if (size > CTS_VALUE_MAX)
 *		return cts_fail(CTS_EVALUE, "'%s' is longer than 64 KiB", name);
 *
 * The text is lower case, without a full stop, the object in quotes, what is wrong first. A hint is
 * the command to type next, or the nearest name.
 */
#ifndef CTS_PROTO_ERROR_H
#define CTS_PROTO_ERROR_H

/* symbol, value, exit status, name (the "code" of JSON errors), sentence used when none was set */
#define CTS_ERRORS(X)                                                                             \
	X(CTS_EUSAGE, -1, 2, "usage", "wrong usage")                                              \
	X(CTS_EREFUSED, -2, 20, "refused", "refused")                                             \
	X(CTS_EVALUE, -3, 21, "bad_value", "the value breaks a rule of the schema")               \
	X(CTS_EMISMATCH, -4, 22, "mismatch", "the record is not what --if says")                  \
	X(CTS_ENOTFOUND, -5, 40, "not_found", "no such record")                                   \
	X(CTS_ENOSTORE, -6, 41, "no_store", "no store here")                                      \
	X(CTS_EUNREACHABLE, -7, 60, "unreachable", "the remote cannot be reached")                \
	X(CTS_EREJECTED, -8, 61, "rejected", "the remote refused the push")                       \
	X(CTS_EAUTH, -9, 62, "authentication", "the remote did not accept who you are")           \
	X(CTS_EDAMAGED, -10, 70, "damaged", "the store is damaged")                               \
	X(CTS_EINTEGRITY, -11, 71, "integrity", "refused: it does not follow the rules")          \
	X(CTS_ENEWER, -12, 72, "newer_format", "the format is newer than this program")           \
	X(CTS_ENOSPACE, -13, 73, "no_space", "no space left on the disk")                         \
	X(CTS_EIO, -14, 74, "io", "a file cannot be read or written")                             \
	X(CTS_ELOCKED, -15, 75, "locked", "another process held the lock for 10 s")

enum cts_error {
#define CTS_ERROR_VALUE(symbol, value, status, name, sentence) symbol = value,
	CTS_ERRORS(CTS_ERROR_VALUE)
#undef CTS_ERROR_VALUE
};

/* Sets this thread's message, drops its hint, and returns `code`: `return cts_fail(CTS_EIO, ...)`. */
int cts_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* cts_fail with ": <strerror(saved_errno)>" appended; ENOSPC and EDQUOT become CTS_ENOSPACE,
 * whatever `code` is. */
int cts_fail_errno(int code, int saved_errno, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds the hint to the failure just set. A later hint replaces an earlier one. */
void cts_hint(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Puts "<prefix>: " before the message just set: the file, row or record that it happened in. */
void cts_fail_where(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* This thread's last message; the code's own sentence when none was set. Valid until the next fail. */
const char *cts_error_message(int code);

/* This thread's last hint, or NULL. */
const char *cts_error_hint(void);

/* Forgets message and hint. */
void cts_error_clear(void);

/* The code's name in JSON ("not_found") and its exit status; "internal" and 70 for no code of ours. */
const char *cts_error_name(int code);
int cts_error_status(int code);

#endif
