/* The cache and the bus against a server that only pretends to be Redis: it answers PING as it
 * should and everything else with what the test says. Whatever that is, nothing is believed that is
 * not one of our values, nothing breaks, and nobody waits longer than the limits. */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "adapter/redis/note.h"
#include "adapter/redis/redis.h"
#include "adapter/redis/reply.h"
#include "base/clock.h"
#include "base/mem.h"

#define COMMAND_MS      400
#define CONNECTIONS_MAX 256

struct impostor {
    int fd;
    unsigned port;
    pthread_t thread;
    atomic_bool stopping;
    pthread_mutex_t mutex;
    struct str answer; /* to everything but PING */
    bool drips, closes;
};

/* ---- The server ---- */

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void impostor_answer(struct impostor *s, int fd, const char *request)
{
    if (strstr(request, "PING") != NULL) {
        (void)!send(fd, "+PONG\r\n", 7, MSG_NOSIGNAL);
        return;
    }
    pthread_mutex_lock(&s->mutex);
    struct str answer = s->answer;
    bool drips = s->drips, closes = s->closes;
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; drips && i < answer.n && !atomic_load(&s->stopping); i++) {
        (void)!send(fd, answer.p + i, 1, MSG_NOSIGNAL);
        sleep_ms(20);
    }
    if (!drips && answer.n > 0)
        (void)!send(fd, answer.p, answer.n, MSG_NOSIGNAL);
    if (closes)
        shutdown(fd, SHUT_RDWR);
}

struct connection {
    struct impostor *server;
    int fd;
    pthread_t thread;
};

static void *connection_main(void *arg)
{
    struct connection *c = arg;
    char request[4096];
    while (!atomic_load(&c->server->stopping)) {
        struct pollfd p = {c->fd, POLLIN, 0};
        if (poll(&p, 1, 20) == 0)
            continue;
        ssize_t n = recv(c->fd, request, sizeof request - 1, 0);
        if (n <= 0)
            break;
        request[n] = '\0';
        impostor_answer(c->server, c->fd, request);
    }
    close(c->fd);
    return NULL;
}

static void *impostor_main(void *arg)
{
    struct impostor *s = arg;
    struct connection all[CONNECTIONS_MAX];
    size_t n = 0;
    while (!atomic_load(&s->stopping)) {
        struct pollfd p = {s->fd, POLLIN, 0};
        if (poll(&p, 1, 20) <= 0 || n == CONNECTIONS_MAX)
            continue;
        all[n] = (struct connection){s, accept4(s->fd, NULL, NULL, SOCK_CLOEXEC), 0};
        if (all[n].fd >= 0 && pthread_create(&all[n].thread, NULL, connection_main, &all[n]) == 0)
            n++;
    }
    for (size_t i = 0; i < n; i++)
        pthread_join(all[i].thread, NULL);
    return NULL;
}

static void impostor_start(struct impostor *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof at;
    memset(s, 0, sizeof *s);
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&at, size), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
    assert_int_equal(listen(s->fd, 64), 0);
    s->port = ntohs(at.sin_port);
    pthread_mutex_init(&s->mutex, NULL);
    assert_int_equal(pthread_create(&s->thread, NULL, impostor_main, s), 0);
}

static void impostor_stop(struct impostor *s)
{
    atomic_store(&s->stopping, true);
    pthread_join(s->thread, NULL);
    close(s->fd);
    pthread_mutex_destroy(&s->mutex);
}

static void impostor_say(struct impostor *s, struct str answer, bool drips, bool closes)
{
    pthread_mutex_lock(&s->mutex);
    s->answer = answer;
    s->drips = drips;
    s->closes = closes;
    pthread_mutex_unlock(&s->mutex);
}

/* ---- The tests ---- */

struct rig {
    struct impostor server;
    struct redis *redis;
    struct cache *cache;
};

static int set_up(void **state)
{
    static struct rig r;
    char address[32], reason[160];
    impostor_start(&r.server);
    snprintf(address, sizeof address, "127.0.0.1:%u", r.server.port);
    const struct redis_config config = {
        .address = address, .command_ms = COMMAND_MS, .probe_ms = 50, .connections = 2};
    assert_int_equal(redis_open(&config, &r.redis, reason, sizeof reason), ERR_OK);
    r.cache = redis_cache(r.redis);
    *state = &r;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *r = *state;
    redis_close(r->redis);
    impostor_stop(&r->server);
    return 0;
}

static void wait_ready(struct rig *r)
{
    char detail[160];
    for (int i = 0; i < 500 && !r->cache->ops->is_ready(r->cache, detail, sizeof detail); i++)
        sleep_ms(10);
    assert_true(r->cache->ops->is_ready(r->cache, detail, sizeof detail));
}

/* None of the reads takes it for anything; writes may, since an answer to them says nothing. */
static void assert_nothing_is_believed(struct rig *r)
{
    const struct cache_ops *ops = r->cache->ops;
    const struct cache_entry entry = {5, STR("v")};
    struct arena arena;
    struct str value, *members;
    struct cache_entry *entries;
    size_t n;
    uint64_t floor;
    uint32_t wait_ms;
    arena_init(&arena);
    int64_t began_us = clock_steady_us(&clock_system);
    assert_int_not_equal(ops->get(r->cache, STR("k"), &arena, &value), ERR_OK);
    enum err e = ops->window_read(r->cache, STR("k"), 0, 4, &arena, &entries, &n, &floor);
    assert_int_not_equal(e, ERR_OK);
    e = ops->lease_list(r->cache, STR("k"), &arena, &members, &n);
    assert_true(e != ERR_OK || n < REPLY_ELEMENTS_MAX);
    ops->take(r->cache, STR("k"), 60, 1, &wait_ms);
    ops->put(r->cache, STR("k"), STR("v"), 1000);
    ops->put_version(r->cache, STR("k"), 1, STR("v"), 1000);
    ops->window_push(r->cache, STR("k"), 4, &entry, 1, 4, 1000);
    ops->lease_put(r->cache, STR("k"), STR("m"), 1000);
    ops->lease_drop(r->cache, STR("k"), STR("m"));
    ops->drop(r->cache, STR("k"));
    /* Each at most two exchanges, twice. */
    assert_true(clock_steady_us(&clock_system) - began_us < INT64_C(1000) * COMMAND_MS * 50);
    arena_fini(&arena);
}

/* More entries than were asked for. */
static const char too_many[] = "*2\r\n$1\r\n1\r\n*5\r\n"
                               "$20\r\n00000000000000000009\r\n"
                               "$20\r\n00000000000000000008\r\n"
                               "$20\r\n00000000000000000007\r\n"
                               "$20\r\n00000000000000000006\r\n"
                               "$20\r\n00000000000000000005\r\n";

static void answers_that_are_none_are_not_believed(void **state)
{
    static const char *const answers[] = {
        "garbage without any form\r\n",
        "$-5\r\n",
        "$99999999999999999999\r\n",
        "$2147483647\r\nxx",
        "*-7\r\n",
        "*2147483647\r\n",
        "*1000000\r\n$1\r\na\r\n",
        ":one\r\n",
        ":99999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "-ERR unknown\r\n",
        "-NOSCRIPT again and again\r\n",
        "-WRONGTYPE again and again\r\n",
        "-LOADING Redis is loading\r\n",
        "-READONLY You can't write\r\n",
        "-OOM command not allowed\r\n",
        "+OK\r\n",
        ":-1\r\n",
        ":7\r\n",
        "$-1\r\n",
        "*-1\r\n",
        "*0\r\n",
        "$5\r\nshort\r\n",
        "$21\r\n0000000000000000000xv\r\n",
        "*2\r\n$1\r\n5\r\n$1\r\nx\r\n",
        "*2\r\n$1\r\n5\r\n*1\r\n:9\r\n",
        "*2\r\n$2\r\n-5\r\n*0\r\n",
        "*2\r\n$1\r\n5\r\n*1\r\n$21\r\n00000000000000000005v\r\n",
        "*2\r\n$1\r\n5\r\n*2\r\n$21\r\n00000000000000000007v\r\n$21\r\n00000000000000000008v\r\n",
        too_many,
    };
    struct rig *r = *state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        wait_ready(r);
        impostor_say(&r->server, str_of(answers[i]), false, i % 2 == 1);
        assert_nothing_is_believed(r);
    }
}

static void an_answer_that_drips_has_its_time(void **state)
{
    struct rig *r = *state;
    struct arena arena;
    struct str value;
    arena_init(&arena);
    wait_ready(r);
    impostor_say(&r->server, STR("$500\r\n00000000000000000000it goes on and on and on and on"),
                 true, false);
    int64_t began_us = clock_steady_us(&clock_system);
    assert_int_equal(r->cache->ops->get(r->cache, STR("k"), &arena, &value), ERR_UNAVAILABLE);
    assert_true(clock_steady_us(&clock_system) - began_us < INT64_C(1000) * COMMAND_MS * 4);
    arena_fini(&arena);
}

/* An answer too many would be taken for that to the next question. */
static void an_answer_that_nobody_asked_for_is_nobodys(void **state)
{
    struct rig *r = *state;
    struct arena arena;
    struct str value;
    arena_init(&arena);
    for (int i = 0; i < 10; i++) {
        wait_ready(r);
        impostor_say(&r->server,
                     STR("$21\r\n000000000000000000001\r\n$21\r\n00000000000000000000X\r\n"), false,
                     false);
        assert_int_equal(r->cache->ops->get(r->cache, STR("k"), &arena, &value), ERR_OK);
        assert_true(str_eq(value, STR("1")));
        impostor_say(&r->server, STR("$21\r\n000000000000000000002\r\n"), false, false);
        assert_int_equal(r->cache->ops->get(r->cache, STR("k"), &arena, &value), ERR_OK);
        assert_true(str_eq(value, STR("2")));
    }
    arena_fini(&arena);
}

/* ---- Notes ---- */

static struct str note(char *out, uint8_t sender, uint64_t number, const char *text)
{
    const struct uuid id = {{sender}};
    note_head(&id, number, out);
    memcpy(out + NOTE_HEAD_BYTES, text, strlen(text));
    return (struct str){out, NOTE_HEAD_BYTES + strlen(text)};
}

static void only_notes_of_others_that_are_not_late_pass(void **state)
{
    struct note_filter f;
    const struct uuid own = {{1}};
    char whole[64];
    struct str got;
    (void)state;
    note_filter_init(&f, &own);
    assert_false(note_filter_pass(&f, note(whole, 1, 1, "own"), &got));
    assert_true(note_filter_pass(&f, note(whole, 2, 1, "a"), &got));
    assert_true(str_eq(got, STR("a")));
    assert_true(note_filter_pass(&f, note(whole, 2, 3, ""), &got)); /* one was lost */
    assert_int_equal(got.n, 0);
    assert_false(note_filter_pass(&f, note(whole, 2, 2, "late"), &got));
    assert_false(note_filter_pass(&f, note(whole, 2, 3, "again"), &got));
    assert_true(note_filter_pass(&f, note(whole, 3, 1, "b"), &got));
    struct str short_one = note(whole, 3, 2, "");
    short_one.n--;
    assert_false(note_filter_pass(&f, short_one, &got));
    assert_false(note_filter_pass(&f, STR_NONE, &got));
    whole[0] = 2; /* another version */
    assert_false(note_filter_pass(&f, (struct str){whole, NOTE_HEAD_BYTES}, &got));
    char *large = mem_zalloc(NOTE_WHOLE_MAX + 1);
    note(large, 3, 9, "");
    assert_false(note_filter_pass(&f, (struct str){large, NOTE_WHOLE_MAX + 1}, &got));
    assert_true(note_filter_pass(&f, (struct str){large, NOTE_WHOLE_MAX}, &got));
    mem_free(large);
}

static void the_sender_heard_longest_ago_makes_room(void **state)
{
    struct note_filter f;
    const struct uuid own = {{0}};
    char whole[64];
    struct str got;
    (void)state;
    note_filter_init(&f, &own);
    for (unsigned i = 1; i <= 255; i++)
        assert_true(note_filter_pass(&f, note(whole, (uint8_t)i, 5, "x"), &got));
    assert_true(note_filter_pass(&f, note(whole, 1, 6, "x"), &got));
    for (unsigned i = 0; i < 100; i++) { /* a crowd of others: ids that differ elsewhere */
        struct str s = note(whole, 7, 1, "x");
        whole[2] = (char)(i + 1);
        assert_true(note_filter_pass(&f, s, &got));
    }
    assert_int_equal(f.n, NOTE_SENDERS_MAX);
    assert_false(note_filter_pass(&f, note(whole, 1, 6, "x"), &got)); /* still known */
    assert_true(note_filter_pass(&f, note(whole, 2, 1, "x"), &got));  /* forgotten */
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(answers_that_are_none_are_not_believed),
        TEST(an_answer_that_drips_has_its_time),
        TEST(an_answer_that_nobody_asked_for_is_nobodys),
        cmocka_unit_test(only_notes_of_others_that_are_not_late_pass),
        cmocka_unit_test(the_sender_heard_longest_ago_makes_room),
    };
    return cmocka_run_group_tests_name("redis_hostile", tests, NULL, NULL);
}
