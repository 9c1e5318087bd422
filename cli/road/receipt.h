/*
 * The end of a pull, from a remote or a bundle: what it brought is told, and, where a receipt is wanted,
 * acknowledged.
 */
#ifndef CTS_CLI_ROAD_RECEIPT_H
#define CTS_CLI_ROAD_RECEIPT_H

#include <stdbool.h>

struct cts_session;
struct cts_road;
struct cts_pull;

/* `rc` is what the pull returned, `name` what it came from. What was refused harms nobody: the rest has
 * been taken, and is told. @return `rc`, or what the receipt came to */
int cts_pull_answer(struct cts_session *session, struct cts_road *road, const struct cts_pull *pull,
	const char *name, bool receipt, int rc);

#endif
