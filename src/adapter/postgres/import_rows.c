#include "adapter/postgres/import_rows.h"

#include <endian.h>

#include "adapter/postgres/conn.h"

static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

static void put_i16(struct buf *b, int16_t v)
{
    uint16_t be = htobe16((uint16_t)v);
    buf_put(b, &be, sizeof be);
}

static void put_value(struct buf *b, const void *p, size_t n)
{
    uint32_t be = htobe32((uint32_t)n);
    buf_put(b, &be, sizeof be);
    buf_put(b, p, n);
}

void import_rows_begin(struct buf *b)
{
    buf_clear(b);
    buf_put(b, header, sizeof header - 1);
}

void import_row(struct buf *b, int16_t columns)
{
    put_i16(b, columns);
}

void import_uuid(struct buf *b, const struct uuid *u)
{
    put_value(b, u->b, sizeof u->b);
}

void import_str(struct buf *b, struct str s)
{
    put_value(b, s.n == 0 ? "" : s.p, s.n);
}

void import_int(struct buf *b, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    put_value(b, &be, sizeof be);
}

void import_time(struct buf *b, int64_t us)
{
    import_int(b, pg_time_of(us));
}

struct str import_rows_end(struct buf *b)
{
    put_i16(b, -1);
    return buf_str(b);
}
