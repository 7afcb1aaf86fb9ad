#include "engine_rig.h"

#include <stdio.h>
#include <time.h>

#include "base/mem.h"
#include "cluster/follower.h"

#define WAIT_MS 20000

void rig_open(struct engine_rig *r, unsigned partitions)
{
    *r = (struct engine_rig){.epoch = RIG_EPOCH};
    clock_manual_init(&r->clock, RIG_START_US);
    r->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &r->clock.super, .partitions = partitions});
    r->store = memory_history_new();
}

void rig_close(struct engine_rig *r)
{
    memory_event_log_free(r->log);
    memory_history_free(r->store);
}

void rig_new_log(struct engine_rig *r, unsigned partitions)
{
    memory_event_log_free(r->log);
    r->epoch++;
    r->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &r->clock.super, .partitions = partitions});
}

struct persist *rig_persist(struct engine_rig *r)
{
    return persist_new(&(struct persist_config){.log = memory_event_log_door(r->log),
                                                .store = memory_history_door(r->store),
                                                .cache = r->cache,
                                                .group = RIG_PERSIST_GROUP,
                                                .epoch = r->epoch});
}

void rig_persist_all(struct persist *p)
{
    unsigned idle = 0;
    while (idle < 3)
        idle = persist_step(p, 0) == 0 ? idle + 1 : 0;
}

/* ---- The sink ---- */

static void *on_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    struct node *node = (struct node *)self;
    pthread_mutex_lock(&node->mutex);
    if (node->n_heard + n > node->cap) {
        node->cap = 2 * (node->n_heard + n);
        node->heard = mem_realloc(node->heard, node->cap * sizeof *node->heard);
    }
    memcpy(node->heard + node->n_heard, events, n * sizeof *events);
    for (size_t i = node->n_heard; i < node->n_heard + n; i++)
        node->heard[i].username = node->heard[i].content = node->heard[i].client_msg_id = STR_NONE;
    pthread_mutex_unlock(&node->mutex);
    size_t *prepared = MEM_NEW(size_t);
    *prepared = n;
    return prepared;
}

static void on_publish(struct journal_sink *self, void *prepared)
{
    struct node *node = (struct node *)self;
    pthread_mutex_lock(&node->mutex);
    node->n_heard += *(size_t *)prepared;
    node->waits = true;
    pthread_cond_broadcast(&node->changed);
    while (node->held)
        pthread_cond_wait(&node->changed, &node->mutex);
    node->waits = false;
    pthread_mutex_unlock(&node->mutex);
    mem_free(prepared);
}

/* ---- Nodes ---- */

struct node *node_new(struct engine_rig *r)
{
    struct node *n = MEM_NEW(struct node);
    n->rig = r;
    n->sink = (struct journal_sink){on_prepare, on_publish, NULL};
    pthread_mutex_init(&n->mutex, NULL);
    pthread_cond_init(&n->changed, NULL);
    n->journal =
        cluster_journal_new(&(struct cluster_journal_config){.log = memory_event_log_door(r->log),
                                                             .store = memory_history_door(r->store),
                                                             .clock = &r->clock.super,
                                                             .persist_group = RIG_PERSIST_GROUP,
                                                             .epoch = r->epoch,
                                                             .overlay_bytes = r->overlay_bytes});
    n->history = cluster_history_new(&(struct cluster_history_config){
        .journal = n->journal, .store = memory_history_door(r->store), .cache = r->cache});
    return n;
}

struct node *node_open(struct engine_rig *r)
{
    struct node *n = node_new(r);
    assert_int_equal(cluster_journal_start(n->journal, &n->sink), ERR_OK);
    assert_true(cluster_journal_wait_ready(n->journal, WAIT_MS));
    return n;
}

void node_close(struct node *n)
{
    node_release(n);
    cluster_journal_stop(n->journal);
    cluster_history_free(n->history);
    cluster_journal_free(n->journal);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->mutex);
    mem_free(n->heard);
    mem_free(n);
}

static void hold_set(struct node *n, bool held)
{
    pthread_mutex_lock(&n->mutex);
    n->held = held;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->mutex);
}

void node_hold(struct node *n)
{
    hold_set(n, true);
}

void node_release(struct node *n)
{
    hold_set(n, false);
}

static struct timespec deadline(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += WAIT_MS / 1000;
    return t;
}

void node_await(struct node *n, size_t wanted)
{
    const struct timespec until = deadline();
    int e = 0;
    pthread_mutex_lock(&n->mutex);
    while (n->n_heard < wanted && e == 0)
        e = pthread_cond_timedwait(&n->changed, &n->mutex, &until);
    pthread_mutex_unlock(&n->mutex);
    assert_int_equal(e, 0);
}

void node_await_persisted(struct node *n, unsigned partition, uint64_t offset)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    unsigned tries = 0;
    while (overlay_start(cluster_journal_overlay(n->journal), partition) < offset &&
           tries++ < WAIT_MS / 10)
        nanosleep(&pause, NULL);
    assert_true(tries < WAIT_MS / 10);
}

/* ---- Sending ---- */

static void on_done(struct append *a)
{
    struct sent *s = (struct sent *)a;
    pthread_mutex_lock(&s->node->mutex);
    s->done = true;
    pthread_cond_broadcast(&s->node->changed);
    pthread_mutex_unlock(&s->node->mutex);
}

struct sent *node_queue(struct node *n, unsigned user, unsigned channel, uint64_t parent,
                        const char *content, const char *client_msg_id)
{
    struct sent *s = MEM_NEW(struct sent);
    snprintf(s->content, sizeof s->content, "%s", content);
    snprintf(s->client_msg_id, sizeof s->client_msg_id, "%s",
             client_msg_id == NULL ? "" : client_msg_id);
    s->node = n;
    s->a = (struct append){.kind = parent == 0 ? EVENT_MESSAGE : EVENT_REPLY,
                           .parent = parent,
                           .channel = log_rig_channel(channel),
                           .user = log_rig_user(user),
                           .username = STR("somebody"),
                           .content = str_of(s->content),
                           .client_msg_id = str_of(s->client_msg_id),
                           .origin = {7, 77, STR_NONE},
                           .trace = n->trace,
                           .done = on_done};
    if (journal_append(cluster_journal_door(n->journal), &s->a) == ERR_OK)
        return s;
    mem_free(s);
    return NULL;
}

struct append node_finish(struct sent *s)
{
    if (s == NULL)
        return (struct append){.err = ERR_UNAVAILABLE};
    pthread_mutex_lock(&s->node->mutex);
    while (!s->done)
        pthread_cond_wait(&s->node->changed, &s->node->mutex);
    pthread_mutex_unlock(&s->node->mutex);
    struct append a = s->a;
    mem_free(s);
    return a;
}

struct append node_say(struct node *n, unsigned user, unsigned channel, const char *content,
                       const char *client_msg_id)
{
    return node_finish(node_queue(n, user, channel, 0, content, client_msg_id));
}

struct append node_reply(struct node *n, unsigned user, unsigned channel, uint64_t parent,
                         const char *content, const char *client_msg_id)
{
    return node_finish(node_queue(n, user, channel, parent, content, client_msg_id));
}

size_t history_walk(struct message_store *m, unsigned channel, struct arena *arena,
                    struct event **out)
{
    struct post_page page = {.more = true};
    struct uuid id = log_rig_channel(channel);
    size_t n = 0, cap = 0;
    *out = NULL;
    while (page.more) {
        uint64_t seq = n == 0 ? 0 : (*out)[n - 1].seq;
        assert_int_equal(m->ops->after(m, &id, seq, 100, arena, &page), ERR_OK);
        if (n + page.n > cap) {
            cap = 2 * (n + page.n);
            struct event *grown = arena_alloc(arena, cap * sizeof *grown);
            if (n > 0)
                memcpy(grown, *out, n * sizeof *grown);
            *out = grown;
        }
        for (size_t i = 0; i < page.n; i++, n++) {
            (*out)[n] = page.rows[i].event;
            assert_int_equal((*out)[n].prev_seq, n == 0 ? 0 : (*out)[n - 1].seq);
        }
    }
    return n;
}
