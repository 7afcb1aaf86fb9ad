/* Buses in memory: as many nodes as a process likes to have, joined by a wire. For tests and the
 * simulator.
 *
 * A note that was told waits in the wire's queue and goes to every other bus that is on the wire
 * and not cut off when its turn comes. With a thread of its own the wire hands notes out by itself;
 * stepped, nothing is heard until memory_wire_step. */
#ifndef PARLEY_ADAPTER_MEMORY_BUS_H
#define PARLEY_ADAPTER_MEMORY_BUS_H

#include <stdbool.h>
#include <stddef.h>

#include "port/bus.h"

struct memory_wire;
struct memory_bus;

/* `notes_max`: that may wait; more are refused. 0: 4,096. */
struct memory_wire *memory_wire_new(bool stepped, size_t notes_max);
/* After its buses. */
void memory_wire_free(struct memory_wire *w);
/* Stepped: hands out the oldest note, or tells one bus of its gap. False: there was nothing. */
bool memory_wire_step(struct memory_wire *w);
/* Stepped: the oldest note is lost. */
void memory_wire_lose(struct memory_wire *w);

struct memory_bus *memory_bus_new(struct memory_wire *w);
/* Its listener is not called any more when this returns. Not from within a call of it. */
void memory_bus_free(struct memory_bus *b);
struct bus *memory_bus_port(struct memory_bus *b);
/* While it is cut off it can tell nothing and hears nothing; afterwards its listener is told of the
 * gap. */
void memory_bus_cut(struct memory_bus *b, bool cut);

#endif
