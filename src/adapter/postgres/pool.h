/* The connections of the pool: opened when needed, kept, bounded; any thread takes one, runs a body
 * of statements and gives it back, and the last one given is the next one taken, so that a thread
 * that calls often has the one it had. Inside adapter/postgres only.
 *
 * When a connection is lost all idle ones are thought lost with it. When none can be opened, calls
 * fail at once until a pause is over (it doubles up to 2 s); then one call tries, the others go on
 * failing until it has come through. So a server that is away, or stopped in the middle, costs a
 * worker its time limits now and then, and the other workers nothing.
 */
#ifndef PARLEY_ADAPTER_POSTGRES_POOL_H
#define PARLEY_ADAPTER_POSTGRES_POOL_H

#include <pthread.h>

#include "adapter/postgres/conn.h"

struct pg_pool {
    const struct pg_settings *settings;
    pthread_mutex_t mutex;
    pthread_cond_t given;
    struct pg_conn *free; /* last given first */
    unsigned n_open, max;
    unsigned generation;               /* idle connections of an older one are not trusted */
    bool trying;                       /* one call tries to connect after a failure */
    int64_t pause_us, paused_until_us; /* 0: the last connection could be opened */
    int64_t logged_us;                 /* when a failure was logged last: at most once a second */
    bool ready;                        /* did the last call reach the server? */
    char detail[PG_REASON_SIZE];       /* why not */
};

/* `settings` is borrowed. */
void pg_pool_init(struct pg_pool *p, const struct pg_settings *settings, unsigned max);
/* None may be out. */
void pg_pool_fini(struct pg_pool *p);
bool pg_pool_is_ready(struct pg_pool *p, char *detail, size_t size);
/* What became of a connection outside the pool (the relay's): NULL, or why it is lost. */
void pg_pool_note(struct pg_pool *p, const char *lost);

/* A number of statements on one connection. What it returns counts unless one of them failed. */
typedef enum err pg_body_f(struct pg_conn *c, void *arg);

/* Statements that change nothing: run again, on another connection, when the first is lost. */
enum err pg_pool_read(struct pg_pool *p, pg_body_f *body, void *arg);
/* The same for one that writes and whose repetition is harmless. ERR_UNKNOWN when the last
 * connection was lost after it had been sent. */
enum err pg_pool_write(struct pg_pool *p, pg_body_f *body, void *arg);
/* One transaction, committed when `body` returns ERR_OK. It is begun again after a deadlock and
 * when the connection is lost before the commit: `body` may run several times. ERR_UNKNOWN when it
 * is lost during the commit. */
enum err pg_pool_change(struct pg_pool *p, pg_body_f *body, void *arg);

#endif
