/* The configuration of a node: flags over environment over file over defaults.
 *
 * One table (config_keys.def.h) says what there is; `config_load` fills the struct from all four
 * sources and checks it as a whole. It goes on after an error, so that one run reports everything
 * that is wrong, each with where it stands:
 *
 *     parley.yaml:12: server.workers: 0 is out of range (1..256)
 *     PARLEY_SERVER_PORT: "http" is not a number
 *     --listen: ...
 *
 * In the file, `${NAME}` and `${NAME:-default}` in a value are replaced from the environment after
 * the YAML was parsed, so a secret may hold any character; `$${` stands for `${`. Every key is an
 * environment variable too (`server.grpcPort` is PARLEY_SERVER_GRPC_PORT); an empty one counts as
 * unset. Lists may be written as lists or as one value with commas.
 *
 * Loaded once at start, again (into another struct) at SIGHUP; then read-only.
 */
#ifndef PARLEY_NODE_CONFIG_H
#define PARLEY_NODE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "domain/limits.h"
#include "node/config_keys.def.h"

struct config_list {
    size_t n;
    char **items;
};

enum config_engine { ENGINE_EMBEDDED, ENGINE_CLUSTER };
enum config_delivery { DELIVERY_KAFKA, DELIVERY_DIRECT, DELIVERY_ROUTED };
enum config_encoding { ENCODING_AUTO, ENCODING_JSON, ENCODING_CONSOLE };
enum config_sasl { SASL_NONE, SASL_PLAIN, SASL_SCRAM_SHA_256, SASL_SCRAM_SHA_512 };
enum config_consistency {
    CONSISTENCY_QUORUM,
    CONSISTENCY_LOCAL_QUORUM,
    CONSISTENCY_ALL,
    CONSISTENCY_ONE,
    CONSISTENCY_LOCAL_ONE
};
/* Bits of server.roles. */
enum config_role { ROLE_GATEWAY = 1, ROLE_PERSIST = 2, ROLE_NOTIFY = 4, ROLE_RETRY = 8 };

/* Strings are never NULL: none is "". */
#define CONFIG_MEMBER_STRING(member) char *member;
#define CONFIG_MEMBER_SECRET(member) char *member;
#define CONFIG_MEMBER_BOOL(member)   bool member;
#define CONFIG_MEMBER_UINT(member)   uint32_t member;
#define CONFIG_MEMBER_SIZE(member)   uint64_t member;
#define CONFIG_MEMBER_RATIO(member)  double member;
#define CONFIG_MEMBER_ENUM(member)   unsigned member;
#define CONFIG_MEMBER_SET(member)    unsigned member;
#define CONFIG_MEMBER_LIST(member)   struct config_list member;
#define CONFIG_MEMBER_IGNORED(member)
#define CONFIG_MEMBER_ALIAS(member)
#define CONFIG_MEMBER(type, section, member, ...) CONFIG_MEMBER_##type(member)

#define CONFIG_ONE(...) +1
enum { CONFIG_KEYS = 0 CONFIG_TABLE(CONFIG_ONE) };

enum config_layer { LAYER_DEFAULT, LAYER_FILE, LAYER_ENVIRONMENT, LAYER_FLAG };

/* Where a value was said. */
struct config_where {
    enum config_layer layer;
    unsigned line;    /* of the file */
    const char *name; /* of the file or the flag, borrowed; a variable is named after its key */
};

struct config {
    struct {
        CONFIG_SERVER(CONFIG_MEMBER)
        char *listen_host; /* what `listen`, `host` and `port` come to; IPv6 without brackets */
        uint16_t listen_port;
    } server;
    struct {
        CONFIG_DATA(CONFIG_MEMBER)
    } data;
    struct {
        CONFIG_TLS(CONFIG_MEMBER)
    } tls;
    struct limits limits;
    struct {
        CONFIG_LOGGER(CONFIG_MEMBER)
    } logger;
    struct {
        CONFIG_TRACE(CONFIG_MEMBER)
    } trace;
    struct {
        CONFIG_CLUSTER(CONFIG_MEMBER)
    } cluster;
    struct {
        CONFIG_KAFKA(CONFIG_MEMBER)
        struct {
            CONFIG_KAFKA_PRODUCER(CONFIG_MEMBER)
        } producer;
        struct {
            CONFIG_KAFKA_CONSUMER(CONFIG_MEMBER)
        } consumer;
        struct {
            CONFIG_KAFKA_SASL(CONFIG_MEMBER)
        } sasl;
    } kafka;
    struct {
        CONFIG_CASSANDRA(CONFIG_MEMBER)
    } cassandra;
    struct {
        CONFIG_DATABASE(CONFIG_MEMBER)
    } database;
    struct {
        CONFIG_REDIS(CONFIG_MEMBER)
    } redis;
    struct {
        CONFIG_NOTIFY(CONFIG_MEMBER)
    } notify;
    struct {
        CONFIG_JAEGER(CONFIG_MEMBER)
    } jaeger;

    struct config_where where[CONFIG_KEYS]; /* in the order of the table */
};

/* A flag of the command line: {"--listen", "server.listen", "127.0.0.1:0"}. Paths are ours. */
struct config_override {
    const char *flag, *path, *value;
};

/* What is wrong, in the order it was found; at most CONFIG_PROBLEMS_MAX, then one line that says
 * that there is more. */
#define CONFIG_PROBLEMS_MAX 100
struct config_problem {
    bool is_error; /* else a warning */
    char *text;    /* one line, no end of line; never a secret's value */
};
struct config_report {
    struct config_problem problems[CONFIG_PROBLEMS_MAX + 1];
    size_t n, errors;
};

void config_report_init(struct config_report *r);
void config_report_fini(struct config_report *r);

/* Fills `out` (which needs config_fini whatever the answer) from `file` (NULL: none), `env` (a
 * NULL-terminated list of NAME=VALUE) and `flags`. ERR_OK, or ERR_BAD_REQUEST when `report` holds
 * an error. `file` and the names of `flags` are borrowed as long as `out` lives. */
enum err config_load(struct config *out, const char *file, char **env,
                     const struct config_override *flags, size_t n, struct config_report *report);
void config_fini(struct config *c);

/* Compares a running configuration with one read again: a warning in `report` for each key that
 * changed and needs a restart. Returns how many changed that do not. */
size_t config_compare(const struct config *running, const struct config *fresh,
                      struct config_report *report);

/* What database.sslmode comes to, as libpq spells it: never "auto". Static. */
const char *config_sslmode(const struct config *c);

/* The configuration in force as YAML, each value with where it came from; secrets as "***", none
 * left out. */
void config_print(const struct config *c, struct buf *out);
/* docs/configuration.md. */
void config_print_docs(struct buf *out);

#endif
