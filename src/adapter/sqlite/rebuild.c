#include "adapter/sqlite/rebuild.h"

#include "adapter/sqlite/state.h"
#include "domain/id.h"
#include "domain/message.h"

#define READ_MAX 8192 /* events between two looks at whether a generation is full */

static void remember(struct writer *w, sqlite3_stmt *st)
{
    struct client_ids *c = &w->client_ids;
    uint64_t seq = db_u64(st, 0);
    int64_t kind = db_int(st, 2), channel = db_int(st, 3), user = db_int(st, 4);
    client_ids_count(c, seq);
    if (kind != EVENT_MESSAGE && kind != EVENT_REPLY)
        return;
    positions_move(&w->store->positions, &(struct position_move){user, channel, seq}, 1);
    struct str id = db_str(st, 5);
    if (id.n > 0 && id.n <= CLIENT_MSG_ID_CHARS_MAX)
        client_ids_add(c, id, client_ids_hash(c, user, channel, id), seq,
                       id_time_ms(db_u64(st, 1)));
}

/* Reads on after `*seq`; returns how many events that were. */
static size_t read_some(struct writer *w, uint64_t *seq)
{
    size_t n = 0;
    sqlite3_stmt *st = db_statement(&w->db, ST_EVENTS_AFTER);
    db_bind_u64(st, 1, *seq);
    while (n < READ_MAX && db_row(&w->db, st)) {
        remember(w, st);
        *seq = db_u64(st, 0);
        n++;
    }
    db_reset(st);
    return n;
}

/* Makes room when both generations are full. */
static enum err write_older(struct writer *w)
{
    enum err e = ERR_OK;
    while (e == ERR_OK && w->client_ids.behind &&
           w->client_ids.current.n_events >= GENERATION_EVENTS) {
        writer_begin(w);
        writer_write_behind(w, 0, READ_MAX);
        e = writer_end(w);
    }
    return e;
}

enum err writer_rebuild(struct writer *w)
{
    uint64_t seq = w->client_ids.indexed_seq;
    enum err e = ERR_OK;
    while (e == ERR_OK && read_some(w, &seq) > 0) {
        if (w->client_ids.current.n_events >= GENERATION_EVENTS)
            client_ids_turn(&w->client_ids);
        e = write_older(w);
    }
    return e == ERR_OK ? db_finish(&w->db) : e;
}
