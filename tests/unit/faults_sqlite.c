#include "faults.h"

#include <sqlite3.h>

int __real_sqlite3_step(sqlite3_stmt *stmt);
int __real_sqlite3_extended_errcode(sqlite3 *handle);
int __real_sqlite3_column_bytes(sqlite3_stmt *stmt, int index);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_extended_errcode(sqlite3 *handle);
int __wrap_sqlite3_column_bytes(sqlite3_stmt *stmt, int index);

static bool step_failed; /* and the connection has not been asked yet why */

int __wrap_sqlite3_step(sqlite3_stmt *stmt) {
    if (!faults_strike(FAULT_STATEMENT))
        return __real_sqlite3_step(stmt);
    step_failed = true;
    return faults_step_result();
}

int __wrap_sqlite3_extended_errcode(sqlite3 *handle) {
    if (!step_failed)
        return __real_sqlite3_extended_errcode(handle);
    step_failed = false;
    return faults_step_result();
}

/* A blob that lost its last byte: ids, digests, MACs and sealed secrets are blobs, and each has one length only. */
int __wrap_sqlite3_column_bytes(sqlite3_stmt *stmt, int index) {
    int len = __real_sqlite3_column_bytes(stmt, index);
    return len > 0 && sqlite3_column_type(stmt, index) == SQLITE_BLOB && faults_strike(FAULT_VALUE) ? len - 1 : len;
}
