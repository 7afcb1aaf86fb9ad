#include "delivery/http/identity.h"

#include "delivery/admit.h"
#include "delivery/http/origin.h"

static enum err token_admit(struct exchange *x, struct str token)
{
    const struct http_deps *deps = exchange_deps(x);
    enum err e = admit_token(deps->token_key, deps->auth, deps->clock, token, &x->claims);
    if (e == ERR_OK)
        x->identity = admit_identity(&x->claims);
    return e;
}

enum err identity_of_request(struct exchange *x)
{
    struct str value, token;
    if (http_field_get(x->request, "Authorization", &value))
        return token_from_bearer(value, &token) ? token_admit(x, token) : ERR_NO_TOKEN;
    if (!http_cookie_get(x->request, IDENTITY_COOKIE, &token) || token.n == 0)
        return ERR_NO_TOKEN;
    if (exchange_is_change(x) && !origins_is_own(&x->edge->origins, x->request, x->https))
        return ERR_FORBIDDEN;
    return token_admit(x, token);
}

static bool origin_may_connect(const struct exchange *x)
{
    struct str origin;
    const struct origins *o = &x->edge->origins;
    return origins_is_own(o, x->request, x->https) ||
           (http_field_get(x->request, "Origin", &origin) && origins_is_listed(o, origin));
}

bool identity_of_handshake(struct exchange *x)
{
    struct str token;
    return http_cookie_get(x->request, IDENTITY_COOKIE, &token) && origin_may_connect(x) &&
           token_admit(x, token) == ERR_OK;
}

void identity_set_cookie(struct exchange *x, const char *token, int64_t max_age_s)
{
    const struct origins *o = &x->edge->origins;
    if (origins_is_foreign(o, x->request, x->https))
        return;
    bool secure = x->https || origins_public_is_https(o);
    buf_printf(&x->response.fields,
               "Set-Cookie: " IDENTITY_COOKIE
               "=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%lld%s\r\n",
               token, (long long)(max_age_s < 0 ? 0 : max_age_s), secure ? "; Secure" : "");
}
