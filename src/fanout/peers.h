/* Who has a session open on the other nodes, as far as they have told.
 *
 * A node tells at once who came and who went; but words get lost, and nodes die. So each node also
 * repeats who is online there, one of WORD_SLICES slices of its users at a time, one or more a
 * second. When a slice was heard whole, whoever of it is believed to be there and was not named is
 * there no more; when it was not, the next round will do, or after PEER_BROKEN_MAX such rounds what
 * was heard must. A node of which nothing was heard for PEER_SILENCE_TICKS is gone, and all of its
 * users with it.
 *
 * At most PEERS_MAX other nodes and PEER_USERS_MAX users; further ones are not known of, which the
 * caller is told. Any thread; one mutex, held for the walk of one slice at most. */
#ifndef PARLEY_FANOUT_PEERS_H
#define PARLEY_FANOUT_PEERS_H

#include "fanout/table.h"
#include "fanout/word.h"

#define PEERS_MAX          32
#define PEER_USERS_MAX     ((size_t)1 << 20)
#define PEER_SILENCE_TICKS 10
#define PEER_BROKEN_MAX    3

struct peers;

/* Which slice a user is in, on every node. */
static inline unsigned peers_slice_of(const struct uuid *user)
{
    return (unsigned)(table_hash(user) >> 60);
}

struct peers *peers_new(void);
void peers_free(struct peers *p);

enum peer_news { PEER_KNOWN, PEER_NEW, PEER_REFUSED };
/* Something was heard of `node`, which from now on is one of the peers unless there is no room. */
enum peer_news peers_hear(struct peers *p, const struct uuid *node);

/* The following return whether it is online somewhere has changed for anybody; a node that is no
 * peer changes nothing. */
bool peers_set(struct peers *p, const struct uuid *node, const struct uuid *user, bool online);
/* A word of kind WORD_SLICE. */
bool peers_take_slice(struct peers *p, const struct word *w);
bool peers_forget(struct peers *p, const struct uuid *node);
/* Once a second. `is_deaf`: the bus is away, and silence means nothing. */
bool peers_tick(struct peers *p, bool is_deaf);

/* Sets `online[i]` where the user is online on one of the peers, leaves it alone where not. */
void peers_online(struct peers *p, const struct uuid *users, size_t n, bool *online);
/* How many peers there are, and users online on them. */
void peers_count(struct peers *p, size_t *n_peers, size_t *n_users);

#endif
