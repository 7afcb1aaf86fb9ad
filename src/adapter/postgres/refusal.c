#include "adapter/postgres/refusal.h"

#include <stdio.h>
#include <string.h>

/* libpq has no codes of its own. Of the server's errors it tells the SQLSTATE, which is the same in
 * every language (conn.c asks for it). */
static const struct {
    const char *words, *advice;
} refusals[] = {
    {":  3D000:", "has no such database: make it, or look at database.db"},
    {":  28", "refuses us: look at database.username and database.password"},
    {"does not support SSL", "does not speak TLS: switch it on there (ssl=on), or say "
                             "database.sslmode disable where the network between is yours alone"},
    {"does not match host name", "has a certificate for another host than database.host says"},
    {"certificate verify failed", "has a certificate that is not trusted: is database.tlsCa the "
                                  "file of those who signed it?"},
    {"root certificate file", "cannot be verified: look at database.tlsCa"},
    {"certificate file", "cannot be shown our certificate: look at database.tlsCert"},
    {"private key file", "cannot be shown our certificate: look at database.tlsKey"},
};

static const char *setting_of(const struct pg_settings *s, const char *key)
{
    for (int i = 0; s->keys[i] != NULL; i++)
        if (strcmp(s->keys[i], key) == 0)
            return s->values[i];
    return "?";
}

bool pg_refusal(const struct pg_settings *settings, const char *why, char *out, size_t size)
{
    size_t i = 0, n = sizeof refusals / sizeof refusals[0];
    while (i < n && strstr(why, refusals[i].words) == NULL)
        i++;
    if (i == n)
        return false;
    snprintf(out, size, "PostgreSQL at %s:%s %s (%s)", setting_of(settings, "host"),
             setting_of(settings, "port"), refusals[i].advice, why);
    return true;
}
