/* A new secret for a key that stays the same key. */
#include "base/clock.h"
#include "crypto/digest.h"
#include "domain/key_rows.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"

static int no_room(struct lk_call *call, const struct lk_old_secret_row *first) {
    char when[25];
    lk_clock_format(first->ends_at, when);
    return lk_problem_set(
        call->problem, LK_ECONFLICT,
        "This API key has %d old secrets that are still accepted, and no more can be: the first of them (%.*s) ends at %s. Without "
        "an overlap it can be rotated now, and all of them end",
        LK_OLD_SECRETS_MAX, (int)first->preview.len, first->preview.ptr, when);
}

/* What becomes of the secrets so far. */
static int retire_secrets(struct lk_call *call, const struct lk_id *key, int64_t overlap_seconds) {
    int code = lk_store_old_secret_clear(call->db, key, overlap_seconds == 0 ? INT64_MAX : call->now_ms);
    if (code != 0 || overlap_seconds == 0)
        return code == 0 ? 0 : lk_fail_store(call, code);
    struct lk_old_secret_row old[LK_STORED_OLD_SECRETS_MAX];
    size_t len;
    code = lk_store_old_secret_list(call->db, key, call->now_ms, call->arena, old, &len);
    if (code == 0 && len == LK_STORED_OLD_SECRETS_MAX)
        return no_room(call, &old[0]);
    if (code == 0)
        code = lk_store_old_secret_keep(call->db, key, call->now_ms + overlap_seconds * 1000);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int replace_secret(struct lk_call *call, struct lk_key_row *row, int64_t overlap_seconds, struct lk_slice *ret_token) {
    struct lk_key_secret secret = {0};
    int code = retire_secrets(call, &row->id, overlap_seconds);
    if (code == 0)
        code = lk_key_secret(call, &row->id, &row->account_id, (struct lk_slice){NULL, 0}, &secret);
    if (code != 0)
        return code;
    row->preview = secret.preview;
    row->weak = secret.weak;
    row->updated_at = call->now_ms;
    code = lk_store_key_set_secret(call->db, row, secret.digest, secret.digest_version, secret.sealed);
    if (code != 0)
        return lk_fail_store(call, code);
    *ret_token = secret.token;
    return 0;
}

int lk_api_key_rotate(struct lk_call *call, struct lk_slice account, struct lk_slice id, int64_t overlap_seconds, struct lk_api_key *ret,
                      struct lk_slice *ret_token) {
    struct lk_key_row row = {0};
    struct lk_group_set groups;
    int code = lk_key_require_secret(call, account, id, LK_AUDIT_ROTATE, &row, &groups);
    if (code != 0)
        return code;
    if (overlap_seconds < 0 || overlap_seconds > LK_OVERLAP_MAX_SECONDS)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid overlapSeconds: it must be from 0 to %d (90 days)",
                              LK_OVERLAP_MAX_SECONDS);
    if (overlap_seconds > 0 && row.leaked && !row.enabled) /* with an overlap, enabling the key would make it good again */
        return lk_problem_set(call->problem, LK_EINVAL,
                              "Invalid overlapSeconds: this API key is disabled and its secret was reported as leaked, so it can only be "
                              "replaced at once, without an overlap");
    struct lk_slice before;
    struct lk_slice after;
    struct lk_slice token;
    code = lk_key_document(call, &row, &groups, &before);
    if (code == 0)
        code = replace_secret(call, &row, overlap_seconds, &token);
    if (code == 0)
        code = lk_key_document(call, &row, &groups, &after);
    if (code == 0)
        code = lk_key_audit(call, LK_AUDIT_ROTATE, &row, before, after);
    if (code == 0)
        code = lk_changed(call, LK_CHANGE_KEY_WRITTEN, &row.id);
    if (code == 0)
        code = lk_to_key(call, &row, ret);
    if (code == 0)
        *ret_token = token;
    return code;
}

int lk_key_find_by_token(struct lk_call *call, struct lk_slice token, struct lk_key_row *ret, bool *ret_old) {
    struct lk_digest digest;
    int code = lk_secret_digest(call, token, &digest);
    if (code != 0)
        return code;
    code = lk_store_key_find_by_digest(call->db, digest.bytes, call->arena, ret);
    bool old = code == LK_ENOTFOUND;
    if (old)
        code = lk_store_key_find_by_secret(call->db, digest.bytes, call->now_ms, call->arena, ret);
    if (code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, code, "API key does not exist");
    if (code != 0)
        return lk_fail_store(call, code);
    *ret_old = old;
    return 0;
}

int lk_key_end_old_secret(struct lk_call *call, struct lk_key_row *row, struct lk_slice token, struct lk_slice *ret_before,
                          struct lk_slice *ret_after) {
    struct lk_group_set groups;
    struct lk_digest digest;
    int code = lk_secret_digest(call, token, &digest);
    row->updated_at = call->now_ms;
    if (code == 0)
        code = lk_key_groups(call, &row->id, &groups);
    if (code == 0)
        code = lk_key_document(call, row, &groups, ret_before);
    if (code != 0)
        return code;
    code = lk_store_old_secret_delete(call->db, digest.bytes);
    if (code == 0)
        code = lk_store_key_update(call->db, row);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_key_document(call, row, &groups, ret_after);
    return code != 0 ? code : lk_changed(call, LK_CHANGE_KEY_WRITTEN, &row->id);
}
