/* A store as the source of an import (port/import.h). Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_EXPORT_H
#define PARLEY_ADAPTER_SQLITE_EXPORT_H

#include "port/import.h"

extern const struct import_source_ops sqlite_export_ops;

#endif
