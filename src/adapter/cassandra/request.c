#include "adapter/cassandra/request.h"

#include <endian.h>

#include "base/mem.h"

#define VALUES_MAX (16 * 1024 * 1024) /* half of what a commit log of Cassandra's takes at once */
#define UNSET      (-2)

void request_init(struct request *r)
{
    *r = (struct request){.n = 0};
    buf_init(&r->values, VALUES_MAX);
}

void request_fini(struct request *r)
{
    mem_free(r->items);
    buf_fini(&r->values);
}

void request_clear(struct request *r)
{
    r->n = 0;
    buf_clear(&r->values);
}

void request_item(struct request *r, enum statement statement)
{
    if (r->n == r->cap) {
        r->cap = r->cap == 0 ? 4 : 2 * r->cap;
        r->items = mem_realloc(r->items, r->cap * sizeof *r->items);
    }
    r->items[r->n++] = (struct request_item){statement, r->values.n};
}

static void put_length(struct request *r, int32_t n)
{
    uint32_t be = htobe32((uint32_t)n);
    buf_put(&r->values, &be, sizeof be);
}

void request_bytes(struct request *r, struct str s)
{
    put_length(r, (int32_t)s.n);
    buf_put(&r->values, s.p, s.n);
}

void request_uuid(struct request *r, const struct uuid *u)
{
    request_bytes(r, (struct str){(const char *)u->b, sizeof u->b});
}

void request_int(struct request *r, int32_t v)
{
    uint32_t be = htobe32((uint32_t)v);
    request_bytes(r, (struct str){(const char *)&be, sizeof be});
}

void request_i64(struct request *r, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    request_bytes(r, (struct str){(const char *)&be, sizeof be});
}

void request_u64(struct request *r, uint64_t v)
{
    request_i64(r, v > INT64_MAX ? INT64_MAX : (int64_t)v);
}

void request_unset(struct request *r)
{
    put_length(r, UNSET);
}

void request_text(struct request *r, struct str s)
{
    if (s.n == 0)
        request_unset(r);
    else
        request_bytes(r, s);
}
