/* The log of events and how an append is judged. */
#include <assert.h>

#include "adapter/memory/state.h"
#include "base/mem.h"
#include "domain/id.h"

struct memory_user *memory_user_find(const struct memory_store *s, const struct uuid *id)
{
    struct memory_user *found;
    HASH_FIND(hh, s->users, id, sizeof *id, found);
    return found;
}

struct memory_channel *memory_channel_find(const struct memory_store *s, const struct uuid *id)
{
    struct memory_channel *found;
    HASH_FIND(hh, s->by_channel, id, sizeof *id, found);
    return found;
}

struct memory_member *memory_member_find(const struct memory_channel *c, const struct uuid *user)
{
    struct memory_member *m = c->members;
    while (m != NULL && !uuid_eq(&m->user->account.user.id, user))
        m = m->next;
    return m;
}

static struct str str_own(struct str s)
{
    return (struct str){mem_strndup(s.n == 0 ? "" : s.p, s.n), s.n};
}

static void event_stamp(struct memory_store *s, struct event *e, struct memory_channel *c)
{
    e->seq = s->n_events + 1;
    e->prev_seq = c->head;
    e->at_us = clock_wall_us(s->clock);
    if (!event_is_post(e))
        return;
    e->id = s->last_id = id_next(s->last_id, e->at_us / 1000, 0);
    e->at_us = id_time_ms(e->id) * 1000;
    c->head = e->seq;
}

static struct memory_client_id client_id_key(const struct uuid *channel, const struct uuid *user,
                                             struct str text)
{
    struct memory_client_id c;
    assert(text.n <= sizeof c.key.text);
    memset(&c, 0, sizeof c);
    c.key.channel = *channel;
    c.key.user = *user;
    memcpy(c.key.text, text.p, text.n);
    return c;
}

static struct memory_client_id *client_id_find(const struct memory_store *s,
                                               const struct uuid *channel, const struct uuid *user,
                                               struct str text)
{
    struct memory_client_id wanted = client_id_key(channel, user, text), *found;
    HASH_FIND(hh, s->client_ids, &wanted.key, sizeof wanted.key, found);
    return found;
}

static void client_id_add(struct memory_store *s, struct event *e)
{
    struct memory_client_id *c = MEM_NEW(struct memory_client_id);
    *c = client_id_key(&e->channel, &e->user, e->client_msg_id);
    c->event = e;
    HASH_ADD(hh, s->client_ids, key, sizeof c->key, c);
}

struct event *memory_event_add(struct memory_store *s, const struct event *e)
{
    if (s->n_events == s->events_cap) {
        s->events_cap = s->events_cap == 0 ? 64 : 2 * s->events_cap;
        s->events = mem_realloc(s->events, s->events_cap * sizeof *s->events);
    }
    struct event *copy = MEM_NEW(struct event);
    *copy = *e;
    copy->username = str_own(e->username);
    copy->content = str_own(e->content);
    copy->client_msg_id = str_own(e->client_msg_id);
    struct memory_channel *c = memory_channel_find(s, &e->channel);
    assert(c != NULL);
    event_stamp(s, copy, c);
    if (!event_is_post(e))
        copy->channel_info = c->info;
    if (copy->client_msg_id.n > 0)
        client_id_add(s, copy);
    s->events[s->n_events++] = copy;
    return copy;
}

static void event_free(struct event *e)
{
    mem_free((char *)e->username.p);
    mem_free((char *)e->content.p);
    mem_free((char *)e->client_msg_id.p);
    mem_free(e);
}

void memory_event_undo(struct memory_store *s)
{
    struct event *e = s->events[--s->n_events];
    assert(event_is_post(e));
    memory_channel_find(s, &e->channel)->head = e->prev_seq;
    if (e->client_msg_id.n > 0) {
        struct memory_client_id *c = client_id_find(s, &e->channel, &e->user, e->client_msg_id);
        HASH_DEL(s->client_ids, c);
        mem_free(c);
    }
    event_free(e);
}

void memory_log_free(struct memory_store *s)
{
    struct memory_client_id *c, *next;
    HASH_ITER (hh, s->client_ids, c, next) {
        HASH_DEL(s->client_ids, c);
        mem_free(c);
    }
    for (size_t i = 0; i < s->n_events; i++)
        event_free(s->events[i]);
    mem_free(s->events);
}

struct event *memory_message_find(const struct memory_store *s, uint64_t id)
{
    for (size_t i = 0; i < s->n_events; i++)
        if (s->events[i]->kind == EVENT_MESSAGE && s->events[i]->id == id)
            return s->events[i];
    return NULL;
}

static enum err append_refusal(const struct memory_store *s, const struct append *a)
{
    if (memory_channel_find(s, &a->channel) == NULL)
        return ERR_CHANNEL_NOT_FOUND;
    if (memory_user_find(s, &a->user) == NULL)
        return ERR_USER_NOT_FOUND;
    if (a->kind == EVENT_MESSAGE)
        return ERR_OK;
    const struct event *parent = memory_message_find(s, a->parent);
    return parent != NULL && uuid_eq(&parent->channel, &a->channel) ? ERR_OK
                                                                    : ERR_MESSAGE_NOT_FOUND;
}

static void append_set_stamps(struct append *a, const struct event *e)
{
    a->seq = e->seq;
    a->prev_seq = e->prev_seq;
    a->id = e->id;
}

/* Is it answered already, by what was posted under its client_msg_id before? */
static bool append_is_known(const struct memory_store *s, struct append *a)
{
    const struct memory_client_id *known =
        a->client_msg_id.n == 0 ? NULL : client_id_find(s, &a->channel, &a->user, a->client_msg_id);
    if (known == NULL)
        return false;
    const struct event *e = known->event;
    if (e->kind == a->kind && e->parent == a->parent && str_eq(e->content, a->content)) {
        a->duplicate = true;
        append_set_stamps(a, e);
    } else {
        a->err = ERR_CLIENT_ID_CONFLICT;
    }
    return true;
}

void memory_append_judge(struct memory_store *s, struct append *a)
{
    assert(a->kind == EVENT_MESSAGE || a->kind == EVENT_REPLY);
    a->duplicate = false;
    a->err = append_refusal(s, a);
    if (a->err != ERR_OK || append_is_known(s, a))
        return;
    const struct event e = {
        .kind = a->kind,
        .parent = a->kind == EVENT_REPLY ? a->parent : 0,
        .channel = a->channel,
        .user = a->user,
        .username = a->username,
        .content = a->content,
        .client_msg_id = a->client_msg_id,
    };
    append_set_stamps(a, memory_event_add(s, &e));
}
