/* Leaf results to JSON (3.5, 6.4.3), as graphql-js's serialize functions convert them. */
#include "graphql/coerce.h"

#include "graphql/print.h"

#include <math.h>
#include <stdlib.h>

/* A result that does not fit its type is the server's mistake, not the client's. */
static int unfit(const char *before, const struct gql_out *value, struct lk_arena *arena, struct gql_fault *fault) {
    struct lk_buf shown = {0};
    gql_inspect_out(value, &shown);
    int code = shown.failed ? LK_ENOMEM : gql_fault_set(fault, arena, "%s%.*s", before, GQL_SHOWN(shown));
    lk_buf_free(&shown);
    if (code == LK_EINVAL)
        fault->code = "INTERNAL";
    return code;
}

/* What JavaScript's Number() makes of a text: a decimal or hexadecimal number between white space, 0 for white space alone, else NaN. */
static double number_of_text(struct lk_slice text) {
    char copy[64];
    text = lk_slice_trim(text);
    if (text.len == 0)
        return 0;
    if (text.len >= sizeof(copy))
        return NAN;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (strspn(copy, "0123456789+-.eExXabcdfABCDF") != text.len) /* strtod knows more words than JavaScript */
        return NAN;
    char *end;
    double number = strtod(copy, &end);
    return *end == '\0' ? number : NAN;
}

/* The number that a result stands for; NaN when it stands for none. */
static double number_of(const struct gql_out *value) {
    switch (value->kind) {
    case GQL_OUT_INT: return (double)value->integer;
    case GQL_OUT_FLOAT: return value->real;
    case GQL_OUT_BOOLEAN: return value->boolean ? 1 : 0;
    case GQL_OUT_STRING: return value->text.len == 0 ? NAN : number_of_text(value->text);
    case GQL_OUT_NULL:
    case GQL_OUT_OBJECT:
    case GQL_OUT_LIST: break;
    }
    return NAN;
}

static int write_int(const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena, struct gql_fault *fault) {
    double number = number_of(value);
    if (!isfinite(number) || number != trunc(number))
        return unfit("Int cannot represent non-integer value: ", value, arena, fault);
    if (number > INT32_MAX || number < INT32_MIN)
        return unfit("Int cannot represent non 32-bit signed integer value: ", value, arena, fault);
    lk_json_int(w, (int64_t)number);
    return 0;
}

static int write_float(const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena, struct gql_fault *fault) {
    double number = number_of(value);
    if (!isfinite(number))
        return unfit("Float cannot represent non numeric value: ", value, arena, fault);
    lk_json_double(w, number);
    return 0;
}

static void write_number_text(const struct gql_out *value, struct lk_json_writer *w) {
    struct lk_buf text = {0};
    if (value->kind == GQL_OUT_INT)
        lk_buf_addf(&text, "%lld", (long long)value->integer);
    else
        gql_print_real(value->real, &text);
    if (text.failed)
        w->out->failed = true;
    lk_json_string(w, lk_buf_slice(&text));
    lk_buf_free(&text);
}

static int write_string(const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena, struct gql_fault *fault) {
    if (value->kind == GQL_OUT_STRING)
        lk_json_string(w, value->text);
    else if (value->kind == GQL_OUT_BOOLEAN)
        lk_json_string(w, lk_slice_cstr(value->boolean ? "true" : "false"));
    else if (value->kind == GQL_OUT_INT || (value->kind == GQL_OUT_FLOAT && isfinite(value->real)))
        write_number_text(value, w);
    else
        return unfit("String cannot represent value: ", value, arena, fault);
    return 0;
}

static int write_id(const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena, struct gql_fault *fault) {
    if (value->kind == GQL_OUT_STRING)
        lk_json_string(w, value->text);
    else if (value->kind == GQL_OUT_INT || (value->kind == GQL_OUT_FLOAT && isfinite(value->real) && value->real == trunc(value->real)))
        write_number_text(value, w);
    else
        return unfit("ID cannot represent value: ", value, arena, fault);
    return 0;
}

static int write_boolean(const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena, struct gql_fault *fault) {
    if (value->kind == GQL_OUT_BOOLEAN)
        lk_json_bool(w, value->boolean);
    else if (value->kind == GQL_OUT_INT || (value->kind == GQL_OUT_FLOAT && isfinite(value->real)))
        lk_json_bool(w, number_of(value) != 0);
    else
        return unfit("Boolean cannot represent a non boolean value: ", value, arena, fault);
    return 0;
}

static int write_enum(const struct gql_type *type, const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena,
                      struct gql_fault *fault) {
    if (value->kind == GQL_OUT_STRING && gql_type_enum_value(type, value->text) != NULL) {
        lk_json_string(w, value->text);
        return 0;
    }
    const char *before = lk_arena_printf(arena, "Enum \"%.*s\" cannot represent value: ", GQL_SHOWN(type->name));
    return before == NULL ? LK_ENOMEM : unfit(before, value, arena, fault);
}

/* A custom scalar: any value but an object, whose members only its resolvers know. Recursion follows what a resolver built. */
static int write_any(const struct gql_type *type, const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena,
                     struct gql_fault *fault) {
    switch (value->kind) {
    case GQL_OUT_NULL: lk_json_null(w); return 0;
    case GQL_OUT_INT: lk_json_int(w, value->integer); return 0;
    case GQL_OUT_FLOAT: lk_json_double(w, value->real); return 0;
    case GQL_OUT_STRING: lk_json_string(w, value->text); return 0;
    case GQL_OUT_BOOLEAN: lk_json_bool(w, value->boolean); return 0;
    case GQL_OUT_LIST: {
        size_t mark = w->out->len;
        bool comma = w->comma;
        lk_json_begin_array(w);
        for (size_t i = 0; i < value->items_len; i++) {
            int code = write_any(type, &value->items[i], w, arena, fault);
            if (code != 0) {
                lk_buf_truncate(w->out, mark);
                w->comma = comma;
                return code;
            }
        }
        lk_json_end_array(w);
        return 0;
    }
    case GQL_OUT_OBJECT: break;
    }
    const char *before = lk_arena_printf(arena, "%.*s cannot represent value: ", GQL_SHOWN(type->name));
    return before == NULL ? LK_ENOMEM : unfit(before, value, arena, fault);
}

int gql_write_leaf(const struct gql_type *type, const struct gql_out *value, struct lk_json_writer *w, struct lk_arena *arena,
                   struct gql_fault *fault) {
    if (type->kind == GQL_ENUM_TYPE)
        return write_enum(type, value, w, arena, fault);
    switch (gql_scalar_of(type)) {
    case GQL_SCALAR_INT: return write_int(value, w, arena, fault);
    case GQL_SCALAR_FLOAT: return write_float(value, w, arena, fault);
    case GQL_SCALAR_STRING: return write_string(value, w, arena, fault);
    case GQL_SCALAR_BOOLEAN: return write_boolean(value, w, arena, fault);
    case GQL_SCALAR_ID: return write_id(value, w, arena, fault);
    case GQL_SCALAR_CUSTOM: break;
    }
    return write_any(type, value, w, arena, fault);
}
