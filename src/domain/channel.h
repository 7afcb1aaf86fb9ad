/* A channel, as everyone may see it. */
#ifndef PARLEY_DOMAIN_CHANNEL_H
#define PARLEY_DOMAIN_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"

#define CHANNEL_NAME_CHARS_MAX 80

struct channel {
    struct uuid id;
    struct str name; /* borrowed; 1..80 characters of UTF-8 without control characters */
    struct uuid owner;
    int64_t created_us; /* since 1970 */
};

/* Is `name` one a channel may have? */
bool channel_name_is_valid(struct str name);

#endif
