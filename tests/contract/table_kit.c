#include "table_kit.h"

#include <stdio.h>

#define OUTBOX_MAX 1000

int table_setup(void **state)
{
    struct tables *t = MEM_NEW(struct tables);
    table_driver->open(t);
    *state = t;
    return 0;
}

int table_teardown(void **state)
{
    table_driver->close(*state);
    mem_free(*state);
    return 0;
}

void table_add_users(struct tables *t, unsigned n)
{
    for (unsigned i = 1; i <= n; i++) {
        char name[32], email[48];
        snprintf(name, sizeof name, "user-%u", i);
        snprintf(email, sizeof email, "user-%u@example.org", i);
        const struct user u = {kit_user_id(i), str_of(name), str_of(email), KIT_START_US};
        assert_int_equal(t->accounts->ops->add(t->accounts, &u, STR("hash")), ERR_OK);
    }
}

enum err table_create_as(struct tables *t, unsigned n, unsigned owner, uint32_t channels_max)
{
    char name[32];
    uint64_t version;
    snprintf(name, sizeof name, "channel-%u", n);
    const struct channel c = {kit_channel_id(n), str_of(name), kit_user_id(owner), KIT_START_US};
    return t->node[0]->ops->create(t->node[0], &c, channels_max, &version);
}

void table_add_channel(struct tables *t, unsigned n, unsigned owner)
{
    assert_int_equal(table_create_as(t, n, owner, KIT_MANY), ERR_OK);
}

enum err table_get(struct tables *t, unsigned channel)
{
    struct uuid c = kit_channel_id(channel);
    struct channel got;
    struct arena arena;
    arena_init(&arena);
    enum err e = t->node[0]->ops->get(t->node[0], &c, &arena, &got);
    arena_fini(&arena);
    return e;
}

enum err table_join(struct tables *t, unsigned node, unsigned user, unsigned channel,
                    uint64_t *version)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t none;
    return t->node[node]->ops->join(t->node[node], &u, &c, KIT_MANY,
                                    version == NULL ? &none : version);
}

enum err table_join_up_to(struct tables *t, unsigned user, unsigned channel, uint32_t channels_max)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t version;
    return t->node[0]->ops->join(t->node[0], &u, &c, channels_max, &version);
}

enum err table_leave(struct tables *t, unsigned node, unsigned user, unsigned channel,
                     uint64_t *version)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t none;
    return t->node[node]->ops->leave(t->node[node], &u, &c, version == NULL ? &none : version);
}

enum err table_ask_row(struct tables *t, unsigned user, unsigned channel, struct arena *arena,
                       struct membership_row *out)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return t->node[0]->ops->membership(t->node[0], &u, &c, arena, out);
}

struct membership_row table_row(struct tables *t, unsigned user, unsigned channel,
                                struct arena *arena)
{
    struct membership_row row;
    assert_int_equal(table_ask_row(t, user, channel, arena, &row), ERR_OK);
    return row;
}

size_t table_rows(struct tables *t, unsigned user, struct arena *arena, struct membership_row **out)
{
    struct uuid u = kit_user_id(user);
    struct membership_row *rows;
    size_t n;
    assert_int_equal(t->node[0]->ops->memberships(t->node[0], &u, arena, &rows, &n), ERR_OK);
    if (out != NULL)
        *out = rows;
    return n;
}

void table_mark(struct tables *t, unsigned user, unsigned channel, uint64_t seq, enum err e,
                uint64_t now, bool moved)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    uint64_t got_now = 99;
    bool got_moved = !moved;
    assert_int_equal(t->node[0]->ops->mark_read(t->node[0], &u, &c, seq, &got_now, &got_moved), e);
    assert_int_equal(got_now, now);
    assert_int_equal(got_moved, moved);
}

size_t table_outbox_size(struct tables *t)
{
    struct outbox_row *rows;
    struct arena arena;
    size_t n;
    arena_init(&arena);
    assert_int_equal(t->node[0]->ops->relay_take(t->node[0]), ERR_OK);
    assert_int_equal(t->node[0]->ops->outbox(t->node[0], OUTBOX_MAX, 0, &arena, &rows, &n), ERR_OK);
    t->node[0]->ops->relay_let_go(t->node[0]);
    arena_fini(&arena);
    return n;
}
