/*
 * Options: rows say what there is, the parser fills a struct by offset.
 *
 *	struct list_options { const char *where; int64_t limit; struct cts_opt_list columns; };
 *	static const struct cts_opt list_rows[] = {
 *		{.name = "where", .argument = "EXPR", .kind = CTS_OPT_STRING,
 *			.offset = offsetof(struct list_options, where), .help = "..."},
 *		{.name = "limit", .letter = 'n', .argument = "N", .kind = CTS_OPT_INT, ...},
 *		{0},
 *	};
 *
 * Grammar: --name VALUE, --name=VALUE, -x VALUE, -xVALUE, flags -xy together; anywhere among the
 * arguments; `--` ends them; `-` alone is an argument. Long names are not abbreviated: a script
 * that works today must not break when an option is added. An option that takes one value and is
 * given twice is refused; a flag may be repeated.
 */
#ifndef CTS_CLI_OPT_H
#define CTS_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/arena.h"

enum cts_opt_kind {
	CTS_OPT_FLAG,   /* bool */
	CTS_OPT_STRING, /* const char *; NULL: not given */
	CTS_OPT_INT,    /* int64_t, not negative; unless given, what the struct held before */
	CTS_OPT_LIST,   /* struct cts_opt_list: repeatable, in order */
};

struct cts_opt_list {
	size_t count;
	const char *const *items;
};

struct cts_opt {
	const char *name;     /* without dashes; NULL: a letter only */
	char letter;          /* 0: none */
	const char *argument; /* "MESSAGE"; NULL for flags */
	enum cts_opt_kind kind;
	size_t offset; /* into the struct */
	const char *help; /* one sentence, lower case, no full stop */
};

/* A row of {0} ends rows. */
bool cts_opt_is_end(const struct cts_opt *row);

/* Rows and the struct that they fill. */
struct cts_opt_set {
	const struct cts_opt *rows; /* NULL: none */
	void *target;
};

struct cts_opt_parse {
	struct cts_arena *arena; /* lists grow here */
	const char *command;     /* named in hints: "set"; NULL: before any command is known */
	bool stop_at_argument;   /* stop at the first argument: global options before the command */
};

/* Takes the options out of argv, in place: what remains are the arguments, their number is
 * returned. With stop_at_argument the rest, from the first argument on, remains as it is. Strings
 * are borrowed from argv.
 * @return CTS_EUSAGE, with the nearest option or the help command as hint */
int cts_opt_parse(const struct cts_opt_parse *parse, const struct cts_opt_set *sets,
	size_t set_count, int argc, char **argv);

/* Splits "a,b,c" at commas, for options that take names; empty parts are dropped. */
struct cts_opt_list cts_opt_split(struct cts_arena *arena, const char *text);

#endif
