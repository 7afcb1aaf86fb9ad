#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <assert.h>
#include <cmocka.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "base/task.h"

#define POSTERS 3
#define EACH    2000

struct numbered {
    struct task task;
    unsigned poster, number;
};

struct poster {
    struct task_queue *queue;
    struct numbered tasks[EACH];
    unsigned index;
};

static atomic_uint wakes;

static void count_wake(void *arg)
{
    (void)arg;
    atomic_fetch_add(&wakes, 1);
}

static void *post_all(void *arg)
{
    struct poster *p = arg;
    for (unsigned i = 0; i < EACH; i++) {
        p->tasks[i] = (struct numbered){.poster = p->index, .number = i};
        task_queue_push(p->queue, &p->tasks[i].task);
    }
    return NULL;
}

/* From several threads: everything arrives once, each thread's in its order. */
static void the_queue_keeps_each_posters_order(void **state)
{
    (void)state;
    static struct poster posters[POSTERS];
    struct task_queue q;
    pthread_t threads[POSTERS];
    unsigned next[POSTERS] = {0}, batches = 0;
    atomic_store(&wakes, 0);
    task_queue_init(&q, count_wake, NULL);
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i].queue = &q;
        posters[i].index = i;
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    for (unsigned taken = 0; taken < POSTERS * EACH;) {
        struct task *t = task_queue_take(&q);
        batches += t != NULL;
        for (; t != NULL; t = t->next, taken++) {
            struct numbered *n = MEM_OWNER(t, struct numbered, task);
            assert_int_equal(n->number, next[n->poster]++);
        }
    }
    for (unsigned i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_null(task_queue_take(&q));
    assert_int_equal(atomic_load(&wakes), batches);
    task_queue_fini(&q);
}

static void one_wake_a_batch(void **state)
{
    (void)state;
    struct task_queue q;
    struct task tasks[3];
    atomic_store(&wakes, 0);
    task_queue_init(&q, count_wake, NULL);
    for (int i = 0; i < 3; i++)
        task_queue_push(&q, &tasks[i]);
    assert_int_equal(atomic_load(&wakes), 1);
    struct task *t = task_queue_take(&q);
    for (int i = 0; i < 3; i++, t = t->next)
        assert_ptr_equal(t, &tasks[i]);
    assert_null(t);
    task_queue_push(&q, &tasks[0]);
    assert_int_equal(atomic_load(&wakes), 2);
    task_queue_fini(&q);
    task_queue_init(&q, NULL, NULL);
    task_queue_push(&q, &tasks[0]);
    assert_ptr_equal(task_queue_take(&q), &tasks[0]);
    task_queue_fini(&q);
}

struct job {
    struct task task;
    sem_t *started, *gate; /* NULL: does not wait */
    atomic_int *done;
    unsigned ran_on;
};

static void job_run(struct task *t)
{
    struct job *j = MEM_OWNER(t, struct job, task);
    j->ran_on = workers_index();
    if (j->gate != NULL) {
        sem_post(j->started);
        sem_wait(j->gate);
    }
    atomic_fetch_add(j->done, 1);
}

/* With both threads held up, two more may wait and the fifth is turned away at once. */
static void a_full_pool_refuses(void **state)
{
    (void)state;
    sem_t started, gate;
    atomic_int done = 0;
    struct job jobs[5];
    sem_init(&started, 0, 0);
    sem_init(&gate, 0, 0);
    struct workers *w = workers_new("test", 2, 2, NULL, NULL, NULL);
    for (int i = 0; i < 5; i++)
        jobs[i] = (struct job){{NULL, job_run}, &started, &gate, &done, 99};
    for (int i = 0; i < 2; i++) {
        assert_true(workers_try_post(w, &jobs[i].task));
        sem_wait(&started);
    }
    assert_int_equal(workers_depth(w), 0);
    assert_true(workers_try_post(w, &jobs[2].task));
    assert_true(workers_try_post(w, &jobs[3].task));
    assert_int_equal(workers_depth(w), 2);
    assert_false(workers_try_post(w, &jobs[4].task));
    assert_int_equal(workers_depth(w), 2);
    assert_int_equal(jobs[0].ran_on + jobs[1].ran_on, 1);
    for (int i = 0; i < 4; i++)
        sem_post(&gate);
    workers_stop(w);
    assert_int_equal(atomic_load(&done), 4);
    assert_false(workers_try_post(w, &jobs[4].task)); /* stopped, but still there */
    workers_stop(w);
    workers_free(w);
    assert_int_equal(atomic_load(&done), 4);
    assert_int_equal(jobs[4].ran_on, 99);
    sem_destroy(&started);
    sem_destroy(&gate);
}

static atomic_int starts[4], stops[4];

/* On threads of their own, where cmocka's assertions do not work. */
static void on_start(unsigned index, void *arg)
{
    assert(arg == starts);
    assert(workers_index() == index);
    atomic_fetch_add(&starts[index], 1);
}

static void on_stop(unsigned index, void *arg)
{
    assert(arg == starts);
    atomic_fetch_add(&stops[index], 1);
}

/* What is queued when the pool is freed still runs; each thread starts and stops once. */
static void freeing_runs_what_is_queued(void **state)
{
    (void)state;
    static struct job jobs[500];
    atomic_int done = 0;
    struct workers *w = workers_new("a name that is too long", 4, 500, on_start, on_stop, starts);
    for (int i = 0; i < 500; i++) {
        jobs[i] = (struct job){{NULL, job_run}, NULL, NULL, &done, 99};
        assert_true(workers_try_post(w, &jobs[i].task));
    }
    workers_free(w);
    assert_int_equal(atomic_load(&done), 500);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(atomic_load(&starts[i]), 1);
        assert_int_equal(atomic_load(&stops[i]), 1);
    }
    for (int i = 0; i < 500; i++)
        assert_true(jobs[i].ran_on < 4);
    assert_int_equal(workers_index(), 0);
    workers_stop(NULL);
    workers_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_queue_keeps_each_posters_order),
        cmocka_unit_test(one_wake_a_batch),
        cmocka_unit_test(a_full_pool_refuses),
        cmocka_unit_test(freeing_runs_what_is_queued),
    };
    return cmocka_run_group_tests_name("base/task", tests, NULL, NULL);
}
