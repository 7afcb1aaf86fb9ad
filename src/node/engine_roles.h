/* The consumers of a node of the cluster: those of its roles persist, notify and retry. */
#ifndef PARLEY_NODE_ENGINE_ROLES_H
#define PARLEY_NODE_ENGINE_ROLES_H

#include <stdint.h>

#include "node/config.h"
#include "node/drivers.h"

/* Bits of enum driver_use that the roles of `config` need, the gateway's among them. */
unsigned roles_uses(const struct config *config);

#define ROLES_GROUP_SIZE 400

/* The name of the consumer group of a role: "persist", "notify" or "retry". It has the topic in it,
 * since one Kafka may carry the topics of several clusters. */
void roles_group(const struct config *config, const char *role, char name[ROLES_GROUP_SIZE]);

struct roles;
/* `config` and the drivers are borrowed. */
struct roles *roles_new(const struct config *config, const struct drivers *drivers, uint32_t epoch);
void roles_start(struct roles *r);
/* They leave their groups; what they have not committed is done by whoever has the partitions
 * next. NULL is fine, and so is a second time. */
void roles_stop(struct roles *r);
/* NULL is fine. */
void roles_free(struct roles *r);

/* Only where there is the role persist. Never blocks. */
bool roles_persist_is_ready(struct roles *r, char *detail, size_t size);

#endif
