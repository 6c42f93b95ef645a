#include "fixture.h"

#include "base/clock.h"
#include "base/ip.h"
#include "domain/ip_allow.h"
#include "domain/rules.h"
#include "domain/user.h"

#define BIT LK_ACCOUNT_PERMISSION_BIT
#define SOON ((int64_t)1700000001500)
#define USERS_UNLIMITED                                                                                                       \
    "This would leave the account without a credential that can manage users and groups at any time and from anywhere: give " \
    "MANAGE_USERS_AND_GROUPS to another key without expiry and addresses, or to a user with a password, first"
#define KEYS_UNLIMITED "This would leave the account without a credential that can manage API keys at any time and from anywhere: give "
#define OPERATOR_UNLIMITED                                                                                                                 \
    "This would leave the account without a credential that can create and delete accounts at any time and from anywhere: give the scope " \
    "latchkey.operator to another key"
#define USERS_NOW                                                                                                                      \
    "This would leave the account without a credential that can manage users and groups: give MANAGE_USERS_AND_GROUPS to another one " \
    "first"
#define FROM_HERE "This would lock the account out: no other credential"
#define USERS_ELSEWHERE \
    "This would lock the account out: nobody could manage users and groups but users who log in from the addresses of the IP allow list. "
#define KEYS_ELSEWHERE "This would lock the account out: nobody could manage API keys but users"

static const uint32_t group_manager = BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS);
static const struct lk_slice elsewhere[] = {LK_SLICE("203.0.113.9")};
static const struct lk_slice here[] = {LK_SLICE("192.0.2.0/24")};

/* --- changes --- */

static struct lk_api_key_input named(const char *name) {
    return (struct lk_api_key_input){.name = lk_slice_cstr(name)};
}

static struct lk_api_key_input limited_to(const char *name, const struct lk_slice *addresses) {
    struct lk_api_key_input input = named(name);
    input.ips_given = true;
    input.allowed_ips = addresses;
    input.allowed_ips_len = 1;
    return input;
}

static struct lk_api_key_input ending(const char *name) {
    struct lk_api_key_input input = named(name);
    input.expiry_given = true;
    input.has_expiry = true;
    input.expires_at = SOON;
    return input;
}

static struct lk_api_key_input disabled(const char *name) {
    struct lk_api_key_input input = named(name);
    input.enabled_given = true;
    return input;
}

static struct lk_api_key_input without_groups(const char *name) {
    struct lk_api_key_input input = named(name);
    input.groups_given = true;
    return input;
}

static int update(struct fixture *f, const struct lk_id *key, struct lk_api_key_input input) {
    struct lk_api_key ret;
    f->problem = (struct lk_problem){0};
    return fixture_update(f, key, &input, &ret);
}

static int delete_group(struct fixture *f, const struct lk_id *group) {
    fixture_begin(f);
    return fixture_end(f, lk_user_group_delete(&f->call, fixture_id(f, group)));
}

static int set_permissions(struct fixture *f, const struct lk_id *group, uint32_t account_bits, const char *scope) {
    struct lk_slice scopes[] = {lk_slice_cstr(scope)};
    const struct lk_permissions permissions = {.account = account_bits, .scopes = {scopes, scope == NULL ? 0 : 1}};
    struct lk_permissions ret;
    fixture_begin(f);
    return fixture_end(f, lk_user_group_set_permissions(&f->call, fixture_id(f, group), &permissions, &ret));
}

static int delete_user(struct fixture *f, const struct lk_id *user) {
    fixture_begin(f);
    return fixture_end(f, lk_user_delete(&f->call, fixture_id(f, user)));
}

/* --- who acts --- */

static void act_as_admin_from(struct fixture *f, struct lk_ip *ip, const char *address) {
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    assert_int_equal(lk_ip_parse(lk_slice_cstr(address), ip), 0);
    f->call.client_ip = ip;
}

/* A user in a group, who can log in when it has a password. */
static struct lk_user user_in(struct fixture *f, const struct lk_id *group, bool password) {
    assert_int_equal(fixture_act(f, f->admin_token), 0);
    struct lk_user user = fixture_user(f, "Ann", "ann@b.c", group);
    if (password)
        fixture_sql(f, "INSERT INTO user_login (user_id, password_hash, failures, first_failure_at, locked_until) "
                       "SELECT id, 'a hash', 0, 0, 0 FROM user_account");
    return user;
}

/* --- keys --- */

static void test_who_manages_keys_limits_no_administrator(void **state) {
    struct fixture *f = *state;
    const struct lk_id *admin = &f->admin_key.id;
    fixture_act_with(f, BIT(LK_MANAGE_API_KEYS));
    fixture_expect(f, update(f, admin, limited_to("first", elsewhere)), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_expect(f, update(f, admin, limited_to("first", here)), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_expect(f, update(f, admin, ending("first")), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_expect(f, update(f, admin, disabled("first")), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_expect(f, update(f, admin, without_groups("first")), LK_ECONFLICT, USERS_UNLIMITED);
    f->problem = (struct lk_problem){0};
    fixture_expect(f, fixture_delete(f, admin), LK_ECONFLICT, USERS_UNLIMITED);
    assert_int_equal(update(f, admin, named("renamed")), 0);
}

static void test_a_limited_key_is_no_second_one(void **state) {
    struct fixture *f = *state;
    struct lk_api_key second = fixture_key(f, "second", &f->admin_group, NULL);
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(update(f, &second.id, ending("second")), 0);
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    struct lk_api_key_input input = limited_to("second", here);
    input.expiry_given = true; /* and none */
    assert_int_equal(update(f, &second.id, input), 0);
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    input = disabled("second");
    input.ips_given = true; /* and none */
    assert_int_equal(update(f, &second.id, input), 0);
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    input.enabled = true;
    assert_int_equal(update(f, &second.id, input), 0);
    assert_int_equal(fixture_delete(f, &f->admin_key.id), 0);
}

static void test_rates_and_credits_limit_nobody_here(void **state) {
    struct fixture *f = *state;
    struct lk_api_key second = fixture_key(f, "second", &f->admin_group, NULL);
    struct lk_api_key_input input = named("second");
    input.rate_given = input.has_rate = true;
    input.rate = (struct lk_rate_limit){1, 86400};
    input.credits_given = input.has_credits = true;
    assert_int_equal(update(f, &second.id, input), 0);
    assert_int_equal(fixture_delete(f, &f->admin_key.id), 0);
}

static void test_a_user_with_a_password_counts(void **state) {
    struct fixture *f = *state;
    user_in(f, &f->admin_group, false);
    fixture_act_with(f, BIT(LK_MANAGE_API_KEYS));
    fixture_expect(f, update(f, &f->admin_key.id, ending("first")), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_sql(f, "INSERT INTO user_login (user_id, password_hash, failures, first_failure_at, locked_until) "
                   "SELECT id, 'a hash', 0, 0, 0 FROM user_account");
    assert_int_equal(update(f, &f->admin_key.id, ending("first")), 0);
}

/* --- oneself --- */

static void test_an_administrator_may_limit_itself(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    const struct lk_id *admin = &f->admin_key.id;
    act_as_admin_from(f, &ip, "192.0.2.7");
    fixture_expect(f, update(f, admin, limited_to("first", elsewhere)), LK_ECONFLICT, FROM_HERE);
    assert_int_equal(update(f, admin, limited_to("first", here)), 0);
    assert_int_equal(update(f, admin, ending("first")), 0);
}

static void test_an_administrator_of_no_known_address(void **state) {
    struct fixture *f = *state;
    fixture_expect(f, update(f, &f->admin_key.id, limited_to("first", here)), LK_ECONFLICT, FROM_HERE);
    assert_int_equal(update(f, &f->admin_key.id, ending("first")), 0);
}

static void test_limiting_oneself_is_no_way_out(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    const struct lk_id *admin = &f->admin_key.id;
    act_as_admin_from(f, &ip, "192.0.2.7");
    struct lk_id users = fixture_group(f, "users only", group_manager, NULL);
    struct lk_slice ids[] = {fixture_id(f, &users)};
    struct lk_api_key_input input = limited_to("first", here);
    input.groups_given = true;
    fixture_expect(f, update(f, admin, input), LK_ECONFLICT, USERS_UNLIMITED);
    input.group_ids = ids;
    input.group_ids_len = 1;
    fixture_expect(f, update(f, admin, input), LK_ECONFLICT, KEYS_UNLIMITED "MANAGE_API_KEYS to another key");
    input = limited_to("first", here);
    input.enabled_given = true;
    fixture_expect(f, update(f, admin, input), LK_ECONFLICT, USERS_UNLIMITED);
}

static void test_who_may_limit_itself_may_not_limit_others(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_slice token;
    struct lk_api_key second = fixture_key(f, "second", &f->admin_group, &token);
    assert_int_equal(update(f, &second.id, limited_to("second", here)), 0);
    act_as_admin_from(f, &ip, "192.0.2.7");
    assert_int_equal(lk_authenticate_key(&f->call, token), 0); /* from one of its addresses */
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_expect(f, update(f, &f->admin_key.id, limited_to("first", here)), LK_ECONFLICT, USERS_UNLIMITED);
}

static void test_only_limited_administrators(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    const struct lk_id *admin = &f->admin_key.id;
    struct lk_api_key second = fixture_key(f, "second", &f->admin_group, NULL);
    assert_int_equal(update(f, &second.id, ending("second")), 0);
    act_as_admin_from(f, &ip, "192.0.2.7");
    assert_int_equal(update(f, admin, limited_to("first", here)), 0);
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(update(f, admin, ending("first")), 0); /* as ever: one that is good now is left */
    assert_int_equal(fixture_delete(f, &second.id), 0);
    fixture_expect(f, fixture_delete(f, admin), LK_ECONFLICT, USERS_NOW);
    fixture_expect(f, update(f, admin, disabled("first")), LK_ECONFLICT, USERS_NOW);
    f->call.now_ms = SOON; /* nobody is good: the account is not held up */
    assert_int_equal(fixture_delete(f, admin), 0);
}

/* A group of very many limited keys is not searched for one that is not at each change of one of them. */
static void test_many_limited_keys(void **state) {
    struct fixture *f = *state;
    struct lk_id managers = fixture_group(f, "managers", BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS), NULL);
    struct lk_api_key key = fixture_key(f, "one of many", &managers, NULL);
    assert_int_equal(update(f, &key.id, ending("one of many")), 0);
    fixture_sql(
        f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) INSERT INTO api_key (id, account_id, "
           "name, preview, digest, digest_version, enabled, expires_at, metadata, created_at, created_by, updated_at) SELECT "
           "CAST(printf('%016d', i) AS BLOB), account_id, 'key ' || i, '', CAST(printf('%032d', i) AS BLOB), 1, 1, expires_at, '{}', "
           "0, '', 0 FROM n, api_key WHERE name = 'one of many'; "
           "INSERT INTO api_key_group SELECT id, (SELECT id FROM user_group WHERE name = 'managers') FROM api_key WHERE name LIKE 'key "
           "%'; DELETE FROM api_key WHERE name = "
           "'first'");
    fixture_act_as_system(f, &f->account.id);
    const int64_t began = lk_clock_mono_ns();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(update(f, &key.id, ending("one of many")), 0);
    assert_true(lk_clock_mono_ns() - began < (int64_t)4000000000);
}

/* --- groups --- */

static void test_who_manages_groups_takes_no_right_for_good(void **state) {
    struct fixture *f = *state;
    fixture_act_with(f, group_manager);
    fixture_expect(f, delete_group(f, &f->admin_group), LK_ECONFLICT, KEYS_UNLIMITED "MANAGE_API_KEYS to another key");
    fixture_expect(f, set_permissions(f, &f->admin_group, group_manager, NULL), LK_ECONFLICT, KEYS_UNLIMITED);
    const struct lk_user_group_input renamed = {.name_given = true, .name = LK_SLICE("Renamed")};
    struct lk_user_group group;
    fixture_begin(f);
    assert_int_equal(fixture_end(f, lk_user_group_update(&f->call, fixture_id(f, &f->admin_group), &renamed, &group)), 0);
    assert_int_equal(set_permissions(f, &f->admin_group, BIT(LK_MANAGE_API_KEYS), NULL), 0); /* the manager can manage users */
}

static void test_the_broad_permission_holds_both(void **state) {
    struct fixture *f = *state;
    struct lk_id broad = fixture_group(f, "broad", BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS), NULL);
    fixture_key(f, "broad", &broad, NULL);
    assert_int_equal(delete_group(f, &f->admin_group), 0);
    fixture_act_as_system(f, &f->account.id);
    fixture_expect(f, set_permissions(f, &broad, group_manager, NULL), LK_ECONFLICT, KEYS_UNLIMITED);
    fixture_expect(f, set_permissions(f, &broad, BIT(LK_MANAGE_API_KEYS), NULL), LK_ECONFLICT, USERS_UNLIMITED);
}

static void test_the_last_operator_stays(void **state) {
    struct fixture *f = *state;
    struct lk_id operators = fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_act_as_system(f, &f->account.id);
    struct lk_api_key operator= fixture_key(f, "operator", &operators, NULL);
    fixture_act_with(f, group_manager | BIT(LK_MANAGE_API_KEYS));
    fixture_expect(f, delete_group(f, &operators), LK_ECONFLICT, OPERATOR_UNLIMITED);
    fixture_expect(f, set_permissions(f, &operators, 0, NULL), LK_ECONFLICT, OPERATOR_UNLIMITED);
    fixture_expect(f, fixture_delete(f, &operator.id), LK_ECONFLICT, OPERATOR_UNLIMITED);
    fixture_expect(f, update(f, &operator.id, limited_to("operator", elsewhere)), LK_ECONFLICT, OPERATOR_UNLIMITED);
    fixture_act_as_system(f, &f->account.id);
    fixture_key(f, "another", &operators, NULL);
    assert_int_equal(fixture_delete(f, &operator.id), 0);
}

/* Texts like a right's in the permissions of a group in use are none. */
static void test_decoys(void **state) {
    struct fixture *f = *state;
    struct lk_slice envs[] = {LK_SLICE("MANAGE_API_KEYS")};
    struct lk_slice apps[] = {LK_SLICE("4L2X2JLSQe2DnjOwBXj0TQ")};
    struct lk_slice scopes[] = {LK_SLICE("LATCHKEY.OPERATOR"), LK_SLICE("latchkey.operators"), LK_SLICE("*")};
    struct lk_app_permission app = {.type = LK_APP_ENV, .actions = 1, .app_ids = {apps, 1}, .env_ids = {envs, 1}};
    const struct lk_permissions permissions = {.scopes = {scopes, 3}, .apps = &app, .apps_len = 1};
    struct lk_slice text;
    assert_int_equal(lk_permissions_text(&f->call, &permissions, &text), 0);
    struct lk_id decoy = fixture_group(f, "decoy", 0, NULL);
    struct lk_stmt *stmt = lk_db_stmt(f->db, "UPDATE user_group SET permissions = $1 WHERE id = $2");
    lk_bind_text(stmt, 1, text);
    lk_bind_id(stmt, 2, &decoy);
    assert_int_equal(lk_run(stmt), 0);
    struct lk_id operators = fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
    fixture_act_as_system(f, &f->account.id);
    fixture_key(f, "decoy", &decoy, NULL);
    fixture_key(f, "operator", &operators, NULL);
    fixture_act_with(f, group_manager);
    fixture_expect(f, delete_group(f, &f->admin_group), LK_ECONFLICT, KEYS_UNLIMITED);
    fixture_expect(f, delete_group(f, &operators), LK_ECONFLICT, OPERATOR_UNLIMITED);
}

/* --- users --- */

static void test_the_last_user_stays(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_user ann = user_in(f, &f->admin_group, true);
    act_as_admin_from(f, &ip, "192.0.2.7");
    assert_int_equal(update(f, &f->admin_key.id, limited_to("first", here)), 0);
    const struct lk_user_input out = {.groups_given = true};
    struct lk_user ret;
    struct lk_user_group group;
    fixture_expect(f, delete_user(f, &ann.id), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_update(&f->call, fixture_id(f, &ann.id), &out, &ret)), LK_ECONFLICT, USERS_UNLIMITED);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_user_group_remove_user(&f->call, fixture_id(f, &f->admin_group), fixture_id(f, &ann.id), &group)),
                   LK_ECONFLICT, USERS_UNLIMITED);
    fixture_act_as_system(f, &f->account.id);
    fixture_key(f, "second", &f->admin_group, NULL);
    assert_int_equal(delete_user(f, &ann.id), 0);
}

/* --- addresses that users may log in from --- */

static int change_addresses(struct fixture *f, const struct lk_id *entry, const char *cidr, bool active, struct lk_ip_allow *ret) {
    const struct lk_ip_allow_input input = {.cidr = lk_slice_cstr(cidr), .active_given = true, .active = active};
    fixture_begin(f);
    return fixture_end(f, entry == NULL ? lk_ip_allow_create(&f->call, &input, ret)
                                        : lk_ip_allow_update(&f->call, fixture_id(f, entry), &input, ret));
}

static int add_addresses(struct fixture *f, const char *cidr) {
    struct lk_ip_allow ret;
    return change_addresses(f, NULL, cidr, true, &ret);
}

/* The user acts by a session, from an address. */
static void act_as_user_from(struct fixture *f, const struct lk_user *user, struct lk_ip *ip, const char *address) {
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(lk_ip_parse(lk_slice_cstr(address), ip), 0);
    f->call.client_ip = ip;
    f->call.actor->kind = LK_ACTOR_USER;
    f->call.actor->id = user->id;
    f->call.actor->name = user->email;
    fixture_sql(f, "INSERT INTO session SELECT zeroblob(32), 0, id, 0, 0, 9e15, 9e15 FROM user_account WHERE true ON CONFLICT DO NOTHING");
    assert_int_equal(lk_actor_read_permissions(&f->call, f->call.actor), 0);
}

/* An account whose keys are all limited: Ann, who has a password, administers it. */
static struct lk_user users_only(struct fixture *f) {
    struct lk_user ann = user_in(f, &f->admin_group, true);
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(update(f, &f->admin_key.id, ending("first")), 0);
    return ann;
}

/* The manager of addresses cannot do it, wherever it is; nor one who manages users only. */
static void test_who_manages_addresses_keeps_no_user_out(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_ip_allow off;
    (void)users_only(f);
    fixture_act_with(f, BIT(LK_MANAGE_IP_WHITELIST));
    assert_int_equal(lk_ip_parse(lk_slice_cstr("203.0.113.9"), &ip), 0);
    f->call.client_ip = &ip;
    fixture_expect(f, add_addresses(f, "203.0.113.9"), LK_ECONFLICT, USERS_ELSEWHERE);
    assert_int_equal(change_addresses(f, NULL, "203.0.113.9", false, &off), 0);
    fixture_expect(f, change_addresses(f, &off.id, "203.0.113.9", true, &off), LK_ECONFLICT, USERS_ELSEWHERE);
    fixture_act_with(f, BIT(LK_MANAGE_IP_WHITELIST) | group_manager);
    f->call.client_ip = &ip;
    fixture_expect(f, add_addresses(f, "203.0.113.0/24"), LK_ECONFLICT, KEYS_ELSEWHERE);
    assert_int_equal(fixture_query(f, "SELECT count(*) FROM ip_allow WHERE status = 'ACTIVE'"), 0);

    fixture_act_as_system(f, &f->account.id);
    fixture_key(f, "second", &f->admin_group, NULL); /* now it is not up to users */
    fixture_act_with(f, BIT(LK_MANAGE_IP_WHITELIST) | BIT(LK_VIEW_AUDITS));
    assert_int_equal(change_addresses(f, &off.id, "203.0.113.9", true, &off), 0);
}

static void test_an_administrator_may_limit_users_to_where_it_is(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_user ann = users_only(f);
    act_as_user_from(f, &ann, &ip, "192.0.2.7");
    fixture_expect(f, add_addresses(f, "203.0.113.9"), LK_ECONFLICT, USERS_ELSEWHERE);
    assert_int_equal(add_addresses(f, "192.0.2.0/24"), 0);
    f->call.client_ip = NULL;
    assert_int_equal(add_addresses(f, "203.0.113.0/24"), 0); /* which takes nobody's address away */
}

/* Once there is a list, what takes an address from it is judged as what began it. */
static void test_narrowing_the_list(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_ip_allow office;
    struct lk_ip_allow home;
    struct lk_user ann = users_only(f);
    act_as_user_from(f, &ann, &ip, "192.0.2.7");
    assert_int_equal(change_addresses(f, NULL, "192.0.2.0/24", true, &office), 0);
    fixture_act_with(f, BIT(LK_MANAGE_IP_WHITELIST));
    assert_int_equal(change_addresses(f, NULL, "203.0.113.0/24", true, &home), 0);
    fixture_expect(f, change_addresses(f, &office.id, "192.0.2.0/25", true, &office), LK_ECONFLICT, USERS_ELSEWHERE);
    fixture_expect(f, change_addresses(f, &office.id, "198.51.100.0/24", true, &office), LK_ECONFLICT, USERS_ELSEWHERE);
    fixture_expect(f, change_addresses(f, &office.id, "192.0.2.0/24", false, &office), LK_ECONFLICT, USERS_ELSEWHERE);
    fixture_begin(f);
    fixture_expect(f, fixture_end(f, lk_ip_allow_delete(&f->call, fixture_id(f, &office.id))), LK_ECONFLICT, USERS_ELSEWHERE);
    assert_int_equal(change_addresses(f, &office.id, "192.0.0.0/16", true, &office), 0);
    act_as_user_from(f, &ann, &ip, "203.0.113.9");
    assert_int_equal(change_addresses(f, &office.id, "192.0.2.0/24", false, &office), 0); /* it is at home */
    fixture_expect(f, change_addresses(f, &home.id, "203.0.113.0/30", true, &home), LK_ECONFLICT, USERS_ELSEWHERE);
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(change_addresses(f, &home.id, "203.0.113.0/24", false, &home), 0); /* no list: from anywhere */
}

/* A user who may log in from some addresses only is no better than a key that may be used from some. */
static void test_users_behind_a_list_are_limited(void **state) {
    struct fixture *f = *state;
    struct lk_ip ip;
    struct lk_user ann = user_in(f, &f->admin_group, true);
    fixture_act_as_system(f, &f->account.id);
    assert_int_equal(add_addresses(f, "192.0.2.0/24"), 0); /* there is the first key */
    fixture_act_with(f, BIT(LK_MANAGE_API_KEYS));
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    act_as_user_from(f, &ann, &ip, "203.0.113.9");
    fixture_expect(f, fixture_delete(f, &f->admin_key.id), LK_ECONFLICT, USERS_UNLIMITED);
    act_as_user_from(f, &ann, &ip, "192.0.2.7");
    assert_int_equal(fixture_delete(f, &f->admin_key.id), 0);
    fixture_expect(f, delete_user(f, &ann.id), LK_ECONFLICT, USERS_NOW);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_who_manages_keys_limits_no_administrator),
        TEST(test_a_limited_key_is_no_second_one),
        TEST(test_rates_and_credits_limit_nobody_here),
        TEST(test_a_user_with_a_password_counts),
        TEST(test_an_administrator_may_limit_itself),
        TEST(test_an_administrator_of_no_known_address),
        TEST(test_limiting_oneself_is_no_way_out),
        TEST(test_who_may_limit_itself_may_not_limit_others),
        TEST(test_only_limited_administrators),
        TEST(test_many_limited_keys),
        TEST(test_who_manages_groups_takes_no_right_for_good),
        TEST(test_the_broad_permission_holds_both),
        TEST(test_the_last_operator_stays),
        TEST(test_decoys),
        TEST(test_the_last_user_stays),
        TEST(test_who_manages_addresses_keeps_no_user_out),
        TEST(test_an_administrator_may_limit_users_to_where_it_is),
        TEST(test_narrowing_the_list),
        TEST(test_users_behind_a_list_are_limited),
    };
    return cmocka_run_group_tests_name("domain/lockout", tests, NULL, NULL);
}
