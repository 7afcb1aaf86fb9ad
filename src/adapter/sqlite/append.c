/* How an append is judged. */
#include <assert.h>

#include "adapter/sqlite/find.h"
#include "adapter/sqlite/state.h"
#include "domain/id.h"

static struct message_place *place_of(struct writer *w, uint64_t id)
{
    /* Fibonacci hashing: an id's lowest bits hardly vary */
    return &w->places[(id * 0x9E3779B97F4A7C15u) >> 52 & (WRITER_PLACES - 1)];
}

/* The row of the channel that message `id` is in, 0 when there is no such message. */
static int64_t message_channel(struct writer *w, uint64_t id)
{
    struct message_place *place = place_of(w, id);
    if (place->id == id && id != 0)
        return place->channel;
    uint64_t seq = find_first_from_id(&w->db, id, w->last_seq);
    sqlite3_stmt *st = db_statement(&w->db, ST_EVENT_BY_SEQ);
    db_bind_u64(st, 1, seq);
    int64_t channel = 0;
    if (db_row(&w->db, st)) {
        if (db_int(st, 0) == EVENT_MESSAGE && db_u64(st, 5) == id)
            channel = db_int(st, 1);
        db_reset(st);
    }
    if (channel != 0)
        *place = (struct message_place){id, channel};
    return channel;
}

/* A post found under the client id of an append. */
enum match { MATCH_NONE, MATCH_SAME, MATCH_OTHER_CONTENT };

static enum match match_post(struct writer *w, struct append *a, uint64_t seq, int64_t channel,
                             int64_t user)
{
    enum match match = MATCH_NONE;
    sqlite3_stmt *st = db_statement(&w->db, ST_EVENT_BY_SEQ);
    db_bind_u64(st, 1, seq);
    if (!db_row(&w->db, st))
        return MATCH_NONE;
    if (db_int(st, 1) == channel && db_int(st, 2) == user &&
        str_eq(db_str(st, 6), a->client_msg_id)) {
        bool same = db_int(st, 0) == (int64_t)a->kind && str_eq(db_str(st, 7), a->content) &&
                    (a->kind == EVENT_MESSAGE || db_u64(st, 3) == a->parent);
        match = same ? MATCH_SAME : MATCH_OTHER_CONTENT;
    }
    if (match == MATCH_SAME) {
        a->seq = seq;
        a->prev_seq = db_u64(st, 4);
        a->id = db_u64(st, 5);
        a->duplicate = true;
    }
    db_reset(st);
    return match;
}

/* Is it answered already, by what was posted under its client_msg_id before? */
static bool append_is_known(struct writer *w, struct append *a, uint64_t hash, int64_t channel,
                            int64_t user)
{
    struct client_ids_cursor cursor = {0};
    enum match match = MATCH_NONE;
    uint64_t seq;
    while (match == MATCH_NONE &&
           (seq = client_ids_next(&w->client_ids, &w->db, a->client_msg_id, hash, &cursor)) != 0)
        match = match_post(w, a, seq, channel, user);
    if (match == MATCH_OTHER_CONTENT)
        a->err = ERR_CLIENT_ID_CONFLICT;
    return match != MATCH_NONE;
}

static void append_emit(struct writer *w, struct append *a, struct cached_row *channel,
                        int64_t user)
{
    struct event e = {
        .kind = a->kind,
        .parent = a->kind == EVENT_REPLY ? a->parent : 0,
        .channel = a->channel,
        .user = a->user,
        .username = a->username,
        .content = a->content,
        .client_msg_id = a->client_msg_id,
        .origin = a->origin,
        .trace = a->trace,
        .queued_us = a->queued_us,
    };
    writer_emit(w, &e, channel, user);
    a->seq = e.seq;
    a->prev_seq = e.prev_seq;
    a->id = e.id;
    if (e.kind == EVENT_MESSAGE)
        *place_of(w, e.id) = (struct message_place){e.id, channel->row};
}

void writer_append(struct writer *w, struct append *a)
{
    assert(a->kind == EVENT_MESSAGE || a->kind == EVENT_REPLY);
    a->err = ERR_OK;
    a->duplicate = false;
    a->seq = a->prev_seq = a->id = 0;
    struct cached_row *channel = writer_channel(w, &a->channel);
    int64_t user = writer_user(w, &a->user);
    if (channel == NULL)
        a->err = ERR_CHANNEL_NOT_FOUND;
    else if (user == 0)
        a->err = ERR_USER_NOT_FOUND;
    else if (a->kind == EVENT_REPLY && message_channel(w, a->parent) != channel->row)
        a->err = ERR_MESSAGE_NOT_FOUND;
    if (a->err != ERR_OK)
        return;
    uint64_t hash = 0;
    if (a->client_msg_id.n > 0) {
        hash = client_ids_hash(&w->client_ids, user, channel->row, a->client_msg_id);
        if (append_is_known(w, a, hash, channel->row, user))
            return;
    }
    append_emit(w, a, channel, user);
    if (a->client_msg_id.n > 0)
        client_ids_add(&w->client_ids, a->client_msg_id, hash, a->seq, id_time_ms(a->id));
}
