/* The relay's lock: of a process that falls silent, and of one that speaks too late. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kit.h"
#include "postgres_proxy.h"

struct two {
    struct postgres_store *a, *b;
};

static int opened(void **state)
{
    static struct two two;
    postgres_rig_reset();
    postgres_rig_migrate();
    two.a = kit_open(postgres_proxy_start("proxied"));
    two.b = kit_open(postgres_rig_conninfo("other"));
    kit_add_users(two.b, 1);
    assert_int_equal(kit_create(two.b, 1, 1), ERR_OK);
    *state = &two;
    return 0;
}

static int closed(void **state)
{
    const struct two *two = *state;
    postgres_close(two->a);
    postgres_close(two->b);
    postgres_proxy_stop();
    return 0;
}

static struct outbox_row first_row(struct channel_table *t, struct arena *arena)
{
    struct outbox_row *rows;
    size_t n;
    assert_int_equal(t->ops->outbox(t, 1, 0, arena, &rows, &n), ERR_OK);
    assert_int_equal(n, 1);
    return rows[0];
}

/* Paused (its kernel still answers for it): the server ends its session after relay_idle_ms. */
static void who_falls_silent_loses_the_lock(void **state)
{
    const struct two *two = *state;
    struct channel_table *a = postgres_channels(two->a), *b = postgres_channels(two->b);
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(a->ops->relay_take(a), ERR_OK);
    struct outbox_row row = first_row(a, &arena);
    assert_int_equal(b->ops->relay_take(b), ERR_UNAVAILABLE);
    kit_sleep_ms(1200);
    assert_int_equal(b->ops->relay_take(b), ERR_OK);
    assert_int_equal(a->ops->outbox_done(a, &row, 7), ERR_UNAVAILABLE);
    assert_int_equal(first_row(b, &arena).id, row.id);
    arena_fini(&arena);
}

static void who_gives_signs_of_life_keeps_it(void **state)
{
    const struct two *two = *state;
    struct channel_table *a = postgres_channels(two->a), *b = postgres_channels(two->b);
    assert_int_equal(a->ops->relay_take(a), ERR_OK);
    for (int i = 0; i < 6; i++) {
        kit_sleep_ms(300);
        assert_int_equal(a->ops->relay_take(a), ERR_OK);
        assert_int_equal(b->ops->relay_take(b), ERR_UNAVAILABLE);
    }
}

/* Behind a cut: what it sent arrives when the lock is another's. */
static void what_arrives_late_is_refused(void **state)
{
    const struct two *two = *state;
    struct channel_table *a = postgres_channels(two->a), *b = postgres_channels(two->b);
    struct arena arena;
    arena_init(&arena);
    assert_int_equal(a->ops->relay_take(a), ERR_OK);
    struct outbox_row row = first_row(a, &arena);
    postgres_proxy_set(PROXY_HOLE);
    assert_int_equal(a->ops->outbox_done(a, &row, 7), ERR_UNAVAILABLE);
    assert_int_equal(b->ops->relay_take(b), ERR_OK);
    postgres_proxy_set(PROXY_PASS);
    kit_sleep_ms(300);
    assert_int_equal(first_row(b, &arena).id, row.id);
    assert_int_equal(b->ops->outbox_done(b, &row, 8), ERR_OK);
    assert_int_equal(a->ops->relay_take(a), ERR_UNAVAILABLE);
    arena_fini(&arena);
}

struct leaving {
    pthread_t thread;
    struct postgres_store *store;
    enum err err;
};

static void *leave(void *arg)
{
    struct leaving *l = arg;
    l->err = kit_leave(l->store, 1, 1);
    return NULL;
}

/* Her join gets its seq while she leaves: her row is on its way to the past memberships. */
static void a_seq_finds_who_is_leaving(void **state)
{
    const struct two *two = *state;
    struct channel_table *a = postgres_channels(two->a);
    struct leaving l = {.store = two->b};
    struct membership_row row;
    struct outbox_row *rows;
    struct arena arena;
    size_t n;
    postgres_rig_exec("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS"
                      " 'BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END';"
                      "CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON parley_past_member"
                      " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION linger()");
    arena_init(&arena);
    assert_int_equal(a->ops->relay_take(a), ERR_OK);
    assert_int_equal(a->ops->outbox(a, 10, 0, &arena, &rows, &n), ERR_OK);
    assert_int_equal(n, 2);
    assert_int_equal(pthread_create(&l.thread, NULL, leave, &l), 0);
    kit_sleep_ms(100); /* it commits now */
    assert_int_equal(a->ops->outbox_done(a, &rows[1], 7), ERR_OK);
    pthread_join(l.thread, NULL);
    assert_int_equal(l.err, ERR_OK);
    assert_int_equal(kit_membership(two->b, 1, 1, &row), ERR_OK);
    assert_int_equal(row.leave_version, 3);
    assert_int_equal(row.join_seq, 7);
    arena_fini(&arena);
}

static void epochs_have_an_end(void **state)
{
    const struct two *two = *state;
    struct channel_table *t = postgres_channels(two->b);
    struct uuid log1 = kit_channel_id(1), log2 = kit_channel_id(2);
    uint32_t epoch;
    postgres_rig_exec("INSERT INTO parley_log_epoch(identity, partitions, epoch)"
                      " VALUES('cc000000-0000-4000-8000-0000000000ff',1,4094)");
    assert_int_equal(t->ops->epoch(t, &log1, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 4095);
    assert_int_equal(t->ops->epoch(t, &log2, 16, &epoch), ERR_TOO_LARGE);
    assert_int_equal(t->ops->epoch(t, &log1, 16, &epoch), ERR_OK);
    assert_int_equal(epoch, 4095);
}

int main(void)
{
#define LOCK_TEST(f) cmocka_unit_test_setup_teardown(f, opened, closed)
    const struct CMUnitTest tests[] = {
        LOCK_TEST(who_falls_silent_loses_the_lock),
        LOCK_TEST(who_gives_signs_of_life_keeps_it),
        LOCK_TEST(what_arrives_late_is_refused),
        LOCK_TEST(a_seq_finds_who_is_leaving),
        LOCK_TEST(epochs_have_an_end),
    };
    return KIT_MAIN(tests);
}
