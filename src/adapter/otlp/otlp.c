#include "adapter/otlp/otlp.h"

#include <curl/curl.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "adapter/otlp/encode.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define CONNECT_MS_DEFAULT 1000
#define TOTAL_MS_DEFAULT   3000
#define PATH               "/v1/traces"

struct otlp {
    struct span_sink super;
    char *url, *service, *node;
    unsigned connect_ms, total_ms;
    CURL *handle; /* keeps its connection */
    struct curl_slist *headers;
    struct buf body, answer;
};

/* ---- The answer ---- */

/* Too much of it ends the exchange. */
static size_t on_answer(char *p, size_t size, size_t n, void *arg)
{
    struct otlp *o = arg;
    buf_put(&o->answer, p, size * n);
    return o->answer.failed ? 0 : size * n;
}

/* A collector that takes a part says how much it did not. */
static void note_rejected(struct otlp *o)
{
    json_t *root = json_loadb(o->answer.p == NULL ? "" : o->answer.p, o->answer.n, 0, NULL);
    const json_t *partial = json_object_get(root, "partialSuccess");
    const json_t *count = json_object_get(partial, "rejectedSpans");
    const char *text = json_string_value(json_object_get(partial, "errorMessage"));
    bool is_zero = count == NULL || (json_is_integer(count) && json_integer_value(count) == 0) ||
                   (json_is_string(count) && strcmp(json_string_value(count), "0") == 0);
    if (!is_zero)
        log_event(LOG_WARN, "the collector rejected spans",
                  LOG_S("reason", text == NULL ? "" : text));
    json_decref(root);
}

static enum err outcome_of(struct otlp *o, CURLcode code, char *reason, size_t size)
{
    long status = 0;
    curl_easy_getinfo(o->handle, CURLINFO_RESPONSE_CODE, &status);
    bool is_answered = code == CURLE_OK || code == CURLE_WRITE_ERROR;
    if (is_answered && status >= 200 && status < 300) {
        note_rejected(o);
        return ERR_OK;
    }
    if (!is_answered) {
        snprintf(reason, size, "%s", curl_easy_strerror(code));
        return ERR_UNAVAILABLE;
    }
    snprintf(reason, size, "the collector answered %ld", status);
    return status == 429 || status == 502 || status == 503 || status == 504 ? ERR_UNAVAILABLE
                                                                            : ERR_BAD_REQUEST;
}

/* ---- A batch ---- */

static enum err on_take(struct span_sink *self, const struct trace_span *spans, size_t n,
                        char *reason, size_t reason_size)
{
    struct otlp *o = MEM_OWNER(self, struct otlp, super);
    const struct otlp_resource resource = {o->service, o->node, PARLEY_VERSION};
    buf_clear(&o->body);
    buf_clear(&o->answer);
    otlp_encode(&resource, spans, n, clock_wall_us(&clock_system) - clock_steady_us(&clock_system),
                &o->body);
    if (o->body.failed) {
        snprintf(reason, reason_size, "the batch is larger than %zu bytes", OTLP_BODY_MAX);
        return ERR_BAD_REQUEST;
    }
    curl_easy_setopt(o->handle, CURLOPT_POSTFIELDS, o->body.p);
    curl_easy_setopt(o->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)o->body.n);
    return outcome_of(o, curl_easy_perform(o->handle), reason, reason_size);
}

static const struct span_sink_ops ops = {.take = on_take};

/* ---- Opening ---- */

static bool handle_set_up(struct otlp *o)
{
    CURL *h = o->handle;
#define SET(option, value) (curl_easy_setopt(h, option, value) == CURLE_OK)
    bool to_whom = SET(CURLOPT_URL, o->url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
                   SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") &&
                   SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    bool how_long = SET(CURLOPT_NOSIGNAL, 1L) &&
                    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms) &&
                    SET(CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    bool whom_to_trust = SET(CURLOPT_SSL_VERIFYPEER, 1L) && SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
                         SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    bool what = SET(CURLOPT_WRITEFUNCTION, on_answer) && SET(CURLOPT_WRITEDATA, o) &&
                SET(CURLOPT_USERAGENT, "parley/" PARLEY_VERSION) &&
                SET(CURLOPT_HTTPHEADER, o->headers) && SET(CURLOPT_POST, 1L);
#undef SET
    return to_whom && how_long && whom_to_trust && what;
}

/* Takes `list`. An empty Expect: a collector that does not know it would cost a second's wait. */
static struct curl_slist *headers_new(void)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    struct curl_slist *longer =
        list == NULL ? NULL : curl_slist_append(list, "Content-Type: application/json");
    if (longer == NULL)
        curl_slist_free_all(list);
    return longer;
}

/* The path is ours to add: "http://127.0.0.1:4318" is how collectors are named. */
static char *url_of(const char *endpoint)
{
    size_t n = strlen(endpoint), tail = sizeof PATH - 1;
    if (n >= tail && strcmp(endpoint + n - tail, PATH) == 0)
        return mem_strdup(endpoint);
    while (n > 0 && endpoint[n - 1] == '/')
        n--;
    char *url = mem_alloc(n + tail + 1);
    memcpy(url, endpoint, n);
    memcpy(url + n, PATH, tail + 1);
    return url;
}

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

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void curl_begin(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
}

enum err otlp_open(const struct otlp_config *config, struct otlp **out, char *reason,
                   size_t reason_size)
{
    pthread_once(&curl_once, curl_begin);
    if (config->endpoint == NULL || !url_is_valid(config->endpoint)) {
        snprintf(reason, reason_size, "traces need the URL of a collector, http:// or https://");
        return ERR_BAD_REQUEST;
    }
    struct otlp *o = MEM_NEW(struct otlp);
    o->super.ops = &ops;
    o->url = url_of(config->endpoint);
    o->service = mem_strdup(config->service);
    o->node = mem_strdup(config->node);
    o->connect_ms = config->connect_ms == 0 ? CONNECT_MS_DEFAULT : config->connect_ms;
    o->total_ms = config->total_ms == 0 ? TOTAL_MS_DEFAULT : config->total_ms;
    buf_init(&o->body, OTLP_BODY_MAX);
    buf_init(&o->answer, OTLP_ANSWER_MAX);
    o->headers = headers_new();
    o->handle = curl_easy_init();
    if (o->headers == NULL || o->handle == NULL || !handle_set_up(o)) {
        snprintf(reason, reason_size, "libcurl cannot be set up for traces");
        otlp_close(o);
        return ERR_UNAVAILABLE;
    }
    *out = o;
    return ERR_OK;
}

void otlp_close(struct otlp *o)
{
    if (o == NULL)
        return;
    curl_easy_cleanup(o->handle);
    curl_slist_free_all(o->headers);
    buf_fini(&o->body);
    buf_fini(&o->answer);
    mem_free(o->url);
    mem_free(o->service);
    mem_free(o->node);
    mem_free(o);
}

struct span_sink *otlp_port(struct otlp *o)
{
    return &o->super;
}
