#include "consumer/inbox.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "port/cache_keys.h"

#define ENTRY_SIZE 96 /* two numbers of at most 20 digits, an id, separators */
#define TTL_MS     (UINT32_C(1000) * 60 * 60 * 24 * INBOX_DAYS)

enum err inbox_push(struct cache *cache, const struct uuid *user, const struct post *posts,
                    size_t n)
{
    struct cache_entry entries[INBOX_ENTRIES];
    char values[INBOX_ENTRIES][ENTRY_SIZE];
    assert(n > 0);
    size_t from = n > INBOX_ENTRIES ? n - INBOX_ENTRIES : 0;
    struct cache_key key = cache_key_inbox(user, &posts[0].event.channel);
    for (size_t i = from; i < n; i++) {
        const struct event *e = &posts[i].event;
        int length =
            snprintf(values[i - from], ENTRY_SIZE, "%c %" PRIu64 " %" PRIu64 " %s",
                     e->kind == EVENT_MESSAGE ? 'm' : 'r', e->id, e->parent, uuid_text(&e->user).s);
        entries[i - from] = (struct cache_entry){e->seq, {values[i - from], (size_t)length}};
    }
    return cache->ops->window_push(cache, cache_key_str(&key), posts[from].event.prev_seq, entries,
                                   n - from, INBOX_ENTRIES, TTL_MS);
}
