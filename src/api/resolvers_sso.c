#include "api/graphql_context.h"
#include "api/resolvers.h"
#include "domain/sso_provider.h"

static const struct lk_sso_provider *provider_of(const void *source) {
    return source;
}

static int query_provider(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_sso_provider *provider = LK_ARENA_NEW(call->arena, struct lk_sso_provider);
    struct lk_slice id = lk_text_argument(call, "ssoProviderId");
    int code = provider == NULL ? LK_ENOMEM : lk_sso_provider_get(&lk_context(call)->call, id, provider);
    return code == 0 ? lk_out_object(ret, provider) : lk_fail(call, code);
}

static int query_providers(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_sso_provider *providers;
    size_t len;
    struct lk_page_info info;
    int code = lk_sso_provider_list(&lk_context(call)->call, lk_page_argument(call), &providers, &len, &info);
    return code == 0 ? lk_out_connection(call, ret, &info, providers, len, sizeof(*providers)) : lk_fail(call, code);
}

static int provider_id(struct gql_call *call, const void *source, struct gql_out *ret) {
    return lk_out_id(call, ret, &provider_of(source)->id);
}

static int provider_name(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_text(ret, provider_of(source)->name);
}

static int provider_type(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)call;
    return lk_out_cstr(ret, provider_of(source)->kind == LK_SSO_LDAP ? "LDAP" : "SAML");
}

static int create_provider(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    struct lk_sso_provider *provider = LK_ARENA_NEW(call->arena, struct lk_sso_provider);
    enum lk_sso_kind kind = lk_slice_is(lk_input_text(call, "ssoType"), "LDAP") ? LK_SSO_LDAP : LK_SSO_SAML;
    int code = provider == NULL ? LK_ENOMEM : lk_sso_provider_create(&lk_context(call)->call, lk_input_text(call, "name"), kind, provider);
    return code == 0 ? lk_out_payload(call, ret, provider) : lk_fail(call, code);
}

static int delete_provider(struct gql_call *call, const void *source, struct gql_out *ret) {
    (void)source;
    int code = lk_sso_provider_delete(&lk_context(call)->call, lk_input_text(call, "ssoProviderId"));
    return code == 0 ? lk_out_payload(call, ret, NULL) : lk_fail(call, code);
}

static const struct gql_binding rows[] = {
    {"Query", "ssoProvider", query_provider},
    {"Query", "ssoProviders", query_providers},
    {"SSOProvider", "id", provider_id},
    {"SSOProvider", "name", provider_name},
    {"SSOProvider", "ssoType", provider_type},
    {"SSOProviderConnection", "pageInfo", lk_connection_page_info},
    {"SSOProviderConnection", "nodes", lk_connection_nodes},
    {"Mutation", "createSsoProvider", create_provider},
    {"Mutation", "deleteSsoProvider", delete_provider},
    {"CreateSsoProviderPayload", "clientMutationId", lk_payload_client_mutation_id},
    {"CreateSsoProviderPayload", "ssoProvider", lk_payload_object},
    {"DeleteSsoProviderPayload", "clientMutationId", lk_payload_client_mutation_id},
};

struct lk_bindings lk_sso_bindings(void) {
    return (struct lk_bindings){rows, sizeof(rows) / sizeof(rows[0])};
}
