/* Errors: the one table that names everything that can be refused or can go wrong.
 *
 * A service returns an `enum err`; the edges translate it by this table and by nothing else:
 * HTTP takes `status`, gRPC its own, the websocket and JSON take `code` (a stable word of the wire
 * contract), and all take `text`, the sentence a person reads. Where a refusal has a sentence of
 * its own ("The Field: email is required"), the service fills a `struct fault`.
 */
#ifndef PARLEY_BASE_ERR_H
#define PARLEY_BASE_ERR_H

#include <stdint.h>

/* Read it by its columns. */
/* clang-format off */
/*        name              status  gRPC                 code            public text */
#define ERR_TABLE(X)                                                                               \
    X(ERR_OK,                 200, OK,                  "",             "") \
    X(ERR_BAD_REQUEST,        400, INVALID_ARGUMENT,    "bad_request",  "The request is malformed") \
    X(ERR_NO_TOKEN,           401, UNAUTHENTICATED,     "unauthorized", "Not Get JWT claims") \
    X(ERR_BAD_TOKEN,          401, UNAUTHENTICATED,     "unauthorized", "Invalid JWT claims") \
    X(ERR_TOKEN_EXPIRED,      401, UNAUTHENTICATED,     "expired",      "JWT claims is expired") \
    X(ERR_BAD_PASSWORD,       401, UNAUTHENTICATED,     "unauthorized", "Password is wrong") \
    X(ERR_FORBIDDEN,          403, PERMISSION_DENIED,   "forbidden",    "This request may not come from another site") \
    X(ERR_NOT_MEMBER,         403, PERMISSION_DENIED,   "forbidden",    "Not a member of this channel") \
    X(ERR_NOT_FOUND,          404, NOT_FOUND,           "not_found",    "Not found") \
    X(ERR_CHANNEL_NOT_FOUND,  404, NOT_FOUND,           "not_found",    "There is no such channel") \
    X(ERR_MESSAGE_NOT_FOUND,  404, NOT_FOUND,           "not_found",    "There is no such message") \
    X(ERR_USER_NOT_FOUND,     404, NOT_FOUND,           "not_found",    "There is no such user") \
    X(ERR_NOT_JOINED,         404, NOT_FOUND,           "not_found",    "Not a member of this channel") \
    X(ERR_METHOD,             405, UNIMPLEMENTED,       "bad_request",  "This method is not allowed here") \
    X(ERR_EMAIL_TAKEN,        409, ALREADY_EXISTS,      "conflict",     "This Field users_email_key is used") \
    X(ERR_ALREADY_MEMBER,     409, ALREADY_EXISTS,      "conflict",     "This Field userid_channelid_pkey is used") \
    X(ERR_CLIENT_ID_CONFLICT, 409, ALREADY_EXISTS,      "conflict",     "This client_msg_id was used with another content") \
    X(ERR_TOO_MANY_CHANNELS,  409, FAILED_PRECONDITION, "conflict",     "You are in as many channels as one may be; leave one first") \
    X(ERR_TOO_LARGE,          413, INVALID_ARGUMENT,    "too_large",    "The request is too large") \
    X(ERR_RATE_LIMITED,       429, RESOURCE_EXHAUSTED,  "rate_limited", "Too many requests; wait a moment") \
    X(ERR_TOO_SLOW,           429, RESOURCE_EXHAUSTED,  "rate_limited", "You read more slowly than is written; resume") \
    X(ERR_UNAVAILABLE,        503, UNAVAILABLE,         "unavailable",  "The service cannot do this right now; try again") \
    X(ERR_UNKNOWN,            503, UNKNOWN,             "unknown",      "The outcome is unknown; retry with the same client_msg_id") \
    X(ERR_INTERNAL,           500, INTERNAL,            "internal",     "Something went wrong on the server")

/* The status codes of gRPC (its doc/statuscodes.md); a closed list. */
enum rpc_code {
    RPC_OK = 0, RPC_CANCELLED, RPC_UNKNOWN, RPC_INVALID_ARGUMENT, RPC_DEADLINE_EXCEEDED,
    RPC_NOT_FOUND, RPC_ALREADY_EXISTS, RPC_PERMISSION_DENIED, RPC_RESOURCE_EXHAUSTED,
    RPC_FAILED_PRECONDITION, RPC_ABORTED, RPC_OUT_OF_RANGE, RPC_UNIMPLEMENTED, RPC_INTERNAL,
    RPC_UNAVAILABLE, RPC_DATA_LOSS, RPC_UNAUTHENTICATED, RPC_CODE_COUNT
};

enum err {
#define ERR_ENUM(name, status, rpc, code, text) name,
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
/* gRPC status of `e`. */
enum rpc_code err_rpc(enum err e);
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
