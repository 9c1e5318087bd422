/*
 * A folder of the store for what is not the store's: objects that a server sent before they are checked,
 * a pack on its way out. While its maker lives it is locked; what a crash leaves is removed by the next
 * command that has the mirror's lock.
 */
#ifndef CTS_SYNC_QUARANTINE_H
#define CTS_SYNC_QUARANTINE_H

#include <stdbool.h>

#include "proto/arena.h"

struct cts_quarantine {
	const char *folder; /* in the maker's arena; NULL: none */
	int lock;           /* a descriptor, while there is a folder */
};

int cts_quarantine_make(
	struct cts_quarantine *out, struct cts_arena *arena, const char *store_path);
void cts_quarantine_remove(struct cts_quarantine *quarantine);

/* Removes those in the store whose makers are dead. */
void cts_quarantine_sweep(const char *store_path);

/* Somebody alive has one there: he may be reading any pack of the mirror. */
bool cts_quarantine_has_live(const char *store_path);

#endif
