#include "../unit.h"

#include "store/datadir.h"
#include "tempdir.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct paths {
    char data[96];
    char lock[128];
};

static struct paths paths_in(const struct tempdir *dir) {
    struct paths paths;
    snprintf(paths.data, sizeof paths.data, "%s/data", dir->path);
    snprintf(paths.lock, sizeof paths.lock, "%s/lock", paths.data);
    return paths;
}

static unsigned mode_of(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777U;
}

static void refuse(const char *path, bool create, int code, const char *sentence) {
    struct lk_datadir *datadir = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(lk_datadir_open(path, create, &datadir, &problem), code);
    assert_null(datadir);
    assert_int_equal(problem.code, code);
    assert_non_null(strstr(problem.text, path));
    assert_non_null(strstr(problem.text, sentence));
}

static struct lk_datadir *must_open(const char *path, bool create) {
    struct lk_datadir *datadir = NULL;
    struct lk_problem problem = {0};
    if (lk_datadir_open(path, create, &datadir, &problem) != 0)
        fail_msg("%s", problem.text);
    return datadir;
}

static void test_create(void **state) {
    struct paths paths = paths_in(*state);
    static const mode_t masks[] = {0, 0777};
    for (size_t i = 0; i < 2; i++) {
        mode_t before = umask(masks[i]);
        struct lk_datadir *datadir = must_open(paths.data, true);
        umask(before);
        assert_int_equal(mode_of(paths.data), 0700);
        assert_int_equal(mode_of(paths.lock), 0600);
        char *file = lk_datadir_path(datadir, "latchkey.db");
        assert_non_null(file);
        assert_int_equal(strncmp(file, paths.data, strlen(paths.data)), 0);
        assert_string_equal(file + strlen(paths.data), "/latchkey.db");
        free(file);
        lk_datadir_close(datadir);
        lk_datadir_close(must_open(paths.data, false));
        lk_datadir_close(must_open(paths.data, true));
        assert_int_equal(unlink(paths.lock), 0);
        assert_int_equal(rmdir(paths.data), 0);
    }
    char trailing[128];
    snprintf(trailing, sizeof trailing, "%s//", paths.data);
    lk_datadir_close(must_open(trailing, true));
    lk_datadir_close(NULL);
}

static void test_missing(void **state) {
    struct tempdir *dir = *state;
    struct paths paths = paths_in(dir);
    refuse(paths.data, false, LK_ENOTFOUND, "latchkey init");
    assert_int_equal(access(paths.data, F_OK), -1);
    char deep[128];
    snprintf(deep, sizeof deep, "%s/none", paths.data);
    refuse(deep, true, LK_ENOTFOUND, "create the directory it lies in");

    /* A directory that is none of ours is left as it is. */
    assert_int_equal(mkdir(paths.data, 0700), 0);
    refuse(paths.data, false, LK_ENOTFOUND, "not a Latchkey data directory");
    assert_int_equal(access(paths.lock, F_OK), -1);

    int fd = open(dir->file, O_CREAT | O_WRONLY, 0600);
    close(fd);
    refuse(dir->file, false, LK_ENOTFOUND, "Not a directory");
    refuse(dir->file, true, LK_ENOTFOUND, "Not a directory");
}

/* The mode bits count, whoever runs the test. */
static void test_reachable_by_others(void **state) {
    struct paths paths = paths_in(*state);
    lk_datadir_close(must_open(paths.data, true));
    static const mode_t modes[] = {0750, 0705, 0720, 0702, 0710, 0701, 0755, 0777};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        assert_int_equal(chmod(paths.data, modes[i]), 0);
        refuse(paths.data, false, LK_EFORBIDDEN, "chmod 700");
        refuse(paths.data, true, LK_EFORBIDDEN, "chmod 700");
    }
    assert_int_equal(chmod(paths.data, 0700), 0);
    lk_datadir_close(must_open(paths.data, false));
}

/* A link in place of the lock would have two servers lock two files, or one of somebody else. */
static void test_lock_is_a_link(void **state) {
    struct paths paths = paths_in(*state);
    assert_int_equal(mkdir(paths.data, 0700), 0);
    assert_int_equal(symlink("elsewhere", paths.lock), 0);
    refuse(paths.data, true, LK_EIO, "lock");
}

static void test_one_process(void **state) {
    struct paths paths = paths_in(*state);
    lk_datadir_close(must_open(paths.data, true));
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct lk_datadir *datadir = NULL;
        char good = lk_datadir_open(paths.data, false, &datadir, NULL) == 0 ? 'y' : 'n';
        if (write(ready[1], &good, 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    char answer = 0;
    assert_int_equal(read(ready[0], &answer, 1), 1);
    assert_int_equal(answer, 'y');
    char process[32];
    snprintf(process, sizeof process, "(process %d)", (int)child);
    refuse(paths.data, false, LK_EBUSY, process);
    refuse(paths.data, true, LK_EBUSY, process);

    /* It ends with the process, however that ends. */
    assert_int_equal(kill(child, SIGKILL), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    close(ready[0]);
    close(ready[1]);
    struct lk_datadir *mine = must_open(paths.data, false);
    refuse(paths.data, false, LK_EBUSY, "stop it first"); /* the same process a second time */
    lk_datadir_close(mine);
    lk_datadir_close(must_open(paths.data, false));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_missing, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_reachable_by_others, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_lock_is_a_link, tempdir_setup, tempdir_teardown),
        cmocka_unit_test_setup_teardown(test_one_process, tempdir_setup, tempdir_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
