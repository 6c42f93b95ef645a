#include "../unit.h"

#include "../access_list.h"
#include "base/file.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[32];
static int fd; /* open since before its modes, some of which let nobody open it but root */

static int set_up(void **state) {
    (void)state;
    strcpy(path, "/tmp/latchkey-file-XXXXXX");
    fd = mkstemp(path);
    return fd >= 0 ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    close(fd);
    return unlink(path);
}

static bool is_shared_but_with(uid_t user) {
    struct stat file;
    assert_int_equal(fstat(fd, &file), 0);
    return lk_file_is_shared(fd, file.st_mode, user);
}

static bool is_shared(void) {
    return is_shared_but_with(geteuid());
}

static void test_modes(void **state) {
    (void)state;
    static const mode_t closed[] = {0600, 0400, 0700, 0};
    static const mode_t open_to_others[] = {0640, 0620, 0604, 0602, 0666, 0601, 0610};
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        assert_int_equal(chmod(path, closed[i]), 0);
        assert_false(is_shared());
    }
    for (size_t i = 0; i < sizeof open_to_others / sizeof open_to_others[0]; i++) {
        assert_int_equal(chmod(path, open_to_others[i]), 0);
        assert_true(is_shared());
    }
}

static void test_lists(void **state) {
    (void)state;
    const unsigned we = geteuid();
    const struct {
        struct access_list list;
        bool shared;
    } cases[] = {
        {{4, we, 4, 0, 0, 0}, false}, /* a credential of a service that has a user, from systemd 254 on */
        {{6, we, 6, 0, 0, 0}, false}, {{4, we + 1, 4, 0, 0, 0}, true}, {{4, we + 1, 0, 0, 0, 0}, false},
        {{4, we, 4, 4, 0, 0}, true},  {{4, we, 4, 0, 4, 0}, true},     {{4, we, 4, 0, 0, 4}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (!access_list_set(path, &cases[i].list))
            skip();
        assert_int_equal(is_shared(), cases[i].shared);
    }
    const struct access_list of_another = {4, we + 1, 4, 0, 0, 0};
    assert_true(access_list_set(path, &of_another));
    assert_false(is_shared_but_with(we + 1)); /* as root looks at what is another user's */
    assert_int_equal(chmod(path, 0600), 0);   /* which empties the mask: the list gives nothing any more */
    assert_false(is_shared());
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lists, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
