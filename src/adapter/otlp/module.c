/* The driver as a module (port/driver.h). */
#include <curl/curl.h>

#include "adapter/otlp/otlp.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

struct otlp_driver {
    struct driver driver; /* first: the program holds this one */
    struct otlp *otlp;
};

static const char *library(void)
{
    return "libcurl " LIBCURL_VERSION;
}

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    struct otlp_driver *d = MEM_NEW(struct otlp_driver);
    enum err e = otlp_open(config, &d->otlp, reason, size);
    if (e != ERR_OK) {
        mem_free(d);
        return e;
    }
    d->driver.spans = otlp_port(d->otlp);
    *out = &d->driver;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    struct otlp_driver *d = (struct otlp_driver *)self;
    otlp_close(d->otlp);
    mem_free(d);
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "otlp",
    .config_size = sizeof(struct otlp_config),
    .library = library,
    .open = open_driver,
    .close = close_driver,
};
