/* Passwords as chat-app stored them: bcrypt. They are accepted and never made: whoever logs in with
 * one gets an argon2id hash in its place (service/auth.c renews what is HASH_STALE). The work is
 * libcrypt's. Blocks, 60 ms at chat-app's cost of 10; any thread. */
#ifndef PARLEY_SERVICE_BCRYPT_H
#define PARLEY_SERVICE_BCRYPT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Twice the work each: what somebody writes into the store must not hold a worker for hours. */
#define BCRYPT_COST_MAX 14

/* A whole hash of the kinds $2a$, $2b$ and $2y$, of a cost of 4 to BCRYPT_COST_MAX? */
bool bcrypt_is_hash(const char *hash);
/* Of such a hash. As bcrypt does, it looks at the first 72 bytes; a password with a NUL is no
 * one's. ERR_OK, ERR_BAD_PASSWORD, ERR_UNAVAILABLE (no memory, or libcrypt does not have it). */
enum err bcrypt_verify(struct str password, const char *hash);

#endif
