#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/* The sanitizers stop the program themselves, in their own way. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif

static void memory_is_there(void **state)
{
    (void)state;
    mem_free(mem_alloc(0));
    mem_free(mem_zalloc(0));
    mem_free(mem_array(0, 8));
    mem_free(NULL);
    char *p = mem_array(10, 100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    p = mem_realloc(p, 2000);
    memset(p, 1, 2000);
    mem_free(p);
}

static void copies_end_with_nul(void **state)
{
    (void)state;
    char *whole = mem_strdup("abc"), *part = mem_strndup("abc", 2), *none = mem_strndup("", 0);
    assert_string_equal(whole, "abc");
    assert_string_equal(part, "ab");
    assert_string_equal(none, "");
    mem_free(whole);
    mem_free(part);
    mem_free(none);
}

#ifndef SANITIZED
/* Runs `f` in a child; the signal that ended it, 0 when it returned. */
static int signal_of(void (*f)(void))
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO);
        f();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static volatile size_t huge = SIZE_MAX / 2;

static void take_huge(void)
{
    mem_free(mem_alloc(huge));
}

static void take_overflowing(void)
{
    mem_free(mem_array(huge, 4));
}

static void grow_to_huge(void)
{
    mem_free(mem_realloc(mem_alloc(1), huge));
}

static void take_little(void)
{
    mem_free(mem_array(4, 4));
}

static void the_program_stops_where_there_is_none(void **state)
{
    (void)state;
    assert_int_equal(signal_of(take_little), 0);
    assert_int_equal(signal_of(take_huge), SIGABRT);
    assert_int_equal(signal_of(take_overflowing), SIGABRT);
    assert_int_equal(signal_of(grow_to_huge), SIGABRT);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_there),
        cmocka_unit_test(copies_end_with_nul),
#ifndef SANITIZED
        cmocka_unit_test(the_program_stops_where_there_is_none),
#endif
    };
    return cmocka_run_group_tests_name("base/mem", tests, NULL, NULL);
}
