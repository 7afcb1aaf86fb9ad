/* What port/channel_store.h promises. */
#include <string.h>

#include "domain/limits.h"
#include "kit.h"
#include "suites.h"

static struct channel_store *channels_of(struct kit *k)
{
    return k->driver->channels;
}

static void assert_text(struct str got, const char *wanted)
{
    assert_int_equal(got.n, strlen(wanted));
    assert_memory_equal(got.p, wanted, got.n);
}

static void assert_event(struct kit *k, size_t i, enum event_kind kind, unsigned user,
                         unsigned channel, uint32_t members)
{
    struct event e = kit_event(k, i);
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    assert_int_equal(e.kind, kind);
    assert_true(uuid_eq(&e.user, &u));
    assert_true(uuid_eq(&e.channel, &c));
    assert_true(uuid_eq(&e.channel_info.id, &c));
    assert_int_equal(e.members, members);
    assert_int_equal(e.id, 0);
    assert_int_equal(e.parent, 0);
    assert_true(e.username.n > 0);
    assert_true(e.channel_info.name.n > 0);
}

static void create_makes_the_owner_a_member(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct channel c = {kit_channel_id(1), STR("caf\xC3\xA9"), kit_user_id(1), KIT_START_US + 7};
    struct channel got;
    struct arena arena;
    arena_init(&arena);
    kit_add_users(k, 1);
    assert_int_equal(s->ops->get(s, &c.id, &arena, &got), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(s->ops->create(s, &c, KIT_MANY), ERR_OK);
    /* published when the call returns */
    assert_int_equal(kit_published(k), 2);
    assert_event(k, 0, EVENT_CREATED, 1, 1, 0);
    assert_event(k, 1, EVENT_JOINED, 1, 1, 1);
    assert_text(kit_event(k, 1).username, "user-1");
    assert_text(kit_event(k, 1).channel_info.name, "caf\xC3\xA9");
    assert_int_equal(kit_event(k, 0).at_us, KIT_START_US);
    assert_true(kit_event(k, 0).seq < kit_event(k, 1).seq);
    assert_int_equal(s->ops->get(s, &c.id, &arena, &got), ERR_OK);
    assert_true(uuid_eq(&got.id, &c.id) && uuid_eq(&got.owner, &c.owner));
    assert_true(str_eq(got.name, c.name));
    assert_int_equal(got.created_us, c.created_us);
    assert_int_equal(s->ops->is_member(s, &c.owner, &c.id), ERR_OK);
    arena_fini(&arena);
}

static void create_needs_an_owner_with_room(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct arena arena;
    arena_init(&arena);
    kit_add_users(k, 1);
    struct channel c = {kit_channel_id(1), STR("c"), kit_user_id(9), 0}, got;
    assert_int_equal(s->ops->create(s, &c, KIT_MANY), ERR_USER_NOT_FOUND);
    c.owner = kit_user_id(1);
    assert_int_equal(s->ops->create(s, &c, 1), ERR_OK);
    c.id = kit_channel_id(2);
    size_t published = kit_published(k);
    assert_int_equal(s->ops->create(s, &c, 1), ERR_TOO_MANY_CHANNELS);
    assert_int_equal(s->ops->get(s, &c.id, &arena, &got), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(kit_published(k), published);
    assert_int_equal(s->ops->create(s, &c, 2), ERR_OK); /* two may share a name */
    arena_fini(&arena);
}

struct listed {
    unsigned n;
    bool in_order;
};

static void list_one(const struct channel *c, void *arg)
{
    struct listed *l = arg;
    struct uuid wanted = kit_channel_id(++l->n);
    l->in_order = l->in_order && uuid_eq(&c->id, &wanted) && c->name.n > 0;
}

static void list_is_oldest_first(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct listed none = {.in_order = true}, all = none;
    assert_int_equal(s->ops->list(s, list_one, &none), ERR_OK);
    assert_int_equal(none.n, 0);
    kit_add_users(k, 1);
    for (unsigned i = 1; i <= 300; i++)
        kit_add_channel(k, i, 1);
    assert_int_equal(s->ops->list(s, list_one, &all), ERR_OK);
    assert_int_equal(all.n, 300);
    assert_true(all.in_order);
}

static void join_and_leave_are_events(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct uuid u2 = kit_user_id(2), c1 = kit_channel_id(1);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    const struct append *a = kit_say(k, 1, 1, "x");
    uint64_t head = a->seq;
    size_t at = kit_published(k);
    assert_int_equal(s->ops->is_member(s, &u2, &c1), ERR_NOT_MEMBER);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    assert_int_equal(kit_published(k), at + 1);
    assert_event(k, at, EVENT_JOINED, 2, 1, 2);
    assert_int_equal(kit_event(k, at).prev_seq, head);
    assert_text(kit_event(k, at).username, "user-2");
    assert_int_equal(s->ops->is_member(s, &u2, &c1), ERR_OK);
    assert_int_equal(kit_leave(k, 2, 1), ERR_OK);
    assert_int_equal(kit_published(k), at + 2);
    assert_event(k, at + 1, EVENT_LEFT, 2, 1, 1);
    assert_int_equal(s->ops->is_member(s, &u2, &c1), ERR_NOT_MEMBER);
    assert_true(kit_event(k, at).seq > head && kit_event(k, at + 1).seq > kit_event(k, at).seq);
}

static void refused_joins_and_leaves_change_nothing(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct uuid u2 = kit_user_id(2), c1 = kit_channel_id(1), c9 = kit_channel_id(9);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    size_t published = kit_published(k);
    assert_int_equal(kit_join(k, 1, 1), ERR_ALREADY_MEMBER);
    assert_int_equal(kit_join(k, 2, 9), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(kit_join(k, 9, 1), ERR_USER_NOT_FOUND);
    assert_int_equal(kit_leave(k, 2, 1), ERR_NOT_JOINED);
    assert_int_equal(kit_leave(k, 9, 1), ERR_NOT_JOINED);
    assert_int_equal(kit_leave(k, 2, 9), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(s->ops->join(s, &u2, &c1, 0), ERR_TOO_MANY_CHANNELS);
    assert_int_equal(s->ops->is_member(s, &u2, &c1), ERR_NOT_MEMBER);
    assert_int_equal(s->ops->is_member(s, &u2, &c9), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(kit_published(k), published);
    assert_int_equal(s->ops->join(s, &u2, &c1, 1), ERR_OK);
    assert_event(k, published, EVENT_JOINED, 2, 1, 2);
}

static void refused_when_nothing_can_be_durable(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct uuid u1 = kit_user_id(1), c1 = kit_channel_id(1), c2 = kit_channel_id(2);
    struct channel got;
    struct arena arena;
    uint64_t now;
    bool moved;
    arena_init(&arena);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    uint64_t seq = kit_say(k, 2, 1, "x")->seq;
    size_t published = kit_published(k);
    kit_driver->refuse(k->driver, true);
    const struct channel c = {c2, STR("c"), u1, 0};
    assert_int_equal(s->ops->create(s, &c, KIT_MANY), ERR_UNAVAILABLE);
    assert_int_equal(kit_leave(k, 1, 1), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->mark_read(s, &u1, &c1, seq, &now, &moved), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->get(s, &c2, &arena, &got), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(s->ops->is_member(s, &u1, &c1), ERR_OK);
    assert_int_equal(kit_published(k), published);
    kit_driver->refuse(k->driver, false);
    assert_int_equal(s->ops->mark_read(s, &u1, &c1, seq, &now, &moved), ERR_OK);
    assert_true(moved);
    assert_int_equal(kit_leave(k, 1, 1), ERR_OK);
    assert_event(k, published, EVENT_LEFT, 1, 1, 1);
    arena_fini(&arena);
}

struct names {
    unsigned n;
    unsigned users[16];
};

static void name_one(const struct user *u, void *arg)
{
    struct names *names = arg;
    assert_true(u->name.n > 5);
    names->users[names->n++] = (unsigned)(u->name.p[5] - '0');
}

static void members_are_in_order_of_joining(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct uuid c1 = kit_channel_id(1), c9 = kit_channel_id(9);
    struct names names = {.n = 0};
    kit_add_users(k, 4);
    kit_add_channel(k, 1, 3);
    kit_add_channel(k, 2, 1);
    assert_int_equal(kit_join(k, 4, 1) | kit_join(k, 1, 1) | kit_join(k, 2, 1), ERR_OK);
    assert_int_equal(kit_leave(k, 4, 1), ERR_OK);
    assert_int_equal(kit_join(k, 4, 1), ERR_OK);
    assert_int_equal(s->ops->members(s, &c1, name_one, &names), ERR_OK);
    assert_int_equal(names.n, 4);
    const unsigned wanted[] = {3, 1, 2, 4};
    assert_memory_equal(names.users, wanted, sizeof wanted);
    assert_int_equal(s->ops->members(s, &c9, name_one, &names), ERR_CHANNEL_NOT_FOUND);
}

/* ---- The channels of one user ---- */

static struct memberships of_user(struct kit *k, unsigned user, bool with_unread,
                                  struct arena *arena)
{
    struct channel_store *s = channels_of(k);
    struct memberships m;
    struct uuid u = kit_user_id(user);
    assert_int_equal(s->ops->memberships(s, &u, with_unread, arena, &m), ERR_OK);
    return m;
}

static struct membership one_of_user(struct kit *k, unsigned user, unsigned channel)
{
    struct arena arena;
    struct membership found = {.unread = UINT32_MAX};
    struct uuid c = kit_channel_id(channel);
    arena_init(&arena);
    struct memberships m = of_user(k, user, true, &arena);
    for (size_t i = 0; i < m.n; i++)
        if (uuid_eq(&m.items[i].channel.id, &c))
            found = m.items[i];
    arena_fini(&arena);
    assert_true(found.unread != UINT32_MAX);
    return found;
}

static void memberships_are_in_order_of_joining(void **state)
{
    struct kit *k = *state;
    struct arena arena;
    arena_init(&arena);
    kit_add_users(k, 2);
    assert_int_equal(of_user(k, 9, true, &arena).n, 0);
    assert_int_equal(of_user(k, 2, true, &arena).positions[kit_partition(k, 1)],
                     kit_position(k, 1));
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    kit_add_channel(k, 3, 1);
    assert_int_equal(kit_join(k, 2, 3) | kit_join(k, 2, 1), ERR_OK);
    struct memberships m = of_user(k, 2, false, &arena);
    struct uuid c3 = kit_channel_id(3), c1 = kit_channel_id(1), u1 = kit_user_id(1);
    assert_int_equal(m.n, 2);
    assert_true(uuid_eq(&m.items[0].channel.id, &c3));
    assert_true(uuid_eq(&m.items[1].channel.id, &c1));
    assert_text(m.items[0].channel.name, "channel-3");
    assert_true(uuid_eq(&m.items[0].channel.owner, &u1));
    assert_int_equal(m.items[0].channel.created_us, KIT_START_US);
    assert_int_equal(m.items[0].head_seq, 0);
    assert_int_equal(m.items[0].read_seq, 0);
    arena_fini(&arena);
}

static void memberships_say_at_which_position(void **state)
{
    struct kit *k = *state;
    struct arena arena;
    arena_init(&arena);
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    uint64_t joined = kit_event(k, kit_published(k) - 1).seq;
    assert_int_equal(of_user(k, 2, false, &arena).positions[kit_partition(k, 1)], joined);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    struct memberships m = of_user(k, 2, false, &arena);
    assert_int_equal(m.positions[kit_partition(k, 1)], kit_event(k, kit_published(k) - 1).seq);
    assert_int_equal(m.n, 1);
    uint64_t seq = kit_say(k, 1, 1, "x")->seq;
    m = of_user(k, 2, false, &arena);
    assert_int_equal(m.positions[kit_partition(k, 1)], seq);
    assert_int_equal(m.items[0].head_seq, seq);
    assert_int_equal(m.items[0].unread, 0); /* was not asked for */
    arena_fini(&arena);
}

static void unread_counts_what_others_said(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 3);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    assert_int_equal(kit_join(k, 2, 1) | kit_join(k, 2, 2), ERR_OK);
    assert_int_equal(one_of_user(k, 2, 1).unread, 0);
    struct append m = *kit_say(k, 1, 1, "a");
    kit_send(kit_reply(k, 1, 1, m.id, "b", NULL));
    kit_say(k, 1, 2, "elsewhere");
    assert_int_equal(one_of_user(k, 2, 1).unread, 2);
    assert_int_equal(one_of_user(k, 2, 2).unread, 1);
    assert_int_equal(one_of_user(k, 1, 1).unread, 0); /* her own */
    assert_int_equal(kit_join(k, 3, 1), ERR_OK);      /* joins do not count */
    assert_int_equal(one_of_user(k, 2, 1).unread, 2);
    struct membership late = one_of_user(k, 3, 1);
    assert_int_equal(late.unread, 0);
    assert_int_equal(late.read_seq, late.head_seq);
    for (int i = 0; i < LIMIT_UNREAD; i++)
        kit_say(k, 1 + 2 * ((unsigned)i % 2), 1, "more");
    assert_int_equal(one_of_user(k, 2, 1).unread, LIMIT_UNREAD);
    assert_int_equal(one_of_user(k, 3, 1).unread, 0); /* hers was the last */
}

static void sending_moves_the_own_read_position(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    struct append a = *kit_say(k, 1, 1, "a");
    kit_say(k, 1, 1, "b");
    assert_int_equal(one_of_user(k, 2, 1).unread, 2);
    struct append r = *kit_send(kit_reply(k, 2, 1, a.id, "c", NULL));
    struct membership m = one_of_user(k, 2, 1);
    assert_int_equal(m.read_seq, r.seq);
    assert_int_equal(m.head_seq, r.seq);
    assert_int_equal(m.unread, 0);
    m = one_of_user(k, 1, 1);
    assert_true(m.read_seq < r.seq);
    assert_int_equal(m.unread, 1);
}

static void mark(struct kit *k, unsigned user, uint64_t seq, uint64_t now, bool moved)
{
    struct channel_store *s = channels_of(k);
    struct uuid u = kit_user_id(user), c = kit_channel_id(1);
    uint64_t got_now = 0;
    bool got_moved = !moved;
    assert_int_equal(s->ops->mark_read(s, &u, &c, seq, &got_now, &got_moved), ERR_OK);
    assert_int_equal(got_now, now);
    assert_int_equal(got_moved, moved);
    assert_int_equal(one_of_user(k, user, 1).read_seq, now);
}

static void mark_read_goes_forward_up_to_the_head(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    kit_add_channel(k, 2, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    mark(k, 2, UINT64_MAX, 0, false); /* nothing was said */
    uint64_t a = kit_say(k, 1, 1, "a")->seq;
    uint64_t b = kit_say(k, 1, 1, "b")->seq;
    kit_say(k, 1, 2, "elsewhere");
    mark(k, 2, a, a, true);
    assert_int_equal(one_of_user(k, 2, 1).unread, 1);
    mark(k, 2, a, a, false);
    mark(k, 2, 1, a, false); /* never back */
    mark(k, 2, b + 1000, b, true);
    mark(k, 2, UINT64_MAX, b, false);
    mark(k, 1, a, b, false); /* her own message moved it further already */
}

static void mark_read_is_for_members(void **state)
{
    struct kit *k = *state;
    struct channel_store *s = channels_of(k);
    struct uuid u2 = kit_user_id(2), u9 = kit_user_id(9), c1 = kit_channel_id(1),
                c9 = kit_channel_id(9);
    uint64_t now;
    bool moved;
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    assert_int_equal(s->ops->mark_read(s, &u2, &c1, 1, &now, &moved), ERR_NOT_MEMBER);
    assert_int_equal(s->ops->mark_read(s, &u9, &c1, 1, &now, &moved), ERR_NOT_MEMBER);
    assert_int_equal(s->ops->mark_read(s, &u2, &c9, 1, &now, &moved), ERR_NOT_MEMBER);
}

/* Who leaves and comes back has missed nothing that would count as unread. */
static void rejoining_begins_at_the_head(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 2);
    kit_add_channel(k, 1, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    kit_say(k, 2, 1, "hers");
    assert_int_equal(kit_leave(k, 2, 1), ERR_OK);
    uint64_t head = kit_say(k, 1, 1, "missed")->seq;
    assert_int_equal(kit_join(k, 2, 1), ERR_OK);
    struct membership m = one_of_user(k, 2, 1);
    assert_int_equal(m.read_seq, head);
    assert_int_equal(m.unread, 0);
}

static void everything_survives_a_restart(void **state)
{
    struct kit *k = *state;
    kit_add_users(k, 3);
    kit_add_channel(k, 1, 1);
    assert_int_equal(kit_join(k, 2, 1) | kit_join(k, 3, 1), ERR_OK);
    assert_int_equal(kit_leave(k, 3, 1), ERR_OK);
    kit_say(k, 1, 1, "a");
    uint64_t own = kit_say(k, 2, 1, "b")->seq;
    uint64_t head = kit_say(k, 1, 1, "c")->seq;
    kit_reopen(k);
    struct membership m = one_of_user(k, 2, 1);
    assert_int_equal(m.read_seq, own);
    assert_int_equal(m.head_seq, head);
    assert_int_equal(m.unread, 1);
    assert_int_equal(kit_join(k, 2, 1), ERR_ALREADY_MEMBER);
    assert_int_equal(kit_join(k, 3, 1), ERR_OK);
    assert_event(k, kit_published(k) - 1, EVENT_JOINED, 3, 1, 3);
}

int contract_channel_store(void)
{
#define CHANNEL_TEST(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)
    const struct CMUnitTest tests[] = {
        CHANNEL_TEST(create_makes_the_owner_a_member),
        CHANNEL_TEST(create_needs_an_owner_with_room),
        CHANNEL_TEST(list_is_oldest_first),
        CHANNEL_TEST(join_and_leave_are_events),
        CHANNEL_TEST(refused_joins_and_leaves_change_nothing),
        CHANNEL_TEST(refused_when_nothing_can_be_durable),
        CHANNEL_TEST(members_are_in_order_of_joining),
        CHANNEL_TEST(memberships_are_in_order_of_joining),
        CHANNEL_TEST(memberships_say_at_which_position),
        CHANNEL_TEST(unread_counts_what_others_said),
        CHANNEL_TEST(sending_moves_the_own_read_position),
        CHANNEL_TEST(mark_read_goes_forward_up_to_the_head),
        CHANNEL_TEST(mark_read_is_for_members),
        CHANNEL_TEST(rejoining_begins_at_the_head),
        CHANNEL_TEST(everything_survives_a_restart),
    };
    return KIT_RUN("channel_store", tests, 1, 0);
}
