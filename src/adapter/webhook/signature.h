/* The signature of a web hook (webhook.h). Inside adapter/webhook only. */
#ifndef PARLEY_ADAPTER_WEBHOOK_SIGNATURE_H
#define PARLEY_ADAPTER_WEBHOOK_SIGNATURE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define SIGNATURE_KEY_MAX 512
#define SIGNATURE_SIZE    48 /* "v1,", 44 characters of base64, NUL */

struct signature_key {
    unsigned char bytes[SIGNATURE_KEY_MAX];
    size_t n;
};

/* The key that a configured secret means. False when it is empty, too long, or not the base64 that
 * it says it is. */
bool signature_key_init(struct signature_key *k, struct str secret);
/* Signs; false when the library cannot. `id` is a text. */
bool signature_make(const struct signature_key *k, struct str id, int64_t time_s, struct str body,
                    char out[SIGNATURE_SIZE]);

#endif
