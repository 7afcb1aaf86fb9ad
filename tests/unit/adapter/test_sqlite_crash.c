/* Killed at any moment: what was acknowledged is there once, and the store is sound. And a sync
 * that fails is never acknowledged: the process stops instead. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "adapter/sqlite/admin.h"
#include "base/rand.h"
#include "child.h"
#include "driver_sqlite.h"
#include "fault_vfs.h"
#include "kit.h"
#include "scratch.h"

enum { ROUNDS = 12, OUTSTANDING = 300, CHANNELS = 3 };

/* What the child reports of each acknowledged message. */
struct ack {
    uint32_t n; /* its number: client id and text */
    uint32_t duplicate;
    uint64_t seq, prev_seq, id;
};

static char dir[SCRATCH_SIZE];

/* ---- The child: sends numbered messages from `first` on, as many as it can ---- */

struct numbered {
    struct append a;
    uint32_t n;
    char text[16], client_id[24];
    int to;
    pthread_mutex_t *mutex;
    pthread_cond_t *changed;
    bool free;
};

static void on_done(struct append *a)
{
    struct numbered *m = (struct numbered *)a;
    struct ack ack = {m->n, a->duplicate, a->seq, a->prev_seq, a->id};
    if (a->err == ERR_OK && write(m->to, &ack, sizeof ack) != (ssize_t)sizeof ack)
        _exit(3);
    pthread_mutex_lock(m->mutex);
    m->free = true;
    pthread_cond_signal(m->changed);
    pthread_mutex_unlock(m->mutex);
}

static void numbered_send(struct kit *k, struct numbered *m, uint32_t n)
{
    m->n = n;
    m->free = false;
    snprintf(m->text, sizeof m->text, "%u", n);
    snprintf(m->client_id, sizeof m->client_id, "id-%u", n);
    m->a = (struct append){.kind = EVENT_MESSAGE,
                           .channel = kit_channel_id(1 + n % CHANNELS),
                           .user = kit_user_id(1),
                           .username = STR("user-1"),
                           .content = str_of(m->text),
                           .client_msg_id = str_of(m->client_id),
                           .done = on_done};
    if (journal_append(k->driver->journal, &m->a) != ERR_OK)
        _exit(4);
}

static int run_set_up(void *arg, int to)
{
    (void)arg;
    (void)to;
    struct kit *k = kit_new();
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    kit_add_users(k, 1);
    for (unsigned c = 1; c <= CHANNELS; c++)
        kit_add_channel(k, c, 1);
    void *state = k;
    return kit_teardown(&state);
}

/* Retries a few that the last child may or may not have got through, then goes on. */
static int run_child(void *arg, int to)
{
    static struct numbered all[OUTSTANDING];
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
    uint32_t n = *(const uint32_t *)arg;
    struct kit *k = kit_new();
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    for (unsigned i = 0; i < OUTSTANDING; i++)
        all[i] = (struct numbered){.to = to, .mutex = &mutex, .changed = &changed, .free = true};
    for (unsigned i = 0;; i = (i + 1) % OUTSTANDING) {
        pthread_mutex_lock(&mutex);
        while (!all[i].free)
            pthread_cond_wait(&changed, &mutex);
        pthread_mutex_unlock(&mutex);
        numbered_send(k, &all[i], n++);
    }
    return 0;
}

/* ---- The parent ---- */

struct acks {
    struct ack *rows; /* by number */
    uint32_t n, cap;  /* the numbers known are below n */
    unsigned first_time;
};

static void acks_take(struct acks *acks, const struct ack *ack)
{
    while (ack->n >= acks->cap) {
        uint32_t cap = acks->cap == 0 ? 4096 : 2 * acks->cap;
        acks->rows = mem_realloc(acks->rows, cap * sizeof *acks->rows);
        memset(acks->rows + acks->cap, 0, (cap - acks->cap) * sizeof *acks->rows);
        acks->cap = cap;
    }
    struct ack *known = &acks->rows[ack->n];
    if (known->seq != 0) {
        assert_true(ack->duplicate);
        assert_int_equal(ack->seq, known->seq);
        assert_int_equal(ack->id, known->id);
        assert_int_equal(ack->prev_seq, known->prev_seq);
        return;
    }
    *known = *ack;
    acks->first_time++;
    if (ack->n >= acks->n)
        acks->n = ack->n + 1;
}

/* Runs a child until it has sent new messages for a random while, then kills it. */
static void run_and_kill(struct acks *acks)
{
    /* the child goes over the last ones again, so that retries meet what the kill left behind */
    uint32_t first = acks->n > 2 * OUTSTANDING ? acks->n - 2 * OUTSTANDING : 0;
    struct child c = child_start(run_child, &first);
    struct ack ack;
    unsigned before = acks->first_time;
    int64_t end_us = INT64_MAX, for_us = (int64_t)(5 + rand_below(60)) * 1000;
    while (read(c.from, &ack, sizeof ack) == (ssize_t)sizeof ack) {
        acks_take(acks, &ack);
        int64_t now_us = clock_steady_us(&clock_system);
        if (end_us == INT64_MAX && acks->first_time > before)
            end_us = now_us + for_us;
        if (now_us >= end_us)
            kill(c.pid, SIGKILL);
    }
    int status = child_wait(&c);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    assert_true(acks->first_time > before);
}

/* Kills a child while it opens the store. */
static void run_and_kill_early(void)
{
    uint32_t first = 0;
    struct child c = child_start(run_child, &first);
    nanosleep(&(struct timespec){.tv_nsec = (long)rand_below(20000000)}, NULL);
    kill(c.pid, SIGKILL);
    assert_true(WIFSIGNALED(child_wait(&c)));
}

static void print_problem(const char *sentence, void *arg)
{
    (void)arg;
    print_message("# %s\n", sentence);
}

static void assert_sound(void)
{
    struct sqlite_verify_result r;
    char reason[256];
    assert_int_equal(sqlite_verify(dir, print_problem, NULL, &r, reason, sizeof reason), ERR_OK);
    assert_int_equal(r.problems, 0);
}

/* How often each number is in the history, by channel. */
static void count_stored(struct kit *k, unsigned channel, unsigned *times, struct acks *acks)
{
    struct message_store *s = k->driver->messages;
    struct uuid c = kit_channel_id(channel);
    struct post_page p = {.more = true};
    uint64_t seq = 0;
    while (p.more) {
        struct arena arena;
        arena_init(&arena);
        assert_int_equal(s->ops->after(s, &c, seq, 100, &arena, &p), ERR_OK);
        for (size_t i = 0; i < p.n; i++) {
            const struct event *e = &p.rows[i].event;
            unsigned long long n = 0;
            assert_true(str_to_u64(e->content, &n));
            assert_int_equal(e->prev_seq, seq);
            seq = e->seq;
            if (n < acks->n) {
                times[n]++;
                if (acks->rows[n].seq != 0)
                    assert_int_equal(acks->rows[n].seq, e->seq);
            }
        }
        arena_fini(&arena);
    }
}

static void assert_acked_are_stored_once(struct acks *acks)
{
    struct kit *k = kit_new();
    unsigned *times = mem_array(acks->n, sizeof *times);
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    for (unsigned c = 1; c <= CHANNELS; c++)
        count_stored(k, c, times, acks);
    for (uint32_t n = 0; n < acks->n; n++)
        if (acks->rows[n].seq != 0)
            assert_int_equal(times[n], 1);
        else
            assert_true(times[n] <= 1);
    mem_free(times);
    void *state = k;
    kit_teardown(&state);
}

static int setup(void **state)
{
    (void)state;
    kit_driver = &driver_sqlite;
    scratch_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static void killed_at_random_moments(void **state)
{
    struct acks acks = {.n = 0};
    (void)state;
    struct child c = child_start(run_set_up, NULL);
    assert_int_equal(child_wait(&c), 0);
    for (int i = 0; i < ROUNDS; i++) {
        run_and_kill(&acks);
        run_and_kill_early();
        assert_sound();
    }
    assert_acked_are_stored_once(&acks);
    print_message("# %u acknowledged over %d kills\n", acks.first_time, ROUNDS);
    mem_free(acks.rows);
}

/* ---- A sync that fails ---- */

static int run_with_failing_sync(void *arg, int to)
{
    struct kit *k = kit_new();
    (void)arg;
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    kit_add_users(k, 1);
    kit_add_channel(k, 1, 1);
    kit_say(k, 1, 1, "before");
    if (write(to, "b", 1) != 1)
        return 3;
    fault_vfs_fail_sync(true);
    kit_send(kit_message(k, 1, 1, "during", "c-1"));
    /* never: it must not be answered at all */
    return write(to, "d", 1) == 1 ? 0 : 3;
}

static void failed_sync_stops_the_process(void **state)
{
    char said[4] = "";
    (void)state;
    struct child c = child_start(run_with_failing_sync, NULL);
    assert_int_equal(read(c.from, said, 1), 1);
    assert_int_equal(said[0], 'b');
    assert_int_equal(read(c.from, said, 1), 0);
    int status = child_wait(&c);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_sound();
    /* it was never acknowledged, so it may be there or not; the retry is right in both cases */
    struct kit *k = kit_new();
    k->driver = driver_sqlite_open_in(dir, &k->setup);
    assert_int_equal(kit_send(kit_message(k, 1, 1, "during", "c-1"))->err, ERR_OK);
    unsigned count;
    uint64_t head;
    struct uuid channel = kit_channel_id(1);
    struct message_store *s = k->driver->messages;
    assert_int_equal(s->ops->missed(s, &channel, 0, 10, &count, &head), ERR_OK);
    assert_int_equal(count, 2);
    void *kit = k;
    kit_teardown(&kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed_at_random_moments, setup, teardown),
        cmocka_unit_test_setup_teardown(failed_sync_stops_the_process, setup, teardown),
    };
    return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
