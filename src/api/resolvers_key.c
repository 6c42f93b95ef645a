#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/api_key.h"

static const struct lk_api_key *key_of(const void *source) {
    return source;
}

/* The key of a mutation's payload. */
static const struct lk_api_key *payload_key(const void *source) {
    return ((const struct lk_payload *)source)->object;
}

/* --- queries --- */

static int query_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    int code = key == NULL ? LK_ENOMEM : lk_api_key_get(&lk_context(call)->call, lk_text_argument(call, "apiKeyId"), key);
    return code == 0 ? lk_out_object(ret, key) : lk_fail(call, code);
}

static int query_api_key_by_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    int code = key == NULL ? LK_ENOMEM : lk_api_key_get_by_name(&lk_context(call)->call, lk_text_argument(call, "name"), key);
    return code == 0 ? lk_out_object(ret, key) : lk_fail(call, code);
}

/* A member of a filter that may stand in one of the filters only, since two could not both be kept. NULL when it is not in this one. */
static const struct gql_value *filter_member(const struct gql_value *filter, const char *name, bool *given, bool *twice) {
    const struct gql_value *value = gql_value_get(filter, name);
    if (gql_value_is_null(value))
        return NULL;
    *twice = *twice || *given;
    *given = true;
    return value;
}

/* Folds the filters into one. */
static int read_filters(struct gql_call *call, const struct gql_value *filters, struct lk_api_key_filter *ret) {
    bool name_given = false, group_given = false, twice = false;
    int code = 0;
    for (size_t i = 0; !gql_value_is_null(filters) && i < filters->list.len && code == 0; i++) {
        const struct gql_value *filter = &filters->list.items[i];
        const struct gql_value *name = filter_member(filter, "nameContains", &name_given, &twice);
        const struct gql_value *group = filter_member(filter, "userGroupId", &group_given, &twice);
        const struct gql_value *enabled = filter_member(filter, "enabled", &ret->enabled_given, &twice);
        const struct gql_value *expires = filter_member(filter, "expiresBefore", &ret->expires_before_given, &twice);
        const struct gql_value *unused = filter_member(filter, "unusedSince", &ret->unused_since_given, &twice);
        bool given;
        if (twice)
            return gql_fail(call, LK_CODE_BAD_USER_INPUT,
                            "filters may give nameContains, userGroupId, enabled, expiresBefore and unusedSince once each");
        if (name != NULL)
            ret->name_contains = gql_value_text(name);
        if (group != NULL)
            ret->group_id = gql_value_text(group);
        if (enabled != NULL)
            ret->enabled = enabled->boolean;
        if (expires != NULL)
            code = lk_time_value(call, expires, "expiresBefore", &given, &ret->expires_before);
        if (code == 0 && unused != NULL)
            code = lk_time_value(call, unused, "unusedSince", &given, &ret->unused_since);
    }
    return code;
}

static struct lk_api_key_sort read_sort(const struct gql_value *sort) {
    static const struct {
        const char *name;
        enum lk_api_key_field field;
    } fields[] = {
        {"NAME", LK_API_KEY_NAME},
        {"CREATED_AT", LK_API_KEY_CREATED_AT},
        {"EXPIRES_AT", LK_API_KEY_EXPIRES_AT},
        {"LAST_USED_AT", LK_API_KEY_LAST_USED_AT},
    };
    struct lk_api_key_sort ret = {0};
    if (gql_value_is_null(sort))
        return ret;
    const struct gql_value *descending = gql_value_get(sort, "descending");
    ret.descending = !gql_value_is_null(descending) && descending->boolean;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (lk_slice_is(gql_value_text(gql_value_get(sort, "field")), fields[i].name))
            ret.field = fields[i].field;
    }
    return ret;
}

static int query_api_keys(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key_filter filter;
    memset(&filter, 0, sizeof(filter));
    int code = read_filters(call, gql_argument(call, "filters"), &filter);
    if (code != 0)
        return code;
    struct lk_api_key_sort sort = read_sort(gql_argument(call, "sort"));
    struct lk_api_key *keys;
    size_t len;
    struct lk_page_info info;
    code = lk_api_key_list(&lk_context(call)->call, &filter, sort, lk_page_argument(call), &keys, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, keys, len, sizeof(*keys)) : lk_fail(call, code);
}

/* --- a key --- */

static int key_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &key_of(source)->id);
}

static int key_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, key_of(source)->name);
}

static int key_account_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &key_of(source)->account_id);
}

static int key_preview(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, key_of(source)->preview);
}

static int key_enabled(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, key_of(source)->enabled);
}

static int key_created_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, key_of(source)->created_at);
}

static int key_created_by(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, key_of(source)->created_by);
}

static int key_updated_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, key_of(source)->updated_at);
}

static int key_expires_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return key_of(source)->has_expiry ? lk_out_int(ret, key_of(source)->expires_at) : 0;
}

static int key_metadata(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_objects(call, ret, key_of(source)->metadata, key_of(source)->metadata_len, sizeof(struct lk_metadata));
}

static int metadata_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_metadata *)source)->key);
}

static int metadata_value(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_metadata *)source)->value);
}

static int key_user_groups(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_user_group *groups;
    size_t len;
    struct lk_page_info info;
    int code = lk_api_key_groups(&lk_context(call)->call, &key_of(source)->id, lk_page_argument(call), &groups, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, groups, len, sizeof(*groups)) : lk_fail(call, code);
}

static int key_permissions(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_permissions *permissions = LK_ARENA_NEW(call->arena, struct lk_permissions);
    int code = permissions == NULL ? LK_ENOMEM : lk_api_key_permissions(&lk_context(call)->call, &key_of(source)->id, permissions);
    return code == 0 ? lk_out_object(ret, permissions) : lk_fail(call, code);
}

/* --- mutations --- */

static int read_metadata(struct gql_call *call, const struct gql_value *value, struct lk_api_key_input *ret) {
    ret->metadata_given = value != NULL;
    if (gql_value_is_null(value))
        return 0;
    struct lk_metadata *metadata = lk_arena_calloc(call->arena, value->list.len, sizeof(*metadata));
    if (metadata == NULL)
        return lk_fail(call, LK_ENOMEM);
    for (size_t i = 0; i < value->list.len; i++) {
        metadata[i].key = gql_value_text(gql_value_get(&value->list.items[i], "key"));
        metadata[i].value = gql_value_text(gql_value_get(&value->list.items[i], "value"));
    }
    ret->metadata = metadata;
    ret->metadata_len = value->list.len;
    return 0;
}

static int read_key_input(struct gql_call *call, struct lk_api_key_input *ret) {
    ret->name = lk_input_text(call, "name");

    const struct gql_value *groups = lk_input(call, "userGroupIds");
    struct lk_slice *ids = NULL;
    int code = lk_texts_value(call, groups, &ids, &ret->group_ids_len);
    if (code != 0)
        return code;
    ret->groups_given = groups != NULL;
    ret->group_ids = ids;

    const struct gql_value *expires = lk_input(call, "expiresAt");
    code = lk_time_value(call, expires, "expiresAt", &ret->has_expiry, &ret->expires_at);
    if (code != 0)
        return code;
    ret->expiry_given = expires != NULL;

    const struct gql_value *enabled = lk_input(call, "enabled");
    ret->enabled_given = enabled != NULL;
    ret->enabled = gql_value_is_null(enabled) || enabled->boolean;
    return read_metadata(call, lk_input(call, "metadata"), ret);
}

static int create_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    if (key == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_api_key_input wanted;
    memset(&wanted, 0, sizeof(wanted));
    int code = read_key_input(call, &wanted);
    if (code != 0)
        return code;
    struct lk_slice token;
    code = lk_api_key_create(&lk_context(call)->call, lk_input_text(call, "accountId"), &wanted, key, &token);
    return code == 0 ? lk_out_secret_payload(call, ret, key, token) : lk_fail(call, code);
}

static int update_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    if (key == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_api_key_input wanted;
    memset(&wanted, 0, sizeof(wanted));
    int code = read_key_input(call, &wanted);
    if (code != 0)
        return code;
    code = lk_api_key_update(&lk_context(call)->call, lk_input_text(call, "accountId"), lk_input_text(call, "uuid"), &wanted, key);
    return code == 0 ? lk_out_payload(call, ret, key) : lk_fail(call, code);
}

static int delete_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_api_key_delete(&lk_context(call)->call, lk_input_text(call, "accountId"), lk_input_text(call, "uuid"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

static int reveal_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_slice token;
    int code = lk_api_key_reveal(&lk_context(call)->call, lk_input_text(call, "accountId"), lk_input_text(call, "uuid"), &token);
    return code == 0 ? lk_out_secret_payload(call, ret, NULL, token) : lk_fail(call, code);
}

static int payload_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, payload_key(source)->name);
}

static int payload_uuid(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &payload_key(source)->id);
}

static const struct gql_binding rows[] = {
    {"Query", "apiKey", query_api_key},
    {"Query", "apiKeyByName", query_api_key_by_name},
    {"Query", "apiKeys", query_api_keys},
    {"Mutation", "createApiKey", create_api_key},
    {"Mutation", "updateApiKey", update_api_key},
    {"Mutation", "deleteApiKey", delete_api_key},
    {"Mutation", "revealApiKey", reveal_api_key},
    {"APIKey", "id", key_id},
    {"APIKey", "uuid", key_id},
    {"APIKey", "name", key_name},
    {"APIKey", "accountId", key_account_id},
    {"APIKey", "preview", key_preview},
    {"APIKey", "enabled", key_enabled},
    {"APIKey", "createdAt", key_created_at},
    {"APIKey", "createdBy", key_created_by},
    {"APIKey", "updatedAt", key_updated_at},
    {"APIKey", "expiresAt", key_expires_at},
    {"APIKey", "metadata", key_metadata},
    {"APIKey", "userGroups", key_user_groups},
    {"APIKey", "permissions", key_permissions},
    {"Metadata", "key", metadata_key},
    {"Metadata", "value", metadata_value},
    {"APIKeyConnection", "pageInfo", lk_connection_page_info},
    {"APIKeyConnection", "nodes", lk_connection_nodes},
    {"CreateApiKeyPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateApiKeyPayload", "name", payload_name},
    {"CreateApiKeyPayload", "uuid", payload_uuid},
    {"CreateApiKeyPayload", "key", lk_payload_secret},
    {"CreateApiKeyPayload", "apiKey", lk_payload_object},
    {"UpdateApiKeyPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateApiKeyPayload", "name", payload_name},
    {"UpdateApiKeyPayload", "uuid", payload_uuid},
    {"UpdateApiKeyPayload", "apiKey", lk_payload_object},
    {"DeleteApiKeyPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"RevealApiKeyPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"RevealApiKeyPayload", "key", lk_payload_secret},
};

struct lk_bindings lk_key_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
