#include "domain/call.h"

#include "crypto/digest.h"
#include "crypto/token.h"
#include "domain/key_limits.h"
#include "domain/login_lock.h"
#include "domain/migrate.h"
#include "domain/permission_cache.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"
#include "store/session.h"

#include <stdlib.h>

int lk_domain_open(struct lk_db *db, const struct lk_keys *keys, struct lk_domain **ret, struct lk_problem *problem) {
    int code = lk_migrate_check_keys(db, keys, problem);
    if (code != 0)
        return code;
    struct lk_domain *domain = calloc(1, sizeof(*domain));
    if (domain == NULL)
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    if (lk_permission_cache_open(&domain->permissions) != 0) {
        free(domain);
        return lk_problem_set(problem, LK_ENOMEM, "Out of memory");
    }
    domain->keys = keys;
    domain->generation = 1;
    domain->login = lk_login_rules_defaults();
    *ret = domain;
    return 0;
}

void lk_domain_close(struct lk_domain *domain) {
    if (domain != NULL)
        lk_permission_cache_close(domain->permissions);
    free(domain);
}

static void forget_changes(struct lk_call *call) {
    call->changes = NULL;
    call->last_change = NULL;
}

int lk_operation_begin(struct lk_call *call) {
    call->denial = (struct lk_denial){0};
    forget_changes(call);
    call->audit_of_operation = call->domain->audit_pending;
    int code = lk_db_savepoint(call->db);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* Whoever has a session could else try passwords without end. */
static int count_wrong_password(struct lk_call *call, const struct lk_audit_change *change) {
    struct lk_login_row row;
    int code = lk_store_login_find(call->db, change->resource_id, call->arena, &row);
    if (code != 0)
        return lk_fail_store(call, code);
    bool locked;
    code = lk_login_count_failure(call, &row, &locked);
    if (code != 0 || !locked)
        return code;
    const struct lk_audit_change lock = {
        .operation = LK_AUDIT_LOCK, .resource_type = "USER", .resource_id = change->resource_id, .resource_name = change->resource_name};
    return lk_audit_append(call, &lock);
}

/* The entry is all or nothing: what is left of a failed one would break the chain. */
static int audit_denial(struct lk_call *call) {
    const uint64_t entries = call->domain->audit_pending;
    struct lk_denial denial = call->denial;
    call->denial = (struct lk_denial){0};
    struct lk_audit_change change = {
        .operation = denial.operation,
        .resource_type = denial.resource_type,
        .resource_id = lk_id_is_zero(&denial.resource_id) ? NULL : &denial.resource_id,
        .resource_name = denial.resource_name,
        .failure = denial.reason,
    };
    int code = lk_db_savepoint(call->db);
    if (code != 0)
        return lk_fail_store(call, code);
    code = lk_audit_append(call, &change);
    if (code == 0 && denial.wrong_password)
        code = count_wrong_password(call, &change);
    if (code == 0) {
        code = lk_db_release(call->db);
        return code == 0 ? 0 : lk_fail_store(call, code);
    }
    call->domain->audit_pending = entries;
    lk_db_rollback_to(call->db);
    return code;
}

static size_t mark(const struct lk_call *call) {
    const struct lk_change_observer *observer = call->domain->observer;
    return observer == NULL ? 0 : observer->mark(observer->context);
}

static void undo_to(const struct lk_call *call, size_t before) {
    const struct lk_change_observer *observer = call->domain->observer;
    if (observer != NULL)
        observer->undo(observer->context, before);
}

/* Keeps what was done, unless whoever follows the changes refuses them. */
static int keep(struct lk_call *call) {
    const struct lk_change_observer *observer = call->changes == NULL ? NULL : call->domain->observer;
    size_t before = mark(call);
    int code = observer == NULL ? 0 : observer->changed(observer->context, call, call->changes);
    forget_changes(call);
    if (code != 0) {
        lk_permissions_changed(call);
        call->domain->audit_pending = call->audit_of_operation;
        int undone = lk_db_rollback_to(call->db);
        return undone == 0 ? code : lk_fail_store(call, undone);
    }
    code = lk_db_release(call->db);
    if (code == 0)
        return 0;
    undo_to(call, before);
    return lk_fail_store(call, code);
}

int lk_operation_end(struct lk_call *call, bool failed) {
    if (!failed)
        return keep(call);
    forget_changes(call);
    call->domain->audit_pending = call->audit_of_operation;
    int code = lk_db_rollback_to(call->db);
    lk_permissions_changed(call); /* an actor may have been read again in what was undone */
    if (code != 0)
        return lk_fail_store(call, code);
    if (call->denial.operation != NULL)
        return audit_denial(call);
    return 0;
}

int lk_request_begin(struct lk_call *call) {
    call->mark = mark(call);
    call->audit_of_request = call->domain->audit_pending;
    call->imported = 0;
    call->denied = 0;
    int code = lk_db_savepoint(call->db);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_request_end(struct lk_call *call, bool undo) {
    int code = undo ? lk_db_rollback_to(call->db) : lk_db_release(call->db);
    if (undo || code != 0)
        undo_to(call, call->mark);
    if (undo) {
        lk_permissions_changed(call);
        call->domain->audit_pending = call->audit_of_request;
        call->change_set = (struct lk_id){0};
        call->denial = (struct lk_denial){0};
    }
    return code == 0 ? 0 : lk_fail_store(call, code);
}

int lk_act_as_system(struct lk_call *call, const struct lk_id *account_id) {
    struct lk_actor *actor = LK_ARENA_NEW(call->arena, struct lk_actor);
    if (actor == NULL)
        return lk_fail_memory(call);
    actor->kind = LK_ACTOR_SYSTEM;
    actor->account_id = *account_id;
    actor->name = lk_slice_cstr("system");
    call->actor = actor;
    return 0;
}

static bool key_is_good(const struct lk_call *call, const struct lk_key_row *key) {
    return key->enabled && (!key->has_expiry || key->expires_at > call->now_ms);
}

int lk_actor_read_permissions(struct lk_call *call, struct lk_actor *actor) {
    struct lk_group_permissions_row *rows;
    size_t len;
    int code = actor->kind == LK_ACTOR_USER ? lk_store_group_permissions_of_user(call->db, &actor->id, call->arena, &rows, &len)
                                            : lk_store_group_permissions_of_key(call->db, &actor->id, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_id *ids = lk_arena_calloc(call->arena, len, sizeof(*ids));
    if (ids == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        ids[i] = rows[i].id;
    code = lk_read_union(call, rows, len, &actor->permissions);
    if (code != 0)
        return code;
    actor->group_ids = ids;
    actor->group_ids_len = len;
    actor->generation = call->domain->generation;
    return 0;
}

static int refuse_key(struct lk_call *call) {
    return lk_problem_set(call->problem, LK_EUNAUTH, "Invalid API Key");
}

int lk_secret_digest(struct lk_call *call, struct lk_slice token, struct lk_digest *ret) {
    const struct lk_keys *keys = call->domain->keys;
    lk_digest_token(keys, token, ret);
    for (size_t i = 0; i < lk_keys_older_lookups(keys); i++) {
        struct lk_digest older;
        struct lk_key_row key;
        lk_digest_token_older(keys, i, token, &older);
        int code = lk_store_key_find_by_secret(call->db, older.bytes, call->now_ms, call->arena, &key);
        if (code == 0)
            *ret = older;
        if (code != LK_ENOTFOUND)
            return code == 0 ? 0 : lk_fail_store(call, code);
    }
    return 0;
}

int lk_authenticate_key(struct lk_call *call, struct lk_slice token) {
    lk_permission_cache_trim(call->domain->permissions);
    if (lk_token_check(token) == LK_TOKEN_MALFORMED)
        return refuse_key(call);
    struct lk_digest digest;
    int code = lk_secret_digest(call, token, &digest);
    return code == 0 ? lk_authenticate_digest(call, &digest, NULL) : code;
}

int lk_authenticate_digest(struct lk_call *call, const struct lk_digest *digest, const struct lk_id *only) {
    struct lk_key_row key = {0};
    int code = lk_store_key_find_by_secret(call->db, digest->bytes, call->now_ms, call->arena, &key);
    if (code == LK_ENOTFOUND || (code == 0 && (!key_is_good(call, &key) || (only != NULL && !lk_id_equal(only, &key.id)))))
        return refuse_key(call);
    if (code != 0)
        return lk_fail_store(call, code);
    bool admitted = false;
    code = lk_allowed_ips_admit(call, key.allowed_ips, call->client_ip, &admitted);
    if (code != 0)
        return code;
    if (!admitted)
        return lk_problem_set(call->problem, LK_EFORBIDDEN, "User not authorized: this API key may not be used from this address");
    struct lk_actor *actor = LK_ARENA_NEW(call->arena, struct lk_actor);
    if (actor == NULL)
        return lk_fail_memory(call);
    actor->kind = LK_ACTOR_KEY;
    actor->id = key.id;
    actor->account_id = key.account_id;
    actor->name = key.name;
    code = lk_actor_read_permissions(call, actor);
    if (code == 0)
        call->actor = actor;
    return code;
}

/* Whether the credential that the actor came with is still good. */
static int actor_is_good(struct lk_call *call, bool *ret) {
    const struct lk_actor *actor = call->actor;
    struct lk_key_row key;
    struct lk_session_user_row session;
    int code = actor->kind == LK_ACTOR_USER
                   ? lk_store_session_find(call->db, actor->session_digest, &actor->account_id, call->arena, &session)
                   : lk_store_key_find(call->db, &actor->account_id, &actor->id, call->arena, &key);
    if (code != 0 && code != LK_ENOTFOUND)
        return lk_fail_store(call, code);
    *ret = code == 0 && (actor->kind == LK_ACTOR_USER || key_is_good(call, &key));
    return 0;
}

/* Makes the actor's permissions those of this moment. An actor that is no more has none. */
static int refresh(struct lk_call *call) {
    struct lk_actor *actor = call->actor;
    if (actor->kind == LK_ACTOR_SYSTEM || actor->generation == call->domain->generation)
        return 0;
    bool good = false;
    int code = actor_is_good(call, &good);
    if (code != 0)
        return code;
    if (good)
        return lk_actor_read_permissions(call, actor);
    actor->permissions = (struct lk_permissions){0};
    actor->group_ids_len = 0;
    actor->generation = call->domain->generation;
    return 0;
}

int lk_actor_permissions(struct lk_call *call, const struct lk_permissions **ret) {
    int code = refresh(call);
    if (code == 0)
        *ret = &call->actor->permissions;
    return code;
}

static const struct lk_intent reading = {0};

static bool is_own_account(const struct lk_call *call, struct lk_slice account) {
    struct lk_id id;
    return account.ptr == NULL || (lk_id_parse(account, &id) == 0 && lk_id_equal(&id, &call->actor->account_id));
}

int lk_require_account(struct lk_call *call, struct lk_slice account) {
    return lk_require_own_account(call, account, &reading);
}

int lk_require_own_account(struct lk_call *call, struct lk_slice account, const struct lk_intent *intent) {
    return is_own_account(call, account) ? 0 : lk_deny(call, intent, "User not authorized");
}

int lk_require(struct lk_call *call, uint32_t any_of, const struct lk_intent *intent) {
    int code = refresh(call);
    if (code != 0)
        return code;
    if (call->actor->kind == LK_ACTOR_SYSTEM || (lk_account_permissions_expand(call->actor->permissions.account) & any_of) != 0)
        return 0;
    return lk_deny(call, intent, "User not authorized: %s is required", lk_account_permission_name((unsigned)__builtin_ctz(any_of)));
}

int lk_require_scope(struct lk_call *call, struct lk_slice scope, const struct lk_intent *intent) {
    int code = refresh(call);
    if (code != 0)
        return code;
    if (call->actor->kind == LK_ACTOR_SYSTEM || lk_permissions_hold_scope(&call->actor->permissions, scope))
        return 0;
    return lk_deny(call, intent, "User not authorized: the scope %s is required", lk_show(scope).text);
}

int lk_require_read_users(struct lk_call *call) {
    return lk_require(
        call, LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS) | LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS),
        &reading);
}

int lk_require_grantable(struct lk_call *call, const struct lk_permissions *wanted, const struct lk_permissions *existing, const char *what,
                         const struct lk_intent *intent) {
    int code = refresh(call);
    if (code != 0 || call->actor->kind == LK_ACTOR_SYSTEM)
        return code;
    struct lk_slice missing;
    if (lk_permissions_cover(&call->actor->permissions, existing, wanted, &missing))
        return 0;
    return lk_deny(call, intent, "User not authorized: %s more than the caller holds (%s)", what, lk_show(missing).text);
}
