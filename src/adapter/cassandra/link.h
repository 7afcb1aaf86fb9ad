/* The session with Cassandra: opened in the background and kept, with every statement prepared.
 * Inside adapter/cassandra only.
 *
 * A thread of its own looks for Cassandra: it connects, checks that the tables are those of this
 * program, prepares the statements, and from then on asks every second whether Cassandra still
 * answers: `link_is_ready` tells within three seconds that it went away or came back, also while
 * nobody calls. The session reconnects by itself. Requests under way are counted: at the limit a
 * caller waits, as long as its call may.
 */
#ifndef PARLEY_ADAPTER_CASSANDRA_LINK_H
#define PARLEY_ADAPTER_CASSANDRA_LINK_H

#include <pthread.h>

#include "adapter/cassandra/bridge.h"
#include "adapter/cassandra/cassandra.h"
#include "adapter/cassandra/settings.h"
#include "adapter/cassandra/statements.def.h"

#define LINK_WHY_SIZE 384

struct link {
    struct settings settings;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* closing, or the last call failed */
    pthread_cond_t room;    /* a request came back */
    struct bridge_session *session;
    struct bridge_statement *statements[STATEMENT_COUNT];
    size_t under_way;
    bool is_open; /* session and statements are there, and stay */
    bool was_looked_for;
    bool was_refused; /* the last look was, and not for want of Cassandra */
    bool closing;
    bool failing; /* the last call did */
    char why[LINK_WHY_SIZE];
};

/* Waits for the first look. ERR_BAD_REQUEST, with the reason, when the configuration cannot be
 * meant or Cassandra refuses it; later a refusal is an outage like any. */
enum err link_open(struct link *l, const struct cassandra_config *config, char *reason,
                   size_t reason_size);
/* No call may be under way. */
void link_close(struct link *l);
/* What came of a call: `why` NULL when Cassandra answered. Under no lock. */
void link_note(struct link *l, const char *why);
/* Did the last call, or the last probe, succeed? Otherwise why not. */
bool link_is_ready(struct link *l, char *detail, size_t size);

#endif
