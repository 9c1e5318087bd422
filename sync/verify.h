/*
 * The one step that every new commit goes through before anything of it is applied: its form, its place
 * among its parents, its tree, every record that it changes. Whatever may be refused is refused here, by
 * a rule that depends on the commit and its ancestors alone, so all honest stores agree, whatever came
 * first. Signatures and policy belong here too.
 */
#ifndef CTS_SYNC_VERIFY_H
#define CTS_SYNC_VERIFY_H

#include "sync/commit.h"
#include "sync/road.h"

/* A record that a commit changed: images from its parent's tree and its own; NULL: none. */
struct cts_record_change {
	const char *kind, *id;
	struct cts_oid before_oid, after_oid; /* zero: none */
	struct cts_record *before, *after;    /* while loaded; NULL: none, or not loaded */
	bool is_loaded;
};

struct cts_verified {
	struct cts_arena arena;
	struct cts_oid oid;
	struct cts_commit commit;
	struct cts_oid parent_tree;         /* zero: of the root */
	struct cts_record_change *changes;  /* of an edit commit; of a seen commit what differs from its
	                                       first parent, which is no edit */
	size_t change_count;
};
void cts_verified_release(struct cts_verified *verified);

/* The file that names the format, in a root's tree. @return CTS_EINTEGRITY: there is none; CTS_ENEWER */
int cts_verify_format(struct cts_slice root_tree);

struct cts_verifying {
	struct cts_txn *txn;
	const struct cts_schema *schema;
	struct cts_odb *source;
	struct cts_tree_cache *trees; /* over the source */
	struct cts_oid root;          /* zero: the first commit without parents is it */
	struct cts_pack *pack;        /* may be NULL; of a commit with very many changes the files go there
	                                 while they are verified, so as to be read once less: if it is
	                                 refused after all, they stay, and nothing names them */
};

/* `out`: arena zeroed, commit parsed, oid set. Reads trees and records.
 * @return CTS_EINTEGRITY and CTS_ENEWER: the commit is refused, with the reason set (by the fault of the
 * source, when cts_odb_faults grew); others stop the pull */
int cts_verify(struct cts_verified *out, struct cts_verifying *verifying);

/* The images of a change of a verified commit: kept from its verification, or read again where it has so
 * many that keeping all would not be bounded. Unload when done. @return as cts_verify */
int cts_verified_load(struct cts_verified *verified, struct cts_verifying *verifying,
	struct cts_record_change *change);
void cts_verified_unload(struct cts_record_change *change);

#endif
