/* SQLite's file system with faults on demand: the default one from the first call on. */
#ifndef PARLEY_CONTRACT_FAULT_VFS_H
#define PARLEY_CONTRACT_FAULT_VFS_H

#include <stdbool.h>

/* Before anything is opened; harmless when repeated. */
void fault_vfs_install(void);
/* While set, every write finds the disk full. Any thread. */
void fault_vfs_fill_disk(bool full);
/* The same, but only for the database file: the write-ahead log has room. */
void fault_vfs_fill_database(bool full);
/* While set, every sync fails. */
void fault_vfs_fail_sync(bool fail);
/* How many syncs there were. */
unsigned long fault_vfs_syncs(void);

#endif
