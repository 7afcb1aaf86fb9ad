/* Tells who is offline: the role `notify`. A consumer group that follows the log.
 *
 *     poll ──> posts of the batch ──> wait until persist has written them ──> read them, by channel
 *                                                                                   |
 *     commit <── all handed over <── web hook, or the retry log <── inboxes <── who is offline?
 *
 * What the log holds is not what happened: a record can be a repeat. The follower knows, but its
 * window costs memory a partition and its state must be right at the very offset where a group
 * takes a partition over; persist's followers have judged already, and what they found is in the
 * history (decision 1060). So notify reads a record only for its channel and position, waits until
 * persist has committed past it (about a second after the record at most), and asks the history for
 * the posts at those positions: a repeat has none there.
 *
 * Offsets are committed when everything below them was handed over: no gap. What was handed over
 * and not committed is told again after a crash, under the same ids (consumer/note.h). Posts that
 * are older than NOTIFY_AGE_MS when they are read are let go: a group that is new, or was away for
 * days, does not tell of last week.
 *
 * Trouble: the history, the channels or the log away: it waits, and asks again; nothing is
 * committed. The cache away: who is offline is not known, so all members are told of as
 * "presence":"unknown", and the inboxes miss these posts. The web hook away: consumer/courier.h.
 */
#ifndef PARLEY_CONSUMER_NOTIFY_H
#define PARLEY_CONSUMER_NOTIFY_H

#include "base/clock.h"
#include "port/cache.h"
#include "port/channel_table.h"
#include "port/event_log.h"
#include "port/message_store.h"
#include "port/webhook.h"

#define NOTIFY_BATCH_MAX 256 /* records */
#define NOTIFY_AGE_MS    (INT64_C(24) * 60 * 60 * 1000)

struct notify_config {
    struct event_log *log;
    const char *group, *persist_group; /* ours, and the one whose commits say what is written */
    uint32_t epoch;                    /* of the log */
    struct message_store *messages;    /* the history, as persist writes it */
    struct channel_table *channels;
    struct cache *cache;     /* NULL: presence is unknown and there are no inboxes */
    struct web_hook *hook;   /* NULL: only the inboxes */
    struct event_log *retry; /* where notes go that the hook did not take; NULL when it is NULL */
    const struct clock *clock;
};

struct notify;
/* Joins the group and starts its thread. Strings and ports are borrowed. */
struct notify *notify_start(const struct notify_config *config);
/* Ends the thread, within the time that the hook and the log allow themselves. What was not handed
 * over is not committed. NULL is fine. */
void notify_stop(struct notify *n);

#endif
