/*
 * The folder that a new store is made in: made with those above it, as mkdir -p does, and taken
 * away again if the store does not come to be.
 */
#ifndef CTS_CLI_FOLDER_H
#define CTS_CLI_FOLDER_H

#include "proto/arena.h"

/* `*first` becomes the topmost folder that was not there; it stays as it is when all were. "dir/"
 * and "dir" are the same. @return CTS_EIO */
int cts_folder_make(struct cts_arena *arena, const char **first, const char *path);

/* Takes away what cts_folder_make made, while it is empty. `first` NULL: nothing. */
void cts_folder_unmake(struct cts_arena *arena, const char *first, const char *path);

/* Removes a folder and all in it, links as links; for what this program made itself. */
void cts_folder_remove(const char *path);

#endif
