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

struct gap;
struct page;

/* Holds subscription `slot` and opens a gap after `pos`; or, where nothing was missed, closes it
 * at once. `replay_to` 0: nothing of it is a replay. A gap that is open already begins again for a
 * replay, else goes on. Hands out nothing: that is catchup_run's. */
void gap_open(struct session *s, uint32_t slot, uint64_t pos, uint64_t replay_to);
/* Frame `index` of `r` is owed to held subscription `slot`: as the ack, or else as a push. */
void gap_owe(struct session *s, uint32_t slot, struct run *r, unsigned index, bool is_ack);
/* The user leaves the channel: takes its gap away, NULL when there is none. */
struct gap *gap_abandon(struct session *s, uint32_t slot);
/* The acks still owed in a gap that was taken away; frees it. `s` NULL: it is gone. */
void gap_pay_acks(struct session *s, struct gap *g);
/* A pass has begun for which the gap of `slot` was waiting. `s` may be gone afterwards. */
void gap_unblock(struct session *s, uint32_t slot);
void gaps_free(struct list *gaps);
/* A page of history for one of the session's gaps has come (or could not be had). `s` may be gone
 * afterwards. */
void catchup_take_page(struct session *s, struct page *p);
/* Goes on with the session's gaps as far as it may. `s` may be gone afterwards. */
void catchup_run(struct session *s);

#endif
