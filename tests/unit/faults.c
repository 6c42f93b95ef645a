#include "faults.h"

#include "base/arena.h"
#include "base/error.h"

#include <stddef.h>

static bool armed;
static enum fault armed_kind;
static long countdown;
static bool struck;
static int step_result;

void faults_arm(enum fault kind, long places, int result) {
    armed = true;
    armed_kind = kind;
    countdown = places;
    struck = false;
    step_result = result;
}

int faults_step_result(void) {
    return step_result;
}

bool faults_disarm(void) {
    armed = false;
    return struck;
}

bool faults_strike(enum fault kind) {
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
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_lk_arena_alloc(struct lk_arena *arena, size_t size);
void *__wrap_lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size);
char *__wrap_lk_arena_strdup(struct lk_arena *arena, struct lk_slice text);
int __wrap_lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret);

void *__wrap_malloc(size_t size) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_realloc(old, size);
}

void *__wrap_lk_arena_alloc(struct lk_arena *arena, size_t size) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_lk_arena_alloc(arena, size);
}

void *__wrap_lk_arena_calloc(struct lk_arena *arena, size_t count, size_t size) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_lk_arena_calloc(arena, count, size);
}

char *__wrap_lk_arena_strdup(struct lk_arena *arena, struct lk_slice text) {
    return faults_strike(FAULT_ALLOCATION) ? NULL : __real_lk_arena_strdup(arena, text);
}

int __wrap_lk_arena_copy(struct lk_arena *arena, struct lk_slice text, struct lk_slice *ret) {
    return faults_strike(FAULT_ALLOCATION) ? LK_ENOMEM : __real_lk_arena_copy(arena, text, ret);
}
