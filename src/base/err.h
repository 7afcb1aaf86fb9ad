/* Errors: the one table that names everything that can be refused or can go wrong.
 *
 * A service returns an `enum err`; the edges translate it by this table and by nothing else:
 * HTTP takes `status`, the websocket and JSON take `code` (a stable word of the wire contract),
 * and both take `text`, the sentence a person reads. Where a refusal has a sentence of its own
 * ("The Field: email is required"), the service fills a `struct fault`.
 */
#ifndef PARLEY_BASE_ERR_H
#define PARLEY_BASE_ERR_H

#include <stdint.h>

/* Read it by its columns. */
/* clang-format off */
/*        name              status  code            public text */
#define ERR_TABLE(X)                                                                               \
    X(ERR_OK,                 200, "",             "")                                             \
    X(ERR_BAD_REQUEST,        400, "bad_request",  "The request is malformed")                     \
    X(ERR_NO_TOKEN,           401, "unauthorized", "Not Get JWT claims")                           \
    X(ERR_BAD_TOKEN,          401, "unauthorized", "Invalid JWT claims")                           \
    X(ERR_TOKEN_EXPIRED,      401, "expired",      "JWT claims is expired")                        \
    X(ERR_BAD_PASSWORD,       401, "unauthorized", "Password is wrong")                            \
    X(ERR_FORBIDDEN,          403, "forbidden",    "This request may not come from another site")  \
    X(ERR_NOT_MEMBER,         403, "forbidden",    "Not a member of this channel")                 \
    X(ERR_NOT_FOUND,          404, "not_found",    "Not found")                                    \
    X(ERR_CHANNEL_NOT_FOUND,  404, "not_found",    "There is no such channel")                     \
    X(ERR_MESSAGE_NOT_FOUND,  404, "not_found",    "There is no such message")                     \
    X(ERR_USER_NOT_FOUND,     404, "not_found",    "There is no such user")                        \
    X(ERR_NOT_JOINED,         404, "not_found",    "Not a member of this channel")                 \
    X(ERR_METHOD,             405, "bad_request",  "This method is not allowed here")              \
    X(ERR_EMAIL_TAKEN,        409, "conflict",     "This Field users_email_key is used")           \
    X(ERR_ALREADY_MEMBER,     409, "conflict",     "This Field userid_channelid_pkey is used")     \
    X(ERR_CLIENT_ID_CONFLICT, 409, "conflict",     "This client_msg_id was used with another content") \
    X(ERR_TOO_MANY_CHANNELS,  409, "conflict",     "You are in as many channels as one may be; leave one first") \
    X(ERR_TOO_LARGE,          413, "too_large",    "The request is too large")                     \
    X(ERR_RATE_LIMITED,       429, "rate_limited", "Too many requests; wait a moment")             \
    X(ERR_UNAVAILABLE,        503, "unavailable",  "The service cannot do this right now; try again") \
    X(ERR_UNKNOWN,            503, "unknown",      "The outcome is unknown; retry with the same client_msg_id") \
    X(ERR_INTERNAL,           500, "internal",     "Something went wrong on the server")

enum err {
#define ERR_ENUM(name, status, code, text) name,
    ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
    ERR_COUNT
};
/* clang-format on */

/* A refusal with its own sentence. `text` is "" when the table's sentence serves. */
struct fault {
    enum err err;
    uint32_t retry_after_ms; /* 0: waiting does not help */
    char text[160];
};

/* HTTP status of `e`, 200..503. */
int err_status(enum err e);
/* The stable word of the wire contract, "" for ERR_OK. Static. */
const char *err_code(enum err e);
/* The table's public sentence. Static. */
const char *err_text(enum err e);
/* The symbolic name, for logs. Static. */
const char *err_name(enum err e);

/* Sets `f` (may be NULL) to `e` with a printf sentence (NULL: the table's), returns `e`. A sentence
 * that is too long is cut, between characters. */
enum err fault_set(struct fault *f, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The sentence of `f`: its own or its error's. Lives as long as `f`. */
const char *fault_text(const struct fault *f);

#endif
