/*
 * The report, and the line in a change's message by which imports are known.
 */
#include "cli/import_run.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void cts_import_reset(struct cts_import *import)
{
	cts_arena_clear(&import->arena);
	cts_problems_clear(&import->problems);
	import->created = import->changed = import->unchanged = 0;
	import->kinds = NULL;
	import->kind_count = 0;
	import->kept = NULL;
	import->kept_count = 0;
	import->questions = NULL;
	import->question_count = 0;
}

void cts_import_release(struct cts_import *import)
{
	cts_arena_release(&import->arena);
	cts_problems_release(&import->problems);
}

void cts_import_count(
	struct cts_import *import, const struct cts_kind *kind, bool created, bool changed)
{
	size_t i = 0;

	if (!created) {
		import->changed += changed;
		import->unchanged += !changed;
		return;
	}
	import->created++;
	while (i < import->kind_count && strcmp(import->kinds[i].name, kind->name) != 0)
		i++;
	if (i == import->kind_count) {
		struct cts_import_kind *added = cts_arena_push(
			&import->arena, &import->kinds, &import->kind_count, sizeof(*added));

		added->name = kind->name;
	}
	import->kinds[i].created++;
}

void cts_import_step(struct cts_import *import, uint64_t done, bool is_whole)
{
	struct cts_progress_bar *bar = &import->progress;
	struct stat info;
	off_t at;

	/* Records are as long as those before: how far the file was read tells how many there will be. */
	if (done >= bar->next && !is_whole && fstat(import->fd, &info) == 0 &&
		(at = lseek(import->fd, 0, SEEK_CUR)) > 0 && at < info.st_size) {
		bar->total = (uint64_t)((double)done * (double)info.st_size / (double)at);
		bar->is_guess = true;
	}
	cts_progress_step(bar, done);
}

const char *cts_import_message(struct cts_arena *arena, const char *given, const char *file)
{
	if (given)
		return cts_arena_printf(arena, "%s\n\nimport %s", given, file);
	return cts_arena_printf(arena, "import %s", file);
}

bool cts_import_is_message(const char *message, const char *file)
{
	size_t size = strlen(message);
	const char *line;

	while (size && strchr("\n ", message[size - 1]))
		size--;
	line = message + size;
	while (line > message && line[-1] != '\n')
		line--;
	size -= (size_t)(line - message);
	return size == strlen(file) + 7 && strncmp(line, "import ", 7) == 0 &&
	       strncmp(line + 7, file, size - 7) == 0;
}
