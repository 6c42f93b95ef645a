/* Sessions that an API key opened. Such a session is good as long as the secret that opened it: each use recognises the key anew, by the secret's digest. A secret
 * that ended may be imported as another key's, in another account even: that one did not open the session. */
#include "store/key_session.h"
#include "crypto/digest.h"
#include "crypto/session_token.h"
#include "domain/session_rules.h"
#include "store/account.h"

#include <sodium.h>

_Static_assert(sizeof(struct lk_digest) == LK_STORED_DIGEST_BYTES, "what key_session holds of a secret");

/* Most sessions of one key. */
#define SESSIONS_MAX 100

static int audit(struct lk_call *call, const char *operation) {
    const struct lk_audit_change change = {
        .operation = operation,
        .resource_type = "API_KEY",
        .resource_id = &call->actor->id,
        .resource_name = call->actor->name,
    };
    return lk_audit_append(call, &change);
}

static int open_session(struct lk_call *call, const struct lk_digest *secret, const char *token) {
    struct lk_key_session_row row = {.key_id = call->actor->id, .created_at = call->now_ms, .used_at = call->now_ms};
    lk_session_token_digest(call->domain->keys, lk_slice_cstr(token), row.digest);
    memcpy(row.secret_digest, secret->bytes, sizeof(row.secret_digest));
    lk_session_begin(call, &row.expires_at, &row.ends_at);
    int code = lk_store_key_session_purge(call->db, call->now_ms, LK_SESSION_PURGE_MAX);
    if (code == 0)
        code = lk_store_key_session_trim(call->db, &row.key_id, SESSIONS_MAX - 1, SESSIONS_MAX);
    if (code == 0)
        code = lk_store_key_session_insert(call->db, &row);
    return code == 0 ? audit(call, LK_AUDIT_LOGIN) : lk_fail_store(call, code);
}

int lk_key_session_describe(struct lk_call *call, struct lk_login_result *ret) {
    const struct lk_actor *actor = call->actor;
    struct lk_account_row account = {0};
    int code = lk_store_account_find(call->db, &actor->account_id, call->arena, &account);
    if (code != 0)
        return lk_fail_store(call, code);
    *ret = (struct lk_login_result){.accounts_len = 1, .actor_kind = actor->kind, .actor_id = actor->id, .actor_name = actor->name};
    ret->accounts[0] = (struct lk_login_account){account.id, account.name};
    return 0;
}

int lk_login_key(struct lk_call *call, struct lk_slice key, struct lk_login_result *ret) {
    struct lk_login_result result = {0};
    struct lk_digest secret;
    int code = lk_authenticate_key(call, key);
    if (code == 0)
        code = lk_key_session_describe(call, &result);
    if (code == 0)
        code = lk_secret_digest(call, key, &secret);
    if (code == 0)
        code = lk_operation_begin(call);
    if (code != 0)
        return code;
    char token[LK_SESSION_TOKEN_LEN + 1];
    lk_session_token_make(token);
    code = open_session(call, &secret, token);
    if (code == 0 && lk_arena_copy(call->arena, lk_slice_cstr(token), &result.token) != 0)
        code = lk_fail_memory(call);
    sodium_memzero(token, sizeof(token));
    int ended = lk_operation_end(call, code != 0);
    code = code != 0 ? code : ended;
    if (code == 0)
        *ret = result;
    return code;
}

static int find(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES], struct lk_key_session_row *ret) {
    int code = lk_store_key_session_find(call->db, digest, ret);
    if (code == LK_ENOTFOUND || (code == 0 && lk_session_is_over(call, ret->created_at, ret->expires_at, ret->ends_at)))
        return lk_session_refuse(call);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_key_session_authenticate(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES]) {
    struct lk_key_session_row row = {0};
    struct lk_digest secret;
    int code = find(call, digest, &row);
    if (code != 0)
        return code;
    memcpy(secret.bytes, row.secret_digest, sizeof(secret.bytes));
    code = lk_authenticate_digest(call, &secret, &row.key_id);
    int64_t expires_at;
    if (code != 0 || !lk_session_is_used(call, row.used_at, row.ends_at, &expires_at))
        return code;
    code = lk_store_key_session_use(call->db, digest, call->now_ms, expires_at);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_key_session_logout(struct lk_call *call, const uint8_t digest[LK_MAC_BYTES]) {
    int code = lk_key_session_authenticate(call, digest);
    if (code == 0)
        code = lk_operation_begin(call);
    if (code != 0)
        return code;
    code = lk_store_key_session_delete(call->db, digest);
    code = code == 0 ? audit(call, LK_AUDIT_LOGOUT) : lk_fail_store(call, code);
    int ended = lk_operation_end(call, code != 0);
    call->actor = NULL;
    return code != 0 ? code : ended;
}
