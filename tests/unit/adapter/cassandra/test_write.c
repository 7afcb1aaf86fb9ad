/* Writes that come again, late, half, or while somebody reads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cassandra_rig.h"
#include "posts.h"

#define START_MS INT64_C(1767225600000)
#define POSTS    600

static const char *keyspace;
static struct cassandra *cassandra;
static struct history_store *history;

static int group_setup(void **state)
{
    (void)state;
    keyspace = cassandra_rig_keyspace();
    cassandra_rig_migrate(keyspace);
    cassandra = cassandra_rig_open(keyspace);
    history = cassandra_history(cassandra);
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    cassandra_close(cassandra);
    cassandra_rig_drop(keyspace);
    return 0;
}

/* One message with everything, and the cells it left behind. */
static void same_write_again_changes_nothing(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event e = posts_next(&p, 1, 0, START_MS, "once");
    int64_t written[2][4];
    char cql[256];
    e.client_msg_id = STR("c-1");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(history->ops->write(history, &e, 1), ERR_OK);
        written[i][0] = cassandra_rig_int(keyspace, "SELECT max(writetime(seq)) FROM $.message");
        written[i][1] = cassandra_rig_int(keyspace, "SELECT max(writetime(id)) FROM $.timeline");
        written[i][2] = cassandra_rig_int(keyspace, "SELECT max(writetime(seq)) FROM $.client_id");
        snprintf(cql, sizeof cql,
                 "SELECT writetime(first_seq) FROM $.channel_bucket WHERE channel_id=%s",
                 uuid_text(&p.channel).s);
        written[i][3] = cassandra_rig_int(keyspace, cql);
        assert_int_equal(cassandra_rig_int(keyspace, "SELECT count(*) FROM $.message"), 1);
        assert_int_equal(cassandra_rig_int(keyspace, "SELECT count(*) FROM $.timeline"), 1);
    }
    assert_memory_equal(written[0], written[1], sizeof written[0]);
}

/* A writer that does not know the bucket yet, and is behind one that does. */
static void bucket_begins_with_its_first_post(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event all[3];
    char cql[256];
    for (int i = 0; i < 3; i++)
        all[i] = posts_next(&p, 1, 0, START_MS, "x");
    struct cassandra *other = cassandra_rig_open(keyspace);
    struct history_store *late = cassandra_history(other);
    assert_int_equal(history->ops->write(history, &all[1], 1), ERR_OK);
    assert_int_equal(late->ops->write(late, &all[0], 1), ERR_OK);
    assert_int_equal(late->ops->write(late, &all[2], 1), ERR_OK);
    assert_int_equal(history->ops->write(history, &all[2], 1), ERR_OK);
    snprintf(cql, sizeof cql, "SELECT first_seq FROM $.channel_bucket WHERE channel_id=%s",
             uuid_text(&p.channel).s);
    assert_int_equal(cassandra_rig_int(keyspace, cql), all[0].seq);
    cassandra_close(other);
}

/* The count that was remembered is not what a write that came out of turn makes it. */
static void reply_count_hears_of_late_replies(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event all[4];
    struct post_page page;
    struct arena arena;
    arena_init(&arena);
    all[0] = posts_next(&p, 1, 0, START_MS, "x");
    for (int i = 1; i < 4; i++)
        all[i] = posts_next(&p, 1, all[0].id, START_MS, "re");
    static const int order[] = {0, 3, 2, 1};
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(history->ops->write(history, &all[order[i]], 1), ERR_OK);
        for (int again = 0; again < 2; again++) {
            assert_int_equal(history->messages->ops->messages(history->messages, &p.channel, 0, 1,
                                                              &arena, &page),
                             ERR_OK);
            assert_int_equal(page.rows[0].reply_count, i);
        }
    }
    arena_fini(&arena);
}

struct writing {
    struct history_store *history;
    struct event *posts;
    size_t n;
    atomic_bool over;
    enum err err;
};

static void *write_slowly(void *arg)
{
    struct writing *w = arg;
    w->err = w->history->ops->write(w->history, w->posts, w->n);
    w->over = true;
    return NULL;
}

/* Whoever reads while a large batch is written, across a border of buckets, sees a beginning of it:
 * never a post without the one before it, nor a reply that counts before an earlier one. */
static void reader_sees_no_hole(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event *all = mem_array(POSTS, sizeof *all);
    pthread_t thread;
    size_t seen = 0, looks = 0;
    for (size_t i = 0; i < POSTS; i++)
        all[i] = posts_next(&p, (unsigned)i % 7, i % 2 == 1 ? all[0].id : 0,
                            START_MS + (int64_t)(i / 100) * 864000000, "one after the other");
    struct writing w = {.history = history, .posts = all, .n = POSTS};
    assert_int_equal(pthread_create(&thread, NULL, write_slowly, &w), 0);
    while (seen < POSTS && looks++ < 5000) {
        bool over = w.over;
        struct arena arena;
        struct post_page page;
        arena_init(&arena);
        assert_int_equal(history->messages->ops->after(history->messages, &p.channel, 0, POSTS + 1,
                                                       &arena, &page),
                         ERR_OK);
        assert_true(page.n >= seen);
        seen = page.n;
        for (size_t i = 0; i < seen; i++)
            assert_int_equal(page.rows[i].event.seq, all[i].seq);
        assert_true(!over || seen == POSTS);
        arena_fini(&arena);
    }
    pthread_join(thread, NULL);
    assert_int_equal(w.err, ERR_OK);
    assert_int_equal(seen, POSTS);
    mem_free(all);
}

/* Calls that have to wait for one another's requests all come to their end. */
static void few_under_way_are_enough(void **state)
{
    (void)state;
    enum { WRITERS = 4, EACH = 100 };
    struct writing writings[WRITERS];
    struct event *all = mem_array(WRITERS * EACH, sizeof *all);
    pthread_t threads[WRITERS];
    char reason[256];
    struct cassandra *narrow;
    struct cassandra_config config = cassandra_rig_config(keyspace);
    config.in_flight = 2;
    assert_int_equal(cassandra_open(&config, &narrow, reason, sizeof reason), ERR_OK);
    for (size_t i = 0; i < WRITERS; i++) {
        for (size_t j = 0; j < EACH; j++) {
            struct posts p = posts_of_new_channel();
            all[i * EACH + j] = posts_next(&p, (unsigned)j, 0, START_MS, "in a narrow place");
        }
        writings[i] = (struct writing){
            .history = cassandra_history(narrow), .posts = &all[i * EACH], .n = EACH};
        assert_int_equal(pthread_create(&threads[i], NULL, write_slowly, &writings[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < WRITERS; i++)
        assert_int_equal(writings[i].err, ERR_OK);
    cassandra_close(narrow);
    mem_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_write_again_changes_nothing),
        cmocka_unit_test(bucket_begins_with_its_first_post),
        cmocka_unit_test(reply_count_hears_of_late_replies),
        cmocka_unit_test(reader_sees_no_hole),
        cmocka_unit_test(few_under_way_are_enough),
    };
    return cmocka_run_group_tests_name("cassandra write", tests, group_setup, group_teardown);
}
