/* What the connections of a listening socket begin with. */
#include "../unit.h"

#include "http/listen.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

/* The server's end of a connection to a listener on an address. */
static int connection_of(const char *text) {
    struct sockaddr_storage address;
    socklen_t len = 0;
    struct lk_problem problem = {0};
    int listener = -1;
    assert_int_equal(http_address_parse(text, &address, &len), 0);
    assert_int_equal(http_listen(&address, len, text, false, &listener, &problem), 0);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sends_without_delay_and_keeps_little),
        cmocka_unit_test(controls_no_congestion_within_the_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
