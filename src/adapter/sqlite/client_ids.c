#include "adapter/sqlite/client_ids.h"

#include <assert.h>
#include <xxhash.h>

#include "base/rand.h"
#include "domain/client_time.h"
#include "domain/message.h"

#define FUTURE_MARGIN_MS 60000
#define HOUR_MS          3600000
#define SLICE_MIN        256 /* smaller ones would touch nearly as many pages for fewer ids */
#define COLLISIONS_MAX   64  /* of 64-bit hashes under a secret seed: never */

enum { STAGE_CURRENT, STAGE_OLDER, STAGE_TABLE, STAGE_END };

enum err client_ids_open(struct client_ids *c, struct db *db)
{
    int64_t indexed = 0;
    *c = (struct client_ids){.seed = 0};
    if (!db_meta_blob(db, "client_id.seed", &c->seed, sizeof c->seed)) {
        rand_bytes(&c->seed, sizeof c->seed);
        db_meta_put_blob(db, "client_id.seed", &c->seed, sizeof c->seed);
    }
    if (db_meta_int(db, "client_id.seq", &indexed))
        c->indexed_seq = (uint64_t)indexed;
    db_meta_int(db, "client_id.time_ms", &c->indexed_ms);
    db_meta_blob(db, "client_id.future", c->future, sizeof c->future);
    c->gone_ms = c->indexed_ms;
    return db_finish(db);
}

void client_ids_close(struct client_ids *c)
{
    generation_clear(&c->current);
    generation_clear(&c->older);
}

uint64_t client_ids_hash(const struct client_ids *c, int64_t user, int64_t channel, struct str id)
{
    char key[2 * sizeof(int64_t) + CLIENT_MSG_ID_CHARS_MAX];
    assert(id.n > 0 && id.n <= CLIENT_MSG_ID_CHARS_MAX);
    memcpy(key, &user, sizeof user);
    memcpy(key + sizeof user, &channel, sizeof channel);
    memcpy(key + sizeof user + sizeof channel, id.p, id.n);
    return XXH3_64bits_withSeed(key, sizeof user + sizeof channel + id.n, c->seed);
}

static size_t future_bit(int64_t time_ms)
{
    uint64_t hour = (uint64_t)(time_ms / HOUR_MS);
    return XXH3_64bits(&hour, sizeof hour) % (CLIENT_IDS_FUTURE_BYTES * 8);
}

static bool may_be_in_table(const struct client_ids *c, struct str id)
{
    int64_t time_ms;
    if (!client_time_ms(id, &time_ms) || time_ms <= c->gone_ms)
        return true;
    size_t bit = future_bit(time_ms);
    return (c->future[bit / 8] >> bit % 8 & 1) != 0;
}

static uint64_t table_get(struct db *db, uint64_t hash)
{
    sqlite3_stmt *st = db_statement(db, ST_CLIENT_ID_GET);
    db_bind_int(st, 1, (int64_t)hash);
    if (!db_row(db, st))
        return 0;
    uint64_t seq = db_u64(st, 0);
    db_reset(st);
    return seq;
}

uint64_t client_ids_next(struct client_ids *c, struct db *db, struct str id, uint64_t hash,
                         struct client_ids_cursor *cursor)
{
    uint64_t seq = 0;
    while (seq == 0 && cursor->stage != STAGE_END) {
        if (cursor->stage == STAGE_CURRENT) {
            seq = generation_find(&c->current, hash, &cursor->probe);
        } else if (cursor->stage == STAGE_OLDER) {
            seq = generation_find(&c->older, hash, &cursor->probe);
        } else if (cursor->probe < COLLISIONS_MAX &&
                   (cursor->probe > 0 || may_be_in_table(c, id))) {
            c->lookups++;
            seq = table_get(db, hash + cursor->probe++);
        }
        if (seq == 0)
            *cursor = (struct client_ids_cursor){cursor->stage + 1, 0};
    }
    return seq;
}

void client_ids_begin(struct client_ids *c)
{
    c->mark = c->current;
}

void client_ids_count(struct client_ids *c, uint64_t seq)
{
    c->current.n_events++;
    c->current.last_seq = seq;
}

void client_ids_add(struct client_ids *c, struct str id, uint64_t hash, uint64_t seq, int64_t at_ms)
{
    int64_t time_ms;
    generation_add(&c->current, hash, seq);
    if (!client_time_ms(id, &time_ms))
        return;
    if (time_ms > at_ms + FUTURE_MARGIN_MS) {
        size_t bit = future_bit(time_ms);
        c->future[bit / 8] |= (uint8_t)(1u << bit % 8);
    } else if (time_ms > c->current.max_time_ms) {
        c->current.max_time_ms = time_ms;
    }
}

/* A hash that is taken by another post moves up; one that is there already, written before a crash
 * kept the watermark from moving, stays. */
static void table_put(struct db *db, const struct recent_id *id)
{
    sqlite3_stmt *st = db_statement(db, ST_CLIENT_ID_ADD);
    for (uint64_t i = 0; i < COLLISIONS_MAX && db_ok(db); i++) {
        db_bind_int(st, 1, (int64_t)(id->hash + i));
        db_bind_u64(st, 2, id->seq);
        if (db_run(db, st) || table_get(db, id->hash + i) == id->seq)
            return;
    }
}

size_t client_ids_due(struct client_ids *c, size_t n_events)
{
    if (!c->behind)
        return 0;
    /* twice as fast as events come, so that the older one is done before the current is full */
    c->owed += 2 * n_events;
    if (c->owed < SLICE_MIN)
        return 0;
    size_t due = c->owed;
    c->owed = 0;
    return due;
}

bool client_ids_write(struct client_ids *c, struct db *db, size_t max)
{
    size_t written = 0;
    while (c->bucket_after < GENERATION_BUCKETS && written < max) {
        size_t n;
        const uint32_t *bucket = generation_bucket(&c->older, c->bucket_after++, &n);
        for (size_t i = 0; i < n; i++)
            table_put(db, &c->older.ids[bucket[i]]);
        written += n;
    }
    return c->bucket_after == GENERATION_BUCKETS;
}

void client_ids_write_watermark(struct client_ids *c, struct db *db)
{
    if (c->older.max_time_ms > c->indexed_ms)
        c->indexed_ms = c->older.max_time_ms;
    db_meta_put_int(db, "client_id.seq", (int64_t)c->older.last_seq);
    db_meta_put_int(db, "client_id.time_ms", c->indexed_ms);
    db_meta_put_blob(db, "client_id.future", c->future, sizeof c->future);
    c->ends = true;
}

bool client_ids_turn(struct client_ids *c)
{
    if (c->behind)
        return false;
    bool forgets = c->older.n_events > 0;
    if (c->older.max_time_ms > c->gone_ms)
        c->gone_ms = c->older.max_time_ms;
    generation_clear(&c->older);
    if (c->current.n_events == 0)
        return forgets;
    c->older = c->current;
    c->current = (struct generation){.ids = NULL};
    generation_deal(&c->older);
    c->bucket = c->bucket_after = 0;
    c->owed = 0;
    c->behind = true;
    return forgets;
}

void client_ids_commit(struct client_ids *c)
{
    c->bucket = c->bucket_after;
    if (c->ends) {
        c->indexed_seq = c->older.last_seq;
        c->behind = c->ends = false;
    }
    if (c->current.n_events >= GENERATION_EVENTS)
        client_ids_turn(c);
}

void client_ids_undo(struct client_ids *c)
{
    generation_truncate(&c->current, c->mark.n);
    c->current.n_events = c->mark.n_events;
    c->current.last_seq = c->mark.last_seq;
    c->current.max_time_ms = c->mark.max_time_ms;
    c->bucket_after = c->bucket;
    c->ends = false;
}

bool client_ids_is_behind(const struct client_ids *c)
{
    return c->behind || c->current.n_events > 0;
}
