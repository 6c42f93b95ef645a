#include "cli/refusal.h"

/* Where needle begins in text; NULL: nowhere. */
static const char *find(struct lk_slice text, const char *needle) {
    return text.len == 0 ? NULL : memmem(text.ptr, text.len, needle, strlen(needle));
}

static struct lk_slice from(struct lk_slice text, const char *begin) {
    return lk_slice_make(begin, text.len - (size_t)(begin - text.ptr));
}

/* What stands between the beginning of text, which is prefix, and the first suffix behind it. False when either is not there. *ret_rest is what follows. */
static bool between(struct lk_slice text, const char *prefix, const char *suffix, struct lk_slice *ret, struct lk_slice *ret_rest) {
    if (!lk_slice_starts_with(text, prefix))
        return false;
    struct lk_slice rest = from(text, text.ptr + strlen(prefix));
    const char *end = find(rest, suffix);
    if (end == NULL)
        return false;
    *ret = lk_slice_make(rest.ptr, (size_t)(end - rest.ptr));
    *ret_rest = from(rest, end + strlen(suffix));
    return true;
}

/* `at "input.a[0]"; reason`, whose path begins with the variable's name. In the value before it, which is JSON, no quote stands without a backslash. */
static bool read_path(struct lk_slice text, struct lk_slice variable, struct cli_refusal *ret) {
    for (const char *at = find(text, " at \""); at != NULL; at = find(from(text, at + 1), " at \"")) {
        struct lk_slice path;
        struct lk_slice reason;
        if (!between(from(text, at), " at \"", "\"; ", &path, &reason) || path.len < variable.len ||
            memcmp(path.ptr, variable.ptr, variable.len) != 0)
            continue;
        path = from(path, path.ptr + variable.len);
        if (lk_slice_starts_with(path, "."))
            path = from(path, path.ptr + 1);
        *ret = (struct cli_refusal){path, reason};
        return true;
    }
    return false;
}

bool cli_refusal_read(struct lk_slice message, struct cli_refusal *ret) {
    struct lk_slice variable;
    struct lk_slice rest;
    if (!between(message, "Variable \"$", "\" got invalid value ", &variable, &rest))
        return false;
    if (read_path(rest, variable, ret))
        return true;
    const char *last = NULL; /* a value may hold the separator too, the sentences about a whole one do not */
    for (const char *at = find(rest, "; "); at != NULL; at = find(from(rest, at + 1), "; "))
        last = at;
    if (last == NULL)
        return false;
    *ret = (struct cli_refusal){{NULL, 0}, from(rest, last + 2)};
    return true;
}

/* --- words --- */

/* "T is one of: A, B", as the server has them; NULL when it does not say. */
static const char *list_choices(struct cli_session *session, struct lk_slice type) {
    struct lk_buf variables;
    lk_buf_init(&variables, 0);
    lk_buf_addf(&variables, "{\"name\":\"%.*s\"}", (int)type.len, type.ptr);
    const struct lk_json *data = NULL;
    int code = cli_graphql(session, "query ($name: String!) { __type(name: $name) { enumValues { name } } }", &variables, &data);
    lk_buf_free(&variables);
    const struct lk_json *choices = code == 0 ? cli_at(data, "__type.enumValues") : NULL;
    if (choices == NULL || choices->type != LK_JSON_ARRAY)
        return NULL; /* introspection may be off */
    struct lk_buf list;
    lk_buf_init(&list, 0);
    for (size_t i = 0; i < choices->array.len; i++) {
        lk_buf_add_cstr(&list, i == 0 ? "" : ", ");
        lk_buf_add(&list, lk_json_text(lk_json_get(&choices->array.items[i], "name")));
    }
    const char *text =
        list.failed ? NULL : lk_arena_printf(&session->arena, "%.*s is one of: %.*s", (int)type.len, type.ptr, (int)list.len, list.ptr);
    lk_buf_free(&list);
    return text;
}

int cli_refusal_tell(struct cli_session *session, const struct cli_refusal *refusal, const char **ret_text, const char **ret_hint) {
    static const char too_large[] = "Int cannot represent non 32-bit signed integer value: ";
    struct lk_slice value;
    struct lk_slice type;
    struct lk_slice rest;
    const struct lk_slice path = refusal->path;
    const struct lk_slice reason = refusal->reason;
    const char *colon = path.len > 0 ? ": " : "";
    const char *text;
    const char *hint = NULL;
    if (between(reason, "Value \"", "\" does not exist in \"", &value, &rest) && between(rest, "", "\" enum.", &type, &rest)) {
        text = lk_arena_printf(&session->arena, "%.*s%s\"%.*s\" is no %.*s", (int)path.len, path.ptr, colon, (int)value.len, value.ptr,
                               (int)type.len, type.ptr);
        hint = list_choices(session, type);
    } else if (lk_slice_starts_with(reason, too_large)) {
        value = from(reason, reason.ptr + strlen(too_large));
        text = lk_arena_printf(&session->arena, "%.*s%s%.*s is too large, or too small: a whole number has at most 32 bits here",
                               (int)path.len, path.ptr, colon, (int)value.len, value.ptr);
    } else {
        struct lk_slice sentence = reason.len > 0 && reason.ptr[reason.len - 1] == '.' ? lk_slice_make(reason.ptr, reason.len - 1) : reason;
        text = lk_arena_printf(&session->arena, "%.*s%s%.*s", (int)path.len, path.ptr, colon, (int)sentence.len, sentence.ptr);
    }
    if (text == NULL)
        return LK_ENOMEM;
    *ret_text = text;
    *ret_hint = hint;
    return 0;
}
