#include "fanout/herald.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "fanout/notice.h"
#include "fanout/peers.h"
#include "fanout/presence.h"
#include "telemetry/metrics.h"

#define ASK_REST_TICKS 5  /* between two times of asking */
#define NOTES_A_TICK   64 /* of slices: no further one is begun after so many */

struct herald {
    struct hub *hub;
    struct bus *bus;
    struct bus_listener listener;
    struct peers *peers;
    struct uuid node; /* drawn anew at every start */
    atomic_bool is_open;
    atomic_bool is_deaf;    /* the last word could not be told: the bus is away */
    atomic_bool must_ask;   /* the others who is online there */
    atomic_uint slices_due; /* that were asked for, besides the one a second */
    /* Of the first shard's loop: */
    unsigned next_slice;
    unsigned rest; /* ticks until asking is allowed again */
};

/* ---- Telling ---- */

static bool herald_tell(struct herald *r, struct word *w)
{
    char note[BUS_NOTE_MAX];
    if (!atomic_load_explicit(&r->is_open, memory_order_acquire))
        return false;
    w->node = r->node;
    const struct str text = {note, word_encode(w, note)};
    const bool is_told = r->bus->ops->tell(r->bus, text) == ERR_OK;
    atomic_store_explicit(&r->is_deaf, !is_told, memory_order_relaxed);
    metric_inc(is_told ? M_WORDS_TOLD : M_WORDS_UNTOLD);
    return is_told;
}

void herald_read(struct herald *r, const struct uuid *user, const struct uuid *channel,
                 uint64_t seq)
{
    struct word w = {.kind = WORD_READ, .number = seq};
    if (r == NULL || !presence_is_elsewhere(hub_presence(r->hub), user))
        return;
    w.user = *user;
    w.channel = *channel;
    herald_tell(r, &w);
}

void herald_revoked(struct herald *r, const struct uuid *user, const struct uuid *jti,
                    int64_t issued_before_us)
{
    struct word w = {.kind = WORD_REVOKED, .number = (uint64_t)issued_before_us};
    if (r == NULL)
        return;
    w.user = *user;
    w.channel = *jti;
    herald_tell(r, &w);
}

/* A name beyond what a word takes (no account has one) is told without. */
static struct str name_told(struct str name)
{
    return name.n <= WORD_NAME_MAX ? name : STR_NONE;
}

void herald_typing(struct herald *r, const struct uuid *user, struct str name,
                   const struct uuid *channel)
{
    struct word w = {.kind = WORD_TYPING, .name = name_told(name)};
    if (r == NULL)
        return;
    w.user = *user;
    w.channel = *channel;
    herald_tell(r, &w);
}

void herald_presence(struct herald *r, const struct uuid *user, struct str name,
                     const struct uuid *channels, size_t n)
{
    const bool is_here = presence_is_here(hub_presence(r->hub), user);
    struct word w = {.kind = is_here ? WORD_ONLINE : WORD_OFFLINE, .name = name_told(name)};
    w.user = *user;
    size_t told = 0;
    do {
        w.list = channels + told;
        w.n = n - told < WORD_LIST_MAX ? n - told : WORD_LIST_MAX;
        told += w.n;
    } while (herald_tell(r, &w) && told < n);
}

/* ---- Repeating ---- */

/* Returns how many notes it took; 0 when the bus took one no more. */
static unsigned herald_tell_slice(struct herald *r, unsigned slice)
{
    struct word w = {.kind = WORD_SLICE, .slice = slice};
    size_t n, told = 0;
    struct uuid *users = presence_slice(hub_presence(r->hub), slice, &n);
    unsigned notes = 0;
    bool is_told = true;
    while (is_told && !w.is_last) {
        w.part = notes++;
        w.list = users + told;
        w.n = n - told < WORD_LIST_MAX ? n - told : WORD_LIST_MAX;
        told += w.n;
        w.is_last = told == n || w.part == WORD_PART_MAX;
        is_told = herald_tell(r, &w);
    }
    mem_free(users);
    return is_told ? notes : 0;
}

static void herald_repeat(struct herald *r)
{
    unsigned due = atomic_load(&r->slices_due), notes = 0, got, done = 0;
    do {
        got = herald_tell_slice(r, r->next_slice);
        if (got > 0)
            r->next_slice = (r->next_slice + 1) % WORD_SLICES;
        notes += got;
        done++;
    } while (got > 0 && done < due && notes < NOTES_A_TICK);
    if (got == 0)
        return;
    /* Who asks meanwhile asks for all of them again. */
    atomic_compare_exchange_strong(&r->slices_due, &due, due > done ? due - done : 0);
}

static void herald_ask(struct herald *r)
{
    struct word w = {.kind = WORD_ASK};
    if (r->rest > 0)
        r->rest--;
    if (r->rest > 0 || !atomic_load(&r->must_ask))
        return;
    atomic_store(&r->must_ask, false);
    if (herald_tell(r, &w))
        r->rest = ASK_REST_TICKS;
    else
        atomic_store(&r->must_ask, true);
}

void herald_tick(struct herald *r)
{
    size_t n_peers, n_users;
    if (r == NULL || !atomic_load(&r->is_open))
        return;
    herald_ask(r);
    herald_repeat(r);
    if (peers_tick(r->peers, atomic_load(&r->is_deaf)))
        notice_unsure(r->hub);
    peers_count(r->peers, &n_peers, &n_users);
    metric_set(M_PEERS, (int64_t)n_peers);
    metric_set(M_PEER_USERS, (int64_t)n_users);
}

/* ---- Hearing ---- */

static void hear_presence(struct herald *r, const struct word *w)
{
    peers_set(r->peers, &w->node, &w->user, w->kind == WORD_ONLINE);
    notice_came_or_went(r->hub, &w->user, w->name, w->list, w->n);
}

static void hear_word(struct herald *r, const struct word *w)
{
    switch (w->kind) {
    case WORD_READ:
        notice_read(r->hub, &w->user, &w->channel, w->number, ORIGIN_NO_SHARD, 0);
        break;
    case WORD_REVOKED:
        notice_revoked(r->hub, &w->user, &w->channel, (int64_t)w->number);
        break;
    case WORD_TYPING:
        notice_typing(r->hub, &w->user, w->name, &w->channel);
        break;
    case WORD_ONLINE:
    case WORD_OFFLINE:
        hear_presence(r, w);
        break;
    case WORD_SLICE:
        if (peers_take_slice(r->peers, w))
            notice_unsure(r->hub);
        break;
    case WORD_ASK:
        atomic_store(&r->slices_due, WORD_SLICES);
        break;
    case WORD_BYE:
        if (peers_forget(r->peers, &w->node))
            notice_unsure(r->hub);
        break;
    }
}

static void on_note(struct bus_listener *self, struct str note)
{
    struct herald *r = MEM_OWNER(self, struct herald, listener);
    struct word w;
    if (!atomic_load_explicit(&r->is_open, memory_order_acquire))
        return;
    if (!word_decode(note, &w)) {
        metric_inc(M_WORDS_BAD);
        return;
    }
    if (uuid_eq(&w.node, &r->node))
        return;
    const enum peer_news news = peers_hear(r->peers, &w.node);
    if (news == PEER_NEW)
        atomic_store(&r->must_ask, true);
    metric_inc(news == PEER_REFUSED ? M_WORDS_OF_STRANGERS : M_WORDS_HEARD);
    hear_word(r, &w);
}

static void on_gap(struct bus_listener *self)
{
    struct herald *r = MEM_OWNER(self, struct herald, listener);
    atomic_store(&r->must_ask, true);
}

/* ---- The herald itself ---- */

struct herald *herald_new(struct hub *h, struct bus *bus, struct peers *peers)
{
    struct herald *r = MEM_NEW(struct herald);
    r->hub = h;
    r->bus = bus;
    r->peers = peers;
    r->node = uuid_random();
    r->listener = (struct bus_listener){on_note, on_gap};
    atomic_init(&r->must_ask, true);
    return r;
}

void herald_free(struct herald *r)
{
    mem_free(r);
}

void herald_open(struct herald *r)
{
    if (r == NULL)
        return;
    atomic_store_explicit(&r->is_open, true, memory_order_release);
    r->bus->ops->listen(r->bus, &r->listener);
}

void herald_close(struct herald *r)
{
    struct word w = {.kind = WORD_BYE};
    if (r == NULL)
        return;
    herald_tell(r, &w);
    atomic_store(&r->is_open, false);
}
