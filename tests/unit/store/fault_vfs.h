/*
 * A file system for SQLite that fails on command: a layer over the real one. It becomes the default, so a connection opened afterwards uses it.
 * Counters are of all files together. For tests that use one connection at a time; a test may set plan while another thread runs the
 * connection only when that thread is idle.
 */
#ifndef LK_TESTS_STORE_FAULT_VFS_H
#define LK_TESTS_STORE_FAULT_VFS_H

#include <stdbool.h>

enum fault_operation { FAULT_NONE, FAULT_WRITE, FAULT_SYNC, FAULT_READ };

struct fault_plan {
    enum fault_operation operation;
    int after;  /* this many succeed first, counted from when the plan is set */
    int result; /* SQLITE_FULL, SQLITE_IOERR_FSYNC, ... */
    bool once;  /* else every later one fails as well */
    int error;  /* errno with it */
};

/* 0 on success. */
int fault_vfs_install(void);

/* Replaces the plan and sets the counters to 0. */
void fault_vfs_plan(struct fault_plan plan);

/* How often an operation was asked for since then. */
int fault_vfs_count(enum fault_operation operation);

#endif
