/* Passwords, and the IP allow list that guards logins. */
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/ip_allow.h"
#include "domain/session.h"

/* --- passwords --- */

static int set_password(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_graphql_context *context = lk_context(call);
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    const struct lk_set_password_input input = {
        .user_id = lk_input_text(call, "userId"),
        .password = lk_input_text(call, "password"),
        .current = lk_input_text(call, "currentPassword"),
    };
    int code = user == NULL ? LK_ENOMEM : lk_user_set_password(&context->call, &input, &context->passwords, user);
    return code == 0 ? lk_out_payload(call, ret, user) : lk_fail(call, code);
}

static int user_is_locked(struct gql_call *call, const void *source, struct gql_out *ret) {
    bool locked;
    int code = lk_user_is_locked(&lk_context(call)->call, &((const struct lk_user *)source)->id, &locked);
    return code == 0 ? lk_out_bool(ret, locked) : lk_fail(call, code);
}

static int viewer_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_actor *actor = source;
    if (actor->kind != LK_ACTOR_USER)
        return lk_out_object(ret, NULL);
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    int code = user == NULL ? LK_ENOMEM : lk_user_self(&lk_context(call)->call, user);
    return code == 0 ? lk_out_object(ret, user) : lk_fail(call, code);
}

/* --- the IP allow list --- */

static const struct lk_ip_allow *entry_of(const void *source) {
    return source;
}

static int query_list(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_ip_allow *entries;
    size_t len;
    struct lk_page_info info;
    int code = lk_ip_allow_list(&lk_context(call)->call, lk_page_argument(call), &entries, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, entries, len, sizeof(*entries)) : lk_fail(call, code);
}

static int entry_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &entry_of(source)->id);
}

static int entry_cidr(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, entry_of(source)->cidr);
}

static int entry_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, entry_of(source)->description);
}

static int entry_status(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_cstr(ret, entry_of(source)->active ? "ACTIVE" : "DISABLED");
}

static int entry_created_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, entry_of(source)->created_at);
}

static int entry_updated_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, entry_of(source)->updated_at);
}

static struct lk_ip_allow_input read_entry(struct gql_call *call) {
    return (struct lk_ip_allow_input){
        .cidr = lk_input_text(call, "cidr"),
        .description_given = lk_input(call, "description") != NULL,
        .description = lk_input_text(call, "description"),
        .active_given = !gql_value_is_null(lk_input(call, "status")),
        .active = lk_slice_is(lk_input_text(call, "status"), "ACTIVE"),
    };
}

static int create_entry(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_ip_allow *entry = LK_ARENA_NEW(call->arena, struct lk_ip_allow);
    const struct lk_ip_allow_input input = read_entry(call);
    int code = entry == NULL ? LK_ENOMEM : lk_ip_allow_create(&lk_context(call)->call, &input, entry);
    return code == 0 ? lk_out_payload(call, ret, entry) : lk_fail(call, code);
}

static int update_entry(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_ip_allow *entry = LK_ARENA_NEW(call->arena, struct lk_ip_allow);
    const struct lk_ip_allow_input input = read_entry(call);
    int code = entry == NULL ? LK_ENOMEM : lk_ip_allow_update(&lk_context(call)->call, lk_input_text(call, "entryId"), &input, entry);
    return code == 0 ? lk_out_payload(call, ret, entry) : lk_fail(call, code);
}

static int delete_entry(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_ip_allow_delete(&lk_context(call)->call, lk_input_text(call, "entryId"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

static const struct gql_binding rows[] = {
    {"Mutation", "setPassword", set_password},
    {"SetPasswordPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"SetPasswordPayload", "user", lk_payload_object},
    {"User", "isUserLocked", user_is_locked},
    {"Viewer", "user", viewer_user},
    {"Query", "ipAllowList", query_list},
    {"IpAllowEntryConnection", "pageInfo", lk_connection_page_info},
    {"IpAllowEntryConnection", "nodes", lk_connection_nodes},
    {"IpAllowEntry", "id", entry_id},
    {"IpAllowEntry", "cidr", entry_cidr},
    {"IpAllowEntry", "description", entry_description},
    {"IpAllowEntry", "status", entry_status},
    {"IpAllowEntry", "createdAt", entry_created_at},
    {"IpAllowEntry", "updatedAt", entry_updated_at},
    {"Mutation", "createIpAllowEntry", create_entry},
    {"Mutation", "updateIpAllowEntry", update_entry},
    {"Mutation", "deleteIpAllowEntry", delete_entry},
    {"CreateIpAllowEntryPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateIpAllowEntryPayload", "ipAllowEntry", lk_payload_object},
    {"UpdateIpAllowEntryPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateIpAllowEntryPayload", "ipAllowEntry", lk_payload_object},
    {"DeleteIpAllowEntryPayload", "clientMutationId", lk_payload_client_mutation_id},
};

struct lk_bindings lk_login_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
