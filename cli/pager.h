/*
 * A pager for long answers on a terminal: CTSYNC_PAGER, else PAGER, else less; "cat" or "" for
 * none. Less is told to quit at once when the answer fits the screen, to leave colours in, and to
 * leave what was shown (LESS=FRX, unless LESS is set).
 */
#ifndef CTS_CLI_PAGER_H
#define CTS_CLI_PAGER_H

#include "cli/out.h"

/* Starts it if stdout is a terminal and the format is text. That it cannot be started is no error.
 * */
void cts_pager_start(struct cts_out *out);

/* Closes its input and waits until the reader has left it. */
void cts_pager_wait(struct cts_out *out);

#endif
