/*
 * A programme as a tree of its records: initiatives, their workstreams, the milestones of both,
 * each by `position`, then by id. What does not hang on the programme is not in it.
 */
#ifndef CTS_CLI_REPORT_TREE_H
#define CTS_CLI_REPORT_TREE_H

#include "cli/report/source.h"
#include "proto/arena.h"

struct cts_tree_node {
	const char *key;
	struct cts_record record;
	struct cts_tree_node **workstreams; /* of an initiative */
	size_t workstream_count;
	struct cts_tree_node **milestones; /* of an initiative or a workstream */
	size_t milestone_count;
};

struct cts_tree {
	struct cts_arena arena;
	struct cts_tree_node *programme;
	struct cts_tree_node **initiatives;
	size_t initiative_count;
	struct cts_tree_node **nodes; /* all of them */
	size_t node_count;
};

/* `wanted`: an id or a unique prefix of one, with or without `programme/`; NULL: the only
 * programme. `out` is initialised by the call, and must be released whatever it returns.
 * @return CTS_ENOTFOUND, CTS_EREFUSED (several; the candidates are the hint) */
int cts_tree_read(struct cts_tree *out, struct cts_report_source *source, const char *wanted);
void cts_tree_release(struct cts_tree *tree);

/* A field that the schema in force may lack; then unset. */
struct cts_value cts_tree_value(const struct cts_record *record, const char *field);

#endif
