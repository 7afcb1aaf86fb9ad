/* What machines ask: is it alive, is it ready, how is it, what can it do. On the loop, from
 * memory. */
#include "delivery/http/handlers.h"
#include "delivery/ops/ready.h"
#include "telemetry/metrics.h"

enum handled on_probe_openapi(struct exchange *x)
{
    struct response *r = &x->response;
    bool gzip = x->edge->openapi_gzip != NULL && http_accepts_coding(x->request, "gzip");
    r->varies_by_coding = true;
    r->gzip = gzip;
    r->shared = bytes_ref(gzip ? x->edge->openapi_gzip : x->edge->openapi);
    return HANDLED;
}

/* chat-app's body: a JSON string. */
enum handled on_probe_health(struct exchange *x)
{
    buf_puts(&x->response.body, "\"OK\"");
    return HANDLED;
}

enum handled on_probe_ready(struct exchange *x)
{
    const struct http_deps *deps = exchange_deps(x);
    struct buf state;
    buf_init(&state, HTTP_ANSWER_BYTES_MAX);
    struct fault f;
    fault_set(&f, ERR_UNAVAILABLE, "not ready");
    bool ready = ready_render(deps->checks, deps->n_checks, http_edge_is_draining(x->edge), &state);
    struct buf *out =
        ready ? response_success_open(&x->response, "ready") : response_fail_open(&x->response, &f);
    buf_put(out, state.p, state.n);
    buf_putc(out, '}');
    buf_fini(&state);
    return HANDLED;
}

/* Does Accept name OpenMetrics? Whoever knows it prefers it; weights are not looked at. */
static bool wants_openmetrics(const struct http_request *r)
{
    struct str accept;
    static const struct str type = {"application/openmetrics-text", 28};
    return http_field_get(r, "Accept", &accept) && accept.n >= type.n &&
           memmem(accept.p, accept.n, type.p, type.n) != NULL;
}

enum handled on_probe_metrics(struct exchange *x)
{
    bool openmetrics = wants_openmetrics(x->request);
    metrics_render(&x->response.body, openmetrics);
    x->response.type = openmetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                   : "text/plain; version=0.0.4; charset=utf-8";
    return HANDLED;
}
