/*
 * One pass over the words: an option is looked for in all sets, its value written by the row's
 * offset, and the arguments are moved together at the front of argv. Which rows were given is kept
 * for the length of the parse, so that a value given twice is refused instead of dropped.
 */
#include "cli/opt.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/error.h"
#include "proto/schema.h"

#define ROWS_MAX 64

bool cts_opt_is_end(const struct cts_opt *row)
{
	return !row->name && !row->letter;
}

struct parser {
	const struct cts_opt_parse *how;
	const struct cts_opt_set *sets;
	size_t set_count;
	const struct cts_opt *given[ROWS_MAX];
	size_t given_count;
};

struct hit {
	const struct cts_opt *row;
	void *target; /* the member that it fills */
};

static struct hit find(const struct parser *p, const char *name, size_t size, char letter)
{
	for (size_t s = 0; s < p->set_count; s++) {
		const struct cts_opt *row = p->sets[s].rows;

		for (; row && !cts_opt_is_end(row); row++) {
			bool same = name ? row->name && strlen(row->name) == size &&
						   memcmp(row->name, name, size) == 0
					 : row->letter == letter;

			if (same)
				return (struct hit){row, (char *)p->sets[s].target + row->offset};
		}
	}
	return (struct hit){NULL, NULL};
}

static void hint_help(const struct parser *p)
{
	if (p->how->command)
		cts_hint("ctsync help %s", p->how->command);
	else
		cts_hint("ctsync help");
}

static int fail_unknown(const struct parser *p, const char *name, size_t size)
{
	char *word = cts_arena_strndup(p->how->arena, name, size);
	const char **names = NULL, *near;
	size_t count = 0;

	for (size_t s = 0; s < p->set_count; s++) {
		const struct cts_opt *row = p->sets[s].rows;

		for (; row && !cts_opt_is_end(row); row++)
			if (row->name)
				*(const char **)cts_arena_push(
					p->how->arena, &names, &count, sizeof(*names)) = row->name;
	}
	near = cts_nearest(word, names, count);
	cts_fail(CTS_EUSAGE, "no option '--%s'", word);
	if (near)
		cts_hint("--%s", near);
	else
		hint_help(p);
	return CTS_EUSAGE;
}

/* "--name" or "-x", for errors. */
static const char *shown(const struct parser *p, const struct cts_opt *row)
{
	if (row->name)
		return cts_arena_printf(p->how->arena, "--%s", row->name);
	return cts_arena_printf(p->how->arena, "-%c", row->letter);
}

static int store(struct parser *p, struct hit hit, const char *value)
{
	const struct cts_opt *row = hit.row;
	struct cts_opt_list *list;
	const char **items;
	char *end;
	long long number;

	if (row->kind == CTS_OPT_STRING || row->kind == CTS_OPT_INT) {
		for (size_t i = 0; i < p->given_count; i++)
			if (p->given[i] == row)
				return cts_fail(CTS_EUSAGE, "'%s' is given twice", shown(p, row));
		assert(p->given_count < ROWS_MAX);
		p->given[p->given_count++] = row;
	}
	switch (row->kind) {
	case CTS_OPT_FLAG:
		*(bool *)hit.target = true;
		break;
	case CTS_OPT_STRING:
		*(const char **)hit.target = value;
		break;
	case CTS_OPT_INT:
		errno = 0;
		number = strtoll(value, &end, 10);
		if (*end || end == value || errno || number < 0 || *value == ' ' || *value == '+') {
			cts_fail(CTS_EUSAGE, "'%s' is no number for '%s'", value, shown(p, row));
			hint_help(p);
			return CTS_EUSAGE;
		}
		*(int64_t *)hit.target = number;
		break;
	case CTS_OPT_LIST:
		list = hit.target;
		items = (const char **)list->items;
		*(const char **)cts_arena_push(
			p->how->arena, &items, &list->count, sizeof(*items)) = value;
		list->items = items;
		break;
	}
	return 0;
}

static int fail_no_value(const struct parser *p, const struct cts_opt *row)
{
	cts_fail(CTS_EUSAGE, "'%s' needs a value: %s", shown(p, row), row->argument);
	hint_help(p);
	return CTS_EUSAGE;
}

/* argv[*at] is "--name" or "--name=value". */
static int take_long(struct parser *p, int *at, int argc, char **argv)
{
	const char *name = argv[*at] + 2;
	const char *equals = strchr(name, '=');
	size_t size = equals ? (size_t)(equals - name) : strlen(name);
	struct hit hit = find(p, name, size, 0);

	if (!hit.row)
		return fail_unknown(p, name, size);
	if (hit.row->kind == CTS_OPT_FLAG) {
		if (equals)
			return cts_fail(CTS_EUSAGE, "'%s' takes no value", shown(p, hit.row));
		return store(p, hit, NULL);
	}
	if (equals)
		return store(p, hit, equals + 1);
	if (*at + 1 >= argc)
		return fail_no_value(p, hit.row);
	return store(p, hit, argv[++*at]);
}

/* argv[*at] is "-x", "-xy" or "-xVALUE". */
static int take_letters(struct parser *p, int *at, int argc, char **argv)
{
	for (const char *letter = argv[*at] + 1; *letter; letter++) {
		struct hit hit = find(p, NULL, 0, *letter);
		int rc;

		if (!hit.row) {
			cts_fail(CTS_EUSAGE, "no option '-%c'", *letter);
			hint_help(p);
			return CTS_EUSAGE;
		}
		if (hit.row->kind != CTS_OPT_FLAG) {
			if (letter[1])
				return store(p, hit, letter + 1);
			if (*at + 1 >= argc)
				return fail_no_value(p, hit.row);
			return store(p, hit, argv[++*at]);
		}
		rc = store(p, hit, NULL);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int cts_opt_parse(const struct cts_opt_parse *parse, const struct cts_opt_set *sets,
	size_t set_count, int argc, char **argv)
{
	struct parser p = {.how = parse, .sets = sets, .set_count = set_count};
	int kept = 0;
	int rc;

	for (int at = 0; at < argc; at++) {
		char *word = argv[at];

		if (strcmp(word, "--") == 0) {
			while (++at < argc)
				argv[kept++] = argv[at];
			break;
		}
		if (word[0] != '-' || !word[1]) {
			if (parse->stop_at_argument) {
				while (at < argc)
					argv[kept++] = argv[at++];
				break;
			}
			argv[kept++] = word;
			continue;
		}
		rc = word[1] == '-' ? take_long(&p, &at, argc, argv)
				    : take_letters(&p, &at, argc, argv);
		if (rc < 0)
			return rc;
	}
	return kept;
}

struct cts_opt_list cts_opt_split(struct cts_arena *arena, const char *text)
{
	struct cts_opt_list list = {0};
	const char **items = NULL;

	while (*text) {
		size_t size = strcspn(text, ",");

		if (size > 0)
			*(const char **)cts_arena_push(arena, &items, &list.count, sizeof(*items)) =
				cts_arena_strndup(arena, text, size);
		text += size;
		if (*text)
			text++;
	}
	list.items = items;
	return list;
}
