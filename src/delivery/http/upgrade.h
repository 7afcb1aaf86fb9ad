/* The websocket handshake (RFC 6455 section 4.2), the last thing the HTTP edge does on a
 * connection. `upgrade_handshake` (handlers.h) checks what the client asks and fills the 101, or
 * an answer that says what is missing: 426 without an upgrade or with another version than 13, 400
 * with a bad key. When the 101 is queued, `upgrade_hand_over` gives the connection away. */
#ifndef PARLEY_DELIVERY_HTTP_UPGRADE_H
#define PARLEY_DELIVERY_HTTP_UPGRADE_H

#include "delivery/http/exchange.h"

/* Gives `c` to the callback of the deps, with what followed the handshake. */
void upgrade_hand_over(struct exchange *x, struct conn *c, char *early, size_t n_early);

#endif
