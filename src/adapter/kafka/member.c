/* Reading as a member of a group. The library keeps the membership alive; partitions come and go
 * within a poll. Both kinds of rebalancing are served: the cooperative one takes only what moves
 * away, the eager one everything. */
#include <stdio.h>

#include "adapter/kafka/state.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define RENEW_MS 1000 /* of one poll, for the end of a broken handle */

/* ---- Partitions come and go ---- */

static bool is_cooperative(rd_kafka_t *rk)
{
    return strcmp(rd_kafka_rebalance_protocol(rk), "COOPERATIVE") == 0;
}

static bool is_sane(const struct log_reader *r, const rd_kafka_topic_partition_t *p)
{
    return p->partition >= 0 && (unsigned)p->partition < r->kafka->n_partitions;
}

static void answer_assign(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    if (is_cooperative(rk))
        rd_kafka_error_destroy(rd_kafka_incremental_assign(rk, list));
    else
        rd_kafka_assign(rk, list);
    /* A pause outlives the assignment it was made in. */
    rd_kafka_resume_partitions(rk, list);
}

static void answer_revoke(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    if (is_cooperative(rk))
        rd_kafka_error_destroy(rd_kafka_incremental_unassign(rk, list));
    else
        rd_kafka_assign(rk, NULL);
}

/* Which partitions, and where the group has committed. */
static size_t take_list(const struct log_reader *r, const rd_kafka_topic_partition_list_t *list,
                        unsigned *partitions, uint64_t *offsets)
{
    size_t n = 0;
    for (int i = 0; i < list->cnt && n < LOG_PARTITIONS_MAX; i++) {
        const rd_kafka_topic_partition_t *p = &list->elems[i];
        if (!is_sane(r, p))
            continue;
        partitions[n] = (unsigned)p->partition;
        offsets[n++] = p->offset < 0 ? LOG_FROM_START : (uint64_t)p->offset;
    }
    return n;
}

static int64_t library_offset(uint64_t offset)
{
    return offset == LOG_FROM_START ? RD_KAFKA_OFFSET_BEGINNING
           : offset == LOG_FROM_END ? RD_KAFKA_OFFSET_END
                                    : (int64_t)offset;
}

static void begin_at(struct log_reader *r, rd_kafka_topic_partition_list_t *list,
                     const unsigned *partitions, const uint64_t *offsets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned p = partitions[i];
        rd_kafka_topic_partition_list_set_offset(list, r->kafka->config.topic, (int32_t)p,
                                                 library_offset(offsets[i]));
        r->next[p] = offsets[i] == LOG_FROM_END ? 0 : offsets[i];
        r->is_ours[p] = true;
    }
}

/* The library wants an answer; nothing is handed out before the handle is replaced. */
static void break_off(struct log_reader *r, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    r->is_broken = true;
    for (int i = 0; i < list->cnt; i++)
        list->elems[i].offset = RD_KAFKA_OFFSET_END;
    answer_assign(rk, list);
}

static void on_assigned(struct log_reader *r, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    unsigned partitions[LOG_PARTITIONS_MAX];
    uint64_t offsets[LOG_PARTITIONS_MAX];
    rd_kafka_resp_err_t e = rd_kafka_committed(rk, list, KAFKA_ASK_TIMEOUT_MS);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) {
        log_event(LOG_WARN, "committed offsets not told", LOG_S("group", r->group),
                  LOG_S("reason", rd_kafka_err2str(e)));
        break_off(r, rk, list);
        return;
    }
    size_t n = take_list(r, list, partitions, offsets);
    if (n > 0 && r->listener->assigned != NULL)
        r->listener->assigned(r->listener, partitions, offsets, n);
    begin_at(r, list, partitions, offsets, n);
    answer_assign(rk, list);
}

/* Only what the listener was given is taken from it. */
static void on_revoked(struct log_reader *r, rd_kafka_t *rk, rd_kafka_topic_partition_list_t *list)
{
    unsigned partitions[LOG_PARTITIONS_MAX] = {0};
    size_t n = 0;
    for (int i = 0; i < list->cnt && n < LOG_PARTITIONS_MAX; i++)
        if (is_sane(r, &list->elems[i]) && r->is_ours[list->elems[i].partition])
            partitions[n++] = (unsigned)list->elems[i].partition;
    if (n > 0 && r->listener->revoked != NULL)
        r->listener->revoked(r->listener, partitions, n);
    for (size_t i = 0; i < n; i++)
        r->is_ours[partitions[i]] = false;
    answer_revoke(rk, list);
}

void member_on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                         rd_kafka_topic_partition_list_t *list, void *opaque)
{
    struct log_reader *r = opaque;
    bool gains = err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
    r->was_assigned |= gains;
    if (r->is_closing) { /* the log may be closed already: the library's wish is all there is */
        (gains ? answer_assign : answer_revoke)(rk, list);
        return;
    }
    metric_inc(M_LOG_REBALANCES);
    log_event(LOG_INFO, gains ? "partitions assigned" : "partitions revoked",
              LOG_S("group", r->group), LOG_I("n", list->cnt),
              LOG_I("lost", rd_kafka_assignment_lost(rk)));
    if (gains)
        on_assigned(r, rk, list);
    else
        on_revoked(r, rk, list);
}

/* ---- Opening ---- */

static enum err subscribe(struct log_reader *r)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->kafka->config.topic, RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t e = rd_kafka_subscribe(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e == RD_KAFKA_RESP_ERR_NO_ERROR ? ERR_OK : ERR_UNAVAILABLE;
}

static enum err handle_open(struct log_reader *r)
{
    char reason[KAFKA_REASON_SIZE] = "the topic's name is refused";
    r->was_assigned = false;
    rd_kafka_conf_t *conf =
        kafka_conf(&r->kafka->config, KAFKA_MEMBER, r->group, r, reason, sizeof reason);
    if (conf != NULL) {
        rd_kafka_conf_set_rebalance_cb(conf, member_on_rebalance);
        r->rk = kafka_handle(conf, KAFKA_MEMBER, reason, sizeof reason);
    }
    enum err e = r->rk == NULL ? ERR_UNAVAILABLE : subscribe(r);
    if (e != ERR_OK)
        log_event(LOG_WARN, "group not joined", LOG_S("group", r->group), LOG_S("reason", reason));
    return e;
}

enum err member_open(struct event_log *self, const char *group, struct log_listener *listener,
                     struct log_reader **out)
{
    struct log_reader *r = MEM_NEW(struct log_reader);
    r->kafka = (struct kafka *)self;
    r->listener = listener;
    r->group = mem_strdup(group);
    enum err e = handle_open(r);
    if (e == ERR_OK)
        *out = r;
    else
        reader_close(r);
    return e;
}

enum err member_renew(struct log_reader *r)
{
    if (r->group == NULL)
        return ERR_OK; /* a plain reader's handle has nothing that could break for good */
    if (!reader_end_handle(r, RENEW_MS))
        return ERR_UNAVAILABLE;
    metric_inc(M_KAFKA_READERS_REPLACED);
    enum err e = handle_open(r);
    r->is_broken = e != ERR_OK;
    return e;
}

/* ---- While it reads ---- */

/* Through a queue of its own, because the library's blocking call knows no limit of time. */
static enum err commit_wait(struct log_reader *r, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_new(r->rk);
    rd_kafka_resp_err_t e = rd_kafka_commit_queue(r->rk, list, queue, NULL, NULL);
    rd_kafka_event_t *answer =
        e == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_queue_poll(queue, KAFKA_ASK_TIMEOUT_MS) : NULL;
    if (answer != NULL) {
        const rd_kafka_topic_partition_list_t *told = rd_kafka_event_topic_partition_list(answer);
        e = rd_kafka_event_error(answer);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR && told != NULL && told->cnt == 1)
            e = told->elems[0].err;
        rd_kafka_event_destroy(answer);
    } else if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
        e = RD_KAFKA_RESP_ERR__TIMED_OUT;
    }
    rd_kafka_queue_destroy(queue);
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
        return ERR_OK;
    log_event(LOG_WARN, "not committed", LOG_S("group", r->group),
              LOG_S("reason", rd_kafka_err2str(e)));
    return ERR_UNAVAILABLE;
}

enum err member_commit(struct log_reader *r, unsigned partition, uint64_t offset)
{
    if (r->rk == NULL || !r->is_ours[partition])
        return ERR_UNAVAILABLE;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->kafka->config.topic, (int32_t)partition)->offset =
        (int64_t)offset;
    enum err e = commit_wait(r, list);
    rd_kafka_topic_partition_list_destroy(list);
    return e;
}

void member_pause(struct log_reader *r, unsigned partition, bool paused)
{
    if (r->rk == NULL || !r->is_ours[partition])
        return;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, r->kafka->config.topic, (int32_t)partition);
    if (paused)
        rd_kafka_pause_partitions(r->rk, list);
    else
        rd_kafka_resume_partitions(r->rk, list);
    rd_kafka_topic_partition_list_destroy(list);
}
