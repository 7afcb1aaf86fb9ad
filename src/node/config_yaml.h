/* A YAML file of nested sections, flattened: each value is reported with its path ("kafka.tls"),
 * as one text or a list of texts, and the line it stands on. Knows nothing of which keys exist.
 *
 * On libyaml's event parser, and strict where YAML is generous: one document, sections of plain
 * keys, values or lists of values at the leaves, no key twice, no anchors, aliases or tags (they
 * are how a small file becomes a large one), at most CONFIG_YAML_DEPTH_MAX levels. A value that is
 * absent (`key:`, `~`, `null`) is not reported. What is wrong inside a section is reported and
 * passed over; what is not YAML ends the reading.
 */
#ifndef PARLEY_NODE_CONFIG_YAML_H
#define PARLEY_NODE_CONFIG_YAML_H

#include "base/str.h"
#include "node/config_value.h"

#define CONFIG_FILE_BYTES_MAX (1u << 20)
#define CONFIG_YAML_DEPTH_MAX 8
#define CONFIG_YAML_PATH_SIZE 128
#define CONFIG_YAML_KEYS_MAX  1024

struct config_yaml_handler {
    /* A section begins; false passes over it. */
    bool (*on_section)(struct config_yaml_handler *self, const char *path, unsigned line);
    /* Texts are borrowed until it returns. */
    void (*on_value)(struct config_yaml_handler *self, const char *path,
                     const struct config_text *text, unsigned line);
    /* `path` is "" where no key is concerned. */
    void (*on_error)(struct config_yaml_handler *self, const char *path, unsigned line,
                     const char *why);
};

/* The handler hears of everything in the order of the file before this returns. */
void config_yaml_read(struct str text, struct config_yaml_handler *handler);

#endif
