#include "adapter/kafka/refusal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "telemetry/metrics.h"

/* OpenSSL's numbers of what can be wrong with a certificate (X509_V_ERR_...). */
enum { NOT_YET_VALID = 9, HAS_EXPIRED = 10, OTHER_HOST = 62, OTHER_ADDRESS = 64 };

void refusal_init(struct refusal *r)
{
    *r = (struct refusal){.advice = NULL};
    pthread_mutex_init(&r->mutex, NULL);
}

void refusal_fini(struct refusal *r)
{
    pthread_mutex_destroy(&r->mutex);
}

/* A final word stays. */
static void note(struct refusal *r, const char *advice, bool is_final, const char *text)
{
    pthread_mutex_lock(&r->mutex);
    if (!r->is_final) {
        r->advice = advice;
        r->is_final = is_final;
        snprintf(r->text, sizeof r->text, "%s", text);
    }
    pthread_mutex_unlock(&r->mutex);
}

/* ---- What the library says ---- */

static int on_certificate(rd_kafka_t *rk, const char *broker_name, int32_t broker_id,
                          int *x509_error, int depth, const char *certificate, size_t n,
                          char *errstr, size_t errstr_size, void *opaque)
{
    (void)rk;
    (void)broker_id;
    (void)depth;
    (void)certificate;
    (void)n;
    if (*x509_error == 0)
        return 1;
    const char *advice = "has a certificate that is not trusted: is kafka.tlsCa the file of those "
                         "who signed it?";
    if (*x509_error == OTHER_HOST || *x509_error == OTHER_ADDRESS)
        advice = "has a certificate for another host than kafka.producer.broker says";
    else if (*x509_error == HAS_EXPIRED || *x509_error == NOT_YET_VALID)
        advice = "has a certificate whose time is over, or has not come";
    note(opaque, advice, true, broker_name);
    snprintf(errstr, errstr_size, "%s", advice);
    return 0;
}

static void on_error(rd_kafka_t *rk, int err, const char *text, void *opaque)
{
    struct refusal *r = opaque;
    metric_inc(M_KAFKA_ERRORS);
    log_event(LOG_DEBUG, "kafka error", LOG_S("handle", rd_kafka_name(rk)),
              LOG_S("error", rd_kafka_err2name((rd_kafka_resp_err_t)err)), LOG_S("text", text));
    if (err == RD_KAFKA_RESP_ERR__AUTHENTICATION)
        note(r,
             "refuses us: look at kafka.sasl.mechanism, kafka.sasl.username and "
             "kafka.sasl.password",
             true, text);
    else if (strstr(text, "certificate required") != NULL ||
             strstr(text, "alert bad certificate") != NULL)
        note(r, "wants a certificate of ours: look at kafka.tlsCert and kafka.tlsKey", true, text);
    else if (err == RD_KAFKA_RESP_ERR__SSL)
        note(r, "does not do TLS with us: is kafka.tls meant?", false, text);
    else if (strstr(text, "security.protocol") != NULL)
        note(r, "hangs up: does it want kafka.tls, or kafka.sasl?", false, text);
}

void refusal_listen(struct refusal *r, rd_kafka_conf_t *conf, const struct kafka_config *config)
{
    rd_kafka_conf_set_opaque(conf, r);
    rd_kafka_conf_set_error_cb(conf, on_error);
    if (config->tls)
        rd_kafka_conf_set_ssl_cert_verify_cb(conf, on_certificate);
}

/* ---- What is told of it ---- */

enum err refusal_tell(struct refusal *r, const char *brokers, const char *otherwise, char *reason,
                      size_t reason_size)
{
    pthread_mutex_lock(&r->mutex);
    enum err e = r->is_final ? ERR_BAD_REQUEST : ERR_UNAVAILABLE;
    if (r->advice == NULL)
        snprintf(reason, reason_size, "no Kafka broker answers at %s: %s", brokers, otherwise);
    else
        snprintf(reason, reason_size, "Kafka at %s %s (%s)", brokers, r->advice, r->text);
    r->advice = NULL;
    r->is_final = false;
    pthread_mutex_unlock(&r->mutex);
    return e;
}
