#include "adapter/redis/bus.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "adapter/redis/command.h"
#include "adapter/redis/link.h"
#include "adapter/redis/note.h"
#include "base/clock.h"
#include "base/cond.h"
#include "base/log.h"
#include "base/mem.h"
#include "telemetry/metrics.h"

#define SLICE_MS    200 /* after so long a waiting listener looks whether it is to stop */
#define CHANNEL_MAX (REDIS_PREFIX_MAX + 24)

/* A note that waits for the teller. */
struct told {
    struct told *next;
    size_t n;
    char whole[];
};

struct redis_bus {
    struct bus super;
    struct server *server;
    struct uuid id;
    char channel[CHANNEL_MAX];
    atomic_bool stopping;

    pthread_t teller;
    pthread_mutex_t mutex;
    pthread_cond_t filled; /* a note came; stopping */
    bool connected;        /* the teller is */
    uint64_t number;
    struct told *head, **tail;
    size_t n_queued;

    pthread_t hearer;
    bool hearing; /* its thread was started */
    struct bus_listener *listener;
    struct note_filter filter; /* its thread's */
};

/* ---- The queue ---- */

static void told_free(struct told *list, bool dropped)
{
    while (list != NULL) {
        struct told *next = list->next;
        mem_free(list);
        list = next;
        if (dropped)
            metric_inc(M_BUS_DROPPED);
    }
}

static enum err on_tell(struct bus *self, struct str note)
{
    struct redis_bus *b = (struct redis_bus *)self;
    assert(note.n <= BUS_NOTE_MAX);
    struct told *t = mem_alloc(sizeof *t + NOTE_HEAD_BYTES + note.n);
    t->next = NULL;
    t->n = NOTE_HEAD_BYTES + note.n;
    if (note.n > 0)
        memcpy(t->whole + NOTE_HEAD_BYTES, note.p, note.n);
    pthread_mutex_lock(&b->mutex);
    bool takes = b->connected && b->n_queued < BUS_QUEUE_MAX;
    if (takes) {
        note_head(&b->id, ++b->number, t->whole);
        *b->tail = t;
        b->tail = &t->next;
        b->n_queued++;
        pthread_cond_signal(&b->filled);
    }
    pthread_mutex_unlock(&b->mutex);
    if (!takes)
        told_free(t, true);
    return takes ? ERR_OK : ERR_UNAVAILABLE;
}

/* Up to a batch of what is queued. */
static struct told *queue_cut(struct redis_bus *b, size_t max)
{
    struct told *first = b->head, **at = &b->head;
    size_t n = 0;
    for (; *at != NULL && n < max; n++)
        at = &(*at)->next;
    b->head = *at;
    if (b->head == NULL)
        b->tail = &b->head;
    *at = NULL;
    b->n_queued -= n;
    return n == 0 ? NULL : first;
}

/* Waits for notes, at most `wait_ms`; NULL when none came, or none any more. */
static struct told *queue_take(struct redis_bus *b, unsigned wait_ms)
{
    int64_t deadline_us = link_deadline(wait_ms);
    struct timespec until = {deadline_us / 1000000, deadline_us % 1000000 * 1000};
    int waited = 0;
    pthread_mutex_lock(&b->mutex);
    while (b->head == NULL && !atomic_load(&b->stopping) && waited != ETIMEDOUT)
        waited = pthread_cond_timedwait(&b->filled, &b->mutex, &until);
    struct told *list = queue_cut(b, BUS_BATCH_MAX);
    pthread_mutex_unlock(&b->mutex);
    return list;
}

/* From here on `tell` takes, or refuses; what is queued then is dropped. */
static void set_connected(struct redis_bus *b, bool connected)
{
    pthread_mutex_lock(&b->mutex);
    b->connected = connected;
    struct told *lost = connected ? NULL : queue_cut(b, SIZE_MAX);
    pthread_mutex_unlock(&b->mutex);
    told_free(lost, true);
}

/* ---- The teller ---- */

static size_t put_notes(struct redis_bus *b, struct buf *out, const struct told *list)
{
    size_t n = 0;
    for (const struct told *t = list; t != NULL; t = t->next, n++) {
        command_begin(out, 3);
        command_arg(out, STR("PUBLISH"));
        command_arg(out, str_of(b->channel));
        command_arg(out, (struct str){t->whole, t->n});
    }
    return n;
}

/* One write, then an answer for each. An answer that is an error (no rights) means that the bus
 * does not work. */
static enum link_state publish(struct redis_bus *b, struct link *l, const struct told *list)
{
    struct buf out;
    struct arena arena;
    struct reply *answer;
    int64_t deadline_us = link_deadline(b->server->command_ms);
    arena_init(&arena);
    buf_init(&out, COMMAND_BYTES_MAX);
    size_t expected = put_notes(b, &out, list);
    assert(!out.failed);
    enum link_state state = link_send(l, buf_str(&out), deadline_us);
    while (state == LINK_OK && expected-- > 0) {
        state = link_read(l, &arena, deadline_us, &answer);
        if (state == LINK_OK && answer->type != REPLY_INTEGER)
            state = LINK_GARBLED;
        if (state == LINK_OK)
            metric_inc(M_BUS_TOLD);
    }
    buf_fini(&out);
    arena_fini(&arena);
    return state;
}

/* Tells until the connection fails or the bus stops. A connection alone says little: the kernel of
 * a Redis that hangs makes it too. */
static void tell_over(struct redis_bus *b, struct link *l)
{
    enum link_state state = link_ping(l, b->server->command_ms);
    set_connected(b, state == LINK_OK);
    while (state == LINK_OK && !atomic_load(&b->stopping)) {
        struct told *list = queue_take(b, b->server->probe_ms);
        if (list != NULL)
            state = publish(b, l, list);
        else if (!atomic_load(&b->stopping))
            state = link_ping(l, b->server->command_ms);
        told_free(list, state != LINK_OK);
    }
    set_connected(b, false);
}

/* Until it is worth another try, or the bus stops. */
static void bus_pause(struct redis_bus *b)
{
    int64_t until_us = link_deadline(b->server->probe_ms);
    while (!atomic_load(&b->stopping) && clock_steady_us(&clock_system) < until_us)
        clock_sleep_ms(SLICE_MS / 4);
}

static void *teller_main(void *arg)
{
    struct redis_bus *b = arg;
    char reason[LINK_REASON_SIZE];
    while (!atomic_load(&b->stopping)) {
        struct link *l = link_open(b->server, reason, sizeof reason);
        if (l != NULL)
            tell_over(b, l);
        link_close(l);
        bus_pause(b);
    }
    return NULL;
}

/* ---- The listener's thread ---- */

static bool is_word(const struct reply *r, size_t i, struct str word)
{
    return i < r->n && r->elements[i]->type == REPLY_STRING && str_eq(r->elements[i]->str, word);
}

static enum link_state subscribe(struct redis_bus *b, struct link *l)
{
    struct arena arena;
    struct buf out;
    struct reply *answer;
    const char *const words[] = {"SUBSCRIBE", b->channel};
    int64_t deadline_us = link_deadline(b->server->command_ms);
    arena_init(&arena);
    buf_init(&out, COMMAND_BYTES_MAX);
    command_words(&out, 2, words);
    enum link_state state = link_send(l, buf_str(&out), deadline_us);
    if (state == LINK_OK)
        state = link_read(l, &arena, deadline_us, &answer);
    if (state == LINK_OK && (answer->type != REPLY_ARRAY || !is_word(answer, 0, STR("subscribe"))))
        state = LINK_GARBLED;
    buf_fini(&out);
    arena_fini(&arena);
    return state;
}

static void hear(struct redis_bus *b, const struct reply *r)
{
    struct str note;
    if (r->type != REPLY_ARRAY || r->n != 3 || !is_word(r, 0, STR("message")) ||
        r->elements[2]->type != REPLY_STRING)
        return; /* a sign of life */
    if (!note_filter_pass(&b->filter, r->elements[2]->str, &note))
        return;
    metric_inc(M_BUS_HEARD);
    b->listener->note(b->listener, note);
}

/* Silence: asks for a sign of life once, then gives the connection up. */
static enum link_state on_silence(struct redis_bus *b, struct link *l, int64_t since_us,
                                  bool *asked)
{
    int64_t silent_ms = (clock_steady_us(&clock_system) - since_us) / 1000;
    if (silent_ms > (int64_t)b->server->probe_ms + (int64_t)b->server->command_ms)
        return LINK_TIMEOUT;
    if (silent_ms < (int64_t)b->server->probe_ms || *asked)
        return LINK_OK;
    *asked = true;
    return link_send(l, STR("*1\r\n$4\r\nPING\r\n"), link_deadline(b->server->command_ms));
}

/* Hears until the connection fails or the bus stops. */
static void hear_over(struct redis_bus *b, struct link *l)
{
    struct arena arena;
    enum link_state state = LINK_OK;
    int64_t since_us = clock_steady_us(&clock_system);
    bool asked = false;
    arena_init(&arena);
    while (state == LINK_OK && !atomic_load(&b->stopping)) {
        struct reply *r;
        state = link_read(l, &arena, link_deadline(SLICE_MS), &r);
        if (state == LINK_TIMEOUT) {
            state = on_silence(b, l, since_us, &asked);
            continue;
        }
        if (state != LINK_OK)
            break;
        hear(b, r);
        since_us = clock_steady_us(&clock_system);
        asked = false;
        arena_fini(&arena);
        arena_init(&arena);
    }
    arena_fini(&arena);
}

static void *hearer_main(void *arg)
{
    struct redis_bus *b = arg;
    char reason[LINK_REASON_SIZE];
    bool missed = false;
    while (!atomic_load(&b->stopping)) {
        struct link *l = link_open(b->server, reason, sizeof reason);
        if (l != NULL && subscribe(b, l) == LINK_OK) {
            if (missed)
                metric_inc(M_BUS_GAPS);
            if (missed && b->listener->gap != NULL)
                b->listener->gap(b->listener);
            hear_over(b, l);
        }
        missed = true;
        link_close(l);
        bus_pause(b);
    }
    return NULL;
}

/* ---- The bus ---- */

static void thread_start(pthread_t *thread, void *(*run)(void *), void *arg)
{
    if (pthread_create(thread, NULL, run, arg) == 0)
        return;
    fputs("parley: no thread to be had\n", stderr);
    abort();
}

static void on_listen(struct bus *self, struct bus_listener *listener)
{
    struct redis_bus *b = (struct redis_bus *)self;
    assert(!b->hearing);
    b->listener = listener;
    b->hearing = true;
    thread_start(&b->hearer, hearer_main, b);
}

static const struct bus_ops ops = {.tell = on_tell, .listen = on_listen};

struct redis_bus *redis_bus_new(struct server *server)
{
    struct redis_bus *b = MEM_NEW(struct redis_bus);
    b->super.ops = &ops;
    b->server = server;
    b->id = uuid_random();
    b->tail = &b->head;
    snprintf(b->channel, sizeof b->channel, "%.*sbus:%u", STR_FMT(server->prefix), server->db);
    note_filter_init(&b->filter, &b->id);
    pthread_mutex_init(&b->mutex, NULL);
    cond_init(&b->filled);
    thread_start(&b->teller, teller_main, b);
    return b;
}

void redis_bus_free(struct redis_bus *b)
{
    if (b == NULL)
        return;
    pthread_mutex_lock(&b->mutex);
    atomic_store(&b->stopping, true);
    pthread_cond_signal(&b->filled);
    pthread_mutex_unlock(&b->mutex);
    pthread_join(b->teller, NULL);
    if (b->hearing)
        pthread_join(b->hearer, NULL);
    pthread_cond_destroy(&b->filled);
    pthread_mutex_destroy(&b->mutex);
    mem_free(b);
}

struct bus *redis_bus_port(struct redis_bus *b)
{
    return &b->super;
}
