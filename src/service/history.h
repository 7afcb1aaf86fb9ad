/* Reading what was said, for members only. Blocking; for workers. */
#ifndef PARLEY_SERVICE_HISTORY_H
#define PARLEY_SERVICE_HISTORY_H

#include "base/arena.h"
#include "base/err.h"
#include "port/channel_store.h"
#include "port/message_store.h"

struct history {
    struct channel_store *channels;
    struct message_store *messages;
};

/* `limit` is 1..LIMIT_PAGE_ROWS. ERR_NOT_MEMBER, ERR_CHANNEL_NOT_FOUND, ERR_UNAVAILABLE. */
enum err history_messages(const struct history *h, const struct uuid *reader,
                          const struct uuid *channel, uint64_t from_id, unsigned limit,
                          struct arena *arena, struct post_page *out);
/* ERR_MESSAGE_NOT_FOUND too. */
enum err history_replies(const struct history *h, const struct uuid *reader, uint64_t message_id,
                         uint64_t from_id, unsigned limit, struct arena *arena,
                         struct post_page *out);
enum err history_after(const struct history *h, const struct uuid *reader,
                       const struct uuid *channel, uint64_t seq, unsigned limit,
                       struct arena *arena, struct post_page *out);

#endif
