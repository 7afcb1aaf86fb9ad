/* Carries notes to the web hook: several at once, since each waits for the receiver, and leaves in
 * the retry log what could not be delivered (consumer/envelope.h). A note is handed over when the
 * receiver took it or the retry log holds it; until then its courier tries, however long the log is
 * away. After a failure the hook is left alone for HOOK_REST_US, and notes go to the retry log
 * untried, so that a dead receiver does not hold up the consumer.
 *
 * One thread dispatches and waits.
 */
#ifndef PARLEY_CONSUMER_COURIER_H
#define PARLEY_CONSUMER_COURIER_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/uuid.h"
#include "port/event_log.h"
#include "port/webhook.h"
#include "telemetry/trace_context.h"

#define COURIERS          8
#define COURIER_NOTES_MAX 64   /* under way; the next one waits */
#define COURIER_RETRY_MS  5000 /* to the second try */
#define HOOK_REST_US      (INT64_C(5) * 1000 * 1000)

struct couriers;
/* All borrowed. */
struct couriers *couriers_new(struct web_hook *hook, struct event_log *retry,
                              const struct clock *clock);
/* Ends the waits of couriers_stop first. */
void couriers_free(struct couriers *c);

/* Copies `body`; waits while COURIER_NOTES_MAX are under way. */
void couriers_send(struct couriers *c, const struct uuid *id, struct str body,
                   const struct trace_context *trace);
/* Waits until every note that was sent is handed over. False when couriers_stop came first: then
 * some are not. */
bool couriers_wait(struct couriers *c);
/* Nothing is waited for any more. Any thread. */
void couriers_stop(struct couriers *c);

#endif
