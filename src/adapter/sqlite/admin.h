/* What the command line does with a store: bring its tables up and down, copy it, bring a copy
 * back, prove that it is sound. Blocking; each call opens what it needs and closes it again.
 * Errors are ERR_UNAVAILABLE with a sentence in `reason`. */
#ifndef PARLEY_ADAPTER_SQLITE_ADMIN_H
#define PARLEY_ADAPTER_SQLITE_ADMIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"

/* Where the tables of a store are: `current` of `latest` migrations (0: none yet). */
struct sqlite_schema_state {
    int current, latest;
};

/* The name of migration `version` (1..latest). Static. */
const char *sqlite_migration_name(int version);
/* A directory without a store has current 0. Works beside a running server. */
enum err sqlite_migrate_status(const char *dir, struct sqlite_schema_state *out, char *reason,
                               size_t reason_size);
/* All migrations that are missing, in one transaction. Refused while a server runs. */
enum err sqlite_migrate_up(const char *dir, struct sqlite_schema_state *out, char *reason,
                           size_t reason_size);
/* Takes the last migration back. The first one cannot be: that would erase everything. Refused
 * while a server runs. */
enum err sqlite_migrate_down(const char *dir, struct sqlite_schema_state *out, char *reason,
                             size_t reason_size);

/* `done` of `total` pages are copied. Returns false to give up. */
typedef bool (*sqlite_progress_f)(uint64_t done, uint64_t total, void *arg);

/* Copies the store, as it is at one moment, into the new file `file`, which is there whole and
 * durable or not at all. Works while a server runs; its write-ahead log grows meanwhile. */
enum err sqlite_backup(const char *dir, const char *file, sqlite_progress_f progress, void *arg,
                       char *reason, size_t reason_size);
/* Makes `dir`, which must be empty or absent, from a backup, after proving that it is sound. The
 * restored store goes on above every position and id that may have been handed out after the
 * backup was made (docs/internals/ids.md). */
enum err sqlite_restore(const char *file, const char *dir, const struct clock *clock, char *reason,
                        size_t reason_size);

struct sqlite_verify_result {
    uint64_t events, users, channels, memberships, client_ids; /* looked at */
    uint64_t problems;
};
/* Walks everything and holds it against everything it should agree with, at one moment of a store
 * that may be in use. `problem` is told of each disagreement (at most 1,000) as a sentence. ERR_OK
 * when the walk came to its end, whatever it found. */
enum err sqlite_verify(const char *dir, void (*problem)(const char *sentence, void *arg), void *arg,
                       struct sqlite_verify_result *out, char *reason, size_t reason_size);

#endif
