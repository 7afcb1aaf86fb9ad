#include "log_kit.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

const struct event_log_driver *log_kit_driver;

/* ---- Sending ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void log_kit_done(struct log_send *self)
{
    struct log_sent *s = MEM_OWNER(self, struct log_sent, send);
    pthread_mutex_lock(&mutex);
    s->n_done++;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&mutex);
}

struct uuid log_kit_key(unsigned n)
{
    return (struct uuid){
        {0xcc, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, (uint8_t)(n >> 8), (uint8_t)n}};
}

enum err log_kit_queue(struct event_log *log, struct log_sent *s, unsigned key, struct str value)
{
    *s = (struct log_sent){.send = {.key = log_kit_key(key), .value = value, .done = log_kit_done}};
    return log->ops->produce(log, &s->send);
}

void log_kit_finish(struct log_sent *s)
{
    pthread_mutex_lock(&mutex);
    while (s->n_done == 0)
        pthread_cond_wait(&changed, &mutex);
    pthread_mutex_unlock(&mutex);
}

void log_kit_say(struct event_log *log, unsigned key, struct str value)
{
    struct log_sent s;
    assert_int_equal(log_kit_queue(log, &s, key, value), ERR_OK);
    log_kit_finish(&s);
    assert_int_equal(s.send.err, ERR_OK);
}

/* ---- Hearing ---- */

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct heard *h = (struct heard *)self;
    assert_true(h->n < HEARD_MAX);
    h->records[h->n].partition = r->partition;
    h->records[h->n].offset = r->offset;
    if (r->value.n >= sizeof(uint32_t))
        memcpy(&h->records[h->n].number, r->value.p, sizeof(uint32_t));
    h->n++;
    if (h->look != NULL)
        h->look(r);
}

static void on_assigned(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                        size_t n)
{
    struct heard *h = (struct heard *)self;
    for (size_t i = 0; i < n; i++) {
        assert_false(h->has[partitions[i]]);
        h->has[partitions[i]] = true;
        h->assigned_at[partitions[i]] = offsets[i];
        if (h->move_to != 0 && partitions[i] == h->move_partition)
            offsets[i] = h->move_to;
    }
    h->n_assigned += n;
}

static void on_revoked(struct log_listener *self, const unsigned *partitions, size_t n)
{
    struct heard *h = (struct heard *)self;
    for (size_t i = 0; i < n; i++)
        h->has[partitions[i]] = false;
    h->n_revoked += n;
}

struct heard *log_kit_hear(struct event_log *log)
{
    struct heard *h = MEM_NEW(struct heard);
    h->super = (struct log_listener){on_record, on_assigned, on_revoked};
    h->log = log;
    return h;
}

struct heard *log_kit_hear_all(struct event_log *log, uint64_t from)
{
    uint64_t offsets[LOG_PARTITIONS_MAX];
    struct heard *h = log_kit_hear(log);
    for (size_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        offsets[i] = from;
    assert_int_equal(log->ops->read(log, offsets, &h->super, &h->reader), ERR_OK);
    return h;
}

struct heard *log_kit_hear_shared(struct event_log *log, const char *group)
{
    struct heard *h = log_kit_hear(log);
    assert_int_equal(log->ops->join(log, group, &h->super, &h->reader), ERR_OK);
    return h;
}

void log_kit_hush(struct heard *h)
{
    h->log->ops->close_reader(h->reader);
    mem_free(h);
}

bool log_kit_is_over(int64_t since_us)
{
    return clock_steady_us(&clock_system) - since_us > LOG_KIT_WAIT_US;
}

void log_kit_poll_until(struct heard *h, size_t n)
{
    int64_t since = clock_steady_us(&clock_system);
    while (h->n < n && !log_kit_is_over(since))
        assert_int_equal(h->log->ops->poll(h->reader, 500, 100), ERR_OK);
    assert_int_equal(h->log->ops->poll(h->reader, 500, 50), ERR_OK);
    assert_int_equal(h->n, n);
}

unsigned log_kit_owned(const struct heard *h)
{
    unsigned n = 0;
    for (size_t i = 0; i < LOG_PARTITIONS_MAX; i++)
        n += h->has[i];
    return n;
}

void log_kit_poll_until_shared(struct heard **hs, size_t n, unsigned partitions)
{
    int64_t since = clock_steady_us(&clock_system);
    unsigned total = 0;
    bool everyone = false;
    while ((total != partitions || !everyone) && !log_kit_is_over(since)) {
        total = 0;
        everyone = true;
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(hs[i]->log->ops->poll(hs[i]->reader, 500, 20), ERR_OK);
            total += log_kit_owned(hs[i]);
            everyone = everyone && log_kit_owned(hs[i]) > 0;
        }
    }
    assert_int_equal(total, partitions);
    assert_true(everyone);
}
