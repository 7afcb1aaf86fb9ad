#include "town.h"

#include <stdio.h>
#include <time.h>

#include "base/buf.h"
#include "cluster/record.h"

#define WAIT_US INT64_C(20000000)

static unsigned number_of(const struct uuid *id)
{
    return (unsigned)id->b[14] << 8 | id->b[15];
}

/* ---- The ear ---- */

static struct node *node_of(struct channel_view *view)
{
    return MEM_OWNER(view, struct node, view);
}

static struct event_log *log_of(const struct town *t)
{
    return memory_event_log_door(t->log);
}

static void ear_note(struct node *n, const struct judgement *j)
{
    const struct event *e = &j->event;
    assert_true(n->n_heard < TOWN_HEARD_MAX);
    n->heard[n->n_heard++] = (struct heard_event){
        e->kind, number_of(&e->user), number_of(&e->channel), e->seq, j->version, e->members};
    if (!event_is_post(e))
        return;
    assert_true(n->n_posts < TOWN_HEARD_MAX);
    n->posts[n->n_posts] = *e;
    n->posts[n->n_posts].username = STR("somebody");
    n->posts[n->n_posts].content = STR("something");
    n->posts[n->n_posts++].client_msg_id = STR_NONE;
}

static void ear_hear(struct log_listener *self, const struct log_record *r)
{
    struct node *n = MEM_OWNER(self, struct node, listener);
    struct judgement j;
    pthread_mutex_lock(&n->mutex);
    follower_judge(n->followers[r->partition], r, &j);
    if (j.verdict == VERDICT_POST || j.verdict == VERDICT_CHANGE)
        ear_note(n, &j);
    n->n_stale += j.verdict == VERDICT_STALE;
    n->positions[r->partition] = seq_of(TOWN_EPOCH, r->offset);
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->mutex);
}

static void *ear_thread(void *arg)
{
    struct node *n = arg;
    bool stopping = false;
    while (!stopping) {
        pthread_mutex_lock(&n->mutex);
        bool deaf = n->deaf;
        stopping = n->stopping;
        pthread_mutex_unlock(&n->mutex);
        if (deaf)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
        else
            log_of(n->town)->ops->poll(n->reader, 64, 5);
    }
    return NULL;
}

static unsigned view_partitions(struct channel_view *self)
{
    (void)self;
    return TOWN_PARTITIONS;
}

static unsigned view_partition_of(struct channel_view *self, const struct uuid *channel)
{
    struct event_log *log = log_of(node_of(self)->town);
    return log->ops->partition_of(log, channel);
}

static uint64_t view_position(struct channel_view *self, unsigned partition)
{
    struct node *n = node_of(self);
    pthread_mutex_lock(&n->mutex);
    uint64_t position = n->positions[partition];
    pthread_mutex_unlock(&n->mutex);
    return position;
}

static void head_locked(struct node *n, const struct uuid *channel, struct channel_head *out)
{
    unsigned p = view_partition_of(&n->view, channel);
    const struct channel_head *head = follower_head(n->followers[p], channel);
    *out = head == NULL ? (struct channel_head){.channel = *channel} : *head;
}

static void view_head(struct channel_view *self, const struct uuid *channel,
                      struct channel_head *out)
{
    struct node *n = node_of(self);
    pthread_mutex_lock(&n->mutex);
    head_locked(n, channel, out);
    pthread_mutex_unlock(&n->mutex);
}

/* Nobody here names a position that another node has shown. */
static void view_reach(struct channel_view *self, const struct uuid *channel, uint64_t seq)
{
    (void)self;
    (void)channel;
    (void)seq;
}

static enum err view_wait(struct channel_view *self, const struct uuid *channel, uint64_t version,
                          unsigned wait_ms)
{
    struct node *n = node_of(self);
    struct channel_head head;
    struct timespec until;
    int timed_out = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&n->mutex);
    for (head_locked(n, channel, &head); head.version < version && timed_out == 0;
         head_locked(n, channel, &head))
        timed_out = pthread_cond_timedwait(&n->changed, &n->mutex, &until);
    pthread_mutex_unlock(&n->mutex);
    return head.version >= version ? ERR_OK : ERR_UNKNOWN;
}

static uint64_t view_own_head(struct channel_view *self, const struct uuid *user,
                              const struct uuid *channel)
{
    struct node *n = node_of(self);
    uint64_t seq = 0;
    pthread_mutex_lock(&n->mutex);
    for (size_t i = 0; i < n->n_posts; i++)
        if (uuid_eq(&n->posts[i].user, user) && uuid_eq(&n->posts[i].channel, channel))
            seq = n->posts[i].seq;
    pthread_mutex_unlock(&n->mutex);
    return seq;
}

static unsigned view_unread(struct channel_view *self, const struct uuid *user,
                            const struct uuid *channel, uint64_t seq, unsigned max, uint64_t *from,
                            bool *has_gap)
{
    struct node *n = node_of(self);
    unsigned count = 0;
    *from = 0;
    *has_gap = false;
    pthread_mutex_lock(&n->mutex);
    for (size_t i = 0; i < n->n_posts; i++) {
        if (!uuid_eq(&n->posts[i].channel, channel))
            continue;
        if (*from == 0)
            *from = n->posts[i].seq;
        count += !uuid_eq(&n->posts[i].user, user) && n->posts[i].seq > seq;
    }
    pthread_mutex_unlock(&n->mutex);
    return count < max ? count : max;
}

static void ear_open(struct node *n)
{
    uint64_t offsets[TOWN_PARTITIONS] = {0};
    n->view = (struct channel_view){view_partitions, view_partition_of, view_position, view_head,
                                    view_reach,      view_wait,         view_own_head, view_unread};
    pthread_mutex_init(&n->mutex, NULL);
    pthread_cond_init(&n->changed, NULL);
    for (unsigned p = 0; p < TOWN_PARTITIONS; p++) {
        n->followers[p] =
            follower_new(&(struct follower_config){.epoch = TOWN_EPOCH, .partition = p, .seed = 7});
        follower_begin(n->followers[p], 0);
    }
    n->listener.record = ear_hear;
    assert_int_equal(log_of(n->town)->ops->read(log_of(n->town), offsets, &n->listener, &n->reader),
                     ERR_OK);
    assert_int_equal(pthread_create(&n->thread, NULL, ear_thread, n), 0);
}

static void ear_close(struct node *n)
{
    pthread_mutex_lock(&n->mutex);
    n->stopping = true;
    pthread_mutex_unlock(&n->mutex);
    pthread_join(n->thread, NULL);
    log_of(n->town)->ops->close_reader(n->reader);
    for (unsigned p = 0; p < TOWN_PARTITIONS; p++)
        follower_free(n->followers[p]);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->mutex);
}

void town_deafen(struct town *t, unsigned node, bool deaf)
{
    struct node *n = &t->node[node];
    pthread_mutex_lock(&n->mutex);
    n->deaf = deaf;
    pthread_mutex_unlock(&n->mutex);
    if (deaf) /* the poll that is under way ends */
        nanosleep(&(struct timespec){0, 50000000}, NULL);
}

/* ---- The town ---- */

static void node_open(struct town *t, unsigned i)
{
    struct node *n = &t->node[i];
    n->town = t;
    n->table = t->tables.node[i];
    ear_open(n);
    n->channels = cluster_channels_new(&(struct channels_config){
        .table = n->table,
        .log = log_of(t),
        .history = memory_history_door(t->history),
        .view = &n->view,
        .cache = memory_cache_port(t->cache),
    });
}

int town_setup(void **state)
{
    struct town *t = MEM_NEW(struct town);
    table_driver->open(&t->tables);
    t->log = memory_event_log_new(
        &(struct memory_event_log_config){.clock = &clock_system, .partitions = TOWN_PARTITIONS});
    t->history = memory_history_new();
    t->cache = memory_cache_new(&clock_system, 0);
    for (unsigned i = 0; i < TABLE_NODES; i++)
        node_open(t, i);
    *state = t;
    return 0;
}

int town_teardown(void **state)
{
    struct town *t = *state;
    for (unsigned i = 0; i < TABLE_NODES; i++)
        relay_free(t->node[i].relay);
    for (unsigned i = 0; i < TABLE_NODES; i++) {
        cluster_channels_free(t->node[i].channels);
        ear_close(&t->node[i]);
    }
    table_driver->close(&t->tables);
    memory_event_log_free(t->log);
    memory_history_free(t->history);
    memory_cache_free(t->cache);
    mem_free(t);
    return 0;
}

struct relay *town_relay(struct town *t, unsigned node, void (*at)(enum relay_step, void *arg),
                         void *arg)
{
    struct node *n = &t->node[node];
    assert_null(n->relay);
    n->relay = relay_new(&(struct relay_config){.table = n->table,
                                                .log = log_of(t),
                                                .cache = memory_cache_port(t->cache),
                                                .epoch = TOWN_EPOCH,
                                                .wait_ms = 20,
                                                .at = at,
                                                .arg = arg});
    return n->relay;
}

void town_start_relays(struct town *t)
{
    for (unsigned i = 0; i < TABLE_NODES; i++)
        relay_start(town_relay(t, i, NULL, NULL));
}

/* ---- What people do ---- */

void town_add_users(struct town *t, unsigned n)
{
    struct account_store *accounts = t->tables.accounts;
    for (unsigned i = 1; i <= n; i++) {
        char name[32], email[48];
        snprintf(name, sizeof name, "user-%u", i);
        snprintf(email, sizeof email, "user-%u@example.org", i);
        const struct user u = {kit_user_id(i), str_of(name), str_of(email), KIT_START_US};
        assert_int_equal(accounts->ops->add(accounts, &u, STR("hash")), ERR_OK);
    }
}

static struct channel_store *door_of(struct town *t, unsigned node)
{
    return cluster_channels_door(t->node[node].channels);
}

enum err town_create(struct town *t, unsigned node, unsigned channel, unsigned owner)
{
    char name[32];
    snprintf(name, sizeof name, "channel-%u", channel);
    const struct channel c = {kit_channel_id(channel), str_of(name), kit_user_id(owner),
                              KIT_START_US};
    return door_of(t, node)->ops->create(door_of(t, node), &c, KIT_MANY);
}

enum err town_join(struct town *t, unsigned node, unsigned user, unsigned channel)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return door_of(t, node)->ops->join(door_of(t, node), &u, &c, KIT_MANY);
}

enum err town_leave(struct town *t, unsigned node, unsigned user, unsigned channel)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return door_of(t, node)->ops->leave(door_of(t, node), &u, &c);
}

enum err town_is_member(struct town *t, unsigned node, unsigned user, unsigned channel)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    return door_of(t, node)->ops->is_member(door_of(t, node), &u, &c);
}

bool town_membership(struct town *t, unsigned node, unsigned user, unsigned channel,
                     struct membership *out)
{
    struct uuid u = kit_user_id(user), c = kit_channel_id(channel);
    struct memberships all;
    struct arena arena;
    bool found = false;
    arena_init(&arena);
    assert_int_equal(door_of(t, node)->ops->memberships(door_of(t, node), &u, true, &arena, &all),
                     ERR_OK);
    for (size_t i = 0; i < all.n; i++) {
        if (!uuid_eq(&all.items[i].channel.id, &c))
            continue;
        assert_false(found); /* once at most */
        found = true;
        *out = all.items[i];
    }
    arena_fini(&arena);
    return found;
}

static bool has_heard(struct town *t, unsigned node, uint64_t seq, unsigned partition)
{
    return t->node[node].deaf || view_position(&t->node[node].view, partition) >= seq;
}

uint64_t town_say(struct town *t, unsigned user, unsigned channel)
{
    struct uuid key = kit_channel_id(channel);
    const struct event e = {.kind = EVENT_MESSAGE,
                            .channel = key,
                            .user = kit_user_id(user),
                            .username = STR("somebody"),
                            .content = STR("something")};
    struct buf value;
    unsigned p = view_partition_of(&t->node[0].view, &key);
    buf_init(&value, RECORD_BYTES_MAX);
    record_encode(&e, 0, &value);
    uint64_t seq =
        seq_of(TOWN_EPOCH, memory_event_log_put(t->log, p, clock_wall_us(&clock_system) / 1000,
                                                &key, buf_str(&value), STR_NONE));
    buf_fini(&value);
    while (!has_heard(t, 0, seq, p) || !has_heard(t, 1, seq, p))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return seq;
}

void town_persist(struct town *t, uint64_t seq, bool keep)
{
    struct history_store *h = memory_history_door(t->history);
    struct node *n = &t->node[0];
    size_t done = 0;
    while (done < n->n_posts && n->posts[done].seq <= seq)
        done++;
    assert_int_equal(h->ops->write(h, n->posts, done), ERR_OK);
    for (unsigned i = 0; i < TABLE_NODES && !keep; i++) {
        n = &t->node[i];
        pthread_mutex_lock(&n->mutex);
        n->n_posts -= done;
        memmove(n->posts, n->posts + done, n->n_posts * sizeof n->posts[0]);
        pthread_mutex_unlock(&n->mutex);
    }
}

/* ---- What was heard ---- */

void town_wait_heard(struct town *t, unsigned node, size_t n)
{
    int64_t until_us = clock_steady_us(&clock_system) + WAIT_US;
    struct heard_event none;
    while (town_heard(t, node, &none, 0) < n) {
        assert_true(clock_steady_us(&clock_system) < until_us);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

size_t town_heard(struct town *t, unsigned node, struct heard_event *out, size_t max)
{
    struct node *n = &t->node[node];
    pthread_mutex_lock(&n->mutex);
    size_t heard = n->n_heard;
    for (size_t i = 0; i < heard && i < max; i++)
        out[i] = n->heard[i];
    pthread_mutex_unlock(&n->mutex);
    return heard;
}

size_t town_stale(struct town *t, unsigned node)
{
    struct node *n = &t->node[node];
    pthread_mutex_lock(&n->mutex);
    size_t stale = n->n_stale;
    pthread_mutex_unlock(&n->mutex);
    return stale;
}

static bool is_told(struct town *t, unsigned user)
{
    struct uuid u = kit_user_id(user);
    struct membership_row *rows;
    struct arena arena;
    size_t n, told = 0;
    arena_init(&arena);
    assert_int_equal(t->tables.node[0]->ops->memberships(t->tables.node[0], &u, &arena, &rows, &n),
                     ERR_OK);
    for (size_t i = 0; i < n; i++)
        told += rows[i].join_seq != 0 && (rows[i].leave_version == 0 || rows[i].leave_seq != 0);
    arena_fini(&arena);
    return told == n;
}

void town_wait_told(struct town *t, unsigned user)
{
    int64_t until_us = clock_steady_us(&clock_system) + WAIT_US;
    while (!is_told(t, user)) {
        assert_true(clock_steady_us(&clock_system) < until_us);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

size_t town_check_versions(struct town *t, unsigned channel)
{
    static struct heard_event heard[TOWN_HEARD_MAX];
    size_t n = town_heard(t, 0, heard, TOWN_HEARD_MAX), last = 0;
    for (size_t i = 0; i < n; i++) {
        if (heard[i].channel != channel || heard[i].kind < EVENT_JOINED)
            continue;
        assert_int_equal(heard[i].version, last + 1);
        last = heard[i].version;
    }
    return last;
}
