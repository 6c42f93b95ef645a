#include "domain/sso_provider.h"

#include "crypto/random.h"
#include "domain/rules.h"
#include "store/sso_provider.h"

static const uint32_t may_manage_providers = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_AUTHENTICATION_SETTINGS);

static const uint32_t may_read_providers = LK_ACCOUNT_PERMISSION_BIT(LK_MANAGE_AUTHENTICATION_SETTINGS) |
                                           LK_ACCOUNT_PERMISSION_BIT(LK_READ_USERS_AND_GROUPS) |
                                           LK_ACCOUNT_PERMISSION_BIT(LK_VIEW_USER_AND_USER_GROUPS_AND_API_KEYS);

static const struct lk_intent reading = {0};

const char *lk_sso_kind_name(enum lk_sso_kind kind) {
    switch (kind) {
    case LK_SSO_NONE: return NULL;
    case LK_SSO_LDAP: return "LDAP";
    case LK_SSO_SAML: return "SAML";
    }
    return NULL;
}

enum lk_sso_kind lk_sso_kind_find(struct lk_slice name) {
    if (lk_slice_is(name, "LDAP"))
        return LK_SSO_LDAP;
    return lk_slice_is(name, "SAML") ? LK_SSO_SAML : LK_SSO_NONE;
}

static void to_provider(const struct lk_provider_row *row, struct lk_sso_provider *ret) {
    *ret = (struct lk_sso_provider){.id = row->id,
                                    .account_id = row->account_id,
                                    .name = row->name,
                                    .kind = lk_sso_kind_find(row->kind),
                                    .created_at = row->created_at};
}

static int find(struct lk_call *call, struct lk_slice id, struct lk_provider_row *ret) {
    struct lk_id provider;
    int code = lk_id_parse(id, &provider);
    if (code == 0)
        code = lk_store_provider_find(call->db, &call->actor->account_id, &provider, call->arena, ret);
    if (code == LK_EINVAL || code == LK_ENOTFOUND)
        return lk_problem_set(call->problem, LK_ENOTFOUND, "Provider does not exist");
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int provider_document(struct lk_call *call, const struct lk_provider_row *row, struct lk_slice *ret) {
    struct lk_buf document = {0};
    struct lk_json_writer w;
    lk_json_writer_init(&w, &document);
    lk_json_begin_object(&w);
    lk_json_key(&w, "name");
    lk_json_string(&w, row->name);
    lk_json_key(&w, "ssoType");
    lk_json_string(&w, row->kind);
    lk_json_end_object(&w);
    return lk_take_document(call, &document, ret);
}

int lk_sso_provider_create(struct lk_call *call, struct lk_slice name, enum lk_sso_kind kind, struct lk_sso_provider *ret) {
    const struct lk_intent intent = {.operation = LK_AUDIT_CREATE, .resource_type = "SSO_PROVIDER", .resource_name = name};
    int code = lk_require(call, may_manage_providers, &intent);
    if (code == 0)
        code = lk_check_name(call, "provider name", name);
    if (code != 0)
        return code;
    struct lk_provider_row row = {.id = lk_id_new(),
                                  .account_id = call->actor->account_id,
                                  .name = name,
                                  .kind = lk_slice_cstr(lk_sso_kind_name(kind)),
                                  .created_at = call->now_ms};
    code = lk_store_provider_insert(call->db, &row);
    if (code == LK_ECONFLICT)
        return lk_problem_set(call->problem, code, "A provider already exists with the name %.*s", (int)name.len, name.ptr);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_audit_change change = {
        .operation = LK_AUDIT_CREATE, .resource_type = "SSO_PROVIDER", .resource_id = &row.id, .resource_name = row.name};
    code = provider_document(call, &row, &change.after);
    if (code == 0)
        code = lk_audit_append(call, &change);
    if (code == 0)
        to_provider(&row, ret);
    return code;
}

int lk_sso_provider_delete(struct lk_call *call, struct lk_slice id) {
    const struct lk_intent intent = {.operation = LK_AUDIT_DELETE, .resource_type = "SSO_PROVIDER", .resource_name = id};
    struct lk_provider_row row = {0};
    int code = lk_require(call, may_manage_providers, &intent);
    if (code == 0)
        code = find(call, id, &row);
    if (code != 0)
        return code;
    code = lk_store_provider_delete(call->db, &row.id);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_audit_change change = {
        .operation = LK_AUDIT_DELETE, .resource_type = "SSO_PROVIDER", .resource_id = &row.id, .resource_name = row.name};
    code = provider_document(call, &row, &change.before);
    return code != 0 ? code : lk_audit_append(call, &change);
}

int lk_sso_provider_get(struct lk_call *call, struct lk_slice id, struct lk_sso_provider *ret) {
    struct lk_provider_row row = {0};
    int code = lk_require(call, may_read_providers, &reading);
    if (code == 0)
        code = find(call, id, &row);
    if (code == 0)
        to_provider(&row, ret);
    return code;
}

int lk_sso_provider_list(struct lk_call *call, struct lk_page page, struct lk_sso_provider **ret, size_t *ret_len,
                         struct lk_page_info *ret_info) {
    int code = lk_require(call, may_read_providers, &reading);
    if (code == 0)
        code = lk_page_check(call, &page);
    if (code != 0)
        return code;
    int64_t total;
    struct lk_provider_row *rows = NULL;
    size_t len;
    code = lk_store_provider_count(call->db, &call->actor->account_id, &total);
    if (code == 0)
        code = lk_store_provider_list(call->db, &call->actor->account_id, page.limit, page.offset, call->arena, &rows, &len);
    if (code != 0)
        return lk_fail_store(call, code);
    struct lk_sso_provider *providers = lk_arena_calloc(call->arena, len, sizeof(*providers));
    if (providers == NULL)
        return lk_fail_memory(call);
    for (size_t i = 0; i < len; i++)
        to_provider(&rows[i], &providers[i]);
    *ret = providers;
    *ret_len = len;
    lk_page_finish(page, total, len, ret_info);
    return 0;
}
