/* Sending: may she, is it well formed, is it not too fast; then the journal. Any thread, never
 * blocks. Membership is the caller's to know: a websocket session knows its channels, an HTTP
 * request asks the store first. */
#ifndef PARLEY_SERVICE_MESSAGE_H
#define PARLEY_SERVICE_MESSAGE_H

#include "base/clock.h"
#include "base/err.h"
#include "domain/event.h"
#include "domain/limits.h"
#include "port/journal.h"

struct message_config {
    struct journal *journal;
    const struct clock *clock;
    const struct limits *limits; /* borrowed */
};

struct send {
    enum event_kind kind; /* EVENT_MESSAGE or EVENT_REPLY */
    struct uuid channel, user;
    uint64_t parent; /* a reply's message_id */
    struct str username, content, client_msg_id;
    struct origin origin; /* of a websocket; ORIGIN_NO_SHARD from HTTP */
    bool is_member;
    struct trace_context trace; /* the request's span; none: it is not traced */
};

/* On the journal's thread: the verdict is in `a` (see port/journal.h), which lives until it
 * returns. Must not block. */
typedef void (*send_done_f)(const struct append *a, void *arg);

struct messages;
struct messages *messages_new(const struct message_config *config);
void messages_free(struct messages *m);

/* ERR_OK: copied and queued, `done` will come. Otherwise refused, `done` will not come, the
 * sentence and retry_after_ms are in `f`: ERR_NOT_MEMBER, ERR_BAD_REQUEST, ERR_TOO_LARGE,
 * ERR_RATE_LIMITED, ERR_UNAVAILABLE. */
enum err messages_send(struct messages *m, const struct send *s, send_done_f done, void *arg,
                       struct fault *f);

#endif
