/* The envelope of a note on the bus: who tells, and the how-manieth of his notes it is. Inside
 * adapter/redis only.
 *
 *     version (1 byte, 1) | sender (16 bytes, random for each start) | number (8, big endian) |
 * note
 *
 * The number keeps the promise of order and of "at most once": when a connection is given up and
 * Redis still finds its last commands in the socket, they may come after those of the next one;
 * such late notes are dropped. Pure; not for threads.
 */
#ifndef PARLEY_ADAPTER_REDIS_NOTE_H
#define PARLEY_ADAPTER_REDIS_NOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "base/uuid.h"
#include "port/bus.h"

#define NOTE_HEAD_BYTES  25
#define NOTE_WHOLE_MAX   (NOTE_HEAD_BYTES + BUS_NOTE_MAX)
#define NOTE_SENDERS_MAX 256 /* remembered; then the one heard longest ago is forgotten */

/* Writes the head into `out` of NOTE_HEAD_BYTES. */
void note_head(const struct uuid *sender, uint64_t number, char *out);

struct note_filter {
    struct uuid own;
    size_t n;
    uint64_t heard; /* notes, ever */
    struct {
        struct uuid id;
        uint64_t number, heard;
    } senders[NOTE_SENDERS_MAX];
};

/* `own`: whose notes are not for us. */
void note_filter_init(struct note_filter *f, const struct uuid *own);
/* Is `whole` a note of somebody else that is not late? Then its content is in `*note`. */
bool note_filter_pass(struct note_filter *f, struct str whole, struct str *note);

#endif
