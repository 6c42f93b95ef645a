/*
 * A start with a failure at every place: each system call, each allocation, each statement. It ends with the code that fits and a sentence, leaves nothing
 * open, and the next start on the same directory goes well.
 */
#include "../faults.h"
#include "../unit.h"

#include "store/backup.h"
#include "store/datadir.h"
#include "store/executor.h"
#include "store/migrate.h"
#include "store/sqlite.h"
#include "tempdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

/* --- the system's calls, by the names that large files give them --- */

int __real_open64(const char *path, int flags, ...);
int __real_openat64(int directory, const char *path, int flags, ...);
int __real_chmod(const char *path, mode_t mode);
int __real_fchmod(int fd, mode_t mode);
int __real_fsync(int fd);
int __real_flock(int fd, int operation);
int __real_mkdir(const char *path, mode_t mode);
int __real_stat64(const char *path, struct stat *ret);
int __real_fstat64(int fd, struct stat *ret);
int __real_fstatvfs64(int fd, struct statvfs *ret);
int __real_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __real_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_openat64(int directory, const char *path, int flags, ...);
int __wrap_chmod(const char *path, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fsync(int fd);
int __wrap_flock(int fd, int operation);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_stat64(const char *path, struct stat *ret);
int __wrap_fstat64(int fd, struct stat *ret);
int __wrap_fstatvfs64(int fd, struct statvfs *ret);
int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes);
int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context);

static bool is_small; /* the file system: instead of a failure */

static bool fails(void) {
    if (!faults_strike(FAULT_CALL))
        return false;
    errno = EIO;
    return true;
}

int __wrap_open64(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return fails() ? -1 : __real_open64(path, flags, mode);
}

int __wrap_openat64(int directory, const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t); /* always given there */
    va_end(arguments);
    return fails() ? -1 : __real_openat64(directory, path, flags, mode);
}

int __wrap_chmod(const char *path, mode_t mode) {
    return fails() ? -1 : __real_chmod(path, mode);
}

int __wrap_fchmod(int fd, mode_t mode) {
    return fails() ? -1 : __real_fchmod(fd, mode);
}

int __wrap_fsync(int fd) {
    return fails() ? -1 : __real_fsync(fd);
}

int __wrap_flock(int fd, int operation) {
    return fails() ? -1 : __real_flock(fd, operation);
}

int __wrap_mkdir(const char *path, mode_t mode) {
    return fails() ? -1 : __real_mkdir(path, mode);
}

int __wrap_stat64(const char *path, struct stat *ret) {
    return fails() ? -1 : __real_stat64(path, ret);
}

int __wrap_fstat64(int fd, struct stat *ret) {
    return fails() ? -1 : __real_fstat64(fd, ret);
}

int __wrap_fstatvfs64(int fd, struct statvfs *ret) {
    int result = fails() ? -1 : __real_fstatvfs64(fd, ret);
    if (is_small && result == 0)
        ret->f_bavail = 1;
    return result;
}

int __wrap_pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attributes) {
    return fails() ? ENOMEM : __real_pthread_mutex_init(mutex, attributes);
}

int __wrap_pthread_cond_init(pthread_cond_t *condition, const pthread_condattr_t *attributes) {
    return fails() ? ENOMEM : __real_pthread_cond_init(condition, attributes);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context) {
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, start, context);
}

/* --- a start --- */

static bool in_executor; /* what it was doing: there everything that fails is called lack of memory, without a sentence */

static int copy(struct lk_db *db, const char *path, struct lk_problem *problem) {
    struct lk_db_copy *made = NULL;
    int code = lk_db_copy_begin(db, path, &made, problem);
    if (code != 0)
        return code;
    while ((code = lk_db_copy_step(made, 1000, problem)) == 1)
        continue;
    lk_db_copy_end(made);
    return code;
}

/* All that a server does with its directory before it serves, and a backup. */
static int start(const char *directory, struct lk_problem *problem) {
    struct lk_datadir *datadir = NULL;
    struct lk_db *db = NULL;
    struct lk_executor *executor = NULL;
    char path[160];
    char copied[160];
    snprintf(path, sizeof(path), "%s/latchkey.db", directory);
    snprintf(copied, sizeof(copied), "%s/copy.db", directory);
    int code = lk_datadir_open(directory, true, &datadir, problem);
    if (code == 0)
        code = lk_db_open_sqlite(path, true, &db, problem);
    if (code == 0)
        code = lk_migrate(db, NULL, problem);
    if (code == 0)
        code = copy(db, copied, problem);
    in_executor = code == 0;
    if (code == 0)
        code = lk_executor_start(&(struct lk_executor_config){.db = db, .queue_max = 1, .batch_max = 1}, &executor);
    if (executor != NULL)
        lk_executor_stop(executor);
    lk_db_close(db);
    lk_datadir_close(datadir);
    return code;
}

static int open_descriptors(void) {
    int count = 0;
    DIR *list = opendir("/proc/self/fd");
    assert_non_null(list);
    while (readdir(list) != NULL)
        count++;
    closedir(list);
    return count;
}

static void sweep(enum fault fault, int step_result, int expected) {
    for (long place = 0;; place++) {
        struct tempdir *dir = NULL;
        assert_int_equal(tempdir_setup((void **)&dir), 0);
        char directory[96];
        snprintf(directory, sizeof(directory), "%s/data", dir->path);
        struct lk_problem problem = {0};
        int descriptors = open_descriptors();
        faults_arm(fault, place, step_result);
        int code = start(directory, &problem);
        bool struck = faults_disarm();
        assert_int_equal(open_descriptors(), descriptors);
        if (struck && code != (in_executor ? LK_ENOMEM : expected))
            fail_msg("place %ld: %d, and the problem %d %s", place, code, problem.code, problem.text);
        if (struck && !in_executor && (problem.code != code || problem.text[0] == '\0'))
            fail_msg("place %ld: %d, and the problem is %d %s", place, code, problem.code, problem.text);
        code = start(directory, &problem);
        if (code != 0)
            fail_msg("the start after place %ld: %d %s", place, code, problem.text);
        assert_int_equal(tempdir_teardown((void **)&dir), 0);
        if (!struck) {
            assert_true(place > 5);
            return;
        }
    }
}

static void test_each_call(void **state) {
    (void)state;
    sweep(FAULT_CALL, 0, LK_EIO);
}

static void test_each_allocation(void **state) {
    (void)state;
    sweep(FAULT_ALLOCATION, 0, LK_ENOMEM);
}

static void test_each_statement(void **state) {
    (void)state;
    sweep(FAULT_STATEMENT, SQLITE_NOMEM, LK_ENOMEM);
    sweep(FAULT_STATEMENT, SQLITE_INTERRUPT, LK_EINTERNAL);
}

/* A backup that would fill the disk is not begun. */
static void test_no_room_for_a_copy(void **state) {
    struct tempdir *dir = *state;
    struct lk_problem problem = {0};
    struct lk_db *db = NULL;
    assert_int_equal(lk_db_open_sqlite(dir->file, true, &db, &problem), 0);
    char copied[160];
    snprintf(copied, sizeof(copied), "%s/copy.db", dir->path);
    is_small = true;
    int code = copy(db, copied, &problem);
    is_small = false;
    assert_int_equal(code, LK_EFULL);
    assert_non_null(strstr(problem.text, "no room for a copy of the database"));
    struct stat status;
    assert_int_equal(stat(copied, &status), -1);
    assert_int_equal(copy(db, copied, &problem), 0);
    lk_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_call),
        cmocka_unit_test(test_each_allocation),
        cmocka_unit_test(test_each_statement),
        cmocka_unit_test_setup_teardown(test_no_room_for_a_copy, tempdir_setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
