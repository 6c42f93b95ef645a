#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "api/resolvers_limits.h"
#include "domain/account.h"
#include "domain/api_key.h"

static int query_account(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_account *account = LK_ARENA_NEW(call->arena, struct lk_account);
    int code = account == NULL ? LK_ENOMEM : lk_account_get(&lk_context(call)->call, account);
    return code == 0 ? lk_out_object(ret, account) : lk_fail(call, code);
}

static int account_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &((const struct lk_account *)source)->id);
}

static int account_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_account *)source)->name);
}

static int account_created_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, ((const struct lk_account *)source)->created_at);
}

static int account_rate_limit(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    const struct lk_account *account = source;
    return lk_out_object(ret, account->rate.limit == 0 ? NULL : &account->rate);
}

static int account_credits(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_credits *credits = LK_ARENA_NEW(call->arena, struct lk_credits);
    bool counted = false;
    const struct lk_account *account = source;
    int code = credits == NULL ? LK_ENOMEM : lk_account_credits(&lk_context(call)->call, &account->id, &counted, credits);
    return code == 0 ? lk_out_object(ret, counted ? credits : NULL) : lk_fail(call, code);
}

static int update_account(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_account *account = LK_ARENA_NEW(call->arena, struct lk_account);
    if (account == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_account_input wanted = {
        .name = lk_input_text(call, "name"),
        .rate_given = lk_input(call, "rateLimit") != NULL,
        .credits_given = lk_input(call, "credits") != NULL,
    };
    wanted.has_rate = lk_rate_limit_value(lk_input(call, "rateLimit"), &wanted.rate);
    int code = lk_credits_value(call, lk_input(call, "credits"), &wanted.has_credits, &wanted.credits);
    if (code != 0)
        return code;
    code = lk_account_update(&lk_context(call)->call, lk_input_text(call, "accountId"), &wanted, account);
    return code == 0 ? lk_out_payload(call, ret, account) : lk_fail(call, code);
}

/* --- accounts, for operators --- */

static int query_accounts(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_account *accounts;
    size_t len;
    struct lk_page_info info;
    int code = lk_account_list(&lk_context(call)->call, lk_page_argument(call), &accounts, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, accounts, len, sizeof(*accounts)) : lk_fail(call, code);
}

static int create_account(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    static const struct lk_slice default_key_name = LK_SLICE("admin");
    struct lk_account *account = LK_ARENA_NEW(call->arena, struct lk_account);
    if (account == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_slice key_name = lk_input_text(call, "apiKeyName");
    if (key_name.ptr == NULL)
        key_name = default_key_name;
    struct lk_slice token;
    int code = lk_account_provision(&lk_context(call)->call, lk_input_text(call, "name"), key_name, account, &token);
    return code == 0 ? lk_out_secret_payload(call, ret, account, token) : lk_fail(call, code);
}

static int delete_account(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_account_delete(&lk_context(call)->call, lk_input_text(call, "accountId"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

/* --- viewer: the actor of the call --- */

static int query_viewer(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return lk_out_object(ret, lk_context(call)->call.actor);
}

static int viewer_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_actor *actor = source;
    if (actor->kind != LK_ACTOR_KEY)
        return lk_out_object(ret, NULL);
    struct lk_id_text id = lk_id_format(&actor->id);
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    int code = key == NULL ? LK_ENOMEM : lk_api_key_get(&lk_context(call)->call, lk_slice_cstr(id.text), key);
    return code == 0 ? lk_out_object(ret, key) : lk_fail(call, code);
}

static int viewer_permissions(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    const struct lk_permissions *permissions;
    int code = lk_actor_permissions(&lk_context(call)->call, &permissions);
    return code == 0 ? lk_out_object(ret, permissions) : lk_fail(call, code);
}

/* --- pages --- */

static const struct lk_page_info *page_info(const void *source) {
    return source;
}

static int page_has_more(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, page_info(source)->has_more);
}

static int page_total(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, page_info(source)->total);
}

static int page_offset(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, page_info(source)->offset);
}

static int page_limit(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, page_info(source)->limit);
}

static const struct gql_binding rows[] = {
    {"Query", "account", query_account},
    {"Query", "viewer", query_viewer},
    {"Query", "accounts", query_accounts},
    {"Mutation", "createAccount", create_account},
    {"Mutation", "deleteAccount", delete_account},
    {"CreateAccountPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateAccountPayload", "account", lk_payload_object},
    {"CreateAccountPayload", "key", lk_payload_secret},
    {"DeleteAccountPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"AccountConnection", "pageInfo", lk_connection_page_info},
    {"AccountConnection", "nodes", lk_connection_nodes},
    {"Account", "id", account_id},
    {"Account", "name", account_name},
    {"Account", "createdAt", account_created_at},
    {"Account", "rateLimit", account_rate_limit},
    {"Account", "credits", account_credits},
    {"Mutation", "updateAccount", update_account},
    {"UpdateAccountPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateAccountPayload", "account", lk_payload_object},
    {"Viewer", "account", query_account},
    {"Viewer", "apiKey", viewer_api_key},
    {"Viewer", "permissions", viewer_permissions},
    {"PageInfo", "hasMore", page_has_more},
    {"PageInfo", "total", page_total},
    {"PageInfo", "offset", page_offset},
    {"PageInfo", "limit", page_limit},
};

struct lk_bindings lk_account_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
