#include "domain/group_set.h"

#include "domain/group_rows.h"
#include "store/verification.h"

#include <stdlib.h>

_Static_assert(LK_GROUP_SET_MAX <= LK_VERIFICATION_GROUPS_MAX, "a key in more groups could not be loaded");

static int compare_groups(const void *a, const void *b) {
    return memcmp(((const struct lk_group_permissions_row *)a)->id.bytes, ((const struct lk_group_permissions_row *)b)->id.bytes,
                  LK_ID_BYTES);
}

/* Groups of an account that the call has found, as long as none has changed. A thousand imported keys name the same few, each of which may hold 64 KiB. */
struct lk_found_groups {
    struct lk_id account_id;
    uint64_t generation; /* of the domain when they were read */
    struct lk_group_set groups;
};

/* Those that are still good. NULL when out of memory. */
static struct lk_group_set *found_groups(struct lk_call *call) {
    if (call->found == NULL)
        call->found = LK_ARENA_NEW(call->arena, struct lk_found_groups);
    if (call->found == NULL)
        return NULL;
    struct lk_found_groups *found = call->found;
    if (found->generation != call->domain->generation || !lk_id_equal(&found->account_id, &call->actor->account_id))
        found->groups.len = 0;
    found->generation = call->domain->generation;
    found->account_id = call->actor->account_id;
    return &found->groups;
}

static bool recall(const struct lk_group_set *found, struct lk_slice id, struct lk_group_permissions_row *ret) {
    struct lk_id wanted;
    if (lk_id_parse(id, &wanted) != 0)
        return false;
    for (size_t i = 0; i < found->len; i++) {
        if (lk_id_equal(&wanted, &found->rows[i].id)) {
            *ret = found->rows[i];
            return true;
        }
    }
    return false;
}

static int find_group(struct lk_call *call, struct lk_slice id, struct lk_group_permissions_row *ret) {
    struct lk_group_row row = {0};
    struct lk_group_set *found = found_groups(call);
    if (id.ptr == NULL)
        return lk_problem_set(call->problem, LK_EINVAL, "Invalid userGroupIds: an id must not be null");
    if (found == NULL)
        return lk_fail_memory(call);
    if (recall(found, id, ret))
        return 0;
    int code = lk_find_group(call, LK_EINVAL, id, &row);
    if (code != 0)
        return code;
    *ret = (struct lk_group_permissions_row){.id = row.id, .name = row.name, .permissions = row.permissions};
    if (found->len < LK_GROUP_SET_MAX)
        found->rows[found->len++] = *ret;
    return 0;
}

int lk_group_set_find(struct lk_call *call, const struct lk_slice *ids, size_t len, const char *what, struct lk_group_set *ret) {
    if (len > LK_GROUP_SET_MAX)
        return lk_problem_set(call->problem, LK_EINVAL, "Too many User Groups: %zu, and %s can be in at most %d", len, what,
                              LK_GROUP_SET_MAX);
    for (size_t i = 0; i < len; i++) {
        int code = find_group(call, ids[i], &ret->rows[i]);
        if (code != 0)
            return code;
    }
    qsort(ret->rows, len, sizeof(ret->rows[0]), compare_groups);
    ret->len = 0;
    for (size_t i = 0; i < len; i++) {
        if (ret->len == 0 || !lk_id_equal(&ret->rows[ret->len - 1].id, &ret->rows[i].id))
            ret->rows[ret->len++] = ret->rows[i];
    }
    return 0;
}

int lk_group_set_take(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, struct lk_group_set *ret) {
    if (len > LK_GROUP_SET_MAX)
        return lk_fail_store(call, LK_ECORRUPT);
    if (len > 0)
        memcpy(ret->rows, rows, len * sizeof(*rows));
    ret->len = len;
    return 0;
}

static bool has_group(const struct lk_group_set *set, const struct lk_id *id) {
    for (size_t i = 0; i < set->len; i++) {
        if (lk_id_equal(&set->rows[i].id, id))
            return true;
    }
    return false;
}

/* The last groups of which it was judged whether they may be granted, as long as nothing has changed. A thousand imported keys are mostly in the same ones, and to
 * judge a hundred groups of 64 KiB takes megabytes and tens of milliseconds. */
struct lk_judged {
    struct lk_id actor;
    uint64_t generation; /* of the domain */
    const char *reason;  /* why not; NULL: they may be */
    size_t len;
    struct lk_id ids[LK_GROUP_SET_MAX];
};

static bool is_about(const struct lk_call *call, const struct lk_judged *judged, const struct lk_group_permissions_row *rows, size_t len) {
    bool same = judged->generation == call->domain->generation && judged->len == len && lk_id_equal(&judged->actor, &call->actor->id);
    for (size_t i = 0; i < len && same; i++)
        same = lk_id_equal(&judged->ids[i], &rows[i].id);
    return same;
}

/* Returns code, which is 0 or LK_EFORBIDDEN, or LK_ENOMEM. */
static int remember(struct lk_call *call, const struct lk_group_permissions_row *rows, size_t len, int code) {
    if (call->judged == NULL)
        call->judged = LK_ARENA_NEW(call->arena, struct lk_judged);
    struct lk_judged *judged = call->judged;
    if (judged == NULL)
        return lk_fail_memory(call);
    judged->len = 0;
    judged->reason = code == 0 ? NULL : lk_arena_strdup(call->arena, lk_slice_cstr(call->problem->text));
    if (code != 0 && judged->reason == NULL)
        return lk_fail_memory(call);
    judged->actor = call->actor->id;
    judged->generation = call->domain->generation;
    for (size_t i = 0; i < len; i++)
        judged->ids[i] = rows[i].id;
    judged->len = len;
    return code;
}

int lk_group_set_require_grantable(struct lk_call *call, const struct lk_group_set *set, const struct lk_group_set *known,
                                   const struct lk_intent *intent) {
    struct lk_group_permissions_row foreign[LK_GROUP_SET_MAX];
    size_t len = 0;
    for (size_t i = 0; i < set->len; i++) {
        const struct lk_id *id = &set->rows[i].id;
        if (!lk_ids_have(call->actor->group_ids, call->actor->group_ids_len, id) && (known == NULL || !has_group(known, id)))
            foreign[len++] = set->rows[i];
    }
    if (len == 0)
        return 0;
    const struct lk_judged *judged = call->judged;
    if (judged != NULL && is_about(call, judged, foreign, len))
        return judged->reason == NULL ? 0 : lk_deny(call, intent, "%s", judged->reason);
    struct lk_permissions wanted;
    int code = lk_read_union(call, foreign, len, &wanted);
    if (code == 0)
        code = lk_require_grantable(call, &wanted, NULL, "the user groups hold", intent);
    return code == 0 || code == LK_EFORBIDDEN ? remember(call, foreign, len, code) : code;
}

void lk_group_set_write(const struct lk_group_set *set, struct lk_json_writer *w) {
    lk_json_key(w, "userGroups");
    lk_json_begin_array(w);
    for (size_t i = 0; i < set->len; i++) {
        lk_json_begin_object(w);
        lk_json_key(w, "id");
        lk_json_string(w, lk_slice_cstr(lk_id_format(&set->rows[i].id).text));
        lk_json_key(w, "name");
        lk_json_string(w, set->rows[i].name);
        lk_json_end_object(w);
    }
    lk_json_end_array(w);
}
