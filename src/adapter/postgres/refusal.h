/* Connections that the server, or TLS, refuses, and that only another configuration or another
 * server can help: what to do about them. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_REFUSAL_H
#define PARLEY_ADAPTER_POSTGRES_REFUSAL_H

#include "adapter/postgres/conn.h"

/* `why` is what pg_conn_open said. False: it is no refusal, and may pass. */
bool pg_refusal(const struct pg_settings *settings, const char *why, char *out, size_t size);

#endif
