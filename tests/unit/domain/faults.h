/*
 * Failures at one place of a run: in each allocation of what is linked in (not of the libraries), each statement that SQLite runs, each blob that it gives.
 * The test must be linked with --wrap for these functions: see meson.build. One thread.
 */
#ifndef LK_TESTS_DOMAIN_FAULTS_H
#define LK_TESTS_DOMAIN_FAULTS_H

#include <stdbool.h>

enum fault { FAULT_ALLOCATION, FAULT_STATEMENT, FAULT_VALUE };

/* From now on so many places of this kind are passed, and the next fails; after it none does. step_result: SQLite's, of a statement that fails. */
void faults_arm(enum fault kind, long places, int step_result);

/* No more failures. Whether there was one. */
bool faults_disarm(void);

#endif
