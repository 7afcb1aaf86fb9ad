/* History: messages and replies that are durable, read in pages. Calls block: for workers only.
 *
 * Every driver promises: what the journal has acknowledged is here when `done` is called, in the
 * journal's order; a channel or message that does not exist has empty pages; ERR_UNAVAILABLE where
 * the store cannot be read. */
#ifndef PARLEY_PORT_MESSAGE_STORE_H
#define PARLEY_PORT_MESSAGE_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "domain/event.h"

struct post {
    struct event event;   /* EVENT_MESSAGE or EVENT_REPLY; strings in the arena */
    uint64_t reply_count; /* of a message */
};

/* `n` rows, and whether more follow in the direction of reading. */
struct post_page {
    size_t n;
    struct post *rows; /* in the arena */
    uint64_t next_id;  /* newest-first pages: the first id of the next page; 0 on the last */
    bool more;         /* oldest-first pages: rows follow the last one */
};

struct message_store;
struct message_store_ops {
    /* Messages of `channel` with an id at most `from_id` (0: from the newest), newest first. */
    enum err (*messages)(struct message_store *self, const struct uuid *channel, uint64_t from_id,
                         unsigned limit, struct arena *arena, struct post_page *out);
    /* Replies to `message_id` with an id at most `from_id` (0: from the newest), newest first. */
    enum err (*replies)(struct message_store *self, uint64_t message_id, uint64_t from_id,
                        unsigned limit, struct arena *arena, struct post_page *out);
    /* Messages and replies of `channel` after position `seq`, oldest first. Here and below: where
     * there are several nodes, a `seq` that another one has shown already is waited for. */
    enum err (*after)(struct message_store *self, const struct uuid *channel, uint64_t seq,
                      unsigned limit, struct arena *arena, struct post_page *out);
    /* How many messages and replies of `channel` follow `seq`, counted to `max`; and the channel's
     * head (0: none). */
    enum err (*missed)(struct message_store *self, const struct uuid *channel, uint64_t seq,
                       unsigned max, unsigned *count, uint64_t *head_seq);
    /* The channel of message `message_id`. ERR_MESSAGE_NOT_FOUND (a reply's id too). */
    enum err (*channel_of)(struct message_store *self, uint64_t message_id, struct uuid *channel);
};

struct message_store {
    const struct message_store_ops *ops;
};

#endif
