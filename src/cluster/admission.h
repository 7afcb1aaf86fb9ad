/* Who may send what, asked before a record goes out. Inside cluster only, part of the journal.
 *
 * Most sends need nothing: they go out on the caller's thread. Two need to be looked up in the
 * store, which blocks, so a worker does it:
 *
 *  - A reply whose message is not in memory. A message never goes away, so its being there is asked
 *    here and not by the follower. An id above all that this node has judged may belong to a
 * message that another node has already shown to the sender: the worker waits until this node has
 * read what the log holds at that moment, and looks again.
 *  - A send under a client id that may have been used before the follower's window began. A UUIDv7
 *    or ULID whose time is well within the window cannot have been, but for users whose clock was
 *    seen ahead (early.h). The store's word counts only if
 *    it holds everything that the window has let go of, or will before the send is judged;
 *    otherwise the send is refused.
 *
 * The sends of a channel keep their order: they queue in a lane while one of them is looked up.
 * There are 64 lanes, which channels share by hash, and one worker at a time in each.
 */
#ifndef PARLEY_CLUSTER_ADMISSION_H
#define PARLEY_CLUSTER_ADMISSION_H

#include <stddef.h>

#include "port/journal.h"

struct cluster_journal;
struct admission;
struct admission *admission_new(struct cluster_journal *j, unsigned workers, size_t waiting_max);
/* Lets the lanes run empty, then ends the workers. */
void admission_stop(struct admission *a);
void admission_free(struct admission *a);

/* Any thread, never blocks. ERR_OK: it will be answered; ERR_UNAVAILABLE. */
enum err admission_take(struct admission *a, struct append *append);
/* A repeat whose prev_seq only the store knows: looks it up, then has it answered. */
void admission_find_prev(struct admission *a, struct append *append);

#endif
