/* Unix socket listeners: the file, its mode, what is there before and after. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char directory[64];
static char path[96];
static char address[128];

static int set_up(void **state) {
    (void)state;
    snprintf(directory, sizeof(directory), "/tmp/latchkey-unix-XXXXXX");
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/socket", directory);
    snprintf(address, sizeof(address), "unix:%s", path);
    return 0;
}

static int tear_down(void **state) {
    stop_after_test(state);
    unlink(path);
    return rmdir(directory);
}

static struct http_config unix_config(void) {
    struct http_config config = test_config();
    test_listener()->address = address;
    return config;
}

static unsigned mode_of_file(void) {
    struct stat file;
    assert_int_equal(stat(path, &file), 0);
    return file.st_mode & 07777;
}

static void serves_and_cleans_up(void **state) {
    (void)state;
    struct http_config config = unix_config();
    config.threads = 3;
    start(&config);
    assert_int_equal(mode_of_file(), 0600);
    assert_int_equal(http_server_port(test_server(), 0), 0);
    int first = dial_unix(path);
    int second = dial_unix(path);
    say(first, GET("/echo"));
    say(second, GET("/echo") GET("/echo?x"));
    expect_answer(first, 200, "GET /echo? ");
    expect_answer(second, 200, "GET /echo? ");
    expect_answer(second, 200, "GET /echo?x ");
    stop(1000);
    expect_end(first);
    expect_end(second);
    assert_int_equal(access(path, F_OK), -1);
}

static void sets_the_mode(void **state) {
    (void)state;
    struct http_config config = unix_config();
    test_listener()->unix_mode = 0666;
    start(&config);
    assert_int_equal(mode_of_file(), 0666);
}

static void replaces_a_stale_socket(void **state) {
    (void)state;
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    memcpy(name.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    close(fd);
    assert_int_equal(access(path, F_OK), 0);
    struct http_config config = unix_config();
    start(&config);
    fd = dial_unix(path);
    say(fd, GET("/echo"));
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
}

static void refuses(const struct http_config *config, int code, const char *part) {
    struct http_server *other = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(http_server_create(config, &other, &problem), code);
    assert_non_null(strstr(problem.text, part));
    assert_null(other);
}

static void leaves_what_is_in_use(void **state) {
    (void)state;
    struct http_config config = unix_config();
    start(&config);
    refuses(&config, LK_EBUSY, "another program");
    int fd = dial_unix(path);
    say(fd, GET("/echo"));
    expect_answer(fd, 200, "GET /echo? ");
    close(fd);
}

static void leaves_other_files(void **state) {
    (void)state;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    struct http_config config = unix_config();
    refuses(&config, LK_EBUSY, "no socket");
    assert_int_equal(access(path, F_OK), 0);
}

/* A successor may have taken the path over while this one drains. */
static void leaves_the_socket_of_a_successor(void **state) {
    (void)state;
    struct http_config config = unix_config();
    start(&config);
    assert_int_equal(unlink(path), 0);
    struct http_server *successor = NULL;
    struct lk_problem problem = {0};
    assert_int_equal(http_server_create(&config, &successor, &problem), 0);
    stop(0);
    assert_int_equal(access(path, F_OK), 0);
    http_server_free(successor);
    assert_int_equal(access(path, F_OK), -1);
}

static void refuses_bad_paths(void **state) {
    (void)state;
    char text[200];
    struct http_config config = unix_config();
    memset(text, 'a', sizeof(text));
    memcpy(text, "unix:/", 6);
    text[sizeof(text) - 1] = '\0';
    test_listener()->address = text;
    refuses(&config, LK_EINVAL, "unix:/path");
    test_listener()->address = "unix:";
    refuses(&config, LK_EINVAL, "unix:/path");
    test_listener()->address = "unix:/nonexistent/directory/socket";
    refuses(&config, LK_EIO, "/nonexistent/directory/socket");
}

#define UNIX_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        UNIX_TEST(serves_and_cleans_up),  UNIX_TEST(sets_the_mode),      UNIX_TEST(replaces_a_stale_socket),
        UNIX_TEST(leaves_what_is_in_use), UNIX_TEST(leaves_other_files), UNIX_TEST(leaves_the_socket_of_a_successor),
        UNIX_TEST(refuses_bad_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
