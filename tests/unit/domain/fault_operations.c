#include "fault_operations.h"

#include "domain/account_register.h"
#include "domain/application.h"
#include "domain/audit.h"
#include "domain/backup.h"
#include "domain/ip_allow.h"
#include "domain/key_leak.h"
#include "domain/master_key.h"
#include "domain/password.h"
#include "domain/recovery.h"
#include "domain/rules.h"
#include "domain/session.h"
#include "domain/sso_provider.h"
#include "domain/usage.h"
#include "domain/user.h"
#include "store/verification.h"

#include <stdio.h>
#include <stdlib.h>

/* --- what the operations are given --- */

static const struct lk_slice scopes[] = {LK_SLICE("invoices.read"), LK_SLICE("orders.*")};
static const struct lk_slice blocks[] = {LK_SLICE("10.0.0.0/8"), LK_SLICE("2001:db8::/32")};
static const struct lk_metadata metadata[] = {{LK_SLICE("team"), LK_SLICE("billing")}, {LK_SLICE("stage"), LK_SLICE("live")}};
static const struct lk_slice service_ids[] = {LK_SLICE("till")};
static const struct lk_slice emails[] = {LK_SLICE("ops@example.com")};

static struct lk_api_key_input full_key(const char *name, const struct lk_slice *groups, size_t len) {
    return (struct lk_api_key_input){
        .name = lk_slice_cstr(name),
        .groups_given = true,
        .group_ids = groups,
        .group_ids_len = len,
        .expiry_given = true,
        .has_expiry = true,
        .expires_at = INT64_C(1900000000000),
        .metadata_given = true,
        .metadata = metadata,
        .metadata_len = 2,
        .ips_given = true,
        .allowed_ips = blocks,
        .allowed_ips_len = 2,
        .rate_given = true,
        .has_rate = true,
        .rate = {100, 60},
        .credits_given = true,
        .has_credits = true,
        .credits = {.remaining = 1000, .has_refill = true, .amount = 1000, .interval = LK_SLICE("MONTHLY"), .day_given = true, .day = 31},
    };
}

static struct lk_user_group_input full_group(const struct prepared *p, const char *name, struct lk_permissions *permissions,
                                             struct lk_app_permission *app) {
    *app = (struct lk_app_permission){.type = LK_APP_SERVICE,
                                      .actions = 1U << LK_ACTION_READ,
                                      .app_ids = {(struct lk_slice *)(uintptr_t)&p->application, 1},
                                      .filters_given = 1U << LK_APP_SERVICE,
                                      .ids = {(struct lk_slice *)(uintptr_t)service_ids, 1}};
    *permissions = (struct lk_permissions){
        .account = 1U << LK_MANAGE_API_KEYS, .scopes = {(struct lk_slice *)(uintptr_t)scopes, 2}, .apps = app, .apps_len = 1};
    return (struct lk_user_group_input){
        .name_given = true,
        .name = lk_slice_cstr(name),
        .description_given = true,
        .description = LK_SLICE("what it is for"),
        .users_given = true,
        .user_ids = &p->user,
        .user_ids_len = 1,
        .permissions = permissions,
        .sso_given = true,
        .sso = {LK_SSO_LDAP, p->provider, LK_SLICE("staff"), LK_SLICE("cn=staff")},
        .notifications_given = true,
        .notifications = {.members_given = true,
                          .members = true,
                          .emails = {(struct lk_slice *)(uintptr_t)emails, 1},
                          .slack_given = true,
                          .slack_channel = LK_SLICE("#ops"),
                          .slack_webhook = LK_SLICE("https://hooks.example.com/x"),
                          .pager_duty_key = LK_SLICE("0123456789")},
    };
}

static struct lk_slice keep_text(struct prepared *p, struct lk_slice text) {
    struct lk_slice kept;
    assert_int_equal(lk_arena_copy(&p->f->arena, text, &kept), 0);
    return kept;
}

/* What of the database an operation can change, as one text. */
char *state_of(struct prepared *p) {
    static const char sql[] =
        "SELECT coalesce((SELECT group_concat(hex(id) || name || enabled || updated_at || hex(digest) || metadata) FROM api_key), '') || "
        "'|' || "
        "(SELECT count(*) || '|' || total(length(group_id)) FROM api_key_group) || '|' || "
        "coalesce((SELECT group_concat(hex(id) || name || permissions || settings) FROM user_group), '') || '|' || "
        "(SELECT count(*) FROM group_member) || '|' || coalesce((SELECT group_concat(hex(id) || email || name) FROM user_account), '') || "
        "'|' || coalesce((SELECT group_concat(hex(id) || name || audit_seq) FROM account), '') || '|' || "
        "(SELECT count(*) FROM audit_entry) || '|' || (SELECT position || hex(mac) FROM account_register_end) || '|' || (SELECT count(*) "
        "FROM session) || '|' || (SELECT count(*) FROM key_session) || '|' "
        "|| "
        "(SELECT count(*) FROM application) || '|' || coalesce((SELECT group_concat(cidr || status) FROM ip_allow), '') || '|' || "
        "(SELECT count(*) FROM sso_provider) || '|' || "
        "coalesce((SELECT group_concat(remaining || '/' || coalesce(refill_at, 0)) FROM key_credits), '') || '|' || "
        "coalesce((SELECT group_concat(remaining || '/' || coalesce(refill_at, 0)) FROM account_credits), '') || '|' || "
        "(SELECT count(*) FROM key_old_secret) || '|' || (SELECT count(*) || '/' || total(length(hours)) FROM api_key_usage)";
    struct lk_stmt *stmt = lk_db_stmt(p->f->db, sql);
    if (lk_step(stmt) != 1)
        fail_msg("%s", lk_db_message(p->f->db));
    struct lk_slice text = lk_column_text(stmt, 0);
    assert_non_null(text.ptr);
    char *copy = strndup(text.ptr, text.len);
    lk_stmt_reset(stmt);
    assert_non_null(copy);
    return copy;
}

/* --- the operations --- */

static const struct lk_page page = {10, 0};
static struct lk_api_key key_out;
static struct lk_user user_out;
static struct lk_user_group group_out;
static struct lk_slice token_out;
static struct lk_page_info info_out;
static size_t len_out;

static int create_key(struct prepared *p, struct lk_call *call) {
    struct lk_slice groups[] = {p->group, p->other_group};
    struct lk_api_key_input input = full_key("new", groups, 2);
    return lk_api_key_create(call, p->account, &input, &key_out, &token_out);
}

static int update_key(struct prepared *p, struct lk_call *call) {
    struct lk_api_key_input input = full_key("renamed", &p->group, 1);
    input.enabled_given = true;
    return lk_api_key_update(call, p->account, p->key, &input, &key_out);
}

static int delete_key(struct prepared *p, struct lk_call *call) {
    return lk_api_key_delete(call, p->account, p->key);
}

static int revoke_key(struct prepared *p, struct lk_call *call) {
    return lk_api_key_revoke(call, p->token);
}

static int revoke_old_secret(struct prepared *p, struct lk_call *call) {
    return lk_api_key_revoke(call, p->old_token);
}

static int reveal_key(struct prepared *p, struct lk_call *call) {
    return lk_api_key_reveal(call, p->account, p->key, &token_out);
}

static int rotate_key(struct prepared *p, struct lk_call *call) {
    return lk_api_key_rotate(call, p->account, p->key, 3600, &key_out, &token_out);
}

static int import_keys(struct prepared *p, struct lk_call *call) {
    struct lk_import_input inputs[] = {{LK_SLICE("first-imported-secret"), full_key("imported", &p->group, 1)},
                                       {LK_SLICE("short"), full_key("refused", &p->group, 1)}};
    struct lk_import_result *results;
    int code = lk_api_key_import(call, p->account, inputs, 2, &results);
    if (code == 0) {
        assert_null(results[0].error.ptr);
        assert_non_null(results[1].error.ptr);
    }
    return code;
}

static int read_key(struct prepared *p, struct lk_call *call) {
    bool has;
    int64_t at;
    struct lk_credits credits;
    struct lk_old_secret secrets[LK_OLD_SECRETS_MAX];
    struct lk_permissions permissions;
    struct lk_user_group *groups;
    struct lk_usage_bucket *buckets;
    const struct lk_usage_range range = {.interval = LK_USAGE_BY_DAY};
    int code = lk_api_key_get(call, p->key, &key_out);
    if (code == 0)
        code = lk_api_key_credits(call, &p->key_id, &has, &credits);
    if (code == 0)
        code = lk_api_key_old_secrets(call, &p->key_id, secrets, &len_out);
    if (code == 0)
        code = lk_api_key_permissions(call, &p->key_id, &permissions);
    if (code == 0)
        code = lk_api_key_groups(call, &p->key_id, page, &groups, &len_out, &info_out);
    if (code == 0)
        code = lk_api_key_last_used(call, &p->f->account.id, &p->key_id, &has, &at);
    if (code == 0)
        code = lk_api_key_usage(call, &p->key_id, &range, &buckets, &len_out);
    return code != 0 ? code : lk_account_usage(call, &p->f->account.id, &range, &buckets, &len_out);
}

static int list_keys(struct prepared *p, struct lk_call *call) {
    struct lk_api_key *keys;
    const struct lk_api_key_filter filter = {.name_contains = LK_SLICE("ke"), .group_id = p->group, .enabled_given = true, .enabled = true};
    int code = lk_api_key_list(call, &filter, (struct lk_api_key_sort){LK_API_KEY_LAST_USED_AT, true}, page, &keys, &len_out, &info_out);
    if (code == 0)
        assert_int_equal(len_out, 1);
    return code;
}

static int refill_keys(struct prepared *p, struct lk_call *call) {
    (void)p;
    bool more;
    call->now_ms += INT64_C(86400000) * 62;
    return lk_credits_refill(call, 10, &more);
}

static int sweep_secrets(struct prepared *p, struct lk_call *call) {
    (void)p;
    bool more;
    call->now_ms += INT64_C(86400000) * 62;
    return lk_api_keys_sweep(call, 10, &more);
}

static int disable_leaked(struct prepared *p, struct lk_call *call) {
    const struct lk_leak leak = {LK_SLICE("a scanner"), LK_SLICE("https://example.com/x"), LK_SLICE("commit")};
    struct lk_id disabled;
    return lk_api_key_disable_leaked(call, p->token, &leak, &disabled);
}

static int create_account(struct prepared *p, struct lk_call *call) {
    (void)p;
    struct lk_account account;
    struct lk_id group;
    return lk_account_create(call, NULL, lk_slice_cstr("Third"), false, &account, &group);
}

static int update_account(struct prepared *p, struct lk_call *call) {
    struct lk_account account;
    struct lk_credits credits;
    bool has;
    const struct lk_account_input input = {
        .name = LK_SLICE("Renamed"),
        .rate_given = true,
        .has_rate = true,
        .rate = {5, 60},
        .credits_given = true,
        .has_credits = true,
        .credits = {.remaining = 500, .has_refill = true, .amount = 500, .interval = LK_SLICE("DAILY")},
    };
    int code = lk_account_update(call, p->account, &input, &account);
    if (code == 0)
        code = lk_account_get(call, &account);
    return code != 0 ? code : lk_account_credits(call, &account.id, &has, &credits);
}

static int provision_account(struct prepared *p, struct lk_call *call) {
    struct lk_account account, *accounts;
    int code = lk_act_as_system(call, &p->f->account.id);
    if (code == 0)
        code = lk_account_provision(call, lk_slice_cstr("Customer"), lk_slice_cstr("theirs"), &account, &token_out);
    return code != 0 ? code : lk_account_list(call, page, &accounts, &len_out, &info_out);
}

static int delete_account(struct prepared *p, struct lk_call *call) {
    int code = lk_act_as_system(call, &p->f->account.id);
    return code != 0 ? code : lk_account_delete(call, p->other_account);
}

/* One in which all is there, and the operators', whose group has to be made. */
static int recover_accounts(struct prepared *p, struct lk_call *call) {
    struct lk_id other;
    struct lk_recovery recovery;
    int code = lk_id_parse(p->other_account, &other);
    if (code == 0)
        code = lk_act_as_system(call, &other);
    if (code == 0)
        code = lk_account_recover(call, lk_slice_cstr("recovered"), &recovery);
    if (code == 0) {
        assert_false(recovery.group_made);
        code = lk_act_as_system(call, &p->f->account.id);
    }
    if (code == 0)
        code = lk_account_recover(call, lk_slice_cstr("recovered"), &recovery);
    if (code == 0)
        assert_true(recovery.group_made);
    return code;
}

static int create_user(struct prepared *p, struct lk_call *call) {
    const struct lk_user_input input = {.name_given = true,
                                        .name = LK_SLICE("Bob"),
                                        .email = LK_SLICE("bob@example.com"),
                                        .external_id_given = true,
                                        .external_id = LK_SLICE("bob"),
                                        .groups_given = true,
                                        .group_ids = &p->other_group,
                                        .group_ids_len = 1};
    return lk_user_create(call, &input, &user_out);
}

static int update_user(struct prepared *p, struct lk_call *call) {
    const struct lk_user_input input = {
        .name_given = true, .name = LK_SLICE("Anna"), .groups_given = true, .group_ids = &p->other_group, .group_ids_len = 1};
    return lk_user_update(call, p->user, &input, &user_out);
}

static int delete_user(struct prepared *p, struct lk_call *call) {
    return lk_user_delete(call, p->user);
}

static int read_users(struct prepared *p, struct lk_call *call) {
    bool locked;
    struct lk_user *users;
    struct lk_user_group *groups;
    int code = lk_user_get(call, p->user, &user_out);
    if (code == 0)
        code = lk_user_get_by_name(call, lk_slice_cstr("Ann"), &user_out);
    if (code == 0)
        code = lk_user_get_by_email(call, lk_slice_cstr("ANN@example.com"), &user_out);
    if (code == 0)
        code = lk_user_list(call, page, &users, &len_out, &info_out);
    if (code == 0)
        code = lk_user_groups(call, &p->user_id, page, &groups, &len_out, &info_out);
    return code != 0 ? code : lk_user_is_locked(call, &p->user_id, &locked);
}

/* What a thread for passwords would have done. */
static void do_tasks(struct lk_password_tasks *tasks) {
    for (size_t i = 0; i < tasks->len; i++) {
        tasks->items[i].done = true;
        tasks->items[i].code = 0;
        snprintf(tasks->items[i].made, sizeof(tasks->items[i].made), "the hash");
    }
    tasks->waiting = false;
}

static int set_password(struct prepared *p, struct lk_call *call) {
    struct lk_password_tasks tasks = {0};
    const struct lk_set_password_input input = {.user_id = p->user, .password = LK_SLICE("correct horse battery")};
    int code = lk_user_set_password(call, &input, &tasks, &user_out);
    if (code == LK_EBUSY && tasks.waiting) {
        do_tasks(&tasks);
        code = lk_user_set_password(call, &input, &tasks, &user_out);
    }
    lk_password_tasks_wipe(&tasks);
    return code;
}

/* A user gives a wrong current password, an operation of its own in the one that is tried: what is written down of the refusal is whole or not there. */
static int give_wrong_password(struct prepared *p, struct lk_call *call) {
    struct lk_password_tasks tasks = {0};
    const struct lk_set_password_input input = {.password = LK_SLICE("correct horse battery"), .current = LK_SLICE("wrong")};
    int code = lk_operation_begin(call);
    if (code != 0)
        return code;
    call->actor->kind = LK_ACTOR_USER;
    call->actor->id = p->user_id;
    code = lk_user_set_password(call, &input, &tasks, &user_out);
    if (code == LK_EBUSY && tasks.waiting) {
        do_tasks(&tasks);
        tasks.items[0].code = LK_EUNAUTH;
        code = lk_user_set_password(call, &input, &tasks, &user_out);
    }
    lk_password_tasks_wipe(&tasks);
    int ended = lk_operation_end(call, true);
    return code == LK_EFORBIDDEN ? ended : code;
}

static int give_wrong_passwords(struct prepared *p, struct lk_call *call) {
    int code = 0;
    bool locked = false;
    for (int i = 0; i < 5 && code == 0; i++)
        code = give_wrong_password(p, call);
    if (code == 0)
        code = lk_user_is_locked(call, &p->user_id, &locked);
    if (code == 0)
        assert_true(locked);
    return code;
}

static int log_in(struct prepared *p, struct lk_call *call) {
    (void)p;
    static struct lk_login login;
    static struct lk_login_result result, described;
    call->actor = NULL;
    int code = lk_login_begin(call, lk_slice_cstr("ann@example.com"), lk_slice_cstr("correct horse battery"), &login);
    if (code != 0)
        return code;
    for (size_t i = 0; i < login.checks_len; i++) {
        login.checks[i].done = true;
        login.checks[i].code = 0;
    }
    code = lk_login_end(call, &login, &result);
    if (code == 0)
        code = lk_authenticate_session(call, result.token, (struct lk_slice){NULL, 0});
    if (code == 0)
        code = lk_session_describe(call, result.token, &described);
    if (code == 0)
        code = lk_user_self(call, &user_out);
    return code != 0 ? code : lk_logout(call, result.token);
}

static int log_in_with_key(struct prepared *p, struct lk_call *call) {
    static struct lk_login_result result, described;
    call->actor = NULL;
    int code = lk_login_key(call, p->token, &result);
    if (code == 0)
        code = lk_session_describe(call, result.token, &described);
    return code != 0 ? code : lk_logout(call, result.token);
}

static int authenticate(struct prepared *p, struct lk_call *call) {
    call->actor = NULL;
    return lk_authenticate_key(call, p->token);
}

static int create_group(struct prepared *p, struct lk_call *call) {
    struct lk_permissions permissions;
    struct lk_app_permission app;
    const struct lk_user_group_input input = full_group(p, "new", &permissions, &app);
    return lk_user_group_create(call, &input, &group_out);
}

static int update_group(struct prepared *p, struct lk_call *call) {
    struct lk_permissions permissions;
    struct lk_app_permission app;
    struct lk_user_group_input input = full_group(p, "changed", &permissions, &app);
    input.user_ids_len = 0;
    return lk_user_group_update(call, p->group, &input, &group_out);
}

static int delete_group(struct prepared *p, struct lk_call *call) {
    return lk_user_group_delete(call, p->group);
}

static int change_members(struct prepared *p, struct lk_call *call) {
    int code = lk_user_group_remove_user(call, p->other_group, p->user, &group_out);
    return code != 0 ? code : lk_user_group_add_user(call, p->other_group, p->user, &group_out);
}

static int add_permissions(struct prepared *p, struct lk_call *call) {
    const struct lk_app_permission app = {.type = LK_APP_PIPELINE,
                                          .actions = 1U << LK_ACTION_READ,
                                          .app_ids = {&p->application, 1},
                                          .filters_given = 1U << LK_APP_PIPELINE,
                                          .env_ids = {(struct lk_slice *)(uintptr_t)service_ids, 1}};
    int code = lk_user_group_add_account_permission(call, p->group, LK_MANAGE_TAGS, &group_out);
    return code != 0 ? code : lk_user_group_add_app_permission(call, p->group, &app, &group_out);
}

static int set_permissions(struct prepared *p, struct lk_call *call) {
    struct lk_permissions permissions = {.account = 1U << LK_VIEW_AUDITS};
    return lk_user_group_set_permissions(call, p->group, &permissions, &permissions);
}

static int read_groups(struct prepared *p, struct lk_call *call) {
    const struct lk_notifications *notifications;
    struct lk_permissions permissions;
    struct lk_user_group *groups;
    struct lk_user *users;
    int code = lk_user_group_get_by_name(call, lk_slice_cstr("full"), &group_out);
    if (code == 0)
        code = lk_user_group_get(call, p->group, &group_out);
    if (code == 0)
        code = lk_user_group_notifications(call, &group_out, &notifications);
    if (code == 0)
        code = lk_user_group_permissions(call, &p->group_id, &permissions);
    if (code == 0)
        code = lk_user_group_users(call, &p->group_id, page, &users, &len_out, &info_out);
    return code != 0 ? code : lk_user_group_list(call, page, &groups, &len_out, &info_out);
}

static int create_application(struct prepared *p, struct lk_call *call) {
    (void)p;
    struct lk_application application;
    const struct lk_application_input input = {true, LK_SLICE("Till"), true, LK_SLICE("takes money")};
    return lk_application_create(call, &input, &application);
}

static int update_application(struct prepared *p, struct lk_call *call) {
    struct lk_application application;
    const struct lk_application_input input = {true, LK_SLICE("Store"), true, {NULL, 0}};
    return lk_application_update(call, p->application, &input, &application);
}

static int delete_application(struct prepared *p, struct lk_call *call) {
    return lk_application_delete(call, p->application);
}

static int read_applications(struct prepared *p, struct lk_call *call) {
    struct lk_application application, *list;
    int code = lk_application_get(call, p->application, &application);
    if (code == 0)
        code = lk_application_get_by_name(call, lk_slice_cstr("Shop"), &application);
    return code != 0 ? code : lk_application_list(call, NULL, page, &list, &len_out, &info_out);
}

static int change_ip_allow(struct prepared *p, struct lk_call *call) {
    struct lk_ip_allow entry, *list;
    const struct lk_ip_allow_input input = {
        .cidr = LK_SLICE("198.51.100.0/24"), .description_given = true, .description = LK_SLICE("office")};
    int code = lk_ip_allow_create(call, &input, &entry);
    if (code == 0)
        code = lk_ip_allow_update(call, p->entry, &(struct lk_ip_allow_input){.active_given = true}, &entry);
    if (code == 0)
        code = lk_ip_allow_list(call, page, &list, &len_out, &info_out);
    return code != 0 ? code : lk_ip_allow_delete(call, p->entry);
}

/* By a user, whose own rights count as well. */
static int narrow_ip_allow(struct prepared *p, struct lk_call *call) {
    struct lk_ip_allow entry;
    call->actor->kind = LK_ACTOR_USER;
    call->actor->id = p->user_id;
    int code = lk_actor_read_permissions(call, call->actor);
    return code != 0 ? code : lk_ip_allow_update(call, p->entry, &(struct lk_ip_allow_input){.cidr = LK_SLICE("192.0.2.0/28")}, &entry);
}

static int admit(struct prepared *p, struct lk_call *call) {
    bool admitted;
    return lk_ip_allow_admits(call, &p->f->account.id, &admitted);
}

static int change_providers(struct prepared *p, struct lk_call *call) {
    struct lk_sso_provider provider, *list;
    int code = lk_sso_provider_create(call, lk_slice_cstr("Other"), LK_SSO_SAML, &provider);
    if (code == 0)
        code = lk_sso_provider_get(call, p->provider, &provider);
    return code != 0 ? code : lk_sso_provider_list(call, page, &list, &len_out, &info_out);
}

static int read_audit(struct prepared *p, struct lk_call *call) {
    struct lk_audit_filter filter = {.range = {0, INT64_MAX}};
    struct lk_change_set *sets;
    struct lk_change_content *contents;
    struct lk_audit_finding finding;
    int code = lk_audit_list(call, &filter, page, &sets, &len_out, &info_out);
    if (code == 0)
        code = lk_audit_contents(call, p->change_set, (struct lk_slice){NULL, 0}, page, &contents, &len_out, &info_out);
    if (code == 0)
        code = lk_audit_verify(call, &finding);
    if (code == 0)
        assert_true(finding.intact);
    return code;
}

static int note_restore(struct prepared *p, struct lk_call *call) {
    (void)p;
    return lk_backup_restored(call, 1);
}

/* The keys that it goes to are of this attempt alone: the database goes back to the fixture's. */
static int rotate_master_key(struct prepared *p, struct lk_call *call) {
    (void)p;
    struct lk_master_rotation rotation = {.old_master = fixture_master(7), .new_keys = fixture_keys(8)};
    int code = lk_master_key_rotate(call, &rotation);
    lk_keys_free(rotation.new_keys);
    lk_master_free((struct lk_master *)(uintptr_t)rotation.old_master);
    return code;
}

/* As for a database that has none; that its accounts' ends have no seal of before is the same to it but for the new one. */
static int make_register(struct prepared *p, struct lk_call *call) {
    (void)p;
    int code =
        lk_db_exec(call->db, "DELETE FROM account_register; DELETE FROM account_register_end; DELETE FROM account WHERE name = 'Other';"
                             "UPDATE account SET audit_seal = zeroblob(32)");
    return code != 0 ? lk_fail_store(call, code) : lk_register_adopt(call->db, call->domain->keys, call->problem);
}

static int take_key(void *context, const struct lk_verification_key *key) {
    (void)context;
    return key->groups_len > 0 ? 0 : LK_EINVAL;
}

static int take_group(void *context, const struct lk_verification_group *group) {
    (void)context;
    return group->permissions.len > 0 ? 0 : LK_EINVAL;
}

static int take_account(void *context, const struct lk_verification_account *account) {
    (void)context;
    return account->rate_limit == 0 ? 0 : LK_EINVAL;
}

static int read_for_verification(struct prepared *p, struct lk_call *call) {
    int64_t count = 0;
    int code = lk_store_verification_key(call->db, &p->key_id, take_key, NULL);
    if (code == 0)
        code = lk_store_verification_group(call->db, &p->group_id, take_group, NULL);
    if (code == 0)
        code = lk_store_verification_account(call->db, &p->f->account.id, take_account, NULL);
    if (code == 0)
        code = lk_store_verification_keys(call->db, take_key, NULL);
    if (code == 0)
        code = lk_store_verification_groups(call->db, take_group, NULL);
    if (code == 0)
        code = lk_store_verification_accounts(call->db, take_account, NULL);
    if (code == 0)
        code = lk_store_verification_key_count(call->db, &count);
    return code == 0 ? 0 : lk_fail_store(call, code);
}

static int be_refused(struct prepared *p, struct lk_call *call) {
    int code = lk_api_key_delete(call, p->account, lk_slice_cstr("no id"));
    return code == LK_ENOTFOUND || code == LK_EINVAL ? 0 : code;
}

const struct operation operations[] = {
    {"create a key", create_key, false},
    {"update a key", update_key, false},
    {"delete a key", delete_key, false},
    {"revoke a key", revoke_key, false},
    {"revoke an old secret", revoke_old_secret, false},
    {"reveal a key", reveal_key, false},
    {"rotate a key", rotate_key, false},
    {"import keys", import_keys, false},
    {"read a key", read_key, true, 2}, /* counts of usage that are damaged count as none, and the log says so */
    {"list keys", list_keys, true},
    {"refill credits", refill_keys, false},
    {"sweep old secrets", sweep_secrets, false},
    {"disable a leaked key", disable_leaked, false},
    {"create an account", create_account, false},
    {"update an account", update_account, false},
    {"provision an account", provision_account, false},
    {"delete an account", delete_account, false},
    {"recover accounts", recover_accounts, false},
    {"create a user", create_user, false},
    {"update a user", update_user, false},
    {"delete a user", delete_user, false},
    {"read users", read_users, true},
    {"set a password", set_password, false},
    {"give wrong passwords", give_wrong_passwords, false},
    {"log in", log_in, false},
    {"log in with a key", log_in_with_key, false},
    {"authenticate", authenticate, true},
    {"create a group", create_group, false},
    {"update a group", update_group, false},
    {"delete a group", delete_group, false},
    {"change members", change_members, false},
    {"add permissions", add_permissions, false},
    {"set permissions", set_permissions, false},
    {"read groups", read_groups, true},
    {"create an application", create_application, false},
    {"update an application", update_application, false},
    {"delete an application", delete_application, false},
    {"read applications", read_applications, true},
    {"change the IP allow list", change_ip_allow, false},
    {"narrow the IP allow list", narrow_ip_allow, false},
    {"ask the IP allow list", admit, true},
    {"change SSO providers", change_providers, false},
    {"read the audit", read_audit, true},
    {"note a restore", note_restore, false},
    {"rotate the master key", rotate_master_key, false, 3}, /* a secret whose seal is damaged stays where it is */
    {"make the register", make_register, false},
    {"read what verification keeps", read_for_verification, true},
    {"be refused", be_refused, true},
};

const size_t operations_len = sizeof(operations) / sizeof(operations[0]);

/* --- the database --- */

int prepare(void **state) {
    struct fixture *f = NULL;
    assert_int_equal(fixture_setup((void **)&f), 0);
    struct prepared *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    p->f = f;
    lk_arena_init(&p->arena, (size_t)64 << 20);
    assert_int_equal(lk_ip_parse(lk_slice_cstr("192.0.2.7"), &p->client_ip), 0);
    p->account = fixture_id(f, &f->account.id);
    struct lk_account other;
    struct lk_id other_group;
    struct lk_slice other_token;
    fixture_account(f, "Other", &other, &other_group, &other_token);
    p->other_account = fixture_id(f, &other.id);
    fixture_sql(f, "UPDATE account SET created_at = created_at - 1 WHERE name = 'Acme'"); /* so it is the operators' */
    fixture_begin(f);
    assert_int_equal(recover_accounts(p, &f->call), 0);
    assert_int_equal(lk_operation_end(&f->call, true), 0); /* what is kept of it are parsed permissions, which nothing else reads */
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    p->other_group = fixture_id(f, &f->admin_group);
    p->user_id = fixture_user(f, "Ann", "ann@example.com", &f->admin_group).id;
    p->user = fixture_id(f, &p->user_id);
    struct lk_application application;
    struct lk_sso_provider provider;
    struct lk_ip_allow entry;
    struct lk_user_group group;
    struct lk_permissions permissions;
    struct lk_app_permission app;
    fixture_begin(f);
    assert_int_equal(
        fixture_end(f, lk_application_create(&f->call, &(struct lk_application_input){true, LK_SLICE("Shop"), true, LK_SLICE("sells")},
                                             &application)),
        0);
    p->application = fixture_id(f, &application.id);
    fixture_sql(f, "INSERT INTO account_credits SELECT id, 9, 100, 'MONTHLY', 31, 1700000000000 FROM account");
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_sso_provider_create(&f->call, lk_slice_cstr("Directory"), LK_SSO_LDAP, &provider)), 0);
    p->provider = fixture_id(f, &provider.id);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_ip_allow_create(&f->call, &(struct lk_ip_allow_input){.cidr = LK_SLICE("192.0.2.0/24")}, &entry)),
                     0);
    p->entry = fixture_id(f, &entry.id);
    const struct lk_user_group_input input = full_group(p, "full", &permissions, &app);
    fixture_begin(f);
    int code = fixture_end(f, lk_user_group_create(&f->call, &input, &group));
    if (code != 0)
        fail_msg("%s", f->problem.text);
    p->group_id = group.id;
    p->group = fixture_id(f, &group.id);
    struct lk_slice groups[] = {p->group, p->other_group};
    struct lk_api_key_input key = full_key("key", groups, 2);
    key.ips_given = false; /* it acts */
    struct lk_api_key made;
    if (fixture_create(f, &key, &made, &p->token) != 0)
        fail_msg("%s", f->problem.text);
    p->key_id = made.id;
    p->key = fixture_id(f, &made.id);
    p->old_token = keep_text(p, p->token);
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_api_key_rotate(&f->call, p->account, p->key, 3600, &made, &p->token)), 0);
    p->token = keep_text(p, p->token);
    p->change_set = fixture_id(f, &f->call.change_set);
    assert_int_equal(set_password(p, &f->call), 0);
    const struct lk_usage_counts counts = {{3, 1}};
    assert_int_equal(lk_usage_touch_key(f->db, &f->account.id, &p->key_id, f->call.now_ms, f->call.now_ms), 0);
    assert_int_equal(lk_usage_record_key(f->db, &f->account.id, &p->key_id, f->call.now_ms, &counts), 0);
    assert_int_equal(lk_usage_record_account(f->db, &f->account.id, f->call.now_ms, &counts), 0);
    assert_int_equal(lk_db_commit(f->db), 0);
    p->state = state_of(p);
    *state = p;
    return 0;
}

int release(void **state) {
    struct prepared *p = *state;
    struct fixture *f = p->f;
    lk_arena_free(&p->arena);
    free(p->state);
    free(p);
    return fixture_teardown((void **)&f);
}
