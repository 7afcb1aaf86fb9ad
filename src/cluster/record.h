/* What the cluster engine puts into the log: one event, as bytes.
 *
 *     0  version   1 byte, RECORD_VERSION
 *     1  kind      1 byte, enum event_kind
 *     2  channel, user   16 bytes each
 *        a message or reply:                a join, leave or creation:
 *    34  parent          8                  34  version of the channel   8
 *    42  username        1 + n              42  members                  4
 *        client_msg_id   1 + n              46  owner                   16
 *        content         2 + n              62  created, microseconds    8
 *                                           70  username                 1 + n
 *                                               name                     2 + n
 *
 * Numbers are little-endian; nothing follows. The stamps (seq, prev_seq, id) are not in it: they
 * are what the follower finds. Decoding trusts nothing, whoever wrote into the topic: a record it
 * takes holds an event that a service would have taken.
 */
#ifndef PARLEY_CLUSTER_RECORD_H
#define PARLEY_CLUSTER_RECORD_H

#include "base/buf.h"
#include "domain/event.h"

#define RECORD_VERSION     1
#define RECORD_CONTENT_MAX 61440 /* bytes: the most that limits.message_bytes may be */
#define RECORD_BYTES_MAX   (RECORD_CONTENT_MAX + 1024)

struct record {
    struct event event; /* without its stamps; strings borrowed from the bytes */
    uint64_t version;   /* of the channel after a join, leave or creation (channel_table.h) */
};

/* Appends `e` to `out`, whose limit must allow RECORD_BYTES_MAX. `version` is 0 for messages and
 * replies. */
void record_encode(const struct event *e, uint64_t version, struct buf *out);
/* False for anything that could not be. */
bool record_decode(struct str value, struct record *out);

#endif
