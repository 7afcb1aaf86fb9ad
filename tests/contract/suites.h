/* The contract suites: every promise of the headers in port/, as a test that fails when a driver
 * breaks it. Each returns how many of its tests failed. */
#ifndef PARLEY_CONTRACT_SUITES_H
#define PARLEY_CONTRACT_SUITES_H

int contract_journal(void);
int contract_account_store(void);
int contract_channel_store(void);
int contract_message_store(void);

#endif
