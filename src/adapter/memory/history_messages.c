/* The readers' side. */
#include "adapter/memory/history_state.h"
#include "base/mem.h"

static struct memory_history *history_of(struct message_store *self)
{
    return MEM_OWNER(self, struct memory_history, messages);
}

static const struct event *post_find(const struct memory_history *h, enum event_kind kind,
                                     uint64_t id)
{
    for (const struct memory_posts *c = h->by_channel; c != NULL; c = c->hh.next)
        for (size_t i = 0; i < c->n; i++)
            if (c->posts[i]->id == id && c->posts[i]->kind == kind)
                return c->posts[i];
    return NULL;
}

static uint64_t reply_count(const struct memory_posts *c, uint64_t message_id)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        n += c->posts[i]->kind == EVENT_REPLY && c->posts[i]->parent == message_id;
    return n;
}

static void page_add(const struct memory_posts *c, const struct event *e, struct arena *arena,
                     struct post_page *page)
{
    struct post *p = &page->rows[page->n++];
    p->event = memory_post_copy(e, arena);
    p->reply_count = e->kind == EVENT_MESSAGE ? reply_count(c, e->id) : 0;
}

/* Newest first: the messages of `c`, or the replies to `parent`. */
static void page_back(const struct memory_posts *c, uint64_t parent, uint64_t from_id,
                      unsigned limit, struct arena *arena, struct post_page *out)
{
    for (size_t i = c == NULL ? 0 : c->n; i-- > 0 && out->next_id == 0;) {
        const struct event *e = c->posts[i];
        bool wanted =
            parent == 0 ? e->kind == EVENT_MESSAGE : e->kind == EVENT_REPLY && e->parent == parent;
        if (!wanted || (from_id != 0 && e->id > from_id))
            continue;
        if (out->n < limit)
            page_add(c, e, arena, out);
        else
            out->next_id = e->id;
    }
}

static struct post_page page_new(struct arena *arena, unsigned limit)
{
    return (struct post_page){.rows = arena_alloc(arena, limit * sizeof(struct post))};
}

static enum err history_messages(struct message_store *self, const struct uuid *channel,
                                 uint64_t from_id, unsigned limit, struct arena *arena,
                                 struct post_page *out)
{
    struct memory_history *h = history_of(self);
    *out = page_new(arena, limit);
    pthread_mutex_lock(&h->mutex);
    bool refuses = h->refusing;
    if (!refuses)
        page_back(memory_posts_find(h, channel), 0, from_id, limit, arena, out);
    pthread_mutex_unlock(&h->mutex);
    return refuses ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err history_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                                unsigned limit, struct arena *arena, struct post_page *out)
{
    struct memory_history *h = history_of(self);
    *out = page_new(arena, limit);
    pthread_mutex_lock(&h->mutex);
    bool refuses = h->refusing;
    const struct event *m = refuses ? NULL : post_find(h, EVENT_MESSAGE, message_id);
    if (m != NULL)
        page_back(memory_posts_find(h, &m->channel), m->id, from_id, limit, arena, out);
    pthread_mutex_unlock(&h->mutex);
    return refuses ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err history_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                              unsigned limit, struct arena *arena, struct post_page *out)
{
    struct memory_history *h = history_of(self);
    *out = page_new(arena, limit);
    pthread_mutex_lock(&h->mutex);
    bool refuses = h->refusing;
    const struct memory_posts *c = refuses ? NULL : memory_posts_find(h, channel);
    size_t i = c == NULL || seq == UINT64_MAX ? 0 : memory_posts_at(c, seq + 1);
    for (; c != NULL && seq != UINT64_MAX && i < c->n && !out->more; i++)
        if (out->n < limit)
            page_add(c, c->posts[i], arena, out);
        else
            out->more = true;
    pthread_mutex_unlock(&h->mutex);
    return refuses ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err history_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct memory_history *h = history_of(self);
    *count = 0;
    *head_seq = 0;
    pthread_mutex_lock(&h->mutex);
    bool refuses = h->refusing;
    const struct memory_posts *c = refuses ? NULL : memory_posts_find(h, channel);
    if (c != NULL && c->n > 0) {
        size_t after = seq == UINT64_MAX ? 0 : c->n - memory_posts_at(c, seq + 1);
        *count = after < max ? (unsigned)after : max;
        *head_seq = c->posts[c->n - 1]->seq;
    }
    pthread_mutex_unlock(&h->mutex);
    return refuses ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err history_channel_of(struct message_store *self, uint64_t message_id,
                                   struct uuid *channel)
{
    struct memory_history *h = history_of(self);
    enum err e = ERR_UNAVAILABLE;
    pthread_mutex_lock(&h->mutex);
    if (!h->refusing) {
        const struct event *m = post_find(h, EVENT_MESSAGE, message_id);
        e = m == NULL ? ERR_MESSAGE_NOT_FOUND : ERR_OK;
        if (m != NULL)
            *channel = m->channel;
    }
    pthread_mutex_unlock(&h->mutex);
    return e;
}

const struct message_store_ops memory_history_messages_ops = {
    history_messages, history_replies, history_after, history_missed, history_channel_of,
};
