/*
 * git's config file format, as much of it as git itself writes: [section] and [section "sub"] headers,
 * `name = value` lines, quotes, backslash escapes, # and ; comments. A set changes one line and keeps
 * every other byte; the file is replaced whole, synced, so a crash leaves the old one or the new one.
 * Own code rather than libgit2's: every command that edits reads it, and starting libgit2 costs 5 ms.
 */
#include "store/internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/buf.h"
#include "proto/error.h"

struct entry {
	const char *section; /* "remote" or "remote.origin", the first part in lower case */
	const char *name;    /* lower case; NULL: a header */
	const char *value;
	size_t start, end;   /* of the line in the text */
};

struct cts_config {
	struct cts_arena arena;
	char *text;
	size_t size;
	struct entry *entries;
	size_t count;
};

/* The whole file in the arena; a missing one is empty. */
static int read_file(struct cts_arena *arena, const char *path, char **out, size_t *size)
{
	struct cts_buf buf = {0};
	char chunk[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;
	ssize_t n;

	if (fd < 0) {
		if (errno != ENOENT && errno != ENOTDIR)
			return cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
		*out = cts_arena_strdup(arena, "");
		*size = 0;
		return 0;
	}
	while ((n = read(fd, chunk, sizeof(chunk))) > 0)
		cts_buf_put(&buf, chunk, (size_t)n);
	if (n < 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot read '%s'", path);
	close(fd);
	if (rc == 0) {
		*out = cts_arena_strndup(arena, cts_buf_text(&buf), buf.size);
		*size = buf.size;
	}
	cts_buf_release(&buf);
	return rc;
}

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* [section "sub"] */
static const char *parse_header(struct cts_arena *arena, const char *line, const char *end)
{
	struct cts_buf name = {0};
	const char *result = NULL, *at = line + 1;

	while (at < end && *at != ']' && !isspace((unsigned char)*at)) {
		cts_buf_putc(&name, (char)tolower((unsigned char)*at));
		at++;
	}
	while (at < end && isspace((unsigned char)*at))
		at++;
	if (at < end && *at == '"') {
		cts_buf_putc(&name, '.');
		for (at++; at < end && *at != '"'; at++) {
			if (*at == '\\' && at + 1 < end)
				at++;
			cts_buf_putc(&name, *at);
		}
	}
	result = cts_arena_strdup(arena, cts_buf_text(&name));
	cts_buf_release(&name);
	return result;
}

static const char *parse_value(struct cts_arena *arena, const char *at, const char *end)
{
	struct cts_buf value = {0};
	size_t kept = 0; /* up to here spaces count */
	bool quoted = false;
	const char *result;

	while (at < end && isspace((unsigned char)*at))
		at++;
	for (; at < end; at++) {
		if (!quoted && (*at == '#' || *at == ';'))
			break;
		if (*at == '"') {
			quoted = !quoted;
			kept = value.size;
			continue;
		}
		if (*at == '\\' && at + 1 < end) {
			at++;
			cts_buf_putc(&value, *at == 'n' ? '\n' : *at == 't' ? '\t' : *at);
			kept = value.size;
			continue;
		}
		cts_buf_putc(&value, *at);
		if (quoted || !isspace((unsigned char)*at))
			kept = value.size;
	}
	result = cts_arena_strndup(arena, cts_buf_text(&value), kept);
	cts_buf_release(&value);
	return result;
}

static void parse(struct cts_config *config)
{
	const char *section = "", *text = config->text, *end = text + config->size;

	for (const char *line = text, *next; line < end; line = next) {
		const char *stop = memchr(line, '\n', (size_t)(end - line)), *at = line, *word;
		struct entry *entry;
		char *name;

		next = stop ? stop + 1 : end;
		stop = stop ? stop : end;
		while (at < stop && isspace((unsigned char)*at))
			at++;
		if (at == stop || *at == '#' || *at == ';')
			continue;
		entry = cts_arena_push(
			&config->arena, &config->entries, &config->count, sizeof(*entry));
		entry->start = (size_t)(line - text);
		entry->end = (size_t)(next - text);
		if (*at == '[') {
			section = parse_header(&config->arena, at, stop);
			entry->section = section;
			continue;
		}
		for (word = at; at < stop && *at != '=' && !isspace((unsigned char)*at); at++)
			;
		name = cts_arena_strndup(&config->arena, word, (size_t)(at - word));
		lower(name);
		while (at < stop && isspace((unsigned char)*at))
			at++;
		entry->section = section;
		entry->name = name;
		entry->value = at < stop && *at == '='
			? parse_value(&config->arena, at + 1, stop)
			: "true";
	}
}

static int load(struct cts_config **out, const char *path)
{
	struct cts_config *config = cts_malloc(sizeof(*config));
	int rc;

	*config = (struct cts_config){0};
	rc = read_file(&config->arena, path, &config->text, &config->size);
	if (rc < 0) {
		cts_config_free(config);
		return rc;
	}
	parse(config);
	*out = config;
	return 0;
}

void cts_config_free(struct cts_config *config)
{
	if (!config)
		return;
	cts_arena_release(&config->arena);
	free(config);
}

/* "remote.origin.url": section up to the last dot, name behind it. */
static bool split_key(const char *key, char section[512], const char **name)
{
	const char *dot = strrchr(key, '.');

	if (!dot || (size_t)(dot - key) >= 512)
		return false;
	memcpy(section, key, (size_t)(dot - key));
	section[dot - key] = '\0';
	*name = dot + 1;
	return true;
}

static const struct entry *find(const struct cts_config *config, const char *key)
{
	char section[512];
	const struct entry *found = NULL;
	const char *name;

	if (!split_key(key, section, &name))
		return NULL;
	for (size_t i = 0; i < config->count; i++) {
		const struct entry *entry = &config->entries[i];

		if (entry->name && strcmp(entry->section, section) == 0 &&
			strcasecmp(entry->name, name) == 0)
			found = entry;
	}
	return found;
}

static char *config_path(const struct cts_store *store)
{
	size_t size = strlen(store->path) + sizeof("/config");
	char *path = cts_malloc(size);

	snprintf(path, size, "%s/config", store->path);
	return path;
}

int cts_config_load(struct cts_store *store)
{
	char *path;
	int rc;

	if (store->config)
		return 0;
	path = config_path(store);
	rc = load(&store->config, path);
	free(path);
	return rc;
}

const char *cts_store_config(const struct cts_store *store, const char *key)
{
	struct cts_store *own = (struct cts_store *)store; /* the cache of what is read */
	const struct entry *entry;

	if (cts_config_load(own) < 0)
		return NULL;
	entry = find(own->config, key);
	return entry ? entry->value : NULL;
}

size_t cts_store_config_sections(const struct cts_store *store, struct cts_arena *arena,
	const char *section, const char ***names)
{
	size_t count = 0, prefix = strlen(section);

	*names = NULL;
	if (cts_config_load((struct cts_store *)store) < 0)
		return 0;
	for (size_t i = 0; i < store->config->count; i++) {
		const struct entry *entry = &store->config->entries[i];
		const char **name;

		if (entry->name || strncmp(entry->section, section, prefix) != 0 ||
			entry->section[prefix] != '.')
			continue;
		name = cts_arena_push(arena, names, &count, sizeof(*name));
		*name = cts_arena_strdup(arena, entry->section + prefix + 1);
	}
	return count;
}

static int replace_file(const char *path, struct cts_slice text)
{
	size_t size = strlen(path) + sizeof(".new"), done = 0;
	char *fresh = cts_malloc(size);
	int fd, rc = 0;

	snprintf(fresh, size, "%s.new", path);
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0) {
		rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", fresh);
		goto out;
	}
	while (rc == 0 && done < text.size) {
		ssize_t n = write(fd, (const char *)text.data + done, text.size - done);

		if (n < 0 && errno != EINTR)
			rc = cts_fail_errno(CTS_EIO, errno, "cannot write '%s'", fresh);
		else if (n > 0)
			done += (size_t)n;
	}
	if (rc == 0 && fsync(fd) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot sync '%s'", fresh);
	close(fd);
	if (rc == 0 && rename(fresh, path) != 0)
		rc = cts_fail_errno(CTS_EIO, errno, "cannot replace '%s'", path);
	if (rc < 0)
		unlink(fresh);
out:
	free(fresh);
	return rc;
}

static void put_quoted(struct cts_buf *out, const char *value)
{
	cts_buf_putc(out, '"');
	for (; *value; value++) {
		if (*value == '\n') {
			cts_buf_puts(out, "\\n");
			continue;
		}
		if (*value == '"' || *value == '\\')
			cts_buf_putc(out, '\\');
		cts_buf_putc(out, *value);
	}
	cts_buf_putc(out, '"');
}

static void put_line(struct cts_buf *out, const char *name, const char *value)
{
	bool plain = value[0] && !isspace((unsigned char)value[0]) &&
		!isspace((unsigned char)value[strlen(value) - 1]) && !strpbrk(value, "\"\\#;\n");

	cts_buf_printf(out, "\t%s = ", name);
	if (plain)
		cts_buf_puts(out, value);
	else
		put_quoted(out, value);
	cts_buf_putc(out, '\n');
}

static void put_header(struct cts_buf *out, const char *section)
{
	const char *dot = strchr(section, '.');

	if (!dot) {
		cts_buf_printf(out, "[%s]\n", section);
		return;
	}
	cts_buf_printf(out, "[%.*s ", (int)(dot - section), section);
	put_quoted(out, dot + 1);
	cts_buf_puts(out, "]\n");
}

/* Replaces bytes [start, end) of the file by `with`. */
static int edit(struct cts_store *store, size_t start, size_t end, const struct cts_buf *with)
{
	struct cts_buf text = {0};
	char *path = config_path(store);
	int rc;

	cts_buf_put(&text, store->config->text, start);
	if (start > 0 && store->config->text[start - 1] != '\n')
		cts_buf_putc(&text, '\n');
	cts_buf_put(&text, cts_buf_text(with), with->size);
	cts_buf_put(&text, store->config->text + end, store->config->size - end);
	rc = replace_file(path, cts_buf_slice(&text));
	cts_config_free(store->config);
	store->config = NULL;
	if (rc == 0)
		rc = cts_config_load(store);
	cts_buf_release(&text);
	free(path);
	return rc;
}

int cts_store_config_set(struct cts_store *store, const char *key, const char *value)
{
	struct cts_buf line = {0};
	char section[512];
	const char *name;
	const struct entry *entry;
	size_t start, end;
	int rc;

	if (!split_key(key, section, &name))
		return cts_fail(CTS_EUSAGE, "'%s' is no name of a setting", key);
	/* Another process may have changed the file since it was read. */
	cts_config_free(store->config);
	store->config = NULL;
	rc = cts_config_load(store);
	if (rc < 0)
		return rc;
	entry = find(store->config, key);
	if (entry) {
		start = entry->start;
		end = entry->end;
	} else {
		start = end = store->config->size;
		for (size_t i = 0; i < store->config->count; i++)
			if (strcmp(store->config->entries[i].section, section) == 0)
				start = end = store->config->entries[i].end;
		if (!value)
			return 0;
		if (start == store->config->size) {
			bool exists = false;

			for (size_t i = 0; i < store->config->count; i++)
				exists = exists ||
					strcmp(store->config->entries[i].section, section) == 0;
			if (!exists)
				put_header(&line, section);
		}
	}
	if (value)
		put_line(&line, name, value);
	rc = edit(store, start, end, &line);
	cts_buf_release(&line);
	return rc;
}

int cts_store_config_remove(struct cts_store *store, const char *section, const char *name)
{
	struct cts_buf nothing = {0};
	char full[512];
	bool inside = false;
	size_t start = 0, end = 0;
	int rc;

	cts_config_free(store->config);
	store->config = NULL;
	rc = cts_config_load(store);
	if (rc < 0)
		return rc;
	snprintf(full, sizeof(full), "%s.%s", section, name);
	for (size_t i = 0; i < store->config->count; i++) {
		const struct entry *entry = &store->config->entries[i];

		if (!entry->name && inside)
			break;
		if (!entry->name && strcmp(entry->section, full) == 0) {
			inside = true;
			start = entry->start;
		}
		if (inside)
			end = entry->end;
	}
	return inside ? edit(store, start, end, &nothing) : 0;
}

const char *cts_config_file_get(struct cts_arena *arena, const char *path, const char *key)
{
	struct cts_config *config;
	const struct entry *entry;
	const char *value = NULL;

	if (load(&config, path) < 0) {
		cts_error_clear();
		return NULL;
	}
	entry = find(config, key);
	if (entry)
		value = cts_arena_strdup(arena, entry->value);
	cts_config_free(config);
	return value;
}
