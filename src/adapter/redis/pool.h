/* The connections of the cache, and whether Redis is there. Inside adapter/redis only.
 *
 * A call borrows a connection, asks, reads the answer and gives it back; there are at most
 * `connections`, opened when they are needed. One connection that fails (or does not answer in
 * command_ms) means that Redis is away: all idle ones are closed and every call fails at once, from
 * then on, without a system call. The keeper, a thread of the pool, asks on a connection of its own
 * every probe_ms, and is the one that says when Redis is there again; nobody's call is spent on
 * finding out. So a Redis that hangs costs each caller who was on the way command_ms, once.
 *
 * A connection that was idle and turns out to be closed (Redis was restarted, or closes idle ones)
 * is not such a sign: the call is made again on a new one.
 */
#ifndef PARLEY_ADAPTER_REDIS_POOL_H
#define PARLEY_ADAPTER_REDIS_POOL_H

#include "adapter/redis/link.h"

struct pool;
/* Starts the keeper, waits (at most connect_ms and twice command_ms) for its first look. `server`
 * is borrowed. */
struct pool *pool_new(struct server *server);
void pool_free(struct pool *p);

/* One command, one answer, which may be an error of Redis. Any thread; blocks for at most
 * connect_ms and twice command_ms. ERR_UNAVAILABLE; ERR_TOO_LARGE for an answer that is not Redis'
 * protocol or larger than any of ours. */
enum err pool_call(struct pool *p, struct str command, struct arena *arena, struct reply **out);
/* Is Redis there? Otherwise says why not. Never blocks. */
bool pool_is_up(struct pool *p, char *detail, size_t size);

#endif
