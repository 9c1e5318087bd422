/*
 * A change as commits: the seen commits that its writer's knowledge asks for, then the edit, its
 * records spliced into the tree before it.
 */
#include "sync/seal_internal.h"

#include <string.h>

#include "proto/diff.h"

struct finding {
	struct cts_sealing *sealing;
	const struct cts_frame *begin;
	struct cts_seal_branch *found;
};

/* The line whose head the change follows. */
static int find_head(void *context, const struct cts_line *line)
{
	struct finding *finding = context;
	uint64_t before = finding->begin->seq - finding->begin->seen_count - 1;

	if (strcmp(line->writer, finding->begin->writer) != 0 || line->head_seq != before)
		return 0;
	finding->found->head = line->head;
	finding->found->seq = line->head_seq;
	return line->is_own;
}

static int choose_branch(struct cts_sealing *sealing, const struct cts_frame *begin)
{
	struct finding finding = {.sealing = sealing, .begin = begin};
	int rc;

	for (size_t i = 0; i < sealing->branch_count; i++)
		if (strcmp(sealing->branches[i].writer, begin->writer) == 0) {
			sealing->branch = i;
			return 0;
		}
	finding.found = cts_arena_push(&sealing->arena, &sealing->branches, &sealing->branch_count,
		sizeof(*finding.found));
	memcpy(finding.found->writer, begin->writer, CTS_WRITER_HEX);
	rc = cts_txn_each_line(sealing->txn, find_head, &finding);
	sealing->branch = sealing->branch_count - 1;
	return rc < 0 ? rc : 0;
}

/* A commit that others refuse takes all later work of its writer with it: better not sealed, where
 * the journal still holds it, than sealed and stranded. */
static int check_commit(
	struct cts_sealing *sealing, const struct cts_commit *commit, const struct cts_buf *bytes)
{
	struct cts_commit again;
	char name[CTS_CHANGE_TEXT];
	int rc = 0;

	if (bytes->size > cts_object_limit(CTS_OBJECT_COMMIT))
		rc = cts_fail(CTS_EINTEGRITY, "its commit is larger than 64 KiB");
	else
		rc = cts_commit_parse(&again, &sealing->scratch, bytes->data, bytes->size);
	if (rc == 0)
		return 0;
	cts_fail_where("the change %s cannot be sealed",
		cts_change_format(name, commit->writer, commit->seq));
	return CTS_EDAMAGED;
}

static int put_commit(
	struct cts_sealing *sealing, struct cts_seal_branch *branch, struct cts_commit *commit)
{
	struct cts_buf bytes = {0};
	struct cts_sealed *sealed;
	int rc;

	commit->tree = sealing->tree;
	commit->seq = branch->seq + 1;
	memcpy(commit->writer, branch->writer, sizeof(commit->writer));
	cts_commit_format(&bytes, commit);
	rc = check_commit(sealing, commit, &bytes);
	if (rc == 0)
		rc = cts_pack_put(&branch->head, sealing->pack, CTS_OBJECT_COMMIT, bytes.data,
			bytes.size, NULL);
	cts_buf_release(&bytes);
	if (rc < 0)
		return rc;
	branch->seq++;
	sealed = cts_arena_push(
		&sealing->arena, &sealing->sealed, &sealing->sealed_count, sizeof(*sealed));
	memcpy(sealed->writer, branch->writer, sizeof(sealed->writer));
	sealed->seq = branch->seq;
	sealed->commit = branch->head;
	return 0;
}

/* A head as the journal names it: a commit, or a change that this seal has made one, or one before
 * it, which was at work when the journal's entry was written. */
static int resolve_head(struct cts_sealing *sealing, const char *name, struct cts_oid *out)
{
	struct cts_change change = {0};
	char writer[CTS_WRITER_HEX + 1];
	struct cts_ref ref;
	uint64_t seq;

	if (cts_oid_parse(out, name))
		return 0;
	if (!cts_change_parse(writer, &seq, name))
		return cts_fail(CTS_EDAMAGED, "the journal names a head '%s'", name);
	for (size_t i = 0; i < sealing->sealed_count; i++)
		if (sealing->sealed[i].seq == seq &&
			strcmp(sealing->sealed[i].writer, writer) == 0) {
			*out = sealing->sealed[i].commit;
			return 0;
		}
	if (cts_txn_find_change(sealing->txn, &ref, name) == 0 &&
		cts_txn_change(sealing->txn, &change, &sealing->scratch, ref) == 0 &&
		!cts_oid_is_zero(&change.commit)) {
		*out = change.commit;
		return 0;
	}
	return cts_fail(CTS_EDAMAGED, "the journal names a head '%s' that is not here", name);
}

/* " dpmc@12" */
static void name_parent(
	struct cts_sealing *sealing, struct cts_buf *subject, const struct cts_oid *oid)
{
	struct cts_change change;
	struct cts_ref ref;

	for (size_t i = 0; i < sealing->sealed_count; i++)
		if (cts_oid_equal(&sealing->sealed[i].commit, oid)) {
			cts_buf_printf(subject, " %s@%llu", sealing->commit.agency,
				(unsigned long long)sealing->sealed[i].seq);
			return;
		}
	if (cts_txn_find_commit(sealing->txn, &ref, oid) == 1 &&
		cts_txn_change(sealing->txn, &change, &sealing->scratch, ref) == 0)
		cts_buf_printf(
			subject, " %s@%llu", change.agency, (unsigned long long)change.ref.seq);
}

/* The seen commits before a change: each joins the branch's head and as many others as fit. In a
 * chain every commit carries the tree of the last. */
static int put_seen(struct cts_sealing *sealing, struct cts_seal_branch *branch)
{
	size_t taken = 0;
	int rc = 0;

	for (uint64_t n = 0; rc == 0 && n < sealing->seen_count; n++) {
		struct cts_commit seen = sealing->commit;
		struct cts_buf subject = {0};
		size_t room = CTS_COMMIT_PARENTS_MAX;

		seen.is_seen = true;
		seen.lines = "";
		seen.parents = cts_arena_alloc(
			&sealing->scratch, CTS_COMMIT_PARENTS_MAX * sizeof(*seen.parents));
		seen.parent_count = 0;
		if (!cts_oid_is_zero(&branch->head)) {
			seen.parents[seen.parent_count++] = branch->head;
			room--;
		}
		cts_buf_puts(&subject, "seen");
		for (; rc == 0 && room && taken < sealing->seen_head_count; room--, taken++) {
			struct cts_oid *parent = &seen.parents[seen.parent_count++];

			rc = resolve_head(sealing, sealing->seen[taken], parent);
			if (rc == 0)
				name_parent(sealing, &subject, parent);
		}
		seen.message = cts_buf_text(&subject);
		if (rc == 0)
			rc = put_commit(sealing, branch, &seen);
		cts_buf_release(&subject);
	}
	return rc;
}

static int begin_change(struct cts_sealing *sealing, const struct cts_frame *frame)
{
	int rc;

	cts_arena_clear(&sealing->scratch);
	sealing->commit = (struct cts_commit){
		.author = cts_arena_strdup(&sealing->scratch, frame->author),
		.time = frame->time,
		.agency = cts_arena_strdup(&sealing->scratch, frame->agency),
	};
	sealing->seen_count = frame->seen_count;
	sealing->seen_head_count = frame->seen_head_count;
	sealing->seen =
		cts_arena_alloc(&sealing->scratch, frame->seen_head_count * sizeof(*sealing->seen));
	for (size_t i = 0; i < frame->seen_head_count; i++)
		sealing->seen[i] = cts_arena_strdup(&sealing->scratch, frame->seen[i]);
	sealing->line_count = sealing->record_count = 0;
	cts_buf_clear(&sealing->lines);
	rc = choose_branch(sealing, frame);
	if (rc == 0)
		rc = put_seen(sealing, &sealing->branches[sealing->branch]);
	return rc;
}

/* One line for each of the first edits. */
static int add_lines(struct cts_sealing *sealing, const struct cts_frame *frame)
{
	struct cts_record before = {0}, after = {0};
	struct cts_record_edits edits;
	int rc = 0;

	if (frame->before.size)
		rc = cts_record_decode(
			&before, sealing->schema, frame->before.data, frame->before.size);
	if (rc == 0 && frame->after.size)
		rc = cts_record_decode(
			&after, sealing->schema, frame->after.data, frame->after.size);
	if (rc == 0)
		rc = cts_diff(&edits, &sealing->scratch, before.kind ? &before : NULL,
			after.kind ? &after : NULL);
	for (size_t i = 0; rc == 0 && i < edits.edit_count; i++) {
		if (sealing->line_count == CTS_COMMIT_LINES_MAX)
			break;
		/* That a new record lives goes without saying, where anything else is said: a
		 * commit without lines could not tell them from the last paragraph of its message.
		 */
		if (edits.created && edits.edit_count > 1 &&
			strcmp(edits.edits[i].field, CTS_DELETED) == 0)
			continue;
		cts_diff_line(&sealing->lines, frame->key, &edits.edits[i]);
		cts_buf_putc(&sealing->lines, '\n');
		sealing->line_count++;
	}
	cts_record_release(&before);
	cts_record_release(&after);
	return rc;
}

static int end_change(struct cts_sealing *sealing, const struct cts_frame *frame)
{
	struct cts_seal_branch *branch = &sealing->branches[sealing->branch];
	struct cts_commit *commit = &sealing->commit;
	int rc = 0;

	sealing->changes++;
	if (!frame->record_count)
		return 0;
	rc = cts_seal_finish_tree(sealing);
	if (rc < 0)
		return rc;
	commit->message = frame->message;
	commit->lines = cts_buf_text(&sealing->lines);
	commit->parents = &branch->head;
	commit->parent_count = !cts_oid_is_zero(&branch->head);
	/* put_commit moves branch->head while the commit still names it as its parent. */
	if (commit->parent_count)
		commit->parents =
			cts_arena_memdup(&sealing->scratch, &branch->head, sizeof(branch->head));
	rc = put_commit(sealing, branch, commit);
	if (rc == 0 && sealing->progress && sealing->progress->step)
		sealing->progress->step(sealing->progress->context, "sealing", sealing->changes, 0);
	return rc;
}

int cts_seal_frame(void *context, const struct cts_frame *frame)
{
	struct cts_sealing *sealing = context;
	int rc = 0;

	switch (frame->kind) {
	case CTS_FRAME_BEGIN: return begin_change(sealing, frame);
	case CTS_FRAME_RECORD:
		sealing->record_count++;
		if (sealing->line_count < CTS_COMMIT_LINES_MAX)
			rc = add_lines(sealing, frame);
		return rc < 0 ? rc : cts_seal_put_image(sealing, frame->key, frame->after);
	case CTS_FRAME_END: return end_change(sealing, frame);
	}
	return 0;
}
