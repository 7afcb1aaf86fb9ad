#include "service/revocations.h"

#include <pthread.h>
#include <uthash.h>

#include "base/mem.h"

/* Of a session: `key` is its id; of a user: hers, and `issued_before_us` counts. */
struct entry {
    struct uuid key;
    int64_t issued_before_us, expires_us;
    UT_hash_handle hh;
};

struct revocations {
    pthread_mutex_t mutex;
    size_t max;
    int64_t session_us;
    struct entry *sessions, *users;
};

struct revocations *revocations_new(size_t max, int64_t session_us)
{
    struct revocations *r = MEM_NEW(struct revocations);
    pthread_mutex_init(&r->mutex, NULL);
    r->max = max;
    r->session_us = session_us;
    return r;
}

static void map_clear(struct entry **map)
{
    struct entry *e, *next;
    HASH_ITER (hh, *map, e, next) {
        HASH_DEL(*map, e);
        mem_free(e);
    }
}

void revocations_free(struct revocations *r)
{
    if (r == NULL)
        return;
    map_clear(&r->sessions);
    map_clear(&r->users);
    pthread_mutex_destroy(&r->mutex);
    mem_free(r);
}

static struct entry *map_get(struct entry *map, const struct uuid *key)
{
    struct entry *e;
    HASH_FIND(hh, map, key, sizeof *key, e);
    return e;
}

/* Adds or widens; true when that changed something. */
static bool map_put(struct entry **map, const struct uuid *key, const struct revocation *r)
{
    struct entry *e = map_get(*map, key);
    bool news = e == NULL || r->issued_before_us > e->issued_before_us;
    if (e == NULL) {
        e = MEM_NEW(struct entry);
        e->key = *key;
        HASH_ADD(hh, *map, key, sizeof e->key, e);
    }
    if (r->issued_before_us > e->issued_before_us)
        e->issued_before_us = r->issued_before_us;
    if (r->expires_us > e->expires_us)
        e->expires_us = r->expires_us;
    return news;
}

/* A session's revocation as one of the user: of everything issued up to that session. */
static struct revocation widened(const struct revocations *r, const struct revocation *entry)
{
    struct revocation wider = *entry;
    int64_t issued_us = entry->expires_us - r->session_us;
    if (issued_us + 1 > wider.issued_before_us)
        wider.issued_before_us = issued_us + 1;
    return wider;
}

/* Those of changed passwords never expire where they are stored; here they do, when the last token
 * that they void has. */
static struct revocation limited(const struct revocations *r, const struct revocation *entry)
{
    struct revocation limited = *entry;
    bool of_session = !uuid_eq(&entry->jti, &UUID_NIL);
    if (!of_session && entry->expires_us - r->session_us > entry->issued_before_us)
        limited.expires_us = entry->issued_before_us + r->session_us;
    return limited;
}

bool revocations_add(struct revocations *r, const struct revocation *given, int64_t now_us)
{
    bool news;
    const struct revocation limit = limited(r, given), *entry = &limit;
    if (entry->expires_us <= now_us)
        return false;
    pthread_mutex_lock(&r->mutex);
    bool of_session = !uuid_eq(&entry->jti, &UUID_NIL);
    if (of_session && map_get(r->sessions, &entry->jti) == NULL &&
        HASH_COUNT(r->sessions) >= r->max) {
        struct revocation wider = widened(r, entry);
        news = map_put(&r->users, &entry->user, &wider);
    } else if (of_session) {
        news = map_put(&r->sessions, &entry->jti, entry);
    } else {
        news = map_put(&r->users, &entry->user, entry);
    }
    pthread_mutex_unlock(&r->mutex);
    return news;
}

bool revocations_has(struct revocations *r, const struct uuid *user, const struct uuid *jti,
                     int64_t issued_us)
{
    pthread_mutex_lock(&r->mutex);
    bool found = !uuid_eq(jti, &UUID_NIL) && map_get(r->sessions, jti) != NULL;
    if (!found) {
        const struct entry *e = map_get(r->users, user);
        found = e != NULL && issued_us < e->issued_before_us;
    }
    pthread_mutex_unlock(&r->mutex);
    return found;
}

/* Entries stand in the order they came, which is nearly that of expiry: the first one that still
 * counts ends the sweep, and what hides behind it waits at most one session's lifetime. */
static bool map_sweep(struct entry **map, int64_t now_us)
{
    struct entry *e, *next;
    unsigned swept = 0;
    HASH_ITER (hh, *map, e, next) {
        if (e->expires_us > now_us)
            return false;
        if (swept++ == REVOCATIONS_SWEEP_MAX)
            return true;
        HASH_DEL(*map, e);
        mem_free(e);
    }
    return false;
}

bool revocations_sweep(struct revocations *r, int64_t now_us)
{
    pthread_mutex_lock(&r->mutex);
    bool more_sessions = map_sweep(&r->sessions, now_us);
    bool more_users = map_sweep(&r->users, now_us);
    pthread_mutex_unlock(&r->mutex);
    return more_sessions || more_users;
}

size_t revocations_count(struct revocations *r)
{
    pthread_mutex_lock(&r->mutex);
    size_t n = HASH_COUNT(r->sessions) + HASH_COUNT(r->users);
    pthread_mutex_unlock(&r->mutex);
    return n;
}
