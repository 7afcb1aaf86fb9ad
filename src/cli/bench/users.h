/* The bench's users and channels, made over HTTP by part 1 of the contract: register, log in,
 * create, join. Several threads do it, since a password hash takes a while. */
#ifndef PARLEY_CLI_BENCH_USERS_H
#define PARLEY_CLI_BENCH_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/uuid.h"
#include "cli/bench/options.h"

struct user {
    char name[64];
    char id[UUID_TEXT_LEN + 1];
    char *token; /* NULL: not yet known */
};

/* `n` users with tokens: from the tokens' file where it is good, else registered and logged in,
 * then kept there. NULL with the reason. */
struct user *users_get(const struct options *o, uint32_t n, char *reason, size_t size);
void users_free(struct user *users, uint32_t n);

/* A channel with its members, by their numbers; users[first] makes it. */
struct channel_plan {
    uint32_t first, count;
    char id[UUID_TEXT_LEN + 1]; /* out */
};
bool users_make_channels(const struct options *o, const struct user *users,
                         struct channel_plan *plans, uint32_t n, char *reason, size_t size);

#endif
