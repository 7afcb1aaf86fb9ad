#include <assert.h>
#include <stdio.h>

#include "base/mem.h"
#include "fanout/audience.h"
#include "sim.h"

#define LLU(n) ((unsigned long long)(n))

static struct conn *conn_of(struct session *s)
{
    return MEM_OWNER(s, struct conn, super);
}

void conn_put(struct conn *c, struct record r)
{
    if (c->n_wire < SIM_WIRE_MAX) {
        c->wire[c->n_wire++] = r;
        return;
    }
    c->is_revoked = true; /* too slow: its owner closes it */
    mem_free(r.list);
}

static void conn_hear(struct session *s, enum record_kind how, const struct run *r, unsigned first,
                      unsigned last)
{
    struct conn *c = conn_of(s);
    assert(first < last && last <= r->n);
    for (unsigned i = first; i < last; i++) {
        struct record record = {.kind = how};
        const struct run_frame *f = &r->frames[i];
        assert(f->end - f->start == sizeof record.frame);
        memcpy(&record.frame, r->bytes->data + f->start, sizeof record.frame);
        assert(record.frame.seq == f->seq);
        if (record.frame.kind == EVENT_MESSAGE || record.frame.kind == EVENT_REPLY)
            judge_post(c, &record.frame, how);
        else
            judge_other(c, &record.frame);
        if (how == RECORD_ACK)
            judge_ack(c, &record.frame);
        conn_put(c, record);
    }
}

static void on_push(struct session *s, struct run *r, unsigned first, unsigned last)
{
    sim.tally.posts += last - first;
    conn_hear(s, RECORD_PUSH, r, first, last);
}

static void on_ack(struct session *s, struct run *r, unsigned index)
{
    sim.tally.acks++;
    conn_hear(s, RECORD_ACK, r, index, index + 1);
}

static void on_replay(struct session *s, struct run *r, unsigned first, unsigned last)
{
    if (!conn_of(s)->is_writable)
        sim_violation("a replay to a reader who is full");
    sim.tally.replays += last - first;
    conn_hear(s, RECORD_REPLAY, r, first, last);
    if (sim_chance(sim.mood.slow * 10))
        conn_of(s)->is_writable = false;
}

/* ---- What else comes ---- */

static void hear_presence(struct conn *c, const struct bytes *frame)
{
    struct heard *h = &c->heard[(uint8_t)frame->data[1]];
    for (size_t i = 2; i < frame->len; i += 2)
        h->online[(uint8_t)frame->data[i]] = frame->data[i + 1] != 0;
    h->knows_presence = true;
}

static void on_frame(struct session *s, struct bytes *frame)
{
    struct conn *c = conn_of(s);
    const unsigned channel = (uint8_t)frame->data[1];
    if (!c->is_open)
        sim_violation("an old client gets a %c frame", frame->data[0]);
    if (frame->data[0] != 'R' && !c->heard[channel].is_watched)
        sim_violation("user %u does not watch channel %u", user_of(c), channel);
    if (frame->data[0] == 'T' && (uint8_t)frame->data[2] == user_of(c))
        sim_violation("user %u is told that it types", user_of(c));
    if (frame->data[0] == 'P')
        hear_presence(c, frame);
}

/* Where its shard stands in the channel's partition. */
static uint64_t conn_position(const struct conn *c, unsigned channel)
{
    return c->super.shard->positions[sim.oracle.of[channel]];
}

/* Everything after it is to be heard. */
static uint64_t conn_attached_at(const struct conn *c, unsigned channel)
{
    const struct uuid id = sim_channel(channel);
    const struct audience *a = audience_find(c->super.shard, &id);
    const int slot = a == NULL ? -1 : session_find(&c->super, a);
    return slot < 0 ? conn_position(c, channel) : audience_member(&c->super, (uint32_t)slot)->pos;
}

static void on_attached(struct session *s, enum err err)
{
    struct conn *c = conn_of(s);
    if (c->is_attached)
        sim_violation("attached twice");
    if (err != ERR_OK && sim.mood.is_reliable)
        sim_violation("could not attach: %s", err_name(err));
    c->is_attached = true;
    for (unsigned i = 0; i < SIM_CHANNELS; i++)
        c->heard[i].attached_at = conn_attached_at(c, i);
    if (err != ERR_OK)
        c->is_revoked = true; /* its owner closes it */
}

static void on_revoked(struct session *s)
{
    conn_of(s)->is_revoked = true;
}

static bool on_is_writable(struct session *s)
{
    return conn_of(s)->is_writable;
}

/* The answer to what the client asked of one channel, or to Hello. */
static void conn_take_answer(struct conn *c, const struct session_channel *sc, bool is_first)
{
    const unsigned channel = sim_number(&sc->channel);
    struct heard *h = &c->heard[channel];
    h->is_held = false;
    sim_trace("session %llu of user %u, channel %u: from %llu, heard %llu, head %llu%s%s",
              LLU(c->super.id), user_of(c), channel, LLU(h->claimed), LLU(h->upto),
              LLU(sc->head_seq), sc->resume_asked ? ", asked" : "",
              sc->recovered ? ", recovered" : "");
    if (sc->resume_asked)
        judge_verdict(c, sc, channel);
    sim.tally.refused += sc->resume_asked && !sc->recovered;
    if (sc->resume_asked && sc->recovered) {
        h->upto = h->claimed;
        h->replay_to = sc->head_seq;
        h->asked_at = c->asked_at[sim.oracle.of[channel]];
        h->passed = audience_boundary(audience_find(c->super.shard, &sc->channel));
        h->n_replayed = 0;
        h->has_base = h->was_behind = true;
    } else if (!is_first) {
        h->claimed = h->upto;
    } else {
        h->upto = h->claimed = sc->head_seq;
        h->has_base = true;
        if (h->upto < h->attached_at)
            h->upto = h->attached_at;
    }
}

static void conn_put_list(struct conn *c, enum record_kind kind, const struct session_channel *list,
                          size_t n)
{
    struct record r = {.kind = kind, .n_list = n, .list = mem_array(n + 1, sizeof *r.list)};
    if (n > 0)
        memcpy(r.list, list, n * sizeof *list);
    conn_put(c, r);
}

static void on_hello(struct session *s, const struct session_channel *channels, size_t n)
{
    struct conn *c = conn_of(s);
    bool is_listed[SIM_CHANNELS] = {false};
    if (c->is_open)
        sim_violation("Hello is answered twice");
    for (size_t i = 0; i < n; i++) {
        const unsigned channel = sim_number(&channels[i].channel);
        is_listed[channel] = true;
        conn_take_answer(c, &channels[i], !c->is_settled);
    }
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        c->heard[i].is_held = false;
        if (!is_listed[i])
            c->heard[i].claimed = 0;
        c->heard[i].is_watched = is_listed[i] && c->heard[i].wants_watch;
        const struct sim_loop *loop = &c->node->loops[shard_index(s->shard)];
        if (!is_listed[i] && loop->head == NULL && !loop->has_more &&
            oracle_is_member(&sim.oracle, user_of(c), i, conn_position(c, i)))
            sim_violation("user %u: Hello does not list channel %u", user_of(c), i);
    }
    c->is_open = c->is_settled = true;
    memcpy(c->opened_at, s->shard->positions, sim.mood.n_partitions * sizeof c->opened_at[0]);
    conn_put_list(c, RECORD_HELLO, channels, n);
}

static void on_resumed(struct session *s, const struct session_channel *channels, size_t n)
{
    struct conn *c = conn_of(s);
    const bool is_asked = c->is_resuming;
    c->is_resuming = false;
    for (size_t i = 0; i < n; i++) {
        struct heard *h = &c->heard[sim_number(&channels[i].channel)];
        if (is_asked) {
            conn_take_answer(c, &channels[i], false);
        } else { /* the store failed in the middle: live events go on from somewhere */
            if (sim.mood.is_reliable || channels[i].recovered)
                sim_violation("a replay is given up without need");
            h->upto = h->claimed = h->replay_to =
                conn_position(c, sim_number(&channels[i].channel));
        }
    }
    conn_put_list(c, RECORD_RESUMED, channels, n);
}

static const struct session_ops conn_ops = {.push = on_push,
                                            .ack = on_ack,
                                            .replay = on_replay,
                                            .frame = on_frame,
                                            .attached = on_attached,
                                            .hello = on_hello,
                                            .resumed = on_resumed,
                                            .revoked = on_revoked,
                                            .is_writable = on_is_writable};

/* ---- What the client's end makes it do ---- */

struct conn *conn_open(struct client *client, struct sim_node *node, unsigned shard)
{
    struct conn *c = MEM_NEW(struct conn);
    c->client = client;
    c->node = node;
    c->is_writable = true;
    c->super.ops = &conn_ops;
    c->super.user = sim_user(client->user);
    c->super.username = STR("name");
    c->next = sim.conns;
    sim.conns = c;
    session_attach(node->shards[shard], &c->super);
    for (unsigned i = 0; i < SIM_CHANNELS; i++)
        c->heard[i].was_behind = true;
    return c;
}

void conn_cut(struct conn *c)
{
    struct conn **at = &sim.conns;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    session_detach(&c->super);
    client_lost(c->client, c);
    for (unsigned i = c->wire_first; i < c->n_wire; i++)
        mem_free(c->wire[i].list);
    mem_free(c);
}

static void conn_note_asked(struct conn *c)
{
    const size_t bytes = sim.mood.n_partitions * sizeof c->asked_at[0];
    memcpy(c->asked_at, c->super.shard->positions, bytes);
    memcpy(c->asked_published, c->node->published, bytes);
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct uuid channel = sim_channel(i);
        const struct audience *a = audience_find(c->super.shard, &channel);
        c->heard[i].began = a == NULL ? conn_position(c, i) : audience_boundary(a);
    }
}

void conn_hello(struct conn *c)
{
    struct resume_point points[SIM_CHANNELS];
    struct uuid watch[SIM_CHANNELS];
    size_t n = 0, n_watch = 0;
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct seen *seen = &c->client->seen[i];
        struct heard *h = &c->heard[i];
        h->is_held = h->was_behind = true;
        const struct uuid channel = sim_channel(i);
        h->was_member = !c->is_attached || session_has(&c->super, &channel);
        if (seen->is_member) {
            h->claimed = seen->last;
            if (sim_chance(20)) /* it remembers what a restored back-up has lost */
                h->claimed = SIM_SEQ_MAX;
            points[n++] = (struct resume_point){sim_channel(i), h->claimed};
        }
        h->wants_watch = sim_chance(500);
        if (h->wants_watch)
            watch[n_watch++] = sim_channel(i);
    }
    c->said_hello = true;
    c->is_settled = c->is_settled && c->is_attached;
    conn_note_asked(c);
    enum err err = session_hello(&c->super, points, n, watch, n_watch);
    assert(err == ERR_OK);
}

void conn_settle(struct conn *c)
{
    if (c->said_hello)
        return;
    c->is_settled = true;
    session_settle(&c->super);
}

void conn_resume(struct conn *c, unsigned channel)
{
    const struct seen *seen = &c->client->seen[channel];
    struct heard *h = &c->heard[channel];
    uint64_t from = seen->last;
    if (from > seen->base && sim_chance(300)) /* an older hole */
        from = seen->base + sim_below((unsigned)(from - seen->base));
    const struct resume_point point = {sim_channel(channel), from};
    const bool is_free = c->is_open && !c->is_resuming;
    if (is_free) { /* before: the answer may come at once */
        const struct uuid id = sim_channel(channel);
        h->was_member = session_has(&c->super, &id);
        h->claimed = from;
        conn_note_asked(c);
        h->is_held = h->was_behind = c->is_resuming = true;
    }
    enum err err = session_resume(&c->super, &point, 1);
    const enum err expected = is_free ? ERR_OK : c->said_hello ? ERR_RATE_LIMITED : ERR_BAD_REQUEST;
    if (err != expected)
        sim_violation("resume is answered %s", err_name(err));
}

void conn_watch(struct conn *c)
{
    struct uuid watch[SIM_CHANNELS];
    size_t n = 0;
    if (!c->is_open)
        return;
    for (unsigned i = 0; i < SIM_CHANNELS; i++) {
        const struct uuid channel = sim_channel(i);
        c->heard[i].is_watched = sim_chance(500) && session_has(&c->super, &channel);
        c->heard[i].knows_presence = false;
        if (c->heard[i].is_watched)
            watch[n++] = sim_channel(i);
    }
    session_watch(&c->super, NULL, 0);
    session_watch(&c->super, watch, n);
}

void conn_type(struct conn *c)
{
    const struct uuid channel = sim_channel(sim_below(SIM_CHANNELS));
    const bool is_member = session_has(&c->super, &channel);
    enum err err = session_typing(&c->super, &channel);
    assert((err == ERR_OK) == is_member);
}

/* ---- Sending ---- */

/* How a node knows that an append was its own. */
static const char *const node_names[SIM_NODES] = {"0", "1", "2"};

struct sending {
    struct append append;
    struct letter *letter;
    const struct conn *conn; /* to be compared only: it may be gone */
    uint64_t session;
    unsigned user, slot;
    char content[16], id[24];
};

/* The connection it was sent over, if that is still there. */
static struct conn *sending_conn(const struct sending *s)
{
    for (struct conn *c = sim.conns; c != NULL; c = c->next)
        if (c == s->conn && c->super.id == s->session)
            return c;
    return NULL;
}

static void sending_done(struct append *a)
{
    struct sending *s = MEM_OWNER(a, struct sending, append);
    struct conn *c = sending_conn(s);
    struct letter *l = s->letter;
    if (a->err == ERR_OK && l->seq != 0 && l->seq != a->seq)
        sim_violation("a retry got position %llu, the message has %llu", LLU(a->seq), LLU(l->seq));
    if (a->err == ERR_OK && a->duplicate != (l->seq != 0))
        sim_violation("the first is called a duplicate, or a duplicate the first");
    if (a->err == ERR_OK)
        l->seq = a->seq;
    sim.tally.duplicates += a->duplicate;
    if (c != NULL && a->err == ERR_OK && !a->duplicate)
        c->sent[s->slot].seq = a->seq;
    else if (c != NULL)
        conn_put(c, (struct record){
                        .kind = RECORD_ANSWER, .number = l->number, .is_ok = a->err == ERR_OK});
    mem_free(s);
}

void conn_send(struct conn *c, struct letter *l)
{
    const struct uuid channel = sim_channel(l->channel);
    if (!c->is_attached || c->is_revoked || !session_has(&c->super, &channel))
        return;
    conn_settle(c);
    struct sending *s = MEM_NEW(struct sending);
    s->letter = l;
    s->conn = c;
    s->session = c->super.id;
    s->slot = c->n_sent++;
    assert(s->slot < SIM_WIRE_MAX);
    c->sent[s->slot] = (struct sent){.number = l->number};
    snprintf(s->content, sizeof s->content, "%u", l->number);
    snprintf(s->id, sizeof s->id, "letter-%u", l->number);
    s->append = (struct append){
        .kind = EVENT_MESSAGE,
        .channel = channel,
        .user = c->super.user,
        .username = STR("name"),
        .content = str_of(s->content),
        .client_msg_id = str_of(s->id),
        .origin = {shard_index(c->super.shard), c->super.id, {node_names[c->node->index], 1}},
        .done = sending_done};
    if (l->state == LETTER_WAITING) {
        l->state = LETTER_SENT;
        l->via = c;
    }
    enum err err = journal_append(memory_store_journal(sim.store), &s->append);
    assert(err == ERR_OK);
}
