/*
 * URLs of remotes. Accepted: a path, file://, ssh://, user@host:path, https://, and http:// on loopback.
 * A URL that begins with '-', has control bytes or another scheme is refused.
 */
#ifndef CTS_SYNC_URL_H
#define CTS_SYNC_URL_H

#include "proto/arena.h"

/* @return CTS_EVALUE */
int cts_url_check(const char *url);

/* The path of a local repository, or NULL when the URL is of a server. */
const char *cts_url_path(const char *url);

/* The URL as it may be shown: without a password. May be `url` itself, else in `arena`. */
const char *cts_url_shown(struct cts_arena *arena, const char *url);

/* The URL with a relative path made absolute: it would mean another place from another folder. May be
 * `url` itself, else in `arena`. */
const char *cts_url_absolute(struct cts_arena *arena, const char *url);

#endif
