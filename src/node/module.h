/* Loads the modules of drivers (port/driver.h). parley-<name>.so is looked for in PARLEY_MODULES
 * when that is set, else beside the program, where the build puts it, and in ../lib/parley, where
 * `make install` does. A module stays loaded until the process ends: threads of the libraries
 * behind it may outlive their last use.
 *
 * Called at start, from one thread. */
#ifndef PARLEY_NODE_MODULE_H
#define PARLEY_NODE_MODULE_H

#include <stddef.h>

#include "base/err.h"
#include "port/driver.h"

/* The drivers that there can be, in the order in which they are told. */
extern const char *const module_names[];
extern const size_t module_count;

/* The module of the driver `name`, whose configuration has `config_size` bytes (0: not to be
 * opened). ERR_NOT_FOUND: there is none; ERR_UNAVAILABLE: it cannot be loaded or is not of this
 * build. Then a sentence in `reason`. */
enum err module_load(const char *name, size_t config_size, const struct driver_module **out,
                     char *reason, size_t reason_size);

#endif
