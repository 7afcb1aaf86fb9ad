/* Inside cluster only. */
#ifndef PARLEY_CLUSTER_CHANNELS_STATE_H
#define PARLEY_CLUSTER_CHANNELS_STATE_H

#include "base/mem.h"
#include "cluster/channels.h"

struct cluster_channels {
    struct channel_store door;
    struct channels_config config;
};

static inline const struct channels_config *channels_config_of(const struct channel_store *self)
{
    return &MEM_OWNER(self, struct cluster_channels, door)->config;
}

/* The parts of the door that are in memberships.c. */
enum err cluster_memberships(struct channel_store *self, const struct uuid *user, bool with_unread,
                             struct arena *arena, struct memberships *out);
enum err cluster_mark_read(struct channel_store *self, const struct uuid *user,
                           const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved);

#endif
