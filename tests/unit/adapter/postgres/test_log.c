/* The log in PostgreSQL: answers that are lost, nodes side by side, members that fall silent, and
 * what is taken away. What every log promises is in tests/contract/event_log.c. */
#include <pthread.h>
#include <stdio.h>

#include "adapter/postgres/log.h"
#include "base/clock.h"
#include "base/mem.h"
#include "kit.h"
#include "postgres_proxy.h"

#define PARTITIONS 4
#define LEASE_MS   500
#define WAIT_MS    10000

static struct postgres_topic topic = {.name = "test", .partitions = PARTITIONS};

static struct postgres_log *log_open(const char *conninfo)
{
    struct postgres_log *l;
    char reason[256];
    const struct postgres_config config = {.conninfo = conninfo,
                                           .topic = &topic,
                                           .lease_ms = LEASE_MS,
                                           .trim_every_ms = 100,
                                           .statement_timeout_ms = 2000};
    assert_int_equal(postgres_log_open(&config, &l, reason, sizeof reason), ERR_OK);
    return l;
}

static int setup(void **state)
{
    char reason[256];
    struct postgres_schema_state schema;
    (void)state;
    topic = (struct postgres_topic){.name = "test", .partitions = PARTITIONS};
    postgres_rig_reset();
    const struct postgres_config config = {
        .conninfo = postgres_rig_conninfo("migrate"), .topics = &topic, .n_topics = 1};
    assert_int_equal(postgres_migrate_up(&config, &schema, reason, sizeof reason), ERR_OK);
    return 0;
}

/* ---- Sending ---- */

struct sent {
    struct log_send send;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool is_done;
};

static void on_done(struct log_send *self)
{
    struct sent *s = MEM_OWNER(self, struct sent, send);
    pthread_mutex_lock(&s->mutex);
    s->is_done = true;
    pthread_cond_signal(&s->changed);
    pthread_mutex_unlock(&s->mutex);
}

static struct uuid key_of(unsigned n)
{
    return (struct uuid){{[14] = (uint8_t)(n >> 8), [15] = (uint8_t)n}};
}

static enum err say(struct postgres_log *l, unsigned key, struct str value, struct log_send *out)
{
    struct event_log *log = postgres_log_door(l);
    struct sent s = {.send = {.key = key_of(key), .value = value, .done = on_done},
                     .mutex = PTHREAD_MUTEX_INITIALIZER,
                     .changed = PTHREAD_COND_INITIALIZER};
    enum err e = log->ops->produce(log, &s.send);
    pthread_mutex_lock(&s.mutex);
    while (e == ERR_OK && !s.is_done)
        pthread_cond_wait(&s.changed, &s.mutex);
    pthread_mutex_unlock(&s.mutex);
    if (out != NULL)
        *out = s.send;
    return e == ERR_OK ? s.send.err : e;
}

/* The proxy does its work at what ends a transaction; here it is the record's own text. */
static void lose(enum proxy_mode mode)
{
    struct log_send sent;
    struct postgres_log *l = log_open(postgres_proxy_start("proxied"));
    assert_int_equal(say(l, 1, STR("before"), &sent), ERR_OK);
    uint64_t before = sent.offset;
    postgres_proxy_set(mode);
    assert_int_equal(say(l, 1, STR("COMMIT\0"), &sent), ERR_OK);
    assert_int_equal(sent.offset, before + 1);
    assert_int_equal(say(l, 1, STR("after"), &sent), ERR_OK);
    assert_int_equal(sent.offset, before + 2);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_log_record"), 3);
    postgres_log_close(l);
    postgres_proxy_stop();
}

static void an_answer_that_is_lost_doubles_nothing(void **state)
{
    (void)state;
    lose(PROXY_LOSE_ANSWER);
}

static void a_batch_that_is_lost_is_sent_again(void **state)
{
    (void)state;
    lose(PROXY_LOSE_COMMIT);
}

static void what_stays_unanswered_is_unknown(void **state)
{
    struct log_send sent;
    (void)state;
    struct postgres_log *l = log_open(postgres_proxy_start("proxied"));
    assert_int_equal(say(l, 1, STR("before"), NULL), ERR_OK);
    postgres_proxy_set(PROXY_HOLE);
    assert_int_equal(say(l, 1, STR("hole"), &sent), ERR_UNKNOWN);
    postgres_proxy_set(PROXY_PASS);
    for (int i = 0; i < WAIT_MS && say(l, 1, STR("after"), &sent) != ERR_OK; i += 100)
        kit_sleep_ms(100);
    assert_int_equal(sent.err, ERR_OK);
    assert_in_range(postgres_rig_int("SELECT count(*) FROM parley_log_record WHERE value='hole'"),
                    0, 1);
    postgres_log_close(l);
    postgres_proxy_stop();
}

#define APPEND(batch, n)                                                                         \
    "SELECT string_agg(concat_ws(':', log_partition, first_offset), ' ' ORDER BY log_partition)" \
    " FROM parley_log_append((SELECT id FROM parley_log),"                                       \
    "'00000000-0000-0000-0000-000000000001'," batch ",array_fill(2::bigint,ARRAY[" n "]),"       \
    " array_fill(gen_random_uuid(),ARRAY[" n "]), array_fill('v'::bytea,ARRAY[" n "]),"          \
    " array_fill(''::bytea,ARRAY[" n "]), array_fill(''::bytea,ARRAY[" n "]))"

static void a_number_counts_once(void **state)
{
    (void)state;
    assert_string_equal(postgres_rig_text(APPEND("1", "3")), "2:0");
    assert_string_equal(postgres_rig_text(APPEND("1", "3")), "2:0");
    assert_string_equal(postgres_rig_text(APPEND("2", "1")), "2:3");
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_log_record"), 4);
    /* what comes after its successor was given up by its sender */
    postgres_rig_exec("DO $$ BEGIN PERFORM * FROM parley_log_append((SELECT id FROM parley_log),"
                      "'00000000-0000-0000-0000-000000000001',1,ARRAY[2::bigint],"
                      "ARRAY[gen_random_uuid()],ARRAY['v'::bytea],ARRAY[''::bytea],"
                      "ARRAY[''::bytea]); RAISE 'taken'; EXCEPTION WHEN raise_exception THEN"
                      " IF SQLERRM NOT LIKE 'batch 1 came after 2' THEN RAISE; END IF; END $$");
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_log_record"), 4);
}

static void time_does_not_go_back(void **state)
{
    struct log_send sent;
    int64_t ahead_ms = clock_wall_us(&clock_system) / 1000 + 3600000;
    char sql[128];
    (void)state;
    struct postgres_log *l = log_open(postgres_rig_conninfo("log"));
    snprintf(sql, sizeof sql, "UPDATE parley_log_partition SET time_ms=%lld", (long long)ahead_ms);
    postgres_rig_exec(sql);
    assert_int_equal(say(l, 1, STR("now"), &sent), ERR_OK);
    assert_int_equal(sent.time_ms, ahead_ms);
    postgres_log_close(l);
}

/* ---- Nodes side by side ---- */

#define NODES    3
#define PER_NODE 600

struct node {
    pthread_t thread;
    struct postgres_log *log;
    struct sent *sends;
};

static void *node_say_many(void *arg)
{
    struct node *n = arg;
    struct event_log *log = postgres_log_door(n->log);
    for (unsigned i = 0; i < PER_NODE; i++) {
        struct sent *s = &n->sends[i];
        pthread_mutex_init(&s->mutex, NULL);
        pthread_cond_init(&s->changed, NULL);
        s->send = (struct log_send){.key = key_of(i), .value = STR("record"), .done = on_done};
        while (log->ops->produce(log, &s->send) != ERR_OK)
            kit_sleep_ms(1);
        if (i % 40 == 0)
            kit_sleep_ms(1); /* many batches */
    }
    return NULL;
}

struct tape {
    struct log_listener super;
    size_t n;
    uint64_t next[PARTITIONS];
    bool has[PARTITIONS];
    size_t n_revoked;
};

static void on_record(struct log_listener *self, const struct log_record *r)
{
    struct tape *t = MEM_OWNER(self, struct tape, super);
    assert_int_equal(r->offset, t->next[r->partition]);
    t->next[r->partition]++;
    t->n++;
}

static void on_assigned(struct log_listener *self, const unsigned *partitions, uint64_t *offsets,
                        size_t n)
{
    struct tape *t = MEM_OWNER(self, struct tape, super);
    for (size_t i = 0; i < n; i++) {
        t->has[partitions[i]] = true;
        t->next[partitions[i]] = offsets[i];
    }
}

static void on_revoked(struct log_listener *self, const unsigned *partitions, size_t n)
{
    struct tape *t = MEM_OWNER(self, struct tape, super);
    for (size_t i = 0; i < n; i++)
        t->has[partitions[i]] = false;
    t->n_revoked += n;
}

/* A reader that follows while three nodes write sees every offset, in order. */
static void a_reader_sees_no_hole(void **state)
{
    struct node nodes[NODES];
    struct tape tape = {.super = {on_record, NULL, NULL}};
    uint64_t from[LOG_PARTITIONS_MAX] = {0};
    struct log_reader *reader;
    (void)state;
    for (unsigned i = 0; i < NODES; i++)
        nodes[i] = (struct node){.log = log_open(postgres_rig_conninfo("log")),
                                 .sends = mem_array(PER_NODE, sizeof(struct sent))};
    struct event_log *log = postgres_log_door(nodes[0].log);
    assert_int_equal(log->ops->read(log, from, &tape.super, &reader), ERR_OK);
    for (unsigned i = 0; i < NODES; i++)
        assert_int_equal(pthread_create(&nodes[i].thread, NULL, node_say_many, &nodes[i]), 0);
    int64_t since = kit_now_ms();
    while (tape.n < NODES * PER_NODE && kit_now_ms() - since < WAIT_MS)
        assert_int_equal(log->ops->poll(reader, 100, 10), ERR_OK);
    assert_int_equal(tape.n, NODES * PER_NODE);
    log->ops->close_reader(reader);
    for (unsigned i = 0; i < NODES; i++) {
        pthread_join(nodes[i].thread, NULL);
        postgres_log_close(nodes[i].log);
        for (unsigned k = 0; k < PER_NODE; k++)
            assert_int_equal(nodes[i].sends[k].send.err, ERR_OK);
        mem_free(nodes[i].sends);
    }
}

/* ---- Groups ---- */

static unsigned owned(const struct tape *t)
{
    unsigned n = 0;
    for (unsigned p = 0; p < PARTITIONS; p++)
        n += t->has[p];
    return n;
}

static void who_falls_silent_is_out(void **state)
{
    struct tape silent = {.super = {on_record, on_assigned, on_revoked}},
                other = {.super = {on_record, on_assigned, on_revoked}};
    struct log_reader *a, *b;
    (void)state;
    struct postgres_log *l = log_open(postgres_rig_conninfo("log"));
    struct event_log *log = postgres_log_door(l);
    assert_int_equal(log->ops->join(log, "g", &silent.super, &a), ERR_OK);
    assert_int_equal(log->ops->poll(a, 10, 0), ERR_OK);
    assert_int_equal(owned(&silent), PARTITIONS);
    assert_int_equal(log->ops->join(log, "g", &other.super, &b), ERR_OK);
    int64_t since = kit_now_ms();
    while (owned(&other) < PARTITIONS && kit_now_ms() - since < WAIT_MS)
        assert_int_equal(log->ops->poll(b, 10, 20), ERR_OK);
    assert_int_equal(owned(&other), PARTITIONS);
    assert_int_equal(log->ops->commit(a, 1, 7), ERR_UNAVAILABLE);
    assert_int_equal(log->ops->commit(b, 1, 0), ERR_OK);
    assert_int_equal(log->ops->poll(a, 10, 0), ERR_OK); /* learns of it, and comes back */
    assert_int_equal(silent.n_revoked, PARTITIONS);
    since = kit_now_ms();
    while ((owned(&silent) != 2 || owned(&other) != 2) && kit_now_ms() - since < WAIT_MS) {
        assert_int_equal(log->ops->poll(a, 10, 10), ERR_OK);
        assert_int_equal(log->ops->poll(b, 10, 10), ERR_OK);
    }
    assert_int_equal(owned(&silent), 2);
    assert_int_equal(owned(&other), 2);
    log->ops->close_reader(a);
    log->ops->close_reader(b);
    postgres_log_close(l);
}

/* ---- What is taken away ---- */

static int64_t wait_first(int64_t wanted)
{
    const char *sql = "SELECT first_offset FROM parley_log_partition ORDER BY 1 DESC LIMIT 1";
    for (int i = 0; i < WAIT_MS && postgres_rig_int(sql) < wanted; i += 50)
        kit_sleep_ms(50);
    return postgres_rig_int(sql);
}

static void only_what_all_have_done_and_is_old_is_taken_away(void **state)
{
    struct tape tape = {.super = {on_record, on_assigned, on_revoked}};
    struct log_send sent;
    struct log_reader *reader;
    (void)state;
    topic.keep_ms = 60000;
    topic.committed_only = true;
    struct postgres_log *l = log_open(postgres_rig_conninfo("log"));
    struct event_log *log = postgres_log_door(l);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(say(l, 1, STR("record"), &sent), ERR_OK);
    /* the partition has gone on since */
    postgres_rig_exec("UPDATE parley_log_partition SET time_ms=time_ms+120000");
    kit_sleep_ms(400);
    assert_int_equal(wait_first(0), 0); /* nobody has read them */
    assert_int_equal(log->ops->join(log, "g", &tape.super, &reader), ERR_OK);
    for (int64_t since = kit_now_ms(); tape.n < 10 && kit_now_ms() - since < WAIT_MS;)
        assert_int_equal(log->ops->poll(reader, 100, 50), ERR_OK);
    assert_int_equal(log->ops->commit(reader, sent.partition, 4), ERR_OK);
    assert_int_equal(wait_first(4), 4);
    kit_sleep_ms(300);
    assert_int_equal(wait_first(4), 4);
    assert_int_equal(log->ops->commit(reader, sent.partition, 10), ERR_OK);
    assert_int_equal(wait_first(10), 10);
    assert_int_equal(say(l, 1, STR("young"), &sent), ERR_OK);
    assert_int_equal(log->ops->commit(reader, sent.partition, 11), ERR_OK);
    kit_sleep_ms(300);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_log_record"), 1);
    log->ops->close_reader(reader);
    postgres_log_close(l);
}

static void what_has_no_group_goes_by_age(void **state)
{
    (void)state;
    topic.keep_ms = 60000;
    struct postgres_log *l = log_open(postgres_rig_conninfo("log"));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(say(l, 1, STR("record"), NULL), ERR_OK);
    postgres_rig_exec("UPDATE parley_log_record SET time_ms=time_ms-70000 WHERE log_offset<2");
    assert_int_equal(wait_first(2), 2);
    kit_sleep_ms(300);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_log_record"), 1);
    postgres_log_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_answer_that_is_lost_doubles_nothing, setup),
        cmocka_unit_test_setup(a_batch_that_is_lost_is_sent_again, setup),
        cmocka_unit_test_setup(what_stays_unanswered_is_unknown, setup),
        cmocka_unit_test_setup(a_number_counts_once, setup),
        cmocka_unit_test_setup(time_does_not_go_back, setup),
        cmocka_unit_test_setup(a_reader_sees_no_hole, setup),
        cmocka_unit_test_setup(who_falls_silent_is_out, setup),
        cmocka_unit_test_setup(only_what_all_have_done_and_is_old_is_taken_away, setup),
        cmocka_unit_test_setup(what_has_no_group_goes_by_age, setup),
    };
    return KIT_MAIN(tests);
}
