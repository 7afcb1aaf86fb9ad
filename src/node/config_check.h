/* What no single key can tell: the configuration as a whole. */
#ifndef PARLEY_NODE_CONFIG_CHECK_H
#define PARLEY_NODE_CONFIG_CHECK_H

#include "node/config.h"

/* Works out server.listen_host and listen_port, and reports what does not fit together. */
void config_check(struct config *c, struct config_report *report);

/* "HOST:PORT" or "[IPV6]:PORT", port 0..65535, into `host` (a new string) and `port`; false, with
 * both unchanged, for anything else. */
bool config_parse_address(const char *text, char **host, uint16_t *port);

#endif
