#include "../unit.h"

#include "cli/connection.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void urls_have_three_forms(void **state) {
    (void)state;
    struct lk_problem problem;
    static const char *const good[] = {"http://h", "https://h:1/", "unix:/run/latchkey.sock", "unix:x"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(cli_server_check(&(struct cli_server){.url = good[i]}, &problem), 0);
    static const char *const bad[] = {
        "", "h:1", "ftp://h", "http:/h", "unix:", "http://h/?x", "http://h#x", "http://h:99999", "http://h\n", "http://a b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(cli_server_check(&(struct cli_server){.url = bad[i]}, &problem), LK_EINVAL);
}

/* As where a script writes http://$HOST and has none: libcurl would ask, and show the key to, a host called like the path. */
static void urls_name_a_host(void **state) {
    (void)state;
    struct lk_problem problem;
    static const char *const bad[] = {"http://", "https://", "http:///", "http://:5390", "http:////h", "http://?h", "http://#"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(cli_server_check(&(struct cli_server){.url = bad[i]}, &problem), LK_EINVAL);
        assert_non_null(strstr(problem.text, "names no host"));
    }
    assert_int_equal(cli_server_check(&(struct cli_server){.url = "http://[::1]:1"}, &problem), 0);
}

static void socket_paths_fit_an_address(void **state) {
    (void)state;
    struct lk_problem problem;
    char url[128] = "unix:";
    memset(url + 5, 'x', 107);
    assert_int_equal(cli_server_check(&(struct cli_server){.url = url}, &problem), 0);
    url[5 + 107] = 'x';
    assert_int_equal(cli_server_check(&(struct cli_server){.url = url}, &problem), LK_EINVAL);
    assert_non_null(strstr(problem.text, "1 to 107 bytes; this one has 108"));
}

static void paths_are_put_behind(void **state) {
    (void)state;
    static const struct {
        const char *url, *wanted;
    } cases[] = {{"http://h", "http://h/graphql"}, {"https://h:1//", "https://h:1/graphql"}, {"unix:/x/", "http://localhost/graphql"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *url = cli_server_url(&(struct cli_server){.url = cases[i].url}, "/graphql");
        assert_string_equal(url, cases[i].wanted);
        free(url);
    }
}

/* The files matter to https alone: the environment may name them for another server. */
static void files_are_looked_at_where_they_matter(void **state) {
    (void)state;
    struct lk_problem problem;
    struct cli_server server = {.url = "http://h", .ca = "/nowhere/ca.pem"};
    assert_int_equal(cli_server_check(&server, &problem), 0);
    server.url = "https://h";
    assert_int_equal(cli_server_check(&server, &problem), LK_EFORBIDDEN);
    assert_non_null(strstr(problem.text, "--ca, /nowhere/ca.pem: No such file"));
    server = (struct cli_server){.url = "https://h", .client_key = "/dev/null"};
    assert_int_equal(cli_server_check(&server, &problem), LK_EINVAL);
    server.client_cert = "/nowhere/cert.pem";
    assert_int_equal(cli_server_check(&server, &problem), LK_EFORBIDDEN);
    assert_non_null(strstr(problem.text, "--client-cert, /nowhere/cert.pem"));
}

static void keys_that_others_read_are_noticed(void **state) {
    (void)state;
    char path[] = "/tmp/latchkey-test-XXXXXX";
    unsigned mode = 0;
    int fd = mkostemp(path, O_CLOEXEC);
    assert_true(fd >= 0);
    struct cli_server server = {.url = "https://h", .client_cert = "/dev/null", .client_key = path};
    assert_null(cli_server_open_key(&server, &mode));
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_string_equal(cli_server_open_key(&server, &mode), path);
    assert_int_equal(mode, 0640);
    server = (struct cli_server){.url = "https://h", .client_cert = path};
    assert_string_equal(cli_server_open_key(&server, &mode), path);
    server.url = "http://h";
    assert_null(cli_server_open_key(&server, &mode));
    close(fd);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_have_three_forms),
        cmocka_unit_test(urls_name_a_host),
        cmocka_unit_test(socket_paths_fit_an_address),
        cmocka_unit_test(paths_are_put_behind),
        cmocka_unit_test(files_are_looked_at_where_they_matter),
        cmocka_unit_test(keys_that_others_read_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
