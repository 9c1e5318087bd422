/*
 * What a server answers, cut into pkt-lines as it is read, and taken out of its side-bands.
 *
 *	struct cts_answer answer = {.wire = wire, .stream = stream};
 *	while ((rc = cts_answer_next(&answer, &kind, &line)) > 0)
 *		...
 *	cts_answer_release(&answer);
 */
#ifndef CTS_SYNC_ANSWER_H
#define CTS_SYNC_ANSWER_H

#include "sync/link/wire.h"

struct cts_answer {
	struct cts_wire *wire;
	git_smart_subtransport_stream *stream;
	struct cts_buf in; /* what was read; */
	size_t at;         /* up to here it was taken */
};

void cts_answer_release(struct cts_answer *answer);

/* The next line, until the next call. Of NONE (it is no line) nothing is taken.
 * @return 1; 0: the server ended; CTS_EUNREACHABLE */
int cts_answer_next(struct cts_answer *answer, enum cts_pkt *kind, struct cts_slice *line);

/* Some of what follows, whatever it is, until the next call. @return as above */
int cts_answer_bytes(struct cts_answer *answer, struct cts_slice *bytes);

/* A line of a side-band: passes the server's words on, and gives what it carries else (of 0 bytes where it was
 * words). @return CTS_EUNREACHABLE: the server gave up */
int cts_answer_side_band(struct cts_wire *wire, struct cts_slice *data, struct cts_slice line);

/* The failure of a line that says "ERR why"; 0 when it does not. */
int cts_answer_check(struct cts_wire *wire, struct cts_slice line);

/* CTS_EUNREACHABLE: it is not what git says. */
int cts_answer_no_sense(const struct cts_wire *wire);

#endif
