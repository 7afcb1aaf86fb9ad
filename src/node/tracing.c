#include "node/tracing.h"

#include "adapter/otlp/otlp.h"
#include "base/mem.h"
#include "node/module.h"
#include "node/node.h"
#include "telemetry/trace_export.h"

struct tracing {
    const struct driver_module *module;
    struct driver *driver;
    struct otlp_config config; /* the driver's, while it is open */
    struct trace_export *export;
};

static enum err send_spans(void *arg, const struct trace_span *spans, size_t n, char *reason,
                           size_t reason_size)
{
    struct span_sink *sink = arg;
    return sink->ops->take(sink, spans, n, reason, reason_size);
}

enum err tracing_start(const struct config *config, const char *node, struct tracing **out,
                       char *reason)
{
    *out = NULL;
    if (config->trace.endpoint[0] == '\0')
        return ERR_OK;
    struct tracing *t = MEM_NEW(struct tracing);
    t->config = (struct otlp_config){
        .endpoint = config->trace.endpoint,
        .service = config->trace.service_name,
        .node = node,
    };
    enum err e = module_load("otlp", sizeof t->config, &t->module, reason, NODE_REASON_SIZE);
    if (e == ERR_OK)
        e = t->module->open(&t->config, &t->driver, reason, NODE_REASON_SIZE);
    if (e != ERR_OK) {
        mem_free(t);
        return e;
    }
    trace_open(&(struct trace_config){
        .ratio = config->trace.ratio,
        .slow_us = (int64_t)config->trace.slow_ms * 1000,
    });
    t->export = trace_export_start(&(struct trace_export_config){
        .send = send_spans,
        .arg = t->driver->spans,
    });
    *out = t;
    return ERR_OK;
}

void tracing_stop(struct tracing *t)
{
    if (t == NULL)
        return;
    trace_export_stop(t->export);
    trace_close();
    t->module->close(t->driver);
    mem_free(t);
}
