#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "doubles.h"
#include "service/channel.h"

/* Answers as told, remembers what it was asked. */
struct channel_double {
    struct channel_store super;
    enum err answer;
    struct channel created;
    struct uuid user, channel;
    uint32_t channels_max;
    unsigned asked, members;
    bool with_unread, moves;
};

static struct channel_double *self_of(struct channel_store *self)
{
    struct channel_double *d = (struct channel_double *)self;
    d->asked++;
    return d;
}

static enum err on_create(struct channel_store *self, const struct channel *c,
                          uint32_t channels_max)
{
    struct channel_double *d = self_of(self);
    d->created = *c;
    d->channels_max = channels_max;
    return d->answer;
}

static enum err on_join(struct channel_store *self, const struct uuid *user,
                        const struct uuid *channel, uint32_t channels_max)
{
    struct channel_double *d = self_of(self);
    d->user = *user;
    d->channel = *channel;
    d->channels_max = channels_max;
    return d->answer;
}

static enum err on_pair(struct channel_store *self, const struct uuid *user,
                        const struct uuid *channel)
{
    struct channel_double *d = self_of(self);
    d->user = *user;
    d->channel = *channel;
    return d->answer;
}

static struct uuid numbered(unsigned n)
{
    struct uuid u = {{7}};
    memcpy(u.b + 4, &n, sizeof n);
    return u;
}

static enum err on_members(struct channel_store *self, const struct uuid *channel,
                           void (*each)(const struct user *, void *arg), void *arg)
{
    struct channel_double *d = self_of(self);
    d->channel = *channel;
    for (unsigned i = 0; i < d->members; i++) {
        char name[16]; /* gone after the call, like a row of a driver */
        int n = snprintf(name, sizeof name, "user%u", i);
        each(&(struct user){.id = numbered(i), .name = {name, (size_t)n}}, arg);
    }
    return d->answer;
}

static enum err on_memberships(struct channel_store *self, const struct uuid *user,
                               bool with_unread, struct arena *arena, struct memberships *out)
{
    struct channel_double *d = self_of(self);
    (void)arena;
    d->user = *user;
    d->with_unread = with_unread;
    static const uint64_t positions[] = {12};
    *out = (struct memberships){.positions = positions};
    return d->answer;
}

static enum err on_mark_read(struct channel_store *self, const struct uuid *user,
                             const struct uuid *channel, uint64_t seq, uint64_t *now, bool *moved)
{
    struct channel_double *d = self_of(self);
    d->user = *user;
    d->channel = *channel;
    *now = seq > 100 ? 100 : seq; /* clipped to the head */
    *moved = d->moves;
    return d->answer;
}

struct rig {
    struct channel_double store;
    struct notifier_double notifier;
    struct clock_manual clock;
    struct limits limits;
    struct arena arena;
    struct fault fault;
    struct uuid user, channel;
    struct channels *channels;
};

static int setup(void **state)
{
    static const struct channel_store_ops ops = {
        .create = on_create,
        .join = on_join,
        .leave = on_pair,
        .is_member = on_pair,
        .members = on_members,
        .memberships = on_memberships,
        .mark_read = on_mark_read,
    };
    static struct rig r;
    r = (struct rig){.store = {.super = {&ops}}, .limits = LIMITS_DEFAULT};
    notifier_double_init(&r.notifier);
    clock_manual_init(&r.clock, 1760000000123456);
    arena_init(&r.arena);
    r.user = uuid_random();
    r.channel = uuid_random();
    r.channels = channels_new(&(struct channel_config){.store = &r.store.super,
                                                       .notifier = &r.notifier.super,
                                                       .clock = &r.clock.super,
                                                       .limits = &r.limits});
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    channels_free(r->channels);
    arena_fini(&r->arena);
    return 0;
}

static enum err create(struct rig *r, const char *name, struct channel *out)
{
    return channels_create(r->channels, &r->user, str_of(name), &r->arena, out, &r->fault);
}

static void test_create(void **state)
{
    struct rig *r = *state;
    struct channel c;
    char name[] = "general";
    r->limits.channels_per_connection = 17;
    assert_int_equal(create(r, name, &c), ERR_OK);
    memset(name, 'x', sizeof name - 1);
    assert_true(str_eq(c.name, STR("general")));
    assert_true(uuid_eq(&c.owner, &r->user));
    assert_true(c.created_us == 1760000000123456);
    assert_true(uuid_eq(&c.id, &r->store.created.id));
    assert_false(uuid_eq(&c.id, &UUID_NIL));
    assert_int_equal(r->store.channels_max, 17);
}

static void test_create_refusals(void **state)
{
    struct rig *r = *state;
    struct channel c;
    assert_int_equal(create(r, "", &c), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault), "The Field: name is required");
    assert_int_equal(create(r, "a\tb", &c), ERR_BAD_REQUEST);
    assert_string_equal(fault_text(&r->fault),
                        "The Field: name should be 1 to 80 characters that can be seen");
    assert_int_equal(r->store.asked, 0);
    r->store.answer = ERR_TOO_MANY_CHANNELS;
    assert_int_equal(create(r, "general", &c), ERR_TOO_MANY_CHANNELS);
    assert_string_equal(fault_text(&r->fault),
                        "You are in as many channels as one may be; leave one first");
}

static void test_join_and_leave_pass_on(void **state)
{
    static const enum err answers[] = {
        ERR_OK,         ERR_CHANNEL_NOT_FOUND, ERR_ALREADY_MEMBER, ERR_TOO_MANY_CHANNELS,
        ERR_NOT_JOINED, ERR_UNAVAILABLE};
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        r->store.answer = answers[i];
        assert_int_equal(channels_join(r->channels, &r->user, &r->channel), answers[i]);
        assert_int_equal(r->store.channels_max, 1000);
        assert_int_equal(channels_leave(r->channels, &r->user, &r->channel), answers[i]);
        assert_true(uuid_eq(&r->store.channel, &r->channel));
        assert_true(uuid_eq(&r->store.user, &r->user));
    }
}

static void test_members(void **state)
{
    struct rig *r = *state;
    struct member *members;
    size_t n;
    r->store.members = 100;
    r->notifier.online = numbered(41);
    assert_int_equal(channels_members(r->channels, &r->user, &r->channel, &r->arena, &members, &n),
                     ERR_OK);
    assert_int_equal(n, 100);
    for (unsigned i = 0; i < n; i++) {
        char name[16];
        snprintf(name, sizeof name, "user%u", i);
        struct uuid id = numbered(i);
        assert_true(str_eq(members[i].user.name, str_of(name)));
        assert_true(uuid_eq(&members[i].user.id, &id));
        assert_int_equal(members[i].online, i == 41);
    }
}

static void test_members_are_for_members(void **state)
{
    static const enum err answers[] = {ERR_NOT_MEMBER, ERR_CHANNEL_NOT_FOUND, ERR_UNAVAILABLE};
    struct rig *r = *state;
    struct member *members = NULL;
    size_t n = 0;
    r->store.members = 3;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        r->store.answer = answers[i];
        assert_int_equal(
            channels_members(r->channels, &r->user, &r->channel, &r->arena, &members, &n),
            answers[i]);
        assert_int_equal(r->store.asked, i + 1); /* asked whether, never who */
        assert_null(members);
    }
}

static void test_of_user_counts_unread(void **state)
{
    struct rig *r = *state;
    struct memberships m;
    assert_int_equal(channels_of_user(r->channels, &r->user, &r->arena, &m), ERR_OK);
    assert_true(r->store.with_unread);
    assert_int_equal(m.positions[0], 12);
}

static void test_mark_read_tells_the_other_sessions_when_it_moved(void **state)
{
    struct rig *r = *state;
    uint64_t now;
    r->store.moves = true;
    assert_int_equal(channels_mark_read(r->channels, &r->user, &r->channel, 500, 3, 9, &now),
                     ERR_OK);
    assert_int_equal(now, 100);
    assert_int_equal(r->notifier.read_moved, 1);
    assert_int_equal(r->notifier.seq, 100);
    assert_int_equal(r->notifier.shard, 3);
    assert_int_equal(r->notifier.session, 9);
    assert_true(uuid_eq(&r->notifier.user, &r->user));
    assert_true(uuid_eq(&r->notifier.channel, &r->channel));
    r->store.moves = false;
    assert_int_equal(channels_mark_read(r->channels, &r->user, &r->channel, 5, 3, 9, &now), ERR_OK);
    assert_int_equal(r->notifier.read_moved, 1);
    r->store.moves = true;
    r->store.answer = ERR_NOT_MEMBER;
    assert_int_equal(channels_mark_read(r->channels, &r->user, &r->channel, 5, 3, 9, &now),
                     ERR_NOT_MEMBER);
    assert_int_equal(r->notifier.read_moved, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_create),
        TEST(test_create_refusals),
        TEST(test_join_and_leave_pass_on),
        TEST(test_members),
        TEST(test_members_are_for_members),
        TEST(test_of_user_counts_unread),
        TEST(test_mark_read_tells_the_other_sessions_when_it_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
