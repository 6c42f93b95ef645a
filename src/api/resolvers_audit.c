#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/api_key.h"
#include "domain/audit.h"
#include "domain/user.h"

static const struct lk_change_set *set_of(const void *source) {
    return source;
}

static const struct lk_audit_entry *entry_of(const void *source) {
    return source;
}

static const struct lk_change_content *content_of(const void *source) {
    return source;
}

/* --- which change sets --- */

static void narrow(struct lk_time_range *range, int64_t from, int64_t to) {
    if (from > range->from)
        range->from = from;
    if (to < range->to)
        range->to = to;
}

static int narrow_to_specific(struct gql_call *call, const struct gql_value *value, struct lk_time_range *range) {
    bool given;
    int64_t from = INT64_MIN;
    int64_t to = INT64_MAX;
    int code = lk_time_value(call, gql_value_get(value, "from"), "from", &given, &from);
    if (code == 0)
        code = lk_time_value(call, gql_value_get(value, "to"), "to", &given, &to);
    if (code == 0)
        narrow(range, from, to);
    return code;
}

static double unit_ms(struct lk_slice unit) {
    static const struct {
        const char *name;
        double ms;
    } units[] = {{"WEEKS", 7 * 86400e3}, {"DAYS", 86400e3}, {"HOURS", 3600e3}, {"MINUTES", 60e3}};
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (lk_slice_is(unit, units[i].name))
            return units[i].ms;
    }
    return 0;
}

/* Longer ago than any clock has run, and small enough to compute with. */
#define AGO_MAX_MS 1e15

static int narrow_to_relative(struct gql_call *call, const struct gql_value *value, struct lk_time_range *range) {
    const struct gql_value *number = gql_value_get(value, "noOfUnits");
    double count = number->kind == GQL_INT ? (double)number->integer : number->kind == GQL_FLOAT ? number->real : -1;
    if (!(count >= 0))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "noOfUnits must be a number that is not negative");
    double ago = count * unit_ms(gql_value_text(gql_value_get(value, "timeUnit")));
    int64_t now = lk_context(call)->call.now_ms;
    narrow(range, now - (int64_t)(ago < AGO_MAX_MS ? ago : AGO_MAX_MS), INT64_MAX);
    return 0;
}

/* Times narrow each other; another member may stand in one of the filters only, since two could not both be kept. */
static int read_text(struct gql_call *call, const struct gql_value *filter, const char *name, struct lk_slice *ret) {
    const struct gql_value *value = gql_value_get(filter, name);
    if (gql_value_is_null(value))
        return 0;
    if (ret->ptr != NULL)
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "filters may give actorId, resourceId, resourceType and operationType once each");
    *ret = gql_value_text(value);
    return 0;
}

static int read_time(struct gql_call *call, const struct gql_value *time, struct lk_time_range *range) {
    const struct gql_value *specific = gql_value_get(time, "specific");
    const struct gql_value *relative = gql_value_get(time, "relative");
    int code = 0;
    if (!gql_value_is_null(specific))
        code = narrow_to_specific(call, specific, range);
    if (code == 0 && !gql_value_is_null(relative))
        code = narrow_to_relative(call, relative, range);
    return code;
}

static int read_filters(struct gql_call *call, struct lk_audit_filter *ret) {
    const struct gql_value *filters = gql_argument(call, "filters");
    *ret = (struct lk_audit_filter){.range = {INT64_MIN, INT64_MAX}};
    int code = 0;
    for (size_t i = 0; !gql_value_is_null(filters) && i < filters->list.len && code == 0; i++) {
        const struct gql_value *filter = &filters->list.items[i];
        code = read_time(call, gql_value_get(filter, "time"), &ret->range);
        if (code == 0)
            code = read_text(call, filter, "actorId", &ret->actor_id);
        if (code == 0)
            code = read_text(call, filter, "resourceId", &ret->resource_id);
        if (code == 0)
            code = read_text(call, filter, "resourceType", &ret->resource_type);
        if (code == 0)
            code = read_text(call, filter, "operationType", &ret->operation);
    }
    return code;
}

/* --- queries --- */

static int query_audits(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_audit_filter filter;
    int code = read_filters(call, &filter);
    if (code != 0)
        return code;
    struct lk_change_set *sets;
    size_t len;
    struct lk_page_info info;
    code = lk_audit_list(&lk_context(call)->call, &filter, lk_page_argument(call), &sets, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, sets, len, sizeof(*sets)) : lk_fail(call, code);
}

static const char *change_set_type(const struct lk_change_set *set) {
    switch (set->actor_kind) {
    case LK_ACTOR_KEY: return "ApiKeyChangeSet";
    case LK_ACTOR_USER: return "UserChangeSet";
    case LK_ACTOR_SYSTEM: break;
    }
    return "GenericChangeSet";
}

static int change_set_nodes(struct gql_call *call, const void *source, struct gql_out *ret) {
    int code = lk_connection_nodes(call, source, ret);
    for (size_t i = 0; code == 0 && i < ret->items_len; i++)
        ret->items[i].type_name = change_set_type(ret->items[i].object);
    return code;
}

static int query_contents(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    const struct gql_value *filters = gql_argument(call, "filters");
    if (gql_value_is_null(filters) || filters->list.len != 1 || gql_value_is_null(&filters->list.items[0]))
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "auditChangeContent takes one filter, with a changeSetId");
    const struct gql_value *filter = &filters->list.items[0];
    struct lk_change_content *contents;
    size_t len;
    struct lk_page_info info;
    int code = lk_audit_contents(&lk_context(call)->call, gql_value_text(gql_value_get(filter, "changeSetId")),
                                 gql_value_text(gql_value_get(filter, "resourceId")), lk_page_argument(call), &contents, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, contents, len, sizeof(*contents)) : lk_fail(call, code);
}

/* --- a change set --- */

static int set_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &set_of(source)->id);
}

static int set_changes(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_change_set *set = set_of(source);
    return lk_out_objects(call, ret, set->entries, set->entries_len, sizeof(*set->entries));
}

static int set_triggered_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, set_of(source)->created_at);
}

static int set_failure(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, set_of(source)->failure);
}

static int set_api_key_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &set_of(source)->actor_id);
}

/* What one may not see, or nobody any more, is null: the entry is there all the same. */
static int out_actor(struct gql_call *call, struct gql_out *ret, const void *actor, int code) {
    if (code == LK_ENOTFOUND || code == LK_EFORBIDDEN)
        return lk_out_object(ret, NULL);
    return code == 0 ? lk_out_object(ret, actor) : lk_fail(call, code);
}

static int set_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_id_text id = lk_id_format(&set_of(source)->actor_id);
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    int code = key == NULL ? LK_ENOMEM : lk_api_key_get(&lk_context(call)->call, lk_slice_cstr(id.text), key);
    return out_actor(call, ret, key, code);
}

static int set_triggered_by(struct gql_call *call, const void *source, struct gql_out *ret) {
    struct lk_id_text id = lk_id_format(&set_of(source)->actor_id);
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    int code = user == NULL ? LK_ENOMEM : lk_user_get(&lk_context(call)->call, lk_slice_cstr(id.text), user);
    return out_actor(call, ret, user, code);
}

/* --- its request: source is the change set --- */

static int request_url(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, set_of(source)->url);
}

static int request_path(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, set_of(source)->path);
}

static int request_method(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, set_of(source)->method);
}

static int request_status(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, set_of(source)->status);
}

static int request_remote(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, set_of(source)->remote);
}

/* --- one change --- */

static int change_resource_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return entry_of(source)->has_resource_id ? lk_out_id(call, ret, &entry_of(source)->resource_id) : 0;
}

static int change_resource_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, entry_of(source)->resource_type);
}

static int change_resource_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, entry_of(source)->resource_name);
}

static int change_operation(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, entry_of(source)->operation);
}

static int change_failure(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_bool(ret, entry_of(source)->failure.ptr != NULL);
}

static int change_created_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, entry_of(source)->created_at);
}

/* --- contents --- */

static int content_set_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &content_of(source)->set_id);
}

static int content_resource_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return content_of(source)->has_resource_id ? lk_out_id(call, ret, &content_of(source)->resource_id) : 0;
}

static int content_old_yaml(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, content_of(source)->old_yaml);
}

static int content_old_path(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, content_of(source)->old_path);
}

static int content_new_yaml(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, content_of(source)->new_yaml);
}

static int content_new_path(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, content_of(source)->new_path);
}

static const struct gql_binding rows[] = {
    {"Query", "audits", query_audits},
    {"Query", "auditChangeContent", query_contents},
    {"ChangeSetConnection", "pageInfo", lk_connection_page_info},
    {"ChangeSetConnection", "nodes", change_set_nodes},
    {"ChangeContentConnection", "pageInfo", lk_connection_page_info},
    {"ChangeContentConnection", "nodes", lk_connection_nodes},
    {"UserChangeSet", "id", set_id},
    {"UserChangeSet", "changes", set_changes},
    {"UserChangeSet", "triggeredAt", set_triggered_at},
    {"UserChangeSet", "request", lk_out_same_source},
    {"UserChangeSet", "failureStatusMsg", set_failure},
    {"UserChangeSet", "triggeredBy", set_triggered_by},
    {"ApiKeyChangeSet", "id", set_id},
    {"ApiKeyChangeSet", "changes", set_changes},
    {"ApiKeyChangeSet", "triggeredAt", set_triggered_at},
    {"ApiKeyChangeSet", "request", lk_out_same_source},
    {"ApiKeyChangeSet", "failureStatusMsg", set_failure},
    {"ApiKeyChangeSet", "apiKeyId", set_api_key_id},
    {"ApiKeyChangeSet", "apiKey", set_api_key},
    {"GenericChangeSet", "id", set_id},
    {"GenericChangeSet", "changes", set_changes},
    {"GenericChangeSet", "triggeredAt", set_triggered_at},
    {"GenericChangeSet", "request", lk_out_same_source},
    {"GenericChangeSet", "failureStatusMsg", set_failure},
    {"GitChangeSet", "id", set_id},
    {"GitChangeSet", "changes", set_changes},
    {"GitChangeSet", "triggeredAt", set_triggered_at},
    {"GitChangeSet", "request", lk_out_same_source},
    {"GitChangeSet", "failureStatusMsg", set_failure},
    {"GitChangeSet", "author", lk_out_null},
    {"GitChangeSet", "gitCommitId", lk_out_null},
    {"GitChangeSet", "repoUrl", lk_out_null},
    {"RequestInfo", "url", request_url},
    {"RequestInfo", "resourcePath", request_path},
    {"RequestInfo", "requestMethod", request_method},
    {"RequestInfo", "responseStatusCode", request_status},
    {"RequestInfo", "remoteIpAddress", request_remote},
    {"ChangeDetails", "resourceId", change_resource_id},
    {"ChangeDetails", "resourceType", change_resource_type},
    {"ChangeDetails", "resourceName", change_resource_name},
    {"ChangeDetails", "operationType", change_operation},
    {"ChangeDetails", "failure", change_failure},
    {"ChangeDetails", "appId", lk_out_null},
    {"ChangeDetails", "appName", lk_out_null},
    {"ChangeDetails", "parentResourceId", lk_out_null},
    {"ChangeDetails", "parentResourceName", lk_out_null},
    {"ChangeDetails", "parentResourceType", lk_out_null},
    {"ChangeDetails", "parentResourceOperation", lk_out_null},
    {"ChangeDetails", "createdAt", change_created_at},
    {"ChangeContent", "changeSetId", content_set_id},
    {"ChangeContent", "resourceId", content_resource_id},
    {"ChangeContent", "oldYaml", content_old_yaml},
    {"ChangeContent", "oldYamlPath", content_old_path},
    {"ChangeContent", "newYaml", content_new_yaml},
    {"ChangeContent", "newYamlPath", content_new_path},
};

struct lk_bindings lk_audit_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
