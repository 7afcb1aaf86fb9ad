#include "cli/bench/load.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "cli/bench/text.h"

#define NS          UINT64_C(1000000000)
#define CONNECT_S   120 /* until every client must be ready */
#define TURN_NS     (50 * 1000000)
#define PROGRESS_NS (500 * 1000000)
#define OPEN_RING   1024 /* open loop: messages of one channel under way; above it sending waits */
#define TEXT_MAX    8192
#define FRAME_EXTRA 1024

static uint64_t ns_of(double s)
{
    return (uint64_t)(s * 1e9);
}

void load_note(struct load *l, const char *fmt, ...)
{
    va_list ap;
    if (l->faults.first[0] != '\0')
        return;
    va_start(ap, fmt);
    vsnprintf(l->faults.first, sizeof l->faults.first, fmt, ap);
    va_end(ap);
}

bool load_is_sound(const struct load *l)
{
    return l->faults.refused == 0 && l->faults.disconnects == 0;
}

/* ---- The engine's side ---- */

static void on_text(struct engine *e, struct client *c, struct str frame)
{
    load_check(e->owner, c, frame);
}

static void on_closed(struct engine *e, struct client *c, const char *why)
{
    struct load *l = e->owner;
    l->faults.disconnects++;
    load_note(l, "a connection of %s ended: %s", c->user->name, why);
}

static const struct engine_ops load_engine_ops = {on_text, on_closed};

/* ---- Setting the stage ---- */

static void channel_init(struct channel *ch, const struct shape *shape, uint32_t number, bool open)
{
    ch->number = number;
    ch->size = shape->size;
    ch->senders = shape->senders;
    ch->in_flight_max = shape->in_flight_max;
    ch->ring_size = open ? OPEN_RING : 16;
    while (ch->ring_size < 2 * shape->in_flight_max || ch->ring_size < shape->unheard_max)
        ch->ring_size *= 2;
    ch->ring = mem_array(ch->ring_size, sizeof ch->ring[0]);
}

/* Each channel has `users_each` users of its own, whose connections take turns. */
static void channel_seat(struct load *l, struct channel *ch, uint32_t users_each)
{
    ch->members = &l->clients[ch->number * ch->size];
    for (uint32_t k = 0; k < ch->size; k++) {
        struct client *c = &ch->members[k];
        client_init(c, &l->users[ch->number * users_each + k % users_each]);
        c->channel = ch;
        c->channel_id = ch->id;
        c->place = k;
        c->heard = mem_array(ch->senders, sizeof c->heard[0]);
    }
}

static bool load_make_channels(struct load *l, uint32_t users_each, char *reason, size_t size)
{
    struct channel_plan *plans = mem_array(l->n_channels, sizeof *plans);
    for (uint32_t i = 0; i < l->n_channels; i++)
        plans[i] = (struct channel_plan){.first = users_each * i, .count = users_each};
    bool made = users_make_channels(l->options, l->users, plans, l->n_channels, reason, size);
    for (uint32_t i = 0; i < l->n_channels; i++)
        memcpy(l->channels[i].id, plans[i].id, sizeof plans[i].id);
    mem_free(plans);
    return made;
}

bool load_init(struct load *l, const struct options *o, const struct shape *shape, char *reason,
               size_t size)
{
    *l = (struct load){.options = o};
    if (!engine_init(&l->engine, o, &load_engine_ops, l, reason, size))
        return false;
    uint32_t users_each = o->users / shape->channels;
    users_each = users_each == 0 ? 1 : users_each > shape->size ? shape->size : users_each;
    l->n_users = users_each * shape->channels;
    l->n_channels = shape->channels;
    l->n_clients = shape->channels * shape->size;
    l->channels = mem_array(l->n_channels, sizeof *l->channels);
    l->clients = mem_array(l->n_clients, sizeof *l->clients);
    l->sendable = mem_array(l->n_channels, sizeof(struct channel *));
    l->users = users_get(o, l->n_users, reason, size);
    if (l->users == NULL)
        return false;
    for (uint32_t i = 0; i < l->n_channels; i++) {
        channel_init(&l->channels[i], shape, i, o->rate > 0);
        channel_seat(l, &l->channels[i], users_each);
    }
    return load_make_channels(l, users_each, reason, size);
}

void load_fini(struct load *l)
{
    for (uint32_t i = 0; l->users != NULL && i < l->n_clients; i++) {
        client_fini(&l->engine, &l->clients[i]);
        check_fini(&l->clients[i]);
        mem_free(l->clients[i].heard);
    }
    for (uint32_t i = 0; i < l->n_channels; i++)
        mem_free(l->channels[i].ring);
    users_free(l->users, l->n_users);
    mem_free(l->channels);
    mem_free(l->clients);
    mem_free(l->sendable);
    engine_fini(&l->engine);
}

bool load_connect(struct load *l)
{
    struct engine *e = &l->engine;
    uint64_t end_ns = clock_ns() + CONNECT_S * NS;
    uint32_t next = 0;
    while ((next < l->n_clients || e->opening > 0) && load_is_sound(l)) {
        for (; next < l->n_clients && e->opening < l->options->parallel; next++)
            client_open(e, &l->clients[next], next);
        engine_turn(e, TURN_NS);
        if (clock_ns() > end_ns) {
            l->faults.stuck++;
            load_note(l, "%u connections were not ready within %d s", e->opening, CONNECT_S);
            return false;
        }
    }
    return load_is_sound(l);
}

/* ---- Sending ---- */

static void load_list(struct load *l, struct channel *ch)
{
    if (ch->listed || l->options->rate > 0)
        return;
    ch->listed = true;
    l->sendable[l->n_sendable++] = ch;
}

void load_done(struct load *l, struct channel *ch, struct record *r)
{
    if (r->acked && r->waits == 0) {
        r->busy = false;
        l->records_busy--;
        if (!l->options->until_ack)
            ch->in_flight--;
    }
    if (ch->in_flight < ch->in_flight_max)
        load_list(l, ch);
}

bool load_send(struct load *l, struct channel *ch, uint64_t intended_ns)
{
    assert(ch->senders > 0);
    struct record *r = &ch->ring[ch->next & (ch->ring_size - 1)];
    if (r->busy)
        return false;
    struct client *c = &ch->members[ch->next % ch->senders];
    struct text t = {ch->number, c->place, ch->next / ch->senders + 1, clock_ns()};
    char text[TEXT_MAX + 1];
    text_write(&t, text, l->options->text_bytes);
    struct buf frame;
    buf_init(&frame, TEXT_MAX + FRAME_EXTRA);
    buf_printf(&frame,
               "{\"action\":\"CreateMessage\",\"data\":{\"channel_id\":\"%s\","
               "\"user_id\":\"%s\",\"username\":\"%s\",",
               ch->id, c->user->id, c->user->name);
    if (l->options->client_ids)
        buf_printf(&frame, "\"client_msg_id\":\"%x-%x-%llx\",", t.channel, t.sender,
                   (unsigned long long)t.counter);
    buf_puts(&frame, "\"content\":\"");
    buf_put(&frame, text, l->options->text_bytes);
    buf_puts(&frame, "\"}}");
    client_say(&l->engine, c, buf_str(&frame));
    buf_fini(&frame);
    *r = (struct record){.intended_ns = intended_ns, .waits = ch->size - 1, .busy = true};
    ch->next++;
    ch->in_flight++;
    l->records_busy++;
    if (intended_ns >= l->measure_from_ns && intended_ns < l->measure_to_ns)
        l->sent++;
    return true;
}

static uint64_t pacer_due_ns(const struct pacer *p)
{
    return p->rate > 0 ? p->start_ns + ns_of((double)p->sent / p->rate) : UINT64_MAX;
}

/* What is due goes out, the channels take turns. */
static void load_send_due(struct load *l)
{
    struct pacer *p = &l->pacer;
    assert(l->n_channels > 0);
    for (uint64_t due_ns; (due_ns = pacer_due_ns(p)) <= clock_ns(); p->sent++)
        if (!load_send(l, &l->channels[p->sent % l->n_channels], due_ns))
            return; /* it is still due, and its latency grows */
}

static void load_send_sendable(struct load *l)
{
    for (uint32_t n = l->n_sendable; n > 0; n--) {
        struct channel *ch = l->sendable[n - 1];
        while (ch->in_flight < ch->in_flight_max && load_send(l, ch, clock_ns()))
            ;
        if (ch->in_flight < ch->in_flight_max)
            continue; /* its ring is full: it stays on the list */
        ch->listed = false;
        l->sendable[n - 1] = l->sendable[--l->n_sendable];
    }
}

static void load_show(struct load *l)
{
    uint64_t now_ns = clock_ns(), frames = l->engine.frames;
    if (!l->shows || now_ns - l->shown_ns < PROGRESS_NS)
        return;
    double s = (double)(now_ns - l->shown_ns) / 1e9;
    fprintf(stderr, "\r\033[K%.0f frames/s, %llu messages under way, ack p99 %.2f ms",
            (double)(frames - l->shown_frames) / s, (unsigned long long)l->records_busy,
            (double)histogram_quantile(&l->ack, 0.99) / 1e6);
    l->shown_ns = now_ns;
    l->shown_frames = frames;
}

void load_turn(struct load *l, uint64_t until_ns)
{
    uint64_t now_ns = clock_ns();
    uint64_t wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
    engine_turn(&l->engine, wait_ns < TURN_NS ? wait_ns : TURN_NS);
    load_show(l);
}

static bool load_is_over(const struct load *l)
{
    return !load_is_sound(l) || (l->stop != NULL && atomic_load(l->stop));
}

static void load_turns(struct load *l, uint64_t end_ns)
{
    while (clock_ns() < end_ns && !load_is_over(l)) {
        load_send_sendable(l);
        load_send_due(l);
        uint64_t due_ns = pacer_due_ns(&l->pacer);
        load_turn(l, due_ns < end_ns ? due_ns : end_ns);
    }
}

void load_run(struct load *l, void (*on_begin)(void *arg), void (*on_end)(void *arg), void *arg)
{
    const struct options *o = l->options;
    uint64_t start_ns = clock_ns();
    l->measure_from_ns = start_ns + ns_of(o->ramp_s);
    l->measure_to_ns = l->measure_from_ns + ns_of(o->duration_s);
    l->pacer = (struct pacer){o->rate, start_ns, 0};
    l->shows = isatty(STDERR_FILENO);
    for (uint32_t i = 0; i < l->n_channels; i++)
        load_list(l, &l->channels[i]);
    load_turns(l, l->measure_from_ns);
    on_begin(arg);
    load_turns(l, l->measure_to_ns);
    on_end(arg);
    load_settle(l);
    if (l->shows)
        fputs("\r\033[K", stderr);
}

void load_settle(struct load *l)
{
    uint64_t end_ns = clock_ns() + ns_of(l->options->grace_s);
    while (l->records_busy > 0 && clock_ns() < end_ns && load_is_sound(l))
        engine_turn(&l->engine, TURN_NS);
    for (uint32_t i = 0; i < l->n_channels; i++) {
        struct channel *ch = &l->channels[i];
        for (uint32_t k = 0; k < ch->ring_size; k++) {
            if (!ch->ring[k].busy)
                continue;
            l->faults.lost += ch->ring[k].waits;
            l->faults.unacked += !ch->ring[k].acked;
        }
    }
    if (l->records_busy > 0)
        load_note(l, "%llu messages were not done %.0f s after the end",
                  (unsigned long long)l->records_busy, l->options->grace_s);
}
