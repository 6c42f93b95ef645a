#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/user.h"
#include "domain/user_group.h"

static const struct lk_user *user_of(const void *source) {
    return source;
}

/* --- queries --- */

static int query_by(struct gql_call *call, const char *argument, int (*get)(struct lk_call *, struct lk_slice, struct lk_user *),
                    struct gql_out *ret) {
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    int code = user == NULL ? LK_ENOMEM : get(&lk_context(call)->call, lk_text_argument(call, argument), user);
    return code == 0 ? lk_out_object(ret, user) : lk_fail(call, code);
}

static int query_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return query_by(call, "id", lk_user_get, ret);
}

static int query_user_by_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return query_by(call, "name", lk_user_get_by_name, ret);
}

static int query_user_by_email(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return query_by(call, "email", lk_user_get_by_email, ret);
}

static int query_users(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user *users;
    size_t len;
    struct lk_page_info info;
    int code = lk_user_list(&lk_context(call)->call, lk_page_argument(call), &users, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, users, len, sizeof(*users)) : lk_fail(call, code);
}

/* --- a user --- */

static int user_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &user_of(source)->id);
}

static int user_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, user_of(source)->name);
}

static int user_email(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, user_of(source)->email);
}

static int user_external_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, user_of(source)->external_id);
}

static int user_email_verified(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, user_of(source)->email_verified);
}

static int user_groups(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    int code = lk_user_groups(&lk_context(call)->call, &user_of(source)->id, lk_page_argument(call), &groups, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, groups, len, sizeof(*groups)) : lk_fail(call, code);
}

/* --- mutations --- */

static int read_user_input(struct gql_call *call, struct lk_user_input *ret) {
    ret->name = lk_input_text(call, "name");
    ret->name_given = ret->name.ptr != NULL;
    ret->email = lk_input_text(call, "email");
    ret->external_id_given = lk_input(call, "externalUserId") != NULL;
    ret->external_id = lk_input_text(call, "externalUserId");

    const struct gql_value *groups = lk_input(call, "userGroupIds");
    struct lk_slice *ids = NULL;
    int code = lk_texts_value(call, groups, &ids, &ret->group_ids_len);
    ret->groups_given = groups != NULL;
    ret->group_ids = ids;
    return code;
}

static int create_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    if (user == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_user_input input;
    memset(&input, 0, sizeof(input));
    int code = read_user_input(call, &input);
    if (code != 0)
        return code;
    code = lk_user_create(&lk_context(call)->call, &input, user);
    return code == 0 ? lk_out_payload(call, ret, user) : lk_fail(call, code);
}

static int update_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    if (user == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_user_input input;
    memset(&input, 0, sizeof(input));
    int code = read_user_input(call, &input);
    if (code != 0)
        return code;
    code = lk_user_update(&lk_context(call)->call, lk_input_text(call, "id"), &input, user);
    return code == 0 ? lk_out_payload(call, ret, user) : lk_fail(call, code);
}

static int delete_user(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_user_delete(&lk_context(call)->call, lk_input_text(call, "id"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

static const struct gql_binding rows[] = {
    {"Query", "user", query_user},
    {"Query", "userByName", query_user_by_name},
    {"Query", "userByEmail", query_user_by_email},
    {"Query", "users", query_users},
    {"User", "id", user_id},
    {"User", "name", user_name},
    {"User", "email", user_email},
    {"User", "externalUserId", user_external_id},
    {"User", "isEmailVerified", user_email_verified},
    {"User", "isTwoFactorAuthenticationEnabled", lk_out_false},
    {"User", "isPasswordExpired", lk_out_false},
    {"User", "isDisabled", lk_out_false},
    {"User", "isImportedFromIdentityProvider", lk_out_false},
    {"User", "userGroups", user_groups},
    {"UserConnection", "pageInfo", lk_connection_page_info},
    {"UserConnection", "nodes", lk_connection_nodes},
    {"Mutation", "createUser", create_user},
    {"Mutation", "updateUser", update_user},
    {"Mutation", "deleteUser", delete_user},
    {"CreateUserPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateUserPayload", "user", lk_payload_object},
    {"UpdateUserPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateUserPayload", "user", lk_payload_object},
    {"DeleteUserPayload", "clientMutationId", lk_payload_client_mutation_id},
};

struct lk_bindings lk_user_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
