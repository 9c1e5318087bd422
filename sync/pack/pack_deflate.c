/*
 * A ring of batches: filled at one end, written at the other, in between each is queued, then somebody's work,
 * then done. Only the states are shared under the lock; a batch belongs to whoever works on it.
 */
#include "sync/pack/pack_deflate.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/arena.h"

enum {
	BATCHES = 16,
	BATCH_BYTES = 64 * 1024, /* of data, from which on a batch is full */
	BATCH_OBJECTS = 256,
	THREADS_MAX = 3,
};

enum state { FREE, QUEUED, AT_WORK, DONE };

struct object {
	uint32_t entry; /* in the pack's index */
	unsigned type;
	size_t size, deflated;
};

struct batch {
	enum state state;
	struct cts_buf data, deflated; /* of all objects, one behind the other */
	struct object objects[BATCH_OBJECTS];
	size_t count;
};

struct cts_pack_gathering {
	struct batch batches[BATCHES];
	size_t first, filled; /* the oldest, and how many from there on are not free; then comes the one that is filled */
	pthread_t threads[THREADS_MAX];
	size_t thread_count;
	pthread_mutex_t lock;
	pthread_cond_t is_queued, is_done;
	bool is_over;
};

static struct batch *batch_at(struct cts_pack_gathering *gathering, size_t n)
{
	return &gathering->batches[(gathering->first + n) % BATCHES];
}

/* ---- work ---- */

static void deflate_batch(struct batch *batch, z_stream *z)
{
	const char *at = batch->data.data;

	cts_buf_clear(&batch->deflated);
	for (size_t i = 0; i < batch->count; i++) {
		struct object *object = &batch->objects[i];
		size_t before = batch->deflated.size;

		cts_pack_deflate(&batch->deflated, z, at, object->size);
		object->deflated = batch->deflated.size - before;
		at += object->size;
	}
}

/* The oldest queued batch, now at work; NULL: there is none. The lock is held. */
static struct batch *take_queued(struct cts_pack_gathering *gathering)
{
	for (size_t n = 0; n < gathering->filled; n++) {
		struct batch *batch = batch_at(gathering, n);

		if (batch->state == QUEUED) {
			batch->state = AT_WORK;
			return batch;
		}
	}
	return NULL;
}

static void *work(void *context)
{
	struct cts_pack_gathering *gathering = context;
	struct batch *batch;
	z_stream z = {0};

	cts_pack_deflate_init(&z);
	pthread_mutex_lock(&gathering->lock);
	while (!gathering->is_over) {
		batch = take_queued(gathering);
		if (batch == NULL) {
			pthread_cond_wait(&gathering->is_queued, &gathering->lock);
			continue;
		}
		pthread_mutex_unlock(&gathering->lock);
		deflate_batch(batch, &z);
		pthread_mutex_lock(&gathering->lock);
		batch->state = DONE;
		pthread_cond_signal(&gathering->is_done);
	}
	pthread_mutex_unlock(&gathering->lock);
	deflateEnd(&z);
	return NULL;
}

/* As many as there are other processors. Where none can be had, this thread does it all. */
static void start_threads(struct cts_pack_gathering *gathering)
{
	long others = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	sigset_t all, before;

	/* Signals are the first thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while ((long)gathering->thread_count < others && gathering->thread_count < THREADS_MAX) {
		if (pthread_create(&gathering->threads[gathering->thread_count], NULL, work,
			    gathering) != 0)
			break;
		gathering->thread_count++;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* ---- writing ---- */

static int write_batch(struct cts_pack *pack, struct batch *batch)
{
	const char *at = batch->deflated.data;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < batch->count; i++) {
		const struct object *object = &batch->objects[i];

		rc = cts_pack_place(pack, object->entry, object->type, object->size,
			(struct cts_slice){.data = at, .size = object->deflated});
		at += object->deflated;
	}
	cts_buf_clear(&batch->data);
	batch->count = 0;
	return rc;
}

/* Writes the oldest batch, helping until it is done. */
static int write_oldest(struct cts_pack *pack)
{
	struct cts_pack_gathering *gathering = pack->gathering;
	struct batch *oldest = batch_at(gathering, 0), *mine;

	pthread_mutex_lock(&gathering->lock);
	while (oldest->state != DONE) {
		mine = take_queued(gathering);
		if (mine == NULL) {
			pthread_cond_wait(&gathering->is_done, &gathering->lock);
			continue;
		}
		pthread_mutex_unlock(&gathering->lock);
		deflate_batch(mine, &pack->deflater);
		pthread_mutex_lock(&gathering->lock);
		mine->state = DONE;
	}
	oldest->state = FREE;
	gathering->first = (gathering->first + 1) % BATCHES;
	gathering->filled--;
	pthread_mutex_unlock(&gathering->lock);
	return write_batch(pack, oldest);
}

static void queue_batch(struct cts_pack_gathering *gathering)
{
	pthread_mutex_lock(&gathering->lock);
	batch_at(gathering, gathering->filled)->state = QUEUED;
	gathering->filled++;
	pthread_cond_signal(&gathering->is_queued);
	pthread_mutex_unlock(&gathering->lock);
}

/* ---- for the pack ---- */

static struct cts_pack_gathering *make(void)
{
	struct cts_pack_gathering *gathering = cts_malloc(sizeof(*gathering));

	memset(gathering, 0, sizeof(*gathering));
	pthread_mutex_init(&gathering->lock, NULL);
	pthread_cond_init(&gathering->is_queued, NULL);
	pthread_cond_init(&gathering->is_done, NULL);
	start_threads(gathering);
	return gathering;
}

int cts_pack_gather(
	struct cts_pack *pack, const struct cts_oid *oid, unsigned type, struct cts_slice data)
{
	const struct cts_pack_entry entry = {.oid = *oid};
	struct cts_pack_gathering *gathering;
	struct batch *batch;

	if (pack->gathering == NULL)
		pack->gathering = make();
	gathering = pack->gathering;
	batch = batch_at(gathering, gathering->filled);
	batch->objects[batch->count++] = (struct object){
		.entry = pack->index.count, .type = type, .size = data.size};
	cts_buf_put(&batch->data, data.data, data.size);
	cts_pack_index_add(&pack->index, &entry);
	pack->has_waiting = true;
	if (batch->data.size < BATCH_BYTES && batch->count < BATCH_OBJECTS)
		return 0;
	queue_batch(gathering);
	/* One stays free, to be filled next. */
	return gathering->filled == BATCHES - 1 ? write_oldest(pack) : 0;
}

int cts_pack_drain(struct cts_pack *pack)
{
	struct cts_pack_gathering *gathering = pack->gathering;
	int rc = 0;

	if (!pack->has_waiting)
		return 0;
	if (batch_at(gathering, gathering->filled)->count > 0)
		queue_batch(gathering);
	while (rc == 0 && gathering->filled > 0)
		rc = write_oldest(pack);
	pack->has_waiting = rc < 0;
	return rc;
}

void cts_pack_gather_free(struct cts_pack *pack)
{
	struct cts_pack_gathering *gathering = pack->gathering;

	if (gathering == NULL)
		return;
	pthread_mutex_lock(&gathering->lock);
	gathering->is_over = true;
	pthread_cond_broadcast(&gathering->is_queued);
	pthread_mutex_unlock(&gathering->lock);
	for (size_t i = 0; i < gathering->thread_count; i++)
		pthread_join(gathering->threads[i], NULL);
	for (size_t i = 0; i < BATCHES; i++) {
		cts_buf_release(&gathering->batches[i].data);
		cts_buf_release(&gathering->batches[i].deflated);
	}
	pthread_cond_destroy(&gathering->is_queued);
	pthread_cond_destroy(&gathering->is_done);
	pthread_mutex_destroy(&gathering->lock);
	free(gathering);
	pack->gathering = NULL;
}
