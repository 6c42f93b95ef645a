#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/application.h"
#include "domain/user.h"

static const struct lk_application *application_of(const void *source) {
    return source;
}

/* --- queries --- */

static int query_application(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_application *application = LK_ARENA_NEW(call->arena, struct lk_application);
    struct lk_slice id = lk_text_argument(call, "applicationId");
    int code = application == NULL ? LK_ENOMEM : lk_application_get(&lk_context(call)->call, id, application);
    return code == 0 ? lk_out_object(ret, application) : lk_fail(call, code);
}

static int query_application_by_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_application *application = LK_ARENA_NEW(call->arena, struct lk_application);
    struct lk_slice name = lk_text_argument(call, "name");
    int code = application == NULL ? LK_ENOMEM : lk_application_get_by_name(&lk_context(call)->call, name, application);
    return code == 0 ? lk_out_object(ret, application) : lk_fail(call, code);
}

static int read_ids(struct gql_call *call, const struct gql_value *filter, struct lk_texts *ret) {
    const struct gql_value *values = gql_value_get(filter, "values");
    bool equals = lk_slice_is(gql_value_text(gql_value_get(filter, "operator")), "EQUALS");
    if (equals && values->list.len != 1)
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "EQUALS takes one value; IN takes several");
    return lk_texts_value(call, values, &ret->items, &ret->len);
}

static bool asks_for_tags(const struct gql_value *filter) {
    const struct gql_value *tags = gql_value_get(gql_value_get(filter, "tag"), "tags");
    return !gql_value_is_null(tags) && tags->list.len > 0;
}

/* *ret_given: the ids that were asked for are in *ret. */
static int read_filters(struct gql_call *call, bool *ret_given, struct lk_texts *ret) {
    const struct gql_value *filters = gql_argument(call, "filters");
    int code = 0;
    bool tagged = false;
    *ret_given = false;
    for (size_t i = 0; !gql_value_is_null(filters) && i < filters->list.len && code == 0; i++) {
        const struct gql_value *application = gql_value_get(&filters->list.items[i], "application");
        tagged = tagged || asks_for_tags(&filters->list.items[i]);
        if (gql_value_is_null(application))
            continue;
        if (*ret_given)
            return gql_fail(call, LK_CODE_BAD_USER_INPUT, "filters may give application once");
        *ret_given = true;
        code = read_ids(call, application, ret);
    }
    if (tagged) { /* nothing has a tag */
        *ret_given = true;
        ret->len = 0;
    }
    return code;
}

static int query_applications(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    bool some;
    struct lk_texts ids = {NULL, 0};
    int code = read_filters(call, &some, &ids);
    if (code != 0)
        return code;
    struct lk_application *applications;
    size_t len;
    struct lk_page_info info;
    code = lk_application_list(&lk_context(call)->call, some ? &ids : NULL, lk_page_argument(call), &applications, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, applications, len, sizeof(*applications)) : lk_fail(call, code);
}

/* --- an application --- */

static int application_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &application_of(source)->id);
}

static int application_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, application_of(source)->name);
}

static int application_description(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, application_of(source)->description);
}

static int application_created_at(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_int(ret, application_of(source)->created_at);
}

static int application_created_by(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_application *application = application_of(source);
    if (!application->has_creator)
        return lk_out_object(ret, NULL);
    struct lk_id_text id = lk_id_format(&application->creator);
    struct lk_user *user = LK_ARENA_NEW(call->arena, struct lk_user);
    int code = user == NULL ? LK_ENOMEM : lk_user_get(&lk_context(call)->call, lk_slice_cstr(id.text), user);
    if (code == LK_ENOTFOUND || code == LK_EFORBIDDEN)
        return lk_out_object(ret, NULL);
    return code == 0 ? lk_out_object(ret, user) : lk_fail(call, code);
}

/* Tags, triggers and Git are not kept: the fields are there for clients that ask for them. */
static int application_tags(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    return lk_out_list(call, ret, 0) == NULL ? LK_ENOMEM : 0;
}

static int application_manual_triggers(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    return lk_out_bool(ret, false);
}

/* --- mutations --- */

static void read_application_input(struct gql_call *call, struct lk_application_input *ret) {
    ret->name = lk_input_text(call, "name");
    ret->name_given = ret->name.ptr != NULL;
    ret->description = lk_input_text(call, "description");
    ret->description_given = lk_input(call, "description") != NULL;
    const struct gql_value *manual_triggers = lk_input(call, "isManualTriggerAuthorized");
    ret->manual_triggers = !gql_value_is_null(manual_triggers) && manual_triggers->boolean;
}

static int create_application(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_application *application = LK_ARENA_NEW(call->arena, struct lk_application);
    struct lk_application_input input;
    read_application_input(call, &input);
    int code = application == NULL ? LK_ENOMEM : lk_application_create(&lk_context(call)->call, &input, application);
    return code == 0 ? lk_out_payload(call, ret, application) : lk_fail(call, code);
}

static int update_application(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_application *application = LK_ARENA_NEW(call->arena, struct lk_application);
    struct lk_application_input input;
    read_application_input(call, &input);
    struct lk_slice id = lk_input_text(call, "applicationId");
    int code = application == NULL ? LK_ENOMEM : lk_application_update(&lk_context(call)->call, id, &input, application);
    return code == 0 ? lk_out_payload(call, ret, application) : lk_fail(call, code);
}

static int delete_application(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_application *application = LK_ARENA_NEW(call->arena, struct lk_application);
    if (application == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_slice id = lk_input_text(call, "applicationId");
    bool seen = lk_application_get(&lk_context(call)->call, id, application) == 0;
    int code = lk_application_delete(&lk_context(call)->call, id);
    return code == 0 ? lk_out_payload(call, ret, seen ? application : NULL) : lk_fail(call, code);
}

/* There is no tag and nothing in Git, so these are never asked. */
static const struct gql_binding rows[] = {
    {"Tag", "name", lk_out_null},
    {"Tag", "value", lk_out_null},
    {"GitSyncConfig", "gitConnector", lk_out_null},
    {"GitSyncConfig", "branch", lk_out_null},
    {"GitSyncConfig", "repositoryName", lk_out_null},
    {"GitSyncConfig", "syncEnabled", lk_out_null},
    {"GitConnector", "id", lk_out_null},
    {"GitConnector", "name", lk_out_null},
    {"GitConnector", "branch", lk_out_null},
    {"Query", "application", query_application},
    {"Query", "applicationByName", query_application_by_name},
    {"Query", "applications", query_applications},
    {"Application", "id", application_id},
    {"Application", "name", application_name},
    {"Application", "description", application_description},
    {"Application", "createdAt", application_created_at},
    {"Application", "createdBy", application_created_by},
    {"Application", "tags", application_tags},
    {"Application", "isManualTriggerAuthorized", application_manual_triggers},
    {"Application", "gitSyncConfig", lk_out_null},
    {"ApplicationConnection", "pageInfo", lk_connection_page_info},
    {"ApplicationConnection", "nodes", lk_connection_nodes},
    {"Mutation", "createApplication", create_application},
    {"Mutation", "updateApplication", update_application},
    {"Mutation", "deleteApplication", delete_application},
    {"CreateApplicationPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateApplicationPayload", "application", lk_payload_object},
    {"UpdateApplicationPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"UpdateApplicationPayload", "application", lk_payload_object},
    {"DeleteApplicationPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"DeleteApplicationPayload", "application", lk_payload_object},
};

struct lk_bindings lk_application_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
