/*
 * Read in pieces, since stdin and pipes do not tell their size.
 */
#include "cli/slurp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"
#include "proto/error.h"

#define PIECE ((size_t)64 * 1024)

const char *cts_slurp_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : path;
}

int cts_slurp(struct cts_buf *out, const char *path, size_t most)
{
	const char *name = cts_slurp_name(path);
	int fd = name == path ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	char *piece;
	ssize_t n = 1;
	int rc = 0;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
	piece = cts_malloc(PIECE);
	while (rc == 0 && n != 0) {
		n = read(fd, piece, PIECE);
		if (n > 0)
			cts_buf_put(out, piece, (size_t)n);
		else if (n < 0 && errno != EINTR)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", name);
		if (out->size > most)
			rc = cts_fail(CTS_EVALUE, "'%s' is longer than %zu bytes", name, most);
	}
	free(piece);
	if (fd != STDIN_FILENO)
		close(fd);
	return rc;
}
