/* What a node says of unread messages when it cannot count them all: never a number in silence. */
#include "base/mem.h"
#include "cluster/channels.h"
#include "domain/limits.h"
#include "engine_rig.h"

struct town {
    struct channel_table table;
    struct history_store history;
    struct channel_view view;
    struct channel_table_ops table_ops;
    struct history_store_ops history_ops;
    struct cluster_channels *channels;
    unsigned held, below; /* posts by others that are unread: here, and in the history */
    uint64_t from;        /* the first that is held; 0: none */
    bool has_gap, is_away;
};

static struct town town;

static enum err memberships(struct channel_table *self, const struct uuid *user,
                            struct arena *arena, struct membership_row **out, size_t *n)
{
    (void)self;
    (void)user;
    *out = arena_alloc(arena, sizeof **out);
    **out = (struct membership_row){.channel = {.id = log_rig_channel(1), .name = STR("town")},
                                    .join_seq = 10};
    *n = 1;
    return ERR_OK;
}

static enum err own_heads(struct history_store *self, const struct uuid *user,
                          void (*each)(const struct uuid *channel, uint64_t seq, void *arg),
                          void *arg)
{
    (void)self;
    (void)user;
    (void)each;
    (void)arg;
    return town.is_away ? ERR_UNAVAILABLE : ERR_OK;
}

static enum err stored(struct history_store *self, const struct uuid *user,
                       const struct uuid *channel, uint64_t seq, unsigned max, unsigned *out)
{
    (void)self;
    (void)user;
    (void)channel;
    if (town.is_away)
        return ERR_UNAVAILABLE;
    unsigned n = seq + 1 < town.from || town.from == 0 ? town.below : 0;
    *out = n < max ? n : max;
    return ERR_OK;
}

static unsigned partitions(struct channel_view *self)
{
    (void)self;
    return 1;
}

static unsigned partition_of(struct channel_view *self, const struct uuid *channel)
{
    (void)self;
    (void)channel;
    return 0;
}

static uint64_t position(struct channel_view *self, unsigned partition)
{
    (void)self;
    (void)partition;
    return 1000;
}

static void head(struct channel_view *self, const struct uuid *channel, struct channel_head *out)
{
    (void)self;
    *out = (struct channel_head){.channel = *channel, .seq = 900, .version = 1};
}

static uint64_t own_head(struct channel_view *self, const struct uuid *user,
                         const struct uuid *channel)
{
    (void)self;
    (void)user;
    (void)channel;
    return 0;
}

static unsigned held(struct channel_view *self, const struct uuid *user, const struct uuid *channel,
                     uint64_t seq, unsigned max, uint64_t *from, bool *has_gap)
{
    (void)self;
    (void)user;
    (void)channel;
    (void)seq;
    *from = town.from;
    *has_gap = town.has_gap;
    return town.held < max ? town.held : max;
}

static int setup(void **state)
{
    (void)state;
    town = (struct town){
        .table_ops = {.memberships = memberships},
        .history_ops = {.own_heads = own_heads, .unread = stored},
        .view = {.partitions = partitions,
                 .partition_of = partition_of,
                 .position = position,
                 .head = head,
                 .own_head = own_head,
                 .unread = held},
        .held = 3,
        .below = 4,
        .from = 500,
    };
    town.table.ops = &town.table_ops;
    town.history.ops = &town.history_ops;
    town.channels = cluster_channels_new(&(struct channels_config){
        .table = &town.table, .history = &town.history, .view = &town.view});
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cluster_channels_free(town.channels);
    return 0;
}

static void expect(unsigned unread, bool is_part)
{
    struct channel_store *door = cluster_channels_door(town.channels);
    struct uuid user = log_rig_channel(9);
    struct memberships list;
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(door->ops->memberships(door, &user, true, &arena, &list), ERR_OK);
    assert_int_equal(list.n, 1);
    assert_int_equal(list.items[0].unread, unread);
    assert_int_equal(list.items[0].unread_is_part, is_part);
    arena_fini(&arena);
}

static void all_is_counted(void **state)
{
    (void)state;
    expect(7, false);
    town.from = town.held = 0;
    expect(4, false);
}

static void gap_is_told(void **state)
{
    (void)state;
    town.has_gap = true;
    expect(7, true);
}

static void history_that_is_away_is_told(void **state)
{
    (void)state;
    town.is_away = true;
    expect(3, true);
    town.held = LIMIT_UNREAD; /* more are not counted anyway */
    expect(LIMIT_UNREAD, false);
    town.held = 3;
    town.from = 1; /* all after what was read is here: nothing else is needed */
    expect(3, false);
}

int main(void)
{
#define TOWN_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TOWN_TEST(all_is_counted),
        TOWN_TEST(gap_is_told),
        TOWN_TEST(history_that_is_away_is_told),
    };
    return cmocka_run_group_tests_name("memberships", tests, NULL, NULL);
}
