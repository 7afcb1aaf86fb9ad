/* Adding to a report. */
#ifndef PARLEY_NODE_CONFIG_REPORT_H
#define PARLEY_NODE_CONFIG_REPORT_H

#include "node/config.h"

/* "WHERE: PATH: sentence"; `where` NULL and `path` "" are left out. */
void config_report_add(struct config_report *r, bool is_error, const struct config_where *where,
                       const char *path, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* "parley.yaml:12", "PARLEY_SERVER_PORT", "--listen" or "default". */
void config_where_print(const struct config_where *where, const char *path, struct buf *out);

#endif
