/* The unread inbox of a member who is offline: what came in a channel since she went, a window of
 * the shared cache under inbox:<user>:<channel> (port/cache_keys.h).
 *
 *     floor       the position of the last post before it: everything after it is here
 *     an entry    its seq, and "<kind> <id> <parent> <author>": m or r, decimal numbers (parent 0
 *                 for a message), the author's id; never the text
 *
 * A post that follows one for which she was online starts the window afresh, so it holds exactly
 * what came since. It keeps the newest INBOX_ENTRIES for INBOX_DAYS. A repeated delivery changes
 * nothing. It is a cache like everything in there: it may be lost, and the history still knows.
 * The wire protocol does not read it: unread counts come from the history (decision 1061).
 */
#ifndef PARLEY_CONSUMER_INBOX_H
#define PARLEY_CONSUMER_INBOX_H

#include "domain/event.h"
#include "port/cache.h"
#include "port/message_store.h"

#define INBOX_ENTRIES 100
#define INBOX_DAYS    14

/* A run of posts of one channel, each following the one before it. ERR_UNAVAILABLE: the cache is
 * gone, they are not in the inbox. */
enum err inbox_push(struct cache *cache, const struct uuid *user, const struct post *posts,
                    size_t n);

#endif
