/* Parameters into, and columns out of PostgreSQL's binary format: big-endian integers, 16 bytes of
 * a UUID, raw text, and timestamps as microseconds since 2000. */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "adapter/postgres/conn.h"
#include "adapter/postgres/oids.h"
#include "domain/name.h"

#define YEAR_2000_US INT64_C(946684800000000)
/* Timestamps of PostgreSQL: 4714 BC to 294276 AD. */
#define TIME_MIN_US (INT64_C(-211813488000000000))
#define TIME_END_US (INT64_C(9223371331200000000))

static int args_add(struct pg_args *a, Oid type, const void *value, size_t n)
{
    assert(a->n < PG_ARGS_MAX);
    a->types[a->n] = type;
    a->values[a->n] = value;
    a->lengths[a->n] = (int)n;
    return a->n++;
}

void pg_args_uuid(struct pg_args *a, const struct uuid *u)
{
    args_add(a, PG_OID_UUID, u->b, sizeof u->b);
}

void pg_args_str(struct pg_args *a, struct str s)
{
    assert(s.n <= INT32_MAX);
    args_add(a, PG_OID_TEXT, s.n == 0 ? "" : s.p, s.n);
}

void pg_args_bytes(struct pg_args *a, struct str s)
{
    assert(s.n <= INT32_MAX);
    args_add(a, PG_OID_BYTEA, s.n == 0 ? "" : s.p, s.n);
}

static void args_word(struct pg_args *a, Oid type, int64_t v)
{
    int at = args_add(a, type, NULL, sizeof a->words[0]);
    a->words[at] = htobe64((uint64_t)v);
    a->values[at] = (const char *)&a->words[at];
}

void pg_args_int(struct pg_args *a, int64_t v)
{
    args_word(a, PG_OID_INT8, v);
}

int64_t pg_time_of(int64_t us)
{
    int64_t since_2000 = us < INT64_MIN + YEAR_2000_US ? INT64_MIN : us - YEAR_2000_US;
    if (since_2000 < TIME_MIN_US)
        since_2000 = INT64_MIN;
    else if (since_2000 >= TIME_END_US)
        since_2000 = INT64_MAX;
    return since_2000;
}

void pg_args_time(struct pg_args *a, int64_t us)
{
    args_word(a, PG_OID_TIMESTAMP, pg_time_of(us));
}

/* ---- Arrays ---- */

#define ARRAY_HEAD 20 /* dimensions, NULLs, element, length, first index: 32 bits each */

void pg_array_init(struct pg_array *a, Oid type, Oid element, size_t bytes_max)
{
    *a = (struct pg_array){.type = type, .element = element};
    buf_init(&a->bytes, bytes_max);
    pg_array_clear(a);
}

void pg_array_fini(struct pg_array *a)
{
    buf_fini(&a->bytes);
}

void pg_array_clear(struct pg_array *a)
{
    static const char head[ARRAY_HEAD];
    buf_clear(&a->bytes);
    buf_put(&a->bytes, head, sizeof head);
    a->n = 0;
}

void pg_array_bytes(struct pg_array *a, struct str s)
{
    uint32_t n = htobe32((uint32_t)s.n);
    buf_put(&a->bytes, &n, sizeof n);
    if (s.n > 0)
        buf_put(&a->bytes, s.p, s.n);
    a->n++;
}

void pg_array_int(struct pg_array *a, int64_t v)
{
    uint64_t word = htobe64((uint64_t)v);
    pg_array_bytes(a, (struct str){(const char *)&word, sizeof word});
}

void pg_array_uuid(struct pg_array *a, const struct uuid *u)
{
    pg_array_bytes(a, (struct str){(const char *)u->b, sizeof u->b});
}

void pg_args_array(struct pg_args *a, struct pg_array *array)
{
    const uint32_t head[ARRAY_HEAD / 4] = {htobe32(1), 0, htobe32(array->element),
                                           htobe32(array->n), htobe32(1)};
    assert(array->n > 0 && !array->bytes.failed);
    memcpy(array->bytes.p, head, sizeof head);
    args_add(a, array->type, array->bytes.p, array->bytes.n);
}

/* ---- Columns ---- */

int64_t pg_int(const PGresult *r, int row, int column)
{
    uint64_t v;
    if (PQgetisnull(r, row, column) || PQgetlength(r, row, column) != sizeof v)
        return 0;
    memcpy(&v, PQgetvalue(r, row, column), sizeof v);
    return (int64_t)be64toh(v);
}

int64_t pg_time(const PGresult *r, int row, int column)
{
    if (PQgetisnull(r, row, column))
        return 0;
    int64_t since_2000 = pg_int(r, row, column);
    return since_2000 > INT64_MAX - YEAR_2000_US || since_2000 == INT64_MIN
               ? since_2000
               : since_2000 + YEAR_2000_US;
}

struct str pg_str(const PGresult *r, int row, int column)
{
    if (PQgetisnull(r, row, column))
        return STR_NONE;
    return (struct str){PQgetvalue(r, row, column), (size_t)PQgetlength(r, row, column)};
}

struct uuid pg_uuid(const PGresult *r, int row, int column)
{
    struct uuid u = UUID_NIL;
    if (!PQgetisnull(r, row, column) && PQgetlength(r, row, column) == sizeof u.b)
        memcpy(u.b, PQgetvalue(r, row, column), sizeof u.b);
    return u;
}

static bool is_control(struct str c)
{
    unsigned char first = (unsigned char)c.p[0];
    return first < 0x20 || first == 0x7F ||
           (c.n == 2 && first == 0xC2 && (unsigned char)c.p[1] < 0xA0);
}

struct str pg_name(const PGresult *r, int row, int column, size_t chars_max, struct arena *arena)
{
    struct str s = pg_str(r, row, column), out = {arena_alloc(arena, s.n + 1), 0};
    char *p = (char *)out.p;
    if (name_is_valid(s, chars_max))
        return arena_str(arena, s);
    for (size_t chars = 0, n; s.n > 0 && chars < chars_max; s.p += n, s.n -= n) {
        if ((n = str_utf8_first(s)) == 0)
            break;
        if (is_control((struct str){s.p, n}))
            continue;
        memcpy(p + out.n, s.p, n);
        out.n += n;
        chars++;
    }
    return name_is_valid(out, chars_max) ? out : arena_str(arena, STR("?"));
}
