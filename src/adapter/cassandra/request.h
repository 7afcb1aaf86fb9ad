/* What Cassandra is asked: prepared statements with their values, as CQL's protocol has them.
 *
 *     request_init(&r);
 *     request_item(&r, ST_OWN_POSTS);
 *     request_uuid(&r, user);
 *     calls_send(&calls, &r, &call);
 *
 * More than one item is an unlogged batch: writes, all to one partition, which each replica takes
 * as one. Inside adapter/cassandra only. */
#ifndef PARLEY_ADAPTER_CASSANDRA_REQUEST_H
#define PARLEY_ADAPTER_CASSANDRA_REQUEST_H

#include "adapter/cassandra/statements.def.h"
#include "base/buf.h"
#include "base/uuid.h"

struct request_item {
    enum statement statement;
    size_t at; /* where its values begin */
};

struct request {
    struct request_item *items;
    size_t n, cap;
    struct buf values;
};

void request_init(struct request *r);
void request_fini(struct request *r);
/* Empties it, keeps the memory. */
void request_clear(struct request *r);
/* Another statement; its values follow, in the order of its question marks. */
void request_item(struct request *r, enum statement statement);
void request_uuid(struct request *r, const struct uuid *u);
void request_int(struct request *r, int32_t v);
/* A bigint or a timestamp; what is beyond 2^63 is sent as the largest. */
void request_u64(struct request *r, uint64_t v);
void request_i64(struct request *r, int64_t v);
void request_bytes(struct request *r, struct str s);
/* Empty: the column stays as it is, which for a new row is null. */
void request_text(struct request *r, struct str s);
void request_unset(struct request *r);

#endif
