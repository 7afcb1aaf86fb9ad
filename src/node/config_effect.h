/* What was said and has no effect, because of what else was said or was not: nothing is accepted in
 * silence. Where it is about who may read or listen, that is an error. */
#ifndef PARLEY_NODE_CONFIG_EFFECT_H
#define PARLEY_NODE_CONFIG_EFFECT_H

#include "node/config.h"

/* Of a configuration that is right otherwise. */
void config_check_effects(const struct config *c, struct config_report *report);

#endif
