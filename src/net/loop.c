#include "net/loop.h"

#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include "net/loop_impl.h"
#include "telemetry/metrics.h"

static void loop_on_task(void *arg)
{
    struct loop *l = arg;
    uv_async_send(&l->wake);
}

static void loop_post(struct executor *self, struct task *t)
{
    task_queue_push(&MEM_OWNER(self, struct loop, executor)->tasks, t);
}

/* The wake-up only ends the wait: tasks run after all reads of the turn. */
static void loop_on_wake(uv_async_t *wake)
{
    (void)wake;
}

/* Between two slices of a long fan-out. Where threads share a core, the journal waits for it:
 * without giving way nine acks in ten of other channels took 5 ms, with it 1.8 (5,000 members, one
 * core). */
static void loop_on_spin(uv_idle_t *spin)
{
    (void)spin;
    sched_yield();
}

static void loop_run_tasks(struct loop *l)
{
    for (struct task *t = task_queue_take(&l->tasks), *next; t != NULL; t = next) {
        next = t->next;
        t->run(t);
    }
}

void loop_count_event(struct loop *l)
{
    if (++l->n_events < LOOP_EVENTS_MAX)
        return;
    l->n_events = 0;
    loop_run_tasks(l);
    loop_end_turn(l);
}

static void loop_after_poll(uv_check_t *check)
{
    struct loop *l = MEM_OWNER(check, struct loop, after_poll);
    l->n_events = 0;
    loop_run_tasks(l);
    uv_idle_stop(&l->spin);
    if (l->step != NULL && l->step(l->step_arg))
        loop_kick(l);
    if (atomic_load_explicit(&l->stop_asked, memory_order_acquire) && !l->stopping) {
        l->stopping = true;
        loop_stop_accepting(l);
        loop_close_conns(l);
        loop_check_stopped(l);
    }
}

static void loop_count(enum metric m, int64_t *n)
{
    if (*n != 0)
        metric_add(m, *n);
    *n = 0;
}

static void loop_tell_counts(struct loop *l)
{
    loop_count(M_BYTES_IN, &l->counts.bytes_in);
    loop_count(M_BYTES_OUT, &l->counts.bytes_out);
    loop_count(M_WRITES, &l->counts.writes);
}

static void loop_before_poll(uv_prepare_t *prepare)
{
    struct loop *l = MEM_OWNER(prepare, struct loop, before_poll);
    loop_end_turn(l);
    loop_tell_counts(l);
}

struct loop *loop_new(unsigned index)
{
    struct loop *l = MEM_NEW(struct loop);
    l->executor.post = loop_post;
    l->index = index;
    l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    l->read_buf = mem_alloc(LOOP_READ_BYTES);
    list_init(&l->conns);
    list_init(&l->dirty);
    list_init(&l->listeners);
    int failed = uv_loop_init(&l->uv);
    failed |= uv_async_init(&l->uv, &l->wake, loop_on_wake);
    /* Without descriptors for a loop the program cannot start. */
    assert(failed == 0);
    uv_check_init(&l->uv, &l->after_poll);
    uv_prepare_init(&l->uv, &l->before_poll);
    uv_idle_init(&l->uv, &l->spin);
    uv_check_start(&l->after_poll, loop_after_poll);
    uv_prepare_start(&l->before_poll, loop_before_poll);
    wheel_init(&l->wheel, &l->uv);
    task_queue_init(&l->tasks, loop_on_task, l);
    return l;
}

void loop_run(struct loop *l)
{
    uv_update_time(&l->uv);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    /* What the last connections' ends have caused. */
    loop_run_tasks(l);
    loop_tell_counts(l);
}

void loop_stop(struct loop *l)
{
    atomic_store_explicit(&l->stop_asked, true, memory_order_release);
    uv_async_send(&l->wake);
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    assert(list_is_empty(&l->conns) && list_is_empty(&l->listeners));
    wheel_fini(&l->wheel);
    uv_close((uv_handle_t *)&l->wake, NULL);
    uv_close((uv_handle_t *)&l->after_poll, NULL);
    uv_close((uv_handle_t *)&l->before_poll, NULL);
    uv_close((uv_handle_t *)&l->spin, NULL);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    int failed = uv_loop_close(&l->uv);
    assert(failed == 0);
    task_queue_fini(&l->tasks);
    if (l->spare_fd >= 0)
        close(l->spare_fd);
    mem_free(l->read_buf);
    mem_free(l);
}

unsigned loop_index(const struct loop *l)
{
    return l->index;
}

struct executor *loop_executor(struct loop *l)
{
    return &l->executor;
}

uint64_t loop_now_ms(const struct loop *l)
{
    return uv_now(&l->uv);
}

void loop_set_idle(struct loop *l, bool (*step)(void *arg), void *arg)
{
    l->step = step;
    l->step_arg = arg;
}

void loop_kick(struct loop *l)
{
    uv_idle_start(&l->spin, loop_on_spin);
}

unsigned loop_count_default(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return (unsigned)CPU_COUNT(&set);
    /* More processors than a cpu_set_t holds. */
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (unsigned)n;
}
