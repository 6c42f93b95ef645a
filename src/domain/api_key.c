#include "domain/api_key.h"

#include "base/clock.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "crypto/seal.h"
#include "crypto/strength.h"
#include "crypto/token.h"
#include "domain/group_set.h"
#include "domain/key_limits.h"
#include "domain/key_metadata.h"
#include "domain/lockout.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"
#include "store/key_session.h"

#define MANAGE_KEYS LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_API_KEYS)

int lk_key_groups(struct lk_call *call, const struct lk_id *key, struct lk_group_set *ret) {
    struct lk_group_permissions_row *rows;
    size_t len;
    int code = lk_store_group_permissions_of_key(call->db, key, call->arena, &rows, &len);
    return code != 0 ? lk_fail_store(call, code) : lk_group_set_take(call, rows, len, ret);
}

static int find_groups(struct lk_call *call, const struct lk_api_key_input *input, struct lk_group_set *ret) {
    return lk_group_set_find(call, input->group_ids, input->group_ids_len, "a key", ret);
}

static int insert_groups(struct lk_call *call, const struct lk_id *key, const struct lk_group_set *groups) {
    for (size_t i = 0; i < groups->len; i++) {
        int code = lk_store_key_groups_add(call->db, key, &groups->rows[i].id);
        if (code != 0)
            return lk_fail_store(call, code);
    }
    return 0;
}

static struct lk_rate_limit rate_of(const struct lk_key_row *row) {
    return (struct lk_rate_limit){row->rate_limit, row->rate_window_ms / 1000};
}

static void old_secrets_document(struct lk_json_writer *w, const struct lk_old_secret_row *rows, size_t len) {
    lk_json_key(w, "previousSecrets");
    lk_json_begin_array(w);
    for (size_t i = 0; i < len; i++) {
        lk_json_begin_object(w);
        lk_json_key(w, "preview");
        lk_json_string(w, rows[i].preview);
        lk_json_key(w, "endsAt");
        lk_json_int(w, rows[i].ends_at);
        lk_json_end_object(w);
    }
    lk_json_end_array(w);
}

int lk_key_document(struct lk_call *call, const struct lk_key_row *row, const struct lk_group_set *groups, struct lk_slice *ret) {
    struct lk_credits_row credits = {0};
    bool has_credits = false;
    struct lk_old_secret_row old[LK_STORED_OLD_SECRETS_MAX];
    size_t old_len;
    int code = lk_credits_find(call, LK_CREDITS_OF_KEY, &row->id, &has_credits, &credits);
    if (code != 0)
        return code;
    code = lk_store_old_secret_list(call->db, &row->id, call->now_ms, call->arena, old, &old_len);
    if (code != 0)
        return lk_fail_store(call, code);
    const struct lk_rate_limit rate = rate_of(row);
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, row->name);
    lk_json_key(&w, "enabled");
    lk_json_bool(&w, row->enabled);
    lk_json_key(&w, "expiresAt");
    if (row->has_expiry)
        lk_json_int(&w, row->expires_at);
    else
        lk_json_null(&w);
    lk_json_key(&w, "metadata");
    lk_json_raw(&w, row->metadata);
    lk_json_key(&w, "preview");
    lk_json_string(&w, row->preview);
    lk_json_key(&w, "allowedIps");
    lk_json_raw(&w, row->allowed_ips.ptr == NULL ? lk_slice_cstr("[]") : row->allowed_ips);
    lk_rate_limit_document(&w, &rate);
    lk_credits_document(&w, has_credits ? &credits : NULL);
    if (old_len > 0)
        old_secrets_document(&w, old, old_len);
    lk_group_set_write(groups, &w);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

int lk_key_audit(struct lk_call *call, const char *operation, const struct lk_key_row *row, struct lk_slice before, struct lk_slice after) {
    struct lk_audit_change change = {
        .operation = operation,
        .resource_type = "API_KEY",
        .resource_id = &row->id,
        .resource_name = row->name,
        .before = before,
        .after = after,
    };
    return lk_audit_append(call, &change);
}

/* Everything of the input but the groups, into the row; what was not given stays. */
static int apply_input(struct lk_call *call, const struct lk_api_key_input *input, struct lk_key_row *row) {
    int code = lk_check_name(call, "API Key name", input->name);
    if (code != 0)
        return code;
    row->name = input->name;
    if (input->expiry_given) {
        bool unchanged = row->has_expiry && row->expires_at == input->expires_at;
        if (input->has_expiry && input->expires_at <= call->now_ms && !unchanged)
            return lk_problem_set(call->problem, LK_EINVAL, "Invalid expiresAt: it must be in the future");
        if (input->has_expiry && input->expires_at > LK_CLOCK_LAST_MS && !unchanged)
            return lk_problem_set(call->problem, LK_EINVAL,
                                  "Invalid expiresAt: it must be in the year 9999 or before; it is counted in milliseconds since 1970");
        row->has_expiry = input->has_expiry;
        row->expires_at = input->has_expiry ? input->expires_at : 0;
    }
    if (input->enabled_given)
        row->enabled = input->enabled;
    if (input->ips_given)
        code = lk_allowed_ips_write(call, input->allowed_ips, input->allowed_ips_len, &row->allowed_ips);
    if (code == 0 && input->rate_given && input->has_rate)
        code = lk_rate_limit_check(call, &input->rate);
    if (code != 0)
        return code;
    if (input->rate_given) {
        row->rate_limit = input->has_rate ? input->rate.limit : 0;
        row->rate_window_ms = input->has_rate ? input->rate.window_seconds * 1000 : 0;
    }
    return input->metadata_given ? lk_metadata_write(call, input->metadata, input->metadata_len, &row->metadata) : 0;
}

/* The credits of the input, where they were given. */
static int store_credits(struct lk_call *call, const struct lk_api_key_input *input, const struct lk_id *key) {
    if (!input->credits_given)
        return 0;
    return lk_credits_store(call, LK_CREDITS_OF_KEY, key, input->has_credits ? &input->credits : NULL);
}

static int key_written(struct lk_call *call, const struct lk_api_key_input *input, const struct lk_id *key) {
    return lk_changed(call, input->credits_given ? LK_CHANGE_KEY_CREDITS : LK_CHANGE_KEY_WRITTEN, key);
}

static int name_taken(struct lk_call *call, struct lk_slice name) {
    return lk_problem_set(call->problem, LK_ECONFLICT, "An API key already exists with the name %.*s", (int)name.len, name.ptr);
}

int lk_key_require_manage(struct lk_call *call, struct lk_slice account, const struct lk_intent *intent) {
    int code = lk_require_own_account(call, account, intent);
    return code != 0 ? code : lk_require(call, MANAGE_KEYS, intent);
}

/* Of a secret that somebody gave. One of our form was made by a Latchkey, at random. */
static bool is_weak(struct lk_slice token) {
    return token.ptr != NULL && lk_token_check(token) != LK_TOKEN_OURS && lk_strength_bits(token) < LK_STRENGTH_WEAK_BITS;
}

int lk_key_secret(struct lk_call *call, const struct lk_id *key, const struct lk_id *account, struct lk_slice token,
                  struct lk_key_secret *ret) {
    const struct lk_keys *keys = call->domain->keys;
    struct lk_key_secret secret = {.token = token, .weak = is_weak(token), .digest_version = lk_keys_version(keys)};
    size_t len = token.ptr == NULL ? LK_TOKEN_LEN : token.len;
    char *preview = lk_arena_alloc(call->arena, LK_TOKEN_PREVIEW_SIZE);
    char *sealed = lk_arena_alloc(call->arena, len + LK_SEAL_OVERHEAD);
    char *made = token.ptr == NULL ? lk_arena_alloc(call->arena, LK_TOKEN_LEN + 1) : NULL;
    if (preview == NULL || sealed == NULL || (token.ptr == NULL && made == NULL))
        return lk_fail_memory(call);
    if (made != NULL) {
        lk_token_make(account, made);
        secret.token = lk_slice_make(made, LK_TOKEN_LEN);
    }
    lk_token_preview(secret.token, preview);
    secret.preview = lk_slice_cstr(preview);
    struct lk_digest digest;
    lk_digest_token(keys, secret.token, &digest);
    memcpy(secret.digest, digest.bytes, sizeof(secret.digest));
    lk_seal(keys, LK_SEAL_API_KEY, key, account, secret.token, (uint8_t *)sealed);
    secret.sealed = lk_slice_make(sealed, len + LK_SEAL_OVERHEAD);
    *ret = secret;
    return 0;
}

/* Stores the row with its secret. */
static int insert_row(struct lk_call *call, struct lk_key_row *row, struct lk_slice token, struct lk_slice *ret_token) {
    struct lk_key_secret secret = {0};
    int code = lk_key_secret(call, &row->id, &row->account_id, token, &secret);
    if (code != 0)
        return code;
    row->preview = secret.preview;
    row->weak = secret.weak;
    code = lk_store_key_insert(call->db, row, secret.digest, secret.digest_version, secret.sealed);
    if (code != 0)
        return code == LK_ECONFLICT ? name_taken(call, row->name) : lk_fail_store(call, code);
    *ret_token = secret.token;
    return 0;
}

int lk_key_insert(struct lk_call *call, const char *operation, const struct lk_api_key_input *input, struct lk_slice token,
                  struct lk_key_row *ret, struct lk_slice *ret_token) {
    const struct lk_intent intent = {.operation = operation, .resource_type = "API_KEY", .resource_name = input->name};
    struct lk_key_row row = {
        .id = lk_id_new(),
        .account_id = call->actor->account_id,
        .enabled = true,
        .metadata = LK_SLICE("{}"),
        .created_at = call->now_ms,
        .created_by = call->actor->name,
        .updated_at = call->now_ms,
    };
    struct lk_group_set groups;
    struct lk_slice made;
    int code = apply_input(call, input, &row);
    if (code == 0)
        code = find_groups(call, input, &groups);
    if (code == 0)
        code = lk_group_set_require_grantable(call, &groups, NULL, &intent);
    if (code == 0)
        code = insert_row(call, &row, token, &made);
    if (code == 0)
        code = insert_groups(call, &row.id, &groups);
    if (code == 0)
        code = store_credits(call, input, &row.id);
    struct lk_slice after;
    if (code == 0)
        code = lk_key_document(call, &row, &groups, &after);
    if (code == 0)
        code = lk_key_audit(call, operation, &row, (struct lk_slice){NULL, 0}, after);
    if (code == 0)
        code = key_written(call, input, &row.id);
    if (code != 0)
        return code;
    *ret = row;
    *ret_token = made;
    return 0;
}

int lk_api_key_create(struct lk_call *call, struct lk_slice account, const struct lk_api_key_input *input, struct lk_api_key *ret,
                      struct lk_slice *ret_token) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "API_KEY", .resource_name = input->name};
    struct lk_key_row row = {0};
    struct lk_slice token;
    int code = lk_key_require_manage(call, account, &intent);
    if (code == 0)
        code = lk_key_insert(call, LK_AUDIT_CREATE, input, (struct lk_slice){NULL, 0}, &row, &token);
    if (code == 0)
        code = lk_to_key(call, &row, ret);
    if (code == 0)
        *ret_token = token;
    return code;
}

/* Whether a change gives a key life that it did not have: then all that its groups hold is given by it. */
static bool revives(const struct lk_key_row *before, const struct lk_key_row *after) {
    if (after->enabled && !before->enabled)
        return true;
    return before->has_expiry && (!after->has_expiry || after->expires_at > before->expires_at);
}

/* Whether a change takes a limit away from a key or makes it wider: that too gives what its groups hold. Credits are wider whenever a key that has some is
 * given others, since what is left of them changes all the time. */
static int lifts_limit(struct lk_call *call, const struct lk_key_row *before, const struct lk_key_row *after,
                       const struct lk_api_key_input *input, bool *ret) {
    const struct lk_rate_limit old_rate = rate_of(before);
    const struct lk_rate_limit new_rate = rate_of(after);
    struct lk_credits_row credits;
    bool counted = false;
    bool widened = false;
    int code = lk_allowed_ips_widened(call, before->allowed_ips, after->allowed_ips, &widened);
    if (code == 0 && input->credits_given)
        code = lk_credits_find(call, LK_CREDITS_OF_KEY, &before->id, &counted, &credits);
    if (code == 0)
        *ret = widened || counted || lk_rate_limit_raised(&old_rate, &new_rate);
    return code;
}

static bool is_dead(const struct lk_call *call, const struct lk_key_row *key) {
    return !key->enabled || (key->has_expiry && key->expires_at <= call->now_ms);
}

/* A console session ends for good with its key's life: it does not come back when the key does. */
static int end_sessions(struct lk_call *call, const struct lk_key_row *before, const struct lk_key_row *after) {
    if (!is_dead(call, before) && !is_dead(call, after))
        return 0;
    int code = lk_store_key_session_delete_of_key(call->db, &before->id);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int store_groups(struct lk_call *call, const struct lk_id *key, const struct lk_group_set *groups) {
    int code = lk_store_key_groups_clear(call->db, key);
    return code != 0 ? lk_fail_store(call, code) : insert_groups(call, key, groups);
}

static bool is_actor(const struct lk_call *call, const struct lk_id *key) {
    return call->actor->kind == LK_ACTOR_KEY && lk_id_equal(&call->actor->id, key);
}

static int lockout_before(struct lk_call *call, const struct lk_key_row *key, const struct lk_group_set *groups, struct lk_lockout *ret) {
    if (!is_dead(call, key))
        return lk_lockout_before_groups(call, groups, key->has_expiry || key->allowed_ips.ptr != NULL, ret);
    *ret = (struct lk_lockout){0};
    return 0;
}

/* Whoever limits the key that it acts by must be able to go on from where it is. */
static int check_lockout(struct lk_call *call, const struct lk_lockout *before, const struct lk_key_row *after,
                         const struct lk_group_set *groups) {
    bool own = is_actor(call, &after->id) && !is_dead(call, after);
    bool admitted = true;
    int code = own ? lk_allowed_ips_admit(call, after->allowed_ips, call->client_ip, &admitted) : 0;
    struct lk_lockout lockout = *before;
    lockout.away = admitted ? NULL : &after->id;
    if (code == 0)
        code = lk_lockout_after(call, &lockout, own && admitted ? groups : NULL);
    if (code != LK_ECONFLICT || admitted)
        return code;
    return lk_problem_set(call->problem, code,
                          "This would lock the account out: no other credential can administer it at any time and from anywhere, and "
                          "allowedIps does not hold the address that this request comes from");
}

int lk_api_key_update(struct lk_call *call, struct lk_slice account, struct lk_slice id, const struct lk_api_key_input *input,
                      struct lk_api_key *ret) {
    struct lk_intent intent = {.operation = LK_AUDIT_UPDATE, .resource_type = "API_KEY", .resource_name = input->name};
    int code = lk_key_require_manage(call, account, &intent);
    struct lk_key_row before = {0};
    if (code == 0)
        code = lk_find_key(call, id, &before);
    if (code != 0)
        return code;
    intent.resource_id = &before.id;
    intent.resource_name = before.name;
    struct lk_key_row after = before;
    after.updated_at = call->now_ms;
    struct lk_group_set old_groups;
    struct lk_group_set new_groups;
    code = lk_key_groups(call, &before.id, &old_groups);
    if (code == 0)
        code = apply_input(call, input, &after);
    if (code != 0)
        return code;
    if (input->groups_given)
        code = find_groups(call, input, &new_groups);
    else
        new_groups = old_groups;
    struct lk_lockout lockout;
    bool lifts = false;
    if (code == 0)
        code = lifts_limit(call, &before, &after, input, &lifts);
    if (code == 0)
        code = lk_group_set_require_grantable(call, &new_groups, lifts || revives(&before, &after) ? NULL : &old_groups, &intent);
    if (code == 0)
        code = lockout_before(call, &before, &old_groups, &lockout);
    struct lk_slice before_document;
    struct lk_slice after_document;
    if (code == 0)
        code = lk_key_document(call, &before, &old_groups, &before_document);
    if (code != 0)
        return code;
    code = lk_store_key_update(call->db, &after);
    if (code != 0)
        return code == LK_ECONFLICT ? name_taken(call, after.name) : lk_fail_store(call, code);
    code = end_sessions(call, &before, &after);
    if (code == 0 && input->groups_given)
        code = store_groups(call, &before.id, &new_groups);
    if (code == 0)
        code = store_credits(call, input, &before.id);
    lk_permissions_changed(call);
    if (code == 0)
        code = check_lockout(call, &lockout, &after, &new_groups);
    if (code == 0)
        code = lk_key_document(call, &after, &new_groups, &after_document);
    if (code == 0)
        code = lk_key_audit(call, LK_AUDIT_UPDATE, &after, before_document, after_document);
    if (code == 0)
        code = key_written(call, input, &after.id);
    return code != 0 ? code : lk_to_key(call, &after, ret);
}

/* Deletes a key of the actor's account. */
static int delete_key(struct lk_call *call, const struct lk_key_row *row) {
    struct lk_group_set groups;
    struct lk_lockout lockout;
    int code = lk_key_groups(call, &row->id, &groups);
    if (code == 0)
        code = lockout_before(call, row, &groups, &lockout);
    struct lk_slice before;
    if (code == 0)
        code = lk_key_document(call, row, &groups, &before);
    if (code != 0)
        return code;
    code = lk_store_key_delete(call->db, &row->id);
    if (code != 0)
        return lk_fail_store(call, code);
    lk_permissions_changed(call);
    code = lk_lockout_after(call, &lockout, NULL);
    if (code == 0)
        code = lk_changed(call, LK_CHANGE_KEY_REMOVED, &row->id);
    return code != 0 ? code : lk_key_audit(call, LK_AUDIT_DELETE, row, before, (struct lk_slice){NULL, 0});
}

int lk_api_key_delete(struct lk_call *call, struct lk_slice account, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "API_KEY", .resource_name = id};
    int code = lk_key_require_manage(call, account, &intent);
    struct lk_key_row row = {0};
    if (code == 0)
        code = lk_find_key(call, id, &row);
    return code != 0 ? code : delete_key(call, &row);
}

int lk_api_key_revoke(struct lk_call *call, struct lk_slice token) {
    struct lk_key_row row = {0};
    bool old = false;
    int code = lk_key_find_by_token(call, token, &row, &old);
    if (code == 0 && !lk_id_equal(&row.account_id, &call->actor->account_id))
        code = lk_problem_set(call->problem, LK_ENOTFOUND, "API key does not exist");
    if (code != 0)
        return code;
    const struct lk_intent intent = {.operation = old ? LK_AUDIT_UPDATE : LK_AUDIT_DELETE,
                                     .resource_type = "API_KEY",
                                     .resource_id = &row.id,
                                     .resource_name = row.name};
    if (!is_actor(call, &row.id))
        code = lk_require(call, MANAGE_KEYS, &intent);
    if (code != 0 || !old)
        return code != 0 ? code : delete_key(call, &row);
    struct lk_slice before;
    struct lk_slice after;
    code = lk_key_end_old_secret(call, &row, token, &before, &after);
    return code != 0 ? code : lk_key_audit(call, LK_AUDIT_UPDATE, &row, before, after);
}

int lk_key_require_secret(struct lk_call *call, struct lk_slice account, struct lk_slice id, const char *operation, struct lk_key_row *ret,
                          struct lk_group_set *ret_groups) {
    struct lk_intent intent = {.operation = operation, .resource_type = "API_KEY", .resource_name = id};
    int code = lk_key_require_manage(call, account, &intent);
    if (code == 0)
        code = lk_find_key(call, id, ret);
    if (code == 0)
        code = lk_key_groups(call, &ret->id, ret_groups);
    if (code != 0)
        return code;
    intent.resource_id = &ret->id;
    intent.resource_name = ret->name;
    return lk_group_set_require_grantable(call, ret_groups, NULL, &intent);
}

int lk_api_key_reveal(struct lk_call *call, struct lk_slice account, struct lk_slice id, struct lk_slice *ret_token) {
    struct lk_key_row row = {0};
    struct lk_group_set groups;
    int code = lk_key_require_secret(call, account, id, LK_AUDIT_REVEAL, &row, &groups);
    if (code != 0)
        return code;
    struct lk_slice sealed;
    code = lk_store_key_sealed(call->db, &row.id, call->arena, &sealed);
    if (code != 0)
        return lk_fail_store(call, code);
    if (sealed.len < LK_SEAL_OVERHEAD)
        return sealed.ptr == NULL ? lk_problem_set(call->problem, LK_ECONFLICT, "This API key cannot be revealed")
                                  : lk_fail_store(call, LK_ECORRUPT);
    char *token = lk_arena_alloc(call->arena, sealed.len - LK_SEAL_OVERHEAD);
    if (token == NULL)
        return lk_fail_memory(call);
    code = lk_seal_open(call->domain->keys, LK_SEAL_API_KEY, &row.id, &row.account_id, sealed, (uint8_t *)token);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_key_audit(call, LK_AUDIT_REVEAL, &row, (struct lk_slice){NULL, 0}, (struct lk_slice){NULL, 0});
    if (code != 0) {
        explicit_bzero(token, sealed.len - LK_SEAL_OVERHEAD);
        return code;
    }
    *ret_token = lk_slice_make(token, sealed.len - LK_SEAL_OVERHEAD);
    return 0;
}
