/* Word of mouth between the nodes (Redis' publish and subscribe): what is not an event of a
 * channel's journal and may be lost. A note reaches every other node that listens at that moment,
 * at most once, in the order of one sender. */
#ifndef PARLEY_PORT_BUS_H
#define PARLEY_PORT_BUS_H

#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

#define BUS_NOTE_MAX 4096 /* bytes */

struct bus_listener {
    /* On a thread of the bus: must not block. `note` lives until it returns; hostile like any
     * input. Own notes are not heard. */
    void (*note)(struct bus_listener *self, struct str note);
    /* The bus was away: notes were lost. NULL is fine. */
    void (*gap)(struct bus_listener *self);
};

struct bus;
struct bus_ops {
    /* Any thread, never blocks. ERR_UNAVAILABLE: not sent (the bus is away, or its queue is full).
     */
    enum err (*tell)(struct bus *self, struct str note);
    /* Before the first note; one listener. */
    void (*listen)(struct bus *self, struct bus_listener *listener);
};

struct bus {
    const struct bus_ops *ops;
};

#endif
