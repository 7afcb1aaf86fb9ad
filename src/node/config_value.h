/* One value of the configuration: from text to its field of the struct and back. */
#ifndef PARLEY_NODE_CONFIG_VALUE_H
#define PARLEY_NODE_CONFIG_VALUE_H

#include "base/buf.h"
#include "base/str.h"
#include "node/config_key.h"

#define CONFIG_VALUE_BYTES_MAX 4096
#define CONFIG_LIST_MAX        64
/* Any value as `config_value_format` writes it: every byte escaped, every item quoted. */
#define CONFIG_FORMAT_BYTES_MAX (CONFIG_LIST_MAX * (4 * CONFIG_VALUE_BYTES_MAX + 4))

/* A value as it was written: one text, or the texts of a list. */
struct config_text {
    const struct str *items;
    size_t n;
    bool is_list;
};

/* Sets the field of `key` in `c`. False, with the field unchanged and the reason in `why` (which
 * never holds a secret), when `text` is none for it. */
bool config_value_set(struct config *c, const struct config_key *key,
                      const struct config_text *text, struct buf *why);
/* Appends the value, lists as [a, b], strings in quotes where YAML wants them. */
void config_value_format(const struct config *c, const struct config_key *key, struct buf *out);
/* Frees what the field owns. */
void config_value_free(struct config *c, const struct config_key *key);

#endif
