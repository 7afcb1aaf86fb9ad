/* What the web hook is told: one message or reply, and for which members who are offline.
 *
 *     {"type":"message.created","timestamp":"2026-11-24T10:15:46.123Z","data":{
 *       "channel_id":"...","message_id":1,"seq":1,"user_id":"...","username":"...",
 *       "content":"...","users":["...", ...]}}
 *
 * A reply is "reply.created" and has "reply_id" too. A text whose JSON is longer than
 * NOTE_CONTENT_MAX is cut, and "truncated":true says so. "presence":"unknown" stands beside "users"
 * when nobody could say who is offline (the shared cache is gone): then all but the author are in.
 *
 * Idempotency. A delivery that is repeated must have the id of the first one, and mean the same
 * people, though others may be offline by then. So members are divided into parts by their own ids
 * (1 part up to NOTE_PART_MEMBERS members, else 16, else 256), each part is a note of its own, and
 * its id is a function of the post and the part: a UUID of version 8, "parley", the part, and the
 * post's id.
 */
#ifndef PARLEY_CONSUMER_NOTE_H
#define PARLEY_CONSUMER_NOTE_H

#include "base/buf.h"
#include "domain/event.h"

#define NOTE_PART_MEMBERS 256
#define NOTE_USERS_MAX    512 /* of one note */
#define NOTE_CONTENT_MAX  ((size_t)32 * 1024)
#define NOTE_BYTES_MAX    ((size_t)60 * 1024)

/* How many parts a channel of `members` has, and in which one a user is. */
unsigned note_parts(size_t members);
unsigned note_part_of(const struct uuid *user, unsigned parts);
/* The idempotency id. */
struct uuid note_id(const struct event *post, unsigned part);
/* The body, into `out`, whose limit must allow NOTE_BYTES_MAX. At most NOTE_USERS_MAX users. */
void note_encode(const struct event *post, const struct uuid *users, size_t n,
                 bool presence_is_known, struct buf *out);

#endif
