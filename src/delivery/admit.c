#include "delivery/admit.h"

struct identity admit_identity(const struct claims *c)
{
    return (struct identity){
        .user = c->user,
        .name = str_of(c->name),
        .email = str_of(c->email),
        .jti = c->jti,
        .issued_s = c->issued_s,
        .expires_s = c->expires_s,
    };
}

enum err admit_token(const struct token_key *key, struct auth *auth, const struct clock *clock,
                     struct str token, struct claims *out)
{
    enum err e = token_verify(key, token, clock_wall_us(clock) / 1000000, out);
    if (e != ERR_OK)
        return e;
    const struct identity id = admit_identity(out);
    return auth_admit(auth, &id);
}
