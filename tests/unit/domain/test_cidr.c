#include "../unit.h"

#include "domain/cidr.h"

static void expect(const char *text, const char *canonical) {
    struct lk_cidr cidr;
    char out[LK_CIDR_TEXT];
    int code = lk_cidr_parse(lk_slice_cstr(text), &cidr);
    if (code != 0)
        fail_msg("%s: refused", text);
    lk_cidr_format(&cidr, out);
    assert_string_equal(out, canonical);
    struct lk_cidr again;
    assert_int_equal(lk_cidr_parse(lk_slice_cstr(out), &again), 0);
    assert_memory_equal(&again, &cidr, sizeof(cidr));
}

static void test_text(void **state) {
    (void)state;
    expect("192.0.2.1", "192.0.2.1");
    expect("192.0.2.1/32", "192.0.2.1");
    expect("192.0.2.0/24", "192.0.2.0/24");
    expect("0.0.0.0/0", "0.0.0.0/0");
    expect("2001:DB8::/32", "2001:db8::/32");
    expect("2001:db8:0:0:0:0:0:1/128", "2001:db8::1");
    expect("::/0", "::/0");
    expect("::ffff:192.0.2.1", "192.0.2.1");
    expect("::ffff:192.0.2.0/120", "192.0.2.0/24");
    const char *bad[] = {"",
                         "x",
                         "192.0.2",
                         "192.0.2.1/33",
                         "192.0.2.1/24",
                         "192.0.2.0/",
                         "192.0.2.0/024",
                         "1.2.3.4/-1",
                         "1.2.3.4/ 8",
                         "2001:db8::/129",
                         "2001:db8::1/64",
                         ":::",
                         "1.2.3.4/1x",
                         " 1.2.3.4",
                         "1.2.3.4 ",
                         "1.2.3.256",
                         "/8",
                         "fe80::1%eth0",
                         "01.2.3.4",
                         "1.2.3.4/32/1"};
    struct lk_cidr cidr;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (lk_cidr_parse(lk_slice_cstr(bad[i]), &cidr) != LK_EINVAL)
            fail_msg("%s: accepted", bad[i]);
    }
    assert_int_equal(lk_cidr_parse(lk_slice_make("1.2.3.4\0", 8), &cidr), LK_EINVAL);
}

static bool has(const char *block, const char *text) {
    struct lk_cidr cidr;
    struct lk_address address;
    assert_int_equal(lk_cidr_parse(lk_slice_cstr(block), &cidr), 0);
    assert_int_equal(lk_address_parse(lk_slice_cstr(text), &address), 0);
    return lk_cidr_has(&cidr, &address);
}

static void test_has(void **state) {
    (void)state;
    assert_true(has("192.0.2.0/25", "192.0.2.127"));
    assert_false(has("192.0.2.0/25", "192.0.2.128"));
    assert_true(has("192.0.2.1", "::ffff:192.0.2.1"));
    assert_false(has("192.0.2.1", "192.0.2.2"));
    assert_true(has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(has("0.0.0.0/0", "255.255.255.255"));
    assert_false(has("0.0.0.0/0", "2001:db8::1"));
    assert_true(has("::/0", "192.0.2.1"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_has)};
    return cmocka_run_group_tests_name("domain/cidr", tests, NULL, NULL);
}
