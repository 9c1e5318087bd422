/*
 * import: files into records, as one change. Documents (the programme table, briefs) come through a
 * draft; csv, tsv, json and ndjson through a stream.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "cli/diag.h"
#include "cli/import/brief_document.h"
#include "cli/import/table_document.h"
#include "cli/import_report.h"
#include "cli/import_run.h"
#include "cli/session.h"
#include "proto/error.h"

#define HEAD (64 * 1024)

struct import_options {
	const char *format;
	const char *kind;
	const char *message;
	bool dry_run;
	bool settle;
};

static const struct cts_opt import_rows[] = {
	{.name = "format",
		.argument = "FORMAT",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct import_options, format),
		.help = "table, briefs, csv, tsv, json or ndjson, where the file does not tell"},
	{.name = "kind",
		.argument = "KIND",
		.kind = CTS_OPT_STRING,
		.offset = offsetof(struct import_options, kind),
		.help = "the kind of the records; csv and tsv need it"},
	CTS_OPT_MESSAGE(struct import_options),
	CTS_OPT_DRY_RUN(struct import_options),
	CTS_OPT_SETTLE(struct import_options),
	{0},
};

static const struct cts_argument import_arguments[] = {
	{.name = "FILE", .help = "the file, or - for standard input"},
	{0},
};

/* ---- the file ------------------------------------------------------------------------------- */

/* A pipe is read into a file without a name: an import reads its input more than once. */
static int spool(int *out, int from, const char *path)
{
	FILE *file = tmpfile();
	char chunk[HEAD];
	ssize_t got;
	int fd;

	if (!file)
		return cts_fail_errno(CTS_EIO, errno, "cannot make a temporary file");
	while ((got = read(from, chunk, sizeof(chunk))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || fwrite(chunk, 1, (size_t)got, file) != (size_t)got)
			goto fail;
	}
	if (fflush(file) != 0 || (fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0)) < 0)
		goto fail;
	fclose(file);
	*out = fd;
	return 0;
fail:
	got = errno;
	fclose(file);
	return cts_fail_errno(CTS_EIO, (int)got, "cannot read '%s'", path);
}

static int open_file(int *out, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int rc;

	if (fd < 0)
		return cts_fail_errno(CTS_EIO, errno, "cannot open '%s'", path);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && !is_stdin) {
		*out = fd;
		return 0;
	}
	rc = spool(out, fd, path);
	if (!is_stdin)
		close(fd);
	return rc;
}

/* At most `limit` bytes from the start of the file. */
static int read_head(struct cts_buf *out, int fd, const char *path, size_t limit)
{
	while (out->size < limit) {
		size_t more = limit - out->size < HEAD ? limit - out->size : HEAD;
		ssize_t got;

		cts_buf_reserve(out, more);
		got = pread(fd, out->data + out->size, more, (off_t)out->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
		if (got == 0)
			break;
		out->size += (size_t)got;
	}
	return 0;
}

static int choose_format(struct cts_import *import, const struct import_options *options)
{
	struct cts_buf head = {0};
	int rc;

	if (options->format)
		return cts_import_format_parse(&import->format, options->format);
	rc = read_head(&head, import->fd, import->path, HEAD);
	if (rc >= 0)
		rc = cts_import_sniff(
			&import->format, import->path, cts_buf_text(&head), head.size);
	cts_buf_release(&head);
	return rc;
}

static bool is_document(const struct cts_import *import)
{
	return import->format == CTS_IMPORT_TABLE || import->format == CTS_IMPORT_BRIEFS;
}

static int choose_kind(struct cts_import *import, const struct import_options *options)
{
	bool is_sheet = import->format == CTS_IMPORT_CSV || import->format == CTS_IMPORT_TSV;

	if (options->kind && is_document(import))
		return cts_fail(CTS_EUSAGE, "'--kind' does not go with the format '%s'",
			cts_import_format_name(import->format));
	if (options->kind)
		return cts_schema_find_kind(&import->kind, import->schema, options->kind);
	if (is_sheet) {
		cts_fail(CTS_EUSAGE, "'%s' needs --kind: its rows do not say what they are",
			import->path);
		cts_hint("ctsync import --kind milestone %s", import->path);
		return CTS_EUSAGE;
	}
	return 0;
}

/* ---- documents ------------------------------------------------------------------------------ */

static int read_document(struct cts_draft *draft, const struct cts_import *import)
{
	struct cts_buf text = {0};
	struct cts_rows rows;
	int rc;

	cts_draft_init(draft, import->path);
	/* One byte more than is allowed shows that the file is too long. */
	rc = read_head(&text, import->fd, import->path, CTS_DOCUMENT_MAX + 1);
	if (rc >= 0)
		rc = cts_rows_read(
			&rows, &draft->arena, import->path, cts_buf_text(&text), text.size);
	cts_buf_release(&text);
	if (rc < 0)
		return rc;
	if (import->format == CTS_IMPORT_TABLE)
		return cts_table_document_read(draft, &rows);
	return cts_brief_document_read(draft, &rows);
}

/* ---- run ------------------------------------------------------------------------------------ */

static int write_all(struct cts_session *session, struct cts_import *import,
	const struct import_options *options, struct cts_write *write)
{
	int rc;

	*write = (struct cts_write){
		.message = cts_import_message(&session->arena, options->message, import->file),
		.author = session->author,
		.dry_run = options->dry_run,
	};
	cts_progress_begin(&import->progress, "importing", 0);
	rc = cts_store_write(session->store, write,
		is_document(import) ? cts_import_draft : cts_import_records, import);
	cts_progress_end(&import->progress);
	if (import->problems.count)
		rc = cts_problems_end(&import->problems, cts_diag_error);
	return rc < 0 ? rc : 0;
}

static int import_run(struct cts_session *session, const void *given, int argc, char **argv)
{
	const struct import_options *options = given;
	struct cts_import import = {
		.schema = session->schema, .path = argv[0], .fd = -1, .settle = options->settle};
	struct cts_draft draft = {0};
	struct cts_write write = {0};
	int rc;

	(void)argc;
	rc = open_file(&import.fd, import.path);
	if (rc < 0)
		goto out;
	if (strcmp(import.path, "-") == 0)
		import.path = "stdin";
	rc = choose_format(&import, options);
	if (rc < 0)
		goto out;
	rc = choose_kind(&import, options);
	if (rc < 0)
		goto out;
	cts_draft_init(&draft, import.path);
	import.file = cts_arena_strdup(&session->arena, draft.file);
	if (is_document(&import)) {
		cts_draft_release(&draft);
		rc = read_document(&draft, &import);
		if (rc < 0)
			goto out;
		import.draft = &draft;
	}
	rc = write_all(session, &import, options, &write);
	if (rc < 0)
		goto out;
	cts_import_put_report(
		&session->out, &import, write.changed ? write.change : NULL, options->dry_run);
out:
	cts_import_release(&import);
	cts_draft_release(&draft);
	if (import.fd >= 0)
		close(import.fd);
	return rc;
}

const struct cts_cmd cts_cmd_import = {
	.name = "import",
	.group = CTS_GROUP_EXCHANGE,
	.sentence = "take records from a file, as one change",
	.details =
		"A programme table and briefs are known by their structure and read as they are: "
		"what they do not say is not guessed but listed as a question, with the command "
		"that answers it, and every word that becomes no field is listed with the reason. "
		"Importing the document again sets only what nobody edited since.\n"
		"\n"
		"json and ndjson take the record objects that `show` and `list` give. csv and tsv "
		"have a first row of id and names of fields; a cell of a list holds one member a "
		"line, an empty cell clears the field. Records are created or updated by id; "
		"fields that are not named stay.\n"
		"\n"
		"Nothing is imported unless all of it is valid; errors name file, row and column.",
	.examples = "ctsync import programme.txt --dry-run\n"
		    "ctsync import programme.txt -m 'as sent by the coordinator'\n"
		    "ctsync import --kind milestone milestones.csv\n"
		    "ctsync list milestone -o ndjson | ctsync --store ../other import -\n",
	.options = import_rows,
	.options_size = sizeof(struct import_options),
	.arguments = import_arguments,
	.needs = CTS_NEEDS_STORE | CTS_NEEDS_AUTHOR,
	.formats = CTS_OUT_TEXT | CTS_OUT_JSON,
	.run = import_run,
};
