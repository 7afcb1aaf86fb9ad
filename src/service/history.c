#include "service/history.h"

#include <assert.h>

#include "domain/limits.h"

static enum err require_member(const struct history *h, const struct uuid *reader,
                               const struct uuid *channel, unsigned limit)
{
    assert(limit >= 1 && limit <= LIMIT_PAGE_ROWS);
    return h->channels->ops->is_member(h->channels, reader, channel);
}

enum err history_messages(const struct history *h, const struct uuid *reader,
                          const struct uuid *channel, uint64_t from_id, unsigned limit,
                          struct arena *arena, struct post_page *out)
{
    enum err e = require_member(h, reader, channel, limit);
    if (e != ERR_OK)
        return e;
    return h->messages->ops->messages(h->messages, channel, from_id, limit, arena, out);
}

enum err history_replies(const struct history *h, const struct uuid *reader, uint64_t message_id,
                         uint64_t from_id, unsigned limit, struct arena *arena,
                         struct post_page *out)
{
    struct uuid channel;
    enum err e = h->messages->ops->channel_of(h->messages, message_id, &channel);
    if (e == ERR_OK)
        e = require_member(h, reader, &channel, limit);
    if (e != ERR_OK)
        return e;
    return h->messages->ops->replies(h->messages, message_id, from_id, limit, arena, out);
}

enum err history_after(const struct history *h, const struct uuid *reader,
                       const struct uuid *channel, uint64_t seq, unsigned limit,
                       struct arena *arena, struct post_page *out)
{
    enum err e = require_member(h, reader, channel, limit);
    if (e != ERR_OK)
        return e;
    return h->messages->ops->after(h->messages, channel, seq, limit, arena, out);
}
