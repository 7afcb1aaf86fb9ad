/* Passwords: argon2id through libsodium, t=2, 19 MiB (OWASP Password Storage Cheat Sheet's
 * minimum), about 20 ms. The parameters stand in each hash, so older ones go on being verified
 * after these change; and so do chat-app's (service/bcrypt.h), until their owners log in. Behind a
 * table of functions, so that tests can count the work and a simulator can do without it. All
 * block; any thread. Passwords are borrowed and never copied. */
#ifndef PARLEY_SERVICE_PASSWORD_H
#define PARLEY_SERVICE_PASSWORD_H

#include "base/err.h"
#include "base/str.h"

#define PASSWORD_HASH_SIZE 128 /* with the NUL */

enum hash_state {
    HASH_CURRENT,
    HASH_STALE,     /* made with other parameters than those of today */
    HASH_MALFORMED, /* none at all: verifying it would be refused without the work */
};

struct hasher {
    /* Writes the hash of `password` with a NUL. ERR_UNAVAILABLE: no memory for it. */
    enum err (*hash)(struct str password, char out[PASSWORD_HASH_SIZE]);
    /* ERR_OK, ERR_BAD_PASSWORD after the same amount of work, ERR_UNAVAILABLE. */
    enum err (*verify)(struct str password, const char *hash);
    enum hash_state (*inspect)(const char *hash);
};

extern const struct hasher password_argon2id;

#endif
