/* What the connections of a listening socket begin with, and servers that begin to listen at once. */
#include "../unit.h"

#include "http/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Called at the last moment before the first socket listens. */
static void (*before_listening)(void);

int listen(int fd, int n) {
    void (*call)(void) = before_listening;
    before_listening = NULL;
    if (call != NULL)
        call();
    return (int)syscall(SYS_listen, fd, n);
}

/* The server's end of a connection to a listener on an address. */
static int connection_of(const char *text) {
    struct sockaddr_storage address;
    socklen_t len = 0;
    struct lk_problem problem = {0};
    int listener = -1;
    assert_int_equal(http_address_parse(text, &address, &len), 0);
    assert_int_equal(http_listen(&address, len, text, true, &listener, &problem), 0);
    http_address_set_port(&address, http_bound_port(listener));
    int client = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, len), 0);
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    assert_true(fd >= 0);
    close(client);
    close(listener);
    return fd;
}

static int number(int fd, int option) {
    int value = -1;
    socklen_t len = sizeof(value);
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, option, &value, &len), 0);
    return value;
}

static void expect_control(int fd, const char *expected) {
    char name[16] = {0};
    socklen_t len = sizeof(name) - 1;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &len), 0);
    assert_string_equal(name, expected);
}

static void sends_without_delay_and_keeps_little(void **state) {
    (void)state;
    const char *const addresses[] = {"127.0.0.1:0", "127.1.2.3:0", "0.0.0.0:0", "[::1]:0"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        int fd = connection_of(addresses[i]);
        assert_int_equal(number(fd, TCP_NODELAY), 1);
        assert_int_equal(number(fd, TCP_NOTSENT_LOWAT), 256 << 10);
        close(fd);
    }
}

/* What the system's own choice is, is the system's business. */
static void controls_no_congestion_within_the_machine(void **state) {
    (void)state;
    const char *const addresses[] = {"127.0.0.1:0", "127.1.2.3:0", "[::1]:0"};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        int fd = connection_of(addresses[i]);
        expect_control(fd, "reno");
        close(fd);
    }
    char choice[16] = {0};
    socklen_t len = sizeof(choice) - 1;
    int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(getsockopt(plain, IPPROTO_TCP, TCP_CONGESTION, choice, &len), 0);
    close(plain);
    int fd = connection_of("0.0.0.0:0");
    expect_control(fd, choice);
    close(fd);
}

/* Another server, which begins meanwhile. */
static struct {
    struct sockaddr_storage address;
    socklen_t len;
    pthread_t thread;
    int fd;
    int code;
    struct stat id;
    struct lk_problem problem;
} other;

static void listen_too(void) {
    other.code = http_listen(&other.address, other.len, "the address", true, &other.fd, &other.problem);
}

static void one_of_two_servers_has_the_port(void **state) {
    (void)state;
    struct lk_problem problem = {0};
    int fd = -1;
    assert_int_equal(http_address_parse("127.0.0.1:0", &other.address, &other.len), 0);
    assert_int_equal(http_listen(&other.address, other.len, "", true, &fd, &problem), 0); /* to learn of a free port */
    http_address_set_port(&other.address, http_bound_port(fd));
    close(fd);
    before_listening = listen_too;
    int code = http_listen(&other.address, other.len, "the address", true, &fd, &problem);
    assert_int_equal(code + other.code, LK_EBUSY);
    assert_string_equal(code != 0 ? problem.text : other.problem.text, "Cannot listen on the address: another program does already");
    close(code == 0 ? fd : other.fd);
}

static void *listen_there_too(void *unused) {
    other.code = http_listen_unix(&other.address, other.len, 0600, &other.fd, &other.id, &other.problem);
    return unused;
}

static void let_it_begin(void) {
    assert_int_equal(pthread_create(&other.thread, NULL, listen_there_too, NULL), 0);
    poll(NULL, 0, 100);
}

static void one_of_two_servers_has_the_path(void **state) {
    (void)state;
    char directory[] = "/tmp/latchkey-listen-XXXXXX";
    char path[64];
    char text[80];
    struct lk_problem problem = {0};
    struct stat id;
    int fd = -1;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/socket", directory);
    snprintf(text, sizeof(text), "unix:%s", path);
    assert_int_equal(http_address_parse(text, &other.address, &other.len), 0);
    before_listening = let_it_begin;
    assert_int_equal(http_listen_unix(&other.address, other.len, 0600, &fd, &id, &problem), 0);
    pthread_join(other.thread, NULL);
    assert_int_equal(other.code, LK_EBUSY);
    http_unlink_unix(path, &id); /* it is still the first one's */
    assert_int_equal(access(path, F_OK), -1);
    close(fd);
    assert_int_equal(rmdir(directory), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_without_delay_and_keeps_little),
        cmocka_unit_test(controls_no_congestion_within_the_machine),
        cmocka_unit_test(one_of_two_servers_has_the_port),
        cmocka_unit_test(one_of_two_servers_has_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
