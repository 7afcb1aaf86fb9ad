/* Conditions whose timed waits no step of the wall clock can shorten or stretch. */
#ifndef PARLEY_BASE_COND_H
#define PARLEY_BASE_COND_H

#include <pthread.h>
#include <time.h>

/* A condition that waits by the steady clock (CLOCK_MONOTONIC). */
void cond_init(pthread_cond_t *c);
/* `ms` from now, for pthread_cond_timedwait on such a condition. */
struct timespec cond_deadline(unsigned ms);

#endif
