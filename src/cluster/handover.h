/* Direct delivery: a log whose readers need not ask it. It stands between the engine and a log
 * (port/event_log.h) that knows only what was committed: what this node commits is offered to its
 * own readers at once, and handed to all other nodes over the streams between them (port/peer.h).
 *
 *     produce ─> log ─committed─┬─> own readers
 *                               └─> queue ─> thread ─> peers.tell, or bus.tell
 *     peers.batch ─> own readers (gap.h: in order, each once, without a hole)
 *     poll <─ what may be told; else, when it is time, what the log holds above it
 *
 * The log is the truth and the hand-over only saves the asking. A reader looks into it
 *  - when a record is held whose predecessor has not come within GRACE_MS: the predecessor is
 *    committed, since offsets are in order, so it is there;
 *  - when a stream was lost, or a batch could not be told;
 *  - and every `look_ms` in any case: so the last record of a quiet partition is heard though its
 *    hand-over was lost, and everything is heard, later, without any stream at all.
 *
 * Without streams the batches go by word of mouth (port/bus.h) where they fit into a note; of what
 * does not, the note only says that it is there. The bus may lose notes, which is no different.
 *
 * Plain readers are served so; groups read the log itself. The log below must tell a record's time
 * with its answer (log_send.time_ms), and its offsets have no holes.
 *
 * docs/internals/direct.md.
 */
#ifndef PARLEY_CLUSTER_HANDOVER_H
#define PARLEY_CLUSTER_HANDOVER_H

#include "base/clock.h"
#include "port/bus.h"
#include "port/event_log.h"
#include "port/peer.h"

struct handover_config {
    struct event_log *log;   /* borrowed, like the rest */
    struct peer_link *peers; /* at most one of the two is not NULL; */
    struct bus *bus;         /* none: this node hands nothing over and is handed nothing */
    const struct clock *clock;
    unsigned look_ms; /* 0: 1,000; where nothing is handed over, 50 */
};

struct handover;
/* Asks the log for its identity: ERR_UNAVAILABLE when it cannot be reached. */
enum err handover_new(const struct handover_config *config, struct handover **out);
/* Hands nothing over any more; no `tell` is called when it returns. NULL is fine, and so is a
 * second time. */
void handover_stop(struct handover *h);
/* Stops it if need be. After its readers are closed, and after log and peers, which call it. NULL
 * is fine. */
void handover_free(struct handover *h);
/* Lives as long as it. */
struct event_log *handover_door(struct handover *h);

#endif
