/* UUIDs (RFC 9562): the ids of users, channels and sessions. Sixteen bytes, compared as bytes.
 * Ours rather than libuuid's because every websocket frame parses one. */
#ifndef PARLEY_BASE_UUID_H
#define PARLEY_BASE_UUID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

struct uuid {
    uint8_t b[16];
};

#define UUID_TEXT_LEN 36
#define UUID_NIL      ((struct uuid){{0}})

/* The form 8-4-4-4-12 of hex digits, either case; false for anything else. */
bool uuid_from_text(struct str text, struct uuid *out);
/* Lower case, UUID_TEXT_LEN characters, no NUL. */
void uuid_to_text(const struct uuid *u, char *out);
/* A random one (version 4). */
struct uuid uuid_random(void);

static inline bool uuid_eq(const struct uuid *a, const struct uuid *b)
{
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

/* For printf and logs: a NUL-terminated text with a storage of its own. */
struct uuid_text {
    char s[UUID_TEXT_LEN + 1];
};
static inline struct uuid_text uuid_text(const struct uuid *u)
{
    struct uuid_text t;
    uuid_to_text(u, t.s);
    t.s[UUID_TEXT_LEN] = '\0';
    return t;
}

#endif
