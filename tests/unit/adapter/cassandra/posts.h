/* Made-up posts for the tests on a real Cassandra. */
#ifndef PARLEY_CASSANDRA_POSTS_H
#define PARLEY_CASSANDRA_POSTS_H

#include <stdint.h>

#include "domain/event.h"

/* Where a channel stands: begin with a zeroed one and a channel. */
struct posts {
    struct uuid channel;
    uint64_t seq, prev_seq, last_id;
};

/* A channel that no other test uses. */
struct posts posts_of_new_channel(void);
/* The next message, or a reply to `parent` (0: a message), of user `user` at `at_ms` or as soon as
 * its predecessor lets it; the text is borrowed. */
struct event posts_next(struct posts *p, unsigned user, uint64_t parent, int64_t at_ms,
                        const char *text);
/* The n-th user. */
struct uuid posts_user(unsigned n);

#endif
