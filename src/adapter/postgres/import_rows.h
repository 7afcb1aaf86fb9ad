/* Rows in PostgreSQL's binary format of COPY. Inside adapter/postgres only.
 *
 *     import_rows_begin(&b);
 *     import_row(&b, 2); import_uuid(&b, &id); import_int(&b, 7);   once a row
 *     pg_copy(c, "COPY t(id, n) FROM STDIN BINARY", import_rows_end(&b));
 */
#ifndef PARLEY_ADAPTER_POSTGRES_IMPORT_ROWS_H
#define PARLEY_ADAPTER_POSTGRES_IMPORT_ROWS_H

#include "base/buf.h"
#include "base/uuid.h"

void import_rows_begin(struct buf *b);
/* Another row, of `columns` values, which follow. */
void import_row(struct buf *b, int16_t columns);
void import_uuid(struct buf *b, const struct uuid *u);
void import_str(struct buf *b, struct str s);
void import_int(struct buf *b, int64_t v);
/* Microseconds since 1970, as pg_args_time. */
void import_time(struct buf *b, int64_t us);
/* All of them; lives as long as the buffer is not changed. */
struct str import_rows_end(struct buf *b);

#endif
