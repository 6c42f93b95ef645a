#include "fixture.h"

#include "base/ip.h"
#include "crypto/session_token.h"
#include "domain/ip_allow.h"
#include "domain/session.h"
#include "domain/user_rows.h"
#include "store/group_member.h"

#include <stdio.h>

/* Argon2id is left out but where it is what is tested: these stand for its work. */
#define PASSWORD "correct horse"
#define MINUTE ((int64_t)60000)

static const struct lk_slice none = {NULL, 0};

static void do_tasks(struct lk_password_tasks *tasks, bool fits) {
    for (size_t i = 0; i < tasks->len; i++) {
        struct lk_password_task *task = &tasks->items[i];
        task->done = true;
        task->code = task->verify && !fits ? LK_EUNAUTH : 0;
        if (!task->verify)
            snprintf(task->made, sizeof(task->made), "hash of %.*s", (int)task->password.len, task->password.ptr);
    }
    tasks->waiting = false;
}

/* Sets a password as the endpoint does it: runs the operation again when it has had its passwords hashed. */
static int set_password_checked(struct fixture *f, struct lk_slice id, const char *password, const char *current, bool fits) {
    struct lk_password_tasks tasks = {0};
    struct lk_user user;
    const struct lk_set_password_input input = {id, lk_slice_cstr(password), lk_slice_cstr(current)};
    int code = LK_EBUSY;
    for (int i = 0; i < 2 && code == LK_EBUSY; i++) {
        do_tasks(&tasks, fits);
        fixture_begin(f);
        code = fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &user));
        assert_int_equal(tasks.waiting, code == LK_EBUSY);
    }
    lk_password_tasks_wipe(&tasks);
    return code;
}

static int set_password(struct fixture *f, const struct lk_id *user, const char *password) {
    return set_password_checked(f, fixture_id(f, user), password, NULL, true);
}

static struct lk_user user_with_password(struct fixture *f, const char *email, const struct lk_id *group) {
    struct lk_user user = fixture_user(f, "Ann", email, group);
    assert_int_equal(set_password(f, &user.id, PASSWORD), 0);
    return user;
}

static int log_in_at(struct fixture *f, const char *email, bool fits, int64_t now_ms, const char *remote, struct lk_login_result *ret) {
    struct lk_login login;
    struct lk_call call = f->call;
    f->call.actor = NULL;
    f->call.now_ms = now_ms;
    f->call.change_set = (struct lk_id){0};
    struct lk_ip ip;
    f->call.client_ip = lk_ip_parse(lk_slice_cstr(remote), &ip) == 0 ? &ip : NULL;
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr(email), lk_slice_cstr("not looked at"), &login), 0);
    for (size_t i = 0; i < login.checks_len; i++) {
        login.checks[i].done = true;
        login.checks[i].code = fits && login.candidates_len > 0 ? 0 : LK_EUNAUTH;
    }
    int code = lk_login_end(&f->call, &login, ret);
    if (code != 0)
        fixture_expect(f, code, LK_EUNAUTH, "Invalid e-mail address or password");
    assert_null(f->call.actor);
    f->call.actor = call.actor;
    f->call.now_ms = call.now_ms;
    f->call.client_ip = NULL;
    return code;
}

static int log_in(struct fixture *f, const char *email, bool fits, struct lk_login_result *ret) {
    return log_in_at(f, email, fits, f->call.now_ms, "192.0.2.1", ret);
}

static int64_t audited(struct fixture *f, const char *operation, const char *failure) {
    char sql[300];
    snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit_entry WHERE operation = '%s' AND coalesce(failure, '') = '%s'", operation,
             failure);
    struct lk_stmt *stmt = lk_db_stmt(f->db, lk_arena_strdup(&f->arena, lk_slice_cstr(sql)));
    assert_int_equal(lk_step(stmt), 1);
    int64_t count = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return count;
}

/* Whether a token is accepted; the fixture's actor is then its user. */
static bool accepts(struct fixture *f, struct lk_slice token) {
    int code = lk_authenticate_session(&f->call, token, none);
    if (code != 0)
        fixture_expect(f, code, LK_EUNAUTH, "Invalid API Key");
    return code == 0;
}

static void test_login(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", &f->admin_group);
    struct lk_login_result result;
    assert_int_equal(log_in(f, "ANN@b.c", true, &result), 0);
    assert_true(lk_session_token_check(result.token));
    assert_int_equal(result.accounts_len, 1);
    assert_true(lk_id_equal(&result.accounts[0].id, &f->account.id));
    assert_true(lk_slice_is(result.accounts[0].name, "Acme"));
    assert_int_equal(audited(f, "LOGIN", ""), 1);

    assert_true(accepts(f, result.token));
    assert_int_equal(f->call.actor->kind, LK_ACTOR_USER);
    assert_true(lk_id_equal(&f->call.actor->id, &user.id));
    assert_true(lk_slice_is(f->call.actor->name, "ann@b.c"));
    fixture_key(f, "made by ann", &f->admin_group, NULL);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE resource_name = 'made by ann' AND actor_name = 'ann@b.c' "
                                      "AND actor_kind = 'USER'"),
                     1);
    struct lk_user self;
    assert_int_equal(lk_user_self(&f->call, &self), 0);
    assert_true(lk_id_equal(&self.id, &user.id));

    fixture_expect(f, lk_authenticate_session(&f->call, lk_slice_cstr("lks_x"), none), LK_EUNAUTH, "Invalid API Key");
    assert_int_equal(lk_logout(&f->call, result.token), 0);
    assert_int_equal(audited(f, "LOGOUT", ""), 1);
    assert_false(accepts(f, result.token));
    fixture_expect(f, lk_logout(&f->call, result.token), LK_EUNAUTH, "Invalid API Key");
    fixture_expect(f, lk_logout(&f->call, none), LK_EUNAUTH, "Invalid API Key");
}

static void test_what_does_not_log_in(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    fixture_user(f, "no password", "none@b.c", NULL);
    user_with_password(f, "ann@b.c", NULL);
    assert_int_equal(log_in(f, "nobody@b.c", true, &result), LK_EUNAUTH);
    assert_int_equal(log_in(f, "none@b.c", true, &result), LK_EUNAUTH);
    assert_int_equal(log_in(f, "", true, &result), LK_EUNAUTH);
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 0);
    assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH);
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 1);
    assert_int_equal(fixture_query(f, "SELECT response_status FROM audit_entry WHERE operation = 'LOGIN'"), 401);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM session"), 0);
}

static void test_nobody_costs_a_check(void **state) {
    struct fixture *f = *state;
    struct lk_login login;
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("nobody@b.c"), lk_slice_cstr(PASSWORD), &login), 0);
    assert_int_equal(login.checks_len, 1);
    assert_false(lk_password_outdated(login.checks[0].hash)); /* the same work as a true one */
    lk_login_check(&login);
    assert_true(login.checks[0].done);
    assert_int_equal(login.checks[0].code, LK_EUNAUTH);
}

static void test_lockout(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", &f->admin_group);
    struct lk_login_result session;
    struct lk_login_result result;
    bool locked;
    int64_t now = f->call.now_ms;
    assert_int_equal(log_in(f, "ann@b.c", true, &session), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0); /* a good one begins the count anew */
    for (int i = 0; i < 4; i++)
        assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH);
    assert_int_equal(lk_user_is_locked(&f->call, &user.id, &locked), 0);
    assert_false(locked);
    assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH);
    assert_int_equal(lk_user_is_locked(&f->call, &user.id, &locked), 0);
    assert_true(locked);
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 9);
    assert_int_equal(audited(f, "LOCK", ""), 1);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), LK_EUNAUTH);  /* the right one does not help */
    assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH); /* nor does a wrong one make it longer, nor fill the log */
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 9);
    struct lk_actor *before = f->call.actor;
    assert_true(accepts(f, session.token)); /* the user who is in stays in */
    f->call.actor = before;
    assert_int_equal(log_in_at(f, "ann@b.c", true, now + 15 * MINUTE - 1, "192.0.2.1", &result), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", false, now + 15 * MINUTE, "192.0.2.1", &result), LK_EUNAUTH); /* one is not five */
    assert_int_equal(log_in_at(f, "ann@b.c", true, now + 15 * MINUTE, "192.0.2.1", &result), 0);
}

static void test_failures_far_apart_do_not_lock(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    user_with_password(f, "ann@b.c", NULL);
    int64_t now = f->call.now_ms;
    for (int i = 0; i < 4; i++)
        assert_int_equal(log_in_at(f, "ann@b.c", false, now, "192.0.2.1", &result), LK_EUNAUTH);
    for (int i = 0; i < 4; i++)
        assert_int_equal(log_in_at(f, "ann@b.c", false, now + 15 * MINUTE, "192.0.2.1", &result), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", true, now + 15 * MINUTE, "192.0.2.1", &result), 0);
    assert_int_equal(audited(f, "LOCK", ""), 0);
}

static void test_rules_can_be_set(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    user_with_password(f, "ann@b.c", NULL);
    const struct lk_login_rules rules = {.failures_max = 1, .window_ms = 1000, .lock_ms = 1000, .idle_ms = 5000, .ttl_ms = 2000};
    lk_domain_set_login_rules(f->domain, &rules);
    int64_t now = f->call.now_ms;
    assert_int_equal(log_in(f, "ann@b.c", false, &result), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", true, now + 999, "192.0.2.1", &result), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", true, now + 1000, "192.0.2.1", &result), 0);
    f->call.now_ms = now + 2999;
    assert_true(accepts(f, result.token));
    f->call.now_ms = now + 3000; /* the whole life is shorter than the idle time */
    assert_false(accepts(f, result.token));
}

/* A clock that was a year ahead for a while leaves no lock and no session that last so long. One that is set back a little changes nothing. */
static void test_clock_that_was_ahead(void **state) {
    struct fixture *f = *state;
    const int64_t day = INT64_C(86400000);
    const int64_t now = f->call.now_ms;
    const int64_t ahead = now + 365 * day;
    struct lk_login_result result;
    struct lk_login_result in_time;
    user_with_password(f, "ann@b.c", NULL);
    assert_int_equal(log_in_at(f, "ann@b.c", true, ahead, "192.0.2.1", &result), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(log_in_at(f, "ann@b.c", false, ahead, "192.0.2.1", &in_time), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", true, ahead, "192.0.2.1", &in_time), LK_EUNAUTH);
    assert_int_equal(log_in_at(f, "ann@b.c", true, ahead - 14 * MINUTE, "192.0.2.1", &in_time), LK_EUNAUTH);
    assert_false(accepts(f, result.token));
    assert_int_equal(log_in_at(f, "ann@b.c", true, now, "192.0.2.1", &in_time), 0);
    assert_true(accepts(f, in_time.token));
    assert_int_equal(log_in_at(f, "ann@b.c", true, ahead, "192.0.2.1", &in_time), 0); /* the lock is not waiting for its time */
    f->call.now_ms = ahead - 7 * day;
    assert_true(accepts(f, result.token));
    f->call.now_ms--;
    assert_false(accepts(f, result.token));
    f->call.now_ms = now;
    for (int i = 0; i < 5; i++)
        assert_int_equal(log_in_at(f, "ann@b.c", false, i < 3 ? ahead : now, "192.0.2.1", &result), LK_EUNAUTH);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0); /* two at a time are not five */
}

static void test_expiry(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    user_with_password(f, "ann@b.c", NULL);
    int64_t start = f->call.now_ms;
    int64_t hour = 60 * MINUTE;
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    f->call.now_ms = start + 12 * hour;
    assert_false(accepts(f, result.token)); /* not used for twelve hours */
    for (int64_t at = 0; at < 7 * 24 * hour; at += 11 * hour) {
        f->call.now_ms = start + at;
        assert_true(accepts(f, result.token));
    }
    f->call.now_ms = start + 7 * 24 * hour - 1;
    assert_true(accepts(f, result.token));
    f->call.now_ms++;
    assert_false(accepts(f, result.token)); /* seven days, however much it is used */
    struct lk_login_result next;
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM session"), 1);
    assert_int_equal(log_in(f, "ann@b.c", true, &next), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM session"), 1); /* the old one was removed */
}

static void test_use_is_not_written_down_each_time(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    user_with_password(f, "ann@b.c", NULL);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    int64_t used = fixture_query(f, "SELECT used_at FROM session");
    f->call.now_ms += MINUTE - 1;
    assert_true(accepts(f, result.token));
    assert_int_equal(fixture_query(f, "SELECT used_at FROM session"), used);
    f->call.now_ms++;
    assert_true(accepts(f, result.token));
    assert_int_equal(fixture_query(f, "SELECT used_at FROM session"), used + MINUTE);
}

static void test_sessions_end_with_what_they_rest_on(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", NULL);
    struct lk_login_result first;
    struct lk_login_result second;
    assert_int_equal(log_in(f, "ann@b.c", true, &first), 0);
    assert_int_equal(log_in(f, "ann@b.c", true, &second), 0);
    assert_true(accepts(f, second.token));
    assert_int_equal(set_password_checked(f, none, PASSWORD "2", PASSWORD, true), 0); /* by herself: this session lives on */
    assert_false(accepts(f, first.token));
    assert_true(accepts(f, second.token));
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(set_password(f, &user.id, PASSWORD "3"), 0);
    assert_false(accepts(f, second.token));
    assert_int_equal(log_in(f, "ann@b.c", true, &first), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), 0);
    assert_false(accepts(f, first.token));
}

static void test_permissions_follow_at_once(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", &f->admin_group);
    struct lk_login_result result;
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    assert_true(accepts(f, result.token));
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_remove_user(&f->call, fixture_id(f, &f->admin_group), fixture_id(f, &user.id),
                                                              &(struct lk_user_group){0})),
                     0);
    struct lk_user other;
    fixture_expect(f, lk_user_get(&f->call, fixture_id(f, &user.id), &other), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_add_user(&f->call, fixture_id(f, &f->admin_group), fixture_id(f, &user.id),
                                                           &(struct lk_user_group){0})),
                     0);
    assert_true(accepts(f, result.token));
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_delete(&f->call, fixture_id(f, &user.id))), 0); /* herself */
    fixture_expect(f, lk_user_get(&f->call, fixture_id(f, &user.id), &other), LK_EFORBIDDEN, "User not authorized");
}

/* Logs in so often with what is the password in the second account only. How often that opened just this one. */
static int log_in_there(struct fixture *f, int times, const struct lk_id *account) {
    struct lk_login login;
    struct lk_login_result result;
    int opened = 0;
    f->call.actor = NULL;
    for (int i = 0; i < times; i++) {
        assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("ann@b.c"), lk_slice_cstr("x"), &login), 0);
        login.checks[0].code = LK_EUNAUTH;
        login.checks[1].code = 0;
        assert_int_equal(lk_login_end(&f->call, &login, &result), 0);
        opened += result.accounts_len == 1 && lk_id_equal(&result.accounts[0].id, account);
    }
    return opened;
}

static void test_one_address_in_two_accounts(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    struct lk_user here = user_with_password(f, "ann@b.c", &f->admin_group);
    struct lk_account other;
    struct lk_id other_group;
    struct lk_slice other_token;
    f->call.now_ms += 1;
    fixture_account(f, "Other", &other, &other_group, &other_token);
    assert_int_equal(fixture_act(f, other_token), 0);
    f->call.now_ms += 1000;
    struct lk_user there = user_with_password(f, "ann@b.c", &other_group);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    assert_int_equal(result.accounts_len, 2);
    assert_true(lk_id_equal(&result.accounts[0].id, &f->account.id));
    assert_true(lk_id_equal(&result.accounts[1].id, &other.id));
    assert_true(accepts(f, result.token));
    assert_true(lk_id_equal(&f->call.actor->id, &here.id));
    assert_int_equal(lk_authenticate_session(&f->call, result.token, fixture_id(f, &other.id)), 0);
    assert_true(lk_id_equal(&f->call.actor->id, &there.id));
    assert_true(lk_id_equal(&f->call.actor->account_id, &other.id));
    assert_int_equal(lk_authenticate_session(&f->call, result.token, lk_slice_cstr("4L2X2JLSQe2DnjOwBXj0TQ")), 0);
    assert_true(lk_id_equal(&f->call.actor->account_id, &f->account.id));
    fixture_expect(f, lk_require_account(&f->call, lk_slice_cstr("4L2X2JLSQe2DnjOwBXj0TQ")), LK_EFORBIDDEN, "User not authorized");
    assert_int_equal(lk_logout(&f->call, result.token), 0);
    assert_int_equal(audited(f, "LOGOUT", ""), 2);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM session"), 0);

    /* The password of one account is no failure in the other. */
    f->call.now_ms += 15 * MINUTE;
    assert_int_equal(log_in_there(f, 6, &other.id), 6);
    assert_int_equal(audited(f, "LOCK", ""), 0);

    /* But who administers the one must not get guesses at the other's out of it, by making each the password first. */
    assert_int_equal(fixture_act(f, other_token), 0);
    assert_int_equal(set_password(f, &there.id, PASSWORD " 2"), 0);
    assert_int_equal(log_in_there(f, 4, &other.id), 4);
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 4);
    assert_int_equal(audited(f, "LOCK", ""), 0);
    assert_int_equal(log_in_there(f, 1, &other.id), 1);
    assert_int_equal(audited(f, "LOCK", ""), 1);
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    assert_int_equal(result.accounts_len, 1);
    assert_true(lk_id_equal(&result.accounts[0].id, &other.id));
}

static void test_what_changed_meanwhile(void **state) {
    struct fixture *f = *state;
    struct lk_user user = user_with_password(f, "ann@b.c", NULL);
    struct lk_login login;
    struct lk_login_result result;
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("ann@b.c"), lk_slice_cstr("x"), &login), 0);
    login.checks[0].code = 0;
    assert_int_equal(set_password(f, &user.id, PASSWORD "2"), 0);
    fixture_expect(f, lk_login_end(&f->call, &login, &result), LK_EUNAUTH, "Invalid e-mail address or password");
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("ann@b.c"), lk_slice_cstr("x"), &login), 0);
    login.checks[0].code = LK_ENOMEM;
    fixture_expect(f, lk_login_end(&f->call, &login, &result), LK_ENOMEM, "The password could not be checked");
    assert_int_equal(audited(f, "LOGIN", "wrong password"), 0);
}

static void test_allow_list_guards_logins(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    struct lk_ip_allow entry;
    user_with_password(f, "ann@b.c", NULL);
    const struct lk_ip_allow_input input = {.cidr = LK_SLICE("10.0.0.0/8")};
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_ip_allow_create(&f->call, &input, &entry)), 0);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(log_in_at(f, "ann@b.c", true, f->call.now_ms, "192.0.2.1", &result), LK_EUNAUTH);
        assert_int_equal(log_in_at(f, "ann@b.c", false, f->call.now_ms, "192.0.2.1", &result), LK_EUNAUTH);
    }
    assert_int_equal(audited(f, "LOGIN", "the address is not on the IP allow list"), 12);
    assert_int_equal(audited(f, "LOCK", ""), 0); /* nobody outside can lock a user */
    assert_int_equal(log_in_at(f, "ann@b.c", true, f->call.now_ms, "10.9.8.7", &result), 0);
}

/* An account whose list kept its user out has that in its log, also when the same password opened another account. */
static void test_a_refused_address_is_recorded_beside_an_opened_account(void **state) {
    struct fixture *f = *state;
    struct lk_login_result result;
    struct lk_account other;
    struct lk_id other_group;
    struct lk_slice other_token;
    struct lk_ip_allow entry;
    user_with_password(f, "ann@b.c", NULL);
    fixture_account(f, "Other", &other, &other_group, &other_token);
    assert_int_equal(fixture_act(f, other_token), 0);
    f->call.now_ms += 1000;
    user_with_password(f, "ann@b.c", NULL);
    const struct lk_ip_allow_input input = {.cidr = LK_SLICE("10.0.0.0/8")};
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_ip_allow_create(&f->call, &input, &entry)), 0);
    int64_t now = f->call.now_ms;
    for (int settled = 0; settled < 2; settled++) {
        assert_int_equal(log_in_at(f, "ann@b.c", true, now + settled * 15 * MINUTE, "192.0.2.1", &result), 0);
        assert_int_equal(result.accounts_len, 1);
        assert_true(lk_id_equal(&result.accounts[0].id, &f->account.id));
        assert_int_equal(audited(f, "LOGIN", "the address is not on the IP allow list"), 1 + settled);
    }
    f->call.now_ms += 15 * MINUTE;
    struct lk_login login;
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("ann@b.c"), lk_slice_cstr("x"), &login), 0);
    login.checks[0].code = 0;
    login.checks[1].code = LK_EUNAUTH; /* whose password is another one there did not try to get in */
    assert_int_equal(lk_login_end(&f->call, &login, &result), 0);
    assert_int_equal(audited(f, "LOGIN", "the address is not on the IP allow list"), 2);
}

static void test_password_rules(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "Ann", "ann@b.c.example", NULL);
    char longest[LK_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof(longest));
    longest[LK_PASSWORD_MAX + 1] = '\0';
    fixture_expect(f, set_password(f, &user.id, "1234567"), LK_EINVAL, "Invalid password: it is 7 bytes long, and at least 8 are needed");
    fixture_expect(f, set_password(f, &user.id, longest), LK_EINVAL, "Invalid password: it is 1025 bytes long, and at most 1024");
    fixture_expect(f, set_password(f, &user.id, "1234567\xff"), LK_EINVAL, "Invalid password: it is not well-formed UTF-8");
    fixture_expect(f, set_password(f, &user.id, "Ann@B.C.example"), LK_EINVAL, "Invalid password: it must not be the user's e-mail");
    longest[LK_PASSWORD_MAX] = '\0';
    assert_int_equal(set_password(f, &user.id, longest), 0);
    assert_int_equal(set_password(f, &user.id, "12345678"), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry WHERE after_doc = '{\"password\":\"(set)\"}'"), 2);
}

static void test_who_may_set_a_password(void **state) {
    struct fixture *f = *state;
    struct lk_user admin = user_with_password(f, "admin@b.c", &f->admin_group);
    struct lk_user ann = user_with_password(f, "ann@b.c", NULL);
    struct lk_login_result result;
    fixture_expect(f, set_password_checked(f, none, PASSWORD, NULL, true), LK_EINVAL, "userId is needed");
    fixture_expect(f, set_password_checked(f, lk_slice_cstr("4L2X2JLSQe2DnjOwBXj0TQ"), PASSWORD, NULL, true), LK_ENOTFOUND,
                   "User does not exist");
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);

    fixture_act_with(f, LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS) | LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS));
    assert_int_equal(set_password(f, &ann.id, PASSWORD), 0);
    fixture_expect(f, set_password(f, &admin.id, PASSWORD), LK_EFORBIDDEN, "User not authorized");
    fixture_act_with(f, LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS));
    fixture_expect(f, set_password(f, &ann.id, PASSWORD), LK_EFORBIDDEN, "User not authorized: MANAGE_USERS_AND_GROUPS is required");

    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    assert_true(accepts(f, result.token));
    fixture_expect(f, set_password(f, &ann.id, PASSWORD), LK_EINVAL, "currentPassword is needed");
    fixture_expect(f, set_password_checked(f, none, PASSWORD, NULL, true), LK_EINVAL, "currentPassword is needed");
    fixture_expect(f, set_password_checked(f, none, PASSWORD, "wrong", false), LK_EFORBIDDEN,
                   "User not authorized: currentPassword is not the user's password");
    assert_int_equal(set_password_checked(f, none, PASSWORD, PASSWORD, true), 0);
    assert_int_equal(set_password_checked(f, fixture_id(f, &ann.id), PASSWORD, PASSWORD, true), 0);
    fixture_expect(f, set_password(f, &admin.id, PASSWORD), LK_EFORBIDDEN, "User not authorized: MANAGE_USERS_AND_GROUPS is required");
}

/* Who has a session may not try passwords without end: they count together with those of logins. */
static void test_wrong_current_passwords_lock(void **state) {
    struct fixture *f = *state;
    (void)user_with_password(f, "ann@b.c", NULL);
    struct lk_login_result result;
    assert_int_equal(log_in(f, "ann@b.c", true, &result), 0);
    assert_true(accepts(f, result.token));
    assert_int_equal(log_in(f, "ann@b.c", false, &(struct lk_login_result){0}), LK_EUNAUTH);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(audited(f, "LOCK", ""), 0);
        fixture_expect(f, set_password_checked(f, none, PASSWORD, "wrong", false), LK_EFORBIDDEN,
                       "User not authorized: currentPassword is not the user's password");
    }
    assert_int_equal(audited(f, "LOCK", ""), 1);
    fixture_expect(f, set_password_checked(f, none, PASSWORD, PASSWORD, true), LK_EFORBIDDEN,
                   "User not authorized: the user is locked after wrong passwords until 2023-11-14T22:28:20.000Z");
    assert_true(accepts(f, result.token)); /* the session stays */
    assert_int_equal(log_in(f, "ann@b.c", true, &(struct lk_login_result){0}), LK_EUNAUTH);
    f->call.now_ms += 15 * 60 * 1000;
    assert_int_equal(set_password_checked(f, none, PASSWORD, PASSWORD, true), 0);
}

static void test_nothing_is_hashed_for_who_may_not(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "Ann", "ann@b.c", &f->admin_group);
    struct lk_password_tasks tasks = {0};
    const struct lk_set_password_input input = {fixture_id(f, &user.id), LK_SLICE(PASSWORD), none};
    fixture_act_with(f, LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS));
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &user)), LK_EFORBIDDEN);
    assert_int_equal(tasks.len, 0);
    assert_false(tasks.waiting);
}

static void test_tasks_are_bounded(void **state) {
    struct fixture *f = *state;
    struct lk_user user = fixture_user(f, "Ann", "ann@b.c", NULL);
    struct lk_password_tasks tasks = {0};
    for (int i = 0; i <= LK_PASSWORD_TASKS_MAX; i++) {
        char *password = lk_arena_printf(&f->arena, "password %d", i);
        const struct lk_set_password_input input = {fixture_id(f, &user.id), lk_slice_cstr(password), none};
        fixture_begin(f);
        int code = fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &user));
        assert_int_equal(code, i < LK_PASSWORD_TASKS_MAX ? LK_EBUSY : LK_ELIMIT);
    }
}

static void test_real_hash(void **state) {
    struct fixture *f = *state;
    struct lk_password_tasks tasks = {0};
    struct lk_user user = fixture_user(f, "Ann", "ann@b.c", NULL);
    const struct lk_set_password_input input = {fixture_id(f, &user.id), LK_SLICE(PASSWORD), none};
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &user)), LK_EBUSY);
    lk_password_tasks_run(&tasks);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &user)), 0);
    struct lk_login login;
    struct lk_login_result result;
    assert_int_equal(lk_login_begin(&f->call, lk_slice_cstr("ann@b.c"), lk_slice_cstr(PASSWORD), &login), 0);
    lk_login_check(&login);
    assert_int_equal(lk_login_end(&f->call, &login, &result), 0);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    assert_true(finding.intact);
}

/* Each has a salt of its own, also when one request gives several the same password. */
static void test_no_two_users_share_a_hash(void **state) {
    struct fixture *f = *state;
    struct lk_password_tasks tasks = {0};
    const struct lk_user users[] = {fixture_user(f, "Ann", "ann@b.c", NULL), fixture_user(f, "Bob", "bob@b.c", NULL)};
    struct lk_user ret;
    for (int run = 0; run < 2; run++) {
        for (int i = 0; i < 2; i++) {
            const struct lk_set_password_input input = {fixture_id(f, &users[i].id), LK_SLICE(PASSWORD), none};
            fixture_begin(f);
            assert_int_equal(fixture_end(f, lk_user_set_password(&f->call, &input, &tasks, &ret)), run == 0 ? LK_EBUSY : 0);
        }
        lk_password_tasks_run(&tasks);
    }
    assert_int_equal(fixture_query(f, "SELECT count(DISTINCT password_hash) FROM user_login"), 2);
}

static void test_undone_request(void **state) {
    struct fixture *f = *state;
    int64_t entries = fixture_query(f, "SELECT count(*) FROM audit_entry");
    assert_int_equal(lk_request_begin(&f->call), 0);
    fixture_key(f, "first run", &f->admin_group, NULL);
    assert_int_equal(lk_request_end(&f->call, true), 0);
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(lk_request_begin(&f->call), 0);
    fixture_key(f, "first run", &f->admin_group, NULL);
    assert_int_equal(lk_request_end(&f->call, false), 0);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM audit_entry"), entries + 1);
    struct lk_audit_finding finding;
    assert_int_equal(lk_audit_verify(&f->call, &finding), 0);
    assert_true(finding.intact);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_login),
        TEST(test_what_does_not_log_in),
        TEST(test_nobody_costs_a_check),
        TEST(test_lockout),
        TEST(test_failures_far_apart_do_not_lock),
        TEST(test_rules_can_be_set),
        TEST(test_clock_that_was_ahead),
        TEST(test_expiry),
        TEST(test_use_is_not_written_down_each_time),
        TEST(test_sessions_end_with_what_they_rest_on),
        TEST(test_permissions_follow_at_once),
        TEST(test_one_address_in_two_accounts),
        TEST(test_what_changed_meanwhile),
        TEST(test_allow_list_guards_logins),
        TEST(test_a_refused_address_is_recorded_beside_an_opened_account),
        TEST(test_password_rules),
        TEST(test_who_may_set_a_password),
        TEST(test_wrong_current_passwords_lock),
        TEST(test_nothing_is_hashed_for_who_may_not),
        TEST(test_tasks_are_bounded),
        TEST(test_real_hash),
        TEST(test_no_two_users_share_a_hash),
        TEST(test_undone_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
