#include "adapter/webhook/webhook.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "adapter/webhook/signature.h"
#include "base/mem.h"
#include "telemetry/metrics.h"
#include "telemetry/trace.h"

#define CONNECT_MS_DEFAULT 3000
#define TOTAL_MS_DEFAULT   10000
#define KEPT_MAX           16 /* idle handles, each with its open connection */
#define KEEP_S             60 /* an idle connection */

struct webhook {
    struct web_hook super;
    char *url, *tls_ca;
    struct signature_key key;
    const struct clock *clock;
    unsigned connect_ms, total_ms;
    pthread_mutex_t mutex;
    CURL *kept[KEPT_MAX];
    size_t n_kept;
};

/* ---- Handles ---- */

/* Throws the answer away; too much of it ends the exchange. `arg` counts the bytes. */
static size_t on_answer(char *p, size_t size, size_t n, void *arg)
{
    size_t *read = arg;
    (void)p;
    *read += size * n;
    return *read > WEBHOOK_ANSWER_MAX ? 0 : size * n;
}

static bool handle_set_up(const struct webhook *w, CURL *h)
{
#define SET(option, value) (curl_easy_setopt(h, option, value) == CURLE_OK)
    bool to_whom = SET(CURLOPT_URL, w->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
                   SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
                   SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bool how_long =
        SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_CONNECTTIMEOUT_MS, (long)w->connect_ms) &&
        SET(CURLOPT_TIMEOUT_MS, (long)w->total_ms) && SET(CURLOPT_MAXAGE_CONN, (long)KEEP_S);
    bool whom_to_trust = SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
                         SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
                         (w->tls_ca[0] == '\0' || SET(CURLOPT_CAINFO, w->tls_ca));
    bool what = SET(CURLOPT_WRITEFUNCTION, on_answer) && SET(CURLOPT_USERAGENT, "parley") &&
                SET(CURLOPT_POST, 1L);
#undef SET
    return to_whom && how_long && whom_to_trust && what;
}

static CURL *handle_take(struct webhook *w)
{
    CURL *h = NULL;
    pthread_mutex_lock(&w->mutex);
    if (w->n_kept > 0)
        h = w->kept[--w->n_kept];
    pthread_mutex_unlock(&w->mutex);
    if (h != NULL)
        return h;
    h = curl_easy_init();
    if (h != NULL && !handle_set_up(w, h)) {
        curl_easy_cleanup(h);
        h = NULL;
    }
    return h;
}

static void handle_give(struct webhook *w, CURL *h)
{
    pthread_mutex_lock(&w->mutex);
    bool keep = w->n_kept < KEPT_MAX;
    if (keep)
        w->kept[w->n_kept++] = h;
    pthread_mutex_unlock(&w->mutex);
    if (!keep)
        curl_easy_cleanup(h);
}

/* ---- A post ---- */

static struct curl_slist *header_add(struct curl_slist *list, const char *line)
{
    struct curl_slist *longer = curl_slist_append(list, line);
    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

/* NULL when they cannot be made. */
static struct curl_slist *headers_of(const struct webhook *w, const struct uuid *id,
                                     struct str body)
{
    char line[128], signature[SIGNATURE_SIZE];
    struct uuid_text name = uuid_text(id);
    int64_t time_s = clock_wall_us(w->clock) / 1000000;
    if (!signature_make(&w->key, str_of(name.s), time_s, body, signature))
        return NULL;
    /* An empty Expect: a receiver that does not know it would cost a second's wait. */
    struct curl_slist *list = header_add(NULL, "Expect:");
    if (list != NULL)
        list = header_add(list, "Content-Type: application/json");
    snprintf(line, sizeof line, "webhook-id: %s", name.s);
    if (list != NULL)
        list = header_add(list, line);
    snprintf(line, sizeof line, "webhook-timestamp: %" PRId64, time_s);
    if (list != NULL)
        list = header_add(list, line);
    snprintf(line, sizeof line, "webhook-signature: %s", signature);
    return list == NULL ? NULL : header_add(list, line);
}

static enum err outcome_of(CURL *h, CURLcode code, char *reason, size_t size)
{
    long status = 0;
    curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &status);
    /* Whoever answered 2xx took it, whatever else he had to say. */
    if (status >= 200 && status < 300 && (code == CURLE_OK || code == CURLE_WRITE_ERROR))
        return ERR_OK;
    if (code == CURLE_OK)
        snprintf(reason, size, "answered %ld", status);
    else
        snprintf(reason, size, "%s", curl_easy_strerror(code));
    return ERR_UNAVAILABLE;
}

static enum err on_post(struct web_hook *self, const struct uuid *id, struct str body, char *reason,
                        size_t reason_size)
{
    struct webhook *w = (struct webhook *)self;
    size_t read = 0;
    CURL *h = handle_take(w);
    struct curl_slist *headers = h == NULL ? NULL : headers_of(w, id, body);
    if (headers == NULL) {
        snprintf(reason, reason_size, "the request cannot be made");
        curl_easy_cleanup(h);
        return ERR_UNAVAILABLE;
    }
    struct trace_span span;
    int64_t began_us = clock_steady_us(&clock_system);
    trace_begin(&span, "POST", TRACE_CLIENT);
    trace_add_text(&span, "http.request.method", "POST");
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
    curl_easy_setopt(h, CURLOPT_WRITEDATA, &read);
    CURLcode code = curl_easy_perform(h);
    enum err e = outcome_of(h, code, reason, reason_size);
    trace_end(&span, e);
    metric_observe(M_WEBHOOK_LATENCY, (uint64_t)(clock_steady_us(&clock_system) - began_us));
    metric_inc(e == ERR_OK ? M_WEBHOOK_TAKEN : M_WEBHOOK_FAILED);
    curl_easy_setopt(h, CURLOPT_HTTPHEADER, NULL);
    curl_easy_setopt(h, CURLOPT_POSTFIELDS, NULL);
    curl_slist_free_all(headers);
    handle_give(w, h);
    return e;
}

static const struct web_hook_ops ops = {.post = on_post};

/* ---- Opening ---- */

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

/* http or https, with a host. */
static bool url_is_valid(const char *url)
{
    char *scheme = NULL, *host = NULL;
    CURLU *u = curl_url();
    bool ok = u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
              curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] != '\0' &&
              (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(u);
    return ok;
}

enum err webhook_open(const struct webhook_config *config, struct webhook **out, char *reason,
                      size_t reason_size)
{
    struct signature_key key = {.n = 0};
    pthread_once(&curl_once, curl_begin);
    if (config->url == NULL || !url_is_valid(config->url)) {
        snprintf(reason, reason_size, "the web hook needs a URL, http:// or https://");
        return ERR_BAD_REQUEST;
    }
    if (!signature_key_init(&key, str_of(config->secret))) {
        snprintf(reason, reason_size,
                 "the web hook needs a secret of 1 to %d bytes, or whsec_ and base64",
                 SIGNATURE_KEY_MAX);
        return ERR_BAD_REQUEST;
    }
    struct webhook *w = MEM_NEW(struct webhook);
    w->super.ops = &ops;
    w->url = mem_strdup(config->url);
    w->tls_ca = mem_strdup(config->tls_ca == NULL ? "" : config->tls_ca);
    w->key = key;
    w->clock = config->clock;
    w->connect_ms = config->connect_ms == 0 ? CONNECT_MS_DEFAULT : config->connect_ms;
    w->total_ms = config->total_ms == 0 ? TOTAL_MS_DEFAULT : config->total_ms;
    pthread_mutex_init(&w->mutex, NULL);
    *out = w;
    return ERR_OK;
}

void webhook_close(struct webhook *w)
{
    if (w == NULL)
        return;
    while (w->n_kept > 0)
        curl_easy_cleanup(w->kept[--w->n_kept]);
    pthread_mutex_destroy(&w->mutex);
    mem_free(w->url);
    mem_free(w->tls_ca);
    mem_free(w);
}

struct web_hook *webhook_port(struct webhook *w)
{
    return &w->super;
}
