/* The log and the history of direct delivery, on the server that PARLEY_TEST_POSTGRES names. */
#ifndef PARLEY_CONTRACT_DOORS_POSTGRES_H
#define PARLEY_CONTRACT_DOORS_POSTGRES_H

#include "doors.h"

extern const struct event_log_driver event_log_postgres;
extern const struct history_driver history_postgres;

#endif
