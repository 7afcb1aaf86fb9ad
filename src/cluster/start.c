#include "cluster/start.h"

#include "base/log.h"
#include "base/rand.h"

void start_init(struct start *s, struct event_log *log, struct history_store *store, uint32_t epoch)
{
    *s = (struct start){.log = log, .store = store, .epoch = epoch};
    rand_bytes(&s->seed, sizeof s->seed);
}

/* ---- An older log ---- */

struct older_look {
    bool found;
    uint64_t last_id;
};

static bool older_take(const struct channel_head *head, void *arg)
{
    struct older_look *look = arg;
    look->found = true;
    if (head->id > look->last_id)
        look->last_id = head->id;
    return true;
}

static enum err older_look_at(struct start *s, uint32_t epoch, struct older_look *look)
{
    for (unsigned p = 0; p < LOG_PARTITIONS_MAX; p++) {
        struct log_snapshot snapshot;
        struct arena arena;
        arena_init(&arena);
        enum err e = s->store->ops->read_snapshot(s->store, epoch, p, &arena, &snapshot);
        arena_fini(&arena);
        if (e == ERR_OK) {
            look->found = true;
            if (snapshot.last_id > look->last_id)
                look->last_id = snapshot.last_id;
        } else if (e != ERR_NOT_FOUND) {
            return e;
        }
        e = s->store->ops->read_heads(s->store, epoch, p, older_take, look);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* The newest epoch below ours that left anything behind. */
static enum err older_find(struct start *s)
{
    struct older_look look = {.found = false};
    for (uint32_t epoch = s->epoch; epoch-- > 0 && !look.found && !s->has_looked;) {
        enum err e = older_look_at(s, epoch, &look);
        if (e != ERR_OK)
            return e;
        s->older = epoch;
        s->older_id = look.last_id;
    }
    s->has_looked = true;
    return ERR_OK;
}

/* ---- Heads ---- */

struct heads_load {
    const struct start *start;
    struct follower *follower;
    unsigned partition;
    bool is_older, failed;
};

static bool head_take(const struct channel_head *head, void *arg)
{
    struct heads_load *load = arg;
    struct event_log *log = load->start->log;
    if (load->is_older && log->ops->partition_of(log, &head->channel) != load->partition)
        return true;
    load->failed = !follower_load_head(load->follower, head);
    return !load->failed;
}

static enum err heads_load(const struct start *s, struct follower *f, uint32_t epoch, unsigned from,
                           unsigned partition, bool is_older)
{
    struct heads_load load = {s, f, partition, is_older, false};
    enum err e = s->store->ops->read_heads(s->store, epoch, from, head_take, &load);
    return e == ERR_OK && load.failed ? ERR_INTERNAL : e;
}

static enum err begin_new(struct start *s, struct follower *f, unsigned partition)
{
    enum err e = older_find(s);
    follower_begin(f, s->older_id);
    for (unsigned p = 0; e == ERR_OK && s->older_id != 0 && p < LOG_PARTITIONS_MAX; p++)
        e = heads_load(s, f, s->older, p, partition, true);
    return e;
}

static enum err begin(struct start *s, struct follower *f, unsigned partition)
{
    struct log_snapshot snapshot;
    struct arena arena;
    arena_init(&arena);
    enum err e = s->store->ops->read_snapshot(s->store, s->epoch, partition, &arena, &snapshot);
    if (e == ERR_OK)
        e = follower_load(f, &snapshot) ? ERR_OK : ERR_INTERNAL;
    else if (e == ERR_NOT_FOUND)
        e = begin_new(s, f, partition);
    arena_fini(&arena);
    return e == ERR_OK ? heads_load(s, f, s->epoch, partition, partition, false) : e;
}

enum err start_follower(struct start *s, unsigned partition, struct follower **out)
{
    uint64_t first, end;
    struct follower *f = follower_new(
        &(struct follower_config){.epoch = s->epoch, .partition = partition, .seed = s->seed});
    enum err e = begin(s, f, partition);
    if (e == ERR_OK)
        e = s->log->ops->bounds(s->log, partition, &first, &end);
    if (e == ERR_OK && (!follower_lose_before(f, first) || follower_next(f) > end))
        e = ERR_INTERNAL;
    if (e == ERR_INTERNAL)
        log_event(LOG_ERROR, "the log and the history do not fit", LOG_I("partition", partition),
                  LOG_I("epoch", s->epoch), LOG_I("next", follower_next(f)));
    if (e != ERR_OK) {
        follower_free(f);
        f = NULL;
    }
    *out = f;
    return e;
}
