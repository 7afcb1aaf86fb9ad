/* The embedded engine: everything in one SQLite store. */
#include "adapter/sqlite/store.h"
#include "base/mem.h"
#include "node/engine.h"
#include "node/node.h"

struct embedded {
    struct engine super;
    struct sqlite_store *store;
};

static bool journal_is_ready(void *arg, char *detail)
{
    return sqlite_store_is_writable(arg, detail, READY_DETAIL_SIZE);
}

static enum err embedded_start(struct engine *self, struct journal_sink *sink,
                               bool (*is_unwanted)(void), char *reason)
{
    (void)is_unwanted;
    (void)reason;
    sqlite_store_start(MEM_OWNER(self, struct embedded, super)->store, sink);
    return ERR_OK;
}

static void embedded_stop(struct engine *self)
{
    sqlite_store_stop(MEM_OWNER(self, struct embedded, super)->store);
}

static void embedded_close(struct engine *self)
{
    struct embedded *e = MEM_OWNER(self, struct embedded, super);
    sqlite_store_close(e->store);
    mem_free(e);
}

static const struct engine_ops embedded_ops = {
    .start = embedded_start,
    .stop = embedded_stop,
    .close = embedded_close,
};

enum err engine_embedded_open(const struct config *config, struct engine **out, char *reason)
{
    struct embedded *e = MEM_NEW(struct embedded);
    enum err err = sqlite_store_open(
        &(struct sqlite_config){
            .dir = config->data.dir,
            .wal_bytes = config->data.wal_bytes,
            .clock = &clock_system,
        },
        &e->store, reason, NODE_REASON_SIZE);
    if (err != ERR_OK) {
        mem_free(e);
        return err;
    }
    e->super = (struct engine){
        .ops = &embedded_ops,
        .journal = sqlite_store_journal(e->store),
        .accounts = sqlite_store_accounts(e->store),
        .channels = sqlite_store_channels(e->store),
        .messages = sqlite_store_messages(e->store),
        .checks = {{"journal", journal_is_ready, e->store}},
        .n_checks = 1,
    };
    *out = &e->super;
    return ERR_OK;
}
