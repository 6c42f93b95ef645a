#include "fixture.h"

#include "base/ip.h"

#include "domain/ip_allow.h"

static int create(struct fixture *f, const char *cidr, bool active, struct lk_ip_allow *ret) {
    const struct lk_ip_allow_input input = {
        .cidr = lk_slice_cstr(cidr), .description_given = true, .description = LK_SLICE("office"), .active_given = true, .active = active};
    fixture_begin(f);
    return fixture_end(f, lk_ip_allow_create(&f->call, &input, ret));
}

static int update(struct fixture *f, const struct lk_id *id, const struct lk_ip_allow_input *input, struct lk_ip_allow *ret) {
    fixture_begin(f);
    return fixture_end(f, lk_ip_allow_update(&f->call, fixture_id(f, id), input, ret));
}

static int delete_entry(struct fixture *f, const struct lk_id *id) {
    fixture_begin(f);
    return fixture_end(f, lk_ip_allow_delete(&f->call, fixture_id(f, id)));
}

static bool admits(struct fixture *f, const char *remote) {
    bool admitted;
    struct lk_ip ip;
    f->call.client_ip = lk_ip_parse(lk_slice_cstr(remote), &ip) == 0 ? &ip : NULL;
    assert_int_equal(lk_ip_allow_admits(&f->call, &f->account.id, &admitted), 0);
    f->call.client_ip = NULL;
    return admitted;
}

static void test_life_of_an_entry(void **state) {
    struct fixture *f = *state;
    struct lk_ip_allow entry;
    assert_int_equal(create(f, "2001:DB8::/32", true, &entry), 0);
    assert_true(lk_slice_is(entry.cidr, "2001:db8::/32"));
    assert_true(lk_slice_is(entry.description, "office"));
    assert_true(entry.active);
    fixture_expect(f, create(f, "2001:db8:0::/32", false, &entry), LK_ECONFLICT, "The IP allow list has 2001:db8::/32 already");
    fixture_expect(f, create(f, "10.0.0.1/8", true, &entry), LK_EINVAL, "Invalid cidr: the address 10.0.0.1 has bits set");
    fixture_expect(f, create(f, "10.0.0.0/40", true, &entry), LK_EINVAL, "Invalid cidr: \"40\" is no prefix length");
    struct lk_ip_allow second;
    assert_int_equal(create(f, "::ffff:10.0.0.0/104", true, &second), 0);
    assert_true(lk_slice_is(second.cidr, "10.0.0.0/8"));

    struct lk_ip_allow_input input = {.cidr = LK_SLICE("2001:db8::/32")};
    fixture_expect(f, update(f, &second.id, &input, &entry), LK_ECONFLICT, "The IP allow list has 2001:db8::/32 already");
    input = (struct lk_ip_allow_input){.active_given = true, .active = false};
    assert_int_equal(update(f, &second.id, &input, &entry), 0);
    assert_false(entry.active);
    assert_true(lk_slice_is(entry.cidr, "10.0.0.0/8"));
    assert_true(lk_slice_is(entry.description, "office"));
    input = (struct lk_ip_allow_input){.cidr = LK_SLICE("192.0.2.1"), .description_given = true};
    assert_int_equal(update(f, &second.id, &input, &entry), 0);
    assert_true(lk_slice_is(entry.cidr, "192.0.2.1/32"));
    assert_null(entry.description.ptr);
    assert_false(entry.active);

    struct lk_ip_allow *entries;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_ip_allow_list(&f->call, (struct lk_page){1, 0}, &entries, &len, &info), 0);
    assert_int_equal(len, 1);
    assert_int_equal(info.total, 2);
    assert_true(lk_slice_is(entries[0].cidr, "192.0.2.1/32"));

    assert_int_equal(delete_entry(f, &second.id), 0);
    fixture_expect(f, delete_entry(f, &second.id), LK_ENOTFOUND, "IP allow entry does not exist");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'IP_ALLOW_ENTRY' AND failure IS NULL"), 5);
}

static void test_what_it_admits(void **state) {
    struct fixture *f = *state;
    struct lk_ip_allow off;
    struct lk_ip_allow on;
    assert_true(admits(f, "203.0.113.1"));
    assert_int_equal(create(f, "192.0.2.0/24", false, &off), 0);
    assert_true(admits(f, "203.0.113.1"));
    assert_true(admits(f, ""));
    assert_int_equal(create(f, "10.0.0.0/8", true, &on), 0);
    assert_true(admits(f, "10.1.2.3"));
    assert_true(admits(f, "::ffff:10.1.2.3"));
    assert_false(admits(f, "192.0.2.1"));
    assert_false(admits(f, "2001:db8::1"));
    assert_false(admits(f, ""));
}

static void test_who_may(void **state) {
    struct fixture *f = *state;
    struct lk_ip_allow entry;
    struct lk_ip_allow other;
    struct lk_ip_allow *entries;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(create(f, "10.0.0.0/8", true, &entry), 0);

    struct lk_account account;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &account, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    fixture_expect(f, delete_entry(f, &entry.id), LK_ENOTFOUND, "IP allow entry does not exist");
    assert_int_equal(create(f, "10.0.0.0/8", true, &other), 0);
    assert_int_equal(lk_ip_allow_list(&f->call, (struct lk_page){10, 0}, &entries, &len, &info), 0);
    assert_int_equal(len, 1);

    assert_int_equal(fixture_act(f, f->admin_token), 0);
    fixture_act_with(f, LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS));
    const char *says = "User not authorized: MANAGE_IP_WHITELIST is required";
    fixture_expect(f, create(f, "11.0.0.0/8", true, &other), LK_EFORBIDDEN, says);
    fixture_expect(f, delete_entry(f, &entry.id), LK_EFORBIDDEN, says);
    fixture_expect(f, lk_ip_allow_list(&f->call, (struct lk_page){10, 0}, &entries, &len, &info), LK_EFORBIDDEN, says);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'IP_ALLOW_ENTRY' AND failure IS NOT NULL"),
                     2);
}

static void test_it_is_bounded(void **state) {
    struct fixture *f = *state;
    struct lk_ip_allow entry;
    assert_int_equal(create(f, "10.0.0.0/8", true, &entry), 0);
    fixture_sql(f, "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) INSERT INTO ip_allow "
                   "SELECT CAST(printf('%016d', i) AS BLOB), account_id, 'block ' || i, CAST(printf('%016d', i) AS BLOB), prefix, "
                   "description, status, created_at, "
                   "updated_at FROM ip_allow, n");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM ip_allow"), LK_IP_ALLOW_MAX);
    fixture_expect(f, create(f, "11.0.0.0/8", true, &entry), LK_ELIMIT, "The IP allow list is full: it holds at most 1000 entries");
    assert_int_equal(delete_entry(f, &entry.id), 0);
    assert_int_equal(create(f, "11.0.0.0/8", true, &entry), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_life_of_an_entry, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_it_admits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_who_may, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_it_is_bounded, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
