/* The herald: tells the other nodes what concerns their sessions and is no event of the journal,
 * and hears it from them.
 *
 *     a read position moved, sessions were revoked, someone types     told at once, by any thread
 *     a user came online or went                                      told by the first shard's
 * loop who is online here, a slice a second                            the same
 *
 * Presence is told by one thread, as it is at that moment, so that what was told last is what is
 * so. Words may be lost: a read position is told by the next request, typing is over in five
 * seconds anyway, a revocation is read from the store by every node within seconds, and presence is
 * repeated (peers.h). A node that begins, or was cut off, asks all others for all of their slices.
 *
 * What is heard comes on a thread of the bus and goes to the shards as notices, which are bounded.
 * A NULL herald is that of a node alone: every call does nothing. */
#ifndef PARLEY_FANOUT_HERALD_H
#define PARLEY_FANOUT_HERALD_H

#include "base/str.h"
#include "base/uuid.h"

struct bus;
struct herald;
struct hub;
struct peers;

struct herald *herald_new(struct hub *h, struct bus *bus, struct peers *peers);
void herald_free(struct herald *r);
/* Begins to listen and to speak. */
void herald_open(struct herald *r);
/* Says goodbye; nothing is told or heard after it. */
void herald_close(struct herald *r);

/* Any thread. */
void herald_read(struct herald *r, const struct uuid *user, const struct uuid *channel,
                 uint64_t seq);
void herald_revoked(struct herald *r, const struct uuid *user, const struct uuid *jti,
                    int64_t issued_before_us);
void herald_typing(struct herald *r, const struct uuid *user, struct str name,
                   const struct uuid *channel);

/* On the first shard's loop. The user, who is in `channels`, came or went: tells how it is now. */
void herald_presence(struct herald *r, const struct uuid *user, struct str name,
                     const struct uuid *channels, size_t n);
/* Once a second. */
void herald_tick(struct herald *r);

#endif
