#include "domain/recovery.h"

#include "domain/default_groups.h"
#include "domain/rules.h"
#include "domain/user_group.h"
#include "store/account.h"
#include "store/verification.h"

/* Most memory that reading one group takes. */
#define SCRATCH_MAX ((size_t)16 << 20)

/* What a look at the groups gives when it has seen enough. */
#define ENOUGH 1

/* Groups are looked at one by one in memory of their own: whoever has brought the account down may have left any number of them. */
struct search {
    struct lk_call *call;
    struct lk_arena scratch;
    bool operators; /* the scope of operators was seen */
    struct lk_permissions wanted;
    struct lk_recovery *ret; /* the group that holds what is wanted */
};

static int read_permissions(struct search *search, struct lk_slice document, struct lk_permissions *ret) {
    lk_arena_reset(&search->scratch);
    return lk_permissions_read(document, &search->scratch, ret);
}

/* --- whether it is the operators' account --- */

static int look_for_operators(struct search *search, struct lk_slice document) {
    struct lk_permissions permissions;
    int code = read_permissions(search, document, &permissions);
    if (code == 0)
        search->operators = search->operators || lk_permissions_hold_scope(&permissions, lk_slice_cstr(LK_SCOPE_OPERATOR));
    return code;
}

static int look_here(void *search, const struct lk_group_permissions_row *group) {
    return look_for_operators(search, group->permissions);
}

static int look_anywhere(void *search, const struct lk_verification_group *group) {
    return look_for_operators(search, group->permissions);
}

static int is_operators(struct search *search, bool *ret) {
    const struct lk_call *call = search->call;
    int code = lk_store_group_each(call->db, &call->actor->account_id, look_here, search);
    bool here = search->operators;
    if (code == 0 && !here)
        code = lk_store_verification_groups(call->db, look_anywhere, search);
    if (code == 0 && !search->operators) {
        struct lk_account_row oldest;
        code = lk_store_account_oldest(call->db, call->arena, &oldest);
        here = code == 0 && lk_id_equal(&oldest.id, &call->actor->account_id);
    }
    if (code == 0)
        *ret = here;
    return code;
}

/* --- the group --- */

static int look_for_group(void *context, const struct lk_group_permissions_row *group) {
    struct search *search = context;
    struct lk_permissions permissions;
    int code = read_permissions(search, group->permissions, &permissions);
    if (code != 0 || !lk_permissions_cover(&permissions, NULL, &search->wanted, NULL))
        return code;
    search->ret->group_id = group->id;
    code = lk_arena_copy(search->call->arena, group->name, &search->ret->group_name);
    return code == 0 ? ENOUGH : code;
}

/* The name, or the first "name 2", "name 3" that no group of the account has. */
static int free_name(struct search *search, const char *name, struct lk_slice *ret) {
    struct lk_call *call = search->call;
    struct lk_group_row taken;
    for (unsigned number = 1;; number++) {
        lk_arena_reset(&search->scratch);
        const char *tried = number == 1 ? name : lk_arena_printf(&search->scratch, "%s %u", name, number);
        if (tried == NULL)
            return LK_ENOMEM;
        int code = lk_store_group_find_by_name(call->db, &call->actor->account_id, lk_slice_cstr(tried), &search->scratch, &taken);
        if (code == LK_ENOTFOUND)
            return lk_arena_copy(call->arena, lk_slice_cstr(tried), ret);
        if (code != 0)
            return code;
    }
}

static int make_group(struct search *search, const struct lk_default_group *group) {
    struct lk_user_group_input input = {
        .description_given = true, .description = lk_slice_cstr(group->description), .permissions = &group->permissions};
    struct lk_user_group made;
    int code = free_name(search, group->name, &input.name);
    if (code != 0)
        return lk_fail_store(search->call, code);
    code = lk_user_group_create(search->call, &input, &made);
    if (code != 0)
        return code;
    search->ret->group_id = made.id;
    search->ret->group_name = made.name;
    search->ret->group_made = true;
    return 0;
}

static int find_group(struct search *search) {
    struct lk_call *call = search->call;
    struct lk_default_group groups[LK_DEFAULT_GROUPS];
    bool operators = false;
    int code = is_operators(search, &operators);
    if (code == 0)
        code = lk_default_groups(operators, call->arena, groups);
    if (code != 0)
        return lk_fail_store(call, code);
    search->wanted = groups[0].permissions;
    code = lk_store_group_each(call->db, &call->actor->account_id, look_for_group, search);
    if (code < 0)
        return lk_fail_store(call, code);
    return code == ENOUGH ? 0 : make_group(search, &groups[0]);
}

int lk_account_recover(struct lk_call *call, struct lk_slice key_name, struct lk_recovery *ret) {
    struct lk_recovery recovery = {0};
    struct search search = {.call = call, .ret = &recovery};
    lk_arena_init(&search.scratch, SCRATCH_MAX);
    int code = find_group(&search);
    lk_arena_free(&search.scratch);
    if (code != 0)
        return code;
    const struct lk_id_text group_id = lk_id_format(&recovery.group_id);
    const struct lk_slice groups[] = {lk_slice_cstr(group_id.text)};
    const struct lk_api_key_input input = {.name = key_name, .groups_given = true, .group_ids = groups, .group_ids_len = 1};
    code = lk_api_key_create(call, (struct lk_slice){NULL, 0}, &input, &recovery.key, &recovery.token);
    if (code == 0)
        *ret = recovery;
    return code;
}
