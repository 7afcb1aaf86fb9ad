#include "adapter/sqlite/find.h"

/* The last event at or before `seq`. */
static bool event_at_or_before(struct db *db, uint64_t seq, uint64_t *found, uint64_t *id)
{
    sqlite3_stmt *st = db_statement(db, ST_EVENT_AT_OR_BEFORE);
    db_bind_u64(st, 1, seq);
    if (!db_row(db, st))
        return false;
    *found = db_u64(st, 0);
    *id = db_u64(st, 1);
    db_reset(st);
    return true;
}

uint64_t find_first_from_id(struct db *db, uint64_t id, uint64_t last_seq)
{
    /* every event at or before `low` is earlier; the answer is at or before `high` */
    uint64_t low = 0, high = last_seq + 1;
    while (high - low > 1 && db_ok(db)) {
        uint64_t middle = low + (high - low) / 2, seq, stamp;
        if (!event_at_or_before(db, middle, &seq, &stamp) || stamp < id)
            low = middle;
        else
            high = seq;
    }
    return high;
}

bool find_last(struct db *db, uint64_t *seq, uint64_t *id)
{
    sqlite3_stmt *st = db_statement(db, ST_EVENT_LAST);
    if (!db_row(db, st))
        return false;
    *seq = db_u64(st, 0);
    *id = db_u64(st, 1);
    db_reset(st);
    return true;
}

static uint64_t find_max(struct db *db, enum statement id, int64_t channel)
{
    sqlite3_stmt *st = db_statement(db, id);
    db_bind_int(st, 1, channel);
    if (!db_row(db, st))
        return 0;
    uint64_t seq = db_u64(st, 0);
    db_reset(st);
    return seq;
}

uint64_t find_head(struct db *db, int64_t channel)
{
    uint64_t message = find_max(db, ST_HEAD_MESSAGE, channel);
    uint64_t reply = find_max(db, ST_HEAD_REPLY, channel);
    return message > reply ? message : reply;
}
