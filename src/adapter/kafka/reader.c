/* Reading: what all readers do, and how a plain one begins. A reader is a handle of its own, with
 * threads of the library that read ahead; everything here runs on the thread that polls. */
#include <assert.h>
#include <stdio.h>

#include "adapter/kafka/state.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

/* A handle that assigns partitions itself joins no group, but the library wants a name. */
#define READER_GROUP "parley-reader"

#define CLOSE_MS            3000 /* that a handle may take to close before it is left to itself */
#define CLOSE_POLL_MS       50
#define DESTROYS_ANY_MEMBER 0x02030000 /* the library's version */

/* ---- A record ---- */

/* The last header of that name; nothing when it is longer than anyone here writes. */
static struct str header_of(const rd_kafka_headers_t *headers, const char *name, size_t max)
{
    const void *value;
    size_t n;
    if (headers == NULL || rd_kafka_header_get_last(headers, name, &value, &n) != 0 || n > max)
        return STR_NONE;
    return (struct str){value, n};
}

static int64_t time_of(const rd_kafka_message_t *m)
{
    rd_kafka_timestamp_type_t type;
    int64_t ms = rd_kafka_message_timestamp(m, &type);
    return ms < 0 ? 0 : ms;
}

/* A key that is no UUID is nobody's: the record is handed out all the same, it has its offset. */
static struct uuid key_of(const rd_kafka_message_t *m)
{
    struct uuid key;
    return uuid_from_text((struct str){m->key, m->key_len}, &key) ? key : UUID_NIL;
}

static void hand_out(struct log_reader *r, rd_kafka_message_t *m)
{
    rd_kafka_headers_t *headers = NULL;
    rd_kafka_message_headers(m, &headers);
    const struct log_record record = {
        .partition = (unsigned)m->partition,
        .offset = (uint64_t)m->offset,
        .time_ms = time_of(m),
        .key = key_of(m),
        .value = {m->payload, m->len},
        .tag = header_of(headers, KAFKA_HEADER_TAG, LOG_TAG_MAX),
        .trace = header_of(headers, KAFKA_HEADER_TRACE, LOG_TRACE_MAX),
    };
    r->next[record.partition] = record.offset + 1;
    metric_inc(M_LOG_READ);
    r->listener->record(r->listener, &record);
}

/* ---- A poll ---- */

static void lose(struct log_reader *r, int32_t partition, const char *why)
{
    r->is_lost = true;
    log_event(LOG_ERROR, "log is not what it was", LOG_S("topic", r->kafka->config.topic),
              LOG_I("partition", partition), LOG_S("reason", why));
}

static void on_trouble(struct log_reader *r, const rd_kafka_message_t *m)
{
    if (m->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        m->err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) {
        lose(r, m->partition, rd_kafka_message_errstr(m));
        return;
    }
    if (m->err == RD_KAFKA_RESP_ERR__FATAL)
        r->is_broken = true;
    metric_inc(M_KAFKA_ERRORS);
    log_event(LOG_WARN, "reader in trouble", LOG_S("topic", r->kafka->config.topic),
              LOG_S("group", r->group == NULL ? "" : r->group),
              LOG_S("error", rd_kafka_err2name(m->err)),
              LOG_S("reason", rd_kafka_message_errstr(m)));
}

/* True when it was a record. */
static bool take(struct log_reader *r, rd_kafka_message_t *m)
{
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_trouble(r, m);
        return false;
    }
    assert(m->partition >= 0 && (unsigned)m->partition < LOG_PARTITIONS_MAX && m->offset >= 0);
    if ((uint64_t)m->offset < r->next[m->partition]) {
        lose(r, m->partition, "its end went back");
        return false;
    }
    hand_out(r, m);
    return true;
}

static int rest_ms(int64_t until_us)
{
    int64_t us = until_us - clock_steady_us(&clock_system);
    return us <= 0 ? 0 : (int)((us + 999) / 1000);
}

/* How many records; trouble ends it early. */
static unsigned take_many(struct log_reader *r, unsigned max, unsigned wait_ms, bool *trouble)
{
    int64_t until_us = clock_steady_us(&clock_system) + (int64_t)wait_ms * 1000;
    unsigned n = 0;
    *trouble = false;
    while (n < max && !*trouble) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(r->rk, n > 0 ? 0 : rest_ms(until_us));
        if (m == NULL)
            break;
        /* What a rebalancing that failed let through is another handle's to hand out. */
        if (!r->is_broken && take(r, m))
            n++;
        else
            *trouble = true;
        rd_kafka_message_destroy(m);
    }
    *trouble = *trouble || r->is_broken;
    return n;
}

enum err reader_poll(struct log_reader *r, unsigned max, unsigned wait_ms)
{
    bool trouble;
    if (r->is_lost)
        return ERR_NOT_FOUND;
    if (r->is_broken && member_renew(r) != ERR_OK)
        return ERR_UNAVAILABLE;
    unsigned n = take_many(r, max, wait_ms, &trouble);
    if (r->is_lost && n == 0)
        return ERR_NOT_FOUND;
    return n == 0 && (trouble || !watch_is_reachable(r->kafka)) ? ERR_UNAVAILABLE : ERR_OK;
}

/* ---- A plain reader ---- */

static enum err offset_of(struct kafka *k, unsigned partition, uint64_t wanted, int64_t *offset)
{
    uint64_t first, end;
    if (wanted != LOG_FROM_END) {
        *offset = wanted == LOG_FROM_START ? RD_KAFKA_OFFSET_BEGINNING : (int64_t)wanted;
        return ERR_OK;
    }
    /* Now rather than when the library gets to it: what is produced after this call is read. */
    enum err e = ask_bounds(&k->log, partition, &first, &end);
    if (e == ERR_OK)
        *offset = (int64_t)end;
    return e;
}

static enum err assign(struct log_reader *r, const uint64_t *offsets)
{
    struct kafka *k = r->kafka;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)k->n_partitions);
    enum err e = ERR_OK;
    for (unsigned i = 0; i < k->n_partitions && e == ERR_OK; i++) {
        rd_kafka_topic_partition_t *p =
            rd_kafka_topic_partition_list_add(list, k->config.topic, (int32_t)i);
        e = offset_of(k, i, offsets[i], &p->offset);
        r->next[i] = p->offset > 0 ? (uint64_t)p->offset : 0;
    }
    if (e == ERR_OK && rd_kafka_assign(r->rk, list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        e = ERR_UNAVAILABLE;
    rd_kafka_topic_partition_list_destroy(list);
    return e;
}

enum err reader_open(struct event_log *self, const uint64_t *offsets, struct log_listener *listener,
                     struct log_reader **out)
{
    struct kafka *k = (struct kafka *)self;
    char reason[KAFKA_REASON_SIZE] = "";
    struct log_reader *r = MEM_NEW(struct log_reader);
    r->kafka = k;
    r->listener = listener;
    rd_kafka_conf_t *conf =
        kafka_conf(&k->config, KAFKA_READER, READER_GROUP, r, reason, sizeof reason);
    r->rk = conf == NULL ? NULL : kafka_handle(conf, KAFKA_READER, reason, sizeof reason);
    enum err e = r->rk == NULL ? ERR_UNAVAILABLE : assign(r, offsets);
    if (e == ERR_OK) {
        *out = r;
        return ERR_OK;
    }
    log_event(LOG_WARN, "reader not opened", LOG_S("topic", k->config.topic),
              LOG_S("reason", reason));
    reader_close(r);
    return e;
}

/* ---- The end ---- */

/* As events: served by callbacks, the answer to a last commit, which has none, would end the
 * process with an assertion of the library's. */
static void close_poll(struct log_reader *r)
{
    rd_kafka_event_t *e = rd_kafka_queue_poll(r->close_queue, CLOSE_POLL_MS);
    if (e != NULL && rd_kafka_event_type(e) == RD_KAFKA_EVENT_REBALANCE)
        member_on_rebalance(r->rk, rd_kafka_event_error(e), rd_kafka_event_topic_partition_list(e),
                            r);
    rd_kafka_event_destroy(e);
}

/* Up to librdkafka 2.2 an assertion ends the process when a member is destroyed that was never
 * given an assignment (its issue 4312). Such a handle is left as it is: closed, out of its group.
 */
static bool may_be_destroyed(const struct log_reader *r)
{
    return r->group == NULL || r->was_assigned || rd_kafka_version() >= DESTROYS_ANY_MEMBER;
}

bool reader_end_handle(struct log_reader *r, unsigned wait_ms)
{
    int64_t until_us = clock_steady_us(&clock_system) + (int64_t)wait_ms * 1000;
    if (r->rk == NULL)
        return true;
    if (r->close_queue == NULL) {
        r->close_queue = rd_kafka_queue_new(r->rk);
        rd_kafka_error_destroy(rd_kafka_consumer_close_queue(r->rk, r->close_queue));
    }
    while (!rd_kafka_consumer_closed(r->rk) && rest_ms(until_us) > 0)
        close_poll(r);
    if (!rd_kafka_consumer_closed(r->rk))
        return false;
    rd_kafka_queue_destroy(r->close_queue);
    if (may_be_destroyed(r))
        kafka_discard(r->rk);
    r->close_queue = NULL;
    r->rk = NULL;
    return true;
}

static void reader_free(struct log_reader *r)
{
    mem_free(r->group);
    mem_free(r);
}

static void *reap(void *arg)
{
    while (!reader_end_handle(arg, CLOSE_MS))
        ;
    reader_free(arg);
    return NULL;
}

/* While the brokers are away the library waits for the answers of commits that it repeats again
 * and again. That is not worth waiting for; the handle ends by itself, beside everything else. */
void reader_close(struct log_reader *r)
{
    pthread_t thread;
    r->is_closing = true;
    if (reader_end_handle(r, CLOSE_MS)) {
        reader_free(r);
        return;
    }
    log_event(LOG_WARN, "reader closes later", LOG_S("group", r->group == NULL ? "" : r->group));
    int failed = pthread_create(&thread, NULL, reap, r);
    assert(failed == 0);
    pthread_detach(thread);
}
