/* What cluster/channels asks of the journal. */
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cluster/journal_state.h"

#define PUBLISH_WAIT_MS 5000

static struct cluster_journal *journal_of(struct channel_view *self)
{
    return MEM_OWNER(self, struct cluster_journal, view);
}

static unsigned view_partitions(struct channel_view *self)
{
    return journal_partitions(&journal_of(self)->door);
}

static unsigned view_partition_of(struct channel_view *self, const struct uuid *channel)
{
    return journal_partition_of(&journal_of(self)->door, channel);
}

static uint64_t view_position(struct channel_view *self, unsigned partition)
{
    return journal_position(&journal_of(self)->door, partition);
}

/* What is judged and not yet published is waited for. */
static void view_head(struct channel_view *self, const struct uuid *channel,
                      struct channel_head *out)
{
    struct cluster_journal *j = journal_of(self);
    unsigned partition = view_partition_of(self, channel);
    *out = (struct channel_head){.channel = *channel};
    if (!cluster_journal_head(j, channel, out) || seq_epoch(out->at) != j->config.epoch)
        return;
    (void)journal_wait(j, partition, seq_offset(out->at) + 1, PUBLISH_WAIT_MS);
}

static void view_reach(struct channel_view *self, const struct uuid *channel, uint64_t seq)
{
    cluster_journal_reach(journal_of(self), channel, seq);
}

static enum err view_wait(struct channel_view *self, const struct uuid *channel, uint64_t version,
                          unsigned wait_ms)
{
    struct cluster_journal *j = journal_of(self);
    unsigned partition = view_partition_of(self, channel);
    int64_t until = clock_steady_us(&clock_system) + (int64_t)wait_ms * 1000;
    if (version == 0)
        return atomic_load(&j->ends) ? ERR_UNAVAILABLE : ERR_OK;
    for (;;) {
        struct channel_head head = {.version = 0};
        uint64_t next = atomic_load(&j->partitions[partition].next);
        cluster_journal_head(j, channel, &head);
        int64_t left_us = until - clock_steady_us(&clock_system);
        unsigned left_ms = left_us > 0 ? (unsigned)(left_us / 1000) + 1 : 0;
        if (head.version >= version) /* judged: it may still have to be published */
            return seq_epoch(head.at) != j->config.epoch ||
                           journal_wait(j, partition, seq_offset(head.at) + 1, left_ms)
                       ? ERR_OK
                   : atomic_load(&j->ends) ? ERR_UNAVAILABLE
                                           : ERR_UNKNOWN;
        if (atomic_load(&j->ends))
            return ERR_UNAVAILABLE;
        if (left_ms == 0)
            return ERR_UNKNOWN;
        (void)journal_wait(j, partition, next + 1, left_ms);
    }
}

static uint64_t view_own_head(struct channel_view *self, const struct uuid *user,
                              const struct uuid *channel)
{
    return overlay_own_head(journal_of(self)->overlay, channel, user);
}

static unsigned view_unread(struct channel_view *self, const struct uuid *user,
                            const struct uuid *channel, uint64_t seq, unsigned max, uint64_t *from,
                            bool *has_gap)
{
    unsigned count;
    uint64_t before;
    /* looked at first: a gap that opens meanwhile lets go of what was still counted, or not */
    bool had_gap = overlay_has_gap(journal_of(self)->overlay, view_partition_of(self, channel));
    bool is_known =
        overlay_count(journal_of(self)->overlay, channel, seq, user, max, &count, &before);
    *from = is_known ? before + 1 : 0;
    *has_gap =
        had_gap || overlay_has_gap(journal_of(self)->overlay, view_partition_of(self, channel));
    return count;
}

void journal_view_init(struct cluster_journal *j)
{
    j->view = (struct channel_view){
        .partitions = view_partitions,
        .partition_of = view_partition_of,
        .position = view_position,
        .head = view_head,
        .reach = view_reach,
        .wait = view_wait,
        .own_head = view_own_head,
        .unread = view_unread,
    };
}

struct channel_view *cluster_journal_view(struct cluster_journal *j)
{
    return &j->view;
}
