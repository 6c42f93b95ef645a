#include "faults.h"

#include "base/arena.h"
#include "base/error.h"

#include <sqlite3.h>
#include <stddef.h>

static bool armed;
static enum fault armed_kind;
static long countdown;
static bool struck;
static int step_result;
static bool step_failed; /* and the connection has not been asked yet why */

void faults_arm(enum fault kind, long places, int result) {
    armed = true;
    armed_kind = kind;
    countdown = places;
    struck = false;
    step_result = result;
}

bool faults_disarm(void) {
    armed = false;
    step_failed = false;
    return struck;
}

static bool strikes(enum fault kind) {
    if (!armed || armed_kind != kind || struck || countdown-- > 0)
        return false;
    struck = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_lk_arena_alloc(struct lk_arena *arena, size_t size);
void *__real_lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size);
char *__real_lk_arena_strdup(struct lk_arena *arena, struct lk_slice text);
int __real_lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret);
int __real_sqlite3_step(sqlite3_stmt *stmt);
int __real_sqlite3_extended_errcode(sqlite3 *handle);
int __real_sqlite3_column_bytes(sqlite3_stmt *stmt, int index);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_lk_arena_alloc(struct lk_arena *arena, size_t size);
void *__wrap_lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size);
char *__wrap_lk_arena_strdup(struct lk_arena *arena, struct lk_slice text);
int __wrap_lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret);
int __wrap_sqlite3_step(sqlite3_stmt *stmt);
int __wrap_sqlite3_extended_errcode(sqlite3 *handle);
int __wrap_sqlite3_column_bytes(sqlite3_stmt *stmt, int index);

void *__wrap_malloc(size_t size) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_realloc(old, size);
}

void *__wrap_lk_arena_alloc(struct lk_arena *arena, size_t size) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_lk_arena_alloc(arena, size);
}

void *__wrap_lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_lk_arena_calloc(arena, count, size);
}

char *__wrap_lk_arena_strdup(struct lk_arena *arena, struct lk_slice text) {
    return strikes(FAULT_ALLOCATION) ? NULL : __real_lk_arena_strdup(arena, text);
}

int __wrap_lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret) {
    return strikes(FAULT_ALLOCATION) ? LK_ENOMEM : __real_lk_arena_copy(arena, text, ret);
}

int __wrap_sqlite3_step(sqlite3_stmt *stmt) {
    if (!strikes(FAULT_STATEMENT))
        return __real_sqlite3_step(stmt);
    step_failed = true;
    return step_result;
}

int __wrap_sqlite3_extended_errcode(sqlite3 *handle) {
    if (!step_failed)
        return __real_sqlite3_extended_errcode(handle);
    step_failed = false;
    return step_result;
}

/* A blob that lost its last byte: ids, digests, MACs and sealed secrets are blobs, and each has one length only. */
int __wrap_sqlite3_column_bytes(sqlite3_stmt *stmt, int index) {
    int len = __real_sqlite3_column_bytes(stmt, index);
    return len > 0 && sqlite3_column_type(stmt, index) == SQLITE_BLOB && strikes(FAULT_VALUE) ? len - 1 : len;
}
