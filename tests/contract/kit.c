#include "kit.h"

#include <stdio.h>
#include <string.h>

const struct driver_ops *kit_driver;

/* ---- The sink ---- */

struct heard {
    size_t n;
    struct event *events;
};

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

static void event_own(struct event *e)
{
    e->username = str_own(e->username);
    e->content = str_own(e->content);
    e->client_msg_id = str_own(e->client_msg_id);
    e->channel_info.name = str_own(e->channel_info.name);
    e->origin.ref = str_own(e->origin.ref);
}

static void event_disown(struct event *e)
{
    mem_free((char *)e->username.p);
    mem_free((char *)e->content.p);
    mem_free((char *)e->client_msg_id.p);
    mem_free((char *)e->channel_info.name.p);
    mem_free((char *)e->origin.ref.p);
}

static void *sink_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    struct kit_sink *s = (struct kit_sink *)self;
    struct heard *h = MEM_NEW(struct heard);
    h->n = n;
    h->events = mem_array(n, sizeof *h->events);
    for (size_t i = 0; i < n; i++) {
        h->events[i] = events[i];
        event_own(&h->events[i]);
    }
    pthread_mutex_lock(&s->mutex);
    s->prepared++;
    pthread_mutex_unlock(&s->mutex);
    return h;
}

static void sink_publish(struct journal_sink *self, void *prepared)
{
    struct kit_sink *s = (struct kit_sink *)self;
    struct heard *h = prepared;
    pthread_mutex_lock(&s->mutex);
    if (s->n + h->n > s->cap) {
        s->cap = 2 * (s->n + h->n);
        s->events = mem_realloc(s->events, s->cap * sizeof *s->events);
    }
    memcpy(s->events + s->n, h->events, h->n * sizeof *h->events);
    s->n += h->n;
    s->waiting = true;
    pthread_cond_broadcast(&s->changed);
    while (s->held)
        pthread_cond_wait(&s->changed, &s->mutex);
    s->waiting = false;
    pthread_mutex_unlock(&s->mutex);
    mem_free(h->events);
    mem_free(h);
}

static void sink_discard(struct journal_sink *self, void *prepared)
{
    struct kit_sink *s = (struct kit_sink *)self;
    struct heard *h = prepared;
    pthread_mutex_lock(&s->mutex);
    s->discarded++;
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; i < h->n; i++)
        event_disown(&h->events[i]);
    mem_free(h->events);
    mem_free(h);
}

size_t kit_published(struct kit *k)
{
    pthread_mutex_lock(&k->sink.mutex);
    size_t n = k->sink.n;
    pthread_mutex_unlock(&k->sink.mutex);
    return n;
}

struct event kit_event(struct kit *k, size_t i)
{
    pthread_mutex_lock(&k->sink.mutex);
    assert_true(i < k->sink.n);
    struct event e = k->sink.events[i];
    pthread_mutex_unlock(&k->sink.mutex);
    return e;
}

/* ---- The store under test ---- */

struct kit *kit_new(void)
{
    struct kit *k = MEM_NEW(struct kit);
    clock_manual_init(&k->clock, KIT_START_US);
    k->sink.super = (struct journal_sink){sink_prepare, sink_publish, sink_discard};
    pthread_mutex_init(&k->sink.mutex, NULL);
    pthread_cond_init(&k->sink.changed, NULL);
    k->setup = (struct driver_setup){&k->clock.super, &k->sink.super, 0};
    return k;
}

int kit_setup(void **state)
{
    struct kit *k = kit_new();
    k->driver = kit_driver->open(&k->setup);
    *state = k;
    return 0;
}

int kit_teardown(void **state)
{
    struct kit *k = *state;
    kit_release(k);
    kit_driver->refuse(k->driver, false);
    kit_driver->close(k->driver);
    for (size_t i = 0; i < k->sink.n; i++)
        event_disown(&k->sink.events[i]);
    mem_free(k->sink.events);
    pthread_cond_destroy(&k->sink.changed);
    pthread_mutex_destroy(&k->sink.mutex);
    mem_free(k);
    return 0;
}

int kit_run(const char *name, const struct CMUnitTest *tests, size_t n, size_t n_reopen,
            size_t n_threads)
{
    if (kit_driver->reopen == NULL)
        n -= n_reopen;
    if (kit_driver->step != NULL)
        n -= n_threads;
    return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}

void kit_reopen(struct kit *k)
{
    k->driver = kit_driver->reopen(k->driver, &k->setup);
}

static struct uuid made_up(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, (uint8_t)(n >> 24),
                          (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
}

struct uuid kit_user_id(unsigned n)
{
    return made_up(0xaa, n);
}

struct uuid kit_channel_id(unsigned n)
{
    return made_up(0xcc, n);
}

void kit_add_users(struct kit *k, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char name[32], email[48];
        snprintf(name, sizeof name, "user-%u", i);
        snprintf(email, sizeof email, "user-%u@example.org", i);
        const struct user u = {kit_user_id(i), str_of(name), str_of(email),
                               clock_wall_us(&k->clock.super)};
        assert_int_equal(k->driver->accounts->ops->add(k->driver->accounts, &u, STR("hash")),
                         ERR_OK);
    }
}

void kit_add_channel(struct kit *k, unsigned n, unsigned owner)
{
    char name[32];
    snprintf(name, sizeof name, "channel-%u", n);
    const struct channel c = {kit_channel_id(n), str_of(name), kit_user_id(owner),
                              clock_wall_us(&k->clock.super)};
    assert_int_equal(k->driver->channels->ops->create(k->driver->channels, &c, KIT_MANY), ERR_OK);
}

enum err kit_join(struct kit *k, unsigned user, unsigned channel)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return k->driver->channels->ops->join(k->driver->channels, &u, &c, KIT_MANY);
}

enum err kit_leave(struct kit *k, unsigned user, unsigned channel)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return k->driver->channels->ops->leave(k->driver->channels, &u, &c);
}

unsigned kit_partition(struct kit *k, unsigned channel)
{
    const struct uuid id = kit_channel_id(channel);
    return journal_partition_of(k->driver->journal, &id);
}

uint64_t kit_position(struct kit *k, unsigned channel)
{
    return journal_position(k->driver->journal, kit_partition(k, channel));
}

/* ---- Sending ---- */

static void on_done(struct append *a)
{
    static size_t order;
    struct sent *s = (struct sent *)a;
    struct kit_sink *sink = &s->kit->sink;
    pthread_mutex_lock(&sink->mutex);
    for (size_t i = sink->n; i-- > 0 && !s->published_first;)
        s->published_first = sink->events[i].seq == a->seq;
    s->done = true;
    s->done_order = ++order;
    pthread_cond_broadcast(&sink->changed);
    pthread_mutex_unlock(&sink->mutex);
}

struct sent *kit_message(struct kit *k, unsigned user, unsigned channel, const char *content,
                         const char *client_msg_id)
{
    char name[32];
    struct sent *s = MEM_NEW(struct sent);
    snprintf(name, sizeof name, "user-%u", user);
    s->kit = k;
    s->a.kind = EVENT_MESSAGE;
    s->a.channel = kit_channel_id(channel);
    s->a.user = kit_user_id(user);
    s->a.username = str_own(str_of(name));
    s->a.content = str_own(str_of(content));
    s->a.client_msg_id = str_own(str_of(client_msg_id));
    s->a.origin = (struct origin){ORIGIN_NO_SHARD, 0, STR_NONE};
    s->a.done = on_done;
    return s;
}

struct sent *kit_reply(struct kit *k, unsigned user, unsigned channel, uint64_t parent,
                       const char *content, const char *client_msg_id)
{
    struct sent *s = kit_message(k, user, channel, content, client_msg_id);
    s->a.kind = EVENT_REPLY;
    s->a.parent = parent;
    return s;
}

enum err kit_queue(struct sent *s)
{
    return journal_append(s->kit->driver->journal, &s->a);
}

void kit_wait(struct sent *s)
{
    struct kit_sink *sink = &s->kit->sink;
    if (kit_driver->step != NULL)
        kit_driver->step(s->kit->driver);
    pthread_mutex_lock(&sink->mutex);
    while (!s->done)
        pthread_cond_wait(&sink->changed, &sink->mutex);
    pthread_mutex_unlock(&sink->mutex);
}

const struct append *kit_finish(struct sent *s)
{
    static _Thread_local struct append last;
    kit_wait(s);
    last = s->a;
    mem_free((char *)s->a.username.p);
    mem_free((char *)s->a.content.p);
    mem_free((char *)s->a.client_msg_id.p);
    mem_free(s);
    last.username = last.content = last.client_msg_id = STR_NONE;
    return &last;
}

const struct append *kit_send(struct sent *s)
{
    assert_int_equal(kit_queue(s), ERR_OK);
    return kit_finish(s);
}

const struct append *kit_say(struct kit *k, unsigned user, unsigned channel, const char *content)
{
    const struct append *a = kit_send(kit_message(k, user, channel, content, NULL));
    assert_int_equal(a->err, ERR_OK);
    return a;
}

void kit_hold(struct kit *k)
{
    struct kit_sink *sink = &k->sink;
    k->plug = kit_message(k, 1, 1, "plug", NULL);
    sink->held = kit_driver->step == NULL;
    assert_int_equal(kit_queue(k->plug), ERR_OK);
    if (kit_driver->step != NULL) {
        kit_wait(k->plug);
        return;
    }
    pthread_mutex_lock(&sink->mutex);
    while (!sink->waiting)
        pthread_cond_wait(&sink->changed, &sink->mutex);
    pthread_mutex_unlock(&sink->mutex);
}

void kit_release(struct kit *k)
{
    if (k->plug == NULL)
        return;
    pthread_mutex_lock(&k->sink.mutex);
    k->sink.held = false;
    pthread_cond_broadcast(&k->sink.changed);
    pthread_mutex_unlock(&k->sink.mutex);
    kit_finish(k->plug);
    k->plug = NULL;
}
