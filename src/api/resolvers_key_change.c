/* What changes keys. */
#include "api/errors.h"
#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "api/resolvers_limits.h"
#include "domain/api_key.h"

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

static int read_limits(struct gql_call *call, const struct gql_value *input, struct lk_api_key_input *ret) {
    const struct gql_value *ips = gql_value_get(input, "allowedIps");
    const struct gql_value *rate = gql_value_get(input, "rateLimit");
    const struct gql_value *credits = gql_value_get(input, "credits");
    struct lk_slice *texts = NULL;
    int code = lk_texts_value(call, ips, &texts, &ret->allowed_ips_len);
    if (code != 0)
        return code;
    ret->ips_given = ips != NULL;
    ret->allowed_ips = texts;
    ret->rate_given = rate != NULL;
    ret->has_rate = lk_rate_limit_value(rate, &ret->rate);
    ret->credits_given = credits != NULL;
    return lk_credits_value(call, credits, &ret->has_credits, &ret->credits);
}

static int read_key_input(struct gql_call *call, const struct gql_value *input, struct lk_api_key_input *ret) {
    ret->name = gql_value_text(gql_value_get(input, "name"));

    const struct gql_value *groups = gql_value_get(input, "userGroupIds");
    struct lk_slice *ids = NULL;
    int code = lk_texts_value(call, groups, &ids, &ret->group_ids_len);
    if (code != 0)
        return code;
    ret->groups_given = groups != NULL;
    ret->group_ids = ids;

    const struct gql_value *expires = gql_value_get(input, "expiresAt");
    code = lk_time_value(call, expires, "expiresAt", &ret->has_expiry, &ret->expires_at);
    if (code != 0)
        return code;
    ret->expiry_given = expires != NULL;

    const struct gql_value *enabled = gql_value_get(input, "enabled");
    ret->enabled_given = !gql_value_is_null(enabled);
    ret->enabled = ret->enabled_given && enabled->boolean;
    code = read_metadata(call, gql_value_get(input, "metadata"), ret);
    return code == 0 ? read_limits(call, input, ret) : code;
}

/* The input of a change, and room for the key as it is then. */
static int begin_change(struct gql_call *call, struct lk_api_key_input *ret_wanted, struct lk_api_key **ret_key) {
    memset(ret_wanted, 0, sizeof(*ret_wanted));
    *ret_key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    return *ret_key == NULL ? lk_fail(call, LK_ENOMEM) : read_key_input(call, gql_argument(call, "input"), ret_wanted);
}

static int create_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key;
    struct lk_api_key_input wanted;
    int code = begin_change(call, &wanted, &key);
    if (code != 0)
        return code;
    struct lk_slice token;
    code = lk_api_key_create(&lk_context(call)->call, lk_input_text(call, "accountId"), &wanted, key, &token);
    return code == 0 ? lk_out_secret_payload(call, ret, key, token) : lk_fail(call, code);
}

static int update_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key;
    struct lk_api_key_input wanted;
    int code = begin_change(call, &wanted, &key);
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

static int rotate_api_key(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_api_key *key = LK_ARENA_NEW(call->arena, struct lk_api_key);
    if (key == NULL)
        return lk_fail(call, LK_ENOMEM);
    struct lk_slice token;
    int code = lk_api_key_rotate(&lk_context(call)->call, lk_input_text(call, "accountId"), lk_input_text(call, "uuid"),
                                 gql_value_int(lk_input(call, "overlapSeconds"), 0), key, &token);
    return code == 0 ? lk_out_secret_payload(call, ret, key, token) : lk_fail(call, code);
}

/* --- import --- */

struct import_results {
    const struct lk_import_result *items;
    size_t len;
};

/* The list of an import: what could be read of it, and where each of that stands; of the rest, why not. */
struct import_list {
    struct lk_import_input *inputs;
    size_t *places;
    size_t len;
    struct lk_import_result *results; /* for the whole list */
};

/* A key that cannot be read is refused like one that the rules refuse: alone. */
static int refuse_unread(struct gql_call *call, int code, struct lk_slice name, struct lk_import_result *ret) {
    if (call->error_message == NULL || strcmp(call->error_code, LK_CODE_BAD_USER_INPUT) != 0)
        return code;
    *ret = (struct lk_import_result){.name = name, .error = lk_slice_cstr(call->error_message)};
    call->error_message = NULL;
    call->error_code = NULL;
    return 0;
}

static int read_imports(struct gql_call *call, const struct gql_value *keys, struct import_list *ret) {
    struct import_list list = {
        .inputs = lk_arena_calloc(call->arena, keys->list.len, sizeof(*list.inputs)),
        .places = lk_arena_calloc(call->arena, keys->list.len, sizeof(*list.places)),
        .results = lk_arena_calloc(call->arena, keys->list.len, sizeof(*list.results)),
    };
    if (list.inputs == NULL || list.places == NULL || list.results == NULL)
        return lk_fail(call, LK_ENOMEM);
    for (size_t i = 0; i < keys->list.len; i++) {
        struct lk_import_input *input = &list.inputs[list.len];
        *input = (struct lk_import_input){.token = gql_value_text(gql_value_get(&keys->list.items[i], "key"))};
        int code = read_key_input(call, &keys->list.items[i], &input->key);
        if (code == 0)
            list.places[list.len++] = i;
        else
            code = refuse_unread(call, code, input->key.name, &list.results[i]);
        if (code != 0)
            return code;
    }
    *ret = list;
    return 0;
}

static int import_api_keys(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    const struct gql_value *keys = lk_input(call, "keys");
    struct import_results *results = LK_ARENA_NEW(call->arena, struct import_results);
    struct import_list list = {0};
    struct lk_import_result *made = NULL;
    if (results == NULL)
        return lk_fail(call, LK_ENOMEM);
    int code = read_imports(call, keys, &list);
    if (code != 0)
        return code;
    size_t len = keys->list.len > LK_IMPORT_MAX ? keys->list.len : list.len; /* too many are too many, readable or not */
    code = lk_api_key_import(&lk_context(call)->call, lk_input_text(call, "accountId"), list.inputs, len, &made);
    if (code != 0)
        return lk_fail(call, code);
    for (size_t i = 0; i < list.len; i++)
        list.results[list.places[i]] = made[i];
    *results = (struct import_results){list.results, keys->list.len};
    return lk_out_payload(call, ret, results);
}

static int import_results(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct import_results *results = ((const struct lk_payload *)source)->object;
    return lk_out_objects(call, ret, results->items, results->len, sizeof(results->items[0]));
}

static const struct lk_import_result *result_of(const void *source) {
    return source;
}

static int result_uuid(struct gql_call *call, const void *source, struct gql_out *ret) {
    return result_of(source)->error.ptr == NULL ? lk_out_id(call, ret, &result_of(source)->id) : 0;
}

static int result_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, result_of(source)->name);
}

static int result_error(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, result_of(source)->error);
}

/* --- payloads --- */

/* The key of a mutation's payload. */
static const struct lk_api_key *payload_key(const void *source) {
    return ((const struct lk_payload *)source)->object;
}

static int payload_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, payload_key(source)->name);
}

static int payload_uuid(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &payload_key(source)->id);
}

static const struct gql_binding rows[] = {
    {"Mutation", "createApiKey", create_api_key},
    {"Mutation", "updateApiKey", update_api_key},
    {"Mutation", "deleteApiKey", delete_api_key},
    {"Mutation", "revealApiKey", reveal_api_key},
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
    {"Mutation", "rotateApiKey", rotate_api_key},
    {"Mutation", "importApiKeys", import_api_keys},
    {"RotateApiKeyPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"RotateApiKeyPayload", "key", lk_payload_secret},
    {"RotateApiKeyPayload", "apiKey", lk_payload_object},
    {"ImportApiKeysPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"ImportApiKeysPayload", "results", import_results},
    {"ImportApiKeyResult", "uuid", result_uuid},
    {"ImportApiKeyResult", "name", result_name},
    {"ImportApiKeyResult", "error", result_error},
};

struct lk_bindings lk_key_change_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
