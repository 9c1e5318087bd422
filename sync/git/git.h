/*
 * What every file of sync/ that calls libgit2 needs first: libgit2 started with the settings that
 * this program relies on, and its errors turned into ours. libgit2's codes do not leave sync/.
 *
 *	rc = cts_git_start();
 *	if (rc < 0)
 *		return rc;
 *	rc = git_reference_lookup(&ref, repo, name);
 *	if (rc < 0)
 *		return cts_fail_git(CTS_EDAMAGED, rc, "cannot read '%s'", name);
 */
#ifndef CTS_SYNC_GIT_H
#define CTS_SYNC_GIT_H

#include <git2.h>

#include "proto/error.h"
#include "proto/hash.h"

/* Starts libgit2 once for the process: everything that it writes under a repository is synced
 * (unsynced, simulated power losses corrupted three repositories of four), and an object read is
 * checked against its name. A hub in a shared folder may belong to another user: libgit2
 * runs nothing of it, and git decides on its own whether to. May be called by any thread, any number of
 * times. @return CTS_EIO */
int cts_git_start(void);

/* Starts it in a thread, for who will need it after other work: it reads every certificate of the system, which
 * takes longer than sealing some changes. Whoever forks or ends then calls cts_git_wait first: a process that exits
 * while OpenSSL is starting dies of it. */
void cts_git_start_early(void);
void cts_git_wait(void);

/* In a process just forked, which uses nothing of libgit2 that it inherited: starts it anew, with random
 * numbers of its own. @return CTS_EIO */
int cts_git_restart(void);

/* cts_fail with ": <what libgit2 says>" appended; returns `code`, or a code of ours that fits
 * better: CTS_ENOSPACE for a full disk, CTS_EINTEGRITY for an object that is not what its name
 * says, CTS_EAUTH for credentials and certificates, CTS_ELOCKED for a lock that another process
 * holds. */
int cts_fail_git(int code, int git_code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

git_oid cts_git_oid_from(const struct cts_oid *oid);
struct cts_oid cts_git_oid_to(const git_oid *oid);

#endif
