/* Posts and heads into the history. A batch is dealt out in equal runs to writers that all write at
 * once: the orders in which persist has to write (docs/internals/cassandra.md) are for readers, and
 * there are none yet. A batch counts when all of it is written. */
#include "base/clock.h"
#include "base/cond.h"
#include "base/mem.h"
#include "base/task.h"
#include "growth/steps.h"

#define HEADS_ONCE 1000

/* One writer's run of a batch. */
struct run {
    struct task task;
    struct copy *copy;
    const struct event *posts;
    size_t n;
};

struct copy {
    struct import *import;
    struct workers *workers;
    struct run *runs;
    pthread_mutex_t mutex;
    pthread_cond_t written;
    unsigned left; /* runs of this batch */
    enum err err;
};

/* The history may be slow for a while, or away: what comes after the last try is the operator's. */
static enum err write_patiently(const struct import_config *c, const struct event *posts, size_t n)
{
    for (unsigned i = 1;; i++) {
        enum err e = c->history->ops->write(c->history, posts, n);
        if (e != ERR_UNAVAILABLE || i >= c->tries)
            return e;
        clock_sleep_ms(c->try_ms);
    }
}

static void run_write(struct task *self)
{
    struct run *r = MEM_OWNER(self, struct run, task);
    struct copy *c = r->copy;
    enum err e = write_patiently(&c->import->config, r->posts, r->n);
    pthread_mutex_lock(&c->mutex);
    if (e != ERR_OK)
        c->err = e;
    if (--c->left == 0)
        pthread_cond_signal(&c->written);
    pthread_mutex_unlock(&c->mutex);
}

static enum err write_batch(struct copy *c, const struct event *posts, size_t n)
{
    unsigned writers = c->import->config.writers;
    size_t each = (n + writers - 1) / writers;
    pthread_mutex_lock(&c->mutex);
    c->err = ERR_OK;
    c->left = (unsigned)((n + each - 1) / each);
    for (unsigned i = 0; i * each < n; i++) {
        c->runs[i] = (struct run){{.run = run_write}, c, posts + i * each, each};
        if ((i + 1) * each > n)
            c->runs[i].n = n - i * each;
        if (!workers_try_post(c->workers, &c->runs[i].task)) {
            c->left--;
            c->err = ERR_UNAVAILABLE;
        }
    }
    while (c->left > 0)
        pthread_cond_wait(&c->written, &c->mutex);
    enum err e = c->err;
    pthread_mutex_unlock(&c->mutex);
    return e;
}

/* One batch; `*more` while there may be another. */
static enum err copy_batch(struct copy *c, uint64_t *done, bool *more)
{
    struct import *im = c->import;
    struct import_source *source = im->config.source;
    struct arena arena;
    struct event *posts;
    size_t n;
    arena_init(&arena);
    enum err e = source->ops->posts(source, im->note.cursor, im->config.batch, &arena, &posts, &n);
    *more = e == ERR_OK && n > 0;
    if (*more)
        e = write_batch(c, posts, n);
    if (e == ERR_OK && n > 0) {
        im->note.cursor = posts[n - 1].seq;
        e = im->config.table->ops->note(im->config.table, &im->note);
        *done += n;
    }
    arena_fini(&arena);
    return e;
}

/* How many posts lie at or below the cursor: what an earlier run has copied. */
static enum err count_copied(struct import *im, uint64_t *out)
{
    struct import_source *source = im->config.source;
    uint64_t seq = 0;
    size_t n = im->note.cursor == 0 ? 0 : 1;
    enum err e = ERR_OK;
    *out = 0;
    while (e == ERR_OK && n > 0 && seq < im->note.cursor) {
        struct arena arena;
        struct event *posts;
        arena_init(&arena);
        e = source->ops->posts(source, seq, im->config.batch, &arena, &posts, &n);
        for (size_t i = 0; e == ERR_OK && i < n && posts[i].seq <= im->note.cursor; i++)
            ++*out;
        if (n > 0)
            seq = posts[n - 1].seq;
        arena_fini(&arena);
        import_progress(im, "posts looked at", *out, im->size.posts);
    }
    return e;
}

enum err copy_posts(struct import *im)
{
    struct copy c = {.import = im};
    uint64_t done = 0;
    bool more = true;
    enum err e = count_copied(im, &done);
    if (e != ERR_OK)
        return e;
    c.runs = mem_array(im->config.writers, sizeof *c.runs);
    c.workers = workers_new("import", im->config.writers, im->config.writers, NULL, NULL, NULL);
    pthread_mutex_init(&c.mutex, NULL);
    cond_init(&c.written);
    while (e == ERR_OK && more) {
        import_progress(im, "posts copied", done, im->size.posts);
        e = copy_batch(&c, &done, &more);
    }
    workers_free(c.workers);
    pthread_cond_destroy(&c.written);
    pthread_mutex_destroy(&c.mutex);
    mem_free(c.runs);
    return e;
}

/* ---- Heads ---- */

struct heads {
    struct import *import;
    struct channel_head rows[HEADS_ONCE];
    size_t n;
    enum err err;
};

static void heads_write(struct heads *h)
{
    struct history_store *history = h->import->config.history;
    if (h->n > 0 && h->err == ERR_OK)
        h->err = history->ops->write_heads(history, import_epoch(h->import), 0, h->rows, h->n);
    h->n = 0;
}

static bool head_take(const struct import_channel *c, void *arg)
{
    struct heads *h = arg;
    h->rows[h->n++] = c->head;
    if (h->n == HEADS_ONCE)
        heads_write(h);
    return h->err == ERR_OK;
}

/* The followers of the first log look for what an older one left: one partition that had them all.
 */
enum err copy_heads(struct import *im)
{
    struct history_store *history = im->config.history;
    struct heads *h = MEM_NEW(struct heads);
    h->import = im;
    enum err e = im->config.source->ops->channels(im->config.source, head_take, h);
    heads_write(h);
    if (e == ERR_OK)
        e = h->err;
    mem_free(h);
    const struct log_snapshot s = {.epoch = import_epoch(im),
                                   .next_offset = im->size.last_seq + 1,
                                   .last_id = im->size.last_id,
                                   .window_from = im->size.last_seq + 1};
    return e == ERR_OK ? history->ops->write_snapshot(history, &s) : e;
}
