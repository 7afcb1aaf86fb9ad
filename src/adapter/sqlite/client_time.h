/* The time inside a client's id. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_CLIENT_TIME_H
#define PARLEY_ADAPTER_SQLITE_CLIENT_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* If `id` reads as a UUIDv7 (RFC 9562 section 5.7) or as a ULID, the milliseconds in it, 0 to
 * 2^48-1. What matters is only that the same text always gives the same answer. */
bool client_time_ms(struct str id, int64_t *out);

#endif
