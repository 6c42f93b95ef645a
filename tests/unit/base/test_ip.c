#include "../unit.h"

#include "base/ip.h"

static void expect_range(const char *text, const char *canonical) {
    struct lk_ip_range range;
    struct lk_problem problem = {0};
    if (lk_ip_range_parse(lk_slice_cstr(text), &range, &problem) != 0)
        fail_msg("%s: %s", text, problem.text);
    char out[LK_IP_RANGE_TEXT];
    lk_ip_range_format(&range, out);
    assert_string_equal(out, canonical);
    struct lk_ip_range again;
    assert_int_equal(lk_ip_range_parse(lk_slice_cstr(out), &again, NULL), 0);
    assert_memory_equal(&again.network, &range.network, sizeof(range.network));
    assert_int_equal(again.prefix, range.prefix);
}

static void test_spellings(void **state) {
    (void)state;
    expect_range("192.0.2.7", "192.0.2.7/32");
    expect_range("192.0.2.0/24", "192.0.2.0/24");
    expect_range("0.0.0.0/0", "0.0.0.0/0");
    expect_range("10.128.0.0/9", "10.128.0.0/9");
    expect_range("2001:DB8:0:0::/32", "2001:db8::/32");
    expect_range("::/0", "::/0");
    expect_range("2001:db8::1", "2001:db8::1/128");
    expect_range("::ffff:192.0.2.0/120", "192.0.2.0/24");
    expect_range("::ffff:192.0.2.9", "192.0.2.9/32");
    expect_range("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
}

static void expect_refused(const char *text, const char *says) {
    struct lk_ip_range range;
    struct lk_problem problem = {0};
    assert_int_equal(lk_ip_range_parse(lk_slice_cstr(text), &range, &problem), LK_EINVAL);
    if (strstr(problem.text, says) == NULL)
        fail_msg("%s: got \"%s\", expected \"%s\"", text, problem.text, says);
}

static void test_errors_name_the_wrong_part(void **state) {
    (void)state;
    expect_refused("", "\"\" is no IPv4 or IPv6 address");
    expect_refused("192.0.2/24", "\"192.0.2\" is no IPv4 or IPv6 address");
    expect_refused("192.0.2.256", "\"192.0.2.256\" is no");
    expect_refused("192.0.2.01", "\"192.0.2.01\" is no");
    expect_refused("example.org/8", "\"example.org\" is no");
    expect_refused("fe80::1%eth0", "is no IPv4 or IPv6 address");
    expect_refused("[::1]", "is no IPv4 or IPv6 address");
    expect_refused(" 10.0.0.0/8", "is no IPv4 or IPv6 address");
    expect_refused("1\n2", "\"1?2\" is no");
    expect_refused("10.0.0.0/33", "\"33\" is no prefix length of an IPv4 address: it must be a number from 0 to 32");
    expect_refused("10.0.0.0/", "\"\" is no prefix length");
    expect_refused("10.0.0.0/-1", "\"-1\" is no prefix length");
    expect_refused("10.0.0.0/08", "\"08\" is no prefix length");
    expect_refused("10.0.0.0/8/8", "\"8/8\" is no prefix length");
    expect_refused("10.0.0.0/255.0.0.0", "is no prefix length");
    expect_refused("::/129", "\"129\" is no prefix length of an IPv6 address: it must be a number from 0 to 128");
    expect_refused("10.0.0.1/8", "10.0.0.1 has bits set after the first 8: the block that it is in is 10.0.0.0/8");
    expect_refused("2001:db8::1/64", "has bits set after the first 64: the block that it is in is 2001:db8::/64");
}

static void expect_has(const char *block, const char *address, bool expected) {
    struct lk_ip_range range;
    struct lk_ip ip;
    assert_int_equal(lk_ip_range_parse(lk_slice_cstr(block), &range, NULL), 0);
    assert_int_equal(lk_ip_parse(lk_slice_cstr(address), &ip), 0);
    if (lk_ip_range_has(&range, &ip) != expected)
        fail_msg("%s in %s", address, block);
}

static void test_membership(void **state) {
    (void)state;
    expect_has("10.0.0.0/8", "10.255.255.255", true);
    expect_has("10.0.0.0/8", "11.0.0.0", false);
    expect_has("10.0.0.0/8", "::ffff:10.1.2.3", true);
    expect_has("::ffff:10.0.0.0/104", "10.1.2.3", true);
    expect_has("10.128.0.0/9", "10.127.255.255", false);
    expect_has("10.128.0.0/9", "10.128.0.0", true);
    expect_has("192.0.2.7", "192.0.2.7", true);
    expect_has("192.0.2.7", "192.0.2.6", false);
    expect_has("0.0.0.0/0", "203.0.113.9", true);
    expect_has("0.0.0.0/0", "2001:db8::1", false);
    expect_has("::/0", "2001:db8::1", true);
    expect_has("::/0", "192.0.2.1", false);
    expect_has("::fffe:0:0/95", "192.0.2.1", false);
    expect_has("2001:db8::/33", "2001:db8:7fff::1", true);
    expect_has("2001:db8::/33", "2001:db8:8000::1", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_errors_name_the_wrong_part),
        cmocka_unit_test(test_membership),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
