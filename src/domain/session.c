#include "domain/session.h"

#include "crypto/session_token.h"
#include "domain/email.h"
#include "domain/ip_allow.h"
#include "domain/login_lock.h"
#include "domain/permission_cache.h"
#include "domain/session_rules.h"
#include "domain/user_rows.h"
#include "store/session.h"

#include <sodium.h>

_Static_assert(LK_SESSION_DIGEST_BYTES == LK_MAC_BYTES && LK_STORED_MAC_BYTES == LK_MAC_BYTES, "a digest is a MAC");

/* How often the use of a session is written down, ms: a query should not cost a commit each time. */
#define USE_STEP_MS ((int64_t)60000)

/* Nobody's hash, with the parameters of all others: to check a password against it takes as long, and none fits. */
static const struct lk_slice nobodys_hash =
    LK_SLICE("$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

struct lk_login_rules lk_login_rules_defaults(void) {
    static const int64_t minute = 60000;
    return (struct lk_login_rules){.failures_max = 5,
                                   .window_ms = 15 * minute,
                                   .lock_ms = 15 * minute,
                                   .idle_ms = (int64_t)12 * 60 * minute,
                                   .ttl_ms = (int64_t)7 * 24 * 60 * minute};
}

void lk_domain_set_login_rules(struct lk_domain *domain, const struct lk_login_rules *rules) {
    domain->login = *rules;
}

/* --- login --- */

int lk_login_begin(struct lk_call *call, struct lk_slice email, struct lk_slice password, struct lk_login *ret) {
    struct lk_slice lower;
    struct lk_login login = {0};
    int code = lk_email_lower(call, email, &lower);
    if (code != 0)
        return code;
    code = lk_store_login_list(call->db, lower, LK_LOGIN_ACCOUNTS_MAX, call->arena, &login.candidates, &login.candidates_len);
    if (code != 0)
        return lk_fail_store(call, code);
    for (size_t i = 0; i < login.candidates_len; i++)
        login.checks[i] = (struct lk_password_task){.verify = true, .password = password, .hash = login.candidates[i].password_hash};
    login.checks_len = login.candidates_len;
    if (login.checks_len == 0) {
        login.checks[0] = (struct lk_password_task){.verify = true, .password = password, .hash = nobodys_hash};
        login.checks_len = 1;
    }
    *ret = login;
    return 0;
}

void lk_login_check(struct lk_login *login) {
    for (size_t i = 0; i < login->checks_len; i++)
        lk_password_task_run(&login->checks[i]);
}

/* An entry about a candidate in the log of its account, by whoever acts. */
static int audit(struct lk_call *call, const char *operation, const struct lk_login_candidate_row *candidate, const char *failure) {
    const struct lk_audit_change change = {
        .operation = operation,
        .resource_type = "USER",
        .resource_id = &candidate->user_id,
        .resource_name = candidate->email,
        .failure = lk_slice_cstr(failure),
    };
    return lk_audit_append(call, &change);
}

static int act_as(struct lk_call *call, const struct lk_login_candidate_row *candidate, const uint8_t digest[LK_MAC_BYTES]) {
    struct lk_actor *actor = LK_ARENA_NEW(call->arena, struct lk_actor);
    if (actor == NULL)
        return lk_fail_memory(call);
    actor->kind = LK_ACTOR_USER;
    actor->id = candidate->user_id;
    actor->account_id = candidate->account_id;
    actor->name = candidate->email;
    memcpy(actor->session_digest, digest, LK_MAC_BYTES);
    int code = lk_actor_read_permissions(call, actor);
    if (code == 0)
        call->actor = actor;
    return code;
}

/* What stands against a candidate, whatever its password: it is gone or has another one by now, is locked, or may not come from there. */
enum hindrance { HINDERED_NOT, HINDERED_GONE, HINDERED_LOCKED, HINDERED_ADDRESS };

static int find_hindrance(struct lk_call *call, const struct lk_login_candidate_row *candidate, struct lk_login_row *ret_row,
                          enum hindrance *ret) {
    int code = lk_store_login_find(call->db, &candidate->user_id, call->arena, ret_row);
    if (code == LK_ENOTFOUND || (code == 0 && !lk_slice_equal(ret_row->password_hash, candidate->password_hash))) {
        *ret = HINDERED_GONE;
        return 0;
    }
    if (code != 0)
        return lk_fail_store(call, code);
    bool allowed;
    code = lk_ip_allow_admits(call, &candidate->account_id, &allowed);
    if (code == 0)
        *ret = lk_login_is_locked(call, ret_row) ? HINDERED_LOCKED : allowed ? HINDERED_NOT : HINDERED_ADDRESS;
    return code;
}

static int refuse_address(struct lk_call *call, const struct lk_login_candidate_row *candidate) {
    int code = lk_act_as_system(call, &candidate->account_id);
    return code == 0 ? audit(call, LK_AUDIT_LOGIN, candidate, "the address is not on the IP allow list") : code;
}

static int count_failure(struct lk_call *call, const struct lk_login_candidate_row *candidate, struct lk_login_row *row) {
    /* Sessions stay: whoever knows an address can make it fail five times, and must not be able to log its user out. */
    bool lock;
    int code = lk_login_count_failure(call, row, &lock);
    if (code != 0)
        return code;
    code = lk_act_as_system(call, &candidate->account_id);
    if (code == 0)
        code = audit(call, LK_AUDIT_LOGIN, candidate, "wrong password");
    if (code == 0 && lock)
        code = audit(call, LK_AUDIT_LOCK, candidate, NULL);
    return code;
}

/* Opens the session in one more account. */
static int admit(struct lk_call *call, const struct lk_login_candidate_row *candidate, struct lk_login_row *row,
                 const struct lk_password_task *check, const uint8_t digest[LK_MAC_BYTES], struct lk_login_result *result) {
    int code = 0;
    bool was_locked = row->locked_until > call->now_ms; /* by a clock that was ahead: not to be so again when that time comes */
    if (row->failures != 0 || was_locked || check->made[0] != '\0') {
        row->failures = 0;
        row->locked_until = 0;
        if (check->made[0] != '\0')
            row->password_hash = lk_slice_cstr(check->made);
        code = lk_store_login_put(call->db, row);
    }
    struct lk_session_row session = {
        .position = (int64_t)result->accounts_len,
        .user_id = candidate->user_id,
        .created_at = call->now_ms,
        .used_at = call->now_ms,
    };
    lk_session_begin(call, &session.expires_at, &session.ends_at);
    memcpy(session.digest, digest, sizeof(session.digest));
    if (code == 0)
        code = lk_store_session_insert(call->db, &session);
    if (code != 0)
        return lk_fail_store(call, code);
    code = act_as(call, candidate, digest);
    if (code == 0)
        code = audit(call, LK_AUDIT_LOGIN, candidate, NULL);
    if (code != 0)
        return code;
    if (result->accounts_len == 0) {
        result->actor_kind = LK_ACTOR_USER;
        result->actor_id = candidate->user_id;
        result->actor_name = candidate->email;
    }
    result->accounts[result->accounts_len++] = (struct lk_login_account){candidate->account_id, candidate->account_name};
    return 0;
}

/* Why the passwords could not be checked, when they could not. */
static int check_failure(struct lk_call *call, const struct lk_login *login) {
    for (size_t i = 0; i < login->checks_len; i++) {
        int code = login->checks[i].code;
        if (code != 0 && code != LK_EUNAUTH)
            return lk_problem_set(call->problem, code, "The password could not be checked: %s", lk_error_text(code));
    }
    return 0;
}

/* Goes through the candidates; whose password it was gets in. *ret_settled: it has been the password of one of them for a while. */
static int admit_all(struct lk_call *call, struct lk_login *login, const uint8_t digest[LK_MAC_BYTES], struct lk_login_result *result,
                     bool *ret_settled) {
    *ret_settled = false;
    for (size_t i = 0; i < login->candidates_len; i++) {
        const struct lk_login_candidate_row *candidate = &login->candidates[i];
        struct lk_login_row row = {0};
        enum hindrance hindrance = HINDERED_GONE;
        if (login->checks[i].code != 0)
            continue;
        int code = find_hindrance(call, candidate, &row, &hindrance);
        if (code == 0 && hindrance == HINDERED_NOT) {
            *ret_settled = *ret_settled || row.password_set_at <= call->now_ms - call->domain->login.window_ms;
            code = admit(call, candidate, &row, &login->checks[i], digest, result);
        }
        if (code != 0)
            return code;
    }
    return 0;
}

/* Writes down why candidates did not get in. settled: the password opened another account, where it has been the password for a while; then a wrong one is no
 * failure, and only a right one from a foreign address is. */
static int record_failures(struct lk_call *call, const struct lk_login *login, bool settled) {
    for (size_t i = 0; i < login->candidates_len; i++) {
        const struct lk_login_candidate_row *candidate = &login->candidates[i];
        const bool wrong = login->checks[i].code != 0;
        struct lk_login_row row = {0};
        enum hindrance hindrance = HINDERED_GONE;
        if (wrong && settled)
            continue;
        int code = find_hindrance(call, candidate, &row, &hindrance);
        if (code == 0 && hindrance == HINDERED_ADDRESS)
            code = refuse_address(call, candidate);
        else if (code == 0 && hindrance == HINDERED_NOT && wrong)
            code = count_failure(call, candidate, &row);
        if (code != 0)
            return code;
    }
    return 0;
}

/* What is written down when nobody got in. */
static int refuse_all(struct lk_call *call, const struct lk_login *login) {
    call->origin.status = 401;
    int code = record_failures(call, login, false);
    if (code != 0)
        return code;
    code = lk_store_login_write_nothing(call->db);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* The password of one account is no failure in another in which the same person has another one. But who administers an account can make any word the password
 * there, and would guess at the other one's without end: so it must have been the password for as long as failures are remembered. */
static int end_login(struct lk_call *call, struct lk_login *login, const char *token, struct lk_login_result *result) {
    uint8_t digest[LK_MAC_BYTES];
    lk_session_token_digest(call->domain->keys, lk_slice_cstr(token), digest);
    int code = lk_store_session_purge(call->db, call->now_ms, LK_SESSION_PURGE_MAX);
    if (code != 0)
        return lk_fail_store(call, code);
    bool settled;
    code = admit_all(call, login, digest, result, &settled);
    if (code == 0 && result->accounts_len == 0)
        code = refuse_all(call, login);
    else if (code == 0)
        code = record_failures(call, login, settled);
    if (code == 0 && result->accounts_len > 0)
        code = lk_arena_copy(call->arena, lk_slice_cstr(token), &result->token) == 0 ? 0 : lk_fail_memory(call);
    return code;
}

int lk_login_end(struct lk_call *call, struct lk_login *login, struct lk_login_result *ret) {
    struct lk_login_result result = {0};
    lk_permission_cache_trim(call->domain->permissions);
    int code = check_failure(call, login);
    if (code == 0)
        code = lk_operation_begin(call);
    if (code != 0)
        return code;
    char token[LK_SESSION_TOKEN_LEN + 1];
    lk_session_token_make(token);
    code = end_login(call, login, token, &result);
    sodium_memzero(token, sizeof(token));
    int ended = lk_operation_end(call, code != 0);
    if (code == 0)
        code = ended;
    call->actor = NULL;
    if (code != 0)
        return code;
    if (result.accounts_len == 0)
        return lk_problem_set(call->problem, LK_EUNAUTH, "Invalid e-mail address or password");
    *ret = result;
    return 0;
}

/* --- sessions --- */

int lk_session_refuse(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_EUNAUTH, "Invalid API Key");
}

void lk_session_begin(const struct lk_call *call, int64_t *ret_expires_at, int64_t *ret_ends_at) {
    const struct lk_login_rules *rules = &call->domain->login;
    *ret_expires_at = call->now_ms + (rules->idle_ms < rules->ttl_ms ? rules->idle_ms : rules->ttl_ms);
    *ret_ends_at = call->now_ms + rules->ttl_ms;
}

bool lk_session_is_over(const struct lk_call *call, int64_t created_at, int64_t expires_at, int64_t ends_at) {
    return expires_at <= call->now_ms || ends_at <= call->now_ms || created_at - call->now_ms > call->domain->login.ttl_ms;
}

bool lk_session_is_used(const struct lk_call *call, int64_t used_at, int64_t ends_at, int64_t *ret_expires_at) {
    int64_t idle = call->domain->login.idle_ms;
    int64_t step = idle / 4 < USE_STEP_MS ? idle / 4 : USE_STEP_MS;
    if (call->now_ms - used_at < step)
        return false;
    *ret_expires_at = call->now_ms + idle < ends_at ? call->now_ms + idle : ends_at;
    return true;
}

static bool is_over(const struct lk_call *call, const struct lk_session_row *session) {
    return lk_session_is_over(call, session->created_at, session->expires_at, session->ends_at);
}

static int find_session(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES], struct lk_slice account,
                        struct lk_session_user_row *ret) {
    struct lk_id id;
    int code = LK_ENOTFOUND;
    if (account.ptr != NULL && lk_id_parse(account, &id) == 0)
        code = lk_store_session_find(call->db, digest, &id, call->arena, ret);
    if (code == LK_ENOTFOUND)
        code = lk_store_session_find(call->db, digest, NULL, call->arena, ret);
    return code;
}

/* Moves the end of a session that is in use. */
static int use(struct lk_call *call, const struct lk_session_row *session) {
    int64_t expires_at;
    if (!lk_session_is_used(call, session->used_at, session->ends_at, &expires_at))
        return 0;
    int code = lk_store_session_use(call->db, session->digest, call->now_ms, expires_at);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_authenticate_session(struct lk_call *call, struct lk_slice token, struct lk_slice account) {
    lk_permission_cache_trim(call->domain->permissions);
    if (!lk_session_token_check(token))
        return lk_session_refuse(call);
    uint8_t digest[LK_MAC_BYTES];
    struct lk_session_user_row row = {0};
    lk_session_token_digest(call->domain->keys, token, digest);
    int code = find_session(call, digest, account, &row);
    if (code == LK_ENOTFOUND)
        return lk_key_session_authenticate(call, digest);
    if (code == 0 && is_over(call, &row.session))
        return lk_session_refuse(call);
    if (code != 0)
        return lk_fail_store(call, code);
    code = use(call, &row.session);
    const struct lk_login_candidate_row user = {.user_id = row.session.user_id, .account_id = row.account_id, .email = row.email};
    return code == 0 ? act_as(call, &user, digest) : code;
}

static int describe_user(struct lk_call *call, const struct lk_session_user_row *rows, size_t len, struct lk_login_result *ret) {
    struct lk_login_result result = {
        .actor_kind = LK_ACTOR_USER, .actor_id = rows[0].session.user_id, .actor_name = rows[0].email, .accounts_len = len};
    for (size_t i = 0; i < len; i++) {
        struct lk_account_row account = {0};
        int code = lk_store_account_find(call->db, &rows[i].account_id, call->arena, &account);
        if (code != 0)
            return lk_fail_store(call, code);
        result.accounts[i] = (struct lk_login_account){account.id, account.name};
    }
    *ret = result;
    return 0;
}

/* Not by way of the default account: its user may be gone while the session opens others. */
int lk_session_describe(struct lk_call *call, struct lk_slice token, struct lk_login_result *ret) {
    lk_permission_cache_trim(call->domain->permissions);
    if (!lk_session_token_check(token))
        return lk_session_refuse(call);
    struct lk_session_user_row *rows;
    size_t len;
    uint8_t digest[LK_MAC_BYTES];
    lk_session_token_digest(call->domain->keys, token, digest);
    int code = lk_store_session_list(call->db, digest, LK_LOGIN_ACCOUNTS_MAX, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    if (len == 0) {
        code = lk_key_session_authenticate(call, digest);
        return code == 0 ? lk_key_session_describe(call, ret) : code;
    }
    if (is_over(call, &rows[0].session))
        return lk_session_refuse(call);
    code = use(call, &rows[0].session);
    return code == 0 ? describe_user(call, rows, len, ret) : code;
}

static int end_session(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES], const struct lk_session_user_row *rows, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const struct lk_login_candidate_row user = {
            .user_id = rows[i].session.user_id, .account_id = rows[i].account_id, .email = rows[i].email};
        int code = act_as(call, &user, digest);
        if (code == 0)
            code = audit(call, LK_AUDIT_LOGOUT, &user, NULL);
        if (code != 0)
            return code;
    }
    int code = lk_store_session_delete(call->db, digest);
    lk_permissions_changed(call);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_logout(struct lk_call *call, struct lk_slice token) {
    lk_permission_cache_trim(call->domain->permissions);
    if (!lk_session_token_check(token))
        return lk_session_refuse(call);
    uint8_t digest[LK_MAC_BYTES];
    struct lk_session_user_row *rows;
    size_t len;
    lk_session_token_digest(call->domain->keys, token, digest);
    int code = lk_store_session_list(call->db, digest, LK_LOGIN_ACCOUNTS_MAX, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    if (len == 0)
        return lk_key_session_logout(call, digest);
    if (is_over(call, &rows[0].session))
        return lk_session_refuse(call);
    code = lk_operation_begin(call);
    if (code != 0)
        return code;
    code = end_session(call, digest, rows, len);
    int ended = lk_operation_end(call, code != 0);
    call->actor = NULL;
    return code != 0 ? code : ended;
}

/* --- what is shown of them --- */

int lk_user_is_locked(struct lk_call *call, const struct lk_id *user, bool *ret) {
    struct lk_login_row row = {0};
    int code = lk_store_login_find(call->db, user, call->arena, &row);
    if (code != 0 && code != LK_ENOTFOUND)
        return lk_fail_store(call, code);
    *ret = lk_login_is_locked(call, &row);
    return 0;
}

int lk_user_self(struct lk_call *call, struct lk_user *ret) {
    struct lk_user_row row = {0};
    struct lk_user *users;
    const struct lk_actor *actor = call->actor;
    int code = LK_ENOTFOUND;
    if (actor->kind == LK_ACTOR_USER)
        code = lk_store_user_find(call->db, &actor->account_id, &actor->id, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, code, "User does not exist");
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_to_users(call, &row, 1, &users);
    if (code == 0)
        *ret = users[0];
    return code;
}
