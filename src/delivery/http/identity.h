/* Who makes a request: the token in `Authorization: Bearer`, or in place of that header the one in
 * the cookie of our own pages. Memory only, on the loop. */
#ifndef PARLEY_DELIVERY_HTTP_IDENTITY_H
#define PARLEY_DELIVERY_HTTP_IDENTITY_H

#include "delivery/http/exchange.h"

#define IDENTITY_COOKIE "parley_session"

/* Fills x->identity. ERR_NO_TOKEN (none, or another scheme), ERR_BAD_TOKEN, ERR_TOKEN_EXPIRED;
 * ERR_FORBIDDEN when the cookie would change something for a page that is not ours. */
enum err identity_of_request(struct exchange *x);
/* The same by the cookie alone, for a websocket: false as well when its Origin is neither ours nor
 * listed. */
bool identity_of_handshake(struct exchange *x);

/* Sets the cookie to `token` for `max_age_s`, unless a foreign page made the request; a token of
 * "" takes it away. */
void identity_set_cookie(struct exchange *x, const char *token, int64_t max_age_s);

#endif
