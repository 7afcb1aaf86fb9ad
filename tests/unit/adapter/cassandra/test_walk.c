/* Reads over many buckets of time, and what they cost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "cassandra_rig.h"
#include "domain/id.h"
#include "posts.h"

#define START_MS INT64_C(1767225600000) /* 2026-01-01T00:00:00Z */
#define DAY_MS   INT64_C(86400000)
#define MANY     100000
#define BATCH    2000

static const char *keyspace;
static struct cassandra *cassandra;
static struct history_store *history;
static struct message_store *messages;

static int group_setup(void **state)
{
    (void)state;
    keyspace = cassandra_rig_keyspace();
    cassandra_rig_migrate(keyspace);
    cassandra = cassandra_rig_open(keyspace);
    history = cassandra_history(cassandra);
    messages = history->messages;
    return 0;
}

static int group_teardown(void **state)
{
    (void)state;
    cassandra_close(cassandra);
    cassandra_rig_drop(keyspace);
    return 0;
}

static void write_posts(const struct event *posts, size_t n)
{
    assert_int_equal(history->ops->write(history, posts, n), ERR_OK);
}

/* Pages back from the newest and forth from the oldest give exactly these messages. */
static void assert_pages(const struct posts *p, const struct event *all, size_t n, unsigned limit)
{
    struct arena arena;
    struct post_page page = {.next_id = 0};
    size_t left = n;
    arena_init(&arena);
    do {
        assert_int_equal(
            messages->ops->messages(messages, &p->channel, page.next_id, limit, &arena, &page),
            ERR_OK);
        assert_true(page.n == limit || page.next_id == 0);
        for (size_t i = 0; i < page.n; i++)
            assert_int_equal(page.rows[i].event.id, all[--left].id);
        assert_int_equal(page.next_id, left > 0 ? all[left - 1].id : 0);
    } while (page.next_id != 0);
    assert_int_equal(left, 0);
    uint64_t seq = 0;
    do {
        assert_int_equal(messages->ops->after(messages, &p->channel, seq, limit, &arena, &page),
                         ERR_OK);
        for (size_t i = 0; i < page.n; i++, left++) {
            assert_int_equal(page.rows[i].event.seq, all[left].seq);
            assert_int_equal(page.rows[i].event.prev_seq, seq);
            seq = all[left].seq;
        }
    } while (page.more);
    assert_int_equal(left, n);
    arena_fini(&arena);
}

/* A message a fortnight for a year, some buckets empty, two messages on each side of a border. */
static void pages_cross_a_year_of_buckets(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event all[64];
    size_t n = 0;
    for (int64_t day = 0; day < 365; day += 14)
        all[n++] = posts_next(&p, 1, 0, START_MS + day * DAY_MS, "now and then");
    int64_t border = (id_bucket(p.last_id) + 2) * ID_BUCKET_MS + ID_EPOCH_MS;
    for (int64_t ms = -2; ms < 2; ms++)
        all[n++] = posts_next(&p, 1, 0, border + ms, "at the border");
    assert_int_not_equal(id_bucket(all[n - 3].id), id_bucket(all[n - 2].id));
    write_posts(all, n);
    static const unsigned limits[] = {1, 2, 3, 7, 10, 29, 30, 31, 100};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        assert_pages(&p, all, n, limits[i]);
}

static void counts_cross_buckets(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event all[40];
    unsigned count;
    uint64_t head;
    const struct uuid reader = posts_user(2);
    for (size_t i = 0; i < 40; i++)
        all[i] = posts_next(&p, i % 4 == 3 ? 2 : 1, i % 5 == 4 ? all[i - 4].id : 0,
                            START_MS + (int64_t)i * 9 * DAY_MS, "x");
    write_posts(all, 40);
    for (unsigned i = 0; i < 40; i++) {
        unsigned others = 0;
        for (unsigned j = i + 1; j < 40; j++)
            others += j % 4 != 3;
        assert_int_equal(messages->ops->missed(messages, &p.channel, all[i].seq, 20, &count, &head),
                         ERR_OK);
        assert_int_equal(count, 39 - i < 20 ? 39 - i : 20);
        assert_int_equal(head, all[39].seq);
        assert_int_equal(history->ops->unread(history, &reader, &p.channel, all[i].seq, 15, &count),
                         ERR_OK);
        assert_int_equal(count, others < 15 ? others : 15);
    }
}

/* More of one's own than a page of the store holds lie before the others'. */
static void unread_reads_on_past_ones_own(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct event *all = mem_array(400, sizeof *all);
    unsigned count;
    const struct uuid reader = posts_user(2);
    for (size_t i = 0; i < 400; i++)
        all[i] = posts_next(&p, i < 10 ? 1 : 2, 0, START_MS, "x");
    write_posts(all, 400);
    assert_int_equal(history->ops->unread(history, &reader, &p.channel, all[3].seq, 100, &count),
                     ERR_OK);
    assert_int_equal(count, 6);
    mem_free(all);
}

static int64_t rows_read_at_most(const char *table)
{
    char cql[256];
    snprintf(
        cql, sizeof cql,
        "SELECT CAST(max AS bigint) FROM system_views.rows_per_read WHERE keyspace_name='%s' AND "
        "table_name='%s'",
        keyspace, table);
    return cassandra_rig_int(keyspace, cql);
}

static int64_t reads_of(const char *table)
{
    char cql[256];
    snprintf(cql, sizeof cql,
             "SELECT count FROM system_views.rows_per_read WHERE keyspace_name='%s' AND "
             "table_name='%s'",
             keyspace, table);
    return cassandra_rig_int(keyspace, cql);
}

static void write_many(struct posts *p, int64_t at_ms, size_t n)
{
    struct event *batch = mem_array(BATCH, sizeof *batch);
    for (size_t i = 0; i < n; i += BATCH) {
        for (size_t j = 0; j < BATCH; j++)
            batch[j] = posts_next(p, 1, 0, at_ms, "one of many");
        write_posts(batch, BATCH);
    }
    mem_free(batch);
}

/* Of a hundred thousand messages in one bucket a page reads itself, and one more. */
static void page_of_a_large_bucket_reads_no_more_than_itself(void **state)
{
    (void)state;
    struct posts p = posts_of_new_channel();
    struct post_page page;
    struct arena arena;
    arena_init(&arena);
    cassandra_rig_empty(keyspace);
    write_many(&p, START_MS + DAY_MS, MANY);
    int64_t before = reads_of("message");
    uint64_t from = 0;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(messages->ops->messages(messages, &p.channel, from, 50, &arena, &page),
                         ERR_OK);
        assert_int_equal(page.n, 50);
        from = page.next_id;
    }
    assert_int_equal(
        messages->ops->messages(messages, &p.channel, p.last_id - 6400, 50, &arena, &page), ERR_OK);
    assert_int_equal(page.n, 50);
    /* today's bucket, which is not there, is asked for beside the list the first time */
    assert_in_range(reads_of("message") - before, 21, 22);
    assert_in_range(rows_read_at_most("message"), 1, 60); /* 51, as its histogram rounds */
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_cross_a_year_of_buckets),
        cmocka_unit_test(counts_cross_buckets),
        cmocka_unit_test(unread_reads_on_past_ones_own),
        cmocka_unit_test(page_of_a_large_bucket_reads_no_more_than_itself),
    };
    return cmocka_run_group_tests_name("cassandra walk", tests, group_setup, group_teardown);
}
