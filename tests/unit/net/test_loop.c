#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <sys/resource.h>

#include "base/mem.h"
#include "net/loop.h"
#include "rig.h"

static void accept_none(struct conn *c, void *arg)
{
    (void)arg;
    conn_abort(c);
}

/* ---- Tasks ---- */

enum { POSTERS = 4, POSTS = 5000 };

struct posted {
    struct task task;
    struct poster *from;
    int number;
};

struct poster {
    struct rig *rig;
    pthread_t thread;
    struct posted tasks[POSTS];
    int next; /* the loop's: the number that must come */
    bool inverted;
};

static atomic_int ran;

static void posted_run(struct task *t)
{
    struct posted *p = (struct posted *)t;
    if (p->number != p->from->next++)
        p->from->inverted = true;
    atomic_fetch_add(&ran, 1);
}

static void *poster_main(void *arg)
{
    struct poster *p = arg;
    struct executor *e = loop_executor(p->rig->loop);
    for (int i = 0; i < POSTS; i++) {
        p->tasks[i] = (struct posted){{.run = posted_run}, p, i};
        e->post(e, &p->tasks[i].task);
    }
    return NULL;
}

static void tasks_of_a_thread_run_in_their_order(void **state)
{
    (void)state;
    static struct poster posters[POSTERS];
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    for (int i = 0; i < POSTERS; i++) {
        posters[i].rig = &r;
        pthread_create(&posters[i].thread, NULL, poster_main, &posters[i]);
    }
    for (int i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    rig_wait(&ran, POSTERS * POSTS);
    rig_stop(&r);
    for (int i = 0; i < POSTERS; i++)
        assert_false(posters[i].inverted);
}

/* ---- Idle work ---- */

struct idle {
    struct loop *loop;
    atomic_int calls, left;
};

static bool idle_step(void *arg)
{
    struct idle *w = arg;
    atomic_fetch_add(&w->calls, 1);
    return atomic_load(&w->left) > 0 && atomic_fetch_sub(&w->left, 1) > 1;
}

static void idle_begin(void *arg)
{
    struct idle *w = arg;
    loop_set_idle(w->loop, idle_step, w);
}

static void idle_kick(void *arg)
{
    struct idle *w = arg;
    atomic_store(&w->left, 1000);
    loop_kick(w->loop);
}

static void idle_work_runs_while_there_is_any(void **state)
{
    (void)state;
    struct rig r;
    struct idle w = {.loop = NULL};
    rig_start(&r, NULL, accept_none, NULL);
    w.loop = r.loop;
    rig_call(&r, idle_begin, &w);
    rig_call(&r, idle_kick, &w);
    rig_wait(&w.calls, 1000);
    rig_sleep_ms(50);
    int calls = atomic_load(&w.calls);
    rig_sleep_ms(200);
    assert_int_equal(atomic_load(&w.calls), calls); /* it sleeps */
    rig_call(&r, idle_kick, &w);
    rig_wait(&w.calls, calls + 1000);
    rig_stop(&r);
}

/* ---- Timers ---- */

struct alarm {
    struct timer timer;
    struct loop *loop;
    int64_t started_ms, fired_ms;
    unsigned ms;
    struct alarm *victim; /* is stopped by this one */
    unsigned again;       /* how many times it starts itself anew */
};

static atomic_int fired;

static void alarm_fire(struct timer *t)
{
    struct alarm *a = MEM_OWNER(t, struct alarm, timer);
    a->fired_ms = rig_now_ms();
    if (a->victim != NULL)
        timer_stop(&a->victim->timer);
    if (a->again > 0) {
        a->again--;
        timer_start(a->loop, t, a->ms);
    }
    atomic_fetch_add(&fired, 1);
}

static void alarm_start(void *arg)
{
    struct alarm *a = arg;
    timer_init(&a->timer, alarm_fire);
    a->started_ms = rig_now_ms();
    timer_start(a->loop, &a->timer, a->ms);
}

static void alarm_stop(void *arg)
{
    timer_stop(&((struct alarm *)arg)->timer);
}

static void timers_fire_never_early_and_soon(void **state)
{
    (void)state;
    static const unsigned delays[] = {1, 63, 64, 65, 200, 400, 650};
    enum { N = sizeof delays / sizeof delays[0] };
    struct alarm alarms[N];
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    atomic_store(&fired, 0);
    for (int i = 0; i < N; i++) {
        alarms[i] = (struct alarm){.loop = r.loop, .ms = delays[i]};
        rig_call(&r, alarm_start, &alarms[i]);
    }
    rig_wait(&fired, N);
    rig_stop(&r);
    for (int i = 0; i < N; i++) {
        int64_t took = alarms[i].fired_ms - alarms[i].started_ms;
        assert_in_range(took + 2, delays[i], delays[i] + 64 + 300); /* both clocks cut to ms */
        assert_false(timer_is_running(&alarms[i].timer));
    }
}

static void a_stopped_timer_does_not_fire(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    atomic_store(&fired, 0);
    struct alarm stopped = {.loop = r.loop, .ms = 100}, other = {.loop = r.loop, .ms = 300};
    rig_call(&r, alarm_start, &stopped);
    rig_call(&r, alarm_stop, &stopped);
    rig_call(&r, alarm_start, &other);
    rig_wait(&fired, 1);
    rig_stop(&r);
    assert_int_equal(stopped.fired_ms, 0);
}

static void both_start(void *arg)
{
    struct alarm *pair = arg;
    alarm_start(&pair[0]);
    alarm_start(&pair[1]);
}

static void a_timer_may_stop_one_that_is_due_with_it(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    atomic_store(&fired, 0);
    struct alarm pair[2] = {{.loop = r.loop, .ms = 100}, {.loop = r.loop, .ms = 100}};
    struct alarm later = {.loop = r.loop, .ms = 400};
    pair[0].victim = &pair[1];
    rig_call(&r, both_start, pair);
    rig_call(&r, alarm_start, &later);
    rig_wait(&fired, 2);
    rig_stop(&r);
    assert_int_equal(pair[1].fired_ms, 0);
}

static void a_timer_may_start_itself_again(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    atomic_store(&fired, 0);
    struct alarm a = {.loop = r.loop, .ms = 1, .again = 5};
    rig_call(&r, alarm_start, &a);
    rig_wait(&fired, 6);
    rig_stop(&r);
    /* Six rounds of a tick each, not six times at once. */
    assert_true(a.fired_ms - a.started_ms >= 5 * 64 - 2);
}

/* It lies in the slot of a tick that comes soon, one round of the wheel too early. */
static void a_timer_of_a_later_round_waits(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    atomic_store(&fired, 0);
    struct alarm later = {.loop = r.loop, .ms = 64 * 1024 + 100},
                 soon = {.loop = r.loop, .ms = 300};
    rig_call(&r, alarm_start, &later);
    rig_call(&r, alarm_start, &soon);
    rig_wait(&fired, 1);
    assert_int_equal(later.fired_ms, 0);
    rig_call(&r, alarm_stop, &later);
    rig_stop(&r);
}

static void usage_of_the_loop(void *arg)
{
    getrusage(RUSAGE_THREAD, arg);
}

/* The wheel is driven only where something lies in it. */
static void far_timers_do_not_wake_the_process(void **state)
{
    (void)state;
    struct rig r;
    rig_start(&r, NULL, accept_none, NULL);
    struct alarm far[3] = {{.loop = r.loop, .ms = 25000},
                           {.loop = r.loop, .ms = 40000},
                           {.loop = r.loop, .ms = 200000}};
    for (int i = 0; i < 3; i++)
        rig_call(&r, alarm_start, &far[i]);
    rig_sleep_ms(100);
    struct rusage before, after;
    rig_call(&r, usage_of_the_loop, &before);
    rig_sleep_ms(1000);
    rig_call(&r, usage_of_the_loop, &after);
    /* Ticking every 64 ms would be 15 switches more. */
    assert_in_range(after.ru_nvcsw - before.ru_nvcsw, 0, 5);
    for (int i = 0; i < 3; i++)
        rig_call(&r, alarm_stop, &far[i]);
    rig_stop(&r);
}

/* ---- Stopping ---- */

static void a_loop_that_is_told_early_stops_at_once(void **state)
{
    (void)state;
    struct loop *l = loop_new(3);
    assert_int_equal(loop_index(l), 3);
    loop_stop(l);
    loop_run(l);
    loop_free(l);
}

static void loops_follow_the_affinity_mask(void **state)
{
    (void)state;
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    assert_int_equal(loop_count_default(), CPU_COUNT(&all));
    CPU_ZERO(&one);
    for (size_t i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &all))
            CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(loop_count_default(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_of_a_thread_run_in_their_order),
        cmocka_unit_test(idle_work_runs_while_there_is_any),
        cmocka_unit_test(timers_fire_never_early_and_soon),
        cmocka_unit_test(a_stopped_timer_does_not_fire),
        cmocka_unit_test(a_timer_may_stop_one_that_is_due_with_it),
        cmocka_unit_test(a_timer_may_start_itself_again),
        cmocka_unit_test(a_timer_of_a_later_round_waits),
        cmocka_unit_test(far_timers_do_not_wake_the_process),
        cmocka_unit_test(a_loop_that_is_told_early_stops_at_once),
        cmocka_unit_test(loops_follow_the_affinity_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
