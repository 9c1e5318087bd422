/*
 * One message and one hint for each thread, set where a failure is detected and read once, by whoever
 * prints it. Nothing here allocates: an error about a full disk or memory must still be told.
 */
#include "proto/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_MAX = 2048 };

static _Thread_local struct {
	char message[MESSAGE_MAX];
	char hint[MESSAGE_MAX];
	bool has_message, has_hint;
} last;

static const struct {
	int code;
	int status;
	const char *name;
	const char *sentence;
} errors[] = {
#define ERROR_ROW(symbol, value, exit_status, text, words)                                        \
	{.code = (symbol), .status = (exit_status), .name = (text), .sentence = (words)},
	CTS_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

enum { ERROR_COUNT = sizeof(errors) / sizeof(errors[0]) };

static __attribute__((format(printf, 2, 0))) int set_message(
	int code, const char *format, va_list args)
{
	vsnprintf(last.message, sizeof(last.message), format, args);
	last.has_message = true;
	last.has_hint = false;
	return code;
}

int cts_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set_message(code, format, args);
	va_end(args);
	return code;
}

int cts_fail_errno(int code, int saved_errno, const char *format, ...)
{
	va_list args;
	size_t used;

	va_start(args, format);
	set_message(code, format, args);
	va_end(args);
	used = strlen(last.message);
	snprintf(last.message + used, sizeof(last.message) - used, ": %s", strerror(saved_errno));
	if (saved_errno == ENOSPC || saved_errno == EDQUOT)
		return CTS_ENOSPACE;
	return code;
}

void cts_hint(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(last.hint, sizeof(last.hint), format, args);
	va_end(args);
	last.has_hint = true;
}

void cts_fail_where(const char *format, ...)
{
	char where[MESSAGE_MAX], joined[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(where, sizeof(where), format, args);
	va_end(args);
	/* The words of the failure matter more than the whole of where: it is cut first. */
	snprintf(joined, sizeof(joined), "%.512s: %.1500s", where, last.message);
	memcpy(last.message, joined, sizeof(joined));
	last.has_message = true;
}

const char *cts_error_message(int code)
{
	if (last.has_message)
		return last.message;
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (errors[i].code == code)
			return errors[i].sentence;
	return "something went wrong inside";
}

const char *cts_error_hint(void)
{
	return last.has_hint ? last.hint : NULL;
}

void cts_error_clear(void)
{
	last.has_message = last.has_hint = false;
}

const char *cts_error_name(int code)
{
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (errors[i].code == code)
			return errors[i].name;
	return "internal";
}

int cts_error_status(int code)
{
	for (size_t i = 0; i < ERROR_COUNT; i++)
		if (errors[i].code == code)
			return errors[i].status;
	return code >= 0 ? 0 : 70;
}
