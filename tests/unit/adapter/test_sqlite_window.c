/* A retry is recognised however old it is: when the memory of client ids has turned over, after a
 * restart, and when the index was lost. */
#include <stdio.h>

#include "adapter/sqlite/admin.h"
#include "adapter/sqlite/client_ids.h"
#include "driver_sqlite.h"
#include "kit.h"
#include "scratch.h"

enum { N = 2 * GENERATION_EVENTS + 5000, STEP = 4999, WAVE = 20000 };

struct window {
    struct kit *k;
    char dir[SCRATCH_SIZE];
    uint64_t seqs[N];
};

static struct sent *numbered(struct kit *k, unsigned n)
{
    char id[40], text[16];
    /* every third as a UUIDv7, whose time grows */
    if (n % 3 == 0)
        snprintf(id, sizeof id, "%08x-%04x-7000-8000-%012x", 0x019b7000 + n / 1000, n % 0x10000, n);
    else
        snprintf(id, sizeof id, "id-%u", n);
    snprintf(text, sizeof text, "%u", n);
    return kit_message(k, 1 + n % 2, 1 + n % 3 % 2, text, id);
}

static void fill(struct window *w)
{
    static struct sent *wave[WAVE];
    for (unsigned done = 0; done < N;) {
        unsigned n = 0;
        for (; n < WAVE && done + n < N; n++) {
            wave[n] = numbered(w->k, done + n);
            assert_int_equal(kit_queue(wave[n]), ERR_OK);
        }
        for (unsigned i = 0; i < n; i++)
            w->seqs[done + i] = kit_finish(wave[i])->seq;
        done += n;
    }
}

static int setup(void **state)
{
    struct window *w = MEM_NEW(struct window);
    kit_driver = &driver_sqlite;
    scratch_make(w->dir);
    w->k = kit_new();
    w->k->driver = driver_sqlite_open_in(w->dir, &w->k->setup);
    kit_add_users(w->k, 2);
    kit_add_channel(w->k, 1, 1);
    kit_add_channel(w->k, 2, 1);
    fill(w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct window *w = *state;
    void *kit = w->k;
    kit_teardown(&kit);
    scratch_remove(w->dir);
    mem_free(w);
    return 0;
}

static void assert_recognised(struct window *w)
{
    for (unsigned n = 0; n < N; n += n + STEP < N || n == N - 1 ? STEP : N - 1 - n) {
        const struct append *a = kit_send(numbered(w->k, n));
        assert_int_equal(a->err, ERR_OK);
        assert_true(a->duplicate);
        assert_int_equal(a->seq, w->seqs[n]);
    }
    struct sent *other = numbered(w->k, 1);
    ((char *)other->a.content.p)[0] = 'x';
    assert_int_equal(kit_send(other)->err, ERR_CLIENT_ID_CONFLICT);
}

static void print_problem(const char *sentence, void *arg)
{
    (void)arg;
    print_message("# %s\n", sentence);
}

static void assert_sound(struct window *w)
{
    struct sqlite_verify_result r;
    char reason[256];
    assert_int_equal(sqlite_verify(w->dir, print_problem, NULL, &r, reason, sizeof reason), ERR_OK);
    assert_int_equal(r.problems, 0);
    assert_int_equal(r.client_ids, N);
}

static void reopen(struct window *w)
{
    w->k->driver = kit_driver->reopen(w->k->driver, &w->k->setup);
}

static void old_ids_are_recognised(void **state)
{
    struct window *w = *state;
    assert_recognised(w);
    assert_sound(w);
    reopen(w);
    assert_recognised(w);

    /* the index is made of the log alone: dropped, it is made again at the next start */
    struct sqlite_schema_state s;
    char reason[256];
    assert_int_equal(sqlite_migrate_down(w->dir, &s, reason, sizeof reason), ERR_UNAVAILABLE);
    kit_driver->close(w->k->driver);
    assert_int_equal(sqlite_migrate_down(w->dir, &s, reason, sizeof reason), ERR_OK);
    assert_int_equal(s.current, 1);
    w->k->driver = driver_sqlite_open_in(w->dir, &w->k->setup);
    assert_recognised(w);
    assert_sound(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(old_ids_are_recognised, setup, teardown),
    };
    return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
