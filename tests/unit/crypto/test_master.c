#include "../unit.h"

#include "../access_list.h"
#include "crypto/crypto.h"
#include "master_of.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct files {
    char dir[64];
    char path[96];
};

static int setup(void **state) {
    struct files *files = calloc(1, sizeof *files);
    if (files == NULL)
        return -1;
    snprintf(files->dir, sizeof files->dir, "/tmp/latchkey-test-XXXXXX");
    if (mkdtemp(files->dir) == NULL) {
        free(files);
        return -1;
    }
    snprintf(files->path, sizeof files->path, "%s/master.key", files->dir);
    *state = files;
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

static int teardown(void **state) {
    struct files *files = *state;
    int result = nftw(files->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(files);
    return result;
}

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void refuse(const char *path, int code, const char *sentence) {
    struct lk_master *master = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(lk_master_load(path, &master, &problem), code);
    assert_int_equal(problem.code, code);
    assert_null(master);
    assert_non_null(strstr(problem.text, path));
    assert_non_null(strstr(problem.text, sentence));
}

static void test_create(void **state) {
    struct files *files = *state;
    struct lk_master *made = NULL;
    struct lk_master *read = NULL;
    struct lk_problem problem = {0};
    mode_t before = umask(0377);
    assert_int_equal(lk_master_create(files->path, &made, &problem), 0);
    umask(before);
    struct stat status;
    assert_int_equal(stat(files->path, &status), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    assert_int_equal(status.st_size, 32);
    assert_int_equal(status.st_nlink, 1);
    assert_int_equal(lk_master_load(files->path, &read, &problem), 0);
    assert_memory_equal(lk_master_bytes(made), lk_master_bytes(read), LK_MASTER_BYTES);

    /* Never replaced, and nothing is left beside it. */
    assert_int_equal(lk_master_create(files->path, NULL, &problem), LK_ECONFLICT);
    assert_non_null(strstr(problem.text, files->path));
    struct lk_master *again = NULL;
    assert_int_equal(lk_master_load(files->path, &again, &problem), 0);
    assert_memory_equal(lk_master_bytes(made), lk_master_bytes(again), LK_MASTER_BYTES);
    lk_master_free(again);
    lk_master_free(read);
    lk_master_free(made);
    lk_master_free(NULL);
    assert_int_equal(unlink(files->path), 0);
    assert_int_equal(rmdir(files->dir), 0);
    assert_int_equal(mkdir(files->dir, 0700), 0);

    assert_int_equal(symlink("nowhere", files->path), 0);
    assert_int_equal(lk_master_create(files->path, NULL, &problem), LK_ECONFLICT);
    char path[128];
    snprintf(path, sizeof path, "%s/none/master.key", files->dir);
    assert_int_equal(lk_master_create(path, NULL, &problem), LK_ENOTFOUND);
}

static void test_create_here(void **state) {
    struct files *files = *state;
    char *before = getcwd(NULL, 0);
    assert_non_null(before);
    assert_int_equal(chdir(files->dir), 0);
    assert_int_equal(lk_master_create("master.key", NULL, NULL), 0);
    assert_int_equal(chdir(before), 0);
    free(before);
    struct lk_master *a = NULL;
    assert_int_equal(lk_master_load(files->path, &a, NULL), 0);
    lk_master_free(a);
}

static void test_load_refuses(void **state) {
    struct files *files = *state;
    uint8_t bytes[64];
    memset(bytes, 'k', sizeof bytes);
    refuse(files->path, LK_ENOTFOUND, "latchkey init");

    static const size_t wrong[] = {0, 1, 31, 33, 64};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        write_file(files->path, bytes, wrong[i], 0600);
        refuse(files->path, LK_ECORRUPT, "instead of 32");
    }
    static const mode_t open_modes[] = {0640, 0620, 0604, 0602, 0644, 0666, 0601, 0610};
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        write_file(files->path, bytes, 32, open_modes[i]);
        refuse(files->path, LK_EFORBIDDEN, "chmod 600");
    }
    static const uint8_t zeros[32];
    write_file(files->path, zeros, 32, 0600);
    refuse(files->path, LK_ECORRUPT, "zeros");
    write_file(files->path, bytes, 32, 0400);
    struct lk_master *master = NULL;
    assert_int_equal(lk_master_load(files->path, &master, NULL), 0);
    assert_memory_equal(lk_master_bytes(master), bytes, 32);
    lk_master_free(master);

    refuse(files->dir, LK_EFORBIDDEN, "regular file");
    assert_int_equal(unlink(files->path), 0);
    assert_int_equal(mkfifo(files->path, 0600), 0);
    refuse(files->path, LK_EFORBIDDEN, "regular file"); /* and does not wait for a writer */
}

/* How systemd hands the key to a service that has a user: the mode shows as 0440. */
static void test_load_by_access_list(void **state) {
    struct files *files = *state;
    const struct access_list credential = {.owner = 4, .user = geteuid(), .user_may = 4};
    const struct access_list open_to_another = {.owner = 4, .user = geteuid() + 1, .user_may = 4};
    uint8_t bytes[32];
    memset(bytes, 'k', sizeof bytes);
    write_file(files->path, bytes, sizeof bytes, 0400);
    if (!access_list_set(files->path, &credential))
        skip();
    struct lk_master *master = NULL;
    assert_int_equal(lk_master_load(files->path, &master, NULL), 0);
    lk_master_free(master);
    assert_true(access_list_set(files->path, &open_to_another));
    refuse(files->path, LK_EFORBIDDEN, "chmod 600");
}

static void test_full_disk(void **state) {
    struct files *files = *state;
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &none);
        struct lk_problem problem;
        _exit(lk_master_create(files->path, NULL, &problem) < 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(rmdir(files->dir), 0); /* nothing is left in it */
    assert_int_equal(mkdir(files->dir, 0700), 0);
}

static void check_parse(const char *text, int code) {
    struct lk_master *master = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(lk_master_parse(lk_slice_cstr(text), &master, &problem), code);
    if (code != 0) {
        assert_null(master);
        assert_int_equal(problem.code, code);
        assert_true(strlen(text) < 8 || strstr(problem.text, text) == NULL);
        return;
    }
    struct lk_master *expected = master_of(0);
    assert_memory_equal(lk_master_bytes(master), lk_master_bytes(expected), LK_MASTER_BYTES);
    lk_master_free(expected);
    lk_master_free(master);
}

static void test_parse(void **state) {
    (void)state;
    check_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 0);
    check_parse("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F\n", 0);
    check_parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", 0);
    check_parse(" AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n", 0);
    check_parse("", LK_EINVAL);
    check_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g", LK_EINVAL);
    check_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e", LK_EINVAL);
    check_parse("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00", LK_EINVAL);
    check_parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9", LK_EINVAL); /* spare bits */
    check_parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh", LK_EINVAL);
    check_parse("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", LK_EINVAL);
    check_parse("0000000000000000000000000000000000000000000000000000000000000000", LK_EINVAL);
}

static void test_protect(void **state) {
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct rlimit limit;
        bool good = lk_crypto_protect_process() == 0 && prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &limit) == 0 &&
                    limit.rlim_cur == 0 && limit.rlim_max == 0;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static int init(void **state) {
    (void)state;
    return lk_crypto_init();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_create, setup, teardown),
        cmocka_unit_test_setup_teardown(test_create_here, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_load_by_access_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, setup, teardown),
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_protect),
    };
    return cmocka_run_group_tests(tests, init, NULL);
}
