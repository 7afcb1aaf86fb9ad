/* The span of a frame that sends: it begins when the frame was read and ends with the verdict,
 * after which the frames of the answer are handed out with everyone else's. */
#include "telemetry/trace.h"
#include "delivery/ws/conn.h"

static struct trace_span span_of(enum event_kind kind)
{
    struct trace_span s = {
        .name = kind == EVENT_REPLY ? "websocket CreateReply" : "websocket CreateMessage",
        .kind = TRACE_SERVER,
    };
    trace_add_text(&s, "network.protocol.name", "websocket");
    return s;
}

void ws_trace_refused(const struct send *send, enum err e)
{
    if (!trace_context_is_set(&send->trace))
        return;
    struct trace_span s = span_of(send->kind);
    trace_add_text(&s, "parley.refused", err_code(e));
    trace_note_request(&s, &send->trace, clock_steady_us(&clock_system),
                       err_status(e) >= 500 ? err_name(e) : NULL);
}

void ws_trace_done(const struct append *a)
{
    if (!trace_is_wanted(&a->trace, clock_steady_us(&clock_system) - a->queued_us))
        return;
    struct trace_span s = span_of(a->kind);
    if (a->err == ERR_OK)
        trace_add_number(&s, "parley.seq", (int64_t)a->seq);
    else
        trace_add_text(&s, "parley.refused", err_code(a->err));
    if (a->duplicate)
        trace_add_text(&s, "parley.duplicate", "true");
    trace_note_request(&s, &a->trace, a->queued_us,
                       err_status(a->err) >= 500 ? err_name(a->err) : NULL);
}
