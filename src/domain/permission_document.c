/* Permission sets as stored: see domain/permission.h for the document. */
#include "base/json_read.h"
#include "domain/permission.h"

static void write_texts(struct lk_json_writer *w, const char *name, const struct lk_texts *texts) {
    if (texts->len == 0)
        return;
    lk_json_key(w, name);
    lk_json_begin_array(w);
    for (size_t i = 0; i < texts->len; i++)
        lk_json_string(w, texts->items[i]);
    lk_json_end_array(w);
}

static void write_name(struct lk_json_writer *w, const char *name) {
    lk_json_string(w, lk_slice_cstr(name));
}

static void write_actions(struct lk_json_writer *w, uint32_t actions) {
    lk_json_key(w, "actions");
    lk_json_begin_array(w);
    for (unsigned action = 0; action < LK_ACTIONS; action++) {
        if ((actions & (uint32_t)1 << action) != 0)
            write_name(w, lk_action_name(action));
    }
    lk_json_end_array(w);
}

static void write_filter_types(struct lk_json_writer *w, const struct lk_app_permission *app) {
    if (app->filter_types == 0)
        return;
    lk_json_key(w, "filterTypes");
    lk_json_begin_array(w);
    const char *name;
    for (unsigned bit = 0; (name = lk_filter_type_name(app->type, bit)) != NULL; bit++) {
        if ((app->filter_types & (uint32_t)1 << bit) != 0)
            write_name(w, name);
    }
    lk_json_end_array(w);
}

static void write_app(struct lk_json_writer *w, const struct lk_app_permission *app) {
    lk_json_begin_object(w);
    lk_json_key(w, "type");
    write_name(w, lk_app_type_name(app->type));
    if (app->all_apps) {
        lk_json_key(w, "apps");
        write_name(w, "ALL");
    } else {
        write_texts(w, "apps", &app->app_ids);
    }
    write_actions(w, app->actions);
    write_filter_types(w, app);
    write_texts(w, "envIds", &app->env_ids);
    write_texts(w, "ids", &app->ids);
    lk_json_end_object(w);
}

void lk_permissions_write(const struct lk_permissions *permissions, struct lk_json_writer *w) {
    lk_json_begin_object(w);
    lk_json_key(w, "account");
    lk_json_begin_array(w);
    for (unsigned permission = 0; permission < LK_ACCOUNT_PERMISSIONS; permission++) {
        if ((permissions->account & LK_ACCOUNT_PERMISSION_BIT(permission)) != 0)
            write_name(w, lk_account_permission_name(permission));
    }
    lk_json_end_array(w);
    lk_json_key(w, "scopes");
    lk_json_begin_array(w);
    for (size_t i = 0; i < permissions->scopes.len; i++)
        lk_json_string(w, permissions->scopes.items[i]);
    lk_json_end_array(w);
    lk_json_key(w, "apps");
    lk_json_begin_array(w);
    for (size_t i = 0; i < permissions->apps_len; i++)
        write_app(w, &permissions->apps[i]);
    lk_json_end_array(w);
    lk_json_end_object(w);
}

/* Items of an array member; an absent member has none. */
static int items_of(const struct lk_json *object, const char *name, const struct lk_json **ret, size_t *ret_len) {
    const struct lk_json *member = lk_json_get(object, name);
    if (member == NULL) {
        *ret = NULL;
        *ret_len = 0;
        return 0;
    }
    if (member->type != LK_JSON_ARRAY)
        return LK_ECORRUPT;
    *ret = member->array.items;
    *ret_len = member->array.len;
    return 0;
}

static int read_texts(const struct lk_json *object, const char *name, struct lk_arena *arena, struct lk_texts *ret) {
    const struct lk_json *items;
    size_t len;
    int code = items_of(object, name, &items, &len);
    if (code != 0)
        return code;
    struct lk_slice *texts = lk_arena_calloc(arena, len, sizeof(*texts));
    if (texts == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < len; i++) {
        if (items[i].type != LK_JSON_STRING)
            return LK_ECORRUPT;
        texts[i] = items[i].string;
    }
    *ret = (struct lk_texts){texts, len};
    return 0;
}

typedef int (*name_finder)(struct lk_slice name);

static int read_bits(const struct lk_json *object, const char *name, name_finder find, uint32_t *ret) {
    const struct lk_json *items;
    size_t len;
    int code = items_of(object, name, &items, &len);
    if (code != 0)
        return code;
    uint32_t bits = 0;
    for (size_t i = 0; i < len; i++) {
        int bit = find(lk_json_text(&items[i]));
        if (bit < 0)
            return LK_ECORRUPT;
        bits |= (uint32_t)1 << bit;
    }
    *ret = bits;
    return 0;
}

static int read_filter_types(const struct lk_json *object, struct lk_app_permission *app) {
    const struct lk_json *items;
    size_t len;
    int code = items_of(object, "filterTypes", &items, &len);
    if (code != 0)
        return code;
    for (size_t i = 0; i < len; i++) {
        int bit = lk_filter_type_find(app->type, lk_json_text(&items[i]));
        if (bit < 0)
            return LK_ECORRUPT;
        app->filter_types |= (uint32_t)1 << bit;
    }
    return 0;
}

static int read_app(const struct lk_json *object, struct lk_arena *arena, struct lk_app_permission *app) {
    int type = lk_app_type_find(lk_json_text(lk_json_get(object, "type")));
    if (type < 0)
        return LK_ECORRUPT;
    app->type = (enum lk_app_type)type;
    app->filters_given = app->type == LK_APP_ALL ? 0 : (uint32_t)1 << type;
    app->all_apps = lk_slice_is(lk_json_text(lk_json_get(object, "apps")), "ALL");
    int code = app->all_apps ? 0 : read_texts(object, "apps", arena, &app->app_ids);
    if (code == 0)
        code = read_bits(object, "actions", lk_action_find, &app->actions);
    if (code == 0)
        code = read_filter_types(object, app);
    if (code == 0)
        code = read_texts(object, "envIds", arena, &app->env_ids);
    if (code == 0)
        code = read_texts(object, "ids", arena, &app->ids);
    return code;
}

int lk_permissions_read(struct lk_slice document, struct lk_arena *arena, struct lk_permissions *ret) {
    struct lk_json *json;
    int code = lk_json_parse(document, arena, &json, NULL);
    if (code != 0)
        return code == LK_ENOMEM ? code : LK_ECORRUPT;
    struct lk_permissions permissions = {0};
    code = read_bits(json, "account", lk_account_permission_find, &permissions.account);
    if (code == 0)
        code = read_texts(json, "scopes", arena, &permissions.scopes);
    const struct lk_json *apps = NULL;
    if (code == 0)
        code = items_of(json, "apps", &apps, &permissions.apps_len);
    if (code != 0)
        return code;
    permissions.apps = lk_arena_calloc(arena, permissions.apps_len, sizeof(*permissions.apps));
    if (permissions.apps == NULL)
        return LK_ENOMEM;
    for (size_t i = 0; i < permissions.apps_len; i++) {
        code = read_app(&apps[i], arena, &permissions.apps[i]);
        if (code != 0)
            return code;
    }
    *ret = permissions;
    return 0;
}
