/* What port/channel_table.h promises. */
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "table_kit.h"

/* ---- Channels ---- */

static void create_makes_the_owner_a_member(void **state)
{
    struct tables *t = *state;
    struct arena arena;
    struct channel got,
        c = {kit_channel_id(1), STR("caf\xC3\xA9 '\"\\%"), kit_user_id(1), KIT_START_US + 7};
    uint64_t version = 0;
    arena_init(&arena);
    table_add_users(t, 1);
    assert_int_equal(t->node[0]->ops->get(t->node[0], &c.id, &arena, &got), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(t->node[0]->ops->create(t->node[0], &c, KIT_MANY, &version), ERR_OK);
    assert_int_equal(version, 2);
    assert_int_equal(t->node[1]->ops->get(t->node[1], &c.id, &arena, &got), ERR_OK);
    assert_true(uuid_eq(&got.id, &c.id) && uuid_eq(&got.owner, &c.owner));
    assert_true(str_eq(got.name, c.name));
    assert_int_equal(got.created_us, c.created_us);
    struct membership_row m = table_row(t, 1, 1, &arena);
    assert_int_equal(m.join_version, 2);
    assert_int_equal(m.join_seq, 0);
    assert_int_equal(m.leave_version, 0);
    assert_int_equal(m.read_seq, 0);
    assert_true(str_eq(m.channel.name, c.name));
    arena_fini(&arena);
}

static void create_needs_an_owner_with_room(void **state)
{
    struct tables *t = *state;
    table_add_users(t, 1);
    assert_int_equal(table_create_as(t, 1, 9, KIT_MANY), ERR_USER_NOT_FOUND);
    assert_int_equal(table_create_as(t, 1, 1, 1), ERR_OK);
    assert_int_equal(table_create_as(t, 2, 1, 1), ERR_TOO_MANY_CHANNELS);
    assert_int_equal(table_get(t, 2), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(table_outbox_size(t), 2);
    assert_int_equal(table_create_as(t, 2, 1, 2), ERR_OK);
}

/* As when the answer to the first was lost. */
static void create_again_changes_nothing(void **state)
{
    struct tables *t = *state;
    table_add_users(t, 1);
    assert_int_equal(table_create_as(t, 1, 1, 1), ERR_OK);
    assert_int_equal(table_create_as(t, 1, 1, 1), ERR_OK);
    assert_int_equal(table_outbox_size(t), 2);
    assert_int_equal(table_join(t, 0, 1, 1, NULL), ERR_ALREADY_MEMBER);
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
    struct tables *t = *state;
    struct channel_table *s = t->node[0];
    struct listed none = {.in_order = true}, all = none;
    assert_int_equal(s->ops->list(s, list_one, &none), ERR_OK);
    assert_int_equal(none.n, 0);
    table_add_users(t, 1);
    for (unsigned i = 1; i <= 300; i++)
        assert_int_equal(table_create_as(t, i, 1, KIT_MANY), ERR_OK);
    assert_int_equal(s->ops->list(s, list_one, &all), ERR_OK);
    assert_int_equal(all.n, 300);
    assert_true(all.in_order);
}

/* ---- Changes ---- */

static void versions_grow_by_one_across_nodes(void **state)
{
    struct tables *t = *state;
    uint64_t v = 0;
    table_add_users(t, 3);
    table_add_channel(t, 1, 1);
    assert_int_equal(table_join(t, 0, 2, 1, &v), ERR_OK);
    assert_int_equal(v, 3);
    assert_int_equal(table_join(t, 1, 3, 1, &v), ERR_OK);
    assert_int_equal(v, 4);
    assert_int_equal(table_leave(t, 0, 2, 1, &v), ERR_OK);
    assert_int_equal(v, 5);
    assert_int_equal(table_join(t, 1, 2, 1, &v), ERR_OK);
    assert_int_equal(v, 6);
}

static void refused_changes_change_nothing(void **state)
{
    struct tables *t = *state;
    uint64_t v = 0;
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    assert_int_equal(table_join(t, 0, 1, 1, NULL), ERR_ALREADY_MEMBER);
    assert_int_equal(table_join(t, 0, 2, 9, NULL), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(table_join(t, 0, 9, 1, NULL), ERR_USER_NOT_FOUND);
    assert_int_equal(table_leave(t, 0, 2, 1, NULL), ERR_NOT_JOINED);
    assert_int_equal(table_leave(t, 0, 9, 1, NULL), ERR_NOT_JOINED);
    assert_int_equal(table_leave(t, 0, 2, 9, NULL), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(table_join_up_to(t, 2, 1, 0), ERR_TOO_MANY_CHANNELS);
    assert_int_equal(table_outbox_size(t), 2);
    assert_int_equal(table_join(t, 0, 2, 1, &v), ERR_OK);
    assert_int_equal(v, 3); /* none was used up */
}

static void refused_when_nothing_can_be_durable(void **state)
{
    struct tables *t = *state;
    struct channel_table *s = t->node[0];
    struct uuid u1 = kit_user_id(1), c1 = kit_channel_id(1), log = kit_channel_id(77);
    uint64_t now, v = 0;
    uint32_t epoch;
    bool moved;
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    table_driver->refuse(t, true);
    assert_int_equal(table_create_as(t, 2, 1, KIT_MANY), ERR_UNAVAILABLE);
    assert_int_equal(table_join(t, 0, 2, 1, NULL), ERR_UNAVAILABLE);
    assert_int_equal(table_leave(t, 0, 1, 1, NULL), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->mark_read(s, &u1, &c1, 7, &now, &moved), ERR_UNAVAILABLE);
    assert_int_equal(s->ops->epoch(s, &log, 4, &epoch), ERR_UNAVAILABLE);
    assert_int_equal(table_get(t, 2), ERR_CHANNEL_NOT_FOUND);
    table_driver->refuse(t, false);
    assert_int_equal(table_outbox_size(t), 2);
    assert_int_equal(table_leave(t, 0, 1, 1, &v), ERR_OK);
    assert_int_equal(v, 3);
}

/* ---- Members ---- */

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
    struct tables *t = *state;
    struct channel_table *s = t->node[1];
    struct uuid c1 = kit_channel_id(1), c9 = kit_channel_id(9);
    struct names names = {.n = 0};
    table_add_users(t, 4);
    table_add_channel(t, 1, 3);
    table_add_channel(t, 2, 1);
    assert_int_equal(table_join(t, 0, 4, 1, NULL) | table_join(t, 0, 1, 1, NULL) |
                         table_join(t, 0, 2, 1, NULL) | table_leave(t, 0, 4, 1, NULL) |
                         table_join(t, 0, 4, 1, NULL),
                     ERR_OK);
    assert_int_equal(s->ops->members(s, &c1, name_one, &names), ERR_OK);
    assert_int_equal(names.n, 4);
    const unsigned wanted[] = {3, 1, 2, 4};
    assert_memory_equal(names.users, wanted, sizeof wanted);
    assert_int_equal(s->ops->members(s, &c9, name_one, &names), ERR_CHANNEL_NOT_FOUND);
}

static void membership_is_told_for_an_hour_after_leaving(void **state)
{
    struct tables *t = *state;
    struct arena arena;
    struct membership_row m;
    arena_init(&arena);
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    assert_int_equal(table_ask_row(t, 2, 9, &arena, &m), ERR_CHANNEL_NOT_FOUND);
    assert_int_equal(table_ask_row(t, 2, 1, &arena, &m), ERR_NOT_MEMBER);
    assert_int_equal(table_join(t, 0, 2, 1, NULL) | table_leave(t, 0, 2, 1, NULL), ERR_OK);
    assert_int_equal(table_ask_row(t, 2, 1, &arena, &m), ERR_OK);
    assert_int_equal(m.join_version, 3);
    assert_int_equal(m.leave_version, 4);
    table_driver->pass(t, 3590 * 1000);
    assert_int_equal(table_ask_row(t, 2, 1, &arena, &m), ERR_OK);
    assert_int_equal(table_rows(t, 2, &arena, NULL), 1);
    table_driver->pass(t, 20 * 1000);
    assert_int_equal(table_ask_row(t, 2, 1, &arena, &m), ERR_NOT_MEMBER);
    assert_int_equal(table_rows(t, 2, &arena, NULL), 0);
    arena_fini(&arena);
}

static void memberships_are_in_order_of_joining(void **state)
{
    struct tables *t = *state;
    struct arena arena;
    struct membership_row *rows, one;
    const unsigned wanted[] = {3, 1, 2, 3};
    arena_init(&arena);
    table_add_users(t, 2);
    for (unsigned i = 1; i <= 3; i++)
        table_add_channel(t, i, 1);
    assert_int_equal(table_rows(t, 2, &arena, &rows), 0);
    assert_int_equal(table_join(t, 0, 2, 3, NULL) | table_join(t, 1, 2, 1, NULL) |
                         table_join(t, 0, 2, 2, NULL) | table_leave(t, 0, 2, 3, NULL) |
                         table_join(t, 0, 2, 3, NULL),
                     ERR_OK);
    assert_int_equal(table_rows(t, 2, &arena, &rows), 4);
    for (size_t i = 0; i < 4; i++) {
        struct uuid c = kit_channel_id(wanted[i]), owner = kit_user_id(1);
        assert_true(uuid_eq(&rows[i].channel.id, &c));
        assert_true(uuid_eq(&rows[i].channel.owner, &owner));
        assert_int_equal(rows[i].channel.created_us, KIT_START_US);
        assert_int_equal(rows[i].leave_version, i == 0 ? 4 : 0);
    }
    assert_int_equal(rows[3].join_version, 5);
    /* of one channel the present one is told */
    assert_int_equal(table_ask_row(t, 2, 3, &arena, &one), ERR_OK);
    assert_int_equal(one.join_version, 5);
    assert_int_equal(one.leave_version, 0);
    arena_fini(&arena);
}

static void mark_read_goes_forward_for_members(void **state)
{
    struct tables *t = *state;
    struct arena arena;
    arena_init(&arena);
    table_add_users(t, 2);
    table_add_channel(t, 1, 1);
    table_mark(t, 1, 1, 0, ERR_OK, 0, false);
    table_mark(t, 1, 1, 70, ERR_OK, 70, true);
    table_mark(t, 1, 1, 70, ERR_OK, 70, false);
    table_mark(t, 1, 1, 30, ERR_OK, 70, false);
    table_mark(t, 1, 1, UINT64_C(1) << 52, ERR_OK, UINT64_C(1) << 52, true);
    assert_int_equal(table_row(t, 1, 1, &arena).read_seq, UINT64_C(1) << 52);
    table_mark(t, 2, 1, 1, ERR_NOT_MEMBER, 0, false);
    table_mark(t, 9, 1, 1, ERR_NOT_MEMBER, 0, false);
    table_mark(t, 1, 9, 1, ERR_NOT_MEMBER, 0, false);
    arena_fini(&arena);
}

int contract_channel_table(void)
{
#define TABLE_TEST(f) cmocka_unit_test_setup_teardown(f, table_setup, table_teardown)
    const struct CMUnitTest tests[] = {
        TABLE_TEST(create_makes_the_owner_a_member),
        TABLE_TEST(create_needs_an_owner_with_room),
        TABLE_TEST(create_again_changes_nothing),
        TABLE_TEST(list_is_oldest_first),
        TABLE_TEST(versions_grow_by_one_across_nodes),
        TABLE_TEST(refused_changes_change_nothing),
        TABLE_TEST(refused_when_nothing_can_be_durable),
        TABLE_TEST(members_are_in_order_of_joining),
        TABLE_TEST(membership_is_told_for_an_hour_after_leaving),
        TABLE_TEST(memberships_are_in_order_of_joining),
        TABLE_TEST(mark_read_goes_forward_for_members),
    };
    return cmocka_run_group_tests_name("channel_table", tests, NULL, NULL);
}
