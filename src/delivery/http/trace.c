#include "delivery/http/trace.h"

#include "delivery/http/route.h"

/* What came as traceparent; none when it is not there exactly once, as the standard asks. */
static struct str traceparent_of(const struct http_request *r)
{
    struct str found = STR_NONE;
    for (size_t i = 0; i < r->n_fields; i++) {
        if (!str_eq_nocase(r->fields[i].name, STR("traceparent")))
            continue;
        if (found.p != NULL)
            return STR_NONE;
        found = r->fields[i].value;
    }
    return found;
}

void exchange_trace_begin(struct exchange *x)
{
    if (!trace_is_on() || x->route->is_probe)
        return;
    trace_begin_request(&x->span, x->route->name, traceparent_of(x->request), x->by_proxy);
    trace_add_text(&x->span, "http.request.method", x->route->method);
    trace_add_text(&x->span, "http.route", x->route->path);
    trace_add_text(&x->span, "url.scheme", x->https ? "https" : "http");
}

void exchange_trace_wait(const struct exchange *x)
{
    struct trace_context at = trace_of(&x->span);
    if (!trace_context_is_set(&at))
        return;
    struct trace_span wait = {
        .name = "wait for a worker",
        .kind = TRACE_INTERNAL,
        .begun_us = x->span.begun_us,
        .ended_us = clock_steady_us(&clock_system),
    };
    trace_note(&wait, &at);
}

/* As OpenTelemetry has it, only a server's own failures are errors of its spans. */
static const char *error_of(const struct exchange *x)
{
    switch (x->response.status) {
    case 500:
        return "500";
    case 503:
        return "503";
    default:
        return x->conn == NULL ? "gone" : NULL;
    }
}

void exchange_trace_end(struct exchange *x)
{
    trace_add_number(&x->span, "http.response.status_code", x->response.status);
    trace_end_request(&x->span, error_of(x));
}
