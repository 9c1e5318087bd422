/*
 * Every value goes through `begin`, which writes the comma, the line break, the indent and the
 * key; so the layout is decided in one place, and it is the one of canonical JSON.
 */
#include "cli/jsonw.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "proto/json.h"
#include "proto/time.h"

void cts_jsonw_init(struct cts_jsonw *json, struct cts_buf *out, bool one_line)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
	json->one_line = one_line;
}

static void new_line(struct cts_jsonw *json)
{
	if (json->one_line)
		return;
	cts_buf_printf(json->out, "\n%*s", (int)(json->base + 2 * json->depth), "");
}

static void begin(struct cts_jsonw *json, const char *key)
{
	if (json->depth == 0)
		return;
	if (!json->empty[json->depth - 1])
		cts_buf_puts(json->out, json->one_line ? ", " : ",");
	json->empty[json->depth - 1] = false;
	new_line(json);
	if (key) {
		cts_json_put_string(json->out, key);
		cts_buf_puts(json->out, ": ");
	}
}

static void open_with(struct cts_jsonw *json, const char *key, char start, char end)
{
	begin(json, key);
	assert(json->depth < CTS_JSONW_DEPTH);
	cts_buf_putc(json->out, start);
	json->ends[json->depth] = end;
	json->empty[json->depth] = true;
	json->depth++;
}

void cts_jsonw_object(struct cts_jsonw *json, const char *key)
{
	open_with(json, key, '{', '}');
}

void cts_jsonw_array(struct cts_jsonw *json, const char *key)
{
	open_with(json, key, '[', ']');
}

void cts_jsonw_end(struct cts_jsonw *json)
{
	assert(json->depth > 0);
	json->depth--;
	if (!json->empty[json->depth])
		new_line(json);
	cts_buf_putc(json->out, json->ends[json->depth]);
}

void cts_jsonw_string(struct cts_jsonw *json, const char *key, const char *text)
{
	begin(json, key);
	if (text)
		cts_json_put_string(json->out, text);
	else
		cts_buf_puts(json->out, "null");
}

void cts_jsonw_int(struct cts_jsonw *json, const char *key, int64_t number)
{
	begin(json, key);
	cts_buf_printf(json->out, "%" PRId64, number);
}

void cts_jsonw_bool(struct cts_jsonw *json, const char *key, bool value)
{
	begin(json, key);
	cts_buf_puts(json->out, value ? "true" : "false");
}

void cts_jsonw_null(struct cts_jsonw *json, const char *key)
{
	begin(json, key);
	cts_buf_puts(json->out, "null");
}

void cts_jsonw_time(struct cts_jsonw *json, const char *key, int64_t time)
{
	char text[CTS_TIME_TEXT];

	cts_jsonw_string(json, key, time ? cts_time_format_utc(text, time) : NULL);
}

void cts_jsonw_oid(struct cts_jsonw *json, const char *key, const struct cts_oid *oid)
{
	char hex[CTS_OID_HEX + 1];

	cts_jsonw_string(json, key, cts_oid_is_zero(oid) ? NULL : cts_oid_format(hex, oid));
}

void cts_jsonw_value(struct cts_jsonw *json, const char *key, const struct cts_field *field,
	struct cts_value value)
{
	begin(json, key);
	if (!cts_value_is_set(value))
		cts_buf_puts(json->out, "null");
	else
		cts_json_put_value(json->out, field, value,
			json->one_line ? -1 : (int)(json->base + 2 * json->depth));
}

void cts_jsonw_raw(struct cts_jsonw *json, const char *key, const char *text)
{
	size_t size = strlen(text);

	begin(json, key);
	while (size > 0 && text[size - 1] == '\n')
		size--;
	for (size_t i = 0; i < size; i++) {
		/* Inside strings a line break is escaped, so every real one is layout. */
		if (text[i] != '\n') {
			cts_buf_putc(json->out, text[i]);
			continue;
		}
		new_line(json);
		if (!json->one_line)
			continue;
		while (i + 1 < size && text[i + 1] == ' ')
			i++;
		if (text[i + 1] != ']' && text[i + 1] != '}' && json->out->size > 0 &&
			json->out->data[json->out->size - 1] == ',')
			cts_buf_putc(json->out, ' ');
	}
}
