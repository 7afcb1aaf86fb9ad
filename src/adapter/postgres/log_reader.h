/* A reader of the log, plain or of a group. Inside adapter/postgres only. */
#ifndef PARLEY_ADAPTER_POSTGRES_LOG_READER_H
#define PARLEY_ADAPTER_POSTGRES_LOG_READER_H

#include "adapter/postgres/log_state.h"

struct log_reader {
    struct postgres_log *log;
    struct log_listener *listener;
    unsigned turn; /* the partition that comes first */
    uint64_t position[LOG_PARTITIONS_MAX];
    bool has[LOG_PARTITIONS_MAX], paused[LOG_PARTITIONS_MAX];

    char group[PG_GROUP_SIZE]; /* "": a plain reader */
    struct uuid member;
    int64_t renewed_us; /* when its lease was renewed last, as asked for */
};

#endif
