/*
 * A bundle's file as a command names it: a path, or '-', which is kept in a file without a name, since a
 * bundle is read at more than one place.
 */
#ifndef CTS_CLI_ROAD_BUNDLE_FILE_H
#define CTS_CLI_ROAD_BUNDLE_FILE_H

/* "-" as errors call it. */
const char *cts_bundle_name(const char *path);

/* A file without a name, in the folder `where` (NULL: that for temporary files). @return CTS_EIO */
int cts_bundle_spool(int *fd, const char *where);

/* Opens a bundle to read; stdin, or a pipe, is read to its end first. @return CTS_EIO */
int cts_bundle_open(int *fd, const char *where, const char *path);

#endif
