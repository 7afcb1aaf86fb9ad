/* For the tests of the configuration: loads a text as the file parley.yaml. */
#ifndef PARLEY_TESTS_UNIT_NODE_CONFIG_RIG_H
#define PARLEY_TESTS_UNIT_NODE_CONFIG_RIG_H

#include "node/config.h"

struct rig {
    struct config config;
    struct config_report report;
    enum err err;
};

/* NULL `text`: no file. */
void rig_load(struct rig *r, const char *text, char **env, const struct config_override *flags,
              size_t n_flags);
void rig_load_bytes(struct rig *r, const void *bytes, size_t n);
void rig_fini(struct rig *r);
/* Is there a problem of just this line? */
bool rig_has(const struct rig *r, const char *line);

/* Loads `text` and fails unless it is refused with just this one error. */
void expect_error(const char *text, const char *line);
/* Loads `text` and fails unless it is accepted with just this one warning. */
void expect_warning(const char *text, const char *line);

#endif
