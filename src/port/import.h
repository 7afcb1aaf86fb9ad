/* Moving a whole installation into the cluster's stores, while nobody serves from either side
 * (growth/import.h): the door out of the old one, and the door into PostgreSQL. The history goes
 * through port/history_store.h. Calls block; one thread.
 *
 * What comes over has positions of its own: those of an embedded installation as they were, those
 * of others as they are counted. They lie in the epochs up to that of the last one
 * (cluster/follower.h: 41 bits each), mostly in epoch 0; the first log of the cluster gets the
 * epoch after them.
 */
#ifndef PARLEY_PORT_IMPORT_H
#define PARLEY_PORT_IMPORT_H

#include "port/account_store.h"
#include "port/history_store.h"

#define IMPORT_ROWS_MAX 1000 /* of one call */

/* ---- Where it comes from ---- */

struct import_size {
    struct uuid source; /* names this very installation */
    uint64_t posts, accounts, channels, members;
    uint64_t last_seq, last_id; /* the greatest that may have been handed out */
};

struct import_channel {
    struct channel channel;
    struct channel_head head; /* `version` counts its creation, joins and leaves */
};

struct import_member {
    struct uuid user, channel;
    uint64_t join_version, join_seq; /* 0, both: always was there */
    uint64_t read_seq;
    int64_t joined_us;
};

struct import_source;
struct import_source_ops {
    enum err (*size)(struct import_source *self, struct import_size *out);
    /* Messages and replies after position `seq`, at most `max`, in the order of their positions;
     * strings in the arena. None: that was all. The same again gives the same. */
    enum err (*posts)(struct import_source *self, uint64_t seq, size_t max, struct arena *arena,
                      struct event **out, size_t *n);
    /* Each stops when `each` returns false; strings live until it returns. */
    enum err (*accounts)(struct import_source *self,
                         bool (*each)(const struct account *, void *arg), void *arg);
    enum err (*channels)(struct import_source *self,
                         bool (*each)(const struct import_channel *, void *arg), void *arg);
    enum err (*members)(struct import_source *self,
                        bool (*each)(const struct import_member *, void *arg), void *arg);
    /* Single sessions that are void; a changed password is its account's. */
    enum err (*revocations)(struct import_source *self,
                            void (*each)(const struct revocation *, void *arg), void *arg);
};

struct import_source {
    const struct import_source_ops *ops;
    struct message_store *messages; /* its own pages, to be held against the cluster's */
    /* Its accounts, channels and memberships are chat-app's, in the very database they would go
     * to: they stay, and only what hangs on them is written. */
    bool in_place;
};

/* ---- Where it goes ---- */

enum import_stage {
    IMPORT_NONE,    /* nothing in the tables, of this source or of anything else */
    IMPORT_COPYING, /* posts up to `cursor` are in the history */
    IMPORT_LOADED,  /* accounts, channels and memberships are here as well */
    IMPORT_DONE,    /* and all of it was checked: nodes may start */
};

struct import_note {
    struct uuid source;
    enum import_stage stage;
    uint64_t cursor;
};

struct import_count {
    uint64_t accounts, channels, members;
};

struct import_table;
struct import_table_ops {
    /* Takes the one place of who imports, and looks how far it got. While there is a note that is
     * not IMPORT_DONE, channel_table.epoch answers ERR_UNAVAILABLE: no node starts. ERR_FORBIDDEN
     * with a sentence: another process imports, a node has used this database, or something else is
     * in it. */
    enum err (*open)(struct import_table *self, const struct uuid *source, bool in_place,
                     struct import_note *out, char *reason, size_t reason_size);
    void (*close)(struct import_table *self);
    /* Durable when it returns. */
    enum err (*note)(struct import_table *self, const struct import_note *note);

    /* One transaction: what an earlier load left is gone, what is given is here, and the note is
     * IMPORT_LOADED with it; or nothing has changed. At most IMPORT_ROWS_MAX rows a call, accounts
     * before channels before members. */
    enum err (*load_begin)(struct import_table *self, bool in_place);
    enum err (*load_accounts)(struct import_table *self, const struct account *rows, size_t n);
    enum err (*load_channels)(struct import_table *self, const struct import_channel *rows,
                              size_t n);
    enum err (*load_members)(struct import_table *self, const struct import_member *rows, size_t n);
    /* `epoch` and those below it are not given to a log any more. */
    enum err (*load_end)(struct import_table *self, const struct import_note *note, uint32_t epoch);
    enum err (*count)(struct import_table *self, struct import_count *out);
};

struct import_table {
    const struct import_table_ops *ops;
};

#endif
