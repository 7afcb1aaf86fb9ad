#include "cli/bench/users.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/mem.h"
#include "base/rand.h"
#include "cli/bench/http.h"
#include "wire/token.h"

#define THREADS        8
#define PASSWORD       "bench-passw0rd"
#define TOKEN_LIFE_S   86400
#define TOKEN_LINE_MAX (TOKEN_TEXT_MAX + 256)

/* ---- Many requests, on several threads ---- */

struct crew {
    const struct options *o;
    struct sockaddr_storage address;
    socklen_t address_len;
    uint32_t n;
    atomic_uint next;
    atomic_bool failed;
    pthread_mutex_t mutex; /* of reason */
    char *reason;
    size_t reason_size;
    bool (*step)(struct crew *c, struct http *h, uint32_t i);
    void *arg;
};

static bool crew_fail(struct crew *c, const char *what, const char *whom, int status,
                      const json_t *answer)
{
    const char *said = json_string_value(json_object_get(answer, "message"));
    pthread_mutex_lock(&c->mutex);
    if (!atomic_exchange(&c->failed, true))
        snprintf(c->reason, c->reason_size, "%s %s: %d %s", what, whom, status,
                 said != NULL ? said
                 : status < 0 ? "(no answer)"
                              : "");
    pthread_mutex_unlock(&c->mutex);
    return false;
}

static void *crew_main(void *arg)
{
    struct crew *c = arg;
    struct http h;
    http_init(&h, &c->address, c->address_len, c->o->servers[0].host);
    for (uint32_t i; (i = atomic_fetch_add(&c->next, 1)) < c->n && !atomic_load(&c->failed);)
        if (!c->step(c, &h, i))
            break;
    http_fini(&h);
    return NULL;
}

static bool crew_run(struct crew *c)
{
    pthread_t threads[THREADS];
    unsigned started = 0;
    if (!http_resolve(c->o->servers[0].host, c->o->servers[0].port, &c->address, &c->address_len,
                      c->reason, c->reason_size))
        return false;
    pthread_mutex_init(&c->mutex, NULL);
    while (started < THREADS && started < c->n &&
           pthread_create(&threads[started], NULL, crew_main, c) == 0)
        started++;
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_mutex_destroy(&c->mutex);
    return started > 0 && !atomic_load(&c->failed);
}

/* ---- Users ---- */

static void user_email(const struct options *o, uint32_t i, char *out, size_t size)
{
    snprintf(out, size, "%s-%05u@bench.example", o->prefix, i);
}

static bool user_set_id(struct user *u, const json_t *answer)
{
    const char *id = json_string_value(json_object_get(json_object_get(answer, "data"), "id"));
    return id != NULL && str_copy(str_of(id), u->id, sizeof u->id);
}

static bool user_sign(const struct options *o, struct user *u, uint32_t i)
{
    char text[TOKEN_TEXT_MAX + 1];
    struct claims claims = {.issued_s = time(NULL), .expires_s = time(NULL) + TOKEN_LIFE_S};
    struct token_key *key = token_key_new(str_of(o->jwt_secret));
    bool signed_it = uuid_from_text(str_of(u->id), &claims.user) &&
                     str_copy(str_of(u->name), claims.name, sizeof claims.name);
    claims.jti = uuid_random();
    user_email(o, i, claims.email, sizeof claims.email);
    signed_it = signed_it && token_sign(key, &claims, text, sizeof text) == ERR_OK;
    token_key_free(key);
    if (signed_it)
        u->token = mem_strdup(text);
    return signed_it;
}

/* Registers (who exists already is fine), then logs in or signs. */
static bool user_step(struct crew *c, struct http *h, uint32_t i)
{
    struct user *u = (struct user *)c->arg + i;
    char email[200], body[400];
    json_t *answer;
    if (u->token != NULL)
        return true;
    user_email(c->o, i, email, sizeof email);
    snprintf(body, sizeof body,
             "{\"username\":\"%s\",\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", u->name,
             email);
    int status = http_call(h, "POST", "/api/register", NULL, body, &answer);
    bool has_id = status == 200 && user_set_id(u, answer);
    if (status != 200 && status != 409)
        crew_fail(c, "registering", email, status, answer);
    json_decref(answer);
    if (status != 200 && status != 409)
        return false;
    if (has_id && c->o->jwt_secret != NULL)
        return user_sign(c->o, u, i) || crew_fail(c, "signing a token of", email, 0, NULL);
    snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"" PASSWORD "\"}", email);
    status = http_call(h, "POST", "/api/login", NULL, body, &answer);
    const char *token =
        json_string_value(json_object_get(json_object_get(answer, "data"), "token"));
    bool logged_in = status == 200 && token != NULL && user_set_id(u, answer);
    if (logged_in)
        u->token = mem_strdup(token);
    else
        crew_fail(c, "logging in", email, status, answer);
    json_decref(answer);
    return logged_in;
}

/* ---- The tokens' file: a line a user, "name id token" ---- */

static void tokens_load(const struct options *o, struct user *users, uint32_t n)
{
    char line[TOKEN_LINE_MAX], name[64], id[UUID_TEXT_LEN + 1], token[TOKEN_TEXT_MAX + 1];
    FILE *f = o->tokens == NULL ? NULL : fopen(o->tokens, "re");
    if (f == NULL)
        return;
    for (uint32_t i = 0; i < n && fgets(line, sizeof line, f) != NULL; i++) {
        if (sscanf(line, "%63s %36s %4096s", name, id, token) != 3 ||
            strcmp(name, users[i].name) != 0)
            break;
        memcpy(users[i].id, id, sizeof id);
        users[i].token = mem_strdup(token);
    }
    fclose(f);
}

static void tokens_forget(struct user *users, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        mem_free(users[i].token);
        users[i].token = NULL;
    }
}

/* Are the kept tokens this server's? The first and the last tell. */
static bool tokens_are_good(const struct options *o, const struct user *users, uint32_t n)
{
    struct sockaddr_storage address;
    socklen_t len;
    char reason[100];
    bool good = true;
    struct http h;
    if (!http_resolve(o->servers[0].host, o->servers[0].port, &address, &len, reason,
                      sizeof reason))
        return false;
    http_init(&h, &address, len, o->servers[0].host);
    for (uint32_t i = 0; i < n && good; i += n > 1 ? n - 1 : 1)
        if (users[i].token != NULL)
            good = http_call(&h, "GET", "/api/user/channel", users[i].token, NULL, NULL) == 200;
    http_fini(&h);
    return good;
}

static bool tokens_store(const struct options *o, const struct user *users, uint32_t n,
                         char *reason, size_t size)
{
    if (o->tokens == NULL)
        return true;
    mode_t saved = umask(077); /* tokens are as good as passwords */
    FILE *f = fopen(o->tokens, "we");
    umask(saved);
    bool written = f != NULL;
    for (uint32_t i = 0; i < n && written; i++)
        written = fprintf(f, "%s %s %s\n", users[i].name, users[i].id, users[i].token) > 0;
    if (f != NULL && fclose(f) != 0)
        written = false;
    if (!written)
        snprintf(reason, size, "%s cannot be written", o->tokens);
    return written;
}

struct user *users_get(const struct options *o, uint32_t n, char *reason, size_t size)
{
    struct user *users = mem_array(n, sizeof *users);
    for (uint32_t i = 0; i < n; i++)
        snprintf(users[i].name, sizeof users[i].name, "%.40s%05u", o->prefix, i);
    tokens_load(o, users, n);
    if (!tokens_are_good(o, users, n))
        tokens_forget(users, n);
    struct crew crew = {
        .o = o, .n = n, .reason = reason, .reason_size = size, .step = user_step, .arg = users};
    if (crew_run(&crew) && tokens_store(o, users, n, reason, size))
        return users;
    users_free(users, n);
    return NULL;
}

void users_free(struct user *users, uint32_t n)
{
    if (users != NULL)
        tokens_forget(users, n);
    mem_free(users);
}

/* ---- Channels ---- */

struct channels_job {
    const struct user *users;
    struct channel_plan *plans;
    uint32_t *plan_of; /* of the i-th join */
    uint32_t *member;
    unsigned long long run; /* makes the names unique */
};

/* A server of part 1 alone does not tell the id of what it made: it is in the list. */
static bool channel_find(struct http *h, const struct user *u, const char *name,
                         struct channel_plan *p)
{
    json_t *answer;
    size_t i;
    const json_t *row;
    bool found = false;
    http_call(h, "GET", "/api/user/channel", u->token, NULL, &answer);
    json_array_foreach(json_object_get(answer, "data"), i, row)
    {
        const char *row_name = json_string_value(json_object_get(row, "name"));
        const char *id = json_string_value(json_object_get(row, "id"));
        if (row_name != NULL && id != NULL && strcmp(row_name, name) == 0)
            found = str_copy(str_of(id), p->id, sizeof p->id);
    }
    json_decref(answer);
    return found;
}

static bool channel_create(struct crew *c, struct http *h, uint32_t i)
{
    struct channels_job *job = c->arg;
    struct channel_plan *p = &job->plans[i];
    const struct user *u = &job->users[p->first];
    char name[80], body[100];
    json_t *answer;
    snprintf(name, sizeof name, "bench %llx %u", job->run, i);
    snprintf(body, sizeof body, "{\"name\":\"%s\"}", name);
    int status = http_call(h, "POST", "/api/channel", u->token, body, &answer);
    const json_t *data = json_object_get(answer, "data");
    const char *id = json_string_value(json_object_get(data, "id"));
    bool made = status == 200 && (id != NULL ? str_copy(str_of(id), p->id, sizeof p->id)
                                             : channel_find(h, u, name, p));
    if (!made)
        crew_fail(c, "creating a channel as", u->name, status, answer);
    json_decref(answer);
    return made;
}

static bool channel_join(struct crew *c, struct http *h, uint32_t i)
{
    struct channels_job *job = c->arg;
    const struct user *u = &job->users[job->member[i]];
    char body[100];
    json_t *answer;
    snprintf(body, sizeof body, "{\"channel_id\":\"%s\"}", job->plans[job->plan_of[i]].id);
    int status = http_call(h, "POST", "/api/channel/join", u->token, body, &answer);
    if (status != 200)
        crew_fail(c, "joining a channel as", u->name, status, answer);
    json_decref(answer);
    return status == 200;
}

bool users_make_channels(const struct options *o, const struct user *users,
                         struct channel_plan *plans, uint32_t n, char *reason, size_t size)
{
    uint32_t joins = 0;
    for (uint32_t i = 0; i < n; i++)
        joins += plans[i].count - 1;
    struct channels_job job = {.users = users, .plans = plans};
    job.plan_of = mem_array(joins + 1, sizeof *job.plan_of);
    job.member = mem_array(joins + 1, sizeof *job.member);
    rand_bytes(&job.run, sizeof job.run);
    joins = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (uint32_t k = 1; k < plans[i].count; k++, joins++) {
            job.plan_of[joins] = i;
            job.member[joins] = plans[i].first + k;
        }
    }
    struct crew create = {
        .o = o, .n = n, .reason = reason, .reason_size = size, .step = channel_create, .arg = &job};
    struct crew join = {.o = o,
                        .n = joins,
                        .reason = reason,
                        .reason_size = size,
                        .step = channel_join,
                        .arg = &job};
    bool made = crew_run(&create) && (joins == 0 || crew_run(&join));
    mem_free(job.plan_of);
    mem_free(job.member);
    return made;
}
