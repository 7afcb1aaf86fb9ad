/* The driver as a module (port/driver.h). */
#include <stdio.h>

#include "adapter/kafka/kafka.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

struct kafka_driver {
    struct driver driver; /* first: the program holds this one */
    struct kafka *kafka;
};

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct kafka_driver *d = MEM_NEW(struct kafka_driver);
    enum err e = kafka_open(config, &d->kafka, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    d->driver.log = kafka_log(d->kafka);
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct kafka_driver *d = (struct kafka_driver *)self;
    kafka_close(d->kafka);
    mem_free(d);
}

/* There is no way down: a topic holds what was acknowledged, and who wants it gone deletes it. */
static enum err migrate(const void *config, enum driver_migration what, driver_say_f say, void *arg,
                        char *reason, size_t size)
{
    const struct kafka_config *c = config;
    if (what == DRIVER_MIGRATE_UP)
        return kafka_topics_ensure(c, c->topics, c->n_topics, say, arg, reason, size);
    if (what == DRIVER_MIGRATE_STATUS)
        return kafka_topics_status(c, c->topics, c->n_topics, say, arg, reason, size);
    for (size_t i = 0; i < c->n_topics; i++) {
        char line[KAFKA_REASON_SIZE];
        snprintf(line, sizeof line, "%s: kept; parley deletes no topic", c->topics[i].name);
        say(line, arg);
    }
    return ERR_OK;
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "kafka",
    .config_size = sizeof(struct kafka_config),
    .library = kafka_library,
    .open = open_driver,
    .close = close_driver,
    .migrate = migrate,
};
