/* The time inside a client's id: with it, most ids need no look-up to be known as new. */
#ifndef PARLEY_DOMAIN_CLIENT_TIME_H
#define PARLEY_DOMAIN_CLIENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* If `id` reads as a UUIDv7 (RFC 9562 section 5.7) or as a ULID, the milliseconds in it, 0 to
 * 2^48-1. What matters is only that the same text always gives the same answer. */
bool client_time_ms(struct str id, int64_t *out);

#endif
