/*
 * Failures at one place of a run: in each allocation of what is linked in (not of the libraries); and with faults_sqlite.c in each statement that SQLite
 * runs and each blob that it gives. The test must be linked with --wrap for these functions: see meson.build beside this. One thread.
 */
#ifndef LK_TESTS_FAULTS_H
#define LK_TESTS_FAULTS_H

#include <stdbool.h>

enum fault { FAULT_ALLOCATION, FAULT_STATEMENT, FAULT_VALUE, FAULT_CALL /* a test that has any stands in for them itself */ };

/* From now on so many places of this kind are passed, and the next fails; after it none does. step_result: SQLite's, of a statement that fails. */
void faults_arm(enum fault kind, long places, int step_result);

/* For what stands in for a function: whether it is to fail. */
bool faults_strike(enum fault kind);
int faults_step_result(void);

/* No more failures. Whether there was one. */
bool faults_disarm(void);

#endif
