/*
 * Paths of the mirror: where a record lies in the tree of a commit, and what else lies there.
 *
 *	schema.binpb schema.json             the schema in force
 *	ctsync.json                          the format number
 *	records/<kind>/[hh/]...<id>.json     one record
 *
 * The fan-out does not depend on history: a directory holds its records flat while it has at most
 * CTS_LAYOUT_FLAT_MAX below it; above, it holds sub-directories named by the next byte, in two hex
 * digits, of SHA-256("kind/id"), each by the same rule. So the layout is a function of the set of
 * records, and two writers who cross the bound apart make the same tree.
 */
#ifndef CTS_SYNC_LAYOUT_H
#define CTS_SYNC_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/buf.h"
#include "proto/id.h"

#define CTS_LAYOUT_FLAT_MAX 512

/* Directories below a kind. At the last level a directory is flat whatever it holds: that takes 513
 * records whose hashes agree in 64 bits, which nobody can make. */
#define CTS_LAYOUT_DEPTH_MAX 8

#define CTS_LAYOUT_RECORDS "records"
#define CTS_LAYOUT_SCHEMA "schema.binpb"
#define CTS_LAYOUT_SCHEMA_JSON "schema.json"
#define CTS_LAYOUT_FORMAT "ctsync.json"
#define CTS_LAYOUT_FORMAT_TEXT "{\n  \"format\": 1\n}\n"
#define CTS_LAYOUT_SUFFIX ".json"

#define CTS_LAYOUT_NAME_MAX (CTS_ID_MAX + 5) /* of a record's file */
#define CTS_LAYOUT_PATH_MAX                                                                        \
	(7 + 1 + CTS_KIND_MAX + 1 + 3 * CTS_LAYOUT_DEPTH_MAX + CTS_LAYOUT_NAME_MAX)

/* What names a record's directories: the first 8 bytes of SHA-256("kind/id"), big-endian. */
uint64_t cts_layout_hash(const char *kind, const char *id);

/* The byte of the hash that a directory at `depth` sorts by; depth 0 is the kind's own directory.
 */
uint8_t cts_layout_byte(uint64_t hash, size_t depth);

/* "hh" and a NUL; and back: -1 for anything but two lower-case hex digits. */
void cts_layout_dir_format(char out[3], uint8_t byte);
int cts_layout_dir_parse(const char *name);

/* Appends the path of a record that lies `depth` directories below its kind. */
void cts_layout_path(struct cts_buf *out, const char *kind, const char *id, size_t depth);

/* Reads the id out of a file's name, "<id>.json"; false when the name is not of that form. */
bool cts_layout_name_parse(char id[CTS_ID_MAX + 1], const char *name);

/* Kind, id and depth from a path, with every rule of names and hashes checked.
 * @return CTS_EINTEGRITY for whatever cts_layout_path does not make */
int cts_layout_parse(
	char kind[CTS_KIND_MAX + 1], char id[CTS_ID_MAX + 1], size_t *depth, const char *path);

/* Whether a file of this name lies at the top of the tree, beside records/. */
bool cts_layout_is_top_file(const char *name);

/* A name or path that a stranger chose, for messages: what is not printable ASCII becomes \xHH, and
 * what is too long is cut. Returns `out`. */
#define CTS_LAYOUT_SHOWN_MAX 200
const char *cts_layout_show(char out[CTS_LAYOUT_SHOWN_MAX], const char *name);

#endif
