#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "telemetry/metrics.h"

#define THREADS 4
#define ROUNDS  20000

static void counts_and_sets(void **state)
{
    (void)state;
    assert_int_equal(metric_value(M_REGISTERED), 0);
    metric_inc(M_REGISTERED);
    metric_add(M_REGISTERED, 41);
    assert_int_equal(metric_value(M_REGISTERED), 42);
    metric_inc(M_CONNECTIONS);
    metric_add(M_CONNECTIONS, -3);
    assert_int_equal(metric_value(M_CONNECTIONS), -2);
    metric_set(M_JOURNAL_QUEUE, 7);
    metric_set(M_JOURNAL_QUEUE, 5);
    assert_int_equal(metric_value(M_JOURNAL_QUEUE), 5);
}

static void observations(void **state)
{
    (void)state;
    struct histogram h;
    metric_histogram(M_STORE_READ, &h);
    assert_int_equal(histogram_count(&h), 0);
    metric_observe(M_STORE_READ, 0);
    metric_observe(M_STORE_READ, 64);
    metric_observe(M_STORE_READ, 65);
    metric_observe(M_STORE_READ, UINT64_C(1) << 40);
    metric_histogram(M_STORE_READ, &h);
    assert_int_equal(histogram_count_below(&h, 6), 2);
    assert_int_equal(histogram_count_below(&h, 7), 3);
    assert_int_equal(histogram_count(&h), 4);
    assert_int_equal(h.sum, 129 + (UINT64_C(1) << 40));
    assert_int_equal(metric_value(M_STORE_READ), 4);
}

static atomic_bool go_on;

/* Sessions come and go, on one thread or another: the sum is what counts. */
static void *count(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        metric_inc(M_DELIVERIES);
        metric_add(M_SESSIONS, i % 2 ? -1 : 1);
        metric_observe(M_ACK_LATENCY, (uint64_t)i % 100);
        metric_set(M_WAL_BYTES, i);
    }
    return NULL;
}

static void *watch(void *arg)
{
    int64_t before = 0;
    struct histogram h;
    while (atomic_load(&go_on)) {
        int64_t now = metric_value(M_DELIVERIES);
        if (now < before)
            *(int *)arg += 1;
        before = now;
        metric_histogram(M_ACK_LATENCY, &h);
    }
    return NULL;
}

/* Threads that count, threads that ended, and one that reads all the while. */
static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS], watcher;
    int went_back = 0, generations = 3;
    struct histogram h;
    atomic_store(&go_on, true);
    assert_int_equal(pthread_create(&watcher, NULL, watch, &went_back), 0);
    for (int g = 0; g < generations; g++) {
        for (int i = 0; i < THREADS; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
        for (int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    atomic_store(&go_on, false);
    pthread_join(watcher, NULL);
    int64_t all = (int64_t)generations * THREADS * ROUNDS;
    assert_int_equal(went_back, 0);
    assert_int_equal(metric_value(M_DELIVERIES), all);
    assert_int_equal(metric_value(M_SESSIONS), 0);
    assert_int_equal(metric_value(M_WAL_BYTES), ROUNDS - 1);
    metric_histogram(M_ACK_LATENCY, &h);
    assert_int_equal(histogram_count(&h), all);
    assert_int_equal(h.sum, all / 100 * 4950);
}

static pthread_key_t late;

static void count_late(void *arg)
{
    (void)arg;
    metric_inc(M_DUPLICATES);
}

static void *end_late(void *arg)
{
    pthread_setspecific(late, arg);
    metric_inc(M_DUPLICATES);
    pthread_setspecific(late, arg);
    return NULL;
}

/* What other things that end with a thread count while it ends is not lost either. */
static void counting_while_a_thread_ends(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_key_create(&late, count_late), 0);
    assert_int_equal(pthread_create(&thread, NULL, end_late, &late), 0);
    pthread_join(thread, NULL);
    assert_int_equal(metric_value(M_DUPLICATES), 2);
    pthread_key_delete(late);
}

/* The rules of the table itself: Prometheus' naming, and what page.c counts on. */
static void the_table_is_in_order(void **state)
{
    (void)state;
    for (enum metric m = 0; m < METRIC_COUNT; m++) {
        const struct metric_row *row = metric_row(m);
        size_t n = strlen(row->family);
        bool is_first = m == 0 || strcmp(metric_row(m - 1)->family, row->family) != 0;
        assert_int_equal(strspn(row->family, "abcdefghijklmnopqrstuvwxyz0123456789_"), n);
        /* Ours, and the one that every gRPC server has under this name. */
        assert_true(strncmp(row->family, "parley_", 7) == 0 ||
                    strcmp(row->family, "grpc_server_handled_total") == 0);
        assert_int_equal(n > 6 && strcmp(row->family + n - 6, "_total") == 0,
                         row->type == METRIC_COUNTER);
        assert_int_equal(n > 8 && strcmp(row->family + n - 8, "_seconds") == 0,
                         row->type == METRIC_HISTOGRAM_US || row->type == METRIC_GAUGE_US);
        /* The first row of a family says what it is; the others nothing, or the same. */
        if (is_first || strlen(row->help) > 0)
            assert_string_equal(row->help, is_first ? row->help : metric_row(m - 1)->help);
        assert_true(strlen(row->help) > 0 || !is_first);
        assert_null(strpbrk(row->help, "\\\n\""));
        assert_null(strpbrk(row->labels, "\\\n"));
        for (enum metric other = 0; is_first && other < m; other++)
            assert_string_not_equal(metric_row(other)->family, row->family);
        for (enum metric other = 0; other < m; other++)
            assert_false(strcmp(metric_row(other)->family, row->family) == 0 &&
                         (strcmp(metric_row(other)->labels, row->labels) == 0 ||
                          metric_row(other)->type != row->type));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_sets),
        cmocka_unit_test(observations),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(counting_while_a_thread_ends),
        cmocka_unit_test(the_table_is_in_order),
    };
    return cmocka_run_group_tests_name("telemetry/metrics", tests, NULL, NULL);
}
