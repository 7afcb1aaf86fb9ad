/* The limits of one node, as configured (section `limits`); 0 switches a rate off. */
#ifndef PARLEY_DOMAIN_LIMITS_H
#define PARLEY_DOMAIN_LIMITS_H

#include <stdint.h>

struct limits {
    uint32_t message_bytes;  /* of UTF-8 text */
    uint32_t messages_per_s; /* a user, messages and replies */
    uint32_t messages_burst;
    uint32_t logins_per_min_account; /* tries */
    uint32_t logins_per_min_address; /* tries */
    uint32_t registrations_per_min_address;
    uint32_t write_queue_bytes; /* a connection; over it: closed with 4008 */
    uint32_t write_queue_frames;
    uint32_t auth_timeout_s; /* from the upgrade to the authentication */
    uint32_t head_timeout_s; /* for the head of a request, and for its body */
    uint32_t ping_interval_s;
    uint32_t dead_after_s;            /* of silence */
    uint32_t channels_per_connection; /* and so of a user */
};

#define LIMITS_DEFAULT \
    ((struct limits){8192, 20, 60, 10, 60, 30, 1048576, 4096, 5, 5, 25, 40, 1000})

/* A reload changes the message size and the rates while other threads read them: both sides go
 * through these two, one field at a time; each field is right by itself. */
static inline uint32_t limit_now(const uint32_t *field)
{
    return __atomic_load_n(field, __ATOMIC_RELAXED);
}

static inline void limits_reload(struct limits *live, const struct limits *fresh)
{
#define LIMIT_RELOAD(field) __atomic_store_n(&live->field, fresh->field, __ATOMIC_RELAXED)
    LIMIT_RELOAD(message_bytes);
    LIMIT_RELOAD(messages_per_s);
    LIMIT_RELOAD(messages_burst);
    LIMIT_RELOAD(logins_per_min_account);
    LIMIT_RELOAD(logins_per_min_address);
    LIMIT_RELOAD(registrations_per_min_address);
#undef LIMIT_RELOAD
}

/* Not configurable: fixed by the protocol or by memory arithmetic. */
#define LIMIT_BODY_BYTES       65536 /* of an HTTP request */
#define LIMIT_HEAD_BYTES       16384 /* of an HTTP request line and headers */
#define LIMIT_HEAD_FIELDS      100
#define LIMIT_WS_MESSAGE_BYTES 65536 /* inflated */
#define LIMIT_WS_FRAGMENTS     16
#define LIMIT_PAGE_ROWS        100
#define LIMIT_REPLAY_EVENTS    1000 /* missed by one channel; beyond: recovered:false */
#define LIMIT_WATCHED_CHANNELS 50
#define LIMIT_REF_CHARS        64
#define LIMIT_UNREAD           100 /* unread counts stop here */
#define LIMIT_JSON_DEPTH       32
#define LIMIT_MEMBERS_TOLD     1000 /* larger channels tell joins only to those concerned */

#endif
