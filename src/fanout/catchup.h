/* Gaps: what a session missed of a channel, between where it has heard and where live events go
 * on. While a gap is open the member is held. The gap reads the tail, or pages of the store,
 * hands out what lies up to the audience's boundary at the reader's pace, and closes: the member
 * is live again. Frames up to `replay_to` are replays; what has come since is pushed.
 *
 * What passes by meanwhile and belongs to this session alone is owed: the acks of what it wrote,
 * and joins and leaves (which no history holds). It is handed out in its place among the rest.
 */
#ifndef PARLEY_FANOUT_CATCHUP_H
#define PARLEY_FANOUT_CATCHUP_H

#include "fanout/shard.h"

struct page;

/* Holds subscription `slot` and opens a gap after `pos`; or, where nothing was missed, closes it
 * at once. `replay_to` 0: nothing of it is a replay. A gap that is open already begins again for a
 * replay, else goes on. Hands out nothing: that is catchup_run's. */
void gap_open(struct session *s, uint32_t slot, uint64_t pos, uint64_t replay_to);
/* Frame `index` of `r` is owed to held subscription `slot`: as the ack, or else as a push. */
void gap_owe(struct session *s, uint32_t slot, struct run *r, unsigned index, bool is_ack);
/* The user left the channel: the gap, if any, is given up, owed acks are handed out. False: the
 * session is gone. */
bool gap_abandon(struct session *s, uint32_t slot);
void gaps_free(struct list *gaps);
/* A page of history for one of the session's gaps has come (or could not be had). `s` may be gone
 * afterwards. */
void catchup_take_page(struct session *s, struct page *p);
/* Goes on with the session's gaps as far as it may. `s` may be gone afterwards. */
void catchup_run(struct session *s);

#endif
