/* Notices: what is told between shards and is no event of the journal. One body a notice, shared;
 * one small mail a shard.
 *
 * A shard that lets NOTICES_MAX pile up loses typing (it is gone after five seconds anyway), reads
 * (the next request tells them) and presence (it then asks the store again for every watched
 * channel). Revocations are never lost. */
#ifndef PARLEY_FANOUT_NOTICE_H
#define PARLEY_FANOUT_NOTICE_H

#include "fanout/shard.h"

/* The first session of the user has attached, or the last is about to go. On the session's loop.
 * Other nodes are told too. */
void notice_presence(struct session *s);

/* The rest is for the sessions here. Any thread. */

/* The user, who is in `channels`, has come online or gone, here or elsewhere. */
void notice_came_or_went(struct hub *h, const struct uuid *user, struct str name,
                         const struct uuid *channels, size_t n);
/* Anyone may have: what the watchers believe is no longer sure. */
void notice_unsure(struct hub *h);
void notice_typing(struct hub *h, const struct uuid *user, struct str name,
                   const struct uuid *channel);
/* See port/notifier.h. */
void notice_read(struct hub *h, const struct uuid *user, const struct uuid *channel, uint64_t seq,
                 uint32_t except_shard, uint64_t except_session);
void notice_revoked(struct hub *h, const struct uuid *user, const struct uuid *jti,
                    int64_t issued_before_us);

#endif
