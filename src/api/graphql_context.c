#include "api/graphql_context.h"

#include "api/errors.h"
#include "base/log.h"

#include <math.h>

void lk_context_log(struct lk_graphql_context *context, int code) {
    context->internal = true;
    lk_log(LK_LOG_ERROR, "request %s: %s: %s", context->request_id, lk_error_text(code),
           context->problem.code == code ? context->problem.text : "no details");
}

int lk_fail(struct gql_call *call, int code) {
    struct lk_graphql_context *context = lk_context(call);
    if (lk_api_is_internal(code)) {
        lk_context_log(context, code);
        const char *sentence = code == LK_EFULL ? "The server's disk is full; nothing was changed" : "Internal server error";
        return gql_fail(call, lk_api_code(code), "%s", sentence);
    }
    const char *text = context->problem.code == code ? context->problem.text : lk_error_text(code);
    return gql_fail(call, lk_api_code(code), "%s", text);
}

int lk_out_text(struct gql_out *ret, struct lk_slice text) {
    ret->kind = text.ptr == NULL ? GQL_OUT_NULL : GQL_OUT_STRING;
    ret->text = text;
    return 0;
}

int lk_out_cstr(struct gql_out *ret, const char *text) {
    return lk_out_text(ret, lk_slice_cstr(text));
}

int lk_out_int(struct gql_out *ret, int64_t value) {
    ret->kind = GQL_OUT_INT;
    ret->integer = value;
    return 0;
}

int lk_out_bool(struct gql_out *ret, bool value) {
    ret->kind = GQL_OUT_BOOLEAN;
    ret->boolean = value;
    return 0;
}

int lk_out_object(struct gql_out *ret, const void *object) {
    ret->kind = object == NULL ? GQL_OUT_NULL : GQL_OUT_OBJECT;
    ret->object = object;
    return 0;
}

int lk_out_id(struct gql_call *call, struct gql_out *ret, const struct lk_id *id) {
    struct lk_id_text text = lk_id_format(id);
    struct lk_slice copy;
    int code = lk_arena_copy(call->arena, lk_slice_make(text.text, LK_ID_TEXT), &copy);
    return code == 0 ? lk_out_text(ret, copy) : lk_fail(call, code);
}

struct gql_out *lk_out_list(struct gql_call *call, struct gql_out *ret, size_t len) {
    struct gql_out *items = lk_arena_calloc(call->arena, len, sizeof(*items));
    if (items == NULL) {
        lk_fail(call, LK_ENOMEM);
        return NULL;
    }
    ret->kind = GQL_OUT_LIST;
    ret->items = items;
    ret->items_len = len;
    return items;
}

int lk_out_texts(struct gql_call *call, struct gql_out *ret, const struct lk_slice *items, size_t len) {
    struct gql_out *list = lk_out_list(call, ret, len);
    if (list == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++)
        lk_out_text(&list[i], items[i]);
    return 0;
}

int lk_out_objects(struct gql_call *call, struct gql_out *ret, const void *base, size_t len, size_t size) {
    struct gql_out *list = lk_out_list(call, ret, len);
    if (list == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++)
        lk_out_object(&list[i], (const char *)base + i * size);
    return 0;
}

int lk_out_connection(struct gql_call *call, struct gql_out *ret, const struct lk_page_info *info, const void *nodes, size_t nodes_len,
                      size_t node_size) {
    struct lk_connection *connection = LK_ARENA_NEW(call->arena, struct lk_connection);
    if (connection == NULL)
        return lk_fail(call, LK_ENOMEM);
    *connection = (struct lk_connection){*info, nodes, nodes_len, node_size};
    return lk_out_object(ret, connection);
}

int lk_connection_page_info(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, &((const struct lk_connection *)source)->info);
}

int lk_connection_nodes(struct gql_call *call, const void *source, struct gql_out *ret) {
    const struct lk_connection *connection = source;
    return lk_out_objects(call, ret, connection->nodes, connection->nodes_len, connection->node_size);
}

int lk_out_secret_payload(struct gql_call *call, struct gql_out *ret, const void *object, struct lk_slice secret) {
    struct lk_payload *payload = LK_ARENA_NEW(call->arena, struct lk_payload);
    if (payload == NULL)
        return lk_fail(call, LK_ENOMEM);
    *payload = (struct lk_payload){lk_input_text(call, "clientMutationId"), object, secret};
    return lk_out_object(ret, payload);
}

int lk_out_payload(struct gql_call *call, struct gql_out *ret, const void *object) {
    return lk_out_secret_payload(call, ret, object, (struct lk_slice){NULL, 0});
}

int lk_payload_client_mutation_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_payload *)source)->client_mutation_id);
}

int lk_payload_object(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, ((const struct lk_payload *)source)->object);
}

int lk_payload_secret(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, ((const struct lk_payload *)source)->secret);
}

int lk_out_same_source(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_object(ret, source);
}

int lk_out_null(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    (void)ret;
    return 0;
}

int lk_out_false(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    (void)source;
    return lk_out_bool(ret, false);
}

struct lk_slice lk_text_argument(struct gql_call *call, const char *name) {
    return gql_value_text(gql_argument(call, name));
}

const struct gql_value *lk_input(struct gql_call *call, const char *name) {
    return gql_value_get(gql_argument(call, "input"), name);
}

struct lk_slice lk_input_text(struct gql_call *call, const char *name) {
    return gql_value_text(lk_input(call, name));
}

struct lk_page lk_page_argument(struct gql_call *call) {
    return (struct lk_page){
        .limit = gql_value_int(gql_argument(call, "limit"), LK_PAGE_MAX),
        .offset = gql_value_int(gql_argument(call, "offset"), 0),
    };
}

/* Beyond this a double no longer holds every whole number, and no clock gets there. */
#define TIME_MAX 9007199254740991.0

/* A time in digits: scripts put it between quotes, as they do all that they fill in. -1 for what is none. */
static int64_t time_in_digits(struct lk_slice text) {
    int64_t time = text.len > 0 ? 0 : -1;
    for (size_t i = 0; i < text.len && time >= 0; i++) {
        bool digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        time = digit && time < (int64_t)TIME_MAX / 10 ? time * 10 + (text.ptr[i] - '0') : -1;
    }
    return time;
}

int lk_time_value(struct gql_call *call, const struct gql_value *value, const char *name, bool *ret_given, int64_t *ret) {
    if (gql_value_is_null(value)) {
        *ret_given = false;
        return 0;
    }
    int64_t digits = time_in_digits(gql_value_text(value));
    if (digits >= 0) {
        *ret = digits;
    } else if (value->kind == GQL_INT && value->integer >= -(int64_t)TIME_MAX && value->integer <= (int64_t)TIME_MAX) {
        *ret = value->integer;
    } else if (value->kind == GQL_FLOAT && value->real == floor(value->real) && fabs(value->real) <= TIME_MAX) {
        *ret = (int64_t)value->real;
    } else {
        return gql_fail(call, LK_CODE_BAD_USER_INPUT, "%s must be a DateTime: a whole number of milliseconds since 1970-01-01 UTC", name);
    }
    *ret_given = true;
    return 0;
}

int lk_texts_value(struct gql_call *call, const struct gql_value *value, struct lk_slice **ret, size_t *ret_len) {
    if (gql_value_is_null(value)) {
        *ret_len = 0;
        return 0;
    }
    struct lk_slice *items = lk_arena_calloc(call->arena, value->list.len, sizeof(*items));
    if (items == NULL)
        return lk_fail(call, LK_ENOMEM);
    for (size_t i = 0; i < value->list.len; i++)
        items[i] = gql_value_text(&value->list.items[i]);
    *ret = items;
    *ret_len = value->list.len;
    return 0;
}
