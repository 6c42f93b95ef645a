#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/api_key.h"

static const struct lk_api_key *key_of(const void *source) {
    return source;
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
        const struct gql_value *before = filter_member(filter, "expiresBefore", &ret->expires_before_given, &twice);
        const struct gql_value *after = filter_member(filter, "expiresAfter", &ret->expires_after_given, &twice);
        const struct gql_value *unused = filter_member(filter, "unusedSince", &ret->unused_since_given, &twice);
        bool given;
        if (twice)
            return gql_fail(call, LK_CODE_BAD_USER_INPUT,
                            "filters may give nameContains, userGroupId, enabled, expiresBefore, expiresAfter and unusedSince once each");
        if (name != NULL)
            ret->name_contains = gql_value_text(name);
        if (group != NULL)
            ret->group_id = gql_value_text(group);
        if (enabled != NULL)
            ret->enabled = enabled->boolean;
        if (before != NULL)
            code = lk_time_value(call, before, "expiresBefore", &given, &ret->expires_before);
        if (code == 0 && after != NULL)
            code = lk_time_value(call, after, "expiresAfter", &given, &ret->expires_after);
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

static int key_weak(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, key_of(source)->weak);
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

static int key_allowed_ips(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_texts(call, ret, key_of(source)->allowed_ips, key_of(source)->allowed_ips_len);
}

static int key_rate_limit(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, key_of(source)->rate.limit == 0 ? NULL : &key_of(source)->rate);
}

static int key_credits(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_credits *credits = LK_ARENA_NEW(call->arena, struct lk_credits);
    bool counted = false;
    int code = credits == NULL ? LK_ENOMEM : lk_api_key_credits(&lk_context(call)->call, &key_of(source)->id, &counted, credits);
    return code == 0 ? lk_out_object(ret, counted ? credits : NULL) : lk_fail(call, code);
}

static int key_previous_secrets(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_old_secret *secrets = lk_arena_calloc(call->arena, LK_OLD_SECRETS_MAX, sizeof(*secrets));
    size_t len;
    int code = secrets == NULL ? LK_ENOMEM : lk_api_key_old_secrets(&lk_context(call)->call, &key_of(source)->id, secrets, &len);
    return code == 0 ? lk_out_objects(call, ret, secrets, len, sizeof(*secrets)) : lk_fail(call, code);
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

static const struct gql_binding rows[] = {
    {"Query", "apiKey", query_api_key},
    {"Query", "apiKeyByName", query_api_key_by_name},
    {"Query", "apiKeys", query_api_keys},
    {"APIKey", "id", key_id},
    {"APIKey", "uuid", key_id},
    {"APIKey", "name", key_name},
    {"APIKey", "accountId", key_account_id},
    {"APIKey", "preview", key_preview},
    {"APIKey", "weak", key_weak},
    {"APIKey", "enabled", key_enabled},
    {"APIKey", "createdAt", key_created_at},
    {"APIKey", "createdBy", key_created_by},
    {"APIKey", "updatedAt", key_updated_at},
    {"APIKey", "expiresAt", key_expires_at},
    {"APIKey", "metadata", key_metadata},
    {"APIKey", "allowedIps", key_allowed_ips},
    {"APIKey", "rateLimit", key_rate_limit},
    {"APIKey", "credits", key_credits},
    {"APIKey", "previousSecrets", key_previous_secrets},
    {"APIKey", "userGroups", key_user_groups},
    {"APIKey", "permissions", key_permissions},
    {"Metadata", "key", metadata_key},
    {"Metadata", "value", metadata_value},
    {"APIKeyConnection", "pageInfo", lk_connection_page_info},
    {"APIKeyConnection", "nodes", lk_connection_nodes},
};

struct lk_bindings lk_key_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
