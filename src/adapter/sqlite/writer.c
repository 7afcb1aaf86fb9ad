#include "adapter/sqlite/writer.h"

#include <assert.h>
#include <malloc.h>
#include <stdio.h>

#include "adapter/sqlite/find.h"
#include "adapter/sqlite/rebuild.h"
#include "adapter/sqlite/schema.h"
#include "adapter/sqlite/state.h"
#include "base/log.h"
#include "base/mem.h"
#include "domain/id.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define CACHE_KIB   2048
#define EVENTS_KEEP 256  /* room for events that is kept between batches */
#define REST_MS     2000 /* of silence, then what is behind is written */
#define REST_SLICE  4096
#define PROBE_MS    1000 /* between tries to write again after a failure */

int64_t writer_user(struct writer *w, const struct uuid *id)
{
    struct cached_row *known = row_cache_find(&w->users, id);
    if (known != NULL)
        return known->row;
    sqlite3_stmt *st = db_statement(&w->db, ST_USER_ROW);
    db_bind_uuid(st, 1, id);
    if (!db_row(&w->db, st))
        return 0;
    int64_t row = db_int(st, 0);
    db_reset(st);
    row_cache_put(&w->users, id, row);
    return row;
}

struct cached_row *writer_channel(struct writer *w, const struct uuid *id)
{
    struct cached_row *known = row_cache_find(&w->channels, id);
    if (known != NULL)
        return known;
    sqlite3_stmt *st = db_statement(&w->db, ST_CHANNEL_ROW);
    db_bind_uuid(st, 1, id);
    if (!db_row(&w->db, st))
        return NULL;
    int64_t row = db_int(st, 0);
    db_reset(st);
    uint64_t head = find_head(&w->db, row);
    if (!db_ok(&w->db))
        return NULL;
    known = row_cache_put(&w->channels, id, row);
    known->head = head;
    return known;
}

static void event_stamp(struct writer *w, struct event *e, struct cached_row *channel)
{
    e->seq = ++w->last_seq;
    e->prev_seq = channel->head;
    e->at_us = clock_wall_us(w->store->clock);
    if (!event_is_post(e))
        return;
    e->id = w->last_id = id_next(w->last_id, e->at_us / 1000, 0);
    e->at_us = id_time_ms(e->id) * 1000;
    channel->head = e->seq;
}

static void event_insert(struct writer *w, const struct event *e, int64_t channel, int64_t user)
{
    bool post = event_is_post(e);
    sqlite3_stmt *st = db_statement(&w->db, ST_EVENT_ADD);
    db_bind_u64(st, 1, e->seq);
    db_bind_u64(st, 2, w->last_id);
    db_bind_int(st, 3, e->kind);
    db_bind_int(st, 4, channel);
    db_bind_int(st, 5, user);
    db_bind_u64(st, 6, e->prev_seq);
    db_bind_null(st, 7);
    db_bind_null(st, 8);
    db_bind_null(st, 9);
    db_bind_null(st, 10);
    if (e->kind == EVENT_REPLY)
        db_bind_u64(st, 7, e->parent);
    if (!post)
        db_bind_int(st, 8, e->at_us);
    if (e->client_msg_id.n > 0)
        db_bind_str(st, 9, e->client_msg_id);
    if (post)
        db_bind_str(st, 10, e->content);
    db_run(&w->db, st);
}

static void batch_reserve(struct writer *w)
{
    if (w->n_events < w->cap)
        return;
    w->cap = w->cap == 0 ? EVENTS_KEEP : 2 * w->cap;
    w->events = mem_realloc(w->events, w->cap * sizeof *w->events);
    w->moves = mem_realloc(w->moves, w->cap * sizeof *w->moves);
}

void writer_emit(struct writer *w, struct event *e, struct cached_row *channel, int64_t user)
{
    event_stamp(w, e, channel);
    event_insert(w, e, channel->row, user);
    client_ids_count(&w->client_ids, e->seq);
    batch_reserve(w);
    w->events[w->n_events++] = *e;
    if (event_is_post(e))
        w->moves[w->n_moves++] = (struct position_move){user, channel->row, e->seq};
}

/* ---- One transaction ---- */

void writer_begin(struct writer *w)
{
    w->mark_seq = w->last_seq;
    w->mark_id = w->last_id;
    w->n_events = w->n_moves = 0;
    client_ids_begin(&w->client_ids);
    wal_enter(&w->store->wal);
    db_begin_write(&w->db);
}

static void transaction_undo(struct writer *w)
{
    w->last_seq = w->mark_seq;
    w->last_id = w->mark_id;
    row_cache_clear(&w->users);
    row_cache_clear(&w->channels);
    memset(w->places, 0, WRITER_PLACES * sizeof *w->places);
    client_ids_undo(&w->client_ids);
    positions_undo(&w->store->positions);
}

static void transaction_keep(struct writer *w)
{
    client_ids_commit(&w->client_ids);
    positions_commit(&w->store->positions);
    positions_move(&w->store->positions, w->moves, w->n_moves);
}

enum err writer_end(struct writer *w)
{
    enum err e = db_commit(&w->db);
    wal_leave(&w->store->wal);
    if (e == ERR_OK)
        transaction_keep(w);
    else
        transaction_undo(w);
    atomic_store(&w->store->is_failing, e != ERR_OK);
    return e;
}

void writer_write_behind(struct writer *w, size_t n_events, size_t at_least)
{
    struct client_ids *c = &w->client_ids;
    size_t due = client_ids_due(c, n_events);
    if (due < at_least)
        due = at_least;
    if (!c->behind || due == 0)
        return;
    bool ids_done = client_ids_write(c, &w->db, due);
    bool moves_done = positions_flush(&w->store->positions, &w->db, due, c->older.last_seq);
    if (ids_done && moves_done)
        client_ids_write_watermark(c, &w->db);
}

/* ---- One batch ---- */

static void batch_refuse(struct batch *b)
{
    for (struct append *a = b->appends; a != NULL; a = a->next) {
        a->err = ERR_UNAVAILABLE;
        a->duplicate = false;
        a->seq = a->prev_seq = a->id = 0;
    }
    for (struct job *j = b->jobs; j != NULL; j = j->next)
        j->err = ERR_UNAVAILABLE;
}

static void batch_publish(struct writer *w, enum err e, void *prepared, bool is_prepared)
{
    if (is_prepared)
        (e == ERR_OK ? w->sink->publish : w->sink->discard)(w->sink, prepared);
    if (e != ERR_OK || w->n_events == 0)
        return;
    atomic_store(&w->store->position, w->events[w->n_events - 1].seq);
    metric_observe(M_JOURNAL_BATCH, w->n_events);
}

static void batch_answer(struct writer *w, struct batch *b)
{
    for (struct append *a = b->appends, *next; a != NULL; a = next) {
        next = a->next;
        a->done(a);
    }
    queue_answer(&w->store->queue, b->jobs);
}

static void trace_note_append(const struct append *a, int64_t began_us, int64_t ended_us,
                              size_t n_appends, enum err e)
{
    struct trace_context at = trace_child(&a->trace);
    struct trace_span append = {
        .name = "journal append",
        .kind = TRACE_INTERNAL,
        .id = at.span,
        .begun_us = a->queued_us,
        .ended_us = ended_us,
    };
    struct trace_span commit = {
        .name = "COMMIT",
        .kind = TRACE_CLIENT,
        .error = e == ERR_OK ? NULL : err_name(e),
        .begun_us = began_us,
        .ended_us = ended_us,
    };
    trace_add_text(&commit, "db.system.name", "sqlite");
    trace_add_number(&commit, "db.operation.batch.size", (int64_t)n_appends);
    trace_note(&append, &a->trace);
    trace_note(&commit, &at);
}

/* How long each of the traced ones waited, and the transaction that all of them share. */
static void batch_trace(const struct batch *b, int64_t began_us, enum err e)
{
    unsigned left = TRACE_PARENTS_MAX;
    if (!trace_is_on())
        return;
    int64_t ended_us = clock_steady_us(&clock_system);
    for (const struct append *a = b->appends; a != NULL; a = a->next) {
        if (!trace_is_wanted(&a->trace, ended_us - a->queued_us))
            continue;
        if (left-- == 0) {
            metric_inc(M_TRACE_DROPPED);
            return;
        }
        trace_note_append(a, began_us, ended_us, b->n_appends, e);
    }
}

static void batch_forget(struct writer *w)
{
    arena_fini(&w->arena);
    arena_init(&w->arena);
    if (w->cap <= EVENTS_KEEP)
        return;
    mem_free(w->events);
    mem_free(w->moves);
    w->events = NULL;
    w->moves = NULL;
    w->cap = 0;
}

static void batch_run(struct writer *w, struct batch *b)
{
    int64_t start_us = clock_steady_us(&clock_system);
    void *prepared = NULL;
    writer_begin(w);
    for (struct append *a = b->appends; a != NULL; a = a->next)
        writer_append(w, a);
    for (struct job *j = b->jobs; j != NULL; j = j->next)
        j->err = j->run(w, j);
    writer_write_behind(w, w->n_events, 0);
    bool is_prepared = w->n_events > 0 && w->sink != NULL && db_ok(&w->db);
    if (is_prepared)
        prepared = w->sink->prepare(w->sink, w->events, w->n_events);
    enum err e = writer_end(w);
    metric_observe(M_JOURNAL_COMMIT, (uint64_t)(clock_steady_us(&clock_system) - start_us));
    batch_trace(b, start_us, e);
    if (e != ERR_OK) {
        metric_inc(M_JOURNAL_FAILED);
        batch_refuse(b);
    }
    batch_publish(w, e, prepared, is_prepared);
    batch_answer(w, b);
    batch_forget(w);
}

/* ---- The thread ---- */

/* Busy times leave pages and generations behind that a quiet server has no use for. */
static void give_memory_back(struct writer *w)
{
    sqlite3_db_release_memory(w->db.handle);
    malloc_trim(0);
}

/* One slice of what is behind; false when nothing is left or it cannot be written. */
static bool rest_step(struct writer *w)
{
    if (!w->client_ids.behind && client_ids_turn(&w->client_ids))
        give_memory_back(w);
    if (!w->client_ids.behind)
        return false;
    writer_begin(w);
    writer_write_behind(w, 0, REST_SLICE);
    return writer_end(w) == ERR_OK;
}

/* After a failure somebody must find out when there is room again, even if nobody writes. */
static void probe(struct writer *w)
{
    writer_begin(w);
    db_meta_put_int(&w->db, "probe", clock_wall_us(w->store->clock));
    writer_end(w);
}

/* What to do while nobody writes; returns for how long to wait then, -1: until somebody does. */
static int idle_step(struct writer *w)
{
    if (atomic_load(&w->store->is_failing)) {
        probe(w);
        return PROBE_MS;
    }
    if (!w->store->beside && rest_step(w))
        return 0;
    int wait_ms = wal_tend(&w->store->wal, &w->db, true);
    return atomic_load(&w->store->is_failing) ? PROBE_MS : wait_ms;
}

static void *writer_thread(void *arg)
{
    struct writer *w = arg;
    int wait_ms = REST_MS;
    bool closed = false;
    pthread_setname_np(pthread_self(), "journal");
    while (!closed) {
        struct batch b;
        if (queue_take(&w->store->queue, wait_ms, &b, &closed)) {
            closed = false; /* more may be left */
            batch_run(w, &b);
            wal_tend(&w->store->wal, &w->db, false);
            wait_ms = REST_MS;
        } else if (!closed) {
            wait_ms = idle_step(w);
        }
    }
    while (!w->store->beside && rest_step(w))
        ;
    return NULL;
}

void writer_start(struct writer *w, struct journal_sink *sink)
{
    w->sink = sink;
    int failed = pthread_create(&w->thread, NULL, writer_thread, w);
    assert(failed == 0);
}

void writer_stop(struct writer *w)
{
    pthread_join(w->thread, NULL);
}

/* ---- Opening ---- */

/* The stamps go on above everything that is in the log, and above the floors a restore has set. */
static void load_stamps(struct writer *w)
{
    int64_t floor_seq = 0, floor_id = 0;
    uint64_t seq = 0, id = 0;
    find_last(&w->db, &seq, &id);
    atomic_store(&w->store->position, seq);
    db_meta_int(&w->db, "floor.seq", &floor_seq);
    db_meta_int(&w->db, "floor.id", &floor_id);
    w->last_seq = seq > (uint64_t)floor_seq ? seq : (uint64_t)floor_seq;
    w->last_id = id > (uint64_t)floor_id ? id : (uint64_t)floor_id;
}

static enum err load(struct writer *w)
{
    if (w->store->beside)
        return ERR_OK;
    load_stamps(w);
    enum err e = client_ids_open(&w->client_ids, &w->db);
    if (e == ERR_OK)
        e = writer_rebuild(w);
    return e;
}

enum err writer_open(struct writer *w, struct sqlite_store *store, char *reason, size_t reason_size)
{
    *w = (struct writer){.store = store};
    arena_init(&w->arena);
    row_cache_init(&w->users);
    row_cache_init(&w->channels);
    w->places = mem_array(WRITER_PLACES, sizeof *w->places);
    enum err e = db_open(&w->db, store->path, DB_WRITE, CACHE_KIB, DB_BUSY_MS, reason, reason_size);
    if (e == ERR_OK)
        e = (store->beside ? schema_check : schema_prepare)(&w->db, reason, reason_size);
    if (e == ERR_OK && (e = load(w)) != ERR_OK)
        snprintf(reason, reason_size, "%s cannot be read", store->path);
    return e;
}

void writer_close(struct writer *w)
{
    batch_forget(w);
    mem_free(w->events);
    mem_free(w->moves);
    mem_free(w->places);
    client_ids_close(&w->client_ids);
    row_cache_fini(&w->users);
    row_cache_fini(&w->channels);
    db_close(&w->db);
}
