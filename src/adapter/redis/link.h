/* One connection to Redis. Every call has a moment at which it gives up, whatever the other side
 * does. Inside adapter/redis only; one thread at a time. After anything but LINK_OK (and
 * LINK_TIMEOUT of link_read, which may be tried again) it is only good for closing. */
#ifndef PARLEY_ADAPTER_REDIS_LINK_H
#define PARLEY_ADAPTER_REDIS_LINK_H

#include <stdint.h>

#include "adapter/redis/reply.h"
#include "adapter/redis/server.h"

enum link_state {
    LINK_OK,
    LINK_TIMEOUT, /* no answer by then */
    LINK_CLOSED,  /* the other side closed, or the network did */
    LINK_GARBLED, /* what came is not what we asked for, or more than any answer has */
};

#define LINK_REASON_SIZE 160

struct link;
/* Connects, does the TLS handshake, logs in, chooses the database: all within connect_ms. NULL with
 * the reason. */
struct link *link_open(struct server *s, char *reason, size_t reason_size);
void link_close(struct link *l);

/* The moment `ms` from now (steady clock, microseconds): what the calls below take. */
int64_t link_deadline(unsigned ms);
enum link_state link_send(struct link *l, struct str commands, int64_t deadline_us);
/* The next answer, in `arena` (the same one when it is tried again). */
enum link_state link_read(struct link *l, struct arena *arena, int64_t deadline_us,
                          struct reply **out);
/* Asks whether Redis is there and answers within `wait_ms`. LINK_GARBLED also when it
 * refuses. */
enum link_state link_ping(struct link *l, unsigned wait_ms);
/* Is nothing there that was not asked for, and is the other side still there? Does not wait. */
bool link_is_quiet(struct link *l);
/* What the last call that failed failed of. */
const char *link_reason(const struct link *l);
/* Is it one that only another configuration can help? Then what to do about it, in `out`. */
bool link_refusal(const struct server *s, const char *reason, char *out, size_t size);

#endif
