/* What the writer remembers of the log's end, read again at the start: the client ids and read
 * positions of the events above the watermark. Inside adapter/sqlite only. */
#ifndef PARLEY_ADAPTER_SQLITE_REBUILD_H
#define PARLEY_ADAPTER_SQLITE_REBUILD_H

#include "adapter/sqlite/writer.h"

/* A stop leaves nothing above the watermark, a crash at most two generations (0.1 s). More, as
 * after the index was dropped, is written to the index on the way, a generation at a time. */
enum err writer_rebuild(struct writer *w);

#endif
