/* Channels and memberships of the cluster engine: port/channel_store.h over the rows of
 * port/channel_table.h and what this node has heard from the log.
 *
 *     join ──> row and outbox in one transaction ──> relay ──> log ──> this node's follower ──>
 * answer
 *
 * A change is answered once this node has published its event. When that takes longer than the
 * limit the answer is ERR_UNKNOWN: it is written, and what is written will be published, by the
 * relay of whatever node (docs/internals/channels.md). Before it is written it is refused,
 * ERR_UNAVAILABLE, where the log cannot be written: then nothing happens.
 *
 * Who was a member as of a position: the positions are taken first, the rows read after that; a
 * join counts if its seq is at or below the position, or if the channel's version was there before
 * the positions were taken. What is above is still to be heard, and will be.
 *
 * That somebody is a member now is kept in the shared cache, where there is one, as a fact about
 * one version of the channel. Facts do not grow stale: after any join or leave that this node hears
 * of, it asks for those of another version. That somebody is no member is always asked of the
 * table.
 *
 * Calls block: for workers. */
#ifndef PARLEY_CLUSTER_CHANNELS_H
#define PARLEY_CLUSTER_CHANNELS_H

#include "cluster/channel_view.h"
#include "port/cache.h"
#include "port/channel_store.h"
#include "port/channel_table.h"
#include "port/event_log.h"
#include "port/history_store.h"

struct channels_config {
    struct channel_table *table;
    struct event_log *log; /* asked whether it can be written */
    struct history_store *history;
    struct channel_view *view;
    struct cache *cache; /* NULL: none */
    unsigned wait_ms;    /* for this node to hear of a change; 0: 5,000 */
};

struct cluster_channels;
/* Everything is borrowed. */
struct cluster_channels *cluster_channels_new(const struct channels_config *config);
/* NULL is fine. */
void cluster_channels_free(struct cluster_channels *c);
/* The door. Lives as long. */
struct channel_store *cluster_channels_door(struct cluster_channels *c);

#endif
