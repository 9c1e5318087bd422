/*
 * Handing a command on to ctsync-road, the program that carries git.
 */
#ifndef CTS_CLI_HAND_ON_H
#define CTS_CLI_HAND_ON_H

/* Becomes ctsync-road with these very words: it lies beside this program, or where it is installed
 * (libexec/ctsync). Returns only on failure. `name` is the command's.
 * @return CTS_EIO */
int cts_hand_on(const char *name, char **argv);

#endif
