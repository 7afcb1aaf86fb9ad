/* The driver as a module (port/driver.h). */
#include <curl/curl.h>

#include "adapter/webhook/webhook.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

struct webhook_driver {
    struct driver driver; /* first: the program holds this one */
    struct webhook *webhook;
};

static const char *library(void)
{
    return "libcurl " LIBCURL_VERSION;
}

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct webhook_driver *d = MEM_NEW(struct webhook_driver);
    enum err e = webhook_open(config, &d->webhook, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    d->driver.web_hook = webhook_port(d->webhook);
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct webhook_driver *d = (struct webhook_driver *)self;
    webhook_close(d->webhook);
    mem_free(d);
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "webhook",
    .config_size = sizeof(struct webhook_config),
    .library = library,
    .open = open_driver,
    .close = close_driver,
};
