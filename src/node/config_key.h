/* The table of keys as data. */
#ifndef PARLEY_NODE_CONFIG_KEY_H
#define PARLEY_NODE_CONFIG_KEY_H

#include "node/config.h"

enum config_type {
    CONFIG_STRING,
    CONFIG_SECRET,
    CONFIG_BOOL,
    CONFIG_UINT,
    CONFIG_SIZE,
    CONFIG_RATIO,
    CONFIG_ENUM,
    CONFIG_SET,
    CONFIG_LIST,
    CONFIG_IGNORED,
    CONFIG_ALIAS,
};

enum { CONFIG_RELOAD = 1, CONFIG_CLUSTER_ONLY = 2 };

struct config_key {
    const char *path; /* "kafka.producer.broker" */
    enum config_type type;
    size_t offset;        /* into struct config */
    const char *fallback; /* an alias: the path that is meant */
    unsigned flags;
    const char *text; /* one sentence */
    /* The rule: of numbers, */
    uint64_t lo, hi;
    const char *unit;
    /* and of enums and sets. */
    const char *choices;
};

extern const struct config_key config_keys[CONFIG_KEYS];

/* NULL when there is none. */
const struct config_key *config_key_find(const char *path);
/* The key an alias means; any other key itself. */
const struct config_key *config_key_resolve(const struct config_key *key);
static inline size_t config_key_index(const struct config_key *key)
{
    return (size_t)(key - config_keys);
}
/* Is `path` a section: the beginning of a key up to a dot? */
bool config_key_is_section(const char *path);
/* What looks most like `path` into `out`: a section when `is_section`, else a key, or one whose
 * last name is the same; false: nothing does. */
#define CONFIG_PATH_SIZE 64
bool config_key_nearest(const char *path, bool is_section, char out[CONFIG_PATH_SIZE]);

/* PARLEY_SERVER_GRPC_PORT for server.grpcPort. */
#define CONFIG_ENV_SIZE 80
void config_key_env(const struct config_key *key, char out[CONFIG_ENV_SIZE]);

#endif
