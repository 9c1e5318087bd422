/*
 * Object types by name, and their limits.
 */
#include "sync/pack/object.h"

const char *cts_object_name(enum cts_object type)
{
	switch (type) {
	case CTS_OBJECT_COMMIT: return "commit";
	case CTS_OBJECT_TREE: return "tree";
	case CTS_OBJECT_BLOB: return "blob";
	}
	return "object";
}

size_t cts_object_limit(enum cts_object type)
{
	return type == CTS_OBJECT_COMMIT ? 64 * 1024 : 16 * 1024 * 1024;
}
