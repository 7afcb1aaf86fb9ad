/* `${NAME}` and `${NAME:-default}` in one value of the configuration. What comes from the
 * environment is not looked at again: a secret may hold any character. */
#ifndef PARLEY_NODE_CONFIG_EXPAND_H
#define PARLEY_NODE_CONFIG_EXPAND_H

#include "base/buf.h"
#include "base/str.h"

/* The value of `name` in `env` (NAME=VALUE, ended by NULL), or NULL. */
const char *env_get(char **env, struct str name);

/* Appends `value` with its references replaced to `out`. `$${` stands for `${`; the default is
 * taken when the variable is unset or empty. False with the reason in `why`. */
bool config_expand(struct str value, char **env, struct buf *out, struct buf *why);

#endif
