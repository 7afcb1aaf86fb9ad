#include "growth/import.h"

#include <stdarg.h>
#include <stdio.h>

#include "growth/steps.h"

#define POSITION_BITS 41 /* of an epoch (port/import.h) */
#define EPOCH_MAX     4095
#define SENTENCE_SIZE 256

uint32_t import_epoch(const struct import *im)
{
    return (uint32_t)(im->size.last_seq >> POSITION_BITS);
}

void import_progress(struct import *im, const char *what, uint64_t done, uint64_t total)
{
    im->config.watch->progress(im->config.watch, what, done, total);
}

void import_differs(struct import *im, const char *fmt, ...)
{
    char sentence[SENTENCE_SIZE];
    va_list ap;
    if (im->differences++ >= IMPORT_DIFFERENCES_MAX)
        return;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    im->config.watch->difference(im->config.watch, sentence);
}

static enum err refuse(char *reason, size_t size, enum err e, const char *why)
{
    snprintf(reason, size, "%s", why);
    return e;
}

/* ---- What is there ---- */

static enum err look_at_source(struct import *im, char *reason, size_t size)
{
    struct import_source *s = im->config.source;
    enum err e = s->ops->size(s, &im->size);
    if (e != ERR_OK)
        return refuse(reason, size, e, "what is to be moved cannot be read");
    if (uuid_eq(&im->size.source, &UUID_NIL))
        return refuse(reason, size, ERR_FORBIDDEN, "there is nothing to be moved: no account");
    if (import_epoch(im) >= EPOCH_MAX)
        return refuse(reason, size, ERR_FORBIDDEN,
                      "its positions leave no room for a log: it was restored too often");
    return ERR_OK;
}

static enum err look_at_log(struct import *im, char *reason, size_t size)
{
    struct event_log *log = im->config.log;
    for (unsigned p = 0; p < log->ops->partitions(log); p++) {
        uint64_t first, end;
        enum err e = log->ops->bounds(log, p, &first, &end);
        if (e != ERR_OK)
            return refuse(reason, size, e, "the log cannot be reached");
        if (first != end)
            return refuse(reason, size, ERR_FORBIDDEN,
                          "there are records in the log: its topic must be a new one");
    }
    return ERR_OK;
}

/* Of a first run: is the history as empty as the tables? */
static enum err look_at_history(struct import *im, char *reason, size_t size)
{
    struct history_store *h = im->config.history;
    bool empty = false;
    char why[SENTENCE_SIZE];
    if (!h->ops->is_ready(h, why, sizeof why))
        return refuse(reason, size, ERR_UNAVAILABLE, why);
    enum err e = h->ops->is_empty(h, &empty);
    if (e != ERR_OK)
        return refuse(reason, size, e, "the history cannot be read");
    if (!empty)
        return refuse(reason, size, ERR_FORBIDDEN,
                      "there are posts of something else in the history: its keyspace must be a "
                      "new one");
    return ERR_OK;
}

static enum err look(struct import *im, char *reason, size_t size)
{
    struct import_table *t = im->config.table;
    enum err e = look_at_source(im, reason, size);
    if (e == ERR_OK)
        e = t->ops->open(t, &im->size.source, im->config.source->in_place, &im->note, reason, size);
    if (e != ERR_OK || im->note.stage == IMPORT_DONE)
        return e;
    e = look_at_log(im, reason, size);
    if (e == ERR_OK && im->note.stage == IMPORT_NONE)
        e = look_at_history(im, reason, size);
    if (e == ERR_OK && im->note.stage == IMPORT_NONE) {
        im->note.stage = IMPORT_COPYING;
        e = t->ops->note(t, &im->note);
    }
    return e;
}

/* ---- The way ---- */

static const struct {
    enum err (*run)(struct import *im);
    const char *failed;
} steps[] = {
    {copy_posts, "the posts could not all be copied"},
    {copy_heads, "the ends of the channels could not be written"},
    {load_tables, "accounts, channels and memberships could not be loaded"},
    {check_all, "it could not be read back"},
};

/* What differs is copied once more by the next run, from the beginning. */
static enum err end(struct import *im, char *reason, size_t size)
{
    struct import_table *t = im->config.table;
    im->note.stage = im->differences == 0 ? IMPORT_DONE : IMPORT_COPYING;
    if (im->differences != 0)
        im->note.cursor = 0;
    enum err e = t->ops->note(t, &im->note);
    if (e != ERR_OK)
        return refuse(reason, size, e, "the end could not be noted; run it again");
    if (im->differences == 0)
        return ERR_OK;
    snprintf(reason, size, "%llu differences; run it again to copy everything once more",
             (unsigned long long)im->differences);
    return ERR_INTERNAL;
}

static enum err go(struct import *im, char *reason, size_t size)
{
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum err e = steps[i].run(im);
        if (e != ERR_OK) {
            snprintf(reason, size, "%s: %s; run it again", steps[i].failed, err_text(e));
            return e;
        }
    }
    return end(im, reason, size);
}

enum err import_run(const struct import_config *config, struct import_report *out, char *reason,
                    size_t reason_size)
{
    struct import im = {.config = *config};
    if (im.config.writers == 0)
        im.config.writers = IMPORT_WRITERS_DEFAULT;
    if (im.config.batch == 0)
        im.config.batch = IMPORT_BATCH_DEFAULT;
    if (im.config.tries == 0)
        im.config.tries = IMPORT_TRIES_DEFAULT;
    if (im.config.try_ms == 0)
        im.config.try_ms = 1000;
    enum err e = look(&im, reason, reason_size);
    bool was_done = e == ERR_OK && im.note.stage == IMPORT_DONE;
    if (e == ERR_OK && !was_done)
        e = go(&im, reason, reason_size);
    config->table->ops->close(config->table);
    *out = (struct import_report){im.size, was_done, im.differences};
    return e;
}
