/* Who is in as of the positions, what she has read, and what is unread. */
#include <string.h>

#include "base/buf.h"
#include "cluster/record.h"
#include "domain/limits.h"
#include "town.h"

static struct membership one(struct town *t, unsigned user, unsigned channel)
{
    struct membership m = {.unread = UINT32_MAX};
    assert_true(town_membership(t, 0, user, channel, &m));
    return m;
}

static void positions_are_those_of_every_partition(void **state)
{
    struct town *t = *state;
    struct uuid u = kit_user_id(1);
    struct channel_store *s = cluster_channels_door(t->node[0].channels);
    struct memberships m;
    struct arena arena;
    uint64_t last[TOWN_PARTITIONS] = {0};
    arena_init(&arena);
    town_add_users(t, 1);
    town_start_relays(t);
    for (unsigned i = 1; i <= 8; i++) {
        assert_int_equal(town_create(t, 0, i, 1), ERR_OK);
        struct uuid c = kit_channel_id(i);
        last[t->node[0].view.partition_of(&t->node[0].view, &c)] = town_say(t, 1, i);
    }
    town_wait_told(t, 1);
    assert_int_equal(s->ops->memberships(s, &u, false, &arena, &m), ERR_OK);
    assert_int_equal(m.n, 8);
    for (unsigned p = 0; p < TOWN_PARTITIONS; p++)
        assert_int_equal(m.positions[p], last[p]);
    for (size_t i = 0; i < m.n; i++) { /* in order of joining */
        struct uuid c = kit_channel_id((unsigned)i + 1);
        assert_true(uuid_eq(&m.items[i].channel.id, &c));
    }
    arena_fini(&arena);
}

/* A node that has not heard of a leave still shows the channel, one that has not heard of a join
 * does not; whoever attaches there hears of both. */
static void who_is_in_is_told_as_of_the_positions(void **state)
{
    struct town *t = *state;
    struct membership m;
    town_add_users(t, 3);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    town_wait_heard(t, 1, 3);
    town_deafen(t, 1, true);
    assert_int_equal(town_leave(t, 0, 2, 1) | town_join(t, 0, 3, 1), ERR_OK);
    town_wait_told(t, 2);
    town_wait_told(t, 3);
    assert_true(town_membership(t, 1, 2, 1, &m));
    assert_false(town_membership(t, 1, 3, 1, &m));
    assert_false(town_membership(t, 0, 2, 1, &m));
    assert_true(town_membership(t, 0, 3, 1, &m));
    /* and back: of the two memberships of the channel one counts, here the first, there the last */
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    assert_true(town_membership(t, 1, 2, 1, &m));
    assert_true(town_membership(t, 0, 2, 1, &m));
    town_deafen(t, 1, false);
    town_wait_heard(t, 1, 6);
    assert_true(town_membership(t, 1, 2, 1, &m));
    assert_true(town_membership(t, 1, 3, 1, &m));
}

/* A table that counts how often the memberships of a user are read. */
struct counted {
    struct channel_table door;
    struct channel_table_ops ops;
    struct channel_table *real;
    unsigned n;
};

static enum err counted_memberships(struct channel_table *self, const struct uuid *user,
                                    struct arena *arena, struct membership_row **out, size_t *n)
{
    struct counted *c = MEM_OWNER(self, struct counted, door);
    c->n++;
    return c->real->ops->memberships(c->real, user, arena, out, n);
}

/* Node 0 reads through `c`, and only reads. */
static void count_reads(struct town *t, struct counted *c)
{
    c->ops.memberships = counted_memberships;
    c->door.ops = &c->ops;
    cluster_channels_free(t->node[0].channels);
    t->node[0].channels = cluster_channels_new(&(struct channels_config){
        .table = &c->door,
        .log = memory_event_log_door(t->log),
        .history = memory_history_door(t->history),
        .view = &t->node[0].view,
    });
}

/* The relay has put it into the log and not yet told the table, or has put it there twice. */
static void a_join_counts_by_its_version_too(void **state)
{
    struct town *t = *state;
    struct channel_table *s = t->tables.node[0];
    struct membership m;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    town_wait_told(t, 1);
    relay_stop(t->node[0].relay);
    relay_stop(t->node[1].relay);
    uint64_t version = 0, head = town_say(t, 1, 1);
    struct uuid u2 = kit_user_id(2), c1 = kit_channel_id(1);
    assert_int_equal(s->ops->join(s, &u2, &c1, KIT_MANY, &version), ERR_OK);
    assert_false(town_membership(t, 0, 2, 1, &m));
    /* what a relay does that dies at once */
    struct outbox_row *rows;
    struct arena arena;
    struct buf value;
    size_t n;
    arena_init(&arena);
    buf_init(&value, RECORD_BYTES_MAX);
    assert_int_equal(s->ops->relay_take(s), ERR_OK);
    assert_int_equal(s->ops->outbox(s, 10, 0, &arena, &rows, &n), ERR_OK);
    assert_int_equal(n, 1);
    record_encode(&rows[0].event, rows[0].version, &value);
    unsigned p = t->node[0].view.partition_of(&t->node[0].view, &c1);
    memory_event_log_put(t->log, p, KIT_START_US / 1000, &c1, buf_str(&value), STR_NONE);
    town_wait_heard(t, 0, 4);
    /* the first look cannot tell, the second knows that the version was there before */
    struct counted counted = {.real = s};
    count_reads(t, &counted);
    assert_true(town_membership(t, 0, 2, 1, &m));
    assert_int_equal(counted.n, 2);
    /* nothing that was said before counts, though nobody knows yet where "before" ends */
    assert_int_equal(m.read_seq, head);
    assert_int_equal(m.unread, 0);
    assert_int_equal(s->ops->outbox_done(s, &rows[0], seq_of(TOWN_EPOCH, 1000)), ERR_OK);
    assert_true(town_membership(t, 0, 2, 1, &m));
    buf_fini(&value);
    arena_fini(&arena);
}

static void what_was_before_the_join_counts_as_read(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1), ERR_OK);
    uint64_t head = 0;
    for (int i = 0; i < 3; i++)
        head = town_say(t, 1, 1);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    struct membership m = one(t, 2, 1);
    assert_int_equal(m.head_seq, head);
    assert_int_equal(m.read_seq, head);
    assert_int_equal(m.unread, 0);
    head = town_say(t, 1, 1);
    town_wait_told(t, 2);
    m = one(t, 2, 1);
    assert_int_equal(m.head_seq, head);
    assert_true(m.read_seq < head);
    assert_int_equal(m.unread, 1);
}

/* Ten posts; the history holds some, the node some, and now and then both. */
static void unread_is_counted_across_history_and_memory(void **state)
{
    struct town *t = *state;
    uint64_t seq[10];
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    for (int i = 0; i < 10; i++)
        seq[i] = town_say(t, 1, 1);
    assert_int_equal(one(t, 2, 1).unread, 10);
    assert_int_equal(one(t, 1, 1).unread, 0); /* her own */
    town_persist(t, seq[3], false);
    assert_int_equal(one(t, 2, 1).unread, 10);
    town_persist(t, seq[6], true); /* written, and still held */
    assert_int_equal(one(t, 2, 1).unread, 10);
    town_persist(t, seq[9], false);
    assert_int_equal(one(t, 2, 1).unread, 10);
    for (int i = 0; i < LIMIT_UNREAD; i++)
        seq[0] = town_say(t, 1, 1);
    town_persist(t, seq[0] - 20, true);
    assert_int_equal(one(t, 2, 1).unread, LIMIT_UNREAD);
    town_persist(t, seq[0], false);
    assert_int_equal(one(t, 2, 1).unread, LIMIT_UNREAD);
    memory_history_refuse(t->history, true);
    assert_int_equal(one(t, 2, 1).unread, 0); /* it holds none itself */
    town_say(t, 1, 1);
    assert_int_equal(one(t, 2, 1).unread, 1);
    memory_history_refuse(t->history, false);
}

static void own_posts_move_the_read_position(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_say(t, 1, 1);
    uint64_t own = town_say(t, 2, 1);
    assert_int_equal(one(t, 2, 1).read_seq, own);
    assert_int_equal(one(t, 2, 1).unread, 0);
    town_persist(t, own, false);
    uint64_t head = town_say(t, 1, 1);
    assert_int_equal(one(t, 2, 1).read_seq, own);
    assert_int_equal(one(t, 2, 1).head_seq, head);
    assert_int_equal(one(t, 2, 1).unread, 1);
}

static void mark(struct town *t, unsigned user, uint64_t seq, uint64_t now, bool moved)
{
    struct channel_store *s = cluster_channels_door(t->node[1].channels);
    struct uuid u = kit_user_id(user), c = kit_channel_id(1);
    uint64_t got_now = 0;
    bool got_moved = !moved;
    assert_int_equal(s->ops->mark_read(s, &u, &c, seq, &got_now, &got_moved), ERR_OK);
    assert_int_equal(got_now, now);
    assert_int_equal(got_moved, moved);
}

static void mark_read_goes_forward_up_to_the_head(void **state)
{
    struct town *t = *state;
    town_add_users(t, 3);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    town_wait_heard(t, 1, 3);
    mark(t, 2, UINT64_MAX, 0, false); /* nothing was said */
    uint64_t a = town_say(t, 1, 1), b = town_say(t, 2, 1), c = town_say(t, 1, 1);
    mark(t, 2, a, b, false); /* her own moved it further already */
    town_persist(t, b, false);
    mark(t, 2, b, b, false);
    mark(t, 2, UINT64_MAX, c, true);
    mark(t, 2, c, c, false);
    assert_int_equal(one(t, 2, 1).unread, 0);
    struct channel_store *s = cluster_channels_door(t->node[1].channels);
    struct uuid u3 = kit_user_id(3), u2 = kit_user_id(2), c1 = kit_channel_id(1),
                c9 = kit_channel_id(9);
    uint64_t now;
    bool moved;
    assert_int_equal(s->ops->mark_read(s, &u3, &c1, 1, &now, &moved), ERR_NOT_MEMBER);
    assert_int_equal(s->ops->mark_read(s, &u2, &c9, 1, &now, &moved), ERR_NOT_MEMBER);
    assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
    assert_int_equal(s->ops->mark_read(s, &u2, &c1, 1, &now, &moved), ERR_NOT_MEMBER);
}

/* Who leaves and comes back has missed nothing that would count. */
static void rejoining_begins_at_the_head(void **state)
{
    struct town *t = *state;
    town_add_users(t, 2);
    town_start_relays(t);
    assert_int_equal(town_create(t, 0, 1, 1) | town_join(t, 0, 2, 1), ERR_OK);
    town_say(t, 2, 1);
    assert_int_equal(town_leave(t, 0, 2, 1), ERR_OK);
    uint64_t head = town_say(t, 1, 1);
    assert_int_equal(town_join(t, 0, 2, 1), ERR_OK);
    town_wait_told(t, 2);
    assert_int_equal(one(t, 2, 1).read_seq, head);
    assert_int_equal(one(t, 2, 1).unread, 0);
}

int saga_memberships(void)
{
#define MEMBERSHIP_TEST(f) cmocka_unit_test_setup_teardown(f, town_setup, town_teardown)
    const struct CMUnitTest tests[] = {
        MEMBERSHIP_TEST(positions_are_those_of_every_partition),
        MEMBERSHIP_TEST(who_is_in_is_told_as_of_the_positions),
        MEMBERSHIP_TEST(a_join_counts_by_its_version_too),
        MEMBERSHIP_TEST(what_was_before_the_join_counts_as_read),
        MEMBERSHIP_TEST(unread_is_counted_across_history_and_memory),
        MEMBERSHIP_TEST(own_posts_move_the_read_position),
        MEMBERSHIP_TEST(mark_read_goes_forward_up_to_the_head),
        MEMBERSHIP_TEST(rejoining_begins_at_the_head),
    };
    return cmocka_run_group_tests_name("memberships", tests, NULL, NULL);
}
