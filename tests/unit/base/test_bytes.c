#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/bytes.h"

#define THREADS 4
#define ROUNDS  20000

static void copies(void **state)
{
    (void)state;
    struct bytes *b = bytes_copy("frame", 5);
    assert_int_equal(b->len, 5);
    assert_memory_equal(b->data, "frame", 5);
    assert_ptr_equal(bytes_ref(b), b);
    bytes_unref(b);
    assert_memory_equal(b->data, "frame", 5);
    bytes_unref(b);
    bytes_unref(bytes_copy(NULL, 0));
    bytes_unref(bytes_new(0));
    bytes_unref(NULL);
}

/* Each thread holds one reference from the start and takes and gives more. */
static void *hold(void *arg)
{
    struct bytes *b = arg;
    unsigned sum = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct bytes *mine = bytes_ref(b);
        sum += (unsigned char)mine->data[i % (int)mine->len];
        bytes_unref(mine);
    }
    bytes_unref(b);
    return (void *)(uintptr_t)sum;
}

/* The last one frees, whichever thread that is: the sanitizers see a leak, a second free, a read
 * after it and a race. */
static void shared_by_threads(void **state)
{
    (void)state;
    struct bytes *b = bytes_new(100);
    memset(b->data, 1, b->len);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hold, bytes_ref(b)), 0);
    bytes_unref(b);
    for (int i = 0; i < THREADS; i++) {
        void *sum;
        assert_int_equal(pthread_join(threads[i], &sum), 0);
        assert_int_equal((uintptr_t)sum, ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies),
        cmocka_unit_test(shared_by_threads),
    };
    return cmocka_run_group_tests_name("base/bytes", tests, NULL, NULL);
}
