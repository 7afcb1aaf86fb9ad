#include "adapter/sqlite/reply_counts.h"

#define LONG_THREAD 64 /* a shorter one is counted faster than it is remembered */

void reply_counts_init(struct reply_counts *c)
{
    memset(c, 0, sizeof *c);
    pthread_mutex_init(&c->mutex, NULL);
}

void reply_counts_fini(struct reply_counts *c)
{
    pthread_mutex_destroy(&c->mutex);
}

uint64_t reply_counts_get(struct reply_counts *c, struct db *db, uint64_t message_id)
{
    struct reply_count *place =
        &c->places[(message_id * 0x9E3779B97F4A7C15u) >> 48 & (REPLY_COUNTS_MAX - 1)];
    pthread_mutex_lock(&c->mutex);
    struct reply_count known = *place;
    pthread_mutex_unlock(&c->mutex);
    if (known.message_id != message_id)
        known = (struct reply_count){.message_id = message_id};
    sqlite3_stmt *st = db_statement(db, ST_REPLY_COUNT);
    db_bind_u64(st, 1, message_id);
    db_bind_u64(st, 2, known.last_seq);
    if (!db_row(db, st))
        return 0;
    if (db_int(st, 0) > 0) {
        known.count += db_u64(st, 0);
        known.last_seq = db_u64(st, 1);
    }
    db_reset(st);
    if (known.count >= LONG_THREAD) {
        pthread_mutex_lock(&c->mutex);
        if (place->message_id != message_id || place->count < known.count)
            *place = known;
        pthread_mutex_unlock(&c->mutex);
    }
    return known.count;
}
