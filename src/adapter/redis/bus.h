/* port/bus.h on Redis' publish and subscribe. Inside adapter/redis only.
 *
 *     tell ──> queue ──> teller thread ──PUBLISH──> Redis ──> listener thread ──> bus_listener
 *
 * The queue holds BUS_QUEUE_MAX notes; the teller sends what is there in one write and reads the
 * answers. While it has no connection `tell` refuses, and what was still queued is dropped: a note
 * is told at most once. The listener thread notices a dead connection by asking for a sign of life
 * when nothing came for probe_ms, connects again every probe_ms, and tells the gap once it hears
 * again. The channel's name carries the number of the database, which Redis' own do not.
 */
#ifndef PARLEY_ADAPTER_REDIS_BUS_H
#define PARLEY_ADAPTER_REDIS_BUS_H

#include "adapter/redis/server.h"
#include "port/bus.h"

#define BUS_QUEUE_MAX 4096 /* notes: at most 16 MiB */
#define BUS_BATCH_MAX 256  /* notes a write */

struct redis_bus;
/* Starts the teller; the listener thread starts with `listen`. `server` is borrowed. */
struct redis_bus *redis_bus_new(struct server *server);
void redis_bus_free(struct redis_bus *b);
/* The port. */
struct bus *redis_bus_port(struct redis_bus *b);

#endif
