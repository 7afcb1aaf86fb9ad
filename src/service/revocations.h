/* Which sessions are void, in memory: asked at every request and every websocket, so looking up
 * costs one or two hash look-ups under a mutex. (Not a read-write lock: for so short a section it
 * is no cheaper, and readers could keep a revocation waiting.)
 *
 * Two maps: the ids of single sessions that were logged out, and for each user the moment before
 * which all tokens are void (the password was changed). An entry is forgotten once no token it
 * concerns can be valid any more, which for those of a user is a session's lifetime after that
 * moment, whatever the store says (auth_admit refuses tokens that are older). At REVOCATIONS_MAX
 * single sessions a further one is not refused and not forgotten: all tokens that the user was
 * issued up to that session become void instead, which needs an entry a user, not a session.
 */
#ifndef PARLEY_SERVICE_REVOCATIONS_H
#define PARLEY_SERVICE_REVOCATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port/account_store.h"

#define REVOCATIONS_MAX ((size_t)1 << 20)

struct revocations;
/* At most `max` single sessions, which live `session_us` from their issue. */
struct revocations *revocations_new(size_t max, int64_t session_us);
void revocations_free(struct revocations *r);

/* True when it is news. One that expired before `now_us` is none. */
bool revocations_add(struct revocations *r, const struct revocation *given, int64_t now_us);
/* Is the session `jti` (UUID_NIL: none) of `user`, issued at `issued_us`, void? */
bool revocations_has(struct revocations *r, const struct uuid *user, const struct uuid *jti,
                     int64_t issued_us);
/* Forgets what expired, in the order it came, at most REVOCATIONS_SWEEP_MAX of each map. True when
 * there may be more: nobody is held up for long, whoever sweeps goes on. */
#define REVOCATIONS_SWEEP_MAX 512
bool revocations_sweep(struct revocations *r, int64_t now_us);
/* How many entries there are. */
size_t revocations_count(struct revocations *r);

#endif
