#include "cluster/history.h"

#include "base/mem.h"
#include "cluster/history_rows.h"
#include "cluster/recent.h"
#include "domain/id.h"
#include "domain/limits.h"

#define STABLE_TRIES 4   /* while persist writes what is being counted */
#define REPLIES_MAX  500 /* unwritten replies to one message that are looked at one by one */

struct cluster_history {
    struct message_store door;
    struct cluster_history_config config;
    struct overlay *overlay;
};

static struct cluster_history *history_of(struct message_store *self)
{
    return MEM_OWNER(self, struct cluster_history, door);
}

static struct message_store *store_of(const struct cluster_history *h)
{
    return h->config.store->messages;
}

static unsigned partition_of(const struct cluster_history *h, const struct uuid *channel)
{
    return journal_partition_of(cluster_journal_door(h->config.journal), channel);
}

/* The post before all that the overlay holds of the channel: all after it are there. */
static uint64_t before_overlay(struct cluster_history *h, const struct uuid *channel,
                               const struct overlay_view *view)
{
    struct channel_head head;
    if (view->is_known)
        return view->before;
    return cluster_journal_head(h->config.journal, channel, &head) ? head.seq : 0;
}

/* ---- The window ---- */

struct recents {
    struct event *posts; /* oldest first */
    size_t n;
    uint64_t floor; /* all posts after it are in the window or the overlay */
};

static bool recents_read(struct cluster_history *h, const struct uuid *channel, uint64_t before,
                         struct arena *arena, struct recents *out)
{
    return h->config.cache != NULL &&
           recent_read(h->config.cache, channel, before, arena, &out->posts, &out->n, &out->floor);
}

/* Replies to the i-th of the window that are in the window or the overlay. */
static uint64_t recents_replies(struct cluster_history *h, const struct recents *r, size_t i)
{
    uint64_t n = overlay_reply_count(h->overlay, r->posts[i].id);
    for (size_t k = i + 1; k < r->n; k++)
        n += r->posts[k].kind == EVENT_REPLY && r->posts[k].parent == r->posts[i].id;
    return n;
}

static void recents_add(struct cluster_history *h, const struct recents *r, size_t i,
                        struct post *rows, size_t *n)
{
    bool is_message = r->posts[i].kind == EVENT_MESSAGE;
    rows[(*n)++] = (struct post){r->posts[i], is_message ? recents_replies(h, r, i) : 0};
}

/* Has the overlay stayed as it was, so that what was counted in it goes with the window? */
static bool is_unchanged(struct cluster_history *h, const struct uuid *channel, uint64_t before)
{
    unsigned count;
    uint64_t now;
    if (!overlay_count(h->overlay, channel, UINT64_MAX, NULL, 1, &count, &now)) {
        struct channel_head head;
        now = cluster_journal_head(h->config.journal, channel, &head) ? head.seq : 0;
    }
    return now == before;
}

/* ---- Replies that the store has not counted ---- */

static bool is_among(const struct post_page *page, uint64_t id)
{
    for (size_t i = 0; i < page->n; i++)
        if (page->rows[i].event.id == id)
            return true;
    return false;
}

/* How many of the overlay's replies to `id` the store does not hold. */
static enum err unwritten_count(struct cluster_history *h, uint64_t id,
                                const struct overlay_view *replies, struct arena *arena,
                                uint64_t *out)
{
    struct post_page page = {.n = 0};
    uint64_t oldest = UINT64_MAX; /* that was read of the store's; 0: it has no more */
    uint64_t from = replies->rows[0].event.id;
    *out = 0;
    for (size_t i = 0; i < replies->n; i++) {
        uint64_t reply = replies->rows[i].event.id;
        while (oldest > reply) {
            enum err e =
                store_of(h)->ops->replies(store_of(h), id, from, LIMIT_PAGE_ROWS, arena, &page);
            if (e != ERR_OK)
                return e;
            oldest = page.next_id == 0 ? 0 : page.rows[page.n - 1].event.id;
            from = page.next_id;
        }
        *out += !is_among(&page, reply);
    }
    return ERR_OK;
}

/* The store's count of replies to a message of the channel. */
static enum err stored_count(struct cluster_history *h, const struct event *message,
                             struct arena *arena, uint64_t *out)
{
    struct post_page page;
    enum err e =
        store_of(h)->ops->messages(store_of(h), &message->channel, message->id, 1, arena, &page);
    if (e == ERR_OK && (page.n != 1 || page.rows[0].event.id != message->id))
        e = ERR_INTERNAL; /* it was there before */
    *out = e == ERR_OK ? page.rows[0].reply_count : 0;
    return e;
}

/* Of a row of the store: what persist writes meanwhile must be counted once. The store's count is
 * right for what was found missing if it did not change around the look at the replies. */
static enum err row_count_replies(struct cluster_history *h, struct post *row, struct arena *arena)
{
    struct overlay_view replies;
    overlay_replies(h->overlay, row->event.id, 0, REPLIES_MAX, arena, &replies);
    uint64_t before = row->reply_count, after, unwritten;
    for (unsigned i = 0; replies.n > 0 && i < STABLE_TRIES; i++) {
        enum err e = unwritten_count(h, row->event.id, &replies, arena, &unwritten);
        if (e == ERR_OK)
            e = stored_count(h, &row->event, arena, &after);
        if (e != ERR_OK)
            return e;
        row->reply_count = after + unwritten;
        if (after == before)
            break;
        before = after;
    }
    return ERR_OK;
}

static enum err rows_count_replies(struct cluster_history *h, const struct post_page *page,
                                   struct arena *arena)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < page->n && e == ERR_OK; i++)
        if (page->rows[i].event.kind == EVENT_MESSAGE)
            e = row_count_replies(h, &page->rows[i], arena);
    return e;
}

/* ---- Newest first ---- */

/* Adds the window's messages; true: nothing more is needed of the store. */
static bool messages_of_window(struct cluster_history *h, const struct uuid *channel,
                               uint64_t before, uint64_t from_id, unsigned limit,
                               struct arena *arena, struct post *rows, size_t *n)
{
    struct recents r;
    if (!recents_read(h, channel, before, arena, &r))
        return false;
    for (size_t i = r.n; i-- > 0 && *n <= limit;)
        if (r.posts[i].kind == EVENT_MESSAGE && (from_id == 0 || r.posts[i].id <= from_id))
            recents_add(h, &r, i, rows, n);
    return (*n > limit || r.floor == 0) && is_unchanged(h, channel, before);
}

static enum err history_messages(struct message_store *self, const struct uuid *channel,
                                 uint64_t from_id, unsigned limit, struct arena *arena,
                                 struct post_page *out)
{
    struct cluster_history *h = history_of(self);
    struct overlay_view view;
    struct post_page stored;
    overlay_messages(h->overlay, partition_of(h, channel), channel, from_id, limit + 1, arena,
                     &view);
    uint64_t before = before_overlay(h, channel, &view);
    size_t n = view.n;
    struct post *rows = arena_alloc(arena, (limit + 1) * sizeof *rows);
    memcpy(rows, view.rows, n * sizeof *rows);
    if (n > limit || before == 0 ||
        messages_of_window(h, channel, before, from_id, limit, arena, rows, &n)) {
        rows_merge_back(rows, n, NULL, 0, 0, limit, arena, out);
        return ERR_OK;
    }
    if (view.has_gap)
        return ERR_UNAVAILABLE;
    enum err e = store_of(h)->ops->messages(store_of(h), channel, from_id, limit, arena, &stored);
    if (e == ERR_OK)
        e = rows_count_replies(h, &stored, arena);
    if (e == ERR_OK)
        rows_merge_back(view.rows, view.n, stored.rows, stored.n, stored.next_id, limit, arena,
                        out);
    return e;
}

/* Is something missing between the store and the overlay where message `id` is? */
static enum err check_gap(struct cluster_history *h, uint64_t id)
{
    struct uuid channel;
    bool any = false;
    for (unsigned p = 0; p < journal_partitions(cluster_journal_door(h->config.journal)); p++)
        any = any || overlay_has_gap(h->overlay, p);
    if (!any)
        return ERR_OK;
    enum err e = store_of(h)->ops->channel_of(store_of(h), id, &channel);
    if (e != ERR_OK)
        return ERR_UNAVAILABLE;
    return overlay_has_gap(h->overlay, partition_of(h, &channel)) ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err history_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                                unsigned limit, struct arena *arena, struct post_page *out)
{
    struct cluster_history *h = history_of(self);
    struct overlay_view view;
    struct post_page stored;
    struct uuid channel;
    overlay_replies(h->overlay, message_id, from_id, limit + 1, arena, &view);
    bool is_recent = view.n > limit || overlay_channel_of(h->overlay, message_id, &channel);
    if (view.n > limit) {
        rows_merge_back(view.rows, view.n, NULL, 0, 0, limit, arena, out);
        return ERR_OK;
    }
    /* a message that is still in the overlay has had all its replies there since before they were
     * looked at */
    if (is_recent) {
        rows_merge_back(view.rows, view.n, NULL, 0, 0, limit, arena, out);
        return ERR_OK;
    }
    enum err e = message_id > ID_MAX ? ERR_OK : check_gap(h, message_id);
    if (e != ERR_OK)
        return e;
    e = store_of(h)->ops->replies(store_of(h), message_id, from_id, limit, arena, &stored);
    if (e == ERR_OK)
        rows_merge_back(view.rows, view.n, stored.rows, stored.n, stored.next_id, limit, arena,
                        out);
    return e;
}

/* ---- Oldest first ---- */

/* The window's posts after `seq`, then the overlay's; false: the window does not reach that far. */
static bool after_of_window(struct cluster_history *h, const struct uuid *channel, uint64_t before,
                            uint64_t seq, unsigned limit, const struct overlay_view *view,
                            struct arena *arena, struct post_page *out)
{
    struct recents r;
    size_t n = 0;
    if (!recents_read(h, channel, before, arena, &r) || seq < r.floor)
        return false;
    struct post *rows = arena_alloc(arena, r.n * sizeof *rows);
    for (size_t i = 0; i < r.n; i++)
        if (r.posts[i].seq > seq)
            recents_add(h, &r, i, rows, &n);
    rows_merge_forth(view->rows, view->n, rows, n, false, limit, arena, out);
    out->more = out->more || view->more;
    return is_unchanged(h, channel, before);
}

static enum err history_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                              unsigned limit, struct arena *arena, struct post_page *out)
{
    struct cluster_history *h = history_of(self);
    struct overlay_view view;
    struct post_page stored;
    cluster_journal_reach(h->config.journal, channel, seq);
    overlay_after(h->overlay, partition_of(h, channel), channel, seq, limit, arena, &view);
    uint64_t before = before_overlay(h, channel, &view);
    if (seq >= before) {
        rows_merge_forth(view.rows, view.n, NULL, 0, view.more, limit, arena, out);
        return ERR_OK;
    }
    if (after_of_window(h, channel, before, seq, limit, &view, arena, out))
        return ERR_OK;
    if (view.has_gap)
        return ERR_UNAVAILABLE;
    enum err e = store_of(h)->ops->after(store_of(h), channel, seq, limit, arena, &stored);
    if (e == ERR_OK)
        e = rows_count_replies(h, &stored, arena);
    if (e == ERR_OK)
        rows_merge_forth(view.rows, view.n, stored.rows, stored.n, stored.more || view.more, limit,
                         arena, out);
    return e;
}

/* How many posts the store holds after `seq` and up to `before`, which it holds. Exact where the
 * number after `before` is the same before and after the count; otherwise persist is writing. */
static enum err stored_between(struct cluster_history *h, const struct uuid *channel, uint64_t seq,
                               uint64_t before, unsigned max, unsigned *out)
{
    struct message_store *s = store_of(h);
    uint64_t head;
    unsigned above = 0, all = 0, again = 0;
    enum err e = s->ops->missed(s, channel, before, max, &above, &head);
    for (unsigned i = 0; e == ERR_OK && i < STABLE_TRIES; i++, above = again) {
        e = s->ops->missed(s, channel, seq, max, &all, &head);
        if (e == ERR_OK && all < max)
            e = s->ops->missed(s, channel, before, max, &again, &head);
        if (e == ERR_OK && (all == max || again == above)) {
            *out = all == max ? max : all - above;
            return ERR_OK;
        }
    }
    return e == ERR_OK ? ERR_UNAVAILABLE : e;
}

static enum err history_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct cluster_history *h = history_of(self);
    struct channel_head head = {.seq = 0};
    uint64_t before;
    unsigned stored = 0;
    enum err e = ERR_OK;
    cluster_journal_reach(h->config.journal, channel, seq);
    bool has_gap = overlay_has_gap(h->overlay, partition_of(h, channel));
    bool is_known = overlay_count(h->overlay, channel, seq, NULL, max, count, &before);
    cluster_journal_head(h->config.journal, channel, &head);
    *head_seq = head.seq;
    if (!is_known)
        before = head.seq;
    if (seq < before && *count < max && has_gap)
        return ERR_UNAVAILABLE;
    if (seq < before && *count < max)
        e = stored_between(h, channel, seq, before, max, &stored);
    *count = *count + stored < max ? *count + stored : max;
    return e;
}

static enum err history_channel_of(struct message_store *self, uint64_t message_id,
                                   struct uuid *channel)
{
    struct cluster_history *h = history_of(self);
    if (message_id == 0 || message_id > ID_MAX)
        return ERR_MESSAGE_NOT_FOUND;
    if (overlay_channel_of(h->overlay, message_id, channel))
        return ERR_OK;
    enum err e = store_of(h)->ops->channel_of(store_of(h), message_id, channel);
    unsigned partition = id_partition(message_id);
    if (e == ERR_MESSAGE_NOT_FOUND &&
        partition < journal_partitions(cluster_journal_door(h->config.journal)) &&
        overlay_has_gap(h->overlay, partition))
        return ERR_UNAVAILABLE;
    return e;
}

static const struct message_store_ops history_ops = {
    history_messages, history_replies, history_after, history_missed, history_channel_of,
};

struct cluster_history *cluster_history_new(const struct cluster_history_config *config)
{
    struct cluster_history *h = MEM_NEW(struct cluster_history);
    h->door.ops = &history_ops;
    h->config = *config;
    h->overlay = cluster_journal_overlay(config->journal);
    return h;
}

void cluster_history_free(struct cluster_history *h)
{
    mem_free(h);
}

struct message_store *cluster_history_door(struct cluster_history *h)
{
    return &h->door;
}
