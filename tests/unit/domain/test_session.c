#include "fixture.h"

#include "crypto/password.h"
#include "domain/ip_allow.h"
#include "domain/session.h"

#include <stdio.h>

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define UNKNOWN "4L2X2JLSQe2DnjOwBXj0TQ"

/* Stands for what the background thread makes; no test but one needs a true hash, and that one is slow. */
#define HASH "$argon2id$of a password"

static int set_password(struct fixture *f, const struct lk_id *user, const char *hash) {
    fixture_begin(f);
    return fixture_end(f, lk_user_set_password(&f->call, fixture_id(f, user), lk_slice_cstr(hash)));
}

static void begin(struct fixture *f, const char *email, struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX], size_t *len) {
    f->call.actor = NULL;
    assert_int_equal(lk_login_begin(&f->call, (struct lk_slice){NULL, 0}, lk_slice_cstr(email), candidates, len), 0);
}

/* A login whose password fitted the first candidate. */
static int log_in(struct fixture *f, const char *email, struct lk_login *ret) {
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    begin(f, email, candidates, &len);
    fixture_begin(f);
    return fixture_end(f, lk_login_succeed(&f->call, &candidates[0], ret));
}

/* A login whose password fitted nobody. */
static void fail_login(struct fixture *f, const char *email) {
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    begin(f, email, candidates, &len);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_login_fail(&f->call, candidates, len)), 0);
    assert_null(f->call.actor);
}

static struct lk_user user_with_password(struct fixture *f, const char *email, const struct lk_id *group) {
    struct lk_user user = fixture_user(f, "Ann", email, group);
    assert_int_equal(set_password(f, &user.id, HASH), 0);
    return user;
}

static void test_login(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", &f->admin_group);
    struct lk_login login;
    assert_int_equal(log_in(f, "ANN@b.c", &login), 0);
    assert_int_equal(login.token.len, LK_SESSION_TOKEN_LEN);
    assert_true(lk_slice_starts_with(login.token, LK_SESSION_PREFIX));
    assert_int_equal(login.expires_at, f->call.now_ms + LK_SESSION_LIFETIME_MS);
    assert_true(lk_id_equal(&login.user.id, &user.id));
    assert_true(lk_slice_is(login.account.name, "Acme"));
    assert_int_equal(f->call.actor->kind, LK_ACTOR_USER);
    f->call.actor = NULL;
    assert_int_equal(lk_authenticate_session(&f->call, login.token), 0);
    assert_true(lk_slice_is(f->call.actor->name, "ann@b.c"));
    fixture_key(f, "made by ann", &f->admin_group, NULL);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'LOGIN' AND actor_kind = 'USER'"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_name = 'made by ann' AND actor_name = 'ann@b.c'"),
                     1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE after_doc LIKE '%argon2id%'"), 0);
    const char *says = "Invalid session token";
    f->call.actor = NULL;
    fixture_expect(f, lk_authenticate_session(&f->call, lk_slice_cstr("lks_x")), LK_EUNAUTH, says);
    fixture_expect(f, lk_authenticate_session(&f->call, lk_slice_make(NULL, 0)), LK_EUNAUTH, says);
    f->call.now_ms = login.expires_at;
    fixture_expect(f, lk_authenticate_session(&f->call, login.token), LK_EUNAUTH, says);
    f->call.now_ms--;
    assert_int_equal(lk_authenticate_session(&f->call, login.token), 0);
    assert_int_equal(lk_session_end(&f->call, login.token), 0);
    assert_int_equal(lk_session_end(&f->call, login.token), 0);
    fixture_expect(f, lk_authenticate_session(&f->call, login.token), LK_EUNAUTH, says);
}

static void test_sessions_end_with_what_they_rest_on(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", NULL);
    struct lk_login login;
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    assert_int_equal(set_password(f, &user.id, HASH "2"), 0); /* by herself */
    fixture_expect(f, lk_authenticate_session(&f->call, login.token), LK_EUNAUTH, "Invalid session token");
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), 0);
    fixture_expect(f, lk_authenticate_session(&f->call, login.token), LK_EUNAUTH, "Invalid session token");
}

static void test_nobody_takes_as_long(void **state) {
    struct fixture *f = *state;
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    fixture_user(f, "no password", "none@b.c", NULL);
    const char *emails[] = {"nobody@b.c", "none@b.c", "", "not an address"};
    for (size_t i = 0; i < sizeof(emails) / sizeof(emails[0]); i++) {
        begin(f, emails[i], candidates, &len);
        assert_int_equal(len, 1);
        assert_true(lk_id_is_zero(&candidates[0].user_id));
        assert_false(lk_password_outdated(candidates[0].password_hash)); /* the same work as a true one */
        assert_non_null(candidates[0].refusal);
    }
    assert_int_equal(lk_password_verify(candidates[0].password_hash, lk_slice_cstr("password")), LK_EUNAUTH);
    struct lk_login login;
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_login_succeed(&f->call, &candidates[0], &login)), LK_EUNAUTH, LK_LOGIN_REFUSED);
    fail_login(f, "nobody@b.c");
}

static void test_lock(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", NULL);
    struct lk_login login;
    for (int i = 1; i < LK_LOGIN_FAILURES_MAX; i++)
        fail_login(f, "ann@b.c");
    assert_int_equal(log_in(f, "ann@b.c", &login), 0); /* a good one begins the count anew */
    for (int i = 0; i < LK_LOGIN_FAILURES_MAX; i++)
        fail_login(f, "ann@b.c");
    fixture_expect(f, log_in(f, "ann@b.c", &login), LK_EUNAUTH, LK_LOGIN_REFUSED);
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    begin(f, "ann@b.c", candidates, &len);
    assert_string_not_equal(candidates[0].password_hash.ptr, HASH);
    fail_login(f, "ann@b.c"); /* does not make the lock longer */
    f->call.now_ms += LK_LOGIN_LOCK_MS - 1;
    assert_int_equal(log_in(f, "ann@b.c", &login), LK_EUNAUTH);
    f->call.now_ms += 1;
    fail_login(f, "ann@b.c"); /* one wrong after the lock is not five */
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    for (int i = 0; i < LK_LOGIN_FAILURES_MAX; i++)
        fail_login(f, "ann@b.c");
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_user shown;
    assert_int_equal(lk_user_get(&f->call, fixture_id(f, &user.id), &shown), 0);
    assert_true(shown.has_password);
    assert_true(shown.locked_until > f->call.now_ms);
    assert_int_equal(set_password(f, &user.id, HASH), 0); /* an administrator unlocks so */
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'LOGIN' AND failure = 'Wrong password'"),
                     3 * LK_LOGIN_FAILURES_MAX);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'LOGIN' AND failure LIKE '%locked%'"), 1);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, NULL, &finding), 0);
    assert_true(finding.intact);
}

static void test_a_changed_password_stops_a_login_under_way(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", NULL);
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    struct lk_login login;
    begin(f, "ann@b.c", candidates, &len);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(set_password(f, &user.id, HASH "2"), 0);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_login_succeed(&f->call, &candidates[0], &login)), LK_EUNAUTH, LK_LOGIN_REFUSED);
}

static void test_a_lock_stops_a_login_under_way(void **state) {
    struct fixture *f = *state;
    user_with_password(f, "ann@b.c", NULL);
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    struct lk_login login;
    begin(f, "ann@b.c", candidates, &len);
    for (int i = 0; i < LK_LOGIN_FAILURES_MAX; i++)
        fail_login(f, "ann@b.c");
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_login_succeed(&f->call, &candidates[0], &login)), LK_EUNAUTH, LK_LOGIN_REFUSED);
}

static void test_one_address_in_two_accounts(void **state) {
    struct fixture *f = *state;
    user_with_password(f, "ann@b.c", NULL);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    user_with_password(f, "ann@b.c", NULL);
    struct lk_login_candidate candidates[LK_LOGIN_CANDIDATES_MAX];
    size_t len;
    begin(f, "ann@b.c", candidates, &len);
    assert_int_equal(len, 2);
    assert_int_equal(lk_login_begin(&f->call, fixture_id(f, &other.id), lk_slice_cstr("ann@b.c"), candidates, &len), 0);
    assert_int_equal(len, 1);
    assert_true(lk_id_equal(&candidates[0].account_id, &other.id));
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("x"), lk_slice_cstr("ann@b.c"), candidates, &len), 0);
    assert_true(lk_id_is_zero(&candidates[0].user_id));
}

static void test_who_may_set_a_password(void **state) {
    struct fixture *f = *state;
    struct lk_user strong = fixture_user(f, "strong", "s@b.c", &f->admin_group);
    struct lk_user weak = user_with_password(f, "w@b.c", NULL);
    struct lk_login login;
    struct lk_id unknown;
    assert_int_equal(lk_id_parse(lk_slice_cstr(UNKNOWN), &unknown), 0);
    fixture_expect(f, set_password(f, &unknown, HASH), LK_ENOTFOUND, "User does not exist");
    fixture_act_with(f, BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS));
    assert_int_equal(set_password(f, &weak.id, HASH), 0);
    fixture_expect(f, set_password(f, &strong.id, HASH), LK_EFORBIDDEN, "User not authorized: the user groups hold more");
    assert_int_equal(log_in(f, "w@b.c", &login), 0);
    fixture_expect(f, set_password(f, &strong.id, HASH), LK_EFORBIDDEN, "User not authorized: MANAGE_USERS_AND_GROUPS is required");
    assert_int_equal(set_password(f, &weak.id, HASH), 0);
}

static void test_a_user_can_be_the_last_manager(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", &f->admin_group);
    assert_int_equal(fixture_delete(f, &f->admin_key.id), 0);
    struct lk_login login;
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), LK_ECONFLICT, "This would leave the account");
    struct lk_user_group group;
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_remove_user(&f->call, fixture_id(f, &f->admin_group), fixture_id(f, &user.id), &group)),
                   LK_ECONFLICT, "This would leave the account");
}

static void test_password_rules(void **state) {
    struct fixture *f = *state;
    assert_int_equal(lk_password_rules(lk_slice_cstr("12345678"), &f->problem), 0);
    fixture_expect(f, lk_password_rules(lk_slice_cstr("1234567"), &f->problem), LK_EINVAL, "Invalid password: it must have at least 8");
    fixture_expect(f, lk_password_rules(lk_slice_cstr("12345678\xFF"), &f->problem), LK_EINVAL, "Invalid password: it is not well-formed");
    fixture_expect(f, lk_password_rules(lk_slice_cstr("12345678\n"), &f->problem), LK_EINVAL, "Invalid password: it must not contain");
    char long_one[LK_PASSWORD_MAX + 1];
    memset(long_one, 'x', sizeof(long_one));
    fixture_expect(f, lk_password_rules(lk_slice_make(long_one, sizeof(long_one)), &f->problem), LK_EINVAL,
                   "Invalid password: at most 1024");
}

static int allow(struct fixture *f, const char *block, struct lk_ip_allow *ret) {
    const struct lk_ip_allow_input input = {.block = lk_slice_cstr(block)};
    fixture_begin(f);
    return fixture_end(f, lk_ip_allow_create(&f->call, &input, ret));
}

static void test_ip_allow_list(void **state) {
    struct fixture *f = *state;
    struct lk_ip_allow entry;
    struct lk_ip_allow second;
    assert_int_equal(allow(f, "2001:DB8::/32", &entry), 0);
    assert_true(lk_slice_is(entry.block, "2001:db8::/32"));
    assert_true(entry.active);
    fixture_expect(f, allow(f, "2001:db8:0::/32", &second), LK_ECONFLICT, "The IP allow list has 2001:db8::/32 already");
    fixture_expect(f, allow(f, "192.0.2.1/24", &second), LK_EINVAL, "Invalid address: 192.0.2.1/24");
    fixture_expect(f, allow(f, "", &second), LK_EINVAL, "Invalid address");
    assert_int_equal(allow(f, "198.51.100.0/24", &second), 0);
    struct lk_ip_allow_input input = {.active_given = true, .description_given = true, .description = LK_SLICE("office")};
    struct lk_slice id = fixture_id(f, &second.id);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_ip_allow_update(&f->call, id, &input, &second)), 0);
    assert_false(second.active);
    assert_true(lk_slice_is(second.block, "198.51.100.0/24"));
    struct lk_ip_allow *list;
    size_t len;
    struct lk_page_info info;
    assert_int_equal(lk_ip_allow_list(&f->call, (struct lk_page){10, 0}, &list, &len, &info), 0);
    assert_int_equal(len, 2);
    assert_true(lk_slice_is(list[0].description, "office"));
    const char *says = "IP allow list entry does not exist";
    struct lk_slice unknown = lk_slice_cstr(UNKNOWN);
    fixture_expect(f, lk_ip_allow_get(&f->call, unknown, &entry), LK_ENOTFOUND, says);
    fixture_expect(f, lk_ip_allow_update(&f->call, unknown, &input, &entry), LK_ENOTFOUND, says);
    fixture_expect(f, lk_ip_allow_delete(&f->call, lk_slice_cstr("x")), LK_ENOTFOUND, says);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_ip_allow_delete(&f->call, id)), 0);
    struct lk_account other;
    struct lk_id group;
    struct lk_slice token;
    fixture_account(f, "Other", &other, &group, &token);
    assert_int_equal(fixture_act(f, token), 0);
    fixture_expect(f, lk_ip_allow_get(&f->call, fixture_id(f, &list[1].id), &entry), LK_ENOTFOUND, says);
    fixture_act_with(f, LK_ACCOUNT_PERMISSIONS_ALL & ~BIT(LK_MANAGE_IP_WHITELIST));
    fixture_expect(f, allow(f, "192.0.2.1", &entry), LK_EFORBIDDEN, "User not authorized: MANAGE_IP_WHITELIST is required");
    fixture_expect(f, lk_ip_allow_list(&f->call, (struct lk_page){10, 0}, &list, &len, &info), LK_EFORBIDDEN, "User not authorized");
}

static void test_ip_allow_list_guards_logins(void **state) {
    struct fixture *f = *state; /* requests come from 192.0.2.1 */
    struct lk_ip_allow entry;
    struct lk_login login;
    user_with_password(f, "ann@b.c", NULL);
    assert_int_equal(allow(f, "198.51.100.0/24", &entry), 0);
    assert_int_equal(log_in(f, "ann@b.c", &login), LK_EUNAUTH);
    fail_login(f, "ann@b.c");
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE operation = 'LOGIN' AND failure LIKE '%IP allow list'"), 1);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM user_account WHERE failed_logins > 0"), 0);
    f->call.origin.remote = lk_slice_cstr("::ffff:198.51.100.7");
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
    f->call.origin.remote = lk_slice_cstr("nonsense");
    assert_int_equal(log_in(f, "ann@b.c", &login), LK_EUNAUTH);
    fixture_sql(f, "UPDATE ip_allow SET active = 0");
    assert_int_equal(log_in(f, "ann@b.c", &login), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_login),
        TEST(test_sessions_end_with_what_they_rest_on),
        TEST(test_nobody_takes_as_long),
        TEST(test_lock),
        TEST(test_a_changed_password_stops_a_login_under_way),
        TEST(test_a_lock_stops_a_login_under_way),
        TEST(test_one_address_in_two_accounts),
        TEST(test_who_may_set_a_password),
        TEST(test_a_user_can_be_the_last_manager),
        TEST(test_password_rules),
        TEST(test_ip_allow_list),
        TEST(test_ip_allow_list_guards_logins),
    };
    return cmocka_run_group_tests_name("domain/session", tests, NULL, NULL);
}
