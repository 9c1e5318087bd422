/*
 * The frames of the journal. They are the only copy of what nobody has pushed yet, so reading one
 * is strict: encoding what was read must give the same bytes, members that are another frame's
 * included.
 */
#include <string.h>

#include "proto/error.h"
#include "proto/stored.h"
#include "proto/wire.h"
#include "stored.pb-c.h"

/* protobuf-c's structs have no const; what is packed is only read. */
static char *loose(const char *text)
{
	return (char *)(uintptr_t)text;
}

static ProtobufCBinaryData pack_slice(struct cts_slice slice)
{
	return (ProtobufCBinaryData){.len = slice.size, .data = (uint8_t *)(uintptr_t)slice.data};
}

void cts_frame_encode(struct cts_buf *out, const struct cts_frame *frame)
{
	Ctsync__JournalFrame message = CTSYNC__JOURNAL_FRAME__INIT;

	message.kind = (Ctsync__JournalFrame__Kind)frame->kind;
	switch (frame->kind) {
	case CTS_FRAME_BEGIN:
		message.agency = loose(frame->agency);
		message.writer = loose(frame->writer);
		message.author = loose(frame->author);
		message.time = frame->time;
		message.seq = frame->seq;
		message.seen_count = frame->seen_count;
		message.n_seen = frame->seen_head_count;
		message.seen = (char **)(uintptr_t)frame->seen;
		break;
	case CTS_FRAME_RECORD:
		message.key = loose(frame->key);
		message.before = pack_slice(frame->before);
		message.after = pack_slice(frame->after);
		break;
	case CTS_FRAME_END:
		message.message = loose(frame->message);
		message.record_count = frame->record_count;
		break;
	}
	cts_wire_pack(out, &message.base);
}

static bool is_same_again(const struct cts_frame *frame, const void *data, size_t size)
{
	struct cts_buf again = {0};
	bool is_same;

	cts_frame_encode(&again, frame);
	is_same = again.size == size && memcmp(again.data, data, size) == 0;
	cts_buf_release(&again);
	return is_same;
}

int cts_frame_decode(struct cts_frame *out, struct cts_arena *arena, const void *data, size_t size)
{
	const Ctsync__JournalFrame *message;
	struct cts_frame frame;
	ProtobufCMessage *base;
	int rc;

	rc = cts_wire_unpack(&base, arena, &ctsync__journal_frame__descriptor, data, size);
	if (rc < 0)
		return rc;
	message = (const Ctsync__JournalFrame *)base;
	if (message->kind < (int)CTS_FRAME_BEGIN || message->kind > (int)CTS_FRAME_END)
		return cts_fail(CTS_EDAMAGED, "a journal frame of an unknown kind");
	frame = (struct cts_frame){
		.kind = (enum cts_frame_kind)message->kind,
		.agency = message->agency,
		.writer = message->writer,
		.author = message->author,
		.message = message->message,
		.time = message->time,
		.seq = message->seq,
		.seen_count = message->seen_count,
		.seen = (const char *const *)message->seen,
		.seen_head_count = message->n_seen,
		.key = message->key,
		.before = {.data = message->before.data, .size = message->before.len},
		.after = {.data = message->after.data, .size = message->after.len},
		.record_count = message->record_count,
	};
	if (!is_same_again(&frame, data, size))
		return cts_fail(CTS_EDAMAGED, "a journal frame that was not written here");
	*out = frame;
	return 0;
}
