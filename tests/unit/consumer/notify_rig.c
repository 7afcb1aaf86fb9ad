#include "notify_rig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "port/cache_keys.h"

#define WAIT_MS 10000
#define QUIET   80 /* ms in which nothing more may come */
#define PERSIST "persist"
#define NOTIFY  "notify"

void rig_sleep(unsigned ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000L}, NULL);
}

static struct uuid made_up(unsigned kind, unsigned n)
{
    return (struct uuid){{(uint8_t)kind, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0,
                          (uint8_t)(n >> 8), (uint8_t)n}};
}

struct uuid rig_user(unsigned n)
{
    return made_up(0xaa, n);
}

struct uuid rig_channel(unsigned n)
{
    return made_up(0xcc, n);
}

/* ---- The hook ---- */

static enum err on_post(struct web_hook *self, const struct uuid *id, struct str body, char *reason,
                        size_t reason_size)
{
    struct rig_hook *h = (struct rig_hook *)self;
    if (atomic_load(&h->fails)) {
        snprintf(reason, reason_size, "told to fail");
        return ERR_UNAVAILABLE;
    }
    pthread_mutex_lock(&h->mutex);
    h->notes[h->n++] = (struct rig_note){*id, mem_strndup(body.p, body.n)};
    pthread_mutex_unlock(&h->mutex);
    return ERR_OK;
}

static const struct web_hook_ops hook_ops = {.post = on_post};

static size_t told(struct rig *r)
{
    pthread_mutex_lock(&r->hook.mutex);
    size_t n = r->hook.n;
    pthread_mutex_unlock(&r->hook.mutex);
    return n;
}

const char *rig_told(struct rig *r, size_t n)
{
    for (unsigned i = 0; i < WAIT_MS / 5 && told(r) < n; i++)
        rig_sleep(5);
    rig_sleep(QUIET);
    assert_int_equal(told(r), n);
    return n == 0 ? NULL : r->hook.notes[n - 1].body;
}

bool rig_names(const char *body, unsigned user)
{
    struct uuid id = rig_user(user);
    const char *users = strstr(body, "\"users\":");
    assert_non_null(users);
    return strstr(users, uuid_text(&id).s) != NULL;
}

/* ---- Persist ---- */

static void on_record(struct log_listener *self, const struct log_record *record)
{
    struct rig *r = MEM_OWNER(self, struct rig, persist);
    struct history_store *history = memory_history_door(r->history);
    struct judgement j;
    follower_judge(r->followers[record->partition], record, &j);
    if (j.verdict == VERDICT_POST)
        assert_int_equal(history->ops->write(history, &j.event, 1), ERR_OK);
}

void rig_persist(struct rig *r)
{
    struct event_log *log = memory_event_log_door(r->log);
    for (bool all = false; !all;) {
        all = true;
        assert_int_equal(log->ops->poll(r->reader, 1000, 10), ERR_OK);
        for (unsigned p = 0; p < RIG_PARTITIONS; p++) {
            uint64_t first, end, next = follower_next(r->followers[p]);
            assert_int_equal(log->ops->bounds(log, p, &first, &end), ERR_OK);
            all = all && next >= end;
        }
    }
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        assert_int_equal(log->ops->commit(r->reader, p, follower_next(r->followers[p])), ERR_OK);
}

bool rig_is_committed(struct rig *r)
{
    struct event_log *log = memory_event_log_door(r->log);
    uint64_t persisted[LOG_PARTITIONS_MAX], notified[LOG_PARTITIONS_MAX];
    assert_int_equal(log->ops->committed(log, PERSIST, persisted), ERR_OK);
    assert_int_equal(log->ops->committed(log, NOTIFY, notified), ERR_OK);
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        if (notified[p] < persisted[p])
            return false;
    return true;
}

void rig_committed(struct rig *r)
{
    for (unsigned i = 0; i < WAIT_MS / 5 && !rig_is_committed(r); i++)
        rig_sleep(5);
    assert_true(rig_is_committed(r));
}

/* ---- The world ---- */

static void add_users(struct rig *r)
{
    struct account_store *accounts = memory_store_accounts(r->store);
    for (unsigned i = 1; i <= 5; i++) {
        char name[16], email[32];
        snprintf(name, sizeof name, "user-%u", i);
        snprintf(email, sizeof email, "user-%u@example.org", i);
        const struct user u = {rig_user(i), str_of(name), str_of(email), 1};
        assert_int_equal(accounts->ops->add(accounts, &u, STR("hash")), ERR_OK);
    }
}

static void add_channel(struct rig *r)
{
    uint64_t version;
    const struct channel c = {rig_channel(1), STR("one"), rig_user(1), 1};
    assert_int_equal(r->channels->ops->create(r->channels, &c, 100, &version), ERR_OK);
    for (unsigned i = 2; i <= 3; i++) {
        struct uuid user = rig_user(i);
        assert_int_equal(r->channels->ops->join(r->channels, &user, &c.id, 100, &version), ERR_OK);
    }
}

void rig_init(struct rig *r)
{
    memset(r, 0, sizeof *r);
    r->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &clock_system, .partitions = RIG_PARTITIONS});
    r->retry = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &clock_system, .partitions = 1});
    r->store = memory_store_new(&(struct memory_config){.clock = &clock_system});
    memory_store_start(r->store, NULL);
    r->tables = memory_tables_new(&clock_system, memory_store_accounts(r->store));
    r->channels = memory_tables_door(r->tables);
    r->cache = memory_cache_new(&clock_system, 0);
    r->history = memory_history_new();
    r->persist.record = on_record;
    for (unsigned p = 0; p < RIG_PARTITIONS; p++) {
        r->followers[p] = follower_new(&(struct follower_config){.epoch = 1, .partition = p});
        follower_begin(r->followers[p], 0);
    }
    struct event_log *log = memory_event_log_door(r->log);
    assert_int_equal(log->ops->join(log, PERSIST, &r->persist, &r->reader), ERR_OK);
    r->hook.super.ops = &hook_ops;
    pthread_mutex_init(&r->hook.mutex, NULL);
    add_users(r);
    add_channel(r);
    r->config = (struct notify_config){
        .log = log,
        .group = NOTIFY,
        .persist_group = PERSIST,
        .epoch = 1,
        .messages = memory_history_door(r->history)->messages,
        .channels = r->channels,
        .cache = memory_cache_port(r->cache),
        .hook = &r->hook.super,
        .retry = memory_event_log_door(r->retry),
        .clock = &clock_system,
    };
}

void rig_start(struct rig *r)
{
    r->notify = notify_start(&r->config);
}

void rig_stop(struct rig *r)
{
    notify_stop(r->notify);
    r->notify = NULL;
}

void rig_fini(struct rig *r)
{
    rig_stop(r);
    memory_event_log_door(r->log)->ops->close_reader(r->reader);
    for (unsigned p = 0; p < RIG_PARTITIONS; p++)
        follower_free(r->followers[p]);
    memory_event_log_free(r->log);
    memory_event_log_free(r->retry);
    memory_history_free(r->history);
    memory_cache_free(r->cache);
    memory_tables_free(r->tables);
    memory_store_free(r->store);
    for (size_t i = 0; i < r->hook.n; i++)
        mem_free(r->hook.notes[i].body);
    pthread_mutex_destroy(&r->hook.mutex);
}

void rig_say(struct rig *r, unsigned user, unsigned channel, uint64_t parent, const char *content,
             const char *client_msg_id)
{
    char name[16];
    struct buf b;
    struct event_log *log = memory_event_log_door(r->log);
    snprintf(name, sizeof name, "user-%u", user);
    const struct event e = {.kind = parent == 0 ? EVENT_MESSAGE : EVENT_REPLY,
                            .parent = parent,
                            .channel = rig_channel(channel),
                            .user = rig_user(user),
                            .username = str_of(name),
                            .content = str_of(content),
                            .client_msg_id = str_of(client_msg_id)};
    buf_init(&b, RECORD_BYTES_MAX);
    record_encode(&e, 0, &b);
    memory_event_log_put(r->log, log->ops->partition_of(log, &e.channel),
                         clock_wall_us(&clock_system) / 1000, &e.channel, buf_str(&b), STR_NONE);
    buf_fini(&b);
}

void rig_online(struct rig *r, unsigned user, bool online)
{
    struct cache *c = memory_cache_port(r->cache);
    struct uuid id = rig_user(user);
    struct cache_key key = cache_key_online(&id);
    enum err e = online ? c->ops->lease_put(c, cache_key_str(&key), STR("node-1"), 60000)
                        : c->ops->lease_drop(c, cache_key_str(&key), STR("node-1"));
    assert_int_equal(e, ERR_OK);
}

/* ---- The retry log ---- */

struct look {
    struct log_listener super;
    size_t n, wanted;
    char bytes[ENVELOPE_BYTES_MAX];
    size_t n_bytes;
};

static void on_envelope(struct log_listener *self, const struct log_record *record)
{
    struct look *l = (struct look *)self;
    if (l->n++ != l->wanted)
        return;
    memcpy(l->bytes, record->value.p, record->value.n);
    l->n_bytes = record->value.n;
}

static struct look *look_into(struct rig *r, size_t wanted)
{
    static struct look l;
    struct event_log *log = memory_event_log_door(r->retry);
    struct log_reader *reader;
    const uint64_t from[1] = {LOG_FROM_START};
    l = (struct look){.super = {.record = on_envelope}, .wanted = wanted};
    assert_int_equal(log->ops->read(log, from, &l.super, &reader), ERR_OK);
    assert_int_equal(log->ops->poll(reader, 10000, 0), ERR_OK);
    log->ops->close_reader(reader);
    return &l;
}

size_t rig_left(struct rig *r)
{
    return look_into(r, SIZE_MAX)->n;
}

struct envelope rig_envelope(struct rig *r, size_t n)
{
    struct envelope e;
    const struct look *l = look_into(r, n);
    assert_true(l->n > n);
    assert_true(envelope_decode((struct str){l->bytes, l->n_bytes}, &e));
    return e;
}
