#include "consumer/dead.h"

#include <pthread.h>
#include <uthash.h>

#include "base/mem.h"

#define POLL_MAX  256
#define POLL_MS   200
#define SILENT_MS 5000 /* without a record before the end: the log cannot be read */

/* ---- All records of the log, up to where it ended when asked ---- */

typedef bool (*record_f)(const struct log_record *r, void *arg);

struct walk {
    struct log_listener listener;
    uint64_t next[LOG_PARTITIONS_MAX], end[LOG_PARTITIONS_MAX];
    bool is_stopped;
    record_f each;
    void *arg;
};

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct walk *w = MEM_OWNER(self, struct walk, listener);
    bool is_new = r->offset >= w->end[r->partition];
    w->next[r->partition] = r->offset + 1;
    if (!is_new && !w->is_stopped)
        w->is_stopped = !w->each(r, w->arg);
}

static bool is_through(const struct walk *w, unsigned partitions)
{
    for (unsigned p = 0; p < partitions; p++)
        if (w->next[p] < w->end[p])
            return false;
    return true;
}

static enum err walk_bounds(struct event_log *log, struct walk *w)
{
    enum err e = ERR_OK;
    for (unsigned p = 0; p < log->ops->partitions(log) && e == ERR_OK; p++)
        e = log->ops->bounds(log, p, &w->next[p], &w->end[p]);
    return e;
}

static enum err walk_read(struct event_log *log, struct log_reader *reader, struct walk *w)
{
    unsigned partitions = log->ops->partitions(log);
    int64_t heard_us = clock_steady_us(&clock_system);
    uint64_t before[LOG_PARTITIONS_MAX];
    while (!w->is_stopped && !is_through(w, partitions)) {
        memcpy(before, w->next, sizeof before);
        enum err e = log->ops->poll(reader, POLL_MAX, POLL_MS);
        int64_t now_us = clock_steady_us(&clock_system);
        if (memcmp(before, w->next, sizeof before) != 0)
            heard_us = now_us;
        if (e == ERR_NOT_FOUND || now_us - heard_us > SILENT_MS * INT64_C(1000))
            return ERR_UNAVAILABLE;
    }
    return ERR_OK;
}

static enum err walk_all(struct event_log *log, record_f each, void *arg)
{
    struct walk w = {.listener = {.record = on_record}, .each = each, .arg = arg};
    uint64_t offsets[LOG_PARTITIONS_MAX] = {LOG_FROM_START};
    struct log_reader *reader;
    enum err e = walk_bounds(log, &w);
    if (e == ERR_OK)
        e = log->ops->read(log, offsets, &w.listener, &reader);
    if (e != ERR_OK)
        return e;
    e = walk_read(log, reader, &w);
    log->ops->close_reader(reader);
    return e;
}

/* ---- Which letters are open ---- */

/* The last record of an id. */
struct last {
    struct uuid id;
    unsigned partition;
    uint64_t offset;
    bool is_open;
    UT_hash_handle hh;
};

struct search {
    const struct uuid *id;
    struct last *by_id;
    bool is_full;
    dead_each_f each;
    void *arg;
};

static bool read_letter(const struct search *s, const struct log_record *r, struct envelope *e)
{
    return envelope_decode(r->value, e) && (s->id == NULL || uuid_eq(s->id, &e->id));
}

static bool note_last(const struct log_record *r, void *arg)
{
    struct search *s = arg;
    struct envelope e;
    struct last *l;
    if (!read_letter(s, r, &e))
        return true;
    HASH_FIND(hh, s->by_id, &e.id, sizeof e.id, l);
    if (l == NULL) {
        s->is_full = HASH_COUNT(s->by_id) >= DEAD_LETTERS_MAX;
        if (s->is_full)
            return false;
        l = MEM_NEW(struct last);
        l->id = e.id;
        HASH_ADD(hh, s->by_id, id, sizeof l->id, l);
    }
    l->partition = r->partition;
    l->offset = r->offset;
    l->is_open = e.kind != ENVELOPE_REPLAYED;
    return true;
}

static bool tell_open(const struct log_record *r, void *arg)
{
    struct search *s = arg;
    struct dead_letter letter = {.dead_ms = r->time_ms};
    struct last *l;
    if (!read_letter(s, r, &letter.envelope))
        return true;
    HASH_FIND(hh, s->by_id, &letter.envelope.id, sizeof letter.envelope.id, l);
    if (l == NULL || !l->is_open || l->partition != r->partition || l->offset != r->offset)
        return true;
    return s->each(&letter, s->arg);
}

static void search_free(struct search *s)
{
    struct last *l, *next;
    HASH_ITER (hh, s->by_id, l, next) {
        HASH_DEL(s->by_id, l);
        mem_free(l);
    }
}

/* Twice through the log: what is open is known only at its end, and letters are too large to keep.
 */
enum err dead_each(struct event_log *dead, const struct uuid *id, dead_each_f each, void *arg)
{
    struct search s = {.id = id, .each = each, .arg = arg};
    enum err e = walk_all(dead, note_last, &s);
    if (e == ERR_OK && s.is_full)
        e = ERR_TOO_LARGE;
    if (e == ERR_OK && s.by_id != NULL)
        e = walk_all(dead, tell_open, &s);
    search_free(&s);
    return e;
}

/* ---- Putting one back ---- */

struct sent {
    struct log_send send;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_answered;
};

static void on_sent(struct log_send *self)
{
    struct sent *s = (struct sent *)self;
    pthread_mutex_lock(&s->mutex);
    s->is_answered = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

static enum err send(struct event_log *log, const struct envelope *e)
{
    struct buf b;
    struct sent s = {.send = {.key = e->id, .done = on_sent},
                     .mutex = PTHREAD_MUTEX_INITIALIZER,
                     .changed = PTHREAD_COND_INITIALIZER};
    buf_init(&b, ENVELOPE_BYTES_MAX);
    envelope_encode(e, &b);
    s.send.value = buf_str(&b);
    enum err err = log->ops->produce(log, &s.send);
    pthread_mutex_lock(&s.mutex);
    while (err == ERR_OK && !s.is_answered)
        pthread_cond_wait(&s.changed, &s.mutex);
    pthread_mutex_unlock(&s.mutex);
    buf_fini(&b);
    return err == ERR_OK ? s.send.err : err;
}

enum err dead_replay(struct event_log *dead, struct event_log *retry,
                     const struct dead_letter *letter, const struct clock *clock)
{
    struct envelope e = letter->envelope,
                    mark = {.kind = ENVELOPE_REPLAYED, .id = letter->envelope.id};
    e.attempt = 0;
    e.not_before_ms = clock_wall_us(clock) / 1000;
    enum err err = send(retry, &e);
    if (err != ERR_OK)
        return err;
    return send(dead, &mark) == ERR_OK ? ERR_OK : ERR_UNKNOWN;
}
