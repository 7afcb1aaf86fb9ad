#include "adapter/memory/state.h"
#include "base/mem.h"
#include "domain/id.h"

static struct memory_store *store_of(struct message_store *self)
{
    return MEM_OWNER(self, struct memory_store, messages);
}

static uint64_t reply_count(const struct memory_store *s, uint64_t message_id)
{
    const struct memory_partition *p = &s->partitions[id_partition(message_id)];
    uint64_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->events[i]->kind == EVENT_REPLY && p->events[i]->parent == message_id;
    return n;
}

static void page_add(const struct memory_store *s, const struct event *e, struct arena *arena,
                     struct post_page *page)
{
    struct post *p = &page->rows[page->n++];
    p->event = *e;
    p->event.username = arena_str(arena, e->username);
    p->event.content = arena_str(arena, e->content);
    p->event.client_msg_id = arena_str(arena, e->client_msg_id);
    p->reply_count = e->kind == EVENT_MESSAGE ? reply_count(s, e->id) : 0;
}

/* Which posts a newest-first page is made of. */
struct wanted {
    enum event_kind kind;
    unsigned partition;
    const struct uuid *channel; /* of messages */
    uint64_t parent;            /* of replies */
    uint64_t from_id;
};

static bool is_wanted(const struct wanted *w, const struct event *e)
{
    if (e->kind != w->kind || (w->from_id != 0 && e->id > w->from_id))
        return false;
    return w->kind == EVENT_REPLY ? e->parent == w->parent : uuid_eq(&e->channel, w->channel);
}

static enum err page_back(struct memory_store *s, const struct wanted *w, unsigned limit,
                          struct arena *arena, struct post_page *out)
{
    *out = (struct post_page){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    if (w->partition >= s->n_partitions)
        return ERR_OK;
    pthread_mutex_lock(&s->mutex);
    const struct memory_partition *p = &s->partitions[w->partition];
    for (size_t i = p->n; i-- > 0 && out->next_id == 0;) {
        const struct event *e = p->events[i];
        if (!is_wanted(w, e))
            continue;
        if (out->n < limit)
            page_add(s, e, arena, out);
        else
            out->next_id = e->id;
    }
    pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err message_messages(struct message_store *self, const struct uuid *channel,
                                 uint64_t from_id, unsigned limit, struct arena *arena,
                                 struct post_page *out)
{
    struct memory_store *s = store_of(self);
    const struct wanted w = {.kind = EVENT_MESSAGE,
                             .partition = memory_partition_of(s, channel),
                             .channel = channel,
                             .from_id = from_id};
    return page_back(s, &w, limit, arena, out);
}

static enum err message_replies(struct message_store *self, uint64_t message_id, uint64_t from_id,
                                unsigned limit, struct arena *arena, struct post_page *out)
{
    const struct wanted w = {.kind = EVENT_REPLY,
                             .partition = id_partition(message_id),
                             .parent = message_id,
                             .from_id = from_id};
    return page_back(store_of(self), &w, limit, arena, out);
}

static enum err message_after(struct message_store *self, const struct uuid *channel, uint64_t seq,
                              unsigned limit, struct arena *arena, struct post_page *out)
{
    struct memory_store *s = store_of(self);
    *out = (struct post_page){.rows = arena_alloc(arena, limit * sizeof *out->rows)};
    pthread_mutex_lock(&s->mutex);
    const struct memory_partition *p = &s->partitions[memory_partition_of(s, channel)];
    for (size_t i = memory_index_after(p, seq); i < p->n && !out->more; i++) {
        const struct event *e = p->events[i];
        if (!event_is_post(e) || !uuid_eq(&e->channel, channel))
            continue;
        if (out->n < limit)
            page_add(s, e, arena, out);
        else
            out->more = true;
    }
    pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err message_missed(struct message_store *self, const struct uuid *channel, uint64_t seq,
                               unsigned max, unsigned *count, uint64_t *head_seq)
{
    struct memory_store *s = store_of(self);
    *count = 0;
    pthread_mutex_lock(&s->mutex);
    const struct memory_channel *c = memory_channel_find(s, channel);
    *head_seq = c == NULL ? 0 : c->head;
    const struct memory_partition *p = &s->partitions[memory_partition_of(s, channel)];
    for (size_t i = memory_index_after(p, seq); i < p->n && *count < max; i++)
        *count += event_is_post(p->events[i]) && uuid_eq(&p->events[i]->channel, channel);
    pthread_mutex_unlock(&s->mutex);
    return ERR_OK;
}

static enum err message_channel_of(struct message_store *self, uint64_t message_id,
                                   struct uuid *channel)
{
    struct memory_store *s = store_of(self);
    pthread_mutex_lock(&s->mutex);
    const struct event *e = memory_message_find(s, message_id);
    if (e != NULL)
        *channel = e->channel;
    pthread_mutex_unlock(&s->mutex);
    return e == NULL ? ERR_MESSAGE_NOT_FOUND : ERR_OK;
}

const struct message_store_ops memory_message_ops = {
    message_messages, message_replies, message_after, message_missed, message_channel_of,
};
