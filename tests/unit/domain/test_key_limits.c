#include "fixture.h"

#include "domain/key_limits.h"

#define DAY INT64_C(86400000)

static struct lk_slice document(struct fixture *f, const char *const *texts, size_t len) {
    struct lk_slice slices[LK_ALLOWED_IPS_MAX];
    struct lk_slice made;
    for (size_t i = 0; i < len; i++)
        slices[i] = lk_slice_cstr(texts[i]);
    assert_int_equal(lk_allowed_ips_write(&f->call, slices, len, &made), 0);
    return made;
}

#define DOCUMENT(f, ...) document(f, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static bool admits(struct fixture *f, struct lk_slice list, const char *text) {
    struct lk_ip ip;
    bool admitted = false;
    if (text != NULL)
        assert_int_equal(lk_ip_parse(lk_slice_cstr(text), &ip), 0);
    assert_int_equal(lk_allowed_ips_admit(&f->call, list, text == NULL ? NULL : &ip, &admitted), 0);
    return admitted;
}

static bool widened(struct fixture *f, struct lk_slice before, struct lk_slice after) {
    bool wider = false;
    assert_int_equal(lk_allowed_ips_widened(&f->call, before, after, &wider), 0);
    return wider;
}

static const struct lk_slice anywhere = {NULL, 0};

static void test_addresses(void **state) {
    struct fixture *f = *state;
    struct lk_slice list = DOCUMENT(f, "192.0.2.0/24", "2001:db8::1", "::ffff:198.51.100.0/120", "192.0.2.0/24");
    assert_true(lk_slice_is(list, "[\"192.0.2.0/24\",\"2001:db8::1/128\",\"198.51.100.0/24\"]"));
    assert_true(admits(f, list, "192.0.2.255"));
    assert_true(admits(f, list, "::ffff:192.0.2.1"));
    assert_true(admits(f, list, "198.51.100.7"));
    assert_true(admits(f, list, "2001:db8::1"));
    assert_false(admits(f, list, "2001:db8::2"));
    assert_false(admits(f, list, "192.0.3.0"));
    assert_false(admits(f, list, NULL));
    assert_true(admits(f, anywhere, "192.0.3.0"));
    assert_true(admits(f, anywhere, NULL));
    assert_false(admits(f, DOCUMENT(f, "::/0"), "192.0.2.1"));
    assert_true(admits(f, DOCUMENT(f, "::/0"), "2001:db8::1"));
    assert_false(admits(f, DOCUMENT(f, "0.0.0.0/0"), "2001:db8::1"));
    struct lk_slice none;
    assert_int_equal(lk_allowed_ips_write(&f->call, NULL, 0, &none), 0);
    assert_null(none.ptr);
    struct lk_slice bad[] = {LK_SLICE("192.0.2.1"), {NULL, 0}};
    fixture_expect(f, lk_allowed_ips_write(&f->call, bad, 2, &none), LK_EINVAL, "Invalid allowedIps: an entry must not be null");
    bad[1] = lk_slice_cstr("10.0.0.0/8/8");
    fixture_expect(f, lk_allowed_ips_write(&f->call, bad, 2, &none), LK_EINVAL, "Invalid allowedIps: \"8/8\" is no prefix length");
    bool admitted;
    fixture_expect(f, lk_allowed_ips_admit(&f->call, lk_slice_cstr("[\"nonsense\"]"), NULL, &admitted), LK_ECORRUPT, "");
}

static void test_widened(void **state) {
    struct fixture *f = *state;
    struct lk_slice list = DOCUMENT(f, "192.0.2.0/24", "2001:db8::/32");
    assert_false(widened(f, anywhere, anywhere));
    assert_false(widened(f, anywhere, list));
    assert_true(widened(f, list, anywhere));
    assert_false(widened(f, list, list));
    assert_false(widened(f, list, DOCUMENT(f, "192.0.2.128/25", "192.0.2.7", "2001:db8:1::/48")));
    assert_true(widened(f, list, DOCUMENT(f, "192.0.2.0/23")));
    assert_true(widened(f, list, DOCUMENT(f, "192.0.2.0/24", "198.51.100.1")));
    assert_true(widened(f, DOCUMENT(f, "::/0"), DOCUMENT(f, "192.0.2.1")));
}

static void test_rates(void **state) {
    struct fixture *f = *state;
    const struct lk_rate_limit none = {0, 0};
    const struct lk_rate_limit rate = {100, 60};
    assert_false(lk_rate_limit_raised(&none, &rate));
    assert_false(lk_rate_limit_raised(&none, &none));
    assert_true(lk_rate_limit_raised(&rate, &none));
    assert_false(lk_rate_limit_raised(&rate, &rate));
    assert_false(lk_rate_limit_raised(&rate, &(struct lk_rate_limit){50, 60}));
    assert_false(lk_rate_limit_raised(&rate, &(struct lk_rate_limit){50, 30}));
    assert_true(lk_rate_limit_raised(&rate, &(struct lk_rate_limit){50, 29}));
    assert_true(lk_rate_limit_raised(&rate, &(struct lk_rate_limit){101, 3600}));
    assert_false(
        lk_rate_limit_raised(&(struct lk_rate_limit){LK_RATE_LIMIT_MAX, 1}, &(struct lk_rate_limit){LK_RATE_LIMIT_MAX, 31 * 86400}));
    assert_int_equal(lk_rate_limit_check(&f->call, &(struct lk_rate_limit){LK_RATE_LIMIT_MAX, LK_RATE_WINDOW_MAX}), 0);
    assert_int_equal(lk_rate_limit_check(&f->call, &(struct lk_rate_limit){LK_RATE_LIMIT_MAX + 1, 1}), LK_EINVAL);
    assert_int_equal(lk_rate_limit_check(&f->call, &(struct lk_rate_limit){1, LK_RATE_WINDOW_MAX + 1}), LK_EINVAL);
}

/* What comes of credits that a client gave. */
static int store_credits(struct fixture *f, const struct lk_credits_input *input, struct lk_credits_row *ret) {
    bool has = false;
    int code = lk_credits_store(&f->call, LK_CREDITS_OF_ACCOUNT, &f->account.id, input);
    if (code != 0)
        return code;
    assert_int_equal(lk_credits_find(&f->call, LK_CREDITS_OF_ACCOUNT, &f->account.id, &has, ret), 0);
    assert_true(has);
    return 0;
}

static void test_credits(void **state) {
    struct fixture *f = *state;
    struct lk_credits_row row;
    struct lk_credits_input input = {.remaining = LK_CREDITS_MAX};
    assert_int_equal(store_credits(f, &input, &row), 0);
    assert_int_equal(row.remaining, LK_CREDITS_MAX);
    assert_false(row.has_refill);
    input = (struct lk_credits_input){.has_refill = true, .amount = 5, .interval = LK_SLICE("MONTHLY")};
    assert_int_equal(store_credits(f, &input, &row), 0);
    assert_true(row.has_refill);
    assert_int_equal(row.refill_day, 1);
    assert_true(row.refill_at > f->call.now_ms && row.refill_at % DAY == 0 && row.refill_at <= f->call.now_ms + 31 * DAY);
    input.remaining = LK_CREDITS_MAX + 1;
    fixture_expect(f, store_credits(f, &input, &row), LK_EINVAL, "Invalid credits: remaining must be a whole number");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_widened, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_rates, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_credits, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
