/* A real redis-server of a test's own, on a free port of 127.0.0.1, which can be stopped, paused
 * and flushed. */
#ifndef PARLEY_UNIT_ADAPTER_REDIS_SERVER_H
#define PARLEY_UNIT_ADAPTER_REDIS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct redis_server {
    pid_t pid; /* 0: it does not run */
    unsigned port;
    char address[32]; /* for the configuration */
    char password[32];
    char tls_dir[256]; /* with server.crt, server.key and ca.crt; "": plain */
};

/* Is there a redis-server on this machine? */
bool redis_server_exists(void);
/* Chooses the port and starts it; the upper fields but pid and port may be set before. */
void redis_server_init(struct redis_server *s);
/* Starts it again; waits until it answers. */
void redis_server_start(struct redis_server *s);
/* Kills it. */
void redis_server_stop(struct redis_server *s);
/* Stops or continues the process. */
void redis_server_pause(struct redis_server *s, bool paused);
/* One inline command of a plain server without a password, such as "SET a b"; the first bytes of
 * the answer into `out`. */
void redis_server_say(struct redis_server *s, const char *command, char *out, size_t size);

#endif
