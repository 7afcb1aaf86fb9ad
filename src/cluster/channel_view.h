/* What this node has heard of the channels, as cluster/channels asks for it; the journal, which
 * holds the followers, fills it in.
 *
 * What `head` shows has been published: a position that is asked for after it is not below it. */
#ifndef PARLEY_CLUSTER_CHANNEL_VIEW_H
#define PARLEY_CLUSTER_CHANNEL_VIEW_H

#include "port/history_store.h"

struct channel_view {
    /* 1..LOG_PARTITIONS_MAX. */
    unsigned (*partitions)(struct channel_view *self);
    unsigned (*partition_of)(struct channel_view *self, const struct uuid *channel);
    /* The last published seq of a partition, or where it began. */
    uint64_t (*position)(struct channel_view *self, unsigned partition);
    /* The end of a channel; all zero but the id where nothing was heard. */
    void (*head)(struct channel_view *self, const struct uuid *channel, struct channel_head *out);
    /* Waits until this node has followed to `seq`, if the log holds it (cluster_journal_reach). */
    void (*reach)(struct channel_view *self, const struct uuid *channel, uint64_t seq);
    /* Waits until the channel's version is `version` or above. ERR_UNKNOWN: it is not after
     * `wait_ms`; ERR_UNAVAILABLE: the journal stops. Version 0 only asks whether it does. */
    enum err (*wait)(struct channel_view *self, const struct uuid *channel, uint64_t version,
                     unsigned wait_ms);
    /* Of the posts that may not be in the history yet: the user's own last one in the channel, 0
     * when there is none. */
    uint64_t (*own_head)(struct channel_view *self, const struct uuid *user,
                         const struct uuid *channel);
    /* Of the same: how many of the channel are by others and above `seq`, counted to `max`, and the
     * first of the channel that is held, by whomever (`*from`, 0: none): those below are in the
     * history, unless `*has_gap`: then some may be in neither. */
    unsigned (*unread)(struct channel_view *self, const struct uuid *user,
                       const struct uuid *channel, uint64_t seq, unsigned max, uint64_t *from,
                       bool *has_gap);
};

#endif
