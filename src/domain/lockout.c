#include "domain/lockout.h"

#include "domain/rules.h"

/* Most memory that reading one group's permissions takes. */
#define ARENA_MAX ((size_t)16 << 20)

/* What a look at the groups gives when it has seen enough. */
#define ENOUGH 1

/* The numbers of their bits. */
enum { MANAGE_USERS, MANAGE_KEYS, BE_OPERATOR };

static const struct right {
    const char *verb; /* "can ..." */
    const char *name;
} rights[] = {
    [MANAGE_USERS] = {"manage users and groups", "MANAGE_USERS_AND_GROUPS"},
    [MANAGE_KEYS] = {"manage API keys", "MANAGE_API_KEYS"},
    [BE_OPERATOR] = {"create and delete accounts", "the scope " LK_SCOPE_OPERATOR},
};

static uint32_t rights_of(const struct lk_permissions *permissions) {
    return (uint32_t)lk_permissions_hold(permissions, LK_MANAGE_USERS_AND_GROUPS) << MANAGE_USERS |
           (uint32_t)lk_permissions_hold(permissions, LK_MANAGE_API_KEYS) << MANAGE_KEYS |
           (uint32_t)lk_permissions_hold_scope(permissions, lk_slice_cstr(LK_SCOPE_OPERATOR)) << BE_OPERATOR;
}

static int rights_of_groups(struct lk_call *call, const struct lk_group_set *groups, uint32_t *ret) {
    struct lk_permissions permissions;
    int code = lk_read_union(call, groups->rows, groups->len, &permissions);
    if (code == 0)
        *ret = rights_of(&permissions);
    return code;
}

struct search {
    struct lk_arena arena; /* of one group: an account may have more than a request has memory for */
    uint32_t wanted;
    uint32_t found;
};

static int look(void *context, const struct lk_group_permissions_row *row) {
    struct search *search = context;
    struct lk_permissions permissions;
    lk_arena_reset(&search->arena);
    int code = lk_permissions_read(row->permissions, &search->arena, &permissions);
    if (code != 0)
        return code;
    search->found |= rights_of(&permissions) & search->wanted;
    return search->found == search->wanted ? ENOUGH : 0;
}

/* Which of the wanted rights somebody holds; with limited, by a key that has an expiry or a list of addresses too. */
static int find_held(struct lk_call *call, uint32_t wanted, bool limited, uint32_t *ret) {
    struct search search = {.wanted = wanted};
    int code = 0;
    if (wanted != 0) {
        lk_arena_init(&search.arena, ARENA_MAX);
        code = lk_store_group_each_keeper(call->db, &call->actor->account_id, limited, call->now_ms, look, &search);
        lk_arena_free(&search.arena);
    }
    if (code < 0)
        return lk_fail_store(call, code);
    *ret = search.found;
    return 0;
}

static int find_before(struct lk_call *call, uint32_t given, struct lk_lockout *ret) {
    struct lk_lockout before = {0};
    int code = find_held(call, given, false, &before.always);
    if (code == 0)
        code = find_held(call, given & ~before.always, true, &before.now);
    if (code == 0)
        *ret = before;
    return code;
}

int lk_lockout_before(struct lk_call *call, const struct lk_permissions *given, struct lk_lockout *ret) {
    return find_before(call, rights_of(given), ret);
}

int lk_lockout_before_groups(struct lk_call *call, const struct lk_group_set *groups, struct lk_lockout *ret) {
    uint32_t given = 0;
    int code = rights_of_groups(call, groups, &given);
    return code == 0 ? find_before(call, given, ret) : code;
}

/* Refuses when a right is lost. */
static int refuse(struct lk_call *call, uint32_t lost_always, uint32_t lost_now) {
    if (lost_always != 0) {
        const struct right *right = &rights[__builtin_ctz(lost_always)];
        return lk_problem_set(call->problem, LK_ECONFLICT,
                              "This would leave the account without a credential that can %s at any time and from anywhere: give %s to "
                              "another key without expiry and addresses, or to a user with a password, first",
                              right->verb, right->name);
    }
    if (lost_now != 0) {
        const struct right *right = &rights[__builtin_ctz(lost_now)];
        return lk_problem_set(call->problem, LK_ECONFLICT,
                              "This would leave the account without a credential that can %s: give %s to another one first", right->verb,
                              right->name);
    }
    return 0;
}

int lk_lockout_after(struct lk_call *call, const struct lk_lockout *before, const struct lk_group_set *own) {
    uint32_t kept = 0;
    uint32_t always = 0;
    uint32_t now = 0;
    int code = own == NULL ? 0 : rights_of_groups(call, own, &kept);
    if (code == 0)
        code = find_held(call, before->always & ~kept, false, &always);
    if (code == 0)
        code = find_held(call, before->now & ~kept, true, &now);
    if (code != 0)
        return code;
    return refuse(call, before->always & ~always & ~kept, before->now & ~now & ~kept);
}
