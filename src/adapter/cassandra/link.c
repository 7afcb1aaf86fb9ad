#include "adapter/cassandra/link.h"

#include <stdio.h>
#include <time.h>

#include "adapter/cassandra/schema.h"
#include "base/buf.h"
#include "base/cond.h"
#include "base/log.h"

#define LOOK_MS     1000 /* between two looks for Cassandra */
#define PROBE_MS    1000 /* between two probes while all is well */
#define REPROBE_MS  500  /* while calls fail */
#define PROBED_MS   1500 /* a probe that is not answered by then has failed */
#define CQL_SIZE    512
#define PREPARE_MS  3000
#define PAGE_OF(st) statements_of[st].page_rows

static const struct {
    int32_t page_rows;
    const char *cql;
} statements_of[] = {
#define STATEMENT_ROW(name, page_rows, cql) {page_rows, cql},
    STATEMENTS(STATEMENT_ROW)
#undef STATEMENT_ROW
};

static void statements_free(struct link *l)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (l->statements[i] != NULL)
            bridge_statement_free(l->statements[i]);
        l->statements[i] = NULL;
    }
}

static bool prepare_all(struct link *l, struct bridge_session *session, char *why)
{
    char cql[CQL_SIZE];
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        if (!settings_cql(&l->settings, statements_of[i].cql, cql, sizeof cql))
            return false;
        l->statements[i] = bridge_prepare(session, cql, statements_of[i].page_rows, PREPARE_MS, why,
                                          LINK_WHY_SIZE);
        if (l->statements[i] == NULL)
            return false;
    }
    return true;
}

/* NULL: then why not. */
static struct bridge_session *session_open(struct link *l, bool *refused, char *why)
{
    enum bridge_code code;
    struct bridge_session *session = bridge_open(&l->settings.options, &code, why, LINK_WHY_SIZE);
    *refused = session == NULL && code == BRIDGE_REFUSED;
    if (session == NULL)
        return NULL;
    if (schema_check(session, &l->settings, why, LINK_WHY_SIZE) == ERR_OK &&
        prepare_all(l, session, why))
        return session;
    statements_free(l);
    bridge_close(session);
    return NULL;
}

/* Says so in the log when that changed. */
static void set_failing(struct link *l, bool failing, const char *why)
{
    bool turned = l->failing != failing;
    l->failing = failing;
    snprintf(l->why, sizeof l->why, "%s", failing ? why : "");
    if (turned && failing)
        log_event(LOG_WARN, "cassandra cannot be used", LOG_S("reason", l->why));
    else if (turned)
        log_event(LOG_INFO, "cassandra can be used", LOG_S("keyspace", l->settings.keyspace));
}

/* Until `ms` are over, or `changed` is told. */
static void wait_for(struct link *l, unsigned ms)
{
    const struct timespec until = cond_deadline(ms);
    pthread_cond_timedwait(&l->changed, &l->mutex, &until);
}

static void look_for(struct link *l)
{
    char why[LINK_WHY_SIZE] = "";
    bool refused;
    pthread_mutex_unlock(&l->mutex);
    struct bridge_session *session = session_open(l, &refused, why);
    pthread_mutex_lock(&l->mutex);
    l->was_refused = refused;
    l->session = session;
    l->is_open = session != NULL;
    l->was_looked_for = true;
    set_failing(l, !l->is_open, why);
    pthread_cond_broadcast(&l->room);
}

struct probe {
    struct link *link;
    pthread_cond_t changed;
    bool answered;
};

static void probe_done(void *arg, struct bridge_result *result)
{
    struct probe *p = arg;
    struct link *l = p->link;
    char why[LINK_WHY_SIZE];
    snprintf(why, sizeof why, "%.*s", (int)result->text_n, result->text);
    pthread_mutex_lock(&l->mutex);
    set_failing(l, result->code != BRIDGE_OK, why);
    p->answered = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&l->mutex);
    bridge_result_free(result);
}

static void probe(struct link *l)
{
    struct probe p = {.link = l};
    unsigned timeout_ms = l->settings.call_ms < PROBED_MS ? l->settings.call_ms : PROBED_MS;
    const struct bridge_item item = {.statement = l->statements[ST_PROBE]};
    const struct bridge_request r = {
        .items = &item, .n_items = 1, .timeout_ms = timeout_ms, .done = probe_done, .arg = &p};
    pthread_cond_init(&p.changed, NULL);
    bridge_execute(l->session, &r);
    while (!p.answered)
        pthread_cond_wait(&p.changed, &l->mutex);
    pthread_cond_destroy(&p.changed);
}

static unsigned pause_ms(const struct link *l)
{
    if (!l->is_open)
        return LOOK_MS;
    return l->failing ? REPROBE_MS : PROBE_MS;
}

static void *look_after(void *arg)
{
    struct link *l = arg;
    pthread_mutex_lock(&l->mutex);
    while (!l->closing) {
        if (l->is_open)
            probe(l);
        else
            look_for(l);
        if (!l->closing)
            wait_for(l, pause_ms(l));
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

enum err link_open(struct link *l, const struct cassandra_config *config, char *reason,
                   size_t reason_size)
{
    memset(l, 0, sizeof *l);
    enum err e = settings_init(&l->settings, config, reason, reason_size);
    if (e != ERR_OK)
        return e;
    pthread_mutex_init(&l->mutex, NULL);
    cond_init(&l->changed);
    cond_init(&l->room);
    if (pthread_create(&l->thread, NULL, look_after, l) != 0) {
        snprintf(reason, reason_size, "cassandra: no thread can be started");
        settings_fini(&l->settings);
        return ERR_UNAVAILABLE;
    }
    pthread_mutex_lock(&l->mutex);
    while (!l->was_looked_for)
        pthread_cond_wait(&l->room, &l->mutex);
    bool refused = l->was_refused;
    if (refused)
        settings_refusal(&l->settings, l->why, reason, reason_size);
    pthread_mutex_unlock(&l->mutex);
    if (refused)
        link_close(l);
    return refused ? ERR_BAD_REQUEST : ERR_OK;
}

void link_close(struct link *l)
{
    pthread_mutex_lock(&l->mutex);
    l->closing = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    statements_free(l);
    bridge_close(l->session);
    pthread_cond_destroy(&l->room);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    settings_fini(&l->settings);
}

void link_note(struct link *l, const char *why)
{
    pthread_mutex_lock(&l->mutex);
    if (l->is_open && (why != NULL || l->failing)) {
        set_failing(l, why != NULL, why);
        pthread_cond_signal(&l->changed);
    }
    pthread_mutex_unlock(&l->mutex);
}

bool link_is_ready(struct link *l, char *detail, size_t size)
{
    pthread_mutex_lock(&l->mutex);
    bool ready = l->is_open && !l->failing;
    snprintf(detail, size, "%s", l->why);
    pthread_mutex_unlock(&l->mutex);
    return ready;
}
