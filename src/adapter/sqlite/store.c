#include "adapter/sqlite/store.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

#include "adapter/sqlite/state.h"
#include "base/mem.h"

#define APPENDS_MAX_DEFAULT 65536
#define BYTES_MAX_DEFAULT   (64u * 1024 * 1024)
#define READERS_MAX_DEFAULT 16
#define LOCK_WAIT_MS        2000 /* a server that is stopping, a command that is ending */

static enum err journal_queue(struct journal *self, struct append *a)
{
    struct sqlite_store *s = MEM_OWNER(self, struct sqlite_store, journal);
    return s->beside ? ERR_UNAVAILABLE : queue_append(&s->queue, a);
}

static uint64_t journal_last(struct journal *self, unsigned partition)
{
    (void)partition;
    return atomic_load(&MEM_OWNER(self, struct sqlite_store, journal)->position);
}

static const struct journal_ops journal_ops = {.append = journal_queue, .position = journal_last};

static struct sqlite_store *store_new(const struct sqlite_config *config)
{
    struct sqlite_store *s = MEM_NEW(struct sqlite_store);
    uint64_t wal_bytes = config->wal_bytes == 0 ? WAL_BYTES_DEFAULT : config->wal_bytes;
    s->journal.ops = &journal_ops;
    s->accounts.ops = &sqlite_account_ops;
    s->channels.ops = &sqlite_channel_ops;
    s->messages.ops = &sqlite_message_ops;
    s->source = (struct import_source){.ops = &sqlite_export_ops, .messages = &s->messages};
    s->clock = config->clock;
    s->beside = config->beside;
    s->lock = -1;
    queue_init(&s->queue, config->appends_max == 0 ? APPENDS_MAX_DEFAULT : config->appends_max,
               config->append_bytes_max == 0 ? BYTES_MAX_DEFAULT : config->append_bytes_max);
    readers_init(&s->readers, s->path,
                 config->readers_max == 0 ? READERS_MAX_DEFAULT : config->readers_max);
    positions_init(&s->positions);
    reply_counts_init(&s->reply_counts);
    wal_init(&s->wal, wal_bytes < WAL_BYTES_MIN ? WAL_BYTES_MIN : wal_bytes);
    return s;
}

/* Takes the directory and makes the file. Beside a server, both must be there already. */
static enum err take_directory(struct sqlite_store *s, const char *dir, char *reason,
                               size_t reason_size)
{
    if (!dir_path(dir, DIR_DB, s->path)) {
        snprintf(reason, reason_size, "the path of the data directory is too long");
        return ERR_UNAVAILABLE;
    }
    if (s->beside) {
        snprintf(reason, reason_size, "there is no store in %s", dir);
        return dir_has_store(dir) ? ERR_OK : ERR_UNAVAILABLE;
    }
    enum err e = dir_make(dir, reason, reason_size);
    if (e == ERR_OK && (s->lock = dir_lock(dir, LOCK_WAIT_MS, reason, reason_size)) < 0)
        e = ERR_UNAVAILABLE;
    return e == ERR_OK ? dir_touch(dir, s->path, reason, reason_size) : e;
}

enum err sqlite_store_open(const struct sqlite_config *config, struct sqlite_store **out,
                           char *reason, size_t reason_size)
{
    struct sqlite_store *s = store_new(config);
    enum err e = take_directory(s, config->dir, reason, reason_size);
    if (e == ERR_OK)
        e = writer_open(&s->writer, s, reason, reason_size);
    if (e == ERR_OK && !s->beside &&
        (e = wal_start(&s->wal, config->dir, s->path, &s->writer.db)) != ERR_OK)
        snprintf(reason, reason_size, "%s cannot be opened twice", s->path);
    if (e != ERR_OK) {
        sqlite_store_close(s);
        s = NULL;
    }
    *out = s;
    return e;
}

void sqlite_store_start(struct sqlite_store *s, struct journal_sink *sink)
{
    assert(!s->started);
    s->started = true;
    queue_open(&s->queue);
    writer_start(&s->writer, sink);
}

void sqlite_store_stop(struct sqlite_store *s)
{
    if (s == NULL || !s->started)
        return;
    queue_close(&s->queue);
    writer_stop(&s->writer);
    s->started = false;
}

/* The thread's connection goes last: only it leaves the log's file as it is. */
void sqlite_store_close(struct sqlite_store *s)
{
    if (s == NULL)
        return;
    sqlite_store_stop(s);
    readers_fini(&s->readers);
    wal_stop(&s->wal, &s->writer.db);
    writer_close(&s->writer);
    wal_close(&s->wal);
    reply_counts_fini(&s->reply_counts);
    positions_fini(&s->positions);
    queue_fini(&s->queue);
    if (s->lock >= 0)
        close(s->lock);
    mem_free(s);
}

bool sqlite_store_is_writable(struct sqlite_store *s, char *detail, size_t detail_size)
{
    if (!atomic_load(&s->is_failing))
        return true;
    snprintf(detail, detail_size, "the last write failed: is there room on the disk?");
    return false;
}

struct journal *sqlite_store_journal(struct sqlite_store *s)
{
    return &s->journal;
}

struct account_store *sqlite_store_accounts(struct sqlite_store *s)
{
    return &s->accounts;
}

struct channel_store *sqlite_store_channels(struct sqlite_store *s)
{
    return &s->channels;
}

struct message_store *sqlite_store_messages(struct sqlite_store *s)
{
    return &s->messages;
}

struct import_source *sqlite_store_source(struct sqlite_store *s)
{
    return &s->source;
}
