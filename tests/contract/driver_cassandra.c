#include "driver_cassandra.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cassandra_rig.h"

const char *driver_cassandra_keyspace;

/* Stands before the suite's own sink. */
struct writing_sink {
    struct journal_sink super;
    struct journal_sink *next;
    struct history_store *history;
};

/* What was prepared, and the posts of it. */
struct prepared {
    void *next;
    size_t n;
    struct event posts[];
};

struct cassandra_driver {
    struct driver super;
    struct driver *memory;
    struct cassandra *cassandra;
    struct writing_sink sink;
};

static void *sink_prepare(struct journal_sink *self, const struct event *events, size_t n)
{
    struct writing_sink *s = (struct writing_sink *)self;
    struct prepared *p = mem_zalloc(sizeof *p + n * sizeof p->posts[0]);
    p->next = s->next->prepare(s->next, events, n);
    for (size_t i = 0; i < n; i++)
        if (event_is_post(&events[i]))
            p->posts[p->n++] = events[i];
    return p;
}

static void sink_publish(struct journal_sink *self, void *prepared)
{
    struct writing_sink *s = (struct writing_sink *)self;
    struct prepared *p = prepared;
    if (s->history->ops->write(s->history, p->posts, p->n) != ERR_OK)
        abort();
    s->next->publish(s->next, p->next);
    mem_free(p);
}

static void sink_discard(struct journal_sink *self, void *prepared)
{
    struct writing_sink *s = (struct writing_sink *)self;
    struct prepared *p = prepared;
    s->next->discard(s->next, p->next);
    mem_free(p);
}

static void driver_connect(struct cassandra_driver *d)
{
    d->cassandra = cassandra_rig_open(driver_cassandra_keyspace);
    d->sink.history = cassandra_history(d->cassandra);
}

static struct driver *driver_open(const struct driver_setup *setup)
{
    struct cassandra_driver *d = MEM_NEW(struct cassandra_driver);
    struct driver_setup inner = *setup;
    cassandra_rig_empty(driver_cassandra_keyspace);
    driver_connect(d);
    d->sink.super = (struct journal_sink){sink_prepare, sink_publish, sink_discard};
    d->sink.next = setup->sink;
    inner.sink = &d->sink.super;
    d->memory = driver_memory.open(&inner);
    d->super = *d->memory;
    d->super.ops = &driver_cassandra;
    d->super.messages = d->sink.history->messages;
    return &d->super;
}

/* The journal goes on; only the history is opened again. */
static struct driver *driver_reopen(struct driver *self, const struct driver_setup *setup)
{
    struct cassandra_driver *d = (struct cassandra_driver *)self;
    (void)setup;
    cassandra_close(d->cassandra);
    driver_connect(d);
    d->super.messages = d->sink.history->messages;
    return self;
}

static void driver_stop(struct driver *self)
{
    driver_memory.stop(((struct cassandra_driver *)self)->memory);
}

static void driver_close(struct driver *self)
{
    struct cassandra_driver *d = (struct cassandra_driver *)self;
    driver_memory.close(d->memory);
    cassandra_close(d->cassandra);
    mem_free(d);
}

static void driver_refuse(struct driver *self, bool refuse)
{
    driver_memory.refuse(((struct cassandra_driver *)self)->memory, refuse);
}

const struct driver_ops driver_cassandra = {
    .name = "cassandra",
    .open = driver_open,
    .reopen = driver_reopen,
    .stop = driver_stop,
    .close = driver_close,
    .refuse = driver_refuse,
};
