/* The tables of direct delivery: the log (docs/internals/direct.md) and the history where there is
 * no Cassandra. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_SCHEMA_DIRECT_H
#define PARLEY_ADAPTER_POSTGRES_SCHEMA_DIRECT_H

extern const char pg_log_up[], pg_log_down[];
extern const char pg_history_up[], pg_history_down[];

#endif
