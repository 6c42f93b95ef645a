/* Keys whose secrets come from elsewhere. */
#include "crypto/digest.h"
#include "crypto/token.h"
#include "domain/key_rows.h"
#include "domain/rules.h"
#include "store/key_old_secret.h"

/* Keys that share a savepoint as long as none of them is refused. */
#define RUN ((size_t)50)

static int check_token(struct lk_call *call, struct lk_slice token) {
    if (lk_token_importable(token))
        return 0;
    if (lk_token_has_form(token))
        return lk_problem_set(call->problem, LK_EINVAL,
                              "Invalid key: it has the form of a Latchkey key, but its checksum is wrong, so it was mistyped");
    return lk_problem_set(call->problem, LK_EINVAL, "Invalid key: it must be %d to %d visible ASCII characters, without spaces",
                          LK_TOKEN_IMPORT_MIN, LK_TOKEN_IMPORT_MAX);
}

/* Under whatever lookup key it was kept. */
static int forget_ended(struct lk_call *call, struct lk_slice token, const struct lk_digest *present) {
    const struct lk_keys *keys = call->domain->keys;
    int code = lk_store_old_secret_forget(call->db, present->bytes, call->now_ms);
    for (size_t i = 0; i < lk_keys_older_lookups(keys) && code == 0; i++) {
        struct lk_digest older;
        lk_digest_token_older(keys, i, token, &older);
        code = lk_store_old_secret_forget(call->db, older.bytes, call->now_ms);
    }
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* A secret opens one key; one that a rotation ended opens none, and is forgotten here if the sweep has not come by. Of another account's key nothing is told but that this cannot be. */
static int check_unused(struct lk_call *call, struct lk_slice token) {
    struct lk_digest digest;
    struct lk_key_row row = {0};
    int code = lk_secret_digest(call, token, &digest);
    if (code != 0)
        return code;
    code = lk_store_key_find_by_secret(call->db, digest.bytes, call->now_ms, call->arena, &row);
    if (code == LK_ENOTFOUND)
        return forget_ended(call, token, &digest);
    if (code != 0)
        return lk_fail_store(call, code);
    if (lk_id_equal(&row.account_id, &call->actor->account_id))
        return lk_problem_set(call->problem, LK_ECONFLICT, "This key is there already, with the name %.*s", (int)row.name.len,
                              row.name.ptr);
    return lk_problem_set(call->problem, LK_ECONFLICT, "This key cannot be used");
}

static int import_one(struct lk_call *call, const struct lk_import_input *input, struct lk_import_result *ret) {
    struct lk_key_row row = {0};
    struct lk_slice token;
    int code = check_token(call, input->token);
    if (code == 0)
        code = check_unused(call, input->token);
    if (code == 0)
        code = lk_key_insert(call, LK_AUDIT_IMPORT, &input->key, input->token, &row, &token);
    if (code == 0)
        ret->id = row.id;
    return code;
}

/* Whether a failure is about the one key, so that the others may go on. */
static bool is_refusal(int code) {
    return code == LK_EINVAL || code == LK_ECONFLICT || code == LK_ENOTFOUND || code == LK_EFORBIDDEN || code == LK_ELIMIT;
}

/* Takes back what was done since the savepoint, before which last_change was the last. */
static int take_back(struct lk_call *call, struct lk_change *last_change) {
    call->last_change = last_change;
    if (last_change != NULL)
        last_change->next = NULL;
    else
        call->changes = NULL;
    int code = lk_db_rollback_to(call->db); /* which changes nobody's permissions: what was read of them is still so */
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* Takes back what the refused one did, and says why in its result. */
static int refuse(struct lk_call *call, struct lk_change *last_change, struct lk_import_result *ret) {
    int code = take_back(call, last_change);
    if (code != 0)
        return code;
    if (lk_arena_copy(call->arena, lk_slice_cstr(call->problem->text), &ret->error) != 0)
        return lk_fail_memory(call);
    if (call->denial.operation == NULL)
        return 0;
    const struct lk_audit_change change = {.operation = call->denial.operation,
                                           .resource_type = call->denial.resource_type,
                                           .resource_name = call->denial.resource_name,
                                           .failure = call->denial.reason};
    call->denial = (struct lk_denial){0};
    call->denied++;
    return lk_audit_append(call, &change);
}

static int import_in_savepoint(struct lk_call *call, const struct lk_import_input *input, struct lk_import_result *ret) {
    struct lk_change *last_change = call->last_change;
    *ret = (struct lk_import_result){.name = input->key.name};
    int code = lk_db_savepoint(call->db);
    if (code != 0)
        return lk_fail_store(call, code);
    code = import_one(call, input, ret);
    if (is_refusal(code))
        return refuse(call, last_change, ret);
    if (code != 0) {
        (void)lk_db_rollback_to(call->db); /* what happened first is what is told */
        return code;
    }
    code = lk_db_release(call->db);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

/* All of a run in one savepoint: 0, or the refusal of one of them, and then nothing of the run is there. */
static int import_together(struct lk_call *call, const struct lk_import_input *inputs, size_t len, struct lk_import_result *ret) {
    struct lk_change *last_change = call->last_change;
    int code = lk_db_savepoint(call->db);
    if (code != 0)
        return lk_fail_store(call, code);
    for (size_t i = 0; i < len && code == 0; i++) {
        ret[i] = (struct lk_import_result){.name = inputs[i].key.name};
        code = import_one(call, &inputs[i], &ret[i]);
    }
    if (code == 0) {
        code = lk_db_release(call->db);
        return code == 0 ? 0 : lk_fail_store(call, code);
    }
    if (!is_refusal(code)) {
        (void)lk_db_rollback_to(call->db);
        return code;
    }
    call->denial = (struct lk_denial){0};
    int undone = take_back(call, last_change);
    return undone == 0 ? code : undone;
}

/* Where one is refused, each has a savepoint of its own. Not so from the beginning: SQLite keeps for each inner savepoint what the outer ones have kept already, and
 * walks through all of it at each end. */
static int import_run(struct lk_call *call, const struct lk_import_input *inputs, size_t len, struct lk_import_result *ret) {
    int code = import_together(call, inputs, len, ret);
    if (!is_refusal(code))
        return code;
    code = 0;
    for (size_t i = 0; i < len && code == 0; i++)
        code = import_in_savepoint(call, &inputs[i], &ret[i]);
    return code;
}

int lk_api_key_import(struct lk_call *call, struct lk_slice account, const struct lk_import_input *inputs, size_t len,
                      struct lk_import_result **ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_IMPORT, .resource_type = "API_KEY", .resource_name = LK_SLICE("")};
    int code = lk_key_require_manage(call, account, &intent);
    if (code != 0)
        return code;
    if (len > LK_IMPORT_MAX - call->imported) /* a request may ask for this under many names, with one list for all of them */
        return lk_problem_set(call->problem, LK_EINVAL, "Too many keys: %zu, and at most %d can be imported in one request",
                              call->imported + len, LK_IMPORT_MAX);
    call->imported += len;
    struct lk_import_result *results = lk_arena_calloc(call->arena, len, sizeof(*results));
    if (results == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len && code == 0; i += RUN)
        code = import_run(call, &inputs[i], len - i < RUN ? len - i : RUN, &results[i]);
    if (code == 0)
        *ret = results;
    return code;
}
