/*
 * Packs that come from elsewhere: what git and we ourselves send becomes a whole pack with git's
 * own idx, in whatever pieces it comes; and whatever is wrong with one is told, at any byte, and
 * leaves nothing behind.
 */
#include "fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "sync/pack/odb.h"
#include "sync/pack/delta.h"
#include "sync/pack/pack.h"
#include "sync/pack/pack_entry.h"
#include "sync/pack/pack_receive.h"

/* ---- receiving -------------------------------------------------------------------------------- */

static char name[CTS_OID_HEX + 1];

/* Into the repository q, which is made anew; `most` bytes at once (0: all), bases from the fixture's
 * repository or (`odb` NULL) from nowhere. */
static int receive(struct cts_slice bytes, size_t most, struct cts_odb *odb)
{
	const struct cts_pack_receive_options options = {
		.read_base = odb ? cts_odb_read_any : NULL, .base_context = odb};
	struct cts_pack_receiving *receiving;
	char dir[128];
	size_t at = 0;
	int rc = 0;

	snprintf(dir, sizeof(dir), "%s/q/objects/pack", repo_dir);
	assert_ok(cts_pack_receive_open(&receiving, dir, &options));
	while (rc == 0 && at < bytes.size) {
		size_t step = most ? 1 + random_below(most) : bytes.size;

		step = step < bytes.size - at ? step : bytes.size - at;
		rc = cts_pack_receive_append(receiving,
			(struct cts_slice){.data = (const char *)bytes.data + at, .size = step});
		at += step;
	}
	if (rc == 0)
		rc = cts_pack_receive_finish(name, receiving);
	cts_pack_receive_free(receiving);
	return rc;
}

static void make_receiver(void)
{
	assert_runs("rm -rf q && git init -q --bare q");
}

static void assert_nothing_is_left(void)
{
	assert_runs("[ -z \"$(ls -A q/objects/pack)\" ]");
}

/* What the idx names, by name. */
static void names_of(struct cts_buf *out, const char *idx)
{
	cts_buf_clear(out);
	assert_int_equal(
		run_into(out, "cat %s | git show-index | cut -d' ' -f2 | LC_ALL=C sort", idx), 0);
}

/* The pack is one that git would have made of it, and nothing else lies there. */
static void assert_is_gits(void)
{
	assert_runs("cd q/objects/pack && ls | wc -l | grep -qx 2 &&"
		    " git index-pack --strict -o check.idx pack-%s.pack >/dev/null &&"
		    " cmp check.idx pack-%s.idx && rm -f check.* *.rev", name, name);
	assert_runs("git -C q verify-pack objects/pack/pack-%s.idx", name);
}

/* The same, whatever the objects say. */
static void assert_is_gits_but_for_form(void)
{
	assert_runs("git -C q verify-pack objects/pack/pack-%s.idx", name);
	assert_runs("cd q/objects/pack && git index-pack -o check.idx pack-%s.pack >/dev/null &&"
		    " cmp check.idx pack-%s.idx && rm -f check.* *.rev", name, name);
}

/* Every object of the pack can be read, and git finds no fault with it. */
static void assert_is_readable(void)
{
	struct cts_buf out = {0};

	assert_int_equal(run_into(&out, "git -C q fsck --no-dangling 2>&1 | grep -v notice:"), 1);
	assert_string_equal(cts_buf_text(&out), "");
	cts_buf_release(&out);
}

/* ---- packs of git's --------------------------------------------------------------------------- */

/* Files in folders that are changed a little, again and again, on `commits` commits. */
static void make_history(unsigned commits)
{
	static unsigned time_now = 1700000000;
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/stream", repo_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "reset refs/heads/main\n");
	for (unsigned i = 0; i < commits; i++) {
		fprintf(file, "commit refs/heads/main\nmark :%u\ncommitter A <a@b> %u +0000\ndata 2\nx\n",
			i + 1, time_now++);
		for (size_t files = 1 + random_below(4); files > 0; files--) {
			unsigned record = (unsigned)random_below(150);

			fprintf(file, "M 100644 inline records/%u/r%u.json\ndata <<END\n{\n",
				record % 3, record);
			for (unsigned field = 0; field < 20; field++)
				fprintf(file, "  \"field %u of %u\": \"%u\",\n", field, record,
					field == i % 20 ? (unsigned)random_next() : record + field);
			fprintf(file, "}\nEND\n");
		}
		if (i == commits / 2)
			fprintf(file, "M 100644 inline empty\ndata 0\n\n"
				      "reset refs/heads/half\nfrom :%u\n\n", i + 1);
	}
	fprintf(file, "tag v1\nfrom :%u\ntagger A <a@b> 1700000000 +0000\ndata 2\nt\n\n", commits);
	fclose(file);
	assert_runs("rm -rf objects refs && git init -q --bare . &&"
		    " git fast-import --quiet --force < stream && rm stream");
}

static void pack_of_git(struct cts_buf *out, const char *revisions, const char *flags)
{
	cts_buf_clear(out);
	assert_int_equal(run_into(out, "printf '%s' | git pack-objects -q --revs --stdout %s",
				 revisions, flags), 0);
}

static void test_packs_of_git_are_taken(void **state)
{
	static const char *const flags[] = {"", "--delta-base-offset", "--no-reuse-delta --depth=3",
		"--delta-base-offset --no-reuse-delta --depth=200 --window=100", "--depth=0",
		"--no-reuse-delta --depth=80 --window=50"};
	struct cts_buf pack = {0}, ours = {0}, gits = {0};

	(void)state;
	random_start("packs of git");
	for (size_t i = 0; i < COUNT(flags); i++) {
		make_history(20 + (unsigned)random_below(150));
		pack_of_git(&pack, "main\\nv1\\n", flags[i]);
		make_receiver();
		assert_ok(receive(cts_buf_slice(&pack), i % 2 ? 8192 : 0, NULL));
		assert_is_gits();
		assert_is_readable();
		names_of(&ours, "q/objects/pack/*.idx");
		assert_int_equal(run_into(NULL,
			"printf 'main\\nv1\\n' | git pack-objects -q --revs %s check", flags[i]), 0);
		names_of(&gits, "check-*.idx");
		assert_runs("rm -f check-*");
		assert_string_equal(cts_buf_text(&ours), cts_buf_text(&gits));
	}
	cts_buf_release(&pack);
	cts_buf_release(&ours);
	cts_buf_release(&gits);
}

static void test_thin_packs_of_git_are_made_whole(void **state)
{
	static const char *const flags[] = {
		"--thin", "--thin --delta-base-offset", "--thin --no-reuse-delta --depth=100 --window=100"};
	struct cts_buf pack = {0}, ours = {0}, gits = {0};
	struct cts_odb *odb;

	(void)state;
	random_start("thin packs");
	for (size_t i = 0; i < 2 * COUNT(flags); i++) {
		make_history(20 + (unsigned)random_below(150));
		cts_odb_open(&odb, repo_dir);
		pack_of_git(&pack, "main\\n^half\\n", flags[i % COUNT(flags)]);
		make_receiver();
		/* without what it builds on */
		assert_int_equal(receive(cts_buf_slice(&pack), 0, NULL), CTS_EINTEGRITY);
		assert_non_null(strstr(
			cts_error_message(CTS_EINTEGRITY), "a delta of what is not there"));
		assert_nothing_is_left();
		assert_ok(receive(cts_buf_slice(&pack), i % 2 ? 1000 : 0, odb));
		assert_is_gits_but_for_form();
		names_of(&ours, "q/objects/pack/*.idx");
		/* git completes a pack with the same objects */
		{
			char path[128];
			int fd;

			snprintf(path, sizeof(path), "%s/thin", repo_dir);
			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
			assert_int_equal(write(fd, pack.data, pack.size), pack.size);
			close(fd);
		}
		assert_runs("rm -rf fix && git init -q --bare fix &&"
			    " printf '%s/objects\\n' >fix/objects/info/alternates &&"
			    " git -C fix index-pack --fix-thin --stdin <thin >/dev/null", repo_dir);
		names_of(&gits, "fix/objects/pack/*.idx");
		assert_string_equal(cts_buf_text(&ours), cts_buf_text(&gits));
		cts_odb_free(odb);
	}
	cts_buf_release(&pack);
	cts_buf_release(&ours);
	cts_buf_release(&gits);
}

/* ---- packs made by hand ----------------------------------------------------------------------- */

struct hand {
	struct cts_buf bytes;
	uint32_t count;
};

static void begin(struct hand *hand)
{
	cts_buf_clear(&hand->bytes);
	cts_buf_put(&hand->bytes, "PACK\0\0\0\2\0\0\0\0", 12);
	hand->count = 0;
}

static void deflate_to(struct hand *hand, struct cts_slice data)
{
	static z_stream z;

	if (!z.state)
		cts_pack_deflate_init(&z);
	cts_pack_deflate(&hand->bytes, &z, data.data, data.size);
}

/* @return where it begins */
static uint64_t put_sized(struct hand *hand, unsigned type, size_t size, struct cts_slice data)
{
	uint64_t offset = hand->bytes.size;

	cts_pack_put_head(&hand->bytes, type, size);
	deflate_to(hand, data);
	hand->count++;
	return offset;
}

static uint64_t put_whole(struct hand *hand, unsigned type, struct cts_slice data)
{
	return put_sized(hand, type, data.size, data);
}

static uint64_t put_far(struct hand *hand, uint64_t distance, struct cts_slice delta)
{
	uint64_t offset = hand->bytes.size;

	cts_pack_put_head(&hand->bytes, CTS_PACK_OFS_DELTA, delta.size);
	cts_pack_put_distance(&hand->bytes, distance);
	deflate_to(hand, delta);
	hand->count++;
	return offset;
}

static uint64_t put_ref(struct hand *hand, const struct cts_oid *base, struct cts_slice delta)
{
	uint64_t offset = hand->bytes.size;

	cts_pack_put_head(&hand->bytes, CTS_PACK_REF_DELTA, delta.size);
	cts_buf_put(&hand->bytes, base->bytes, CTS_OID_SIZE);
	deflate_to(hand, delta);
	hand->count++;
	return offset;
}

static void put_trailer(struct cts_buf *bytes)
{
	struct cts_sha1 sha1;
	uint8_t digest[CTS_OID_SIZE];

	cts_sha1_init(&sha1);
	cts_sha1_update(&sha1, bytes->data, bytes->size);
	cts_sha1_finish(&sha1, digest);
	cts_buf_put(bytes, digest, sizeof(digest));
}

static void set_count(struct hand *hand, uint32_t count)
{
	for (int i = 0; i < 4; i++)
		hand->bytes.data[8 + i] = (char)(count >> (24 - 8 * i));
}

static struct cts_slice end(struct hand *hand)
{
	set_count(hand, hand->count);
	put_trailer(&hand->bytes);
	return cts_buf_slice(&hand->bytes);
}

static struct cts_slice text_of(const char *text)
{
	return (struct cts_slice){.data = text, .size = strlen(text)};
}

static struct cts_oid blob_name(struct cts_slice data)
{
	return cts_git_oid("blob", data.data, data.size);
}

static struct cts_slice delta_of(struct cts_buf *out, struct cts_slice base, struct cts_slice data)
{
	cts_buf_clear(out);
	assert_true(cts_delta_make(out, base, data, SIZE_MAX / 2));
	return cts_buf_slice(out);
}

/* ---- a forest --------------------------------------------------------------------------------- */

/* Objects each a little different from an earlier one, as deltas in any order, on bases before and
 * behind themselves and outside. */
static void receive_forest(size_t count, size_t size)
{
	struct cts_buf *data = calloc(count, sizeof(*data)), delta = {0}, expected = {0}, got = {0};
	size_t *parent = calloc(count, sizeof(*parent)), *order = calloc(count, sizeof(*order));
	uint64_t *offset = calloc(count, sizeof(*offset));
	struct hand hand = {.count = 0};
	struct cts_pack *outside;
	struct cts_odb *odb;
	struct cts_oid oid;

	make_repo(NULL);
	assert_ok(cts_pack_open(&outside, pack_dir, NULL));
	for (size_t i = 0; i < count; i++) {
		parent[i] = i && random_below(8) ? random_below(i) : i;
		if (random_below(3) == 0 && i)
			parent[i] = i - 1;
		if (parent[i] != i)
			cts_buf_put(&data[i], data[parent[i]].data, data[parent[i]].size);
		while (data[i].size < size)
			cts_buf_putc(&data[i], (char)random_next());
		for (size_t change = 1 + random_below(4); change > 0; change--)
			data[i].data[8 + random_below(data[i].size - 8)] ^=
				(char)(1 + random_below(255));
		/* no two are the same */
		memcpy(data[i].data, &i, sizeof(i));
		order[i] = i;
	}
	for (size_t i = count; i > 1; i--) {
		size_t j = random_below(i), swap = order[j];

		order[j] = order[i - 1];
		order[i - 1] = swap;
	}
	begin(&hand);
	for (size_t i = 0; i < count; i++) {
		size_t n = order[i], base = parent[n];
		struct cts_oid base_oid = blob_name(cts_buf_slice(&data[base]));
		struct cts_slice whole = cts_buf_slice(&data[n]);

		oid = blob_name(whole);
		if (base == n && random_below(2)) {
			assert_ok(cts_pack_put(&oid, outside, CTS_OBJECT_BLOB, whole.data, whole.size,
				NULL));
			offset[n] = UINT64_MAX;
		} else if (base == n) {
			offset[n] = put_whole(&hand, CTS_OBJECT_BLOB, whole);
		} else {
			delta_of(&delta, cts_buf_slice(&data[base]), whole);
			if (offset[base] && offset[base] != UINT64_MAX && random_below(2))
				offset[n] = put_far(&hand, hand.bytes.size - offset[base],
					cts_buf_slice(&delta));
			else
				offset[n] = put_ref(&hand, &base_oid, cts_buf_slice(&delta));
		}
	}
	assert_ok(cts_pack_finish(name, outside));
	cts_pack_free(outside);
	cts_odb_open(&odb, repo_dir);
	make_receiver();
	if (hand.count) {
		assert_ok(receive(end(&hand), random_below(2) ? 3000 : 0, odb));
		assert_is_gits();
	}
	/* what was put outside and is no base need not have come */
	cts_odb_free(odb);
	assert_runs("cp objects/pack/* q/objects/pack/ 2>/dev/null; true");
	for (size_t i = 0; i < count; i++) {
		char hex[CTS_OID_HEX + 1];

		oid = blob_name(cts_buf_slice(&data[i]));
		cts_buf_printf(&expected, "%s\n", cts_oid_format(hex, &oid));
	}
	{
		char path[128];
		FILE *file;

		snprintf(path, sizeof(path), "%s/expected", repo_dir);
		file = fopen(path, "w");
		fwrite(expected.data, 1, expected.size, file);
		fclose(file);
	}
	assert_runs("LC_ALL=C sort -u expected >sorted && git -C q cat-file --batch-all-objects "
		    "--batch-check='%%(objectname)' | cmp - sorted");
	for (size_t i = 0; i < count; i++)
		cts_buf_release(&data[i]);
	cts_buf_release(&delta);
	cts_buf_release(&expected);
	cts_buf_release(&got);
	cts_buf_release(&hand.bytes);
	free(data);
	free(parent);
	free(order);
	free(offset);
	remove_repo(NULL);
}

static void test_deltas_may_lie_in_any_order_on_bases_anywhere(void **state)
{
	remove_repo(state);
	random_start("forest");
	for (int i = 0; i < 12; i++)
		receive_forest(1 + random_below(300), 20 + random_below(3000));
	receive_forest(100, 200000);
	make_repo(state);
}

/* A chain of versions, base first or last, by distance or by name; each too large to be kept where
 * asked. */
static void receive_chain(size_t count, size_t size, bool is_reversed)
{
	struct cts_buf data = {0}, next = {0}, delta = {0}, *deltas = calloc(count, sizeof(*deltas));
	struct cts_oid *oids = calloc(count + 1, sizeof(*oids));
	struct hand hand = {.count = 0};
	uint64_t before = 0;

	for (size_t i = 0; i < size; i++)
		cts_buf_putc(&data, "abcdefgh\n"[i % 9]);
	oids[0] = blob_name(cts_buf_slice(&data));
	begin(&hand);
	if (!is_reversed)
		before = put_whole(&hand, CTS_OBJECT_BLOB, cts_buf_slice(&data));
	for (size_t i = 0; i < count; i++) {
		/* copy all but the first 8 bytes, which count */
		cts_buf_clear(&next);
		cts_buf_put_be64(&next, i);
		cts_buf_put(&next, data.data + 8, size - 8);
		delta_of(&deltas[i], cts_buf_slice(&data), cts_buf_slice(&next));
		oids[i + 1] = blob_name(cts_buf_slice(&next));
		delta = data;
		data = next;
		next = delta;
		if (!is_reversed)
			before = put_far(&hand, hand.bytes.size - before, cts_buf_slice(&deltas[i]));
	}
	for (size_t i = count; is_reversed && i > 0; i--)
		put_ref(&hand, &oids[i - 1], cts_buf_slice(&deltas[i - 1]));
	if (is_reversed) {
		cts_buf_clear(&next);
		for (size_t i = 0; i < size; i++)
			cts_buf_putc(&next, "abcdefgh\n"[i % 9]);
		put_whole(&hand, CTS_OBJECT_BLOB, cts_buf_slice(&next));
	}
	make_receiver();
	assert_ok(receive(end(&hand), 5000, NULL));
	assert_runs("git -C q show-index <q/objects/pack/pack-%s.idx | wc -l | grep -qx %zu", name,
		count + 1);
	for (size_t i = 0; i < count; i++)
		cts_buf_release(&deltas[i]);
	cts_buf_release(&data);
	cts_buf_release(&next);
	cts_buf_release(&hand.bytes);
	free(deltas);
	free(oids);
}

static void test_a_chain_may_be_thousands_long(void **state)
{
	(void)state;
	random_start("chain");
	receive_chain(6000, 40, false);
	receive_chain(6000, 40, true);
	/* too large to be kept: each is made of the one before alone */
	receive_chain(250, 200000, false);
	receive_chain(250, 200000, true);
}

static void test_an_object_that_comes_in_small_pieces_is_inflated_now_and_then(void **state)
{
	struct cts_buf data = {0};
	struct hand hand = {.count = 0};

	(void)state;
	random_start("small pieces");
	while (data.size < 6000000)
		cts_buf_put_be64(&data, random_next());
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, text_of(""));
	put_whole(&hand, CTS_OBJECT_BLOB, cts_buf_slice(&data));
	put_whole(&hand, CTS_OBJECT_BLOB, text_of("last"));
	make_receiver();
	assert_ok(receive(end(&hand), 600, NULL));
	assert_is_gits();
	cts_buf_release(&data);
	cts_buf_release(&hand.bytes);
}

/* ---- what our own writer sends ---------------------------------------------------------------- */

static void test_what_we_send_is_taken(void **state)
{
	static const struct cts_pack_options ways[] = {
		{.thin = false}, {.thin = true}, {.thin = true, .ref_delta = true}};
	struct cts_buf data = {0}, tree = {0};
	struct cts_odb *odb;

	(void)state;
	random_start("our own");
	for (size_t i = 0; i < 3 * COUNT(ways); i++) {
		struct cts_pack *pack;
		struct cts_pack_base base;
		struct cts_buf before = {0};

		make_receiver();
		assert_runs("rm -f objects/pack/*");
		cts_buf_clear(&before);
		for (size_t n = 0; n < 400; n++) {
			cts_buf_printf(&before, "100644 r%03zu.json", n);
			cts_buf_putc(&before, '\0');
			for (size_t b = 0; b < CTS_OID_SIZE; b++)
				cts_buf_putc(&before, (char)(1 + random_below(255)));
		}
		/* the first tree is outside */
		assert_ok(cts_pack_open(&pack, pack_dir, NULL));
		assert_ok(cts_pack_put(
			&base.oid, pack, CTS_OBJECT_TREE, before.data, before.size, NULL));
		assert_ok(cts_pack_finish(name, pack));
		cts_pack_free(pack);
		cts_odb_open(&odb, repo_dir);
		cts_pack_open_memory(&pack, &ways[i % COUNT(ways)]);
		for (size_t n = 1 + random_below(200); n > 0; n--) {
			struct cts_oid oid;

			cts_buf_clear(&data);
			cts_buf_printf(&data, "{\"a\": \"%zu\"}\n", random_below(1u << 30));
			assert_ok(cts_pack_put(&oid, pack, CTS_OBJECT_BLOB, data.data, data.size, NULL));
			cts_buf_clear(&tree);
			cts_buf_put(&tree, before.data, before.size);
			memcpy(tree.data + random_below(400) * 37 + 17, oid.bytes, CTS_OID_SIZE);
			base.data = cts_buf_slice(&before);
			assert_ok(cts_pack_put(
				&oid, pack, CTS_OBJECT_TREE, tree.data, tree.size, &base));
			base.oid = oid;
			cts_buf_clear(&before);
			cts_buf_put(&before, tree.data, tree.size);
		}
		assert_ok(receive(cts_pack_finish_memory(pack), i % 2 ? 4096 : 0, odb));
		assert_is_gits_but_for_form();
		cts_pack_free(pack);
		cts_odb_free(odb);
		cts_buf_release(&before);
	}
	cts_buf_release(&data);
	cts_buf_release(&tree);
}

static void test_a_pack_without_objects_leaves_no_file(void **state)
{
	struct hand hand = {.count = 0};

	(void)state;
	begin(&hand);
	make_receiver();
	assert_ok(receive(end(&hand), 0, NULL));
	assert_string_equal(name, "");
	assert_nothing_is_left();
	cts_buf_release(&hand.bytes);
}

/* ---- odd, and yet sound ----------------------------------------------------------------------- */

static void test_an_object_that_comes_twice_is_named_once(void **state)
{
	struct cts_slice one = text_of("the first version, long enough"), other = text_of("another");
	struct cts_buf delta = {0}, names = {0};
	struct cts_oid oid = blob_name(one);
	struct hand hand = {.count = 0};
	uint64_t second;

	(void)state;
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, one);
	second = put_whole(&hand, CTS_OBJECT_BLOB, one);
	put_whole(&hand, CTS_OBJECT_BLOB, other);
	/* the same again as a delta, and a delta of the second */
	put_ref(&hand, &oid, delta_of(&delta, one, other));
	put_far(&hand, hand.bytes.size - second, delta_of(&delta, one, text_of("the third, long enough")));
	put_whole(&hand, CTS_OBJECT_BLOB, one);
	make_receiver();
	assert_ok(receive(end(&hand), 0, NULL));
	names_of(&names, "q/objects/pack/*.idx");
	assert_int_equal(names.size, 3 * (CTS_OID_HEX + 1));
	assert_is_readable();
	cts_buf_release(&names);
	cts_buf_release(&delta);
	cts_buf_release(&hand.bytes);
}

/* Each is a delta on the other; one of them is outside as well, or not. */
static void test_a_circle_is_refused_unless_it_is_broken_outside(void **state)
{
	struct cts_slice one = text_of("one side of a circle"), other = text_of("the other side of it");
	struct cts_oid oid = blob_name(one);
	struct cts_buf delta = {0}, names = {0};
	struct hand hand = {.count = 0};
	struct cts_slice bytes;
	struct cts_odb *odb;
	uint64_t first;

	(void)state;
	begin(&hand);
	first = put_ref(&hand, &oid, delta_of(&delta, one, other));
	put_far(&hand, hand.bytes.size - first, delta_of(&delta, other, one));
	bytes = end(&hand);
	make_receiver();
	assert_int_equal(receive(bytes, 0, NULL), CTS_EINTEGRITY);
	assert_string_equal(cts_error_message(CTS_EINTEGRITY), "it has a delta of what is not there");
	assert_nothing_is_left();
	/* with one of them outside, it has its name from there */
	assert_runs("printf '%s' | git hash-object -w --stdin >/dev/null", (const char *)one.data);
	cts_odb_open(&odb, repo_dir);
	assert_ok(receive(bytes, 0, odb));
	names_of(&names, "q/objects/pack/*.idx");
	assert_int_equal(names.size, 2 * (CTS_OID_HEX + 1));
	assert_is_readable();
	cts_odb_free(odb);
	cts_buf_release(&names);
	cts_buf_release(&delta);
	cts_buf_release(&hand.bytes);
}

static void test_a_tag_is_indexed(void **state)
{
	struct hand hand = {.count = 0};

	(void)state;
	begin(&hand);
	put_whole(&hand, CTS_PACK_TAG, text_of("object 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
		"type tree\ntag x\ntagger A <a@b> 1700000000 +0000\n\nx\n"));
	put_whole(&hand, CTS_OBJECT_TREE, text_of(""));
	make_receiver();
	assert_ok(receive(end(&hand), 0, NULL));
	assert_is_gits();
	cts_buf_release(&hand.bytes);
}

/* ---- wrong ------------------------------------------------------------------------------------ */

static void expect_refused(struct cts_slice bytes, const char *why)
{
	for (size_t most = 0; most < 3; most++) {
		int rc = receive(bytes, most, NULL);

		if (rc != CTS_EINTEGRITY || !strstr(cts_error_message(rc), why))
			fail_msg("'%s' where '%s' was expected", cts_error_message(rc), why);
		assert_nothing_is_left();
	}
}

static struct cts_buf sizes_of(size_t base, size_t result)
{
	struct cts_buf out = {0};

	for (size_t left = base; ; left >>= 7) {
		cts_buf_putc(&out, (char)((left & 0x7f) | (left > 0x7f ? 0x80 : 0)));
		if (left <= 0x7f)
			break;
	}
	for (size_t left = result; ; left >>= 7) {
		cts_buf_putc(&out, (char)((left & 0x7f) | (left > 0x7f ? 0x80 : 0)));
		if (left <= 0x7f)
			break;
	}
	return out;
}

static void expect_bad_delta(unsigned type, size_t result, const char *commands, const char *why)
{
	struct cts_slice base = text_of("some base that is long enough");
	struct cts_buf delta = sizes_of(base.size, result);
	struct hand hand = {.count = 0};
	uint64_t first;

	cts_buf_puts(&delta, commands);
	begin(&hand);
	first = put_whole(&hand, type, base);
	put_far(&hand, hand.bytes.size - first, cts_buf_slice(&delta));
	expect_refused(end(&hand), why);
	cts_buf_release(&delta);
	cts_buf_release(&hand.bytes);
}

static void test_a_delta_that_is_none_is_refused(void **state)
{
	(void)state;
	make_receiver();
	random_start("bad delta");
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\x90\x1e", "a delta is damaged"); /* beyond its base */
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\x91\x1c\x05", "a delta is damaged");
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\x90\x04", "a delta is damaged"); /* too short */
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\x90\x06", "a delta is damaged"); /* too long */
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\x05" "abc", "a delta is damaged"); /* cut */
	expect_bad_delta(CTS_OBJECT_BLOB, 5, "\xff", "a delta is damaged");
	expect_bad_delta(CTS_OBJECT_BLOB, (size_t)1 << 40, "\x90\x05", "the limit is 268435456");
	expect_bad_delta(CTS_OBJECT_TREE, 268435457, "\x90\x05", "the limit is 268435456");
}

static void test_a_delta_of_nothing_is_refused(void **state)
{
	struct cts_slice base = text_of("some base that is long enough"), data = text_of("some other thing");
	struct cts_oid nowhere = {{7}};
	struct cts_buf delta = {0};
	struct hand hand = {.count = 0};
	uint64_t first;

	(void)state;
	random_start("delta of nothing");
	make_receiver();
	delta_of(&delta, base, data);
	begin(&hand);
	put_ref(&hand, &nowhere, cts_buf_slice(&delta));
	expect_refused(end(&hand), "a delta of what is not there");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, base);
	put_far(&hand, hand.bytes.size - 11, cts_buf_slice(&delta));
	expect_refused(end(&hand), "what lies before the pack");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, base);
	put_far(&hand, (uint64_t)1 << 45, cts_buf_slice(&delta));
	expect_refused(end(&hand), "what lies before the pack");
	begin(&hand);
	first = put_whole(&hand, CTS_OBJECT_BLOB, base);
	put_far(&hand, hand.bytes.size - first - 1, cts_buf_slice(&delta));
	expect_refused(end(&hand), "what is no object");
	begin(&hand);
	cts_pack_put_head(&hand.bytes, CTS_PACK_OFS_DELTA, delta.size);
	cts_buf_putc(&hand.bytes, 0); /* on itself */
	deflate_to(&hand, cts_buf_slice(&delta));
	hand.count++;
	expect_refused(end(&hand), "a head that is none");
	/* on one that waits for what never comes */
	begin(&hand);
	first = put_ref(&hand, &nowhere, cts_buf_slice(&delta));
	first = put_far(&hand, hand.bytes.size - first, cts_buf_slice(&delta));
	put_far(&hand, hand.bytes.size - first, cts_buf_slice(&delta));
	expect_refused(end(&hand), "a delta of what is not there");
	cts_buf_release(&delta);
	cts_buf_release(&hand.bytes);
}

static void test_sizes_are_bounded_before_anything_is_inflated(void **state)
{
	struct cts_slice data = text_of("a few bytes");
	struct hand hand = {.count = 0};
	struct cts_buf zeroes = {0};

	(void)state;
	random_start("sizes");
	make_receiver();
	begin(&hand);
	put_sized(&hand, CTS_OBJECT_COMMIT, 268435457, data);
	expect_refused(end(&hand), "the object at byte 12 has more bytes than an object may");
	begin(&hand);
	put_sized(&hand, CTS_OBJECT_BLOB, (size_t)1 << 33, data);
	expect_refused(end(&hand), "the object at byte 12 has more bytes");
	begin(&hand);
	put_sized(&hand, CTS_OBJECT_TREE, (size_t)1 << 58, data);
	expect_refused(end(&hand), "the object at byte 12 has more bytes");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	cts_pack_put_head(&hand.bytes, CTS_PACK_OFS_DELTA, (size_t)1 << 29);
	cts_pack_put_distance(&hand.bytes, hand.bytes.size - 16);
	deflate_to(&hand, data);
	hand.count++;
	expect_refused(end(&hand), "has more bytes than an object may");
	/* a size that its head says and its data do not have */
	begin(&hand);
	put_sized(&hand, CTS_OBJECT_BLOB, 3, data);
	expect_refused(end(&hand), "does not inflate to its size");
	begin(&hand);
	put_sized(&hand, CTS_OBJECT_BLOB, 300, data);
	expect_refused(end(&hand), "does not inflate to its size");
	/* A thousandth of what it becomes. More than a record may have, it is indexed all the same: whoever reads
	 * the commit that names it refuses that. */
	cts_buf_reserve(&zeroes, 20 << 20);
	memset(zeroes.data, 0, 20 << 20);
	zeroes.size = 20 << 20;
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, cts_buf_slice(&zeroes));
	assert_ok(receive(end(&hand), 0, NULL));
	assert_is_gits();
	cts_buf_release(&zeroes);
	cts_buf_release(&hand.bytes);
}

static void test_a_pack_that_is_none_is_refused(void **state)
{
	struct cts_slice data = text_of("a few bytes");
	struct hand hand = {.count = 0};

	(void)state;
	random_start("no pack");
	make_receiver();
	expect_refused(text_of(""), "it ends too early");
	expect_refused(text_of("PACK"), "it ends too early");
	expect_refused(text_of("hello, this is none"), "it does not begin as a pack does");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	hand.bytes.data[7] = 3;
	expect_refused(end(&hand), "it is of version 3, not 2");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	set_count(&hand, UINT32_MAX);
	put_trailer(&hand.bytes);
	expect_refused(cts_buf_slice(&hand.bytes), "it says that it has 4294967295 objects");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	set_count(&hand, 2000000000);
	put_trailer(&hand.bytes);
	expect_refused(cts_buf_slice(&hand.bytes), "it ends too early");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	put_whole(&hand, CTS_OBJECT_BLOB, text_of("more"));
	hand.count = 1;
	expect_refused(end(&hand), "something follows its last object");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	end(&hand);
	cts_buf_puts(&hand.bytes, "and more");
	expect_refused(cts_buf_slice(&hand.bytes), "something follows its last object");
	begin(&hand);
	put_whole(&hand, CTS_OBJECT_BLOB, data);
	end(&hand);
	hand.bytes.data[hand.bytes.size - 1] ^= 1;
	expect_refused(cts_buf_slice(&hand.bytes), "its checksum is not that of its bytes");
	/* types that there are not */
	for (int type = 0; type < 8; type += 5) {
		begin(&hand);
		put_whole(&hand, (unsigned)type, data);
		expect_refused(end(&hand), "a head that is none");
	}
	/* a size without an end */
	begin(&hand);
	for (int i = 0; i < 40; i++)
		cts_buf_putc(&hand.bytes, (char)0xff);
	hand.count++;
	expect_refused(end(&hand), "a head that is none");
	cts_buf_release(&hand.bytes);
}

/* ---- bases ------------------------------------------------------------------------------------ */

static int base_rc;

static int fail_base(
	void *context, struct cts_buf *out, enum cts_object *type, const struct cts_oid *oid)
{
	(void)context;
	(void)out;
	(void)type;
	(void)oid;
	return cts_fail(base_rc, "as it is");
}

static void test_what_is_wrong_with_our_own_objects_is_no_fault_of_the_packs(void **state)
{
	static const int codes[][2] = {{CTS_EIO, CTS_EIO}, {CTS_EDAMAGED, CTS_EDAMAGED},
		{CTS_EINTEGRITY, CTS_EDAMAGED}, {CTS_ENOTFOUND, CTS_EINTEGRITY}};
	const struct cts_pack_receive_options options = {.read_base = fail_base};
	struct cts_oid nowhere = {{7}};
	struct cts_buf delta = {0};
	struct hand hand = {.count = 0};
	char dir[128];

	(void)state;
	begin(&hand);
	put_ref(&hand, &nowhere, delta_of(&delta, text_of("some base"), text_of("some other")));
	end(&hand);
	make_receiver();
	snprintf(dir, sizeof(dir), "%s/q/objects/pack", repo_dir);
	for (size_t i = 0; i < COUNT(codes); i++) {
		struct cts_pack_receiving *receiving;
		int rc;

		base_rc = codes[i][0];
		assert_ok(cts_pack_receive_open(&receiving, dir, &options));
		rc = cts_pack_receive_append(receiving, cts_buf_slice(&hand.bytes));
		if (rc == 0)
			rc = cts_pack_receive_finish(name, receiving);
		assert_int_equal(rc, codes[i][1]);
		cts_pack_receive_free(receiving);
		assert_nothing_is_left();
	}
	cts_buf_release(&delta);
	cts_buf_release(&hand.bytes);
}

static uint32_t told_done, told_total, told_calls;

static void on_progress(void *context, uint32_t done, uint32_t total)
{
	assert_ptr_equal(context, &told_calls);
	assert_true(done >= told_done && done <= total);
	told_done = done;
	told_total = total;
	told_calls++;
}

static void test_progress_is_told_to_the_end(void **state)
{
	const struct cts_pack_receive_options options = {
		.progress = on_progress, .progress_context = &told_calls};
	struct cts_pack_receiving *receiving;
	struct cts_buf pack = {0};
	char dir[128];

	(void)state;
	random_start("progress");
	make_history(30);
	pack_of_git(&pack, "main\\n", "");
	make_receiver();
	snprintf(dir, sizeof(dir), "%s/q/objects/pack", repo_dir);
	assert_ok(cts_pack_receive_open(&receiving, dir, &options));
	assert_ok(cts_pack_receive_append(receiving, cts_buf_slice(&pack)));
	assert_ok(cts_pack_receive_finish(name, receiving));
	cts_pack_receive_free(receiving);
	assert_true(told_total > 60 && told_done == told_total && told_calls >= told_total);
	cts_buf_release(&pack);
}

/* ---- any byte --------------------------------------------------------------------------------- */

/* A small pack with an entry of every kind. */
static void put_every_kind(struct hand *hand)
{
	struct cts_slice base = text_of("{\n  \"title\": \"a record that is long enough\"\n}\n");
	struct cts_slice next = text_of("{\n  \"title\": \"a record that is long enough, changed\"\n}\n");
	struct cts_oid oid = blob_name(next), first = blob_name(base);
	struct cts_buf delta = {0};
	uint64_t offset;

	begin(hand);
	put_ref(hand, &oid, delta_of(&delta, next, text_of("{\n  \"title\": \"last\"\n}\n")));
	offset = put_whole(hand, CTS_OBJECT_BLOB, base);
	put_far(hand, hand->bytes.size - offset, delta_of(&delta, base, next));
	put_whole(hand, CTS_OBJECT_TREE, text_of("100644 a"));
	put_whole(hand, CTS_OBJECT_COMMIT, text_of("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
		"author A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nx\n"));
	put_ref(hand, &first, delta_of(&delta, base, text_of("{\n  \"title\": \"another\"\n}\n")));
	put_whole(hand, CTS_OBJECT_BLOB, text_of(""));
	end(hand);
	cts_buf_release(&delta);
}

static void test_a_pack_that_is_cut_anywhere_is_refused(void **state)
{
	struct hand hand = {.count = 0};

	(void)state;
	random_start("cut");
	make_receiver();
	put_every_kind(&hand);
	for (size_t size = 0; size < hand.bytes.size; size++) {
		struct cts_slice cut = {.data = hand.bytes.data, .size = size};

		assert_int_equal(receive(cut, size % 3 * 20, NULL), CTS_EINTEGRITY);
	}
	assert_nothing_is_left();
	assert_ok(receive(cts_buf_slice(&hand.bytes), 7, NULL));
	cts_buf_release(&hand.bytes);
}

static void test_a_pack_with_any_byte_altered_is_refused(void **state)
{
	struct hand hand = {.count = 0};

	(void)state;
	random_start("altered");
	make_receiver();
	put_every_kind(&hand);
	for (size_t at = 0; at < hand.bytes.size; at++)
		for (int bit = 0; bit < 8; bit++) {
			hand.bytes.data[at] ^= (char)(1 << bit);
			assert_int_equal(
				receive(cts_buf_slice(&hand.bytes), at % 2 * 64, NULL),
				CTS_EINTEGRITY);
			hand.bytes.data[at] ^= (char)(1 << bit);
		}
	assert_nothing_is_left();
	assert_ok(receive(cts_buf_slice(&hand.bytes), 7, NULL));
	cts_buf_release(&hand.bytes);
}

/* Whoever sends it can make the checksum right. Then it is refused, or one that git takes too. */
static void test_a_pack_with_bytes_altered_and_the_right_checksum_is_refused_or_sound(void **state)
{
	struct hand hand = {.count = 0};
	size_t taken = 0, checked = 0;

	(void)state;
	random_start("altered with the right checksum");
	make_receiver();
	for (int round = 0; round < 3000; round++) {
		put_every_kind(&hand);
		hand.bytes.size -= CTS_OID_SIZE;
		for (size_t n = 1 + random_below(2); n > 0; n--)
			hand.bytes.data[random_below(hand.bytes.size)] ^=
				(char)(1 << random_below(8));
		put_trailer(&hand.bytes);
		if (receive(cts_buf_slice(&hand.bytes), random_below(2) * 50, NULL) == 0) {
			taken++;
			if (checked++ < 60)
				assert_is_gits_but_for_form();
			assert_runs("rm -f q/objects/pack/*");
		}
		cts_buf_release(&hand.bytes);
	}
	printf("%zu of 3000 were taken\n", taken);
	assert_nothing_is_left();
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, make_repo, remove_repo)
	const struct CMUnitTest tests[] = {
		T(test_packs_of_git_are_taken),
		T(test_thin_packs_of_git_are_made_whole),
		T(test_deltas_may_lie_in_any_order_on_bases_anywhere),
		T(test_a_chain_may_be_thousands_long),
		T(test_an_object_that_comes_in_small_pieces_is_inflated_now_and_then),
		T(test_what_we_send_is_taken),
		T(test_a_pack_without_objects_leaves_no_file),
		T(test_an_object_that_comes_twice_is_named_once),
		T(test_a_circle_is_refused_unless_it_is_broken_outside),
		T(test_a_tag_is_indexed),
		T(test_a_delta_that_is_none_is_refused),
		T(test_a_delta_of_nothing_is_refused),
		T(test_sizes_are_bounded_before_anything_is_inflated),
		T(test_a_pack_that_is_none_is_refused),
		T(test_what_is_wrong_with_our_own_objects_is_no_fault_of_the_packs),
		T(test_progress_is_told_to_the_end),
		T(test_a_pack_that_is_cut_anywhere_is_refused),
		T(test_a_pack_with_any_byte_altered_is_refused),
		T(test_a_pack_with_bytes_altered_and_the_right_checksum_is_refused_or_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
