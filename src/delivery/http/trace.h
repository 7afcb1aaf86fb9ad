/* The span of a request: from its route to the end of its exchange. Inside delivery/http only. */
#ifndef PARLEY_DELIVERY_HTTP_TRACE_H
#define PARLEY_DELIVERY_HTTP_TRACE_H

#include "delivery/http/exchange.h"

/* Its route is known. Nothing for probes. */
void exchange_trace_begin(struct exchange *x);
/* A worker takes it up: how long it waited for one. */
void exchange_trace_wait(const struct exchange *x);
/* Its answer is on its way, or nobody waits for it any more. */
void exchange_trace_end(struct exchange *x);

#endif
