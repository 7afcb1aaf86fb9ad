/* One running parley: everything that a configuration asks for, wired and started; drained and
 * stopped in an order in which nothing acknowledged is lost.
 *
 * `node_open` builds the parts (wiring.c reads like the circuit diagram), `node_start` opens the
 * door. `node_stop`:
 *
 *     1. the door is closed: no more connections, /readyz says 503
 *     2. websockets are closed with 1012 as their last sends are acked, requests are answered;
 *        until nothing is open or the drain time is over
 *     3. the workers finish, then the journal makes durable what it took
 *     4. the loops end, and everything is freed in reverse
 */
#ifndef PARLEY_NODE_NODE_H
#define PARLEY_NODE_NODE_H

#include <stddef.h>

#include "base/err.h"
#include "node/config.h"

#define NODE_REASON_SIZE 512

struct node;

/* `config` is borrowed and must outlive the node. On failure ERR_UNAVAILABLE and a sentence in
 * `reason` (NODE_REASON_SIZE) that says what to do. */
enum err node_open(const struct config *config, struct node **out, char *reason);
/* Runs the loops, waits until the engine has heard everything that was durable before, listens.
 * Answers when connections are accepted. A SIGTERM or SIGINT that is pending (both must be blocked)
 * ends the waiting. */
enum err node_start(struct node *n, char *reason);
/* Where it listens, as "http://127.0.0.1:9000". Lives as long as the node. */
const char *node_url(const struct node *n);
/* Takes over what a fresh configuration may change while running: message size and rates of
 * `limits`, and the TLS certificate, which is read again. */
void node_reload(struct node *n, const struct config *fresh);
/* Drains, stops and frees; at most drainTimeout and a few seconds. NULL is fine. */
void node_stop(struct node *n);

#endif
