/*
 * A push as git's protocol has it (gitprotocol-pack(5), "Pushing Data To a Server"):
 *
 *	old new name NUL capabilities    the first command
 *	old new name                     the others
 *	flush, pack
 *
 * answered by, inside side-band 1 where there is one:
 *
 *	unpack ok | unpack WHY
 *	ok NAME | ng NAME WHY            for each command
 *	flush
 *
 * The report is passed on when it is whole; what hooks say after it is still heard.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/arena.h"
#include "sync/link/answer.h"
#include "sync/link/link_internal.h"
#include "sync/link/ssh.h"
#include "sync/link/tcp.h"

enum { CHUNK = 1 << 16, REPORT_MAX = 16 << 20 };

/* "PACK", version 2, no objects, and their hash. */
static const unsigned char empty_pack[] = {'P', 'A', 'C', 'K', 0, 0, 0, 2, 0, 0, 0, 0, 0x02, 0x9d,
	0x08, 0x82, 0x3b, 0xd8, 0xa8, 0xea, 0xb5, 0x10, 0xad, 0x6a, 0xc7, 0x5c, 0x82, 0x3c, 0xfd,
	0x3e, 0xd3, 0x1e};

struct sending {
	struct cts_wire *wire;
	struct cts_answer answer;
	const struct cts_link_command *commands;
	size_t count;
	struct cts_arena arena;
	bool has_side_band;
	/* the report */
	struct cts_buf report;
	size_t report_used;
	bool has_unpack, is_whole;
	const char *unpack; /* NULL: ok */
	bool *is_done;
	const char **why;   /* NULL: not told */
};

/* ---- the request ------------------------------------------------------------------------------ */

static void put_commands(struct sending *sending, struct cts_buf *out)
{
	const struct cts_wire *wire = sending->wire;
	struct cts_buf line = {0};

	for (size_t i = 0; i < sending->count; i++) {
		const struct cts_link_command *command = &sending->commands[i];
		char old[CTS_OID_HEX + 1], new[CTS_OID_HEX + 1];

		cts_buf_clear(&line);
		cts_buf_printf(&line, "%s %s %s", cts_oid_format(old, &command->old),
			cts_oid_format(new, &command->new), command->name);
		if (i == 0) {
			cts_buf_putc(&line, '\0');
			cts_buf_puts(&line, " report-status");
			if (sending->has_side_band)
				cts_buf_puts(&line, " side-band-64k");
			if (cts_capability_find(cts_buf_text(&wire->capabilities), "ofs-delta"))
				cts_buf_puts(&line, " ofs-delta");
			if (cts_capability_find(cts_buf_text(&wire->capabilities), "agent"))
				cts_buf_puts(&line, " agent=ctsync/" CTS_VERSION);
		}
		cts_pkt_put(out, line.data, line.size);
	}
	cts_pkt_put_flush(out);
	cts_buf_release(&line);
}

static int write_out(struct sending *sending, struct cts_buf *out)
{
	git_smart_subtransport_stream *stream = sending->answer.stream;
	int rc = stream->write(stream, out->data, out->size);

	cts_buf_clear(out);
	return rc < 0 ? cts_wire_explain(sending->wire, rc) : 0;
}

/* The commands and the pack, in as few writes as there are chunks. */
static int send_request(struct sending *sending, int fd, uint64_t size)
{
	const struct cts_progress *progress = cts_channel_progress(sending->wire->channel);
	struct cts_buf out = {0};
	uint64_t sent = 0;
	int rc = 0;

	cts_buf_reserve(&out, CHUNK);
	put_commands(sending, &out);
	if (fd < 0)
		cts_buf_put(&out, empty_pack, sizeof(empty_pack));
	while (rc == 0 && fd >= 0) {
		ssize_t got;

		if (out.size >= CHUNK) {
			rc = write_out(sending, &out);
			progress->step(progress->context, "sending KiB", sent >> 10, size >> 10);
			continue;
		}
		got = read(fd, out.data + out.size, CHUNK - out.size);
		if (got < 0 && errno != EINTR)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot read the pack");
		if (got == 0)
			break;
		if (got > 0) {
			out.size += (size_t)got;
			sent += (uint64_t)got;
		}
	}
	if (rc == 0 && out.size)
		rc = write_out(sending, &out);
	cts_buf_release(&out);
	return rc;
}

/* ---- the report ------------------------------------------------------------------------------- */

static void put_why(struct sending *sending, const char *name, size_t size, bool is_done,
	const char *why)
{
	for (size_t i = 0; i < sending->count; i++) {
		if (strlen(sending->commands[i].name) != size ||
			memcmp(sending->commands[i].name, name, size) != 0)
			continue;
		/* A server that says both has refused it. */
		sending->is_done[i] = is_done && !sending->why[i];
		if (!sending->why[i] || !is_done)
			sending->why[i] = cts_arena_strdup(&sending->arena, why);
	}
}

static void take_report_line(struct sending *sending, struct cts_slice line)
{
	char *text;

	line = cts_pkt_trim(line);
	text = cts_arena_strndup(&sending->arena, line.data, line.size);
	if (strncmp(text, "unpack ", 7) == 0) {
		sending->has_unpack = true;
		if (strcmp(text + 7, "ok") != 0)
			sending->unpack = text + 7;
	} else if (strncmp(text, "ok ", 3) == 0) {
		put_why(sending, text + 3, strlen(text + 3), true, "");
	} else if (strncmp(text, "ng ", 3) == 0) {
		size_t size = strcspn(text + 3, " ");
		const char *why = text + 3 + size;

		put_why(sending, text + 3, size, false, *why ? why + 1 : "it does not say why");
	}
}

/* Takes what is whole of the report. */
static void take_report(struct sending *sending)
{
	struct cts_slice line;
	size_t used = 0;

	while (!sending->is_whole) {
		switch (cts_pkt_parse(&line, &used, sending->report.data + sending->report_used,
			sending->report.size - sending->report_used)) {
		case CTS_PKT_MORE: return;
		case CTS_PKT_NONE:
		case CTS_PKT_FLUSH: sending->is_whole = true; break;
		case CTS_PKT_LINE: take_report_line(sending, line); break;
		}
		sending->report_used += used;
	}
}

static int tell_report(struct sending *sending)
{
	struct cts_buf bytes = {0};
	int rc;

	cts_buf_puts(&bytes, sending->unpack ? sending->unpack : "");
	cts_buf_putc(&bytes, '\0');
	for (size_t i = 0; i < sending->count; i++) {
		bool is_done = sending->is_done[i] && !sending->unpack;

		cts_buf_putc(&bytes, is_done ? 'k' : 'n');
		cts_buf_puts(&bytes, sending->why[i] ? sending->why[i] : "the server did not say");
		cts_buf_putc(&bytes, '\0');
	}
	rc = cts_channel_put(sending->wire->channel, CTS_LINK_REPORT, cts_buf_slice(&bytes));
	cts_buf_release(&bytes);
	return rc;
}

/* One line of the answer. @return 1: it was the last; CTS_EUNREACHABLE: the server gave up */
static int take_line(struct sending *sending, enum cts_pkt kind, struct cts_slice line)
{
	struct cts_wire *wire = sending->wire;
	struct cts_slice data;
	int rc;

	if (kind == CTS_PKT_NONE)
		return cts_answer_no_sense(wire);
	if (!sending->has_side_band) {
		rc = kind == CTS_PKT_LINE ? cts_answer_check(wire, line) : 0;
		if (rc == 0 && kind == CTS_PKT_LINE)
			take_report_line(sending, line);
		sending->is_whole |= kind == CTS_PKT_FLUSH;
		return rc < 0 ? rc : kind == CTS_PKT_FLUSH;
	}
	if (kind == CTS_PKT_FLUSH)
		return 1;
	rc = cts_answer_side_band(wire, &data, line);
	if (rc < 0 || !data.size)
		return rc;
	if (sending->report.size + data.size > REPORT_MAX)
		return cts_fail(CTS_EUNREACHABLE, "'%s' reports without an end", wire->shown);
	cts_buf_put(&sending->report, data.data, data.size);
	take_report(sending);
	return 0;
}

static int read_answer(struct sending *sending)
{
	struct cts_slice line;
	enum cts_pkt kind;
	bool is_told = false;
	int rc;

	while ((rc = cts_answer_next(&sending->answer, &kind, &line)) > 0) {
		rc = take_line(sending, kind, line);
		if (sending->is_whole && sending->has_unpack && !is_told) {
			is_told = true;
			if (tell_report(sending) < 0)
				rc = CTS_EUNREACHABLE;
		}
		if (rc != 0)
			break;
	}
	cts_lines_end(&sending->wire->words);
	if (rc >= 0)
		cts_wire_finish(sending->wire);
	if (is_told)
		return 0;
	/* What was said of some is true whatever became of the rest. */
	if (sending->has_unpack)
		return tell_report(sending);
	if (rc < 0)
		return rc;
	return cts_fail(CTS_EUNREACHABLE, "'%s' ended the talk without a report", sending->wire->shown);
}

static int ask(struct sending *sending, int fd, uint64_t size)
{
	struct cts_wire *wire = sending->wire;
	int rc = wire->sub->action(
		&sending->answer.stream, wire->sub, wire->url, GIT_SERVICE_RECEIVEPACK);

	if (rc < 0)
		rc = cts_wire_explain(wire, rc);
	if (rc == 0)
		rc = send_request(sending, fd, size);
	if (rc == 0 && wire->ssh)
		cts_ssh_finish(wire);
	return rc == 0 ? read_answer(sending) : rc;
}

int cts_link_send(struct cts_wire *wire, const struct cts_link_command *commands, size_t count,
	const char *pack_path)
{
	struct sending sending = {
		.wire = wire, .answer.wire = wire, .commands = commands, .count = count};
	const char *capabilities = cts_buf_text(&wire->capabilities);
	struct stat status = {0};
	int fd = -1, rc;

	if (!cts_capability_find(capabilities, "report-status"))
		return cts_fail(CTS_EREJECTED, "'%s' would not tell what becomes of a push",
			wire->shown);
	sending.has_side_band = cts_capability_find(capabilities, "side-band-64k");
	sending.is_done = cts_arena_alloc(&sending.arena, count * sizeof(*sending.is_done));
	sending.why = cts_arena_alloc(&sending.arena, count * sizeof(*sending.why));
	if (pack_path[0]) {
		fd = open(pack_path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || fstat(fd, &status) != 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", pack_path);
	}
	rc = ask(&sending, fd, (uint64_t)status.st_size);
	/* While the pack was made, which may take long. */
	if (rc < 0 && cts_tcp_was_left() && (fd < 0 || lseek(fd, 0, SEEK_SET) == 0)) {
		cts_error_clear();
		rc = ask(&sending, fd, (uint64_t)status.st_size);
	}
	if (rc == 0 && wire->ssh)
		cts_ssh_let_end(wire);
	if (fd >= 0)
		close(fd);
	return rc;
}
