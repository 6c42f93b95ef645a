#include "fixture.h"

#include "domain/recovery.h"
#include "domain/rules.h"

/* As `latchkey recover` does it. */
static struct lk_recovery recover(struct fixture *f, const struct lk_id *account, const char *key_name) {
    struct lk_recovery recovery;
    fixture_act_as_system(f, account);
    fixture_begin(f);
    if (fixture_end(f, lk_account_recover(&f->call, lk_slice_cstr(key_name), &recovery)) != 0)
        fail_msg("%s", f->problem.text);
    return recovery;
}

/* The key holds all that an administrator of a new account, or of the operators', holds. */
static void expect_administrator(struct fixture *f, const struct lk_recovery *recovery, bool operators) {
    assert_int_equal(fixture_act(f, recovery->token), 0);
    const struct lk_permissions *held = &f->call.actor->permissions;
    assert_int_equal(held->account, LK_ACCOUNT_PERMISSIONS_ALL);
    assert_true(lk_permissions_hold_scope(held, lk_slice_cstr("invoices.read")));
    assert_int_equal(lk_permissions_hold_scope(held, lk_slice_cstr(LK_SCOPE_OPERATOR)), operators);
    assert_int_equal(held->apps_len, 1);
    assert_int_equal(held->apps[0].type, LK_APP_ALL);
    assert_int_equal(held->apps[0].actions, 0xFU | 1U << LK_ACTION_EXECUTE_PIPELINE | 1U << LK_ACTION_EXECUTE_WORKFLOW);
}

/* Acme is not the operators' account, because another one is. */
static struct lk_account with_operators_elsewhere(struct fixture *f) {
    struct lk_account account;
    struct lk_id group;
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(lk_account_create(&f->call, NULL, lk_slice_cstr("Operators"), true, &account, &group), 0);
    return account;
}

static void test_the_group_that_is_there(void **state) {
    struct fixture *f = *state;
    struct lk_account operators = with_operators_elsewhere(f);
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_false(recovery.group_made);
    assert_true(lk_id_equal(&recovery.group_id, &f->admin_group));
    assert_true(lk_slice_is(recovery.group_name, "Account Administrator"));
    expect_administrator(f, &recovery, false);
    recovery = recover(f, &operators.id, "recovered");
    assert_false(recovery.group_made);
    expect_administrator(f, &recovery, true);
}

static void test_its_name_does_not_matter(void **state) {
    struct fixture *f = *state;
    with_operators_elsewhere(f);
    fixture_sql(f, "UPDATE user_group SET name = 'Renamed' WHERE name = 'Account Administrator'");
    fixture_act_as_system(f, &f->account.id);
    fixture_group(f, "Account Administrator", 0, NULL);
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_false(recovery.group_made);
    assert_true(lk_slice_is(recovery.group_name, "Renamed"));
    expect_administrator(f, &recovery, false);
}

static void test_the_oldest_of_several(void **state) {
    struct fixture *f = *state;
    with_operators_elsewhere(f);
    fixture_sql(
        f, "UPDATE user_group SET id = CAST('0123456789abcdef' AS BLOB), permissions = (SELECT permissions FROM user_group WHERE name = "
           "'Account Administrator' AND permissions NOT LIKE '%operator%'), created_at = created_at + 1 WHERE name = 'Production "
           "Support' AND account_id = (SELECT id FROM account WHERE name = 'Acme')");
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_true(lk_slice_is(recovery.group_name, "Account Administrator"));
    fixture_sql(f, "UPDATE user_group SET created_at = created_at - 2 WHERE name = 'Production Support'");
    recovery = recover(f, &f->account.id, "recovered again");
    assert_true(lk_slice_is(recovery.group_name, "Production Support"));
}

static void test_no_group(void **state) {
    struct fixture *f = *state;
    with_operators_elsewhere(f);
    fixture_sql(f, "DELETE FROM user_group WHERE name = 'Account Administrator' AND permissions NOT LIKE '%operator%'");
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_true(recovery.group_made);
    assert_true(lk_slice_is(recovery.group_name, "Account Administrator"));
    expect_administrator(f, &recovery, false);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_type = 'USER_GROUP' AND operation = 'CREATE' AND "
                                      "resource_name = 'Account Administrator' AND actor_kind = 'SYSTEM'"),
                     1);
    struct lk_recovery again = recover(f, &f->account.id, "recovered again");
    assert_false(again.group_made);
    assert_true(lk_id_equal(&again.group_id, &recovery.group_id));
}

static void test_names_that_are_taken(void **state) {
    struct fixture *f = *state;
    with_operators_elsewhere(f);
    fixture_sql(
        f, "UPDATE user_group SET permissions = '{\"account\":[],\"scopes\":[\"*\"],\"apps\":[]}' WHERE name = 'Account Administrator' "
           "AND permissions NOT LIKE '%operator%'");
    fixture_act_as_system(f, &f->account.id);
    fixture_group(f, "Account Administrator 2", LK_ACCOUNT_PERMISSIONS_ALL, "*");
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_true(recovery.group_made);
    assert_true(lk_slice_is(recovery.group_name, "Account Administrator 3"));
    expect_administrator(f, &recovery, false);
}

static void test_operators_whose_scope_is_gone(void **state) {
    struct fixture *f = *state;
    struct lk_account other;
    fixture_act_as_system(f, &f->account.id);
    struct lk_id group;
    assert_int_equal(lk_account_create(&f->call, NULL, lk_slice_cstr("Other"), false, &other, &group), 0);
    fixture_sql(f, "UPDATE account SET created_at = created_at - 1 WHERE name = 'Acme'");
    struct lk_recovery recovery = recover(f, &other.id, "recovered");
    assert_false(recovery.group_made);
    expect_administrator(f, &recovery, false);
    recovery = recover(f, &f->account.id, "recovered");
    assert_true(recovery.group_made);
    assert_true(lk_slice_is(recovery.group_name, "Account Administrator 2"));
    expect_administrator(f, &recovery, true);
}

static void test_operators_who_hold_nothing_else(void **state) {
    struct fixture *f = *state;
    fixture_act_as_system(f, &f->account.id);
    fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_sql(f, "INSERT INTO account (id, name, created_at, audit_seq, audit_mac, audit_seal) "
                   "SELECT zeroblob(16), 'older', 0, audit_seq, audit_mac, audit_seal FROM account");
    struct lk_recovery recovery = recover(f, &f->account.id, "recovered");
    assert_true(recovery.group_made);
    expect_administrator(f, &recovery, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_the_group_that_is_there),
        TEST(test_its_name_does_not_matter),
        TEST(test_the_oldest_of_several),
        TEST(test_no_group),
        TEST(test_names_that_are_taken),
        TEST(test_operators_whose_scope_is_gone),
        TEST(test_operators_who_hold_nothing_else),
    };
    return cmocka_run_group_tests_name("domain/recovery", tests, NULL, NULL);
}
