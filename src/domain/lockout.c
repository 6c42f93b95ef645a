#include "domain/lockout.h"

#include "domain/ip_allow.h"
#include "domain/rules.h"

/* Most memory that reading one group's permissions takes. */
#define ARENA_MAX ((size_t)16 << 20)

/* What a look at the groups gives when it has seen enough. */
#define ENOUGH 1

/* The numbers of their bits. */
enum { MANAGE_USERS, MANAGE_KEYS, BE_OPERATOR, RIGHTS };

#define ALL_RIGHTS ((1U << RIGHTS) - 1)

static const struct right {
    const char *verb; /* "can ..." */
    const char *name;
} rights[RIGHTS] = {
    [MANAGE_USERS] = {"manage users and groups", "MANAGE_USERS_AND_GROUPS"},
    [MANAGE_KEYS] = {"manage API keys", "MANAGE_API_KEYS"},
    [BE_OPERATOR] = {"create and delete accounts", "the scope " LK_SCOPE_OPERATOR},
};

static uint32_t rights_of(const struct lk_permissions *permissions) {
    return (uint32_t)lk_permissions_hold(permissions, LK_MANAGE_USERS_AND_GROUPS) << MANAGE_USERS |
           (uint32_t)lk_permissions_hold(permissions, LK_MANAGE_API_KEYS) << MANAGE_KEYS |
           (uint32_t)lk_permissions_hold_scope(permissions, lk_slice_cstr(LK_SCOPE_OPERATOR)) << BE_OPERATOR;
}

static int rights_of_groups(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, uint32_t *ret) {
    struct lk_permissions permissions;
    int code = lk_read_union(call, rows, len, &permissions);
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

/* Which of the wanted rights one of the keepers holds, other than a key (NULL: none). */
static int find_held(struct lk_call *call, uint32_t wanted, enum lk_keepers keepers, const struct lk_id *except, uint32_t *ret) {
    struct search search = {.wanted = wanted};
    int code = 0;
    if (wanted != 0) {
        lk_arena_init(&search.arena, ARENA_MAX);
        code = lk_store_group_each_keeper(call->db, &call->actor->account_id, keepers, except, call->now_ms, look, &search);
        lk_arena_free(&search.arena);
    }
    if (code < 0)
        return lk_fail_store(call, code);
    *ret = search.found;
    return 0;
}

/* Whoever has a right without a limit has it now, too: among the limited it is looked for only where it was not found without a limit. */
static int find_before(struct lk_call *call, uint32_t given, bool limited, struct lk_lockout *ret) {
    struct lk_lockout before = {0};
    int code = limited ? 0 : find_held(call, given, LK_KEEPERS_UNLIMITED, NULL, &before.always);
    if (code == 0)
        code = find_held(call, given & ~before.always, LK_KEEPERS_ALL, NULL, &before.now);
    if (code == 0)
        *ret = before;
    return code;
}

int lk_lockout_before(struct lk_call *call, const struct lk_permissions *given, struct lk_lockout *ret) {
    return find_before(call, rights_of(given), false, ret);
}

int lk_lockout_before_groups(struct lk_call *call, const struct lk_group_set *groups, bool limited, struct lk_lockout *ret) {
    uint32_t given = 0;
    int code = rights_of_groups(call, groups->rows, groups->len, &given);
    return code == 0 ? find_before(call, given, limited, ret) : code;
}

int lk_lockout_before_addresses(struct lk_call *call, struct lk_lockout *ret) {
    struct lk_lockout before = {.addresses = true};
    int code = find_held(call, ALL_RIGHTS, LK_KEEPERS_USERS, NULL, &before.always);
    if (code == 0)
        *ret = before;
    return code;
}

/* Refuses when a right is lost. */
static int refuse(struct lk_call *call, bool addresses, uint32_t lost_always, uint32_t lost_now) {
    if ((lost_always | lost_now) == 0)
        return 0;
    const struct right *right = &rights[__builtin_ctz(lost_always != 0 ? lost_always : lost_now)];
    if (addresses)
        return lk_problem_set(call->problem, LK_ECONFLICT,
                              "This would lock the account out: nobody could %s but users who log in from the addresses of the IP allow "
                              "list. Give %s to a key without expiry and addresses first, or do it as a user who has it, from one of these "
                              "addresses",
                              right->verb, right->name);
    if (lost_always != 0)
        return lk_problem_set(
            call->problem, LK_ECONFLICT,
            "This would leave the account without a credential that can %s at any time and from anywhere: give %s to "
            "another key without expiry and addresses, or to a user with a password, first (users count while there is no "
            "IP allow list)",
            right->verb, right->name);
    return lk_problem_set(call->problem, LK_ECONFLICT,
                          "This would leave the account without a credential that can %s: give %s to another one first", right->verb,
                          right->name);
}

/* What the caller holds after the change, if it is a user who could log in from where it is. */
static int rights_of_caller(struct lk_call *call, uint32_t *ret) {
    struct lk_group_permissions_row *rows;
    size_t len;
    bool admitted = false;
    int code = call->actor->kind == LK_ACTOR_USER ? lk_ip_allow_admits(call, &call->actor->account_id, &admitted) : 0;
    if (code != 0 || !admitted)
        return code;
    code = lk_store_group_permissions_of_user(call->db, &call->actor->id, call->arena, &rows, &len);
    return code == 0 ? rights_of_groups(call, rows, len, ret) : lk_fail_store(call, code);
}

int lk_lockout_after(struct lk_call *call, const struct lk_lockout *before, const struct lk_group_set *own) {
    uint32_t kept = 0;
    uint32_t always = 0;
    uint32_t now = 0;
    int code = 0;
    if (own != NULL)
        code = rights_of_groups(call, own->rows, own->len, &kept);
    else if (before->always != 0)
        code = rights_of_caller(call, &kept);
    if (code == 0)
        code = find_held(call, before->always & ~kept, LK_KEEPERS_UNLIMITED, before->away, &always);
    if (code == 0)
        code = find_held(call, before->now & ~kept, LK_KEEPERS_ALL, before->away, &now);
    if (code != 0)
        return code;
    return refuse(call, before->addresses, before->always & ~always & ~kept, before->now & ~now & ~kept);
}
