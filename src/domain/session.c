#include "domain/session.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "crypto/mac.h"
#include "crypto/password.h"
#include "crypto/random.h"
#include "domain/email.h"
#include "domain/group_set.h"
#include "domain/ip_allow.h"
#include "domain/permission_cache.h"
#include "domain/user_rows.h"
#include "store/account.h"
#include "store/session.h"

#define PASSWORD_MIN ((size_t)8)

/* A hash that nobody has made from a password: none fits, and to find that out takes as long as with any other. */
#define NO_PASSWORD "$argon2id$v=19$m=65536,t=3,p=1$c29tZSByYW5kb20gc2FsdA$bm90IHRoZSBoYXNoIG9mIGFueSBwYXNzd29yZCBhdCA"

static const char log_in[] = "LOGIN";

int lk_password_rules(struct lk_slice password, struct lk_problem *problem) {
    if (password.len < PASSWORD_MIN)
        return lk_problem_set(problem, LK_EINVAL, "Invalid password: it must have at least %zu characters", PASSWORD_MIN);
    if (password.len > LK_PASSWORD_MAX)
        return lk_problem_set(problem, LK_EINVAL, "Invalid password: at most %d bytes are allowed", LK_PASSWORD_MAX);
    if (!lk_utf8_valid(password))
        return lk_problem_set(problem, LK_EINVAL, "Invalid password: it is not well-formed UTF-8");
    for (size_t i = 0; i < password.len; i++) {
        if ((unsigned char)password.ptr[i] < 0x20 || password.ptr[i] == 0x7F)
            return lk_problem_set(problem, LK_EINVAL, "Invalid password: it must not contain control characters");
    }
    return 0;
}

/* ---- Logging in ---- */

static void refuse(struct lk_login_candidate *candidate, const char *why) {
    candidate->refusal = why;
    candidate->password_hash = lk_slice_cstr(NO_PASSWORD);
}

static int to_candidate(struct lk_call *call, const struct lk_login_row *row, struct lk_login_candidate *ret) {
    *ret = (struct lk_login_candidate){
        .user_id = row->id, .account_id = row->account_id, .email = row->email, .password_hash = row->password_hash};
    bool admitted;
    int code = lk_ip_allow_admits(call, &row->account_id, call->origin.remote, &admitted);
    if (code != 0)
        return code;
    if (!admitted)
        refuse(ret, "The address is not on the IP allow list");
    else if (row->locked_until > call->now_ms)
        refuse(ret, "The user is locked after repeated failures");
    return 0;
}

int lk_login_begin(struct lk_call *call, struct lk_slice account, struct lk_slice email,
                   struct lk_login_candidate ret[LK_LOGIN_CANDIDATES_MAX], size_t *ret_len) {
    struct lk_slice lower;
    struct lk_id account_id;
    struct lk_login_row *rows = NULL;
    size_t len = 0;
    int code = lk_email_lower(call, email, &lower);
    if (code != 0)
        return code;
    if (account.ptr == NULL || lk_id_parse(account, &account_id) == 0)
        code = lk_store_user_list_logins(call->db, account.ptr == NULL ? NULL : &account_id, lower, LK_LOGIN_CANDIDATES_MAX, call->arena,
                                         &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    for (size_t i = 0; i < len; i++) {
        code = to_candidate(call, &rows[i], &ret[i]);
        if (code != 0)
            return code;
    }
    if (len == 0) {
        ret[0] = (struct lk_login_candidate){0};
        refuse(&ret[0], "There is no such user");
        len = 1;
    }
    *ret_len = len;
    return 0;
}

static int refused(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_EUNAUTH, LK_LOGIN_REFUSED);
}

/* The user of a candidate as it is now. LK_EUNAUTH when the candidate is out of date. */
static int find_again(struct lk_call *call, const struct lk_login_candidate *candidate, struct lk_login_row *ret) {
    struct lk_login_row *rows;
    size_t len;
    int code = lk_store_user_list_logins(call->db, &candidate->account_id, candidate->email, 1, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    if (len == 0 || !lk_id_equal(&rows[0].id, &candidate->user_id))
        return refused(call);
    *ret = rows[0];
    return 0;
}

static void session_digest(const struct lk_call *call, struct lk_slice token, uint8_t out[LK_MAC_BYTES]) {
    lk_mac(lk_keys_mac(call->domain->keys, LK_KEY_SESSION), token, out);
}

static int open_session(struct lk_call *call, const struct lk_id *user, struct lk_slice *ret_token, int64_t *ret_expires_at) {
    uint8_t random[32];
    uint8_t digest[LK_MAC_BYTES];
    const size_t prefix = sizeof(LK_SESSION_PREFIX) - 1;
    char *token = lk_arena_alloc(call->arena, LK_SESSION_TOKEN_LEN);
    if (token == NULL)
        return lk_fail_memory(call);
    memcpy(token, LK_SESSION_PREFIX, prefix);
    lk_random_bytes(random, sizeof(random));
    lk_base62_encode(random, sizeof(random), token + prefix, LK_SESSION_TOKEN_LEN - prefix);
    explicit_bzero(random, sizeof(random));
    session_digest(call, lk_slice_make(token, LK_SESSION_TOKEN_LEN), digest);
    const struct lk_session_row row = {.user_id = *user, .created_at = call->now_ms, .expires_at = call->now_ms + LK_SESSION_LIFETIME_MS};
    int code = lk_store_session_delete_expired(call->db, call->now_ms);
    if (code == 0)
        code = lk_store_session_insert(call->db, digest, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    *ret_token = lk_slice_make(token, LK_SESSION_TOKEN_LEN);
    *ret_expires_at = row.expires_at;
    return 0;
}

static int audit_login(struct lk_call *call, const struct lk_id *user, struct lk_slice email, const char *failure) {
    struct lk_audit_change change = {
        .operation = log_in, .resource_type = "USER", .resource_id = user, .resource_name = email, .failure = lk_slice_cstr(failure)};
    return lk_audit_append(call, &change);
}

int lk_login_succeed(struct lk_call *call, const struct lk_login_candidate *candidate, struct lk_login *ret) {
    struct lk_login_row row;
    if (candidate->refusal != NULL)
        return refused(call);
    int code = find_again(call, candidate, &row);
    if (code != 0)
        return code;
    if (row.locked_until > call->now_ms || !lk_slice_equal(row.password_hash, candidate->password_hash))
        return refused(call);
    struct lk_login login = {0};
    code = row.failed_logins == 0 && row.locked_until == 0 ? 0 : lk_store_user_set_failures(call->db, &row.id, 0, 0);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_act_as_user(call, &row.account_id, &row.id);
    if (code == 0)
        code = open_session(call, &row.id, &login.token, &login.expires_at);
    if (code == 0)
        code = audit_login(call, &row.id, row.email, NULL);
    if (code == 0)
        code = lk_account_get(call, &login.account);
    struct lk_user_row user;
    struct lk_user *users;
    struct lk_id_text id = lk_id_format(&row.id);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, lk_slice_cstr(id.text), &user);
    if (code == 0)
        code = lk_to_users(call, &user, 1, &users);
    if (code != 0)
        return code;
    login.user = users[0];
    *ret = login;
    return 0;
}

static int count_failure(struct lk_call *call, const struct lk_login_candidate *candidate) {
    struct lk_login_row row;
    int code = find_again(call, candidate, &row);
    if (code == LK_EUNAUTH)
        return 0; /* gone, or without a password by now */
    if (code != 0)
        return code;
    /* A lock that is over has let the user begin anew. */
    int64_t failures = row.locked_until > 0 && row.locked_until <= call->now_ms ? 1 : row.failed_logins + 1;
    int64_t locked_until = row.locked_until > call->now_ms ? row.locked_until : 0;
    if (failures >= LK_LOGIN_FAILURES_MAX && locked_until == 0)
        locked_until = call->now_ms + LK_LOGIN_LOCK_MS;
    code = lk_store_user_set_failures(call->db, &row.id, failures, locked_until);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_login_fail(struct lk_call *call, const struct lk_login_candidate *candidates, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const struct lk_login_candidate *candidate = &candidates[i];
        if (lk_id_is_zero(&candidate->user_id))
            continue;
        struct lk_account_row account;
        int code = lk_store_account_find(call->db, &candidate->account_id, call->arena, &account);
        if (code == LK_ENOTFOUND)
            continue; /* deleted meanwhile */
        code = code == 0 ? lk_act_as_system(call, &candidate->account_id) : lk_fail_store(call, code);
        if (code == 0 && candidate->refusal == NULL)
            code = count_failure(call, candidate);
        if (code == 0)
            code = audit_login(call, &candidate->user_id, candidate->email,
                               candidate->refusal == NULL ? "Wrong password" : candidate->refusal);
        if (code != 0)
            return code;
    }
    call->actor = NULL;
    return 0;
}

/* ---- Sessions ---- */

static bool is_session_token(struct lk_slice token) {
    return token.len == LK_SESSION_TOKEN_LEN && lk_slice_starts_with(token, LK_SESSION_PREFIX);
}

int lk_authenticate_session(struct lk_call *call, struct lk_slice token) {
    lk_permission_cache_trim(call->domain->permissions);
    uint8_t digest[LK_MAC_BYTES];
    struct lk_session_row row;
    int code = LK_ENOTFOUND;
    if (is_session_token(token)) {
        session_digest(call, token, digest);
        code = lk_store_session_find(call->db, digest, &row);
    }
    if (code == LK_ENOTFOUND || (code == 0 && row.expires_at <= call->now_ms))
        return lk_problem_set(call->problem, LK_EUNAUTH, "Invalid session token");
    return code == 0 ? lk_act_as_user(call, &row.account_id, &row.user_id) : lk_fail_store(call, code);
}

int lk_session_end(struct lk_call *call, struct lk_slice token) {
    uint8_t digest[LK_MAC_BYTES];
    if (!is_session_token(token))
        return 0;
    session_digest(call, token, digest);
    int code = lk_store_session_delete(call->db, digest);
    return code == 0 || code == LK_ENOTFOUND ? 0 : lk_fail_store(call, code);
}

/* ---- Passwords ---- */

/* Who sets the password of another may act as that user: the grant rule is about all that the user holds. */
static int require_all_held(struct lk_call *call, const struct lk_user_row *user, const struct lk_intent *intent) {
    struct lk_group_permissions_row *rows;
    size_t len;
    struct lk_group_set groups;
    int code = lk_store_group_permissions_of_user(call->db, &user->id, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_group_set_take(call, rows, len, &groups);
    return code != 0 ? code : lk_group_set_require_grantable(call, &groups, NULL, intent);
}

static bool is_self(const struct lk_call *call, struct lk_slice id) {
    struct lk_id user;
    return call->actor->kind == LK_ACTOR_USER && lk_id_parse(id, &user) == 0 && lk_id_equal(&user, &call->actor->id);
}

int lk_user_set_password(struct lk_call *call, struct lk_slice id, struct lk_slice hash) {
    struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "USER", .resource_name = id};
    struct lk_user_row user;
    bool self = is_self(call, id);
    int code = self ? 0 : lk_require(call, LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_USERS_AND_GROUPS), &intent);
    if (code == 0)
        code = lk_find_user(call, LK_ENOTFOUND, id, &user);
    if (code != 0)
        return code;
    intent.resource_id = &user.id;
    intent.resource_name = user.email;
    code = self ? 0 : require_all_held(call, &user, &intent);
    if (code != 0)
        return code;
    code = lk_store_user_set_password(call->db, &user.id, hash, call->now_ms);
    if (code == 0)
        code = lk_store_session_delete_of_user(call->db, &user.id);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_audit_change change = {.operation = LK_AUDIT_UPDATE,
                                     .resource_type = "USER",
                                     .resource_id = &user.id,
                                     .resource_name = user.email,
                                     .after = LK_SLICE("{\"password\":\"(set)\"}")};
    return lk_audit_append(call, &change);
}
