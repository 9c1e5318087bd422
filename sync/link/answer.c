#include "sync/link/answer.h"

#include <string.h>

#include "proto/error.h"

enum { CHUNK = 1 << 16, WHY_MAX = 512 };

void cts_answer_release(struct cts_answer *answer)
{
	cts_buf_release(&answer->in);
}

/* @return 1: more is there; 0: nothing comes any more */
static int read_more(struct cts_answer *answer)
{
	struct cts_buf *in = &answer->in;
	size_t got = 0;
	int rc;

	if (in->size) {
		memmove(in->data, in->data + answer->at, in->size - answer->at);
		in->size -= answer->at;
	}
	answer->at = 0;
	cts_buf_reserve(in, CHUNK);
	rc = answer->stream->read(answer->stream, in->data + in->size, CHUNK, &got);
	if (rc < 0)
		return cts_wire_explain(answer->wire, rc);
	in->size += got;
	return got > 0;
}

int cts_answer_next(struct cts_answer *answer, enum cts_pkt *kind, struct cts_slice *line)
{
	for (;;) {
		size_t used = 0;
		int rc;

		*kind = cts_pkt_parse(line, &used, answer->in.data + answer->at,
			answer->in.size - answer->at);
		if (*kind != CTS_PKT_MORE) {
			answer->at += *kind == CTS_PKT_NONE ? 0 : used;
			return 1;
		}
		rc = read_more(answer);
		if (rc <= 0)
			return rc;
	}
}

int cts_answer_bytes(struct cts_answer *answer, struct cts_slice *bytes)
{
	int rc = answer->at < answer->in.size ? 1 : read_more(answer);

	*bytes = (struct cts_slice){.data = answer->in.data + answer->at,
		.size = answer->in.size - answer->at};
	answer->at = answer->in.size;
	return rc;
}

static int fail_gave_up(const struct cts_wire *wire, struct cts_slice why)
{
	why = cts_pkt_trim(why);
	cts_fail(CTS_EUNREACHABLE, "'%s' gave up: %.*s", wire->shown,
		(int)(why.size < WHY_MAX ? why.size : WHY_MAX), (const char *)why.data);
	cts_hint("tell who runs it; what you changed stays here until then");
	return CTS_EUNREACHABLE;
}

int cts_answer_no_sense(const struct cts_wire *wire)
{
	return cts_fail(CTS_EUNREACHABLE, "'%s' answers what makes no sense", wire->shown);
}

int cts_answer_side_band(struct cts_wire *wire, struct cts_slice *data, struct cts_slice line)
{
	const char *bytes = line.data;
	struct cts_slice rest = {0};

	*data = (struct cts_slice){.data = "", .size = 0};
	if (!line.size)
		return 0;
	rest = (struct cts_slice){.data = bytes + 1, .size = line.size - 1};
	switch (bytes[0]) {
	case 1:
		*data = rest;
		return 0;
	case 2:
		cts_lines_put(&wire->words, rest.data, rest.size);
		return 0;
	case 3:
		return fail_gave_up(wire, rest);
	default:
		return cts_answer_no_sense(wire);
	}
}

int cts_answer_check(struct cts_wire *wire, struct cts_slice line)
{
	if (line.size <= 4 || strncmp(line.data, "ERR ", 4) != 0)
		return 0;
	return fail_gave_up(wire,
		(struct cts_slice){.data = (const char *)line.data + 4, .size = line.size - 4});
}
