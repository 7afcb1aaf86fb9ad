/* The fields of a request, from its JSON body or its query, by a table: what is wanted, of which
 * type, and what is said when it is not there. The sentences are chat-app's, which clients show to
 * people: "The Field: email, password is required" (absent, null or empty, all of them at once),
 * "The Field: email should be string". Fields that no table names are ignored. */
#ifndef PARLEY_DELIVERY_HTTP_FIELDS_H
#define PARLEY_DELIVERY_HTTP_FIELDS_H

#include "base/uuid.h"
#include "delivery/http/exchange.h"

enum field_type {
    FIELD_TEXT,
    FIELD_CLIENT_ID, /* text of the form of a client_msg_id */
    FIELD_UUID,
    FIELD_ID,    /* of a message or reply: a number or a decimal string, 1..2^53-1 */
    FIELD_SEQ,   /* a position: the same, and 0 */
    FIELD_LIMIT, /* 1..LIMIT_PAGE_ROWS */
};

struct field {
    const char *key;      /* "channel_id" */
    const char *required; /* how its absence is told, "channelid"; NULL: it may be absent */
    enum field_type type;
};

struct field_value {
    bool given; /* not absent or null; if required, not empty either */
    struct str text;
    struct uuid uuid;
    uint64_t number;
};

/* Reads `n` fields into `values`. ERR_BAD_REQUEST with its sentence in `f`. Texts live as long as
 * the exchange. The body may be read once. */
enum err fields_from_body(struct exchange *x, const struct field *fields, size_t n,
                          struct field_value *values, struct fault *f);
enum err fields_from_query(struct exchange *x, const struct field *fields, size_t n,
                           struct field_value *values, struct fault *f);

#endif
