/*
 * Long walks through a large store. Every page of LMDB's map that is touched, and its neighbours, count as
 * memory of this process until the system wants them back; a walk over a million records would seem to need
 * gigabytes, and a limit on memory would end it. So now and then the map is let go of: the pages stay in the
 * system's cache, and whatever is touched again is mapped again. LMDB's map is of a file and is never written
 * through, and pages that a transaction has made are not in it, so nothing can be lost.
 */
#include "store/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { BYTES_BETWEEN = 8 << 20 };

/* LMDB tells the address of its map for fixed ones only. */
static void let_go(struct cts_store *store)
{
	mdb_filehandle_t fd;
	struct stat info;
	FILE *maps;
	char line[4352];

	if (mdb_env_get_fd(store->env, &fd) != 0 || fstat(fd, &info) != 0)
		return;
	maps = fopen("/proc/self/maps", "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		uintptr_t start, end;
		uint64_t inode;

		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " r--s %*x %*x:%*x %" SCNu64, &start, &end,
			    &inode) == 3 &&
			inode == info.st_ino && strstr(line, "/data.mdb"))
			madvise((void *)start, end - start, MADV_DONTNEED);
	}
	if (maps)
		fclose(maps);
}

void cts_relax_after(struct cts_txn *txn, size_t size)
{
	txn->relax_bytes += size;
	if (txn->relax_bytes < BYTES_BETWEEN)
		return;
	txn->relax_bytes = 0;
	let_go(txn->store);
}
