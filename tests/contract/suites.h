/* The contract suites: every promise of the headers in port/, as a test that fails when a driver
 * breaks it. Each returns how many of its tests failed. */
#ifndef PARLEY_CONTRACT_SUITES_H
#define PARLEY_CONTRACT_SUITES_H

int contract_journal(void);
int contract_account_store(void);
int contract_channel_store(void);
int contract_message_store(void);

/* journal_positions.c: tests of the suite `journal`. */
void journal_ids_survive_a_clock_that_goes_back(void **state);
void journal_more_than_a_millisecond_holds_borrows_from_the_next(void **state);
void journal_position_is_the_last_published(void **state);
void journal_channel_stays_in_its_partition(void **state);

#endif
