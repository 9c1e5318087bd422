/*
 * The user's editor.
 */
#ifndef CTS_CLI_EDITOR_H
#define CTS_CLI_EDITOR_H

/* Opens the file in VISUAL, else EDITOR, else (on a terminal) vi, and waits until it is left.
 * @return CTS_EREFUSED when there is no editor, or it ended with an error */
int cts_editor_run(const char *path);

#endif
