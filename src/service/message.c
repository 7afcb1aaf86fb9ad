#include "service/message.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "domain/message.h"
#include "service/throttle.h"
#include "telemetry/metrics.h"

#define SECOND_US      INT64_C(1000000)
#define RETRY_QUEUE_MS 1000
/* Users who sent within the last seconds (what a burst takes to refill); 1 MiB. */
#define SENDERS 65536

struct messages {
    struct message_config config;
    struct throttle *senders;
};

/* A send on its way through the journal, with the bytes it points at behind it. */
struct sending {
    struct append append;
    send_done_f done;
    void *arg;
    char bytes[];
};

struct messages *messages_new(const struct message_config *config)
{
    struct messages *m = MEM_NEW(struct messages);
    m->config = *config;
    m->senders = throttle_new(SENDERS);
    return m;
}

void messages_free(struct messages *m)
{
    if (m == NULL)
        return;
    throttle_free(m->senders);
    mem_free(m);
}

static enum err check(const struct messages *m, const struct send *s, struct fault *f)
{
    uint32_t bytes_max = limit_now(&m->config.limits->message_bytes);
    if (!s->is_member)
        return fault_set(f, ERR_NOT_MEMBER, NULL);
    if (s->content.n == 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: content is required");
    if (s->content.n > bytes_max)
        return fault_set(f, ERR_TOO_LARGE, "A message may have at most %u bytes",
                         (unsigned)bytes_max);
    if (!message_content_is_valid(s->content, bytes_max))
        return fault_set(f, ERR_BAD_REQUEST, "The Field: content should be valid UTF-8");
    if (s->client_msg_id.n > 0 && !client_msg_id_is_valid(s->client_msg_id))
        return fault_set(f, ERR_BAD_REQUEST,
                         "The Field: client_msg_id should be 1 to %d characters of A-Za-z0-9._:-",
                         CLIENT_MSG_ID_CHARS_MAX);
    if (s->kind == EVENT_REPLY && s->parent == 0)
        return fault_set(f, ERR_BAD_REQUEST, "The Field: messageid is required");
    return ERR_OK;
}

static enum err check_rate(struct messages *m, const struct uuid *user, struct fault *f)
{
    const struct limits *limits = m->config.limits;
    struct rate rate = {limit_now(&limits->messages_per_s), limit_now(&limits->messages_burst),
                        SECOND_US};
    struct str key = {(const char *)user->b, sizeof user->b};
    uint32_t wait_ms = throttle_take(m->senders, key, &rate, clock_steady_us(m->config.clock));
    if (wait_ms == 0)
        return ERR_OK;
    fault_set(f, ERR_RATE_LIMITED, NULL);
    if (f != NULL)
        f->retry_after_ms = wait_ms;
    return ERR_RATE_LIMITED;
}

/* Copies `s` to `*at`, moves `*at` behind it. */
static struct str put(char **at, struct str s)
{
    struct str copy = {*at, s.n};
    if (s.n > 0)
        memcpy(*at, s.p, s.n);
    *at += s.n;
    return copy;
}

static void sending_done(struct append *a)
{
    struct sending *p = MEM_OWNER(a, struct sending, append);
    p->done(a, p->arg);
    mem_free(p);
}

static struct sending *sending_new(const struct send *s, send_done_f done, void *arg)
{
    size_t bytes = s->username.n + s->content.n + s->client_msg_id.n + s->origin.ref.n;
    struct sending *p = mem_alloc(sizeof *p + bytes);
    char *at = p->bytes;
    p->done = done;
    p->arg = arg;
    p->append = (struct append){
        .kind = s->kind,
        .parent = s->kind == EVENT_REPLY ? s->parent : 0,
        .channel = s->channel,
        .user = s->user,
        .username = put(&at, s->username),
        .content = put(&at, s->content),
        .client_msg_id = put(&at, s->client_msg_id),
        .origin = {s->origin.shard, s->origin.session, put(&at, s->origin.ref)},
        .trace = s->trace,
        .done = sending_done,
    };
    return p;
}

static enum err enqueue(struct messages *m, const struct send *s, send_done_f done, void *arg,
                        struct fault *f)
{
    struct sending *p = sending_new(s, done, arg);
    p->append.queued_us = clock_steady_us(m->config.clock);
    enum err e = journal_append(m->config.journal, &p->append);
    if (e == ERR_OK)
        return ERR_OK;
    mem_free(p);
    fault_set(f, e, NULL);
    if (f != NULL)
        f->retry_after_ms = RETRY_QUEUE_MS;
    return e;
}

enum err messages_send(struct messages *m, const struct send *s, send_done_f done, void *arg,
                       struct fault *f)
{
    assert(s->kind == EVENT_MESSAGE || s->kind == EVENT_REPLY);
    enum metric refused = M_REFUSED_OTHER;
    enum err e = check(m, s, f);
    if (e == ERR_OK) {
        refused = M_REFUSED_RATE;
        e = check_rate(m, &s->user, f);
    }
    if (e == ERR_OK) {
        refused = M_REFUSED_UNAVAILABLE;
        e = enqueue(m, s, done, arg, f);
    }
    if (e != ERR_OK)
        metric_inc(refused);
    return e;
}
