#include "../unit.h"

#include "keyring/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct lk_ip ip(const char *text) {
    struct lk_ip ip;
    assert_int_equal(lk_ip_parse(lk_slice_cstr(text), &ip), 0);
    return ip;
}

static bool in(const char *const *blocks, size_t len, const char *address) {
    struct lk_slice texts[16] = {{NULL, 0}};
    for (size_t i = 0; i < len; i++)
        texts[i] = lk_slice_cstr(blocks[i]);
    struct lk_ip_list *list;
    assert_int_equal(lk_ip_list_compile(texts, len, &list, NULL), 0);
    struct lk_ip wanted = ip(address);
    bool has = lk_ip_list_has(list, &wanted);
    lk_ip_list_free(list);
    return has;
}

static void test_blocks(void **state) {
    (void)state;
    static const struct {
        const char *block;
        const char *address;
        bool has;
    } cases[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "9.255.255.255", false},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"192.0.2.6/31", "192.0.2.7", true},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "192.0.2.7", false},
        {"::/0", "::ffff:192.0.2.7", false},
        {"2001:db8::/32", "2001:db8:ffff::", true},
        {"2001:db8::/32", "2001:db9::", false},
        {"::1", "::1", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"::ffff:0:0/96", "1.2.3.4", true},
        {"::fffe:0:0/95", "1.2.3.4", false},
        {"128.0.0.0/1", "127.255.255.255", false},
        {"128.0.0.0/1", "128.0.0.0", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(in(&cases[i].block, 1, cases[i].address), cases[i].has);
}

static void test_many(void **state) {
    (void)state;
    static const char *const blocks[] = {"10.1.0.0/16", "10.0.0.0/8", "10.1.2.3", "192.168.0.0/24", "::/0", "2001:db8::/32", "10.0.0.0/8"};
    assert_true(in(blocks, 7, "10.200.0.1"));
    assert_true(in(blocks, 7, "10.1.2.3"));
    assert_true(in(blocks, 7, "192.168.0.255"));
    assert_false(in(blocks, 7, "192.168.1.0"));
    assert_true(in(blocks, 7, "fe80::1"));
    assert_false(in(blocks, 7, "8.8.8.8"));
    assert_false(in(blocks, 0, "8.8.8.8"));
}

static void test_bad(void **state) {
    (void)state;
    static const char *const bad[] = {
        "",       "10.0.0",      "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "2001:db8::1/32",
        "::/129", "1.2.3.4/8/8", "[::1]",      "fe80::1%1",   " 10.0.0.1", "host",        "10.0.0.256",  "::ffff:10.0.0.1/8"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lk_slice text = lk_slice_cstr(bad[i]);
        struct lk_ip_list *list = NULL;
        struct lk_problem problem = {0};
        assert_int_equal(lk_ip_list_compile(&text, 1, &list, &problem), LK_EINVAL);
        assert_null(list);
        assert_true(problem.text[0] != '\0');
    }
    struct lk_slice nothing = {NULL, 0};
    struct lk_ip_list *list = NULL;
    assert_int_equal(lk_ip_list_compile(&nothing, 1, &list, NULL), LK_EINVAL);
    assert_int_equal(lk_ip_list_compile(&nothing, LK_IP_LIST_MAX + 1, &list, NULL), LK_ELIMIT);
}

static void test_sockaddr(void **state) {
    (void)state;
    struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xC0000207)};
    struct lk_ip got;
    assert_int_equal(lk_ip_from_sockaddr((struct sockaddr *)&in4, &got), 0);
    struct lk_ip wanted = ip("::ffff:192.0.2.7");
    assert_memory_equal(&got, &wanted, sizeof got);
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    assert_int_equal(lk_ip_from_sockaddr((struct sockaddr *)&in6, &got), 0);
    wanted = ip("::1");
    assert_memory_equal(&got, &wanted, sizeof got);
    struct sockaddr unix_address = {.sa_family = AF_UNIX};
    assert_int_equal(lk_ip_from_sockaddr(&unix_address, &got), LK_EINVAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_sockaddr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
