/* Who shows a token: the one check behind HTTP, websockets and gRPC. */
#ifndef PARLEY_DELIVERY_ADMIT_H
#define PARLEY_DELIVERY_ADMIT_H

#include "base/clock.h"
#include "base/err.h"
#include "service/auth.h"
#include "wire/token.h"

/* Whose claims these are; its strings lie in `c`. */
struct identity admit_identity(const struct claims *c);
/* Is `token` signed by `key`, in time, and its session still good? `out` is set on ERR_OK, and when
 * only the session was refused. ERR_BAD_TOKEN, ERR_TOKEN_EXPIRED. Any thread, memory only. */
enum err admit_token(const struct token_key *key, struct auth *auth, const struct clock *clock,
                     struct str token, struct claims *out);

#endif
