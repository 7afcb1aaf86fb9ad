/* port/webhook.h over libcurl: a signed POST.
 *
 * Signed as Standard Webhooks says (https://www.standardwebhooks.com), so that receivers can use
 * its libraries:
 *
 *     webhook-id:         the id, a UUID; the same over all tries
 *     webhook-timestamp:  when this try was made, seconds since 1970
 *     webhook-signature:  v1,<base64 of HMAC-SHA256(secret, id "." timestamp "." body)>
 *
 * A secret of the form whsec_<base64> is the bytes it says; any other is taken as it is.
 *
 * It goes to the configured address and nowhere else: http and https only, no redirects, no proxy
 * of the environment, no cookies, no netrc. What users write goes into the body, never into the
 * address or a header. Certificates and their names are verified. Connecting, and the whole
 * exchange, have time limits; an answer is read up to WEBHOOK_ANSWER_MAX and thrown away.
 */
#ifndef PARLEY_ADAPTER_WEBHOOK_WEBHOOK_H
#define PARLEY_ADAPTER_WEBHOOK_WEBHOOK_H

#include "base/clock.h"
#include "port/webhook.h"

#define WEBHOOK_ANSWER_MAX ((size_t)64 * 1024)
#define WEBHOOK_SECRET_MAX 512

/* Strings are copied. Numbers: 0 means the default. */
struct webhook_config {
    const char *url;           /* http:// or https:// */
    const char *secret;        /* not empty */
    const char *tls_ca;        /* PEM file of whom to trust; NULL or "": whom the system trusts */
    const struct clock *clock; /* of the timestamps */
    unsigned connect_ms;       /* 3,000 */
    unsigned total_ms;         /* 10,000 */
};

struct webhook;
/* ERR_BAD_REQUEST with the reason when the configuration cannot be meant. */
enum err webhook_open(const struct webhook_config *config, struct webhook **out, char *reason,
                      size_t reason_size);
/* No call may be under way. NULL is fine. */
void webhook_close(struct webhook *w);
/* The port; lives as long as `w`. */
struct web_hook *webhook_port(struct webhook *w);

#endif
