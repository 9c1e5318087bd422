/*
 * A fetch as git's protocol has it (gitprotocol-pack(5), "Packfile Negotiation"), in one request:
 *
 *	want ID capabilities, want ID, ..., flush
 *	have ID, ...
 *	done
 *
 * answered by lines of "ACK ID ..." or "NAK", and the pack, inside side-band 1 where there is one.
 *
 * There is nothing to negotiate, since the parent knows what this server had when it was last asked. libgit2
 * offers the last twenty commits of whichever line is newest, in two requests; a server that is not told of the
 * view and of every branch compares all of the trees of what it was not told of.
 */
#include "sync/link/link_internal.h"

#include <string.h>

#include "proto/arena.h"
#include "sync/pack/odb.h"
#include "sync/link/answer.h"
#include "sync/pack/pack_receive.h"

struct fetching {
	struct cts_wire *wire;
	struct cts_answer answer;
	struct cts_pack_receiving *receiving;
	bool has_side_band;
};

/* ---- the request ------------------------------------------------------------------------------ */

static void put_capabilities(struct fetching *fetching, struct cts_buf *line)
{
	static const char *const wished[] = {"thin-pack", "ofs-delta", "side-band-64k"};
	const char *offered = cts_buf_text(&fetching->wire->capabilities);

	/* All is said at once, so what it acknowledges changes nothing; but some hosts (Azure DevOps, CodeCommit)
	 * serve nobody who does not say that he would hear it. */
	if (cts_capability_find(offered, "multi_ack_detailed"))
		cts_buf_puts(line, " multi_ack_detailed");
	else if (cts_capability_find(offered, "multi_ack"))
		cts_buf_puts(line, " multi_ack");
	for (size_t i = 0; i < sizeof(wished) / sizeof(wished[0]); i++)
		if (cts_capability_find(offered, wished[i]))
			cts_buf_printf(line, " %s", wished[i]);
	if (cts_capability_find(offered, "agent"))
		cts_buf_puts(line, " agent=ctsync/" CTS_VERSION);
	fetching->has_side_band = cts_capability_find(offered, "side-band-64k");
}

static void put_request(
	struct fetching *fetching, struct cts_buf *out, const struct cts_link_order *order)
{
	char hex[CTS_OID_HEX + 1];
	struct cts_buf line = {0};

	for (size_t i = 0; i < order->want_count; i++) {
		cts_buf_clear(&line);
		cts_buf_printf(&line, "want %s", cts_oid_format(hex, &order->wants[i]));
		if (i == 0)
			put_capabilities(fetching, &line);
		cts_buf_putc(&line, '\n');
		cts_pkt_put(out, line.data, line.size);
	}
	cts_pkt_put_flush(out);
	for (size_t i = 0; i < order->have_count; i++) {
		cts_buf_clear(&line);
		cts_buf_printf(&line, "have %s\n", cts_oid_format(hex, &order->haves[i]));
		cts_pkt_put(out, line.data, line.size);
	}
	cts_pkt_put(out, "done\n", 5);
	cts_buf_release(&line);
}

/* ---- the answer ------------------------------------------------------------------------------- */

/* A pack that is none is the server's doing; anything else is ours. */
static int explain(struct fetching *fetching, int rc)
{
	if (rc != CTS_EINTEGRITY)
		return rc;
	cts_fail_where("what '%s' sent is no sound pack", fetching->wire->shown);
	cts_hint("nothing changed here; try again, and if it stays so tell who runs it");
	return rc;
}

static int fail_early(struct fetching *fetching)
{
	cts_fail(CTS_EUNREACHABLE, "the talk with '%s' broke off: it ended early",
		fetching->wire->shown);
	cts_hint("nothing changed here; try again");
	return CTS_EUNREACHABLE;
}

static bool is_acknowledgement(struct cts_slice line)
{
	return line.size >= 3 &&
	       (strncmp(line.data, "ACK", 3) == 0 || strncmp(line.data, "NAK", 3) == 0);
}

static int append(struct fetching *fetching, struct cts_slice data)
{
	return data.size ? explain(fetching, cts_pack_receive_append(fetching->receiving, data)) : 0;
}

/* In lines of a side-band, up to the flush. The first was read. */
static int read_side_band(struct fetching *fetching, enum cts_pkt kind, struct cts_slice line)
{
	int rc = 1;

	while (rc > 0) {
		struct cts_slice data;

		if (kind == CTS_PKT_FLUSH)
			return 0;
		rc = kind == CTS_PKT_NONE ? cts_answer_no_sense(fetching->wire)
					  : cts_answer_side_band(fetching->wire, &data, line);
		if (rc == 0)
			rc = append(fetching, data);
		if (rc == 0)
			rc = cts_answer_next(&fetching->answer, &kind, &line);
		if (rc == 0)
			rc = fail_early(fetching);
	}
	return rc;
}

/* As it is, up to the end. */
static int read_plain(struct fetching *fetching)
{
	struct cts_slice data;
	int rc;

	while ((rc = cts_answer_bytes(&fetching->answer, &data)) > 0) {
		rc = append(fetching, data);
		if (rc < 0)
			break;
	}
	return rc;
}

static int read_pack(struct fetching *fetching)
{
	struct cts_slice line;
	enum cts_pkt kind;
	int rc;

	do {
		rc = cts_answer_next(&fetching->answer, &kind, &line);
		if (rc > 0 && kind == CTS_PKT_LINE)
			rc = cts_answer_check(fetching->wire, line) < 0 ? CTS_EUNREACHABLE : 1;
	} while (rc > 0 && kind == CTS_PKT_LINE && is_acknowledgement(line));
	if (rc <= 0)
		return rc < 0 ? rc : fail_early(fetching);
	if (fetching->has_side_band)
		return read_side_band(fetching, kind, line);
	return kind == CTS_PKT_NONE ? read_plain(fetching) : cts_answer_no_sense(fetching->wire);
}

static void on_progress(void *context, uint32_t done, uint32_t total)
{
	const struct cts_progress *progress = cts_channel_progress(context);

	progress->step(progress->context, "receiving", done, total);
}

/* ---- the whole -------------------------------------------------------------------------------- */

int cts_link_do_fetch(struct cts_wire *wire, const struct cts_link_order *order)
{
	struct fetching fetching = {.wire = wire, .answer.wire = wire};
	struct cts_pack_receive_options options = {.read_base = cts_odb_read_any,
		.progress = on_progress,
		.progress_context = wire->channel};
	struct cts_arena arena = {0};
	struct cts_buf request = {0};
	struct cts_odb *bases = NULL;
	char name[CTS_OID_HEX + 1];
	int rc;

	cts_odb_open(&bases, order->path);
	options.base_context = bases;
	rc = cts_pack_receive_open(&fetching.receiving,
		cts_arena_printf(&arena, "%s/objects/pack", order->path), &options);
	if (rc < 0)
		goto out;
	put_request(&fetching, &request, order);
	rc = wire->sub->action(&fetching.answer.stream, wire->sub, wire->url, GIT_SERVICE_UPLOADPACK);
	/* In one piece: libgit2 makes each write of a fetch a request of its own. */
	if (rc == 0)
		rc = fetching.answer.stream->write(
			fetching.answer.stream, request.data, request.size);
	if (rc < 0)
		rc = cts_wire_explain(wire, rc);
	if (rc == 0)
		rc = read_pack(&fetching);
	cts_lines_end(&wire->words);
	if (rc == 0)
		rc = explain(&fetching, cts_pack_receive_finish(name, fetching.receiving));
	if (rc == 0)
		cts_wire_finish(wire);
out:
	cts_pack_receive_free(fetching.receiving);
	cts_answer_release(&fetching.answer);
	cts_buf_release(&request);
	cts_odb_free(bases);
	cts_arena_release(&arena);
	return rc;
}
