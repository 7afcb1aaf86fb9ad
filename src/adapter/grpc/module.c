/* The driver as a module (port/driver.h), and the library's log in ours. */
#include <grpc/support/log.h>
#include <stdio.h>

#include "adapter/grpc/grpc.h"
#include "base/log.h"
#include "base/mem.h"
#include "port/driver.h"
#include "port/driver_abi.h"

#define LIBRARY_SIZE 64

static const char *library(void)
{
    static char text[LIBRARY_SIZE];
    snprintf(text, sizeof text, "libgrpc++ %s", grpc_library_version());
    return text;
}

/* What the library calls an error is mostly a client's doing. */
static void take_log(gpr_log_func_args *args)
{
    if (args->severity == GPR_LOG_SEVERITY_ERROR)
        log_event(LOG_WARN, "gRPC", LOG_S("said", args->message));
    else
        log_event(LOG_DEBUG, "gRPC", LOG_S("said", args->message));
}

static enum err open_driver(const void *config, struct driver **out, char *reason, size_t size)
{
    (void)reason;
    (void)size;
    struct driver *d = MEM_NEW(struct driver);
    gpr_set_log_function(take_log);
    d->rpc = grpc_server_new(config);
    d->peers = grpc_server_peers(d->rpc);
    *out = d;
    return ERR_OK;
}

static void close_driver(struct driver *self)
{
    grpc_server_free(self->rpc);
    mem_free(self);
}

DRIVER_EXPORT const struct driver_module parley_driver = {
    .abi = DRIVER_ABI,
    .name = "grpc",
    .config_size = sizeof(struct grpc_config),
    .library = library,
    .open = open_driver,
    .close = close_driver,
};
