/* The relay's process is killed at every step, for good, with real tables: a child relays, by way
 * of a log that is in its parent, and dies at the step; the parent's relays then go on. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "child.h"
#include "cluster/record.h"
#include "postgres_rig.h"
#include "town.h"

#define CHANGES 15

/* What the child is to do: it is forked before its parent has threads. */
struct order {
    enum relay_step step;
    int nth;
    char conninfo[RIG_CONNINFO_SIZE];
};

/* ---- The child ---- */

/* Over a pipe to the parent: a record there, its offset back. */
struct piped_log {
    struct event_log door;
    int to;
};

struct piped_record {
    struct uuid key;
    uint32_t n;
    char value[RECORD_BYTES_MAX];
};

static void read_all(int from, void *out, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = read(from, (char *)out + at, n - at);
        if (got <= 0)
            _exit(98);
        at += (size_t)got;
    }
}

static void write_all(int to, const void *p, size_t n)
{
    if (write(to, p, n) != (ssize_t)n)
        _exit(97);
}

static enum err piped_produce(struct event_log *self, struct log_send *s)
{
    struct piped_log *l = MEM_OWNER(self, struct piped_log, door);
    struct piped_record r = {.key = s->key, .n = (uint32_t)s->value.n};
    memcpy(r.value, s->value.p, s->value.n);
    write_all(l->to, &r, offsetof(struct piped_record, value) + r.n);
    read_all(l->to, &s->offset, sizeof s->offset);
    s->err = ERR_OK;
    s->done(s);
    return ERR_OK;
}

static void die_at(enum relay_step step, void *arg)
{
    struct order *o = arg;
    if (step == o->step && --o->nth == 0)
        kill(getpid(), SIGKILL);
}

static int relay_and_die(void *arg, int to)
{
    static const struct event_log_ops ops = {.produce = piped_produce};
    struct order *o = arg;
    struct piped_log log = {{&ops}, to};
    struct postgres_store *store;
    char reason[256];
    child_wait_go(to);
    read_all(to, o->conninfo, sizeof o->conninfo);
    const struct postgres_config config = {.conninfo = o->conninfo};
    if (postgres_open(&config, &store, reason, sizeof reason) != ERR_OK)
        return 1;
    struct relay *r = relay_new(&(struct relay_config){.table = postgres_channels(store),
                                                       .log = &log.door,
                                                       .epoch = TOWN_EPOCH,
                                                       .at = die_at,
                                                       .arg = o});
    for (int i = 0; i < 10; i++)
        relay_pass(r);
    return 2; /* it came to no such step */
}

/* ---- The parent ---- */

/* Puts into the log what the child produces, until it is dead. */
static void serve_log(struct town *t, const struct child *c)
{
    struct piped_record r;
    ssize_t got;
    while ((got = recv(c->from, &r, offsetof(struct piped_record, value), MSG_WAITALL)) > 0) {
        uint64_t offset;
        unsigned p = t->node[0].view.partition_of(&t->node[0].view, &r.key);
        assert_true(r.n <= sizeof r.value);
        assert_int_equal(recv(c->from, r.value, r.n, MSG_WAITALL), r.n);
        offset = memory_event_log_put(t->log, p, KIT_START_US / 1000, &r.key,
                                      (struct str){r.value, r.n}, STR_NONE);
        if (send(c->from, &offset, sizeof offset, MSG_NOSIGNAL) != (ssize_t)sizeof offset)
            return;
    }
}

static void write_changes(struct town *t)
{
    struct channel_table *s = t->tables.node[0];
    uint64_t version;
    town_add_users(t, 3);
    for (unsigned i = 1; i <= 3; i++) {
        const struct channel c = {kit_channel_id(i), STR("channel"), kit_user_id(1), KIT_START_US};
        struct uuid u2 = kit_user_id(2), u3 = kit_user_id(3);
        assert_int_equal(s->ops->create(s, &c, KIT_MANY, &version), ERR_OK);
        assert_int_equal(s->ops->join(s, &u2, &c.id, KIT_MANY, &version), ERR_OK);
        assert_int_equal(s->ops->leave(s, &u2, &c.id, &version), ERR_OK);
        assert_int_equal(s->ops->join(s, &u3, &c.id, KIT_MANY, &version), ERR_OK);
    }
}

static void killed_at(enum relay_step step, int nth)
{
    struct order o = {.step = step, .nth = nth};
    struct child c = child_start(relay_and_die, &o);
    struct town *t;
    void *state = NULL;
    assert_int_equal(town_setup(&state), 0);
    t = state;
    write_changes(t);
    child_go(&c);
    snprintf(o.conninfo, sizeof o.conninfo, "%s", postgres_rig_conninfo("child"));
    assert_int_equal(send(c.from, o.conninfo, sizeof o.conninfo, MSG_NOSIGNAL), sizeof o.conninfo);
    serve_log(t, &c);
    int status = child_wait(&c);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    town_start_relays(t);
    town_wait_heard(t, 0, CHANGES);
    town_wait_heard(t, 1, CHANGES);
    for (unsigned i = 1; i <= 3; i++)
        assert_int_equal(town_check_versions(t, i), 5);
    for (unsigned user = 1; user <= 3; user++)
        town_wait_told(t, user);
    struct heard_event none;
    assert_int_equal(town_heard(t, 0, &none, 0), CHANGES);
    assert_int_equal(postgres_rig_int("SELECT count(*) FROM parley_outbox"), 0);
    town_teardown(&state);
}

#define KILLED(step, nth)                      \
    static void killed_at_##step(void **state) \
    {                                          \
        (void)state;                           \
        killed_at(RELAY_##step, nth);          \
    }
KILLED(TOOK, 1)
KILLED(READ, 1)
KILLED(PRODUCED, 2)
KILLED(REPORTED, 5)
KILLED(CACHED, 5)
KILLED(DONE, 5)

int saga_kill(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_TOOK),     cmocka_unit_test(killed_at_READ),
        cmocka_unit_test(killed_at_PRODUCED), cmocka_unit_test(killed_at_REPORTED),
        cmocka_unit_test(killed_at_CACHED),   cmocka_unit_test(killed_at_DONE),
    };
    return cmocka_run_group_tests_name("kill", tests, NULL, NULL);
}
