/* The web hook that the configuration names: who is told about messages to members who are offline.
 * Calls block, for as long as the driver's time limits say; any number of threads.
 *
 * Every driver promises: the request is signed with the configured secret and dated at this very
 * call (a later try is dated and signed anew); its id is the given one, so that the receiver can
 * tell a repeat; it goes nowhere but to the configured address; what the receiver answers is read
 * no further than it needs to be.
 */
#ifndef PARLEY_PORT_WEBHOOK_H
#define PARLEY_PORT_WEBHOOK_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "base/uuid.h"

struct web_hook;
struct web_hook_ops {
    /* ERR_OK: the receiver took `body` (JSON): it answered 2xx. ERR_UNAVAILABLE: it did not, or
     * nobody knows; why, for people, in `reason`, which holds nothing of the body, the secret or
     * the answer's text. */
    enum err (*post)(struct web_hook *self, const struct uuid *id, struct str body, char *reason,
                     size_t reason_size);
};

struct web_hook {
    const struct web_hook_ops *ops;
};

#endif
