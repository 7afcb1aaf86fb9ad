/* The channels of one user as of the positions of this node, how far she has read them, and what is
 * unread. */
#include "base/clock.h"
#include "cluster/channels_state.h"
#include "domain/limits.h"

#define TRIES        4
#define TRY_MS       3 /* between them, the relay tells the table a seq */
#define UNREAD_TRIES 3

/* ---- Who is in, as of the positions ---- */

/* One try. The versions of the channels of the last one are taken before the positions: a change at
 * or below such a version is certainly at or below them. */
struct snapshot {
    const struct channels_config *c;
    uint64_t *positions; /* in the arena */
    struct membership_row *rows;
    size_t n;
};

/* A channel's version as it was before the positions were taken; 0: not looked at. */
struct known {
    struct uuid channel;
    uint64_t version;
};

static uint64_t version_of(const struct channels_config *c, const struct uuid *channel)
{
    struct channel_head head;
    c->view->head(c->view, channel, &head);
    return head.version;
}

static uint64_t known_version(const struct known *known, size_t n, const struct uuid *channel)
{
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(&known[i].channel, channel))
            return known[i].version;
    return 0;
}

enum heard { HEARD_NOT, HEARD, HEARD_PERHAPS };

/* Is the event of that version, or seq (0: the table does not know it yet), at or below `position`?
 * A row that chat-app made has no version and was always there. */
static enum heard event_heard(uint64_t version, uint64_t seq, uint64_t position,
                              uint64_t version_before, uint64_t version_now)
{
    if (version == 0 || (seq != 0 && seq <= position) || version <= version_before)
        return HEARD;
    return version <= version_now ? HEARD_PERHAPS : HEARD_NOT;
}

/* Keeps the rows of the channels that the user is in; false when one of them cannot be told yet,
 * and `last` is not set. */
static bool snapshot_judge(struct snapshot *s, const struct known *known, size_t n_known, bool last)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct membership_row *row = &s->rows[i];
        const struct uuid *id = &row->channel.id;
        uint64_t position = s->positions[s->c->view->partition_of(s->c->view, id)];
        uint64_t before = known_version(known, n_known, id), now = version_of(s->c, id);
        enum heard in = event_heard(row->join_version, row->join_seq, position, before, now);
        enum heard out = row->leave_version == 0 ? HEARD_NOT
                                                 : event_heard(row->leave_version, row->leave_seq,
                                                               position, before, now);
        if (!last && (in == HEARD_PERHAPS || out == HEARD_PERHAPS))
            return false;
        if (in != HEARD_NOT && out == HEARD_NOT)
            s->rows[kept++] = *row;
    }
    s->n = kept;
    return true;
}

static enum err snapshot_read(struct snapshot *s, const struct uuid *user, struct arena *arena)
{
    struct channel_view *view = s->c->view;
    for (unsigned p = 0; p < view->partitions(view); p++)
        s->positions[p] = view->position(view, p);
    return s->c->table->ops->memberships(s->c->table, user, arena, &s->rows, &s->n);
}

static struct known *known_take(const struct snapshot *s, struct arena *arena)
{
    struct known *known = arena_alloc(arena, s->n * sizeof *known);
    for (size_t i = 0; i < s->n; i++)
        known[i] = (struct known){s->rows[i].channel.id, version_of(s->c, &s->rows[i].channel.id)};
    return known;
}

/* Mostly the first try tells all. One of the last moment has its seq in the log but not in the
 * table, and the next try knows that its version was there before. */
static enum err snapshot_take(struct snapshot *s, const struct uuid *user, struct arena *arena)
{
    struct known *known = NULL;
    size_t n_known = 0;
    s->positions = arena_alloc(arena, s->c->view->partitions(s->c->view) * sizeof *s->positions);
    for (int i = 1;; i++) {
        enum err e = snapshot_read(s, user, arena);
        if (e != ERR_OK || snapshot_judge(s, known, n_known, i == TRIES))
            return e;
        clock_sleep_ms(TRY_MS);
        known = known_take(s, arena);
        n_known = s->n;
    }
}

/* ---- How far she has read ---- */

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

struct own_heads {
    struct membership *items; /* or */
    const struct uuid *one;
    size_t n;
    uint64_t seq; /* of `one` */
};

/* The history may be ahead of what this node has heard of a channel: not so a read position. */
static void own_head_take(const struct uuid *channel, uint64_t seq, void *arg)
{
    struct own_heads *own = arg;
    if (own->one != NULL && uuid_eq(own->one, channel))
        own->seq = seq;
    for (size_t i = 0; i < own->n; i++) {
        struct membership *m = &own->items[i];
        if (uuid_eq(&m->channel.id, channel))
            m->read_seq = max_u64(m->read_seq, min_u64(seq, m->head_seq));
    }
}

/* What was there before she joined counts as read: that reaches to the seq of the join, and while
 * the table does not know it, to the channel's end. Nothing is read that is not there. */
static uint64_t read_position(const struct channels_config *c, const struct uuid *user,
                              const struct membership_row *row, uint64_t head_seq)
{
    uint64_t since = row->join_version == 0 ? 0 : row->join_seq == 0 ? head_seq : row->join_seq;
    uint64_t own = c->view->own_head(c->view, user, &row->channel.id);
    return min_u64(max_u64(max_u64(row->read_seq, since), own), head_seq);
}

/* ---- What is unread ---- */

/* Others' posts after `seq` that are in the history, but for those at or above `from`, which this
 * node has counted itself and persist may be writing in this very moment: what is above is
 * subtracted, and when it changed meanwhile, counted again. False: the history does not say. */
static bool unread_below(const struct channels_config *c, const struct uuid *user,
                         const struct uuid *channel, uint64_t seq, uint64_t from, unsigned *out)
{
    struct history_store *h = c->history;
    unsigned all = 0, above = 0, again = 0;
    /* more than can be above, so that the difference reaches the limit */
    unsigned max = 2 * LIMIT_UNREAD;
    *out = 0;
    if (h->ops->unread(h, user, channel, seq, max, &all) != ERR_OK)
        return false;
    for (int i = 0; from != 0 && i < UNREAD_TRIES; i++) {
        if (h->ops->unread(h, user, channel, from - 1, max, &above) != ERR_OK ||
            h->ops->unread(h, user, channel, seq, max, &again) != ERR_OK)
            return false;
        if (again == all)
            break;
        all = again;
    }
    *out = all > above ? all - above : 0;
    return true;
}

/* With the history away, or a gap between it and what this node still holds, it is what could be
 * counted, and said to be a part. */
static void unread_count(const struct channels_config *c, const struct uuid *user,
                         struct membership *m)
{
    uint64_t from = 0;
    bool has_gap = false;
    unsigned below = 0;
    if (m->head_seq <= m->read_seq)
        return;
    unsigned n =
        c->view->unread(c->view, user, &m->channel.id, m->read_seq, LIMIT_UNREAD, &from, &has_gap);
    if (n < LIMIT_UNREAD && (from == 0 || from > m->read_seq + 1)) {
        bool told = unread_below(c, user, &m->channel.id, m->read_seq, from, &below);
        n += below;
        m->unread_is_part = n < LIMIT_UNREAD && (has_gap || !told);
    }
    m->unread = n < LIMIT_UNREAD ? n : LIMIT_UNREAD;
}

/* ---- The door ---- */

enum err cluster_memberships(struct channel_store *self, const struct uuid *user, bool with_unread,
                             struct arena *arena, struct memberships *out)
{
    const struct channels_config *c = channels_config_of(self);
    struct snapshot s = {.c = c};
    enum err e = snapshot_take(&s, user, arena);
    if (e != ERR_OK)
        return e;
    *out = (struct memberships){
        .positions = s.positions, .n = s.n, .items = arena_alloc(arena, s.n * sizeof *out->items)};
    for (size_t i = 0; i < s.n; i++) {
        struct channel_head head;
        c->view->head(c->view, &s.rows[i].channel.id, &head);
        out->items[i] = (struct membership){s.rows[i].channel, head.seq,
                                            read_position(c, user, &s.rows[i], head.seq), 0, false};
    }
    struct own_heads own = {.items = out->items, .n = out->n};
    if (out->n > 0) /* with the history away, older posts of her own are not seen */
        (void)c->history->ops->own_heads(c->history, user, own_head_take, &own);
    for (size_t i = 0; i < out->n && with_unread; i++)
        unread_count(c, user, &out->items[i]);
    return ERR_OK;
}

enum err cluster_mark_read(struct channel_store *self, const struct uuid *user,
                           const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved)
{
    const struct channels_config *c = channels_config_of(self);
    struct own_heads own = {.one = channel};
    struct membership_row row;
    struct channel_head head;
    struct arena arena;
    *now = 0;
    *moved = false;
    arena_init(&arena);
    enum err e = c->table->ops->membership(c->table, user, channel, &arena, &row);
    arena_fini(&arena);
    if (e == ERR_CHANNEL_NOT_FOUND || (e == ERR_OK && row.leave_version != 0))
        e = ERR_NOT_MEMBER;
    if (e != ERR_OK)
        return e;
    c->view->reach(c->view, channel, seq);
    c->view->head(c->view, channel, &head);
    (void)c->history->ops->own_heads(c->history, user, own_head_take, &own);
    uint64_t stands = max_u64(read_position(c, user, &row, head.seq), min_u64(own.seq, head.seq));
    uint64_t wanted = min_u64(seq, head.seq);
    *now = stands;
    if (wanted <= stands)
        return ERR_OK;
    e = c->table->ops->mark_read(c->table, user, channel, wanted, now, moved);
    *now = max_u64(*now, stands);
    return e;
}
