/* Whatever is done, in whatever order: no right by which an account is administered is lost, and what is deleted without losing one is not refused. */
#include "walk.h"

#include "base/ip.h"
#include "domain/ip_allow.h"
#include "domain/rules.h"
#include "domain/user.h"

#define STEPS 4000
#define RIGHTS 3
#define BIT LK_ACCOUNT_PERMISSION_BIT

static const uint32_t sets[] = {
    0,
    BIT(LK_MANAGE_API_KEYS),
    BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS),
    BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS),
    BIT(LK_VIEW_AUDITS),
};

/* --- what is there, as SQL sees it: from those who hold, not from what is held --- */

#define HOLDS                                                                                                  \
    "CASE $1 WHEN 0 THEN g.permissions LIKE '%\"MANAGE_USERS_AND_GROUPS\"%' OR g.permissions LIKE "            \
    "'%\"MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS\"%' WHEN 1 THEN g.permissions LIKE '%\"MANAGE_API_KEYS\"%' " \
    "OR g.permissions LIKE '%\"MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS\"%' ELSE g.permissions LIKE "          \
    "'%\"latchkey.operator\"%' END"
#define KEY                                                                                                                      \
    "SELECT 1 FROM api_key k JOIN api_key_group kg ON kg.api_key_id = k.id JOIN user_group g ON g.id = kg.group_id WHERE " HOLDS \
    " AND k.enabled = 1"
#define USER                                                                                                                      \
    "SELECT 1 FROM user_login l JOIN group_member m ON m.user_id = l.user_id JOIN user_group g ON g.id = m.group_id WHERE " HOLDS \
    " AND l.password_hash IS NOT NULL"

struct held {
    bool always[RIGHTS], now[RIGHTS];
};

static int64_t ask(struct walk *w, const char *sql, int64_t parameter) {
    struct lk_stmt *stmt = lk_db_stmt(w->f->db, sql);
    lk_bind_int(stmt, 1, parameter);
    if (lk_step(stmt) != 1)
        fail_msg("%s: %s", sql, lk_db_message(w->f->db));
    int64_t value = lk_column_int(stmt, 0);
    lk_stmt_reset(stmt);
    return value;
}

static struct held look(struct walk *w) {
    struct held held;
    for (int right = 0; right < RIGHTS; right++) {
        held.always[right] = ask(w,
                                 "SELECT EXISTS (" KEY " AND k.expires_at IS NULL AND k.allowed_ips IS NULL) OR EXISTS (" USER
                                 " AND NOT EXISTS (SELECT 1 FROM ip_allow WHERE status = 'ACTIVE'))",
                                 right) != 0;
        held.now[right] =
            ask(w, "SELECT EXISTS (" KEY " AND (k.expires_at IS NULL OR k.expires_at > 1700000000000)) OR EXISTS (" USER ")", right) != 0;
    }
    return held;
}

static bool is_lost(const struct held *before, const struct held *after) {
    for (int right = 0; right < RIGHTS; right++) {
        if ((before->always[right] && !after->always[right]) || (before->now[right] && !after->now[right]))
            return true;
    }
    return false;
}

/* --- what is done, by the operator at the machine, for whom there is no exception --- */

/* One of the ids of a table, as text; ptr NULL when it is empty. */
static struct lk_slice any(struct walk *w, int table) {
    struct lk_id id;
    return any_id(w, table, &id) ? fixture_id(w->f, &id) : (struct lk_slice){NULL, 0};
}

static struct lk_slice name(struct walk *w) {
    return lk_slice_cstr(lk_arena_printf(&w->f->arena, "name %u", next(w, 1000000)));
}

static struct lk_api_key_input key_input(struct walk *w, struct lk_slice *groups) {
    static const struct lk_slice addresses[] = {LK_SLICE("192.0.2.0/24")};
    struct lk_api_key_input input = {.name = name(w), .groups_given = next(w, 2) == 0, .group_ids = groups, .group_ids_len = next(w, 3)};
    for (size_t i = 0; i < input.group_ids_len; i++) {
        groups[i] = any(w, GROUPS);
        if (groups[i].ptr == NULL)
            input.group_ids_len = 0;
    }
    input.enabled_given = next(w, 2) == 0;
    input.enabled = next(w, 2) == 0;
    input.expiry_given = next(w, 2) == 0;
    input.has_expiry = next(w, 2) == 0;
    input.expires_at = w->f->call.now_ms + 1 + next(w, 1000);
    input.ips_given = next(w, 2) == 0;
    input.allowed_ips = addresses;
    input.allowed_ips_len = next(w, 2);
    return input;
}

static int change_key(struct walk *w, struct lk_call *call) {
    struct lk_slice groups[2];
    struct lk_api_key_input input = key_input(w, groups);
    struct lk_api_key ret;
    struct lk_slice token;
    struct lk_slice key = any(w, KEYS);
    if (key.ptr == NULL || next(w, 4) == 0)
        return lk_api_key_create(call, (struct lk_slice){NULL, 0}, &input, &ret, &token);
    return lk_api_key_update(call, (struct lk_slice){NULL, 0}, key, &input, &ret);
}

static int change_user(struct walk *w, struct lk_call *call) {
    struct lk_slice groups[1] = {any(w, GROUPS)};
    struct lk_user_input input = {.name_given = true, .name = name(w), .groups_given = true, .group_ids = groups};
    struct lk_user ret;
    struct lk_slice user = any(w, USERS);
    input.group_ids_len = groups[0].ptr == NULL ? 0 : next(w, 2);
    input.email = lk_slice_cstr(lk_arena_printf(&w->f->arena, "u%u@b.c", next(w, 1000000)));
    if (user.ptr != NULL && next(w, 2) == 0)
        return lk_user_update(call, user, &input, &ret);
    int code = lk_user_create(call, &input, &ret);
    if (code != 0 || next(w, 2) == 0)
        return code;
    struct lk_stmt *stmt = lk_db_stmt(w->f->db, "INSERT INTO user_login (user_id, password_hash, failures, first_failure_at, locked_until) "
                                                "VALUES ($1, 'a hash', 0, 0, 0)");
    lk_bind_id(stmt, 1, &ret.id);
    return lk_run(stmt);
}

static int change_group(struct walk *w, struct lk_call *call) {
    static struct lk_slice operator_scope = LK_SLICE(LK_SCOPE_OPERATOR);
    struct lk_permissions permissions = {.account = sets[next(w, sizeof(sets) / sizeof(sets[0]))],
                                         .scopes = {&operator_scope, next(w, 3) == 0}};
    struct lk_user_group ret;
    struct lk_slice group = any(w, GROUPS);
    struct lk_slice user = any(w, USERS);
    if (group.ptr == NULL || next(w, 3) == 0) {
        struct lk_user_group_input input = {.name_given = true, .name = name(w), .permissions = &permissions};
        return lk_user_group_create(call, &input, &ret);
    }
    if (next(w, 2) == 0 || user.ptr == NULL)
        return lk_user_group_set_permissions(call, group, &permissions, &permissions);
    return next(w, 2) == 0 ? lk_user_group_remove_user(call, group, user, &ret) : lk_user_group_add_user(call, group, user, &ret);
}

static int change_addresses(struct walk *w, struct lk_call *call) {
    struct lk_ip_allow ret;
    struct lk_ip_allow_input input = {.active_given = true, .active = next(w, 2) == 0};
    struct lk_slice entry = any(w, ADDRESSES);
    input.cidr = lk_slice_cstr(lk_arena_printf(&w->f->arena, "10.%u.0.0/16", next(w, 3)));
    if (entry.ptr == NULL || next(w, 4) == 0)
        return lk_ip_allow_create(call, &input, &ret);
    return next(w, 2) == 0 ? lk_ip_allow_update(call, entry, &input, &ret) : lk_ip_allow_delete(call, entry);
}

static int end_secret(struct walk *w, struct lk_call *call) {
    struct lk_slice key = any(w, KEYS);
    struct lk_api_key ret;
    struct lk_slice token;
    int code = key.ptr == NULL ? 0 : lk_api_key_rotate(call, (struct lk_slice){NULL, 0}, key, 0, &ret, &token);
    return code == 0 && key.ptr != NULL ? lk_api_key_revoke(call, token) : code;
}

static int (*const changes[])(struct walk *w, struct lk_call *call) = {change_key,   change_key,       change_user,
                                                                       change_group, change_addresses, end_secret};

/* A deletion is refused exactly when it would lose a right. */
static int delete_any(struct walk *w, struct lk_call *call, const struct held *before) {
    static const char *const texts[] = {"DELETE FROM api_key WHERE id = $1", "DELETE FROM user_account WHERE id = $1",
                                        "DELETE FROM user_group WHERE id = $1"};
    int table = (int)next(w, 3);
    struct lk_slice text = any(w, table);
    struct lk_id id;
    if (text.ptr == NULL)
        return 0;
    assert_int_equal(lk_id_parse(text, &id), 0);
    assert_int_equal(lk_db_savepoint(w->f->db), 0);
    struct lk_stmt *stmt = lk_db_stmt(w->f->db, texts[table]);
    lk_bind_id(stmt, 1, &id);
    assert_int_equal(lk_run(stmt), 0);
    struct held after = look(w);
    assert_int_equal(lk_db_rollback_to(w->f->db), 0);
    int code = table == KEYS    ? lk_api_key_delete(call, (struct lk_slice){NULL, 0}, text)
               : table == USERS ? lk_user_delete(call, text)
                                : lk_user_group_delete(call, text);
    assert_int_equal(code, is_lost(before, &after) ? LK_ECONFLICT : 0);
    return code;
}

/* What no operation would do, so that there are accounts of limited holders and of none, too. */
static void meddle(struct walk *w) {
    static const char *const texts[] = {"UPDATE api_key SET expires_at = 1700000000000 + length(name) % 2", "DELETE FROM user_login",
                                        "UPDATE api_key SET allowed_ips = '[\"192.0.2.0/24\"]'", "UPDATE api_key SET enabled = 0",
                                        "UPDATE ip_allow SET status = 'ACTIVE'"};
    if (next(w, 20) == 0)
        fixture_sql(w->f, texts[next(w, 5)]);
}

static void step(struct walk *w) {
    meddle(w);
    struct held before = look(w);
    unsigned which = next(w, sizeof(changes) / sizeof(changes[0]) + 2);
    fixture_begin(w->f);
    int code = which < sizeof(changes) / sizeof(changes[0]) ? changes[which](w, &w->f->call) : delete_any(w, &w->f->call, &before);
    end_step(w, code);
    assert_true(code == 0 || code == LK_ECONFLICT || code == LK_EINVAL);
    struct held after = look(w);
    if (is_lost(&before, &after))
        fail_msg("step %ld loses a right", w->done + w->refused);
}

static void test_no_right_is_lost(void **state) {
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct fixture *f = *state;
        struct walk w = {.f = f, .random = seed};
        assert_int_equal(lk_db_savepoint(f->db), 0);
        fixture_act_as_system(f, &f->account.id);
        fixture_group(f, "operators", 0, LK_SCOPE_OPERATOR);
        for (int i = 0; i < STEPS; i++)
            step(&w);
        assert_true(w.done > STEPS / 4 && w.refused > STEPS / 20);
        lk_permissions_changed(&f->call);
        assert_int_equal(lk_db_rollback_to(f->db), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_no_right_is_lost, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("domain/lockout_walk", tests, NULL, NULL);
}
