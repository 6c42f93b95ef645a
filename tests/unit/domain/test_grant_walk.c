/* Whatever is done, in whatever order and by whomever: no credential gets what it had not, unless who gave it holds that, and nobody gets the secret of one that
 * holds more. */
#include "walk.h"

#include "domain/rules.h"
#include "domain/user.h"

#define STEPS 4000
#define BIT LK_ACCOUNT_PERMISSION_BIT

static const uint32_t sets[] = {
    0,
    BIT(LK_MANAGE_API_KEYS),
    BIT(LK_MANAGE_USERS_AND_GROUPS) | BIT(LK_READ_USERS_AND_GROUPS),
    BIT(LK_MANAGE_USER_AND_USER_GROUPS_AND_API_KEYS),
    BIT(LK_VIEW_AUDITS),
    BIT(LK_VIEW_AUDITS) | BIT(LK_MANAGE_API_KEYS),
    LK_ACCOUNT_PERMISSIONS_ALL,
};

/* Scopes, and which of those that are asked for (a.x, a.y, b, c, latchkey.operator) each gives, a bit each. */
enum { SCOPES = 5 };
static const struct lk_slice scopes[SCOPES] = {LK_SLICE("a.x"), LK_SLICE("a.*"), LK_SLICE("b"), LK_SLICE("*"), LK_SLICE(LK_SCOPE_OPERATOR)};
static const uint64_t given[SCOPES] = {1, 3, 4, 15, 16};

static uint64_t actor_holds;
static struct lk_arena arena; /* of one step */

/* --- what is held, a bit each: account permissions, then the scopes that may be asked for --- */

static uint64_t held_in_set(const struct lk_permissions *permissions) {
    uint64_t held = lk_account_permissions_expand(permissions->account);
    for (size_t i = 0; i < permissions->scopes.len; i++) {
        for (size_t j = 0; j < SCOPES; j++)
            held |= lk_slice_equal(permissions->scopes.items[i], scopes[j]) ? given[j] << 32 : 0;
    }
    return held;
}

static uint64_t held_in(struct lk_slice document) {
    struct lk_permissions permissions;
    assert_int_equal(lk_permissions_read(document, &arena, &permissions), 0);
    return held_in_set(&permissions);
}

/* By everybody whose row is one of this query: of ids, with the groups' documents. */
#define OF_KEYS(condition)                                                                                                             \
    "SELECT k.id, g.permissions FROM api_key k JOIN api_key_group kg ON kg.api_key_id = k.id JOIN user_group g ON g.id = kg.group_id " \
    "WHERE k.enabled = 1 AND (k.expires_at IS NULL OR k.expires_at > 1700000000000)" condition " ORDER BY k.id"
#define OF_USERS "SELECT m.user_id, g.permissions FROM group_member m JOIN user_group g ON g.id = m.group_id ORDER BY m.user_id"

enum { LEVELS = 5, HOLDERS_MAX = 2000 };

/* A key that is good for longer, from more addresses or more often than before has got what it holds for that. */
static const char *const levels[LEVELS] = {OF_KEYS(""), OF_KEYS(" AND k.expires_at IS NULL"), OF_KEYS(" AND k.allowed_ips IS NULL"),
                                           OF_KEYS(" AND k.rate_limit IS NULL"), OF_USERS};

struct holders {
    struct lk_id ids[HOLDERS_MAX];
    uint64_t held[HOLDERS_MAX];
    size_t len;
};

static void look(struct walk *w, struct holders ret[LEVELS]) {
    for (int level = 0; level < LEVELS; level++) {
        struct holders *holders = &ret[level];
        struct lk_stmt *stmt = lk_db_stmt(w->f->db, levels[level]);
        struct lk_id id;
        holders->len = 0;
        while (lk_step(stmt) == 1) {
            assert_int_equal(lk_column_id(stmt, 0, &id), 0);
            if (holders->len == 0 || !lk_id_equal(&holders->ids[holders->len - 1], &id)) {
                assert_true(holders->len < HOLDERS_MAX);
                holders->ids[holders->len] = id;
                holders->held[holders->len++] = 0;
            }
            holders->held[holders->len - 1] |= held_in(lk_column_text(stmt, 1));
        }
    }
}

static uint64_t held_by(const struct holders *holders, const struct lk_id *id) {
    for (size_t i = 0; i < holders->len; i++) {
        if (lk_id_equal(&holders->ids[i], id))
            return holders->held[i];
    }
    return 0;
}

static void check(struct walk *w, const struct holders before[LEVELS], const struct holders after[LEVELS]) {
    for (int level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < after[level].len; i++) {
            uint64_t got = after[level].held[i] & ~held_by(&before[level], &after[level].ids[i]);
            if ((got & ~actor_holds) != 0)
                fail_msg("step %ld: level %d got %llx, the caller holds %llx", w->done + w->refused, level, (unsigned long long)got,
                         (unsigned long long)actor_holds);
        }
    }
}

/* --- who acts --- */

static struct lk_slice id_text(const struct lk_id *id) {
    return lk_slice_cstr(lk_arena_printf(&arena, "%s", lk_id_format(id).text));
}

static struct lk_slice any_text(struct walk *w, int table) {
    struct lk_id id = {{0}};
    (void)any_id(w, table, &id);
    return id_text(&id);
}

static void act_as_any(struct walk *w) {
    struct lk_actor *actor = LK_ARENA_NEW(&arena, struct lk_actor);
    assert_non_null(actor);
    bool is_user = next(w, 3) == 0;
    actor->kind = is_user ? LK_ACTOR_USER : LK_ACTOR_KEY;
    (void)any_id(w, is_user ? USERS : KEYS, &actor->id);
    actor->account_id = w->f->account.id;
    actor->name = lk_slice_cstr("somebody");
    w->f->call.actor = actor;
    assert_int_equal(lk_actor_read_permissions(&w->f->call, actor), 0);
    actor_holds = held_in_set(&actor->permissions);
}

/* --- what is done --- */

static struct lk_slice name(struct walk *w) {
    return lk_slice_cstr(lk_arena_printf(&arena, "name %u", next(w, 1000000)));
}

static struct lk_api_key_input key_input(struct walk *w, struct lk_slice *groups) {
    static const struct lk_slice addresses[] = {LK_SLICE("192.0.2.0/24"), LK_SLICE("192.0.2.0/28")};
    struct lk_api_key_input input = {.name = name(w), .groups_given = next(w, 2) == 0, .group_ids = groups, .group_ids_len = next(w, 3)};
    for (size_t i = 0; i < input.group_ids_len; i++)
        groups[i] = any_text(w, GROUPS);
    input.enabled_given = next(w, 3) == 0;
    input.enabled = next(w, 2) == 0;
    input.expiry_given = next(w, 3) == 0;
    input.has_expiry = next(w, 2) == 0;
    input.expires_at = w->f->call.now_ms + 1 + next(w, 1000);
    input.ips_given = next(w, 3) == 0;
    input.allowed_ips = &addresses[next(w, 2)];
    input.allowed_ips_len = next(w, 2);
    input.rate_given = next(w, 3) == 0;
    input.has_rate = next(w, 2) == 0;
    input.rate = (struct lk_rate_limit){1 + next(w, 5), 1 + next(w, 5)};
    return input;
}

/* What a key holds, whether it is good or not. */
static uint64_t held_by_key(struct walk *w, const struct lk_id *key) {
    struct lk_group_permissions_row *rows;
    size_t len;
    uint64_t held = 0;
    assert_int_equal(lk_store_group_permissions_of_key(w->f->db, key, &arena, &rows, &len), 0);
    for (size_t i = 0; i < len; i++)
        held |= held_in(rows[i].permissions);
    return held;
}

static int change_key(struct walk *w, struct lk_call *call) {
    struct lk_slice groups[2];
    struct lk_api_key_input input = key_input(w, groups);
    struct lk_api_key ret;
    struct lk_slice token;
    if (next(w, 4) == 0)
        return lk_api_key_create(call, (struct lk_slice){NULL, 0}, &input, &ret, &token);
    return lk_api_key_update(call, (struct lk_slice){NULL, 0}, any_text(w, KEYS), &input, &ret);
}

static int take_secret(struct walk *w, struct lk_call *call) {
    struct lk_id key = {{0}};
    (void)any_id(w, KEYS, &key);
    struct lk_slice id = id_text(&key);
    struct lk_api_key ret;
    struct lk_slice token;
    int code = next(w, 2) == 0 ? lk_api_key_reveal(call, (struct lk_slice){NULL, 0}, id, &token)
                               : lk_api_key_rotate(call, (struct lk_slice){NULL, 0}, id, (int64_t)next(w, 2) * 60, &ret, &token);
    if (code == 0 && (held_by_key(w, &key) & ~actor_holds) != 0)
        fail_msg("step %ld: the secret of a key that holds more", w->done + w->refused);
    return code;
}

static int change_user(struct walk *w, struct lk_call *call) {
    struct lk_slice groups[1] = {any_text(w, GROUPS)};
    struct lk_user_input input = {
        .name_given = true, .name = name(w), .groups_given = true, .group_ids = groups, .group_ids_len = next(w, 2)};
    struct lk_user ret;
    input.email = lk_slice_cstr(lk_arena_printf(&arena, "u%u@b.c", next(w, 1000000)));
    return next(w, 2) == 0 ? lk_user_create(call, &input, &ret) : lk_user_update(call, any_text(w, USERS), &input, &ret);
}

static int change_group(struct walk *w, struct lk_call *call) {
    struct lk_slice some[2] = {scopes[next(w, SCOPES)], scopes[next(w, SCOPES)]};
    struct lk_permissions permissions = {.account = sets[next(w, sizeof(sets) / sizeof(sets[0]))], .scopes = {some, next(w, 3)}};
    struct lk_slice users[1] = {any_text(w, USERS)};
    struct lk_user_group_input input = {
        .name_given = true, .name = name(w), .users_given = next(w, 2) == 0, .user_ids = users, .user_ids_len = next(w, 2)};
    struct lk_user_group ret;
    struct lk_slice group = any_text(w, GROUPS);
    input.permissions = next(w, 2) == 0 ? &permissions : NULL;
    switch (next(w, 6)) {
    case 0: return lk_user_group_create(call, &input, &ret);
    case 1: return lk_user_group_update(call, group, &input, &ret);
    case 2: return lk_user_group_set_permissions(call, group, &permissions, &permissions);
    case 3: return lk_user_group_add_user(call, group, users[0], &ret);
    case 4: return lk_user_group_remove_user(call, group, users[0], &ret);
    default: return lk_user_group_add_account_permission(call, group, (enum lk_account_permission)next(w, LK_ACCOUNT_PERMISSIONS), &ret);
    }
}

static int delete_any(struct walk *w, struct lk_call *call) {
    switch (next(w, 6)) { /* seldom, so that there are some */
    case 0: return lk_api_key_delete(call, (struct lk_slice){NULL, 0}, any_text(w, KEYS));
    case 1: return lk_user_delete(call, any_text(w, USERS));
    case 2: return lk_user_group_delete(call, any_text(w, GROUPS));
    default: return 0;
    }
}

static int (*const changes[])(struct walk *w, struct lk_call *call) = {change_key,   change_key,   take_secret, change_user,
                                                                       change_group, change_group, delete_any};

static void step(struct walk *w) {
    static struct holders before[LEVELS], after[LEVELS];
    lk_arena_reset(&arena);
    w->f->call.arena = &arena;
    w->f->call.found = NULL;
    act_as_any(w);
    look(w, before);
    fixture_begin(w->f);
    int code = changes[next(w, sizeof(changes) / sizeof(changes[0]))](w, &w->f->call);
    end_step(w, code);
    assert_true(code == 0 || code == LK_ECONFLICT || code == LK_EINVAL || code == LK_EFORBIDDEN || code == LK_ENOTFOUND);
    look(w, after);
    check(w, before, after);
}

static void test_nobody_gives_what_they_do_not_hold(void **state) {
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct fixture *f = *state;
        struct walk w = {.f = f, .random = seed};
        assert_int_equal(lk_db_savepoint(f->db), 0);
        fixture_act_as_system(f, &f->account.id);
        for (unsigned i = 0; i < 12; i++) {
            const char *kept = lk_arena_printf(&f->arena, "group %u", i);
            struct lk_id group =
                fixture_group(f, kept, sets[i % (sizeof(sets) / sizeof(sets[0]))], i % 3 == 0 ? NULL : scopes[next(&w, SCOPES)].ptr);
            fixture_key(f, kept, &group, NULL);
            fixture_user(f, "Ann", lk_arena_printf(&f->arena, "g%u@b.c", i), &group);
        }
        lk_arena_init(&arena, (size_t)64 << 20);
        for (int i = 0; i < STEPS; i++)
            step(&w);
        f->call.arena = &f->arena;
        lk_arena_free(&arena);
        assert_true(w.done > STEPS / 10 && w.refused > STEPS / 10);
        lk_permissions_changed(&f->call);
        assert_int_equal(lk_db_rollback_to(f->db), 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nobody_gives_what_they_do_not_hold, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("domain/grant_walk", tests, NULL, NULL);
}
